//===- Routing.h - Which experts tokens choose, and how evenly --*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A layer of experts waits for its busiest group. How busy that is depends on
// how tokens choose: uniformly (the default), after Zipf's law, or as a trace
// counted. A token never chooses an expert twice.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_ROUTING_H
#define INLAY_COST_ROUTING_H

#include <cstdint>
#include <vector>

namespace inlay::cost {

/// How often experts are chosen.
struct Routing {
  enum class Kind { Uniform, Zipf, Trace };
  Kind kind = Kind::Uniform;
  double exponent = 0;           ///< Zipf: expert i is chosen as 1/(i+1)^s
  std::vector<double> frequency; ///< Trace: count of each expert

  static Routing zipf(double exponent) { return {Kind::Zipf, exponent, {}}; }
  static Routing trace(std::vector<double> counts) {
    return {Kind::Trace, 0, std::move(counts)};
  }
};

/// A layer of experts and what a step brings.
struct ExpertLoad {
  int64_t experts = 1;
  int64_t perToken = 1; ///< k, chosen by each token, all different
  int64_t tokens = 1;
  int64_t groups = 1; ///< hold ceil(experts / groups) experts each, in order
};

/// Probability that one token chooses each expert; they add up to k, none is
/// above 1: p_i = min(1, c w_i) with the c that makes it so.
std::vector<double> inclusion(const Routing &routing, int64_t experts,
                              int64_t perToken);

/// Expected largest number of activations in one group:
///   sum over m of 1 - product over groups of P(X_g <= m),
/// the groups taken as independent; exact for one group. X_g is hypergeometric
/// for one token that chooses uniformly, else binomial over as many draws as
/// can fall into the group, with the group's mean.
double expectedLargestLoad(const Routing &routing, const ExpertLoad &load);

/// The largest number of activations that one group can get: every token
/// chooses as many of its experts as there are.
double worstLoad(const ExpertLoad &load);

/// Expected number of different experts that a step uses:
///   sum over i of 1 - (1 - p_i)^tokens.
double expectedExpertsUsed(const Routing &routing, const ExpertLoad &load);

/// Expected largest number of activations in one of `groups` equally likely
/// groups when `activations` are drawn with replacement:
///   sum over m of 1 - P(X <= m)^groups, X binomial(activations, 1 / groups).
double expectedMaxLoad(int64_t activations, int64_t groups);

} // namespace inlay::cost

#endif // INLAY_COST_ROUTING_H
