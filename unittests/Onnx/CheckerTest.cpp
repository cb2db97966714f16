//===- CheckerTest.cpp - What a sound model must be -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelText.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::onnx::file;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::string check(const std::string &graph) {
  return printFindings(encodeGraph(graph));
}

TEST(CheckerTest, Versions) {
  for (int version : {0, 2, 15})
    EXPECT_EQ(printFindings(encode("ir_version: " + std::to_string(version) +
                                   " graph { }")),
              "model.onnx: error: IR version " + std::to_string(version) +
                  " is not supported; versions 3 to 14 are\n"
                  "  note: export the model again with a current version of "
                  "ONNX\n");
  for (int version : {3, 14})
    EXPECT_EQ(printFindings(encode("ir_version: " + std::to_string(version) +
                                   " graph { }")),
              "");
}

TEST(CheckerTest, NeedsAGraph) {
  EXPECT_EQ(printFindings(encode("ir_version: 8 producer_name: 'x'")),
            "model.onnx: error: the model has no graph\n"
            "  note: export the model again\n");
}

TEST(CheckerTest, OneOpsetPerDomain) {
  EXPECT_EQ(
      printFindings(encode("ir_version: 8 graph { } "
                           "opset_import { domain: '' version: 17 } "
                           "opset_import { domain: 'ai.onnx' version: 18 }")),
      "model.onnx: error: imports two opsets of domain 'ai.onnx': 17 and "
      "18\n"
      "  note: keep the one that the operators were written for\n");
}

TEST(CheckerTest, EachDomainHasAnOpset) {
  EXPECT_EQ(
      check("node { name: 'n' output: 'y' op_type: 'Int4MoePlugin' "
            "domain: 'trt_edgellm' }"),
      "model.onnx: error: node 'n' (trt_edgellm::Int4MoePlugin): no opset "
      "is imported for domain 'trt_edgellm'\n"
      "  note: add the domain to the model's opset_import\n");
}

TEST(CheckerTest, TrainingIsIgnoredAloud) {
  EXPECT_EQ(printFindings(encode("ir_version: 8 graph { } training_info { }")),
            "model.onnx: warning: training information is ignored\n");
}

TEST(CheckerTest, ValuesAreProducedOnce) {
  EXPECT_EQ(check("input { name: 'x' } input { name: 'x' }"),
            "model.onnx: error: input 'x': is defined twice\n"
            "  note: drop one of them, or give it a name of its own\n");
  EXPECT_EQ(check("initializer { name: 'w' dims: 0 data_type: 1 }"
                  "initializer { name: 'w' dims: 0 data_type: 1 }"),
            "model.onnx: error: initializer 'w': is defined twice\n"
            "  note: drop one of them, or give it a name of its own\n");
  EXPECT_EQ(check("node { name: 'a' output: 'y' op_type: 'A' }"
                  "node { name: 'b' output: 'y' op_type: 'B' }"),
            "model.onnx: error: node 'b' (B): produces value 'y', which is "
            "produced before\n"
            "  note: give each value one producer\n");
  EXPECT_EQ(check("input { }"),
            "model.onnx: error: input '': has no name\n"
            "  note: give it the name that nodes read it by\n");
}

TEST(CheckerTest, OutputsAreListedOnce) {
  EXPECT_EQ(check("input { name: 'x' } output { name: 'x' } "
                  "output { name: 'x' }"),
            "model.onnx: error: output 'x': is listed twice\n"
            "  note: give the second the name of an Identity of it\n");
  // Outputs of a subgraph have no names outside of it.
  EXPECT_EQ(check("input { name: 'c' } output { name: 'y' } node { name: 'if' "
                  "op_type: 'If' input: 'c' output: 'y' output: 'z' "
                  "attribute { name: 'then_branch' type: GRAPH g { "
                  "output { name: 'c' } output { name: 'c' } } } }"),
            "");
}

/// Before IR version 4 initializers had to be inputs as well.
TEST(CheckerTest, AnInitializerMayBeAnInput) {
  EXPECT_EQ(check("input { name: 'w' }"
                  "initializer { name: 'w' dims: 0 data_type: 1 }"),
            "");
}

