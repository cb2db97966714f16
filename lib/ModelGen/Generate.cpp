//===- Generate.cpp - The whole model -------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include "inlay/Support/Format.h"

#include "llvm/ADT/STLExtras.h"

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;

LayerNames::LayerNames(size_t index)
    : path(fmt::format("/model/layers.{}", index)),
      stem(fmt::format("model.layers.{}", index)), checkpoint(stem) {}

bool Emitter::heatsQueries() const {
  return spec.attention.temperatureScale != 0 &&
         llvm::any_of(spec.layers,
                      [](const LayerSpec &layer) { return !layer.rotates; });
}

bool Emitter::needsPositions() const {
  if (heatsQueries() || spec.attention.kind == AttentionKind::Latent)
    return true;
  bool rotates = llvm::any_of(
      spec.layers, [](const LayerSpec &layer) { return layer.rotates; });
  return rotates && (!contrib() || spec.attention.unitNorm);
}

Value modelgen::emitNorm(Emitter &emitter, const std::string &path,
                         const std::string &weight, const MatrixSet &set,
                         const Value &input) {
  emitter.weights.addVector(weight, set, VectorKind::Norm);
  double epsilon = emitter.spec.epsilon;
  Value output = path + "/output_0";
  if (emitter.contrib()) {
    emitter.graph.nodeTo(
        {output}, "SimplifiedLayerNormalization", path + "/LayerNorm",
        {input, weight},
        {{"epsilon", epsilon}, {"axis", -1}, {"stash_type", 1}});
    return output;
  }
  emitter.graph.requireOpset(23);
  emitter.graph.nodeTo({output}, "RMSNormalization", path + "/LayerNorm",
                       {input, weight}, {{"axis", -1}, {"epsilon", epsilon}});
  return output;
}

namespace {

class ModelEmitter {
public:
  ModelEmitter(const ModelSpec &spec, const GenerateOptions &options)
      : emitter(spec, options), graph(emitter.graph), spec(spec) {}

  GeneratedModel run() {
    addInterface();
    SharedNodes shared = emitSharedNodes(emitter);
    emitEmbedding();
    addRotaryTables();
    for (size_t index = 0; index < spec.layers.size(); ++index)
      emitLayer(index, shared);
    emitHead();
    return finish();
  }

private:
  //===--------------------------------------------------------------------===//
  // Inputs and outputs
  //===--------------------------------------------------------------------===//

  /// One state of a layer, before and after the step.
  void addState(size_t index, const char *what) {
    const AttentionSpec &attention = spec.attention;
    bool latent = attention.kind == AttentionKind::Latent;
    // GenAI keeps a layer with a window in a buffer of its own length.
    bool slides = emitter.contrib() && spec.layers[index].window != 0;
    DimRecord heads(latent ? 1 : attention.kvHeads);
    DimRecord width = latent ? DimRecord(attention.kvRank + attention.ropeDim)
                      : emitter.contrib() ? DimRecord("kv_cache_dim")
                                          : DimRecord(attention.headDim);
    graph.writer().addInput(
        fmt::format("past_key_values.{}.{}", index, what), spec.activation,
        {"batch_size", heads,
         slides ? "past_sliding_length" : "past_sequence_length", width});
    graph.writer().addOutput(
        fmt::format("present.{}.{}", index, what), spec.activation,
        {"batch_size", heads,
         slides ? "total_sliding_length" : "total_sequence_length", width});
  }

  void addInterface() {
    auto &writer = graph.writer();
    writer.addInput("input_ids", DataType::Int64,
                    {"batch_size", "sequence_length"});
    writer.addInput("attention_mask", DataType::Int64,
                    {"batch_size", "total_sequence_length"});
    if (emitter.needsPositions())
      writer.addInput("position_ids", DataType::Int64,
                      {"batch_size", "sequence_length"});
    writer.addOutput("logits", logitsType(),
                     {"batch_size", "sequence_length", spec.vocabulary});
    bool latent = spec.attention.kind == AttentionKind::Latent;
    for (const char *what : {"key", "value"})
      for (size_t index = 0; index < spec.layers.size(); ++index)
        if (!latent)
          addState(index, what);
    for (size_t index = 0; latent && index < spec.layers.size(); ++index)
      addState(index, "latent");
  }

  /// Hosts sample in f32 or f16.
  DataType logitsType() const {
    return spec.activation == DataType::BFloat16 ? DataType::Float
                                                 : spec.activation;
  }

  //===--------------------------------------------------------------------===//
  // Layers
  //===--------------------------------------------------------------------===//

