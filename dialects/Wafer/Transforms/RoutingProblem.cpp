//===- RoutingProblem.cpp - What of a placed system is to be routed -------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoutingProblem.h"
#include "AttrConversion.h"
#include "ExtractModel.h"

#include "inlay/Model/GroupSums.h"
#include "inlay/Model/Layout.h"
#include "inlay/Model/SumLines.h"
#include "inlay/Support/Format.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace {

/// How a value lies, and whether in the order of its features.
struct Held {
  routing::Share share;
  bool isInOrder = false;
};

class ProblemBuilder {
public:
  ProblemBuilder(SystemOp system, const model::Graph &model,
                 MutableArrayRef<Placement> placements)
      : system(system), model(model), placements(placements),
        target(toTarget(system.getTarget())),
        rates(target, toMode(system.getCost())), choices(routingOf(system)) {}

  routing::Problem run();

private:
  void addRegions();
  void addCollectives(int kernel);
  void addAllReduce(int kernel, const cost::CollectiveUse &use);
  int addMove(int kernel, const cost::CollectiveUse &use, int after);
  int addTimes(const routing::Collective &collective);
  void addCombination(int kernel, const cost::CollectiveUse &use);
  void addFlow(int stream);
  void setSource(routing::Flow &flow, const model::StreamSpec &stream,
                 Held &given);
  void setSink(routing::Flow &flow, const model::StreamSpec &stream,
               Held &wanted);
  Held given(int kernel, int output) const;
  Held wanted(int kernel, int input) const;
  int64_t assumed(const model::StreamSpec &stream) const;
  const std::vector<cost::CollectiveUse> &usesOf(int kernel);

  model::Rect usedRect(int kernel) const;
  model::Rect regionRect(int kernel) const {
    return Placement(placements[kernel]).getRect();
  }

  SystemOp system;
  const model::Graph &model;
  MutableArrayRef<Placement> placements;
  target::Target target;
  cost::Rates rates;
  cost::ModelRouting choices;
  routing::Problem problem;
  std::vector<model::Sharding> shardings;
  using Key = std::tuple<std::string, const void *, int64_t, int64_t, int>;
  std::map<Key, std::vector<cost::CollectiveUse>> known;
};

} // namespace

/// So many are no reason for a flow of their own.
static constexpr int64_t kFewWavelets = 64;

static int64_t waveletsOf(double bytes, double waveletBytes) {
  return static_cast<int64_t>(std::ceil(bytes / waveletBytes));
}

/// A layout as shares of the cores of a region or group.
static Held heldAs(const model::Layout &layout, const model::Extent &cores) {
  Held held;
  bool isCutX = layout.x.isCut() && cores.width > 1;
  bool isCutY = layout.y.isCut() && cores.height > 1;
  if (!isCutX && !isCutY)
    return held;
  if (isCutX && isCutY) {
    held.share.axis = routing::Axis::Both;
    return held;
  }
  const model::AxisLayout &cut = isCutX ? layout.x : layout.y;
  int64_t parts = isCutX ? cores.width : cores.height;
  // Of features that share the axis with others the cut may count those too.
  int64_t shard = std::max(cut.shard, ceilDiv(layout.features, parts));
  held.share = {isCutX ? routing::Axis::X : routing::Axis::Y, parts,
                std::min(shard, std::max<int64_t>(1, layout.features)),
                std::max<int64_t>(1, layout.features)};
  held.isInOrder = cut.runs.size() == 1 &&
                   cut.runs.front() == model::FeatureRun{1, layout.features};
  if (!held.isInOrder)
    held.share = {held.share.axis, parts, 1, parts};
  return held;
}

static model::Layout portLayout(const model::PortSpec &port,
                                const model::Extent &cores) {
  int64_t features = port.shape.empty() ? 1 : port.shape.back();
  int64_t tokens = 1;
  for (size_t d = 0; d + 1 < port.shape.size(); ++d)
    tokens *= port.shape[d];
  return model::handedOver(features, tokens, cores);
}

