//===- Routing.h - Which experts tokens choose, and how evenly --*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A layer of experts waits for its busiest group. How busy that is depends on
// how tokens choose: uniformly (the default), after Zipf's law, or as those of
// a trace did (RoutingTrace.h). A token never chooses an expert twice.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_ROUTING_H
#define INLAY_COST_ROUTING_H

#include "inlay/Support/Diagnostic.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inlay::cost {

/// What recorded tokens chose in one layer.
struct Choices {
  int64_t perToken = 0; ///< experts of each token, all different
  std::vector<uint16_t> experts;

  int64_t numTokens() const {
    return perToken > 0 ? int64_t(experts.size()) / perToken : 0;
  }
  bool operator==(const Choices &) const = default;
};

/// How often the experts of one layer are chosen.
struct Routing {
  enum class Kind { Uniform, Zipf, Trace };
  Kind kind = Kind::Uniform;
  double exponent = 0;           ///< Zipf: expert i is chosen as 1/(i+1)^s
  std::vector<double> frequency; ///< Trace: count of each expert
  /// Trace: tokens that choose together what they chose there; null where only
  /// the counts are known, and tokens choose by these alone.
  std::shared_ptr<const Choices> choices = nullptr;
  uint64_t seed = 0; ///< of what is drawn

  static Routing zipf(double exponent) { return {Kind::Zipf, exponent, {}}; }
  static Routing trace(std::vector<double> counts) {
    return {Kind::Trace, 0, std::move(counts)};
  }
  /// Counts the choices.
  static Routing trace(std::shared_ptr<const Choices> choices);
};

/// How the tokens of a whole model choose. Independent of each other, unless a
/// trace is counted, whose layers differ.
struct ModelRouting {
  Routing::Kind kind = Routing::Kind::Uniform;
  double exponent = 0; ///< Zipf
  std::string trace;   ///< name of the trace's file, without folder
  std::string digest;  ///< SHA-256 of that file
  /// Trace: by index of the layer. Of a long one kMostTokens, spread evenly.
  std::map<int64_t, std::shared_ptr<const Choices>> choices;
  /// Trace: by layer the highest expert that any token chose.
  std::map<int64_t, int64_t> highest;
  uint64_t seed = 0; ///< of what is drawn

  /// Of one layer; uniform for one that the trace does not have.
  Routing of(int64_t layer) const;
  /// What stands for all layers where equal layers are explored once: of a
  /// trace, the layer whose skew is the median.
  Routing typical() const;
  /// "uniform", "zipf:1.2" or "trace decode.csv".
  std::string describe() const;
};

/// Of each layer of a trace no more tokens are kept.
inline constexpr int64_t kMostTokens = 4096;

/// Reads what `--routing` takes: "uniform", "zipf:S" with S from 0 to 100, or
/// the path of a trace (RoutingTrace.h). Errors name the option or the file.
std::optional<ModelRouting> parseRouting(const std::string &text,
                                         Diagnostics &diags);

/// A layer of experts and what a step brings.
struct ExpertLoad {
  int64_t experts = 1;
  int64_t perToken = 1; ///< k, chosen by each token, all different
  int64_t tokens = 1;
  int64_t groups = 1; ///< hold ceil(experts / groups) experts each, in order,
  /// or what this says: experts of each group. Not owned. Which of several
  /// groups that hold an expert serves a token follows from all choices of the
  /// step: those of experts that one group holds are counted first. Experts
  /// that lie in the same groups are a pool; pool by pool, of the fewest groups
  /// first, then of the lowest expert, each choice goes to the group with the
  /// fewest so far, the first of equals.
  const std::vector<std::vector<int64_t>> *held = nullptr;

  bool isGiven() const { return held && !held->empty(); }
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
/// which is hypergeometric for equal p_i. X_g adds up the tokens,
/// which are independent: exactly for few of them, for many as a normal
/// distribution of the same mean and variance.
///
/// With the choices of a trace: the mean over steps of tokens drawn from it,
/// with the seed of `routing` (over all its tokens, for steps of one), so that
/// experts which are chosen together count as that. With experts in several
/// groups: likewise, over steps drawn by that law or from the trace.
double expectedLargestLoad(const Routing &routing, const ExpertLoad &load);

/// Activations of the busiest group.
struct LargestLoad {
  double expected = 1;
  double worst = 1;
  /// Operations by which each core follows where choices go.
  double following = 0;
};

/// Activations of experts in `count` steps: of step s the pairs (token, expert)
/// from first[s] to before first[s + 1].
struct DrawnSteps {
  struct Activation {
    uint32_t token;
    uint32_t expert;
  };
  std::vector<size_t> first;
  std::vector<Activation> activations;

  int64_t count() const { return int64_t(first.size()) - 1; }
};

/// Draws steps of `load.tokens` tokens: from the choices of a trace, else k
/// different experts for each by the law of `expectedLargestLoad`. The same
/// arguments give the same steps; another `purpose` or seed of `routing`
/// others.
DrawnSteps drawSteps(const Routing &routing, const ExpertLoad &load,
                     int64_t count, uint64_t purpose);

/// The largest number of activations that one group can get: every token
/// chooses as many experts there as it can. With replicas no group gets more.
double worstLoad(const ExpertLoad &load);

/// Operations, one after the other, by which a core finds out where the choices
/// of a step go: none where each expert is in one group. Else it counts choices
/// as they arrive, by group and by pool, an operation for each wavelet, which
/// costs nothing more: the number of an expert says which. Then each pool takes
/// two to be listed and read and for each of its groups four: to read the
/// group's count, to add it up, to cut off what lies above the common level,
/// and to write it back.
double followingOperations(const ExpertLoad &load);

/// Expected number of different experts that a step uses:
///   sum over i of 1 - (1 - p_i)^tokens.
double expectedExpertsUsed(const Routing &routing, const ExpertLoad &load);

} // namespace inlay::cost

#endif // INLAY_COST_ROUTING_H