  void emitEmbedding() {
    MatrixSet set = oneMatrix(WeightClass::Embedding, "model.embed_tokens",
                              spec.vocabulary, spec.hidden);
    embedding = emitFloatWeight(emitter, "model.embed_tokens.weight", set,
                                /*transposed=*/false);
    residual = graph.node("Gather", "/model/embed_tokens/Gather",
                          {embedding, "input_ids"});
  }

  void addRotaryTables() {
    bool rotates = llvm::any_of(
        spec.layers, [](const LayerSpec &layer) { return layer.rotates; });
    if (!rotates)
      return;
    const int64_t dims[] = {spec.context, spec.rotary.dims / 2};
    RotaryTables tables;
    if (emitter.options.randomWeights)
      tables = computeRotaryTables(spec.rotary, spec.context);
    emitter.weights.addTable("cos_cache", dims, tables.cos);
    emitter.weights.addTable("sin_cache", dims, tables.sin);
    if (spec.attention.unitNorm)
      emitter.weights.addConstants("unit_norm", spec.attention.headDim,
                                   spec.activation, 1);
  }

  /// Adds what the last part put out to the residual stream, and norms it.
  Value normResidual(const std::string &path, const std::string &weight,
                     const std::string &checkpoint, bool last = false) {
    MatrixSet set = oneMatrix(WeightClass::Vector, checkpoint, spec.hidden, 1);
    if (pending.empty())
      return emitNorm(emitter, path, weight, set, residual);
    if (!emitter.contrib()) {
      residual = graph.node("Add", path + "/Add", {residual, pending});
      return emitNorm(emitter, path, weight, set, residual);
    }
    emitter.weights.addVector(weight, set, VectorKind::Norm);
    Value normed = path + "/output_0";
    Value sum = path + "/output_3";
    std::vector<Value> outputs = {normed};
    if (!last)
      outputs.insert(outputs.end(), {"", "", sum});
    graph.nodeTo(outputs, "SkipSimplifiedLayerNormalization",
                 path + "/SkipLayerNorm", {residual, pending, weight},
                 {{"epsilon", spec.epsilon}}, kContrib);
    residual = sum;
    return normed;
  }

  Value normLayer(const LayerNames &names, const char *which) {
    std::string suffix = which;
    return normResidual(names.path + "/" + suffix,
                        names.stem + "." + suffix + ".weight",
                        names.checkpoint + "." + suffix);
  }

  void emitLayer(size_t index, const SharedNodes &shared) {
    LayerNames names(index);
    Value normed = normLayer(names, "input_layernorm");
    pending = spec.attention.kind == AttentionKind::Latent
                  ? emitLatentAttention(emitter, index, shared, normed)
                  : emitAttention(emitter, index, shared, normed);
    normed = normLayer(names, "post_attention_layernorm");
    pending = spec.layers[index].experts
                  ? emitExperts(emitter, index, normed)
                  : emitMlp(emitter, names.path + "/mlp", names.stem + ".mlp",
                            names.checkpoint + ".mlp", WeightClass::Dense,
                            spec.intermediate, normed);
  }

  /// GenAI counts the final norm as one more layer.
  void emitHead() {
    LayerNames names(spec.layers.size());
    Value normed = normResidual(names.path + "/final_norm_layernorm",
                                names.stem + ".final_norm_layernorm.weight",
                                "model.norm", /*last=*/true);
    Value logits =
        logitsType() == spec.activation ? "logits" : "/lm_head/MatMul/output_0";
    if (spec.tiedEmbeddings)
      emitTiedHead(normed, logits);
    else
      emitOwnHead(normed, logits);
    if (logits != "logits")
      graph.nodeTo({"logits"}, "Cast", "/lm_head/Cast", {logits},
                   {{"to", int64_t(logitsType())}});
  }

  void emitTiedHead(const Value &normed, const Value &logits) {
    const int64_t perm[] = {1, 0};
    Value weight = graph.node("Transpose", "/lm_head/Transpose", {embedding},
                              {{"perm", llvm::ArrayRef(perm)}});
    graph.nodeTo({logits}, "MatMul", "/lm_head/MatMul", {normed, weight});
  }

  void emitOwnHead(const Value &normed, const Value &logits) {
    MatrixSet set =
        oneMatrix(WeightClass::Head, "lm_head", spec.vocabulary, spec.hidden);
    emitLinear(emitter, "/lm_head", "lm_head", set, normed, /*bias=*/false,
               logits);
  }

  //===--------------------------------------------------------------------===//
  // The file
  //===--------------------------------------------------------------------===//

