//===- inlay-bench.cpp - Holds the cost model against measurements --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   inlay-bench fidelity --data DIR [--json]   predicted against measured
//   inlay-bench calibrate --data DIR           primitives into target files
//   inlay-bench speed                          estimates a second
//   inlay-bench frontend MODEL                 seconds of each pass up to the
//                                              dataflow level
//   inlay-bench ispd2020 DIR --out OUT         places the contest's cases
//   inlay-bench experts CONFIG...              placements of experts beside
//                                              each other
//   inlay-bench mapping CONFIG... [--json]     whole mappings beside those of
//                                              generic tools
//
// Exit status: 0 done, 1 bad input, 2 a case that found no placement.
//
//===----------------------------------------------------------------------===//

#include "ExpertsBench.h"
#include "FrontEnd.h"
#include "Ispd2020.h"
#include "MappingBench.h"

#include "inlay/Compiler/BuildGraph.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Fidelity/Calibrate.h"
#include "inlay/Fidelity/Report.h"
#include "inlay/Support/OutputFile.h"
#include "inlay/Support/SharedData.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include "fmt/format.h"

#include <ctime>
#include <memory>

using namespace inlay;
using namespace inlay::fidelity;
namespace cl = llvm::cl;

static cl::SubCommand fidelityCommand(
    "fidelity", "Predicts every measured row that a model covers and prints "
                "the errors");
static cl::SubCommand calibrateCommand(
    "calibrate", "Fits primitives on the rows marked fit and writes them into "
                 "the target files");

static cl::SubCommand
    speedCommand("speed",
                 "Prints how many estimates one core makes in a second");

static cl::SubCommand frontEndCommand(
    "frontend", "Prints the processor seconds of the import and of each pass "
                "up to the dataflow level");

static cl::SubCommand ispdCommand(
    "ispd2020",
    "Places every .kgraph file of a folder, writes OUT/<case>.paint "
    "and prints scores beside the best published ones");

static cl::SubCommand expertsCommand(
    "experts",
    "Prints what layers of experts take, placed and round robin, and "
    "the curve over the number of groups");

static cl::SubCommand mappingCommand(
    "mapping", "Prints the estimate of each model's mapping beside its bound, "
               "and what the same kernels on the same wafers take where "
               "generic tools place them");

static cl::list<std::string> mappingModels(cl::Positional, cl::OneOrMore,
                                           cl::desc("<model.onnx or "
                                                    "config.json>..."),
                                           cl::sub(mappingCommand));
static cl::opt<int> randomPlacements("random",
                                     cl::desc("Number of random placements"),
                                     cl::value_desc("N"), cl::init(8),
                                     cl::sub(mappingCommand));
static cl::opt<double>
    annealingTimes("annealing-times",
                   cl::desc("Processor time of annealing over that of Inlay's "
                            "mapping; two runs may differ"),
                   cl::value_desc("X"), cl::init(1), cl::sub(mappingCommand));

static cl::list<std::string> expertModels(cl::Positional, cl::OneOrMore,
                                          cl::desc("<config.json>..."),
                                          cl::sub(expertsCommand));
static cl::opt<std::string>
    traceFile("trace",
              cl::desc("Trace of the models (docs/routing-traces.md), instead "
                       "of one of topics that is made up"),
              cl::value_desc("FILE"), cl::sub(expertsCommand));
static cl::opt<std::string>
    curveOf("curve",
            cl::desc("Print the curves at batch 32 of the models whose names "
                     "have this"),
            cl::value_desc("NAME"), cl::init("kimi-k2.6"),
            cl::sub(expertsCommand));
static cl::opt<std::string> targetName("target", cl::desc("Device description"),
                                       cl::value_desc("NAME|FILE"),
                                       cl::init("wse3"),
                                       cl::sub(expertsCommand),
                                       cl::sub(mappingCommand));

static cl::opt<std::string> caseDir(cl::Positional, cl::Required,
                                    cl::desc("<folder of .kgraph files>"),
                                    cl::sub(ispdCommand));
static cl::opt<std::string> outDir("out", cl::Required,
                                   cl::desc("Folder for the placements"),
                                   cl::value_desc("DIR"), cl::sub(ispdCommand));
static cl::opt<double>
    timeLimit("time-limit",
              cl::desc("Seconds for each case, instead of --effort; two runs "
                       "may then differ"),
              cl::value_desc("S"), cl::init(0), cl::sub(ispdCommand));
static cl::opt<int> effort("effort",
                           cl::desc("Thousands of moves for each case; equal "
                                    "effort gives equal files"),
                           cl::value_desc("N"), cl::init(2000),
                           cl::sub(ispdCommand));
