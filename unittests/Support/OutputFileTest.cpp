//===- OutputFileTest.cpp - Files appear whole or not at all --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <sys/stat.h>

using namespace inlay;

namespace {

class OutputFileTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("inlay-output", folder));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string path(llvm::StringRef name) const {
    llvm::SmallString<128> result(folder);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }
  unsigned numEntries() const {
    std::error_code error;
    unsigned count = 0;
    for (llvm::sys::fs::directory_iterator it(folder, error), end; it != end;
         it.increment(error))
      ++count;
    return count;
  }

  llvm::SmallString<128> folder;
};

TEST_F(OutputFileTest, WritesAndReplaces) {
  Diagnostics diags;
  EXPECT_TRUE(writeFile(path("a"), "one", diags));
  EXPECT_TRUE(writeFile(path("a"), "two", diags));
  auto buffer = llvm::MemoryBuffer::getFile(path("a"));
  ASSERT_TRUE(bool(buffer));
  EXPECT_EQ((*buffer)->getBuffer(), "two");
  EXPECT_EQ(numEntries(), 1u);
}

TEST_F(OutputFileTest, HonoursTheUmask) {
  mode_t before = umask(0);
  for (unsigned mask : {0002, 0022, 0077}) {
    umask(mask);
    Diagnostics diags;
    EXPECT_TRUE(writeFile(path("a"), "x", diags));
    llvm::ErrorOr<llvm::sys::fs::perms> mode =
        llvm::sys::fs::getPermissions(path("a"));
    ASSERT_TRUE(bool(mode));
    EXPECT_EQ(static_cast<unsigned>(*mode), 0666 & ~mask);
  }
  umask(before);
}

TEST_F(OutputFileTest, MakesTheFolder) {
  Diagnostics diags;
  EXPECT_TRUE(writeFile(path("new/folder/a"), "x", diags));
  EXPECT_TRUE(llvm::sys::fs::exists(path("new/folder/a")));
}

TEST_F(OutputFileTest, FailureNamesTheFileAndLeavesNothing) {
  Diagnostics diags;
  ASSERT_TRUE(writeFile(path("file"), "x", diags));
  EXPECT_FALSE(writeFile(path("file/below"), "x", diags));
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_NE(diags.all()[0].message.find("cannot write '" + path("file/below")),
            std::string::npos);
  EXPECT_EQ(numEntries(), 1u);
}

TEST_F(OutputFileTest, AllFilesAppearOrNone) {
  Diagnostics diags;
  ASSERT_TRUE(writeFile(path("old"), "before", diags));
  ASSERT_FALSE(llvm::sys::fs::create_directory(path("taken")));
  // The last file cannot appear where a folder is.
  EXPECT_FALSE(writeFiles(
      {{path("new/a"), "a"}, {path("old"), "after"}, {path("taken"), "x"}},
      diags));
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.all()[0].message,
            "cannot write '" + path("taken") + "': Is a directory");
  EXPECT_FALSE(llvm::sys::fs::exists(path("new")));
  auto buffer = llvm::MemoryBuffer::getFile(path("old"));
  ASSERT_TRUE(bool(buffer));
  EXPECT_EQ((*buffer)->getBuffer(), "before");
  EXPECT_EQ(numEntries(), 2u);
  EXPECT_TRUE(
      writeFiles({{path("new/a"), "a"}, {path("old"), "after"}}, diags));
  EXPECT_EQ(numEntries(), 3u);
}

TEST_F(OutputFileTest, AFolderThatIsThereStays) {
  Diagnostics diags;
  ASSERT_FALSE(llvm::sys::fs::create_directory(path("there")));
  std::string tooLong(300, 'x');
  EXPECT_FALSE(writeFile(path("there/made/" + tooLong), "x", diags));
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_NE(diags.all()[0].message.find("File name too long"),
            std::string::npos);
  EXPECT_TRUE(llvm::sys::fs::exists(path("there")));
  EXPECT_FALSE(llvm::sys::fs::exists(path("there/made")));
}

} // namespace
