//===- Estimate.cpp - Whether the numbers add up --------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Costs.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <limits>
#include <set>

using namespace inlay::checker;

namespace {

class EstimateChecker {
public:
  EstimateChecker(const Plan &plan, Report &report)
      : plan(plan), report(report), incoming(plan.kernels.size()) {
    for (const Stream &stream : plan.streams) {
      auto from = plan.kernelOf.find(stream.from);
      auto to = plan.kernelOf.find(stream.to);
      // Edges that go back are another rule's.
      if (from != plan.kernelOf.end() && to != plan.kernelOf.end() &&
          from->second < to->second)
        incoming[to->second].push_back({from->second, &stream});
    }
    // Kernels of one region take turns, whether a stream joins them or not.
    std::map<std::string, size_t> last;
    for (size_t k = 0; k < plan.kernels.size(); ++k) {
      auto [previous, isFirst] = last.try_emplace(plan.kernels[k].region, k);
      if (!isFirst)
        incoming[k].push_back({previous->second, &turn});
      previous->second = k;
    }
  }

  void run();

private:
  struct Edge {
    size_t from;
    const Stream *stream;
  };
  template <typename KernelLength, typename EdgeLength>
  std::vector<double> longest(KernelLength kernelLength, EdgeLength edgeLength);

  void checkSum(const Cycles &cycles, const std::string &place);
  void checkKernel(const Kernel &kernel);
  void checkBound(const Bound &bound, const std::string &place, bool isStep);
  void checkLatency();
  void checkStages();
  /// How fast steps follow each other, in one phase.
  struct Pace {
    std::string place; ///< before the names of fields
    const Cycles &latency;
    const std::vector<double> &stageCycles;
    const std::vector<Rate> &rates;
    const InFlight &inFlight;
    int64_t batch, tokens;
  };
  void checkRates(const Pace &pace);
  void checkInFlight(const Pace &pace);
  void checkPhase(const PhaseEstimate &phase);
  void checkStepBound();
  void checkModelBound(const std::vector<size_t> &path, double least);

  const Plan &plan;
  Report &report;
  /// What lies between two turns: no cycles.
  const Stream turn = [] {
    Stream stream;
    stream.cycles.parts.resize(std::size(kCauses));
    return stream;
  }();
  std::vector<std::vector<Edge>> incoming;
};

} // namespace

/// The length of the longest path that ends with each kernel. `edgeLength` is
/// minus infinity where a path may not follow the edge.
template <typename KernelLength, typename EdgeLength>
std::vector<double> EstimateChecker::longest(KernelLength kernelLength,
                                             EdgeLength edgeLength) {
  std::vector<double> finish(plan.kernels.size());
  for (size_t k = 0; k < finish.size(); ++k) {
    double start = 0;
    for (const Edge &edge : incoming[k])
      start = std::max(start, finish[edge.from] + edgeLength(*edge.stream));
    finish[k] = start + kernelLength(plan.kernels[k]);
  }
  return finish;
}

static double most(const std::vector<double> &values) {
  double result = 0;
  for (double value : values)
    result = std::max(result, value);
  return result;
}

void EstimateChecker::checkSum(const Cycles &cycles, const std::string &place) {
  double sum = cycles.parts[0];
  for (size_t i = 1; i < cycles.parts.size(); ++i)
    sum += cycles.parts[i];
  if (sum != cycles.total)
    report.fail(place, fmt::format("has {} cycles in all, its parts add up to "
                                   "{}",
                                   cycles.total, sum));
  constexpr size_t kSoftware = 4;
  if (plan.estimate.mode == "ideal" && cycles.parts[kSoftware] != 0)
    report.fail(place, fmt::format("has {} cycles of software, but the mode is "
                                   "ideal",
                                   cycles.parts[kSoftware]));
}

