//===- TensorTest.cpp - Where the bytes of tensors are --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelText.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::onnx::file;
using testing::ElementsAre;

namespace {

/// The findings in a model with this one initializer.
std::string check(const std::string &tensor,
                  std::optional<llvm::StringRef> folder = std::nullopt) {
  return printFindings(encodeGraph("initializer { name: 'w' " + tensor + " }"),
                       folder);
}

std::string external(const std::string &entries) {
  return "dims: 8 data_type: 1 data_location: EXTERNAL " + entries;
}

std::string entry(const std::string &key, const std::string &value) {
  return "external_data { key: '" + key + "' value: '" + value + "' } ";
}

Model parseTensor(std::string &bytes, const std::string &tensor) {
  bytes = encodeGraph("initializer { name: 'w' " + tensor + " }");
  return parseSound(bytes);
}

/// What the handle of a tensor points at in the model.
llvm::StringRef bytesAt(const std::string &bytes, const Tensor &tensor) {
  return llvm::StringRef(bytes).substr(tensor.offset, tensor.length);
}

TEST(TensorTest, RawDataHaveTheirPlace) {
  std::string bytes;
  Model model =
      parseTensor(bytes, "dims: 2 dims: 1 data_type: 1 raw_data: '01234567'");
  const Tensor &tensor = model.graph.initializers[0];
  EXPECT_EQ(tensor.storage, Storage::Raw);
  EXPECT_EQ(bytesAt(bytes, tensor), "01234567");
}

TEST(TensorTest, PackedFloatsAreRawData) {
  std::string bytes;
  Model model = parseTensor(
      bytes, "dims: 2 data_type: 1 float_data: 1.0 float_data: -2.0");
  const Tensor &tensor = model.graph.initializers[0];
  EXPECT_EQ(tensor.storage, Storage::Raw);
  EXPECT_EQ(bytesAt(bytes, tensor),
            llvm::StringRef("\0\0\x80\x3f\0\0\0\xc0", 8));
}

TEST(TensorTest, PackedIntegersAreVarints) {
  std::string bytes;
  Model model =
      parseTensor(bytes, "dims: 2 data_type: 7 int64_data: 300 int64_data: 1");
  const Tensor &tensor = model.graph.initializers[0];
  EXPECT_EQ(tensor.storage, Storage::Varint);
  EXPECT_EQ(bytesAt(bytes, tensor), "\xac\x02\x01");
  llvm::SmallVector<uint64_t> bits;
  ASSERT_TRUE(readElements(tensor, bits));
  EXPECT_THAT(bits, ElementsAre(300, 1));
}

TEST(TensorTest, StringsAreTheMessage) {
  std::string bytes;
  Model model = parseTensor(
      bytes, "dims: 2 data_type: 8 string_data: 'a' string_data: 'bc'");
  const Tensor &tensor = model.graph.initializers[0];
  EXPECT_EQ(tensor.storage, Storage::Message);
  EXPECT_EQ(bytesAt(bytes, tensor), tensor.message);
  llvm::SmallVector<llvm::StringRef> strings;
  ASSERT_TRUE(readStrings(tensor, strings));
  EXPECT_THAT(strings, ElementsAre("a", "bc"));
}

TEST(TensorTest, ExternalDataAreHandles) {
  std::string bytes;
  Model model = parseTensor(bytes, external(entry("location", "sub/w.data") +
                                            entry("offset", "4096")));
  const Tensor &tensor = model.graph.initializers[0];
  EXPECT_EQ(tensor.storage, Storage::External);
  EXPECT_EQ(tensor.location, "sub/w.data");
  EXPECT_EQ(tensor.offset, 4096u);
  EXPECT_EQ(tensor.length, 32u) << "computed, as the file gives no length";
}

std::vector<uint64_t> elements(const std::string &tensor) {
  std::string bytes;
  Model model = parseTensor(bytes, tensor);
  llvm::SmallVector<uint64_t> bits;
  EXPECT_TRUE(readElements(model.graph.initializers[0], bits));
  return {bits.begin(), bits.end()};
}

TEST(TensorTest, ReadsElementsOfAllWidths) {
  EXPECT_THAT(elements("dims: 3 data_type: 21 raw_data: '\\x21\\x03'"),
              ElementsAre(1, 2, 3));
  EXPECT_THAT(elements("dims: 3 data_type: 22 int32_data: 33 int32_data: 15"),
              ElementsAre(1, 2, 15));
  EXPECT_THAT(elements("dims: 5 data_type: 25 raw_data: '\\xe4\\x02'"),
              ElementsAre(0, 1, 2, 3, 2));
  EXPECT_THAT(elements("dims: 2 data_type: 9 raw_data: '\\x00\\x01'"),
              ElementsAre(0, 1));
  EXPECT_THAT(elements("dims: 1 data_type: 10 int32_data: 15360"),
              ElementsAre(0x3c00));
  EXPECT_THAT(elements("dims: 1 data_type: 16 raw_data: '\\x80\\x3f'"),
              ElementsAre(0x3f80));
  EXPECT_THAT(elements("dims: 2 data_type: 3 int32_data: -1 int32_data: 5"),
              ElementsAre(0xff, 5));
  EXPECT_THAT(elements("dims: 1 data_type: 11 double_data: 1"),
              ElementsAre(0x3ff0000000000000));
  EXPECT_THAT(elements("dims: 1 data_type: 13 uint64_data: "
                       "18446744073709551615"),
              ElementsAre(UINT64_MAX));
  EXPECT_THAT(elements("data_type: 7 raw_data: '\\x05\\0\\0\\0\\0\\0\\0\\0'"),
              ElementsAre(5));
  EXPECT_THAT(elements("dims: 0 data_type: 7"), ElementsAre());
}

TEST(TensorTest, RefusesTypesAndDims) {
  EXPECT_EQ(check("dims: 1 data_type: 27 raw_data: '0'"),
            "model.onnx: error: initializer 'w': has the unknown element type "
            "27\n"
            "  note: known are 1 (FLOAT) to 26 (INT2)\n");
  EXPECT_EQ(check("dims: 4 dims: -2 data_type: 1"),
            "model.onnx: error: initializer 'w': has a negative dim: [4, -2]\n"
            "  note: write the sizes that its data have\n");
  EXPECT_EQ(
      check("dims: 4294967296 dims: 4294967296 data_type: 1"),
      "model.onnx: error: initializer 'w': has more elements than 64 bits "
      "count: [4294967296, 4294967296]\n"
      "  note: write the sizes that its data have\n");
}

TEST(TensorTest, RefusesDataOfAnotherLength) {
  EXPECT_EQ(check("dims: 2 dims: 3 data_type: 10 raw_data: '01234567'"),
            "model.onnx: error: initializer 'w': holds 8 B, FLOAT16 [2, 3] "
            "needs 12 B\n"
            "  note: its type and dims must be those of its data: export the "
            "model again\n");
  EXPECT_EQ(check("dims: 3 data_type: 7 int64_data: 1 int64_data: 2"),
            "model.onnx: error: initializer 'w': holds 2 numbers, INT64 [3] "
            "needs 3\n"
            "  note: its type and dims must be those of its data: export the "
            "model again\n");
  EXPECT_EQ(check("dims: 3 data_type: 8 string_data: 'a'"),
            "model.onnx: error: initializer 'w': does not hold the 3 elements "
            "that STRING [3] needs\n"
            "  note: its type and dims must be those of its data: export the "
            "model again\n");
  EXPECT_EQ(check("dims: 3 data_type: 1"),
            "model.onnx: error: initializer 'w': has neither data nor the name "
            "of an external file\n"
            "  note: export the model with its weights, or with the places of "
            "external ones\n");
}

TEST(TensorTest, RefusesExternalDataOfAnotherLength) {
  EXPECT_EQ(
      check(external(entry("location", "w.data") + entry("length", "31"))),
      "model.onnx: error: initializer 'w': its external data have 31 B, "
      "FLOAT [8] needs 32 B\n"
      "  note: its type and dims must be those of its data: export the model "
      "again\n");
  for (const char *offset : {"-1", "9223372036854775800", "x", ""})
    EXPECT_EQ(
        check(external(entry("location", "w.data") + entry("offset", offset))),
        "model.onnx: error: initializer 'w': the offset or length of its "
        "external data is negative, too large or no number\n"
        "  note: write the bytes at which they begin and that they have\n");
  EXPECT_EQ(
      check("dims: 2 data_type: 8 data_location: EXTERNAL " +
            entry("location", "w.data")),
      "model.onnx: error: initializer 'w': holds strings, which cannot be "
      "external data\n"
      "  note: save strings inside the model\n");
}

TEST(TensorTest, ExternalDataStayInTheFolder) {
  std::string note = "  note: external data must lie in the folder of the "
                     "model or below it\n";
  EXPECT_EQ(check(external("")),
            "model.onnx: error: initializer 'w': its external data have no "
            "file name\n" +
                note);
  for (const char *path : {"/etc/passwd", "C:/w.data"})
    EXPECT_EQ(check(external(entry("location", path))),
              "model.onnx: error: initializer 'w': its external data have the "
              "absolute path '" +
                  std::string(path) + "'\n" + note);
  for (const char *path : {"../w.data", "a/../../w.data", "..\\\\w.data"})
    EXPECT_THAT(check(external(entry("location", path))),
                testing::HasSubstr("its external data leave the model's "
                                   "folder: '"));
}

class ExternalFileTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("inlay-onnx", outside));
    folder = outside;
    llvm::sys::path::append(folder, "model");
    ASSERT_FALSE(llvm::sys::fs::create_directory(folder));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(outside); }

  static void write(llvm::StringRef folder, llvm::StringRef name,
                    llvm::StringRef text) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << text;
    ASSERT_FALSE(error);
  }

  llvm::SmallString<128> outside, folder;
};

