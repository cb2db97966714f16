//===- RaiseElementwise.cpp - Rules for elementwise operators -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Raiser.h"

using namespace mlir;
using namespace inlay::nn;

static Rule unaryRule(UnaryKind kind) {
  return [kind](RaiseContext &context) -> Refusal {
    context.setOutput(0, context.create<UnaryOp>(context.outputType(0), kind,
                                                 context.input(0)));
    return std::nullopt;
  };
}

static Rule binaryRule(BinaryKind kind) {
  return [kind](RaiseContext &context) -> Refusal {
    if (context.getNode().getInputs().size() != 2)
      return "takes other than two operands";
    context.setOutput(0, context.create<BinaryOp>(context.outputType(0), kind,
                                                  context.input(0),
                                                  context.input(1)));
    return std::nullopt;
  };
}

static Refusal raiseGelu(RaiseContext &context) {
  bool tanh = context.getNode().getStringAttr("approximate", "none") == "tanh";
  return unaryRule(tanh ? UnaryKind::GeluTanh : UnaryKind::Gelu)(context);
}

static Refusal raiseSwish(RaiseContext &context) {
  double alpha = context.getNode().getFloatAttr("alpha", 1);
  if (alpha != 1)
    return "alpha is not 1";
  return unaryRule(UnaryKind::Silu)(context);
}

static Refusal raiseCast(RaiseContext &context) {
  context.setOutput(
      0, context.create<CastOp>(context.outputType(0), context.input(0)));
  return std::nullopt;
}

static Refusal raiseWhere(RaiseContext &context) {
  context.setOutput(
      0, context.create<WhereOp>(context.outputType(0), context.input(0),
                                 context.input(1), context.input(2)));
  return std::nullopt;
}

/// Element-wise bounds: absent ones are no bound.
static Refusal raiseClip(RaiseContext &context) {
  if (context.getNode().getInputs().size() < 2)
    return "has its bounds as attributes (opset 6)";
  Value value = context.input(0);
  Type type = context.outputType(0);
  if (Value low = context.input(1))
    value = context.create<BinaryOp>(type, BinaryKind::Max, value, low);
  if (context.getNode().getInputs().size() > 2)
    if (Value high = context.input(2))
      value = context.create<BinaryOp>(type, BinaryKind::Min, value, high);
  context.setOutput(0, value);
  return std::nullopt;
}

void inlay::nn::addElementwiseRules(RuleTable &rules) {
  const std::pair<StringRef, UnaryKind> unary[] = {
      {"Abs", UnaryKind::Abs},
      {"Neg", UnaryKind::Neg},
      {"Exp", UnaryKind::Exp},
      {"Log", UnaryKind::Log},
      {"Sqrt", UnaryKind::Sqrt},
      {"Reciprocal", UnaryKind::Reciprocal},
      {"Sigmoid", UnaryKind::Sigmoid},
      {"Tanh", UnaryKind::Tanh},
      {"Relu", UnaryKind::Relu},
      {"Softplus", UnaryKind::Softplus},
      {"Erf", UnaryKind::Erf},
      {"Sin", UnaryKind::Sin},
      {"Cos", UnaryKind::Cos},
      {"Not", UnaryKind::Not},
      {"com.microsoft::Gelu", UnaryKind::Gelu},
  };
  for (auto [name, kind] : unary)
    rules[name] = unaryRule(kind);

  const std::pair<StringRef, BinaryKind> binary[] = {
      {"Add", BinaryKind::Add},
      {"Sub", BinaryKind::Sub},
      {"Mul", BinaryKind::Mul},
      {"Div", BinaryKind::Div},
      {"Pow", BinaryKind::Pow},
      {"Max", BinaryKind::Max},
      {"Min", BinaryKind::Min},
      {"Equal", BinaryKind::Equal},
      {"Less", BinaryKind::Less},
      {"LessOrEqual", BinaryKind::LessOrEqual},
      {"Greater", BinaryKind::Greater},
      {"GreaterOrEqual", BinaryKind::GreaterOrEqual},
      {"And", BinaryKind::And},
      {"Or", BinaryKind::Or},
  };
  for (auto [name, kind] : binary)
    rules[name] = binaryRule(kind);

  rules["Gelu"] = raiseGelu;
  rules["Swish"] = raiseSwish;
  rules["Cast"] = raiseCast;
  rules["CastLike"] = raiseCast;
  rules["Where"] = raiseWhere;
  rules["Clip"] = raiseClip;
}
