//===- SliceShares.h - Slices of experts for free rectangles ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dead cores leave free rectangles of very different sizes. Slices of experts
// that are as large as these fill a wafer, and take about the same time on
// them.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_SLICESHARES_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_SLICESHARES_H

#include "inlay/Model/Geometry.h"
#include "inlay/Target/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>
#include <vector>

namespace inlay::wafer {

/// Shares of the intermediate dim of experts, one for each slice.
using Shares = llvm::SmallVector<int64_t>;

/// "8": that many equal ones; "5:3:2": these. None for anything else.
std::optional<Shares> parseShares(llvm::StringRef text);

/// Shares worth trying where the largest kernel of experts has room on no free
/// rectangle off `forbidden`: what fits on each of the largest disjoint ones of
/// a wafer, or of two. None where whole experts have room, or must stay whole.
std::vector<Shares> sharesOfFree(mlir::ModuleOp module,
                                 const target::Target &machine,
                                 const std::vector<model::Rect> &forbidden);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_SLICESHARES_H
