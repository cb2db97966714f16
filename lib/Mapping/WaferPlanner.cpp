//===- WaferPlanner.cpp - Plans of runs of kernels on one wafer -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Mapping/WaferPlanner.h"

#include "inlay/Model/GroupSums.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace inlay;
using namespace inlay::mapping;
using model::Extent;
using model::Rect;

/// Cycles of what does not serve the other phase too, which is refused in the
/// end.
static constexpr double kRefused = 1e15;

/// As many as routes give a stream.
static constexpr int64_t kMostLanes = 16;

static sharding::Machine machineOf(const target::Target &target, int64_t budget,
                                   sharding::CostFunction cost) {
  return {target.grid, budget, std::move(cost), [&target](Extent extent) {
            return cost::regionBound(target, extent);
          }};
}

/// On one core nothing is copied and little is padded.
static int64_t bytesOnOneCore(const model::KernelSpec &kernel) {
  model::Sharding whole{{1, 1}, {1, 1}, {1, 1}, sharding::chooseAxes(kernel)};
  model::Footprint bytes = model::footprint(kernel, whole);
  int64_t padding =
      model::kBufferAlignment *
      static_cast<int64_t>(kernel.weights.size() + kernel.states.size());
  return std::max<int64_t>(0, bytes.weights + bytes.state - padding);
}

/// What a kernel is and what the user wants of it: kernels of which this is
/// equal are planned alike. Hashes are hexadecimal; a name with a colon is
/// none.
static std::string kindKey(const model::KernelSpec &kernel,
                           const floorplan::Link &link) {
  std::string key = kernel.structuralHash.empty() ? "name:" + kernel.name
                                                  : kernel.structuralHash;
  if (link.most.width > 0)
    key += fmt::format(" most {} x {}", link.most.width, link.most.height);
  if (link.at)
    key += fmt::format(" at {}, {}", link.at->first, link.at->second);
  return link.isJoined ? key + " joined" : key;
}

static std::vector<floorplan::Link> linksOf(const model::Graph &model,
                                            const Constraints &constraints) {
  std::vector<floorplan::Link> links;
  std::vector<bool> joined = constraints.joined(model.kernels.size());
  for (size_t k = 0; k < model.kernels.size(); ++k)
    links.push_back(
        {model.kernels[k].name, 0, model.kernels[k].layer, 0, joined[k]});
  for (const Constraints::Limit &limit : constraints.limits)
    links[limit.kernel].most = limit.most;
  for (const Constraints::Pin &pin : constraints.pins)
    links[pin.kernel].at = pin.at;
  return links;
}

WaferPlanner::WaferPlanner(const model::Graph &model,
                           const target::Target &machine, cost::Mode mode,
                           const cost::ModelRouting &routing, int64_t budget,
                           Constraints wanted)
    : model(model), target(std::make_unique<target::Target>(machine)),
      rates(*target, mode), experts(rates, routing),
      explorer(machineOf(*target, budget,
                         [this](const model::KernelSpec &kernel,
                                const model::Sharding &sharding) {
                           return cyclesOf(kernel, sharding);
                         })),
      constraints(std::move(wanted)), forbidden(machine.dead),
      links(linksOf(model, constraints)) {
  forbidden.insert(forbidden.end(), constraints.keepOut.begin(),
                   constraints.keepOut.end());
  std::map<std::string, int> kindOfKey;
  for (size_t k = 0; k < model.kernels.size(); ++k) {
    const model::KernelSpec &kernel = model.kernels[k];
    auto [kind, isNew] = kindOfKey.try_emplace(
        kindKey(kernel, links[k]), static_cast<int>(firstOfKind.size()));
    if (isNew)
      firstOfKind.push_back(k);
    kinds.push_back(kind->second);
    links[k].kind = kind->second;
  }
  streamsTo.resize(model.kernels.size());
  for (size_t s = 0; s < model.streams.size(); ++s)
    if (const model::StreamSpec &stream = model.streams[s];
        stream.producer != model::kHost && stream.consumer != model::kHost)
      streamsTo[stream.consumer].push_back(s);
  fastestOfKind.assign(firstOfKind.size(),
                       std::numeric_limits<double>::infinity());
  for (size_t first : firstOfKind)
    leastBytesOfKind.push_back(bytesOnOneCore(model.kernels[first]));
}

void WaferPlanner::weigh(const model::Graph &graph, double firings) {
  other = std::make_unique<OtherPhase>();
  other->firings = firings;
  other->tokens = double(graph.batch * graph.tokens) /
                  double(std::max<int64_t>(1, model.batch * model.tokens));
  std::map<std::string, const model::KernelSpec *> own;
  for (const model::KernelSpec &kernel : model.kernels)
    own[kernel.name] = &kernel;
  std::string why;
  for (const model::KernelSpec &kernel : graph.kernels)
    if (auto same = own.find(kernel.name); same != own.end())
      if (auto carry = model::CarryOver::find(*same->second, kernel, why))
        other->kernels[kernel.name] = {&kernel, std::move(*carry)};
}

