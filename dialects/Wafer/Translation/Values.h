//===- Values.h - Which values of the model a plan's ops make ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSLATION_VALUES_H
#define INLAY_DIALECTS_WAFER_TRANSLATION_VALUES_H

#include "dialects/Wafer/Translation/PlacedSystem.h"
#include "inlay/Plan/Plan.h"

namespace inlay::wafer {

/// Fills `node` of the ops and `inputs` of the kernels of `plan`, whose kernels
/// are those of `placement`, from the locations in the IR: both stay empty
/// where a module was printed without them.
mlir::LogicalResult nameValues(const PlacedSystem &placement, plan::Plan &plan);

/// Rows of the smallest table of rotary embeddings that ops look up beside
/// those that rotate by it, and that has at least `room` of them; nothing where
/// there is none. Tables that a rotation looks up itself have a dim "position".
std::optional<int64_t> lookedUpPositions(const model::Graph &graph,
                                         int64_t room);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSLATION_VALUES_H
