//===- TargetTest.cpp - Device descriptions -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Target/Target.h"
#include "inlay/Target/Figures.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdlib>

using namespace inlay;
using namespace inlay::target;

namespace {

std::string targetDir() {
  return std::string(std::getenv("INLAY_SOURCE_DIR")) + "/targets";
}

std::string textOf(const std::string &name) {
  auto buffer = llvm::MemoryBuffer::getFile(targetDir() + "/" + name + ".json");
  return buffer ? (*buffer)->getBuffer().str() : "";
}

std::string print(const Diagnostics &diags) {
  std::string text;
  llvm::raw_string_ostream os(text);
  diags.print(os);
  return text;
}

/// Errors of the shipped wse3 with one piece of its text replaced.
std::string errorsWith(const std::string &from, const std::string &to) {
  std::string text = textOf("wse3");
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  int fd = 0;
  llvm::SmallString<64> path;
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("target", "json", fd, path));
  llvm::raw_fd_ostream(fd, /*shouldClose=*/true) << text;
  Diagnostics diags;
  EXPECT_FALSE(load(path.str().str(), diags));
  llvm::sys::fs::remove(path);
  return print(diags);
}

TEST(TargetTest, ShippedTargetsLoad) {
  for (const char *name : {"wse2", "wse3", "grid8x8", "wormhole"}) {
    Diagnostics diags;
    std::optional<Target> target = find(name, targetDir(), diags);
    ASSERT_TRUE(target) << print(diags);
    EXPECT_EQ(target->name, name);
  }
}

TEST(TargetTest, Wse3HasThePublishedFigures) {
  Diagnostics diags;
  std::optional<Target> target = find("wse3", targetDir(), diags);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->usableCores(), 755 * 1170);
  EXPECT_EQ(target->budget(), 48 * 1024 - 6 * 1024);
  EXPECT_EQ(target->macsPerCycle("f16"), 8);
  // An unlisted type is as slow as the slowest.
  EXPECT_EQ(target->macsPerCycle("f64"), target->macsPerCycle("f32"));
  EXPECT_TRUE(target->waferLatency.assumption);
}

TEST(TargetTest, WormholeIsNoWseInDisguise) {
  Diagnostics diags;
  std::optional<Target> target = find("wormhole", targetDir(), diags);
  ASSERT_TRUE(target) << print(diags);
  EXPECT_TRUE(target->isTorus());
  EXPECT_EQ(target->networks.value, 2);
  EXPECT_EQ(target->coloursTotal.value, 0);
  EXPECT_EQ(target->dramBandwidth.value, 288);
  EXPECT_TRUE(target->primitives.empty());
  // Around the edge where that is shorter, and nowhere near it the plain way.
  EXPECT_EQ(target->hops(7, 0), 1);
  EXPECT_EQ(target->hops(-3, 2), 5);
  EXPECT_EQ(target->hops(4, 8), 5);
  std::optional<Target> mesh = find("wse3", targetDir(), diags);
  ASSERT_TRUE(mesh);
  EXPECT_FALSE(mesh->isTorus());
  EXPECT_EQ(mesh->hops(754, -1169), 754 + 1169);
}

TEST(TargetTest, PrimitivesHaveProvenanceAndFits) {
  Diagnostics diags;
  for (const char *name : {"wse2", "wse3"}) {
    std::optional<Target> target = find(name, targetDir(), diags);
    ASSERT_TRUE(target) << print(diags);
    for (const PrimitiveName &known : kPrimitives) {
      const Quantity *primitive = target->primitive(known.name);
      ASSERT_TRUE(primitive) << name << " has no " << known.name;
      EXPECT_FALSE(primitive->source.empty());
    }
    EXPECT_FALSE(target->fits.empty());
    for (const auto &[primitive, fit] : target->fits) {
      EXPECT_GE(fit.numRows, 1) << primitive;
      EXPECT_LE(fit.meanError, fit.largestError) << primitive;
      EXPECT_LE(fit.largestError, 0.08) << primitive;
    }
    EXPECT_FALSE(target->unknowns.empty());
  }
  EXPECT_EQ(find("wse3", targetDir(), diags)->primitive("nothing"), nullptr);
}

