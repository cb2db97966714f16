//===- LevelRunnerTest.cpp - Whose fault a failure is --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// No model makes the compiler fail by a fault of its own, so these tests bring
// passes that do.
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/LevelRunner.h"

#include "mlir/IR/Builders.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace mlir;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A pass with a name that does what a test says.
class TestPass : public PassWrapper<TestPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestPass)

  TestPass(StringRef name, std::function<LogicalResult(ModuleOp)> body)
      : name(name), body(std::move(body)) {}
  TestPass(const TestPass &other)
      : PassWrapper(other), name(other.name), body(other.body) {}

  StringRef getArgument() const override { return name; }
  void runOnOperation() override {
    if (failed(body(getOperation())))
      signalPassFailure();
  }

private:
  std::string name;
  std::function<LogicalResult(ModuleOp)> body;
};

using Body = std::function<LogicalResult(ModuleOp)>;

LogicalResult setMark(ModuleOp module) {
  module->setAttr("test.mark", UnitAttr::get(module.getContext()));
  return success();
}

/// Leaves a second symbol of the same name behind.
LogicalResult breakModule(ModuleOp module) {
  auto builder = OpBuilder::atBlockEnd(module.getBody());
  ModuleOp::create(builder, module.getLoc(), "twice");
  ModuleOp::create(builder, module.getLoc(), "twice");
  return success();
}

class LevelRunnerTest : public testing::Test {
protected:
  LevelRunnerTest() : context(MLIRContext::Threading::DISABLED) {
    context.printOpOnDiagnostic(false);
    compilation.import = [](MLIRContext *context) {
      return OwningOpRef<ModuleOp>(
          ModuleOp::create(FileLineColLoc::get(context, "m.onnx", 0, 0)));
    };
  }

  void addLevel(int number, StringRef name,
                std::vector<std::pair<std::string, Body>> passes) {
    compilation.levels.push_back(
        {{number, name}, [passes](OpPassManager &pm) {
           for (auto &[name, body] : passes)
             pm.addPass(std::make_unique<TestPass>(name, body));
         }});
  }

  /// The exit status; what was printed is then in `text`.
  int run() {
    llvm::raw_string_ostream os(text);
    DiagnosticPrinter printer(&context, os);
    LevelRunner runner(compilation, &context, printer);
    runner.onLevel = [this](const Level &level) {
      levels.push_back(level.name.str());
    };
    OwningOpRef<ModuleOp> module = runner.run();
    EXPECT_EQ(bool(module), runner.exitStatus() == 0);
    last = runner.lastPass();
    return runner.exitStatus();
  }

  MLIRContext context;
  Compilation compilation;
  std::string text;
  std::vector<std::string> levels;
  std::optional<PassRun> last;
};

LogicalResult pass(ModuleOp) { return success(); }
LogicalResult complain(ModuleOp module) {
  return module.emitError("is not to my taste");
}

TEST_F(LevelRunnerTest, RunsAllLevelsInOrder) {
  addLevel(1, "one", {{"a", pass}, {"b", pass}});
  addLevel(2, "two", {{"c", pass}});
  EXPECT_EQ(run(), 0);
  EXPECT_EQ(text, "");
  EXPECT_THAT(levels, ElementsAre("one", "two"));
  EXPECT_FALSE(last);
}

TEST_F(LevelRunnerTest, WhatAPassReportsIsTheUsersFault) {
  addLevel(1, "one", {{"a", complain}});
  addLevel(2, "two", {{"b", pass}});
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(text, "m.onnx: error: is not to my taste\n");
  EXPECT_THAT(levels, ElementsAre("one"));
}

TEST_F(LevelRunnerTest, APassMayTagWhoseFaultItIs) {
  for (auto [tag, status] : {std::pair("capacity", 2), {"internal", 3}}) {
    compilation.levels.clear();
    addLevel(1, "one",
             {{"a", [tag = tag](ModuleOp module) -> LogicalResult {
                 InFlightDiagnostic diag = module.emitError("no");
                 diag.getUnderlyingDiagnostic()->getMetadata().emplace_back(
                     StringRef(tag));
                 return diag;
               }}});
    EXPECT_EQ(run(), status);
  }
}

TEST_F(LevelRunnerTest, AVerifyPassFindsOurOwnFaults) {
  addLevel(1, "one", {{"verify-nn", complain}});
  EXPECT_EQ(run(), 3);
}

TEST_F(LevelRunnerTest, VerifyOnnxSpeaksOfTheUsersFile) {
  addLevel(1, "one", {{"verify-onnx", complain}});
  EXPECT_EQ(run(), 1);
}

TEST_F(LevelRunnerTest, APassThatFailsWithoutAWordIsOurFault) {
  addLevel(1, "one", {{"a", [](ModuleOp) { return failure(); }}});
  EXPECT_EQ(run(), 3);
}

TEST_F(LevelRunnerTest, IRThatIsNotValidIsOurFault) {
  addLevel(1, "one", {{"a", breakModule}});
  EXPECT_EQ(run(), 3);
  EXPECT_THAT(text, HasSubstr("redefinition of symbol named 'twice'"));
}

