//===- RespellRouters.cpp - Other words for choices and shares ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Routers whose tokens lie along the last dim, that choose by logarithms, or
// whose weights are normalised by one operator.
//
//===----------------------------------------------------------------------===//

#include "Peel.h"
#include "RespellRules.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

//===----------------------------------------------------------------------===//
// Tokens along the last dim
//===----------------------------------------------------------------------===//

/// The matrix `value` with its dims exchanged.
static Value turn(OpBuilder &builder, Location loc, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape = {type.getDimSize(1), type.getDimSize(0)};
  const int64_t permutation[] = {1, 0};
  return NodeOp::create(
             builder, loc,
             TypeRange(RankedTensorType::get(shape, type.getElementType())),
             /*domain=*/"", "Transpose", ValueRange{value},
             builder.getNamedAttr("perm",
                                  builder.getDenseI64ArrayAttr(permutation)))
      .getOutput(0);
}

/// Scores [experts, tokens] as a function of logits [tokens, experts]; else
/// they are turned as they are.
static Value turnScores(OpBuilder &builder, Value scores) {
  auto node = scores.getDefiningOp<NodeOp>();
  if (node &&
      (!node.getInput(0) || node.getInput(0).getType() != scores.getType()))
    node = nullptr;
  bool isSoftmax = node && node.isOp("", "Softmax") &&
                   node.getOpset().value_or(13) >= 13 &&
                   normaliseAxis(node.getIntAttr("axis", -1), 2) == 0;
  if (!isSoftmax && !(node && node.isOp("", "Sigmoid")))
    return turn(builder, scores.getLoc(), scores);
  Value logits = turn(builder, node->getLoc(), node.getInput(0));
  SmallVector<NamedAttribute> attributes;
  if (isSoftmax)
    attributes.push_back(
        builder.getNamedAttr("axis", builder.getI64IntegerAttr(1)));
  return NodeOp::create(builder, node->getLoc(), TypeRange(logits.getType()),
                        /*domain=*/"", node.getOpType(), ValueRange{logits},
                        attributes)
      .getOutput(0);
}

bool moe::turnChoice(NodeOp node, OpBuilder &builder) {
  Value input = node.getInput(0);
  auto type =
      input ? dyn_cast<RankedTensorType>(input.getType()) : RankedTensorType();
  bool isTurned = type && type.hasStaticShape() && type.getRank() == 2 &&
                  normaliseAxis(node.getIntAttr("axis", -1), 2) == 0;
  if (!isTurned || !isa<FloatType>(type.getElementType()) ||
      node.getInputs().size() != 2 || node.getOutputs().size() != 2)
    return false;
  SmallVector<Type> types;
  for (Value output : node.getOutputs()) {
    auto given = dyn_cast<RankedTensorType>(output.getType());
    if (!given || !given.hasStaticShape() || given.getRank() != 2)
      return false;
    types.push_back(RankedTensorType::get(
        {given.getDimSize(1), given.getDimSize(0)}, given.getElementType()));
  }
  SmallVector<NamedAttribute> attributes;
  for (StringRef name : {"largest", "sorted"})
    attributes.push_back(builder.getNamedAttr(
        name, builder.getI64IntegerAttr(node.getIntAttr(name, 1))));
  attributes.push_back(
      builder.getNamedAttr("axis", builder.getI64IntegerAttr(1)));
  Value scores = turnScores(builder, input);
  NodeOp turned =
      NodeOp::create(builder, node->getLoc(), types, /*domain=*/"", "TopK",
                     ValueRange{scores, node.getInput(1)}, attributes);
  for (auto [before, after] :
       llvm::zip_equal(node.getOutputs(), turned.getOutputs()))
    before.replaceAllUsesWith(turn(builder, node->getLoc(), after));
  return true;
}

//===----------------------------------------------------------------------===//
// Logarithms
//===----------------------------------------------------------------------===//

