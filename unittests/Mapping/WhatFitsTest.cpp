//===- WhatFitsTest.cpp - What would make a model fit ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every number of the report is put in: with it the model fits, and with the
// next one on the other side it does not.
//
//===----------------------------------------------------------------------===//

#include "RandomModel.h"

#include "inlay/Mapping/StagePlanner.h"
#include "inlay/Memory/Memory.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <regex>

using namespace inlay;
using namespace inlay::mapping;
using testing::HasSubstr;

namespace {

const Constraints kNone;

StageRequest requestFor(const model::Graph &graph, const target::Target &target,
                        int wafers) {
  return {graph,
          target,
          cost::Mode::Ideal,
          cost::ModelRouting(),
          kNone,
          target.budget(),
          wafers,
          partition::Objective::Latency};
}

bool fits(const StageRequest &request) {
  WaferPlanner planner = request.makePlanner();
  Diagnostics ignored;
  return planStages(request, planner, ignored).has_value();
}

bool fitsWithContext(const StageRequest &request, int64_t context) {
  const model::Graph &graph = request.model;
  model::Graph changed = graph;
  changed.context = context;
  for (model::KernelSpec &kernel : changed.kernels)
    kernel = memory::withContext(kernel, graph.context + graph.tokens,
                                 context + graph.tokens);
  StageRequest trial = requestFor(changed, request.target, request.wafers);
  return fits(trial);
}

bool fitsWithBits(const StageRequest &request, bool weights, int bits) {
  model::Graph changed = request.model;
  for (model::KernelSpec &kernel : changed.kernels) {
    for (model::WeightSpec &weight : kernel.weights)
      if (weights)
        weight.type.bits = std::min(weight.type.bits, bits);
    for (model::StateSpec &state : kernel.states)
      if (!weights)
        state.type.bits = std::min(state.type.bits, bits);
  }
  return fits(requestFor(changed, request.target, request.wafers));
}

/// The report of a request that does not fit.
struct Report {
  explicit Report(const StageRequest &request) {
    std::optional<LeastBudget> found = findLeastBudget(request);
    if (!found)
      return;
    least = std::move(*found);
    reportWhatFits(request, least, diags);
    text = diags.all()[0].message + "\n";
    for (const std::string &note : diags.all()[0].notes)
      text += note + "\n";
  }

  /// The number in the first group of the pattern; -1 where it is not there.
  int64_t number(const std::string &pattern) const {
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(pattern)))
      return -1;
    std::string digits = match[1];
    digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
    return std::stoll(digits);
  }

  Diagnostics diags;
  LeastBudget least;
  std::string text;
};

test::ModelShape longContext() {
  test::ModelShape shape;
  shape.layers = 4;
  shape.context = 4000;
  return shape;
}

TEST(WhatFitsTest, BytesOfACore) {
  model::Graph graph = test::makeModel(longContext());
  target::Target target = test::makeTarget({8, 8}, 16 << 10);
  StageRequest request = requestFor(graph, target, 1);
  ASSERT_FALSE(fits(request));
  Report report(request);
  EXPECT_EQ(report.diags.exitStatus(), 2);
  int64_t more = report.number("would fit: ([0-9,]+) B more on each core");
  ASSERT_GT(more, 0) << report.text;
  EXPECT_EQ(request.budget + more, report.least.budget);
  request.budget += more;
  EXPECT_TRUE(fits(request));
  request.budget -= model::kBufferAlignment;
  EXPECT_FALSE(fits(request));
  // The fullest core is as full as that, and the rest of the sentence adds up.
  int64_t needs = report.number("needs ([0-9,]+) B on each");
  EXPECT_LE(needs, report.least.budget);
  EXPECT_EQ(needs - target.budget(), report.number("short by ([0-9,]+) B"));
  EXPECT_LE(report.number("in all ([0-9,]+) cores"), 64);
}

TEST(WhatFitsTest, WhereBytesAreNotMissingNoneAreSaidToBe) {
  model::Graph graph = test::makeModel(longContext());
  target::Target target = test::makeTarget({8, 8}, 64 << 10);
  StageRequest request = requestFor(graph, target, 0);
  WaferPlanner planner = request.makePlanner();
  Diagnostics diags;
  std::optional<partition::Solution> solution =
      planStages(request, planner, diags);
  ASSERT_TRUE(solution);
  reportWhatFits(request, {request.budget, *solution}, diags);
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.all().front().message,
            "has room on the cores by its bytes, but no regions were found "
            "that dead cores and constraints leave room for");
  EXPECT_THAT(diags.all().front().notes,
              testing::ElementsAre("pin fewer kernels, keep fewer cores free, "
                                   "or allow more wafers"));
}

TEST(WhatFitsTest, PinsThatLeaveNoRoomAreNamed) {
  model::Graph graph = test::makeModel(longContext());
  target::Target target = test::makeTarget({8, 8}, 64 << 10);
  Constraints wanted;
  size_t largest = 0;
  StageRequest free = requestFor(graph, target, 0);
  WaferPlanner whole = free.makePlanner();
  for (size_t k = 0; k < graph.kernels.size(); ++k)
    if (whole.leastBytes(k) > whole.leastBytes(largest))
      largest = k;
  auto [x, y] = std::pair(target.grid.width - 1, target.grid.height - 1);
  wanted.pins = {{largest, 0, {{x, y}}}};
  StageRequest request = {graph,
                          target,
                          cost::Mode::Ideal,
                          {},
                          wanted,
                          target.budget(),
                          0,
                          partition::Objective::Latency};
  WaferPlanner planner = request.makePlanner();
  Diagnostics diags;
  EXPECT_FALSE(planStages(request, planner, diags));
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_THAT(diags.all().front().message,
              HasSubstr("pin '" + graph.kernels[largest].name + "' at (" +
                        std::to_string(x) + ", " + std::to_string(y) +
                        "), from where regions lead east and south: it fits "
                        "on no rectangle there, although it needs only "));
  EXPECT_THAT(diags.all().front().notes.front(),
              HasSubstr("pin it further to the north-west, or give it more "
                        "cores"));
  wanted.pins.clear();
  wanted.limits = {{largest, {1, 1}}};
  Diagnostics limited;
  WaferPlanner other = request.makePlanner();
  EXPECT_FALSE(planStages(request, other, limited));
  EXPECT_THAT(limited.all().front().message,
              HasSubstr("limit '" + graph.kernels[largest].name +
                        "' to 1 x 1 cores: it fits"));
}

