//===- Relayout.h - Cycles of moving a value to where an op wants it -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values move along the axes of a region. On one axis there are three cases,
// over P cores with L of them between the ends of what moves:
//
//   gather   features cut over the axis are wanted elsewhere, or everywhere,
//            along it: every core takes in what it wants of the line, n
//            features, while they pass: start + r n + h P
//   shift    the same order on fewer or more cores, U of U': the last of the
//            fewer has the k = E (1 - U / U') features of the others behind its
//            link: start + r k + h (U' - U)
//   shuffle  another order, inside runs of L cores that hold E features: half
//            of the features lie in either half of a run, and half of those
//            are wanted in the other, so E / 4 cross its middle in each
//            direction: start + c r E / 4 + h L, with c what crossing flows
//            lose (`crossing_flows` of the target; 1 in `ideal` mode); and a
//            shift where the runs lie on other cores
//
// n, k and E in wavelets. r and h as in Collectives.h.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_RELAYOUT_H
#define INLAY_COST_RELAYOUT_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Cost/Rates.h"
#include "inlay/Model/Layout.h"

#include <string>

namespace inlay::cost {

/// Cycles that a value takes from one layout to another; both of as many
/// features. 0 where nothing moves between cores. `bits` of an element;
/// `cores` of the region, or of the group of experts.
Breakdown relayout(const Rates &rates, const model::Layout &from,
                   const model::Layout &to, int bits,
                   const model::Extent &cores);

/// The same in words: "gather 48 wavelets over 377 cores of x".
std::string describeRelayout(const Rates &rates, const model::Layout &from,
                             const model::Layout &to, int bits,
                             const model::Extent &cores);

} // namespace inlay::cost

#endif // INLAY_COST_RELAYOUT_H
