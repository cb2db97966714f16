//===- KernelCost.cpp - Cycles of kernels ---------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelCollectives.h"
#include "OpPrograms.h"

#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/Cost.h"
#include "inlay/Cost/Relayout.h"
#include "inlay/Model/GroupSums.h"
#include "inlay/Model/SumLines.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/STLExtras.h"

#include "fmt/format.h"
#include "fmt/ranges.h"

#include <algorithm>
#include <cmath>
#include <optional>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;
using target::Target;

ExpertLoad inlay::cost::expertLoad(const KernelSpec &kernel,
                                   const Sharding &sharding) {
  ExpertLoad load;
  for (const OpSpec &op : kernel.ops)
    for (const IterationDim &dim : op.dims)
      if (isTokenDim(dim))
        load.tokens = dim.size;
  load.experts = std::max<int64_t>(1, kernel.numExperts);
  load.perToken = std::max<int64_t>(1, kernel.expertsPerToken);
  load.groups = sharding.numGroups();
  load.held = &sharding.held;
  return load;
}

static Activations activationsOf(const ExpertLoad &step, double load) {
  int64_t inGroup = ceilDiv(step.experts, step.groups);
  if (step.isGiven())
    for (const std::vector<int64_t> &group : *step.held)
      inGroup = std::max(inGroup, int64_t(group.size()));
  Activations activations;
  activations.load = load;
  activations.experts = double(inGroup);
  activations.groups = std::min(step.tokens * step.perToken, step.groups);
  return activations;
}

/// Expected ones under `routing`, of a kernel of experts.
static Activations expectedActivations(const ExpertLoad &step,
                                       const Routing &routing) {
  Activations activations =
      activationsOf(step, expectedLargestLoad(routing, step));
  activations.following = followingOperations(step);
  return activations;
}

namespace {

/// Estimates one kernel, op by op.
class Estimator {
public:
  Estimator(const KernelSpec &kernel, const Sharding &sharding,
            const Rates &rates, const Activations &activations,
            const Practice &practice, std::vector<Term> *terms,
            std::vector<CollectiveUse> *uses = nullptr)
      : kernel(kernel), sharding(sharding), rates(rates),
        activations(activations), practice(practice), terms(terms), uses(uses),
        values(kernel, sharding), sums(groupSums(kernel, sharding)),
        lastAxis(practice.axis) {}

  KernelCost run() {
    if (kernel.role == KernelRole::Experts)
      dispatch();
    for (size_t o = 0; o < kernel.ops.size(); ++o) {
      current = static_cast<int>(o);
      addOp(kernel.ops[o], sharding.ops[o]);
    }
    finishSum();
    if (kernel.role == KernelRole::Experts)
      combine();
    handOver();
    addDram();
    result.worstCase = result.cycles.total();
    result.axis = lastAxis;
    return result;
  }

private:
  struct Delivery {
    TensorRole role;
    int tensor;
    Layout layout;
  };

  /// Adds a summand; `formula` is called where somebody wants to read it.
  template <typename Formula>
  void add(const std::string &name, const Breakdown &cycles, Formula formula) {
    result.cycles += cycles;
    if (terms)
      terms->push_back({name, formula(), cycles});
  }

  double halfPerimeter() const {
    return double(sharding.region.width + sharding.region.height) / 2;
  }

  /// Tokens go to the groups of their experts, wherever these lie.
  void dispatch() {
    if (kernel.inputs.empty() || takesHandedOver(kernel, sharding))
      return;
    Term way = entryCost(kernel, 0, sharding, rates);
    add("dispatch to the groups", way.cycles, [&] { return way.formula; });
    if (activations.following <= 0)
      return;
    // Each depends on the one before: one an instruction, one a cycle.
    Breakdown cycles;
    cycles.compute = activations.following;
    add("follow the choices", cycles, [&] {
      return fmt::format("{:g} operations x 1", activations.following);
    });
  }