TEST(WhatFitsTest, FiveLargestTensorsOfTheFullestCore) {
  model::Graph graph = test::makeModel(longContext());
  target::Target target = test::makeTarget({8, 8}, 16 << 10);
  Report report(requestFor(graph, target, 1));
  std::smatch match;
  ASSERT_TRUE(std::regex_search(report.text, match,
                                std::regex("largest on each of them: (.*)\n")));
  std::string list = match[1];
  std::regex entry("([^ ].*?) ([0-9,]+) B(, |$)");
  std::vector<int64_t> sizes;
  for (std::sregex_iterator it(list.begin(), list.end(), entry), end; it != end;
       ++it) {
    std::string digits = (*it)[2];
    digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
    sizes.push_back(std::stoll(digits));
  }
  ASSERT_EQ(sizes.size(), 5u) << list;
  EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend())) << list;
}

/// Machines from too small for anything to just too small.
template <typename Check>
void forEachShortage(const model::Graph &graph, Check check) {
  int shortages = 0;
  for (int64_t kilobytes = 6; kilobytes <= 80; kilobytes += 2) {
    target::Target target = test::makeTarget({8, 8}, kilobytes << 10);
    StageRequest request = requestFor(graph, target, 1);
    if (fits(request))
      continue;
    ++shortages;
    check(request, Report(request));
  }
  EXPECT_GT(shortages, 3);
}

test::ModelShape shortContext() {
  test::ModelShape shape;
  shape.layers = 4;
  shape.context = 501; // positions: those of the context, and of the step
  shape.block = 0;
  return shape;
}

TEST(WhatFitsTest, MoreWafersAndFewerLayersOnEach) {
  model::Graph graph = test::makeModel(shortContext());
  int said = 0;
  forEachShortage(graph, [&](StageRequest request, const Report &report) {
    int64_t wafers =
        report.number("would fit: --wafers ([0-9]+) instead of 1;");
    if (wafers < 0) {
      EXPECT_THAT(report.text, HasSubstr("with any number of --wafers"));
      return;
    }
    ++said;
    request.wafers = static_cast<int>(wafers);
    EXPECT_TRUE(fits(request)) << report.text;
    if (wafers > 2) {
      request.wafers = static_cast<int>(wafers) - 1;
      EXPECT_FALSE(fits(request)) << report.text;
    }
    EXPECT_LT(report.number("are then ([0-9]+) instead of 4"), 4)
        << report.text;
  });
  EXPECT_GT(said, 0);
}

TEST(WhatFitsTest, AShorterContext) {
  model::Graph graph = test::makeModel(shortContext());
  graph.context -= graph.tokens;
  int said = 0;
  forEachShortage(
      graph, [&](const StageRequest &request, const Report &report) {
        int64_t context =
            report.number("would fit: --context ([0-9]+) instead of 500");
        EXPECT_EQ(fitsWithContext(request, 1), context > 0) << report.text;
        if (context < 0)
          return;
        ++said;
        EXPECT_TRUE(fitsWithContext(request, context));
        EXPECT_FALSE(fitsWithContext(request, context + 1));
      });
  EXPECT_GT(said, 0);
}

TEST(WhatFitsTest, FewerBits) {
  model::Graph graph = test::makeModel(shortContext());
  int saidWeights = 0, saidStates = 0, saidNo = 0;
  forEachShortage(graph, [&](const StageRequest &request,
                             const Report &report) {
    for (bool weights : {true, false}) {
      const char *what = weights ? "weights" : "states";
      int64_t bits = report.number(std::string("would fit: ") + what +
                                   " of ([0-9]+) bits instead of");
      EXPECT_EQ(fitsWithBits(request, weights, 8), bits == 8) << report.text;
      EXPECT_EQ(fitsWithBits(request, weights, 4), bits > 0) << report.text;
      (weights ? saidWeights : saidStates) += bits > 0;
      if (bits > 0)
        continue;
      EXPECT_THAT(report.text, HasSubstr(std::string("would not fit: with ") +
                                         what + " of 4 bits instead of"));
      ++saidNo;
    }
  });
  EXPECT_TRUE(saidWeights > 0 && saidStates > 0 && saidNo > 0);
}

TEST(WhatFitsTest, SaysWhatDoesNotHelp) {
  test::ModelShape shape;
  shape.context = 64;
  shape.hidden = 512;
  model::Graph graph = test::makeModel(shape);
  target::Target target = test::makeTarget({4, 4}, 2 << 10);
  StageRequest request = requestFor(graph, target, 0);
  ASSERT_FALSE(fits(request));
  ASSERT_FALSE(fitsWithContext(request, 1));
  Report report(request);
  EXPECT_THAT(report.text,
              HasSubstr("would not fit: with any number of --wafers"));
  EXPECT_THAT(report.text,
              HasSubstr("would not fit: with any --context, not even 1"));
}

} // namespace