/// The module is verified behind the level only.
TEST_F(LevelRunnerTest, ThePassThatBrokeTheModuleIsFound) {
  addLevel(1, "one", {{"a", pass}, {"b", breakModule}, {"c", setMark}});
  EXPECT_EQ(run(), 3);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->name, "b");
}

TEST_F(LevelRunnerTest, AnImportThatFailsIsTheUsersFault) {
  compilation.import = [](MLIRContext *context) {
    emitError(FileLineColLoc::get(context, "m.onnx", 0, 0), "is no model");
    return OwningOpRef<ModuleOp>();
  };
  EXPECT_EQ(run(), 1);
  EXPECT_FALSE(last);
}

//===----------------------------------------------------------------------===//
// Reproducers
//===----------------------------------------------------------------------===//

class ReproducerTest : public LevelRunnerTest {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("inlay-repro", folder));
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, "reproducer.mlir");
    file = path.str().str();
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string contents() {
    auto buffer = llvm::MemoryBuffer::getFile(file);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

  llvm::SmallString<128> folder;
  std::string file;
};

TEST_F(ReproducerTest, HoldsTheModuleBeforeThePassAndThePass) {
  addLevel(1, "one", {{"a", setMark}});
  addLevel(2, "two", {{"b", breakModule}, {"c", pass}});
  ASSERT_EQ(run(), 3);
  Diagnostics diags;
  ASSERT_TRUE(writeReproducer(compilation, *last, file, diags));
  EXPECT_THAT(contents(), HasSubstr("test.mark"));
  EXPECT_THAT(contents(), testing::Not(HasSubstr("twice")));
  EXPECT_THAT(contents(), HasSubstr("pipeline: \"builtin.module(b)\""));
}

/// As `inlay-opt --run-reproducer` does.
TEST_F(ReproducerTest, CanBeReadAndRun) {
  registerCanonicalizerPass();
  addLevel(1, "one", {{"a", setMark}, {"canonicalize", breakModule}});
  ASSERT_EQ(run(), 3);
  Diagnostics diags;
  ASSERT_TRUE(writeReproducer(compilation, *last, file, diags));

  FallbackAsmResourceMap resources;
  ParserConfig config(&context, /*verifyAfterParse=*/true, &resources);
  PassReproducerOptions reproducer;
  reproducer.attachResourceParser(config);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(file, config);
  ASSERT_TRUE(module);
  EXPECT_TRUE((*module)->hasAttr("test.mark"));
  PassManager pm(&context);
  ASSERT_TRUE(succeeded(reproducer.apply(pm)));
  EXPECT_EQ(pm.size(), 1u);
  EXPECT_TRUE(succeeded(pm.run(*module)));
}

TEST_F(ReproducerTest, ACrashIsSurvived) {
  addLevel(1, "one", {{"a", setMark}, {"b", [](ModuleOp) -> LogicalResult {
                                         llvm::sys::Process::PreventCoreFiles();
                                         std::abort();
                                       }}});
  llvm::CrashRecoveryContext::Enable();
  // Held outside, as a crash skips destructors.
  llvm::raw_null_ostream nowhere;
  auto *printer = new DiagnosticPrinter(&context, nowhere);
  auto *runner = new LevelRunner(compilation, &context, *printer);
  EXPECT_FALSE(
      llvm::CrashRecoveryContext().RunSafely([&] { (void)runner->run(); }));
  Diagnostics diags;
  EXPECT_TRUE(writeReproducer(compilation, *runner->lastPass(), file, diags));
  EXPECT_THAT(contents(), HasSubstr("pipeline: \"builtin.module(b)\""));
  llvm::CrashRecoveryContext::Disable();
}

TEST_F(ReproducerTest, APassThatIsNotReachedAgainIsSaid) {
  addLevel(1, "one", {{"a", pass}});
  Diagnostics diags;
  EXPECT_FALSE(writeReproducer(compilation, {7, "z", ""}, file, diags));
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.all()[0].message,
            "pass 'z' was not reached again, so there is no reproducer");
}

TEST_F(ReproducerTest, TheErrorSaysWhoFailedAndWhereTheReproducerIs) {
  addLevel(1, "one", {{"verify-nn", complain}});
  ASSERT_EQ(run(), 3);
  Diagnostics diags;
  reportInternal(compilation, last, "failed", file, diags);
  EXPECT_EQ(diags.exitStatus(), 3);
  text.clear();
  llvm::raw_string_ostream os(text);
  diags.print(os);
  EXPECT_EQ(text,
            "error: internal error: pass 'verify-nn' failed; this is a fault "
            "of Inlay\n"
            "  note: the module before that pass is in '" +
                file +
                "'; inlay-opt --run-reproducer runs the pass on it\n"
                "  note: please report it, with the command and that file\n");
}

TEST_F(ReproducerTest, AnImportHasNoReproducer) {
  Diagnostics diags;
  reportInternal(compilation, std::nullopt, "the import crashed", file, diags);
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.all()[0].message,
            "the import crashed; this is a fault of Inlay");
  EXPECT_THAT(
      diags.all()[0].notes,
      testing::ElementsAre("please report it, with the command and the model"));
  EXPECT_EQ(contents(), "");
}

} // namespace
