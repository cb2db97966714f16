//===- Travel.cpp - What ways and waiting take ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cycles that follow from what else the plan says: those of streams from their
// bytes and where the regions lie, those of the sums and moves of a kernel from
// its routes, what each waits for from the links that they have in common, and
// what its cores work from its ops.
//
//===----------------------------------------------------------------------===//

#include "CoreWork.h"
#include "Costs.h"
#include "Routing.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// Cycles that are known but for what rounding up has hidden.
struct Ways {
  FabricCycles least, most;
  /// Of the bandwidth cycles those that may pass while cores work.
  double hidden = 0;

  void add(const FabricCycles &cycles) {
    least += cycles;
    most += cycles;
  }
};

class TravelChecker {
public:
  TravelChecker(const Plan &plan, Report &report)
      : plan(plan), report(report), rates(plan), coreRates(plan),
        algorithms(algorithmsOf(plan)) {
    for (const Pattern &pattern : plan.fabric.patterns)
      patterns.emplace(pattern.name, &pattern);
  }

  void run();

private:
  void checkStream(const Stream &stream);
  void addSums();
  Ways waysOf(const Kernel &kernel) const;
  FabricCycles combination(const Kernel &kernel) const;
  void checkWays(const Kernel &kernel, const KernelWork &work);
  void checkWork(const Kernel &kernel, const KernelWork &work);
  void checkLeast(const Kernel &kernel);
  void checkBounds(const Kernel &kernel);
  void compare(double stated, double least, double most, const char *what,
               const std::string &place);
  void checkContention();

  const Plan &plan;
  Report &report;
  FabricRates rates;
  CoreRates coreRates;
  SumAlgorithms algorithms;
  std::map<std::string, const Pattern *> patterns;
  std::map<std::string, Ways> sums; ///< by kernel
};

} // namespace

/// Minor version of the first plans that say what kernels take at least.
static constexpr int64_t kFirst = 3;

static constexpr size_t kLatency = kFabricLatency, kBandwidth = 3,
                        kSoftware = 4;