void EstimateChecker::checkKernel(const Kernel &kernel) {
  std::string place = kernel.place();
  checkSum(kernel.cycles, place + ", cycles");
  auto ofBound = kernel.bound.reasons.find(kCauses[kCrossing]);
  if (kernel.cycles.parts[kCrossing] != 0 ||
      (ofBound != kernel.bound.reasons.end() && ofBound->second != 0))
    report.fail(place, "has cycles of crossings, which streams have");
  if (kernel.worstCase < kernel.cycles.total && kernel.experts > 0)
    report.fail(place, fmt::format("takes {} cycles in the worst case, less "
                                   "than its {}",
                                   kernel.worstCase, kernel.cycles.total));
  if (kernel.worstCase != kernel.cycles.total && kernel.experts == 0)
    report.fail(place, fmt::format("takes {} cycles in the worst case and {} "
                                   "else, but routing does not touch it",
                                   kernel.worstCase, kernel.cycles.total));
  checkBound(kernel.bound, place + ", bound", /*isStep=*/false);
  checkBound(kernel.regionBound, place + ", region_bound", /*isStep=*/false);
  if (kernel.bound.cycles > kernel.cycles.total &&
      !isClose(kernel.bound.cycles, kernel.cycles.total))
    report.fail(place, fmt::format("takes {} cycles, less than the bound of {}",
                                   kernel.cycles.total, kernel.bound.cycles));
  if (kernel.unknownBytes > kernel.movedBytes)
    report.fail(place, fmt::format("has {} unknown bytes of {} moved",
                                   kernel.unknownBytes, kernel.movedBytes));
}

/// The reason that binds is the largest, and the bound of a kernel.
void EstimateChecker::checkBound(const Bound &bound, const std::string &place,
                                 bool isStep) {
  double largest = 0;
  for (const auto &[name, value] : bound.reasons)
    largest = std::max(largest, value);
  auto binding = bound.reasons.find(bound.binding);
  if (binding == bound.reasons.end() || binding->second != largest)
    report.fail(place, fmt::format("says that '{}' binds, which is not the "
                                   "largest of its reasons",
                                   bound.binding));
  if (!isStep && bound.cycles != largest)
    report.fail(place, fmt::format("is {} cycles, its largest reason {}",
                                   bound.cycles, largest));
}

/// The critical path is a path, the longest one, and adds up by cause.
void EstimateChecker::checkLatency() {
  const Estimate &estimate = plan.estimate;
  checkSum(estimate.latency, "latency");
  std::vector<double> sums(std::size(kCauses));
  auto add = [&](const Cycles &cycles) {
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] += cycles.parts[i];
  };
  size_t last = 0;
  bool isPath = !estimate.criticalPath.empty() || plan.kernels.empty();
  for (size_t i = 0; i < estimate.criticalPath.size(); ++i) {
    auto found = plan.kernelOf.find(estimate.criticalPath[i]);
    if (found == plan.kernelOf.end()) {
      isPath = false;
      break;
    }
    const Stream *way = nullptr;
    for (const Edge &edge : incoming[found->second])
      if (i > 0 && edge.from == last &&
          (!way || edge.stream->cycles.total > way->cycles.total))
        way = edge.stream;
    isPath &= i == 0 || way;
    if (way)
      add(way->cycles);
    add(plan.kernels[found->second].cycles);
    last = found->second;
  }
  if (!isPath)
    report.fail("critical_path", "is no path of kernels joined by streams");
  for (size_t i = 0; isPath && i < sums.size(); ++i)
    if (!isClose(sums[i], estimate.latency.parts[i]))
      report.fail("latency",
                  fmt::format("has {} cycles of {}, the critical path "
                              "has {}",
                              estimate.latency.parts[i], kCauses[i], sums[i]));
  auto total = [](const Stream &stream) { return stream.cycles.total; };
  double longestPath = most(
      longest([](const Kernel &kernel) { return kernel.cycles.total; }, total));
  if (!isClose(longestPath, estimate.latency.total))
    report.fail("latency",
                fmt::format("is {} cycles, the longest path takes {}",
                            estimate.latency.total, longestPath));
  double worst = most(longest(
      [](const Kernel &kernel) {
        return std::max(kernel.worstCase, kernel.cycles.total);
      },
      total));
  if (!isClose(worst, estimate.worstCase))
    report.fail("worst_case_latency",
                fmt::format("is {} cycles, the longest path of worst cases {}",
                            estimate.worstCase, worst));
}

