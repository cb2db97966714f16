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

class TravelChecker {
public:
  TravelChecker(const Plan &plan, Report &report)
      : plan(plan), report(report), rates(plan), coreRates(plan),
        algorithms(algorithmsOf(plan)) {}

  void run();

private:
  void checkStream(const Stream &stream);
  void checkWays(const Kernel &kernel, const KernelWork &work);
  void checkWork(const Kernel &kernel, const KernelWork &work);
  void checkSpread(const Kernel &kernel);
  std::pair<double, double> cyclesAt(const Kernel &kernel,
                                     double activations) const;
  void checkBounds(const Kernel &kernel);
  void compare(double stated, double least, double most, const char *what,
               const std::string &place);
  void checkContention();

  const Plan &plan;
  Report &report;
  FabricRates rates;
  CoreRates coreRates;
  SumAlgorithms algorithms;
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

/// Fabric cycles are those of what is sent, less what passes while cores work;
/// software is that and what cores run.
void TravelChecker::checkWays(const Kernel &kernel, const KernelWork &work) {
  FabricCycles ways = waysOf(plan, coreRates, rates, algorithms, kernel);
  const std::vector<double> &parts = kernel.cycles.parts;
  std::string place = kernel.place();
  compare(parts[kLatency], ways.latency, ways.latency, kCauses[kLatency],
          place);
  compare(parts[kBandwidth], ways.bandwidth, ways.bandwidth,
          kCauses[kBandwidth], place);
  compare(parts[kSoftware], ways.software + work.least.software,
          ways.software + work.most.software, kCauses[kSoftware], place);
}

/// Where nothing is waited for and the busiest group serves so many choices:
/// the least and the most, as of the kernel's work.
std::pair<double, double> TravelChecker::cyclesAt(const Kernel &kernel,
                                                  double activations) const {
  Kernel other = kernel;
  other.activations = activations;
  KernelWork work = workOf(plan, coreRates, rates, {}, other);
  double ways = waysOf(plan, coreRates, rates, {}, other).total();
  return {work.least.total() + ways, work.most.total() + ways};
}

/// Groups of experts take the least where tokens spread over them evenly, and
/// the most where they do not at all.
void TravelChecker::checkSpread(const Kernel &kernel) {
  double waits = kernel.cycles.parts[kContention];
  double bare = kernel.cycles.total - waits;
  std::pair<double, double> least = {bare, bare}, worst = least;
  if (kernel.role == "experts" && kernel.groups.size() > 1) {
    ChoiceRange choices = choicesOf(kernel);
    least = cyclesAt(kernel, choices.even);
    if (choices.worst > kernel.activations)
      worst = cyclesAt(kernel, choices.worst);
  }
  auto check = [&](double stated, double from, double to, const char *what) {
    if ((stated < from && !isClose(stated, from)) ||
        (stated > to && !isClose(stated, to)))
      report.fail(kernel.place(),
                  fmt::format("takes {} cycles {}, its ops and ways take {}",
                              stated, what, to));
  };
  check(kernel.least, std::min(bare, least.first), std::min(bare, least.second),
        "at least");
  check(kernel.worstCase, std::max(bare, worst.first) + waits,
        std::max(bare, worst.second) + waits, "in the worst case");
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
  for (const Kernel &kernel : plan.kernels) {
    KernelWork work = workOf(plan, coreRates, rates, algorithms, kernel);
    checkWork(kernel, work);
    checkBounds(kernel);
    checkSpread(kernel);
    checkWays(kernel, work);
  }
  checkContention();
}

void inlay::checker::checkTravel(const Plan &plan, Report &report) {
  TravelChecker(plan, report).run();
}
