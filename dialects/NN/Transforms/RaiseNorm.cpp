//===- RaiseNorm.cpp - Rules for norms and softmax ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matchers.h"
#include "NormRoots.h"
#include "Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// The input with the dims from `axis` on in one; refused where an output that
/// no rule gives is read.
static Refusal flattenNormed(RaiseContext &context, Value &input) {
  if (context.isOutputUsed(1) || context.isOutputUsed(2))
    return "gives out its mean or deviation";
  input = context.input(0);
  ArrayRef<int64_t> shape = getShape(input);
  int64_t rank = shape.size();
  int64_t axis = normaliseAxis(context.getNode().getIntAttr("axis", -1), rank);
  if (axis < 0 || axis >= rank)
    return "normalises over a dim that its input does not have";
  SmallVector<int64_t> flat(shape.take_front(axis));
  flat.push_back(numElements(shape.drop_front(axis)));
  input = createReshape(context.getBuilder(), context.getLoc(), input, flat);
  return std::nullopt;
}

/// What stands for an epsilon that a node leaves out. onnxruntime's operators
/// that add a skip have a smaller one than those of ONNX.
static constexpr double kEpsilon = 1e-5, kSkipEpsilon = 1e-12;

static FloatAttr readEpsilon(RaiseContext &context, double otherwise) {
  return context.getBuilder().getF64FloatAttr(
      context.getNode().getFloatAttr("epsilon", otherwise));
}

/// The type of output 0 in the shape of the flattened input.
static RankedTensorType normedType(RaiseContext &context, Value input) {
  return RankedTensorType::get(getShape(input),
                               context.outputType(0).getElementType());
}

static void setNormed(RaiseContext &context, Value result) {
  context.setOutput(0, createReshape(context.getBuilder(), context.getLoc(),
                                     result, context.outputType(0).getShape()));
}

/// SimplifiedLayerNormalization of onnxruntime and ONNX RMSNormalization.
static Refusal raiseRmsNorm(RaiseContext &context) {
  Value input;
  if (Refusal refusal = flattenNormed(context, input))
    return refusal;
  setNormed(context, context.create<RmsNormOp>(normedType(context, input),
                                               input, context.input(1),
                                               readEpsilon(context, kEpsilon)));
  return std::nullopt;
}

static Refusal raiseLayerNorm(RaiseContext &context) {
  Value input;
  if (Refusal refusal = flattenNormed(context, input))
    return refusal;
  setNormed(context, context.create<LayerNormOp>(
                         normedType(context, input), input, context.input(1),
                         context.input(2), readEpsilon(context, kEpsilon)));
  return std::nullopt;
}

/// input + skip (+ bias): the residual stream, output 3 of the Skip operators.
static Value addSkip(RaiseContext &context, Value bias) {
  RankedTensorType type = context.outputType(0);
  Value sum = context.create<BinaryOp>(type, BinaryKind::Add, context.input(0),
                                       context.input(1));
  if (bias)
    sum = context.create<BinaryOp>(type, BinaryKind::Add, sum, bias);
  context.setOutput(3, sum);
  return sum;
}

static Refusal raiseSkipRmsNorm(RaiseContext &context) {
  if (context.isOutputUsed(1) || context.isOutputUsed(2))
    return "gives out its mean or deviation";
  Value sum = addSkip(context, context.input(3));
  FloatAttr epsilon = readEpsilon(context, kSkipEpsilon);
  context.setOutput(0, context.create<RmsNormOp>(context.outputType(0), sum,
                                                 context.input(2), epsilon));
  return std::nullopt;
}

static Refusal raiseSkipLayerNorm(RaiseContext &context) {
  if (context.isOutputUsed(1) || context.isOutputUsed(2))
    return "gives out its mean or deviation";
  Value sum = addSkip(context, context.input(4));
  FloatAttr epsilon = readEpsilon(context, kSkipEpsilon);
  context.setOutput(0, context.create<LayerNormOp>(context.outputType(0), sum,
                                                   context.input(2),
                                                   context.input(3), epsilon));
  return std::nullopt;
}

