//===- ReaderTest.cpp - Opening model files -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelText.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::onnx::file;

namespace {

class ReaderTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("inlay-onnx", folder));
    path = folder;
    llvm::sys::path::append(path, "model.onnx");
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  /// What is printed of the file, with the folder's name cut off.
  std::string read() {
    Diagnostics diags;
    model = readModel(path, diags);
    std::string text;
    llvm::raw_string_ostream os(text);
    diags.print(os);
    if (llvm::StringRef(text).starts_with(folder))
      text = text.substr(folder.size() + 1);
    return text;
  }

  llvm::SmallString<128> folder, path;
  std::optional<Model> model;
};

TEST_F(ReaderTest, ReadsAFile) {
  std::error_code error;
  llvm::raw_fd_ostream(path, error) << encodeGraph("name: 'g'");
  EXPECT_EQ(read(), "");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->graph.name, "g");
  EXPECT_EQ(model->fileName, "model.onnx");
}

TEST_F(ReaderTest, NamesAMissingFile) {
  EXPECT_EQ(read(),
            "model.onnx: error: cannot be read: No such file or directory\n");
}

TEST_F(ReaderTest, NamesAFolder) {
  ASSERT_FALSE(llvm::sys::fs::create_directory(path));
  EXPECT_EQ(read(), "model.onnx: error: cannot be read: Is a directory\n");
}

/// A sparse file: it takes no space, and nobody reads it.
TEST_F(ReaderTest, RefusesMoreThanProtobufHolds) {
  int handle;
  ASSERT_FALSE(llvm::sys::fs::openFileForWrite(path, handle));
  ASSERT_FALSE(llvm::sys::fs::resize_file(handle, 3000000000));
  llvm::sys::Process::SafelyCloseFileDescriptor(handle);
  EXPECT_EQ(
      read(),
      "model.onnx: error: has 3,000,000,000 B; a model file holds at most "
      "2,147,483,647 B\n"
      "  note: save the model with its weights as external data\n");
}

} // namespace
