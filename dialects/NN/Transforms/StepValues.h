//===- StepValues.h - Numbers that a step computes of itself ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Masks and positions are computed in the graph from what the runtime hands in:
// which tokens are padding, where each token stands. For a step without padding
// these are known: `context` tokens are in the state, and `tokens` new ones
// follow. `StepValues` computes with that, exactly.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_STEPVALUES_H
#define INLAY_DIALECTS_NN_TRANSFORMS_STEPVALUES_H

#include "dialects/NN/IR/NN.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>
#include <vector>

namespace inlay::nn {

/// What an argument of the graph tells about a step.
enum class StepRole {
  Valid,     ///< [batch, context + tokens]: 1 for each token that is no padding
  Positions, ///< [batch, tokens]: where each new token stands
  Start,     ///< [batch] or a number: tokens in the state before the step
  Length,    ///< [batch] or a number: tokens in the state after the step
};

/// Arguments by what they tell: `raise-to-nn` notes what operators take as
/// such, and what makes the angles of a rotation. Only the mask of valid tokens
/// is known by its name too.
using StepRoles = llvm::DenseMap<mlir::Value, StepRole>;

/// Adds the roles that the graph's ops tell: positions are what cosines and
/// sines are made of, if that is one argument; the mask of valid tokens is
/// called `attention_mask`, has their number as its width, and is used as a
/// truth value for each.
void findStepRoles(GraphOp graph, StepRoles &roles);

/// Computes whole tensors where they are small, and of large ones, such as the
/// mask of a prompt of thousands of tokens, the rows that are asked for.
class StepValues {
public:
  using Numbers = std::vector<double>;

  StepValues(GraphOp graph, const StepRoles &roles)
      : graph(graph), roles(roles) {}

  /// All elements of `value` in row-major order; null where it depends on
  /// activations or weights, or is larger than `kMaxElements`.
  const Numbers *evaluate(mlir::Value value);

  /// The elements from `begin` up to `end` in row-major order, at most
  /// `kMaxElements`, of a tensor of any size. They stay until the next call.
  std::optional<llvm::ArrayRef<double>> evaluate(mlir::Value value,
                                                 int64_t begin, int64_t end);

  /// The most elements that are computed at once.
  static constexpr int64_t kMaxElements = 1 << 22;
  /// Who asks for a larger tensor part by part waits for more than 10 seconds.
  static constexpr int64_t kMaxInParts = 1 << 28;
  /// A tensor of no more is computed whole, and once.
  static constexpr int64_t kMaxSmall = 1 << 16;

private:
  using Result = std::unique_ptr<Numbers>;

  /// Elements in row-major order: all from `begin` up to `end`.
  struct Range {
    int64_t begin = 0, end = 0;
    int64_t size() const { return end - begin; }
  };

  /// Elements that have been computed; `numbers` holds those from `first` on.
  struct Piece {
    const Numbers *numbers = nullptr;
    int64_t first = 0;
    explicit operator bool() const { return numbers; }
    const double *at(int64_t place) const {
      return numbers->data() + (place - first);
    }
    double operator[](int64_t place) const { return *at(place); }
  };

  Piece get(mlir::Value value, Range range, int depth);
  Piece getWhole(mlir::Value value, int depth);

  Result compute(mlir::Value value, Range range, int depth);
  Result computeArgument(mlir::BlockArgument argument, Range range);
  Result computeOp(mlir::Operation *op, mlir::Value value, Range range,
                   int depth);
  Result computeElementwise(mlir::Operation *op, Range range, int depth);
  Result computeMoved(mlir::Operation *op, mlir::Value value, Range range,
                      int depth);
  Result computeReduce(ReduceOp op, Range range, int depth);
  Result computeRows(ReduceOp op, int64_t size, Range range, int depth);
  Result computeGather(GatherOp op, Range range, int depth);
  Result computeConcat(ConcatOp op, Range range, int depth);
  Result computeOpaque(OpaqueOp op, Range range, int depth);
  Result computeCumulativeSum(OpaqueOp op, Range range, int depth);
  Result computeGatherND(OpaqueOp op, Range range, int depth);
  Result computeScatterND(OpaqueOp op, Range range, int depth);
  Result copy(mlir::Value value, Range range, int depth);

  GraphOp graph;
  const StepRoles &roles;
  llvm::DenseMap<mlir::Value, Result> known;
  /// Parts of large tensors, for one question.
  using Parts =
      llvm::DenseMap<std::tuple<mlir::Value, int64_t, int64_t>, Result>;
  Parts parts;
};

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_STEPVALUES_H
