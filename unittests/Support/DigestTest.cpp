//===- DigestTest.cpp - Fingerprints of files ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/Digest.h"
#include "inlay/Support/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"

using namespace inlay;

namespace {

/// The digest of a file with these contents.
std::string digestOf(const std::string &contents) {
  llvm::SmallString<128> path;
  EXPECT_FALSE(llvm::sys::fs::createTemporaryFile("inlay-digest", "", path));
  Diagnostics diags;
  EXPECT_TRUE(writeFile(path.str().str(), contents, diags));
  std::optional<std::string> digest = sha256OfFile(path.str().str(), diags);
  llvm::sys::fs::remove(path);
  EXPECT_TRUE(digest.has_value());
  return digest.value_or("");
}

// The examples of FIPS 180-2, of which the last is longer than one piece.
TEST(DigestTest, IsSha256) {
  EXPECT_EQ(digestOf(""), "e3b0c44298fc1c149afbf4c8996fb924"
                          "27ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digestOf("abc"), "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digestOf(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67"
            "f1809a48a497200e046d39ccc7112cd0");
}

TEST(DigestTest, AFileThatIsNotThereIsNamed) {
  Diagnostics diags;
  EXPECT_FALSE(sha256OfFile("no/such/file", diags));
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.all()[0].message,
            "cannot read 'no/such/file': No such file or directory");
}

} // namespace
