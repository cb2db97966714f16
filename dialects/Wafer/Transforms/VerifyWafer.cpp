//===- VerifyWafer.cpp - Checks what a runtime relies on ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// One check for each constraint of the pass's description. Everything is
// recomputed from the graph and from what the IR says of the placement; what
// earlier passes kept in analyses is not used.
//
//===----------------------------------------------------------------------===//

#include "AttrConversion.h"
#include "ConstraintConversion.h"
#include "EmitDiagnostics.h"
#include "ExtractModel.h"
#include "OtherPhase.h"
#include "Passes.h"
#include "RoutingProblem.h"
#include "StepProblem.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_VERIFYWAFER
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

namespace {

/// What a system says of its kernels beyond their placement, by name.
struct Facts {
  llvm::StringMap<SmallVector<ExpertGroupOp>> groups;
  llvm::StringMap<SmallVector<BufferOp>> buffers;
  llvm::StringMap<EstimateOp> estimates;

  explicit Facts(SystemOp system) {
    system.walk([&](Operation *op) {
      if (auto group = dyn_cast<ExpertGroupOp>(op))
        groups[group.getKernel()].push_back(group);
      else if (auto buffer = dyn_cast<BufferOp>(op))
        buffers[buffer.getKernel()].push_back(buffer);
      else if (auto estimate = dyn_cast<EstimateOp>(op))
        estimates[estimate.getKernel()] = estimate;
    });
  }
};

class VerifyWafer : public inlay::wafer::impl::VerifyWaferBase<VerifyWafer> {
  void runOnOperation() override;

  InFlightDiagnostic fail(Operation *op) {
    held = false;
    return op->emitError();
  }

  void checkSystem(SystemOp system);
  void checkStages(SystemOp system);
  void checkKeptOut(SystemOp system);
  void checkWishes(const mapping::Constraints &wanted,
                   const model::Graph &model,
                   MutableArrayRef<Placement> placements);
  bool checkSharding(const model::KernelSpec &kernel, Placement &placement);
  void checkGroups(const model::KernelSpec &kernel, Placement &placement,
                   SmallVector<ExpertGroupOp> groups);
  void checkBuffers(const model::KernelSpec &kernel, Placement &placement,
                    SmallVector<BufferOp> buffers);
  void checkRoutes(SystemOp system, const model::Graph &model,
                   MutableArrayRef<Placement> placements);
  void checkConnections(SystemOp system, const model::Graph &model,
                        MutableArrayRef<Placement> placements);
  void checkConnection(ConnectOp connect, const model::StreamSpec &stream,
                       const model::Graph &model, const Connection &way);
  void checkEstimates(SystemOp system, const model::Graph &model,
                      MutableArrayRef<Placement> placements,
                      const Facts &facts);
  void checkStep(SystemOp system, const StepProblem &step);

  bool held = true;
};

} // namespace

void VerifyWafer::runOnOperation() {
  ModuleOp module = getOperation();
  size_t numSystems = llvm::range_size(module.getOps<SystemOp>());
  if (numSystems != 1)
    fail(module) << "a placed module holds one 'inlay_wafer.system', this one "
                    "holds "
                 << numSystems;
  if (!mappedGraph(module))
    fail(module) << "a placed module holds one 'inlay_dataflow.graph', this "
                    "one holds "
                 << llvm::range_size(module.getOps<dataflow::GraphOp>());
  if (held)
    checkSystem(*module.getOps<SystemOp>().begin());
  markAllAnalysesPreserved();
  if (!held)
    signalPassFailure();
}

