//===- Attention.cpp - Multi-head and grouped-query attention -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding contrib: com.microsoft.GroupQueryAttention, which rotates, keeps the
// state and masks by itself, with the operands of ONNX Runtime GenAI's builder.
// The other encodings: RotaryEmbedding and Attention of opset 23 with an
// explicit mask, or, where there are sinks, which that operator does not know,
// products and a softmax.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;

namespace {

class AttentionEmitter {
public:
  AttentionEmitter(Emitter &emitter, size_t index, const SharedNodes &shared)
      : emitter(emitter), graph(emitter.graph),
        attention(emitter.spec.attention), layer(emitter.spec.layers[index]),
        shared(shared), index(index), names(index), path(names.path + "/attn"),
        stem(names.stem + ".attn") {}

  Value run(const Value &input) {
    Value output = emitter.contrib() ? emitFused(input) : emitStandard(input);
    MatrixSet projection = oneMatrix(
        WeightClass::Attention, names.checkpoint + ".self_attn.o_proj",
        emitter.spec.hidden, attention.heads * attention.headDim);
    return emitLinear(emitter, path + "/o_proj", stem + ".o_proj", projection,
                      output, attention.outputBias);
  }

private:
  int64_t queryWidth() const { return attention.heads * attention.headDim; }
  int64_t stateWidth() const { return attention.kvHeads * attention.headDim; }
  bool heats() const {
    return attention.temperatureScale != 0 && !layer.rotates;
  }
  bool normsAfterRotation() const {
    return attention.unitNorm && layer.rotates;
  }

  Part part(const char *name, int64_t rows) const {
    return {names.checkpoint + ".self_attn." + name, "", rows};
  }
  MatrixSet set(std::vector<Part> parts) const {
    return {WeightClass::Attention, std::move(parts), emitter.spec.hidden};
  }
  Value project(const char *name, int64_t rows, const Value &input) {
    return emitLinear(emitter, path + "/" + name, stem + "." + name,
                      set({part(name, rows)}), input,
                      attention.queryKeyValueBias);
  }

  void projectAll(const Value &input) {
    query = project("q_proj", queryWidth(), input);
    key = project("k_proj", stateWidth(), input);
    value = project("v_proj", stateWidth(), input);
    if (heats())
      query = graph.node("Mul", path + "/q_temperature/Mul",
                         {query, shared.temperature});
  }

  std::string past(const char *what) const {
    return fmt::format("past_key_values.{}.{}", index, what);
  }
  std::string present(const char *what) const {
    return fmt::format("present.{}.{}", index, what);
  }

  //===--------------------------------------------------------------------===//
  // GroupQueryAttention
  //===--------------------------------------------------------------------===//

  /// Whether queries, keys and values can stay in one tensor. Blocks of fp8 may
  /// not cross from one matrix to the next.
  bool packs() const {
    WeightFormat format = emitter.spec.storageOf(WeightClass::Attention).format;
    return !attention.headNorm && !normsAfterRotation() && !heats() &&
           format != WeightFormat::Fp8;
  }

  /// RMS norm of each head of `input` [batch, tokens, heads * headDim].
  Value normHeads(const Value &input, const char *name, int64_t width,
                  const std::string &weight) {
    std::string prefix = path + "/" + name;
    Value heads = graph.node("Reshape", prefix + "/Reshape_1",
                             {input, graph.list({0, -1, attention.headDim})});
    Value normed = graph.node(
        "SimplifiedLayerNormalization",
        prefix + "/SimplifiedLayerNormalization", {heads, weight},
        {{"epsilon", emitter.spec.epsilon}, {"axis", -1}, {"stash_type", 1}});
    return graph.node("Reshape", prefix + "/Reshape_2",
                      {normed, graph.list({0, -1, width})});
  }

  std::string headNormWeight(const char *name) {
    std::string weight = stem + "." + name + ".layernorm.weight";
    emitter.weights.addVector(weight,
                              oneMatrix(WeightClass::Vector,
                                        names.checkpoint + ".self_attn." + name,
                                        attention.headDim, 1),
                              VectorKind::Norm);
    return weight;
  }

  Value rotateFused(const Value &input, const char *name, int64_t heads) {
    return graph.node(
        "RotaryEmbedding", path + "/" + name + "/RotaryEmbedding",
        {input, "position_ids", "cos_cache", "sin_cache"},
        {{"interleaved", int64_t(emitter.spec.rotary.interleaved)},
         {"num_heads", heads},
         {"rotary_embedding_dim", emitter.spec.rotary.dims}},
        kContrib);
  }

