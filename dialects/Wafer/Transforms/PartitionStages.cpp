//===- PartitionStages.cpp - Chooses a wafer for each kernel --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttrConversion.h"
#include "ConstraintConversion.h"
#include "EmitDiagnostics.h"
#include "MappingAnalysis.h"
#include "Passes.h"
#include "Placement.h"

#include "inlay/Cost/Cost.h"
#include "inlay/Partition/Partition.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MemoryBuffer.h"

#include "fmt/format.h"

#include <algorithm>
#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_PARTITIONSTAGES
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

/// Bytes that cross when the chain is cut behind each kernel: every tensor that
/// is made before the cut and used behind it, once.
static std::vector<double> crossingBytes(const model::Graph &model) {
  std::map<std::pair<int, int>, const model::StreamSpec *> lastUse;
  for (const model::StreamSpec &stream : model.streams) {
    if (stream.producer == model::kHost || stream.consumer == model::kHost)
      continue;
    const model::StreamSpec *&last =
        lastUse[{stream.producer, stream.producerPort}];
    if (!last || last->consumer < stream.consumer)
      last = &stream;
  }
  // Differences between neighbouring cuts, then their sums.
  std::vector<double> bytes(model.kernels.size() + 1, 0);
  for (const auto &[port, stream] : lastUse) {
    bytes[stream->producer] += static_cast<double>(stream->bytes());
    bytes[stream->consumer] -= static_cast<double>(stream->bytes());
  }
  for (size_t k = 1; k < bytes.size(); ++k)
    bytes[k] += bytes[k - 1];
  bytes.pop_back();
  return bytes;
}

static_assert(static_cast<int>(partition::Objective::Latency) ==
                      static_cast<int>(Objective::Latency) &&
                  static_cast<int>(partition::Objective::Throughput) ==
                      static_cast<int>(Objective::Throughput) &&
                  static_cast<int>(partition::Objective::Wafers) ==
                      static_cast<int>(Objective::Wafers),
              "the two enums are one");

namespace {

class PartitionStages
    : public inlay::wafer::impl::PartitionStagesBase<PartitionStages> {
public:
  using PartitionStagesBase::PartitionStagesBase;

  void runOnOperation() override;

private:
  bool checkModule();
  bool loadConstraints(Diagnostics &diags);
  bool loadTarget(Diagnostics &diags);
  bool parseWafers(Diagnostics &diags);
  bool loadRouting(Diagnostics &diags);
  std::optional<partition::Solution> partitionFor(int64_t budget,
                                                  Diagnostics &diags);
  std::optional<partition::Solution> partitionOverBudget(int64_t &budget);
  partition::Problem makeProblem(mapping::WaferPlanner &planner,
                                 int64_t budget);
  void emitSystem(const partition::Solution &solution, int64_t budget);
  DictionaryAttr choices();

  MappingAnalysis *mapping = nullptr;
  target::Target machine;
  TargetAttr machineAttr;
  mapping::Constraints constraints;
  RoutingAttr routingAttr; ///< null: uniform
  int numWafers = 0;       ///< 0: as few as possible
};

} // namespace

/// The module is not placed yet.
bool PartitionStages::checkModule() {
  bool isValid = true;
  for (SystemOp system : getOperation().getOps<SystemOp>()) {
    system.emitError() << "the graph is placed already, by system '"
                       << system.getSymName() << "'";
    isValid = false;
  }
  return isValid;
}

/// Those of the file become part of the module, where later passes read them.
bool PartitionStages::loadConstraints(Diagnostics &diags) {
  if (!constraintsFile.empty()) {
    auto text = llvm::MemoryBuffer::getFile(constraintsFile, /*IsText=*/true);
    if (!text) {
      diags.inputError("constraints file '" + constraintsFile + "'",
                       "cannot be read: " + text.getError().message());
      return false;
    }
    Diagnostics findings;
    std::optional<mapping::Constraints> wanted = mapping::parseConstraints(
        (*text)->getBuffer().str(), mapping->getModel(), findings);
    for (const inlay::Diagnostic &finding : findings.all())
      diags.inputError("constraints file '" + constraintsFile + "'",
                       finding.subject.empty()
                           ? finding.message
                           : finding.subject + " " + finding.message);
    if (!wanted)
      return false;
    addConstraints(getOperation(), mapping->getModel(), *wanted);
  }
  FailureOr<mapping::Constraints> all =
      readConstraints(getOperation(), mapping->getModel());
  if (failed(all))
    return false;
  constraints = std::move(*all);
  return true;
}

