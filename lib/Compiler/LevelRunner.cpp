//===- LevelRunner.cpp - Runs the levels of a compilation -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/LevelRunner.h"

#include "inlay/Compiler/SerialContext.h"
#include "inlay/Support/OutputFile.h"

#include "mlir/IR/Action.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace inlay;
using namespace mlir;

/// Follows the passes, for the reproducer and for `onPass`.
class LevelRunner::Watch : public PassInstrumentation {
public:
  explicit Watch(LevelRunner &runner) : runner(runner) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    // Pipelines around passes count as passes in MLIR.
    if (pass->getArgument().empty())
      return;
    std::string pipeline;
    llvm::raw_string_ostream os(pipeline);
    pass->printAsTextualPipeline(os);
    Operation *module = op;
    for (; op; op = op->getParentOp()) {
      pipeline = (op->getName().getStringRef() + "(" + pipeline + ")").str();
      module = op;
    }
    runner.last = {runner.numPasses++, pass->getArgument().str(), pipeline};
    if (runner.onPass)
      runner.onPass(*runner.last, module);
  }

private:
  LevelRunner &runner;
};

LevelRunner::LevelRunner(const Compilation &compilation, MLIRContext *context,
                         DiagnosticPrinter &printer)
    : compilation(compilation), context(context), printer(printer) {
  // What is reported inside of a pass comes from the pass. What is reported
  // after it comes from MLIR's verifier, and is about what the pass made.
  context->registerActionHandler(
      [this](llvm::function_ref<void()> run, const tracing::Action &action) {
        auto *execution = dyn_cast<PassExecutionAction>(&action);
        if (!execution)
          return run();
        StringRef name = execution->getPass().getArgument();
        bool checksInlay = name.starts_with("verify-") && name != "verify-onnx";
        this->printer.setInternal(checksInlay);
        run();
        this->printer.setInternal(true);
      });
}

LevelRunner::~LevelRunner() { context->registerActionHandler(nullptr); }

/// The pass behind which the module is first not valid, by another run.
static std::optional<PassRun> findBreach(const Compilation &compilation) {
  SerialContext context;
  // It has been reported already.
  llvm::raw_null_ostream nowhere;
  DiagnosticPrinter printer(&context, nowhere);
  LevelRunner runner(compilation, &context, printer);
  runner.verifiesEach = true;
  (void)runner.run();
  return runner.lastPass();
}

LogicalResult LevelRunner::verifyLevel(ModuleOp module) {
  printer.setInternal(true);
  if (succeeded(verify(module)))
    return success();
  if (std::optional<PassRun> breach = findBreach(compilation))
    last = std::move(breach);
  return failure();
}

LogicalResult LevelRunner::runLevel(ModuleOp module, const LevelPasses &level) {
  if (onLevel)
    onLevel(level.level);
  PassManager pm(context);
  pm.enableVerifier(verifiesEach);
  level.add(pm);
  pm.addInstrumentation(std::make_unique<Watch>(*this));
  if (dump)
    dump->attach(pm, level.level);
  LogicalResult result = pm.run(module);
  if (succeeded(result) && !verifiesEach)
    result = verifyLevel(module);
  printer.setInternal(false);
  if (failed(result)) {
    status = printer.exitStatus();
    // Failed without a word.
    if (status == 0)
      status = static_cast<int>(FaultKind::Internal);
    return failure();
  }
  if (dump && failed(dump->writeLevel(module, level.level))) {
    status = static_cast<int>(FaultKind::Input);
    return failure();
  }
  return success();
}

OwningOpRef<ModuleOp> LevelRunner::run() {
  OwningOpRef<ModuleOp> module = compilation.import(context);
  if (!module) {
    status = std::max(printer.exitStatus(), static_cast<int>(FaultKind::Input));
    return nullptr;
  }
  for (const LevelPasses &level : compilation.levels)
    if (failed(runLevel(*module, level)))
      return nullptr;
  last.reset();
  return module;
}

//===----------------------------------------------------------------------===//
// Reproducers
//===----------------------------------------------------------------------===//

static std::string printReproducer(Operation *op, const std::string &pipeline) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo();
  AsmState state(op, flags);
  state.attachResourcePrinter("mlir_reproducer",
                              [&](Operation *, AsmResourceBuilder &builder) {
                                builder.buildString("pipeline", pipeline);
                                builder.buildBool("disable_threading", true);
                                builder.buildBool("verify_each", true);
                              });
  op->print(os, state);
  os << '\n';
  return text;
}

bool inlay::writeReproducer(const Compilation &compilation, const PassRun &pass,
                            const std::string &path, Diagnostics &diags) {
  std::string text;
  auto runAgain = [&] {
    SerialContext context;
    // It has been reported already.
    llvm::raw_null_ostream nowhere;
    DiagnosticPrinter printer(&context, nowhere);
    LevelRunner runner(compilation, &context, printer);
    runner.onPass = [&](const PassRun &run, Operation *op) {
      if (run.index == pass.index)
        text = printReproducer(op, run.pipeline);
    };
    (void)runner.run();
  };
  // A pass that crashed will crash again.
  llvm::CrashRecoveryContext().RunSafely(runAgain);
  if (!text.empty())
    return writeFile(path, text, diags);
  diags.internalError("", "pass '" + pass.name +
                              "' was not reached again, so there is no "
                              "reproducer");
  return false;
}

void inlay::reportInternal(const Compilation &compilation,
                           const std::optional<PassRun> &pass,
                           const std::string &what, const std::string &path,
                           Diagnostics &diags) {
  std::vector<std::string> notes;
  if (pass) {
    Diagnostics failures;
    if (writeReproducer(compilation, *pass, path, failures))
      notes.push_back("the module before that pass is in '" + path +
                      "'; inlay-opt --run-reproducer runs the pass on it");
    for (const inlay::Diagnostic &failure : failures.all())
      notes.push_back(failure.message);
  }
  notes.push_back(pass ? "please report it, with the command and that file"
                       : "please report it, with the command and the model");
  diags
      .internalError("internal error",
                     (pass ? "pass '" + pass->name + "' " : "") + what +
                         "; this is a fault of Inlay")
      .notes = std::move(notes);
}
