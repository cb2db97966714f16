//===- NodeLocTest.cpp - Names of nodes that are no attributes ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The import gives nodes locations that number their names. Whoever prints,
// stores or reports them must see the names themselves.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/IR/Onnx.h"
#include "inlay/Compiler/DiagnosticPrinter.h"
#include "inlay/Compiler/ImportInput.h"
#include "inlay/Compiler/SerialContext.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <cstdlib>

using namespace inlay;

namespace {

class NodeLocTest : public testing::Test {
protected:
  void SetUp() override {
    const char *source = std::getenv("INLAY_SOURCE_DIR");
    ASSERT_NE(source, nullptr);
    module = importInput(std::string(source) +
                             "/test/Inputs/tiny_genai_moe.struct.onnx",
                         &context);
    ASSERT_TRUE(module);
    names = namesIn(*module);
    ASSERT_FALSE(names.empty());
  }

  static std::vector<std::string> namesIn(mlir::ModuleOp module) {
    std::vector<std::string> names;
    module.walk(
        [&](onnx::NodeOp node) { names.push_back(node.getNodeName().str()); });
    return names;
  }

  static bool hasNodeLocs(mlir::ModuleOp module) {
    return module
        .walk([](mlir::Operation *op) {
          return mlir::isa<onnx::NodeLoc>(op->getLoc())
                     ? mlir::WalkResult::interrupt()
                     : mlir::WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// The names in a module that is read from what was stored.
  std::vector<std::string> namesOfStored(const std::string &stored) {
    SerialContext other;
    other.loadDialect<onnx::OnnxDialect, mlir::ml_program::MLProgramDialect>();
    auto read = mlir::parseSourceString<mlir::ModuleOp>(stored, &other);
    if (!read)
      return {};
    EXPECT_FALSE(hasNodeLocs(*read));
    return namesIn(*read);
  }

  SerialContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<std::string> names;
};

TEST_F(NodeLocTest, TextHasTheNames) {
  EXPECT_TRUE(hasNodeLocs(*module));
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os, mlir::OpPrintingFlags().enableDebugInfo());
  EXPECT_EQ(namesOfStored(text), names);
}

TEST_F(NodeLocTest, BytecodeHasTheNames) {
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  ASSERT_TRUE(mlir::succeeded(mlir::writeBytecodeToFile(*module, os)));
  EXPECT_EQ(namesOfStored(bytes), names);
}

TEST_F(NodeLocTest, BuiltinLocationsHaveTheNames) {
  onnx::toNameLocs(*module);
  EXPECT_FALSE(hasNodeLocs(*module));
  EXPECT_EQ(namesIn(*module), names);
}

TEST_F(NodeLocTest, DiagnosticsNameTheNode) {
  std::string text;
  llvm::raw_string_ostream os(text);
  DiagnosticPrinter printer(&context, os);
  onnx::NodeOp first;
  module->walk([&](onnx::NodeOp node) {
    first = node;
    return mlir::WalkResult::interrupt();
  });
  mlir::emitError(first.getLoc()) << "is odd";
  EXPECT_EQ(text, "tiny_genai_moe.struct.onnx: error: node '" + names.front() +
                      "': is odd\n");
}

/// Each graph has a table of its own; the same place in two is not the same
/// node.
TEST_F(NodeLocTest, TablesOfOneContextAreApart) {
  auto *dialect = context.getLoadedDialect<onnx::OnnxDialect>();
  auto keep = [&](llvm::StringRef name) {
    auto table = std::make_unique<onnx::NodeNames>(
        mlir::UnknownLoc::get(&context), 1, name.size());
    table->add(name);
    return dialect->keepNames(std::move(table));
  };
  const onnx::NodeNames *one = keep("one"), *two = keep("two");
  auto first = onnx::NodeLoc::get(&context, one, 0);
  EXPECT_EQ(first, onnx::NodeLoc::get(&context, one, 0));
  EXPECT_NE(first, onnx::NodeLoc::get(&context, two, 0));
  EXPECT_EQ(first.getName(), "one");
}

} // namespace