void VerifyWafer::checkSystem(SystemOp system) {
  FailureOr<model::Graph> model = extractModel(system.lookupGraph());
  checkStages(system);
  checkKeptOut(system);
  if (failed(model)) {
    held = false;
    return;
  }
  FailureOr<SmallVector<Placement>> placements =
      readPlacements(system, *model, Progress::Placed);
  if (failed(placements)) {
    held = false;
    return;
  }
  FailureOr<mapping::Constraints> wanted =
      readConstraints(system->getParentOfType<ModuleOp>(), *model);
  if (succeeded(wanted))
    checkWishes(*wanted, *model, *placements);
  else
    held = false;
  Facts facts(system);
  bool areSharded = true;
  for (auto [kernel, placement] : llvm::zip(model->kernels, *placements)) {
    if (!checkSharding(kernel, placement)) {
      areSharded = false;
      continue;
    }
    checkGroups(kernel, placement, facts.groups.lookup(kernel.name));
    checkBuffers(kernel, placement, facts.buffers.lookup(kernel.name));
  }
  checkConnections(system, *model, *placements);
  if (held)
    checkRoutes(system, *model, *placements);
  if (areSharded)
    checkEstimates(system, *model, *placements, facts);
}

/// A stage for each wafer. They stand in order, at most one for each.
void VerifyWafer::checkStages(SystemOp system) {
  int64_t wafer = 0;
  for (StageOp stage : system.getBody().getOps<StageOp>()) {
    for (; wafer < static_cast<int64_t>(stage.getWafer()); ++wafer)
      fail(system) << "wafer " << wafer << " has no stage";
    ++wafer;
  }
  for (; wafer < static_cast<int64_t>(system.getWafers()); ++wafer)
    fail(system) << "wafer " << wafer << " has no stage";
}

/// Regions leave the rectangles free that the user wants free.
void VerifyWafer::checkKeptOut(SystemOp system) {
  auto module = system->getParentOfType<ModuleOp>();
  for (auto constraints : module.getOps<ConstraintsOp>())
    for (auto keepOut : constraints.getBody().getOps<KeepOutOp>())
      system.walk([&](RegionOp region) {
        if (!region.isPlaced() || !region.getRect().overlaps(keepOut.getRect()))
          return;
        fail(region) << "region '" << region.getSymName() << "' of '"
                     << region.getStage().getSymName()
                     << "' covers cores that 'inlay_wafer.keep_out' keeps free";
      });
}

/// Kernels are where the user wants them.
void VerifyWafer::checkWishes(const mapping::Constraints &wanted,
                              const model::Graph &model,
                              MutableArrayRef<Placement> placements) {
  auto failFor = [&](size_t kernel, StringRef constraint) {
    fail(placements[kernel].assign)
        << "kernel '" << model.kernels[kernel].name
        << "' is not where 'inlay_wafer." << constraint << "' wants it";
  };
  for (const mapping::Constraints::Pin &pin : wanted.pins) {
    Placement &placement = placements[pin.kernel];
    model::Rect rect = placement.getRect();
    if (static_cast<int64_t>(placement.stage.getWafer()) != pin.wafer ||
        (pin.at && *pin.at != std::pair(rect.x, rect.y)))
      failFor(pin.kernel, "pin");
  }
  for (const mapping::Constraints::Limit &limit : wanted.limits) {
    model::Rect rect = placements[limit.kernel].getRect();
    if (rect.width > limit.most.width || rect.height > limit.most.height)
      failFor(limit.kernel, "max_region");
  }
  for (ArrayRef<size_t> kernels : wanted.together)
    for (size_t kernel : kernels.drop_front())
      if (placements[kernel].region != placements[kernels.front()].region)
        failFor(kernel, "same_region");
}

bool VerifyWafer::checkSharding(const model::KernelSpec &kernel,
                                Placement &placement) {
  Diagnostics diags;
  if (model::check(kernel, placement.getSharding(), diags))
    return true;
  held = false;
  emitDiagnostics(placement.assign, diags);
  return false;
}

void VerifyWafer::checkGroups(const model::KernelSpec &kernel,
                              Placement &placement,
                              SmallVector<ExpertGroupOp> groups) {
  std::vector<model::ExpertGroup> expected =
      model::expertGroups(kernel, placement.getSharding());
  if (groups.size() != expected.size()) {
    fail(placement.assign) << "kernel '" << kernel.name << "' has "
                           << groups.size()
                           << " expert groups, but its sharding makes "
                           << expected.size();
    return;
  }
  for (auto [group, wanted] : llvm::zip_equal(groups, expected))
    if (!(group.getRect() == wanted.rect))
      fail(group) << "group " << group.getIndex() << " of '" << kernel.name
                  << "' is not what the sharding makes of it: "
                  << wanted.rect.width << " x " << wanted.rect.height
                  << " cores at (" << wanted.rect.x << ", " << wanted.rect.y
                  << ")";
    else if (group.getExperts() != ArrayRef(wanted.experts))
      fail(group) << "group " << group.getIndex() << " of '" << kernel.name
                  << "' does not hold the experts that the sharding gives it";
}