/// Cores that the groups of a kernel take; the rest of its region idles.
model::Rect ProblemBuilder::usedRect(int kernel) const {
  model::Rect region = regionRect(kernel);
  const model::Sharding &sharding = shardings[kernel];
  return {region.x, region.y, sharding.groups.width * sharding.group.width,
          sharding.groups.height * sharding.group.height};
}

void ProblemBuilder::addRegions() {
  std::map<Operation *, int> indexOf;
  for (auto [spec, placement] : llvm::zip(model.kernels, placements)) {
    auto [entry, isNew] =
        indexOf.try_emplace(placement.region.getOperation(),
                            static_cast<int>(problem.regions.size()));
    if (isNew)
      problem.regions.push_back({placement.region.getSymName().str(),
                                 static_cast<int>(placement.stage.getWafer()),
                                 placement.getRect()});
    problem.kernels.push_back({spec.name, entry->second});
    shardings.push_back(placement.getSharding());
  }
}

const std::vector<cost::CollectiveUse> &ProblemBuilder::usesOf(int kernel) {
  const model::KernelSpec &spec = model.kernels[kernel];
  Placement &placement = placements[kernel];
  bool isTraced = spec.role == model::KernelRole::Experts &&
                  choices.kind == cost::Routing::Kind::Trace;
  Key key = {spec.structuralHash.empty() ? "name:" + spec.name
                                         : spec.structuralHash,
             placement.assign.getShardingAttr().getAsOpaquePointer(),
             placement.region.getWidth(), placement.region.getHeight(),
             isTraced ? spec.layer : -1};
  auto [entry, isNew] = known.try_emplace(key);
  if (isNew)
    entry->second = cost::collectivesOf(spec, shardings[kernel], rates,
                                        choices.of(spec.layer));
  return entry->second;
}

static routing::Algorithm algorithmOf(cost::ReduceAlgorithm algorithm) {
  switch (algorithm) {
  case cost::ReduceAlgorithm::Star:
    return routing::Algorithm::Star;
  case cost::ReduceAlgorithm::Chain:
    return routing::Algorithm::Chain;
  case cost::ReduceAlgorithm::Tree:
    return routing::Algorithm::Tree;
  case cost::ReduceAlgorithm::TwoPhase:
    return routing::Algorithm::TwoPhase;
  }
  return routing::Algorithm::Chain;
}

static routing::Algorithm algorithmOf(const cost::CollectiveUse &use) {
  switch (use.algorithm) {
  case cost::AllReduceAlgorithm::TwoTree:
    return routing::Algorithm::TwoTree;
  case cost::AllReduceAlgorithm::Ring:
    return routing::Algorithm::Ring;
  case cost::AllReduceAlgorithm::MiddleChain:
    return routing::Algorithm::MiddleChain;
  case cost::AllReduceAlgorithm::OnePhase:
    return routing::Algorithm::MiddleOnePhase;
  case cost::AllReduceAlgorithm::TwoPhases:
    return routing::Algorithm::MiddleTwoPhases;
  case cost::AllReduceAlgorithm::ThreePhases:
    return routing::Algorithm::MiddleThreePhases;
  case cost::AllReduceAlgorithm::ReduceBroadcast:
    break;
  }
  constexpr int kBroadcasts =
      static_cast<int>(routing::Algorithm::StarBroadcast);
  return static_cast<routing::Algorithm>(
      static_cast<int>(algorithmOf(use.reduction)) + kBroadcasts);
}