  /// Results of all groups are added in the first, also where one takes part:
  /// which one changes. From there they leave.
  void combine() {
    if (sharding.numGroups() <= 1 || kernel.outputs.empty() || sums.isJoined())
      return;
    double payload = std::max(
        1.0, std::ceil(rates.wavelets(double(kernel.outputs.front().bytes())) /
                       double(sums.height)));
    SpacedLine across{sums.across, sums.width, 1};
    SpacedLine down{sums.down, sums.height, sums.turns};
    ReduceAlgorithm first = bestReduce(rates, across, payload);
    ReduceAlgorithm second = bestReduce(rates, down, payload);
    Breakdown cycles = reduce(rates, first, across, payload) +
                       reduce(rates, second, down, payload) +
                       broadcast(rates, sums.width, payload);
    cycles.fabricLatency += halfPerimeter() * rates.hop;
    if (uses) {
      CollectiveUse &use = uses->emplace_back();
      use.kind = CollectiveUse::Kind::Combine;
      use.op = current;
      use.wavelets = payload;
      bool isSwapped = sums.held == Axis::X;
      use.reduction = isSwapped ? second : first;
      use.reductionDown = isSwapped ? first : second;
    }
    add("combine the groups", cycles, [&] {
      std::vector<std::string> parts;
      for (auto [line, algorithm] :
           {std::pair(across, first), std::pair(down, second)})
        if (line.cores > 1)
          parts.push_back(explainReduce(rates, algorithm, line, payload));
      if (sums.width > 1)
        parts.push_back(fmt::format(
            "broadcast: {:g} to start + {:g} wavelets x {:g} + {} hops x {:g}",
            rates.start, payload, rates.period, sums.width, rates.hop));
      return fmt::format("{} + {:g} hops x {:g}", fmt::join(parts, "; "),
                         halfPerimeter(), rates.hop);
    });
  }

  /// Results end in order along Y, where the next kernel wants them.
  void handOver() {
    Extent cores = sums.isJoined() ? sharding.region : sharding.group;
    if (practice.isInPlace || (sharding.numGroups() > 1 && !sums.isJoined()) ||
        kernel.role == KernelRole::Head)
      return;
    for (size_t o = 0; o < kernel.outputs.size(); ++o)
      if (const Value *value =
              values.find(TensorRole::Output, static_cast<int>(o)))
        move(terms ? fmt::format("hand over output {}", o) : std::string(),
             static_cast<int>(kernel.ops.size()), *value,
             handedOver(value->layout.features / value->layout.cutTokens,
                        value->layout.tokens * value->layout.cutTokens, cores),
             cores);
  }

  void move(const std::string &name, int op, const Value &value,
            const Layout &wanted, const Extent &cores) {
    arrival = {}; // what moves on must be there
    std::vector<LineMove> moves = movesBetween(value.layout, wanted, cores);
    for (const LineMove &along : moves) {
      if (uses) {
        CollectiveUse &use = uses->emplace_back();
        use.kind = CollectiveUse::Kind::Move;
        use.op = op;
        use.isSecond = &along != moves.data();
        use.axis = along.axis;
        use.overGroups = cores != sharding.group;
        use.cores = along.cores;
        use.lines = along.lines;
        use.senders = along.senders;
        use.wavelets = pieceWavelets(rates, along, value.bits);
      }
      add(name, moveCycles(rates, along, value.bits),
          [&] { return describeMove(rates, along, value.bits); });
    }
  }

  void addOp(const OpSpec &op, const OpSharding &opSharding) {
    bool isTiled = practice.product != ProductAlgorithm::Stationary &&
                   op.opClass == OpClass::Contraction;
    OpView view(kernel, op, opSharding, sharding, activations, isTiled);
    TypeRates type = view.type(rates, practice.hasPackedRows);
    if (isTiled) {
      finishSum();
      addTiledProduct(op, view, type);
      return;
    }
    std::vector<LineSum> lineSums =
        sumsOf(kernel, op, opSharding, sharding, tokensOfSum(op));
    for (LineSum &sum : lineSums) {
      sum.scalesLater &= practice.delaysScales;
      if (isJoined(op))
        sum.cores = sums.line;
    }
    read(op, opSharding, lineSums);
    double work = addLocalWork(op, view, type, lineSums.empty());
    for (const LineSum &sum : lineSums) {
      addSum(op, sum, work);
      work = 0; // the next sum waits for this one
    }
    values.define(op, opSharding);
    if (op.opClass == OpClass::Opaque)
      result.unknownBytes += view.readBytes();
  }

