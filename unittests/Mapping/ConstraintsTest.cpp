//===- ConstraintsTest.cpp - Where the user wants kernels -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Mapping/Constraints.h"
#include "inlay/Mapping/Decisions.h"

#include "llvm/Support/JSON.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::mapping;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

model::Graph threeKernels() {
  model::Graph graph;
  for (const char *name : {"layers.0.attn", "layers.0.mlp", "layers.1.attn"}) {
    model::KernelSpec kernel;
    kernel.name = name;
    graph.kernels.push_back(kernel);
  }
  return graph;
}

std::vector<std::string> errorsOf(const std::string &text) {
  Diagnostics diags;
  EXPECT_FALSE(parseConstraints(text, threeKernels(), diags));
  std::vector<std::string> all;
  for (const Diagnostic &diag : diags.all())
    all.push_back(diag.subject + ": " + diag.message);
  return all;
}

TEST(ConstraintsTest, GlobsNameKernels) {
  Diagnostics diags;
  auto wanted = parseConstraints(
      R"({"pin": [{"kernel": "*.mlp", "wafer": 1, "at": {"x": 2, "y": 3}}],
          "max_region": [{"kernel": "layers.?.attn", "width": 8, "height": 4}],
          "same_region": [{"kernels": ["layers.0.*"]}],
          "keep_out": [{"x": 0, "y": 1, "width": 2, "height": 3}]})",
      threeKernels(), diags);
  ASSERT_TRUE(wanted);
  ASSERT_EQ(wanted->pins.size(), 1u);
  EXPECT_EQ(wanted->pins[0].kernel, 1u);
  EXPECT_EQ(wanted->pins[0].wafer, 1);
  EXPECT_EQ(wanted->pins[0].at, std::pair(int64_t(2), int64_t(3)));
  ASSERT_EQ(wanted->limits.size(), 2u);
  EXPECT_EQ(wanted->limits[1].kernel, 2u);
  EXPECT_EQ(wanted->limits[1].most, (model::Extent{8, 4}));
  EXPECT_THAT(wanted->together, ElementsAre(ElementsAre(0u, 1u)));
  EXPECT_THAT(wanted->keepOut, ElementsAre(model::Rect{0, 1, 2, 3}));
  EXPECT_THAT(wanted->joined(3), ElementsAre(false, true, false));
}

TEST(ConstraintsTest, SaysWhatIsWrong) {
  EXPECT_THAT(errorsOf(R"({"pin": [{"kernel": "layers.7.attn", "wafer": 0}]})"),
              ElementsAre(HasSubstr("'layers.7.attn' matches no kernel of the "
                                    "model, there is 'layers.0.attn'")));
  EXPECT_THAT(errorsOf(R"({"pin": [{"kernel": "[", "wafer": 0}]})"),
              ElementsAre(HasSubstr("'[' is no glob: ")));
  EXPECT_THAT(errorsOf(R"({"pin": [{"kernel": "*", "wafer": 0},
                                   {"kernel": "*mlp", "wafer": 1}]})"),
              ElementsAre(HasSubstr("pins 'layers.0.mlp' a second time")));
  EXPECT_THAT(
      errorsOf(R"({"max_region": [{"kernel": "*", "width": 1, "height": 1},
                            {"kernel": "*mlp", "width": 1, "height": 2}]})"),
      ElementsAre(HasSubstr("limits 'layers.0.mlp' a second time")));
  EXPECT_THAT(errorsOf(R"({"same_region": [{"kernels": ["*mlp"]}]})"),
              ElementsAre(HasSubstr("name only 'layers.0.mlp': at least two "
                                    "kernels share a region")));
  EXPECT_THAT(errorsOf(R"({"same_region": [{"kernels": [1]}]})"),
              ElementsAre(HasSubstr("must be an array of names of kernels")));
  EXPECT_EQ(errorsOf(R"({"pins": []})").size(), 1u);
  EXPECT_EQ(errorsOf("[]").size(), 1u);
}

