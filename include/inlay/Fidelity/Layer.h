//===- Layer.h - Layers as they were timed ----------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A measured layer is built as any model is: from its config to an ONNX model,
// and through Inlay's passes to kernels and their iteration spaces. What was
// measured then fixes the mapping: all of the layer on one square of P x P
// cores, dims padded up to multiples of P, full multi-head attention with one
// head as wide as the model, and the axes, collectives and messages of the open
// kernels (WaferLLM, He et al., OSDI'25; github MeshInfra/WaferLLM @2cd13b5,
// and its re-measurement, github
// Wang-oss-tech/Wafer-Scale-Accelerator-Experiments
// @6b781e0). The estimate is that of any other mapping (cost::estimateKernel).
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FIDELITY_LAYER_H
#define INLAY_FIDELITY_LAYER_H

#include "inlay/Cost/Cost.h"
#include "inlay/Model/Model.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace inlay::fidelity {

/// Whole numbers of elements on a core, padded up.
struct LayerShape {
  model::Phase phase = model::Phase::Decode;
  int64_t cores = 1;  ///< P, cores on a side of the square region
  int64_t model = 1;  ///< d, model dim / P
  int64_t ffn = 1;    ///< f, FFN dim / P
  int64_t tokens = 1; ///< s, sequence or context / P
  int64_t group = 1;  ///< g, cores in a group of the two-tree

  auto operator<=>(const LayerShape &) const = default;
};

/// A model to be made, and a step of it.
struct GraphRequest {
  std::string config; ///< text of a Hugging Face config.json
  model::Phase phase = model::Phase::Decode;
  int64_t context = 0; ///< tokens in the state
  int64_t chunk = 1;   ///< new tokens in prefill
};

/// Makes the kernels of a model; an error says why there are none.
using GraphBuilder = std::function<std::optional<model::Graph>(
    const GraphRequest &request, std::string &error)>;

/// The config of one decoder layer of that shape.
GraphRequest requestOf(const LayerShape &shape);

/// How the open kernels are written; decode and prefill differ.
cost::Practice practiceOf(const LayerShape &shape);

/// The measured mapping of one kernel of the layer. Decode: channels lie over
/// y, and each product leaves its result along the other axis; keys and values
/// have their positions over y and their channels over x. Prefill: tokens over
/// y, everything else over x.
model::Sharding measuredSharding(const model::KernelSpec &kernel,
                                 const LayerShape &shape);

/// Layers that were built, each once.
class Layers {
public:
  Layers() = default;
  explicit Layers(GraphBuilder builder) : builder(std::move(builder)) {}

  /// The kernels of the layer, in order; null with the reason in `error`.
  const std::vector<model::KernelSpec> *kernels(const LayerShape &shape,
                                                std::string &error);

  /// Cycles of each kernel of the layer, in order; null with the reason in
  /// `error`. Of a decode layer the activation of the gated MLP works on as
  /// many elements as the model dim has, as in the published code.
  std::optional<std::vector<cost::Term>> estimate(const LayerShape &shape,
                                                  const cost::Rates &rates,
                                                  std::string &error);

private:
  struct Entry {
    std::vector<model::KernelSpec> kernels;
    std::string error;
  };
  const Entry &build(const LayerShape &shape);

  GraphBuilder builder;
  std::map<LayerShape, Entry> entries;
};

} // namespace inlay::fidelity

#endif // INLAY_FIDELITY_LAYER_H
