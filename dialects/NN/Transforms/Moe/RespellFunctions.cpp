//===- RespellFunctions.cpp - Softmax and sigmoid written out -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RespellRules.h"

#include "Peel.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

static Value createUnary(OpBuilder &builder, NodeOp at, StringRef op,
                         Value input,
                         ArrayRef<NamedAttribute> attributes = {}) {
  return NodeOp::create(builder, at->getLoc(), TypeRange(input.getType()),
                        /*domain=*/"", op, ValueRange{input}, attributes)
      .getOutput(0);
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// The axis of a reduction of `of` over one dim that keeps it.
static std::optional<int64_t> readReduction(Value value, StringRef op,
                                            Value of) {
  NodeOp node = definedBy(value, op);
  auto from = shapeOf(of), to = node ? shapeOf(value) : std::nullopt;
  if (!from || !to || node.getInput(0) != of || from->size() != to->size())
    return std::nullopt;
  std::optional<int64_t> axis;
  for (auto [dim, before, after] : llvm::enumerate(*from, *to)) {
    if (before == after)
      continue;
    if (axis || after != 1)
      return std::nullopt;
    axis = dim;
  }
  return axis;
}

/// x of exp(x - max(x)) / sum(exp(x - max(x))), with both over the same dim.
/// Without the maximum it overflows where softmax does not.
static Value writeSoftmax(NodeOp node, OpBuilder &builder) {
  Value exponential = node.getInput(0);
  NodeOp exp = definedBy(exponential, "Exp");
  Value shifted = exp ? exp.getInput(0) : Value();
  NodeOp shift = shifted ? definedBy(shifted, "Sub") : NodeOp();
  if (!shift || shift.getInputs().size() != 2 ||
      shift.getInput(0).getType() != node.getOutput(0).getType())
    return {};
  auto sum = readReduction(node.getInput(1), "ReduceSum", exponential);
  auto maximum =
      readReduction(shift.getInput(1), "ReduceMax", shift.getInput(0));
  if (!sum || sum != maximum)
    return {};
  return createUnary(
      builder, node, "Softmax", shift.getInput(0),
      builder.getNamedAttr("axis", builder.getI64IntegerAttr(*sum)));
}

//===----------------------------------------------------------------------===//
// Sigmoid
//===----------------------------------------------------------------------===//

/// x of 1 + exp(-x), all of one type.
static Value readLogistic(Value value) {
  NodeOp sum = value ? definedBy(value, "Add") : NodeOp();
  if (!sum || sum.getInputs().size() != 2)
    return {};
  for (unsigned i : {0u, 1u}) {
    NodeOp exp = definedBy(sum.getInput(i), "Exp");
    Value negated = exp ? exp.getInput(0) : Value();
    if (!negated || numberOf(sum.getInput(1 - i)) != 1.0)
      continue;
    Value input;
    if (NodeOp minus = definedBy(negated, "Neg"))
      input = minus.getInput(0);
    else if (NodeOp product = definedBy(negated, "Mul"))
      for (unsigned j : {0u, 1u})
        if (numberOf(product.getInput(1 - j)) == -1.0)
          input = product.getInput(j);
    if (input && input.getType() == value.getType())
      return input;
  }
  return {};
}

Value moe::writeQuotient(NodeOp node, OpBuilder &builder) {
  if (node.getInputs().size() != 2 || !shapeOf(node.getOutput(0)))
    return {};
  if (Value softmax = writeSoftmax(node, builder))
    return softmax;
  Value input = readLogistic(node.getInput(1));
  if (!input || input.getType() != node.getOutput(0).getType())
    return {};
  Value sigmoid = createUnary(builder, node, "Sigmoid", input);
  if (numberOf(node.getInput(0)) == 1.0)
    return sigmoid;
  return NodeOp::create(builder, node->getLoc(),
                        TypeRange(node.getOutput(0).getType()), /*domain=*/"",
                        "Mul", ValueRange{node.getInput(0), sigmoid})
      .getOutput(0);
}

Value moe::writeDivision(NodeOp node, OpBuilder &builder) {
  if (node.getInputs().size() != 2)
    return {};
  for (unsigned i : {1u, 0u}) {
    NodeOp reciprocal = definedBy(node.getInput(i), "Reciprocal");
    Value divisor = reciprocal ? reciprocal.getInput(0) : Value();
    // Of a sum, with or without a small number.
    NodeOp sum = divisor ? divisor.getDefiningOp<NodeOp>() : NodeOp();
    if (sum && sum.isOp("", "Add") && sum.getInputs().size() == 2)
      sum = sum.getInput(numberOf(sum.getInput(1)).has_value() ? 0 : 1)
                .getDefiningOp<NodeOp>();
    if (sum && (sum.isOp("", "ReduceSum") || sum.isOp("", "ReduceL1")))
      return NodeOp::create(builder, node->getLoc(),
                            TypeRange(node.getOutput(0).getType()),
                            /*domain=*/"", "Div",
                            ValueRange{node.getInput(1 - i), divisor})
          .getOutput(0);
  }
  return {};
}

Value moe::writeReciprocal(NodeOp node, OpBuilder &builder) {
  Value input = readLogistic(node.getInput(0));
  return input ? createUnary(builder, node, "Sigmoid", input) : Value();
}