/// Buffers are those of the one footprint function, in its order.
void VerifyWafer::checkBuffers(const model::KernelSpec &kernel,
                               Placement &placement,
                               SmallVector<BufferOp> buffers) {
  std::vector<model::ShardBuffer> expected =
      model::shardBuffers(kernel, placement.getSharding());
  if (buffers.size() != expected.size()) {
    fail(placement.assign) << "kernel '" << kernel.name << "' has "
                           << buffers.size() << " buffers, but needs "
                           << expected.size();
    return;
  }
  for (auto [buffer, wanted] : llvm::zip_equal(buffers, expected))
    if (static_cast<int64_t>(buffer.getBytes()) != wanted.bytes ||
        static_cast<int64_t>(buffer.getFirst()) != wanted.firstOp ||
        static_cast<int64_t>(buffer.getLast()) != wanted.lastOp)
      fail(buffer) << "buffer '" << buffer.getName() << "' of '" << kernel.name
                   << "' has " << buffer.getBytes() << " B for ops "
                   << buffer.getFirst() << " to " << buffer.getLast()
                   << ", but its shard needs " << wanted.bytes << " B for ops "
                   << wanted.firstOp << " to " << wanted.lastOp;
}

/// A connection for each stream, in order.
void VerifyWafer::checkConnections(SystemOp system, const model::Graph &model,
                                   MutableArrayRef<Placement> placements) {
  auto connections = llvm::to_vector(system.getBody().getOps<ConnectOp>());
  if (connections.size() != model.streams.size()) {
    fail(system) << "the graph has " << model.streams.size()
                 << " streams, but the system has " << connections.size()
                 << " connections";
    return;
  }
  for (auto [connect, stream] : llvm::zip_equal(connections, model.streams))
    checkConnection(connect, stream, model, connectionOf(stream, placements));
}

void VerifyWafer::checkConnection(ConnectOp connect,
                                  const model::StreamSpec &stream,
                                  const model::Graph &model,
                                  const Connection &way) {
  auto nameOf = [&](int kernel) -> StringRef {
    return kernel == model::kHost ? StringRef() : model.kernels[kernel].name;
  };
  auto joins = [&](std::optional<StringRef> name, int64_t port, int kernel,
                   int kernelPort) {
    return name.value_or("") == nameOf(kernel) &&
           port == (kernel == model::kHost ? 0 : kernelPort);
  };
  if (!joins(connect.getProducer(), connect.getProducerPort(), stream.producer,
             stream.producerPort) ||
      !joins(connect.getConsumer(), connect.getConsumerPort(), stream.consumer,
             stream.consumerPort)) {
    fail(connect) << "connection '" << connect.getName()
                  << "' does not join what stream '" << stream.name
                  << "' joins";
    return;
  }
  if (static_cast<int64_t>(connect.getBytes()) != stream.bytes())
    fail(connect) << "connection '" << connect.getName() << "' carries "
                  << connect.getBytes() << " B, but the stream has "
                  << stream.bytes() << " B";
  if (static_cast<int64_t>(connect.getHops()) != way.hops ||
      connect.getCrossing() != way.crossing ||
      connect.getInPlace() != way.inPlace)
    fail(connect) << "connection '" << connect.getName() << "' claims "
                  << connect.getHops() << " hops"
                  << (connect.getCrossing()  ? " and a crossing"
                      : connect.getInPlace() ? " in place"
                                             : "")
                  << ", but its regions are " << way.hops << " hops apart"
                  << (way.crossing  ? " on different wafers"
                      : way.inPlace ? " and it is in place"
                                    : "");
}

