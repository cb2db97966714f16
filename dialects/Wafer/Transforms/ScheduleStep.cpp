//===- ScheduleStep.cpp - Estimates the cycles of a step ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttrConversion.h"
#include "EmitDiagnostics.h"
#include "MappingAnalysis.h"
#include "Passes.h"
#include "StepProblem.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include "fmt/format.h"

#include <map>
#include <tuple>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_SCHEDULESTEP
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

namespace {

/// Writes the estimates of a system.
class Estimates {
public:
  Estimates(SystemOp system, const model::Graph &model,
            MutableArrayRef<Placement> placements,
            mapping::WaferPlanner &planner)
      : system(system), model(model), placements(placements), planner(planner),
        step(toTarget(system.getTarget()), toMode(system.getCost()),
             routingOf(system), model, static_cast<int>(system.getWafers()),
             placements),
        builder(system.getContext()) {
    step.addContention(system, placements);
  }

  LogicalResult run();

private:
  void addKernelEstimates();
  void setStreamCycles();
  void addStepEstimate(const schedule::Solution &solution);
  int64_t freeBytesOf(size_t kernel);
  void estimateOthers();
  void warnOfUnknown();
  void warnOfDequantising();

  SystemOp system;
  const model::Graph &model;
  MutableArrayRef<Placement> placements;
  mapping::WaferPlanner &planner;
  FloatAttr roundRobin, inOrder; ///< latencies, where there are experts
  StepProblem step;
  OpBuilder builder;
};

/// The phase that is not mapped runs where the other is placed.
LogicalResult checkPhase(const MappingAnalysis &mapping,
                         SmallVector<Placement> placements) {
  const OtherPhase *other = mapping.getOther();
  return success(!other || succeeded(checkOtherPhase(*other, mapping.getModel(),
                                                     placements)));
}

class ScheduleStep : public inlay::wafer::impl::ScheduleStepBase<ScheduleStep> {
  void runOnOperation() override {
    auto &mapping = getAnalysis<MappingAnalysis>();
    FailureOr<OpenSystem> open =
        openSystem(getOperation(), mapping, Progress::Placed);
    if (failed(open) || failed(checkPhase(mapping, open->placements)) ||
        failed(Estimates(open->system, mapping.getModel(), open->placements,
                         mapping.getPlanner(open->system, open->constraints))
                   .run()))
      return signalPassFailure();
    markAnalysesPreserved<MappingAnalysis>();
  }
};

} // namespace

LogicalResult Estimates::run() {
  Diagnostics diags;
  if (!step.schedule.check(diags)) {
    emitDiagnostics(system, diags);
    return failure();
  }
  schedule::Solution solution = schedule::solve(step.schedule);
  if (!solution.verify(step.schedule, diags)) {
    emitDiagnostics(system, diags);
    return failure();
  }
  addKernelEstimates();
  setStreamCycles();
  estimateOthers();
  addStepEstimate(solution);
  warnOfUnknown();
  warnOfDequantising();
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("ScheduleStep").category("mapping"))
      << "estimated a step"
      << remark::metric("latency", solution.latency.total())
      << remark::metric("bound", solution.bound);
  return success();
}

void Estimates::addKernelEstimates() {
  for (auto [task, placement] : llvm::zip(step.schedule.tasks, placements)) {
    builder.setInsertionPointToEnd(&placement.stage.getBlock());
    EstimateOp::create(builder, placement.assign.getLoc(),
                       placement.assign.getKernelAttr(),
                       toAttr(builder.getContext(), task.cycles),
                       builder.getF64FloatAttr(task.worstCase),
                       toAttr(builder.getContext(), task.bound),
                       toAttr(builder.getContext(), task.regionBound),
                       builder.getF64FloatAttr(task.unknownBytes),
                       builder.getF64FloatAttr(task.movedBytes));
  }
}

/// `place-regions` added the connections in the order of the streams.
void Estimates::setStreamCycles() {
  for (auto [connect, edge] :
       llvm::zip(system.getBody().getOps<ConnectOp>(), step.edgeOf))
    if (edge >= 0)
      connect.setCyclesAttr(
          toAttr(builder.getContext(), step.schedule.edges[edge].cycles));
}

void Estimates::addStepEstimate(const schedule::Solution &solution) {
  SmallVector<Attribute> path;
  for (int task : solution.criticalPath)
    path.push_back(placements[task].assign.getKernelAttr());
  builder.setInsertionPointToEnd(&system.getBlock());
  StepEstimateOp::create(builder, system.getLoc(), system.getCostAttr(),
                         toAttr(builder.getContext(), solution.latency),
                         builder.getF64FloatAttr(solution.worstLatency),
                         builder.getArrayAttr(path),
                         builder.getDenseF64ArrayAttr(solution.stageCycles),
                         toAttr(builder.getContext(), solution.boundParts),
                         builder.getF64FloatAttr(solution.bound),
                         builder.getF64FloatAttr(solution.modelBound),
                         builder.getI64IntegerAttr(solution.leastWafers),
                         roundRobin, inOrder);
}

