//===- ExtractModel.h - What mapping sees of a dataflow graph ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The one way from IR to the plain structs that the algorithm libraries work
// on. Loop nests come from the nn dialect's iteration-space interface; nothing
// else of an op is read.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_EXTRACTMODEL_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_EXTRACTMODEL_H

#include "dialects/Dataflow/IR/Dataflow.h"
#include "inlay/Model/Model.h"

namespace inlay::wafer {

/// On a graph: steps in flight at once, of other sequences each; an i64 of at
/// least 1, which it is where there is none.
inline constexpr llvm::StringLiteral kStepsInFlightAttr =
    "inlay_dataflow.steps_in_flight";
int64_t stepsInFlight(dataflow::GraphOp graph);

/// On a graph: what random choices of its mapping depend on; an i64, 0 where
/// there is none.
inline constexpr llvm::StringLiteral kSeedAttr = "inlay_dataflow.seed";
int64_t seedOf(dataflow::GraphOp graph);

/// On a graph: per cent of their usual work that searches of its mapping take;
/// an i64, 100 where there is none.
inline constexpr llvm::StringLiteral kEffortAttr = "inlay_dataflow.effort";
int64_t effortOf(dataflow::GraphOp graph);

/// On a graph: the floating-point type in which its states are kept, whatever
/// the ops that use them compute in; null where each has its own.
inline constexpr llvm::StringLiteral kKvTypeAttr = "inlay_dataflow.kv_type";
mlir::Type kvTypeOf(dataflow::GraphOp graph);

/// Fills a graph from kernels in the order of the IR; kernel i of the result is
/// `graph.getKernels()[i]`, and ports, weights and states are numbered as in
/// the IR.
///
/// - An operand of a loop nest is the weight, state, input or output that its
///   value is, also through ops that cost nothing (reshapes); a value inside
///   the kernel is a Local with a number of its own.
/// - A weight has the logical shape that its first use gives it: rows of K
///   4-bit elements where bytes are stored, with a row pitch where rows are
///   padded. A use with another shape holds the weight whole.
/// - There is one stream for each pair of producer and consumer. Edges from one
///   output share a name: that of the source, or "<kernel>:<output>"; an edge
///   to the host has the name of the sink, and the sink's number as port. There
///   is none from a source straight to a sink.
///
/// - With several steps in flight a state is as many times as long in its first
///   dim, which counts sequences: the sets of the steps stand one behind the
///   other, and a firing works on one of them.
///
/// - Where the graph says in which type states are kept, states and the
/// operands
///   of ops that are states have it.
///
/// Emits an error and fails where a shape is dynamic, a weight has no handle on
/// its bytes, a state that must be kept several times does not begin with the
/// sequences, or the result breaks an invariant of the model.
mlir::FailureOr<model::Graph> extractModel(dataflow::GraphOp graph);

/// Registers `inlay-translate --dataflow-to-model-json`.
void registerWaferExtractTranslations();

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_EXTRACTMODEL_H
