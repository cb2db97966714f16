//===- Compiler.cpp - From an ONNX file to a placement plan ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/Compiler.h"

#include "BothPhases.h"
#include "PrefillChunk.h"

#include "dialects/Wafer/Transforms/CollectDecisions.h"
#include "dialects/Wafer/Transforms/Explain.h"
#include "dialects/Wafer/Translation/ToPlan.h"
#include "inlay/Compiler/ImportInput.h"
#include "inlay/Compiler/LevelRunner.h"
#include "inlay/Compiler/Pipeline.h"
#include "inlay/Compiler/SerialContext.h"
#include "inlay/Compiler/Sweep.h"
#include "inlay/Report/Report.h"
#include "inlay/Support/Digest.h"
#include "inlay/Support/OutputFile.h"
#include "inlay/Support/Parallel.h"
#include "inlay/Support/SealedBytecode.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"

#include <mutex>

using namespace inlay;
using namespace mlir;

static constexpr const char *kProducer = "inlayc " INLAY_VERSION;
static constexpr int kInternal = static_cast<int>(FaultKind::Internal);

namespace {

/// One run, from file to files.
class Job {
public:
  Job(const CompileOptions &options, CompileStreams streams);

  int run();
  /// Makes the plan only; the exit status, without a plan unless it is 0.
  int map(std::optional<plan::Plan> &plan);
  /// Says that Inlay crashed, and leaves a reproducer of the pass that did.
  void reportCrash();

private:
  void startLevel(const Level &level);
  void reportInternal(const std::string &what);
  FailureOr<plan::Plan> makePlan(ModuleOp module);
  std::vector<NewFile> render(ModuleOp module, const plan::Plan &plan);
  void printSummary(const plan::Plan &plan, const std::vector<NewFile> &files);
  std::string pathOf(llvm::StringRef name) const;
  int print(const Diagnostics &diags) {
    diags.print(streams.err);
    return diags.exitStatus();
  }

  const CompileOptions &options;
  CompileStreams streams;
  Compilation compilation;
  std::unique_ptr<llvm::DefaultThreadPool> threads;
  std::optional<Workers> workers;
  SerialContext context;
  DiagnosticPrinter printer;
  StageDump dump;
  LevelRunner runner;
  OwningOpRef<ModuleOp> module;
  const char *step = "the import"; ///< outside of the passes
};

} // namespace

Job::Job(const CompileOptions &options, CompileStreams streams)
    : options(options), streams(streams),
      compilation{[this](MLIRContext *context) {
                    return importInput(this->options.input, context);
                  },
                  allLevels(options)},
      printer(&context, streams.err), dump(options.dumpStages),
      runner(compilation, &context, printer) {
  context.printOpOnDiagnostic(false);
  printer.setPath(options.input);
  runner.dump = &dump;
  runner.onLevel = [this](const Level &level) { startLevel(level); };
}

/// Mapping has work for many threads; what comes before has none, and is faster
/// in a context for one.
void Job::startLevel(const Level &level) {
  if (level.name == "wafer" && options.jobs != 1) {
    threads = std::make_unique<llvm::DefaultThreadPool>(
        llvm::hardware_concurrency(options.jobs));
    context.setThreadPool(*threads);
    workers.emplace(*threads);
  }
  if (streams.showProgress)
    streams.err << "[" << level.number << "/" << compilation.levels.size()
                << "] " << level.name << "\n";
}

