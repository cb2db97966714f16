//===- MappingBench.cpp - Inlay's placements beside others ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingBench.h"

#include "Baselines/Baselines.h"
#include "MappingTables.h"

#include "inlay/Compiler/PlacementTrials.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <ctime>
#include <set>

using namespace inlay;

namespace {

using mapping::WaferPlanner;

/// A baseline's placement of one wafer.
using Placer = std::function<baselines::Plan(const baselines::Problem &)>;

/// Baselines beside one model's own mapping.
class Comparison {
public:
  Comparison(PlacementTrials &trials, const MappingBenchOptions &options,
             std::string path)
      : trials(trials), options(options), path(std::move(path)) {}

  std::vector<BaselineRow> run();

private:
  BaselineCycles costOf(const Placer &placer);
  BaselineRow one(std::string name, const Placer &placer);
  BaselineRow random();
  BaselineRow squares();
  std::vector<baselines::Stream> streamsOf(const WaferPlanner::Run &run) const;

  PlacementTrials &trials;
  const MappingBenchOptions &options;
  std::string path;
};

} // namespace

std::vector<baselines::Stream>
Comparison::streamsOf(const WaferPlanner::Run &run) const {
  std::vector<baselines::Stream> streams;
  for (const model::StreamSpec &stream : trials.graph().streams) {
    auto placeOf = [&](int kernel) {
      return static_cast<size_t>(llvm::find(run, static_cast<size_t>(kernel)) -
                                 run.begin());
    };
    size_t from = placeOf(stream.producer), to = placeOf(stream.consumer);
    if (from < run.size() && to < run.size())
      streams.push_back({from, to, double(stream.bytes())});
  }
  return streams;
}

/// The file's name, or its folder's where files are called alike.
static std::string nameOf(llvm::StringRef path) {
  llvm::StringRef stem = llvm::sys::path::stem(path);
  llvm::StringRef folder =
      llvm::sys::path::filename(llvm::sys::path::parent_path(path));
  return (stem == "model" && !folder.empty() ? folder : stem).str();
}

/// Most layers that one wafer has a part of, and how many there are.
static std::pair<int64_t, int64_t> countLayers(const PlacementTrials &trials) {
  const model::Graph &graph = trials.graph();
  std::set<int> all;
  size_t most = 1;
  for (const model::KernelSpec &kernel : graph.kernels)
    if (kernel.layer >= 0)
      all.insert(kernel.layer);
  for (const WaferPlanner::Run &run : trials.runs()) {
    std::set<int> layers;
    for (size_t k : run)
      if (graph.kernels[k].layer >= 0)
        layers.insert(graph.kernels[k].layer);
    most = std::max(most, layers.size());
  }
  return {int64_t(most), int64_t(all.size())};
}

static double withoutCrossings(const plan::Plan &plan) {
  return plan.estimate.latency.total - plan.estimate.latency.crossing;
}

BaselineCycles Comparison::costOf(const Placer &placer) {
  BaselineCycles result;
  std::unique_ptr<WaferPlanner> planner = trials.makePlanner();
  std::vector<floorplan::RegionPlan> regions;
  for (const WaferPlanner::Run &run : trials.runs()) {
    floorplan::Chain chain = planner->chainOf(run, "wafer");
    baselines::Plan plan = placer({chain, streamsOf(run)});
    if (!plan) {
      result.why = "does not fit";
      return result;
    }
    regions.push_back(std::move(*plan));
  }
  std::string error;
  if (std::optional<plan::Plan> plan = trials.place(regions, error)) {
    result.cycles = plan->estimate.latency.total;
    result.inside = withoutCrossings(*plan);
  } else {
    result.why = error.substr(0, error.find('\n'));
  }
  return result;
}

BaselineRow Comparison::one(std::string name, const Placer &placer) {
  return {std::move(name), costOf(placer), std::nullopt};
}

/// The best of several, and their mean.
BaselineRow Comparison::random() {
  BaselineRow row;
  row.name = "random";
  BaselineCycles sum;
  int count = 0;
  for (int seed = 1; seed <= options.randomPlacements; ++seed) {
    BaselineCycles drawn = costOf([&](const baselines::Problem &problem) {
      return baselines::placeRandomly(problem, uint64_t(seed));
    });
    if (!drawn.why.empty()) {
      if (count == 0)
        row.best.why = drawn.why;
      continue;
    }
    if (count == 0 || drawn.cycles < row.best.cycles)
      row.best = drawn;
    sum.cycles += drawn.cycles;
    sum.inside += drawn.inside;
    ++count;
  }
  if (count > 0)
    row.mean = BaselineCycles{sum.cycles / count, sum.inside / count, {}};
  return row;
}

/// Squares that have no room where Inlay's regions are full get wafers with one
/// layer less each, until they fit.
BaselineRow Comparison::squares() {
  BaselineRow row = one("equal squares", baselines::placeOnEqualSquares);
  auto [most, layers] = countLayers(trials);
  int64_t tried = trials.own().system.wafers;
  while (!row.best.why.empty() && row.best.wafers == 0 && --most >= 1) {
    CompileOptions compile = options.compile;
    compile.input = path;
    compile.wafers = (layers + most - 1) / most;
    if (*compile.wafers <= tried)
      continue;
    tried = *compile.wafers;
    std::string ignored;
    int status = 0;
    std::unique_ptr<PlacementTrials> wider =
        PlacementTrials::create(compile, ignored, status);
    if (!wider)
      continue;
    BaselineCycles there = Comparison(*wider, options, path)
                               .costOf(baselines::placeOnEqualSquares);
    if (there.why.empty()) {
      row.best.cycles = there.cycles;
      row.best.inside = there.inside;
      row.best.wafers = tried;
    }
  }
  return row;
}

std::vector<BaselineRow> Comparison::run() {
  std::vector<BaselineRow> rows;
  rows.push_back(one("row-major strips", baselines::placeRowMajor));
  rows.push_back(random());
  double seconds = options.annealingTimes * trials.mappingSeconds() /
                   double(trials.runs().size());
  rows.push_back(one("annealing", [&](const baselines::Problem &problem) {
    std::clock_t start = std::clock();
    return baselines::placeByAnnealing(problem, 1, [start, seconds] {
      return double(std::clock() - start) / CLOCKS_PER_SEC / seconds;
    });
  }));
  rows.push_back(one("Scotch", baselines::placeByScotch));
  rows.push_back(squares());
  return rows;
}

int inlay::benchMapping(const MappingBenchOptions &options,
                        llvm::raw_ostream &os, llvm::raw_ostream &errors) {
  int status = 0;
  std::vector<MappingRow> rows;
  for (const std::string &model : options.models) {
    CompileOptions compile = options.compile;
    compile.input = model;
    std::string error;
    int failed = 0;
    std::unique_ptr<PlacementTrials> trials =
        PlacementTrials::create(compile, error, failed);
    errors << error;
    if (!trials) {
      status = status == 0 ? failed : status;
      continue;
    }
    const plan::Plan &own = trials->own();
    MappingRow row;
    row.model = nameOf(model);
    row.wafers = own.system.wafers;
    row.estimate = own.estimate;
    row.mappingSeconds = trials->mappingSeconds();
    row.compileSeconds = trials->compileSeconds();
    row.baselines = Comparison(*trials, options, model).run();
    rows.push_back(std::move(row));
  }
  if (rows.empty())
    return status;
  if (options.asJson)
    printMappingJson(rows, os);
  else
    printMappingTables(rows, os);
  return status;
}
