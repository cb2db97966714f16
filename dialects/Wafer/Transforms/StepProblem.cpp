//===- StepProblem.cpp - One step of a placed system ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StepProblem.h"
#include "AttrConversion.h"

#include "inlay/Model/GroupSums.h"

#include "llvm/ADT/StringSet.h"

#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace {

/// What the cost model says of a kernel on its region.
struct CostedKernel {
  cost::KernelCost cost;
  cost::Bound bound;
  cost::Bound regionBound;
  cost::PathWork work;
  double leastCycles = 0;
  double dispatch = 0;
  double activations = 0;
};

/// Costs kernels; equal ones that are cut alike are costed once.
class KernelCosts {
public:
  KernelCosts(const cost::Rates &rates, const cost::ModelRouting &routing)
      : rates(rates), routing(routing) {}

  const CostedKernel &get(const model::KernelSpec &kernel,
                          Placement &placement) {
    Key key = {kernel.structuralHash.empty() ? "name:" + kernel.name
                                             : kernel.structuralHash,
               placement.assign.getShardingAttr().getAsOpaquePointer(),
               placement.region.getWidth(), placement.region.getHeight(),
               isTraced(kernel) ? kernel.layer : -1};
    auto [entry, isNew] = known.try_emplace(key);
    if (!isNew)
      return entry->second;
    CostedKernel &costed = entry->second;
    const model::Sharding &sharding = placement.getSharding();
    costed.cost = estimate(kernel, sharding, costed.activations);
    costed.bound =
        cost::kernelBound(kernel, rates.target, rates.target.usableCores());
    costed.regionBound = cost::shardingBound(kernel, sharding, rates.target);
    costed.work = cost::pathWork(kernel, rates.target);
    addLeast(kernel, sharding, costed);
    return costed;
  }

private:
  using Key = std::tuple<std::string, const void *, int64_t, int64_t, int>;

  /// Equal layers may choose their experts differently.
  bool isTraced(const model::KernelSpec &kernel) const {
    return kernel.role == model::KernelRole::Experts &&
           routing.kind == cost::Routing::Kind::Trace;
  }

  cost::KernelCost estimate(const model::KernelSpec &kernel,
                            const model::Sharding &sharding,
                            double &activations) const {
    if (kernel.role != model::KernelRole::Experts)
      return cost::estimateKernel(kernel, sharding, rates);
    cost::ExpertLoad step = cost::expertLoad(kernel, sharding);
    activations = cost::expectedLargestLoad(routing.of(kernel.layer), step);
    return cost::estimateExperts(
        kernel, sharding, rates,
        {activations, cost::worstLoad(step), cost::followingOperations(step)});
  }

  /// Tokens may be spread over the groups evenly.
  void addLeast(const model::KernelSpec &kernel,
                const model::Sharding &sharding, CostedKernel &costed) const {
    costed.leastCycles = costed.cost.cycles.total();
    if (sharding.numGroups() <= 1)
      return;
    cost::ExpertLoad step = cost::expertLoad(kernel, sharding);
    double least = std::max(1.0, double(step.tokens * step.perToken) /
                                     double(sharding.numGroups()));
    costed.leastCycles = std::min(
        costed.leastCycles,
        cost::estimateExperts(kernel, sharding, rates,
                              {least, least, cost::followingOperations(step)})
            .cycles.total());
    if (!model::takesHandedOver(kernel, sharding))
      costed.dispatch = cost::longestEntry(kernel, sharding, rates).total();
  }

  const cost::Rates &rates;
  const cost::ModelRouting &routing;
  std::map<Key, CostedKernel> known;
};

} // namespace

/// Bytes of weights and streams that a firing of a kernel may touch.
static double movedBytes(const model::KernelSpec &kernel) {
  int64_t bytes = kernel.weightBytes();
  for (const model::PortSpec &port : kernel.inputs)
    bytes += port.bytes();
  for (const model::PortSpec &port : kernel.outputs)
    bytes += port.bytes();
  return static_cast<double>(bytes);
}

/// Bytes of weights and states that stay; a weight that an earlier kernel has
/// may be the same one.
static double newBytes(const model::KernelSpec &kernel, StringSet<> &seen) {
  auto bytes = static_cast<double>(kernel.stateBytes());
  for (const model::WeightSpec &weight : kernel.weights)
    if (seen.insert(weight.name).second)
      bytes += static_cast<double>(weight.storedBytes());
  return bytes;
}

/// What a stream takes from the end of its producer to the start of its
/// consumer.
static cost::Breakdown cyclesOf(const model::StreamSpec &stream,
                                const Connection &way,
                                const cost::Breakdown &entry,
                                const cost::Rates &rates) {
  if (way.inPlace)
    return {};
  auto bytes = static_cast<double>(stream.bytes());
  if (way.crossing)
    return cost::crossingCost(rates.target, bytes) + entry;
  return cost::streamCost(rates, bytes, way.hops, way.lanes) + entry;
}