  /// The last product's sum goes over all joined groups.
  bool isJoined(const OpSpec &op) const {
    return sums.isJoined() && &op == &kernel.ops.back();
  }

  /// Of how many tokens an op leaves sums: what it makes for a token with the
  /// experts of a group is one, and with those of joined groups too.
  double tokensOfSum(const OpSpec &op) const {
    bool addsExperts = kernel.role == KernelRole::Experts &&
                       !op.operands.empty() &&
                       op.operands.back().role == TensorRole::Output;
    if (!addsExperts)
      return activations.load;
    double tokens = double(expertLoad(kernel, sharding).tokens);
    return isJoined(op) ? tokens : std::min(activations.load, tokens);
  }

  /// Returns the cycles that no sum before hides.
  double addLocalWork(const OpSpec &op, const OpView &view,
                      const TypeRates &type, bool endsHere) {
    if (view.isBytesOnly()) {
      arrival = {};
      double bytes = view.readBytes();
      Breakdown cycles;
      cycles.sram = bytes * rates.readPeriod;
      add(op.name, cycles, [&] {
        return fmt::format("{:g} B x {:g}", bytes, rates.readPeriod);
      });
      return cycles.total();
    }
    TileProgram program = view.program(rates, type);
    Breakdown cycles = program.cycles(rates, type);
    add(op.name, cycles, [&] { return program.formula(rates, type); });
    return cycles.total() - hideInArrival(op, cycles.total(), endsHere);
  }

  /// While the result of a sum arrives, ops work on what is there of it; one
  /// that needs all of it first waits, and so do those behind it.
  double hideInArrival(const OpSpec &op, double cycles, bool endsHere) {
    bool needsAll =
        op.opClass == OpClass::Softmax || op.opClass == OpClass::TopK;
    double hidden = needsAll ? 0 : arrival.hide(cycles);
    // A norm whose sum does not travel has its scale after all elements.
    bool isLast = needsAll || (op.opClass == OpClass::Reduction && endsHere);
    if (isLast)
      arrival = {};
    if (hidden <= 0)
      return 0;
    result.cycles.fabricBandwidth -= hidden;
    if (terms) {
      terms->at(arrivalTerm).cycles.fabricBandwidth -= hidden;
      terms->at(arrivalTerm).formula +=
          fmt::format(" - {:g} while {} works", hidden, op.name);
    }
    return hidden;
  }

  /// A product of tiles that travel. What is aligned once, stays so.
  void addTiledProduct(const OpSpec &op, const OpView &view,
                       const TypeRates &type) {
    ProductShape tile = view.product();
    int64_t cores = partsOf(sharding, Axis::X);
    ShiftPlan plan;
    plan.multiple = std::max<int64_t>(1, practice.packet);
    plan.freshFabric = practice.hasFreshFabric;
    plan.alignsX = alignsInput(op);
    // Keys lie as they were made, rows over y, so that their product with
    // queries is one with a transposed operand.
    bool isTransposed = isProductWithKeys(op);
    Breakdown cycles;
    if (isTransposed)
      cycles = gemmTransposed(rates, type, cores, tile.m, tile.k, tile.n, plan);
    else if (practice.product == ProductAlgorithm::Multicast)
      cycles = gemmSumma(rates, type, cores, tile.m, tile.k, tile.n);
    else
      cycles =
          gemmCyclicShift(rates, type, cores, tile.m, tile.k, tile.n, plan);
    add(op.name, cycles * tile.batch, [&] {
      return fmt::format(
          "{:g} x {} steps of tiles {:g} x {:g} by {:g} x {:g}{}", tile.batch,
          cores, tile.m, tile.k, tile.k, tile.n,
          isTransposed   ? ", transposed"
          : plan.alignsX ? ", aligned first"
                         : "");
    });
  }