TEST_F(ExternalFileTest, AbsentIsNormal) {
  EXPECT_EQ(check(external(entry("location", "w.data")), folder), "");
}

TEST_F(ExternalFileTest, PresentIsLongEnough) {
  write(folder, "w.data", "01234567012345670123456701234567");
  EXPECT_EQ(check(external(entry("location", "w.data")), folder), "");
  EXPECT_EQ(check(external(entry("location", "w.data") + entry("offset", "8")),
                  folder),
            "model.onnx: error: initializer 'w': its external data end at byte "
            "40 of 'w.data', which has 32 B\n"
            "  note: the file is incomplete; fetch it again, or remove it to "
            "plan without weights\n");
}

TEST_F(ExternalFileTest, LinksMustNotLeaveTheFolder) {
  write(outside, "secret", "01234567012345670123456701234567");
  write(folder, "inside", "01234567012345670123456701234567");
  llvm::SmallString<128> secret(outside), link(folder), inner(folder);
  llvm::sys::path::append(secret, "secret");
  llvm::sys::path::append(link, "w.data");
  llvm::sys::path::append(inner, "v.data");
  ASSERT_FALSE(llvm::sys::fs::create_link(secret, link));
  ASSERT_FALSE(llvm::sys::fs::create_link("inside", inner));
  EXPECT_EQ(
      check(external(entry("location", "w.data")), folder),
      "model.onnx: error: initializer 'w': its external data 'w.data' are "
      "a link out of the model's folder\n"
      "  note: external data must lie in the folder of the model or below "
      "it\n");
  EXPECT_EQ(check(external(entry("location", "v.data")), folder), "");
}