static cl::opt<int> threads("threads", cl::desc("Searches at the same time"),
                            cl::value_desc("N"), cl::init(2),
                            cl::sub(ispdCommand));
static cl::opt<std::string>
    publishedPath("published",
                  cl::desc("CSV of published scores (case,score,by), where the "
                           "folder has no best_published.csv"),
                  cl::value_desc("FILE"),
                  cl::init(findSharedData("ispd2020") + "/best_published.csv"),
                  cl::sub(ispdCommand));
static cl::opt<bool> isVerbose("verbose",
                               cl::desc("Say on stderr how the search goes"),
                               cl::sub(ispdCommand));

static cl::opt<std::string> modelPath(cl::Positional, cl::Required,
                                      cl::desc("<model.onnx or config.json>"),
                                      cl::sub(frontEndCommand));
static cl::opt<std::string>
    planModel(cl::Positional,
              cl::desc("[model.onnx or config.json: times the estimate of its "
                       "whole plan too]"),
              cl::sub(speedCommand));
static cl::opt<std::string>
    dataDir("data",
            cl::desc("Folder of CSV files with the columns of "
                     "data/measured"),
            cl::value_desc("DIR"), cl::init(findSharedData("measured")),
            cl::sub(fidelityCommand), cl::sub(calibrateCommand));
static cl::opt<std::string>
    targetDir("target-dir", cl::desc("Folder of the target files"),
              cl::value_desc("DIR"), cl::init(findSharedData("targets")),
              cl::sub(fidelityCommand), cl::sub(calibrateCommand),
              cl::sub(speedCommand), cl::sub(expertsCommand),
              cl::sub(mappingCommand));
static cl::opt<bool> asJson("json", cl::desc("Print JSON"),
                            cl::sub(fidelityCommand), cl::sub(ispdCommand),
                            cl::sub(mappingCommand));

/// Products of queries, keys and values apart, as in the measured code.
static std::optional<model::Graph> buildLayer(const GraphRequest &request,
                                              std::string &error) {
  CompileOptions options;
  options.phase = request.phase;
  options.context = request.context;
  if (request.phase == model::Phase::Prefill)
    options.prefillChunk = request.chunk;
  return buildGraph(request.config, modelgen::Encoding::Stacked, options,
                    error);
}

/// The folder's rows; models that it does not list are those of the shipped
/// data.
static std::optional<Data> readRows(Diagnostics &diags) {
  std::optional<Data> data = readData(dataDir, diags);
  Diagnostics ignored;
  if (data)
    if (std::optional<Data> shipped =
            readData(findSharedData("measured"), ignored))
      data->models.insert(shipped->models.begin(), shipped->models.end());
  if (data)
    data->layers = std::make_shared<Layers>(buildLayer);
  return data;
}

static int runFidelity(Diagnostics &diags) {
  std::optional<Data> data = readRows(diags);
  std::optional<Machines> machines = loadMachines(targetDir, diags);
  if (!data || !machines)
    return diags.exitStatus();
  std::vector<Compared> rows = compareAll(*data, *machines);
  if (asJson)
    printJson(rows, llvm::outs());
  else
    printText(rows, llvm::outs());
  return 0;
}

/// Replaces the primitives of one target file.
static bool rewrite(const std::string &name, const target::Target &target,
                    Diagnostics &diags) {
  llvm::SmallString<128> path(targetDir.getValue());
  llvm::sys::path::append(path, name + ".json");
  diags.setFile(path.str().str());
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer) {
    diags.inputError("", "cannot be read: " + buffer.getError().message());
    return false;
  }
  std::string text = withPrimitives((*buffer)->getBuffer().str(), target);
  return writeFile(path.str().str(), text, diags);
}

static int runCalibrate(Diagnostics &diags) {
  std::optional<Data> data = readRows(diags);
  std::optional<Machines> machines = loadMachines(targetDir, diags);
  if (!data || !machines)
    return diags.exitStatus();
  std::optional<Machines> fitted = calibrate(*data, *machines, diags);
  if (!fitted)
    return diags.exitStatus();
  // The grid of the tests is made of cores of wse3.
  for (auto [name, machine] :
       {std::pair("wse3", "WSE-3"), std::pair("grid8x8", "WSE-3"),
        std::pair("wse2", "WSE-2")})
    if (!rewrite(name, (*fitted)[machine], diags))
      return diags.exitStatus();
  return 0;
}

/// Calls of `work` for each second of processor time, over about half of one:
/// what else the machine does is not counted.
template <typename Work> static double perSecond(Work work) {
  int64_t calls = 0;
  std::clock_t start = std::clock();
  double seconds = 0;
  while (seconds < 0.5) {
    for (int i = 0; i < 1000; ++i)
      work(calls++);
    seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  }
  return double(calls) / seconds;
}