  void prepareFused(const Value &input) {
    if (packs()) {
      query = emitLinear(
          emitter, path + "/qkv_proj", stem + ".qkv_proj",
          set({part("q_proj", queryWidth()), part("k_proj", stateWidth()),
               part("v_proj", stateWidth())}),
          input, attention.queryKeyValueBias);
      return;
    }
    projectAll(input);
    if (attention.headNorm) {
      query =
          normHeads(query, "q_norm", queryWidth(), headNormWeight("q_norm"));
      key = normHeads(key, "k_norm", stateWidth(), headNormWeight("k_norm"));
    }
    if (normsAfterRotation()) {
      query = rotateFused(query, "q_rotary", attention.heads);
      key = rotateFused(key, "k_rotary", attention.kvHeads);
      query = normHeads(query, "q_norm", queryWidth(), "unit_norm");
      key = normHeads(key, "k_norm", stateWidth(), "unit_norm");
    }
  }

  Value emitFused(const Value &input) {
    prepareFused(input);
    Value sinks;
    if (attention.sinks)
      sinks = addSinks();
    bool rotates = layer.rotates && !normsAfterRotation();
    llvm::SmallVector<onnx::file::NodeAttribute> attrs = {
        {"num_heads", attention.heads},
        {"kv_num_heads", attention.kvHeads},
        {"scale", attention.scale},
        {"local_window_size", layer.window ? layer.window : -1},
        {"softcap", 0.0},
        {"do_rotary", int64_t(rotates)},
        {"rotary_interleaved",
         int64_t(rotates && emitter.spec.rotary.interleaved)}};
    if (layer.window)
      attrs.emplace_back("sliding_window_cache", 1);
    Value output = path + "/GroupQueryAttention/output_0";
    graph.nodeTo({output, present("key"), present("value")},
                 "GroupQueryAttention", path + "/GroupQueryAttention",
                 {query, key, value, past("key"), past("value"), shared.seqlens,
                  shared.totalLength, rotates ? "cos_cache" : "",
                  rotates ? "sin_cache" : "", "",
                  layer.chunk ? shared.chunkBias : "", sinks},
                 attrs, kContrib);
    return output;
  }

  std::string addSinks() {
    std::string name = stem + ".sinks";
    emitter.weights.addVector(name,
                              oneMatrix(WeightClass::Vector,
                                        names.checkpoint + ".self_attn.sinks",
                                        attention.heads, 1),
                              VectorKind::Sinks);
    return name;
  }

  //===--------------------------------------------------------------------===//
  // Standard operators
  //===--------------------------------------------------------------------===//

  /// [batch, tokens, heads * headDim] to [batch, heads, tokens, headDim], with
  /// the norm of each head on the way.
  Value splitHeads(const Value &input, const char *name, int64_t heads,
                   const std::string &norm) {
    std::string prefix = path + "/" + name;
    Value value =
        graph.node("Reshape", prefix + "/Reshape",
                   {input, graph.list({0, 0, heads, attention.headDim})});
    if (!norm.empty())
      value = normStandard(value, prefix, norm);
    const int64_t perm[] = {0, 2, 1, 3};
    return graph.node("Transpose", prefix + "/Transpose", {value},
                      {{"perm", llvm::ArrayRef(perm)}});
  }

  Value normStandard(const Value &input, const std::string &prefix,
                     const std::string &weight) {
    graph.requireOpset(23);
    return graph.node("RMSNormalization", prefix + "/RMSNormalization",
                      {input, weight},
                      {{"axis", -1}, {"epsilon", emitter.spec.epsilon}});
  }

  Value rotateStandard(const Value &input, const char *name) {
    if (!layer.rotates)
      return input;
    std::string prefix = path + "/" + name;
    graph.requireOpset(23);
    Value rotated = graph.node(
        "RotaryEmbedding", prefix + "/RotaryEmbedding",
        {input, "cos_cache", "sin_cache", "position_ids"},
        {{"interleaved", int64_t(emitter.spec.rotary.interleaved)},
         {"rotary_embedding_dim", emitter.spec.rotary.dims == attention.headDim
                                      ? 0
                                      : emitter.spec.rotary.dims}});
    return normsAfterRotation() ? normStandard(rotated, prefix, "unit_norm")
                                : rotated;
  }

