//===- Relayout.h - Cycles of moving a value to where an op wants it -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values move along the axes of a region, one after the other (Layout.h). On a
// line of C cores, K of which send up to b wavelets each, n in all, every core
// takes in what passes and keeps what it wants:
//
//   start + r n + h C
//
// The wavelets of a core are its own, so that n is K b or, where that is less,
// what all features need and one more for each core. r and h as in
// Collectives.h. The routers do just that in a pattern `all_gather`
// (Patterns.h): pieces that nobody wants on the way pass it all the same, as a
// router has one setting for all that comes.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_RELAYOUT_H
#define INLAY_COST_RELAYOUT_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Cost/Rates.h"
#include "inlay/Model/Layout.h"

#include <string>

namespace inlay::cost {

/// Of `bits` an element: wavelets that one core sends at most.
double pieceWavelets(const Rates &rates, const model::LineMove &move, int bits);

/// Cycles of one move.
Breakdown moveCycles(const Rates &rates, const model::LineMove &move, int bits);

/// The same in words: "all-gather along x over 377 cores: 4 + 48 wavelets x 1 +
/// 377 hops x 1".
std::string describeMove(const Rates &rates, const model::LineMove &move,
                         int bits);

} // namespace inlay::cost

#endif // INLAY_COST_RELAYOUT_H
