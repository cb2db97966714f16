//===- PlacementTrials.cpp - One partition, many placements ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/PlacementTrials.h"

#include "dialects/Wafer/Transforms/AttrConversion.h"
#include "dialects/Wafer/Transforms/MappingAnalysis.h"
#include "dialects/Wafer/Translation/ToPlan.h"
#include "inlay/Compiler/ImportInput.h"
#include "inlay/Compiler/LevelRunner.h"
#include "inlay/Compiler/Pipeline.h"
#include "inlay/Compiler/SerialContext.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <ctime>
#include <map>
#include <set>

using namespace inlay;
using namespace mlir;

namespace {

using mapping::WaferPlanner;

/// Makes the planner of a module take regions that are given.
class AdoptRegions : public PassWrapper<AdoptRegions, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AdoptRegions)

  AdoptRegions(const std::vector<WaferPlanner::Run> &runs,
               const std::vector<floorplan::RegionPlan> &regions)
      : runs(runs), regions(regions) {}

private:
  void runOnOperation() override {
    auto &analysis = getAnalysis<wafer::MappingAnalysis>();
    FailureOr<wafer::OpenSystem> open =
        wafer::openSystem(getOperation(), analysis, wafer::Progress::Assigned);
    if (failed(open))
      return signalPassFailure();
    WaferPlanner &planner =
        analysis.getPlanner(open->system, open->constraints);
    for (size_t i = 0; i < runs.size(); ++i)
      planner.adopt(runs[i], regions[i]);
    markAnalysesPreserved<wafer::MappingAnalysis>();
  }

  const std::vector<WaferPlanner::Run> &runs;
  const std::vector<floorplan::RegionPlan> &regions;
};

} // namespace

struct PlacementTrials::State {
  explicit State(const CompileOptions &options) : options(options) {
    context.printOpOnDiagnostic(false);
  }

  std::optional<plan::Plan> run(const Compilation &compilation,
                                std::string &error, int &status);
  bool compileOnce(std::string &error, int &status);
  bool readPartition();

  CompileOptions options;
  SerialContext context;
  /// Before `shard-kernels`.
  OwningOpRef<ModuleOp> partitioned;
  std::optional<plan::Plan> own;
  double compileSeconds = 0, mappingSeconds = 0;
  std::unique_ptr<wafer::MappingAnalysis> analysis;
  std::optional<wafer::OpenSystem> open;
  std::vector<WaferPlanner::Run> runs;
};

/// Of this process: the clock on the wall also counts what others do.
static double processorSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Runs the levels, then makes the plan. The first time, keeps the module
/// between partition and placement, and the times.
std::optional<plan::Plan>
PlacementTrials::State::run(const Compilation &compilation, std::string &error,
                            int &status) {
  llvm::raw_string_ostream os(error);
  DiagnosticPrinter printer(&context, os);
  printer.setPath(options.input);
  LevelRunner runner(compilation, &context, printer);
  std::map<std::string, double> starts;
  double start = processorSeconds();
  bool isFirst = !partitioned;
  runner.onPass = [&](const PassRun &pass, Operation *op) {
    starts.emplace(pass.name, processorSeconds());
    if (pass.name == "shard-kernels" && !partitioned)
      partitioned = cast<ModuleOp>(op->clone());
  };
  OwningOpRef<ModuleOp> module = runner.run();
  status = runner.exitStatus();
  if (!module)
    return std::nullopt;
  if (isFirst) {
    compileSeconds = processorSeconds() - start;
    mappingSeconds = starts["route-streams"] - starts["partition-stages"];
  }
  wafer::PlanContext facts;
  facts.model = llvm::sys::path::filename(options.input).str();
  FailureOr<plan::Plan> plan = wafer::toPlan(*module, facts);
  if (succeeded(plan))
    return std::move(*plan);
  status = std::max(printer.exitStatus(), 1);
  return std::nullopt;
}

bool PlacementTrials::State::compileOnce(std::string &error, int &status) {
  Diagnostics diags;
  if (!checkOptions(options, diags)) {
    llvm::raw_string_ostream os(error);
    diags.print(os);
    status = diags.exitStatus();
    return false;
  }
  own = run({[this](MLIRContext *context) {
               return importInput(options.input, context);
             },
             allLevels(options)},
            error, status);
  return own && readPartition();
}

bool PlacementTrials::State::readPartition() {
  analysis = std::make_unique<wafer::MappingAnalysis>(*partitioned);
  FailureOr<wafer::OpenSystem> system =
      wafer::openSystem(*partitioned, *analysis, wafer::Progress::Assigned);
  if (failed(system))
    return false;
  open = std::move(*system);
  WaferPlanner &planner = analysis->getPlanner(open->system, open->constraints);
  std::set<std::vector<int>> seen;
  for (auto &[stage, kernels] : wafer::stagesOf(open->system, open->placements))
    if (!kernels.empty() && seen.insert(planner.keyOf(kernels)).second)
      runs.push_back(kernels);
  return true;
}

PlacementTrials::PlacementTrials(std::unique_ptr<State> state)
    : state(std::move(state)) {}
PlacementTrials::~PlacementTrials() = default;

std::unique_ptr<PlacementTrials>
PlacementTrials::create(const CompileOptions &options, std::string &error,
                        int &status) {
  auto state = std::make_unique<State>(options);
  if (!state->compileOnce(error, status))
    return nullptr;
  return std::unique_ptr<PlacementTrials>(
      new PlacementTrials(std::move(state)));
}

const plan::Plan &PlacementTrials::own() const { return *state->own; }
double PlacementTrials::compileSeconds() const { return state->compileSeconds; }
double PlacementTrials::mappingSeconds() const { return state->mappingSeconds; }
const model::Graph &PlacementTrials::graph() const {
  return state->analysis->getModel();
}
const std::vector<WaferPlanner::Run> &PlacementTrials::runs() const {
  return state->runs;
}

std::unique_ptr<WaferPlanner> PlacementTrials::makePlanner() const {
  wafer::SystemOp system = state->open->system;
  return std::make_unique<WaferPlanner>(
      graph(), wafer::toTarget(system.getTarget()),
      wafer::toMode(system.getCost()), wafer::routingOf(system),
      system.getPlanBudget(), state->open->constraints);
}

std::optional<plan::Plan>
PlacementTrials::place(const std::vector<floorplan::RegionPlan> &regions,
                       std::string &why) {
  int status = 0;
  return state->run(
      {[this](MLIRContext *) {
         return OwningOpRef<ModuleOp>(state->partitioned->clone());
       },
       {{{4, "wafer"},
         [&](OpPassManager &pm) {
           pm.addPass(std::make_unique<AdoptRegions>(state->runs, regions));
           addPlacementPasses(pm);
         }}}},
      why, status);
}
