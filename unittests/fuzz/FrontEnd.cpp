//===- FrontEnd.cpp - What the fuzzers run --------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FrontEnd.h"

#include "dialects/Onnx/Import/ImportOnnx.h"
#include "dialects/Onnx/Transforms/Shapes/Inference.h"
#include "inlay/Compiler/LevelRunner.h"
#include "inlay/Compiler/Pipeline.h"
#include "inlay/Compiler/SerialContext.h"
#include "inlay/InitAll.h"
#include "inlay/ModelGen/ModelGen.h"
#include "inlay/Plan/Plan.h"
#include "inlay/Support/Diagnostic.h"
#include "inlay/Target/Target.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

#include <cstdlib>

using namespace inlay;
using namespace inlay::fuzz;
using llvm::StringRef;

[[noreturn]] static void reportFault(StringRef what, StringRef detail) {
  llvm::errs() << "fault of Inlay: " << what << '\n' << detail;
  llvm::errs().flush();
  std::abort();
}

Outcome fuzz::runOnnx(StringRef bytes) {
  Outcome outcome;
  llvm::raw_string_ostream os(outcome.diagnostics);
  SerialContext context;
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, os);
  auto import = [&](mlir::MLIRContext *) {
    inlay::Diagnostics diags;
    auto module =
        onnx::importOnnxBuffer(llvm::MemoryBufferRef(bytes, "model.onnx"),
                               std::nullopt, &context, diags);
    onnx::emitFindings(diags, &context);
    if (module && failed(mlir::verify(*module)))
      reportFault("the import made IR that does not verify",
                  outcome.diagnostics);
    return module;
  };
  std::vector<LevelPasses> levels = allLevels(CompileOptions());
  levels.pop_back(); // the wafer level
  Compilation compilation{import, levels};
  LevelRunner runner(compilation, &context, printer);
  runner.onLevel = [&](const Level &level) { outcome.level = level.number; };
  bool done = static_cast<bool>(runner.run());
  if (runner.exitStatus() == static_cast<int>(FaultKind::Internal))
    reportFault(runner.lastPass() ? "pass " + runner.lastPass()->name
                                  : "the import",
                outcome.diagnostics);
  if (!done && outcome.diagnostics.empty())
    reportFault("failed without a word", "");
  if (done)
    ++outcome.level;
  return outcome;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

/// Generates what the config describes, with the counts that make a model long
/// cut down: what is left to go wrong is in the widths. One encoding of one
/// text in eight goes all the way: that takes a hundred times as long as the
/// rest.
static void runConfig(StringRef text) {
  uint64_t hash = llvm::xxh3_64bits(text);
  Diagnostics diags;
  modelgen::SpecOverrides overrides;
  overrides.layers = 2;
  overrides.experts = 4;
  overrides.expertsPerToken = 2;
  std::optional<modelgen::ModelSpec> spec =
      modelgen::readConfig(text, diags, overrides);
  if (!spec) {
    // Those counts may be what did not fit.
    if (!modelgen::readConfig(text, diags) && !diags.hasErrors())
      reportFault("a config was refused without a word", "");
    return;
  }
  for (auto encoding :
       {modelgen::Encoding::Contrib, modelgen::Encoding::Stacked,
        modelgen::Encoding::Unrolled}) {
    modelgen::GenerateOptions options;
    options.encoding = encoding;
    Diagnostics findings;
    auto model = modelgen::generateModel(*spec, options, findings);
    if (!model) {
      if (!findings.hasErrors())
        reportFault("a model was not generated, without a word", "");
      continue;
    }
    if (hash % 8 != 0 || hash / 8 % 3 != static_cast<uint64_t>(encoding))
      continue;
    Outcome outcome = runOnnx(model->model);
    // What Inlay writes, it must be able to read.
    if (outcome.level == 0)
      reportFault("a generated model does not import", outcome.diagnostics);
  }
}

void fuzz::runJson(StringRef text) {
  Diagnostics targetDiags, planDiags;
  if (!target::parse(text, targetDiags) && !targetDiags.hasErrors())
    reportFault("a target was refused without a word", "");
  if (auto plan = plan::fromJson(text.str(), planDiags)) {
    std::string written = plan::toJson(*plan);
    Diagnostics again;
    auto copy = plan::fromJson(written, again);
    if (!copy || plan::toJson(*copy) != written)
      reportFault("a plan does not read back as it was written", written);
  } else if (!planDiags.hasErrors()) {
    reportFault("a plan was refused without a word", "");
  }
  runConfig(text);
}

//===----------------------------------------------------------------------===//
// MLIR
//===----------------------------------------------------------------------===//

static std::string print(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  mlir::OpPrintingFlags flags;
  flags.enableDebugInfo();
  module.print(os, flags);
  return text;
}

static std::string writeBytecode(mlir::ModuleOp module) {
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  if (failed(mlir::writeBytecodeToFile(module, os)))
    reportFault("bytecode cannot be written", print(module));
  return bytes;
}

void fuzz::runMlir(StringRef text) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  SerialContext context(registry);
  std::string diagnostics;
  llvm::raw_string_ostream os(diagnostics);
  DiagnosticPrinter printer(&context, os);
  mlir::ParserConfig config(&context);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, config, "fuzz");
  if (!module)
    return;
  std::string printed = print(*module);
  auto again = mlir::parseSourceString<mlir::ModuleOp>(printed, config, "fuzz");
  if (!again)
    reportFault("printed IR does not parse", printed + diagnostics);
  if (print(*again) != printed)
    reportFault("printed IR parses to something else", printed + print(*again));
  auto binary = mlir::parseSourceString<mlir::ModuleOp>(writeBytecode(*module),
                                                        config, "fuzz");
  if (!binary)
    reportFault("bytecode does not parse", printed + diagnostics);
  if (print(*binary) != printed)
    reportFault("bytecode parses to something else", printed + print(*binary));
}

std::vector<std::string> fuzz::getOperators() {
  std::vector<std::string> names;
  for (const auto &entry : onnx::getInferTable())
    names.push_back(entry.getKey().str());
  llvm::sort(names);
  return names;
}
