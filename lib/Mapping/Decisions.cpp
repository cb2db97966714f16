//===- Decisions.cpp - What was considered, and why the winner won --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reasons.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::mapping;

static std::string rounded(double cycles) {
  return formatCount(static_cast<int64_t>(std::llround(cycles)));
}

static std::string sizeOf(model::Extent extent) {
  return fmt::format("{} x {}", extent.width, extent.height);
}

/// "wafers 1 to 4, 6".
static std::string namesOf(const std::vector<int64_t> &wafers) {
  std::string text = wafers.size() == 1 ? "wafer" : "wafers";
  for (size_t i = 0; i < wafers.size(); ++i) {
    size_t last = i;
    while (last + 1 < wafers.size() && wafers[last + 1] == wafers[last] + 1)
      ++last;
    text += fmt::format("{} {}", i ? "," : "", wafers[i]);
    if (last > i)
      text += fmt::format("{} {}", last == i + 1 ? "," : " to", wafers[last]);
    i = last;
  }
  return text;
}

/// The attempt of fewest cycles, and the best with another number of regions;
/// null where there is none.
static std::pair<const floorplan::Attempt *, const floorplan::Attempt *>
bestTwo(const WaferDecision &stage) {
  const floorplan::Attempt *best = nullptr, *second = nullptr;
  for (const floorplan::Attempt &attempt : stage.attempts) {
    if (attempt.regions == 0)
      continue; // kernels that hold nothing
    if (!best || attempt.cycles < best->cycles) {
      second = best;
      best = &attempt;
    } else if (!second || attempt.cycles < second->cycles) {
      second = &attempt;
    }
  }
  return {best, second};
}

/// Why the winner won, in one line.
std::string inlay::mapping::reasonOf(const WaferDecision &stage) {
  auto [best, second] = bestTwo(stage);
  if (!best)
    return "the regions were given";
  if (!second)
    return fmt::format("only {} region{} hold{} the kernels", best->regions,
                       best->regions == 1 ? "" : "s",
                       best->regions == 1 ? "s" : "");
  const char *why = second->regions > best->regions
                        ? "kernels compute longer on smaller regions"
                        : "collectives have further to go on larger regions";
  return fmt::format(
      "{} region{} take{} {:.1f} % fewer cycles than {}: {}", best->regions,
      best->regions == 1 ? "" : "s", best->regions == 1 ? "s" : "",
      100 * (1 - best->cycles / second->cycles), second->regions, why);
}

/// "a to c, e": runs of kernels.
static std::string kernelsOf(const WaferDecision &stage,
                             const floorplan::Kernels &kernels) {
  std::string text;
  for (size_t i = 0; i < kernels.size(); ++i) {
    size_t last = i;
    while (last + 1 < kernels.size() && kernels[last + 1] == kernels[last] + 1)
      ++last;
    text += (i ? ", " : "") + stage.kernels[kernels[i]];
    if (last > i)
      text += " to " + stage.kernels[kernels[last]];
    i = last;
  }
  return text;
}

static void addStage(const WaferDecision &stage, std::string &text) {
  text += fmt::format("{}: {} kernels, {} to {}\n", namesOf(stage.wafers),
                      stage.kernels.size(), stage.kernels.front(),
                      stage.kernels.back());
  const floorplan::Attempt *best = bestTwo(stage).first;
  if (best)
    text += fmt::format("  {:>8} {:>14} {:>14} {:>14}\n", "regions", "cycles",
                        "smallest", "largest");
  for (const floorplan::Attempt &attempt : stage.attempts)
    text += fmt::format("{} {:>8} {:>14} {:>14} {:>14}\n",
                        &attempt == best ? "*" : " ", attempt.regions,
                        rounded(attempt.cycles), sizeOf(attempt.least),
                        sizeOf(attempt.most));
  text += fmt::format("  {}; with routes {} cycles\n", reasonOf(stage),
                      rounded(stage.routed));
  for (const floorplan::Region &region : stage.regions)
    text += fmt::format("  {:>14} at ({}, {}): {}, {} cycles, {} a core\n",
                        sizeOf(region.rect.extent()), region.rect.x,
                        region.rect.y, kernelsOf(stage, region.kernels),
                        rounded(region.cycles), formatBytes(region.bytes));
}