  GeneratedModel finish() {
    GeneratedModel result;
    result.nodes = int64_t(graph.writer().numNodes());
    result.totals = emitter.weights.totals();
    result.totals.tiedEmbeddings = spec.tiedEmbeddings;
    if (spec.numExpertLayers() > 0) {
      result.totals.chosenExperts = spec.experts.chosen;
      result.totals.numExperts = spec.experts.count;
    }
    result.data = emitter.weights.takeData();
    result.model = graph.finish();
    return result;
  }

  Emitter emitter;
  GraphBuilder &graph;
  const ModelSpec &spec;
  Value embedding;
  Value residual;
  /// What is to be added to the residual stream.
  Value pending;
};

} // namespace

/// Sizes that a storage or an operator of the chosen encoding asks for.
static bool checkStorage(const ModelSpec &spec, const GenerateOptions &options,
                         Diagnostics &diags) {
  const WeightStorage &storage = spec.storageOf(WeightClass::Experts);
  bool grouped = storage.format == WeightFormat::Int4 ||
                 storage.format == WeightFormat::Mxfp4 ||
                 storage.format == WeightFormat::Nvfp4;
  bool squares = storage.format == WeightFormat::Fp8 &&
                 options.encoding == Encoding::Contrib;
  bool ok = true;
  auto multiple = [&](const std::string &field, const char *flag, int64_t value,
                      int64_t factor) {
    if (value % factor == 0)
      return;
    Diagnostic &error = diags.inputError(
        "model",
        fmt::format("{} {} is no multiple of {}, the block of {} "
                    "experts",
                    field, value, factor, getWeightFormatName(storage.format)));
    error.notes.push_back(
        squares ? "--encoding stacked or unrolled takes any size; here "
                  "another storage does, e.g. --weights=experts=bf16"
                : "another storage takes any size, e.g. "
                  "--weights=experts=bf16");
    error.notes.push_back(fmt::format("with this storage {} {} fits", flag,
                                      nearestMultiples(value, factor)));
    ok = false;
  };
  constexpr WeightClass kProducts[] = {WeightClass::Attention,
                                       WeightClass::Dense, WeightClass::Shared,
                                       WeightClass::Head};
  bool isElsewhere = llvm::any_of(kProducts, [&](WeightClass kind) {
    return spec.storageOf(kind).format == WeightFormat::Nvfp4;
  });
  bool isNvfp4 = storage.format == WeightFormat::Nvfp4;
  if (isElsewhere || (isNvfp4 && options.encoding != Encoding::Contrib)) {
    diags
        .inputError("model", "nvfp4 has an operator for experts only, in the "
                             "contrib encoding")
        .notes.emplace_back("use --encoding contrib and, for other weights, "
                            "--weights=bf16,experts=nvfp4");
    ok = false;
  }
  if (spec.numExpertLayers() > 0 && (grouped || squares)) {
    multiple(getExpertWidthField(spec.modelType), "--expert-intermediate",
             spec.experts.intermediate, storage.block);
    if (grouped)
      multiple("hidden_size", "--hidden", spec.hidden, storage.block);
  }
  // About 4 KB each: the file stays below 1 GB, of the 2 that protobuf allows.
  constexpr int64_t mostUnrolled = 1 << 18;
  int64_t unrolled = spec.numExpertLayers() * spec.experts.count;
  if (options.encoding == Encoding::Unrolled && unrolled > mostUnrolled) {
    diags
        .inputError("model",
                    fmt::format("{} experts in all are too many to write one "
                                "by one, at most {}",
                                unrolled, mostUnrolled))
        .notes.emplace_back("use --encoding=contrib or --encoding=stacked");
    ok = false;
  }
  return ok;
}

/// Random weights are held in memory: they are for small models.
static bool checkRandomBytes(const ModelSpec &spec, GenerateOptions options,
                             Diagnostics &diags) {
  constexpr int64_t most = int64_t(1) << 30;
  options.randomWeights = false;
  int64_t bytes = ModelEmitter(spec, options).run().totals.bytes();
  if (bytes <= most)
    return true;
  diags
      .inputError("", fmt::format("random weights take {}, at most {} are made",
                                  formatTotalBytes(double(bytes)),
                                  formatTotalBytes(double(most))))
      .notes.emplace_back(
          "make the model smaller with --layers, --hidden, --experts, "
          "--vocab, --context, or leave --random-weights out");
  return false;
}

std::optional<GeneratedModel>
modelgen::generateModel(const ModelSpec &spec, const GenerateOptions &options,
                        Diagnostics &diags) {
  if (!checkSpec(spec, diags) || !checkStorage(spec, options, diags))
    return std::nullopt;
  if (options.randomWeights && !checkRandomBytes(spec, options, diags))
    return std::nullopt;
  return ModelEmitter(spec, options).run();
}
