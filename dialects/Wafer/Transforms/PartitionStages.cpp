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
#include "ExtractModel.h"
#include "MachineOptions.h"
#include "MappingAnalysis.h"
#include "Passes.h"
#include "Placement.h"

#include "inlay/Mapping/StagePlanner.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include "fmt/format.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_PARTITIONSTAGES
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

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

  using PartitionStagesBase::clock;
  using PartitionStagesBase::cost;
  using PartitionStagesBase::crossingLatency;
  using PartitionStagesBase::reserve;
  using PartitionStagesBase::sram;
  using PartitionStagesBase::target;
  using PartitionStagesBase::targetDir;

private:
  bool checkModule();
  bool loadConstraints(Diagnostics &diags);
  bool loadTarget(Diagnostics &diags);
  bool parseWafers(Diagnostics &diags);
  bool loadRouting(Diagnostics &diags);
  std::optional<partition::Solution> partitionFor(int64_t budget,
                                                  Diagnostics &diags);
  std::optional<partition::Solution> reportOverBudget(int64_t &budget,
                                                      Diagnostics &diags);
  mapping::StageRequest request(int64_t budget);
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
    std::optional<mapping::Constraints> wanted =
        wafer::loadConstraints(constraintsFile, mapping->getModel(), diags);
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
  std::optional<target::Target> found =
      wafer::loadTarget(machineOptionsOf(*this), diags);
  if (!found)
    return false;
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
    auto found = read->highest.find(kernel.layer);
    if (found == read->highest.end()) {
      missing.push_back(kernel.name);
      continue;
    }
    int64_t chosen = read->choices.at(kernel.layer)->perToken;
    std::string why;
    if (found->second >= kernel.numExperts)
      why = fmt::format("the trace chooses expert {} in layer {}, but kernel "
                        "'{}' has {} experts",
                        found->second, kernel.layer, kernel.name,
                        kernel.numExperts);
    else if (chosen != kernel.expertsPerToken)
      why = fmt::format("a token of the trace chooses {} experts in layer {}, "
                        "but one of kernel '{}' chooses {}",
                        chosen, kernel.layer, kernel.name,
                        kernel.expertsPerToken);
    if (why.empty())
      continue;
    diags.inputError("option --routing", why)
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

mapping::StageRequest PartitionStages::request(int64_t budget) {
  return {mapping->getModel(),
          machine,
          toMode(cost),
          toRouting(routingAttr, seedOf(mapping->getGraph())),
          constraints,
          budget,
          numWafers,
          static_cast<partition::Objective>(objective.getValue())};
}

std::optional<partition::Solution>
PartitionStages::partitionFor(int64_t budget, Diagnostics &diags) {
  mapping::WaferPlanner &planner =
      mapping->getPlanner(machineAttr, budget, cost, routingAttr, constraints);
  return mapping::planFastestStages(request(budget), planner, diags);
}

/// Says by how much the model is too large and what would fit. With
/// `allow-over-budget`, the partition for cores that are just large enough,
/// whose budget is `budget` then; what does not fit stays worth knowing.
std::optional<partition::Solution>
PartitionStages::reportOverBudget(int64_t &budget, Diagnostics &diags) {
  if (!whatFits && !allowOverBudget)
    return std::nullopt;
  std::optional<mapping::LeastBudget> least =
      mapping::findLeastBudget(request(budget));
  if (!least)
    return std::nullopt;
  if (whatFits)
    mapping::reportWhatFits(request(budget), *least, diags);
  if (!allowOverBudget)
    return std::nullopt;
  Diagnostics warnings;
  for (const inlay::Diagnostic &finding : diags.all())
    warnings.warning(finding.subject, finding.message).notes = finding.notes;
  diags = std::move(warnings);
  budget = least->budget;
  return std::move(least->solution);
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
                       /*sharding=*/ShardingAttr(), /*contention=*/0);
  }
}

void PartitionStages::runOnOperation() {
  mapping = &getAnalysis<MappingAnalysis>();
  if (!mapping->isValid() || !checkModule())
    return signalPassFailure();
  Diagnostics diags;
  std::optional<partition::Solution> solution;
  if (parseWafers(diags) && loadTarget(diags) && loadRouting(diags) &&
      loadConstraints(diags) &&
      mapping::checkOnGrid(constraints, mapping->getModel(), machine.grid,
                           machine.dead, diags)) {
    int64_t budget = machine.budget();
    solution = partitionFor(budget, diags);
    if (!solution && diags.exitStatus() == 2)
      solution = reportOverBudget(budget, diags);
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
