//===- Shares.cpp - How tensors lie on the cores of a kernel --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuts.h"
#include "Routing.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

const char *Share::name() const {
  return axis == Axis::X ? "x" : axis == Axis::Y ? "y" : "none";
}

Rect inlay::checker::unitOf(const Kernel &kernel) {
  return kernel.groups.empty() ? kernel.rect : kernel.groups.front().rect;
}

/// Groups in one row, or in one column, and a product as the last op that makes
/// all there is of the output: what it sums along the row lies on all of it.
std::string inlay::checker::joinedAxis(const Kernel &kernel) {
  // In older plans groups are never joined.
  if (kernel.groups.size() < 2 || kernel.ops.empty() || kernel.minor < 3)
    return "";
  const Op &last = kernel.ops.back();
  if (last.kind != "contraction" || last.operands.empty() ||
      last.operands.back().role != "output")
    return "";
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands)
      if (operand.role == "output" && !isPort(operand, "output", 0))
        return "";
  std::string axis;
  for (const Cut &dim : last.dims)
    if (dim.isReduction && (dim.axis == "x" || dim.axis == "y")) {
      if (!axis.empty() || dim.parts < 2)
        return "";
      axis = dim.axis;
    }
  bool isAlone = llvm::all_of(last.dims, [&](const Cut &dim) {
    return dim.isReduction || dim.axis != axis;
  });
  bool isInLine = llvm::all_of(kernel.groups, [&](const Group &group) {
    const Rect &first = kernel.groups.front().rect;
    return axis == "x" ? group.rect.y == first.y : group.rect.x == first.x;
  });
  return isAlone && isInLine ? axis : "";
}

bool inlay::checker::isJoined(const Kernel &kernel, const Op &op) {
  return !kernel.ops.empty() && &op == &kernel.ops.back() &&
         !joinedAxis(kernel).empty();
}

Rect inlay::checker::sourceOf(const Kernel &kernel) {
  return joinedAxis(kernel).empty() ? unitOf(kernel) : kernel.rect;
}

Rect inlay::checker::takerOf(const Plan &plan, const Kernel &kernel) {
  return takesHandedOver(plan, kernel) ? kernel.rect : unitOf(kernel);
}

Rect inlay::checker::takersOf(const Plan &plan, const Kernel &kernel) {
  return takesHandedOver(plan, kernel) ? kernel.rect : workingOf(kernel);
}

Rect inlay::checker::workingOf(const Kernel &kernel) {
  Rect all = unitOf(kernel);
  for (const Group &group : kernel.groups) {
    int64_t x = std::min(all.x, group.rect.x);
    int64_t y = std::min(all.y, group.rect.y);
    all = {x, y, std::max(all.right(), group.rect.right()) - x,
           std::max(all.bottom(), group.rect.bottom()) - y};
  }
  return all;
}

int64_t inlay::checker::waveletsOf(const Plan &plan, int64_t bytes) {
  for (const Figure &figure : plan.system.figures)
    if (figure.name == "wavelet" && figure.value >= 1)
      return std::max<int64_t>(
          1, divideUp(bytes, static_cast<int64_t>(figure.value)));
  return std::max<int64_t>(1, bytes);
}

/// Kernels hand values to each other in the order of their last dim along the
/// rows, the same in every column; a few features lie on every core.
static Share handedOver(const Kernel &kernel, const Stream &stream,
                        const Rect &cores) {
  Share share;
  int64_t features = stream.shape.empty() ? 1 : stream.shape.back();
  if (features <= fewFeatures(kernel) || cores.height < 2)
    return share;
  return {Share::Axis::Y, cores.height, divideUp(features, cores.height),
          features, true};
}