bool moe::chooseByShares(NodeOp node, OpBuilder &builder) {
  Value scores = node.getInput(0);
  NodeOp logarithm = scores ? definedBy(scores, "LogSoftmax") : NodeOp();
  auto shape = logarithm ? shapeOf(scores) : std::nullopt;
  if (!shape || shape->empty() || !node.getOutput(0) ||
      !logarithm.getInput(0) || logarithm.getOpset().value_or(13) < 13)
    return false;
  int64_t rank = shape->size();
  if (normaliseAxis(logarithm.getIntAttr("axis", -1), rank) != rank - 1 ||
      normaliseAxis(node.getIntAttr("axis", -1), rank) != rank - 1)
    return false;
  // Whatever else reads the values wants logarithms.
  SmallVector<NodeOp> powers;
  for (Operation *user : node.getOutput(0).getUsers()) {
    auto power = dyn_cast<NodeOp>(user);
    if (!power || !power.isOp("", "Exp"))
      return false;
    powers.push_back(power);
  }
  Value shares =
      NodeOp::create(
          builder, logarithm->getLoc(),
          TypeRange(logarithm.getOutput(0).getType()), /*domain=*/"", "Softmax",
          ValueRange{logarithm.getInput(0)},
          builder.getNamedAttr("axis", builder.getI64IntegerAttr(rank - 1)))
          .getOutput(0);
  node->replaceUsesOfWith(scores, shares);
  for (NodeOp power : powers)
    power.getOutput(0).replaceAllUsesWith(node.getOutput(0));
  return true;
}

//===----------------------------------------------------------------------===//
// LpNormalization
//===----------------------------------------------------------------------===//

/// Whether `value` is the values of a TopK, or gathered by its choice.
static bool isChosen(Value value) {
  constexpr int maxDepth = 6;
  for (int depth = 0; value && depth < maxDepth; ++depth) {
    auto node = value.getDefiningOp<NodeOp>();
    if (!node || !node.getDomain().empty())
      return false;
    if (node.isOp("", "TopK") || node.isOp("", "GatherElements"))
      return true;
    static constexpr StringLiteral kFollowed[] = {
        "Cast",      "Reshape",  "Squeeze", "Unsqueeze",
        "Transpose", "Identity", "Softmax", "Sigmoid"};
    if (!llvm::is_contained(kFollowed, node.getOpType()))
      return false;
    value = node.getInput(0);
  }
  return false;
}

/// A constant of one number, or of a list of one.
static Value createConstant(OpBuilder &builder, Location loc,
                            DenseElementsAttr value) {
  return onnx::ConstantOp::create(builder, loc, cast<ElementsAttr>(value));
}

Value moe::writeShares(NodeOp node, OpBuilder &builder) {
  Value input = node.getInput(0);
  auto type =
      input ? dyn_cast<RankedTensorType>(input.getType()) : RankedTensorType();
  if (!type || !type.hasStaticShape() || type.getRank() == 0 ||
      node.getIntAttr("p", 2) != 1 || !isChosen(input) ||
      input.getType() != node.getOutput(0).getType())
    return {};
  auto element = dyn_cast<FloatType>(type.getElementType());
  int64_t axis = normaliseAxis(node.getIntAttr("axis", -1), type.getRank());
  if (!element || axis < 0 || axis >= type.getRank())
    return {};
  Location loc = node->getLoc();
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = 1;
  auto sumType = RankedTensorType::get(shape, element);
  SmallVector<Value> operands = {input};
  SmallVector<NamedAttribute> attributes;
  if (node.getOpset().value_or(18) >= 18)
    operands.push_back(createConstant(
        builder, loc,
        DenseElementsAttr::get(RankedTensorType::get(1, builder.getI64Type()),
                               ArrayRef(axis))));
  else
    attributes.push_back(
        builder.getNamedAttr("axes", builder.getDenseI64ArrayAttr(axis)));
  Value sum = NodeOp::create(builder, loc, TypeRange(sumType), /*domain=*/"",
                             "ReduceL1", operands, attributes)
                  .getOutput(0);
  // The operator gives 0 for zeros; no other sum is below the least number.
  Value least =
      createConstant(builder, loc,
                     DenseElementsAttr::get(
                         RankedTensorType::get({}, element),
                         APFloat::getSmallest(element.getFloatSemantics())));
  sum = NodeOp::create(builder, loc, TypeRange(sumType), /*domain=*/"", "Max",
                       ValueRange{sum, least})
            .getOutput(0);
  return NodeOp::create(builder, loc, TypeRange(type), /*domain=*/"", "Div",
                        ValueRange{input, sum})
      .getOutput(0);
}
