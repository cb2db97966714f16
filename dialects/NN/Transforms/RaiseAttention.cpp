//===- RaiseAttention.cpp - Rules for attention and rotary embedding ------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Raiser.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// Inputs of com.microsoft::GroupQueryAttention, by position.
namespace gqa {
enum Input : unsigned {
  Query,
  Key,
  Value,
  PastKey,
  PastValue,
  SeqlensK,
  TotalLength,
  Cos,
  Sin,
  Positions,
  Bias,
  Sinks,
  KeyScale,
  ValueScale,
  QueryNorm,
  KeyNorm,
};
} // namespace gqa

static Refusal refuseGroupQueryAttention(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  if (context.input(gqa::KeyScale) || context.input(gqa::ValueScale))
    return "keeps a quantised KV state";
  if (node.getIntAttr("smooth_softmax", 0) > 0)
    return "has smooth_softmax without sinks";
  if (static_cast<bool>(context.input(gqa::PastKey)) !=
      static_cast<bool>(context.input(gqa::PastValue)))
    return "has only one of past_key and past_value";
  if (node.getIntAttr("kv_num_heads", 0) < 1 ||
      node.getIntAttr("num_heads", 0) < 1)
    return "has no num_heads or kv_num_heads";
  return std::nullopt;
}

static Refusal raiseGroupQueryAttention(RaiseContext &context) {
  if (Refusal refusal = refuseGroupQueryAttention(context))
    return refusal;
  onnx::NodeOp node = context.getNode();
  int64_t heads = node.getIntAttr("num_heads", 0);
  int64_t kvHeads = node.getIntAttr("kv_num_heads", 0);
  bool packed = !context.input(gqa::Key);
  int64_t width = getShape(context.input(gqa::Query)).back();
  int64_t headDim = width / (packed ? heads + 2 * kvHeads : heads);
  double scale = node.getFloatAttr("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(headDim));
  bool rotates = node.getIntAttr("do_rotary", 0) != 0;
  RotaryLayout layout = !rotates ? RotaryLayout::None
                        : node.getIntAttr("rotary_interleaved", 0)
                            ? RotaryLayout::Interleaved
                            : RotaryLayout::Halves;
  int64_t window =
      std::max<int64_t>(0, node.getIntAttr("local_window_size", -1));
  auto attention = context.create<AttentionOp>(
      context.outputType(0), context.outputType(1), context.outputType(2),
      context.input(gqa::Query), context.input(gqa::Key),
      context.input(gqa::Value), context.input(gqa::PastKey),
      context.input(gqa::PastValue),
      rotates ? context.input(gqa::Cos) : Value(),
      rotates ? context.input(gqa::Sin) : Value(), context.input(gqa::Bias),
      context.input(gqa::Sinks), context.input(gqa::QueryNorm),
      context.input(gqa::KeyNorm), layout, heads, kvHeads, headDim, headDim,
      llvm::APFloat(scale), window,
      llvm::APFloat(node.getFloatAttr("softcap", 0)),
      node.getIntAttr("causal", 1) != 0);
  context.setOutput(0, attention.getResult());
  context.setOutput(1, attention.getPresentKey());
  context.setOutput(2, attention.getPresentValue());
  return std::nullopt;
}

/// The two rotary operators differ in the order of their inputs.
static Refusal raiseRotary(RaiseContext &context, unsigned cos, unsigned sin,
                           unsigned positions) {
  onnx::NodeOp node = context.getNode();
  RotaryLayout layout = node.getIntAttr("interleaved", 0)
                            ? RotaryLayout::Interleaved
                            : RotaryLayout::Halves;
  int64_t heads = node.getIntAttr("num_heads", 0);
  int64_t rank = getShape(context.input(0)).size();
  if (rank == 3 && heads < 1) {
    // Without num_heads the caches tell the size of a head.
    int64_t half = getShape(context.input(cos)).back();
    heads = getShape(context.input(0)).back() / std::max<int64_t>(1, 2 * half);
  }
  context.setOutput(
      0, context.create<RotaryOp>(context.outputType(0), context.input(0),
                                  context.input(cos), context.input(sin),
                                  context.input(positions), layout, heads));
  return std::nullopt;
}

void inlay::nn::addAttentionRules(RuleTable &rules) {
  rules["com.microsoft::GroupQueryAttention"] = raiseGroupQueryAttention;
  rules["RotaryEmbedding"] = [](RaiseContext &context) {
    return raiseRotary(context, /*cos=*/1, /*sin=*/2, /*positions=*/3);
  };
  rules["com.microsoft::RotaryEmbedding"] = [](RaiseContext &context) {
    return raiseRotary(context, /*cos=*/2, /*sin=*/3, /*positions=*/1);
  };
}