  bool alignsInput(const OpSpec &op) {
    if (op.operands.empty() || isProductWithKeys(op))
      return false;
    const OperandSpec &input = op.operands.front();
    std::pair<TensorRole, int> key(input.role, input.tensor);
    if (input.tensor >= 0 && llvm::is_contained(aligned, key))
      return false;
    aligned.push_back(key);
    return true;
  }

  /// Both operands carry the reduction dim along x: their other dims are rows.
  static bool isProductWithKeys(const OpSpec &op) {
    return llvm::any_of(op.dims, [](const IterationDim &dim) {
      return dim.name == "context" && dim.kind == DimKind::Parallel;
    });
  }

  /// What the op reads must be there, and where it is wanted.
  void read(const OpSpec &op, const OpSharding &opSharding,
            const std::vector<LineSum> &sums) {
    for (const OperandSpec &operand : readsOf(op)) {
      if (pending && pending->holdsUp(op, sums, operand))
        finishSum();
      const Value *value = practice.isInPlace || worksInPlace(op)
                               ? nullptr
                               : values.find(operand.role, operand.tensor);
      std::optional<Layout> wanted;
      if (value)
        wanted = values.wanted(op, operand, opSharding, *value);
      if (!wanted || isDelivered(operand, *wanted))
        continue;
      Value moved = *value;
      if (!isSlice(op) && !isConcat(op))
        moved.layout = firstOfRows(op, operand, moved.layout);
      // Within experts there is one for each token that chose one of a group's.
      if (operand.role == TensorRole::Local && isPerExpert(kernel, op))
        moved.layout.tokens = std::max<int64_t>(
            1, static_cast<int64_t>(std::ceil(activations.load)));
      move(terms ? op.name + ": input" : std::string(), current, moved, *wanted,
           sharding.group);
      delivered.push_back({operand.role, operand.tensor, std::move(*wanted)});
    }
  }

  /// A value that one op has had moved lies there for those that follow.
  bool isDelivered(const OperandSpec &operand, const Layout &wanted) const {
    return llvm::any_of(delivered, [&](const Delivery &delivery) {
      return delivery.role == operand.role &&
             delivery.tensor == operand.tensor &&
             delivery.layout.x == wanted.x && delivery.layout.y == wanted.y;
    });
  }

  /// A sum waits for others that go the same way: those of products that read
  /// the same input, and the product of a value whose scale is this sum.
  void addSum(const OpSpec &op, const LineSum &sum, double work) {
    if (sum.maxima > 0 && !practice.mergesSoftmax)
      return addSumOfLargest(op, sum);
    if (pending && !sum.isAlong(pending->sum))
      finishSum();
    if (!pending)
      pending.emplace();
    pending->add(op, current, sum, work);
  }

  /// The largest is agreed upon before anything is added.
  void addSumOfLargest(const OpSpec &op, LineSum sum) {
    finishSum();
    allReduceOver(op.name + ": largest", sum.axis, sum.cores, sum.maxima,
                  {current}, {});
    sum.elements -= sum.maxima;
    sum.maxima = 0;
    addSum(op, sum, 0);
  }

  void finishSum() {
    if (!pending)
      return;
    PendingSum sum = std::move(*pending);
    pending.reset();
    double merges =
        allReduceOver(sum.name, sum.sum.axis, sum.sum.cores, sum.sum.elements,
                      sum.makers, sum.work, sum.sum.maxima == 0);
    if (sum.sum.maxima > 0)
      addRescaling(sum.name, sum.sum, merges);
  }

