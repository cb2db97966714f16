//===- GraphTest.cpp ------------------------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Json.h"
#include "inlay/Model/Model.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::model;

namespace {

KernelSpec makeKernel(const std::string &name) {
  KernelSpec kernel;
  kernel.name = name;
  OpSpec op;
  op.name = "linear";
  op.dims = {{"token", 1}, {"n", 8}, {"k", 8, DimKind::Reduction}};
  kernel.ops.push_back(op);
  return kernel;
}

/// a -> b, by a stream of f32[1, 8].
Graph makeChain() {
  PortSpec port{{"f32", 32}, {1, 8}};
  Graph graph;
  graph.name = "g";
  graph.kernels = {makeKernel("a"), makeKernel("b")};
  graph.kernels[0].outputs = {port};
  graph.kernels[1].inputs = {port};
  StreamSpec stream;
  stream.name = "s";
  stream.producer = 0;
  stream.consumer = 1;
  stream.type = port.type;
  stream.shape = port.shape;
  graph.streams = {stream};
  return graph;
}

std::string messageOf(const Graph &graph) {
  Diagnostics diags;
  EXPECT_FALSE(graph.check(diags));
  EXPECT_EQ(diags.exitStatus(), 3);
  return diags.all().empty()
             ? ""
             : diags.all()[0].subject + ": " + diags.all()[0].message;
}

TEST(GraphTest, AcceptsAChain) {
  Graph graph = makeChain();
  Diagnostics diags;
  EXPECT_TRUE(graph.check(diags));
  EXPECT_FALSE(diags.hasErrors());
}

TEST(GraphTest, RejectsTwoKernelsOfOneName) {
  Graph graph;
  graph.kernels = {makeKernel("a"), makeKernel("a")};
  EXPECT_EQ(messageOf(graph), "kernel 'a': has the name of another kernel");
}

TEST(GraphTest, RejectsAnEmptyDim) {
  Graph graph;
  graph.kernels = {makeKernel("a")};
  graph.kernels[0].ops[0].dims[1].size = 0;
  EXPECT_EQ(messageOf(graph), "kernel 'a': dim 'n' of op 'linear' has size 0 "
                              "and unit 1, but both must be at least 1");
}

TEST(GraphTest, RejectsADensityAboveOne) {
  Graph graph;
  graph.kernels = {makeKernel("a")};
  graph.kernels[0].ops[0].density = 2;
  EXPECT_EQ(messageOf(graph), "kernel 'a': op 'linear' has density 2, but it "
                              "must be above 0 and at most 1");
}

TEST(GraphTest, RejectsIndicesOutOfRange) {
  Graph graph;
  graph.kernels = {makeKernel("a")};
  OperandSpec operand;
  operand.role = TensorRole::Weights;
  operand.tensor = 0;
  graph.kernels[0].ops[0].operands = {operand};
  EXPECT_EQ(messageOf(graph),
            "kernel 'a': op 'linear' uses tensor 0, which is not there");
  operand.role = TensorRole::Local;
  operand.indexing = {{3, 1}};
  graph.kernels[0].ops[0].operands = {operand};
  EXPECT_EQ(messageOf(graph), "kernel 'a': op 'linear' indexes a tensor by dim "
                              "3 / 1, which it does not have");
}

TEST(GraphTest, RejectsStreamsThatGoNowhereOrBack) {
  Graph graph;
  graph.kernels = {makeKernel("a"), makeKernel("b")};
  StreamSpec stream;
  stream.name = "s";
  stream.producer = 2;
  graph.streams = {stream};
  EXPECT_EQ(messageOf(graph), "stream 's': ends at a kernel that is not there");
  graph.streams[0].producer = 1;
  graph.streams[0].consumer = 0;
  EXPECT_EQ(messageOf(graph), "stream 's': goes back to an earlier kernel");
  graph.streams[0].producer = 0;
  graph.streams[0].consumer = 1;
  graph.streams[0].shape = {1, 0};
  EXPECT_EQ(messageOf(graph), "stream 's': has a dim of size 0");
}

TEST(GraphTest, RejectsAnEmptyStep) {
  Graph graph = makeChain();
  graph.batch = 0;
  EXPECT_EQ(messageOf(graph), "graph 'g': has batch 0, tokens 1 and context 0, "
                              "but must have at least 1, 1 and 0");
}

TEST(GraphTest, RejectsTensorsWithoutElementsOrWithTooMany) {
  Graph graph = makeChain();
  graph.kernels[0].states = {{"s", {"f16", 16}, {4, 0}}};
  EXPECT_EQ(messageOf(graph), "kernel 'a': state 's' has a dim of size 0");
  graph.kernels[0].states[0].shape = {int64_t(1) << 40, int64_t(1) << 40};
  EXPECT_EQ(messageOf(graph),
            "kernel 'a': state 's' has shape [1099511627776, 1099511627776], "
            "2^50 elements or more");
  graph.kernels[0].states[0] = {"s", {"none", 0}, {4}};
  EXPECT_EQ(messageOf(graph), "kernel 'a': state 's' has elements of 0 bits");
  graph.kernels[0].states.clear();
  WeightSpec weight;
  weight.name = "w";
  weight.type = {"f32", 32};
  weight.bytes = -1;
  graph.kernels[0].weights = {weight};
  EXPECT_EQ(messageOf(graph), "kernel 'a': weight 'w' has -1 bytes and a row "
                              "pitch of 0 bits");
}

TEST(GraphTest, RejectsMoreExpertsPerTokenThanThereAre) {
  Graph graph = makeChain();
  graph.kernels[0].role = KernelRole::Experts;
  graph.kernels[0].numExperts = 4;
  graph.kernels[0].expertsPerToken = 5;
  EXPECT_EQ(messageOf(graph), "kernel 'a': takes 5 of 4 experts");
}

TEST(GraphTest, RejectsNegativeWork) {
  Graph graph = makeChain();
  graph.kernels[0].ops[0].opsPerPoint = -1;
  EXPECT_EQ(messageOf(graph),
            "kernel 'a': op 'linear' has -1 operations per point");
}

TEST(GraphTest, RejectsStreamsThatDoNotFitTheirPorts) {
  Graph graph = makeChain();
  graph.streams[0].producerPort = 1;
  EXPECT_EQ(messageOf(graph),
            "stream 's': ends at output 1 of kernel 'a', which has 1");
  graph.streams[0].producerPort = 0;
  graph.kernels[1].inputs[0].shape = {8};
  EXPECT_EQ(messageOf(graph), "stream 's': carries f32[1, 8], but input 0 of "
                              "kernel 'b' is f32[8]");
}

TEST(GraphTest, RejectsInputsWithoutExactlyOneStream) {
  Graph graph = makeChain();
  graph.streams.push_back(graph.streams[0]);
  EXPECT_EQ(messageOf(graph),
            "kernel 'b': input 0 has 2 streams, but must have one");
  graph.streams.clear();
  EXPECT_EQ(messageOf(graph),
            "kernel 'b': input 0 has 0 streams, but must have one");
}

TEST(GraphTest, ReportsEveryViolation) {
  Graph graph = makeChain();
  graph.tokens = 0;
  graph.kernels[1].name = "a";
  graph.kernels[1].ops[0].density = 0;
  graph.streams[0].consumerPort = 7;
  Diagnostics diags;
  EXPECT_FALSE(graph.check(diags));
  EXPECT_EQ(diags.all().size(), 5u);
}

TEST(GraphTest, CountsASharedWeightOnce) {
  Graph graph = makeChain();
  WeightSpec weight;
  weight.name = "tied";
  weight.bytes = 100;
  graph.kernels[0].weights = {weight};
  graph.kernels[1].weights = {weight};
  EXPECT_EQ(graph.weightBytes(), 100);
}

TEST(GraphTest, WritesJson) {
  Graph graph = makeChain();
  graph.kernels[0].ops[0].operands = {
      {TensorRole::Output, 0, {"f32", 32}, {{0, 1}, {1, 1}}}};
  std::string text;
  llvm::raw_string_ostream os(text);
  writeJson(graph, os);
  EXPECT_THAT(text, testing::HasSubstr("\"indexing\": [\n"));
  EXPECT_THAT(text, testing::HasSubstr("\"producer\": 0,\n"));
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse(text);
  ASSERT_TRUE(static_cast<bool>(parsed));
  const llvm::json::Object &root = *parsed->getAsObject();
  EXPECT_EQ(root.getString("phase"), llvm::StringRef("decode"));
  EXPECT_EQ(root.getArray("kernels")->size(), 2u);
  EXPECT_EQ(root.getArray("streams")->size(), 1u);
}

TEST(GraphTest, PacksSubByteElements) {
  EXPECT_EQ(packedBytes({3, 5}, 4), 8);
  EXPECT_EQ(packedBytes({}, 32), 4);
  EXPECT_EQ(packedBytes({1000}, 8), 1000);
}

} // namespace
