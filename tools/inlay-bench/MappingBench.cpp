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

#include <ctime>

using namespace inlay;

namespace {

using mapping::WaferPlanner;

/// A baseline's placement of one wafer.
using Placer = std::function<baselines::Plan(const baselines::Problem &)>;

/// Baselines beside one model's own mapping.
class Comparison {
public:
  Comparison(PlacementTrials &trials, const MappingBenchOptions &options)
      : trials(trials), options(options) {}

  std::vector<BaselineRow> run();

private:
  BaselineCycles costOf(const Placer &placer);
  BaselineRow one(std::string name, const Placer &placer);
  BaselineRow random();
  std::vector<baselines::Stream> streamsOf(const WaferPlanner::Run &run) const;

  PlacementTrials &trials;
  const MappingBenchOptions &options;
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
  rows.push_back(one("equal squares", baselines::placeOnEqualSquares));
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
    row.baselines = Comparison(*trials, options).run();
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
