//===- Alternatives.cpp - What else could have been chosen ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Partitions over other numbers of wafers, other places of a cut, other ways to
// cut a kernel: asked of the same planner, which answers as it did before.
//
//===----------------------------------------------------------------------===//

#include "StageProblem.h"

#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/Cost.h"
#include "inlay/Mapping/Decisions.h"

#include "fmt/format.h"

#include <algorithm>
#include <map>

using namespace inlay;
using namespace inlay::mapping;

//===----------------------------------------------------------------------===//
// Partitions
//===----------------------------------------------------------------------===//

namespace {

class PartitionDecider {
public:
  PartitionDecider(const StageRequest &request, WaferPlanner &planner,
                   const partition::Problem &problem)
      : request(request), planner(planner), problem(problem) {}

  PartitionDecision run(const std::vector<partition::Stage> &chosen);

private:
  std::optional<double> cyclesOf(size_t first, size_t last);
  PartitionChoice measure(const std::vector<partition::Stage> &stages);
  CutChoice cutAt(size_t first, size_t cut, size_t last);
  std::vector<size_t> placesNear(size_t first, size_t cut, size_t last) const;
  bool isLayer(size_t kernel) const {
    const model::KernelSpec &spec = request.model.kernels[kernel];
    return spec.layer < 0 ||
           spec.layer != request.model.kernels[kernel - 1].layer;
  }

  const StageRequest &request;
  WaferPlanner &planner;
  const partition::Problem &problem;
};

} // namespace

std::optional<double> PartitionDecider::cyclesOf(size_t first, size_t last) {
  WaferPlanner::Run run = WaferPlanner::runOf(first, last);
  if (!planner.fits(run))
    return std::nullopt;
  const std::optional<floorplan::RegionPlan> &plan = planner.plan(run);
  return plan ? std::optional(plan->cycles) : std::nullopt;
}

PartitionChoice
PartitionDecider::measure(const std::vector<partition::Stage> &stages) {
  PartitionChoice choice;
  choice.wafers = static_cast<int64_t>(stages.size());
  choice.fits = !stages.empty();
  for (const partition::Stage &stage : stages) {
    std::optional<double> cycles = cyclesOf(stage.first, stage.last);
    choice.fits &= cycles.has_value();
    choice.cycles += cycles.value_or(0);
    choice.slowest = std::max(choice.slowest, cycles.value_or(0));
    if (stage.first > 0)
      choice.crossings += problem.items[stage.first - 1].crossing;
  }
  choice.cycles += choice.crossings;
  return choice;
}

/// The cut between two wafers, the first of which begins with kernel `first`,
/// while the second ends before kernel `last`.
CutChoice PartitionDecider::cutAt(size_t first, size_t cut, size_t last) {
  CutChoice choice;
  choice.kernel = request.model.kernels[cut].name;
  std::optional<double> before = cyclesOf(first, cut);
  std::optional<double> behind = before ? cyclesOf(cut, last) : std::nullopt;
  choice.fits = behind.has_value();
  if (choice.fits)
    choice.cycles = *before + *behind + problem.items[cut - 1].crossing;
  return choice;
}

/// One layer to either side, or one kernel where there is no layer more.
std::vector<size_t> PartitionDecider::placesNear(size_t first, size_t cut,
                                                 size_t last) const {
  std::vector<size_t> places;
  auto mayCut = [&](size_t k) { return !problem.items[k].isJoined; };
  auto add = [&](auto isWanted, bool isBefore) {
    size_t k = cut;
    while (true) {
      k = isBefore ? k - 1 : k + 1;
      if (k <= first || k >= last)
        return false;
      if (!isWanted(k))
        continue;
      places.push_back(k);
      return true;
    }
  };
  for (bool isBefore : {true, false})
    if (!add([&](size_t k) { return mayCut(k) && isLayer(k); }, isBefore))
      add(mayCut, isBefore);
  return places;
}