void WaferPlanner::setEffort(int64_t percent) {
  const int64_t usual = floorplan::SearchOptions().mostSizes;
  search.mostSizes = static_cast<int>(usual * percent / 100);
  experts.setEffort(percent);
}

double WaferPlanner::cyclesOf(const model::KernelSpec &kernel,
                              const model::Sharding &sharding) {
  double cycles = experts.expectedCycles(kernel, sharding);
  if (!other)
    return cycles;
  auto same = other->kernels.find(kernel.name);
  if (same == other->kernels.end())
    return cycles;
  const auto &[spec, carry] = same->second;
  if (!model::shortages(kernel, *spec, sharding, carry).empty())
    cycles += kRefused;
  return cycles +
         other->firings * experts.expectedCycles(*spec, carry(sharding));
}

WaferPlanner::Run WaferPlanner::runOf(size_t first, size_t last) {
  Run run(last - first);
  std::iota(run.begin(), run.end(), first);
  return run;
}

/// Whether there is an extent on which the kernel can be cut for both phases:
/// looked for where lengths divide most of what models have.
bool WaferPlanner::servesBoth(int kind) {
  auto [entry, isNew] = serving.try_emplace(kind, false);
  if (!isNew)
    return entry->second;
  auto round = [](int64_t side) {
    int64_t power = 1;
    while (2 * power <= side)
      power *= 2;
    return power;
  };
  Extent grid = target->grid;
  for (Extent extent : {grid, Extent{round(grid.width), round(grid.height)},
                        Extent{round(grid.width), grid.height},
                        Extent{grid.width, round(grid.height)}})
    for (const sharding::Variant &variant :
         explorer.choices(model.kernels[firstOfKind[kind]], extent))
      entry->second |= variant.cycles < kRefused;
  return entry->second;
}

const std::vector<floorplan::Offer> &WaferPlanner::offersOf(int kind,
                                                            Extent extent) {
  auto [it, isNew] = offers.try_emplace({kind, extent.width, extent.height});
  // Where no extent serves both phases, what is lacking is said in the end.
  bool isStrict = isNew && other && servesBoth(kind);
  if (isNew)
    for (const sharding::Variant &variant :
         explorer.choices(model.kernels[firstOfKind[kind]], extent))
      if (!isStrict || variant.cycles < kRefused)
        it->second.push_back(
            {variant.cycles, variant.bytes - variant.scratch, variant.scratch,
             entriesOf(model.kernels[firstOfKind[kind]], variant.sharding)});
  if (isNew && !it->second.empty())
    fastestOfKind[kind] =
        std::min(fastestOfKind[kind], it->second.front().cycles);
  return it->second;
}

double WaferPlanner::atLeast(const Run &run) const {
  std::map<int, double> finish;
  double last = 0;
  for (size_t k : run) {
    double start = 0;
    for (size_t s : streamsTo[k])
      if (auto from = finish.find(model.streams[s].producer);
          from != finish.end())
        start = std::max(start, from->second);
    double cycles = fastestOfKind[kinds[k]];
    double end = start + (std::isfinite(cycles) ? cycles : 0);
    finish[static_cast<int>(k)] = end;
    last = std::max(last, end);
  }
  return last;
}

/// Cycles in which each input spreads over the region. Groups that want it
/// otherwise count that themselves, as their dispatch.
std::vector<double>
WaferPlanner::entriesOf(const model::KernelSpec &kernel,
                        const model::Sharding &sharding) const {
  std::vector<double> entries;
  if (!model::takesHandedOver(kernel, sharding))
    return entries;
  for (size_t input = 0; input < kernel.inputs.size(); ++input)
    entries.push_back(
        cost::entryCycles(kernel, input, sharding, rates).total());
  if (!other)
    return entries;
  auto same = other->kernels.find(kernel.name);
  if (same != other->kernels.end())
    for (size_t input = 0; input < entries.size(); ++input)
      entries[input] += other->firings *
                        cost::entryCycles(*same->second.spec, input,
                                          same->second.carry(sharding), rates)
                            .total();
  return entries;
}

