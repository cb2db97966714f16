//===- CompileOptions.cpp - What a user may ask of the compiler -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/CompileOptions.h"

#include "dialects/Wafer/Transforms/SliceShares.h"
#include "inlay/Cost/Routing.h"
#include "inlay/Target/Target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include "fmt/format.h"

#include <cmath>

using namespace inlay;

static void checkAtLeast(llvm::StringRef option, int64_t least, int64_t value,
                         Diagnostics &diags) {
  if (value < least)
    diags.inputError(fmt::format("option --{}", option.str()),
                     fmt::format("must be at least {}, got {}", least, value));
}

static void checkAtMost(llvm::StringRef option, int64_t most, int64_t value,
                        Diagnostics &diags) {
  if (value > most)
    diags.inputError(fmt::format("option --{}", option.str()),
                     fmt::format("must be at most {}, got {}", most, value));
}

llvm::ArrayRef<llvm::StringRef> inlay::kvTypes() {
  static constexpr llvm::StringRef kTypes[] = {"f32", "f16", "bf16", "f8E4M3FN",
                                               "f8E5M2"};
  return kTypes;
}

static void checkTarget(const CompileOptions &options, Diagnostics &diags) {
  std::optional<target::Target> target =
      target::find(options.target, options.targetDir, diags);
  if (target)
    target::apply(
        {options.reserve, options.crossingLatency, options.clock, options.sram},
        *target, diags);
  if (target && options.cost == cost::Mode::Calibrated &&
      target->primitives.empty()) {
    diags.setFile("");
    diags
        .inputError("option --cost", "target '" + target->name +
                                         "' has no measured costs of software")
        .notes.push_back("use --cost ideal, or a target with primitives");
  }
  diags.setFile("");
}

/// Says before the work what would fail after it.
static void checkFolder(llvm::StringRef option, const std::string &path,
                        Diagnostics &diags) {
  if (llvm::sys::fs::exists(path) && !llvm::sys::fs::is_directory(path))
    diags
        .inputError(fmt::format("option {}", option.str()),
                    fmt::format("'{}' is a file, not a folder", path))
        .notes.push_back("name a folder; it is made where it is missing");
}

