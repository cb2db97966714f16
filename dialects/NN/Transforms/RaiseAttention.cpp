//===- RaiseAttention.cpp - Rules for attention of onnxruntime ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "Matchers.h"
#include "Raiser.h"

#include "dialects/Onnx/Transforms/Passes.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// 1 / sqrt(d) unless the node says otherwise.
static double readScale(onnx::NodeOp node, int64_t headDim) {
  double scale = node.getFloatAttr("scale", 0);
  return scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(headDim));
}

//===----------------------------------------------------------------------===//
// GroupQueryAttention
//===----------------------------------------------------------------------===//

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

/// Lengths that the runtime gives are those of the step: all tokens of the
/// context and all new ones. Lengths in the model that say otherwise hide keys.
static Refusal refuseOtherLengths(onnx::NodeOp node, int64_t tokens) {
  Value input = node.getInput(gqa::SeqlensK);
  auto lasts = input ? onnx::getConstantInts(input) : std::nullopt;
  auto graph = node->getParentOfType<onnx::GraphOp>();
  auto past = graph->getAttrOfType<IntegerAttr>(onnx::kContextAttr);
  if (!lasts || !past)
    return std::nullopt;
  int64_t length = past.getInt() + tokens;
  for (int64_t last : *lasts)
    if (last + 1 != length)
      return "has the constant " + std::to_string(last) +
             " in seqlens_k, so that " + std::to_string(last + 1) +
             " tokens count, where the step has " + std::to_string(length) +
             " (context " + std::to_string(past.getInt()) + ", new " +
             std::to_string(tokens) +
             "): make seqlens_k an input, or ask for a step of that length";
  return std::nullopt;
}

static Refusal refuseGroupQueryAttention(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  if (!context.input(gqa::Query))
    return "has no query";
  if (context.hasBoth(gqa::PastKey, gqa::PastValue) == Both::One)
    return "has only one of past_key and past_value";
  if (context.hasBoth(gqa::Key, gqa::Value) == Both::One)
    return "has only one of key and value";
  if (context.hasBoth(gqa::QueryNorm, gqa::KeyNorm) == Both::One)
    return "has only one of q_norm_weight and k_norm_weight";
  if (context.hasBoth(gqa::KeyScale, gqa::ValueScale) == Both::One)
    return "has only one of k_scale and v_scale";
  int64_t heads = node.getIntAttr("num_heads", 0);
  int64_t kvHeads = node.getIntAttr("kv_num_heads", 0);
  if (kvHeads < 1 || heads < 1 || heads % kvHeads != 0)
    return "has no num_heads that is a multiple of kv_num_heads";
  ArrayRef<int64_t> query = getShape(context.input(gqa::Query));
  int64_t rows = context.input(gqa::Key) ? heads : heads + 2 * kvHeads;
  if (query.size() != 3 || query[2] % rows != 0)
    return "has a query whose width its heads do not divide";
  if (node.getIntAttr("do_rotary", 0) &&
      context.hasBoth(gqa::Cos, gqa::Sin) != Both::All)
    return "rotates (do_rotary = 1) without cos_cache and sin_cache";
  int64_t bits = node.getIntAttr("kv_cache_bit_width", 0);
  if (bits != 0 && bits != 4 && bits != 8)
    return "keeps its state in " + std::to_string(bits) +
           " bits (kv_cache_bit_width), expected 4 or 8";
  if (context.isOutputUsed(3))
    return "gives out its scores (output 3)";
  return refuseOtherLengths(node, query[1]);
}