TEST(ConstraintsTest, BracesAreAlternatives) {
  Diagnostics diags;
  std::optional<Constraints> wanted = parseConstraints(
      R"({"pin": [{"kernel": "layers.{0,1}.mlp", "wafer": 0}]})",
      threeKernels(), diags);
  ASSERT_TRUE(wanted);
  ASSERT_EQ(wanted->pins.size(), 1u);
}

/// What is wrong with constraints on 8 x 4 cores, (0, 0) dead.
std::vector<std::string> errorsOnGrid(const Constraints &constraints) {
  Diagnostics diags;
  checkOnGrid(constraints, threeKernels(), {8, 4}, {{0, 0, 1, 1}}, diags);
  std::vector<std::string> messages;
  for (const Diagnostic &diag : diags.all()) {
    messages.push_back(diag.message);
    for (const std::string &note : diag.notes)
      messages.back() += "; " + note;
  }
  return messages;
}

TEST(ConstraintsTest, SaysWhatNoGridHas) {
  Constraints wanted;
  wanted.keepOut = {{2, 2, 9, 9}};
  wanted.pins = {{0, 0, {{1, 0}}}, {1, 1, std::nullopt}};
  EXPECT_THAT(errorsOnGrid(wanted), ElementsAre());
  wanted.pins = {{0, 0, {{8, 0}}}};
  EXPECT_THAT(
      errorsOnGrid(wanted),
      ElementsAre(HasSubstr("at (8, 0), outside of the grid of 8 x 4 cores; "
                            "rows and columns are counted from 0")));
  wanted.pins = {{0, 0, {{0, 0}}}};
  EXPECT_THAT(errorsOnGrid(wanted),
              ElementsAre(HasSubstr("at (0, 0), on dead cores: 1 x 1 cores at "
                                    "(0, 0); pin it elsewhere")));
  wanted.pins = {{0, 0, {{3, 3}}}};
  EXPECT_THAT(errorsOnGrid(wanted),
              ElementsAre(HasSubstr("at (3, 3), on cores that 'keep_out' "
                                    "frees: 9 x 9 cores at (2, 2)")));
  wanted.pins.clear();
  wanted.keepOut = {{0, 4, 1, 1}};
  EXPECT_THAT(errorsOnGrid(wanted),
              ElementsAre(HasSubstr("'keep_out' of 1 x 1 cores at (0, 4) lies "
                                    "outside of the grid of 8 x 4 cores")));
}

TEST(ConstraintsTest, KernelsOfOneRegionAreAtOnePlace) {
  Constraints wanted;
  wanted.together = {{0, 2}};
  wanted.pins = {{0, 0, std::nullopt}, {1, 0, {{4, 0}}}};
  EXPECT_THAT(errorsOnGrid(wanted), ElementsAre());
  wanted.pins = {{0, 0, {{0, 1}}}, {1, 0, {{4, 0}}}};
  EXPECT_THAT(
      errorsOnGrid(wanted),
      ElementsAre(HasSubstr("to different places, but 'same_region' "
                            "has them on one region; pin one of them")));
}

Decisions sample() {
  WaferDecision stage;
  stage.wafers = {0, 1, 2, 4};
  stage.kernels = {"a", "b"};
  stage.attempts = {{1, 300, {8, 8}, {8, 8}}, {2, 200, {4, 8}, {4, 8}}};
  stage.regions = {{{0, 0, 4, 8}, {0}, {0}, 64, 90},
                   {{4, 0, 4, 8}, {1}, {0}, 32, 100}};
  stage.cycles = 195;
  stage.routed = 210;
  Decisions decisions;
  decisions.wafers = 5;
  decisions.fewestWafers = 4;
  decisions.bytes = 8e9;
  decisions.bytesPerWafer = 2e9;
  decisions.stages = {stage};
  decisions.step = {1200, 800, 600, {210, 210, 210, 190, 210}, 160};
  decisions.partition.considered = {{4, false, false, 0, 0, 0},
                                    {5, true, true, 1100, 100, 200},
                                    {6, false, true, 1650, 110, 190}};
  decisions.partition.cuts = {
      {{0, 1}, {"b", true, 400}, {{"a", false, 0}, {"c", true, 500}}}};
  return decisions;
}

