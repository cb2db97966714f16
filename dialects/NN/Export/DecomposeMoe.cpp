//===- DecomposeMoe.cpp - Mixture of experts as nodes ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

#include <limits>

using namespace mlir;
using namespace inlay::nn;

//===----------------------------------------------------------------------===//
// Route
//===----------------------------------------------------------------------===//

/// Keeps the scores of the best groups.
static Value keepBestGroups(RouteOp op, Value scores, NodeBuilder &nodes) {
  int64_t tokens = getShape(scores)[0], experts = getShape(scores)[1];
  int64_t groups = op.getGroups();
  int64_t size = experts / groups;
  Value grouped = nodes.reshape(scores, {tokens, groups, size});
  Value best = nodes.topK(grouped, op.getBestPerGroup()).first;
  Value quality = nodes.reduce("Sum", best, 2, /*keepDims=*/false);
  Value chosen = nodes.topK(quality, op.getTopGroups()).second;
  Value marks =
      nodes.scatterElements(nodes.splat(0, {tokens, groups}, scores), chosen,
                            nodes.splat(1, getShape(chosen), scores));
  Value isChosen =
      nodes.compare("Greater", nodes.reshape(marks, {tokens, groups, 1}),
                    nodes.scalar(0, marks));
  Value kept =
      nodes.where(isChosen, grouped,
                  nodes.scalar(op.getMaskedScore().convertToDouble(), grouped));
  return nodes.reshape(kept, {tokens, experts});
}

/// The weights of the experts at `indices`, [tokens, k]: of each its share in a
/// softmax over those near it that were not chosen before.
static Value mixSparsely(RouteOp op, Value logits, Value indices,
                         NodeBuilder &nodes) {
  constexpr double out = -std::numeric_limits<double>::infinity();
  Value left = logits;
  SmallVector<Value> weights;
  for (int64_t slot = 0; slot < static_cast<int64_t>(op.getK()); ++slot) {
    Value index = nodes.sliceDim(indices, 1, slot, 1);
    Value best = nodes.gatherElements(logits, index);
    Value distance =
        nodes.binary("Div", nodes.binary("Sub", best, logits),
                     nodes.binary("Max", nodes.unary("Abs", logits), best));
    Value isFar = nodes.compare(
        "Greater", distance,
        nodes.scalar(op.getThreshold().convertToDouble(), distance));
    Value near = nodes.where(isFar, nodes.scalar(out, left), left);
    weights.push_back(nodes.gatherElements(nodes.softmax(near, 1), index));
    left = nodes.scatterElements(left, index,
                                 nodes.splat(out, getShape(index), left));
  }
  return nodes.concat(weights, 1);
}