TEST(CheckerTest, ValuesHaveProducers) {
  EXPECT_EQ(check("node { name: '/layers.0/moe' input: 'gone' output: 'y' "
                  "op_type: 'QMoE' domain: 'com.microsoft' }"),
            "model.onnx: error: node '/layers.0/moe' (com.microsoft::QMoE): "
            "reads value 'gone', which nothing produces\n"
            "  note: add a node, an input or an initializer of that name\n");
  EXPECT_EQ(check("output { name: 'gone' }"),
            "model.onnx: error: output 'gone': is produced by no node\n"
            "  note: add what produces it, or drop the output\n");
}

TEST(CheckerTest, SparseTensorsAreRefused) {
  EXPECT_EQ(check("sparse_initializer { dims: 8 values { name: 's' } }"),
            "model.onnx: error: initializer 's': is sparse, which Inlay does "
            "not support\n"
            "  note: export it as a dense tensor\n");
  EXPECT_EQ(check("node { name: 'c' output: 'y' op_type: 'Constant' attribute "
                  "{ name: 'sparse_value' type: SPARSE_TENSOR } }"),
            "model.onnx: error: node 'c' (Constant): attribute 'sparse_value' "
            "is a sparse tensor, which Inlay does not support\n"
            "  note: write it as a dense tensor\n");
  EXPECT_EQ(
      check("input { name: 'x' type { sparse_tensor_type { "
            "elem_type: 1 } } }"),
      "model.onnx: error: input 'x': is a sparse tensor, which Inlay does "
      "not support\n"
      "  note: export it as a dense tensor\n");
}

TEST(CheckerTest, Types) {
  EXPECT_EQ(check("input { name: 'x' type { tensor_type { elem_type: 99 } } }"),
            "model.onnx: error: input 'x': has the unknown element type 99\n"
            "  note: known are 1 (FLOAT) to 26 (INT2)\n");
  std::string dims = "type { tensor_type { elem_type: 1 shape { dim { "
                     "dim_value: ";
  EXPECT_EQ(check("input { name: 'x' " + dims + "-2 } } } } }"),
            "model.onnx: error: input 'x': has the negative dim -2\n"
            "  note: declare its size, or a symbol for it\n");
  EXPECT_EQ(check("input { name: 'x' " + dims + "-1 } } } } }"), "")
      << "some exporters write -1 for an unknown size";
}

TEST(CheckerTest, Attributes) {
  auto attribute = [](const std::string &text) {
    return check("node { name: 'n' output: 'y' op_type: 'N' attribute { " +
                 text + " } }");
  };
  EXPECT_EQ(attribute("name: 'k' i: 3"),
            "model.onnx: error: node 'n' (N): attribute 'k' has no valid type: "
            "0\n"
            "  note: known are 1 (FLOAT) to 14 (TYPE_PROTOS)\n");
  EXPECT_EQ(attribute("type: INT i: 3"),
            "model.onnx: error: node 'n' (N): has an attribute without a name\n"
            "  note: name it, or leave it out\n");
  EXPECT_EQ(attribute("name: 'k' type: TENSOR"),
            "model.onnx: error: node 'n' (N): attribute 'k' has no value\n"
            "  note: give it one, or leave the attribute out\n");
  EXPECT_EQ(attribute("name: 'k' type: INT } attribute { name: 'k' type: INT"),
            "model.onnx: error: node 'n' (N): has two attributes 'k'\n"
            "  note: keep one of them\n");
  EXPECT_EQ(
      attribute("name: 'k' type: INT ref_attr_name: 'q'"),
      "model.onnx: error: node 'n' (N): attribute 'k' refers to attribute "
      "'q' of a function, but is in none\n"
      "  note: give it a value of its own\n");
  EXPECT_EQ(attribute("name: 'k' type: TENSOR t { dims: -1 data_type: 1 }"),
            "model.onnx: error: node 'n' (N), attribute 'k': has a negative "
            "dim: [-1]\n"
            "  note: write the sizes that its data have\n");
}

