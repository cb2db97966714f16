//===- WhatFits.cpp - What would make a model fit -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Mapping/StagePlanner.h"
#include "inlay/Memory/Memory.h"
#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <set>

using namespace inlay;
using namespace inlay::mapping;

/// Buffers are whole multiples of this, so that no budget between two of them
/// makes a difference.
static constexpr int64_t kUnit = model::kBufferAlignment;

/// Wafers that are given must hold all bytes; no less is worth a try.
static int64_t budgetForBytes(const StageRequest &request) {
  WaferPlanner planner = request.makePlanner();
  int64_t bytes = 0;
  for (size_t k = 0; k < request.model.kernels.size(); ++k)
    bytes += planner.leastBytes(k);
  int64_t cores = planner.liveCores() * request.wafers;
  return cores > 0 ? ceilDiv(bytes, cores) : 0;
}

static std::optional<partition::Solution> attempt(const StageRequest &request) {
  // Most of what does not fit is too large by far, which is quickly seen.
  if (budgetForBytes(request) > request.budget)
    return std::nullopt;
  WaferPlanner planner = request.makePlanner();
  Diagnostics ignored;
  return planStages(request, planner, ignored);
}

/// Up to as many kernels the least budget is found to a unit, beyond that to
/// 1/32 of what is missing.
static constexpr size_t kMostExact = 64;

/// More than any budget that can matter: one core holds the whole model.
static int64_t budgetForAll(const StageRequest &request) {
  int64_t bytes = request.budget;
  for (const model::KernelSpec &kernel : request.model.kernels) {
    model::Sharding whole{{1, 1}, {1, 1}, {1, 1}, sharding::chooseAxes(kernel)};
    bytes += 2 * model::footprint(kernel, whole).total();
  }
  return bytes;
}

std::optional<LeastBudget>
inlay::mapping::findLeastBudget(const StageRequest &request) {
  StageRequest trial = request;
  std::optional<LeastBudget> found;
  auto fits = [&](int64_t units) {
    trial.budget = units * kUnit;
    std::optional<partition::Solution> solution = attempt(trial);
    if (solution)
      found = {trial.budget, std::move(*solution)};
    return found && found->budget == trial.budget;
  };
  int64_t most = budgetForAll(request) / kUnit;
  int64_t low = request.budget / kUnit; // does not do
  int64_t high = std::max(low + 1, ceilDiv(budgetForBytes(request), kUnit));
  for (int64_t step = std::max<int64_t>(64, high / 8); !fits(high); step *= 2) {
    if (high > most)
      return std::nullopt;
    low = high;
    high += step;
  }
  // Each try on a large model takes seconds.
  bool isLarge = request.model.kernels.size() > kMostExact;
  int64_t exact = isLarge ? (high - request.budget / kUnit) / 32 : 1;
  while (low + std::max<int64_t>(1, exact) < high) {
    int64_t middle = low + (high - low) / 2;
    (fits(middle) ? high : low) = middle;
  }
  return found;
}

namespace {

/// The region that needs the most, of all stages.
struct FullestRegion {
  size_t wafer = 0;
  model::Rect rect;
  int64_t bytes = 0;
  /// Name and bytes of what lies on a core, largest first.
  std::vector<std::pair<std::string, int64_t>> tensors;
  int64_t coresOver = 0; ///< in all regions that are over the budget
  size_t wafersOver = 0;
};

class Adviser {
public:
  Adviser(const StageRequest &request, const LeastBudget &least)
      : request(request), least(least) {}

