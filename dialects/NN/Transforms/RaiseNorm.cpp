//===- RaiseNorm.cpp - Rules for norms and softmax ------------------------===//
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

static bool isOverLastDim(RaiseContext &context) {
  int64_t rank = getShape(context.input(0)).size();
  return normaliseAxis(context.getNode().getIntAttr("axis", -1), rank) ==
         rank - 1;
}

/// SimplifiedLayerNormalization of onnxruntime and ONNX RMSNormalization.
static Refusal raiseRmsNorm(RaiseContext &context) {
  if (!isOverLastDim(context))
    return "normalises over other than the last dim";
  FloatAttr epsilon = context.getBuilder().getF64FloatAttr(
      context.getNode().getFloatAttr("epsilon", 1e-5));
  context.setOutput(0, context.create<RmsNormOp>(context.outputType(0),
                                                 context.input(0),
                                                 context.input(1), epsilon));
  return std::nullopt;
}

static Refusal raiseLayerNorm(RaiseContext &context) {
  if (!isOverLastDim(context))
    return "normalises over other than the last dim";
  FloatAttr epsilon = context.getBuilder().getF64FloatAttr(
      context.getNode().getFloatAttr("epsilon", 1e-5));
  context.setOutput(0, context.create<LayerNormOp>(
                           context.outputType(0), context.input(0),
                           context.input(1), context.input(2), epsilon));
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
  Value sum = addSkip(context, context.input(3));
  FloatAttr epsilon = context.getBuilder().getF64FloatAttr(
      context.getNode().getFloatAttr("epsilon", 1e-5));
  context.setOutput(0, context.create<RmsNormOp>(context.outputType(0), sum,
                                                 context.input(2), epsilon));
  return std::nullopt;
}

static Refusal raiseSkipLayerNorm(RaiseContext &context) {
  Value sum = addSkip(context, context.input(4));
  FloatAttr epsilon = context.getBuilder().getF64FloatAttr(
      context.getNode().getFloatAttr("epsilon", 1e-5));
  context.setOutput(0, context.create<LayerNormOp>(context.outputType(0), sum,
                                                   context.input(2),
                                                   context.input(3), epsilon));
  return std::nullopt;
}

static Refusal raiseSoftmax(RaiseContext &context) {
  // Before opset 13 the default axis is 1 and the dims behind it are flattened.
  if (context.getNode().getOpset().value_or(13) < 13)
    return "is of an opset below 13, which flattens dims";
  int64_t rank = getShape(context.input(0)).size();
  int64_t axis = normaliseAxis(context.getNode().getIntAttr("axis", -1), rank);
  context.setOutput(0, context.create<SoftmaxOp>(context.outputType(0),
                                                 context.input(0), axis));
  return std::nullopt;
}

void inlay::nn::addNormRules(RuleTable &rules) {
  rules["SimplifiedLayerNormalization"] = raiseRmsNorm;
  rules["RMSNormalization"] = raiseRmsNorm;
  rules["LayerNormalization"] = raiseLayerNorm;
  rules["com.microsoft::SkipSimplifiedLayerNormalization"] = raiseSkipRmsNorm;
  rules["com.microsoft::SkipLayerNormalization"] = raiseSkipLayerNorm;
  rules["Softmax"] = raiseSoftmax;
}
