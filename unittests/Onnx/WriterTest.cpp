//===- WriterTest.cpp - What is written is read back ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelText.h"

#include "inlay/Onnx/ModelWriter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::onnx::file;

namespace {

std::string finish(ModelWriter &writer) {
  return writer.finish("g", "inlay", "1", 10, {{"", 21}, {"com.microsoft", 1}});
}

TEST(WriterTest, WritesAGraph) {
  ModelWriter writer;
  const std::string minusOne(8, '\xff');
  const int64_t one[] = {1};
  TensorRecord shape{"", DataType::Int64, one, minusOne, "", 0, 0};
  writer.addNode({"Constant", "c", {}, {"shape"}, {{"value", shape}}, ""});
  writer.addNode({"QMoE",
                  "q",
                  {"x", "", "w"},
                  {"y", "", "shape2"},
                  {{"k", -3},
                   {"alpha", 0.5},
                   {"kind", "swiglu"},
                   {"perm", llvm::ArrayRef<int64_t>({1, 0})},
                   {"list", llvm::ArrayRef<float>({0.25f, -2.0f})}},
                  "com.microsoft"});
  writer.addNode({"Reshape", "r", {"y", "shape"}, {"z"}, {}, ""});
  const int64_t dims[] = {4, 33};
  writer.addInitializer(
      {"w", DataType::Uint4, dims, "", "model.onnx.data", 4096, 66});
  writer.addInput("x", DataType::Float, {"batch", 7});
  writer.addOutput("z", DataType::BFloat16, {"a + b"});
  EXPECT_EQ(writer.numNodes(), 3u);
  EXPECT_EQ(writer.numInitializers(), 1u);

  std::string model = finish(writer);
  EXPECT_EQ(writer.numNodes(), 0u);
  Model read = parseSound(model);
  EXPECT_EQ(read.irVersion, 10);
  EXPECT_EQ(read.producerName, "inlay");
  ASSERT_EQ(read.opsets.size(), 2u);
  EXPECT_EQ(read.opsets[1].domain, "com.microsoft");
  EXPECT_EQ(read.opsets[0].version, 21);
  const Graph &graph = read.graph;
  EXPECT_EQ(graph.name, "g");
  ASSERT_EQ(graph.nodes.size(), 3u);
  const Node &node = graph.nodes[1];
  EXPECT_EQ(node.domain, "com.microsoft");
  EXPECT_THAT(node.inputs, testing::ElementsAre("x", "", "w"));
  EXPECT_THAT(node.outputs, testing::ElementsAre("y", "", "shape2"));
  ASSERT_EQ(node.attributes.size(), 5u);
  EXPECT_EQ(node.attributes[0].i, -3);
  EXPECT_EQ(node.attributes[1].f, 0.5f);
  EXPECT_EQ(node.attributes[2].s, "swiglu");
  EXPECT_EQ(node.attributes[3].lists->ints, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(node.attributes[4].lists->floats,
            (std::vector<float>{0.25f, -2.0f}));

  ASSERT_EQ(graph.initializers.size(), 1u);
  const Tensor &weight = graph.initializers[0];
  EXPECT_EQ(weight.location, "model.onnx.data");
  EXPECT_EQ(weight.offset, 4096u);
  EXPECT_EQ(weight.length, 66u);
  EXPECT_EQ(weight.type(), DataType::Uint4);
  EXPECT_EQ(graph.inputs[0].type.dims[0].symbol, "batch");
  EXPECT_EQ(graph.inputs[0].type.dims[1].size, 7);
  EXPECT_EQ(graph.outputs[0].type.dims[0].symbol, "a + b");
}

TEST(WriterTest, KeepsDataInside) {
  ModelWriter writer;
  const int64_t dims[] = {2};
  writer.addInitializer({"w", DataType::Uint8, dims, "\x7f\x80", "", 0, 0});
  writer.addOutput("w", DataType::Uint8, {2});
  std::string model = finish(writer);
  Model read = parseSound(model);
  llvm::SmallVector<uint64_t> bits;
  ASSERT_TRUE(readElements(read.graph.initializers[0], bits));
  EXPECT_EQ(bits, (llvm::SmallVector<uint64_t>{0x7f, 0x80}));
}

/// Lengths of one to four bytes are inserted where they belong.
TEST(WriterTest, NestsMessagesOfAnySize) {
  for (size_t size : {1, 127, 128, 20000, 3000000}) {
    WireWriter writer;
    writer.message(1, [&] {
      writer.varint(2, 5);
      writer.message(3, [&] { writer.bytes(4, std::string(size, 'x')); });
    });
    WireWriter innermost, inner, outer;
    innermost.bytes(4, std::string(size, 'x'));
    inner.varint(2, 5);
    inner.bytes(3, innermost.str());
    outer.bytes(1, inner.str());
    EXPECT_EQ(writer.str(), outer.str()) << size;
  }
}

} // namespace
