//===- Ispd2020FilesTest.cpp - Files of the ISPD-2020 contest -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Ispd2020Files.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::floorplan::ispd2020;
using testing::ElementsAre;

static const std::string header = "(*\n"
                                  "test=two\n"
                                  "width=30\n"
                                  "height=20\n"
                                  "wdeltat=1\n"
                                  "wlength=4\n"
                                  "wadapter=0.5\n"
                                  "memlimit=24576\n"
                                  "*)\n"; // nine lines

static const std::string nodes =
    "(* Node Definitions *)\n"
    "input[ 0] n=[8 8 4] name='k0'\n"
    "conv[1] W=8 H=6 R=3 S=1 C=4 K=5 T=2 U=2 name='k1'\n"
    "dblock[ 2]\tf=16 h=4 w=3 name='k2'\n"
    "output[3] n=[4 4 16] name='k3'\n";

static const std::string edges =
    "\n(* Connectivity *)\r\n"
    "input[0]:_ -> conv[1]:x, shape:[8][8][4]\n"
    "conv[1]:y\t->\tdblock[ 2]:x, shape:[4][4][16]\n"
    "dblock[2]:y -> output[3]:_, shape:[4][4][16]";

static std::optional<Problem> read(const std::string &text,
                                   Diagnostics &diags) {
  return readKgraph(text, "two", diags);
}

/// The one error that reading a case gives.
static std::string kgraphError(const std::string &text) {
  Diagnostics diags;
  EXPECT_FALSE(read(text, diags));
  if (diags.all().size() != 1)
    return std::to_string(diags.all().size()) + " errors";
  return diags.all()[0].subject + ": " + diags.all()[0].message;
}

TEST(Ispd2020FilesTest, ReadsACase) {
  Diagnostics diags;
  std::optional<Problem> problem = read(header + nodes + edges, diags);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->grid, (model::Extent{30, 20}));
  EXPECT_EQ(problem->weights.wirelength, 4);
  EXPECT_EQ(problem->weights.adapter, 0.5);
  EXPECT_EQ(problem->memoryLimit, 24576);
  ASSERT_EQ(problem->kernels.size(), 2u);
  EXPECT_EQ(problem->kernels[0].conv, (Convolution{6, 8, 3, 1, 4, 5, 2}));
  EXPECT_EQ(problem->kernels[1].kind, KernelKind::DBlock);
  EXPECT_EQ(problem->kernels[1].imageHeight, 4);
  EXPECT_EQ(problem->kernels[1].imageWidth, 3);
  EXPECT_EQ(problem->kernels[1].features, 16);
  EXPECT_THAT(problem->edges, ElementsAre(std::pair(0, 1)));
}

TEST(Ispd2020FilesTest, NamesTheLineOfWhatIsWrong) {
  EXPECT_EQ(kgraphError(""),
            "line 0: the header has no 'width='; add it to the comment at the "
            "beginning");
  EXPECT_EQ(kgraphError("(*\nwidth=many\n*)\n"),
            "line 2: 'width' is not followed by one number between 0 and 1e9, "
            "but by 'many'");
  EXPECT_EQ(kgraphError("(*\nwidth=12.5\n*)\n"),
            "line 2: 'width' is not followed by one number between 0 and 1e9, "
            "but by ''");
  EXPECT_EQ(kgraphError(header + "(* open\n"),
            "line 10: the comment that begins with '(*' is never closed; add "
            "'*)'");
  EXPECT_EQ(kgraphError(header + "3 blocks\n"),
            "line 10: expected a node such as 'conv[3]', found '3 blocks'");
  EXPECT_EQ(kgraphError(header + "conv[1] W=14 H=\x01 name='k1'\n"),
            "line 10: expected an argument such as 'H=14' (at most 1e9) or "
            "name='k3', found 'H=? name='k1''");
  EXPECT_EQ(kgraphError(header + "conv[1] W=99999999999\n"),
            "line 10: expected an argument such as 'H=14' (at most 1e9) or "
            "name='k3', found 'W=99999999999'");
  EXPECT_EQ(kgraphError(header + "pool[1] name='k1'\n"),
            "line 10: 'pool' is none of input, output, conv, dblock and "
            "cblock");
  EXPECT_EQ(kgraphError(header + "cblock[1] h=2 f=8 name='k1'\n"),
            "line 10: cblock has no argument 'W'; it needs H W F");
  EXPECT_EQ(kgraphError(header + "dblock[1] h=2 w=2 f=8\n"),
            "line 10: the name '' is not made of letters, digits and "
            "underscores; add name='k1' or so");
  EXPECT_EQ(kgraphError(header + nodes + "dblock[2] h=2 w=2 f=8 name='k9'\n"),
            "line 15: the number 2 is used twice; give each node its own");
  EXPECT_EQ(kgraphError(header + nodes + "dblock[4] h=2 w=2 f=8 name='k2'\n"),
            "line 15: the name 'k2' is used in line 13 already");
  EXPECT_EQ(kgraphError(header + nodes + "conv[2]:y -> dblock[2]:x\n"),
            "line 15: conv[2] is not defined above; define nodes before edges");
  EXPECT_EQ(kgraphError(header + nodes + "conv[1]:y => dblock[2]:x\n"),
            "line 15: expected '->' and a node, found '=> dblock[2]:x'");
  EXPECT_EQ(kgraphError(header + nodes + "conv[1]:y -> conv[1]:x\n"),
            "line 15: the edge leads from a node to itself");
  EXPECT_EQ(kgraphError(header + "dblock[1] h=2 w=2 f=9 name='k1'\n"),
            "kernel 'k1': f=9 is no positive multiple of 4: a block has "
            "convolutions of f/4 features");
}