static int runSpeed(Diagnostics &diags) {
  std::optional<Machines> machines = loadMachines(targetDir, diags);
  if (!machines)
    return diags.exitStatus();
  cost::Rates rates((*machines)["WSE-3"], cost::Mode::Calibrated);
  double sum = 0;
  double collectives = perSecond([&](int64_t i) {
    sum += cost::allReduce(rates, 2 + i % 1000, double(1 + i % 777)).total();
  });
  LayerShape shape = {model::Phase::Decode, 540, 8, 27, 8, 27};
  std::string error;
  std::optional<model::Graph> layer = buildLayer(requestOf(shape), error);
  if (!layer) {
    diags.inputError("", "the layer could not be built: " + error);
    return diags.exitStatus();
  }
  std::vector<model::Sharding> shardings;
  for (const model::KernelSpec &kernel : layer->kernels)
    shardings.push_back(measuredSharding(kernel, shape));
  double kernels = perSecond([&](int64_t i) {
    size_t k = size_t(i) % layer->kernels.size();
    sum += cost::estimateKernel(layer->kernels[k], shardings[k], rates)
               .cycles.total();
  });
  llvm::outs() << fmt::format("| estimate | a second |\n|---|---|\n"
                              "| all-reduce, best of 7 algorithms | {:.2e} |\n"
                              "| kernel of a decoder layer | {:.2e} |\n",
                              collectives, kernels);
  if (!planModel.empty()) {
    // Placed already: variants are known, what is left is the estimate of every
    // kernel and stream, the critical path and the bound.
    CompileOptions options;
    options.targetDir = targetDir;
    options.cost = cost::Mode::Calibrated;
    int status = 0;
    std::optional<double> seconds =
        secondsOfPass(planModel, options, "schedule-step", status);
    if (!seconds)
      return std::max(status, 1);
    llvm::outs() << fmt::format("\nOne estimate of a whole plan: {:.1f} ms of "
                                "processor time\n",
                                *seconds * 1e3);
  }
  return sum > 0 ? 0 : 1;
}

static int runIspd2020(Diagnostics &diags) {
  if (timeLimit < 0 || effort < 1 || threads < 1 || threads > 256) {
    diags.inputError("", "--time-limit must not be negative, --effort must be "
                         "at least 1, --threads from 1 to 256");
    return diags.exitStatus();
  }
  Ispd2020Options options;
  options.dir = caseDir;
  options.out = outDir;
  options.published = publishedPath;
  options.asJson = asJson;
  options.isVerbose = isVerbose;
  options.solver.effort = effort;
  options.solver.timeLimit = timeLimit;
  options.solver.threads = threads;
  benchIspd2020(options, llvm::outs(), diags);
  return diags.exitStatus();
}

static int runMapping(Diagnostics &diags) {
  if (randomPlacements < 1 || !(annealingTimes > 0)) {
    diags.inputError("", "--random must be at least 1, --annealing-times above "
                         "0");
    return diags.exitStatus();
  }
  MappingBenchOptions options;
  options.models.assign(mappingModels.begin(), mappingModels.end());
  options.compile.target = targetName;
  options.compile.targetDir = targetDir;
  options.randomPlacements = randomPlacements;
  options.annealingTimes = annealingTimes;
  options.asJson = asJson;
  return benchMapping(options, llvm::outs(), llvm::errs());
}

static int runExperts(Diagnostics &diags) {
  ExpertsOptions options;
  options.models.assign(expertModels.begin(), expertModels.end());
  options.trace = traceFile;
  options.curveOf = curveOf;
  options.target = targetName;
  options.targetDir = targetDir;
  benchExperts(options, llvm::outs(), diags);
  return diags.exitStatus();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(
      argc, argv, "Holds Inlay's cost model against measured wafers\n");
  Diagnostics diags;
  int status = 1;
  if (fidelityCommand)
    status = runFidelity(diags);
  else if (calibrateCommand)
    status = runCalibrate(diags);
  else if (speedCommand)
    status = runSpeed(diags);
  else if (frontEndCommand)
    status = timeFrontEnd(modelPath, llvm::outs());
  else if (ispdCommand)
    status = runIspd2020(diags);
  else if (expertsCommand)
    status = runExperts(diags);
  else if (mappingCommand)
    status = runMapping(diags);
  else
    llvm::errs() << "error: give a command: fidelity, calibrate, speed, "
                    "frontend, ispd2020, experts or mapping; see --help\n";
  diags.print(llvm::errs());
  return status;
}