  /// Parts of a softmax are each related to the largest of their core, m. A
  /// vector begins with these; a core that adds finds the larger m' of its own
  /// and what comes, exp(m - m') of both, and takes both parts by that. The
  /// maxima go on at once, so that all cores of a chain work out their factors
  /// at the same time: a chain waits for them once, and so do those after it.
  /// While the rest streams, each element takes a product and a
  /// multiply-accumulate in 32 bits; where that is slower than the link, all
  /// wait.
  void addRescaling(const std::string &name, const LineSum &sum,
                    double merges) {
    TypeRates wide = rates.of("f32", 32);
    TileProgram factors;
    factors.runs.push_back({VectorOp::Elementwise, 3, sum.maxima, 6, 0});
    factors.exponentials = 2 * sum.maxima;
    double perElement = wide.elementPeriod + wide.macPeriod;
    double slower = std::max(0.0, perElement - rates.period);
    Breakdown cycles = factors.cycles(rates, wide) * merges;
    cycles.compute += slower * merges * (sum.elements - sum.maxima);
    add(name + ", rescaled", cycles, [&] {
      std::string text =
          fmt::format("{:g} x ({})", merges, factors.formula(rates, wide));
      return slower > 0
                 ? text + fmt::format(" + {:g} x {:g} operations x {:g}",
                                      merges, sum.elements - sum.maxima, slower)
                 : text;
    });
  }

  double messageWavelets(double elements) const {
    if (practice.packet > 1)
      elements = std::max(1.0, std::floor(elements / double(practice.packet))) *
                 double(practice.packet);
    return rates.wavelets(elements * practice.sumBits / 8);
  }

  /// Returns how many vectors some core adds one after the other. Lines that
  /// meet take turns, each with a part of the vector.
  double allReduceOver(const std::string &name, Axis axis, int64_t cores,
                       double elements, const std::vector<int> &makers,
                       const llvm::SmallVector<Making, 4> &work,
                       bool inPieces = true) {
    SumTurns lines = sumTurns(kernel, sharding, makers, axis, cores);
    double payload = std::ceil(messageWavelets(elements) / double(lines.share));
    AllReduceAlgorithm algorithm =
        practice.allReduce ? *practice.allReduce
                           : bestAllReduce(rates, cores, payload, inPieces);
    Breakdown cycles =
        allReduce(rates, algorithm, cores, payload, practice.group) *
        double(lines.turns);
    double saved = overlapSum(algorithm, elements, payload, lines, work);
    cycles.fabricBandwidth -= saved;
    if (uses) {
      CollectiveUse &use = uses->emplace_back();
      use.op = current;
      use.axis = axis;
      use.cores = cores;
      use.algorithm = algorithm;
      use.reduction = bestReduce(rates, cores, payload);
      use.wavelets = payload;
      use.makers = makers;
      use.overGroups = cores > partsOf(sharding, axis);
    }
    bool turns = lastAxis != Axis::None && lastAxis != axis;
    if (turns)
      cycles.software += rates.reroute;
    lastAxis = axis;
    arrivalTerm = terms ? terms->size() : 0;
    add(terms ? fmt::format("{}: all-reduce over {}", name, nameOf(axis))
              : std::string(),
        cycles, [&] {
          return (lines.turns > 1 ? fmt::format("{} turns of ", lines.turns)
                                  : "") +
                 explainAllReduce(rates, algorithm, cores, payload,
                                  practice.group) +
                 (saved > 0 ? fmt::format(" - {:g} while it is made", saved)
                            : "") +
                 (turns && rates.reroute > 0
                      ? fmt::format(" + {:g} to change the axis", rates.reroute)
                      : "");
        });
    return mergesOf(rates, algorithm, cores, payload) * double(lines.turns);
  }

  /// Cycles of the first wavelets of a sum that pass while it is made; the last
  /// ones are an arrival. Lines that take turns overlap with the first and the
  /// last turn. Around a ring no core has a vector in order.
  double overlapSum(AllReduceAlgorithm algorithm, double elements,
                    double payload, const SumTurns &lines,
                    const llvm::SmallVector<Making, 4> &work) {
    arrival = {};
    if (!practice.overlaps || rates.isCalibrated() ||
        algorithm == AllReduceAlgorithm::Ring)
      return 0;
    RampShare ramp = {rates.period, rates.of("f32", 32).elementPeriod};
    arrival = Arrival(elements / double(lines.share), payload, ramp);
    return savedWhileMade(work, payload, ramp);
  }

  /// Bytes of all that an op indexes of an operand.
  static double wholeBytes(const OpSpec &op, const OperandSpec &operand) {
    double bits = operand.type.bits;
    for (const IndexExpr &index : operand.indexing)
      if (index.dim >= 0)
        bits *= double(ceilDiv(op.dims[size_t(index.dim)].size, index.divisor));
    return bits / 8;
  }

