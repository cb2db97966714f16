//===- DecomposeElementwise.cpp - Elementwise operations as nodes ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

using namespace mlir;
using namespace inlay::nn;

/// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
static Value geluTanh(NodeBuilder &nodes, Value x) {
  Value cube = nodes.binary("Mul", nodes.binary("Mul", x, x), x);
  Value inner = nodes.binary("Add", x, nodes.binary("Mul", cube, 0.044715));
  Value tanh =
      nodes.unary("Tanh", nodes.binary("Mul", inner, 0.7978845608028654));
  return nodes.binary("Mul", nodes.binary("Mul", x, 0.5),
                      nodes.binary("Add", tanh, 1.0));
}

/// 0.5 x (1 + erf(x / sqrt(2))).
static Value gelu(NodeBuilder &nodes, Value x) {
  Value erf = nodes.unary("Erf", nodes.binary("Mul", x, 0.7071067811865476));
  return nodes.binary("Mul", nodes.binary("Mul", x, 0.5),
                      nodes.binary("Add", erf, 1.0));
}

Value inlay::nn::unaryFunction(NodeBuilder &nodes, UnaryKind kind, Value x) {
  switch (kind) {
  case UnaryKind::Abs:
    return nodes.unary("Abs", x);
  case UnaryKind::Neg:
    return nodes.unary("Neg", x);
  case UnaryKind::Exp:
    return nodes.unary("Exp", x);
  case UnaryKind::Log:
    return nodes.unary("Log", x);
  case UnaryKind::Sqrt:
    return nodes.unary("Sqrt", x);
  case UnaryKind::Reciprocal:
    return nodes.unary("Reciprocal", x);
  case UnaryKind::Sigmoid:
    return nodes.unary("Sigmoid", x);
  case UnaryKind::Silu:
    return nodes.binary("Mul", x, nodes.unary("Sigmoid", x));
  case UnaryKind::Tanh:
    return nodes.unary("Tanh", x);
  case UnaryKind::Gelu:
    return gelu(nodes, x);
  case UnaryKind::GeluTanh:
    return geluTanh(nodes, x);
  case UnaryKind::Relu:
    return nodes.unary("Relu", x);
  case UnaryKind::Softplus:
    return nodes.unary("Softplus", x);
  case UnaryKind::Erf:
    return nodes.unary("Erf", x);
  case UnaryKind::Sin:
    return nodes.unary("Sin", x);
  case UnaryKind::Cos:
    return nodes.unary("Cos", x);
  case UnaryKind::Not:
    return nodes.unary("Not", x);
  case UnaryKind::Floor:
    return nodes.unary("Floor", x);
  case UnaryKind::Ceil:
    return nodes.unary("Ceil", x);
  case UnaryKind::Round:
    return nodes.unary("Round", x);
  case UnaryKind::Sign:
    return nodes.unary("Sign", x);
  }
  llvm_unreachable("a kind that the switch does not have");
}

Results inlay::nn::decompose(UnaryOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {unaryFunction(nodes, op.getKind(), operands(op.getInput()))};
}

/// ONNX's name, and whether the result is a truth value.
static std::pair<StringRef, bool> binaryOperator(BinaryKind kind) {
  switch (kind) {
  case BinaryKind::Add:
    return {"Add", false};
  case BinaryKind::Sub:
    return {"Sub", false};
  case BinaryKind::Mul:
    return {"Mul", false};
  case BinaryKind::Div:
    return {"Div", false};
  case BinaryKind::Pow:
    return {"Pow", false};
  case BinaryKind::Max:
    return {"Max", false};
  case BinaryKind::Min:
    return {"Min", false};
  case BinaryKind::Equal:
    return {"Equal", true};
  case BinaryKind::Less:
    return {"Less", true};
  case BinaryKind::LessOrEqual:
    return {"LessOrEqual", true};
  case BinaryKind::Greater:
    return {"Greater", true};
  case BinaryKind::GreaterOrEqual:
    return {"GreaterOrEqual", true};
  case BinaryKind::And:
    return {"And", true};
  case BinaryKind::Or:
    return {"Or", true};
  }
  llvm_unreachable("a kind that the switch does not have");
}

Results inlay::nn::decompose(BinaryOp op, Operands operands,
                             NodeBuilder &nodes) {
  auto [name, isTruth] = binaryOperator(op.getKind());
  Value lhs = operands(op.getLhs()), rhs = operands(op.getRhs());
  return {isTruth ? nodes.compare(name, lhs, rhs)
                  : nodes.binary(name, lhs, rhs)};
}

Results inlay::nn::decompose(WhereOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {nodes.where(operands(op.getCondition()), operands(op.getLhs()),
                      operands(op.getRhs()))};
}

Results inlay::nn::decompose(CastOp op, Operands operands, NodeBuilder &nodes) {
  return {nodes.cast(operands(op.getInput()), elementType(op.getResult()))};
}

static StringRef reduceOperator(ReduceKind kind) {
  switch (kind) {
  case ReduceKind::Sum:
    return "Sum";
  case ReduceKind::Mean:
    return "Mean";
  case ReduceKind::Max:
    return "Max";
  case ReduceKind::Min:
    return "Min";
  case ReduceKind::Prod:
    return "Prod";
  }
  llvm_unreachable("a kind that the switch does not have");
}

Results inlay::nn::decompose(ReduceOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value value = operands(op.getInput());
  // No axes at all would be all axes to ONNX.
  if (!op.getAxes().empty())
    value = nodes.reduce(reduceOperator(op.getKind()), value, op.getAxes());
  return {nodes.reshape(value, getShape(op.getResult()))};
}

Results inlay::nn::decompose(TopKOp op, Operands operands, NodeBuilder &nodes) {
  auto [values, indices] =
      nodes.topK(operands(op.getInput()), getLastDim(op.getValues()),
                 /*largest=*/!op.getSmallest(), /*sorted=*/!op.getUnsorted());
  return {values, indices};
}
