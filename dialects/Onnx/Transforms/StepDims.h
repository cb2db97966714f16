//===- StepDims.h - The sizes that a step gives symbolic dims ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters name the dims of batch, new tokens and KV state in a few ways. A
// name has a role, and a request for a step (phase, batch, context, ...) gives
// each role a size. What the user binds by name comes first; what contradicts
// the rest of the request is an error. PyTorch numbers symbols ("s44"): such a
// name has the role of its place in an input whose own name is conventional.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_STEPDIMS_H
#define INLAY_DIALECTS_ONNX_TRANSFORMS_STEPDIMS_H

#include "inlay/Model/Model.h"

#include "mlir/IR/Diagnostics.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"

#include <array>
#include <optional>
#include <string>

namespace inlay::onnx {

/// What a conventional name of a dim means.
enum class DimRole : unsigned {
  Batch,         ///< sequences: batch_size, batch, B
  NewTokens,     ///< new tokens of each: sequence_length, seq_len, ...
  Past,          ///< tokens in the KV state: past_sequence_length, ...
  Total,         ///< both together: total_sequence_length, ...
  BatchedTokens, ///< new tokens of all sequences: num_tokens, tokens
  Window,        ///< a KV state of the last tokens only: past_sliding_length
};
constexpr unsigned numDimRoles = 6;

std::optional<DimRole> getDimRole(llvm::StringRef name);

/// The role that dim `dim` of a graph's input has by the input's name and rank;
/// none where there is no convention.
std::optional<DimRole> getPlaceRole(llvm::StringRef input, int64_t rank,
                                    int64_t dim);

/// Roles of names that say nothing themselves.
using PlaceRoles = llvm::StringMap<DimRole>;

/// What the user asked for; nothing where a default is to be taken.
struct StepRequest {
  model::Phase phase = model::Phase::Decode;
  std::optional<int64_t> batch;
  std::optional<int64_t> context;
  std::optional<int64_t> prefillChunk;
  /// Each "name=size".
  llvm::ArrayRef<std::string> bindings;
};

/// The number of positions that the model has room for.
struct PositionLimit {
  int64_t positions;
  /// What has no more, "rotary cache" or "KV buffer", and the node that reads
  /// it.
  llvm::StringRef holder;
  std::string node;
};

/// A past whose length is no symbol: every step has it.
struct FixedPast {
  int64_t tokens;
  /// The node that reads it.
  std::string node;
};

/// What the model says about positions.
struct PositionFacts {
  std::optional<PositionLimit> limit;
  std::optional<FixedPast> past;
  /// The window of attention whose KV state is named as one of a window.
  std::optional<int64_t> window;
};

/// Sizes for symbols, after `resolve`.
class StepDims {
public:
  static constexpr int64_t defaultBatch = 1;
  static constexpr int64_t defaultDecodeContext = 8192;
  static constexpr int64_t defaultPrefillContext = 0;
  static constexpr int64_t defaultPrefillChunk = 128;

  using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;

  explicit StepDims(PlaceRoles placeRoles = {})
      : placeRoles(std::move(placeRoles)) {}

  /// `symbols` are the names in the model, in its order; `texts` whole
  /// expressions, which may be bound as they are written.
  mlir::LogicalResult resolve(const StepRequest &request,
                              llvm::ArrayRef<std::string> symbols,
                              llvm::ArrayRef<llvm::StringRef> texts,
                              const PositionFacts &facts, EmitError emitError);

  /// The size of a symbol or of a whole expression that the user bound.
  std::optional<int64_t> lookup(llvm::StringRef name) const;

  int64_t batch = defaultBatch;
  int64_t context = 0;
  int64_t tokens = 1;
  /// Tokens that a KV state of a window holds.
  int64_t window = 0;
  /// Whether the default context was cut to what the model allows.
  bool isContextReduced = false;

private:
  /// A size that the user gave a role, and how.
  struct Given {
    int64_t size;
    std::string source;
  };
  /// The role of a name, or else of its place.
  std::optional<DimRole> roleOf(llvm::StringRef name) const;
  std::optional<Given> &given(DimRole role) {
    return roles[static_cast<unsigned>(role)];
  }

  mlir::LogicalResult readBindings(llvm::ArrayRef<std::string> bindings,
                                   llvm::ArrayRef<std::string> symbols,
                                   llvm::ArrayRef<llvm::StringRef> texts,
                                   EmitError emitError);
  mlir::LogicalResult give(DimRole role, int64_t size, std::string source,
                           EmitError emitError);
  mlir::LogicalResult takePast(const FixedPast &past, EmitError emitError);
  mlir::LogicalResult solve(model::Phase phase, EmitError emitError);
  mlir::LogicalResult applyLimit(const PositionLimit &limit,
                                 EmitError emitError);

  PlaceRoles placeRoles;
  llvm::StringMap<int64_t> bound;
  std::array<std::optional<Given>, numDimRoles> roles;
};

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_STEPDIMS_H
