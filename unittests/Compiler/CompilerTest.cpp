//===- CompilerTest.cpp - The compiler as a library -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What test/tools/inlayc cannot see: the lines for a terminal, and that a
// process may compile more than once.
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/Compiler.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <csignal>
#include <cstdlib>
#include <thread>

using namespace inlay;
using testing::HasSubstr;

namespace {

class CompilerTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("inlay-compile", folder));
    options.input = source() + "/test/Inputs/tiny_genai_moe.struct.onnx";
    options.targetDir = source() + "/targets";
    options.target = "grid8x8";
    options.outputDir = (folder + "/out").str();
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  static std::string source() {
    const char *path = std::getenv("INLAY_SOURCE_DIR");
    return path ? path : "";
  }

  int run(bool showProgress) {
    out.clear();
    err.clear();
    llvm::raw_string_ostream outStream(out), errStream(err);
    return compile(options, {outStream, errStream, showProgress});
  }

  llvm::SmallString<128> folder;
  CompileOptions options;
  std::string out, err;
};

TEST_F(CompilerTest, ShowsALineForEachLevel) {
  EXPECT_EQ(run(/*showProgress=*/true), 0);
  EXPECT_EQ(err, "[1/4] onnx\n[2/4] nn\n[3/4] dataflow\n[4/4] wafer\n");
  EXPECT_THAT(out, HasSubstr("written  "));
}

TEST_F(CompilerTest, CompilesTwiceInOneProcess) {
  EXPECT_EQ(run(/*showProgress=*/false), 0);
  EXPECT_EQ(err, "");
  std::string first = out;
  EXPECT_EQ(run(/*showProgress=*/false), 0);
  EXPECT_EQ(out, first);
}

TEST_F(CompilerTest, ThreadsCompileAtOnce) {
  std::string plans[2];
  auto work = [&](std::string &json) {
    std::optional<plan::Plan> plan;
    if (compileToPlan(options, {llvm::nulls(), llvm::nulls()}, plan) == 0)
      json = plan::toJson(*plan);
  };
  std::thread other(work, std::ref(plans[1]));
  work(plans[0]);
  other.join();
  EXPECT_EQ(plans[0], plans[1]);
  EXPECT_THAT(plans[0], HasSubstr("\"kernels\""));
  EXPECT_FALSE(llvm::sys::fs::exists(options.outputDir));
}

TEST_F(CompilerTest, LeavesTheHandlersOfSignalsAsTheyWere) {
  auto handler = [](int) {};
  struct sigaction before = {}, mine = {}, after = {};
  mine.sa_handler = handler;
  ASSERT_EQ(sigaction(SIGSEGV, &mine, &before), 0);
  EXPECT_EQ(run(/*showProgress=*/false), 0);
  ASSERT_EQ(sigaction(SIGSEGV, &before, &after), 0);
  EXPECT_EQ(after.sa_handler, mine.sa_handler);
}

TEST_F(CompilerTest, SaysWhatIsWrongWithTheInput) {
  options.input = "no/such/model.onnx";
  EXPECT_EQ(run(/*showProgress=*/false), 1);
  EXPECT_EQ(err, "no/such/model.onnx: error: cannot be read: No such file or "
                 "directory\n");
  EXPECT_EQ(out, "");
  EXPECT_FALSE(llvm::sys::fs::exists(options.outputDir));
}

} // namespace
