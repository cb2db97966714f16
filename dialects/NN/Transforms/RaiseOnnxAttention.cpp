//===- RaiseOnnxAttention.cpp - Rules for ONNX attention and rotary -------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention (opsets 23 to 25), TensorScatter, and both rotary embeddings.
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "Matchers.h"
#include "Raiser.h"
#include "States.h"

#include "dialects/Onnx/Transforms/Passes.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// Inputs of Attention, by position.
namespace sdpa {
enum Input : unsigned { Query, Key, Value, Mask, PastKey, PastValue, Length };
} // namespace sdpa

namespace {
/// Queries, keys or values as [batch, tokens, heads * d].
struct Heads {
  Value flat;
  int64_t count = 0;
  int64_t dim = 0;
};
} // namespace

/// Reads an input that is 4-D, or 3-D with its heads counted by `attribute`.
static std::optional<Heads> readHeads(RaiseContext &context, unsigned index,
                                      StringRef attribute) {
  Value value = context.input(index);
  ArrayRef<int64_t> shape = getShape(value);
  if (shape.size() == 4)
    return Heads{flattenHeads(context.getBuilder(), context.getLoc(), value),
                 shape[1], shape[3]};
  int64_t heads = context.getNode().getIntAttr(attribute, 0);
  if (shape.size() != 3 || heads < 1 || shape[2] % heads != 0)
    return std::nullopt;
  return Heads{value, heads, shape[2] / heads};
}

static bool isCausal(onnx::NodeOp node) {
  return node.getIntAttr("is_causal", 0) != 0 ||
         node.getIntAttr("right_window_size", -1) == 0;
}

/// Keys that count, of as many as there are. They are known where the model
/// says that all do, and where the keys are a buffer that the step writes to:
/// causality then hides what is behind the step's last token.
static Refusal refuseLengths(RaiseContext &context) {
  Value given = context.getNode().getInput(sdpa::Length);
  if (!given)
    return std::nullopt;
  ArrayRef<int64_t> shape = getShape(context.input(sdpa::Key));
  int64_t length = shape[shape.size() - 2];
  auto numbers = onnx::getConstantInts(given);
  const char *remedy =
      ": leave nonpad_kv_seqlen out and cut the keys and values to what counts";
  if (!numbers) {
    auto write = context.input(sdpa::Key).getDefiningOp<CacheWriteOp>();
    if (write && writesBehindContext(write) && isCausal(context.getNode()))
      return std::nullopt;
    return "has a nonpad_kv_seqlen that the model is given, so that fewer than "
           "the " +
           std::to_string(length) + " keys may count" + remedy +
           ", or write them with TensorScatter and set is_causal";
  }
  for (int64_t number : *numbers)
    if (number != length)
      return "has the constant " + std::to_string(number) +
             " in nonpad_kv_seqlen, where there are " + std::to_string(length) +
             " keys" + remedy;
  return std::nullopt;
}

static Refusal refuseAttention(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  for (unsigned i : {sdpa::Query, sdpa::Key, sdpa::Value})
    if (!context.input(i))
      return "has no query, key or value";
  if (context.hasBoth(sdpa::PastKey, sdpa::PastValue) == Both::One)
    return "has only one of past_key and past_value";
  if (context.input(sdpa::PastKey) && context.input(sdpa::Length))
    return "has a past and nonpad_kv_seqlen, which exclude each other";
  if (context.isOutputUsed(3))
    return "gives out its scores (output 3)";
  if (int64_t right = node.getIntAttr("right_window_size", -1); right > 0)
    return "sees " + std::to_string(right) +
           " tokens ahead (right_window_size), which no rule knows";
  if (node.getIntAttr("left_window_size", -1) >= 0 && !isCausal(node))
    return "has a left_window_size without is_causal";
  return refuseLengths(context);
}

