//===- Adapters.h - Equal protocols along edges -----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Once every kernel has its slot, c may still take any value between the least
// for which k suffices and the greatest that the slot holds. Edges whose ends
// can agree are made to.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_ISPD2020_ADAPTERS_H
#define INLAY_LIB_FLOORPLAN_ISPD2020_ADAPTERS_H

#include "Sizing.h"

namespace inlay::floorplan::ispd2020 {

/// What a kernel in its slot offers.
struct Ports {
  Image image;
  Range in, out; ///< of the first and of the last convolution
};

Ports portsOf(const Shapes &shapes, const model::Rect &slot,
              const model::Rect &box);

/// Chooses c of ports. Ports of a convolution are one port.
class PortMatcher {
public:
  explicit PortMatcher(const Problem &problem);

  /// Adapters when the edges, in their order, agree where they can. Optimal on
  /// paths.
  int match(const std::vector<Ports> &ports);
  /// The least c of a kernel's port after `match`.
  int c(int kernel, bool isOut) const {
    return ranges[find(portOf[kernel][isOut])].low;
  }

private:
  int find(int port) const;

  const Problem &problem;
  std::vector<std::array<int, 2>> portOf; ///< by kernel: in and out
  mutable std::vector<int> leaders;       ///< by port
  std::vector<Range> ranges;              ///< of leaders
};

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_LIB_FLOORPLAN_ISPD2020_ADAPTERS_H