PartitionDecision
PartitionDecider::run(const std::vector<partition::Stage> &chosen) {
  constexpr int64_t kOthers = 2;
  PartitionDecision decision;
  decision.objective = request.objective;
  decision.wanted = request.wafers;
  auto wafers = static_cast<int64_t>(chosen.size());
  auto kernels = static_cast<int64_t>(problem.items.size());
  for (int64_t count = std::max<int64_t>(1, wafers - kOthers);
       count <= std::min(kernels, wafers + kOthers); ++count) {
    if (count == wafers) {
      decision.considered.push_back(measure(chosen));
      decision.considered.back().isChosen = true;
      continue;
    }
    StageRequest other = request;
    other.wafers = static_cast<int>(count);
    Diagnostics ignored;
    std::optional<partition::Solution> solution =
        planFastestStages(other, planner, ignored);
    PartitionChoice choice;
    if (solution)
      choice = measure(solution->stages);
    choice.wafers = count;
    decision.considered.push_back(choice);
  }
  std::map<std::vector<std::vector<int>>, size_t> known;
  for (size_t s = 0; s + 1 < chosen.size(); ++s) {
    size_t first = chosen[s].first, cut = chosen[s].last;
    size_t last = chosen[s + 1].last;
    auto [at, isNew] =
        known.try_emplace({planner.keyOf(WaferPlanner::runOf(first, cut)),
                           planner.keyOf(WaferPlanner::runOf(cut, last))},
                          decision.cuts.size());
    if (isNew) {
      CutDecision &made = decision.cuts.emplace_back();
      made.chosen = cutAt(first, cut, last);
      for (size_t place : placesNear(first, cut, last))
        made.others.push_back(cutAt(first, place, last));
    }
    decision.cuts[at->second].wafers.push_back(static_cast<int64_t>(s));
  }
  return decision;
}

PartitionDecision
inlay::mapping::decidePartition(const StageRequest &request,
                                WaferPlanner &planner,
                                const std::vector<partition::Stage> &chosen) {
  Diagnostics ignored;
  std::optional<partition::Problem> problem =
      checkedProblem(request, planner, ignored);
  if (!problem)
    return {};
  return PartitionDecider(request, planner, *problem).run(chosen);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static const char *nameOf(model::Axis axis) {
  constexpr const char *kNames[] = {"none", "x", "y", "groups"};
  return kNames[static_cast<int>(axis)];
}

/// "8 groups, fc1 n/x k/y, fc2 k/x n/y": ops that are cut alike are named
/// together; "576 to a head" where heads have cores of their own.
static std::string cutOf(const model::KernelSpec &kernel,
                         const model::Sharding &sharding) {
  std::vector<std::pair<std::string, std::string>> cuts; // ops, their dims
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    std::string dims;
    for (size_t d = 0; d < kernel.ops[o].dims.size(); ++d)
      if (model::Axis axis = sharding.ops[o].axisOfDim[d];
          axis == model::Axis::X || axis == model::Axis::Y)
        dims += fmt::format(" {}/{}", kernel.ops[o].dims[d].name, nameOf(axis));
    if (dims.empty())
      continue;
    if (int64_t width = sharding.ops[o].width)
      dims += fmt::format(" {} to a head", width);
    auto same = std::find_if(cuts.begin(), cuts.end(),
                             [&](const auto &c) { return c.second == dims; });
    if (same == cuts.end())
      cuts.emplace_back(kernel.ops[o].name, dims);
    else
      same->first += "+" + kernel.ops[o].name;
  }
  std::string text;
  if (sharding.numGroups() > 1)
    text = fmt::format("{} groups of {} x {}", sharding.numGroups(),
                       sharding.group.width, sharding.group.height);
  for (const auto &[ops, dims] : cuts)
    text += (text.empty() ? "" : ", ") + ops + dims;
  return text.empty() ? "not cut" : text;
}

