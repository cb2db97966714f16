//===- CompileOptions.h - What a user may ask of the compiler ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one options struct. The command line of inlayc is a view of it; every
// field that a plan depends on is written into the plan.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_COMPILEOPTIONS_H
#define INLAY_COMPILER_COMPILEOPTIONS_H

#include "inlay/Cost/Rates.h"
#include "inlay/Model/Model.h"
#include "inlay/Partition/Partition.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inlay {

/// What `--emit` may name.
struct Emit {
  bool plan = true;
  bool mlir = false;
  bool report = false;
  bool decisions = false;
};

enum class SummaryFormat { Text, Json, Csv };

/// One axis of a what-if: "clock", "sram", "context" or "batch", and the values
/// to try.
struct SweepAxis {
  std::string name;
  std::vector<double> values;
};

struct CompileOptions {
  // Input.
  std::string input;                 ///< path of the .onnx file
  std::vector<std::string> bindings; ///< "name=value", symbolic dims
  model::Phase phase = model::Phase::Decode;
  /// The mapping serves decode too; `phase` is that of prefill.
  bool alsoDecode = false;
  /// Tokens of prompts for each token of output, by which the two are weighed;
  /// unset: 1.
  std::optional<double> promptRatio;
  int64_t batch = 1;                   ///< sequences
  std::optional<int64_t> context;      ///< tokens in the KV state; unset: the
                                       ///< default of `bind-dims`
  std::optional<int64_t> prefillChunk; ///< new tokens of a prefill; likewise

  std::string kvType; ///< of states, one of kvTypes(); empty: the model's

  bool embeddingOnHost = false; ///< which keeps the table and sends rows

  // Machine.
  std::string target = "wse3";   ///< name of a shipped target, or a file
  std::string targetDir;         ///< of named targets; empty: Inlay's own
  std::optional<int64_t> wafers; ///< unset: as few as possible
  std::optional<int64_t>
      reserve; ///< bytes of a core's SRAM; unset: the target's
  std::optional<double> crossingLatency; ///< microseconds; unset: the target's
  cost::Mode cost = cost::Mode::Ideal;   ///< what estimates count
  std::optional<double> clock;           ///< GHz; unset: the target's
  std::optional<int64_t> sram;           ///< bytes of a core; likewise

  // Mapping.
  partition::Objective objective = partition::Objective::Latency;
  std::string routing = "uniform"; ///< or "zipf:S", or the file of a trace
  std::string constraints; ///< a file (docs/constraints.md); empty: none
  /// Of each layer: "4", or shares of unequal ones, "5:3:2"; empty: what is
  /// best.
  std::string expertSlices;
  std::optional<int64_t> sequencesInFlight; ///< unset: those of one step
  int64_t effort = 100;         ///< per cent of the usual work of searches
  int64_t seed = 0;             ///< of random choices
  bool allowOverBudget = false; ///< place what does not fit all the same
  bool whatFits = true; ///< find out what would fit where the model does not

  // Output.
  std::string outputDir = "out";
  Emit emit;
  SummaryFormat format = SummaryFormat::Text;
  std::string sweep; ///< "clock=0.75:1.1,batch=1:8"; empty: one plan
  std::optional<std::string> explain; ///< kernel whose estimate is shown
  bool printDecisions = false;        ///< after the summary
  std::string dumpStages; ///< folder for numbered IR files; empty: none

  // Work.
  unsigned jobs = 0; ///< threads; 0: one for each core of this machine
};

/// Types in which states may be kept, in MLIR's spelling.
llvm::ArrayRef<llvm::StringRef> kvTypes();

/// Steps that are in flight at once.
inline int64_t stepsInFlight(const CompileOptions &options) {
  return options.sequencesInFlight.value_or(options.batch) / options.batch;
}

/// Checks what can be checked without the model, and that the target exists.
bool checkOptions(const CompileOptions &options, Diagnostics &diags);

/// Reads `text` of the form "key=value:value,key=value". Errors name the part
/// that is wrong.
std::vector<SweepAxis> parseSweep(const std::string &text, Diagnostics &diags);

/// `options` at every combination of the axes, the last axis fastest.
std::vector<CompileOptions> sweepPoints(const CompileOptions &options,
                                        const std::vector<SweepAxis> &axes);

/// The options that a plan depends on, "name=value", for the plan. No folder is
/// named.
std::vector<std::string> describeOptions(const CompileOptions &options);

} // namespace inlay

#endif // INLAY_COMPILER_COMPILEOPTIONS_H
