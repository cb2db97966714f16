//===- PatternsTest.cpp - Collectives on a line of cores ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Routing/Patterns.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace inlay;
using namespace inlay::routing;
using testing::HasSubstr;

namespace {

constexpr Algorithm kAll[] = {Algorithm::Star,
                              Algorithm::Chain,
                              Algorithm::Tree,
                              Algorithm::TwoPhase,
                              Algorithm::StarBroadcast,
                              Algorithm::ChainBroadcast,
                              Algorithm::TreeBroadcast,
                              Algorithm::TwoPhaseBroadcast,
                              Algorithm::TwoTree,
                              Algorithm::Ring,
                              Algorithm::Broadcast,
                              Algorithm::Shift,
                              Algorithm::MiddleChain,
                              Algorithm::MiddleOnePhase,
                              Algorithm::MiddleTwoPhases,
                              Algorithm::MiddleThreePhases,
                              Algorithm::AllGather};

/// The least that the algorithm allows.
int64_t rootFor(Algorithm algorithm) {
  return algorithm == Algorithm::AllGather ? 1 : 0;
}

std::string errorsOf(const Pattern &pattern) {
  Diagnostics diags;
  bool isValid = pattern.verify(diags);
  std::string text;
  for (const Diagnostic &diag : diags.all())
    text += diag.subject + ": " + diag.message + "\n";
  EXPECT_EQ(isValid, text.empty());
  return text;
}

TEST(PatternsTest, EveryAlgorithmWorksOnEveryLine) {
  for (Algorithm algorithm : kAll)
    for (int64_t cores = 2; cores <= 70; ++cores)
      for (int64_t pitch : {1, 2, 5})
        EXPECT_EQ(
            errorsOf(makePattern(algorithm, cores, pitch, rootFor(algorithm))),
            "")
            << toString(algorithm) << " of " << cores << " by " << pitch;
}

TEST(PatternsTest, LongLinesWorkAndStaySmall) {
  for (Algorithm algorithm : kAll)
    for (int64_t cores : {360, 755, 1170}) {
      Pattern pattern = makePattern(algorithm, cores, 1, rootFor(algorithm));
      EXPECT_EQ(errorsOf(pattern), "");
      // Of the order of the square root of the line, not of the line.
      EXPECT_LT(double(pattern.segments.size()), 16 * std::sqrt(cores))
          << toString(algorithm);
      EXPECT_LE(pattern.colours, 7) << toString(algorithm);
    }
}

/// WaferLLM's decode layer on WSE-3: two colours in each phase, one back.
TEST(PatternsTest, TwoTreeTakesFiveColours) {
  EXPECT_EQ(makePattern(Algorithm::TwoTree, 420).colours, 5);
  EXPECT_EQ(makePattern(Algorithm::Shift, 420).colours, 3);
  EXPECT_EQ(makePattern(Algorithm::Ring, 420).colours, 3);
  EXPECT_EQ(makePattern(Algorithm::Chain, 420).colours, 2);
}

/// Whatever the length, with two colours, three positions at most, and loads
/// that grow from either end until all that have something have sent it.
TEST(PatternsTest, AllGatherIsAsSmallForEveryLine) {
  for (int64_t cores : {3, 64, 755})
    for (int64_t senders : {int64_t(1), cores / 2, cores - 1}) {
      Pattern pattern = makePattern(Algorithm::AllGather, cores, 1, senders);
      EXPECT_EQ(pattern.name(), "all_gather of " + std::to_string(cores) +
                                    " from " + std::to_string(senders));
      EXPECT_EQ(errorsOf(pattern), "");
      EXPECT_EQ(pattern.colours, 2);
      EXPECT_LE(pattern.segments.size(), 8u);
      EXPECT_LE(pattern.actions.size(), 4u);
      for (const LineSegment &segment : pattern.segments) {
        EXPECT_LE(segment.position, 1);
        EXPECT_LE(segment.load + (segment.at.count - 1) * segment.loadStep,
                  senders);
      }
    }
}

/// A core that takes in one piece less, or one more, than come ends the line.
TEST(PatternsTest, AllGatherCountsPieces) {
  for (int64_t more : {-1, 1}) {
    Pattern pattern = makePattern(Algorithm::AllGather, 8, 1, 7);
    for (Action &action : pattern.actions)
      if (action.receive == 0)
        action.rounds += more;
    EXPECT_NE(errorsOf(pattern), "") << more;
  }
}

/// Most wavelets over one link, of a vector of one.
int64_t mostLoad(const Pattern &pattern) {
  std::vector<int64_t> east(pattern.length()), west(pattern.length()),
      core(pattern.length());
  for (const LineSegment &segment : pattern.segments)
    for (int64_t i = 0; i < segment.at.count; ++i) {
      int64_t at = segment.at.first + i * segment.at.step;
      int64_t load = segment.load + i * segment.loadStep;
      if (segment.out.has(Port::East))
        east[at] += load;
      if (segment.out.has(Port::West))
        west[at] += load;
      if (segment.out.has(Port::Ramp))
        core[at] += load;
    }
  int64_t most = 0;
  for (int64_t at = 0; at < pattern.length(); ++at)
    most = std::max({most, east[at], west[at], core[at]});
  return most;
}

/// Most wavelets into one core, of a vector of one.
int64_t mostRamp(const Pattern &pattern) {
  std::vector<int64_t> core(pattern.length());
  for (const LineSegment &segment : pattern.segments)
    for (int64_t i = 0; i < segment.at.count; ++i)
      if (segment.out.has(Port::Ramp))
        core[segment.at.first + i * segment.at.step] +=
            segment.load + i * segment.loadStep;
  return *std::max_element(core.begin(), core.end());
}

/// The contention C of the formulas in Collectives.h, for one wavelet.
TEST(PatternsTest, LoadsAreThoseOfTheFormulas) {
  EXPECT_EQ(mostLoad(makePattern(Algorithm::Star, 9)), 8);
  EXPECT_EQ(mostLoad(makePattern(Algorithm::Chain, 9)), 1);
  EXPECT_EQ(mostLoad(makePattern(Algorithm::Tree, 16)), 4);
  EXPECT_EQ(mostLoad(makePattern(Algorithm::TwoPhase, 16)), 2);
  // Two arms in each of two phases.
  EXPECT_EQ(mostLoad(makePattern(Algorithm::TwoTree, 25)), 4);
  EXPECT_EQ(mostLoad(makePattern(Algorithm::Star, 9, 4)), 8);
  // A vector in each phase, and the result.
  EXPECT_EQ(mostRamp(makePattern(Algorithm::MiddleOnePhase, 25)), 2);
  EXPECT_EQ(mostRamp(makePattern(Algorithm::MiddleTwoPhases, 99)), 3);
  EXPECT_EQ(mostRamp(makePattern(Algorithm::MiddleThreePhases, 99)), 4);
}

TEST(PatternsTest, SegmentsThatLeaveTheLineAreRefused) {
  Pattern pattern = makePattern(Algorithm::Chain, 8);
  pattern.segments[0].at.first = 6;
  pattern.segments[0].at.count = 9;
  EXPECT_THAT(errorsOf(pattern), HasSubstr("leaves the line of 8"));
}

TEST(PatternsTest, IllegalPortsAndColoursAreRefused) {
  Pattern pattern = makePattern(Algorithm::Chain, 8);
  pattern.segments[0].colour = 2;
  EXPECT_THAT(errorsOf(pattern),
              HasSubstr("pattern 'chain of 8': the segment at 0 has no legal "
                        "ports or colour"));
  pattern = makePattern(Algorithm::Chain, 8);
  pattern.segments[0].out = {};
  EXPECT_THAT(errorsOf(pattern), HasSubstr("has no legal ports or colour"));
  pattern = makePattern(Algorithm::Chain, 8);
  pattern.segments[0].in = Port::North;
  EXPECT_THAT(errorsOf(pattern), HasSubstr("has no legal ports or colour"));
  pattern = makePattern(Algorithm::Chain, 8);
  pattern.actions[0].rounds = 0;
  EXPECT_THAT(errorsOf(pattern),
              HasSubstr("the action at 7 has no legal colours or rounds"));
  pattern.cores = 1;
  EXPECT_THAT(errorsOf(pattern),
              HasSubstr("1 cores, 1 apart, with 2 colours make no line"));
}

TEST(PatternsTest, TwoSettingsInOnePositionAreRefused) {
  Pattern pattern = makePattern(Algorithm::Star, 4);
  for (LineSegment &segment : pattern.segments)
    segment.position = 0;
  EXPECT_THAT(errorsOf(pattern),
              HasSubstr("has two settings of colour 0 in position 0"));
}

TEST(PatternsTest, MorePositionsThanASwitchHasAreRefused) {
  Pattern pattern = makePattern(Algorithm::Star, 4);
  LineSegment pass = {{2, 1, 1}, 0, Port::East, {Port::West}, 0, 1, 0};
  for (pass.position = 2; pass.position < 5; ++pass.position)
    pattern.segments.push_back(pass);
  EXPECT_THAT(errorsOf(pattern),
              HasSubstr("has 5 positions of colour 0, of at most 4"));
}

TEST(PatternsTest, BrokenLinksAreNamed) {
  Pattern pattern = makePattern(Algorithm::Broadcast, 9);
  for (LineSegment &segment : pattern.segments)
    if (segment.in == Port::West && segment.at.count > 2)
      segment.at.count -= 2;
  std::string errors = errorsOf(pattern);
  EXPECT_THAT(
      errors,
      HasSubstr(
          "what the router at 5 sends ahead in colour 0 is not taken in"));
  EXPECT_THAT(errors, HasSubstr("the router at 8 takes in colour 0 from back, "
                                "where nothing is sent"));
}

TEST(PatternsTest, RampsWithoutCoresAreRefused) {
  Pattern pattern = makePattern(Algorithm::Broadcast, 9);
  pattern.actions.pop_back();
  EXPECT_THAT(errorsOf(pattern),
              HasSubstr("the core at 1 and its ramp differ in what they do in "
                        "colour 0"));
  pattern = makePattern(Algorithm::Broadcast, 3, 2);
  pattern.actions[0].at.first = 1;
  EXPECT_THAT(errorsOf(pattern), HasSubstr("takes part, but only every 2th"));
}

/// Two cores that both send before they receive, by hand-over without buffer:
/// legal settings, but each waits for the other.
TEST(PatternsTest, CyclesOfDependenciesAreFound) {
  Pattern pattern;
  pattern.algorithm = Algorithm::Ring;
  pattern.cores = 2;
  pattern.colours = 2;
  pattern.segments = {{{0, 1, 1}, 0, Port::Ramp, {Port::East}},
                      {{1, 1, 1}, 0, Port::West, {Port::Ramp}},
                      {{1, 1, 1}, 1, Port::Ramp, {Port::West}},
                      {{0, 1, 1}, 1, Port::East, {Port::Ramp}}};
  pattern.actions = {{{0, 2, 1}, -1, 0}, {{0, 2, 1}, 1, -1}};
  pattern.actions = {{{0, 1, 1}, -1, 0},
                     {{0, 1, 1}, 1, -1},
                     {{1, 1, 1}, -1, 1},
                     {{1, 1, 1}, 0, -1}};
  EXPECT_THAT(errorsOf(pattern),
              HasSubstr("waits for ever to send in colour 0: dependencies form "
                        "a cycle"));
  // Side by side they do not wait for each other.
  pattern.actions = {{{0, 1, 1}, 1, 0}, {{1, 1, 1}, 0, 1}};
  EXPECT_EQ(errorsOf(pattern), "");
}

TEST(PatternsTest, ForwardingInACircleIsFound) {
  Pattern pattern = makePattern(Algorithm::Ring, 5);
  for (Action &action : pattern.actions)
    action.forward = true;
  EXPECT_THAT(errorsOf(pattern), HasSubstr("waits for ever"));
}

TEST(PatternsTest, MissingPartsAreFound) {
  Pattern pattern = makePattern(Algorithm::Broadcast, 4);
  pattern.algorithm = Algorithm::TwoTree;
  EXPECT_THAT(errorsOf(pattern),
              HasSubstr("in the end the core at 0 holds the parts of 1 cores "
                        "only"));
}

} // namespace
