//===- StepValues.h - Numbers that a step's bookkeeping computes -*- C++
//-*-===//
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
// follow. `StepValues` computes with that, exactly and on whole tensors.
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

class StepValues {
public:
  using Numbers = std::vector<double>;

  StepValues(GraphOp graph, const StepRoles &roles)
      : graph(graph), roles(roles) {}

  /// All elements of `value` in row-major order; null where it depends on
  /// activations or weights, or is larger than `kMaxElements`.
  const Numbers *evaluate(mlir::Value value);

  /// The largest tensor that is computed.
  static constexpr int64_t kMaxElements = 1 << 22;

private:
  using Result = std::unique_ptr<Numbers>;

  Result compute(mlir::Value value, int depth);
  Result computeArgument(mlir::BlockArgument argument);
  Result computeOp(mlir::Operation *op, mlir::Value value, int depth);
  Result computeElementwise(mlir::Operation *op, int depth);
  Result computeIndexed(mlir::Operation *op, mlir::Value value, int depth);
  Result computeReduce(ReduceOp op, int depth);
  Result computeGather(GatherOp op, int depth);
  Result computeConcat(ConcatOp op, int depth);
  Result computeOpaque(OpaqueOp op, int depth);
  Result computeCumulativeSum(OpaqueOp op, int depth);
  Result computeGatherND(OpaqueOp op, int depth);
  const Numbers *get(mlir::Value value, int depth);

  GraphOp graph;
  const StepRoles &roles;
  llvm::DenseMap<mlir::Value, Result> known;
};

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_STEPVALUES_H
