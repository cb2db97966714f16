//===- CoreBytesTest.cpp - What a core of a plan holds --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Forms of weights that few models have, and plans that lie.
// test/integration/test_c.py reads real plans.
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/CoreBytes.h"

#include "inlay/Support/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <limits>
#include <random>

using namespace inlay;
using namespace inlay::plan;
using testing::HasSubstr;

namespace {

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

class CoreBytesTest : public testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("inlay-bytes", path));
    parent = path.str().str();
    folder = parent + "/model";
    for (int i = 0; i < 256; ++i)
      stored.push_back(static_cast<char>(random()));
    write("weights.bin", stored);
    kernel.name = "k";
    kernel.region = "r";
    kernel.rectangle = {8, 16, 5, 4};
    // 8 rows of 16 bytes; rows over columns of the region, columns over rows.
    weight.name = "w";
    weight.bits = 8;
    weight.shape = {8, 16};
    weight.cuts = {{"n", 8, "x", 5, 1, 2, 1, 8, 8},
                   {"k", 16, "y", 4, 4, 4, 1, 16, 16}};
    weight.pieces = {{"i", "weights.bin", 32, 128, "raw", 8, 0, {128}, {1}}};
  }
  void TearDown() override { llvm::sys::fs::remove_directories(parent); }

  void write(const std::string &name, const std::string &bytes) {
    Diagnostics diags;
    ASSERT_TRUE(writeFile(folder + "/" + name, bytes, diags));
  }

  /// The shard of the core at (x, y), or what is wrong.
  std::string read(int64_t x, int64_t y) {
    Diagnostics diags;
    CorePlace core = findCore(kernel, x, y);
    std::string buffer(1000, '\xff');
    std::optional<int64_t> bytes =
        readShard(weight, core, folder, {buffer.data(), buffer.size()}, diags);
    EXPECT_EQ(bytes.has_value(), !diags.hasErrors());
    return bytes ? buffer.substr(0, *bytes) : print(diags);
  }
  std::string image(int64_t size) {
    Diagnostics diags;
    Plan plan;
    plan.regions = {{"r", 0, kernel.rectangle, {"k"}, 20}};
    plan.kernels = {kernel};
    std::string bytes(size, 'x');
    bool isRead = readImage(plan, plan.regions[0], 8, 16, folder,
                            {bytes.data(), bytes.size()}, diags);
    return isRead ? bytes : print(diags);
  }
  static std::string print(const Diagnostics &diags) {
    std::string text;
    llvm::raw_string_ostream os(text);
    diags.print(os);
    return text;
  }

  std::mt19937 random{7};
  std::string parent;
  std::string folder; ///< of the model
  std::string stored;
  Kernel kernel;
  Weight weight;
};

TEST_F(CoreBytesTest, ReadsTheBoxRowByRow) {
  // Column 3, row 1 of the region: rows 6 and 7, columns 4 to 7.
  EXPECT_EQ(read(11, 17), stored.substr(32 + 6 * 16 + 4, 4) +
                              stored.substr(32 + 7 * 16 + 4, 4));
  // Beyond the end of dim n.
  EXPECT_EQ(read(12, 17), "");
}

TEST_F(CoreBytesTest, ReadsTransposedAndInterleavedViews) {
  // Stored as [16, 8].
  weight.pieces[0].sizes = {8, 16};
  weight.pieces[0].strides = {1, 8};
  std::string expected;
  for (int row : {0, 1})
    for (int column = 0; column < 4; ++column)
      expected += stored[32 + column * 8 + row];
  EXPECT_EQ(read(8, 16), expected);
  // Two initializers, one for the even rows of the logical tensor each.
  weight.pieces = {
      {"a", "weights.bin", 0, 128, "raw", 8, 0, {4, 16}, {32, 1}},
      {"b", "weights.bin", 128, 128, "raw", 8, 16, {4, 16}, {32, 1}}};
  EXPECT_EQ(read(9, 16), stored.substr(64, 4) + stored.substr(96, 4));
  EXPECT_EQ(read(11, 16),
            stored.substr(128 + 16 + 64, 4) + stored.substr(128 + 16 + 96, 4));
}