/// Lines of `use.cores` cores beside each other, in every group, or over all of
/// them.
void ProblemBuilder::addAllReduce(int kernel, const cost::CollectiveUse &use) {
  const model::Sharding &sharding = shardings[kernel];
  model::Rect rect = use.overGroups ? regionRect(kernel) : usedRect(kernel);
  bool alongX = use.axis == model::Axis::X;
  int64_t parts = alongX ? sharding.group.width : sharding.group.height;
  int64_t groups = alongX ? sharding.groups.width : sharding.groups.height;
  int64_t cores = use.overGroups ? use.cores : std::min(use.cores, parts);
  if (cores < 2)
    return;
  routing::Collective collective;
  collective.kernel = kernel;
  collective.op = use.op;
  collective.algorithm = algorithmOf(use);
  collective.cores = cores;
  collective.axis = alongX ? routing::Axis::X : routing::Axis::Y;
  collective.wavelets =
      std::max<int64_t>(1, static_cast<int64_t>(std::ceil(use.wavelets)));
  if (collective.algorithm == routing::Algorithm::Ring)
    // Pieces of a vector go round twice.
    collective.wavelets = 2 * (cores - 1) * ceilDiv(collective.wavelets, cores);
  if (use.overGroups) {
    collective.lines = {{rect, 1, 0, 0}};
    addTimes(collective);
    return;
  }
  for (const std::vector<int64_t> &starts : model::sumLines(
           model.kernels[kernel], sharding, use.makers, use.axis, cores)) {
    collective.lines.clear();
    for (size_t i = 0; i < starts.size();) {
      model::Rect line =
          alongX ? model::Rect{rect.x + starts[i], rect.y, cores, rect.height}
                 : model::Rect{rect.x, rect.y + starts[i], rect.width, cores};
      // In one group, lines at equal distances are copies of one.
      int64_t pitch = groups > 1 ? parts : 0;
      size_t next = i + 1;
      if (groups == 1 && next < starts.size()) {
        pitch = starts[next] - starts[i];
        while (next < starts.size() && starts[next] - starts[next - 1] == pitch)
          ++next;
      }
      int64_t count = groups > 1 ? groups : static_cast<int64_t>(next - i);
      collective.lines.push_back(
          {line, count, alongX ? pitch : 0, alongX ? 0 : pitch});
      i = next;
    }
    addTimes(collective);
  }
}

/// Lines of all groups, or over all of them, from their first core on. Returns
/// its number.
int ProblemBuilder::addMove(int kernel, const cost::CollectiveUse &use,
                            int after) {
  const model::Sharding &sharding = shardings[kernel];
  model::Rect rect = use.overGroups ? regionRect(kernel) : usedRect(kernel);
  bool alongX = use.axis == model::Axis::X;
  int64_t parts = alongX ? sharding.group.width : sharding.group.height;
  int64_t groups = use.overGroups ? 1
                   : alongX       ? sharding.groups.width
                                  : sharding.groups.height;
  routing::Collective collective;
  collective.kind = routing::RouteKind::Move;
  collective.kernel = kernel;
  collective.op = use.op;
  collective.algorithm = routing::Algorithm::AllGather;
  collective.cores = use.cores;
  collective.root = use.senders;
  collective.after = after;
  collective.axis = alongX ? routing::Axis::X : routing::Axis::Y;
  collective.wavelets = static_cast<int64_t>(use.wavelets);
  for (int64_t line = 0; line < (groups > 1 ? use.lines : 1); ++line) {
    // In one group the lines are copies of the first.
    int64_t start = line * use.cores;
    collective.lines.push_back(
        {alongX ? model::Rect{rect.x + start, rect.y, use.cores, rect.height}
                : model::Rect{rect.x, rect.y + start, rect.width, use.cores},
         groups > 1 ? groups : use.lines, 0, 0});
    routing::Area &area = collective.lines.back();
    if (area.count > 1)
      (alongX ? area.dx : area.dy) = groups > 1 ? parts : use.cores;
  }
  return addTimes(collective);
}

/// An op that runs one twice is one use. Returns its number.
int ProblemBuilder::addTimes(const routing::Collective &collective) {
  for (routing::Collective &other : problem.collectives)
    if (other.kernel == collective.kernel && other.op == collective.op &&
        other.kind == collective.kind && other.axis == collective.axis &&
        other.lines == collective.lines &&
        other.algorithm == collective.algorithm &&
        other.root == collective.root && other.after == collective.after &&
        other.wavelets == collective.wavelets) {
      ++other.times;
      return static_cast<int>(&other - problem.collectives.data());
    }
  problem.collectives.push_back(collective);
  return static_cast<int>(problem.collectives.size()) - 1;
}

