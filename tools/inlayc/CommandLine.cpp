//===- CommandLine.cpp - The options of inlayc ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace inlay;
namespace cl = llvm::cl;

namespace {

enum class EmbeddingPlace { Wafer, Host };

enum class PhaseChoice { Decode, Prefill, Both };

enum class EmitKind { Plan, Mlir, Report, Decisions };

/// The one list: `inlayc --help` prints it and docs/inlayc.md is made from
/// that.
struct Options {
  cl::OptionCategory input{"Input"};
  cl::OptionCategory machine{"Machine"};
  cl::OptionCategory mapping{"Mapping"};
  cl::OptionCategory output{"Output"};

  cl::opt<std::string> model{cl::Positional, cl::Required,
                             cl::desc("<model.onnx|config.json>"),
                             cl::cat(input)};
  cl::list<std::string> bind{
      "bind", cl::CommaSeparated, cl::value_desc("name=size,..."),
      cl::desc("Sizes of symbolic dims, e.g. batch_size=1"), cl::cat(input)};
  cl::opt<PhaseChoice> phase{
      "phase", cl::init(PhaseChoice::Decode), cl::desc("What a step does:"),
      cl::values(
          clEnumValN(PhaseChoice::Decode, "decode",
                     "one new token for each sequence (default)"),
          clEnumValN(PhaseChoice::Prefill, "prefill", "a chunk of a prompt"),
          clEnumValN(PhaseChoice::Both, "both",
                     "one plan for both, the weights stay in place; prefill is "
                     "that of the last chunk before the context is full")),
      cl::cat(input)};
  cl::opt<double> promptRatio{
      "prompt-ratio", cl::value_desc("ratio"),
      cl::desc("Tokens of prompts for each token of output, by which --phase "
               "both weighs its phases (default: 1)"),
      cl::cat(input)};
  cl::opt<int64_t> batch{"batch", cl::init(1), cl::value_desc("sequences"),
                         cl::desc("Sequences in a step (default: 1)"),
                         cl::cat(input)};
  cl::opt<int64_t> context{
      "context", cl::value_desc("tokens"),
      cl::desc("Tokens already in the KV state of each sequence (default: 8192 "
               "in decode, less where the model allows less; 0 in prefill)"),
      cl::cat(input)};
  cl::opt<int64_t> prefillChunk{
      "prefill-chunk", cl::value_desc("tokens"),
      cl::desc("New tokens of a prefill step (default: 128, or the most of 64, "
               "32, ... that fit)"),
      cl::cat(input)};

  cl::opt<std::string> kvType{
      "kv-type", cl::value_desc("type"),
      cl::desc("Type in which KV states are kept: f32, f16, bf16, f8E4M3FN or "
               "f8E5M2 (default: the model's)"),
      cl::cat(input)};

  cl::opt<EmbeddingPlace> embedding{
      "embedding", cl::init(EmbeddingPlace::Wafer),
      cl::desc("Where the table of the token embedding is:"),
      cl::values(clEnumValN(EmbeddingPlace::Wafer, "wafer",
                            "on the first wafer (default)"),
                 clEnumValN(EmbeddingPlace::Host, "host",
                            "left to the host, which sends rows of it")),
      cl::cat(input)};

  cl::opt<std::string> target{"target", cl::init("wse3"),
                              cl::value_desc("name|file.json"),
                              cl::desc("Device description: wse3 (default), "
                                       "wse2, wormhole, grid8x8, or a file"),
                              cl::cat(machine)};
  cl::opt<std::string> targetDir{
      "target-dir", cl::value_desc("folder"),
      cl::desc("Where named device descriptions are (default: those that came "
               "with the program)"),
      cl::cat(machine)};
  cl::opt<std::string> wafers{
      "wafers", cl::init("auto"), cl::value_desc("number|auto"),
      cl::desc("Wafers (default: auto, the fewest that hold whole layers, and "
               "more where each saves a thousandth of a step, or, with "
               "--objective=throughput, yields more; with "
               "--objective=wafers the fewest at all)"),
      cl::cat(machine)};
  cl::opt<int64_t> reserve{
      "reserve", cl::value_desc("bytes"),
      cl::desc("SRAM of each core kept for code, stack and runtime (default: "
               "the target's)"),
      cl::cat(machine)};
  cl::opt<double> crossingLatency{
      "crossing-latency", cl::value_desc("microseconds"),
      cl::desc("Latency from wafer to wafer (default: the target's)"),
      cl::cat(machine)};

  cl::opt<cost::Mode> cost{
      "cost", cl::init(cost::Mode::Ideal), cl::desc("What estimates count:"),
      cl::values(clEnumValN(cost::Mode::Ideal, "ideal",
                            "limits of the hardware only (default)"),
                 clEnumValN(cost::Mode::Calibrated, "calibrated",
                            "and what software was measured to cost")),
      cl::cat(machine)};