/// The mask as [batch or 1, heads or 1, tokens or 1, length], to be added;
/// refused where it does not span the keys.
static Refusal readMask(RaiseContext &context, int64_t length, Value &bias) {
  Value mask = context.input(sdpa::Mask);
  if (!mask)
    return std::nullopt;
  SmallVector<int64_t> shape(getShape(mask));
  if (shape.size() < 2 || shape.size() > 4 ||
      (shape.back() != length && shape.back() != 1))
    return "has an attn_mask that does not span the " + std::to_string(length) +
           " keys";
  if (getElementTypeOrSelf(mask.getType()).isInteger(1)) {
    Type element = context.outputType(0).getElementType();
    auto scalar = RankedTensorType::get({}, element);
    OpBuilder &builder = context.getBuilder();
    mask = context.create<WhereOp>(
        RankedTensorType::get(shape, element), mask,
        createSplat(builder, context.getLoc(), scalar, 0),
        createSplat(builder, context.getLoc(), scalar,
                    -std::numeric_limits<double>::infinity()));
  }
  shape.insert(shape.begin(), 4 - shape.size(), 1);
  bias = createReshape(context.getBuilder(), context.getLoc(), mask, shape);
  return std::nullopt;
}

static int64_t keyLength(const AttentionParts &parts) {
  int64_t length = getShape(parts.key)[1];
  return parts.pastKey ? length + getShape(parts.pastKey)[2] : length;
}

/// The lowest number of a mask. onnxruntime hides keys by it, and gives zeros
/// to a query that has no score above it.
static double lowest(Value mask) {
  if (!mask)
    return 0;
  auto type = cast<FloatType>(getElementTypeOrSelf(mask.getType()));
  return llvm::APFloat::getLargest(type.getFloatSemantics(), /*Negative=*/true)
      .convertToDouble();
}

/// Without a past the state after the step is what came in.
static void setOutputs(RaiseContext &context, const AttentionParts &parts,
                       AttentionOp attention, bool isFlat) {
  OpBuilder &builder = context.getBuilder();
  Location loc = context.getLoc();
  Value result = attention.getResult();
  if (!isFlat || parts.bias) {
    result = splitHeads(builder, loc, result, attention.getNumHeads());
    result = parts.zeroBlindQueries(builder, loc, result, lowest(parts.bias));
    if (isFlat)
      result = flattenHeads(builder, loc, result);
  }
  context.setOutput(0, result);
  if (attention.getPresentKey()) {
    context.setOutput(1, attention.getPresentKey());
    context.setOutput(2, attention.getPresentValue());
    return;
  }
  for (unsigned i : {sdpa::Key, sdpa::Value}) {
    Value given = context.input(i);
    context.setOutput(
        i, getShape(given).size() == 4
               ? given
               : splitHeads(builder, loc, given, attention.getKvHeads()));
  }
}

static Refusal raiseAttention(RaiseContext &context) {
  if (Refusal refusal = refuseAttention(context))
    return refusal;
  onnx::NodeOp node = context.getNode();
  auto query = readHeads(context, sdpa::Query, "q_num_heads");
  auto key = readHeads(context, sdpa::Key, "kv_num_heads");
  auto value = readHeads(context, sdpa::Value, "kv_num_heads");
  if (!query || !key || !value)
    return "has 3-D inputs without q_num_heads and kv_num_heads that divide "
           "their widths";
  if (query->dim != key->dim || key->count != value->count ||
      query->count % key->count != 0)
    return "has heads of queries, keys and values that do not fit";
  AttentionParts parts;
  parts.query = query->flat;
  parts.key = key->flat;
  parts.value = value->flat;
  parts.pastKey = context.input(sdpa::PastKey);
  parts.pastValue = context.input(sdpa::PastValue);
  parts.numHeads = query->count;
  parts.kvHeads = key->count;
  parts.headDim = key->dim;
  parts.valueDim = value->dim;
  double scale = node.getFloatAttr("scale", 0);
  parts.scale =
      scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(parts.headDim));
  parts.softcap = node.getFloatAttr("softcap", 0);
  parts.causal = isCausal(node);
  // A query sees as many tokens before it as the attribute says.
  parts.window = node.getIntAttr("left_window_size", -1) + 1;
  if (Refusal refusal = readMask(context, keyLength(parts), parts.bias))
    return refusal;
  // Without a past (and where no length says what of the keys is one) the first
  // query belongs to the first key.
  bool isFromStart = parts.causal && !parts.pastKey &&
                     !context.input(sdpa::Length) &&
                     getShape(parts.query)[1] != getShape(parts.key)[1];
  if (isFromStart &&
      !parts.spellOutCausality(context.getBuilder(), context.getLoc()))
    return "has queries that see no key: is_causal counts them from the first "
           "key on";
  context.noteRole(sdpa::Length, StepRole::Length);
  if (parts.pastKey) {
    parts.presentKey = context.outputType(1);
    parts.presentValue = context.outputType(2);
    if (!parts.presentKey || !parts.presentValue ||
        (parts.pastKey && !(context.isReturned(1) && context.isReturned(2))))
      return "has a past, but does not return the state";
  }
  bool isFlat = getShape(context.input(sdpa::Query)).size() == 3;
  auto type =
      RankedTensorType::get({getShape(parts.query)[0], getShape(parts.query)[1],
                             parts.numHeads * parts.valueDim},
                            context.outputType(0).getElementType());
  setOutputs(context, parts,
             parts.create(context.getBuilder(), context.getLoc(), type),
             isFlat);
  return std::nullopt;
}