Results inlay::nn::decompose(RouteOp op, Operands operands,
                             NodeBuilder &nodes) {
  Type wide = nodes.getBuilder().getF32Type();
  Value logits = nodes.cast(operands(op.getLogits()), wide);
  Value scores = logits;
  switch (op.getKind()) {
  case RouteKind::SoftmaxTopK:
    scores = nodes.softmax(logits, 1);
    break;
  case RouteKind::SigmoidTopK:
    scores = nodes.unary("Sigmoid", logits);
    break;
  case RouteKind::TopKSoftmax:
  case RouteKind::TopK:
  case RouteKind::SparseMixer:
    break;
  }
  Value selection = scores;
  if (Value bias = operands(op.getBias()))
    selection = nodes.binary(
        "Add", selection,
        nodes.cast(nodes.reshape(bias, {op.getNumExperts()}), wide));
  if (op.getGroups() > 1)
    selection = keepBestGroups(op, selection, nodes);
  Value indices = nodes.topK(selection, op.getK()).second;

  Value source = op.getKind() == RouteKind::TopK
                     ? nodes.cast(operands(op.getScores()), wide)
                     : scores;
  Value weights = op.getKind() == RouteKind::SparseMixer
                      ? mixSparsely(op, logits, indices, nodes)
                      : nodes.gatherElements(source, indices);
  if (op.getKind() == RouteKind::TopKSoftmax)
    weights = nodes.softmax(weights, 1);
  if (op.getRenormalize()) {
    Value sum = nodes.reduce("Sum", weights, 1);
    double epsilon = op.getEpsilon().convertToDouble();
    if (epsilon != 0)
      sum = nodes.binary("Add", sum, epsilon);
    double least = op.getLeastSum().convertToDouble();
    if (least != 0)
      sum = nodes.binary("Max", sum, least);
    weights = nodes.binary("Div", weights, sum);
  }
  double scale = op.getScale().convertToDouble();
  if (scale != 1)
    weights = nodes.binary("Mul", weights, scale);
  return {nodes.cast(weights, elementType(op.getWeights())),
          nodes.cast(indices, elementType(op.getIndices()))};
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

namespace {

/// All experts on all tokens; the routing weights, 0 for experts that were not
/// chosen, then make the sum.
class ExpertsDecomposer {
public:
  ExpertsDecomposer(ExpertsOp op, Operands operands, NodeBuilder &nodes)
      : op(op), operands(operands), nodes(nodes) {}

  Results run() {
    Value input = operands(op.getInput());
    int64_t hidden = op.getHidden();
    Value indices =
        nodes.cast(operands(op.getIndices()), nodes.getBuilder().getI64Type());
    tokens = getShape(indices)[0];
    Value weights = nodes.cast(operands(op.getWeights()), elementType(input));
    Value x = nodes.reshape(input, {1, tokens, hidden});
    Value factor = byExpert(indices, weights);
    if (op.getWeightOnInput()) {
      // An expert with biases answers to zeros: only the chosen may.
      x = nodes.binary("Mul", x, factor);
      factor = byExpert(indices, nodes.splat(1, getShape(weights), weights));
    }
    Value y = product(activate(x), op.getQuantOfFc2(),
                      {op.getFc2(), op.getFc2Scales(), op.getFc2ZeroPoints(),
                       op.getFc2Global(), op.getFc2Bias()},
                      hidden);
    Value sum = nodes.reduce("Sum", nodes.binary("Mul", y, factor), 0,
                             /*keepDims=*/false);
    return {nodes.cast(nodes.reshape(sum, getShape(op.getResult())),
                       elementType(op.getResult()))};
  }

private:
  /// One value for each expert and token: [experts, tokens, 1].
  Value byExpert(Value indices, Value values) {
    int64_t experts = op.getNumExperts();
    Value all = nodes.scatterElements(nodes.splat(0, {tokens, experts}, values),
                                      indices, values);
    return nodes.reshape(nodes.transpose(all, {1, 0}), {experts, tokens, 1});
  }

  /// The operands that are one matrix of the experts.
  struct MatrixOperands {
    Value weight, scales, zeroPoints, global, bias;
  };

  /// x [1 or experts, tokens, K] times each expert's [rows, K].
  Value product(Value x, BlockQuantAttr quant, const MatrixOperands &matrix,
                int64_t rows) {
    Value weight = operands(matrix.weight);
    int64_t experts = op.getNumExperts();
    int64_t columns = getLastDim(x);
    if (quant)
      weight = nodes.reshape(dequantise(nodes, weight, operands(matrix.scales),
                                        operands(matrix.zeroPoints), quant,
                                        {experts, rows, columns}),
                             {experts, rows, columns});
    if (Value global = operands(matrix.global))
      weight = nodes.binary("Mul", weight,
                            nodes.cast(nodes.reshape(global, {experts, 1, 1}),
                                       elementType(weight)));
    weight = nodes.cast(nodes.transpose(weight, {0, 2, 1}), elementType(x));
    Value y = nodes.matmul(x, weight);
    if (Value bias = operands(matrix.bias))
      y = nodes.binary(
          "Add", y,
          nodes.cast(nodes.reshape(bias, {experts, 1, rows}), elementType(y)));
    return y;
  }

  Value activate(Value x) {
    int64_t width = op.getIntermediate();
    Value y = product(x, op.getQuantAttr(),
                      {op.getFc1(), op.getFc1Scales(), op.getFc1ZeroPoints(),
                       op.getFc1Global(), op.getFc1Bias()},
                      width);
    if (!op.getFc3())
      return gated(y, Value());
    return gated(y,
                 product(x, op.getQuantAttr(),
                         {op.getFc3(), op.getFc3Scales(), op.getFc3ZeroPoints(),
                          op.getFc3Global(), op.getFc3Bias()},
                         width));
  }

  /// The activation of `gate`, times `linear` where there is one.
  Value gated(Value gate, Value linear) {
    double limit = op.getLimit().convertToDouble();
    if (op.getActivation() != ActivationKind::Swiglu) {
      Value active = activation(gate);
      return linear ? nodes.binary("Mul", active, linear) : active;
    }
    if (limit > 0) {
      gate = nodes.binary("Min", gate, limit);
      if (linear)
        linear =
            nodes.binary("Max", nodes.binary("Min", linear, limit), -limit);
    }
    Value sigmoid = nodes.unary(
        "Sigmoid", nodes.binary("Mul", gate, op.getAlpha().convertToDouble()));
    Value swish = nodes.binary("Mul", gate, sigmoid);
    if (!linear)
      return swish;
    return nodes.binary(
        "Mul", swish,
        nodes.binary("Add", linear, op.getBeta().convertToDouble()));
  }

  Value activation(Value x) {
    switch (op.getActivation()) {
    case ActivationKind::Identity:
      return x;
    case ActivationKind::Relu:
      return nodes.unary("Relu", x);
    case ActivationKind::Gelu:
      return unaryFunction(nodes, UnaryKind::Gelu, x);
    case ActivationKind::GeluTanh:
      return unaryFunction(nodes, UnaryKind::GeluTanh, x);
    case ActivationKind::Silu:
    case ActivationKind::Swiglu:
      return unaryFunction(nodes, UnaryKind::Silu, x);
    }
    llvm_unreachable("an activation that the switch does not have");
  }

  ExpertsOp op;
  Operands operands;
  NodeBuilder &nodes;
  int64_t tokens = 0;
};

} // namespace

Results inlay::nn::decompose(ExpertsOp op, Operands operands,
                             NodeBuilder &nodes) {
  return ExpertsDecomposer(op, operands, nodes).run();
}