TEST(CheckerTest, AttributesAreOfTheirOperatorsType) {
  EXPECT_EQ(check("node { name: 'n' output: 'y' op_type: 'Transpose' attribute "
                  "{ name: 'perm' type: STRING s: '10' } }"),
            "model.onnx: error: node 'n' (Transpose): attribute 'perm' is a "
            "string, expected a list of integers\n"
            "  note: write the attribute with that type\n");
  EXPECT_EQ(check("node { name: 'n' output: 'y' op_type: 'MatMulNBits' domain: "
                  "'com.microsoft' attribute { name: 'bits' type: FLOAT f: 4 } "
                  "}"),
            "model.onnx: error: node 'n' (com.microsoft::MatMulNBits): "
            "attribute 'bits' is a number, expected an integer\n"
            "  note: write the attribute with that type\n");
  EXPECT_EQ(printFindings(encode(
                "ir_version: 8 opset_import { domain: 'acme' version: 1 } "
                "graph { node { name: 'n' output: 'y' op_type: 'Op' domain: "
                "'acme' attribute { name: 'perm' type: STRING s: '10' } } }")),
            "")
      << "nobody knows the attributes of other domains";
}

TEST(CheckerTest, NewerOpsetsAreNamed) {
  EXPECT_EQ(
      printFindings(
          encode("ir_version: 8 graph { } opset_import { version: 99 }")),
      "model.onnx: warning: opset 99 is newer than 28, the newest that is "
      "known: operators that changed since are taken for what they "
      "were\n");
}

TEST(CheckerTest, OpsetsThatNoRuntimeHasProvenAreNamed) {
  for (int version : {25, 26, 28}) {
    std::string text = "ir_version: 8 graph { } opset_import { version: " +
                       std::to_string(version) + " }";
    EXPECT_EQ(printFindings(encode(text)),
              version == 25
                  ? ""
                  : "model.onnx: warning: opset " + std::to_string(version) +
                        " is newer than 25, the newest that is held against a "
                        "runtime: what changed since is taken from its "
                        "specification alone\n");
  }
}

TEST(CheckerTest, AttributesThatOperatorsHaveNotAreNamedOnce) {
  EXPECT_EQ(
      printFindings(encode(
          "ir_version: 8 opset_import { version: 21 } graph { "
          "input { name: 'x' } "
          "node { name: 'a' op_type: 'MatMul' input: 'x' input: 'x' output: "
          "'u' attribute { name: 'zorp' type: INT i: 3 } } "
          "node { name: 'b' op_type: 'MatMul' input: 'x' input: 'x' output: "
          "'v' attribute { name: 'zorp' type: INT i: 3 } } "
          "node { name: 'c' op_type: 'Softmax' input: 'x' output: 'w' "
          "attribute { name: 'axes' type: INTS ints: 1 } } "
          "node { name: 'd' op_type: 'Unheard' input: 'x' output: 'y' "
          "attribute { name: 'zorp' type: INT i: 3 } } }")),
      "model.onnx: warning: node 'a' (MatMul), and 1 more: attribute 'zorp' is "
      "passed over: the operator has no attributes\n"
      "model.onnx: warning: node 'c' (Softmax): attribute 'axes' is passed "
      "over: the operator has only axis\n");
}

TEST(CheckerTest, OlderOpsetsAreNamed) {
  EXPECT_EQ(
      printFindings(encode("ir_version: 8 graph { } opset_import { version: 6 "
                           "}")),
      "model.onnx: warning: opset 6 is older than 7, the oldest that is known: "
      "operators that changed until then are taken for what they became; "
      "convert the model to a newer opset\n");
  for (const char *version : {"0", "-1"})
    EXPECT_EQ(printFindings(encode("ir_version: 8 graph { } opset_import { "
                                   "version: " +
                                   std::string(version) + " }")),
              "model.onnx: error: imports opset " + std::string(version) +
                  ", versions count from 1\n  note: export the model again\n");
}

TEST(CheckerTest, OperatorsHaveNames) {
  EXPECT_EQ(check("node { name: 'n' output: 'y' op_type: 'a::B' }"),
            "model.onnx: error: node 'n' (a::B): has no valid operator name: "
            "'a::B'\n"
            "  note: write the operator as op_type, what stands before a '::' "
            "as domain\n");
}

TEST(CheckerTest, NodesAreSorted) {
  std::string bytes = encodeGraph("node { input: 'b' output: 'c' op_type: 'C' }"
                                  "node { input: 'a' output: 'b' op_type: 'B' }"
                                  "node { output: 'a' op_type: 'A' }"
                                  "node { output: 'd' op_type: 'D' }");
  EXPECT_THAT(parseSound(bytes).graph.order, ElementsAre(2, 1, 0, 3));
}