StepProblem::StepProblem(const target::Target &target, cost::Mode mode,
                         const cost::ModelRouting &routing,
                         const model::Graph &model, int numStages,
                         MutableArrayRef<Placement> placements)
    : mode(mode) {
  schedule.numStages = numStages;
  schedule.clock = target.clock.value;
  schedule.target = target;
  schedule.batch = model.batch;
  schedule.tokens = model.tokens;
  schedule.waferBytes = double(target.usableCores()) * double(target.budget()) +
                        target.dramCapacity.valueOr(0);
  schedule.leastCrossing = cost::crossingCost(target, 0).crossing;
  cost::Rates rates(target, mode);
  KernelCosts costs(rates, routing);
  StringSet<> seen;
  for (auto [kernel, placement] : llvm::zip(model.kernels, placements)) {
    const CostedKernel &costed = costs.get(kernel, placement);
    schedule.tasks.push_back(
        {kernel.name, static_cast<int>(placement.stage.getWafer()),
         costed.cost.cycles, costed.cost.worstCase, costed.bound,
         costed.cost.unknownBytes, movedBytes(kernel), costed.work,
         costed.regionBound, newBytes(kernel, seen)});
    leastCycles.push_back(costed.leastCycles);
    activations.push_back(costed.activations);
    dispatch.push_back(costed.dispatch);
  }
  for (const model::StreamSpec &stream : model.streams) {
    if (stream.producer == model::kHost || stream.consumer == model::kHost) {
      edgeOf.push_back(-1);
      continue;
    }
    edgeOf.push_back(static_cast<int>(schedule.edges.size()));
    model::Sharding sharding = placements[stream.consumer].getSharding();
    cost::Breakdown entry;
    // Groups that want it otherwise count it themselves, as their dispatch.
    const model::KernelSpec &consumer = model.kernels[stream.consumer];
    if (model::takesHandedOver(consumer, sharding))
      entry = cost::entryCycles(consumer, stream.consumerPort, sharding, rates);
    Connection way = connectionOf(stream, placements);
    schedule.edges.push_back({stream.producer, stream.consumer,
                              cyclesOf(stream, way, entry, rates)});
  }
  addTurns(placements);
}

/// Kernels of one region follow each other, whether a stream joins them or not.
void StepProblem::addTurns(ArrayRef<Placement> placements) {
  DenseMap<Operation *, int> lastOn;
  for (auto [k, placement] : llvm::enumerate(placements)) {
    int task = static_cast<int>(k);
    auto [last, isFirst] = lastOn.try_emplace(RegionOp(placement.region), task);
    if (!isFirst)
      schedule.edges.push_back({last->second, task, {}, /*isTurn=*/true});
    last->second = task;
  }
}

void StepProblem::addContention(SystemOp system,
                                MutableArrayRef<Placement> placements) {
  target::Target target = toTarget(system.getTarget());
  double period = cost::Rates(target, toMode(system.getCost())).period;
  for (auto [connect, edge] :
       llvm::zip(system.getBody().getOps<ConnectOp>(), edgeOf))
    if (edge >= 0)
      schedule.edges[edge].cycles.contention +=
          static_cast<double>(connect.getContention()) * period;
  for (auto [task, placement] : llvm::zip(schedule.tasks, placements)) {
    double cycles =
        static_cast<double>(placement.assign.getContention()) * period;
    task.cycles.contention += cycles;
    task.worstCase += cycles;
  }
}

void StepProblem::addContention(const routing::Problem &problem,
                                const routing::Solution &routes) {
  double period = cost::Rates(*schedule.target, mode).period;
  for (auto [flow, wavelets] :
       llvm::zip_equal(problem.flows, routes.contention))
    for (int stream : flow.streams)
      if (edgeOf[stream] >= 0)
        schedule.edges[edgeOf[stream]].cycles.contention +=
            static_cast<double>(wavelets) * period;
  for (auto [task, wavelets] :
       llvm::zip_equal(schedule.tasks, routes.kernelContention)) {
    double cycles = static_cast<double>(wavelets) * period;
    task.cycles.contention += cycles;
    task.worstCase += cycles;
  }
}

void StepProblem::addTimes(routing::Problem &problem) const {
  problem.period = cost::Rates(*schedule.target, mode).period;
  for (auto [kernel, task, least] :
       llvm::zip_equal(problem.kernels, schedule.tasks, leastCycles)) {
    kernel.leastCycles = least;
    kernel.mostCycles = std::max(task.worstCase, task.cycles.total());
  }
  // Streams between kernels, in order, and then turns.
  for (size_t i = 0; i < problem.order.size(); ++i)
    problem.orderCycles.push_back(schedule.edges[i].cycles.total());
  for (routing::Flow &flow : problem.flows) {
    for (int stream : flow.streams) {
      if (edgeOf[stream] < 0)
        continue;
      const cost::Breakdown &cycles = schedule.edges[edgeOf[stream]].cycles;
      flow.cycles =
          std::max(flow.cycles.value_or(0), cycles.total() + dispatch[flow.to]);
      if (cycles.crossing > 0)
        flow.crossing = schedule.leastCrossing;
    }
  }
}
