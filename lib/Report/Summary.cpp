//===- Summary.cpp - A plan in some lines of text -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Report/Report.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::plan;

/// Whole numbers, save small ones, which would read as 0 or 1.
static std::string rounded(double cycles) {
  if (cycles > 0 && cycles < 10)
    return fmt::format("{:.2g}", cycles);
  return formatCount(static_cast<int64_t>(std::llround(cycles)));
}

/// Of each wafer; the rectangles are disjoint.
static int64_t deadCores(const System &system) {
  int64_t cores = 0;
  for (const Rectangle &rect : system.dead)
    cores += rect.width * rect.height;
  return cores;
}

static void addWafers(const Plan &plan, std::string &text) {
  text += fmt::format("{:>6} {:>8} {:>8} {:>12} {:>8} {:>14}\n", "wafer",
                      "kernels", "regions", "cores used", "of grid", "cycles");
  double live =
      double(plan.system.width * plan.system.height - deadCores(plan.system));
  for (int64_t wafer = 0; wafer < plan.system.wafers; ++wafer) {
    size_t kernels = 0;
    size_t regions = 0;
    int64_t cores = 0;
    for (const Region &region : plan.regions)
      if (region.wafer == wafer) {
        ++regions;
        kernels += region.kernels.size();
        cores += region.rectangle.width * region.rectangle.height;
      }
    double cycles = wafer < int64_t(plan.estimate.stageCycles.size())
                        ? plan.estimate.stageCycles[wafer]
                        : 0;
    text += fmt::format("{:>6} {:>8} {:>8} {:>12} {:>7.1f}% {:>14}\n", wafer,
                        kernels, regions, formatCount(cores),
                        100 * double(cores) / live, rounded(cycles));
  }
}

static std::string waferCount(int64_t wafers) {
  return fmt::format("{} wafer{}", wafers, wafers == 1 ? "" : "s");
}

/// "per system", where that takes several steps at a time with how many, and
/// for how many sequences there is room.
static std::string perSystem(const Plan &plan, double latency,
                             const std::vector<double> &stages) {
  double slowest = stages.empty()
                       ? latency
                       : *std::max_element(stages.begin(), stages.end());
  auto steps = slowest > 0 ? int64_t(std::ceil(latency / slowest - 1e-9)) : 1;
  if (steps <= 1)
    return "per system";
  return fmt::format("per system with {} sequences in flight (there is room "
                     "for {})",
                     formatCount(steps * std::max<int64_t>(1, plan.step.batch)),
                     std::max<int64_t>(1, plan.step.sequencesInFlight));
}

/// What a pipeline of several steps gives, where there is one.
static void addInFlight(const Plan &plan, const InFlight &flight,
                        const std::vector<Rate> &rates, std::string &text) {
  if (flight.steps < 2)
    return;
  text += fmt::format(
      "pipeline {} sequences in flight: a step each {} cycles, the next token "
      "of a sequence after {}; fills in {}, drains in {}\n",
      plan.step.sequencesInFlight, rounded(flight.period), rounded(flight.turn),
      rounded(flight.fill), rounded(flight.drain));
  for (const Rate &rate : rates)
    text += fmt::format("         {:>10} tokens/s of all of them at {:.2f} "
                        "GHz\n",
                        rounded(rate.tokensInFlight), rate.clockGhz);
}

/// What the other phase takes on the same regions, at the target's clock.
static void addOtherPhases(const Plan &plan, std::string &text) {
  for (const PhaseEstimate &phase : plan.otherPhases) {
    text += fmt::format(
        "{:<8} {} cycles a step of {} x {} {} at context {}, {} of them for "
        "each of {}; bound {} ({} binds), estimate / bound {:.2f}\n",
        phase.phase, rounded(phase.latency.total), phase.batch, phase.tokens,
        phase.tokens == 1 ? "token" : "tokens", formatCount(phase.context),
        fmt::format("{:g}", phase.firings), plan.step.phase,
        rounded(phase.bound.cycles), phase.bound.binding, phase.gap);
    for (const Rate &rate : phase.rates)
      text += fmt::format(
          "         {:>10} tokens/s per user, {:>10} {} at {:.2f} GHz\n",
          rounded(rate.tokensPerUser), rounded(rate.tokensPerSystem),
          perSystem(plan, phase.latency.total, phase.stageCycles),
          rate.clockGhz);
    addInFlight(plan, phase.inFlight, phase.rates, text);
  }
}