/// Values that kernels of a run wait for, by consumer.
std::vector<floorplan::Stream> WaferPlanner::streamsOf(const Run &run) const {
  std::map<int, size_t> linkOf;
  for (size_t i = 0; i < run.size(); ++i)
    linkOf[static_cast<int>(run[i])] = i;
  std::vector<floorplan::Stream> streams;
  for (size_t i = 0; i < run.size(); ++i)
    for (size_t s : streamsTo[run[i]]) {
      const model::StreamSpec &stream = model.streams[s];
      auto from = linkOf.find(stream.producer);
      streams.push_back({from == linkOf.end()
                             ? std::nullopt
                             : std::optional<size_t>(from->second),
                         i, static_cast<size_t>(stream.consumerPort),
                         static_cast<double>(stream.bytes())});
    }
  return streams;
}

floorplan::Chain WaferPlanner::chainOf(const Run &run, std::string name) {
  floorplan::Chain chain;
  chain.name = std::move(name);
  chain.grid = explorer.getMachine().grid;
  chain.dead = forbidden;
  chain.budget = explorer.getMachine().budget;
  for (size_t k : run) {
    chain.links.push_back(links[k]);
    chain.links.back().bytes = double(std::max<int64_t>(1, leastBytes(k)));
  }
  if (!chain.links.empty())
    chain.links.front().isJoined = false;
  chain.offers =
      [this](int kind, Extent extent) -> const std::vector<floorplan::Offer> & {
    return offersOf(kind, extent);
  };
  if (!other)
    chain.fits = [this](int kind, Extent extent) {
      return explorer.fits(model.kernels[firstOfKind[kind]], extent);
    };
  chain.streams = streamsOf(run);
  chain.way = [this](const floorplan::Stream &stream, const Rect &from,
                     const Rect &to) {
    int64_t lanes = std::min(kMostLanes, model::facingLanes(from, to));
    int64_t hops = model::centreDistance(from, to);
    double cycles = cost::streamCost(rates, stream.bytes, hops, lanes).total();
    if (other)
      cycles +=
          other->firings *
          cost::streamCost(rates, stream.bytes * other->tokens, hops, lanes)
              .total();
    return cycles;
  };
  return chain;
}

std::vector<int> WaferPlanner::keyOf(const Run &run) const {
  // Layers matter: regions of long chains begin at them. Kernels that are alike
  // wait for nothing where the host sends what others have from a kernel.
  constexpr int kMostStreams = 64;
  std::vector<int> key;
  for (size_t i = 0; i < run.size(); ++i) {
    int layer = model.kernels[run[i]].layer;
    bool continues =
        i > 0 && layer >= 0 && layer == model.kernels[run[i - 1]].layer;
    auto streams = static_cast<int>(streamsTo[run[i]].size());
    key.push_back((2 * kinds[run[i]] + (continues ? 1 : 0)) * kMostStreams +
                  std::min(streams, kMostStreams - 1));
  }
  return key;
}

bool WaferPlanner::fits(const Run &run) {
  Planned &planned = plans[keyOf(run)];
  if (planned.best)
    return planned.best->has_value();
  if (!planned.fits) {
    floorplan::SearchOptions options = search;
    options.anyPlan = true;
    planned.fits = floorplan::tile(chainOf(run, "wafer"), options).has_value();
  }
  return *planned.fits;
}

const std::optional<floorplan::RegionPlan> &WaferPlanner::plan(const Run &run) {
  Planned &planned = plans[keyOf(run)];
  if (!planned.best)
    planned.best = floorplan::tile(chainOf(run, "wafer"), search);
  return *planned.best;
}

void WaferPlanner::adopt(const Run &run, floorplan::RegionPlan plan) {
  plans[keyOf(run)].best = std::move(plan);
}

const std::optional<floorplan::RegionPlan> &
WaferPlanner::arrange(const Run &run,
                      const std::vector<floorplan::Kernels> &parts) {
  Planned &planned = plans[keyOf(run)];
  auto [it, isNew] = planned.arranged.try_emplace(parts);
  if (isNew)
    it->second = floorplan::arrange(chainOf(run, "wafer"), parts, search);
  return it->second;
}

const model::Sharding &WaferPlanner::shardingOf(size_t kernel, Extent extent,
                                                size_t offer) {
  return explorer.choices(model.kernels[kernel], extent)[offer].sharding;
}

std::vector<model::Sharding> WaferPlanner::groupings(size_t kernel,
                                                     Extent extent,
                                                     int64_t bytes,
                                                     int64_t scratch) {
  std::vector<model::Sharding> all =
      explorer.allOf(model.kernels[kernel], extent);
  std::erase_if(all, [&](const model::Sharding &sharding) {
    model::Footprint needs = model::footprint(model.kernels[kernel], sharding);
    return needs.resident() + std::max(needs.scratch, scratch) > bytes;
  });
  return all;
}

int64_t WaferPlanner::liveCores() { return chainOf({}, "wafer").liveCores(); }

int64_t WaferPlanner::leastBytes(size_t kernel) const {
  return leastBytesOfKind[kinds[kernel]];
}
