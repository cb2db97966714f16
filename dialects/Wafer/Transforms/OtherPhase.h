//===- OtherPhase.h - A second phase on the same regions --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module may hold a graph of prefill and one of decode with the same kernels.
// The one of prefill is mapped, as it needs the most of a core; decode runs on
// the same regions, cut the same way, so that weights and states stay where
// they are.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_OTHERPHASE_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_OTHERPHASE_H

#include "Placement.h"

#include "dialects/Dataflow/IR/Dataflow.h"

#include <optional>

namespace inlay::wafer {

/// On the graph of decode beside one of prefill: its firings for each one of
/// prefill, by which costs are weighed; an f64 of at least 0.
inline constexpr llvm::StringLiteral kFiringsAttr = "inlay_dataflow.firings";

/// The graph of a module that is to be mapped: the only one, or the first of
/// two, of prefill and of decode. Null where a module holds others.
dataflow::GraphOp mappedGraph(mlir::ModuleOp module);

/// The graph of decode beside the one that is mapped.
struct OtherPhase {
  dataflow::GraphOp graph;
  model::Graph model;
  std::vector<model::CarryOver> carries =
      {}; ///< by kernel, from the mapped one
  double firings = 1;
};

/// None where there is one phase. Emits an error and fails where the kernels of
/// the two differ in more than what is done along tokens.
mlir::FailureOr<std::optional<OtherPhase>>
readOtherPhase(dataflow::GraphOp mapped, const model::Graph &model);

/// Makes `placements` those of the other phase's kernels. Emits an error for
/// each kernel that the other phase cannot run where it is placed: because of
/// its sharding, or because a buffer would need more bytes than in the phase
/// that is mapped.
mlir::LogicalResult
checkOtherPhase(const OtherPhase &other, const model::Graph &model,
                llvm::MutableArrayRef<Placement> placements);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_OTHERPHASE_H
