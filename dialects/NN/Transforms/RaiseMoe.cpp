//===- RaiseMoe.cpp - Rules for fused mixture-of-experts operators --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// com.microsoft::MoE and com.microsoft::QMoE take logits, not probabilities:
// MoE applies softmax over all experts and then chooses; QMoE chooses first and
// applies softmax over the chosen, unless `router_weights` gives the weights.
//
//===----------------------------------------------------------------------===//

#include "Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

namespace {

/// One of the three matrices of the experts.
struct Matrix {
  Value weight;
  Value scales;
  Value zeroPoints;
  Value bias;
};

/// What both operators have, whatever the position of their inputs.
struct MoeInputs {
  Matrix fc1;
  Matrix fc2;
  Matrix fc3;
  Value scores; ///< QMoE's router_weights
};

MoeInputs readMoe(RaiseContext &context) {
  MoeInputs inputs;
  inputs.fc1 = {context.input(2), {}, {}, context.input(3)};
  inputs.fc2 = {context.input(4), {}, {}, context.input(5)};
  inputs.fc3 = {context.input(6), {}, {}, context.input(7)};
  return inputs;
}

MoeInputs readQMoe(RaiseContext &context) {
  MoeInputs inputs;
  inputs.fc1 = {context.input(2), context.input(3), context.input(11),
                context.input(4)};
  inputs.fc2 = {context.input(5), context.input(6), context.input(12),
                context.input(7)};
  inputs.fc3 = {context.input(8), context.input(9), context.input(13),
                context.input(10)};
  inputs.scores = context.input(14);
  return inputs;
}

std::optional<ActivationKind> activationKind(StringRef name) {
  // The enum's spelling is the operators' own.
  return symbolizeActivationKind(name);
}

/// How gate and linear part lie; depends on the activation and swiglu_fusion.
std::optional<GateLayout> gateLayout(onnx::NodeOp node, ActivationKind kind,
                                     bool hasFc3) {
  if (kind != ActivationKind::Swiglu)
    return hasFc3 ? GateLayout::Separate : GateLayout::None;
  switch (node.getIntAttr("swiglu_fusion", 0)) {
  case 0:
    return hasFc3 ? std::optional(GateLayout::Separate) : std::nullopt;
  case 1:
    return GateLayout::Interleaved;
  case 2:
    return GateLayout::Halves;
  default:
    return std::nullopt;
  }
}

Value asTokens(RaiseContext &context, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 2)
    return value;
  int64_t experts = type.getShape().back();
  auto flat =
      RankedTensorType::get({numElements(type.getShape().drop_back()), experts},
                            type.getElementType());
  return context.create<ReshapeOp>(flat, value);
}

RouteOp createRoute(RaiseContext &context, const MoeInputs &inputs,
                    bool quantised) {
  onnx::NodeOp node = context.getNode();
  Value logits = asTokens(context, context.input(1));
  auto type = cast<RankedTensorType>(logits.getType());
  int64_t k = node.getIntAttr("k", 1);
  RouteKind kind = inputs.scores ? RouteKind::TopK
                   : quantised   ? RouteKind::TopKSoftmax
                                 : RouteKind::SoftmaxTopK;
  // Softmax over the chosen experts sums to 1 already.
  bool renormalise = node.getIntAttr("normalize_routing_weights", 0) != 0 &&
                     kind != RouteKind::TopKSoftmax;
  auto weights =
      RankedTensorType::get({type.getDimSize(0), k}, type.getElementType());
  auto indices = RankedTensorType::get({type.getDimSize(0), k},
                                       context.getBuilder().getI64Type());
  Value scores = inputs.scores ? asTokens(context, inputs.scores) : Value();
  return context.create<RouteOp>(
      weights, indices, logits, /*bias=*/Value(), scores, kind, k, renormalise,
      llvm::APFloat(1.0), /*groups=*/1, /*top_groups=*/1);
}

Refusal refuse(RaiseContext &context, const MoeInputs &inputs, bool quantised) {
  onnx::NodeOp node = context.getNode();
  if (node.getIntAttr("use_sparse_mixer", 0))
    return "routes with use_sparse_mixer = 1, which no rule knows yet";
  if (!inputs.fc1.weight || !inputs.fc2.weight)
    return "has no fc1 or fc2 weights";
  if (!quantised)
    return std::nullopt;
  if (node.getStringAttr("quant_type", "int") != "int")
    return "has weights of quant_type '" +
           node.getStringAttr("quant_type", "int").str() +
           "', which no rule knows yet";
  if (node.getIntAttr("weights_prepacked", 0) == 1)
    return "has experts packed for one vendor's kernels (weights_prepacked = "
           "1): export with weights_prepacked=0, or for the cpu or webgpu "
           "provider";
  if (!inputs.fc1.scales || !inputs.fc2.scales)
    return "has no scales";
  return std::nullopt;
}

/// Bits and block of a QMoE; the scales tell the block where no attribute does.
BlockQuantAttr readQuant(RaiseContext &context, const MoeInputs &inputs) {
  onnx::NodeOp node = context.getNode();
  int64_t bits = node.getIntAttr("expert_weight_bits", 4);
  int64_t block = node.getIntAttr("block_size", 0);
  ArrayRef<int64_t> scales = getShape(inputs.fc1.scales);
  int64_t hidden = getShape(context.input(0)).back();
  if (block == 0 && scales.size() == 3 && scales[2] > 1)
    block = hidden / scales[2];
  return BlockQuantAttr::getChecked([] { return InFlightDiagnostic(); },
                                    node.getContext(), bits, block);
}

Refusal raiseExperts(RaiseContext &context, const MoeInputs &inputs,
                     bool quantised) {
  if (Refusal refusal = refuse(context, inputs, quantised))
    return refusal;
  onnx::NodeOp node = context.getNode();
  std::optional<ActivationKind> activation =
      activationKind(node.getStringAttr("activation_type", "relu"));
  if (!activation)
    return "has an activation_type that no rule knows";
  std::optional<GateLayout> layout =
      gateLayout(node, *activation, static_cast<bool>(inputs.fc3.weight));
  if (!layout)
    return "has swiglu_fusion 0 without fc3, or a value that no rule knows";
  BlockQuantAttr quant;
  if (quantised && !(quant = readQuant(context, inputs)))
    return "has expert_weight_bits or block_size that no rule knows";

  RouteOp route = createRoute(context, inputs, quantised);
  auto real = [&](StringRef name, double otherwise) {
    return llvm::APFloat(node.getFloatAttr(name, otherwise));
  };
  context.setOutput(
      0, context.create<ExpertsOp>(
             context.outputType(0), context.input(0), route.getWeights(),
             route.getIndices(), inputs.fc1.weight, inputs.fc1.scales,
             inputs.fc1.zeroPoints, inputs.fc1.bias, inputs.fc2.weight,
             inputs.fc2.scales, inputs.fc2.zeroPoints, inputs.fc2.bias,
             inputs.fc3.weight, inputs.fc3.scales, inputs.fc3.zeroPoints,
             inputs.fc3.bias, *activation, *layout, real("activation_alpha", 1),
             real("activation_beta", 0), real("swiglu_limit", 0),
             /*weight_on_input=*/false, quant));
  return std::nullopt;
}

} // namespace

void inlay::nn::addMoeRules(RuleTable &rules) {
  rules["com.microsoft::MoE"] = [](RaiseContext &context) {
    return raiseExperts(context, readMoe(context), /*quantised=*/false);
  };
  rules["com.microsoft::QMoE"] = [](RaiseContext &context) {
    return raiseExperts(context, readQMoe(context), /*quantised=*/true);
  };
}