TEST_F(CoreBytesTest, ReadsElementsBelowAByteFromAnyBit) {
  // Against one bit at a time: widths, pitches and cuts that fall inside bytes.
  for (int64_t bits : {1, 2, 3, 4, 5, 7, 12})
    for (int64_t pitch : {int64_t(0), 9 * bits + 3}) {
      weight.bits = bits;
      weight.shape = {3, 9};
      weight.rowPitchBits = pitch;
      weight.cuts = {{"n", 3, "x", 5, 1, 2, 1, 3, 3},
                     {"k", 9, "y", 4, 1, 5, 1, 9, 9}};
      weight.pieces = {{"i", "weights.bin", 3, 200, "raw", 8, 1, {199}, {1}}};
      std::string expected(16, '\0');
      int64_t filled = 0;
      for (int64_t row : {0, 1})
        for (int64_t bit = 0; bit < 4 * bits; ++bit, ++filled) {
          int64_t at =
              8 * (3 + 1) + row * (pitch ? pitch : 9 * bits) + 5 * bits + bit;
          int value = stored[at / 8] >> (at % 8) & 1;
          expected[filled / 8] |= static_cast<char>(value << (filled % 8));
        }
      expected.resize((filled + 7) / 8);
      EXPECT_EQ(read(8, 17), expected) << bits << " bits, pitch " << pitch;
    }
}

TEST_F(CoreBytesTest, DecodesVarints) {
  write("varints.bin", std::string("\x05\xac\x02\xff\xff\xff\xff\x0f", 8));
  weight.bits = 32;
  weight.shape = {3};
  weight.cuts = {{"n", 3, "none", 1, 1, 3, 1, 3, 3}};
  weight.pieces = {{"i", "varints.bin", 0, 8, "varint", 32, 0, {3}, {1}}};
  EXPECT_EQ(read(8, 16),
            std::string("\x05\0\0\0\x2c\x01\0\0\xff\xff\xff\xff", 12));
  weight.pieces[0].length = 7; // The last is cut short.
  EXPECT_THAT(read(8, 16),
              HasSubstr("its bytes have the encoding 'varint', which cannot be "
                        "read here; write the model with its weights as "
                        "external data, which are raw"));
}

TEST_F(CoreBytesTest, DecodesMessages) {
  // dims, two of int64_data packed, one not packed, and a name.
  std::string message("\x08\x03\x3a\x03\x05\xac\x02\x38\x07\x42\x01t", 12);
  write("message.bin", message);
  weight.bits = 64;
  weight.shape = {3};
  weight.cuts = {{"n", 3, "none", 1, 1, 3, 1, 3, 3}};
  weight.pieces = {{"i", "message.bin", 0, 12, "proto", 64, 0, {3}, {1}}};
  EXPECT_EQ(read(8, 16), std::string("\x05\0\0\0\0\0\0\0"
                                     "\x2c\x01\0\0\0\0\0\0"
                                     "\x07\0\0\0\0\0\0\0",
                                     24));
  // Floats: one of four bytes alone, then two packed, then one of raw_data.
  message = std::string("\x25"
                        "abcd\x22\x08"
                        "efghijkl\x4a\x04mnop",
                        21);
  write("message.bin", message);
  weight.bits = 32;
  weight.shape = {4};
  weight.cuts = {{"n", 4, "none", 1, 1, 4, 1, 4, 4}};
  weight.pieces = {{"i", "message.bin", 0, 21, "proto", 32, 0, {4}, {1}}};
  EXPECT_EQ(read(8, 16), "abcdefghijklmnop");
  for (int64_t length : {20, 10, 2}) {
    weight.pieces[0].length = length; // The last field is cut short.
    EXPECT_THAT(read(8, 16), HasSubstr("its bytes have the encoding 'proto'"))
        << length;
  }
  weight.pieces[0].length = 15; // Whole fields, but not all of them.
  EXPECT_THAT(read(8, 16), HasSubstr("has a view that leads out of it"));
}

