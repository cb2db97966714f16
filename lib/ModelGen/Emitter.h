//===- Emitter.h - The parts of a decoder as ONNX nodes ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function for each part of a layer. All share an `Emitter`: the spec, the
// graph and the weights. `path` is the prefix of node names
// ("/model/layers.0/attn"), `stem` that of initializers
// ("model.layers.0.attn").
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_MODELGEN_EMITTER_H
#define INLAY_LIB_MODELGEN_EMITTER_H

#include "Weights.h"

namespace inlay::modelgen {

struct Emitter {
  Emitter(const ModelSpec &spec, const GenerateOptions &options)
      : spec(spec), options(options), weights(graph, spec, options) {}

  const ModelSpec &spec;
  const GenerateOptions &options;
  GraphBuilder graph;
  Weights weights;

  bool contrib() const { return options.encoding == Encoding::Contrib; }
  DataType type() const { return spec.activation; }
  /// Whether any layer multiplies its queries by a temperature.
  bool heatsQueries() const;
  /// Whether the graph has an input `position_ids`.
  bool needsPositions() const;
  Value real(double number) { return graph.real(number, spec.activation); }
};

/// Names of one layer: nodes, initializers, and what checkpoints call it.
struct LayerNames {
  explicit LayerNames(size_t index);
  std::string path;       ///< "/model/layers.3"
  std::string stem;       ///< "model.layers.3"
  std::string checkpoint; ///< "model.layers.3"
};

/// y = x W^T (+ b). Nodes are `<path>/MatMul`, `<path>/Add`; initializers
/// `<stem>.MatMul.weight`, `<stem>.Add.bias`. The product is called `product`
/// where that is not empty.
Value emitLinear(Emitter &emitter, const std::string &path,
                 const std::string &stem, const MatrixSet &set,
                 const Value &input, bool bias = false,
                 const Value &product = {});

/// A float weight, cast where it is stored in another type.
Value emitFloatWeight(Emitter &emitter, const std::string &name,
                      const MatrixSet &set, bool transposed);

/// A weight [.., rows, columns] as floats, from whatever it is stored as; with
/// `transposed`, [.., columns, rows]. Nodes are `<path>/...`.
Value emitDequantized(Emitter &emitter, const std::string &path,
                      const std::string &name, const MatrixSet &set,
                      bool transposed);

/// RMS norm of a stream of activations.
Value emitNorm(Emitter &emitter, const std::string &path,
               const std::string &weight, const MatrixSet &set,
               const Value &input);

/// Nodes that all layers share.
struct SharedNodes {
  Value seqlens;     ///< int32 [batch]: tokens of each sequence, less one
  Value totalLength; ///< int32: tokens of the longest
  /// bool [batch, 1, tokens, length]: keys that a query sees. All of the past;
  /// and those in the window, or in the query's chunk.
  Value mask;
  Value windowMask;
  Value chunkMask;
  Value chunkBias;   ///< [batch, 1, tokens, length]: 0 or minus infinity
  Value temperature; ///< [batch, tokens, 1]
};
SharedNodes emitSharedNodes(Emitter &emitter);

/// The attention of layer `index`, from normed input to output projection.
Value emitAttention(Emitter &emitter, size_t index, const SharedNodes &shared,
                    const Value &input);
Value emitLatentAttention(Emitter &emitter, size_t index,
                          const SharedNodes &shared, const Value &input);

/// down(silu(gate(x)) * up(x)); matrices are `<checkpoint>.gate_proj`, ...
Value emitMlp(Emitter &emitter, const std::string &path,
              const std::string &stem, const std::string &checkpoint,
              WeightClass kind, int64_t intermediate, const Value &input);

/// Router, routed and shared experts of layer `index`.
Value emitExperts(Emitter &emitter, size_t index, const Value &input);

/// Which experts take a token, and with what weight.
struct Routing {
  Value logits;  ///< [tokens, E]
  Value weights; ///< [tokens, k]
  Value indices; ///< [tokens, k]
};

/// Logits [tokens, E] of `input` [.., hidden].
Value emitRouterLogits(Emitter &emitter, const LayerNames &names,
                       const Value &input);
/// The router in standard operators.
Routing emitRouting(Emitter &emitter, const LayerNames &names,
                    const Value &logits);
/// Sigmoid scores, and what the choice goes by: with bias, without the groups
/// that are not chosen.
struct SigmoidScores {
  Value scores;
  Value choice;
};
SigmoidScores emitSigmoidScores(Emitter &emitter, const LayerNames &names,
                                const Value &logits);

/// The routed experts, [.., hidden] to [.., hidden].
Value emitFusedExperts(Emitter &emitter, const LayerNames &names,
                       const Value &input);
Value emitStackedExperts(Emitter &emitter, const LayerNames &names,
                         const Value &input);
Value emitUnrolledExperts(Emitter &emitter, const LayerNames &names,
                          const Value &input);

/// act(gate, up) of an expert: SwiGLU, clamped where the spec says so.
Value emitGate(Emitter &emitter, const std::string &path, const Value &gate,
               const Value &up);

} // namespace inlay::modelgen

#endif // INLAY_LIB_MODELGEN_EMITTER_H
