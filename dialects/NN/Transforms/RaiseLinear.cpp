//===- RaiseLinear.cpp - Rules for products with weights and embeddings ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// A weight, or the transpose of one: the matrix, and whether it is [K, N].
static std::optional<std::pair<Value, bool>> asMatrix(Value value) {
  if (isWeight(value) && getShape(value).size() == 2)
    return std::pair(value, true);
  auto transpose = value.getDefiningOp<TransposeOp>();
  if (transpose && isWeight(transpose.getInput()) &&
      getShape(value).size() == 2 &&
      transpose.getPermutation() == ArrayRef<int64_t>{1, 0})
    return std::pair(transpose.getInput(), false);
  return std::nullopt;
}

static Value createLinear(RaiseContext &context, Value input, Value weight,
                          Value bias, bool transposed) {
  return context.create<LinearOp>(context.outputType(0), input, weight,
                                  /*scales=*/Value(), /*zero_points=*/Value(),
                                  bias, transposed, BlockQuantAttr());
}

static Refusal raiseMatMul(RaiseContext &context) {
  Value lhs = context.input(0);
  Value rhs = context.input(1);
  if (auto matrix = asMatrix(rhs)) {
    context.setOutput(
        0, createLinear(context, lhs, matrix->first, Value(), matrix->second));
    return std::nullopt;
  }
  if (getShape(lhs).size() < 2 || getShape(rhs).size() < 2)
    return "multiplies vectors";
  context.setOutput(0,
                    context.create<MatMulOp>(context.outputType(0), lhs, rhs));
  return std::nullopt;
}

static Refusal raiseGemm(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  if (node.getFloatAttr("alpha", 1) != 1 || node.getFloatAttr("beta", 1) != 1)
    return "alpha or beta is not 1";
  if (node.getIntAttr("transA", 0))
    return "transposes its first operand";
  Value weight = context.input(1);
  if (!isWeight(weight))
    return "multiplies two activations";
  Value bias = context.input(2);
  int64_t width = context.outputType(0).getShape().back();
  if (bias && numElements(getShape(bias)) != width)
    return "adds a matrix that is not a bias";
  context.setOutput(0, createLinear(context, context.input(0), weight, bias,
                                    node.getIntAttr("transB", 0) == 0));
  return std::nullopt;
}

static Refusal raiseMatMulNBits(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  if (context.input(4))
    return "has a group index (g_idx), an old form: export again without it";
  if (node.getIntAttr("weight_prepacked", 0) > 0)
    return "has a weight packed for one vendor's kernels";
  int64_t bits = node.getIntAttr("bits", 4);
  int64_t block = node.getIntAttr("block_size", 0);
  auto emit = [] { return InFlightDiagnostic(); };
  auto quant = BlockQuantAttr::getChecked(emit, node.getContext(), bits, block);
  if (!quant)
    return "has bits or block_size that no rule knows";
  context.setOutput(
      0, context.create<LinearOp>(context.outputType(0), context.input(0),
                                  context.input(1), context.input(2),
                                  context.input(3), context.input(5),
                                  /*transposed=*/false, quant));
  return std::nullopt;
}

/// Rows of a weight chosen by run-time ids are an embedding.
static Refusal raiseGather(RaiseContext &context) {
  Value data = context.input(0);
  Value indices = context.input(1);
  int64_t rank = getShape(data).size();
  int64_t axis = normaliseAxis(context.getNode().getIntAttr("axis", 0), rank);
  if (isWeight(data) && rank == 2 && axis == 0 && !getShape(indices).empty()) {
    context.setOutput(0, context.create<EmbeddingOp>(
                             context.outputType(0), data, indices,
                             /*scales=*/Value(), /*zero_points=*/Value(),
                             BlockQuantAttr()));
    return std::nullopt;
  }
  context.setOutput(
      0, context.create<GatherOp>(context.outputType(0), data, indices, axis));
  return std::nullopt;
}

static Refusal raiseGatherBlockQuantized(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  int64_t rank = getShape(context.input(0)).size();
  if (rank != 2 ||
      normaliseAxis(node.getIntAttr("gather_axis", 0), rank) != 0 ||
      normaliseAxis(node.getIntAttr("quantize_axis", 1), rank) != 1)
    return "is not a gather of rows quantised along their length";
  auto emit = [] { return InFlightDiagnostic(); };
  auto quant = BlockQuantAttr::getChecked(emit, node.getContext(),
                                          node.getIntAttr("bits", 4),
                                          node.getIntAttr("block_size", 128));
  if (!quant)
    return "has bits or block_size that no rule knows";
  context.setOutput(
      0, context.create<EmbeddingOp>(context.outputType(0), context.input(0),
                                     context.input(1), context.input(2),
                                     context.input(3), quant));
  return std::nullopt;
}

void inlay::nn::addLinearRules(RuleTable &rules) {
  rules["MatMul"] = raiseMatMul;
  rules["Gemm"] = raiseGemm;
  rules["com.microsoft::MatMulNBits"] = raiseMatMulNBits;
  rules["Gather"] = raiseGather;
  rules["com.microsoft::GatherBlockQuantized"] = raiseGatherBlockQuantized;
}