void ProblemBuilder::addCombination(int kernel,
                                    const cost::CollectiveUse &use) {
  const model::KernelSpec &spec = model.kernels[kernel];
  routing::GroupSum sum;
  sum.kernel = kernel;
  sum.op = use.op;
  sum.rect = usedRect(kernel);
  sum.group = shardings[kernel].group;
  sum.held = model::groupSums(spec, shardings[kernel]).held == model::Axis::X
                 ? routing::Axis::X
                 : routing::Axis::Y;
  sum.across = algorithmOf(use.reduction);
  sum.down = algorithmOf(use.reductionDown);
  sum.wavelets = waveletsOf(static_cast<double>(spec.outputs.front().bytes()),
                            rates.waveletBytes);
  llvm::append_range(problem.collectives, routing::combineGroups(sum));
}

void ProblemBuilder::addCollectives(int kernel) {
  int last = -1; // move
  for (const cost::CollectiveUse &use : usesOf(kernel))
    switch (use.kind) {
    case cost::CollectiveUse::Kind::AllReduce:
      addAllReduce(kernel, use);
      break;
    case cost::CollectiveUse::Kind::Move:
      last = addMove(kernel, use, use.isSecond ? last : -1);
      break;
    case cost::CollectiveUse::Kind::Combine:
      addCombination(kernel, use);
    }
}

/// Kernels of one group, or joined ones, hand over in order along Y; others as
/// their op leaves it.
Held ProblemBuilder::given(int kernel, int output) const {
  const model::KernelSpec &spec = model.kernels[kernel];
  const model::Sharding &sharding = shardings[kernel];
  if (model::givesHandedOver(spec, sharding) &&
      spec.role != model::KernelRole::Head)
    return heldAs(portLayout(spec.outputs[output], sharding.region),
                  sharding.region);
  Held held;
  for (auto [op, opSharding] : llvm::zip_equal(spec.ops, sharding.ops))
    for (const model::OperandSpec &operand : op.operands)
      if (operand.role == model::TensorRole::Output && operand.tensor == output)
        held = heldAs(model::layoutOf(op, operand, opSharding, sharding),
                      sharding.group);
  return held;
}

/// As `given`; where ops of an experts kernel want it differently, everywhere.
Held ProblemBuilder::wanted(int kernel, int input) const {
  const model::KernelSpec &spec = model.kernels[kernel];
  const model::Sharding &sharding = shardings[kernel];
  if (model::takesHandedOver(spec, sharding))
    return heldAs(portLayout(spec.inputs[input], sharding.region),
                  sharding.region);
  std::optional<Held> held;
  for (auto [op, opSharding] : llvm::zip_equal(spec.ops, sharding.ops))
    for (const model::OperandSpec &operand : op.operands) {
      if (operand.role != model::TensorRole::Input || operand.tensor != input)
        continue;
      Held here = heldAs(model::layoutOf(op, operand, opSharding, sharding),
                         sharding.group);
      if (held && held->share.axis != here.share.axis)
        return {};
      held = here;
    }
  return held.value_or(Held());
}

/// Wavelets on a link that the estimate of a stream counts.
int64_t ProblemBuilder::assumed(const model::StreamSpec &stream) const {
  auto bytes = static_cast<double>(stream.bytes());
  if (stream.producer == model::kHost || stream.consumer == model::kHost)
    return waveletsOf(bytes, rates.waveletBytes);
  Connection way = connectionOf(stream, placements);
  if (way.crossing)
    // As many as pass a link in the time that the bandwidth takes.
    return static_cast<int64_t>(bytes / target.waferBandwidth.value *
                                target.clock.value * target.linkRate.value);
  return ceilDiv(waveletsOf(bytes, rates.waveletBytes), way.lanes);
}

void ProblemBuilder::setSource(routing::Flow &flow,
                               const model::StreamSpec &stream, Held &held) {
  if (flow.from == routing::kHost)
    return;
  held = given(flow.from, stream.producerPort);
  const model::Sharding &sharding = shardings[flow.from];
  flow.source = regionRect(flow.from);
  // Groups of experts that are not joined have added up in the first.
  if (!model::givesHandedOver(model.kernels[flow.from], sharding))
    flow.source = {flow.source.x, flow.source.y, sharding.group.width,
                   sharding.group.height};
  flow.given = held.share;
}