  void report(Diagnostics &diags) {
    FullestRegion fullest = findFullest();
    if (fullest.bytes <= request.budget)
      return reportPlaces(diags);
    Diagnostic &diag = diags.capacityError(
        "the model",
        fmt::format("needs {} on each of the {} x {} cores at ({}, {}) of "
                    "wafer {}, the budget of a core is {}, short by {}; in all "
                    "{} cores of {} wafer{} are short",
                    formatBytes(fullest.bytes), fullest.rect.width,
                    fullest.rect.height, fullest.rect.x, fullest.rect.y,
                    fullest.wafer, formatBytes(request.budget),
                    formatBytes(fullest.bytes - request.budget),
                    formatCount(fullest.coresOver), fullest.wafersOver,
                    fullest.wafersOver == 1 ? "" : "s"));
    notes = &diag.notes;
    addLargest(fullest);
    addBytes();
    addWafers();
    addContext();
    addStep("prefill-chunk", request.model.tokens, [this](int64_t tokens) {
      return memory::withStep(request.model, request.model.batch, tokens);
    });
    addStep("batch", request.model.batch, [this](int64_t batch) {
      return memory::withStep(request.model, batch, request.model.tokens);
    });
    addBits("weights", [](model::KernelSpec &kernel, int bits) {
      return narrow(kernel.weights, bits);
    });
    addBits("states", [](model::KernelSpec &kernel, int bits) {
      return narrow(kernel.states, bits);
    });
  }

private:
  /// Bytes are not what is missing.
  static void reportPlaces(Diagnostics &diags) {
    diags
        .capacityError("the model", "has room on the cores by its bytes, but "
                                    "no regions were found that dead cores and "
                                    "constraints leave room for")
        .notes.push_back("pin fewer kernels, keep fewer cores free, or allow "
                         "more wafers");
  }
  FullestRegion findFullest();
  void listTensors(WaferPlanner &planner, const WaferPlanner::Run &run,
                   const floorplan::Region &region, FullestRegion &fullest);
  void addLargest(const FullestRegion &fullest);
  void addBytes();
  void addWafers();
  void addContext();
  template <typename Change>
  void addStep(const char *option, int64_t size, Change changeTo);
  template <typename Narrow> void addBits(const char *what, Narrow narrowAll);
  int64_t layersOnAWafer(const partition::Solution &solution) const;

  bool fits(const model::Graph &changed) const {
    StageRequest trial{changed,         request.target,      request.mode,
                       request.routing, request.constraints, request.budget,
                       request.wafers,  request.objective};
    return attempt(trial).has_value();
  }

  template <typename Tensor>
  static int narrow(std::vector<Tensor> &tensors, int bits) {
    int widest = 0;
    for (Tensor &tensor : tensors) {
      widest = std::max(widest, tensor.type.bits);
      tensor.type.bits = std::min(tensor.type.bits, bits);
    }
    return widest;
  }

  const StageRequest &request;
  const LeastBudget &least;
  std::vector<std::string> *notes = nullptr;
};

} // namespace

FullestRegion Adviser::findFullest() {
  StageRequest trial = request;
  trial.budget = least.budget;
  WaferPlanner planner = trial.makePlanner();
  FullestRegion fullest;
  for (size_t wafer = 0; wafer < least.solution.stages.size(); ++wafer) {
    const partition::Stage &stage = least.solution.stages[wafer];
    WaferPlanner::Run run = WaferPlanner::runOf(stage.first, stage.last);
    const std::optional<floorplan::RegionPlan> &plan = planner.plan(run);
    if (!plan)
      continue;
    int64_t before = fullest.coresOver;
    for (const floorplan::Region &region : plan->regions) {
      if (region.bytes > request.budget)
        fullest.coresOver += region.rect.area();
      if (region.bytes <= fullest.bytes)
        continue;
      fullest.wafer = wafer;
      fullest.rect = region.rect;
      fullest.bytes = region.bytes;
      listTensors(planner, run, region, fullest);
    }
    fullest.wafersOver += fullest.coresOver > before ? 1 : 0;
  }
  return fullest;
}

void Adviser::listTensors(WaferPlanner &planner, const WaferPlanner::Run &run,
                          const floorplan::Region &region,
                          FullestRegion &fullest) {
  fullest.tensors.clear();
  // Kernels share what they need for a while: that of one of them counts.
  std::pair<std::string, int64_t> scratch;
  for (size_t i = 0; i < region.kernels.size(); ++i) {
    size_t k = run[region.kernels[i]];
    const model::KernelSpec &kernel = request.model.kernels[k];
    const model::Sharding &sharding =
        planner.shardingOf(k, region.rect.extent(), region.offers[i]);
    int64_t own = model::footprint(kernel, sharding).scratch;
    if (own > scratch.second)
      scratch = {fmt::format("scratch of '{}'", kernel.name), own};
    for (const model::ShardBuffer &buffer :
         model::shardBuffers(kernel, sharding)) {
      std::string name = memory::bufferName(kernel, buffer.role, buffer.tensor,
                                            buffer.firstOp);
      bool isNamed = buffer.role == model::TensorRole::Weights ||
                     buffer.role == model::TensorRole::State;
      if (buffer.role != model::TensorRole::Local)
        fullest.tensors.push_back(
            {isNamed ? name : fmt::format("{} of '{}'", name, kernel.name),
             buffer.bytes});
    }
  }
  fullest.tensors.push_back(scratch);
  std::sort(fullest.tensors.begin(), fullest.tensors.end(),
            [](const auto &a, const auto &b) {
              return a.second != b.second ? a.second > b.second
                                          : a.first < b.first;
            });
}

