//===- Collectives.h - Cycles of collectives on lines and rectangles ------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model of Luczynski et al., "Near-Optimal Wafer-Scale Reduce" (HPDC'24,
// arXiv 2404.15888):
//
//   T = max(C, E / N + L) + (2 T_R + 1) D
//
// with C the wavelets through the ramp of the busiest core, E wavelets times
// hops, N links in use, L the longest way in hops, D the longest chain of
// dependent cores, T_R the latency of a ramp. B is the payload in wavelets, P
// the cores of a line.
//
// `Rates` scales its terms: a wavelet takes r cycles on a link, a hop h, a
// dependent core s in place of 2 T_R + 1, and every synchronous reduction costs
// A on each core to set up:
//
//   T = A + max(r C, r E / N + h L) + s D
//
// The paper's machine has r = h = 1, s = 2 T_R + 1, A = 0: these are the
// `ideal` rates of wse2 and wse3. All functions return 0 cycles for a line of
// one core. Cycles grow with payload and with cores.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_COLLECTIVES_H
#define INLAY_COST_COLLECTIVES_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Cost/Rates.h"

#include <cstdint>
#include <string>

namespace inlay::cost {

/// Algorithms that reduce to one core of a line.
enum class ReduceAlgorithm { Star, Chain, Tree, TwoPhase };
const char *toString(ReduceAlgorithm algorithm);

/// Algorithms that leave the result on every core of a line.
enum class AllReduceAlgorithm {
  ReduceBroadcast,
  TwoTree,
  MiddleChain,
  Ring,
  OnePhase, ///< to the middle from both ends and, as it comes, back
  TwoPhases,
  ThreePhases,
};
const char *toString(AllReduceAlgorithm algorithm);

/// A stream from core to core that only routers carry: start + r B + h hops.
Breakdown stream(const Rates &rates, double hops, double wavelets);

/// From one core to all others of a line:
///   B + P + 2 T_R (HPDC'24); here start + r B + h (P - 1) + h.
Breakdown broadcast(const Rates &rates, int64_t cores, double wavelets);

/// One sender, P - 1 receivers in a row, as WSE-3 was timed:
///   start + r B + h (receivers - 1).
Breakdown lineMulticast(const Rates &rates, int64_t receivers, double wavelets);

/// From one core to a rectangle: B + W + H - 2 + 2 T_R + 1 (HPDC'24).
Breakdown broadcast2D(const Rates &rates, const model::Extent &extent,
                      double wavelets);

/// To one end of a line, by the given algorithm (HPDC'24):
///   star       B (P - 1) + 2 T_R + 1
///   chain      B + (2 T_R + 2) (P - 1)
///   tree       max(B log2 P, B P log2 P / (2 (P - 1)) + P - 1)
///              + (2 T_R + 1) log2 P
///   two-phase  max(2 B, 2 B sqrt P / (sqrt P + 1) + P - 1)
///              + (2 T_R + 1) (2 sqrt P - 2), groups of sqrt P
Breakdown reduce(const Rates &rates, ReduceAlgorithm algorithm, int64_t cores,
                 double wavelets);

/// The algorithm with the fewest cycles; ties go to the first in the enum.
ReduceAlgorithm bestReduce(const Rates &rates, int64_t cores, double wavelets);

/// A line whose cores are `pitch` routers apart, with vectors one behind the
/// other.
struct SpacedLine {
  int64_t cores = 1;
  int64_t pitch = 1;
  int64_t vectors = 1;
};

/// The same on a line of P cores with others between them, L = pitch (P - 1);
/// a star has the longer of all vectors from the nearest core on, C + pitch,
/// and the last from the farthest, B + L. Routers go on to the next vector as
/// soon as one is through: each beyond the first takes as long as the busiest
/// ramp, and one dependent core,
///   T + (vectors - 1) (r max(C, B) + s)
Breakdown reduce(const Rates &rates, ReduceAlgorithm algorithm,
                 const SpacedLine &line, double wavelets);
ReduceAlgorithm bestReduce(const Rates &rates, const SpacedLine &line,
                           double wavelets);
std::string explainReduce(const Rates &rates, ReduceAlgorithm algorithm,
                          const SpacedLine &line, double wavelets);

/// Dependent cores of the two-tree on P cores in groups of g, G = P / g: in a
/// group and along the group roots, from the farther end to the root,
///   max(floor(g / 2), g - 1 - floor(g / 2)) and likewise of G.
int64_t twoTreeStages(int64_t cores, int64_t group);

/// Two-tree all-reduce (WaferLLM's K-tree, K = 2) in groups of `group`: two
/// chains in every group to its root, two along the roots to the global root,
/// then a broadcast both ways. In the paper's terms C = 4 B at the global root,
/// which takes in two arms in each phase one after the other, and once B for
/// the way back; L = P / 2 to the root and P / 2 back; D as `twoTreeStages`
/// and one for the way back:
///   T = A + 5 r B + h P + s (D + 1)
Breakdown twoTree(const Rates &rates, int64_t cores, int64_t group,
                  double wavelets);

/// The same with groups of sqrt P, which have the fewest stages, D = sqrt P.
Breakdown twoTree(const Rates &rates, int64_t cores, double wavelets);

/// Two chains from the ends of a line to its middle, and a broadcast both ways:
///   T = A + 3 r B + h P + s (P / 2 + 1)
Breakdown middleChain(const Rates &rates, int64_t cores, double wavelets);

/// Cores of a group in each phase but the last of `phases` to the middle of a
/// line of P cores, n = ceil(P / 2) on its longer side: sqrt n for two phases,
/// the cube root of n for three, rounded.
int64_t phaseGroup(int64_t cores, int phases);

/// Dependent cores of k phases with groups of g, G = ceil(n / g^(k - 1)) in the
/// last, and the other side: (k - 1) (g - 1) + G - 1 + 1.
int64_t phaseStages(int64_t cores, int phases);

/// HPDC'24's two-phase reduce from both ends, with any number k of phases:
/// chains in groups to the core that is nearest to the middle, chains along
/// these, and so on, until either half of the line has its sum beside the
/// middle. Then the right half sends its sum to the left one, where each
/// element leaves for all cores as soon as the two are added: that core
/// receives and sends side by side, as every core of a chain does. C: the head
/// of a group takes in one vector in each phase and the result, (k + 1) B. L: n
/// to the middle, n back. The phases follow each other and each streams B:
///   T = A + (k + 1) r B + 2 h floor(P / 2) + s (D + 1), D as `phaseStages`
/// No algorithm can do with less than 2 B (P - 1) / P (allReduceBound).
Breakdown phasesToMiddle(const Rates &rates, int phases, int64_t cores,
                         double wavelets);

/// Vectors that some core adds one after the other in an all-reduce.
double mergesOf(const Rates &rates, AllReduceAlgorithm algorithm, int64_t cores,
                double wavelets);

/// Ring all-reduce of a line (HPDC'24):
///   2 (P - 1) B / P + 4 P - 6 + 2 (P - 1) (2 T_R + 1)
Breakdown ring(const Rates &rates, int64_t cores, double wavelets);

/// One algorithm; `group` is that of the two-tree, 0 for groups of sqrt P.
Breakdown allReduce(const Rates &rates, AllReduceAlgorithm algorithm,
                    int64_t cores, double wavelets, int64_t group = 0);

/// The formula of `allReduce` with its numbers filled in: its value is the
/// total.
std::string explainAllReduce(const Rates &rates, AllReduceAlgorithm algorithm,
                             int64_t cores, double wavelets, int64_t group = 0);
/// The same of `reduce`.
std::string explainReduce(const Rates &rates, ReduceAlgorithm algorithm,
                          int64_t cores, double wavelets);

/// The algorithm with the fewest cycles; ties go to the first in the enum.
/// `inPieces`: among them those that add pieces of a vector on different cores.
AllReduceAlgorithm bestAllReduce(const Rates &rates, int64_t cores,
                                 double wavelets, bool inPieces = true);
/// By the algorithm with the fewest cycles.
Breakdown allReduce(const Rates &rates, int64_t cores, double wavelets);

/// Over a rectangle: along x with the best algorithm, then along y (HPDC'24).
Breakdown allReduce2D(const Rates &rates, const model::Extent &extent,
                      double wavelets);
/// Over a rectangle to a corner: along x, then along y; or one chain that winds
/// through all rows, whichever is faster.
Breakdown reduce2D(const Rates &rates, const model::Extent &extent,
                   double wavelets);

/// Every core sends B wavelets to a neighbour on a ring that is laid so that
/// neighbours lie at most two hops apart (WaferLLM's interleaving):
///   start + r B + 2 h
Breakdown cyclicShift(const Rates &rates, double wavelets);

/// What physics allows for an all-reduce on a line, whatever the algorithm:
///   max(2 (P - 1) B / P / (link rate x networks), h L)
/// Proof. Distance: the value at one end depends on the input at the core
/// farthest from it, L hops away, and a hop takes h. Ramps: routers do not add,
/// so each of the B sums takes P - 1 additions at cores, every one of which
/// needs an operand that came over a ramp, and each result must come over a
/// ramp to the P - 1 cores that did not form it. These 2 B (P - 1) receptions
/// are spread over P cores, each with one ramp for each network at the rate of
/// a link; the busiest takes at least the mean.
double allReduceBound(const Rates &rates, int64_t cores, double wavelets);

} // namespace inlay::cost

#endif // INLAY_COST_COLLECTIVES_H
