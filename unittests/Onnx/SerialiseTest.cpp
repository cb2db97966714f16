//===- SerialiseTest.cpp - Plain structs become protobuf messages ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is written is read by the message classes of the onnx package and
// compared with the message that was read: reading and writing lose nothing
// that the structs hold.
//
//===----------------------------------------------------------------------===//

#include "ModelText.h"

#include "inlay/Onnx/Serialise.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "onnx/onnx_pb.h"

#include <google/protobuf/util/message_differencer.h>

using namespace inlay::onnx::file;

namespace {

::onnx::ModelProto decodeProto(const std::string &bytes) {
  ::onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

/// Says how the messages differ; empty where they do not.
std::string diff(const std::string &before, const std::string &after) {
  std::string report;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&report);
  differencer.Compare(decodeProto(before), decodeProto(after));
  return report;
}

void expectSame(const std::string &bytes) {
  EXPECT_EQ(diff(bytes, serialiseModel(parseSound(bytes))), "");
}

TEST(SerialiseTest, WritesWhatTheModelSaysOfItself) {
  expectSame(encode(R"(
    ir_version: 10 producer_name: "maker" producer_version: "1.2"
    opset_import { domain: "" version: 21 }
    opset_import { domain: "com.microsoft" version: 1 }
    graph { name: "main" })"));
}

TEST(SerialiseTest, WritesNodesAndAttributesOfAllKinds) {
  expectSame(encodeGraph(R"(
    name: "main"
    input { name: "x" }
    node { input: "x" input: "" output: "y" output: "" name: "n"
      op_type: "QMoE" domain: "com.microsoft"
      attribute { name: "f" type: FLOAT f: 0.5 }
      attribute { name: "f0" type: FLOAT f: 0 }
      attribute { name: "i" type: INT i: -3 }
      attribute { name: "s" type: STRING s: "text" }
      attribute { name: "t" type: TENSOR t { dims: 1 data_type: 1 raw_data: "\0\0\200?" } }
      attribute { name: "g" type: GRAPH g { name: "inner" output { name: "x" } } }
      attribute { name: "fs" type: FLOATS floats: 1 floats: 2 }
      attribute { name: "is" type: INTS ints: 1 ints: -2 }
      attribute { name: "none" type: INTS }
      attribute { name: "ss" type: STRINGS strings: "a" strings: "" }
      attribute { name: "ts" type: TENSORS tensors { dims: 0 data_type: 7 } }
      attribute { name: "gs" type: GRAPHS graphs { name: "a" } graphs { name: "b" } }
      attribute { name: "tp" type: TYPE_PROTO tp { tensor_type { elem_type: 1 } } }
      attribute { name: "tps" type: TYPE_PROTOS type_protos { tensor_type { elem_type: 1 } } } })"));
}

TEST(SerialiseTest, WritesTypesOfAllKinds) {
  expectSame(encodeGraph(R"(
    name: "main"
    input { name: "t" type { tensor_type { elem_type: 7 shape {
      dim { dim_param: "batch" } dim { dim_value: 4 } dim { dim_value: 0 } dim { } } } } }
    input { name: "s" type { tensor_type { elem_type: 1 shape { } } } }
    input { name: "r" type { tensor_type { elem_type: 1 } } }
    input { name: "q" type { sequence_type { elem_type { tensor_type { elem_type: 1 } } } } }
    input { name: "m" type { map_type { key_type: 7 value_type { tensor_type { elem_type: 8 } } } } }
    input { name: "o" type { optional_type { elem_type { tensor_type { elem_type: 1 } } } } }
    input { name: "u" }
    output { name: "t" }
    node { input: "t" output: "v" op_type: "Identity" }
    value_info { name: "v" type { tensor_type { elem_type: 7 } } })"));
}

TEST(SerialiseTest, WritesTensorsAsTheyAreStored) {
  expectSame(encodeGraph(R"(
    name: "main"
    initializer { name: "raw" dims: 2 data_type: 1 raw_data: "\0\0\200?\0\0\0@" }
    initializer { name: "i32" dims: 2 data_type: 6 int32_data: 1 int32_data: -1 }
    initializer { name: "i64" dims: 1 data_type: 7 int64_data: -300 }
    initializer { name: "u64" dims: 1 data_type: 13 uint64_data: 300 }
    initializer { name: "u32" dims: 1 data_type: 12 uint64_data: 300 }
    initializer { name: "f16" dims: 1 data_type: 10 int32_data: 15360 }
    initializer { name: "text" dims: 2 data_type: 8 string_data: "a" string_data: "" }
    initializer { name: "none" dims: 0 dims: 3 data_type: 1 }
    initializer { name: "far" dims: 4 data_type: 1 data_location: EXTERNAL
      external_data { key: "location" value: "w.data" }
      external_data { key: "offset" value: "4096" }
      external_data { key: "length" value: "16" } })"));
}

/// Floats in `float_data` are bytes in the file like any other: they are raw.
TEST(SerialiseTest, WritesPackedFloatsAsRawData) {
  std::string bytes = encodeGraph(
      "initializer { name: 'w' dims: 1 data_type: 1 float_data: 1 }");
  std::string again = serialiseModel(parseSound(bytes));
  ::onnx::TensorProto tensor = decodeProto(again).graph().initializer(0);
  EXPECT_EQ(tensor.float_data_size(), 0);
  EXPECT_EQ(tensor.raw_data(), std::string("\0\0\x80?", 4));
}

TEST(SerialiseTest, WritesFunctions) {
  expectSame(encode(R"(
    ir_version: 8
    opset_import { domain: "" version: 17 }
    opset_import { domain: "pkg" version: 1 }
    graph { name: "main" }
    functions { name: "Double" domain: "pkg" input: "x" output: "y" attribute: "axis"
      opset_import { domain: "" version: 18 }
      node { input: "x" output: "y" op_type: "Softmax"
        attribute { name: "axis" type: INT ref_attr_name: "axis" } } })"));
}

/// Fields that the message classes of ONNX 1.12 do not know are read back.
TEST(SerialiseTest, WritesOverloadsAndDefaults) {
  std::string bytes = encode(R"(
    ir_version: 10 opset_import { domain: "" version: 18 }
    opset_import { domain: "pkg" version: 1 }
    graph { name: "main" input { name: "x" }
      node { name: "call" input: "x" output: "y" op_type: "F" domain: "pkg" } }
    functions { name: "F" domain: "pkg" input: "x" output: "y"
      opset_import { domain: "" version: 18 }
      node { input: "x" output: "y" op_type: "Neg" } })");
  Model model = parseSound(bytes);
  model.graph.nodes.front().overload = "one";
  Function &function = model.functions.front();
  function.overload = "one";
  Attribute &byDefault = function.defaults.emplace_back();
  byDefault.name = "alpha";
  byDefault.kind = AttributeKind::Float;
  byDefault.f = 0.25f;

  std::string again = serialiseModel(model);
  Model read = parseSound(again);
  EXPECT_EQ(read.graph.nodes.front().overload, "one");
  ASSERT_EQ(read.functions.size(), 1u);
  EXPECT_EQ(read.functions.front().overload, "one");
  ASSERT_EQ(read.functions.front().defaults.size(), 1u);
  EXPECT_EQ(read.functions.front().defaults.front().f, 0.25f);
}

TEST(SerialiseTest, SerialisesStrings) {
  std::string bytes = serialiseStrings({1, 2}, {"a", "long\ntext"});
  ::onnx::TensorProto tensor;
  ASSERT_TRUE(tensor.ParseFromString(bytes));
  EXPECT_EQ(tensor.data_type(), ::onnx::TensorProto::STRING);
  EXPECT_EQ(tensor.dims_size(), 2);
  ASSERT_EQ(tensor.string_data_size(), 2);
  EXPECT_EQ(tensor.string_data(1), "long\ntext");
}

} // namespace
