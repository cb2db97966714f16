//===- SharedNodes.cpp - What all layers share: lengths and masks ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace inlay;
using namespace inlay::modelgen;

/// What GroupQueryAttention wants of `attention_mask`, with the names of ONNX
/// Runtime GenAI's builder.
static void emitLengths(GraphBuilder &graph, SharedNodes &shared) {
  const std::string path = "/model/attn_mask_reformat/attn_mask_subgraph";
  constexpr auto int32 = int64_t(DataType::Int32);
  Value sum =
      graph.node("ReduceSum", path + "/ReduceSum",
                 {"attention_mask", graph.list({1})}, {{"keepdims", 0}});
  Value less = graph.node("Sub", path + "/Sub", {sum, graph.list({1})});
  shared.seqlens =
      graph.node("Cast", path + "/Sub/Cast", {less}, {{"to", int32}});
  Value shape = graph.node("Shape", path + "/Shape", {"attention_mask"});
  Value length = graph.node("Gather", path + "/Gather",
                            {shape, graph.scalar(1)}, {{"axis", 0}});
  shared.totalLength =
      graph.node("Cast", path + "/Gather/Cast", {length}, {{"to", int32}});
}

namespace {

/// Masks in standard operators: the tokens of the step are the last ones of
/// the keys.
class MaskEmitter {
public:
  MaskEmitter(Emitter &emitter, SharedNodes &shared)
      : emitter(emitter), graph(emitter.graph), shared(shared) {}

  void run() {
    emitPlaces();
    emitCausal();
    int64_t window = 0;
    int64_t chunk = 0;
    for (const LayerSpec &layer : emitter.spec.layers) {
      window = std::max(window, layer.window);
      chunk = std::max(chunk, layer.chunk);
    }
    if (window)
      emitWindow(window);
    if (chunk)
      emitChunk(chunk);
  }

private:
  Value lengthOf(const Value &input, const char *name) {
    Value shape = graph.node("Shape", path + name + "/Shape", {input});
    return graph.node("Gather", path + name + "/Gather",
                      {shape, graph.scalar(1)}, {{"axis", 0}});
  }

  /// Places of keys [1, length] and of queries [tokens, 1].
  void emitPlaces() {
    Value length = lengthOf("attention_mask", "/length");
    Value tokens = lengthOf("input_ids", "/tokens");
    Value first = graph.node("Sub", path + "/first/Sub", {length, tokens});
    keys = graph.node("Range", path + "/keys/Range",
                      {graph.scalar(0), length, graph.scalar(1)});
    keys = graph.node("Unsqueeze", path + "/keys/Unsqueeze",
                      {keys, graph.list({0})});
    queries = graph.node("Range", path + "/queries/Range",
                         {first, length, graph.scalar(1)});
    queries = graph.node("Unsqueeze", path + "/queries/Unsqueeze",
                         {queries, graph.list({1})});
  }

  void emitCausal() {
    Value causal = graph.node("LessOrEqual", path + "/causal/LessOrEqual",
                              {keys, queries});
    Value valid = graph.node("Cast", path + "/padding/Cast", {"attention_mask"},
                             {{"to", int64_t(DataType::Bool)}});
    valid = graph.node("Unsqueeze", path + "/padding/Unsqueeze",
                       {valid, graph.list({1, 2})});
    shared.mask = graph.node("And", path + "/And", {causal, valid});
  }

  void emitWindow(int64_t window) {
    Value before = graph.node("Sub", path + "/window/Sub",
                              {queries, graph.scalar(window)});
    Value inside =
        graph.node("Greater", path + "/window/Greater", {keys, before});
    shared.windowMask =
        graph.node("And", path + "/window/And", {shared.mask, inside});
  }

  void emitChunk(int64_t chunk) {
    Value size = graph.scalar(chunk);
    Value key = graph.node("Div", path + "/chunk/keys/Div", {keys, size});
    Value query =
        graph.node("Div", path + "/chunk/queries/Div", {queries, size});
    Value same = graph.node("Equal", path + "/chunk/Equal", {key, query});
    shared.chunkMask =
        graph.node("And", path + "/chunk/And", {shared.mask, same});
    if (emitter.contrib())
      shared.chunkBias = graph.node(
          "Where", path + "/chunk/Where",
          {shared.chunkMask, emitter.real(0), emitter.real(-INFINITY)});
  }

  Emitter &emitter;
  GraphBuilder &graph;
  SharedNodes &shared;
  const std::string path = "/model/attn_mask";
  Value keys;
  Value queries;
};

} // namespace

/// 1 + scale * log(1 + floor((position + 1) / floor)).
static void emitTemperature(Emitter &emitter, SharedNodes &shared) {
  GraphBuilder &graph = emitter.graph;
  const AttentionSpec &attention = emitter.spec.attention;
  const std::string path = "/model/attn_temperature";
  auto real = [&](double number) {
    return graph.real(number, DataType::Float);
  };
  Value value = graph.node("Cast", path + "/Cast", {"position_ids"},
                           {{"to", int64_t(DataType::Float)}});
  value = graph.node("Add", path + "/Add", {value, real(1)});
  value = graph.node("Div", path + "/Div",
                     {value, real(attention.temperatureFloor)});
  value = graph.node("Floor", path + "/Floor", {value});
  value = graph.node("Add", path + "/Add_1", {value, real(1)});
  value = graph.node("Log", path + "/Log", {value});
  value = graph.node("Mul", path + "/Mul",
                     {value, real(attention.temperatureScale)});
  value = graph.node("Add", path + "/Add_2", {value, real(1)});
  if (emitter.type() != DataType::Float)
    value = graph.node("Cast", path + "/Cast_1", {value},
                       {{"to", int64_t(emitter.type())}});
  shared.temperature =
      graph.node("Unsqueeze", path + "/Unsqueeze", {value, graph.list({-1})});
}

SharedNodes modelgen::emitSharedNodes(Emitter &emitter) {
  SharedNodes shared;
  const ModelSpec &spec = emitter.spec;
  bool fused =
      emitter.contrib() && spec.attention.kind == AttentionKind::Grouped;
  if (fused)
    emitLengths(emitter.graph, shared);
  bool chunks = llvm::any_of(
      spec.layers, [](const LayerSpec &layer) { return layer.chunk != 0; });
  if (!fused || chunks)
    MaskEmitter(emitter, shared).run();
  if (emitter.heatsQueries())
    emitTemperature(emitter, shared);
  return shared;
}
