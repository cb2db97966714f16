//===- ExpertsBench.cpp - Placements of experts beside each other ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The layer has the region that it gets when as many whole layers as have room
// share a wafer side by side, over all of its columns.
//
//===----------------------------------------------------------------------===//

#include "ExpertsBench.h"

#include "inlay/Compiler/BuildGraph.h"
#include "inlay/Mapping/ExpertPlanner.h"
#include "inlay/Sharding/Variants.h"
#include "inlay/Support/Format.h"
#include "inlay/Target/Target.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <optional>

using namespace inlay;
using model::KernelRole;
using model::KernelSpec;

namespace {

/// SplitMix64: the same numbers everywhere.
class Numbers {
public:
  uint64_t below(uint64_t count) {
    uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (z ^ (z >> 31)) % count;
  }

private:
  uint64_t state = 11;
};

/// A layer of experts where it lies.
struct Layer {
  model::Graph graph;
  const KernelSpec *experts = nullptr;
  model::Extent region;
  std::vector<model::Sharding> shardings; ///< that fit it
};

/// One line of the table.
struct Row {
  std::string model, routing;
  int64_t batch = 0;
  mapping::GroupCount best;
  double roundRobin = 0;
  int64_t roundRobinGroups = 0;
  double even = 0; ///< the least of the bounds of all numbers of groups
};

class Bench {
public:
  Bench(const ExpertsOptions &options, Diagnostics &diags)
      : options(options), diags(diags) {}

  bool run(llvm::raw_ostream &os);

private:
  std::optional<Layer> layerOf(const std::string &path, int64_t batch);
  bool addModel(const std::string &path);
  void addCurve(const std::string &title,
                const std::vector<mapping::GroupCount> &curve);
  std::optional<std::vector<cost::ModelRouting>> routingsOf(const Layer &layer);

  const ExpertsOptions &options;
  Diagnostics &diags;
  target::Target machine;
  std::vector<Row> rows;
  std::string curves;
};

} // namespace

/// Topics of three times as many experts as a token chooses; popular ones come
/// up as Zipf's law says, as do the experts outside of them that every fifth
/// choice is. So some experts are hot, and those of a topic come together.
static cost::ModelRouting makeTopics(int64_t experts, int64_t perToken,
                                     int64_t layer) {
  constexpr int64_t kTokens = 2048, kTopics = 24;
  Numbers numbers;
  auto byRank = [&](int64_t count) {
    double at = double(numbers.below(1 << 20)) / double(1 << 20), sum = 0;
    for (int64_t i = 1; i <= count; ++i)
      sum += 1.0 / double(i);
    for (int64_t i = 1; i < count; ++i)
      if ((at -= 1.0 / double(i) / sum) < 0)
        return i - 1;
    return count - 1;
  };
  std::vector<std::vector<uint16_t>> topics(kTopics);
  for (std::vector<uint16_t> &topic : topics)
    while (int64_t(topic.size()) < std::min(3 * perToken, experts)) {
      auto expert = uint16_t(numbers.below(uint64_t(experts)));
      if (!llvm::is_contained(topic, expert))
        topic.push_back(expert);
    }
  auto choices = std::make_shared<cost::Choices>();
  choices->perToken = perToken;
  for (int64_t token = 0; token < kTokens; ++token) {
    const std::vector<uint16_t> &topic = topics[size_t(byRank(kTopics))];
    std::vector<uint16_t> chosen;
    while (int64_t(chosen.size()) < perToken) {
      auto expert = numbers.below(5) == 0 ? uint16_t(byRank(experts))
                                          : topic[numbers.below(topic.size())];
      if (!llvm::is_contained(chosen, expert))
        chosen.push_back(expert);
    }
    choices->experts.insert(choices->experts.end(), chosen.begin(),
                            chosen.end());
  }
  cost::ModelRouting routing;
  routing.kind = cost::Routing::Kind::Trace;
  routing.trace = "of topics";
  routing.choices[layer] = std::move(choices);
  return routing;
}

std::optional<std::vector<cost::ModelRouting>>
Bench::routingsOf(const Layer &layer) {
  std::vector<cost::ModelRouting> routings(2);
  routings[1].kind = cost::Routing::Kind::Zipf;
  routings[1].exponent = 1;
  if (options.trace.empty()) {
    routings.push_back(makeTopics(layer.experts->numExperts,
                                  layer.experts->expertsPerToken,
                                  layer.experts->layer));
    return routings;
  }
  std::optional<cost::ModelRouting> trace =
      cost::parseRouting(options.trace, diags);
  if (!trace)
    return std::nullopt;
  auto highest = trace->highest.find(layer.experts->layer);
  if (highest != trace->highest.end() &&
      highest->second >= layer.experts->numExperts) {
    diags.inputError("option --trace",
                     fmt::format("chooses expert {} of {} in layer {}",
                                 highest->second, layer.experts->numExperts,
                                 layer.experts->layer));
    return std::nullopt;
  }
  routings.push_back(std::move(*trace));
  return routings;
}

