//===- Reshaping.cpp - Shapes of operators that keep the order of elements ===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

/// Output 0 holds input 0's elements in another shape.
static void setReshaped(NodeInference &n, ArrayRef<int64_t> shape) {
  n.set(0, shape, n.elementType(0));
  const ConstTensor *value = n.value(0);
  if (value && countElements(shape) == value->size())
    n.fold(0, value->reshaped(shape));
}

//===----------------------------------------------------------------------===//
// Reshape
//===----------------------------------------------------------------------===//

/// Copies the dims that a 0 asks for. False where there is no such dim.
static bool copyZeros(SmallVectorImpl<int64_t> &target,
                      const std::optional<Shape> &from) {
  for (auto [dim, size] : llvm::enumerate(target)) {
    if (size != 0)
      continue;
    if (!from)
      size = ShapedType::kDynamic;
    else if (dim < from->size())
      size = (*from)[dim];
    else
      return false;
  }
  return true;
}

/// Fills in the one dim that follows from the number of elements: a -1, or
/// else a single unknown dim. False where the numbers do not fit.
static bool solveOpenDim(SmallVectorImpl<int64_t> &target,
                         std::optional<int64_t> count) {
  int64_t *open = nullptr;
  int64_t product = 1;
  unsigned numInferred = 0, numUnknown = 0;
  for (int64_t &size : target) {
    if (size == -1 || !isKnown(size)) {
      size == -1 ? ++numInferred : ++numUnknown;
      open = &size;
      size = ShapedType::kDynamic;
    } else if (size < 0) {
      return false;
    } else {
      product = mulDims(product, size);
    }
  }
  if (numInferred > 1)
    return false;
  if (!count || !isKnown(product) || numInferred + numUnknown > 1)
    return true;
  if (!open)
    return product == *count;
  if (product == 0)
    return *count == 0;
  *open = *count / product;
  return *count % product == 0;
}

static LogicalResult inferReshape(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  std::optional<SmallVector<int64_t>> given =
      n.hasAttr("shape") ? n.intsAttr("shape") : n.dims(1);
  if (!given)
    return success();
  SmallVector<int64_t> target = *given;
  bool zeroCopies = n.intAttr("allowzero", 0) == 0;
  std::optional<int64_t> count =
      shape ? countElements(*shape) : std::optional<int64_t>();
  if ((zeroCopies && !copyZeros(target, shape)) ||
      !solveOpenDim(target, count)) {
    InFlightDiagnostic diag = n.error()
                              << "cannot reshape "
                              << (shape ? formatShape(*shape) : "?") << " to [";
    llvm::interleaveComma(*given, diag, [&](int64_t size) {
      if (isKnown(size))
        diag << size;
      else
        diag << "?";
    });
    diag << "]";
    return failure();
  }
  setReshaped(n, target);
  return success();
}

//===----------------------------------------------------------------------===//
// Squeeze, Unsqueeze, Flatten
//===----------------------------------------------------------------------===//

static LogicalResult inferSqueeze(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  auto axes = n.intsAttrOrInput("axes", 1);
  if (!shape || failed(axes))
    return success();
  int64_t rank = shape->size();
  SmallVector<bool> drop(rank, false);
  if (*axes) {
    for (int64_t given : **axes) {
      FailureOr<int64_t> axis = n.axis(given, rank);
      if (failed(axis))
        return failure();
      int64_t size = (*shape)[*axis];
      if (isKnown(size) && size != 1)
        return n.error() << "cannot squeeze dim " << *axis << " of "
                         << formatShape(*shape),
               failure();
      drop[*axis] = true;
    }
  } else {
    for (auto [dim, size] : llvm::enumerate(*shape)) {
      if (!isKnown(size))
        return success(); // it may be 1: not even the rank is known
      drop[dim] = size == 1;
    }
  }
  Shape result;
  for (auto [size, dropped] : llvm::zip_equal(*shape, drop))
    if (!dropped)
      result.push_back(size);
  setReshaped(n, result);
  return success();
}

static LogicalResult inferUnsqueeze(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  auto axes = n.intsAttrOrInput("axes", 1);
  if (!shape || failed(axes) || !*axes)
    return success();
  int64_t rank = shape->size() + (*axes)->size();
  SmallVector<bool> isNew(rank, false);
  for (int64_t given : **axes) {
    FailureOr<int64_t> axis = n.axis(given, rank);
    if (failed(axis))
      return failure();
    if (isNew[*axis])
      return n.error() << "axis " << given << " is given twice", failure();
    isNew[*axis] = true;
  }
  Shape result;
  auto *next = shape->begin();
  for (bool added : isNew)
    result.push_back(added ? 1 : *next++);
  setReshaped(n, result);
  return success();
}

static LogicalResult inferFlatten(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  int64_t rank = shape->size();
  int64_t given = n.intAttr("axis", 1);
  // Unlike elsewhere, an axis of `rank` is allowed: all dims go left.
  FailureOr<int64_t> axis = given == rank ? given : n.axis(given, rank);
  if (failed(axis))
    return failure();
  Shape result{1, 1};
  for (auto [dim, size] : llvm::enumerate(*shape)) {
    int64_t &side = result[static_cast<int64_t>(dim) < *axis ? 0 : 1];
    side = mulDims(side, size);
  }
  setReshaped(n, result);
  return success();
}

/// [N, C, H, W] and blocks of b x b: depth / b^2 and sides * b, or back.
static LogicalResult inferDepthSpace(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (failed(n.expectRank(0, 4)))
    return failure();
  FailureOr<int64_t> block = n.requiredInt("blocksize", 1);
  if (failed(block))
    return failure();
  if (!shape)
    return success();
  int64_t square = mulDims(*block, *block);
  Shape result = *shape;
  bool toSpace = n.opType() == "DepthToSpace";
  if (toSpace ? failed(n.expectMultiple("depth", (*shape)[1],
                                        "blocksize squared", square))
              : failed(n.expectMultiple("height", (*shape)[2], "blocksize",
                                        *block)) ||
                    failed(n.expectMultiple("width", (*shape)[3], "blocksize",
                                            *block)))
    return failure();
  auto scale = [&](int64_t size, int64_t by, bool up) {
    if (up)
      return mulDims(size, by);
    return isKnown(size) ? size / by : size;
  };
  result[1] = scale(result[1], square, !toSpace);
  result[2] = scale(result[2], *block, toSpace);
  result[3] = scale(result[3], *block, toSpace);
  n.set(0, result, n.elementType(0));
  return success();
}

void onnx::addReshaping(InferTable &table) {
  table["Reshape"] = inferReshape;
  table["Squeeze"] = inferSqueeze;
  table["Unsqueeze"] = inferUnsqueeze;
  table["Flatten"] = inferFlatten;
  table["DepthToSpace"] = inferDepthSpace;
  table["SpaceToDepth"] = inferDepthSpace;
}
