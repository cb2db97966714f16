//===- DecoderTest.cpp - Protobuf messages become structs -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelText.h"

#include "llvm/Support/FileSystem.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "onnx/onnx_pb.h"

#include <random>

using namespace inlay;
using namespace inlay::onnx::file;
using testing::ElementsAre;
using testing::SizeIs;

namespace {

TEST(DecoderTest, ReadsWhatTheModelSaysOfItself) {
  std::string bytes = encode(R"(
    ir_version: 10 producer_name: "maker" producer_version: "1.2"
    opset_import { domain: "ai.onnx" version: 21 }
    opset_import { domain: "com.microsoft" version: 1 }
    metadata_props { key: "k" value: "v" }
    graph { name: "main" })");
  Model model = parseSound(bytes);
  EXPECT_EQ(model.fileName, "model.onnx");
  EXPECT_EQ(model.irVersion, 10);
  EXPECT_EQ(model.producerName, "maker");
  EXPECT_EQ(model.producerVersion, "1.2");
  ASSERT_THAT(model.opsets, SizeIs(2));
  EXPECT_EQ(model.opsets[0].domain, "") << "ai.onnx is the default domain";
  EXPECT_EQ(model.opsets[0].version, 21);
  EXPECT_EQ(model.opsets[1].domain, "com.microsoft");
  EXPECT_EQ(model.graph.name, "main");
}

TEST(DecoderTest, ReadsNodesAndAttributesOfAllKinds) {
  std::string bytes = encodeGraph(R"(
    input { name: "x" }
    node { input: "x" input: "" output: "y" output: "" name: "n"
      op_type: "QMoE" domain: "com.microsoft"
      attribute { name: "f" type: FLOAT f: 0.5 }
      attribute { name: "i" type: INT i: -3 }
      attribute { name: "s" type: STRING s: "text" }
      attribute { name: "t" type: TENSOR t { dims: 1 data_type: 1 float_data: 2 } }
      attribute { name: "g" type: GRAPH g { output { name: "x" } } }
      attribute { name: "fs" type: FLOATS floats: 1 floats: 2 }
      attribute { name: "is" type: INTS ints: 1 ints: -2 }
      attribute { name: "ss" type: STRINGS strings: "a" strings: "b" }
      attribute { name: "ts" type: TENSORS tensors { dims: 0 data_type: 7 } }
      attribute { name: "gs" type: GRAPHS graphs { } graphs { } }
      attribute { name: "tp" type: TYPE_PROTO tp { tensor_type { elem_type: 1 } } }
      attribute { name: "tps" type: TYPE_PROTOS type_protos { } type_protos { } } })");
  Model model = parseSound(bytes);
  ASSERT_THAT(model.graph.nodes, SizeIs(1));
  const Node &node = model.graph.nodes.front();
  EXPECT_THAT(node.inputs, ElementsAre("x", ""));
  EXPECT_THAT(node.outputs, ElementsAre("y", ""));
  EXPECT_EQ(node.name, "n");
  EXPECT_EQ(node.opType, "QMoE");
  EXPECT_EQ(node.domain, "com.microsoft");
  ASSERT_THAT(node.attributes, SizeIs(12));
  EXPECT_EQ(node.attributes[0].f, 0.5f);
  EXPECT_EQ(node.attributes[1].i, -3);
  EXPECT_EQ(node.attributes[2].s, "text");
  EXPECT_THAT(node.attributes[3].lists->tensors, SizeIs(1));
  EXPECT_THAT(node.attributes[4].graphs(), SizeIs(1));
  EXPECT_THAT(node.attributes[5].lists->floats, ElementsAre(1, 2));
  EXPECT_THAT(node.attributes[6].lists->ints, ElementsAre(1, -2));
  EXPECT_THAT(node.attributes[7].lists->strings, ElementsAre("a", "b"));
  EXPECT_THAT(node.attributes[8].lists->tensors, SizeIs(1));
  EXPECT_THAT(node.attributes[9].graphs(), SizeIs(2));
  EXPECT_EQ(node.attributes[10].lists->types[0].kind, Type::Kind::Tensor);
  EXPECT_THAT(node.attributes[11].lists->types, SizeIs(2));
}

TEST(DecoderTest, ReadsTypesOfAllKinds) {
  std::string bytes = encodeGraph(R"(
    input { name: "t" type { tensor_type { elem_type: 7 shape {
      dim { dim_param: "batch" } dim { dim_value: 4 } dim { } } } } }
    input { name: "r" type { tensor_type { elem_type: 1 } } }
    input { name: "q" type { sequence_type { elem_type { tensor_type { elem_type: 1 } } } } }
    input { name: "m" type { map_type { key_type: 7 value_type { tensor_type { elem_type: 8 } } } } }
    input { name: "o" type { optional_type { elem_type { tensor_type { elem_type: 1 } } } } }
    input { name: "u" })");
  Model model = parseSound(bytes);
  const std::vector<ValueInfo> &inputs = model.graph.inputs;
  ASSERT_THAT(inputs, SizeIs(6));
  EXPECT_EQ(inputs[0].type.dataType, 7);
  ASSERT_THAT(inputs[0].type.dims, SizeIs(3));
  EXPECT_EQ(inputs[0].type.dims[0].symbol, "batch");
  EXPECT_EQ(inputs[0].type.dims[0].size, -1);
  EXPECT_EQ(inputs[0].type.dims[1].size, 4);
  EXPECT_EQ(inputs[0].type.dims[2].size, -1);
  EXPECT_FALSE(inputs[1].type.hasShape);
  EXPECT_EQ(inputs[2].type.kind, Type::Kind::Sequence);
  EXPECT_EQ(inputs[2].type.inner->dataType, 1);
  EXPECT_EQ(inputs[3].type.kind, Type::Kind::Map);
  EXPECT_EQ(inputs[3].type.dataType, 7);
  EXPECT_EQ(inputs[3].type.inner->dataType, 8);
  EXPECT_EQ(inputs[4].type.kind, Type::Kind::Optional);
  EXPECT_EQ(inputs[5].type.kind, Type::Kind::None);
}

/// Fields that ONNX got after 1.12, as the onnx package does not know them.
TEST(DecoderTest, ReadsOverloadsAndDefaultsOfFunctions) {
  ::onnx::ModelProto proto;
  proto.set_ir_version(10);
  ::onnx::FunctionProto *function = proto.add_functions();
  function->set_name("F");
  function->set_domain("pkg");
  function->add_attribute("axis");
  ::onnx::AttributeProto epsilon;
  epsilon.set_name("epsilon");
  epsilon.set_type(::onnx::AttributeProto::FLOAT);
  epsilon.set_f(2);
  auto *unknown = function->GetReflection()->MutableUnknownFields(function);
  unknown->AddLengthDelimited(11, epsilon.SerializeAsString());
  unknown->AddLengthDelimited(13, "v2");
  unknown->AddLengthDelimited(14, "metadata that nobody reads");
  proto.mutable_graph()->set_name("g");

  std::string bytes = proto.SerializeAsString();
  Model model = parseSound(bytes);
  ASSERT_THAT(model.functions, SizeIs(1));
  EXPECT_EQ(model.functions[0].name, "F");
  EXPECT_EQ(model.functions[0].overload, "v2");
  EXPECT_THAT(model.functions[0].attributes, ElementsAre("axis"));
  ASSERT_THAT(model.functions[0].defaults, SizeIs(1));
  EXPECT_EQ(model.functions[0].defaults[0].f, 2);
}

TEST(DecoderTest, SaysWhatIsNoModel) {
  EXPECT_EQ(printFindings(""),
            "model.onnx: error: is empty, not an ONNX model\n"
            "  note: fetch or export the file again\n");
  EXPECT_EQ(printFindings("version https://git-lfs.github.com/spec/v1\n"
                          "oid sha256:4d7a\nsize 12345\n"),
            "model.onnx: error: is a pointer of Git LFS in place of the model\n"
            "  note: fetch the file itself with 'git lfs pull'\n");
  std::string refusal = "model.onnx: error: is not an ONNX model\n"
                        "  note: give an .onnx file, or a config.json\n";
  EXPECT_EQ(printFindings("ir_version: 8\n"), refusal);
  EXPECT_EQ(printFindings("{\"format\": \"json\"}"), refusal);
  EXPECT_EQ(printFindings(std::string("\x7f"
                                      "ELF\x02\x01\x01",
                                      7)),
            refusal);
  EXPECT_EQ(printFindings(std::string(64, '\0')), refusal);
  EXPECT_EQ(printFindings("PK\x03\x04 a zip archive"), refusal);
}

TEST(DecoderTest, SaysWhereAFileIsCutOff) {
  // ir_version, then a graph of which 10 of 28 bytes are there.
  std::string bytes = encode("ir_version: 8 "
                             "graph { name: 'a graph with a long name..' }");
  ASSERT_EQ(bytes.size(), 32u);
  EXPECT_EQ(printFindings(bytes.substr(0, 14)),
            "model.onnx: error: is truncated: at byte 4, field 7 needs 28 B, "
            "10 B are left\n"
            "  note: fetch or export the file again\n");
  EXPECT_EQ(printFindings(std::string("\x08\x88", 2)),
            "model.onnx: error: is truncated: at byte 1, a number does not "
            "end\n"
            "  note: fetch or export the file again\n");
}

/// However many bytes follow, a number has ten.
TEST(DecoderTest, NumbersHaveTenBytes) {
  std::string note = "  note: fetch or export the file again\n";
  for (size_t length : {10, 11, 80})
    EXPECT_EQ(printFindings("\x08" + std::string(length, '\x80') +
                            std::string(12, '\0')),
              "model.onnx: error: is damaged: at byte 1, a number does not "
              "end\n" +
                  note);
}

TEST(DecoderTest, SaysWhereAFileIsDamaged) {
  std::string note = "  note: fetch or export the file again\n";
  EXPECT_EQ(printFindings(std::string("\x08\x08\x13\x00", 4)),
            "model.onnx: error: is damaged: at byte 3, no protobuf field "
            "begins with tag 19\n" +
                note);
  // A field of a type that it cannot have.
  EXPECT_EQ(printFindings(std::string("\x08\x08\x3d\0\0\0\0", 7)),
            "model.onnx: error: is damaged: at byte 3, field 7 is of wire type "
            "5, expected 2\n" +
                note);
  // A fixed-width number of an attribute at the end of its message.
  EXPECT_EQ(
      printFindings(
          std::string("\x08\x08\x3a\x08\x0a\x06\x2a\x04\x15\0\0\0", 12)),
      "model.onnx: error: is truncated: at byte 9, a number of 4 bytes is "
      "cut off after 3\n" +
          note);
}

TEST(DecoderTest, LimitsNesting) {
  std::string graph = "name: 'innermost'";
  for (unsigned i = 0; i < 80; ++i)
    graph = "node { op_type: 'If' attribute { name: 'g' type: GRAPH g { " +
            graph + " } } }";
  EXPECT_EQ(printFindings(encodeGraph(graph)),
            "model.onnx: error: nests graphs or types more than 64 deep\n"
            "  note: export the model with its functions and branches less "
            "deep in each other\n");
}

std::string makeSample() {
  return encodeGraph(R"(
    input { name: "x" type { tensor_type { elem_type: 1 shape { dim { dim_param: "n" } } } } }
    initializer { name: "w" dims: 4 data_type: 1 raw_data: "0123456789abcdef" }
    initializer { name: "v" dims: 2 data_type: 7 int64_data: 1 int64_data: -1 }
    node { input: "x" input: "w" output: "y" op_type: "Add"
      attribute { name: "t" type: TENSOR t { dims: 2 data_type: 1 float_data: 1 float_data: 2 } } }
    node { input: "y" output: "z" op_type: "If"
      attribute { name: "b" type: GRAPH g { node { input: "y" output: "q" op_type: "Neg" } output { name: "q" } } } }
    output { name: "z" })");
}

/// Whatever the bytes, there is an answer and no read outside the buffer; the
/// sanitizers watch.
TEST(DecoderTest, SurvivesEveryPrefix) {
  std::string bytes = makeSample();
  parseSound(bytes);
  for (size_t size = 0; size < bytes.size(); ++size)
    printFindings(std::string(bytes.data(), size));
}

TEST(DecoderTest, SurvivesDamage) {
  std::string sample = makeSample();
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = sample;
    for (int i = 0; i < 3; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    printFindings(bytes);
  }
}

/// Reads the models of the libonnx-testdata package, where it is installed, as
/// protobuf's own parser reads them.
TEST(DecoderTest, AgreesWithProtobufOnTestData) {
  namespace fs = llvm::sys::fs;
  std::error_code error;
  unsigned numModels = 0;
  for (fs::recursive_directory_iterator
           at("/usr/share/libonnx-testdata/data", error),
       end;
       at != end && !error; at.increment(error)) {
    if (!llvm::StringRef(at->path()).ends_with("/model.onnx"))
      continue;
    auto buffer = llvm::MemoryBuffer::getFile(at->path());
    ASSERT_TRUE(buffer);
    ::onnx::ModelProto proto;
    ASSERT_TRUE(proto.ParseFromArray((*buffer)->getBufferStart(),
                                     (*buffer)->getBufferSize()));
    Diagnostics diags;
    std::optional<Model> model = readModel(at->path(), diags);
    ASSERT_TRUE(model) << at->path();
    const auto &graph = proto.graph();
    ASSERT_EQ(model->graph.nodes.size(), size_t(graph.node_size()));
    ASSERT_EQ(model->graph.initializers.size(),
              size_t(graph.initializer_size()));
    ASSERT_EQ(model->functions.size(), size_t(proto.functions_size()));
    for (int i = 0; i < graph.node_size(); ++i) {
      EXPECT_EQ(model->graph.nodes[i].opType, graph.node(i).op_type());
      EXPECT_EQ(model->graph.nodes[i].attributes.size(),
                size_t(graph.node(i).attribute_size()));
    }
    for (int i = 0; i < graph.initializer_size(); ++i)
      EXPECT_EQ(model->graph.initializers[i].name, graph.initializer(i).name());
    ++numModels;
  }
  if (numModels == 0)
    GTEST_SKIP() << "libonnx-testdata is not installed";
  EXPECT_EQ(numModels, 1072u);
}

} // namespace