  /// Bytes of weights and state that all cores together use in a firing: of a
  /// table the rows that are looked up, of experts those that are chosen.
  double usedBytes() const {
    double bytes = 0;
    std::vector<double> used(kernel.weights.size(), 0);
    std::vector<double> usedOfState(kernel.states.size(), 0);
    for (const OpSpec &op : kernel.ops) {
      double tokens = 1;
      for (const IterationDim &dim : op.dims)
        if (isTokenDim(dim))
          tokens *= double(dim.size);
      double share = 1 - std::pow(1 - std::min(1.0, op.density), tokens);
      for (const OperandSpec &operand : op.operands)
        if (operand.role == TensorRole::Weights && operand.tensor >= 0)
          used[size_t(operand.tensor)] =
              std::max(used[size_t(operand.tensor)], share);
      // A state may have room for more than an op works on.
      for (const OperandSpec &operand : op.operands)
        if (operand.role == TensorRole::State && operand.tensor >= 0)
          usedOfState[size_t(operand.tensor)] = std::max(
              usedOfState[size_t(operand.tensor)], wholeBytes(op, operand));
    }
    for (size_t s = 0; s < usedOfState.size(); ++s)
      bytes += std::min(usedOfState[s], double(kernel.states[s].bytes()));
    for (size_t w = 0; w < used.size(); ++w)
      bytes += used[w] * double(kernel.weights[w].storedBytes()) *
               double(copySets(kernel, sharding, int(w)));
    return bytes;
  }

  /// What a core has no room for lies in the memory beside the SRAM, where
  /// there is one: what is used least, as far as that goes.
  void addDram() {
    if (!rates.target.dramBandwidth.isGiven())
      return;
    double excess =
        double(footprint(kernel, sharding).total() - rates.target.budget()) *
        double(sharding.region.area());
    if (excess <= 0)
      return;
    double bytes = std::min(excess, usedBytes());
    Breakdown cycles;
    cycles.sram = dramCycles(rates.target, bytes);
    add("read from DRAM", cycles, [&] {
      return fmt::format("{:g} B / {:g} GB/s x {:g} GHz", bytes,
                         rates.target.dramBandwidth.value,
                         rates.target.clock.value);
    });
  }

  const KernelSpec &kernel;
  const Sharding &sharding;
  const Rates &rates;
  const Activations &activations;
  const Practice &practice;
  std::vector<Term> *terms;
  std::vector<CollectiveUse> *uses;
  int current = 0; ///< op
  Values values;
  GroupSums sums;
  std::optional<PendingSum> pending;
  Arrival arrival;
  size_t arrivalTerm = 0; ///< of the sum that arrives
  std::vector<std::pair<TensorRole, int>> aligned;
  std::vector<Delivery> delivered;
  KernelCost result;
  Axis lastAxis;
};

} // namespace

/// Wavelets of the largest shard that an op reads of an input.
static double shardWavelets(const KernelSpec &kernel, size_t input,
                            const Sharding &sharding, const Rates &rates) {
  int64_t bits = 0;
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (const OperandSpec &operand : kernel.ops[o].operands)
      if (operand.role == TensorRole::Input &&
          operand.tensor == static_cast<int>(input))
        bits = std::max(bits, shardElements(kernel.ops[o], operand,
                                            sharding.ops[o], sharding) *
                                  operand.type.bits);
  return std::ceil(double(bits) / 8 / rates.waveletBytes);
}

Breakdown inlay::cost::entryCycles(const KernelSpec &kernel, size_t input,
                                   const Sharding &sharding,
                                   const Rates &rates) {
  double hops = double(sharding.region.width + sharding.region.height) / 2;
  return stream(rates, hops, shardWavelets(kernel, input, sharding, rates));
}

