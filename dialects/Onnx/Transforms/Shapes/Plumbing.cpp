//===- Plumbing.cpp - Shapes of operators that move elements --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Concat, Split, Slice, Expand, Tile, Pad and Transpose. Each one's known
// values follow from a map from the position in the result to that in the
// input.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include <algorithm>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

/// Takes the elements of `from` at the indices that `map` computes from those
/// of the result. `fits(shape, from.elementType())`.
static ConstTensor gatherElements(
    const ConstTensor &from, ArrayRef<int64_t> shape,
    llvm::function_ref<void(ArrayRef<int64_t>, SmallVectorImpl<int64_t> &)>
        map) {
  ConstTensor result(shape, from.elementType());
  SmallVector<int64_t> source;
  forEachIndex(shape, [&](int64_t at, ArrayRef<int64_t> index) {
    source.clear();
    map(index, source);
    result.set(at, from[broadcastPosition(source, from.shape())]);
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Transpose
//===----------------------------------------------------------------------===//

static bool isPermutation(ArrayRef<int64_t> perm, int64_t rank) {
  SmallVector<bool> seen(rank, false);
  for (int64_t dim : perm) {
    if (dim < 0 || dim >= rank || seen[dim])
      return false;
    seen[dim] = true;
  }
  return static_cast<int64_t>(perm.size()) == rank;
}

static LogicalResult inferTranspose(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  int64_t rank = shape->size();
  SmallVector<int64_t> perm = llvm::to_vector(
      llvm::reverse(llvm::to_vector(llvm::seq<int64_t>(0, rank))));
  if (std::optional<SmallVector<int64_t>> given = n.intsAttr("perm"))
    perm = *given;
  if (!isPermutation(perm, rank))
    return n.error() << "attribute 'perm' is no permutation of the " << rank
                     << " dims of " << formatShape(*shape),
           failure();
  Shape result;
  for (int64_t dim : perm)
    result.push_back((*shape)[dim]);
  n.set(0, result, n.elementType(0));
  if (const ConstTensor *value = n.value(0))
    n.fold(0, gatherElements(*value, result, [&](auto index, auto &source) {
             source.resize(rank);
             for (int64_t i = 0; i < rank; ++i)
               source[perm[i]] = index[i];
           }));
  return success();
}

//===----------------------------------------------------------------------===//
// Concat and Split
//===----------------------------------------------------------------------===//

/// Joins `shape` into `result` along `axis`; false where they do not fit.
static bool concatShape(Shape &result, ArrayRef<int64_t> shape, int64_t axis) {
  if (shape.size() != result.size())
    return false;
  for (auto [dim, size] : llvm::enumerate(shape)) {
    int64_t &ours = result[dim];
    if (static_cast<int64_t>(dim) == axis)
      ours = addDims(ours, size);
    else if (!isKnown(ours))
      ours = size;
    else if (isKnown(size) && size != ours)
      return false;
  }
  return true;
}

/// The value of a part of a Concat. A small integer input of which nothing is
/// known still has its place: its elements are unknown.
static std::optional<ConstTensor> getPart(NodeInference &n, unsigned index) {
  if (const ConstTensor *value = n.value(index))
    return *value;
  std::optional<Shape> shape = n.shape(index);
  Type type = n.elementType(index);
  if (!shape || shape->size() != 1 || !type || !type.isInteger(64) ||
      !n.mayFold(*shape, type))
    return std::nullopt;
  return ConstTensor(*shape, type);
}

static void foldConcat(NodeInference &n, ArrayRef<int64_t> shape,
                       int64_t axis) {
  Type type = n.elementType(0);
  if (!n.mayFold(shape, type))
    return;
  ConstTensor result(shape, type);
  int64_t offset = 0;
  for (unsigned i = 0; i < n.numInputs(); ++i) {
    std::optional<ConstTensor> part = getPart(n, i);
    if (!part || part->elementType() != type)
      return;
    SmallVector<int64_t> to;
    forEachIndex(part->shape(), [&](int64_t at, ArrayRef<int64_t> index) {
      to.assign(index.begin(), index.end());
      to[axis] += offset;
      int64_t position = 0;
      for (auto [coordinate, size] : llvm::zip_equal(to, shape))
        position = position * size + coordinate;
      result.set(position, (*part)[at]);
    });
    offset += part->shape()[axis];
  }
  if (n.value(0) || llvm::any_of(llvm::seq(0u, n.numInputs()),
                                 [&](unsigned i) { return n.value(i); }))
    n.fold(0, result);
}

static LogicalResult inferConcat(NodeInference &n) {
  std::optional<Shape> result = n.shape(0);
  if (!result)
    return success();
  if (!n.hasAttr("axis") && n.opset() >= 4)
    return n.error() << "has no attribute 'axis', expected an integer",
           failure();
  FailureOr<int64_t> axis = n.axis(n.intAttr("axis", 1), result->size());
  if (failed(axis))
    return failure();
  for (unsigned i = 1; i < n.numInputs(); ++i) {
    std::optional<Shape> shape = n.shape(i);
    if (!shape)
      return success();
    int64_t before = (*result)[*axis];
    if (!concatShape(*result, *shape, *axis))
      return n.error() << "input " << i << " of shape " << formatShape(*shape)
                       << " does not continue " << formatShape(*result)
                       << " along axis " << *axis,
             failure();
    if (isKnown(before) && isKnown((*shape)[*axis]) &&
        !isKnown((*result)[*axis]))
      return n.error() << "the sizes along axis " << *axis
                       << " add up to more than 64 bits hold",
             failure();
  }
  n.set(0, *result, n.elementType(0));
  foldConcat(n, *result, *axis);
  return success();
}

/// The sizes of the parts: given, or equal but for a smaller last one.
static std::optional<SmallVector<int64_t>> getSplits(NodeInference &n,
                                                     int64_t size) {
  auto given = n.intsAttrOrInput("split", 1);
  int64_t parts = n.numOutputs();
  if (failed(given))
    return SmallVector<int64_t>(parts, ShapedType::kDynamic);
  if (*given)
    return **given;
  if (!isKnown(size) || parts == 0)
    return SmallVector<int64_t>(parts, ShapedType::kDynamic);
  int64_t chunk = ceilDiv(size, parts);
  SmallVector<int64_t> result(parts, chunk);
  result.back() = size - chunk * (parts - 1);
  return result;
}

static LogicalResult inferSplit(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  FailureOr<int64_t> axis = n.axis(n.intAttr("axis", 0), shape->size());
  if (failed(axis))
    return failure();
  int64_t wanted = n.intAttr("num_outputs", n.numOutputs());
  if (wanted != n.numOutputs())
    return n.error() << "attribute 'num_outputs' is " << wanted
                     << ", but the node has " << n.numOutputs()
                     << (n.numOutputs() == 1 ? " output" : " outputs"),
           failure();
  int64_t size = (*shape)[*axis];
  SmallVector<int64_t> splits = *getSplits(n, size);
  int64_t total = 0;
  for (int64_t part : splits)
    total = addDims(total, part);
  bool isNegative = llvm::any_of(
      splits, [](int64_t part) { return isKnown(part) && part < 0; });
  if (splits.size() != n.numOutputs() || isNegative ||
      (isKnown(size) && isKnown(total) && size != total))
    return n.error() << "cannot split dim " << *axis << " of "
                     << formatShape(*shape) << " into parts of "
                     << formatShape(splits) << " for " << n.numOutputs()
                     << " outputs",
           failure();
  int64_t offset = 0;
  for (auto [index, part] : llvm::enumerate(splits)) {
    Shape result = *shape;
    result[*axis] = part;
    n.set(index, result, n.elementType(0));
    const ConstTensor *value = n.value(0);
    if (value && isKnown(part) && isKnown(offset))
      n.fold(index, gatherElements(*value, result, [&](auto at, auto &source) {
               source.assign(at.begin(), at.end());
               source[*axis] += offset;
             }));
    offset = addDims(offset, part);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// One dim of a Slice: the elements start, start + step, ...
struct DimSlice {
  int64_t start = 0;
  int64_t step = 1;
  int64_t size = 0;
};
} // namespace

/// ONNX clamps both ends to the dim: to [0, size] going up, and to
/// [0, size - 1] and [-1, size - 1] going down.
static DimSlice sliceDim(int64_t size, int64_t start, int64_t end,
                         int64_t step) {
  auto fromFront = [&](int64_t at) { return at < 0 ? at + size : at; };
  DimSlice result;
  result.step = step;
  if (step > 0) {
    result.start = std::clamp<int64_t>(fromFront(start), 0, size);
    int64_t stop = std::clamp<int64_t>(fromFront(end), 0, size);
    if (stop > result.start)
      result.size = (stop - result.start - 1) / step + 1;
    return result;
  }
  if (size == 0)
    return result;
  result.start = std::clamp<int64_t>(fromFront(start), 0, size - 1);
  int64_t stop = std::clamp<int64_t>(fromFront(end), -1, size - 1);
  // -(step + 1) does not overflow for the smallest step, as -step does.
  if (stop < result.start)
    result.size =
        (result.start - stop - 1) / (std::max(step, -INT64_MAX) * -1) + 1;
  return result;
}

/// The operands of Slice, which moved from attributes to inputs in opset 10.
/// None where the axes or their number are not known.
struct SliceOperands {
  SmallVector<int64_t> starts, ends, axes, steps;
};

static std::optional<SliceOperands> getSliceOperands(NodeInference &n,
                                                     int64_t rank) {
  SliceOperands result;
  if (auto starts = n.intsAttr("starts")) {
    result.starts = *starts;
    result.ends = n.intsAttr("ends").value_or(SmallVector<int64_t>());
  } else {
    auto fromInput = n.dims(1), toInput = n.dims(2);
    if (!fromInput || !toInput)
      return std::nullopt;
    result.starts = *fromInput;
    result.ends = *toInput;
  }
  size_t count = result.starts.size();
  auto axes = n.intsAttrOrInput("axes", 3);
  if (failed(axes))
    return std::nullopt;
  result.axes = *axes ? **axes : llvm::to_vector(llvm::seq<int64_t>(0, count));
  result.steps.assign(count, 1);
  if (n.has(4)) {
    auto steps = n.dims(4);
    if (!steps)
      return std::nullopt;
    result.steps = *steps;
  }
  return result;
}

static LogicalResult inferSlice(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  int64_t rank = shape->size();
  std::optional<SliceOperands> operands = getSliceOperands(n, rank);
  if (!operands) {
    n.set(0, Shape(rank, ShapedType::kDynamic), n.elementType(0));
    return success();
  }
  size_t count = operands->starts.size();
  if (operands->ends.size() != count || operands->axes.size() != count ||
      operands->steps.size() != count)
    return n.error() << "a slice of " << count << " starts has "
                     << operands->ends.size() << " ends, "
                     << operands->axes.size() << " axes and "
                     << operands->steps.size() << " steps",
           failure();
  Shape result = *shape;
  SmallVector<DimSlice> slices(rank);
  bool isStatic = true;
  for (size_t i = 0; i < count; ++i) {
    FailureOr<int64_t> axis = n.axis(operands->axes[i], rank);
    if (failed(axis))
      return failure();
    int64_t start = operands->starts[i], end = operands->ends[i],
            step = operands->steps[i], size = (*shape)[*axis];
    if (step == 0)
      return n.error() << "the step of a slice is 0", failure();
    if (!isKnown(size) && start == 0 && step == 1 && end >= INT32_MAX)
      continue; // the whole dim, whatever its size
    bool isDimKnown =
        isKnown(start) && isKnown(end) && isKnown(step) && isKnown(size);
    isStatic &= isDimKnown;
    if (isDimKnown)
      slices[*axis] = sliceDim(size, start, end, step);
    result[*axis] = isDimKnown ? slices[*axis].size : ShapedType::kDynamic;
  }
  n.set(0, result, n.elementType(0));
  const ConstTensor *value = n.value(0);
  if (value && isStatic)
    n.fold(0, gatherElements(*value, result, [&](auto index, auto &source) {
             for (auto [at, slice] : llvm::zip_equal(index, slices))
               source.push_back(slice.start + at * slice.step);
           }));
  return success();
}

//===----------------------------------------------------------------------===//
// Expand, Tile and Pad
//===----------------------------------------------------------------------===//

static LogicalResult inferExpand(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  std::optional<SmallVector<int64_t>> target = n.dims(1);
  if (!shape || !target)
    return success();
  std::optional<Shape> result = broadcast(*shape, *target);
  if (!result)
    return n.error() << "operands of shape " << formatShape(*shape) << " and "
                     << formatShape(*target) << " do not broadcast",
           failure();
  // Where the target is unknown and the input is not 1, broadcast() already
  // took the input's size; an unknown target over 1 stays unknown.
  n.set(0, *result, n.elementType(0));
  const ConstTensor *value = n.value(0);
  if (value && n.mayFold(*result, n.elementType(0)))
    n.fold(0, gatherElements(*value, *result, [&](auto index, auto &source) {
             source.assign(index.begin(), index.end());
           }));
  return success();
}

static LogicalResult inferTile(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  std::optional<SmallVector<int64_t>> repeats = n.dims(1);
  if (!shape || !repeats)
    return success();
  if (repeats->size() != shape->size())
    return n.error() << "a tensor of shape " << formatShape(*shape) << " has "
                     << repeats->size() << " repeats",
           failure();
  Shape result;
  for (auto [size, count] : llvm::zip_equal(*shape, *repeats))
    result.push_back(mulDims(size, count));
  n.set(0, result, n.elementType(0));
  const ConstTensor *value = n.value(0);
  if (value && n.mayFold(result, n.elementType(0)))
    n.fold(0, gatherElements(*value, result, [&](auto index, auto &source) {
             for (auto [at, size] : llvm::zip_equal(index, *shape))
               source.push_back(at % size);
           }));
  return success();
}

/// pads is [begin of each axis..., end of each axis...].
static LogicalResult inferPad(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  int64_t rank = shape->size();
  std::optional<SmallVector<int64_t>> pads =
      n.hasAttr("pads") ? n.intsAttr("pads") : n.dims(1);
  std::optional<SmallVector<int64_t>> axes =
      n.has(3) ? n.ints(3) : llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (!pads || !axes) {
    n.set(0, Shape(rank, ShapedType::kDynamic), n.elementType(0));
    return success();
  }
  if (pads->size() != 2 * axes->size())
    return n.error() << "a padding of " << axes->size() << " axes has "
                     << pads->size() << " sizes",
           failure();
  Shape result = *shape;
  for (auto [index, given] : llvm::enumerate(*axes)) {
    FailureOr<int64_t> axis = n.axis(given, rank);
    if (failed(axis))
      return failure();
    int64_t &size = result[*axis];
    int64_t before = (*pads)[index], after = (*pads)[axes->size() + index];
    int64_t padded = addDims(addDims(size, before), after);
    if (isKnown(padded) && padded < 0)
      return n.error() << "pads axis " << *axis << " of " << size
                       << " elements by " << before << " and " << after
                       << ", which leaves " << padded,
             failure();
    size = padded;
  }
  n.set(0, result, n.elementType(0));
  return success();
}

void onnx::addPlumbing(InferTable &table) {
  table["Transpose"] = inferTranspose;
  table["Concat"] = inferConcat;
  table["Split"] = inferSplit;
  table["Slice"] = inferSlice;
  table["Expand"] = inferExpand;
  table["Tile"] = inferTile;
  table["Pad"] = inferPad;
}