void EstimateChecker::checkStages() {
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  std::vector<double> finish =
      longest([](const Kernel &kernel) { return kernel.cycles.total; },
              [&](const Stream &stream) {
                if (&stream == &turn)
                  return 0.0;
                const Kernel &from =
                    plan.kernels[plan.kernelOf.at(stream.from)];
                const Kernel &to = plan.kernels[plan.kernelOf.at(stream.to)];
                return from.wafer == to.wafer ? stream.cycles.total : kNever;
              });
  const std::vector<double> &stages = plan.estimate.stageCycles;
  if (static_cast<int64_t>(stages.size()) != plan.system.wafers)
    return report.fail("stage_cycles",
                       fmt::format("has {} numbers for {} wafers",
                                   stages.size(), plan.system.wafers));
  std::vector<double> wanted(stages.size());
  for (size_t k = 0; k < finish.size(); ++k)
    if (plan.kernels[k].wafer >= 0 &&
        plan.kernels[k].wafer < plan.system.wafers) {
      double &stage = wanted[plan.kernels[k].wafer];
      stage = std::max(stage, finish[k]);
    }
  for (size_t s = 0; s < stages.size(); ++s)
    if (!isClose(stages[s], wanted[s]))
      report.fail(fmt::format("stage_cycles, wafer {}", s),
                  fmt::format("is {}, the longest path on it takes {}",
                              stages[s], wanted[s]));
}

/// Crossings take as long at every clock; all else takes cycles.
void EstimateChecker::checkRates(const Pace &pace) {
  double slowest = most(pace.stageCycles);
  if (!pace.rates.empty() && pace.rates.front().clock != plan.system.clockGhz)
    report.fail(pace.place + "rates",
                fmt::format("begin at {} GHz, the clock is {} GHz",
                            pace.rates.front().clock, plan.system.clockGhz));
  for (const Rate &rate : pace.rates) {
    std::string place =
        fmt::format("{}rates at {} GHz", pace.place, rate.clock);
    double cycles =
        pace.latency.total +
        pace.latency.parts[kCrossing] * (rate.clock / plan.system.clockGhz - 1);
    double user =
        cycles > 0 ? rate.clock * 1e9 / cycles * double(pace.tokens) : 0;
    double system = slowest > 0 ? rate.clock * 1e9 / slowest *
                                      double(pace.tokens) * double(pace.batch)
                                : 0;
    if (!isClose(user, rate.user))
      report.fail(place, fmt::format("say {} tokens/s for a user, the latency "
                                     "gives {}",
                                     rate.user, user));
    if (!isClose(system, rate.system))
      report.fail(place,
                  fmt::format("say {} tokens/s of the system, the slowest "
                              "wafer gives {}",
                              rate.system, system));
    double together = std::min(
        user * double(pace.batch) * double(pace.inFlight.steps), system);
    if (plan.minor >= 2 && !isClose(together, rate.inFlight))
      report.fail(place,
                  fmt::format("say {} tokens/s of the sequences in flight, "
                              "their latency and the slowest wafer give {}",
                              rate.inFlight, together));
  }
}

/// A wafer works on one step at a time, and a sequence has one.
void EstimateChecker::checkInFlight(const Pace &pace) {
  const InFlight &said = pace.inFlight;
  const std::vector<double> &stages = pace.stageCycles;
  std::string place = pace.place + "in_flight";
  if (said.steps < 1 || pace.batch < 1 || stages.empty() ||
      plan.sequencesInFlight != times(said.steps, pace.batch))
    return report.fail(
        place, fmt::format("has {} steps of {} sequences, the step "
                           "says {} sequences",
                           said.steps, pace.batch, plan.sequencesInFlight));
  double latency = pace.latency.total;
  double period = std::max(most(stages), latency / double(said.steps));
  auto compare = [&](llvm::StringRef name, double value, double wanted) {
    if (!isClose(value, wanted))
      report.fail(place,
                  fmt::format("has a {} of {} cycles, the latency and the "
                              "wafers give {}",
                              name.str(), value, wanted));
  };
  compare("period", said.period, period);
  compare("turn", said.turn, period * double(said.steps));
  compare("fill", said.fill, std::max(0.0, latency - stages.back()));
  compare("drain", said.drain, std::max(0.0, latency - stages.front()));
}