void TravelChecker::compare(double stated, double least, double most,
                            const char *what, const std::string &place) {
  if ((stated < least && !isClose(stated, least)) ||
      (stated > most && !isClose(stated, most)))
    report.fail(place,
                isClose(least, most)
                    ? fmt::format("takes {} cycles of {}, what it sends takes "
                                  "{}",
                                  stated, what, least)
                    : fmt::format("takes {} cycles of {}, what it sends takes "
                                  "{} to {}",
                                  stated, what, least, most));
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

void TravelChecker::checkStream(const Stream &stream) {
  auto from = plan.kernelOf.find(stream.from);
  auto to = plan.kernelOf.find(stream.to);
  FabricCycles ways;
  double crossing = 0;
  if (from != plan.kernelOf.end() && to != plan.kernelOf.end()) {
    const Kernel &maker = plan.kernels[from->second];
    const Kernel &user = plan.kernels[to->second];
    bool isInside = maker.region == user.region;
    // Groups that take inputs alone count what comes in themselves.
    if (!isInside && takesHandedOver(plan, user))
      ways = entryOf(plan, rates, user, stream.toPort);
    double bandwidth = figureOf(plan, "wafer_bandwidth");
    if (maker.wafer != user.wafer && bandwidth > 0)
      // 1 us are 1e3 cycles at 1 GHz, 1 GB/s is a byte a cycle.
      crossing = (figureOf(plan, "wafer_latency") * 1e3 +
                  double(stream.bytes) / bandwidth) *
                 plan.system.clockGhz;
    else if (!isInside)
      ways +=
          rates.stream(double(hopsBetween(maker.rect, user.rect)),
                       double(divideUp(waveletsOf(plan, stream.bytes),
                                       lanesBetween(maker.rect, user.rect))));
  }
  const std::vector<double> &parts = stream.cycles.parts;
  std::string place = stream.place();
  if (!isClose(parts[kCrossing], crossing))
    report.fail(place,
                fmt::format("takes {} cycles from wafer to wafer, {} B take {}",
                            parts[kCrossing], stream.bytes, crossing));
  if (plan.minor < kFirst)
    return;
  compare(parts[kLatency], ways.latency, ways.latency, kCauses[kLatency],
          place);
  compare(parts[kBandwidth], ways.bandwidth, ways.bandwidth,
          kCauses[kBandwidth], place);
  compare(parts[kSoftware], ways.software, ways.software, kCauses[kSoftware],
          place);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// In ideal mode cores make what a sum adds and work on what it brings while
/// its first and its last wavelets travel; around a ring no core has a vector
/// in order. Pieces of a ring are as long as the longest, so that the vector
/// may have been up to a wavelet for each core shorter.
void TravelChecker::addSums() {
  for (const Route &route : plan.fabric.routes) {
    auto found = patterns.find(route.pattern);
    if (route.kind != "all_reduce" || found == patterns.end())
      continue;
    const Pattern &pattern = *found->second;
    for (const RouteUse &use : route.uses) {
      auto most = double(use.wavelets), least = most,
           cores = double(pattern.cores);
      if (pattern.algorithm == "ring" && pattern.cores > 1) {
        most = most / (2 * (cores - 1)) * cores;
        least = most - (cores - 1);
      }
      Ways &span = sums[use.kernel];
      if (pattern.algorithm != "ring" && plan.estimate.mode == "ideal")
        span.hidden += 2 * most * rates.period * double(use.times);
      span.least += rates.allReduce(pattern.algorithm, pattern.cores, least)
                        .times(double(use.times));
      span.most += rates.allReduce(pattern.algorithm, pattern.cores, most)
                       .times(double(use.times));
    }
  }
}

/// Groups that are not joined: across, down, row after row of one home, and
/// along the rows of the first; from there results leave.
FabricCycles TravelChecker::combination(const Kernel &kernel) const {
  const Stream *output = nullptr;
  for (const Stream &stream : plan.streams)
    if (stream.from == kernel.name && stream.fromPort == 0)
      output = &stream;
  if (!output || !joinedAxis(kernel).empty())
    return {};
  Rect unit = unitOf(kernel), all = workingOf(kernel);
  int64_t w = std::max<int64_t>(1, unit.width),
          h = std::max<int64_t>(1, unit.height);
  int64_t across = all.width / w, down = all.height / h;
  if (givenBy(kernel, *output).axis == Share::Axis::X) {
    std::swap(across, down);
    std::swap(w, h);
  }
  auto wavelets = double(divideUp(waveletsOf(plan, output->bytes), h));
  int64_t homes = std::min({int64_t(16), w, h});
  FabricCycles cycles = rates.bestReduce({across, w, 1}, wavelets);
  cycles += rates.bestReduce({down, h, divideUp(h, homes)}, wavelets);
  if (w > 1)
    cycles += rates.stream(double(w), wavelets);
  cycles.latency +=
      double(kernel.rect.width + kernel.rect.height) / 2 * rates.hop;
  return cycles;
}

Ways TravelChecker::waysOf(const Kernel &kernel) const {
  Ways ways;
  if (auto found = sums.find(kernel.name); found != sums.end())
    ways = found->second;
  for (const MoveLoad &move : movesOf(plan, kernel)) {
    ways.add(rates.stream(double(move.cores), double(move.wavelets)));
  }
  if (kernel.experts > 0 && kernel.groups.size() > 1) {
    if (!kernel.inputs.empty() && !takesHandedOver(plan, kernel))
      ways.add(entryOf(plan, rates, kernel, 0));
    ways.add(combination(kernel));
  }
  return ways;
}

/// What cores do follows from their ops.
void TravelChecker::checkWork(const Kernel &kernel, const KernelWork &work) {
  auto check = [&](double stated, double least, double most, const char *what) {
    if (isClose(stated, least) || isClose(stated, most) ||
        (stated > least && stated < most))
      return;
    report.fail(kernel.place(),
                fmt::format("takes {} cycles of {}, its ops take {}", stated,
                            what, least));
  };
  const std::vector<double> &parts = kernel.cycles.parts;
  check(parts[0], work.least.compute, work.most.compute, kCauses[0]);
  check(parts[1], work.least.sram, work.most.sram, kCauses[1]);
}

/// On all cores that live, and on those of the region.
void TravelChecker::checkBounds(const Kernel &kernel) {
  LeastWork work = leastWorkOf(coreRates, kernel);
  auto all = double(plan.system.width) * double(plan.system.height);
  for (const Rect &rect : plan.system.dead)
    all -= double(rect.area());
  auto check = [&](const Bound &bound, double cores, const char *name) {
    for (auto [reason, cycles] :
         {std::pair("compute", work.compute), std::pair("sram", work.sram)}) {
      auto stated = bound.reasons.find(reason);
      double least = cycles / std::max(1.0, cores);
      if (stated != bound.reasons.end() && !isClose(stated->second, least))
        report.fail(kernel.place() + ", " + name,
                    fmt::format("says {} cycles of {}, its ops take {} on {} "
                                "cores at their peak",
                                stated->second, reason, least, cores));
    }
  };
  check(kernel.bound, all, "bound");
  check(kernel.regionBound, double(kernel.rect.area()), "region_bound");
}

/// Fabric cycles are those of what is sent, software is that and what cores
/// run.
void TravelChecker::checkWays(const Kernel &kernel, const KernelWork &work) {
  Ways ways = waysOf(kernel);
  const std::vector<double> &parts = kernel.cycles.parts;
  std::string place = kernel.place();
  compare(parts[kLatency], ways.least.latency, ways.most.latency,
          kCauses[kLatency], place);
  // No more is hidden than there is work.
  double hidden = std::min(ways.hidden, parts[0] + parts[1]);
  compare(parts[kBandwidth], ways.least.bandwidth - hidden, ways.most.bandwidth,
          kCauses[kBandwidth], place);
  compare(parts[kSoftware], ways.least.software + work.least.software,
          ways.most.software + work.most.software, kCauses[kSoftware], place);
}

/// Where nothing is waited for; groups of experts may take less than on
/// average.
void TravelChecker::checkLeast(const Kernel &kernel) {
  double bare = kernel.cycles.total - kernel.cycles.parts[kContention];
  bool isSpread = kernel.groups.size() > 1;
  if (isSpread ? kernel.least > bare && !isClose(kernel.least, bare)
               : !isClose(kernel.least, bare))
    report.fail(kernel.place(),
                fmt::format("takes {} cycles at least, {} where nothing "
                            "is waited for",
                            kernel.least, bare));
}

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

void TravelChecker::checkContention() {
  Contention waits = contentionOf(plan, rates);
  auto check = [&](double stated, const Waits &of, size_t i,
                   const std::string &place) {
    double least = std::min(of.least[i], of.most[i]), most = of.most[i];
    if ((stated < least && !isClose(stated, least)) ||
        (stated > most && !isClose(stated, most)))
      report.fail(place, fmt::format("waits for {} cycles, by the links that "
                                     "others have at the same time {}",
                                     stated, most));
  };
  for (size_t i = 0; i < plan.streams.size(); ++i)
    check(plan.streams[i].cycles.parts[kContention], waits.ofStreams, i,
          plan.streams[i].place());
  for (size_t k = 0; k < plan.kernels.size(); ++k)
    check(plan.kernels[k].cycles.parts[kContention], waits.ofKernels, k,
          plan.kernels[k].place());
}

void TravelChecker::run() {
  for (const Stream &stream : plan.streams)
    checkStream(stream);
  if (plan.minor < kFirst)
    return;
  if (plan.fabric.available > 0)
    addSums();
  for (const Kernel &kernel : plan.kernels) {
    KernelWork work = workOf(plan, coreRates, rates, algorithms, kernel);
    checkWork(kernel, work);
    checkBounds(kernel);
    checkLeast(kernel);
    if (plan.fabric.available > 0)
      checkWays(kernel, work);
  }
  checkContention();
}

void inlay::checker::checkTravel(const Plan &plan, Report &report) {
  TravelChecker(plan, report).run();
}
