//===- RaiseElementwise.cpp - Rules for elementwise operators -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matchers.h"
#include "Raiser.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

static Rule unaryRule(UnaryKind kind) {
  return [kind](RaiseContext &context) -> Refusal {
    context.setOutput(0, context.create<UnaryOp>(context.outputType(0), kind,
                                                 context.input(0)));
    return std::nullopt;
  };
}

/// Of two values, or (Max, Min) of any number of them.
static Rule binaryRule(BinaryKind kind) {
  return [kind](RaiseContext &context) -> Refusal {
    unsigned count = context.getNode().getInputs().size();
    for (unsigned i = 0; i < count; ++i)
      if (!context.input(i))
        return "has no input " + std::to_string(i);
    bool isVariadic = kind == BinaryKind::Max || kind == BinaryKind::Min;
    if (count != 2 && !isVariadic)
      return "takes other than two operands";
    Value result = context.input(0);
    Type element = context.outputType(0).getElementType();
    for (unsigned i = 1; i < count; ++i) {
      auto shape =
          broadcastShapes({getShape(result), getShape(context.input(i))});
      if (!shape)
        return "has operands whose shapes do not broadcast";
      result = context.create<BinaryOp>(RankedTensorType::get(*shape, element),
                                        kind, result, context.input(i));
    }
    context.setOutput(0, result);
    return std::nullopt;
  };
}

static Refusal raiseGelu(RaiseContext &context) {
  bool tanh = context.getNode().getStringAttr("approximate", "none") == "tanh";
  return unaryRule(tanh ? UnaryKind::GeluTanh : UnaryKind::Gelu)(context);
}

/// A number in the element type of output 0.
static Value number(RaiseContext &context, double value) {
  auto type = RankedTensorType::get({}, context.outputType(0).getElementType());
  return createSplat(context.getBuilder(), context.getLoc(), type, value);
}

static Value binary(RaiseContext &context, BinaryKind kind, Value lhs,
                    Value rhs) {
  return context.create<BinaryOp>(context.outputType(0), kind, lhs, rhs);
}

/// x * sigmoid(alpha * x)
static Rule sigmoidGateRule(double defaultAlpha) {
  return [defaultAlpha](RaiseContext &context) -> Refusal {
    double alpha = context.getNode().getFloatAttr("alpha", defaultAlpha);
    Value input = context.input(0);
    if (alpha == 1)
      return unaryRule(UnaryKind::Silu)(context);
    Value scaled =
        binary(context, BinaryKind::Mul, input, number(context, alpha));
    Value gate = context.create<UnaryOp>(context.outputType(0),
                                         UnaryKind::Sigmoid, scaled);
    context.setOutput(0, binary(context, BinaryKind::Mul, input, gate));
    return std::nullopt;
  };
}

/// max(0, min(1, alpha * x + beta)), times x for HardSwish. Not a Swish: its
/// gate is a line.
static Rule hardSigmoidRule(double defaultAlpha, double defaultBeta,
                            bool isSwish) {
  return [=](RaiseContext &context) -> Refusal {
    onnx::NodeOp node = context.getNode();
    Value input = context.input(0);
    Value line =
        binary(context, BinaryKind::Mul, input,
               number(context, node.getFloatAttr("alpha", defaultAlpha)));
    line = binary(context, BinaryKind::Add, line,
                  number(context, node.getFloatAttr("beta", defaultBeta)));
    line = binary(context, BinaryKind::Min, line, number(context, 1));
    line = binary(context, BinaryKind::Max, line, number(context, 0));
    if (isSwish)
      line = binary(context, BinaryKind::Mul, input, line);
    context.setOutput(0, line);
    return std::nullopt;
  };
}

/// gelu(x + bias), of onnxruntime; the bias may be absent.
static Rule biasGeluRule(UnaryKind kind) {
  return [kind](RaiseContext &context) -> Refusal {
    Value input = context.input(0);
    if (Value bias = context.input(1))
      input = binary(context, BinaryKind::Add, input, bias);
    context.setOutput(
        0, context.create<UnaryOp>(context.outputType(0), kind, input));
    return std::nullopt;
  };
}

/// The only value that is not equal to itself.
static Refusal raiseIsNaN(RaiseContext &context) {
  Value input = context.input(0);
  Value equal = binary(context, BinaryKind::Equal, input, input);
  context.setOutput(
      0, context.create<UnaryOp>(context.outputType(0), UnaryKind::Not, equal));
  return std::nullopt;
}

/// Either infinity, or one of them.
static Refusal raiseIsInf(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  Value input = context.input(0);
  bool positive = node.getIntAttr("detect_positive", 1) != 0;
  bool negative = node.getIntAttr("detect_negative", 1) != 0;
  if (!positive && !negative)
    return "looks for no infinity at all";
  auto type = cast<RankedTensorType>(input.getType());
  if (!isa<FloatType>(type.getElementType()))
    return "looks for infinity among integers";
  if (positive && negative)
    input = context.create<UnaryOp>(type, UnaryKind::Abs, input);
  double infinity = std::numeric_limits<double>::infinity();
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value bound = createSplat(context.getBuilder(), context.getLoc(), scalar,
                            positive ? infinity : -infinity);
  context.setOutput(0, binary(context, BinaryKind::Equal, input, bound));
  return std::nullopt;
}