/// A node comes after what its subgraphs read.
TEST(CheckerTest, SubgraphsCountForTheOrder) {
  std::string bytes = encodeGraph(
      "node { output: 'y' op_type: 'If' attribute { name: 'g' type: GRAPH g {"
      "  node { output: 'z' op_type: 'If' attribute { name: 'g' type: GRAPH g {"
      "    node { input: 'late' output: 'q' op_type: 'Q' } } } } } } }"
      "node { output: 'late' op_type: 'L' }");
  EXPECT_THAT(parseSound(bytes).graph.order, ElementsAre(1, 0));
}

TEST(CheckerTest, CyclesAreNamed) {
  EXPECT_EQ(
      check("node { name: 'first' output: 'a' op_type: 'A' }"
            "node { name: 'p' input: 'a' input: 'z' output: 'x' op_type: 'P' }"
            "node { name: 'q' input: 'x' output: 'y' op_type: 'Q' }"
            "node { name: 'r' input: 'y' output: 'z' op_type: 'R' }"
            "node { name: 'after' input: 'z' output: 'w' op_type: 'W' }"),
      "model.onnx: error: node 'q' (Q): is on a cycle of the graph: 'q' "
      "-> 'r' -> 'p' -> 'q'\n"
      "  note: let one of these nodes read a value from outside the cycle; "
      "steps that repeat are written as a Loop\n");
  EXPECT_EQ(check("node { name: 'n' input: 'y' output: 'y' op_type: 'N' }"),
            "model.onnx: error: node 'n' (N): is on a cycle of the graph: 'n' "
            "-> 'n'\n"
            "  note: let one of these nodes read a value from outside the "
            "cycle; steps that repeat are written as a Loop\n");
  std::string ring;
  for (int i = 0; i < 12; ++i)
    ring += "node { input: 'v" + std::to_string(i) + "' output: 'v" +
            std::to_string((i + 1) % 12) + "' op_type: 'N' }";
  EXPECT_THAT(check(ring), HasSubstr("(4 more) -> "));
}

TEST(CheckerTest, FindingsInSubgraphsSayWhere) {
  EXPECT_EQ(check("node { name: 'if' output: 'y' op_type: 'If' attribute { "
                  "name: 'then_branch' type: GRAPH g { output { name: 'gone' } "
                  "} } }"),
            "model.onnx: error: output 'gone' in 'then_branch' of node 'if' "
            "(If): is produced by no node\n"
            "  note: add what produces it, or drop the output\n");
}

TEST(CheckerTest, Functions) {
  auto model = [](const std::string &functions) {
    return printFindings(encode("ir_version: 8 graph { } " + functions));
  };
  EXPECT_EQ(model("functions { domain: 'p' }"),
            "model.onnx: error: function 'p::': has no name\n"
            "  note: give it the op_type of the nodes that call it\n");
  EXPECT_EQ(model("functions { name: 'F' domain: 'p' }"
                  "functions { name: 'F' domain: 'p' }"),
            "model.onnx: error: function 'p::F': is defined twice\n"
            "  note: drop one of them, or give it an overload\n");
  EXPECT_EQ(model("functions { name: 'F' domain: 'p' "
                  "opset_import { domain: '' version: 17 } "
                  "node { name: 'n' input: 'x' output: 'y' op_type: 'N' } }"),
            "model.onnx: error: node 'n' (N) in function 'p::F': reads value "
            "'x', which nothing produces\n"
            "  note: add a node, an input or an initializer of that name\n");
  EXPECT_EQ(model("functions { name: 'F' domain: 'p' "
                  "opset_import { domain: '' version: 17 } "
                  "node { name: 'n' output: 'y' op_type: 'N' attribute "
                  "{ name: 'k' type: INT ref_attr_name: 'q' } } }"),
            "");
}

TEST(CheckerTest, ListsAreCapped) {
  std::string graph;
  for (int i = 0; i < 1234; ++i)
    graph += "output { name: 'gone" + std::to_string(i) + "' }";
  std::string text = check(graph);
  EXPECT_THAT(text, HasSubstr("output 'gone19'"));
  EXPECT_THAT(text, testing::Not(HasSubstr("output 'gone20'")));
  EXPECT_THAT(text, HasSubstr("model.onnx: error: and 1,214 more errors in "
                              "this file\n"));
}

} // namespace