/// What the plan says of a phase that it serves too agrees with itself; costs
/// of kernels in it are not in the plan.
void EstimateChecker::checkPhase(const PhaseEstimate &phase) {
  std::string place = phase.phase + ", ";
  checkSum(phase.latency, place + "latency");
  if (static_cast<int64_t>(phase.stageCycles.size()) != plan.system.wafers ||
      most(phase.stageCycles) > phase.latency.total * (1 + 1e-9))
    report.fail(place + "stage_cycles",
                fmt::format("has {} numbers of up to {} cycles for {} wafers "
                            "and a latency of {}",
                            phase.stageCycles.size(), most(phase.stageCycles),
                            plan.system.wafers, phase.latency.total));
  if (phase.worstCase < phase.latency.total * (1 - 1e-9))
    report.fail(place + "worst_case_latency",
                fmt::format("is {} cycles, the latency is {}", phase.worstCase,
                            phase.latency.total));
  double gap =
      phase.bound.cycles > 0 ? phase.latency.total / phase.bound.cycles : 0;
  if (!isClose(gap, phase.gap) || (gap > 0 && gap < 1 - 1e-9))
    report.fail(
        place + "gap",
        fmt::format("is {}, the latency over the bound is {}", phase.gap, gap));
  if (phase.phase == plan.phase || phase.batch != plan.batch ||
      phase.context + phase.tokens != plan.context + plan.tokens)
    report.fail(place + "step",
                fmt::format("leaves {} sequences with {} tokens in the states, "
                            "{} of the plan leaves {} with {}",
                            phase.batch, phase.context + phase.tokens,
                            plan.phase, plan.batch,
                            plan.context + plan.tokens));
  checkBound(phase.bound, place + "bound", /*isStep=*/true);
  double largest = 0, crossings = 0;
  for (const auto &[name, value] : phase.bound.reasons)
    (name == "crossing" ? crossings : largest) =
        std::max(name == "crossing" ? crossings : largest, value);
  if (!isClose(phase.bound.cycles, largest + crossings))
    report.fail(place + "bound",
                fmt::format("is {} cycles, its largest reason and its "
                            "{} cycles of crossings give {}",
                            phase.bound.cycles, crossings,
                            largest + crossings));
  std::vector<double> clocks, own;
  for (const Rate &rate : phase.rates)
    clocks.push_back(rate.clock);
  for (const Rate &rate : plan.estimate.rates)
    own.push_back(rate.clock);
  if (clocks != own)
    report.fail(place + "rates", "are not at the clocks of the plan's own");
  Pace pace{place,          phase.latency, phase.stageCycles, phase.rates,
            phase.inFlight, phase.batch,   phase.tokens};
  checkRates(pace);
  checkInFlight(pace);
}

/// The path along which the kernels' own bounds are longest; of equal ways the
/// first. Compute and SRAM add up along it, with the crossings; what distance
/// takes depends on the work between norms, which a plan does not say.
void EstimateChecker::checkStepBound() {
  std::vector<double> finish(plan.kernels.size());
  std::vector<const Edge *> previous(plan.kernels.size());
  size_t last = 0;
  for (size_t k = 0; k < finish.size(); ++k) {
    double start = 0;
    for (const Edge &edge : incoming[k]) {
      double arrival = finish[edge.from] + edge.stream->cycles.parts[kCrossing];
      // Another mapping would not have the turns.
      if (edge.stream != &turn && (arrival > start || !previous[k])) {
        start = arrival;
        previous[k] = &edge;
      }
    }
    finish[k] = start + plan.kernels[k].bound.cycles;
    if (finish[k] > finish[last])
      last = k;
  }
  const Bound &bound = plan.estimate.bound;
  std::map<std::string, double> sums;
  std::vector<size_t> path;
  double crossings = 0;
  while (!finish.empty()) {
    path.insert(path.begin(), last);
    for (const auto &[name, value] : plan.kernels[last].bound.reasons)
      sums[name] += value;
    const Edge *edge = previous[last];
    if (!edge)
      break;
    crossings += edge->stream->cycles.parts[kCrossing];
    last = edge->from;
  }
  double largest = 0;
  sums["crossing"] = crossings;
  for (const auto &[name, value] : bound.reasons) {
    if (name != "crossing") // it comes on top of the largest
      largest = std::max(largest, value);
    if (name != "distance" && !isClose(value, sums[name]))
      report.fail("bound", fmt::format("has {} cycles of {}, the path of the "
                                       "kernels' bounds has {}",
                                       value, name, sums[name]));
  }
  if (!isClose(bound.cycles, largest + crossings))
    report.fail("bound",
                fmt::format("is {} cycles, its largest reason and its "
                            "{} cycles of crossings give {}",
                            bound.cycles, crossings, largest + crossings));
  if (plan.minor >= 1)
    checkModelBound(path, std::max(sums["compute"], sums["sram"]));
}