TEST_F(CoreBytesTest, CoresInNoGroupHoldNothing) {
  kernel.groups = {{0, {8, 16, 2, 4}, {0, 1, 2, 3}},
                   {1, {10, 16, 2, 4}, {4, 5, 6, 7}}};
  weight.cuts[0] = {"e", 8, "group", 2, 1, 4, 1, 8, 8};
  // Group 1, row 0.
  EXPECT_EQ(read(11, 16).size(), 16u);
  EXPECT_EQ(read(11, 16).substr(0, 4), stored.substr(32 + 4 * 16, 4));
  EXPECT_EQ(read(12, 16), "");
}

TEST_F(CoreBytesTest, ReadsTheExpertsThatAGroupLists) {
  kernel.groups = {{0, {8, 16, 2, 4}, {0, 1, 2, 3, 4, 5, 6, 7}},
                   {1, {10, 16, 2, 4}, {7, 0, 2}}};
  weight.cuts[0] = {"e", 8, "group", 2, 1, 8, 1, 8, 8};
  EXPECT_EQ(read(11, 16), stored.substr(32 + 7 * 16, 4) + stored.substr(32, 4) +
                              stored.substr(32 + 2 * 16, 4));
  // Experts along the rows as they are stored: one element each.
  weight.shape = {16, 8};
  weight.cuts = {{"k", 16, "y", 4, 4, 4, 1, 16, 16},
                 {"e", 8, "group", 2, 1, 8, 1, 8, 8}};
  std::string wanted;
  for (int row = 4; row < 8; ++row)
    for (int expert : {7, 0, 2})
      wanted += stored[size_t(32 + row * 8 + expert)];
  EXPECT_EQ(read(10, 17), wanted);
  kernel.groups[1].experts.push_back(8);
  EXPECT_THAT(read(10, 17),
              HasSubstr("has 8 of dim 'e', but expert group 1 lists 8"));
  kernel.groups[1].experts.back() = -1;
  EXPECT_THAT(read(10, 17), HasSubstr("lists -1"));
}

TEST_F(CoreBytesTest, FillsTheImageAndClearsTheRest) {
  kernel.weights = {weight};
  kernel.classes = {
      {"all",
       {{8, 16, 5, 4}},
       20,
       {{"w", "weights", 4, 10, 1, 0, 0}, {"x", "input", 16, 4, 1, 0, 0}},
       20}};
  EXPECT_EQ(image(20),
            std::string(4, '\0') + read(8, 16) + std::string(8, '\0'));
  EXPECT_THAT(image(19),
              HasSubstr("the core's image has 20 bytes, but there is "
                        "room for 19"));
  kernel.classes[0].memory[0].offset = 11;
  EXPECT_THAT(image(20), HasSubstr("buffer 'w': 10 bytes at 11 are not within "
                                   "the 20 of the core"));
  kernel.classes[0].memory[0].offset = kHuge;
  EXPECT_THAT(image(20), HasSubstr("are not within the 20 of the core"));
  kernel.classes[0].memory[0].name = "v";
  EXPECT_THAT(image(20),
              HasSubstr("buffer 'v': is for no weight of kernel 'k'"));
}

TEST_F(CoreBytesTest, NeverLeavesTheFolderOfTheModel) {
  write("../secret.bin", stored);
  for (const std::string &file :
       {std::string("../secret.bin"), std::string("sub/../../secret.bin"),
        folder + "/weights.bin", std::string(), std::string("a\0b", 3),
        std::string(".")}) {
    weight.pieces[0].file = file;
    EXPECT_THAT(read(8, 16), HasSubstr("is not in the folder of the model"))
        << file;
  }
  ASSERT_FALSE(llvm::sys::fs::create_link("../secret.bin", folder + "/link"));
  weight.pieces[0].file = "link";
  EXPECT_THAT(read(8, 16), HasSubstr("is not in the folder of the model"));
  weight.pieces[0].file = "absent.bin";
  EXPECT_THAT(read(8, 16),
              HasSubstr("cannot be read: No such file or directory"));
}