  cl::opt<partition::Objective> objective{
      "objective", cl::init(partition::Objective::Latency),
      cl::desc("What to minimise:"),
      cl::values(clEnumValN(partition::Objective::Latency, "latency",
                            "cycles of one step (default)"),
                 clEnumValN(partition::Objective::Throughput, "throughput",
                            "cycles of the slowest wafer"),
                 clEnumValN(partition::Objective::Wafers, "wafers",
                            "number of wafers")),
      cl::cat(mapping)};
  cl::opt<std::string> constraints{
      "constraints", cl::value_desc("file.json"),
      cl::desc("Where kernels must be and must not be (docs/constraints.md)"),
      cl::cat(mapping)};
  cl::opt<std::string> routing{
      "routing", cl::init("uniform"), cl::value_desc("uniform|zipf:S|file"),
      cl::desc("How tokens choose their experts: all equally likely (default), "
               "expert i as 1 / (i + 1)^S, or as often as in a trace "
               "(docs/routing-traces.md)"),
      cl::cat(mapping)};
  cl::opt<std::string> expertSlices{
      "expert-slices", cl::value_desc("numbers"),
      cl::desc(
          "Kernels that the experts of a layer become, or fewer where they "
          "cannot be cut into as many, each with "
          "a slice of all of them: equal ones, or in proportion to numbers "
          "with ':' between them (default: one; more where that helps "
          "around cores that are dead or kept free, of experts that fill half "
          "a wafer, or with an --effort above 100)"),
      cl::cat(mapping)};
  cl::opt<int64_t> sequencesInFlight{
      "sequences-in-flight", cl::value_desc("sequences"),
      cl::desc("Sequences that are on their way through the wafers at once, a "
               "multiple of --batch (default: those of one step); each has a "
               "KV state of its own"),
      cl::cat(mapping)};
  cl::opt<int64_t> effort{
      "effort", cl::init(100), cl::value_desc("percent"),
      cl::desc("How long to search, of what is usual (default: 100; 0: take "
               "regions and groups of experts as they are built, up to 10000); "
               "the same on every machine"),
      cl::cat(mapping)};
  cl::opt<int64_t> seed{
      "seed", cl::init(0), cl::value_desc("number"),
      cl::desc("Seed of what is drawn to place experts by a distribution or "
               "trace (default: 0)"),
      cl::cat(mapping)};
  cl::opt<bool> allowOverBudget{
      "allow-over-budget",
      cl::desc("Place a model that does not fit as if cores had more SRAM, and "
               "mark the plan as not feasible"),
      cl::cat(mapping)};
  cl::opt<unsigned> jobs{"jobs", cl::init(0), cl::value_desc("threads"),
                         cl::desc("Threads to map and verify with (default: "
                                  "one for each processor); the "
                                  "output is the same for every number"),
                         cl::cat(mapping)};

  cl::opt<std::string> outputDir{
      "o", cl::init("out"), cl::value_desc("folder"),
      cl::desc("Folder of the output files, made where it is missing (default: "
               "out)"),
      cl::cat(output)};
  cl::list<EmitKind> emit{
      "emit", cl::CommaSeparated, cl::desc("What to write, a list:"),
      cl::values(clEnumValN(EmitKind::Plan, "plan",
                            "plan.json, which a runtime loads (default)"),
                 clEnumValN(EmitKind::Mlir, "mlir",
                            "plan.mlirbc, the placed module as MLIR bytecode"),
                 clEnumValN(EmitKind::Report, "report",
                            "report.html, a picture of each wafer"),
                 clEnumValN(EmitKind::Decisions, "decisions",
                            "decisions.json, what --print-decisions shows")),
      cl::cat(output)};
  cl::opt<SummaryFormat> format{
      "format", cl::init(SummaryFormat::Text),
      cl::desc("Form of the summary on stdout:"),
      cl::values(clEnumValN(SummaryFormat::Text, "text", "a table (default)"),
                 clEnumValN(SummaryFormat::Json, "json", "one JSON object"),
                 clEnumValN(SummaryFormat::Csv, "csv",
                            "lines of a table, with --sweep")),
      cl::cat(output)};
  cl::opt<std::string> sweep{
      "sweep", cl::value_desc("key=value:value,..."),
      cl::desc("Print a table of estimates instead of writing a plan, over all "
               "combinations of clock (GHz), sram (bytes of a core), context "
               "and batch; status 2 where no point fits"),
      cl::cat(output)};
  cl::opt<bool> printDecisions{
      "print-decisions",
      cl::desc("After the summary show for the partition, its cuts, each wafer "
               "and each kernel what was considered, what it cost, and why the "
               "winner won"),
      cl::cat(output)};
  cl::opt<std::string> explain{
      "explain", cl::value_desc("kernel"),
      cl::desc("After the summary show the estimate of one kernel: its formula "
               "with the numbers filled in, its bound, and the gap by cause"),
      cl::cat(output)};
  cl::opt<std::string> dumpStages{
      "dump-stages", cl::value_desc("folder"),
      cl::desc("Write the IR of each level there, and that after each pass"),
      cl::cat(output)};
};

} // namespace