TEST(Ispd2020FilesTest, SurvivesCutAndChangedFiles) {
  std::string text = header + nodes + edges;
  int read = 0;
  for (size_t at = 0; at < text.size(); ++at)
    for (const std::string &changed :
         {text.substr(0, at), text.substr(0, at) + text.substr(at + 1),
          text.substr(0, at) + "9" + text.substr(at),
          text.substr(0, at) + "\xff" + text.substr(at + 1)}) {
      Diagnostics diags;
      bool isRead = readKgraph(changed, "two", diags).has_value();
      EXPECT_NE(isRead, diags.hasErrors());
      read += isRead;
    }
  EXPECT_GT(read, 0);
}

namespace {

class PaintTest : public testing::Test {
protected:
  void SetUp() override {
    Diagnostics diags;
    std::optional<Problem> read =
        readKgraph(header + nodes + edges, "two", diags);
    ASSERT_TRUE(read);
    problem = *read;
    solution.kernels = {{{2, 1, {2}, {5}}, 0, 0, false},
                        {{1, 3, {1, 2, 3, 1}, {4, 5, 6, 1}}, 3, 7, true}};
  }

  std::string error(const std::string &text) {
    Diagnostics diags;
    EXPECT_FALSE(readPaint(text, problem, diags));
    return diags.all().size() == 1
               ? diags.all()[0].subject + ": " + diags.all()[0].message
               : std::to_string(diags.all().size()) + " errors";
  }

  Problem problem;
  Solution solution;
};

} // namespace

TEST_F(PaintTest, WritesTheContestsForm) {
  EXPECT_EQ(writePaint(problem, solution),
            "include \"common.paint\"\n"
            "\n"
            "k1 = conv( 6 8 4 5 3 1 2 2 2 1 2 5 )\n"
            "k2 = dblock( 4 3 16 1 3 1 2 3 4 5 6 )\n"
            "\n"
            "k1 : name('k1)\n"
            "k2 : name('k2)\n"
            "\n"
            "k1 : place(0 0 R0)\n"
            "k2 : place(3 7 R90)\n"
            "\n"
            "kmap = union( k1 k2 )\n");
}

TEST_F(PaintTest, ReadsWhatItWrites) {
  Diagnostics diags;
  std::string text = writePaint(problem, solution);
  std::optional<Solution> read = readPaint(text, problem, diags);
  ASSERT_TRUE(read);
  EXPECT_EQ(writePaint(problem, *read), text);
  EXPECT_EQ(read->kernels[1].cut, solution.kernels[1].cut);
  EXPECT_TRUE(read->kernels[1].isRotated);
}

TEST_F(PaintTest, NamesTheLineOfWhatIsWrong) {
  std::string k1 = "k1 = conv( 6 8 4 5 3 1 2 2 2 1 2 5 )\n";
  EXPECT_EQ(error("k7 : place(0 0 R0)\n"),
            "line 1: 'k7 : place(0 0 R0)' is no kernel of the case");
  EXPECT_EQ(error("k1 place(0 0 R0)\n"), "line 1: expected '=' or ':' after "
                                         "'k1'");
  EXPECT_EQ(error("\nk1 = conv( 6 8 4 5 3 1 2 1 2 1 2 5 )\n"),
            "line 2: expected 'k1 = conv( 6 8 4 5 3 1 2 2 ... )' with 4 "
            "execution arguments after these");
  EXPECT_EQ(error(k1 + "k1 : place(0 0 R180)\n"),
            "line 2: expected 'k1 : place(x y R0)' or R90");
  EXPECT_EQ(error(k1), "line 1: kernel 'k1' has no place");
  EXPECT_EQ(error("k1 : place(0 0 R0)\n"), "line 1: kernel 'k1' has no "
                                           "arguments");
}

TEST_F(PaintTest, SurvivesCutFiles) {
  std::string text = writePaint(problem, solution);
  for (size_t at = 0; at < text.size(); ++at)
    for (const char *with : {"", " ", "9", "\xff"}) {
      Diagnostics diags;
      bool isRead = readPaint(text.substr(0, at) + with + text.substr(at + 1),
                              problem, diags)
                        .has_value();
      EXPECT_NE(isRead, diags.hasErrors());
    }
}