/// x / sqrt(sum of x^2), over one dim; 0 where all of x are.
static Refusal raiseLpNorm(RaiseContext &context) {
  if (context.getNode().getIntAttr("p", 2) != 2)
    return "divides by another norm than that of squares (p is not 2)";
  Value input = context.input(0);
  RankedTensorType given = context.outputType(0);
  int64_t axis =
      normaliseAxis(context.getNode().getIntAttr("axis", -1), given.getRank());
  if (axis < 0 || axis >= given.getRank())
    return "normalises along an axis that its input does not have";
  // Halves hold neither the squares of short rows nor what keeps these from 0.
  RankedTensorType type = given;
  if (given.getElementTypeBitWidth() < 32) {
    type = given.clone(Float32Type::get(given.getContext()));
    input = context.create<CastOp>(type, input);
  }
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = 1;
  auto reduced = RankedTensorType::get(shape, type.getElementType());
  auto scalar = RankedTensorType::get({}, type.getElementType());
  Value squares = context.create<BinaryOp>(type, BinaryKind::Mul, input, input);
  Value sum = context.create<ReduceOp>(reduced, ReduceKind::Sum, squares,
                                       ArrayRef<int64_t>{axis});
  Value root = context.create<UnaryOp>(reduced, UnaryKind::Sqrt, sum);
  root = context.create<BinaryOp>(
      reduced, BinaryKind::Max, root,
      createSplat(context.getBuilder(), context.getLoc(), scalar, kLeastRoot));
  Value unit = context.create<BinaryOp>(type, BinaryKind::Div, input, root);
  if (type != given)
    unit = context.create<CastOp>(given, unit);
  context.setOutput(0, unit);
  return std::nullopt;
}

/// Before opset 13 the default axis is 1, and the dims from the axis on count
/// as one.
static Refusal raiseSoftmax(RaiseContext &context) {
  Value input = context.input(0);
  RankedTensorType type = context.outputType(0);
  bool flattens = context.getNode().getOpset().value_or(13) < 13;
  int64_t rank = type.getRank();
  int64_t axis = normaliseAxis(
      context.getNode().getIntAttr("axis", flattens ? 1 : -1), rank);
  if (axis < 0 || axis >= rank)
    return "is over a dim that its input does not have";
  if (!flattens || axis == rank - 1) {
    context.setOutput(0, context.create<SoftmaxOp>(type, input, axis));
    return std::nullopt;
  }
  SmallVector<int64_t> flat(type.getShape().take_front(axis));
  flat.push_back(numElements(type.getShape().drop_front(axis)));
  Value rows =
      createReshape(context.getBuilder(), context.getLoc(), input, flat);
  Value result = context.create<SoftmaxOp>(
      RankedTensorType::get(flat, type.getElementType()), rows, axis);
  context.setOutput(0, createReshape(context.getBuilder(), context.getLoc(),
                                     result, type.getShape()));
  return std::nullopt;
}

void inlay::nn::addNormRules(RuleTable &rules) {
  const std::tuple<StringRef, unsigned, Rule> all[] = {
      {"SimplifiedLayerNormalization", 2, raiseRmsNorm},
      {"com.microsoft::SimplifiedLayerNormalization", 2, raiseRmsNorm},
      {"RMSNormalization", 2, raiseRmsNorm},
      {"LayerNormalization", 2, raiseLayerNorm},
      {"com.microsoft::SkipSimplifiedLayerNormalization", 3, raiseSkipRmsNorm},
      {"com.microsoft::SkipLayerNormalization", 3, raiseSkipLayerNorm},
      {"LpNormalization", 1, raiseLpNorm},
      {"Softmax", 1, raiseSoftmax},
  };
  for (const auto &[name, inputs, rule] : all)
    rules[name] = withInputs(inputs, rule);
}
