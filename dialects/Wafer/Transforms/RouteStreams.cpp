//===- RouteStreams.cpp - Leads streams and collectives over routers ------===//
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
#include "RoutingProblem.h"
#include "StepProblem.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_ROUTESTREAMS
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

namespace {

class RouteStreams : public inlay::wafer::impl::RouteStreamsBase<RouteStreams> {
public:
  using RouteStreamsBase::RouteStreamsBase;

private:
  void runOnOperation() override {
    auto &mapping = getAnalysis<MappingAnalysis>();
    FailureOr<OpenSystem> open =
        openSystem(getOperation(), mapping, Progress::Placed);
    if (failed(open) || failed(route(*open, mapping.getModel())))
      return signalPassFailure();
    markAnalysesPreserved<MappingAnalysis>();
  }

  LogicalResult route(OpenSystem &open, const model::Graph &model) const;
};

} // namespace

/// A machine whose packets carry their destination has nothing to be set.
static void writeNoColours(SystemOp system) {
  OpBuilder builder(system.getContext());
  builder.setInsertionPointToEnd(&system.getBlock());
  auto zero = builder.getI64IntegerAttr(0);
  FabricOp::create(builder, system.getLoc(), zero, zero, zero,
                   builder.getDenseI64ArrayAttr({0, 0, 0}),
                   builder.getDenseI64ArrayAttr({}));
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("RouteStreams").category("mapping"))
      << "the target has no colours: its packets carry their destination"
      << remark::metric("routes", 0) << remark::metric("colours", 0);
}

/// Flows off the critical path need fewer lanes: each takes a part of what
/// there is to spare.
static void addSpareWavelets(routing::Problem &problem, const StepProblem &step,
                             double part) {
  double period = cost::Rates(*step.schedule.target, step.mode).period;
  std::vector<double> slacks = schedule::slacks(step.schedule);
  for (routing::Flow &flow : problem.flows) {
    std::optional<double> least;
    for (int stream : flow.streams) {
      int edge = step.edgeOf[stream];
      double slack = edge < 0 ? 0 : slacks[edge];
      least = std::min(slack, least.value_or(slack));
    }
    flow.spareWavelets =
        static_cast<int64_t>(part * least.value_or(0) / period);
  }
}

/// What a step takes with what its routes add.
static schedule::Solution stepOn(StepProblem step,
                                 const routing::Problem &problem,
                                 const routing::Solution &routes) {
  step.addContention(problem, routes);
  return schedule::solve(step.schedule);
}

/// Several flows may follow each other, so each takes a quarter of what it has
/// to spare. But few lanes carry much: kernels whose regions they cross have to
/// wait for it. Where kernels of the critical path do, routes with all lanes
/// are found too, and taken where a step is shorter.
static std::optional<routing::Solution>
solve(routing::Problem &problem, const StepProblem &step, Diagnostics &diags) {
  constexpr double kPart = 0.25, kKernelsWait = 0.005, kAllWait = 0.03;
  addSpareWavelets(problem, step, kPart);
  std::optional<routing::Solution> few = routing::solve(problem, diags);
  if (!few)
    return few;
  schedule::Solution timed = stepOn(step, problem, *few);
  double period = cost::Rates(*step.schedule.target, step.mode).period;
  double waits = 0;
  for (int task : timed.criticalPath)
    waits += double(few->kernelContention[task]) * period;
  double cycles = timed.latency.total();
  if (waits < kKernelsWait * cycles &&
      timed.latency.contention < kAllWait * cycles)
    return few;
  routing::Problem wide = problem;
  addSpareWavelets(wide, step, 0);
  Diagnostics ignored;
  std::optional<routing::Solution> all = routing::solve(wide, ignored);
  if (!all || stepOn(step, wide, *all).latency.total() >= cycles)
    return few;
  problem = std::move(wide);
  return all;
}

LogicalResult RouteStreams::route(OpenSystem &open,
                                  const model::Graph &model) const {
  SystemOp system = open.system;
  size_t numConnects = llvm::range_size(system.getBody().getOps<ConnectOp>());
  if (numConnects != model.streams.size())
    return system.emitError() << "has " << numConnects << " connections for "
                              << model.streams.size()
                              << " streams; 'place-regions' makes one for each";
  if (system.getTarget().getValue("colours") < 1) {
    writeNoColours(system);
    return success();
  }
  routing::Problem problem = routingProblem(system, model, open.placements);
  problem.worthALane = worthALane;
  problem.mostCrossingLanes = mostCrossingLanes;
  StepProblem step(toTarget(system.getTarget()), toMode(system.getCost()),
                   routingOf(system), model,
                   static_cast<int>(system.getWafers()), open.placements);
  Diagnostics diags;
  std::optional<routing::Solution> solution;
  bool isValid = step.schedule.check(diags) && problem.check(diags);
  if (isValid) {
    step.addTimes(problem);
    solution = solve(problem, step, diags);
  }
  emitDiagnostics(system, diags);
  if (!solution)
    return failure();
  writeRoutes(system, problem, *solution, open.placements);
  const routing::LinkLoad *hottest = solution->hottest();
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("RouteStreams").category("mapping"))
      << "routed streams and collectives"
      << remark::metric("routes", solution->routes.size())
      << remark::metric("colours", solution->coloursUsed)
      << remark::metric("least", solution->lowerBound)
      << remark::metric("hottest", hottest ? hottest->most : 0);
  return success();
}