/// What is the same whether queries rotate or not.
static AttentionParts readGroupQueryAttention(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  AttentionParts parts;
  parts.query = context.input(gqa::Query);
  parts.key = context.input(gqa::Key);
  parts.value = context.input(gqa::Value);
  parts.pastKey = context.input(gqa::PastKey);
  parts.pastValue = context.input(gqa::PastValue);
  parts.bias = context.input(gqa::Bias);
  parts.sinks = context.input(gqa::Sinks);
  parts.queryNorm = context.input(gqa::QueryNorm);
  parts.keyNorm = context.input(gqa::KeyNorm);
  parts.keyScale = context.input(gqa::KeyScale);
  parts.valueScale = context.input(gqa::ValueScale);
  parts.numHeads = node.getIntAttr("num_heads", 0);
  parts.kvHeads = node.getIntAttr("kv_num_heads", 0);
  int64_t rows =
      parts.key ? parts.numHeads : parts.numHeads + 2 * parts.kvHeads;
  parts.headDim = getLastDim(parts.query) / rows;
  parts.valueDim = parts.headDim;
  parts.scale = readScale(node, parts.headDim);
  parts.window = std::max<int64_t>(0, node.getIntAttr("local_window_size", -1));
  parts.softcap = node.getFloatAttr("softcap", 0);
  parts.causal = node.getIntAttr("causal", 1) != 0;
  parts.stateBits = node.getIntAttr("kv_cache_bit_width", 0) == 4 ? 4 : 0;
  parts.normEpsilon = node.getFloatAttr("qk_norm_epsilon", 1e-6);
  return parts;
}

