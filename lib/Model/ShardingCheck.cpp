//===- ShardingCheck.cpp - Is a sharding well formed? ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Sharding.h"
#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::model;

namespace {

/// Checks one sharding against its kernel; every violation becomes one error.
class ShardingChecker {
public:
  ShardingChecker(const KernelSpec &kernel, const Sharding &sharding,
                  Diagnostics &diags)
      : kernel(kernel), sharding(sharding), diags(diags) {}

  bool run() {
    checkExtents();
    if (sharding.ops.size() != kernel.ops.size()) {
      fail(fmt::format("cuts {} ops of {}", sharding.ops.size(),
                       kernel.ops.size()));
      return false;
    }
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      checkOp(kernel.ops[o], sharding.ops[o]);
    if (valid)
      for (size_t w = 0; w < kernel.weights.size(); ++w)
        checkWeight(static_cast<int>(w));
    return valid;
  }

private:
  void fail(std::string message) {
    valid = false;
    diags.internalError("sharding of kernel '" + kernel.name + "'",
                        std::move(message));
  }

  void checkExtents() {
    const Extent &region = sharding.region;
    const Extent &groups = sharding.groups;
    const Extent &group = sharding.group;
    for (const Extent &extent : {region, groups, group})
      if (extent.width < 1 || extent.height < 1)
        return fail(fmt::format("has an extent of {} x {}", extent.width,
                                extent.height));
    if (groups.width * group.width > region.width ||
        groups.height * group.height > region.height)
      fail(fmt::format("tiles {} x {} groups of {} x {} cores over a region of "
                       "{} x {}",
                       groups.width, groups.height, group.width, group.height,
                       region.width, region.height));
    if (kernel.role != KernelRole::Experts &&
        (groups.area() != 1 || !(group == region) || !sharding.held.empty()))
      fail("has groups, which only experts have");
    if (!sharding.held.empty())
      checkHeld();
  }

  void checkHeld() {
    if (int64_t(sharding.held.size()) != sharding.numGroups())
      return fail(fmt::format("says what {} groups hold, and has {}",
                              sharding.held.size(), sharding.numGroups()));
    std::vector<bool> isThere(size_t(std::max<int64_t>(0, kernel.numExperts)));
    for (size_t g = 0; g < sharding.held.size(); ++g) {
      std::vector<int64_t> experts = sharding.held[g];
      std::sort(experts.begin(), experts.end());
      for (size_t i = 0; i < experts.size(); ++i) {
        if (experts[i] < 0 || experts[i] >= kernel.numExperts)
          return fail(fmt::format("puts expert {} of {} into group {}",
                                  experts[i], kernel.numExperts, g));
        if (i > 0 && experts[i] == experts[i - 1])
          return fail(
              fmt::format("puts expert {} into group {} twice", experts[i], g));
        isThere[size_t(experts[i])] = true;
      }
    }
    auto missing = std::find(isThere.begin(), isThere.end(), false);
    if (missing != isThere.end())
      fail(fmt::format("has expert {} in no group", missing - isThere.begin()));
  }

  void checkOp(const OpSpec &op, const OpSharding &opSharding) {
    const std::vector<Axis> &axes = opSharding.axisOfDim;
    if (axes.size() != op.dims.size())
      return fail(fmt::format("gives op '{}' {} axes for {} dims", op.name,
                              axes.size(), op.dims.size()));
    for (size_t d = 0; d < axes.size(); ++d)
      if (axes[d] == Axis::Group && op.dims[d].name != "expert")
        fail(fmt::format("cuts dim '{}' of op '{}' over groups",
                         op.dims[d].name, op.name));
    checkContext(op, opSharding);
    if (opSharding.width == 0)
      return;
    for (Axis axis : {Axis::X, Axis::Y}) {
      AxisRun run = runOn(op.dims, opSharding, axis, partsOf(sharding, axis));
      if (run.count > 1 && opSharding.width < op.dims[run.fastest].size)
        fail(fmt::format("has op '{}' divide {} indices of dim '{}', which has "
                         "{}",
                         op.name, opSharding.width, op.dims[run.fastest].name,
                         op.dims[run.fastest].size));
    }
  }

  /// Places of a state are dealt out over an axis that they have for
  /// themselves. In blocks the last ones of them would be on few cores. And a
  /// state that has sequences of other steps too has them all where this one's
  /// are.
  void checkContext(const OpSpec &op, const OpSharding &opSharding) {
    for (const OperandSpec &operand : op.operands) {
      if (operand.role != TensorRole::State || operand.tensor < 0 ||
          operand.tensor >= static_cast<int>(kernel.states.size()))
        continue;
      const std::vector<int64_t> &shape =
          kernel.states[size_t(operand.tensor)].shape;
      if (operand.indexing.size() != shape.size())
        continue;
      for (size_t i = 0; i < shape.size(); ++i) {
        int dim = operand.indexing[i].dim;
        if (dim < 0 || opSharding.axisOfDim[dim] == Axis::None)
          continue;
        int64_t ofStep =
            ceilDiv(op.dims[dim].size, operand.indexing[i].divisor);
        if (op.dims[dim].name == "token" && ofStep > 1 && ofStep < shape[i])
          fail(fmt::format(
              "cuts the {} sequences of op '{}' over cores, though "
              "state '{}' has {}",
              ofStep, op.name, kernel.states[size_t(operand.tensor)].name,
              shape[i]));
        if (op.dims[dim].name != "context" || !sharesAxis(opSharding, dim) ||
            op.dims[dim].size >= shape[i])
          continue;
        fail(fmt::format("cuts the {} places that op '{}' reads of the {} of "
                         "state '{}' together with other dims: give dim "
                         "'context' an axis for itself",
                         op.dims[dim].size, op.name, shape[i],
                         kernel.states[size_t(operand.tensor)].name));
      }
    }
  }

  /// The axis over which each dim of the weight is cut, and what the cores of a
  /// head divide of it: none for one that shares its axis with dims of which a
  /// core has parts of several values.
  std::vector<std::pair<Axis, int64_t>> cutsOf(const OperandSpec &use,
                                               size_t o) const {
    const OpSharding &cut = sharding.ops[o];
    std::vector<std::pair<Axis, int64_t>> cuts;
    for (const IndexExpr &index : use.indexing) {
      if (!isCutAlong(kernel.ops[o], cut, sharding, index))
        cuts.emplace_back(Axis::None, 0);
      else
        cuts.emplace_back(cut.axisOfDim[index.dim],
                          sharesAxis(cut, index.dim) ? cut.width : 0);
    }
    return cuts;
  }

  void checkWeight(int weight) {
    const WeightSpec &spec = kernel.weights[weight];
    std::vector<std::pair<Axis, int64_t>> first;
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      for (const OperandSpec &use : kernel.ops[o].operands) {
        if (use.role != TensorRole::Weights || use.tensor != weight ||
            use.indexing.size() != spec.shape.size())
          continue;
        std::vector<std::pair<Axis, int64_t>> cuts = cutsOf(use, o);
        if (!first.empty() && cuts != first)
          return fail(fmt::format("cuts weight '{}' in two ways", spec.name));
        first = cuts;
      }
  }

  const KernelSpec &kernel;
  const Sharding &sharding;
  Diagnostics &diags;
  bool valid = true;
};

} // namespace

bool inlay::model::check(const KernelSpec &kernel, const Sharding &sharding,
                         Diagnostics &diags) {
  return ShardingChecker(kernel, sharding, diags).run();
}
