//===- ModelSpec.h - What a decoder is made of ------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A neutral description of a decoder-only language model: what a Hugging Face
// `config.json` says, without the family's own spelling. One reader for each
// family fills it; the emitters read nothing else.
//
// Common to all: x = embedding[ids]; in each layer h = x + attention(norm(x)),
// x = h + ffn(norm(h)); logits = head(norm(x)). Norms are RMS norms with a
// weight, products are y = x W^T (+ b).
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODELGEN_MODELSPEC_H
#define INLAY_MODELGEN_MODELSPEC_H

#include "inlay/Onnx/DataType.h"
#include "inlay/Support/Diagnostic.h"

#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace inlay::modelgen {

/// What a weight is for; storage is chosen, and bytes are counted, by class.
enum class WeightClass {
  Embedding,
  Attention, ///< projections of queries, keys, values, output; MLA's factors
  Dense,     ///< the gated MLP of a layer without experts
  Shared,    ///< experts that every token passes
  Experts,   ///< routed experts
  Router,
  Head,
  Vector, ///< norms, biases, sinks: never quantised
  Table,  ///< cosines and sines of rotary embeddings: no parameters
};
inline constexpr unsigned kNumWeightClasses = 9;

/// "embedding", "attention", ...: the spelling of options and tables.
const char *getWeightClassName(WeightClass kind);

/// How the elements of a matrix W [rows, columns] are stored; rows are outputs.
enum class WeightFormat {
  Activation, ///< in the type of the activations
  F32,
  F16,
  BF16,
  Fp8,   ///< e4m3fn, one f32 scale for each `block` x `block` elements
  Int4,  ///< symmetric, one scale of the activations' type for each `block`
         ///< elements of a row
  Mxfp4, ///< e2m1, one e8m0 scale for each 32 elements of a row
  Nvfp4, ///< e2m1, one e4m3fn scale for each 16 elements of a row, and one f32
         ///< for each matrix
};

struct WeightStorage {
  WeightFormat format = WeightFormat::Activation;
  int64_t block = 0;
};

/// "int4", "bf16": the spelling of options and tables.
const char *getWeightFormatName(WeightFormat format);

enum class RotaryScaling { None, Linear, Llama3, Yarn };

/// Rotary position embedding; see `computeRotaryTables` for the formulas.
struct RotarySpec {
  double theta = 10000;
  /// Channels of a head that are rotated, the first ones.
  int64_t dims = 0;
  /// Channel 2i is paired with 2i + 1, else i with i + dims / 2.
  bool interleaved = false;
  RotaryScaling scaling = RotaryScaling::None;
  double factor = 1;
  double lowFrequency = 1;  ///< Llama 3
  double highFrequency = 4; ///< Llama 3
  double betaFast = 32;     ///< YaRN
  double betaSlow = 1;      ///< YaRN
  /// YaRN: the bounds of the ramp are rounded to whole channels.
  bool truncate = true;
  int64_t originalContext = 0;
  /// Cosines and sines are multiplied by this.
  double attentionFactor = 1;
};

enum class AttentionKind {
  Grouped, ///< multi-head and grouped-query attention
  Latent,  ///< multi-head latent attention (DeepSeek): keys and values of all
           ///< heads come from one low-rank vector, which is what is cached
};

struct AttentionSpec {
  AttentionKind kind = AttentionKind::Grouped;
  int64_t heads = 0;
  int64_t kvHeads = 0;
  int64_t headDim = 0;
  /// Latent: ranks of the query (0: full rank) and of keys and values, and the
  /// parts of a head: without and with rotation, and the value's.
  int64_t queryRank = 0;
  int64_t kvRank = 0;
  int64_t nopeDim = 0;
  int64_t ropeDim = 0;
  int64_t valueDim = 0;
  bool queryKeyValueBias = false;
  bool outputBias = false;
  /// RMS norm with weight over each head of queries and keys, before rotation.
  bool headNorm = false;
  /// RMS norm without weight over each head, after rotation, in layers that
  /// rotate (Llama 4).
  bool unitNorm = false;
  /// One logit for each head in the denominator of the softmax.
  bool sinks = false;
  double scale = 0;
  /// Layers that do not rotate multiply queries by
  /// 1 + temperatureScale * log(1 + floor((position + 1) / temperatureFloor));
  /// 0: they do not (Llama 4).
  double temperatureScale = 0;
  double temperatureFloor = 0;
};

