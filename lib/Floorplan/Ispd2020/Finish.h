//===- Finish.h - From a point of the search to a placement -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_ISPD2020_FINISH_H
#define INLAY_LIB_FLOORPLAN_ISPD2020_FINISH_H

#include "Search.h"

namespace inlay::floorplan::ispd2020 {

/// Chooses every argument and place: c so that ports agree, sizes so that
/// centres meet on whole or on half tiles, places by sliding.
Solution finish(const Sizes &sizes, const State &state);

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_LIB_FLOORPLAN_ISPD2020_FINISH_H
