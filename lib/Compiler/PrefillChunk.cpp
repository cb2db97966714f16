//===- PrefillChunk.cpp - A chunk of a prompt that fits -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PrefillChunk.h"

#include "dialects/Onnx/Transforms/StepDims.h"
#include "inlay/Support/Diagnostic.h"

#include "llvm/Support/raw_ostream.h"

#include "fmt/format.h"

#include <string>

using namespace inlay;

static constexpr int kDone = 0;
static constexpr int kTooLarge = static_cast<int>(FaultKind::Capacity);

static void reportChunk(const CompileOptions &options, int64_t chunk,
                        llvm::raw_ostream &os) {
  Diagnostics diags;
  diags.setFile(options.input);
  diags
      .warning(
          "prefill",
          fmt::format("the usual chunk does not fit; the step has {} tokens",
                      chunk))
      .notes.push_back("--prefill-chunk gives their number, and what it takes "
                       "for more to fit is said there");
  diags.print(os);
}

int inlay::compileWithChunk(
    const CompileOptions &options, CompileStreams streams,
    llvm::function_ref<int(const CompileOptions &, CompileStreams)> run) {
  bool hasPrefill =
      options.phase == model::Phase::Prefill || options.alsoDecode;
  if (!hasPrefill || options.prefillChunk || options.allowOverBudget)
    return run(options, streams);
  // What would fit is asked for where nothing else does.
  std::string said;
  llvm::raw_string_ostream os(said);
  CompileStreams quiet{streams.out, os, streams.showProgress};
  CompileOptions trial = options;
  trial.whatFits = false;
  int status = run(trial, quiet);
  if (status != kTooLarge) {
    streams.err << said;
    return status;
  }
  constexpr int64_t kUsual = onnx::StepDims::defaultPrefillChunk;
  for (int64_t chunk = kUsual / 2; chunk > 0; chunk /= 2) {
    said.clear();
    trial.prefillChunk = chunk;
    status = run(trial, quiet);
    // A sequence that is shorter has no such chunk, and a model whose tokens
    // are fixed no other.
    if (status != kDone)
      continue;
    reportChunk(options, chunk, streams.err);
    streams.err << said;
    return kDone;
  }
  return run(options, streams);
}
