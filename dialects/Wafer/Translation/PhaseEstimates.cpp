//===- PhaseEstimates.cpp - What another phase takes in a plan ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/PhaseEstimates.h"

#include "dialects/Wafer/Transforms/AttrConversion.h"
#include "dialects/Wafer/Transforms/EmitDiagnostics.h"
#include "dialects/Wafer/Transforms/ExtractModel.h"
#include "dialects/Wafer/Transforms/OtherPhase.h"
#include "dialects/Wafer/Transforms/StepProblem.h"
#include "inlay/Schedule/Pipeline.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

static plan::Cycles toCycles(const cost::Breakdown &cycles) {
  return {cycles.compute,         cycles.sram,     cycles.fabricLatency,
          cycles.fabricBandwidth, cycles.software, cycles.crossing,
          cycles.contention,      cycles.total()};
}

static plan::Bound toBound(const schedule::Solution &solution) {
  const cost::Bound &parts = solution.boundParts;
  return {parts.compute,  parts.sram,     parts.link,     parts.bisection,
          parts.distance, parts.crossing, solution.bound, parts.binding()};
}

/// Streams of both phases stand in the same order.
static void addContention(const PlacedSystem &placement,
                          const model::Graph &other, double period,
                          StepProblem &step) {
  for (auto [placed, own, theirs, edge] :
       llvm::zip_equal(placement.connects, placement.model.streams,
                       other.streams, step.edgeOf))
    if (ConnectOp connect = placed; edge >= 0 && own.bytes() > 0)
      step.schedule.edges[edge].cycles.contention +=
          static_cast<double>(connect.getContention()) * period *
          std::min(1.0, double(theirs.bytes()) / double(own.bytes()));
}

static plan::PhaseEstimate toEstimate(const PlacedSystem &placement,
                                      const OtherPhase &other,
                                      const StepProblem &step,
                                      const schedule::Solution &solution) {
  SystemOp system = placement.system;
  plan::PhaseEstimate result;
  result.phase = "decode";
  result.batch = other.model.batch;
  result.context = other.model.context;
  result.tokens = other.model.tokens;
  result.firings = other.firings;
  result.latency = toCycles(solution.latency);
  result.worstCaseLatency = solution.worstLatency;
  result.stageCycles = solution.stageCycles;
  result.bound = toBound(solution);
  result.gap = solution.gap();
  int64_t steps = stepsInFlight(system.lookupGraph());
  schedule::Pipeline pipeline = schedule::pipelineOf(
      solution.latency.total(), solution.stageCycles, steps);
  result.inFlight = {steps, pipeline.period, pipeline.turn(), pipeline.fill,
                     pipeline.drain};
  TargetAttr target = system.getTarget();
  std::vector<double> clocks = {target.getValue("clock")};
  llvm::append_range(clocks, target.getReportClocks().asArrayRef());
  for (double clock : clocks)
    result.rates.push_back(
        {clock, solution.tokensPerUser(step.schedule, clock),
         solution.tokensPerSystem(step.schedule, clock),
         solution.tokensInFlight(step.schedule, clock, steps)});
  return result;
}

FailureOr<std::vector<plan::PhaseEstimate>>
inlay::wafer::phaseEstimates(const PlacedSystem &placement) {
  SystemOp system = placement.system;
  std::vector<plan::PhaseEstimate> estimates;
  FailureOr<std::optional<OtherPhase>> other =
      readOtherPhase(system.lookupGraph(), placement.model);
  if (failed(other))
    return failure();
  if (!*other)
    return estimates;
  SmallVector<Placement> placements;
  for (const PlacedKernel &kernel : placement.kernels)
    placements.push_back(kernel.placement);
  const model::Graph &model = (*other)->model;
  if (failed(checkOtherPhase(**other, placement.model, placements)))
    return failure();
  target::Target target = toTarget(system.getTarget());
  StepProblem step(target, toMode(system.getCost()), routingOf(system), model,
                   static_cast<int>(system.getWafers()), placements);
  addContention(placement, model,
                cost::Rates(target, toMode(system.getCost())).period, step);
  Diagnostics diags;
  schedule::Solution solution;
  if (step.schedule.check(diags)) {
    solution = schedule::solve(step.schedule);
    solution.verify(step.schedule, diags);
  }
  emitDiagnostics(system, diags);
  if (diags.hasErrors())
    return failure();
  estimates.push_back(toEstimate(placement, **other, step, solution));
  return estimates;
}
