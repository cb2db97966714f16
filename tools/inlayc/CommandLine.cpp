//===- CommandLine.cpp - The options of inlayc ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace inlay;
namespace cl = llvm::cl;

namespace {

enum class EmitKind { Plan, Mlir, Report };

/// Local statics of `parseCommandLine`: constructed after libLLVM has
/// registered its own options, and hidden from nobody's --help but ours.
struct Options {
  cl::OptionCategory input{"Input"};
  cl::OptionCategory machine{"Machine"};
  cl::OptionCategory mapping{"Mapping"};
  cl::OptionCategory output{"Output"};

  cl::opt<std::string> model{cl::Positional, cl::Required,
                             cl::desc("<model.onnx>"), cl::cat(input)};
  cl::list<std::string> bind{
      "bind", cl::CommaSeparated, cl::value_desc("name=value,..."),
      cl::desc("Sizes of symbolic dims, e.g. batch_size=1"), cl::cat(input)};
  cl::opt<std::string> phase{"phase", cl::init("decode"),
                             cl::desc("What a step is (default: decode)"),
                             cl::value_desc("decode|prefill"), cl::cat(input)};
  cl::opt<int64_t> batch{"batch", cl::init(1), cl::value_desc("B"),
                         cl::desc("Sequences in a step (default: 1)"),
                         cl::cat(input)};
  cl::opt<int64_t> context{
      "context", cl::init(0), cl::value_desc("tokens"),
      cl::desc("Tokens already in each sequence's KV state (default: 8192, "
               "less where the model allows less)"),
      cl::cat(input)};
  cl::opt<int64_t> prefillChunk{
      "prefill-chunk", cl::init(128), cl::value_desc("tokens"),
      cl::desc("New tokens of a prefill step (default: 128)"), cl::cat(input)};

  cl::opt<std::string> target{
      "target", cl::init("wse3"), cl::value_desc("NAME|FILE"),
      cl::desc("Device description: wse3 (default), wse2, grid8x8 or a file"),
      cl::cat(machine)};
  cl::opt<std::string> targetDir{
      "target-dir", cl::value_desc("DIR"),
      cl::desc("Folder of the shipped device descriptions (default: beside "
               "the program)"),
      cl::cat(machine)};
  cl::opt<std::string> wafers{
      "wafers", cl::init("auto"), cl::value_desc("N|auto"),
      cl::desc("Number of wafers (default: auto, the fewest that fit)"),
      cl::cat(machine)};
  cl::opt<int64_t> reserve{
      "reserve", cl::init(-1), cl::value_desc("bytes"),
      cl::desc("SRAM of a core kept for code, stack and runtime (default: "
               "the target's)"),
      cl::cat(machine)};
  cl::opt<double> crossingLatency{
      "crossing-latency", cl::init(-1), cl::value_desc("us"),
      cl::desc("Latency from wafer to wafer in microseconds (default: the "
               "target's)"),
      cl::cat(machine)};
  cl::opt<std::string> cost{
      "cost", cl::init("ideal"), cl::value_desc("ideal|calibrated"),
      cl::desc("Hardware limits only, or with measured software costs "
               "(default: ideal)"),
      cl::cat(machine)};

  cl::opt<std::string> objective{
      "objective", cl::init("latency"),
      cl::value_desc("latency|throughput|wafers"),
      cl::desc("What to minimise (default: latency)"), cl::cat(mapping)};
  cl::opt<uint64_t> seed{"seed", cl::init(0), cl::value_desc("N"),
                         cl::desc("Seed of every random choice (default: 0)"),
                         cl::cat(mapping)};

  cl::opt<std::string> outputDir{
      "o", cl::init("out"), cl::value_desc("DIR"),
      cl::desc("Folder of the output files (default: out)"), cl::cat(output)};
  cl::list<EmitKind> emit{
      "emit", cl::CommaSeparated, cl::desc("What to write (default: plan)"),
      cl::values(
          clEnumValN(EmitKind::Plan, "plan", "plan.json"),
          clEnumValN(EmitKind::Mlir, "mlir", "plan.mlirbc, the same as IR"),
          clEnumValN(EmitKind::Report, "report",
                     "report.html, a picture of each wafer")),
      cl::cat(output)};
  cl::opt<SummaryFormat> format{
      "format", cl::init(SummaryFormat::Text),
      cl::desc("Form of the summary on stdout (default: text)"),
      cl::values(clEnumValN(SummaryFormat::Text, "text", "a table"),
                 clEnumValN(SummaryFormat::Json, "json", "one JSON object")),
      cl::cat(output)};
  cl::opt<std::string> dumpStages{
      "dump-stages", cl::value_desc("DIR"),
      cl::desc("Write the IR of each level and after each pass into DIR"),
      cl::cat(output)};
};

/// The shipped targets: in `share/inlay/targets` of an installation, in the
/// source tree of a build.
std::string defaultTargetDir(const char *argv0) {
  std::string program = llvm::sys::fs::getMainExecutable(
      argv0, reinterpret_cast<void *>(&defaultTargetDir));
  llvm::SmallString<256> installed(
      llvm::sys::path::parent_path(llvm::sys::path::parent_path(program)));
  llvm::sys::path::append(installed, "share", "inlay", "targets");
  if (llvm::sys::fs::is_directory(installed))
    return installed.str().str();
  return INLAY_TARGETS_DIR;
}

Emit toEmit(const cl::list<EmitKind> &kinds) {
  Emit emit;
  if (kinds.empty())
    return emit;
  emit.plan = llvm::is_contained(kinds, EmitKind::Plan);
  emit.mlir = llvm::is_contained(kinds, EmitKind::Mlir);
  emit.report = llvm::is_contained(kinds, EmitKind::Report);
  return emit;
}

CompileOptions toCompileOptions(const Options &parsed, const char *argv0) {
  CompileOptions options;
  options.input = parsed.model;
  options.bindings.assign(parsed.bind.begin(), parsed.bind.end());
  options.phase = parsed.phase;
  options.batch = parsed.batch;
  if (parsed.context.getNumOccurrences())
    options.context = parsed.context;
  options.prefillChunk = parsed.prefillChunk;
  options.target = parsed.target;
  options.targetDir = parsed.targetDir.empty() ? defaultTargetDir(argv0)
                                               : parsed.targetDir.getValue();
  options.wafers = parsed.wafers;
  if (parsed.reserve.getNumOccurrences())
    options.reserve = parsed.reserve;
  if (parsed.crossingLatency.getNumOccurrences())
    options.crossingLatency = parsed.crossingLatency;
  options.cost = parsed.cost;
  options.objective = parsed.objective;
  options.seed = parsed.seed;
  options.outputDir = parsed.outputDir;
  options.emit = toEmit(parsed.emit);
  options.format = parsed.format;
  options.dumpStages = parsed.dumpStages;
  return options;
}

} // namespace

CompileOptions inlay::parseCommandLine(int argc, char **argv) {
  static Options parsed;
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "inlayc " << INLAY_VERSION << " (LLVM " << INLAY_LLVM_VERSION
       << ")\n";
  });
  cl::HideUnrelatedOptions(
      {&parsed.input, &parsed.machine, &parsed.mapping, &parsed.output});
  cl::ParseCommandLineOptions(
      argc, argv,
      "Inlay: maps Mixture-of-Experts models onto wafer-scale grids of "
      "cores\n\n"
      "Exit status: 0 done, 1 bad input or option, 2 the model does not fit, "
      "3 internal error.\n");
  return toCompileOptions(parsed, argv[0]);
}