void Adviser::addLargest(const FullestRegion &fullest) {
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, fullest.tensors.size()); ++i)
    text += fmt::format("{}{} {}", i ? ", " : "", fullest.tensors[i].first,
                        formatBytes(fullest.tensors[i].second));
  notes->push_back("largest on each of them: " + text);
}

void Adviser::addBytes() {
  int64_t more = least.budget - request.budget;
  auto sram = static_cast<int64_t>(request.target.sram.value);
  int64_t reserved = sram - request.budget;
  std::string text =
      fmt::format("would fit: {} more on each core: ", formatBytes(more));
  if (reserved >= more)
    text += fmt::format("--reserve {} instead of {}, or ", reserved - more,
                        reserved);
  notes->push_back(text + fmt::format("cores of {} instead of {}",
                                      formatBytes(sram + more),
                                      formatBytes(sram)));
}

int64_t Adviser::layersOnAWafer(const partition::Solution &solution) const {
  size_t most = 0;
  for (const partition::Stage &stage : solution.stages) {
    std::set<int> layers;
    for (size_t k = stage.first; k < stage.last; ++k)
      if (int layer = request.model.kernels[k].layer; layer >= 0)
        layers.insert(layer);
    most = std::max(most, layers.size());
  }
  return static_cast<int64_t>(most);
}

void Adviser::addWafers() {
  StageRequest trial = request;
  trial.wafers = 0;
  trial.objective = partition::Objective::Wafers;
  std::optional<partition::Solution> solution;
  if (request.wafers > 0)
    solution = attempt(trial);
  if (!solution) {
    notes->push_back("would not fit: with any number of --wafers");
    return;
  }
  notes->push_back(
      fmt::format("would fit: --wafers {} instead of {}; the most "
                  "layers on one of them are then {} instead of {}",
                  solution->stages.size(), request.wafers,
                  layersOnAWafer(*solution), layersOnAWafer(least.solution)));
}

void Adviser::addContext() {
  const model::Graph &model = request.model;
  model::Graph changed = model;
  auto fitsWith = [&](int64_t context) {
    changed.context = context;
    for (size_t k = 0; k < model.kernels.size(); ++k)
      changed.kernels[k] =
          memory::withContext(model.kernels[k], model.context + model.tokens,
                              context + model.tokens);
    return fits(changed);
  };
  if (model.context < 2)
    return;
  if (!fitsWith(1)) {
    notes->push_back("would not fit: with any --context, not even 1");
    return;
  }
  int64_t low = 1, high = model.context; // fits, does not fit
  while (low + 1 < high) {
    int64_t middle = low + (high - low) / 2;
    (fitsWith(middle) ? low : high) = middle;
  }
  notes->push_back(
      fmt::format("would fit: --context {} instead of {}", low, model.context));
}

/// The largest step that fits, of one that brings several tokens or sequences.
template <typename Change>
void Adviser::addStep(const char *option, int64_t size, Change changeTo) {
  if (size < 2)
    return;
  if (!fits(changeTo(1))) {
    notes->push_back(
        fmt::format("would not fit: with any --{}, not even 1", option));
    return;
  }
  int64_t low = 1, high = size; // fits, does not fit
  while (low + 1 < high) {
    int64_t middle = low + (high - low) / 2;
    (fits(changeTo(middle)) ? low : high) = middle;
  }
  notes->push_back(
      fmt::format("would fit: --{} {} instead of {}", option, low, size));
}

template <typename Narrow>
void Adviser::addBits(const char *what, Narrow narrowAll) {
  int widest = 0;
  for (int bits : {8, 4}) {
    model::Graph changed = request.model;
    for (model::KernelSpec &kernel : changed.kernels)
      widest = std::max(widest, narrowAll(kernel, bits));
    if (widest <= bits)
      return;
    if (fits(changed)) {
      notes->push_back(fmt::format("would fit: {} of {} bits instead of {}, "
                                   "not counting scales",
                                   what, bits, widest));
      return;
    }
  }
  notes->push_back(fmt::format("would not fit: with {} of 4 bits instead of {}",
                               what, widest));
}

void inlay::mapping::reportWhatFits(const StageRequest &request,
                                    const LeastBudget &least,
                                    Diagnostics &diags) {
  Adviser(request, least).report(diags);
}