TEST(DecisionsTest, TextSaysWhatWonAndWhy) {
  std::string text = toText(sample());
  EXPECT_THAT(text, HasSubstr("wafers: 5; 8.0 GB over 2.0 GB a wafer need at "
                              "least 4, so at most 1 too many"));
  EXPECT_THAT(text, HasSubstr("wafers 0 to 2, 4: 2 kernels, a to b"));
  EXPECT_THAT(text, HasSubstr("*        2            200          4 x 8"));
  EXPECT_THAT(text,
              HasSubstr("2 regions take 33.3 % fewer cycles than 1: "
                        "collectives have further to go on larger regions"));
  Decisions best = sample();
  best.wafers = 4;
  best.stages[0].attempts[0].cycles = 100;
  EXPECT_THAT(toText(best), HasSubstr("need at least 4: no mapping has fewer"));
  EXPECT_THAT(toText(best), HasSubstr("kernels compute longer on smaller"));
  best.stages[0].attempts.pop_back();
  EXPECT_THAT(toText(best), HasSubstr("only 1 region holds the kernels"));
  best.stages[0].attempts.clear();
  EXPECT_THAT(toText(best), HasSubstr("the regions were given"));
}

TEST(DecisionsTest, PartitionsHaveReasons) {
  Decisions all = sample();
  EXPECT_THAT(
      toText(all),
      HasSubstr("step: 1,200 cycles; no mapping of this partition takes "
                "fewer than 800 (within 1.50 times), none of any "
                "partition fewer than 600 (2.00)"));
  EXPECT_THAT(toText(all), HasSubstr("slowest wafer: 210 cycles; no mapping of "
                                     "this partition has fewer than 160 "
                                     "(within 1.31 times)"));
  EXPECT_THAT(toText(all), HasSubstr("         4   does not fit"));
  EXPECT_THAT(toText(all), HasSubstr("*        5          1,100            100 "
                                     "           200"));
  EXPECT_THAT(
      toText(all),
      HasSubstr("with 6 wafers a step takes 1.50 times as many cycles"));
  EXPECT_THAT(toText(all), HasSubstr("cut behind wafers 0, 1, before b: 400"));
  EXPECT_THAT(toText(all), HasSubstr("before a: does not fit"));
  EXPECT_THAT(toText(all), HasSubstr("with routes 210 cycles"));
  std::vector<PartitionChoice> &considered = all.partition.considered;
  considered[2].cycles = 1099;
  EXPECT_THAT(toText(all),
              HasSubstr("a step takes 1.00 times as many cycles: each wafer "
                        "must save a thousandth of a step"));
  all.partition.objective = partition::Objective::Throughput;
  EXPECT_THAT(
      toText(all),
      HasSubstr("with 6 wafers each of them yields 0.88 times as much"));
  considered.pop_back();
  EXPECT_THAT(toText(all), HasSubstr("no other number of wafers near this one "
                                     "holds the model"));
  all.partition.wanted = 5;
  EXPECT_THAT(toText(all), HasSubstr("5 wafers were asked for"));
  considered.clear();
  EXPECT_THAT(toText(all), HasSubstr("the partition was given"));
}

TEST(DecisionsTest, JsonHoldsTheSame) {
  llvm::Expected<llvm::json::Value> value =
      llvm::json::parse(mapping::toJson(sample()));
  ASSERT_TRUE(bool(value));
  const llvm::json::Object &object = *value->getAsObject();
  EXPECT_EQ(object.getInteger("fewest_wafers"), 4);
  const llvm::json::Object &stage =
      *(*object.getArray("stages"))[0].getAsObject();
  EXPECT_EQ(stage.getArray("considered")->size(), 2u);
  EXPECT_EQ(stage.getArray("regions")->size(), 2u);
  EXPECT_EQ(stage.getNumber("cycles"), 195);
  EXPECT_EQ(stage.getNumber("routed_cycles"), 210);
  const llvm::json::Object &partition = *object.getObject("partition");
  EXPECT_EQ(partition.getArray("considered")->size(), 3u);
  EXPECT_EQ(partition.getArray("cuts")->size(), 1u);
  EXPECT_EQ(object.getObject("step")->getNumber("slowest_wafer"), 210);
}

} // namespace
