//===- RoutingTraceTest.cpp - Traces in both forms, and broken ones -------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/RoutingTrace.h"
#include "inlay/Support/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::cost;

namespace {

/// A file with some contents, for as long as the object lives.
class TraceFile {
public:
  explicit TraceFile(const std::string &contents) {
    llvm::SmallString<128> name;
    EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("trace", "bin", name));
    path = name.str().str();
    Diagnostics diags;
    EXPECT_TRUE(writeFile(path, contents, diags));
  }
  ~TraceFile() { llvm::sys::fs::remove(path); }

  std::string path;
};

/// The first error, or nothing; and its remedy.
std::string errorOf(const std::string &contents,
                    const std::string &remedy = "") {
  TraceFile file(contents);
  Diagnostics diags;
  EXPECT_FALSE(readRoutingTrace(file.path, diags));
  if (!diags.hasErrors())
    return "";
  const inlay::Diagnostic &first = diags.all().front();
  if (!remedy.empty()) {
    EXPECT_EQ(first.notes.size(), 1U);
    EXPECT_EQ(first.notes.front(), remedy);
  }
  return (first.subject.empty() ? "" : first.subject + ": ") + first.message;
}

RoutingTrace read(const std::string &contents) {
  TraceFile file(contents);
  Diagnostics diags;
  std::optional<RoutingTrace> trace = readRoutingTrace(file.path, diags);
  EXPECT_TRUE(trace) << contents;
  return trace.value_or(RoutingTrace());
}

std::string little(std::initializer_list<uint32_t> words) {
  std::string bytes;
  for (uint32_t word : words)
    for (int shift = 0; shift < 32; shift += 8)
      bytes += char(word >> shift & 0xff);
  return bytes;
}

TEST(RoutingTraceTest, LinesMayStandInAnyOrder) {
  RoutingTrace trace = read("# of one prompt\n\n"
                            "token,layer,experts\n"
                            "7,3,1,0\n"
                            "# a remark\n\n"
                            "2,3,5;2\r\n"
                            "2 1 9\n");
  ASSERT_EQ(trace.layers.size(), 2U);
  EXPECT_EQ(trace.layers[0].layer, 1);
  EXPECT_EQ(trace.layers[0].experts, (std::vector<uint16_t>{9}));
  EXPECT_EQ(trace.layers[1].layer, 3);
  EXPECT_EQ(trace.layers[1].numTokens(), 2);
  EXPECT_EQ(trace.layers[1].experts, (std::vector<uint16_t>{5, 2, 1, 0}));
  ModelRouting routing = toRouting(trace);
  EXPECT_EQ(routing.of(3).frequency, (std::vector<double>{1, 1, 1, 0, 0, 1}));
  EXPECT_EQ(routing.highest[3], 5);
}

TEST(RoutingTraceTest, BytesSayWhatTheTextSays) {
  RoutingTrace text = read("0,1,7,300\n1,1,7,4\n0,5,2,1\n1,5,0,9\n");
  RoutingTrace bytes = read(toBinary(text));
  ASSERT_EQ(bytes.layers.size(), text.layers.size());
  for (size_t l = 0; l < text.layers.size(); ++l) {
    EXPECT_EQ(bytes.layers[l].layer, text.layers[l].layer);
    EXPECT_EQ(bytes.layers[l].perToken, text.layers[l].perToken);
    EXPECT_EQ(bytes.layers[l].experts, text.layers[l].experts);
  }
}

TEST(RoutingTraceTest, SaysWhatIsWrongWithText) {
  EXPECT_EQ(errorOf(""), "holds no choice of an expert");
  EXPECT_EQ(errorOf("0,1\n", "a line is token,layer,expert,expert,...; see "
                             "docs/routing-traces.md"),
            "line 1: has 2 numbers, a token, a layer and at least one expert "
            "are needed");
  EXPECT_EQ(errorOf("0,1,2\nx,1,2\n"), "line 2: 'x' is no token");
  EXPECT_EQ(errorOf("0,65536,2\n"), "line 1: '65536' is no layer");
  EXPECT_EQ(errorOf("0,1,-2\n"), "line 1: '-2' is no expert");
  EXPECT_EQ(errorOf("0,1,2,3\n1,1,2\n"),
            "line 2: chooses 1 experts, line 1 of the same layer 2; at most "
            "1024 are read");
  EXPECT_EQ(errorOf("4,1,3,3\n"),
            "line 1: token 4 chooses expert 3 twice in layer 1");
  EXPECT_EQ(errorOf("4,1,3\n4,1,2\n",
                    "put all experts of a token in a layer on one line; number "
                    "the tokens of several sequences through"),
            "token 4 is there twice in layer 1");
}