static void addEstimate(const Plan &plan, std::string &text) {
  const Estimate &estimate = plan.estimate;
  const Cycles &cycles = estimate.latency;
  text += fmt::format("step     {} cycles ({} estimate), {} at worst routing\n",
                      rounded(cycles.total), estimate.mode,
                      rounded(estimate.worstCaseLatency));
  const std::pair<const char *, double> causes[] = {
      {"compute", cycles.compute},
      {"SRAM", cycles.sram},
      {"fabric latency", cycles.fabricLatency},
      {"fabric bandwidth", cycles.fabricBandwidth},
      {"software", cycles.software},
      {"crossing", cycles.crossing},
      {"contention", cycles.contention},
  };
  for (auto [name, part] : causes)
    if (part > 0)
      text += fmt::format("           {:<18}{:>14} {:>6.1f}%\n", name,
                          rounded(part), 100 * part / cycles.total);
  int64_t wafers = plan.system.wafers;
  text += fmt::format("bound    {} cycles on {} ({} binds); estimate / bound "
                      "{:.2f}; whatever the partition {} on {} or more\n",
                      rounded(estimate.bound.cycles), waferCount(wafers),
                      estimate.bound.binding, estimate.gap,
                      rounded(estimate.modelBound.cycles),
                      waferCount(estimate.modelBound.wafers));
  addInFlight(plan, plan.estimate.inFlight, plan.estimate.rates, text);
  for (const Rate &rate : estimate.rates)
    text += fmt::format(
        "         {:>10} tokens/s per user, {:>10} {} at "
        "{:.2f} GHz\n",
        rounded(rate.tokensPerUser), rounded(rate.tokensPerSystem),
        perSystem(plan, estimate.latency.total, estimate.stageCycles),
        rate.clockGhz);
  addOtherPhases(plan, text);
  if (estimate.unknownBytes > 0)
    text += fmt::format("unknown  {:.1f}% of the bytes belong to ops that no "
                        "rule knows\n",
                        100 * estimate.unknownBytes / estimate.movedBytes);
}

report::MemoryRatio inlay::report::memoryRatio(const Plan &plan) {
  MemoryRatio most;
  for (const Region &region : plan.regions) {
    if (region.leastBytesPerCore <= 0)
      continue;
    double value =
        double(region.bytesPerCore) / double(region.leastBytesPerCore);
    if (!most.region || value > most.value)
      most = {&region, value};
  }
  return most;
}

/// "7 groups", "4 to 16 groups, 12 replicas": over all layers.
static std::string groupsOf(const Plan &plan) {
  size_t least = 0, most = 0, places = 0, experts = 0;
  for (const Kernel &kernel : plan.kernels) {
    if (kernel.groups.empty())
      continue;
    size_t groups = kernel.groups.size();
    least = least == 0 ? groups : std::min(least, groups);
    most = std::max(most, groups);
    // Groups that no cut tells apart have all experts each.
    if (groups > 1) {
      experts += size_t(kernel.experts);
      for (const ExpertGroup &group : kernel.groups)
        places += group.experts.size();
    }
  }
  std::string text = least == most
                         ? fmt::format("{} groups a layer", most)
                         : fmt::format("{} to {} groups a layer", least, most);
  if (places > experts)
    text += fmt::format(", {} replicas in all",
                        formatCount(int64_t(places - experts)));
  return text;
}

/// What simpler placements of the experts would have cost.
static void addExperts(const Plan &plan, std::string &text) {
  const Estimate &estimate = plan.estimate;
  if (estimate.otherPlacements.empty())
    return;
  text += fmt::format("experts  {}\n", groupsOf(plan));
  for (const OtherPlacement &other : estimate.otherPlacements)
    text +=
        fmt::format("           {:<18}{:>14} cycles the step, {:.2f} times "
                    "as many\n",
                    other.placement == "in_order" ? "in order" : "round robin",
                    rounded(other.latency),
                    other.latency / std::max(1.0, estimate.latency.total));
}

std::string inlay::report::summary(const Plan &plan) {
  int64_t fullest = 0;
  for (const Kernel &kernel : plan.kernels)
    fullest = std::max(fullest, kernel.bytesPerCore);
  int64_t budget = plan.system.sramBytes - plan.system.reservedBytes;
  std::string text;
  text += fmt::format("model    {}, {} of {} x {} tokens, context {}\n",
                      plan.model, plan.step.phase, plan.step.batch,
                      plan.step.tokens, formatCount(plan.step.context));
  int64_t dead = deadCores(plan.system);
  text += fmt::format(
      "machine  {}, {} {} of {} x {} cores{} at {:.2f} GHz\n",
      plan.system.target, plan.system.wafers,
      plan.system.wafers == 1 ? "wafer" : "wafers", plan.system.width,
      plan.system.height,
      dead ? fmt::format(", {} of them dead,", formatCount(dead)) : "",
      plan.system.clockGhz);
  text += fmt::format("memory   weights {}, state {}; fullest core {} of {}\n",
                      formatTotalBytes(double(plan.accounting.weightBytes)),
                      formatTotalBytes(double(plan.accounting.stateBytes)),
                      formatBytes(fullest), formatBytes(budget));
  MemoryRatio ratio = memoryRatio(plan);
  if (ratio.region)
    text += fmt::format("         used / lower bound {:.3f}: {} of region {}, "
                        "where {} are live at once, inputs and outputs in "
                        "every turn\n",
                        ratio.value, formatBytes(ratio.region->bytesPerCore),
                        ratio.region->name,
                        formatBytes(ratio.region->leastBytesPerCore));
  text += fmt::format("         room for a context of {}\n",
                      formatCount(plan.maxContext));
  if (!plan.feasible)
    text +=
        fmt::format("fits     no: short by {} on the fullest core; the plan "
                    "is for cores that have them\n",
                    formatBytes(std::max<int64_t>(fullest - budget, 0)));
  addEstimate(plan, text);
  addExperts(plan, text);
  addWafers(plan, text);
  return text;
}
