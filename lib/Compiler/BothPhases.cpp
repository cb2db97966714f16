//===- BothPhases.cpp - One placement for prefill and decode --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BothPhases.h"

#include "dialects/Dataflow/IR/Dataflow.h"
#include "dialects/Onnx/Transforms/StepDims.h"
#include "inlay/Compiler/ImportInput.h"
#include "inlay/Compiler/Pipeline.h"
#include "inlay/Compiler/SerialContext.h"
#include "inlay/Compiler/StepPasses.h"

#include "mlir/Bytecode/BytecodeWriter.h"

#include "fmt/format.h"

using namespace inlay;
using namespace mlir;

namespace {

/// What decode leaves for prefill.
struct Decode {
  std::string bytecode; ///< of a module with its graph
  int64_t context = 0;
};

} // namespace

/// Takes decode up to the level of dataflow, in a context of its own.
static int compileDecode(const CompileOptions &options, CompileStreams streams,
                         Decode &decode) {
  CompileOptions own = options;
  own.phase = model::Phase::Decode;
  own.alsoDecode = false;
  own.prefillChunk.reset();
  std::vector<LevelPasses> levels = allLevels(own);
  levels.pop_back(); // wafer
  Compilation compilation{
      [&](MLIRContext *context) { return importInput(own.input, context); },
      levels};
  SerialContext context;
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, streams.err);
  printer.setPath(own.input);
  LevelRunner runner(compilation, &context, printer);
  OwningOpRef<ModuleOp> module = runner.run();
  if (!module)
    return runner.exitStatus();
  for (auto graph : module->getOps<dataflow::GraphOp>())
    decode.context = static_cast<int64_t>(graph.getContext());
  llvm::raw_string_ostream os(decode.bytecode);
  // Fails only when an older version of the format is asked for.
  (void)writeBytecodeToFile(*module, os);
  return 0;
}

int inlay::levelsOfBothPhases(const CompileOptions &options,
                              CompileStreams streams,
                              std::vector<LevelPasses> &levels) {
  Decode decode;
  if (int status = compileDecode(options, streams, decode))
    return status;
  int64_t room = decode.context + 1;
  int64_t chunk = options.prefillChunk.value_or(
      std::min(onnx::StepDims::defaultPrefillChunk, room));
  if (chunk > room) {
    Diagnostics diags;
    diags
        .inputError("option --prefill-chunk",
                    fmt::format("must be at most {}, the tokens of a sequence "
                                "after a step of decode, got {}",
                                room, chunk))
        .notes.push_back("both phases have the same states");
    diags.print(streams.err);
    return diags.exitStatus();
  }
  CompileOptions prefill = options;
  prefill.phase = model::Phase::Prefill;
  prefill.prefillChunk = chunk;
  prefill.context = room - chunk;
  double firings = double(chunk) / options.promptRatio.value_or(1);
  levels = allLevels(prefill);
  auto placement = levels.back().add;
  levels.back().add = [=](OpPassManager &pm) {
    pm.addPass(createAddDecode(decode.bytecode, firings));
    placement(pm);
  };
  return 0;
}