void ProblemBuilder::setSink(routing::Flow &flow,
                             const model::StreamSpec &stream, Held &held) {
  if (flow.to == routing::kHost)
    return;
  held = wanted(flow.to, stream.consumerPort);
  const model::Sharding &sharding = shardings[flow.to];
  bool isWhole = model::takesHandedOver(model.kernels[flow.to], sharding);
  flow.sink = isWhole ? regionRect(flow.to) : usedRect(flow.to);
  flow.group = isWhole ? sharding.region : sharding.group;
  flow.wanted = held.share;
}

void ProblemBuilder::addFlow(int index) {
  const model::StreamSpec &stream = model.streams[index];
  routing::Flow flow;
  flow.from =
      stream.producer == model::kHost ? routing::kHost : stream.producer;
  flow.to = stream.consumer == model::kHost ? routing::kHost : stream.consumer;
  Held given, wanted;
  setSource(flow, stream, given);
  setSink(flow, stream, wanted);
  bool isAtHome =
      flow.from != routing::kHost && flow.to != routing::kHost &&
      problem.kernels[flow.from].region == problem.kernels[flow.to].region &&
      flow.source == flow.sink && flow.given.axis == flow.wanted.axis &&
      (flow.given.axis == routing::Axis::None ||
       (given.isInOrder && wanted.isInOrder &&
        flow.given.shard == flow.wanted.shard));
  int64_t wavelets = std::max<int64_t>(
      1, waveletsOf(static_cast<double>(stream.bytes()), rates.waveletBytes));
  if (isAtHome)
    return;
  flow.sameDim = given.isInOrder && wanted.isInOrder &&
                 flow.given.size == flow.wanted.size;
  bool isWhole = flow.wanted.axis == routing::Axis::None ||
                 flow.wanted.axis == routing::Axis::Both;
  (isWhole ? flow.wholeWavelets : flow.cutWavelets) = wavelets;
  flow.assumedWavelets = assumed(stream);
  flow.streams = {index};
  // Streams between the same kernels that lie alike travel one after the other,
  // and so do a few wavelets that every part needs.
  auto joins = [&](const routing::Flow &other) {
    bool isAlike = other.given.axis == flow.given.axis &&
                   other.wanted.axis == flow.wanted.axis &&
                   other.given.size == flow.given.size &&
                   other.wanted.size == flow.wanted.size;
    return other.from == flow.from && other.to == flow.to &&
           (isAlike || (isWhole && wavelets <= kFewWavelets));
  };
  // Streams stand by consumer, and so do flows.
  for (routing::Flow &other : llvm::reverse(problem.flows)) {
    if (other.to != flow.to)
      break;
    if (!joins(other))
      continue;
    other.streams.push_back(index);
    other.cutWavelets += flow.cutWavelets;
    other.wholeWavelets += flow.wholeWavelets;
    other.assumedWavelets += flow.assumedWavelets;
    other.sameDim &= flow.sameDim;
    return;
  }
  problem.flows.push_back(std::move(flow));
}

routing::Problem ProblemBuilder::run() {
  problem.grid = target.grid;
  problem.dead = target.dead;
  problem.wafers = static_cast<int>(system.getWafers());
  problem.colours = static_cast<int>(target.coloursTotal.value);
  problem.inputsComeFirst = stepsInFlight(system.lookupGraph()) == 1;
  addRegions();
  for (size_t k = 0; k < model.kernels.size(); ++k)
    addCollectives(static_cast<int>(k));
  for (auto [index, stream] : llvm::enumerate(model.streams)) {
    if (stream.producer != model::kHost && stream.consumer != model::kHost)
      problem.order.emplace_back(stream.producer, stream.consumer);
    addFlow(static_cast<int>(index));
  }
  return std::move(problem);
}

routing::Problem
inlay::wafer::routingProblem(SystemOp system, const model::Graph &model,
                             MutableArrayRef<Placement> placements) {
  return ProblemBuilder(system, model, placements).run();
}
