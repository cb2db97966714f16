//===- SliceShares.cpp - Slices of experts for free rectangles ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SliceShares.h"

#include "ExtractKernel.h"

#include "dialects/Dataflow/Transforms/SliceExperts.h"
#include "dialects/NN/IR/NN.h"
#include "inlay/Floorplan/Floorplan.h"
#include "inlay/Sharding/Variants.h"

#include "mlir/IR/OwningOpRef.h"

#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

std::optional<Shares> inlay::wafer::parseShares(StringRef text) {
  constexpr int64_t kMost = 1 << 20;
  SmallVector<StringRef> parts;
  text.split(parts, ':');
  Shares shares;
  for (StringRef part : parts) {
    int64_t share = 0;
    if (part.getAsInteger(10, share) || share < 1 || share > kMost)
      return std::nullopt;
    shares.push_back(share);
  }
  return parts.size() > 1 ? shares : Shares(size_t(shares.front()), 1);
}

namespace {

/// Asks how much of the experts of a kernel fits on an extent. The module is
/// its own: slices are made in it and taken away.
class SliceSampler {
public:
  SliceSampler(ModuleOp module, const target::Target &machine)
      : clone(module.clone()), globals(*clone),
        explorer(sharding::machineOf(machine)) {
    for (auto graph : clone->getOps<dataflow::GraphOp>()) {
      tokens = graph.getBatch() * graph.getTokens();
      for (auto kernel : graph.getBlock().getOps<dataflow::ExpertsOp>())
        consider(kernel);
    }
  }

  bool canSlice() const { return unit > 0; }
  int64_t getInner() const { return inner; }
  bool holdsAll(model::Extent extent) { return fits(inner / unit, extent); }
  int64_t mostOn(model::Extent extent);

private:
  void consider(dataflow::ExpertsOp kernel);
  bool fits(int64_t units, model::Extent extent);
  std::optional<model::KernelSpec> sample(int64_t length);

  OwningOpRef<ModuleOp> clone;
  SymbolTable globals;
  sharding::Explorer explorer;
  int64_t tokens = 1;
  dataflow::ExpertsOp experts; ///< the largest ones
  int64_t inner = 0, unit = 0;
  double elements = 0; ///< of a matrix of all experts
  std::map<int64_t, std::optional<model::KernelSpec>> samples;
};

} // namespace

void SliceSampler::consider(dataflow::ExpertsOp kernel) {
  for (auto op : kernel.getBody().getOps<nn::ExpertsOp>()) {
    double size = double(op.getIntermediate()) * double(op.getNumExperts()) *
                  double(op.getHidden());
    int64_t found = dataflow::sliceUnit(kernel, globals);
    if (found == 0 || size <= elements)
      continue;
    experts = kernel;
    elements = size;
    unit = found;
    inner = op.getIntermediate();
  }
}

std::optional<model::KernelSpec> SliceSampler::sample(int64_t length) {
  dataflow::ExpertsOp slice = dataflow::sampleSlice(experts, length, globals);
  auto node = cast<dataflow::KernelOpInterface>(slice.getOperation());
  FailureOr<model::KernelSpec> spec = extractKernel(node, globals, tokens);
  llvm::SmallVector<Operation *> made;
  for (auto weight : node.getWeights().getAsRange<FlatSymbolRefAttr>())
    if (weight.getValue().ends_with(".slice_0"))
      made.push_back(globals.lookup(weight.getValue()));
  slice.erase();
  for (Operation *weight : made)
    globals.erase(weight);
  return succeeded(spec) ? std::optional(std::move(*spec)) : std::nullopt;
}

bool SliceSampler::fits(int64_t units, model::Extent extent) {
  auto [known, isNew] = samples.try_emplace(units);
  if (isNew)
    known->second = sample(units * unit);
  return known->second && explorer.fits(*known->second, extent);
}

/// What fits on an extent grows no bytes on a core by being less.
int64_t SliceSampler::mostOn(model::Extent extent) {
  int64_t least = 0, most = inner / unit;
  while (least < most) {
    int64_t middle = (least + most + 1) / 2;
    if (fits(middle, extent))
      least = middle;
    else
      most = middle - 1;
  }
  return least * unit;
}

std::vector<Shares>
inlay::wafer::sharesOfFree(ModuleOp module, const target::Target &machine,
                           const std::vector<model::Rect> &forbidden) {
  // Each slice has routes of its own, and there are not many colours.
  constexpr size_t kMostSlices = 8, kMore = 2;
  constexpr int64_t kSmallest = 100; // of a grid
  ScopedDiagnosticHandler quiet(module.getContext(),
                                [](mlir::Diagnostic &) { return success(); });
  SliceSampler sampler(module, machine);
  std::vector<model::Rect> rects = floorplan::largestFree(
      machine.grid, forbidden, machine.grid.area() / kSmallest, kMostSlices);
  if (!sampler.canSlice() || rects.empty() ||
      sampler.holdsAll(rects.front().extent()))
    return {};
  Shares most; // on each rectangle
  for (const model::Rect &rect : rects)
    if (int64_t length = sampler.mostOn(rect.extent()))
      most.push_back(length);
  llvm::sort(most, std::greater<>());
  std::vector<Shares> all;
  for (size_t wafers : {1, 2}) {
    int64_t sum = 0;
    size_t more = 0;
    for (size_t count = 1;
         count <= most.size() && count * wafers <= kMostSlices; ++count) {
      sum += most[count - 1] * int64_t(wafers);
      if (sum < sampler.getInner() || more++ > kMore)
        continue;
      Shares &shares = all.emplace_back();
      for (size_t wafer = 0; wafer < wafers; ++wafer)
        shares.append(most.begin(), most.begin() + count);
      if (llvm::all_equal(shares)) // which are tried anyway
        all.pop_back();
    }
  }
  return all;
}
