//===- Divisions.h - Small kernels apart from large ones --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In layers of experts few kernels have nearly all bytes. They need nearly all
// cores, on which what lies between them, attention and routers, would have far
// to go. Kernels take turns, so the small ones of all layers may share a few
// regions of their own.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_DIVISIONS_H
#define INLAY_LIB_FLOORPLAN_DIVISIONS_H

#include "inlay/Floorplan/Floorplan.h"

#include <vector>

namespace inlay::floorplan {

/// What each region holds.
using Parts = std::vector<Kernels>;

struct Division {
  Parts small;
  Parts large;
};

/// Divisions of a chain worth trying; none where all kernels are of about one
/// size, or the small ones follow each other anyway.
std::vector<Division> divisionsOf(const Chain &chain);

/// Divisions of parts that are given, by the gaps between their sizes.
std::vector<Division> divisionsOf(const Chain &chain, const Parts &parts);

} // namespace inlay::floorplan

#endif // INLAY_LIB_FLOORPLAN_DIVISIONS_H
