//===- SmallModel.cpp - New models of a few nodes -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What exporters write covers some operators in some of their forms. Here every
// operator gets inputs and attributes at random: most of it is wrong, and has
// to be said to be wrong; the rest is what nobody thought of.
//
//===----------------------------------------------------------------------===//

#include "Mutator.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace inlay::fuzz;
using llvm::StringRef;

namespace {

constexpr const char *kAttributeNames[] = {
    "K",
    "N",
    "activation_alpha",
    "activation_type",
    "allowzero",
    "alpha",
    "approximate",
    "auto_pad",
    "axes",
    "axis",
    "batch_dims",
    "beta",
    "bits",
    "block_size",
    "blocksize",
    "body",
    "causal",
    "ceil_mode",
    "center_point_box",
    "detect_negative",
    "detect_positive",
    "dilations",
    "do_rotary",
    "dtype",
    "else_branch",
    "end",
    "ends",
    "epsilon",
    "equation",
    "exclusive",
    "expert_weight_bits",
    "fmod",
    "gather_axis",
    "group",
    "hidden_size",
    "interleaved",
    "is_causal",
    "is_packed_batching",
    "k",
    "keepdims",
    "kernel_shape",
    "kv_cache_bit_width",
    "kv_num_heads",
    "largest",
    "left_window_size",
    "local_window_size",
    "max",
    "min",
    "mode",
    "noop_with_empty_axes",
    "normalize_routing_weights",
    "num_heads",
    "num_outputs",
    "output_dtype",
    "output_padding",
    "output_shape",
    "p",
    "pads",
    "perm",
    "q_num_heads",
    "qk_matmul_output_mode",
    "qkv_hidden_sizes",
    "quant_type",
    "quantize_axis",
    "r",
    "reduction",
    "reverse",
    "right_window_size",
    "rotary_embedding_dim",
    "rotary_interleaved",
    "scale",
    "scales",
    "shape",
    "size",
    "smooth_softmax",
    "softcap",
    "split",
    "start",
    "starts",
    "stash_type",
    "strides",
    "swiglu_fusion",
    "then_branch",
    "to",
    "transA",
    "transB",
    "transBatchA",
    "transBatchB",
    "unidirectional",
    "upper",
    "use_sparse_mixer",
    "value",
    "value_float",
    "value_int",
    "value_ints",
};

constexpr const char *kStrings[] = {
    "",           "ij,jk->ik",
    "bij,bjk",    "...a,...b->...ab",
    "i,,->",      "abcdefghij->j",
    "aaa->a",     "SAME_UPPER",
    "VALID",      "silu",
    "swiglu",     "gelu",
    "linear",     "reflect",
    "max",        "ij->",
    "a b , b->a", "->",
    "...->...",   "none",
};

/// Element types that models have: f32, i64, i32, bool, f16, bf16, u8, u4, f64.
constexpr uint64_t kTypes[] = {1, 1, 1, 7, 7, 6, 9, 10, 16, 2, 21, 11, 8};

constexpr const char *kSymbols[] = {"batch_size",
                                    "sequence_length",
                                    "past_sequence_length",
                                    "total_sequence_length",
                                    "past_sequence_length + sequence_length",
                                    "s0",
                                    "floor(s0/2)",
                                    "9223372036854775807 * batch_size",
                                    "1 / (batch_size - 1)",
                                    "",
                                    "a b"};

constexpr uint64_t kSizes[] = {0, 1, 1, 2, 2, 3, 4, 4, 8, 16, 64, 1025};

/// A dim of a value or a tensor: nearly always one of kSizes.
uint64_t pickSize(Random &random) {
  return random.oneIn(30) ? pickNumber(random) : random.pick(kSizes);
}

Message makeType(Random &random) {
  Message shape{Kind::Shape, {}};
  for (size_t rank = random.below(5); rank > 0; --rank) {
    Message dim{Kind::Dim, {}};
    if (random.oneIn(5))
      dim.fields.push_back(makeBytes(2, random.pick(kSymbols)));
    else if (!random.oneIn(12))
      dim.fields.push_back(makeNumber(1, pickSize(random)));
    shape.fields.push_back(makeMessage(1, std::move(dim)));
  }
  Message tensor{Kind::TensorType, {makeNumber(1, random.pick(kTypes))}};
  if (!random.oneIn(15))
    tensor.fields.push_back(makeMessage(2, std::move(shape)));
  return {Kind::Type, {makeMessage(1, std::move(tensor))}};
}

Message makeValue(StringRef name, Random &random) {
  Message value{Kind::ValueInfo, {makeBytes(1, name)}};
  value.fields.push_back(makeMessage(2, makeType(random)));
  return value;
}

/// 64-bit numbers as raw data: what shapes, axes, starts and pads are made of.
Message makeNumbers(StringRef name, Random &random) {
  size_t count = random.oneIn(20) ? 1030 : random.below(6);
  std::string data;
  for (size_t i = 0; i < count; ++i) {
    uint64_t value = random.oneIn(3) ? pickNumber(random) : random.below(5);
    for (unsigned shift = 0; shift < 64; shift += 8)
      data += static_cast<char>(value >> shift);
  }
  Message tensor{Kind::Tensor, {}};
  // One number may be a scalar.
  if (count != 1 || random.oneIn(2))
    tensor.fields.push_back(makeNumber(1, count));
  tensor.fields.push_back(makeNumber(2, random.oneIn(8) ? 11 : 7));
  tensor.fields.push_back(makeBytes(8, name));
  tensor.fields.push_back(makeBytes(9, data));
  return tensor;
}

/// Weights in another file, of any size.
Message makeWeight(StringRef name, Random &random) {
  Message tensor{Kind::Tensor, {}};
  for (size_t rank = random.below(4); rank > 0; --rank)
    tensor.fields.push_back(makeNumber(1, pickSize(random)));
  tensor.fields.push_back(makeNumber(2, random.pick(kTypes)));
  tensor.fields.push_back(makeBytes(8, name));
  Message location{Kind::External,
                   {makeBytes(1, "location"), makeBytes(2, "weights")}};
  tensor.fields.push_back(makeMessage(13, std::move(location)));
  tensor.fields.push_back(makeNumber(14, 1));
  return tensor;
}

std::string nameOf(size_t value) { return "v" + std::to_string(value); }

/// A node that reads some of the first `numValues` values and makes the next.
Message makeNode(llvm::ArrayRef<std::string> operators, size_t &numValues,
                 Random &random) {
  Message node{Kind::Node, {}};
  for (size_t i = random.below(random.oneIn(4) ? 14 : 5); i > 0; --i)
    node.fields.push_back(
        makeBytes(1, random.oneIn(10) ? "" : nameOf(random.below(numValues))));
  for (size_t i = random.below(3) + 1; i > 0; --i)
    node.fields.push_back(makeBytes(2, nameOf(numValues++)));
  setOperator(node, operators.empty() ? "Add" : random.pick(operators));
  std::vector<std::string> names;
  for (size_t i = random.below(random.oneIn(3) ? 10 : 3); i > 0; --i) {
    Message attribute = makeAttribute(random);
    if (llvm::is_contained(names, attribute.fields.front().bytes))
      continue;
    names.push_back(attribute.fields.front().bytes);
    node.fields.push_back(makeMessage(5, std::move(attribute)));
  }
  return node;
}

} // namespace