static Refusal raiseTensorScatter(RaiseContext &context) {
  if (!context.input(0) || !context.input(1))
    return "has no cache or no update";
  onnx::NodeOp node = context.getNode();
  if (node.getStringAttr("mode", "linear") != "linear")
    return "writes around a ring (mode = circular), which no rule knows";
  int64_t rank = getShape(context.input(0)).size();
  context.noteRole(2, StepRole::Start);
  // Without indices it writes to the front.
  Value positions = context.input(2);
  if (!positions)
    positions = createSplat(
        context.getBuilder(), context.getLoc(),
        RankedTensorType::get(1, context.getBuilder().getI64Type()), 0);
  context.setOutput(0, context.create<CacheWriteOp>(
                           context.outputType(0), context.input(0),
                           context.input(1), positions,
                           normaliseAxis(node.getIntAttr("axis", -2), rank)));
  return std::nullopt;
}

/// The two rotary operators differ in the order of their inputs.
static Refusal raiseRotary(RaiseContext &context, unsigned cos, unsigned sin,
                           unsigned positions) {
  onnx::NodeOp node = context.getNode();
  if (!context.input(0) || !context.input(cos) || !context.input(sin))
    return "has no input or no caches";
  if (node.getIntAttr("is_packed_batching", 0))
    return "packs sequences of different lengths (is_packed_batching)";
  RotaryLayout layout = node.getIntAttr("interleaved", 0)
                            ? RotaryLayout::Interleaved
                            : RotaryLayout::Halves;
  ArrayRef<int64_t> shape = getShape(context.input(0));
  int64_t half = getLastDim(context.input(cos));
  if (shape.size() != 3 && shape.size() != 4)
    return "has an input that is neither 3-D nor 4-D";
  int64_t heads = shape.size() == 4 ? 0 : node.getIntAttr("num_heads", 0);
  // Without num_heads the caches tell the size of a head.
  if (shape.size() == 3 && heads < 1)
    heads = shape.back() / std::max<int64_t>(1, 2 * half);
  int64_t headDim =
      heads ? shape.back() / std::max<int64_t>(1, heads) : shape.back();
  int64_t rotated = node.getIntAttr("rotary_embedding_dim", 0);
  if (2 * half > headDim || (rotated != 0 && rotated != 2 * half))
    return "has caches of " + std::to_string(half) +
           " columns, expected half of the channels that rotate";
  context.setOutput(
      0, context.create<RotaryOp>(context.outputType(0), context.input(0),
                                  context.input(cos), context.input(sin),
                                  context.input(positions), layout, heads,
                                  /*full_width=*/false));
  return std::nullopt;
}

void inlay::nn::addOnnxAttentionRules(RuleTable &rules) {
  rules["Attention"] = raiseAttention;
  rules["TensorScatter"] = raiseTensorScatter;
  rules["RotaryEmbedding"] = [](RaiseContext &context) {
    return raiseRotary(context, /*cos=*/1, /*sin=*/2, /*positions=*/3);
  };
  rules["com.microsoft::RotaryEmbedding"] = [](RaiseContext &context) {
    return raiseRotary(context, /*cos=*/2, /*sin=*/3, /*positions=*/1);
  };
  rules["com.microsoft::MRotaryEmbedding"] = [](RaiseContext &) -> Refusal {
    return "rotates by three positions for each token, which no rule knows";
  };
}