bool inlay::checkOptions(const CompileOptions &options, Diagnostics &diags) {
  checkAtLeast("batch", 1, options.batch, diags);
  checkAtLeast("context", 0, options.context.value_or(0), diags);
  checkAtLeast("prefill-chunk", 1, options.prefillChunk.value_or(1), diags);
  checkAtLeast("wafers", 1, options.wafers.value_or(1), diags);
  if (!options.expertSlices.empty() &&
      !wafer::parseShares(options.expertSlices))
    diags.inputError("option --expert-slices",
                     fmt::format("must be a number of at least 1, or several "
                                 "with ':' between them, got '{}'",
                                 options.expertSlices));
  if (!options.kvType.empty() && !llvm::is_contained(kvTypes(), options.kvType))
    diags.inputError("option --kv-type",
                     fmt::format("must be {}, got '{}'",
                                 llvm::join(kvTypes(), " or "),
                                 options.kvType));
  checkAtLeast("effort", 0, options.effort, diags);
  checkAtMost("effort", 10000, options.effort, diags);
  checkAtLeast("seed", 0, options.seed, diags);
  if (int64_t sequences = options.sequencesInFlight.value_or(options.batch);
      options.batch >= 1 && (sequences < 1 || sequences % options.batch != 0))
    diags
        .inputError("option --sequences-in-flight",
                    fmt::format("must be a multiple of the {} sequence{} of a "
                                "step, got {}",
                                options.batch, options.batch == 1 ? "" : "s",
                                sequences))
        .notes.push_back("each step in flight has --batch sequences");
  if (options.promptRatio && !options.alsoDecode)
    diags.inputError("option --prompt-ratio", "means nothing in one phase")
        .notes.push_back("add --phase both");
  if (double ratio = options.promptRatio.value_or(1);
      !(ratio > 0 && std::isfinite(ratio)))
    diags.inputError("option --prompt-ratio",
                     fmt::format("must be above 0, got {:g}", ratio));
  if (options.prefillChunk && options.phase == model::Phase::Decode)
    diags.inputError("option --prefill-chunk", "means nothing in decode")
        .notes.push_back("add --phase prefill");
  if (options.outputDir.empty())
    diags.inputError("option -o", "must name a folder");
  checkFolder("-o", options.outputDir, diags);
  checkFolder("--dump-stages", options.dumpStages, diags);
  if (options.explain && options.format == SummaryFormat::Json)
    diags
        .inputError("option --explain",
                    "is text; it cannot go with --format json")
        .notes.push_back("leave --format out");
  if (options.explain && options.explain->empty())
    diags.inputError("option --explain", "names no kernel")
        .notes.push_back("the table of --emit report has the names");
  if (options.printDecisions && options.format == SummaryFormat::Json)
    diags
        .inputError("option --print-decisions",
                    "is text; it cannot go with --format json")
        .notes.push_back("write them with --emit decisions");
  if (options.explain && !options.sweep.empty())
    diags.inputError("option --explain", "is of one plan; it cannot go with "
                                         "--sweep");
  if (options.printDecisions && !options.sweep.empty())
    diags.inputError("option --print-decisions",
                     "is of one plan; it cannot go with --sweep");
  if (options.sweep.empty() && options.format == SummaryFormat::Csv)
    diags.inputError("option --format", "csv is the form of a --sweep");
  parseSweep(options.sweep, diags);
  // A trace is read where it is used.
  if (!llvm::sys::fs::is_regular_file(options.routing))
    cost::parseRouting(options.routing, diags);
  checkTarget(options, diags);
  return !diags.hasErrors();
}

static const char *nameOf(partition::Objective objective) {
  switch (objective) {
  case partition::Objective::Latency:
    return "latency";
  case partition::Objective::Throughput:
    return "throughput";
  case partition::Objective::Wafers:
    return "wafers";
  }
  return "";
}

std::vector<std::string> inlay::describeOptions(const CompileOptions &options) {
  std::vector<std::string> list;
  auto add = [&](const char *name, const auto &value) {
    list.push_back(fmt::format("{}={}", name, value));
  };
  for (const std::string &binding : options.bindings)
    add("bind", binding);
  add("phase", options.alsoDecode                      ? "both"
               : options.phase == model::Phase::Decode ? "decode"
                                                       : "prefill");
  if (options.promptRatio)
    add("prompt-ratio", *options.promptRatio);
  add("batch", options.batch);
  if (options.context)
    add("context", *options.context);
  if (!options.kvType.empty())
    add("kv-type", options.kvType);
  if (options.embeddingOnHost)
    add("embedding", "host");
  if (options.prefillChunk)
    add("prefill-chunk", *options.prefillChunk);
  add("target", llvm::sys::path::filename(options.target).str());
  add("wafers", options.wafers ? std::to_string(*options.wafers) : "auto");
  if (options.reserve)
    add("reserve", *options.reserve);
  if (options.clock)
    add("clock", *options.clock);
  if (options.sram)
    add("sram", *options.sram);
  if (options.crossingLatency)
    add("crossing-latency", *options.crossingLatency);
  add("cost", cost::toString(options.cost));
  add("objective", nameOf(options.objective));
  if (options.routing != "uniform")
    add("routing", llvm::sys::path::filename(options.routing).str());
  if (!options.constraints.empty())
    add("constraints", llvm::sys::path::filename(options.constraints).str());
  if (!options.expertSlices.empty())
    add("expert-slices", options.expertSlices);
  if (options.sequencesInFlight)
    add("sequences-in-flight", *options.sequencesInFlight);
  if (options.effort != CompileOptions().effort)
    add("effort", options.effort);
  if (options.allowOverBudget)
    add("allow-over-budget", true);
  return list;
}
