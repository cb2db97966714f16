//===- StageFloorplan.h - Floorplans of runs of kernels ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_STAGEFLOORPLAN_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_STAGEFLOORPLAN_H

#include "inlay/Floorplan/Floorplan.h"
#include "inlay/Model/Model.h"
#include "inlay/Sharding/Variants.h"

namespace inlay::wafer {

/// Makes the floorplan problem of any run of a model's kernels on one wafer.
/// `partition-stages` asks whether runs fit, `place-regions` places them. The
/// model and the explorer must outlive the problems.
class StageFloorplan {
public:
  /// `forbidden` are rectangles of every wafer that no region may cover.
  StageFloorplan(const model::Graph &model, sharding::Explorer &explorer,
                 std::vector<model::Rect> forbidden, double cyclesPerHop)
      : model(model), explorer(explorer), forbidden(std::move(forbidden)),
        cyclesPerHop(cyclesPerHop) {}

  /// Kernels `kernels` (indices into the model), in that order. Kernels of one
  /// structure share a shape.
  floorplan::Problem problemOf(const std::vector<size_t> &kernels,
                               std::string name) const;

  /// Kernels first .. last - 1.
  floorplan::Problem problemOf(size_t first, size_t last,
                               std::string name) const;

private:
  const model::Graph &model;
  sharding::Explorer &explorer;
  std::vector<model::Rect> forbidden;
  double cyclesPerHop;
};

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_STAGEFLOORPLAN_H
