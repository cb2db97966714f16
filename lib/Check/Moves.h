//===- Moves.h - Values on their way from op to op ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_MOVES_H
#define INLAY_LIB_CHECK_MOVES_H

#include "Costs.h"

#include <map>
#include <utility>
#include <vector>

namespace inlay::checker {

/// A move along one axis, for `op`.
struct Move {
  int64_t op = 0;
  bool alongX = true;
  int64_t cores = 1, lines = 1, senders = 1;
  int64_t wavelets = 0; ///< that one core sends, at most

  auto operator<=>(const Move &) const = default;
};

/// What a kernel needs.
struct MoveNeeds {
  std::map<Move, int64_t> moves; ///< how often
  /// Of values that move along both axes the first and the second move.
  std::map<std::pair<Move, Move>, int64_t> pairs;
  std::vector<MoveLoad> loads; ///< of each move
};

/// The moves that the ops of a kernel ask for.
MoveNeeds movesNeeded(const Plan &plan, const Kernel &kernel);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_MOVES_H