  Value emitStandard(const Value &input) {
    projectAll(input);
    std::string queryNorm, keyNorm;
    if (attention.headNorm) {
      queryNorm = headNormWeight("q_norm");
      keyNorm = headNormWeight("k_norm");
    }
    query = rotateStandard(
        splitHeads(query, "q_heads", attention.heads, queryNorm), "q_rotary");
    key = rotateStandard(splitHeads(key, "k_heads", attention.kvHeads, keyNorm),
                         "k_rotary");
    value = splitHeads(value, "v_heads", attention.kvHeads, "");
    Value output = attention.sinks ? emitSinkAttention() : emitOperator();
    const int64_t perm[] = {0, 2, 1, 3};
    output = graph.node("Transpose", path + "/Transpose", {output},
                        {{"perm", llvm::ArrayRef(perm)}});
    return graph.node("Reshape", path + "/Reshape",
                      {output, graph.list({0, 0, queryWidth()})});
  }

  Value mask() const {
    if (layer.window)
      return shared.windowMask;
    return layer.chunk ? shared.chunkMask : shared.mask;
  }

  Value emitOperator() {
    graph.requireOpset(23);
    Value output = path + "/Attention/output_0";
    graph.nodeTo({output, present("key"), present("value")}, "Attention",
                 path + "/Attention",
                 {query, key, value, mask(), past("key"), past("value")},
                 {{"scale", attention.scale}});
    return output;
  }

  /// [batch, kvHeads, length, headDim] to [batch, heads, length, headDim].
  Value repeatHeads(const Value &input, const char *name) {
    int64_t group = attention.heads / attention.kvHeads;
    if (group == 1)
      return input;
    std::string prefix = path + "/" + name + "/repeat_kv";
    Value value = graph.node("Unsqueeze", prefix + "/Unsqueeze",
                             {input, graph.list({2})});
    value = graph.node("Expand", prefix + "/Expand",
                       {value, graph.list({1, 1, group, 1, 1})});
    Value length = graph.node("Shape", prefix + "/Shape", {input},
                              {{"start", 2}, {"end", 3}});
    Value shape = graph.node("Concat", prefix + "/Concat",
                             {graph.list({0}), graph.list({attention.heads}),
                              length, graph.list({attention.headDim})},
                             {{"axis", 0}});
    return graph.node("Reshape", prefix + "/Reshape", {value, shape});
  }

  /// The sinks are one more column of the scores, dropped after the softmax.
  Value emitSinkAttention() {
    graph.nodeTo({present("key")}, "Concat", path + "/k_state/Concat",
                 {past("key"), key}, {{"axis", 2}});
    graph.nodeTo({present("value")}, "Concat", path + "/v_state/Concat",
                 {past("value"), value}, {{"axis", 2}});
    Value keys = repeatHeads(present("key"), "k_state");
    Value values = repeatHeads(present("value"), "v_state");
    const int64_t perm[] = {0, 1, 3, 2};
    keys = graph.node("Transpose", path + "/k_state/Transpose", {keys},
                      {{"perm", llvm::ArrayRef(perm)}});
    Value scores = graph.node("MatMul", path + "/scores/MatMul", {query, keys});
    scores = graph.node("Mul", path + "/scores/Mul",
                        {scores, emitter.real(attention.scale)});
    scores = graph.node("Where", path + "/scores/Where",
                        {mask(), scores, emitter.real(-INFINITY)});
    scores = graph.node("Concat", path + "/scores/Concat",
                        {scores, expandSinks()}, {{"axis", -1}});
    Value weights =
        graph.node("Softmax", path + "/Softmax", {scores}, {{"axis", -1}});
    weights = graph.node(
        "Slice", path + "/weights/Slice",
        {weights, graph.list({0}), graph.list({-1}), graph.list({-1})});
    return graph.node("MatMul", path + "/values/MatMul", {weights, values});
  }

  /// [batch, heads, tokens, 1].
  Value expandSinks() {
    Value column =
        graph.node("Reshape", path + "/sinks/Reshape",
                   {addSinks(), graph.list({1, attention.heads, 1, 1})});
    Value tokens = graph.node("Shape", path + "/sinks/Shape", {query},
                              {{"start", 0}, {"end", 3}});
    Value shape = graph.node("Concat", path + "/sinks/Concat",
                             {tokens, graph.list({1})}, {{"axis", 0}});
    return graph.node("Expand", path + "/sinks/Expand", {column, shape});
  }

  Emitter &emitter;
  GraphBuilder &graph;
  const AttentionSpec &attention;
  const LayerSpec &layer;
  const SharedNodes &shared;
  size_t index;
  LayerNames names;
  std::string path;
  std::string stem;
  Value query;
  Value key;
  Value value;
};

} // namespace

Value modelgen::emitAttention(Emitter &emitter, size_t index,
                              const SharedNodes &shared, const Value &input) {
  return AttentionEmitter(emitter, index, shared).run(input);
}
