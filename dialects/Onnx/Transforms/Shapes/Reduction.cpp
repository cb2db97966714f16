//===- Reduction.cpp - Shapes of reductions -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Folding.h"
#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

/// The shape without the reduced dims, or with them at size 1.
static Shape reduceShape(ArrayRef<int64_t> shape, ArrayRef<bool> isReduced,
                         bool keepDims) {
  Shape result;
  for (auto [size, reduced] : llvm::zip_equal(shape, isReduced)) {
    if (!reduced)
      result.push_back(size);
    else if (keepDims)
      result.push_back(1);
  }
  return result;
}

/// Axes are an attribute in older opsets and input 1 in newer ones. Without
/// axes all dims are reduced, or none with noop_with_empty_axes.
static LogicalResult inferReduce(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  int64_t rank = shape->size();
  bool keepDims = n.intAttr("keepdims", 1) == 1;
  auto axes = n.intsAttrOrInput("axes", 1);
  if (failed(axes)) {
    // Which dims are reduced is decided at run time.
    if (keepDims)
      n.set(0, Shape(rank, ShapedType::kDynamic), n.elementType(0));
    return success();
  }
  SmallVector<bool> isReduced(rank, false);
  if (!*axes || (*axes)->empty())
    isReduced.assign(rank, n.intAttr("noop_with_empty_axes", 0) != 1);
  else
    for (int64_t given : **axes) {
      FailureOr<int64_t> axis = n.axis(given, rank);
      if (failed(axis))
        return failure();
      isReduced[*axis] = true;
    }
  Shape result = reduceShape(*shape, isReduced, keepDims);
  n.set(0, result, n.elementType(0));
  if (const ConstTensor *value = n.value(0))
    if (auto folded = foldReduce(n.opType(), *value, isReduced, result))
      n.fold(0, *folded);
  return success();
}

static LogicalResult inferArgReduce(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  FailureOr<int64_t> axis = n.axis(n.intAttr("axis", 0), shape->size());
  if (failed(axis))
    return failure();
  SmallVector<bool> isReduced(shape->size(), false);
  isReduced[*axis] = true;
  n.set(0, reduceShape(*shape, isReduced, n.intAttr("keepdims", 1) == 1),
        Builder(n.node.getContext()).getI64Type());
  return success();
}

void onnx::addReductions(InferTable &table) {
  for (StringRef name : {"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin",
                         "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
                         "ReduceLogSumExp", "ReduceSumSquare"})
    table[name] = inferReduce;
  table["ArgMax"] = inferArgReduce;
  table["ArgMin"] = inferArgReduce;
}