/// "2 two-tree over 755 along x, move over 1170 along y".
static std::string
collectivesOf(const std::vector<cost::CollectiveUse> &collectives) {
  using Kind = cost::CollectiveUse::Kind;
  std::vector<std::pair<std::string, int>> counts;
  for (const cost::CollectiveUse &use : collectives) {
    std::string name =
        use.kind == Kind::Move ? "move" : cost::toString(use.algorithm);
    name += fmt::format(" over {} along {}", use.cores, nameOf(use.axis));
    if (use.kind == Kind::Combine)
      name = fmt::format("sum of groups ({})", cost::toString(use.reduction));
    auto same = std::find_if(counts.begin(), counts.end(),
                             [&](const auto &c) { return c.first == name; });
    if (same == counts.end())
      counts.emplace_back(name, 1);
    else
      ++same->second;
  }
  std::string text;
  for (const auto &[name, count] : counts) {
    text += text.empty() ? "" : ", ";
    text += count > 1 ? fmt::format("{} {}", count, name) : name;
  }
  return text.empty() ? "none" : text;
}

static CollectiveDecision decideCollective(const cost::CollectiveUse &use,
                                           const cost::Rates &rates) {
  using Algorithm = cost::AllReduceAlgorithm;
  CollectiveDecision decision;
  decision.cores = use.cores;
  decision.axis = nameOf(use.axis);
  decision.wavelets = use.wavelets;
  decision.chosen = cost::toString(use.algorithm);
  auto cyclesOf = [&](Algorithm algorithm) {
    return cost::allReduce(rates, algorithm, use.cores, use.wavelets).total();
  };
  double chosen = cyclesOf(use.algorithm);
  for (Algorithm algorithm :
       {Algorithm::ReduceBroadcast, Algorithm::TwoTree, Algorithm::MiddleChain,
        Algorithm::Ring, Algorithm::OnePhase, Algorithm::TwoPhases,
        Algorithm::ThreePhases})
    // A ring that is faster is for vectors that can be sent in pieces.
    if (algorithm != Algorithm::Ring || algorithm == use.algorithm ||
        cyclesOf(algorithm) >= chosen)
      decision.considered.emplace_back(cost::toString(algorithm),
                                       cyclesOf(algorithm));
  return decision;
}

KernelDecision inlay::mapping::decideKernel(const model::KernelSpec &kernel,
                                            const model::Sharding &sharding,
                                            WaferPlanner &planner,
                                            const cost::Rates &rates,
                                            const cost::Routing &routing) {
  KernelDecision decision;
  decision.kernel = kernel.name;
  decision.region = sharding.region;
  decision.shardings =
      planner.getExplorer().allOf(kernel, sharding.region).size();
  // Which experts a group holds is another decision.
  model::Sharding plain = sharding;
  plain.held.clear();
  auto add = [&](const model::Sharding &cut, double cycles, int64_t bytes) {
    VariantChoice &choice = decision.considered.emplace_back();
    choice.cut = cutOf(kernel, cut);
    choice.collectives =
        collectivesOf(cost::collectivesOf(kernel, cut, rates, routing));
    choice.cycles = cycles;
    choice.bytes = bytes;
    choice.isChosen =
        cut.groups == plain.groups && choice.cut == cutOf(kernel, plain);
  };
  for (const sharding::Variant &variant :
       planner.getExplorer().choices(kernel, sharding.region))
    add(variant.sharding, variant.cycles, variant.bytes);
  if (std::none_of(decision.considered.begin(), decision.considered.end(),
                   [](const VariantChoice &c) { return c.isChosen; }))
    add(plain,
        cost::estimateKernel(kernel, plain, rates, routing).cycles.total(),
        model::footprint(kernel, plain).total());
  std::vector<std::tuple<int64_t, std::string, double>> seen;
  for (const cost::CollectiveUse &use :
       cost::collectivesOf(kernel, sharding, rates, routing)) {
    std::tuple<int64_t, std::string, double> key = {use.cores, nameOf(use.axis),
                                                    use.wavelets};
    if (use.kind != cost::CollectiveUse::Kind::AllReduce || use.cores < 2 ||
        std::find(seen.begin(), seen.end(), key) != seen.end())
      continue;
    seen.push_back(key);
    decision.collectives.push_back(decideCollective(use, rates));
  }
  return decision;
}