TEST(RoutingTraceTest, SaysWhatIsWrongWithBytes) {
  std::string magic = "INLAYRT1";
  EXPECT_EQ(errorOf(magic, "docs/routing-traces.md describes the binary form"),
            "ends after 8 bytes, inside its head of 20");
  EXPECT_EQ(errorOf(magic + little({0, 1, 1})),
            "claims 0 layers, 1 tokens and 1 experts for each; there are 1 to "
            "65536 layers, at least one token, and 1 to 1024 experts");
  // Sizes that would overflow 32 bits, and memory, are held against the file.
  EXPECT_EQ(errorOf(magic + little({65536, 0xffffffff, 1024})),
            "has 20 bytes, 65536 layers, 4294967295 tokens and 1024 experts "
            "for each take 576460752169467924");
  EXPECT_EQ(errorOf(magic + little({2, 1, 1, 4, 4, 0})),
            "layer 4 does not follow the one before it; layers rise, each "
            "below 65536");
  EXPECT_EQ(errorOf(magic + little({1, 1, 2, 3, 0x00070007})),
            "token 0 chooses expert 7 twice in layer 3");
}

TEST(RoutingTraceTest, OptionNamesUniformZipfOrAFile) {
  Diagnostics diags;
  EXPECT_EQ(parseRouting("uniform", diags)->describe(), "uniform");
  EXPECT_EQ(parseRouting("zipf:1.5", diags)->of(9).exponent, 1.5);
  TraceFile file("0,2,1\n1,2,1\n2,2,0\n");
  std::optional<ModelRouting> routing = parseRouting(file.path, diags);
  ASSERT_TRUE(routing);
  EXPECT_EQ(routing->of(2).frequency, (std::vector<double>{1, 2}));
  EXPECT_EQ(routing->of(3).kind, Routing::Kind::Uniform);
  EXPECT_EQ(routing->digest.size(), 64U);
  EXPECT_FALSE(diags.hasErrors());
  for (const char *wrong : {"zipf:", "zipf:-1", "zipf:nan", "zipf:101", ""})
    EXPECT_FALSE(parseRouting(wrong, diags)) << wrong;
}

/// Neither the most even layer nor the most skewed one.
TEST(RoutingTraceTest, TypicalLayerIsAsSkewedAsTheOthers) {
  ModelRouting routing = toRouting(read("0,0,0\n1,0,1\n2,0,2\n3,0,3\n"
                                        "0,1,1\n1,1,1\n2,1,1\n3,1,0\n"
                                        "0,2,2\n1,2,2\n2,2,2\n3,2,2\n"));
  EXPECT_EQ(routing.typical().frequency, (std::vector<double>{1, 3}));
}

TEST(RoutingTraceTest, KeepsTokensOfLongTracesEvenlySpread) {
  RoutingTrace trace;
  trace.layers.push_back({0, 1, {}});
  for (int64_t token = 0; token < 3 * kMostTokens; ++token)
    trace.layers[0].experts.push_back(uint16_t(token / kMostTokens));
  trace.layers[0].experts.back() = 7;
  ModelRouting routing = toRouting(trace);
  Routing layer = routing.of(0);
  EXPECT_EQ(layer.choices->numTokens(), kMostTokens);
  ASSERT_EQ(layer.frequency.size(), 3U);
  for (double count : layer.frequency)
    EXPECT_NEAR(count, double(kMostTokens) / 3, 1);
  EXPECT_EQ(routing.highest[0], 7);
}

} // namespace