TEST_F(CoreBytesTest, RefusesWhatContradictsItself) {
  const Weight sound = weight;
  auto errorOf = [&](auto change) {
    weight = sound;
    change();
    return read(9, 17);
  };
  EXPECT_THAT(
      errorOf([&] { weight.pieces[0].offset = 129; }),
      HasSubstr("weight 'w', initializer 'i': needs bytes 129 to 257 of"));
  EXPECT_THAT(errorOf([&] { weight.pieces[0].length = kHuge; }),
              HasSubstr("needs bytes"));
  EXPECT_THAT(errorOf([&] { weight.pieces[0].offset = -1; }),
              HasSubstr("has a view that is none: its sizes, offset and length "
                        "must not be negative, and fit 64 bits"));
  EXPECT_THAT(errorOf([&] { weight.pieces[0].sizes = {kHuge, kHuge}; }),
              HasSubstr("has a view that is none"));
  EXPECT_THAT(errorOf([&] { weight.pieces[0].storedBits = 0; }),
              HasSubstr("has a view that is none"));
  EXPECT_THAT(errorOf([&] { weight.pieces[0].strides = {3}; }),
              HasSubstr("has a view that leads out of it"));
  EXPECT_THAT(errorOf([&] { weight.pieces[0].strides = {-1}; }),
              HasSubstr("has a view that leads out of it"));
  EXPECT_THAT(errorOf([&] { weight.pieces[0].first = kHuge; }),
              HasSubstr("has a view that leads out of it"));
  EXPECT_THAT(errorOf([&] { weight.pieces[0].sizes = {37}; }),
              HasSubstr("its pieces do not have all elements of its shape"));
  EXPECT_THAT(errorOf([&] { weight.pieces.clear(); }),
              HasSubstr("its pieces do not have all elements of its shape"));
  EXPECT_THAT(errorOf([&] { weight.cuts.pop_back(); }),
              HasSubstr("weight 'w': has 1 cuts for 2 dims"));
  EXPECT_THAT(errorOf([&] { weight.cuts[0].axis = "z"; }),
              HasSubstr("is cut on 'z', which is no axis"));
  EXPECT_THAT(
      errorOf([&] { weight.cuts[0].size = 9; }),
      HasSubstr("has a cut of dim 'n' that does not go with its shape"));
  EXPECT_THAT(errorOf([&] { weight.bits = kHuge; }),
              HasSubstr("has a shard whose bits do not fit a number of 64 "
                        "bits"));
  EXPECT_THAT(errorOf([&] { weight.rowPitchBits = kHuge; }),
              HasSubstr("has elements whose place does not fit 64 bits"));
  // As many elements as there are numbers, none of which the buffer has room
  // for.
  EXPECT_THAT(errorOf([&] {
                weight.shape = {8, kHuge / 64};
                weight.cuts[1].size = kHuge / 64;
                weight.cuts[1].shard = kHuge / 64;
                weight.cuts[1].points = weight.cuts[1].pitch = kHuge / 64;
                weight.cuts[1].axis = "none";
              }),
              HasSubstr("bytes, but there is room for 1000"));
}

TEST_F(CoreBytesTest, FindsCoresByTheirCoordinates) {
  kernel.classes = {{"left", {{8, 16, 2, 4}}, 8, {}, 0}};
  EXPECT_EQ(findCore(kernel, 9, 17).coreClass, &kernel.classes[0]);
  EXPECT_EQ(findCore(kernel, 12, 19).coreClass, nullptr);
  EXPECT_EQ(findCore(kernel, 12, 19).column, 4);
  EXPECT_EQ(findCore(kernel, 13, 19).kernel, nullptr);
  Plan plan;
  plan.regions = {{"a", 0, {8, 16, 5, 4}, {}, 0},
                  {"b", 1, {8, 16, 5, 4}, {}, 0}};
  EXPECT_EQ(findRegion(plan, 1, 9, 17), &plan.regions[1]);
  EXPECT_EQ(findRegion(plan, 0, 13, 19), nullptr);
  EXPECT_EQ(findRegion(plan, 2, 9, 17), nullptr);
  plan.regions[0].rectangle = {-kHuge, -kHuge, kHuge, kHuge};
  EXPECT_EQ(findRegion(plan, 0, kHuge, kHuge), nullptr);
}

} // namespace