bool PartitionStages::loadTarget(Diagnostics &diags) {
  std::optional<target::Target> found = target::find(target, targetDir, diags);
  if (!found)
    return false;
  target::Overrides overrides;
  if (reserve != kUnset)
    overrides.reserve = reserve;
  if (crossingLatency != kUnset)
    overrides.crossingLatency = crossingLatency;
  if (clock != kUnset)
    overrides.clock = clock;
  if (sram != kUnset)
    overrides.sram = sram;
  if (!target::apply(overrides, *found, diags))
    return false;
  if (cost == CostMode::Calibrated && found->primitives.empty()) {
    diags
        .inputError("option --cost", "target '" + found->name +
                                         "' has no measured costs of software")
        .notes.push_back("use --cost ideal, or a target with primitives");
    return false;
  }
  machine = std::move(*found);
  machineAttr = toAttr(&getContext(), machine);
  return true;
}

bool PartitionStages::parseWafers(Diagnostics &diags) {
  StringRef text = wafers.getValue();
  if (text == "auto")
    return true;
  // Before the budget is looked at, for more SRAM would not help.
  if (!text.getAsInteger(10, numWafers) && numWafers >= 1)
    return partition::checkWafers(numWafers, mapping->getModel().kernels.size(),
                                  diags);
  diags.inputError("option --wafers",
                   "must be 'auto' or a number of at least 1, got '" +
                       text.str() + "'");
  return false;
}

/// A trace must be of a model with these experts.
bool PartitionStages::loadRouting(Diagnostics &diags) {
  std::optional<cost::ModelRouting> read =
      cost::parseRouting(routing.getValue(), diags);
  if (!read)
    return false;
  SmallVector<std::string> missing;
  for (const model::KernelSpec &kernel : mapping->getModel().kernels) {
    if (kernel.role != model::KernelRole::Experts ||
        read->kind != cost::Routing::Kind::Trace)
      continue;
    auto found = read->counts.find(kernel.layer);
    if (found == read->counts.end()) {
      missing.push_back(kernel.name);
      continue;
    }
    if (static_cast<int64_t>(found->second.size()) <= kernel.numExperts)
      continue;
    diags
        .inputError("option --routing",
                    fmt::format("the trace chooses expert {} in layer {}, but "
                                "kernel '{}' has {} experts",
                                found->second.size() - 1, kernel.layer,
                                kernel.name, kernel.numExperts))
        .notes.push_back("take a trace of this model");
    return false;
  }
  if (!missing.empty())
    diags
        .warning("option --routing",
                 fmt::format("the trace does not have the layers of {} kernels "
                             "of experts, whose tokens are taken to choose "
                             "uniformly",
                             missing.size()))
        .notes.push_back("the first of them is '" + missing.front() + "'");
  routingAttr = toAttr(&getContext(), *read);
  return true;
}

/// Cycles of a kernel on a region of middling size: what stages are weighed by
/// before their regions are known.
static double typicalCycles(mapping::WaferPlanner &planner,
                            const model::KernelSpec &kernel) {
  sharding::Explorer &explorer = planner.getExplorer();
  model::Extent grid = explorer.getMachine().grid;
  for (model::Extent extent :
       {model::Extent{std::max<int64_t>(1, grid.width / 2),
                      std::max<int64_t>(1, grid.height / 3)},
        grid})
    if (auto variant = explorer.best(kernel, extent))
      return variant->cycles;
  return 0;
}

partition::Problem PartitionStages::makeProblem(mapping::WaferPlanner &planner,
                                                int64_t budget) {
  const model::Graph &model = mapping->getModel();
  std::vector<double> crossing = crossingBytes(model);
  partition::Problem problem;
  for (auto [k, kernel] : llvm::enumerate(model.kernels))
    problem.items.push_back({kernel.name, kernel.layer, planner.leastBytes(k),
                             typicalCycles(planner, kernel),
                             cost::crossingCost(machine, crossing[k]).total(),
                             planner.kindOf(k)});
  std::vector<bool> joined = constraints.joined(model.kernels.size());
  for (auto [k, item] : llvm::enumerate(problem.items))
    item.isJoined = joined[k];
  for (const mapping::Constraints::Pin &pin : constraints.pins)
    problem.items[pin.kernel].wafer = static_cast<int>(pin.wafer);
  problem.wafers = numWafers;
  problem.objective = static_cast<partition::Objective>(objective.getValue());
  problem.bytesPerWafer = planner.liveCores() * budget;
  problem.fits = [&planner](size_t first, size_t last) {
    return planner.fits(mapping::WaferPlanner::runOf(first, last));
  };
  return problem;
}

std::optional<partition::Solution>
PartitionStages::partitionFor(int64_t budget, Diagnostics &diags) {
  const model::Graph &model = mapping->getModel();
  mapping::WaferPlanner &planner =
      mapping->getPlanner(machineAttr, budget, cost, routingAttr, constraints);
  if (planner.liveCores() == 0) {
    diags.inputError("constraints",
                     "leave no core: with the target's dead cores they keep "
                     "kernels out of the whole grid");
    return std::nullopt;
  }
  if (!planner.getExplorer().allFit(model.kernels, diags))
    return std::nullopt;
  partition::Problem problem = makeProblem(planner, budget);
  if (!problem.check(diags))
    return std::nullopt;
  std::optional<partition::Solution> solution =
      partition::solve(problem, diags);
  if (!solution || !solution->verify(problem, diags))
    return std::nullopt;
  return solution;
}