AxisCut inlay::checker::cutAlong(const Op &op, const Operand &operand,
                                 const std::string &axis, int64_t &features,
                                 int64_t cutTokens) {
  std::map<int64_t, std::vector<Run>> runs; // by dim of the op
  features = 1;
  int64_t token = -1;
  size_t rank =
      std::min(operand.indexDims.size(), operand.indexDivisors.size());
  for (size_t i = rank; i-- > 0;) {
    int64_t d = operand.indexDims[i];
    if (d < 0 || d >= static_cast<int64_t>(op.dims.size()))
      continue;
    if (op.dims[d].dim == "token")
      token = d;
    if (op.dims[d].dim == "token" || op.dims[d].axis == "group")
      continue;
    int64_t size = divideUp(op.dims[d].size, operand.indexDivisors[i]);
    runs[d].insert(runs[d].begin(), Run{features, size});
    features = times(features, size);
  }
  // A single token may stand for the cores that heads have.
  if (token >= 0 && (cutTokens > 1 || op.dims[token].axis != "none")) {
    runs[token] = {Run{features, cutTokens}};
    features = times(features, cutTokens);
  }
  AxisCut cut;
  for (const auto &[d, ofDim] : runs) {
    if (op.dims[d].axis != axis)
      continue;
    cut.shard = op.dims[d].shard;
    for (const Run &run : ofDim) {
      if (run.size == 1)
        continue;
      if (!cut.runs.empty() &&
          cut.runs.back().stride == times(run.stride, run.size))
        cut.runs.back() = {run.stride, times(cut.runs.back().size, run.size)};
      else
        cut.runs.push_back(run);
    }
  }
  if (cut.runs.empty())
    return cut;
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (op.dims[d].axis == axis &&
        !llvm::is_contained(operand.indexDims, static_cast<int64_t>(d)))
      cut.repeats = times(cut.repeats, op.dims[d].size);
  // Values of slower dims may take more positions than they have features.
  AxisRun together = runOn(op.dims, axis);
  auto fastest = runs.find(static_cast<int64_t>(together.fastest));
  if (together.count > 1 && fastest != runs.end() &&
      together.pitch > together.size) {
    cut.length = fastest->second.back().size;
    cut.pitch = together.pitch;
  }
  return cut;
}

static Share shareOf(const Op &op, const Operand &operand, const Rect &cores) {
  int64_t features = 1;
  AxisCut x = cutAlong(op, operand, "x", features);
  AxisCut y = cutAlong(op, operand, "y", features);
  bool isCutX = !x.runs.empty() && cores.width > 1;
  bool isCutY = !y.runs.empty() && cores.height > 1;
  Share share;
  if (isCutX && isCutY)
    share.axis = Share::Axis::Both;
  if (isCutX == isCutY)
    return share;
  const AxisCut &cut = isCutX ? x : y;
  share.axis = isCutX ? Share::Axis::X : Share::Axis::Y;
  share.parts = isCutX ? cores.width : cores.height;
  share.isInOrder = cut.runs.size() == 1 && cut.runs.front().stride == 1 &&
                    cut.runs.front().size == features;
  if (!share.isInOrder) {
    share.size = share.parts;
    return share;
  }
  // Dims that share the axis with others may count those too.
  share.size = std::max<int64_t>(1, features);
  share.shard = std::min(std::max(cut.shard, divideUp(features, share.parts)),
                         share.size);
  return share;
}

std::vector<Rect> inlay::checker::unitsOf(const Kernel &kernel) {
  std::vector<Rect> units;
  for (const Group &group : kernel.groups)
    units.push_back(group.rect);
  if (units.empty())
    units.push_back(kernel.rect);
  return units;
}

bool inlay::checker::isPort(const Operand &operand, const char *role,
                            int64_t number) {
  std::string name = fmt::format("{} {}", role, number);
  return operand.role == role &&
         (operand.buffer == name ||
          llvm::StringRef(operand.buffer).starts_with(name + " "));
}

Share inlay::checker::givenBy(const Kernel &kernel, const Stream &stream) {
  Rect cores = sourceOf(kernel);
  if (kernel.role != "head" &&
      (kernel.groups.size() <= 1 || !joinedAxis(kernel).empty()))
    return handedOver(kernel, stream, cores);
  Share share;
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands)
      if (isPort(operand, "output", stream.fromPort))
        share = shareOf(op, operand, cores);
  return share;
}

/// Where ops want it along different axes it is wanted everywhere.
Share inlay::checker::wantedBy(const Plan &plan, const Kernel &kernel,
                               const Stream &stream) {
  if (takesHandedOver(plan, kernel))
    return handedOver(kernel, stream, kernel.rect);
  Rect cores = unitOf(kernel);
  std::optional<Share> share;
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands) {
      if (!isPort(operand, "input", stream.toPort))
        continue;
      Share here = shareOf(op, operand, cores);
      if (share && share->axis != here.axis)
        return {};
      share = here;
    }
  return share.value_or(Share());
}
