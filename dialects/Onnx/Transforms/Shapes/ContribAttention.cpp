//===- ContribAttention.cpp - Shapes of com.microsoft's attention ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include <algorithm>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

//===----------------------------------------------------------------------===//
// GroupQueryAttention
//===----------------------------------------------------------------------===//

namespace {
/// Inputs of GroupQueryAttention.
enum GqaInput : unsigned {
  GqaQuery,
  GqaKey,
  GqaValue,
  GqaPastKey,
  GqaPastValue,
  GqaSeqLens,
  GqaTotalLength,
  GqaCosCache,
  GqaSinCache,
  GqaHeadSink = 11,
};

struct GqaDims {
  int64_t batch, length, heads, keyValueHeads, headSize;
};
} // namespace

/// The head size is that of the query: its width over num_heads, or over
/// num_heads + 2 kv_num_heads where q, k and v are packed into it.
static FailureOr<std::optional<GqaDims>> readGqa(NodeInference &n) {
  FailureOr<int64_t> heads = n.requiredInt("num_heads", 1);
  FailureOr<int64_t> keyValueHeads = n.requiredInt("kv_num_heads", 1);
  if (failed(heads) || failed(keyValueHeads) ||
      failed(n.expectMultiple("num_heads", *heads, "kv_num_heads",
                              *keyValueHeads)) ||
      failed(n.expectRank(GqaQuery, 3)))
    return failure();
  std::optional<Shape> query = n.shape(GqaQuery);
  if (!query)
    return std::optional<GqaDims>();
  bool isPacked = !n.has(GqaKey);
  int64_t rows =
      isPacked ? addDims(*heads, mulDims(2, *keyValueHeads)) : *heads;
  int64_t width = (*query)[2];
  if (failed(n.expectMultiple(
          "width of the query", width,
          isPacked ? "num_heads + 2 kv_num_heads" : "num_heads", rows)))
    return failure();
  int64_t size = isKnown(width) ? width / rows : ShapedType::kDynamic;
  return std::optional<GqaDims>(
      {(*query)[0], (*query)[1], *heads, *keyValueHeads, size});
}

static LogicalResult checkGqaInputs(NodeInference &n, const GqaDims &dims) {
  int64_t width = mulDims(dims.keyValueHeads, dims.headSize);
  return failure(
      failed(n.expectDim(GqaKey, -1, width, "kv_num_heads x head size")) ||
      failed(n.expectDim(GqaValue, -1, width, "kv_num_heads x head size")) ||
      failed(n.expectDim(GqaHeadSink, 0, dims.heads, "num_heads")));
}

/// Stored bytes hold two values each in a 4-bit cache.
static int64_t getCacheWidth(NodeInference &n, int64_t headSize) {
  if (n.intAttr("kv_cache_bit_width", 0) != 4 || !isKnown(headSize))
    return headSize;
  Type type = n.elementType(GqaPastKey);
  bool isByte = type && type.isInteger(8);
  return isByte ? ceilDiv(headSize, 2) : headSize;
}

/// The cache after the step. The total length is an input whose value is
/// usually known. A buffer that past and present share may be longer; with a
/// window it may be shorter, a ring of the last tokens.
static int64_t getGqaPresentLength(NodeInference &n, const GqaDims &dims) {
  std::optional<Shape> past = n.shape(GqaPastKey);
  int64_t pastLength = past && past->size() == 4 ? (*past)[2] : 0;
  std::optional<SmallVector<int64_t>> total = n.ints(GqaTotalLength);
  if (n.intAttr("sliding_window_cache", 0) != 0 && past)
    return pastLength;
  if (total && total->size() == 1) {
    bool isRing = n.intAttr("local_window_size", -1) > 0 && past &&
                  isKnown(pastLength) &&
                  addDims(pastLength, dims.length) < total->front();
    if (isRing || !isKnown(pastLength))
      return isRing ? pastLength : total->front();
    return std::max(pastLength, total->front());
  }
  return addDims(pastLength, dims.length);
}

