//===- GraphTest.cpp ------------------------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Model.h"

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

std::string messageOf(const Graph &graph) {
  Diagnostics diags;
  EXPECT_FALSE(graph.check(diags));
  EXPECT_EQ(diags.exitStatus(), 3);
  return diags.all().empty()
             ? ""
             : diags.all()[0].subject + ": " + diags.all()[0].message;
}

TEST(GraphTest, AcceptsAChain) {
  Graph graph;
  graph.kernels = {makeKernel("a"), makeKernel("b")};
  StreamSpec stream;
  stream.name = "s";
  stream.producer = 0;
  stream.consumer = 1;
  stream.shape = {1, 8};
  graph.streams = {stream};
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

TEST(GraphTest, PacksSubByteElements) {
  EXPECT_EQ(packedBytes({3, 5}, 4), 8);
  EXPECT_EQ(packedBytes({}, 32), 4);
  EXPECT_EQ(packedBytes({1000}, 8), 1000);
}

} // namespace
