//===- Problem.cpp - Kernels of the ISPD-2020 contest ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Ispd2020.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;

std::vector<Convolution> Kernel::convolutions() const {
  int64_t h = imageHeight;
  int64_t w = imageWidth;
  int64_t f = features;
  int64_t quarter = f / 4;
  switch (kind) {
  case KernelKind::Conv:
    return {conv};
  case KernelKind::DBlock:
    return {{h, w, 1, 1, f, quarter, 1},
            {h, w, 3, 3, quarter, quarter, 1},
            {h, w, 1, 1, quarter, f, 1}};
  case KernelKind::CBlock:
    return {{h, w, 1, 1, f / 2, quarter, 1},
            {h, w, 3, 3, quarter, quarter, 2},
            {ceilDiv(h, 2), ceilDiv(w, 2), 1, 1, quarter, f, 1},
            {h, w, 1, 1, f / 2, f, 2}};
  }
  return {};
}

bool Kernel::sameWork(const Kernel &other) const {
  return kind == other.kind && convolutions() == other.convolutions();
}

Cost ispd2020::cost(const Convolution &conv, int64_t h, int64_t w, int64_t c,
                    int64_t k) {
  auto real = [](int64_t value) { return static_cast<double>(value); };
  int64_t turns = ceilDiv(conv.imageHeight, h) * ceilDiv(conv.imageWidth, w) *
                  ceilDiv(conv.inputs, c) * ceilDiv(conv.outputs, k);
  Cost cost;
  cost.height = h * w * (c + 1);
  cost.width = 3 * k;
  cost.time = real(turns * conv.fieldHeight * conv.fieldWidth) /
              real(conv.stride * conv.stride);
  double weights = real(conv.inputs) / real(c) * real(conv.outputs) / real(k) *
                   real(conv.fieldHeight * conv.fieldWidth);
  double image = real(conv.imageWidth + conv.fieldWidth - 1) / real(w) *
                 real(conv.imageHeight + conv.fieldHeight - 1) / real(h) *
                 real(conv.outputs) / real(k);
  cost.memory = weights + image;
  return cost;
}

Cost ispd2020::cost(const Kernel &kernel, const Cut &cut) {
  Cost sum;
  std::vector<Convolution> parts = kernel.convolutions();
  for (size_t j = 0; j < parts.size(); ++j) {
    Cost part = cost(parts[j], cut.h, cut.w, cut.c[j], cut.k[j]);
    sum.height = std::max(sum.height, part.height);
    sum.width += part.width;
    sum.time = std::max(sum.time, part.time);
    sum.memory = std::max(sum.memory, part.memory);
  }
  return sum;
}

namespace {

class Checker {
public:
  Checker(const Problem &problem, Diagnostics &diags)
      : problem(problem), diags(diags) {}

  bool run() {
    checkNumbers();
    for (const Kernel &kernel : problem.kernels)
      checkKernel(kernel);
    auto count = static_cast<int>(problem.kernels.size());
    for (auto [from, to] : problem.edges)
      if (from < 0 || to < 0 || from >= count || to >= count || from == to)
        fail("edges", fmt::format("edge {} -> {} does not lead from one of the "
                                  "{} kernels to another",
                                  from, to, count));
    return valid;
  }

private:
  void fail(const std::string &subject, const std::string &message) {
    valid = false;
    diags.inputError(subject, message);
  }

  void checkNumbers() {
    // Shape curves hold sides in 16 bits.
    constexpr int64_t mostSide = 4096;
    const model::Extent &grid = problem.grid;
    if (problem.kernels.empty())
      fail("nodes", "there is no kernel to place");
    if (std::min(grid.width, grid.height) < 1 ||
        std::max(grid.width, grid.height) > mostSide)
      fail("width, height",
           fmt::format("a grid of {} x {} tiles is not between 1 x 1 and {} x "
                       "{}",
                       grid.width, grid.height, mostSide, mostSide));
    if (!(problem.memoryLimit > 0))
      fail("memlimit",
           fmt::format("{} words are no memory", problem.memoryLimit));
    const Weights &weights = problem.weights;
    if (!(weights.time > 0) || !(weights.wirelength >= 0) ||
        !(weights.adapter >= 0))
      fail("wdeltat, wlength, wadapter",
           fmt::format("weights {}, {}, {} must be positive for the time and "
                       "not negative for the others",
                       weights.time, weights.wirelength, weights.adapter));
  }

  void checkKernel(const Kernel &kernel) {
    std::string subject = fmt::format("kernel '{}'", kernel.name);
    if (kernel.kind != KernelKind::Conv &&
        (kernel.features < 4 || kernel.features % 4 != 0))
      return fail(subject, fmt::format("f={} is no positive multiple of 4: a "
                                       "block has convolutions of f/4 features",
                                       kernel.features));
    for (const Convolution &conv : kernel.convolutions()) {
      // Products of the arguments are exact in a double up to here.
      double work = 1;
      for (int64_t value :
           {conv.imageHeight, conv.imageWidth, conv.fieldHeight,
            conv.fieldWidth, conv.inputs, conv.outputs, conv.stride})
        if (value < 1)
          return fail(subject, fmt::format("argument {} is below 1", value));
        else
          work *= static_cast<double>(value);
      if (work > 4e15)
        return fail(subject, fmt::format("the product of its arguments is {:g},"
                                         " at most 4e15 can be timed exactly",
                                         work));
    }
  }

  const Problem &problem;
  Diagnostics &diags;
  bool valid = true;
};

} // namespace

bool Problem::check(Diagnostics &diags) const {
  return Checker(*this, diags).run();
}