/// The wafers that the kernels of the path fill, and a crossing for each beyond
/// the first on top of what the path takes at least.
void EstimateChecker::checkModelBound(const std::vector<size_t> &path,
                                      double least) {
  const System &system = plan.system;
  auto figure = [&](llvm::StringRef name) {
    for (const Figure &given : system.figures)
      if (given.name == name)
        return given.value;
    return 0.0;
  };
  std::set<std::string> seen;
  double bytes = 0;
  for (size_t k = 0; k < plan.kernels.size(); ++k) {
    // What an earlier kernel has may be the same weight.
    bool isOnPath = llvm::is_contained(path, k);
    for (const Weight &weight : plan.kernels[k].weights)
      if (seen.insert(weight.name).second && isOnPath)
        bytes += double(weight.bytes);
    for (const Tensor &state : plan.kernels[k].states)
      if (isOnPath)
        bytes += double(state.bytes);
  }
  auto cores = double(system.width) * double(system.height);
  for (const Rect &rect : system.dead)
    cores -= double(rect.area());
  double room = cores * double(system.sramBytes - system.reservedBytes) +
                figure("dram_capacity");
  double wafers = room > 0 ? std::max(1.0, std::ceil(bytes / room)) : 1;
  const ModelBound &bound = plan.estimate.modelBound;
  if (double(bound.wafers) != wafers)
    report.fail("model_bound", fmt::format("is on {} wafers, the {} B of its "
                                           "path fill {}",
                                           bound.wafers, bytes, wafers));
  constexpr double kPerMicrosecond = 1e3;
  double crossings = (wafers - 1) * figure("wafer_latency") * kPerMicrosecond *
                     figure("clock");
  double most = plan.estimate.bound.cycles;
  double fewest = std::min(most, least + crossings);
  if ((bound.cycles < fewest && !isClose(bound.cycles, fewest)) ||
      (bound.cycles > most && !isClose(bound.cycles, most)))
    report.fail("model_bound",
                fmt::format("is {} cycles, not from the {} of its path and its "
                            "crossings to the bound of {}",
                            bound.cycles, fewest, most));
}

void EstimateChecker::run() {
  report.begin("estimate");
  double unknown = 0, moved = 0;
  for (const Kernel &kernel : plan.kernels) {
    checkKernel(kernel);
    unknown += kernel.unknownBytes;
    moved += kernel.movedBytes;
  }
  for (const Stream &stream : plan.streams)
    checkSum(stream.cycles, stream.place() + ", cycles");
  const Estimate &estimate = plan.estimate;
  checkChoices(plan, report);
  checkTravel(plan, report);
  checkLatency();
  checkStages();
  Pace pace{"",
            estimate.latency,
            estimate.stageCycles,
            estimate.rates,
            estimate.inFlight,
            plan.batch,
            plan.tokens};
  checkRates(pace);
  if (plan.minor >= 2)
    checkInFlight(pace);
  for (const PhaseEstimate &phase : plan.otherPhases)
    checkPhase(phase);
  if (!isClose(unknown, estimate.unknownBytes))
    report.fail("unknown_bytes", fmt::format("is {}, the kernels add up to {}",
                                             estimate.unknownBytes, unknown));
  if (!isClose(moved, estimate.movedBytes))
    report.fail("moved_bytes", fmt::format("is {}, the kernels add up to {}",
                                           estimate.movedBytes, moved));
  report.begin("bounds");
  checkBound(estimate.bound, "bound", /*isStep=*/true);
  checkStepBound();
  if (estimate.bound.cycles > estimate.latency.total &&
      !isClose(estimate.bound.cycles, estimate.latency.total))
    report.fail("bound",
                fmt::format("is {} cycles, more than the latency of {}",
                            estimate.bound.cycles, estimate.latency.total));
  double gap = estimate.bound.cycles > 0
                   ? estimate.latency.total / estimate.bound.cycles
                   : 0;
  if (!isClose(gap, estimate.gap))
    report.fail("gap",
                fmt::format("is {}, latency / bound is {}", estimate.gap, gap));
}

void inlay::checker::checkEstimate(const Plan &plan, Report &report) {
  EstimateChecker(plan, report).run();
}