enum class RouterKind {
  SoftmaxTopK, ///< softmax over all experts, then the k largest
  TopKSoftmax, ///< the k largest, then softmax over them
  SigmoidTopK, ///< sigmoid; the k largest of score + selection bias
  TopKSigmoid, ///< the k largest, then sigmoid; it weighs the expert's input
};

struct ExpertsSpec {
  int64_t count = 0;
  int64_t chosen = 0;
  int64_t intermediate = 0;
  RouterKind router = RouterKind::SoftmaxTopK;
  bool routerBias = false;
  /// Divide the weights of the chosen by their sum.
  bool renormalise = true;
  /// The weights of the chosen are multiplied by this.
  double scale = 1;
  /// Sigmoid: added to the scores for the choice only.
  bool selectionBias = false;
  /// Sigmoid: only experts of the `topGroups` best of `groups` are chosen.
  int64_t groups = 1;
  int64_t topGroups = 1;
  /// Biases of both matrices, and g * sigmoid(alpha * g) * (l + beta) with
  /// g = min(g, limit) and l = clamp(l, -limit, limit) (gpt-oss).
  bool biases = false;
  double alpha = 1;
  double beta = 0;
  double limit = 0;
  /// Width of the shared experts together; 0: none.
  int64_t sharedIntermediate = 0;
  /// The shared expert is weighed by the sigmoid of a product (Qwen2-MoE).
  bool sharedGate = false;
};

struct LayerSpec {
  bool experts = false;
  bool rotates = true;
  /// Keys that a query sees, itself included; 0: all.
  int64_t window = 0;
  /// Queries see keys of their own chunk of that many positions; 0: all.
  int64_t chunk = 0;
};

struct ModelSpec {
  /// The config's `model_type`, and the name for people.
  std::string modelType;
  std::string family;
  int64_t hidden = 0;
  int64_t vocabulary = 0;
  int64_t context = 0;
  /// Width of the MLP of layers without experts.
  int64_t intermediate = 0;
  double epsilon = 1e-6;
  bool tiedEmbeddings = false;
  AttentionSpec attention;
  RotarySpec rotary;
  ExpertsSpec experts;
  std::vector<LayerSpec> layers;
  onnx::file::DataType activation = onnx::file::DataType::BFloat16;
  /// Native storage, by WeightClass.
  std::array<WeightStorage, kNumWeightClasses> storage;

  WeightStorage &storageOf(WeightClass kind) {
    return storage[static_cast<unsigned>(kind)];
  }
  const WeightStorage &storageOf(WeightClass kind) const {
    return storage[static_cast<unsigned>(kind)];
  }
  int64_t numExpertLayers() const;
};

/// Whether the sizes fit together and are sizes that can be meant; adds an
/// error for each that does not. Formulas of the emitters rely on it.
bool checkSpec(const ModelSpec &spec, Diagnostics &diags);

/// The field in which configs of a family have the width of an expert.
std::string getExpertWidthField(llvm::StringRef modelType);
/// The multiples of `factor` next to `value`, for remedies: "256 or 384".
std::string nearestMultiples(int64_t value, int64_t factor);

/// Cosines and sines, each [context, dims / 2] in row-major order.
struct RotaryTables {
  std::vector<float> cos;
  std::vector<float> sin;
};
RotaryTables computeRotaryTables(const RotarySpec &spec, int64_t positions);

} // namespace inlay::modelgen

#endif // INLAY_MODELGEN_MODELSPEC_H
