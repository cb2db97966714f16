//===- StatePairs.h - The states of a model ---------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A state enters a step as an argument of the graph and leaves it as a result.
// Which argument goes with which result is found from the ops, not from names:
// an attention's past and present, or a concatenation that appends to an
// argument and is a result.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_TRANSFORMS_STATEPAIRS_H
#define INLAY_DIALECTS_DATAFLOW_TRANSFORMS_STATEPAIRS_H

#include "dialects/NN/IR/NN.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace inlay::dataflow {

/// One state of a graph.
struct StatePair {
  std::string name;                ///< the argument's
  mlir::BlockArgument past;        ///< what the state holds before the step
  mlir::Value present;             ///< after it; null where it is only read
  mlir::RankedTensorType type;     ///< of the state: that of the present
  mlir::Operation *user = nullptr; ///< the one op that uses the argument
};

/// All states of a graph, in the order of its arguments.
class StatePairs {
public:
  /// Finds the states; an error names each one whose tensor before the step is
  /// not a part of its tensor after it.
  static mlir::FailureOr<StatePairs> find(nn::GraphOp graph);

  llvm::ArrayRef<StatePair> all() const { return pairs; }

  /// The state that `argument` is the past of, or null.
  const StatePair *lookup(mlir::Value argument) const;

  /// True for operand `index` of the graph's return if it is the present of a
  /// state, hence no output.
  bool isPresent(unsigned index) const {
    return presentResults.contains(index);
  }

  /// True for attentions whose keys and values survive the step.
  bool holdsState(mlir::Operation *op) const { return users.contains(op); }

private:
  mlir::LogicalResult add(nn::GraphOp graph, mlir::BlockArgument past,
                          mlir::Operation *user, mlir::Value present);

  std::vector<StatePair> pairs;
  llvm::DenseMap<mlir::Value, unsigned> indexOf;
  llvm::DenseSet<unsigned> presentResults;
  llvm::DenseSet<mlir::Operation *> users;
};

} // namespace inlay::dataflow

#endif // INLAY_DIALECTS_DATAFLOW_TRANSFORMS_STATEPAIRS_H
