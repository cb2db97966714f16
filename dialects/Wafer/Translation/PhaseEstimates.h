//===- PhaseEstimates.h - What another phase takes in a plan ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSLATION_PHASEESTIMATES_H
#define INLAY_DIALECTS_WAFER_TRANSLATION_PHASEESTIMATES_H

#include "dialects/Wafer/Translation/PlacedSystem.h"
#include "inlay/Plan/Plan.h"

namespace inlay::wafer {

/// The estimates of the phases beside the one that is mapped: kernels on the
/// same regions, cut the same way, streams on the same routes. Of the wavelets
/// by which a route is fuller than its stream counts, as large a share as the
/// other phase's stream has bytes. Emits an error where a kernel cannot run
/// where it is placed.
mlir::FailureOr<std::vector<plan::PhaseEstimate>>
phaseEstimates(const PlacedSystem &placement);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSLATION_PHASEESTIMATES_H