/// Why so many groups, in one line.
std::string inlay::mapping::reasonOf(const GroupsDecision &layer) {
  const GroupCount *chosen = nullptr, *other = nullptr;
  for (const GroupCount &count : layer.considered)
    if (count.groups == layer.groups)
      chosen = &count;
    else if (!other || count.cycles < other->cycles)
      other = &count;
  if (!chosen || !other)
    return "no other number of groups fits";
  if (other->cycles < chosen->cycles)
    return fmt::format("{} would take {:.1f} % fewer cycles, but more bytes "
                       "than the region has left",
                       other->groups,
                       100 * (1 - other->cycles / chosen->cycles));
  const char *why = other->groups > chosen->groups
                        ? "the busiest of more groups is busier than its cores "
                          "make up for"
                        : "collectives within fewer groups have further to go";
  return fmt::format("{} would take {:.1f} % more cycles: {}", other->groups,
                     100 * (other->cycles / chosen->cycles - 1), why);
}

static void addExperts(const GroupsDecision &layer, std::string &text) {
  text += fmt::format(
      "experts of {}{}, on {}: {} groups{}\n", layer.kernel,
      layer.kernels > 1 ? fmt::format(" and {} more", layer.kernels - 1) : "",
      sizeOf(layer.region), layer.groups,
      layer.replicas > 0 ? fmt::format(", {} replicas", layer.replicas) : "");
  text += fmt::format("  {:>8} {:>14} {:>14} {:>14}\n", "groups", "cycles",
                      "at worst", "round robin");
  for (const GroupCount &count : layer.considered)
    text += fmt::format("{} {:>8} {:>14} {:>14} {:>14}\n",
                        count.groups == layer.groups ? "*" : " ", count.groups,
                        rounded(count.cycles), rounded(count.worst),
                        rounded(count.roundRobin));
  text += fmt::format("  {}\n", reasonOf(layer));
}

//===----------------------------------------------------------------------===//
// Partition and step
//===----------------------------------------------------------------------===//

const char *inlay::mapping::toString(partition::Objective objective) {
  constexpr const char *kNames[] = {"latency", "throughput", "wafers"};
  return kNames[static_cast<int>(objective)];
}

/// What is to be little: for throughput the cycles of the slowest wafer, on any
/// number of wafers times these.
static double measureOf(const PartitionDecision &decision,
                        const PartitionChoice &choice) {
  if (decision.objective != partition::Objective::Throughput)
    return choice.cycles;
  return decision.wanted > 0 ? choice.slowest
                             : choice.slowest * double(choice.wafers);
}

std::string inlay::mapping::reasonOf(const PartitionDecision &decision) {
  const PartitionChoice *chosen = nullptr, *other = nullptr;
  for (const PartitionChoice &choice : decision.considered)
    if (choice.isChosen)
      chosen = &choice;
    else if (choice.fits && (!other || measureOf(decision, choice) <
                                           measureOf(decision, *other)))
      other = &choice;
  if (!chosen)
    return "the partition was given";
  if (decision.wanted > 0)
    return fmt::format("{} wafer{} {} asked for", decision.wanted,
                       decision.wanted == 1 ? "" : "s",
                       decision.wanted == 1 ? "was" : "were");
  if (decision.objective == partition::Objective::Wafers)
    return "the fewest wafers that were found to hold the model";
  if (!other)
    return "no other number of wafers near this one holds the model";
  double times = measureOf(decision, *other) / measureOf(decision, *chosen);
  std::string text = fmt::format("with {} wafer{} ", other->wafers,
                                 other->wafers == 1 ? "" : "s");
  if (decision.objective == partition::Objective::Throughput)
    return text +
           fmt::format("each of them yields {:.2f} times as much", 1 / times);
  text += fmt::format("a step takes {:.2f} times as many cycles", times);
  return times >= 1 ? text
                    : text + ": each wafer must save a thousandth of a step, "
                             "and the search looks at so many runs of kernels "
                             "and no more";
}