Term inlay::cost::entryCost(const KernelSpec &kernel, size_t input,
                            const Sharding &sharding, const Rates &rates) {
  double payload = shardWavelets(kernel, input, sharding, rates);
  double hops = double(sharding.region.width + sharding.region.height) / 2;
  Term term;
  term.name = fmt::format("spread input {}", input);
  term.cycles = entryCycles(kernel, input, sharding, rates);
  term.formula =
      fmt::format("{:g} wavelets x {:g} + {:g} hops x {:g} + {:g} "
                  "to start",
                  payload, rates.period, hops, rates.hop, rates.start);
  return term;
}

Breakdown inlay::cost::longestEntry(const KernelSpec &kernel,
                                    const Sharding &sharding,
                                    const Rates &rates) {
  Breakdown longest;
  for (size_t i = 0; i < kernel.inputs.size(); ++i) {
    Breakdown entry = entryCost(kernel, i, sharding, rates).cycles;
    if (entry.total() > longest.total())
      longest = entry;
  }
  return longest;
}

KernelCost inlay::cost::estimateKernel(const KernelSpec &kernel,
                                       const Sharding &sharding,
                                       const Rates &rates,
                                       const Routing &routing,
                                       const Practice &practice) {
  Activations none;
  if (kernel.role != KernelRole::Experts)
    return Estimator(kernel, sharding, rates, none, practice, nullptr).run();
  ExpertLoad step = expertLoad(kernel, sharding);
  return estimateExperts(kernel, sharding, rates,
                         {expectedLargestLoad(routing, step), worstLoad(step),
                          followingOperations(step)},
                         practice);
}

KernelCost inlay::cost::estimateExperts(const KernelSpec &kernel,
                                        const Sharding &sharding,
                                        const Rates &rates,
                                        const LargestLoad &load,
                                        const Practice &practice) {
  ExpertLoad step = expertLoad(kernel, sharding);
  Activations expected = activationsOf(step, load.expected);
  expected.following = load.following;
  KernelCost cost =
      Estimator(kernel, sharding, rates, expected, practice, nullptr).run();
  Activations worst = activationsOf(step, load.worst);
  worst.following = load.following;
  if (worst.load > expected.load)
    cost.worstCase =
        std::max(cost.worstCase,
                 Estimator(kernel, sharding, rates, worst, practice, nullptr)
                     .run()
                     .worstCase);
  return cost;
}

std::vector<Term> inlay::cost::explainKernel(const KernelSpec &kernel,
                                             const Sharding &sharding,
                                             const Rates &rates,
                                             const Routing &routing,
                                             const Practice &practice) {
  std::vector<Term> terms;
  Activations activations;
  if (kernel.role == KernelRole::Experts)
    activations = expectedActivations(expertLoad(kernel, sharding), routing);
  Estimator(kernel, sharding, rates, activations, practice, &terms).run();
  return terms;
}

std::vector<CollectiveUse> inlay::cost::collectivesOf(const KernelSpec &kernel,
                                                      const Sharding &sharding,
                                                      const Rates &rates,
                                                      const Routing &routing) {
  std::vector<CollectiveUse> uses;
  Practice practice;
  Activations activations;
  if (kernel.role == KernelRole::Experts)
    activations = expectedActivations(expertLoad(kernel, sharding), routing);
  Estimator(kernel, sharding, rates, activations, practice, nullptr, &uses)
      .run();
  return uses;
}

Breakdown inlay::cost::streamCost(const Rates &rates, double bytes,
                                  int64_t hops, int64_t lanes) {
  double wavelets = std::ceil(bytes / rates.waveletBytes);
  return stream(rates, double(hops),
                std::ceil(wavelets / double(std::max<int64_t>(1, lanes))));
}

Breakdown inlay::cost::crossingCost(const Target &target, double bytes) {
  // 1 us = 1e3 cycles at 1 GHz; 1 GB/s = 1 byte per cycle at 1 GHz.
  Breakdown cycles;
  cycles.crossing = target.waferLatency.value * 1e3 * target.clock.value +
                    bytes / target.waferBandwidth.value * target.clock.value;
  return cycles;
}

double inlay::cost::dramCycles(const Target &target, double bytes) {
  if (!target.dramBandwidth.isGiven())
    return 0;
  return bytes / target.dramBandwidth.value * target.clock.value;
}
