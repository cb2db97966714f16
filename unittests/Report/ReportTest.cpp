//===- ReportTest.cpp - Renderings of a plan ------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Report/Report.h"

#include "llvm/Support/JSON.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::plan;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

namespace {

Kernel kernel(const char *name, const char *role, int64_t wafer,
              const char *region) {
  Kernel result;
  result.name = name;
  result.role = role;
  result.wafer = wafer;
  result.region = region;
  result.bytesPerCore = 1000;
  result.cycles.compute = result.cycles.total = 50;
  result.bound = {25, 0, 0, 0, 0, 0, 25, "compute"};
  return result;
}

Plan sample() {
  Plan plan;
  plan.model = "tiny<1>.onnx";
  plan.step = {"decode", 1, 8192, 1};
  plan.system.target = "grid8x8";
  plan.system.wafers = 2;
  plan.system.width = plan.system.height = 8;
  plan.system.dead = {{7, 7, 1, 1}};
  plan.system.sramBytes = 3000;
  plan.system.reservedBytes = 1000;
  plan.system.clockGhz = 0.85;
  plan.regions = {{"w0.r0", 0, {0, 0, 4, 8}, {"a", "c"}, 1000, 1000},
                  {"w1.r0", 1, {4, 0, 4, 8}, {"b"}, 1000, 800}};
  plan.maxContext = 12345;
  plan.kernels = {kernel("a", "attention", 0, "w0.r0"),
                  kernel("b", "experts", 1, "w1.r0"),
                  kernel("c", "mlp", 0, "w0.r0")};
  plan.kernels[2].cycles.total = 150;
  plan.kernels[1].groups = {{0, {4, 0, 2, 8}, {3, 1}},
                            {1, {6, 0, 2, 8}, {2, 0, 3}}};
  plan.estimate.mode = "ideal";
  plan.estimate.latency = {75, 0, 25, 0, 0, 0, 0, 100};
  plan.estimate.worstCaseLatency = 120;
  plan.estimate.stageCycles = {50, 50};
  plan.estimate.bound = {50, 0, 0, 0, 0, 0, 50, "compute"};
  plan.estimate.gap = 2;
  plan.estimate.rates = {{0.85, 8500000, 17000000}};
  plan.accounting.weightBytes = 32000;
  plan.assumptions = {"clock 0.85 GHz"};
  return plan;
}

TEST(ReportTest, SummarySaysWhereHowFastAndHowFarFromPhysics) {
  std::string text = report::summary(sample());
  EXPECT_THAT(text,
              HasSubstr("2 wafers of 8 x 8 cores, 1 of them dead, at 0.85 "
                        "GHz"));
  EXPECT_THAT(text, HasSubstr("fullest core 1,000 B of 2,000 B"));
  EXPECT_THAT(text, HasSubstr("used / lower bound 1.250: 1,000 B of region "
                              "w1.r0, where 800 B are live at once"));
  EXPECT_THAT(text, HasSubstr("room for a context of 12,345"));
  EXPECT_THAT(text, HasSubstr("100 cycles (ideal estimate), 120 at worst"));
  EXPECT_THAT(text, HasSubstr("(compute binds); estimate / bound 2.00"));
  EXPECT_THAT(text, HasSubstr("8,500,000 tokens/s per user"));
  // 32 of the 63 cores that are not dead.
  EXPECT_THAT(text, HasSubstr("50.8%"));
  EXPECT_THAT(text, Not(HasSubstr("unknown")));
  EXPECT_THAT(text, Not(HasSubstr("crossing"))); // no cycles, no line
}

TEST(ReportTest, SummaryAdmitsWhatItDoesNotKnow) {
  Plan plan = sample();
  plan.estimate.unknownBytes = 10;
  plan.estimate.movedBytes = 40;
  EXPECT_THAT(report::summary(plan), HasSubstr("25.0% of the bytes"));
}

TEST(ReportTest, SummarySaysWhatOtherPlacementsOfExpertsCost) {
  Plan plan = sample();
  EXPECT_THAT(report::summary(plan), Not(HasSubstr("round robin")));
  plan.kernels[1].experts = 4;
  plan.estimate.otherPlacements = {{"round_robin", 150}, {"in_order", 400}};
  std::string text = report::summary(plan);
  EXPECT_THAT(text, HasSubstr("experts  2 groups a layer, 1 replicas in all"));
  EXPECT_THAT(text, ContainsRegex("round robin +150 cycles the step, 1.50 "
                                  "times as many"));
  EXPECT_THAT(text, ContainsRegex("in order +400 cycles the step, 4.00 times"));
  EXPECT_THAT(report::summaryJson(plan, {}), HasSubstr("round_robin"));
}

TEST(ReportTest, PageDrawsEveryWaferRegionAndGroup) {
  std::string page = report::html(sample());
  EXPECT_THAT(page, HasSubstr("<h2>Wafer 0</h2>"));
  EXPECT_THAT(page, HasSubstr("<h2>Wafer 1</h2>"));
  EXPECT_THAT(page, HasSubstr("x=\"4.00\" y=\"0.00\" width=\"4.00\" "
                              "height=\"8.00\" class=\"experts\""));
  EXPECT_THAT(page, HasSubstr("x=\"6.00\" y=\"0.00\" width=\"2.00\" "
                              "height=\"8.00\" class=\"group\""));
  EXPECT_THAT(page, HasSubstr("class=\"dead\""));
}

TEST(ReportTest, PageDrawsTheTurnsOfARegion) {
  // A quarter of the time, then three quarters.
  std::string page = report::html(sample());
  EXPECT_THAT(page, HasSubstr("x=\"0.00\" y=\"0.00\" width=\"4.00\" "
                              "height=\"2.00\" class=\"attention\""));
  EXPECT_THAT(page, HasSubstr("x=\"0.00\" y=\"2.00\" width=\"4.00\" "
                              "height=\"6.00\" class=\"mlp\""));
  EXPECT_THAT(page, HasSubstr("x=\"0.00\" y=\"0.00\" width=\"4.00\" "
                              "height=\"8.00\" class=\"region\""));
}

TEST(ReportTest, PageLeavesOutKernelsThatThePlanDoesNotHave) {
  Plan plan = sample();
  plan.regions[0].kernels.push_back("nobody");
  EXPECT_THAT(report::html(plan), Not(HasSubstr("nobody")));
}

TEST(ReportTest, PageIsSelfContainedAndEscapesNames) {
  std::string page = report::html(sample());
  EXPECT_THAT(page, HasSubstr("tiny&lt;1&gt;.onnx"));
  EXPECT_THAT(page, Not(HasSubstr("tiny<1>")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST(ReportTest, TheSummaryForProgramsHoldsTheSame) {
  llvm::Expected<llvm::json::Value> value =
      llvm::json::parse(report::summaryJson(sample(), {"out/plan.json"}));
  ASSERT_TRUE(bool(value));
  const llvm::json::Object &object = *value->getAsObject();
  EXPECT_EQ(object.getString("model"), "tiny<1>.onnx");
  EXPECT_EQ(object.getInteger("wafers"), 2);
  EXPECT_EQ(object.getInteger("kernels"), 3);
  EXPECT_EQ(object.getInteger("regions"), 2);
  EXPECT_EQ(object.getInteger("cores_used"), 64);
  EXPECT_EQ(object.getInteger("fullest_core_bytes"), 1000);
  EXPECT_EQ(object.getInteger("budget_bytes"), 2000);
  EXPECT_EQ(object.getBoolean("feasible"), true);
  const llvm::json::Object &estimate = *object.getObject("estimate");
  EXPECT_EQ(estimate.getObject("cycles")->getNumber("total"), 100);
  EXPECT_EQ(estimate.getNumber("gap"), 2);
  EXPECT_EQ(estimate.getArray("rates")->size(), 1u);
  EXPECT_EQ((*object.getArray("files"))[0].getAsString(), "out/plan.json");
}

} // namespace
