//===- StageDump.cpp - Numbered IR files, one after each pass -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/StageDump.h"

#include "inlay/Support/OutputFile.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

#include "fmt/core.h"

using namespace inlay;
using namespace mlir;

static bool writeModule(Operation *op, const std::string &directory,
                        const std::string &name, Diagnostics &diags) {
  llvm::SmallString<128> path(directory);
  llvm::sys::path::append(path, name);
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo();
  op->print(os, flags);
  os << '\n';
  return writeFile(path.str().str(), text, diags);
}

namespace {

class DumpAfterPass : public PassInstrumentation {
public:
  DumpAfterPass(std::string directory, Level level)
      : directory(std::move(directory)), level(level) {}

  void runAfterPass(Pass *pass, Operation *op) override {
    if (pass->getArgument().empty())
      return;
    // Some passes run on a graph; what is written is the module around it.
    while (Operation *parent = op->getParentOp())
      op = parent;
    // What cannot be written is reported at the end of the level.
    Diagnostics ignored;
    (void)writeModule(op, directory,
                      fmt::format("{:02}.{}-{}.mlir", level.number, ++count,
                                  pass->getArgument().str()),
                      ignored);
  }

private:
  std::string directory;
  Level level;
  int count = 0;
};

} // namespace

StageDump::StageDump(std::string directory) : directory(std::move(directory)) {}

void StageDump::attach(PassManager &pm, Level level) {
  if (enabled())
    pm.addInstrumentation(std::make_unique<DumpAfterPass>(directory, level));
}

LogicalResult StageDump::writeLevel(ModuleOp module, Level level) {
  if (!enabled())
    return success();
  Diagnostics diags;
  if (writeModule(module, directory,
                  fmt::format("{:02}-{}.mlir", level.number, level.name.str()),
                  diags))
    return success();
  for (const inlay::Diagnostic &diag : diags.all())
    emitError(UnknownLoc::get(module.getContext())) << diag.message;
  return failure();
}
