//===- ModelGen.h - From a model's configuration to an ONNX model --*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second front end of Inlay: a Hugging Face `config.json` in, an ONNX model
// out, of the same structure as an exporter would write for the published
// weights. Weights are handles into an external file that is never written
// ("structure only"), or random numbers for tests.
//
// Same config, options and seed: same bytes.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODELGEN_MODELGEN_H
#define INLAY_MODELGEN_MODELGEN_H

#include "inlay/ModelGen/ModelSpec.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace inlay::modelgen {

/// How the experts of a layer are written.
enum class Encoding {
  Contrib,  ///< operators of com.microsoft, as ONNX Runtime GenAI's builder
  Stacked,  ///< products over all experts at once, in standard operators
  Unrolled, ///< a chain of nodes for each expert
};

/// What a caller changes of a config, to make a small model of a family. Each
/// member replaces the config's number where it is not 0.
struct SpecOverrides {
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t intermediate = 0;
  int64_t expertIntermediate = 0;
  int64_t experts = 0;
  int64_t expertsPerToken = 0;
  int64_t heads = 0;
  int64_t kvHeads = 0;
  int64_t headDim = 0;
  int64_t vocabulary = 0;
  int64_t context = 0;
  int64_t window = 0;
  int64_t queryRank = 0;
  int64_t kvRank = 0;
  int64_t ropeDim = 0;
  /// The caller sets the type of activations, whatever the config says of it.
  bool activation = false;
  /// The caller sets the storage of weights, whatever the config says of it.
  bool storage = false;
};

struct GenerateOptions {
  Encoding encoding = Encoding::Contrib;
  /// Fill the weights with random numbers; their bytes are in `data`.
  bool randomWeights = false;
  uint64_t seed = 0;
  /// Name of the file with the weights, beside the model's.
  std::string dataFile = "model.onnx.data";
};

/// What one class of weights comes to.
struct ClassTotals {
  int64_t tensors = 0;
  int64_t parameters = 0;
  /// Of these, parameters of matrices: all but norms, biases, sinks.
  int64_t matrices = 0;
  /// Bytes of the stored representation, scales included.
  int64_t bytes = 0;
};

struct ModelTotals {
  std::array<ClassTotals, kNumWeightClasses> classes;
  /// A token passes `chosenExperts` of `numExperts` routed experts.
  int64_t chosenExperts = 1;
  int64_t numExperts = 1;
  bool tiedEmbeddings = false;

  ClassTotals &operator[](WeightClass kind) {
    return classes[static_cast<unsigned>(kind)];
  }
  const ClassTotals &operator[](WeightClass kind) const {
    return classes[static_cast<unsigned>(kind)];
  }
  /// Parameters of all classes; and without norms, biases, sinks.
  int64_t parameters() const;
  int64_t matrixParameters() const;
  /// Parameters of the matrices that one token is multiplied by: attention,
  /// MLPs, router, shared and chosen experts, head; without the embedding.
  int64_t activeParameters() const;
  int64_t bytes() const;
};

struct GeneratedModel {
  std::string model;
  /// Contents of the data file; empty without random weights.
  std::string data;
  ModelTotals totals;
  int64_t nodes = 0;
};

/// Reads the text of a `config.json`. A field that is missing or wrong is an
/// error that names it, its value and what was expected; an unknown family is
/// an error that names `model_type` and `architectures`. All errors at once.
std::optional<ModelSpec> readConfig(llvm::StringRef text, Diagnostics &diags,
                                    const SpecOverrides &overrides = {});

/// Sets the storage by class from items like "int4", "experts=mxfp4",
/// "attention=bf16"; a bare format is for all matrices but embedding and
/// router.
bool setWeightFormats(llvm::ArrayRef<std::string> items, ModelSpec &spec,
                      Diagnostics &diags);

/// Makes the model. Fails where blocks of quantised experts do not fit their
/// sizes, where unrolled experts or random weights would be too many.
std::optional<GeneratedModel> generateModel(const ModelSpec &spec,
                                            const GenerateOptions &options,
                                            Diagnostics &diags);

/// Family, sizes, parameters (total and active) and bytes by class, for people.
std::string describeModel(const ModelSpec &spec, const GeneratedModel &model);

/// The families that `readConfig` knows, by `model_type`, sorted.
std::vector<std::string> getKnownModelTypes();

} // namespace inlay::modelgen

#endif // INLAY_MODELGEN_MODELGEN_H