std::optional<Layer> Bench::layerOf(const std::string &path, int64_t batch) {
  diags.setFile(path);
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer) {
    diags.inputError("", "cannot be read: " + buffer.getError().message());
    return std::nullopt;
  }
  CompileOptions compile;
  compile.batch = batch;
  std::string error;
  std::optional<model::Graph> graph = buildGraph(
      (*buffer)->getBuffer(), modelgen::Encoding::Stacked, compile, error);
  if (!graph) {
    diags.inputError("", error);
    return std::nullopt;
  }
  Layer layer{std::move(*graph), nullptr, machine.grid, {}};
  // The last one: first layers are often dense, or of another size.
  for (const KernelSpec &kernel : layer.graph.kernels)
    if (kernel.role == KernelRole::Experts)
      layer.experts = &kernel;
  if (!layer.experts) {
    diags.inputError("", "has no kernel of experts");
    return std::nullopt;
  }
  double bytes = 0;
  for (const KernelSpec &kernel : layer.graph.kernels)
    if (kernel.layer == layer.experts->layer)
      bytes += double(kernel.weightBytes() + kernel.stateBytes());
  double share = bytes / double(machine.budget()) / double(machine.grid.area());
  // Cuts pad what they cut: where that many do not fit, fewer do.
  sharding::Explorer explorer(sharding::machineOf(machine));
  for (auto layers = int64_t(std::max(1.0, std::floor(1 / share)));
       layers >= 1 && layer.shardings.empty(); --layers) {
    layer.region.height = std::max<int64_t>(1, machine.grid.height / layers);
    layer.shardings = explorer.allOf(*layer.experts, layer.region);
  }
  diags.setFile("");
  return layer;
}

void Bench::addCurve(const std::string &title,
                     const std::vector<mapping::GroupCount> &curve) {
  curves +=
      fmt::format("\n{}\n\n| groups | expected | at worst | round robin | "
                  "round robin / expected |\n|---|---|---|---|---|\n",
                  title);
  for (const mapping::GroupCount &count : curve)
    curves += fmt::format("| {} | {:.0f} | {:.0f} | {:.0f} | {:.2f} |\n",
                          count.groups, count.cycles, count.worst,
                          count.roundRobin, count.roundRobin / count.cycles);
}

bool Bench::addModel(const std::string &path) {
  std::string name = llvm::sys::path::stem(path).str();
  for (int64_t batch : {1, 32}) {
    std::optional<Layer> layer = layerOf(path, batch);
    if (!layer)
      return false;
    if (layer->shardings.empty() && batch > 1) {
      rows.push_back({name, "any", batch, {}, 0, 0, 0});
      continue;
    }
    if (layer->shardings.empty()) {
      diags.capacityError("kernel '" + layer->experts->name + "'",
                          fmt::format("does not fit {} x {} cores",
                                      machine.grid.width, machine.grid.height));
      return false;
    }
    auto routings = routingsOf(*layer);
    if (!routings)
      return false;
    for (const cost::ModelRouting &routing : *routings) {
      cost::Rates rates(machine, cost::Mode::Ideal);
      mapping::ExpertPlanner planner(rates, routing);
      std::vector<mapping::GroupCount> curve =
          planner.curve(*layer->experts, layer->shardings, machine.budget());
      mapping::OtherPlacements others =
          planner.others(*layer->experts, layer->shardings);
      const mapping::GroupCount &best =
          *llvm::min_element(curve, [](const auto &a, const auto &b) {
            return a.cycles < b.cycles;
          });
      const mapping::GroupCount &least = *llvm::min_element(
          curve, [](const auto &a, const auto &b) { return a.even < b.even; });
      rows.push_back({name, routing.describe(), batch, best,
                      others.roundRobin.cycles.total(), others.roundRobinGroups,
                      least.even});
      bool isShown = !options.curveOf.empty() &&
                     name.find(options.curveOf) != std::string::npos;
      if (isShown && batch > 1)
        addCurve(fmt::format("{}, {}, batch {}, a layer of experts on {} x {} "
                             "cores, cycles",
                             name, routing.describe(), batch,
                             layer->region.width, layer->region.height),
                 curve);
    }
  }
  return true;
}

bool Bench::run(llvm::raw_ostream &os) {
  std::optional<target::Target> found =
      target::find(options.target, options.targetDir, diags);
  if (!found)
    return false;
  machine = std::move(*found);
  for (const std::string &path : options.models)
    if (!addModel(path))
      return false;
  os << "| model | routing | batch | groups | replicas | expected | at worst "
        "| round robin | its groups | round robin / expected | even | round "
        "robin / even |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const Row &row : rows)
    if (row.best.cycles == 0)
      os << fmt::format(
          "| {} | {} | {} | does not fit a wafer | | | | | | | | |\n",
          row.model, row.routing, row.batch);
    else
      os << fmt::format("| {} | {} | {} | {} | {} | {:.0f} | {:.0f} | {:.0f} | "
                        "{} | {:.2f} | {:.0f} | {:.2f} |\n",
                        row.model, row.routing, row.batch, row.best.groups,
                        row.best.replicas, row.best.cycles, row.best.worst,
                        row.roundRobin, row.roundRobinGroups,
                        row.roundRobin / row.best.cycles, row.even,
                        row.roundRobin / row.even);
  os << curves;
  return true;
}

void inlay::benchExperts(const ExpertsOptions &options, llvm::raw_ostream &os,
                         Diagnostics &diags) {
  Bench(options, diags).run(os);
}