Message inlay::fuzz::makeAttribute(Random &random) {
  Message attribute{Kind::Attribute,
                    {makeBytes(1, random.pick(kAttributeNames))}};
  std::vector<Field> &fields = attribute.fields;
  switch (random.below(5)) {
  case 0:
  case 1:
    fields.push_back(makeNumber(3, pickNumber(random)));
    fields.push_back(makeNumber(20, 2));
    break;
  case 2:
    for (size_t i = random.below(6); i > 0; --i)
      fields.push_back(makeNumber(8, random.oneIn(4) ? pickNumber(random)
                                                     : random.below(4)));
    fields.push_back(makeNumber(20, 7));
    break;
  case 3:
    fields.push_back(makeBytes(4, random.pick(kStrings)));
    fields.push_back(makeNumber(20, 3));
    break;
  case 4: {
    Field number{2, 5, random.bits() & UINT32_MAX, {}, {}};
    fields.push_back(std::move(number));
    fields.push_back(makeNumber(20, 1));
    break;
  }
  }
  return attribute;
}

Message inlay::fuzz::makeSmallModel(llvm::ArrayRef<std::string> operators,
                                    Random &random) {
  Message graph{Kind::Graph, {makeBytes(2, "small")}};
  size_t numValues = 0;
  for (size_t i = random.below(4) + 1; i > 0; --i)
    graph.fields.push_back(
        makeMessage(11, makeValue(nameOf(numValues++), random)));
  for (size_t i = random.below(5); i > 0; --i)
    graph.fields.push_back(
        makeMessage(5, makeNumbers(nameOf(numValues++), random)));
  for (size_t i = random.below(4); i > 0; --i)
    graph.fields.push_back(
        makeMessage(5, makeWeight(nameOf(numValues++), random)));
  size_t firstResult = numValues;
  for (size_t i = random.below(6) + 1; i > 0; --i)
    graph.fields.push_back(
        makeMessage(1, makeNode(operators, numValues, random)));
  for (size_t value = firstResult; value < numValues; ++value)
    graph.fields.push_back(makeMessage(12, makeValue(nameOf(value), random)));

  Message model{Kind::Model, {makeNumber(1, 8)}};
  model.fields.push_back(makeMessage(7, std::move(graph)));
  Message opset{Kind::Opset, {makeNumber(2, random.below(21) + 7)}};
  Message contrib{Kind::Opset,
                  {makeBytes(1, "com.microsoft"), makeNumber(2, 1)}};
  model.fields.push_back(makeMessage(8, std::move(opset)));
  model.fields.push_back(makeMessage(8, std::move(contrib)));
  return model;
}