/// libLLVM brings thousands of options. None is part of this program, and some
/// have the names of ours. Those that print help and version stay.
static void removeForeignOptions() {
  llvm::SmallVector<cl::Option *> foreign;
  for (auto &entry : cl::getRegisteredOptions())
    if (entry.first != "help" && entry.first != "version")
      foreign.push_back(entry.second);
  for (cl::Option *option : foreign)
    option->removeArgument();
}

/// Ends the program as LLVM's command-line library does on wrong options.
[[noreturn]] static void fail(const llvm::Twine &message) {
  llvm::errs() << "inlayc: for the " << message << '\n';
  std::exit(1);
}

static std::optional<int64_t> parseWafers(const std::string &text) {
  int64_t wafers;
  if (text == "auto")
    return std::nullopt;
  if (llvm::StringRef(text).getAsInteger(10, wafers))
    fail("--wafers option: '" + text +
         "' value invalid, must be a number or "
         "auto!");
  return wafers;
}

template <typename T> static std::optional<T> given(const cl::opt<T> &option) {
  if (option.getNumOccurrences() == 0)
    return std::nullopt;
  return option.getValue();
}

/// An option that is there must say something.
static std::string textOf(const cl::opt<std::string> &option) {
  if (option.getNumOccurrences() > 0 && option.getValue().empty())
    fail("--" + option.ArgStr + " option: names nothing!");
  return option.getValue();
}

static Emit toEmit(const cl::list<EmitKind> &kinds) {
  if (kinds.empty())
    return {};
  return {llvm::is_contained(kinds, EmitKind::Plan),
          llvm::is_contained(kinds, EmitKind::Mlir),
          llvm::is_contained(kinds, EmitKind::Report),
          llvm::is_contained(kinds, EmitKind::Decisions)};
}

static CompileOptions toCompileOptions(const Options &parsed) {
  CompileOptions options;
  options.input = parsed.model;
  options.bindings.assign(parsed.bind.begin(), parsed.bind.end());
  options.phase = parsed.phase == PhaseChoice::Decode ? model::Phase::Decode
                                                      : model::Phase::Prefill;
  options.alsoDecode = parsed.phase == PhaseChoice::Both;
  options.promptRatio = given(parsed.promptRatio);
  options.batch = parsed.batch;
  options.context = given(parsed.context);
  options.prefillChunk = given(parsed.prefillChunk);
  options.kvType = textOf(parsed.kvType);
  options.embeddingOnHost = parsed.embedding == EmbeddingPlace::Host;
  options.target = textOf(parsed.target);
  options.targetDir = textOf(parsed.targetDir);
  options.wafers = parseWafers(parsed.wafers);
  options.reserve = given(parsed.reserve);
  options.crossingLatency = given(parsed.crossingLatency);
  options.cost = parsed.cost;
  options.objective = parsed.objective;
  options.constraints = textOf(parsed.constraints);
  options.routing = textOf(parsed.routing);
  options.expertSlices = textOf(parsed.expertSlices);
  options.sequencesInFlight = given(parsed.sequencesInFlight);
  options.effort = parsed.effort;
  options.seed = parsed.seed;
  options.allowOverBudget = parsed.allowOverBudget;
  options.jobs = parsed.jobs;
  options.outputDir = parsed.outputDir;
  options.emit = toEmit(parsed.emit);
  options.format = parsed.format;
  options.dumpStages = textOf(parsed.dumpStages);
  options.explain = given(parsed.explain);
  options.printDecisions = parsed.printDecisions;
  options.sweep = textOf(parsed.sweep);
  return options;
}

CompileOptions inlay::parseCommandLine(int argc, char **argv) {
  removeForeignOptions();
  static Options parsed;
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "Inlay " << INLAY_VERSION << " (LLVM " << INLAY_LLVM_VERSION << ")\n";
  });
  cl::ParseCommandLineOptions(
      argc, argv,
      "Inlay: maps Mixture-of-Experts language models onto wafer-scale grids "
      "of "
      "cores\n\n"
      "Results go to stdout, diagnostics to stderr. Exit status: 0 done, 1 a "
      "file or an\noption is wrong, 2 the model does not fit the machine, 3 "
      "internal error.\n");
  return toCompileOptions(parsed);
}