std::string Job::pathOf(llvm::StringRef name) const {
  llvm::SmallString<128> path(options.outputDir);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

FailureOr<plan::Plan> Job::makePlan(ModuleOp module) {
  Diagnostics diags;
  std::optional<std::string> digest = sha256OfFile(options.input, diags);
  if (!digest) {
    print(diags);
    return failure();
  }
  wafer::PlanContext facts;
  facts.producer = kProducer;
  facts.model = llvm::sys::path::filename(options.input).str();
  facts.digests.push_back({facts.model, *digest});
  facts.options = describeOptions(options);
  printer.setInternal(true);
  return wafer::toPlan(module, facts);
}

std::vector<NewFile> Job::render(ModuleOp module, const plan::Plan &plan) {
  std::vector<NewFile> files;
  if (options.emit.plan)
    files.push_back({pathOf("plan.json"), plan::toJson(plan)});
  if (options.emit.mlir) {
    std::string bytes;
    llvm::raw_string_ostream os(bytes);
    // Fails only when an older version of the format is asked for.
    (void)writeBytecodeToFile(
        module, os, BytecodeWriterConfig(sealableProducer(kProducer)));
    sealBytecode(bytes);
    files.push_back({pathOf("plan.mlirbc"), std::move(bytes)});
  }
  if (options.emit.report)
    files.push_back({pathOf("report.html"), report::html(plan)});
  return files;
}

void Job::printSummary(const plan::Plan &plan,
                       const std::vector<NewFile> &files) {
  std::vector<std::string> paths;
  for (const NewFile &file : files)
    paths.push_back(file.path);
  if (options.format == SummaryFormat::Json) {
    streams.out << report::summaryJson(plan, paths);
    return;
  }
  streams.out << report::summary(plan);
  for (const std::string &path : paths)
    streams.out << "written  " << path << '\n';
}

int Job::map(std::optional<plan::Plan> &plan) {
  if (options.alsoDecode)
    if (int status = levelsOfBothPhases(options, streams, compilation.levels))
      return status;
  module = runner.run();
  if (!module) {
    if (runner.exitStatus() == kInternal)
      reportInternal("failed");
    return runner.exitStatus();
  }
  step = "making the plan";
  FailureOr<plan::Plan> made = makePlan(*module);
  if (failed(made)) {
    int status = std::max(printer.exitStatus(), 1);
    if (status == kInternal)
      reportInternal("the passes left a module that no plan can be made of");
    return status;
  }
  plan = std::move(*made);
  return 0;
}

int Job::run() {
  Diagnostics diags;
  if (!checkOptions(options, diags))
    return print(diags);
  std::optional<plan::Plan> plan;
  if (int status = map(plan))
    return status;
  std::vector<NewFile> files = render(*module, *plan);
  std::string explanation;
  llvm::raw_string_ostream os(explanation);
  if (options.printDecisions || options.emit.decisions) {
    FailureOr<mapping::Decisions> decisions = wafer::collectDecisions(*module);
    if (failed(decisions))
      return std::max(printer.exitStatus(), 1);
    if (options.printDecisions)
      os << mapping::toText(*decisions);
    if (options.emit.decisions)
      files.push_back({pathOf("decisions.json"), mapping::toJson(*decisions)});
  }
  diags.setFile(options.input);
  if (options.explain &&
      !wafer::explainKernel(*module, *options.explain, os, diags))
    return print(diags);
  diags.setFile("");
  if (!writeFiles(files, diags))
    return print(diags);
  printSummary(*plan, files);
  streams.out << explanation;
  return 0;
}

void Job::reportCrash() {
  reportInternal(runner.lastPass() ? "crashed"
                                   : std::string(step) + " crashed");
}

void Job::reportInternal(const std::string &what) {
  Diagnostics diags;
  inlay::reportInternal(compilation, runner.lastPass(), what,
                        pathOf("reproducer.mlir"), diags);
  print(diags);
}

namespace {

/// Catches the signals of crashes for as long as a job runs. Handlers belong to
/// the process, which may be that of someone else and have several jobs: the
/// first brings them, the last puts back what was there before.
class CrashHandlers {
public:
  CrashHandlers() {
    std::lock_guard<std::mutex> lock(mutex);
    if (users++ == 0)
      llvm::CrashRecoveryContext::Enable();
  }
  ~CrashHandlers() {
    std::lock_guard<std::mutex> lock(mutex);
    if (--users == 0)
      llvm::CrashRecoveryContext::Disable();
  }
  CrashHandlers(const CrashHandlers &) = delete;
  CrashHandlers &operator=(const CrashHandlers &) = delete;

private:
  static std::mutex mutex;
  static int users;
};

std::mutex CrashHandlers::mutex;
int CrashHandlers::users = 0;

} // namespace

/// Runs `work` on a new job, and reports where that crashes.
static int runSafely(const CompileOptions &options, CompileStreams streams,
                     llvm::function_ref<int(Job &)> work) {
  // Destroying what a crash left half-made may crash again, so that it leaks.
  auto *job = new Job(options, streams);
  int status = kInternal;
  CrashHandlers handlers;
  bool survived =
      llvm::CrashRecoveryContext().RunSafely([&] { status = work(*job); });
  if (survived)
    delete job;
  else
    job->reportCrash();
  return status;
}

/// A point that does not fit is a row that says so; the status is that of a
/// model that does not fit where no point does. Any other failure ends the
/// sweep.
static int sweep(const CompileOptions &options, CompileStreams streams) {
  constexpr int kCapacity = static_cast<int>(FaultKind::Capacity);
  Diagnostics diags, reported;
  bool isValid = checkOptions(options, diags);
  std::vector<SweepAxis> axes = parseSweep(options.sweep, reported);
  std::vector<SweepResult> results;
  for (const CompileOptions &point : sweepPoints(options, axes)) {
    isValid = isValid && checkOptions(point, diags);
    results.push_back({point, std::nullopt});
  }
  if (!isValid) {
    diags.print(streams.err);
    return diags.exitStatus();
  }
  for (SweepResult &result : results) {
    int status =
        compileWithChunk(result.options, streams,
                         [&](const CompileOptions &trial, CompileStreams os) {
                           return runSafely(trial, os, [&](Job &job) {
                             return job.map(result.plan);
                           });
                         });
    if (status != 0 && status != kCapacity)
      return status;
  }
  printSweep(axes, results, options.format, streams.out);
  bool fits = llvm::any_of(results, [](const SweepResult &result) {
    return result.plan.has_value();
  });
  return fits ? 0 : kCapacity;
}

int inlay::compile(const CompileOptions &options, CompileStreams streams) {
  if (!options.sweep.empty())
    return sweep(options, streams);
  return compileWithChunk(
      options, streams, [](const CompileOptions &trial, CompileStreams os) {
        return runSafely(trial, os, [](Job &job) { return job.run(); });
      });
}

int inlay::compileToPlan(const CompileOptions &options, CompileStreams streams,
                         std::optional<plan::Plan> &plan) {
  plan.reset();
  Diagnostics diags;
  if (!checkOptions(options, diags)) {
    diags.print(streams.err);
    return diags.exitStatus();
  }
  return compileWithChunk(
      options, streams, [&](const CompileOptions &trial, CompileStreams os) {
        return runSafely(trial, os, [&](Job &job) { return job.map(plan); });
      });
}
