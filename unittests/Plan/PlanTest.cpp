//===- PlanTest.cpp - Plans as JSON ---------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/Plan.h"

#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace inlay;
using namespace inlay::plan;
using testing::HasSubstr;

namespace {

/// A plan in which every array has an element and every number differs.
Plan sample() {
  Plan plan;
  plan.producer = "test";
  plan.model = "model.onnx";
  plan.digests = {{"model", "00ff"}};
  plan.arguments = {"batch=1"};
  plan.seed = 7;
  plan.step = {"decode", 1, 8192, 1};
  plan.system = {"wse3", "a wafer",
                 2,      755,
                 1170,   {{1, 2, 3, 4}},
                 49152,  6144,
                 43008,  16,
                 0.85,   {{"hop", 1, "cycle", "somewhere", true}},
                 8,      {{"code", 0, 6144}}};
  plan.regions = {{"w1.r0", 1, {5, 6, 7, 8}, {"a"}, 160}};
  Kernel kernel;
  kernel.name = "a";
  kernel.role = "experts";
  kernel.layer = 3;
  kernel.region = "w1.r0";
  kernel.structure = "c423";
  kernel.experts = 32;
  kernel.expertsPerToken = 5;
  kernel.wafer = 1;
  Cut cut{"n", 64, "x", 7, 2, 10, 1, 64};
  kernel.ops = {{"fc1",
                 "contraction",
                 {{cut, true}},
                 {{"weights", "w", "u4", 4, {-1, 0}, {1, 32}, {0, 16}}},
                 "/MatMul:1",
                 2,
                 0.25,
                 "f32"}};
  kernel.activations = 2.5;
  kernel.weights = {{"w",
                     64,
                     {{"i",
                       "model.onnx.data",
                       9007199254740993,
                       4096,
                       "raw",
                       8,
                       32,
                       {2, 32},
                       {64, 1}}},
                     "u4",
                     4,
                     {2, 64},
                     256,
                     {cut},
                     1}};
  kernel.states = {{"k", "f16", 16, {1, 2}, 4, {cut}}};
  kernel.groups = {{0, {5, 6, 1, 1}, {3, 0, 2, 1}}};
  kernel.classes = {
      {"all",
       {{5, 6, 3, 4}},
       12,
       {{"w", "weights", 0, 128, 1, 0, 9}, {"x", "input", 128, 32, 2, 3, 4}},
       160}};
  kernel.bytesPerCore = 160;
  kernel.cycles = {1, 2, 3, 4, 5, 6, 21};
  kernel.worstCaseCycles = 22;
  kernel.leastCycles = 19;
  kernel.bound = {1, 2, 0, 0, 3, 0, 3, "distance"};
  kernel.regionBound = {1, 2, 4, 5, 3, 0, 5, "bisection"};
  kernel.unknownBytes = 11;
  kernel.movedBytes = 13;
  plan.kernels = {kernel};
  plan.streams = {
      {"s", "", 2, "a", 1, "f16", {1, 64}, 128, 12, true, false, {}}};
  plan.patterns = {{"p",
                    "chain",
                    2,
                    3,
                    1,
                    {{0, 1, 2, 0, "ramp", {"ahead"}, 1, 3, -1}},
                    {{4, 1, 2, -1, 0, true, 5}}}};
  plan.routes = {{"r",
                  "trunk",
                  1,
                  true,
                  {4},
                  {0},
                  "y",
                  2,
                  3,
                  12,
                  {{{1, 2, 3, 4, 5, -6, 7}, "W", {"E", "ramp"}, 1}},
                  "p",
                  "x",
                  {{1, 2, 3, 4, 5, 6, 7}},
                  {{"a", 1, 2, 30}}}};
  plan.colours = {21, 5, 4, 1, 2, 3};
  plan.links = {{{"N", 10, 4, 1, 2, 3}}, {"N", 10, 4, 1, 2, 3}};
  plan.estimate.mode = "ideal";
  plan.estimate.criticalPath = {"a"};
  plan.estimate.stageCycles = {21.5};
  plan.estimate.rates = {{0.85, 1.5, 3}};
  plan.accounting = {4096, 4104, {{"c", 8}}, 5000, 4096, 500, 404, 17};
  plan.assumptions = {"none"};
  return plan;
}

std::string errorsOf(std::string text, const std::string &from,
                     const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  Diagnostics diags;
  EXPECT_FALSE(fromJson(text, diags));
  std::string errors;
  llvm::raw_string_ostream os(errors);
  diags.print(os);
  return errors;
}

TEST(PlanTest, RoundTripsToTheSameBytes) {
  std::string text = toJson(sample());
  Diagnostics diags;
  std::optional<Plan> plan = fromJson(text, diags);
  ASSERT_TRUE(plan) << diags.all().front().message;
  EXPECT_EQ(toJson(*plan), text);
}

/// What has no objects in it is a line, what has some is none.
TEST(PlanTest, SmallObjectsAreLines) {
  std::string text = toJson(sample());
  EXPECT_THAT(text, HasSubstr("\n    {\"x\":1,\"y\":2,\"width\":3,\"height\":4,"
                              "\"count\":5,\"dx\":-6,\"dy\":7,\"in\":\"W\","
                              "\"out\":[\"E\",\"ramp\"],\"position\":1}\n"));
  EXPECT_THAT(text, HasSubstr("\n \"options\": [\"batch=1\"],\n"));
  EXPECT_THAT(text, HasSubstr("\n \"system\": {\n  \"target\": "));
}

TEST(PlanTest, IntegersBeyondDoublesAreStrings) {
  std::string text = toJson(sample());
  EXPECT_THAT(text, HasSubstr("\"offset\":\"9007199254740993\""));
  Diagnostics diags;
  EXPECT_EQ(fromJson(text, diags)->kernels[0].weights[0].pieces[0].offset,
            9007199254740993);
}

TEST(PlanTest, ErrorsNameTheField) {
  std::string text = toJson(sample());
  EXPECT_THAT(errorsOf(text, "\"wafers\": 2", "\"wafers\": \"two\""),
              HasSubstr("field 'system.wafers': must be an integer"));
  EXPECT_THAT(errorsOf(text, "\"role\": \"experts\"", "\"rule\": \"experts\""),
              HasSubstr("field 'kernels[0].role': is missing"));
  EXPECT_THAT(errorsOf(text, "\"seed\": 7", "\"seed\": 7, \"extra\": 1"),
              HasSubstr("field 'extra': is not known here"));
  EXPECT_THAT(errorsOf(text, "\"options\": [\"batch=1\"", "\"options\": [1"),
              HasSubstr("field 'options[0]': must be a string"));
  EXPECT_THAT(errorsOf(text, "\"critical_path\": [",
                       "\"critical_path\": 1, "
                       "\"other\": ["),
              HasSubstr("field 'estimate.critical_path': must be an array"));
  EXPECT_THAT(errorsOf(text, "\"inlay-plan\"", "\"other\""),
              HasSubstr("field 'format': must be 'inlay-plan'"));
}

TEST(PlanTest, OtherVersionsAreRefusedByNumber) {
  std::string text = toJson(sample());
  EXPECT_THAT(errorsOf(text, "\"major\": 1", "\"major\": 3"),
              HasSubstr("field 'version': is 3.3, but this build reads 1.0 to "
                        "1.3; in another major version the same fields may "
                        "mean something else: compile the model again"));
  EXPECT_THAT(errorsOf(text, "\"minor\": 3", "\"minor\": 4"),
              HasSubstr("field 'version': is 1.4, but this build reads 1.0 to "
                        "1.3; a newer build has the fields that it adds"));
}

/// What a version does not have is no part of a plan of that version.
TEST(PlanTest, AnOlderPlanHasNoNewerFields) {
  std::string text = toJson(sample());
  EXPECT_THAT(errorsOf(text, "\"minor\": 3", "\"minor\": 0"),
              HasSubstr("field 'system.banks': is not known here"));
}

/// Samples of every version stay as they are, and stay readable.
TEST(PlanTest, ReadsFrozenPlans) {
  namespace fs = std::filesystem;
  std::set<std::string> versions;
  for (const auto &entry :
       fs::recursive_directory_iterator(INLAY_FROZEN_PLANS)) {
    if (!entry.is_regular_file())
      continue;
    SCOPED_TRACE(entry.path().string());
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    Diagnostics diags;
    std::optional<Plan> plan = fromJson(text.str(), diags);
    std::string errors;
    llvm::raw_string_ostream os(errors);
    diags.print(os);
    ASSERT_TRUE(plan) << errors;
    versions.insert(entry.path().parent_path().filename().string());
    // The newest version holds all of it: written and read it stays the same.
    std::string newest = toJson(*plan);
    std::optional<Plan> again = fromJson(newest, diags);
    ASSERT_TRUE(again);
    EXPECT_EQ(toJson(*again), newest);
    // Defaults of what 1.0 does not say: docs/schema/CHANGES.md.
    int64_t reserved = 0;
    for (const ReservedRange &range : plan->system.reserved)
      reserved += range.bytes;
    EXPECT_EQ(reserved, plan->system.reservedBytes);
    ASSERT_FALSE(plan->kernels.empty());
    for (const Kernel &kernel : plan->kernels)
      for (const CoreClass &cores : kernel.classes)
        for (const Buffer &buffer : cores.memory) {
          EXPECT_EQ(buffer.alignment, plan->system.bufferAlignment);
          EXPECT_EQ(buffer.bank, plan->system.bankOf(buffer.offset));
        }
  }
  for (int64_t minor = 0; minor <= kMinorVersion; ++minor)
    EXPECT_TRUE(versions.count(std::to_string(kMajorVersion) + "." +
                               std::to_string(minor)))
        << "no plan of minor version " << minor;
}

TEST(PlanTest, BanksAreEqualRangesOfAddresses) {
  System system;
  system.sramBytes = 49152;
  system.reservedBytes = 6144;
  EXPECT_EQ(system.bankOf(100), 0); // not known
  system.banks = 8;
  EXPECT_EQ(system.bankOf(0), 1);
  EXPECT_EQ(system.bankOf(6143), 1);
  EXPECT_EQ(system.bankOf(6144), 2);
  EXPECT_EQ(system.bankOf(43007), 7);
  system.banks = 5; // 9830.4 bytes each
  EXPECT_EQ(system.bankOf(9830 - 6144), 0);
  EXPECT_EQ(system.bankOf(9831 - 6144), 1);
}

/// Names come from the model's file, which may hold any bytes.
TEST(PlanTest, NamesThatAreNoUtf8AreStillJson) {
  Plan plan;
  plan.model = "a\xff.onnx";
  EXPECT_NE(toJson(plan).find("a\xEF\xBF\xBD.onnx"), std::string::npos);
}

} // namespace
