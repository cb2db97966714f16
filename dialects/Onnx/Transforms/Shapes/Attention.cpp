//===- Attention.cpp - Shapes of ONNX's attention operators ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention (opsets 23 to 25) and the linear attention of opset 27. The
// operators of com.microsoft are in ContribAttention.cpp.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

namespace {
/// The dims of one of Q, K, V, split into heads: from [B, heads, S, size], or
/// [B, S, heads * size] and the number of heads.
struct Heads {
  int64_t batch, heads, length, size;
  bool isFlat;
};
} // namespace

/// Unknown where the width is; failure where it does not divide.
static FailureOr<int64_t> divideWidth(NodeInference &n, StringRef what,
                                      int64_t width, StringRef attribute,
                                      int64_t heads) {
  if (failed(n.expectMultiple(what, width, attribute, heads)))
    return failure();
  return isKnown(width) ? width / heads : ShapedType::kDynamic;
}

/// Reads input `index`, whose heads are counted by `attribute` where it is
/// flat. None where the shape is unknown.
static FailureOr<std::optional<Heads>>
readHeads(NodeInference &n, unsigned index, StringRef attribute) {
  std::optional<Shape> shape = n.shape(index);
  if (!shape)
    return std::optional<Heads>();
  const Shape &s = *shape;
  if (s.size() == 4)
    return std::optional<Heads>({s[0], s[1], s[2], s[3], false});
  if (failed(n.expectRank(index, 3)))
    return failure();
  FailureOr<int64_t> heads = n.requiredInt(attribute, 1);
  if (failed(heads))
    return failure();
  FailureOr<int64_t> size = divideWidth(
      n, ("width of input " + Twine(index)).str(), s[2], attribute, *heads);
  if (failed(size))
    return failure();
  return std::optional<Heads>({s[0], *heads, s[1], *size, true});
}

/// present = past, then this step's keys or values.
static LogicalResult setPresent(NodeInference &n, unsigned output,
                                unsigned past, unsigned current,
                                const Heads &heads, int64_t &total) {
  total = heads.length;
  if (std::optional<Shape> shape = n.shape(past)) {
    if (failed(n.expectRank(past, 4)) ||
        failed(
            n.expectDim(past, 1, heads.heads, "number of key/value heads")) ||
        failed(n.expectDim(past, 3, heads.size, "size of a head")))
      return failure();
    total = addDims((*shape)[2], heads.length);
  }
  n.set(output, Shape{heads.batch, heads.heads, total, heads.size},
        n.elementType(n.has(past) ? past : current));
  return success();
}

static LogicalResult inferAttention(NodeInference &n) {
  auto q = readHeads(n, 0, "q_num_heads");
  auto k = readHeads(n, 1, "kv_num_heads");
  auto v = readHeads(n, 2, "kv_num_heads");
  if (failed(q) || failed(k) || failed(v))
    return failure();
  if (!*q || !*k || !*v)
    return success();
  const Heads &query = **q, &key = **k, &value = **v;
  if (isKnown(query.heads) && isKnown(key.heads) &&
      failed(n.expectMultiple("number of query heads", query.heads,
                              "number of key/value heads", key.heads)))
    return failure();
  if (isKnown(query.size) && isKnown(key.size) && query.size != key.size)
    return n.error() << "queries have heads of " << query.size << ", keys of "
                     << key.size,
           failure();
  Shape result{query.batch, query.heads, query.length, value.size};
  if (query.isFlat)
    result = {query.batch, query.length, mulDims(query.heads, value.size)};
  n.set(0, result, n.elementType(0));
  int64_t total, valueTotal;
  if (failed(setPresent(n, 1, 4, 1, key, total)) ||
      failed(setPresent(n, 2, 5, 2, value, valueTotal)))
    return failure();
  n.set(3, Shape{query.batch, query.heads, query.length, total},
        n.elementType(0));
  return success();
}

/// (query, key, value, past_state?, decay?, beta?) to (output, present_state?):
/// query [B, T, Hq * dk], value [B, T, Hkv * dv], state [B, Hkv, dk, dv]. The
/// output has the larger number of heads, each of dv.
static LogicalResult inferLinearAttention(NodeInference &n) {
  FailureOr<int64_t> queryHeads = n.requiredInt("q_num_heads", 1);
  FailureOr<int64_t> valueHeads = n.requiredInt("kv_num_heads", 1);
  if (failed(queryHeads) || failed(valueHeads))
    return failure();
  std::optional<Shape> query = n.shape(0), value = n.shape(2);
  if (!query || !value)
    return success();
  if (failed(n.expectRank(0, 3)) || failed(n.expectRank(2, 3)))
    return failure();
  FailureOr<int64_t> keySize = divideWidth(n, "width of input 0", (*query)[2],
                                           "q_num_heads", *queryHeads);
  FailureOr<int64_t> valueSize = divideWidth(n, "width of input 2", (*value)[2],
                                             "kv_num_heads", *valueHeads);
  if (failed(keySize) || failed(valueSize))
    return failure();
  int64_t heads = std::max(*queryHeads, *valueHeads);
  n.set(0, Shape{(*query)[0], (*query)[1], mulDims(heads, *valueSize)},
        n.elementType(0));
  n.set(1, Shape{(*query)[0], *valueHeads, *keySize, *valueSize},
        n.elementType(n.has(3) ? 3 : 0));
  return success();
}

/// (input [B, C, T], weight [C, 1, k], bias?, past_state [B, C, k - 1]?) to
/// (output, present_state).
static LogicalResult inferCausalConv(NodeInference &n) {
  std::optional<Shape> input = n.shape(0), weight = n.shape(1);
  if (!input || !weight)
    return success();
  if (failed(n.expectRank(0, 3)) || failed(n.expectRank(1, 3)) ||
      failed(n.expectDim(1, 0, (*input)[1], "number of channels")))
    return failure();
  n.setLike(0, 0);
  n.set(1, Shape{(*input)[0], (*input)[1], addDims((*weight)[2], -1)},
        n.elementType(n.has(3) ? 3 : 0));
  return success();
}

void onnx::addAttention(InferTable &table) {
  table["Attention"] = inferAttention;
  for (StringRef domain : {"", "com.microsoft::"}) {
    table[(domain + "LinearAttention").str()] = inferLinearAttention;
    table[(domain + "CausalConvWithState").str()] = inferCausalConv;
  }
}
