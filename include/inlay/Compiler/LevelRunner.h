//===- LevelRunner.h - Runs the levels of a compilation ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the passes of each level over a module and finds out whose fault a
// failure is. What a pass reports is the user's fault, unless it says
// otherwise. It is Inlay's own fault when a `verify-*` pass finds a breach in
// what Inlay made, when a pass leaves IR that is not valid, or fails without a
// word, or crashes. `verify-onnx` speaks of what the user made.
//
// MLIR's verifier runs once, behind the last pass of a level: a model of
// experts one by one has some hundred thousand ops in its first level, and to
// verify them behind each pass would cost more than the passes do. Where it
// finds something, the compilation runs again with a look behind each pass,
// which tells whose fault it is.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_LEVELRUNNER_H
#define INLAY_COMPILER_LEVELRUNNER_H

#include "inlay/Compiler/DiagnosticPrinter.h"
#include "inlay/Compiler/StageDump.h"

#include "mlir/IR/OwningOpRef.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace inlay {

/// A level and its passes.
struct LevelPasses {
  Level level;
  std::function<void(mlir::OpPassManager &)> add;
};

/// Everything that leads from a file to the last level. It can be run again,
/// with the same result.
struct Compilation {
  /// Null after errors that have been reported to the context.
  std::function<mlir::OwningOpRef<mlir::ModuleOp>(mlir::MLIRContext *)> import;
  std::vector<LevelPasses> levels;
};

/// A pass of a compilation.
struct PassRun {
  int index = 0;    ///< over all levels
  std::string name; ///< "bind-dims"
  std::string
      pipeline; ///< "builtin.module(bind-dims{...})", from the module on
};

class LevelRunner {
public:
  LevelRunner(const Compilation &compilation, mlir::MLIRContext *context,
              DiagnosticPrinter &printer);
  ~LevelRunner();

  /// Called with each level before its first pass.
  std::function<void(const Level &)> onLevel;
  /// Called with each pass before it runs, and the whole module.
  std::function<void(const PassRun &, mlir::Operation *)> onPass;
  /// Writes numbered files; may be null.
  StageDump *dump = nullptr;
  /// Verifies behind each pass, not only behind each level.
  bool verifiesEach = false;

  /// Null on failure; `status` then tells whose fault it is.
  mlir::OwningOpRef<mlir::ModuleOp> run();

  /// The exit status: 0 when `run` has succeeded.
  int exitStatus() const { return status; }
  /// The pass that runs or that has failed; none before and after all passes.
  const std::optional<PassRun> &lastPass() const { return last; }

private:
  class Watch;
  mlir::LogicalResult runLevel(mlir::ModuleOp module, const LevelPasses &level);
  mlir::LogicalResult verifyLevel(mlir::ModuleOp module);

  const Compilation &compilation;
  mlir::MLIRContext *context;
  DiagnosticPrinter &printer;
  std::optional<PassRun> last;
  int numPasses = 0;
  int status = 0;
};

/// Runs `compilation` again up to `pass`, and writes the module before it into
/// `path`, in the form that `inlay-opt --run-reproducer` takes.
bool writeReproducer(const Compilation &compilation, const PassRun &pass,
                     const std::string &path, Diagnostics &diags);

/// Adds the error that Inlay itself failed: `what` happened in `pass`, or
/// without one before or behind the passes, as `what` then says. Leaves a
/// reproducer of the pass in `path`.
void reportInternal(const Compilation &compilation,
                    const std::optional<PassRun> &pass, const std::string &what,
                    const std::string &path, Diagnostics &diags);

} // namespace inlay

#endif // INLAY_COMPILER_LEVELRUNNER_H