TEST(TargetTest, ErrorsOfPrimitivesNameTheField) {
  using testing::HasSubstr;
  EXPECT_THAT(errorsWith("\"vector_issue\"", "\"vector_tissue\""),
              HasSubstr("field 'primitives.vector_tissue': is no primitive"));
  EXPECT_THAT(errorsWith("\"cycle/8B\"", "\"cycle\""),
              HasSubstr("field 'primitives.vector_word.unit': must be "
                        "'cycle/8B', got 'cycle'"));
  EXPECT_THAT(
      errorsWith("\"multicast_wse3.csv: line multicast\"", "7"),
      HasSubstr("field 'primitives.wavelet_period.fit.rows': must be an array "
                "of strings, not empty"));
  EXPECT_THAT(errorsWith("\"rows\": [", "\"ranks\": ["),
              HasSubstr("field 'primitives.wavelet_period.fit.rows': is "
                        "missing"));
  EXPECT_THAT(errorsWith("\"unknowns\": [", "\"unknowns\": [3,"),
              HasSubstr("field 'unknowns': must be an array of strings"));
  EXPECT_THAT(errorsWith("\"clock\": {", "\"dram\": {}, \"clock\": {"),
              HasSubstr("field 'dram': needs a capacity and a bandwidth"));
}

TEST(TargetTest, UnknownNameListsTheShippedOnes) {
  Diagnostics diags;
  EXPECT_FALSE(find("wse9", targetDir(), diags));
  EXPECT_EQ(
      print(diags),
      "error: there is no target 'wse9'\n"
      "  note: shipped targets: grid8x8, wormhole, wse2, wse3; or give the "
      "path of a .json file\n");
}

TEST(TargetTest, EmptyDirectoryIsNamed) {
  Diagnostics diags;
  EXPECT_FALSE(find("wse3", "no/such/folder", diags));
  EXPECT_THAT(print(diags),
              testing::HasSubstr("no targets are in 'no/such/folder'"));
}

TEST(TargetTest, FindsItsOwnTargetsWithoutAFolder) {
  Diagnostics diags;
  std::optional<Target> found = find("grid8x8", "", diags);
  ASSERT_TRUE(found) << print(diags);
  std::optional<Target> named = find("grid8x8", targetDir(), diags);
  ASSERT_TRUE(named) << print(diags);
  EXPECT_EQ(found->digest, named->digest);
}

TEST(TargetTest, ErrorsNameTheField) {
  using testing::HasSubstr;
  EXPECT_THAT(errorsWith("\"width\": 755", "\"width\": 0"),
              HasSubstr("field 'grid.width': must be an integer from 1 to"));
  EXPECT_THAT(
      errorsWith("\"width\": 755", "\"wide\": 755"),
      testing::AllOf(HasSubstr("field 'grid.width': is missing"),
                     HasSubstr("field 'grid.wide': is not known here")));
  EXPECT_THAT(errorsWith("\"value\": 49152", "\"value\": \"big\""),
              HasSubstr("field 'core.sram.value': must be a number from 1 to"));
  EXPECT_THAT(errorsWith("\"unit\": \"GHz\"", "\"unit\": \"MHz\""),
              HasSubstr("field 'clock.unit': must be 'GHz', got 'MHz'"));
  EXPECT_THAT(errorsWith("\"value\": 6144", "\"value\": 49152"),
              HasSubstr("field 'core.reserved': must be less than core.sram"));
  EXPECT_THAT(errorsWith("\"value\": 49152", "\"value\": 1e15"),
              HasSubstr("field 'core.sram': must leave a wafer of 755 x 1170 "
                        "cores at most 2^62 bytes, got 1e+15 B a core"));
  EXPECT_THAT(errorsWith("\"inlay-target\"", "\"else\""),
              HasSubstr("field 'format': must be 'inlay-target'"));
  EXPECT_THAT(errorsWith("\"name\": \"wse3\"", "\"name\": 3"),
              HasSubstr("field 'name': must be a string"));
  EXPECT_THAT(errorsWith("\"assumption\": true", "\"assumption\": 1"),
              HasSubstr("must be true or false"));
  EXPECT_THAT(errorsWith("\"grid\": {", "\"grid\": 7, \"x\": {"),
              HasSubstr("field 'grid': must be an object"));
  EXPECT_THAT(errorsWith("\"mac_rate\": {", "\"mac_rate\": {}, \"was\": {"),
              HasSubstr("field 'core.mac_rate': must have at least one element "
                        "type"));
  EXPECT_THAT(errorsWith("\"report_clocks\": [", "\"report_clocks\": [0,"),
              HasSubstr("field 'report_clocks': must be an array of GHz"));
}

