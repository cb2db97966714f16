//===- Problem.cpp - What is to be routed ---------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Routing/Routing.h"

#include "fmt/format.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

const char *inlay::routing::toString(Axis axis) {
  constexpr const char *kNames[] = {"none", "x", "y", "both"};
  return kNames[static_cast<int>(axis)];
}

const char *inlay::routing::toString(RouteKind kind) {
  constexpr const char *kNames[] = {"all_reduce", "combine", "gather",
                                    "trunk",      "spread",  "move"};
  return kNames[static_cast<int>(kind)];
}

const char *inlay::routing::toString(LinkKind kind) {
  constexpr const char *kNames[] = {"W",    "E",      "N",   "S",
                                    "core", "router", "edge"};
  return kNames[static_cast<int>(kind)];
}

namespace {

class ProblemCheck {
public:
  ProblemCheck(const Problem &problem, Diagnostics &diags)
      : problem(problem), diags(diags),
        grid{0, 0, problem.grid.width, problem.grid.height} {}

  bool run();

private:
  template <typename... Args>
  void fail(const std::string &subject, fmt::format_string<Args...> format,
            Args &&...args) {
    isValid = false;
    diags.internalError("routing: " + subject,
                        fmt::format(format, std::forward<Args>(args)...));
  }
  bool isKernel(int index) const {
    return index >= 0 && index < static_cast<int>(problem.kernels.size());
  }
  bool checkPlaces();
  void checkShare(const std::string &subject, const Share &share, Axis axis,
                  int64_t length);
  void checkFlow(size_t index);
  void checkCollective(const Collective &collective);

  const Problem &problem;
  Diagnostics &diags;
  Rect grid;
  bool isValid = true;
};

} // namespace

bool ProblemCheck::checkPlaces() {
  if (problem.grid.width < 1 || problem.grid.height < 1 ||
      problem.grid.width > model::kLargestSide ||
      problem.grid.height > model::kLargestSide || problem.wafers < 1 ||
      problem.colours < 1)
    fail("machine", "{} x {} cores, {} wafers and {} colours are no machine",
         problem.grid.width, problem.grid.height, problem.wafers,
         problem.colours);
  for (size_t i = 0; i < problem.regions.size(); ++i) {
    const Region &region = problem.regions[i];
    if (region.wafer < 0 || region.wafer >= problem.wafers ||
        region.rect.area() < 1 || !grid.contains(region.rect))
      fail(region.name, "lies outside the grid");
    for (const Rect &dead : problem.dead)
      if (dead.overlaps(region.rect))
        fail(region.name, "covers dead cores");
    for (size_t j = 0; j < i; ++j)
      if (problem.regions[j].wafer == region.wafer &&
          problem.regions[j].rect.overlaps(region.rect))
        fail(region.name, "overlaps '{}'", problem.regions[j].name);
  }
  for (const Kernel &kernel : problem.kernels)
    if (kernel.region < 0 ||
        kernel.region >= static_cast<int>(problem.regions.size()))
      fail(kernel.name, "has no region");
  for (auto [before, after] : problem.order)
    if (!isKernel(before) || !isKernel(after) || before >= after)
      fail("order", "kernel {} cannot fire before {}", before, after);
  return isValid;
}

void ProblemCheck::checkShare(const std::string &subject, const Share &share,
                              Axis axis, int64_t length) {
  if (share.parts < 1 || share.shard < 1 || share.size < 1 ||
      (axis != Axis::None && axis != Axis::Both && share.parts != length) ||
      (share.size + share.shard - 1) / share.shard > share.parts)
    fail(subject, "{} parts of {} of {} do not lie on {} cores", share.parts,
         share.shard, share.size, length);
}

void ProblemCheck::checkFlow(size_t index) {
  const Flow &flow = problem.flows[index];
  std::string subject = fmt::format("flow {}", index);
  auto checkEnd = [&](int kernel, const Rect &rect, const model::Extent &group,
                      const Share &share) {
    if (kernel == kHost)
      return;
    if (!isKernel(kernel)) {
      fail(subject, "has an end that is no kernel");
      return;
    }
    const Region &region = problem.regions[problem.kernels[kernel].region];
    if (rect.area() < 1 || !region.rect.contains(rect) || group.width < 1 ||
        group.height < 1 || rect.width % group.width != 0 ||
        rect.height % group.height != 0)
      fail(subject, "has an end outside the region of '{}'",
           problem.kernels[kernel].name);
    checkShare(subject, share, share.axis,
               share.axis == Axis::X ? group.width : group.height);
  };
  checkEnd(flow.from, flow.source, flow.source.extent(), flow.given);
  checkEnd(flow.to, flow.sink, flow.group, flow.wanted);
  if ((flow.from == kHost && flow.to == kHost) || flow.cutWavelets < 0 ||
      flow.wholeWavelets < 0 || flow.wavelets() < 1)
    fail(subject, "carries nothing from kernel to kernel");
  else if (flow.from != kHost && flow.to != kHost && flow.from >= flow.to)
    fail(subject, "goes back from kernel {} to {}", flow.from, flow.to);
}

void ProblemCheck::checkCollective(const Collective &collective) {
  if (!isKernel(collective.kernel)) {
    fail("collective", "belongs to no kernel");
    return;
  }
  const Kernel &kernel = problem.kernels[collective.kernel];
  const Rect &region = problem.regions[kernel.region].rect;
  bool alongX = collective.axis == Axis::X;
  Pattern pattern;
  pattern.algorithm = collective.algorithm;
  pattern.cores = collective.cores;
  pattern.root = collective.root;
  if (collective.cores < 2 || !pattern.hasRoot() || collective.pitch < 1 ||
      collective.wavelets < 1 || collective.times < 1 ||
      (!alongX && collective.axis != Axis::Y) || collective.lines.empty())
    fail(kernel.name, "has a collective without cores, axis or payload");
  int64_t length = (collective.cores - 1) * collective.pitch + 1;
  for (const Area &area : collective.lines)
    if (area.count < 1 || area.rect.area() < 1 ||
        !region.contains(area.bounds()) ||
        (alongX ? area.rect.width : area.rect.height) != length)
      fail(kernel.name,
           "has a collective outside its region, or on lines that "
           "are not of {} cores",
           length);
}

bool ProblemCheck::run() {
  if (!checkPlaces())
    return false;
  for (size_t i = 0; i < problem.flows.size(); ++i)
    checkFlow(i);
  for (const Collective &collective : problem.collectives) {
    checkCollective(collective);
    if (collective.after >= &collective - problem.collectives.data())
      fail("collectives", "has a move that follows one behind it");
  }
  return isValid;
}

std::vector<std::pair<int, int>> Problem::orderWithTurns() const {
  std::vector<std::pair<int, int>> result = order;
  std::vector<int> last(regions.size(), -1);
  for (size_t k = 0; k < kernels.size(); ++k) {
    int &before = last[kernels[k].region];
    if (before >= 0)
      result.emplace_back(before, static_cast<int>(k));
    before = static_cast<int>(k);
  }
  return result;
}

bool Problem::check(Diagnostics &diags) const {
  return ProblemCheck(*this, diags).run();
}