static void addPartition(const PartitionDecision &decision, std::string &text) {
  text += fmt::format("partition for {}, by the search, without routes\n",
                      toString(decision.objective));
  text += fmt::format("  {:>8} {:>14} {:>14} {:>14}\n", "wafers", "cycles",
                      "crossings", "slowest wafer");
  for (const PartitionChoice &choice : decision.considered)
    if (choice.fits)
      text += fmt::format("{} {:>8} {:>14} {:>14} {:>14}\n",
                          choice.isChosen ? "*" : " ", choice.wafers,
                          rounded(choice.cycles), rounded(choice.crossings),
                          rounded(choice.slowest));
    else
      text += fmt::format("  {:>8} {:>14}\n", choice.wafers, "does not fit");
  text += fmt::format("  {}\n", reasonOf(decision));
  for (const CutDecision &cut : decision.cuts) {
    std::vector<int64_t> wafers = cut.wafers;
    text += fmt::format("  cut behind {}, before {}: {} cycles on both sides\n",
                        namesOf(wafers), cut.chosen.kernel,
                        rounded(cut.chosen.cycles));
    for (const CutChoice &other : cut.others)
      text += fmt::format("    before {}: {}\n", other.kernel,
                          other.fits ? rounded(other.cycles)
                                     : std::string("does not fit"));
  }
}

static void addStep(const Decisions &decisions, std::string &text) {
  const StepDecision &step = decisions.step;
  if (step.stages.empty())
    return;
  double slowest = *std::max_element(step.stages.begin(), step.stages.end());
  text += fmt::format(
      "step: {} cycles; no mapping of this partition takes fewer than {} "
      "(within {:.2f} times), none of any partition fewer than {} ({:.2f})\n",
      rounded(step.cycles), rounded(step.least),
      step.cycles / std::max(1.0, step.least), rounded(step.leastOfAll),
      step.cycles / std::max(1.0, step.leastOfAll));
  text += fmt::format("slowest wafer: {} cycles; no mapping of this partition "
                      "has fewer than {} "
                      "(within {:.2f} times)\n",
                      rounded(slowest), rounded(step.leastSlowest),
                      slowest / std::max(1.0, step.leastSlowest));
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static void addKernel(const KernelDecision &kernel, std::string &text) {
  text += fmt::format(
      "{}{}, on {}: {} {} to cut it, of which worth it\n", kernel.kernel,
      kernel.kernels > 1 ? fmt::format(" and {} more", kernel.kernels - 1) : "",
      sizeOf(kernel.region), kernel.shardings,
      kernel.shardings == 1 ? "way" : "ways");
  for (const VariantChoice &choice : kernel.considered)
    text +=
        fmt::format("{} {:>12} cycles {:>12} a core: {}; {}\n",
                    choice.isChosen ? "*" : " ", rounded(choice.cycles),
                    formatBytes(choice.bytes), choice.cut, choice.collectives);
  for (const CollectiveDecision &sum : kernel.collectives) {
    text += fmt::format("  sums of {} wavelets over {} along {}: ",
                        rounded(sum.wavelets), sum.cores, sum.axis);
    for (size_t i = 0; i < sum.considered.size(); ++i)
      text += fmt::format("{}{}{} {}", i ? ", " : "",
                          sum.considered[i].first == sum.chosen ? "*" : "",
                          sum.considered[i].first,
                          rounded(sum.considered[i].second));
    text += '\n';
  }
}

std::string inlay::mapping::toText(const Decisions &decisions) {
  std::string text = fmt::format(
      "wafers: {}; {} over {} a wafer need at least {}{}\n", decisions.wafers,
      formatTotalBytes(decisions.bytes),
      formatTotalBytes(decisions.bytesPerWafer), decisions.fewestWafers,
      decisions.wafers == decisions.fewestWafers
          ? ": no mapping has fewer"
          : fmt::format(", so at most {} too many",
                        decisions.wafers - decisions.fewestWafers));
  addStep(decisions, text);
  addPartition(decisions.partition, text);
  for (const WaferDecision &stage : decisions.stages)
    addStage(stage, text);
  for (const KernelDecision &kernel : decisions.kernels)
    addKernel(kernel, text);
  for (const GroupsDecision &layer : decisions.experts)
    addExperts(layer, text);
  return text;
}