TEST_F(ExternalFileTest, MustBeAFile) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, "w.data");
  ASSERT_FALSE(llvm::sys::fs::create_directory(path));
  EXPECT_EQ(
      check(external(entry("location", "w.data")), folder),
      "model.onnx: error: initializer 'w': its external data 'w.data' are "
      "not a regular file\n"
      "  note: copy them into a file, or remove it to plan without weights\n");
  EXPECT_EQ(
      check(external(entry("location", ".")), folder),
      "model.onnx: error: initializer 'w': its external data '.' are not "
      "a regular file\n"
      "  note: copy them into a file, or remove it to plan without weights\n");
}

//===----------------------------------------------------------------------===//
// .safetensors
//===----------------------------------------------------------------------===//

/// A file of the format: its header, and `bytes` of data.
static std::string safetensors(llvm::StringRef header, size_t bytes = 32,
                               uint64_t length = 0) {
  length = length ? length : header.size();
  std::string text;
  for (int i = 0; i < 8; ++i)
    text += static_cast<char>(length >> (8 * i));
  return text + header.str() + std::string(bytes, 'x');
}

static std::string stored(const char *offset) {
  return external(entry("location", "w.safetensors") + entry("offset", offset));
}

TEST_F(ExternalFileTest, SafetensorsAreThoseOfTheHeader) {
  // 56 bytes behind the first 8.
  std::string header =
      R"({"w":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}} )";
  ASSERT_EQ(header.size(), 56u);
  write(folder, "w.safetensors", safetensors(header));
  EXPECT_EQ(check(stored("64"), folder), "");
  std::string note = "  note: offset and length count bytes of the whole file, "
                     "its header included; export the model again\n";
  EXPECT_EQ(check(stored("0"), folder),
            "model.onnx: error: initializer 'w': its external data in "
            "'w.safetensors' begin at byte 0, in the header, which ends at "
            "byte 64\n" +
                note);
  write(folder, "w.safetensors",
        safetensors(R"({"h":{"dtype":"F16","shape":[8],"data_offsets":[0,16]},)"
                    R"("i":{"dtype":"I32","shape":[8],"data_offsets":[16,48]})"
                    R"(,"__metadata__":{"a":"b"}})",
                    48));
  EXPECT_EQ(check(stored("144"), folder),
            "model.onnx: error: initializer 'w': its external data in "
            "'w.safetensors' are the bytes 144 to 176, which are not in one "
            "tensor of the file\n" +
                note);
  EXPECT_EQ(check(stored("159"), folder),
            "model.onnx: error: initializer 'w': its external data in "
            "'w.safetensors' are of tensor 'i', whose elements are I32, not "
            "FLOAT\n" +
                note);
}

