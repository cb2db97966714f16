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
// counted (RoutingTrace.h). A token never chooses an expert twice.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_ROUTING_H
#define INLAY_COST_ROUTING_H

#include "inlay/Support/Diagnostic.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace inlay::cost {

/// How often the experts of one layer are chosen.
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

/// How the tokens of a whole model choose. Independent of each other, unless a
/// trace is counted, whose layers differ.
struct ModelRouting {
  Routing::Kind kind = Routing::Kind::Uniform;
  double exponent = 0; ///< Zipf
  std::string trace;   ///< name of the trace's file, without folder
  std::string digest;  ///< SHA-256 of that file
  /// Trace: how often each expert was chosen, by index of the layer.
  std::map<int64_t, std::vector<double>> counts;

  /// Of one layer; uniform for one that the trace does not have.
  Routing of(int64_t layer) const;
  /// What stands for all layers where equal layers are explored once: of a
  /// trace, the mean of its layers by rank, so that its skew is theirs.
  Routing typical() const;
  /// "uniform", "zipf:1.2" or "trace decode.csv".
  std::string describe() const;
};

/// Reads what `--routing` takes: "uniform", "zipf:S" with S from 0 to 100, or
/// the path of a trace (RoutingTrace.h). Errors name the option or the file.
std::optional<ModelRouting> parseRouting(const std::string &text,
                                         Diagnostics &diags);

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
/// the groups taken as independent; exact for one group. A token chooses k
/// different experts: a set S with a probability proportional to the product of
/// the odds w_i = p_i / (1 - p_i) of its members (those of p_i = 1 are in every
/// S). With e_j the sum over all sets of j of the product of their odds, it
/// brings m of them to group g with probability
///   e_m(g) e_{k - m}(all but g) / e_k(all),
/// which is hypergeometric for equal p_i. X_g adds up the tokens, which are
/// independent: exactly for few of them, for many as a normal distribution of
/// the same mean and variance.
double expectedLargestLoad(const Routing &routing, const ExpertLoad &load);

/// The largest number of activations that one group can get: every token
/// chooses as many of its experts as there are.
double worstLoad(const ExpertLoad &load);

/// Expected number of different experts that a step uses:
///   sum over i of 1 - (1 - p_i)^tokens.
double expectedExpertsUsed(const Routing &routing, const ExpertLoad &load);

} // namespace inlay::cost

#endif // INLAY_COST_ROUTING_H