static Refusal raiseGroupQueryAttention(RaiseContext &context) {
  if (Refusal refusal = refuseGroupQueryAttention(context))
    return refusal;
  onnx::NodeOp node = context.getNode();
  AttentionParts parts = readGroupQueryAttention(context);
  if (node.getIntAttr("do_rotary", 0)) {
    parts.layout = node.getIntAttr("rotary_interleaved", 0)
                       ? RotaryLayout::Interleaved
                       : RotaryLayout::Halves;
    parts.cos = context.input(gqa::Cos);
    parts.sin = context.input(gqa::Sin);
    parts.positions = context.input(gqa::Positions);
  }
  // A softmax with one more score, 0 for every head.
  if (node.getIntAttr("smooth_softmax", 0) > 0 && !parts.sinks)
    parts.sinks = createSplat(
        context.getBuilder(), context.getLoc(),
        RankedTensorType::get(parts.numHeads,
                              getElementTypeOrSelf(parts.query.getType())),
        0);
  parts.presentKey = context.outputType(1);
  parts.presentValue = context.outputType(2);
  if (!parts.presentKey != !parts.presentValue)
    return "has only one of present_key and present_value";
  if (parts.pastKey && !(context.isReturned(1) && context.isReturned(2)))
    return "has a past, but does not return the state";
  auto attention = parts.create(context.getBuilder(), context.getLoc(),
                                context.outputType(0));
  context.setOutput(0, attention.getResult());
  context.setOutput(1, attention.getPresentKey());
  context.setOutput(2, attention.getPresentValue());
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

/// Inputs of com.microsoft::MultiHeadAttention, by position.
namespace mha {
enum Input : unsigned {
  Query,
  Key,
  Value,
  Bias,
  PaddingMask,
  AttentionBias,
  PastKey,
  PastValue,
  PastLength,
  CacheIndirection,
};
} // namespace mha

/// 0 where a mask [batch, length] of integers is not 0, else `hidden`; as a
/// bias of scores.
static Value createPaddingBias(RaiseContext &context, Value mask, Type element,
                               double hidden) {
  OpBuilder &builder = context.getBuilder();
  ArrayRef<int64_t> shape = getShape(mask);
  auto flags = RankedTensorType::get(shape, builder.getI1Type());
  auto scalar = RankedTensorType::get({}, element);
  Value isKept = context.create<CastOp>(flags, mask);
  Value bias = context.create<WhereOp>(
      RankedTensorType::get(shape, element), isKept,
      createSplat(builder, context.getLoc(), scalar, 0),
      createSplat(builder, context.getLoc(), scalar, hidden));
  return createReshape(builder, context.getLoc(), bias,
                       {shape[0], 1, 1, shape[1]});
}

/// value + the part of the packed bias from `offset` on.
static Value addBiasPart(RaiseContext &context, Value value, Value bias,
                         int64_t offset) {
  if (!bias)
    return value;
  int64_t width = getLastDim(value);
  auto type =
      RankedTensorType::get(width, getElementTypeOrSelf(bias.getType()));
  Value part = context.create<SliceOp>(type, bias, ArrayRef<int64_t>{offset},
                                       ArrayRef<int64_t>{1});
  return context.create<BinaryOp>(value.getType(), BinaryKind::Add, value,
                                  part);
}

static Refusal refuseMultiHeadAttention(RaiseContext &context) {
  if (!context.input(mha::Query) || !context.input(mha::Key) ||
      !context.input(mha::Value))
    return "has queries, keys and values packed into one input: export them "
           "apart, or as GroupQueryAttention";
  if (getShape(context.input(mha::Query)).size() != 3)
    return "has a query that is not [batch, tokens, width]";
  for (unsigned i : {mha::Key, mha::Value})
    if (size_t rank = getShape(context.input(i)).size(); rank != 3 && rank != 4)
      return "has keys and values packed into one input: export them apart";
  if (context.input(mha::CacheIndirection))
    return "searches beams (cache_indirection), which no rule knows";
  if (context.hasBoth(mha::PastKey, mha::PastValue) == Both::One)
    return "has only one of past_key and past_value";
  if (Value mask = context.input(mha::PaddingMask);
      mask && getShape(mask).size() != 2)
    return "has a key_padding_mask that is not [batch, length]";
  if (Value bias = context.input(mha::Bias); bias && getShape(bias).size() != 1)
    return "has a bias that is not a vector";
  int64_t heads = context.getNode().getIntAttr("num_heads", 0);
  if (heads < 1 || getLastDim(context.input(mha::Query)) % heads != 0)
    return "has no num_heads that divides the width of the query";
  if (context.isOutputUsed(3))
    return "gives out its scores (output 3)";
  return std::nullopt;
}

static Value asFlat(RaiseContext &context, Value value) {
  if (getShape(value).size() == 3)
    return value;
  return flattenHeads(context.getBuilder(), context.getLoc(), value);
}

static Refusal raiseMultiHeadAttention(RaiseContext &context) {
  if (Refusal refusal = refuseMultiHeadAttention(context))
    return refusal;
  onnx::NodeOp node = context.getNode();
  AttentionParts parts;
  Value bias = context.input(mha::Bias);
  Value key = asFlat(context, context.input(mha::Key));
  Value value = asFlat(context, context.input(mha::Value));
  int64_t width = getLastDim(context.input(mha::Query));
  parts.numHeads = parts.kvHeads = node.getIntAttr("num_heads", 0);
  if (getLastDim(key) != width || getLastDim(value) % parts.numHeads != 0)
    return "has keys or values whose width does not fit num_heads";
  if (bias && getShape(bias)[0] != 2 * width + getLastDim(value))
    return "has a bias that is not one for queries, keys and values";
  parts.query = addBiasPart(context, context.input(mha::Query), bias, 0);
  parts.key = addBiasPart(context, key, bias, width);
  parts.value = addBiasPart(context, value, bias, 2 * width);
  parts.pastKey = context.input(mha::PastKey);
  parts.pastValue = context.input(mha::PastValue);
  parts.headDim = width / parts.numHeads;
  parts.valueDim = getLastDim(value) / parts.numHeads;
  parts.scale = readScale(node, parts.headDim);
  parts.causal = node.getIntAttr("unidirectional", 0) != 0;
  // onnxruntime masks as if the lengths were equal, and the last query not at
  // all: nobody means that.
  int64_t tokens = getShape(parts.query)[1], length = getShape(key)[1];
  if (parts.causal && !parts.pastKey && tokens > 1 && tokens != length)
    return "is unidirectional over " + std::to_string(tokens) +
           " queries and " + std::to_string(length) +
           " keys without a past, which leaves open what the queries see: "
           "export it with a past or with a mask";
  Type element = getElementTypeOrSelf(parts.query.getType());
  Value padding;
  if (Value mask = context.input(mha::PaddingMask))
    padding = createPaddingBias(context, mask, element,
                                node.getFloatAttr("mask_filter_value", -10000));
  parts.bias = createSum(context.getBuilder(), context.getLoc(),
                         context.input(mha::AttentionBias), padding);
  context.noteRole(mha::PastLength, StepRole::Start);
  bool hasPresent = parts.pastKey || context.isOutputUsed(1);
  if (hasPresent) {
    parts.presentKey = context.outputType(1);
    parts.presentValue = context.outputType(2);
    if (!parts.presentKey || !parts.presentValue ||
        (parts.pastKey && !(context.isReturned(1) && context.isReturned(2))))
      return "has a past, but does not return the state";
  }
  auto attention = parts.create(context.getBuilder(), context.getLoc(),
                                context.outputType(0));
  context.setOutput(0, attention.getResult());
  context.setOutput(1, attention.getPresentKey());
  context.setOutput(2, attention.getPresentValue());
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Inputs of com.microsoft::Attention, by position.
namespace packed {
enum Input : unsigned {
  Source,
  Weights,
  Bias,
  MaskIndex,
  Past,
  AttentionBias,
  PastLength,
};
} // namespace packed

static Refusal refusePackedAttention(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  if (!context.input(packed::Source) || !context.input(packed::Weights))
    return "has no input or no weights";
  if (context.input(packed::Past) || context.isOutputUsed(1))
    return "keeps keys and values in one past tensor: export it as "
           "GroupQueryAttention or MultiHeadAttention";
  if (node.getIntAttr("do_rotary", 0))
    return "rotates with caches of its own (do_rotary = 1): export it as "
           "GroupQueryAttention";
  if (Value mask = context.input(packed::MaskIndex);
      mask && getShape(mask).size() != 2)
    return "has a mask_index that is not [batch, length]";
  if (node.getIntAttr("num_heads", 0) < 1)
    return "has no num_heads";
  if (getShape(context.input(packed::Source)).size() != 3 ||
      getShape(context.input(packed::Weights)).size() != 2)
    return "has an input that is not 3-D or weights that are not 2-D";
  return std::nullopt;
}

static Refusal raisePackedAttention(RaiseContext &context) {
  if (Refusal refusal = refusePackedAttention(context))
    return refusal;
  onnx::NodeOp node = context.getNode();
  Value input = context.input(packed::Source);
  Value weights = context.input(packed::Weights);
  int64_t width = getShape(weights)[1];
  AttentionParts parts;
  parts.numHeads = parts.kvHeads = node.getIntAttr("num_heads", 0);
  int64_t keyWidth = width / 3, valueWidth = width / 3;
  if (auto sizes = node.getIntsAttr("qkv_hidden_sizes");
      sizes && sizes->size() == 3) {
    if ((*sizes)[0] != (*sizes)[1])
      return "has queries and keys of different widths";
    keyWidth = (*sizes)[1];
    valueWidth = (*sizes)[2];
  }
  if (keyWidth % parts.numHeads != 0 || valueWidth % parts.numHeads != 0 ||
      2 * keyWidth + valueWidth != width)
    return "has weights whose width its heads do not divide";
  SmallVector<int64_t> shape(getShape(input));
  shape.back() = width;
  Type element = getElementTypeOrSelf(input.getType());
  parts.query = context.create<LinearOp>(
      RankedTensorType::get(shape, element), input, weights, Value(), Value(),
      context.input(packed::Bias), /*transposed=*/true, BlockQuantAttr());
  parts.headDim = keyWidth / parts.numHeads;
  parts.valueDim = valueWidth / parts.numHeads;
  parts.scale = readScale(node, parts.headDim);
  parts.causal = node.getIntAttr("unidirectional", 0) != 0;
  Value padding;
  if (Value mask = context.input(packed::MaskIndex))
    padding = createPaddingBias(context, mask, element,
                                node.getFloatAttr("mask_filter_value", -10000));
  parts.bias = createSum(context.getBuilder(), context.getLoc(),
                         context.input(packed::AttentionBias), padding);
  auto attention = parts.create(context.getBuilder(), context.getLoc(),
                                context.outputType(0));
  context.setOutput(0, attention.getResult());
  return std::nullopt;
}

void inlay::nn::addAttentionRules(RuleTable &rules) {
  rules["com.microsoft::GroupQueryAttention"] = raiseGroupQueryAttention;
  rules["com.microsoft::MultiHeadAttention"] = raiseMultiHeadAttention;
  rules["com.microsoft::Attention"] = raisePackedAttention;
}