TEST_F(ExternalFileTest, SafetensorsHaveAHeader) {
  std::string start = "model.onnx: error: initializer 'w': its external data "
                      "'w.safetensors' ";
  std::string note = "  note: the file is damaged; fetch it again, or remove "
                     "it to plan without weights\n";
  write(folder, "w.safetensors", "abc");
  EXPECT_EQ(check(stored("0"), folder), start + "has no header\n" + note);
  for (uint64_t length : {uint64_t(1) << 62, uint64_t(100)}) {
    write(folder, "w.safetensors", safetensors("{}", 64, length));
    EXPECT_EQ(check(stored("16"), folder),
              start +
                  "says that its header is longer than the file or the "
                  "format allows\n" +
                  note);
  }
  for (std::string header :
       {std::string("{not json"), std::string("[1]"), std::string(999, '['),
        "{\"w\":[" + std::string(4000, ',') + "]}"}) {
    write(folder, "w.safetensors", safetensors(header, 9999));
    EXPECT_EQ(check(stored("64"), folder),
              start + "has a header that is no JSON object\n" + note);
  }
  for (const char *range :
       {"[0,9223372036854775807]", "[8,0]", "[0]", "[-1,32]", "0"}) {
    write(folder, "w.safetensors",
          safetensors(R"({"w":{"dtype":"F32","data_offsets":)" +
                      std::string(range) + "}}"));
    EXPECT_EQ(check(stored("8"), folder),
              start +
                  "has a header in which tensor 'w' has no type or no "
                  "range\n" +
                  note);
  }
}

} // namespace