/// One of two booleans, not both.
static Refusal raiseXor(RaiseContext &context) {
  Value equal =
      binary(context, BinaryKind::Equal, context.input(0), context.input(1));
  context.setOutput(
      0, context.create<UnaryOp>(context.outputType(0), UnaryKind::Not, equal));
  return std::nullopt;
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

/// Bounds are inputs, or attributes before opset 11; absent ones are no bound.
static Refusal raiseClip(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  Value low = context.input(1), high = context.input(2);
  if (node.getNodeAttr("min"))
    low = number(context, node.getFloatAttr("min", 0));
  if (node.getNodeAttr("max"))
    high = number(context, node.getFloatAttr("max", 0));
  Value value = context.input(0);
  if (low)
    value = binary(context, BinaryKind::Max, value, low);
  if (high)
    value = binary(context, BinaryKind::Min, value, high);
  context.setOutput(0, value);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Quantised activations
//===----------------------------------------------------------------------===//

/// One number, or one for each index of a dim, as f32 and such that it
/// broadcasts to a tensor of `rank` dims; null where it is neither.
static Value stepsAlong(RaiseContext &context, Value steps, int64_t rank,
                        int64_t axis) {
  auto type = cast<RankedTensorType>(steps.getType());
  Type f32 = context.getBuilder().getF32Type();
  if (type.getElementType() != f32)
    steps = context.create<CastOp>(type.clone(f32), steps);
  if (type.getNumElements() == 1)
    return createReshape(context.getBuilder(), context.getLoc(), steps, {});
  if (type.getRank() != 1 || axis < 0 || axis >= rank)
    return {};
  SmallVector<int64_t> shape(rank - axis, 1);
  shape.front() = type.getNumElements();
  return createReshape(context.getBuilder(), context.getLoc(), steps, shape);
}

/// The nearest whole number (of two the even one) to x / scale, plus the zero
/// point, kept within the type.
static Refusal raiseQuantize(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  RankedTensorType to = context.outputType(0);
  auto type = cast<RankedTensorType>(context.input(0).getType());
  auto element = dyn_cast<IntegerType>(to.getElementType());
  unsigned bits = to.getElementTypeBitWidth();
  if (!element || (bits != 8 && bits != 16))
    return "rounds to other than 8 or 16 bits";
  if (!isa<FloatType>(type.getElementType()))
    return "rounds what is whole already";
  if (node.getIntAttr("block_size", 0) != 0)
    return "has a scale for each block";
  OpBuilder &builder = context.getBuilder();
  int64_t axis = normaliseAxis(node.getIntAttr("axis", 1), type.getRank());
  Value scale = stepsAlong(context, context.input(1), type.getRank(), axis);
  Value zero = context.input(2)
                   ? stepsAlong(context, context.input(2), type.getRank(), axis)
                   : Value();
  if (!scale || (context.input(2) && !zero))
    return "has scales that are neither one nor along a dim of its input";
  RankedTensorType wide = type.clone(builder.getF32Type());
  auto apply = [&](BinaryKind kind, Value lhs, Value rhs) -> Value {
    return context.create<BinaryOp>(wide, kind, lhs, rhs);
  };
  auto splat = [&](double number) {
    return createSplat(builder, context.getLoc(),
                       RankedTensorType::get({}, builder.getF32Type()), number);
  };
  Value x = context.input(0);
  if (type != wide)
    x = context.create<CastOp>(wide, x);
  x = context.create<UnaryOp>(wide, UnaryKind::Round,
                              apply(BinaryKind::Div, x, scale));
  if (zero)
    x = apply(BinaryKind::Add, x, zero);
  bool isSigned = !element.isUnsigned();
  double low = isSigned ? -std::ldexp(1, bits - 1) : 0;
  x = apply(BinaryKind::Max, x, splat(low));
  x = apply(BinaryKind::Min, x, splat(low + std::ldexp(1, bits) - 1));
  context.setOutput(0, context.create<CastOp>(to, x));
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
      {"Floor", UnaryKind::Floor},
      {"Ceil", UnaryKind::Ceil},
      {"Round", UnaryKind::Round},
      {"Sign", UnaryKind::Sign},
      {"com.microsoft::Gelu", UnaryKind::Gelu},
  };
  for (auto [name, kind] : unary)
    rules[name] = withInputs(1, unaryRule(kind));

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
    rules[name] = withInputs(1, binaryRule(kind));

  const std::tuple<StringRef, unsigned, Rule> others[] = {
      {"Gelu", 1, raiseGelu},
      {"Swish", 1, sigmoidGateRule(1)},
      {"com.microsoft::QuickGelu", 1, sigmoidGateRule(1.702)},
      {"HardSigmoid", 1, hardSigmoidRule(0.2, 0.5, /*isSwish=*/false)},
      {"HardSwish", 1, hardSigmoidRule(1.0 / 6, 0.5, /*isSwish=*/true)},
      {"com.microsoft::BiasGelu", 2, biasGeluRule(UnaryKind::Gelu)},
      {"com.microsoft::FastGelu", 1, biasGeluRule(UnaryKind::GeluTanh)},
      {"IsNaN", 1, raiseIsNaN},
      {"IsInf", 1, raiseIsInf},
      {"Xor", 2, raiseXor},
      {"Cast", 1, raiseCast},
      {"CastLike", 1, raiseCast},
      {"Where", 3, raiseWhere},
      {"Clip", 1, raiseClip},
      {"QuantizeLinear", 2, raiseQuantize},
      {"com.microsoft::QuantizeLinear", 2, raiseQuantize},
  };
  for (const auto &[name, inputs, rule] : others)
    rules[name] = withInputs(inputs, rule);
}