TEST(TargetTest, DeadRectanglesLieInTheGridAndApart) {
  using testing::HasSubstr;
  std::string clock = "\"clock\": {";
  EXPECT_THAT(errorsWith(clock, "\"dead\": [{\"x\": 754, \"y\": 0, \"width\": "
                                "2, \"height\": 1}]," +
                                    clock),
              HasSubstr("field 'dead[0]': lies outside the grid"));
  std::string one = "{\"x\": 0, \"y\": 0, \"width\": 2, \"height\": 2}";
  EXPECT_THAT(errorsWith(clock, "\"dead\": [" + one + "," + one + "]," + clock),
              HasSubstr("field 'dead[1]': overlaps dead[0]"));
  EXPECT_THAT(errorsWith(clock, "\"dead\": [{\"x\": 0, \"y\": 0, \"width\": "
                                "755, \"height\": 1170}]," +
                                    clock),
              HasSubstr("field 'dead': leaves no core of the grid"));
  EXPECT_THAT(errorsWith(clock, "\"dead\": [1]," + clock),
              HasSubstr("field 'dead[0]': must be an object"));
  EXPECT_THAT(errorsWith(clock, "\"dead\": 1," + clock),
              HasSubstr("field 'dead': must be an array"));
}

TEST(TargetTest, WhatIsNoJsonObjectIsRefused) {
  Diagnostics diags;
  EXPECT_FALSE(load(targetDir() + "/none.json", diags));
  EXPECT_THAT(print(diags),
              testing::HasSubstr("cannot read the device description: "));
  std::string all = textOf("wse3");
  EXPECT_THAT(errorsWith(all, "{"), testing::HasSubstr("is not JSON: "));
  EXPECT_THAT(errorsWith(all, "[]"),
              testing::HasSubstr("must be one JSON object"));
}

TEST(TargetTest, OverridesAreChecked) {
  Diagnostics diags;
  std::optional<Target> target = find("wse3", targetDir(), diags);
  ASSERT_TRUE(target);
  EXPECT_TRUE(
      apply({.reserve = 24576, .crossingLatency = 171, .clock = {}, .sram = {}},
            *target, diags));
  EXPECT_EQ(target->budget(), 24 * 1024);
  EXPECT_EQ(target->waferLatency.value, 171);
  EXPECT_FALSE(
      apply({.reserve = 49152, .crossingLatency = {}, .clock = {}, .sram = {}},
            *target, diags));
  EXPECT_FALSE(
      apply({.reserve = {}, .crossingLatency = -1, .clock = {}, .sram = {}},
            *target, diags));
  EXPECT_EQ(
      print(diags),
      "error: option --reserve: must leave some of a core's 49,152 B, got "
      "49,152 B\n"
      "error: option --crossing-latency: must be a number of microseconds "
      "of at least 0\n");
}

} // namespace
