//===- Grouping.h - Which ops share a kernel --------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Partitions the ops of an nn graph into kernels, in time linear in the graph.
//
// Ops that need no kernel of their own (weights, constants, and cheap ops over
// nothing but these) are copied into every kernel that uses them. All others
// belong to one kernel, found in three steps.
//
// 1. Cones. Going backwards, an op joins the kernel of its consumers if all of
//    them are in one kernel. A cone has one exit, so no cycle can arise. Cones
//    end at
//    - experts, which share their kernel with nothing but copied ops, routes,
//    embeddings and residual
//      sums: these start a kernel;
//    - the residual operand of a residual sum: the operand of an `add` that is
//      defined first and has other uses. So the hidden state between two blocks
//      of a layer ends a kernel, and norm, projections, attention, output
//      projection and sum are one;
//    - sums that combine experts' results with others: a shared expert runs
//      beside the experts, not behind them.
// 2. Light kernels, those without a product, go elsewhere: into their only
//    consumer (the sum behind experts joins the next layer's attention); else
//    into a router that consumes them (the norm that router and experts share:
//    the router sends the normed activations on); else into their only
//    producer. What remains keeps a kernel of role `other` (angles and
//    positions that many layers share).
// 3. Where step 2 closed a cycle, the kernels on it fall back to their cones.
// 4. Kernels of role `other` that make masks of what the host sends are copied
//    into each attention that adds them.
//
// A decoder layer begins with each attention that holds a state, or, in a graph
// without states, with each attention; kernels belong to the latest layer that
// they depend on.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_TRANSFORMS_GROUPING_H
#define INLAY_DIALECTS_DATAFLOW_TRANSFORMS_GROUPING_H

#include "dialects/Dataflow/IR/Dataflow.h"
#include "dialects/NN/IR/NN.h"

namespace inlay::dataflow {

class StatePairs;

/// A kernel to be.
struct Group {
  KernelRole role = KernelRole::Other;
  std::optional<int64_t> layer;
  /// In the order of the graph; without the ops that are copied.
  llvm::SmallVector<mlir::Operation *> ops;
  /// The op that the kernel is about: its attention, experts, product, …
  mlir::Operation *anchor = nullptr;
};

/// The kernels of a graph in topological order, and what is copied into them.
struct Grouping {
  std::vector<Group> groups;
  /// Index into `groups` of each op that belongs to one.
  llvm::DenseMap<mlir::Operation *, unsigned> groupOf;
  /// Position of each live op in the graph's block.
  llvm::DenseMap<mlir::Operation *, unsigned> position;

  /// True for weights, constants and cheap ops over these: copied, not grouped.
  bool isCopied(mlir::Operation *op) const { return !groupOf.contains(op); }
};

Grouping groupOps(nn::GraphOp graph, const StatePairs &states);

/// Gives groups their roles, layers and anchors.
void describeGroups(nn::GraphOp graph, const StatePairs &states,
                    Grouping &grouping);

/// A name for each group, unique and stable.
///
/// It is the longest common path of the ONNX names of the kernel's heavy ops,
/// or, for one op, its path without the last part, with '.' for '/':
/// "/model/layers.0/attn/q_proj/MatMul" and "/model/layers.0/attn/GQA" make
/// "model.layers.0.attn". Kernels that come to the same name get their role
/// behind it ("model.layers.0.moe.router"). Where names are no paths, or roles
/// do not tell kernels apart, it is "layer.<i>.<role>" (outside of layers
/// "<role>"), and of several such the second has ".1" behind it.
std::vector<std::string> nameGroups(const Grouping &grouping);

/// True for ops that are more than elementwise work over activations: products,
/// attention, experts, routes, embeddings, and unknown ops with weights.
bool isHeavy(mlir::Operation *op);

} // namespace inlay::dataflow

#endif // INLAY_DIALECTS_DATAFLOW_TRANSFORMS_GROUPING_H
