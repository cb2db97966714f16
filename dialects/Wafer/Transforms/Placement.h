//===- Placement.h - Where a system puts the kernels of a graph -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Reads what the passes so far have decided, kernel by kernel in the order of
// the plain model.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_PLACEMENT_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_PLACEMENT_H

#include "dialects/Wafer/IR/Wafer.h"
#include "inlay/Model/CarryOver.h"
#include "inlay/Model/Model.h"
#include "inlay/Model/Sharding.h"

#include <optional>
#include <utility>
#include <vector>

namespace inlay::wafer {

/// The one system of a module; emits an error and fails where there is none or
/// several.
mlir::FailureOr<SystemOp> findSystem(mlir::ModuleOp module);

/// What a system says of one kernel. Later fields need earlier ones.
struct Placement {
  StageOp stage;
  AssignOp assign;
  RegionOp region; ///< null until `shard-kernels`
  /// Where it stands for a kernel of the phase that is not mapped.
  std::optional<model::CarryOver> carry = std::nullopt;

  bool isSharded() const { return static_cast<bool>(region); }
  bool isPlaced() { return region && region.isPlaced(); }
  /// Of a sharded kernel.
  model::Sharding getSharding();
  /// Of a placed kernel, on its wafer.
  model::Rect getRect() { return region.getRect(); }
};

/// How far the passes have come.
enum class Progress { Assigned, Sharded, Placed };

/// One placement for each kernel of the model, at least as far as `needed`.
/// Emits an error for each kernel that is not, with the pass that would do it,
/// and for each assignment of a kernel that the model does not have.
mlir::FailureOr<llvm::SmallVector<Placement>>
readPlacements(SystemOp system, const model::Graph &model, Progress needed);

/// The kernels of each stage of a system, in order of execution.
llvm::SmallVector<std::pair<StageOp, std::vector<size_t>>>
stagesOf(SystemOp system, llvm::ArrayRef<Placement> placements);

/// How a stream gets from kernel to kernel.
struct Connection {
  int64_t hops = 0;  ///< between the middles of the regions, on one wafer
  int64_t lanes = 1; ///< links side by side, as many as the narrower side has
  bool crossing = false; ///< from wafer to wafer
  /// Between kernels of one region: these hand values to each other in one
  /// layout (model::handedOver), so nothing moves.
  bool inPlace = false;
};

/// The way of a stream between placed kernels; one without hops for a stream
/// of the host.
Connection connectionOf(const model::StreamSpec &stream,
                        llvm::MutableArrayRef<Placement> placements);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_PLACEMENT_H