/// Routes are those of the streams and collectives, and prove themselves.
void VerifyWafer::checkRoutes(SystemOp system, const model::Graph &model,
                              MutableArrayRef<Placement> placements) {
  auto fabrics = system.getBody().getOps<FabricOp>();
  if (llvm::range_size(fabrics) != 1) {
    fail(system) << "the system has " << llvm::range_size(fabrics)
                 << " 'inlay_wafer.fabric' instead of one; 'route-streams' "
                    "makes it";
    return;
  }
  auto colours = static_cast<int64_t>(system.getTarget().getValue("colours"));
  FabricOp fabric = *fabrics.begin();
  if (static_cast<int64_t>(fabric.getColours()) != colours) {
    fail(fabric) << "has " << fabric.getColours()
                 << " colours, but the target has " << colours;
    return;
  }
  // Without colours there is nothing to be set.
  if (colours < 1)
    return;
  routing::Problem problem = routingProblem(system, model, placements);
  StepProblem(toTarget(system.getTarget()), toMode(system.getCost()),
              routingOf(system), model, static_cast<int>(system.getWafers()),
              placements)
      .addTimes(problem);
  FailureOr<routing::Solution> solution = readRoutes(system, problem);
  Diagnostics diags;
  if (succeeded(solution) && problem.check(diags) &&
      solution->verify(problem, diags))
    return;
  held = false;
  emitDiagnostics(system, diags);
}

static bool isClose(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

/// Estimates are what the cost model says.
void VerifyWafer::checkEstimates(SystemOp system, const model::Graph &model,
                                 MutableArrayRef<Placement> placements,
                                 const Facts &facts) {
  StepProblem step(toTarget(system.getTarget()), toMode(system.getCost()),
                   routingOf(system), model,
                   static_cast<int>(system.getWafers()), placements);
  step.addContention(system, placements);
  for (auto [task, placement] : llvm::zip(step.schedule.tasks, placements)) {
    EstimateOp estimate = facts.estimates.lookup(task.name);
    if (!estimate)
      fail(placement.assign) << "kernel '" << task.name << "' has no estimate";
    else if (!isClose(estimate.getCycles().getTotal(), task.cycles.total()) ||
             !isClose(estimate.getWorstCase().convertToDouble(),
                      task.worstCase) ||
             !isClose(estimate.getBound().getCycles(), task.bound.cycles()))
      fail(estimate) << "the estimate of kernel '" << task.name
                     << "' is not what the cost model says: "
                     << task.cycles.total() << " cycles, at worst "
                     << task.worstCase << ", at least " << task.bound.cycles();
  }
  for (auto [connect, edge] :
       llvm::zip(system.getBody().getOps<ConnectOp>(), step.edgeOf)) {
    double expected = edge >= 0 ? step.schedule.edges[edge].cycles.total() : 0;
    CyclesAttr cycles = connect.getCyclesAttr();
    if (static_cast<bool>(cycles) != (edge >= 0) ||
        (cycles && !isClose(cycles.getTotal(), expected)))
      fail(connect) << "the cycles of connection '" << connect.getName()
                    << "' are not what the cost model says: " << expected;
  }
  if (held)
    checkStep(system, step);
}

/// The step's estimate follows from those of kernels and streams.
void VerifyWafer::checkStep(SystemOp system, const StepProblem &step) {
  auto estimates = system.getBody().getOps<StepEstimateOp>();
  if (estimates.empty()) {
    fail(system) << "the system has no 'inlay_wafer.step_estimate'";
    return;
  }
  StepEstimateOp estimate = *estimates.begin();
  schedule::Solution solution = schedule::solve(step.schedule);
  bool stagesHold =
      llvm::equal(estimate.getStages(), solution.stageCycles,
                  [](double a, double b) { return isClose(a, b); });
  if (!stagesHold ||
      !isClose(estimate.getLatency().getTotal(), solution.latency.total()) ||
      !isClose(estimate.getWorstCase().convertToDouble(),
               solution.worstLatency) ||
      !isClose(estimate.getLeast().convertToDouble(), solution.bound))
    fail(estimate) << "the estimate of the step does not follow from those of "
                      "its kernels: "
                   << solution.latency.total() << " cycles, at worst "
                   << solution.worstLatency << ", at least " << solution.bound;
}
