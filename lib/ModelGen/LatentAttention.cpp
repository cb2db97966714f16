//===- LatentAttention.cpp - Multi-head latent attention ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// DeepSeek's MLA in its absorbed form: what is cached of a token is one vector
// for all heads, [kvRank + ropeDim]: the normed latent vector and the rotated
// part of the key. The matrix that would expand it to keys is applied to the
// queries instead, the one for values to the weighted sum.
//
//   q      = q_b(norm(q_a(x)))       [batch, tokens, heads * (nope + rope)]
//   q_nope, q_rope = split(heads of q); q_rope is rotated
//   c, k_rope      = split(kv_a(x)); k_rope is rotated
//   new    = concat(norm(c), k_rope)           [batch, 1, tokens, rank + rope]
//   present = concat(past, new)                [batch, 1, length, rank + rope]
//   query  = concat(q_nope W_UK, q_rope) [batch, heads, tokens, rank + rope]
//   o      = Attention(query, keys = present, values = present[.., :rank])
//   output = o_proj(heads of o W_UV, side by side)
//
// W_UK [heads, nope, rank] and W_UV [heads, rank, value] are the two halves of
// the checkpoint's kv_b_proj. `Attention` is the standard operator of opset 23
// with one KV head, an explicit mask and no state of its own: the state is the
// concatenation. It is the form in every encoding.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;

namespace {

class LatentAttentionEmitter {
public:
  LatentAttentionEmitter(Emitter &emitter, size_t index,
                         const SharedNodes &shared)
      : emitter(emitter), graph(emitter.graph),
        attention(emitter.spec.attention), shared(shared), index(index),
        names(index), path(names.path + "/attn"), stem(names.stem + ".attn") {
    graph.requireOpset(23);
  }

  Value run(const Value &input) {
    Value query = emitQuery(input);
    Value state = emitState(input);
    Value values =
        graph.node("Slice", path + "/latent/Slice",
                   {state, graph.list({0}), graph.list({attention.kvRank}),
                    graph.list({-1})});
    Value output = graph.node("Attention", path + "/Attention",
                              {query, state, values, shared.mask},
                              {{"scale", attention.scale}});
    output = expand(output, "v", attention.valueDim, /*transposed=*/true);
    const int64_t perm[] = {0, 2, 1, 3};
    output = graph.node("Transpose", path + "/Transpose", {output},
                        {{"perm", llvm::ArrayRef(perm)}});
    int64_t width = attention.heads * attention.valueDim;
    output = graph.node("Reshape", path + "/Reshape",
                        {output, graph.list({0, 0, width})});
    return project("o_proj", emitter.spec.hidden, width, output);
  }

private:
  Value project(const char *name, int64_t rows, int64_t columns,
                const Value &input) {
    MatrixSet set =
        oneMatrix(WeightClass::Attention,
                  names.checkpoint + ".self_attn." + name, rows, columns);
    return emitLinear(emitter, path + "/" + name, stem + "." + name, set,
                      input);
  }

  Value norm(const char *name, int64_t size, const Value &input) {
    MatrixSet set = oneMatrix(WeightClass::Vector,
                              names.checkpoint + ".self_attn." + name, size, 1);
    return emitNorm(emitter, path + "/" + name, stem + "." + name + ".weight",
                    set, input);
  }

  Value rotate(const Value &input, const char *name) {
    return graph.node(
        "RotaryEmbedding", path + "/" + name + "/RotaryEmbedding",
        {input, "cos_cache", "sin_cache", "position_ids"},
        {{"interleaved", int64_t(emitter.spec.rotary.interleaved)}});
  }

  /// Product of the heads of `input` [batch, heads, tokens, ..] with one half
  /// of kv_b_proj, a matrix for each head.
  Value expand(const Value &input, const char *half, int64_t rows,
               bool transposed) {
    std::string name = std::string("kv_b_proj_") + half;
    MatrixSet set{
        WeightClass::Attention,
        {{names.checkpoint + ".self_attn.kv_b_proj." + half + ".", "", rows}},
        attention.kvRank,
        attention.heads,
        /*stacked=*/true};
    Value weight =
        emitDequantized(emitter, path + "/" + name,
                        stem + "." + name + ".MatMul.weight", set, transposed);
    return graph.node("MatMul", path + "/" + name + "/MatMul", {input, weight});
  }

  Value emitQuery(const Value &input) {
    int64_t width = attention.heads * attention.headDim;
    Value query;
    if (attention.queryRank) {
      query =
          project("q_a_proj", attention.queryRank, emitter.spec.hidden, input);
      query = norm("q_a_layernorm", attention.queryRank, query);
      query = project("q_b_proj", width, attention.queryRank, query);
    } else {
      query = project("q_proj", width, emitter.spec.hidden, input);
    }
    query = graph.node(
        "Reshape", path + "/q_heads/Reshape",
        {query, graph.list({0, 0, attention.heads, attention.headDim})});
    const int64_t perm[] = {0, 2, 1, 3};
    query = graph.node("Transpose", path + "/q_heads/Transpose", {query},
                       {{"perm", llvm::ArrayRef(perm)}});
    Value plain = path + "/q_heads/Split/output_0";
    Value rotated = path + "/q_heads/Split/output_1";
    graph.nodeTo({plain, rotated}, "Split", path + "/q_heads/Split",
                 {query, graph.list({attention.nopeDim, attention.ropeDim})},
                 {{"axis", -1}});
    return graph.node("Concat", path + "/q_latent/Concat",
                      {expand(plain, "k", attention.nopeDim,
                              /*transposed=*/false),
                       rotate(rotated, "q_rotary")},
                      {{"axis", -1}});
  }

  /// The state after the step.
  Value emitState(const Value &input) {
    Value both =
        project("kv_a_proj_with_mqa", attention.kvRank + attention.ropeDim,
                emitter.spec.hidden, input);
    Value latent = path + "/kv_a/Split/output_0";
    Value key = path + "/kv_a/Split/output_1";
    graph.nodeTo({latent, key}, "Split", path + "/kv_a/Split",
                 {both, graph.list({attention.kvRank, attention.ropeDim})},
                 {{"axis", -1}});
    latent = norm("kv_a_layernorm", attention.kvRank, latent);
    latent = graph.node("Unsqueeze", path + "/latent/Unsqueeze",
                        {latent, graph.list({1})});
    key = graph.node("Unsqueeze", path + "/k_rotary/Unsqueeze",
                     {key, graph.list({1})});
    Value added = graph.node("Concat", path + "/latent/Concat",
                             {latent, rotate(key, "k_rotary")}, {{"axis", -1}});
    Value state = fmt::format("present.{}.latent", index);
    graph.nodeTo({state}, "Concat", path + "/state/Concat",
                 {fmt::format("past_key_values.{}.latent", index), added},
                 {{"axis", 2}});
    return state;
  }

  Emitter &emitter;
  GraphBuilder &graph;
  const AttentionSpec &attention;
  const SharedNodes &shared;
  size_t index;
  LayerNames names;
  std::string path;
  std::string stem;
};

} // namespace

Value modelgen::emitLatentAttention(Emitter &emitter, size_t index,
                                    const SharedNodes &shared,
                                    const Value &input) {
  return LatentAttentionEmitter(emitter, index, shared).run(input);
}