static LogicalResult inferGroupQueryAttention(NodeInference &n) {
  FailureOr<std::optional<GqaDims>> read = readGqa(n);
  if (failed(read))
    return failure();
  if (!*read)
    return success();
  const GqaDims &dims = **read;
  if (failed(checkGqaInputs(n, dims)))
    return failure();
  int64_t cacheWidth = getCacheWidth(n, dims.headSize);
  for (unsigned past : {GqaPastKey, GqaPastValue})
    if (failed(n.expectRank(past, 4)) ||
        failed(n.expectDim(past, 1, dims.keyValueHeads, "kv_num_heads")) ||
        failed(n.expectDim(past, 3, cacheWidth, "head size")))
      return failure();
  n.set(0, Shape{dims.batch, dims.length, mulDims(dims.heads, dims.headSize)},
        n.elementType(GqaQuery));
  int64_t length = getGqaPresentLength(n, dims);
  Shape present{dims.batch, dims.keyValueHeads, length, cacheWidth};
  for (unsigned i : {0u, 1u})
    n.set(1 + i, present,
          n.elementType(n.has(GqaPastKey + i) ? GqaPastKey + i : GqaQuery));
  n.set(3, Shape{dims.batch, dims.heads, dims.length, length},
        n.elementType(GqaQuery));
  return success();
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

/// Queries [B, S, D]; keys and values [B, L, D] or [B, N, L, h], or packed:
/// [B, L, N, 2, h] in key, or [B, S, N, 3, h] in query.
static LogicalResult inferMultiHeadAttention(NodeInference &n) {
  FailureOr<int64_t> heads = n.requiredInt("num_heads", 1);
  if (failed(heads))
    return failure();
  std::optional<Shape> query = n.shape(0), key = n.shape(1), value = n.shape(2),
                       past = n.shape(6);
  if (!query || (n.has(1) && !key) || (n.has(2) && !value))
    return success();
  bool isPacked = query->size() == 5;
  if (!isPacked && failed(n.expectRank(0, 3)))
    return failure();
  int64_t width = isPacked ? mulDims((*query)[2], (*query)[4]) : (*query)[2];
  if (failed(
          n.expectMultiple("width of the query", width, "num_heads", *heads)))
    return failure();
  int64_t size = isKnown(width) ? width / *heads : ShapedType::kDynamic;
  int64_t valueSize = size, length = (*query)[1];
  if (key && key->size() >= 3)
    length = (*key)[key->size() == 4 ? 2 : 1];
  if (value && value->size() == 4) {
    valueSize = (*value)[3];
  } else if (value && value->size() == 3) {
    if (failed(n.expectMultiple("width of the value", (*value)[2], "num_heads",
                                *heads)))
      return failure();
    valueSize =
        isKnown((*value)[2]) ? (*value)[2] / *heads : ShapedType::kDynamic;
  }
  if (failed(n.expectDim(6, 1, *heads, "num_heads")) ||
      failed(n.expectDim(6, 3, size, "head size")) ||
      failed(n.expectDim(7, 3, valueSize, "head size of the value")))
    return failure();
  // A key of rank 4 without a past comes from an encoder: no growth.
  int64_t total =
      past && past->size() == 4 ? addDims((*past)[2], length) : length;
  int64_t batch = (*query)[0];
  n.set(0, Shape{batch, (*query)[1], mulDims(*heads, valueSize)},
        n.elementType(0));
  n.set(1, Shape{batch, *heads, total, size}, n.elementType(0));
  n.set(2, Shape{batch, *heads, total, valueSize}, n.elementType(0));
  n.set(3, Shape{batch, *heads, (*query)[1], total}, n.elementType(0));
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Input [B, S, Hin], weights [Hin, q + k + v]; past and present hold keys and
/// values in one tensor [2, B, N, P, h].
static LogicalResult inferPackedAttention(NodeInference &n) {
  FailureOr<int64_t> heads = n.requiredInt("num_heads", 1);
  if (failed(heads) || failed(n.expectRank(0, 3)) || failed(n.expectRank(1, 2)))
    return failure();
  std::optional<Shape> input = n.shape(0), weights = n.shape(1),
                       past = n.shape(4);
  if (!input || !weights)
    return success();
  if (failed(n.expectDim(1, 0, (*input)[2], "width of the input")))
    return failure();
  int64_t width = (*weights)[1];
  if (failed(n.expectMultiple("width of the weights", width, "3", 3)))
    return failure();
  int64_t valueWidth = isKnown(width) ? width / 3 : ShapedType::kDynamic;
  if (auto sizes = n.intsAttr("qkv_hidden_sizes"); sizes && sizes->size() == 3)
    valueWidth = (*sizes)[2];
  if (failed(n.expectMultiple("width of the value", valueWidth, "num_heads",
                              *heads)))
    return failure();
  int64_t size =
      isKnown(valueWidth) ? valueWidth / *heads : ShapedType::kDynamic;
  int64_t total = (*input)[1];
  if (past && past->size() == 5)
    total = addDims(total, (*past)[3]);
  n.set(0, Shape{(*input)[0], (*input)[1], valueWidth}, n.elementType(0));
  n.set(1, Shape{2, (*input)[0], *heads, total, size}, n.elementType(0));
  return success();
}

/// (query [tokens, width], key?, value?, key_cache, value_cache, ...) to
/// (output, key_cache, value_cache): caches keep their pages.
static LogicalResult inferPagedAttention(NodeInference &n) {
  FailureOr<int64_t> heads = n.requiredInt("num_heads", 1);
  FailureOr<int64_t> keyValueHeads = n.requiredInt("kv_num_heads", 1);
  if (failed(heads) || failed(keyValueHeads) || failed(n.expectRank(0, 2)))
    return failure();
  std::optional<Shape> query = n.shape(0);
  if (!query)
    return success();
  int64_t rows =
      n.has(1) ? *heads : addDims(*heads, mulDims(2, *keyValueHeads));
  if (failed(n.expectMultiple(
          "width of the query", (*query)[1],
          n.has(1) ? "num_heads" : "num_heads + 2 kv_num_heads", rows)))
    return failure();
  int64_t size =
      isKnown((*query)[1]) ? (*query)[1] / rows : ShapedType::kDynamic;
  n.set(0, Shape{(*query)[0], mulDims(*heads, size)}, n.elementType(0));
  n.setLike(1, 3);
  n.setLike(2, 4);
  return success();
}

void onnx::addContribAttention(InferTable &table) {
  table["com.microsoft::GroupQueryAttention"] = inferGroupQueryAttention;
  table["com.microsoft::MultiHeadAttention"] = inferMultiHeadAttention;
  table["com.microsoft::Attention"] = inferPackedAttention;
  table["com.microsoft::PagedAttention"] = inferPagedAttention;
}