/// The least budget above the target's, in KiB, for which there is a partition;
/// `budget` is the target's before and that one after. None when not even a
/// core that holds the whole model helps.
std::optional<partition::Solution>
PartitionStages::partitionOverBudget(int64_t &budget) {
  constexpr int64_t kStep = 1024;
  auto attempt = [&](int64_t steps) {
    Diagnostics ignored;
    return partitionFor(budget + steps * kStep, ignored);
  };
  int64_t most = 0;
  for (const model::KernelSpec &kernel : mapping->getModel().kernels) {
    model::Sharding whole{{1, 1}, {1, 1}, {1, 1}, sharding::chooseAxes(kernel)};
    most += model::footprint(kernel, whole).total();
  }
  int64_t low = 0, high = 1;
  while (!attempt(high)) {
    if (high * kStep > 2 * most)
      return std::nullopt;
    low = high;
    high *= 2;
  }
  while (low + 1 < high) {
    int64_t middle = low + (high - low) / 2;
    (attempt(middle) ? high : low) = middle;
  }
  std::optional<partition::Solution> solution = attempt(high);
  budget += high * kStep;
  return solution;
}

/// The options that led to the placement, for the record.
DictionaryAttr PartitionStages::choices() {
  Builder builder(&getContext());
  return builder.getDictionaryAttr(
      {builder.getNamedAttr(
           "objective", builder.getStringAttr(stringifyObjective(objective))),
       builder.getNamedAttr("wafers", builder.getStringAttr(wafers))});
}

void PartitionStages::emitSystem(const partition::Solution &solution,
                                 int64_t budget) {
  ModuleOp module = getOperation();
  dataflow::GraphOp graph = mapping->getGraph();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  IntegerAttr overBudget;
  if (budget != machine.budget())
    overBudget = builder.getI64IntegerAttr(budget);
  auto system = SystemOp::create(
      builder, graph.getLoc(), builder.getStringAttr("system"),
      FlatSymbolRefAttr::get(graph.getSymNameAttr()),
      builder.getI64IntegerAttr(solution.stages.size()), machineAttr,
      overBudget, CostModeAttr::get(&getContext(), cost), routingAttr,
      choices());
  SymbolTable(module).insert(system);
  builder.createBlock(&system.getBody());
  SmallVector<dataflow::KernelOpInterface> kernels = graph.getKernels();
  for (auto [wafer, stage] : llvm::enumerate(solution.stages)) {
    builder.setInsertionPointToEnd(&system.getBlock());
    auto stageOp =
        StageOp::create(builder, graph.getLoc(),
                        builder.getStringAttr("stage_" + llvm::Twine(wafer)),
                        builder.getI64IntegerAttr(wafer));
    builder.createBlock(&stageOp.getBody());
    for (size_t k = stage.first; k < stage.last; ++k)
      AssignOp::create(builder, kernels[k]->getLoc(),
                       FlatSymbolRefAttr::get(kernels[k].getSymNameAttr()),
                       /*region=*/FlatSymbolRefAttr(),
                       /*sharding=*/ShardingAttr());
  }
}

void PartitionStages::runOnOperation() {
  mapping = &getAnalysis<MappingAnalysis>();
  if (!mapping->isValid() || !checkModule())
    return signalPassFailure();
  Diagnostics diags;
  std::optional<partition::Solution> solution;
  if (parseWafers(diags) && loadTarget(diags) && loadRouting(diags) &&
      loadConstraints(diags)) {
    int64_t budget = machine.budget();
    solution = partitionFor(budget, diags);
    if (!solution && allowOverBudget && diags.exitStatus() == 2) {
      solution = partitionOverBudget(budget);
      if (solution) {
        // What does not fit stays worth knowing.
        Diagnostics warnings;
        for (const inlay::Diagnostic &finding : diags.all())
          warnings.warning(finding.subject, finding.message).notes =
              finding.notes;
        diags = std::move(warnings);
      }
    }
    if (solution)
      emitSystem(*solution, budget);
  }
  emitDiagnostics(mapping->getGraph(), diags);
  if (!solution)
    return signalPassFailure();
  remark::passed(
      mapping->getGraph().getLoc(),
      remark::RemarkOpts::name("PartitionStages").category("mapping"))
      << "cut a graph into stages"
      << remark::metric("kernels", static_cast<int64_t>(
                                       mapping->getModel().kernels.size()))
      << remark::metric("wafers",
                        static_cast<int64_t>(solution->stages.size()));
  markAnalysesPreserved<MappingAnalysis>();
}
