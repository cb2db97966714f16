//===- Patterns.h - Collectives on a line of cores --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the routers and the cores of one line do in a collective, by the
// algorithm that an estimate counts. Lines of a region are alike, so a pattern
// is made and verified once for all lines of its length.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ROUTING_PATTERNS_H
#define INLAY_ROUTING_PATTERNS_H

#include "inlay/Routing/Fabric.h"
#include "inlay/Support/Diagnostic.h"

namespace inlay::routing {

/// Positions first + i * step, i below count.
struct Span {
  int64_t first = 0;
  int64_t count = 0;
  int64_t step = 1;

  bool has(int64_t position) const {
    int64_t distance = position - first;
    return distance >= 0 && distance % step == 0 && distance / step < count;
  }
  bool operator==(const Span &) const = default;
};

/// Routers of a line that pass wavelets from `in` to every port of `out`.
struct LineSegment {
  Span at;
  int colour = 0; ///< of the pattern, from 0
  Port in = Port::Ramp;
  Ports out;
  int position = 0; ///< of the switch
  /// Times that the links of router i carry the vector: load + i * loadStep.
  int64_t load = 1;
  int64_t loadStep = 0;

  bool operator==(const LineSegment &) const = default;
};

/// What some cores do; each core does its actions in order. A core that both
/// receives and sends forwards what comes, with its own part added, as it
/// comes; or, without `forward`, does both side by side.
struct Action {
  Span at;
  int receive = -1; ///< colour; -1: nothing
  int send = -1;
  bool forward = false;
  int64_t rounds = 1; ///< of the first core; of the i-th i * roundsStep more
  int64_t roundsStep = 0;

  bool operator==(const Action &) const = default;
};

enum class Algorithm {
  Star,          ///< every core sends to position 0, one after the other
  Chain,         ///< from the last core to position 0, each adding its own
  Tree,          ///< binary tree to position 0
  TwoPhase,      ///< chains in groups of sqrt P, then along their first cores
  StarBroadcast, ///< and back to all
  ChainBroadcast,
  TreeBroadcast,
  TwoPhaseBroadcast,
  TwoTree,   ///< chains from both ends in groups and along their middles
  Ring,      ///< pieces go round twice
  Broadcast, ///< from the root to all
  Shift, ///< each core sends to its neighbour on a ring of hops of at most two
  MiddleChain,     ///< chains from both ends to the middle, and back to all
  MiddleOnePhase,  ///< the same, both sides at once, the sum going back as it
                   ///< forms
  MiddleTwoPhases, ///< of either side chains in groups, then along their heads
  MiddleThreePhases,
  /// Each core sends its own to all ahead and to all behind it, who keep what
  /// they want. At most `root` others have anything for a core.
  AllGather,
};
/// "two_tree", ... as the plan spells them.
const char *toString(Algorithm algorithm);

struct Pattern {
  Algorithm algorithm = Algorithm::Broadcast;
  int64_t cores = 0; ///< that take part, each `pitch` from the last
  int64_t pitch = 1;
  /// Of a broadcast: which of the cores. Of an all-gather: how many others have
  /// anything for a core, at most.
  int64_t root = 0;
  int colours = 0;
  std::vector<LineSegment> segments;
  std::vector<Action> actions;

  int64_t length() const { return (cores - 1) * pitch + 1; }
  std::string name() const; ///< "two_tree of 98", "chain of 8 by 122"
  /// One of the cores; above 0 in an all-gather.
  bool hasRoot() const;

  /// Whether it works, knowing no maker: segments lie on the line; what one
  /// router sends the next takes in; no router has two settings of a colour in
  /// one position, nor more positions than a switch has; every ramp that a
  /// segment uses has a core that sends or receives there.
  ///
  /// Then its dependencies are followed: a vector moves when the routers on its
  /// way are set for it and every core that takes it in is ready, those that
  /// forward it with all that they feed. No buffer is counted on. A core that
  /// never finishes is on a cycle of dependencies, and named. In the end
  /// everybody must hold what the algorithm promises.
  bool verify(Diagnostics &diags) const;
};

/// `cores` of at least 2 on a line; those between two of them only pass.
/// `root` is that of a broadcast or an all-gather.
Pattern makePattern(Algorithm algorithm, int64_t cores, int64_t pitch = 1,
                    int64_t root = 0);

} // namespace inlay::routing

#endif // INLAY_ROUTING_PATTERNS_H
