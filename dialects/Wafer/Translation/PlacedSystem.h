//===- PlacedSystem.h - What the IR says of each kernel and stream *- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSLATION_PLACEDSYSTEM_H
#define INLAY_DIALECTS_WAFER_TRANSLATION_PLACEDSYSTEM_H

#include "dialects/Wafer/Transforms/Placement.h"

namespace inlay::wafer {

/// The ops of a system about one kernel.
struct PlacedKernel {
  Placement placement;
  model::Sharding sharding;
  std::vector<ExpertGroupOp> groups;
  std::vector<BufferOp> buffers;
  EstimateOp estimate;
};

/// A complete system beside the model that it places.
struct PlacedSystem {
  SystemOp system;
  model::Graph model;
  std::vector<PlacedKernel> kernels;     ///< as in the model
  llvm::SmallVector<ConnectOp> connects; ///< one for each stream of the model
  std::vector<mlir::Operation *> routes; ///< collectives and routes, in order
  FabricOp fabric;
  StepEstimateOp step;
};

/// Finds the ops of each kernel and stream. Emits an error for everything that
/// is missing or does not belong to the graph, and fails.
mlir::FailureOr<PlacedSystem> readSystem(mlir::ModuleOp module);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSLATION_PLACEDSYSTEM_H
