//===- MatMul.cpp - Shapes of matrix products -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "mlir/IR/Builders.h"

#include <algorithm>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

/// How the operands of a product are laid out.
struct MatMulLayout {
  bool transA = false, transB = false;
  /// The rows stand before the batch (FusedMatMul).
  bool transBatchA = false, transBatchB = false;
};

/// Undoes the transposition of an operand of rank 2 or more.
static void normalise(Shape &shape, bool isTransposed, bool isBatchTransposed) {
  size_t rank = shape.size();
  if (rank < 2)
    return;
  // [rows, batch..., columns] to [batch..., rows, columns]
  if (isBatchTransposed)
    std::rotate(shape.begin(), shape.begin() + 1, shape.end() - 1);
  if (isTransposed)
    std::swap(shape[rank - 1], shape[rank - 2]);
}

/// The shape of a . b as numpy.matmul has it: a vector on the left is a row,
/// one on the right a column, and neither keeps that dim.
static LogicalResult inferProduct(NodeInference &n, unsigned inputA,
                                  unsigned inputB, Type elementType,
                                  MatMulLayout layout = {}) {
  std::optional<Shape> a = n.shape(inputA), b = n.shape(inputB);
  if (!a || !b)
    return success();
  Shape left = *a, right = *b;
  normalise(left, layout.transA, layout.transBatchA);
  normalise(right, layout.transB, layout.transBatchB);
  bool isRow = left.size() == 1, isColumn = right.size() == 1;
  if (isRow)
    left.insert(left.begin(), 1);
  if (isColumn)
    right.push_back(1);
  if (left.size() < 2 || right.size() < 2)
    return n.error() << "a product needs operands of rank 1 or more, got "
                     << formatShape(*a) << " and " << formatShape(*b),
           failure();
  int64_t k = left.back(), otherK = right[right.size() - 2];
  auto batch = broadcast(ArrayRef<int64_t>(left).drop_back(2),
                         ArrayRef<int64_t>(right).drop_back(2));
  if ((isKnown(k) && isKnown(otherK) && k != otherK) || !batch)
    return n.error() << "cannot multiply " << formatShape(*a) << " by "
                     << formatShape(*b) << ": "
                     << (batch ? "the inner dims differ"
                               : "the batch dims do not broadcast"),
           failure();
  Shape result = *batch;
  if (!isRow)
    result.push_back(left[left.size() - 2]);
  if (!isColumn)
    result.push_back(right.back());
  n.set(0, result, elementType);
  return success();
}

static LogicalResult inferMatMul(NodeInference &n) {
  return inferProduct(n, 0, 1, n.elementType(0));
}

static LogicalResult inferFusedMatMul(NodeInference &n) {
  MatMulLayout layout;
  layout.transA = n.intAttr("transA", 0) != 0;
  layout.transB = n.intAttr("transB", 0) != 0;
  layout.transBatchA = n.intAttr("transBatchA", 0) != 0;
  layout.transBatchB = n.intAttr("transBatchB", 0) != 0;
  return inferProduct(n, 0, 1, n.elementType(0), layout);
}

static LogicalResult inferMatMulInteger(NodeInference &n) {
  return inferProduct(n, 0, 1, Builder(n.node.getContext()).getI32Type());
}

/// Inputs: a, its scale and zero point, b, its two, y's two.
static LogicalResult inferQLinearMatMul(NodeInference &n) {
  return inferProduct(n, 0, 3, n.elementType(7));
}

/// a and b are matrices; c broadcasts to the result.
static LogicalResult inferGemm(NodeInference &n) {
  if (failed(n.expectRank(0, 2)) || failed(n.expectRank(1, 2)))
    return failure();
  MatMulLayout layout;
  layout.transA = n.intAttr("transA", 0) != 0;
  layout.transB = n.intAttr("transB", 0) != 0;
  if (failed(inferProduct(n, 0, 1, n.elementType(0), layout)))
    return failure();
  std::optional<Shape> c = n.shape(2);
  Value output = n.node.getOutput(0);
  auto result = output ? dyn_cast<RankedTensorType>(output.getType())
                       : RankedTensorType();
  if (!c || !result || !n.shape(0) || !n.shape(1))
    return success();
  // Before opset 7 an attribute allowed the broadcast; the rule is the same.
  if (std::optional<Shape> joined = broadcast(result.getShape(), *c);
      !joined || joined->size() != 2)
    return n.error() << "operands of shape " << formatShape(result.getShape())
                     << " and " << formatShape(*c) << " do not broadcast",
           failure();
  return success();
}

void onnx::addMatMuls(InferTable &table) {
  table["MatMul"] = inferMatMul;
  table["Gemm"] = inferGemm;
  table["MatMulInteger"] = inferMatMulInteger;
  table["QLinearMatMul"] = inferQLinearMatMul;
  table["com.microsoft::FusedMatMul"] = inferFusedMatMul;
  table["com.microsoft::TransposeMatMul"] = inferFusedMatMul;
}