/// What a kernel of experts may take beside what it has, as it was when groups
/// took their experts.
int64_t Estimates::freeBytesOf(size_t kernel) {
  std::vector<model::Sharding> shardings;
  std::vector<const model::KernelSpec *> kernels;
  int64_t layers = 0;
  for (size_t k = 0; k < placements.size(); ++k)
    if (placements[k].region == placements[kernel].region) {
      kernels.push_back(&model.kernels[k]);
      shardings.push_back(placements[k].getSharding());
      layers += kernels.back()->role == model::KernelRole::Experts ? 1 : 0;
    }
  std::vector<model::CutKernel> cut;
  for (auto [spec, sharding] : llvm::zip(kernels, shardings))
    cut.push_back({spec, &sharding});
  int64_t left = system.getPlanBudget() - model::footprint(cut).total();
  return std::max<int64_t>(0, left / layers);
}

/// The step with experts placed in simpler ways, all else being equal.
void Estimates::estimateOthers() {
  schedule::Problem turns = step.schedule, order = step.schedule;
  using Key = std::tuple<int, int64_t, int64_t, int64_t, int>;
  std::map<Key, mapping::OtherPlacements> likewise;
  bool isTraced = routingOf(system).kind == cost::Routing::Kind::Trace;
  bool hasExperts = false;
  for (size_t k = 0; k < placements.size(); ++k) {
    const model::KernelSpec &kernel = model.kernels[k];
    if (kernel.role != model::KernelRole::Experts)
      continue;
    hasExperts = true;
    model::Sharding sharding = placements[k].getSharding();
    int64_t bytes = model::footprint(kernel, sharding).total() + freeBytesOf(k);
    // Layers that are alike are looked at once, unless a trace tells them
    // apart.
    auto [known, isNew] = likewise.try_emplace(
        {planner.kindOf(k), sharding.region.width, sharding.region.height,
         bytes, isTraced ? kernel.layer : -1});
    if (isNew)
      known->second = planner.getExperts().others(
          kernel, planner.groupings(k, sharding.region, bytes));
    const mapping::OtherPlacements &others = known->second;
    turns.tasks[k].cycles = others.roundRobin.cycles;
    turns.tasks[k].worstCase = others.roundRobin.worstCase;
    order.tasks[k].cycles = others.inOrder.cycles;
    order.tasks[k].worstCase = others.inOrder.worstCase;
    for (schedule::Task *task : {&turns.tasks[k], &order.tasks[k]}) {
      double waits = step.schedule.tasks[k].cycles.contention;
      task->cycles.contention += waits;
      task->worstCase += waits;
    }
  }
  if (!hasExperts)
    return;
  roundRobin = builder.getF64FloatAttr(schedule::solve(turns).latency.total());
  inOrder = builder.getF64FloatAttr(schedule::solve(order).latency.total());
}

static bool dequantises(const model::KernelSpec &kernel) {
  return llvm::any_of(kernel.ops, [](const model::OpSpec &op) {
    return llvm::any_of(op.operands, [&](const model::OperandSpec &operand) {
      return cost::isDequantised(op, operand);
    });
  });
}

/// One warning for all kernels whose dequantising a target does not price.
void Estimates::warnOfDequantising() {
  target::Target target = toTarget(system.getTarget());
  auto count = llvm::count_if(model.kernels, dequantises);
  if (count == 0 || target.dequantise.isGiven())
    return;
  system.emitWarning() << "target '" << target.name
                       << "' does not say what dequantising a weight takes: it "
                          "counts as nothing in "
                       << count << (count == 1 ? " kernel" : " kernels")
                       << "; give core.dequantise, in operations for each "
                          "weight";
}

/// One warning for all kernels that hold ops no cost rule knows.
void Estimates::warnOfUnknown() {
  double unknown = 0, moved = 0;
  std::vector<std::string> kernels;
  for (const schedule::Task &task : step.schedule.tasks) {
    unknown += task.unknownBytes;
    moved += task.movedBytes;
    if (task.unknownBytes > 0)
      kernels.push_back(task.name);
  }
  if (kernels.empty())
    return;
  InFlightDiagnostic diag = system.emitWarning()
                            << kernels.size()
                            << (kernels.size() == 1 ? " kernel holds"
                                                    : " kernels hold")
                            << " ops that no cost rule knows; cycles are a "
                               "guess by bytes there, "
                            << fmt::format("{:.1f} %", 100 * unknown / moved)
                            << " of all bytes";
  constexpr size_t kShown = 5;
  for (const std::string &name : ArrayRef(kernels).take_front(kShown))
    diag.attachNote() << "kernel '" << name << "'";
  if (kernels.size() > kShown)
    diag.attachNote() << "and " << kernels.size() - kShown << " more";
}
