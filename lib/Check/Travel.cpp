//===- Travel.cpp - What ways and waiting take ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cycles that follow from what else the plan says: those of a crossing from its
// bytes and the link between wafers, those of hops at least, and where nothing
// can be waited for no contention. How long what meets on a link waits depends
// on when it does, which a plan does not say: it is so many wavelets.
//
//===----------------------------------------------------------------------===//

#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace inlay::checker;

namespace {

class TravelChecker {
public:
  TravelChecker(const Plan &plan, Report &report)
      : plan(plan), report(report) {}

  void run();

private:
  double figure(llvm::StringRef name) const {
    for (const Figure &given : plan.system.figures)
      if (given.name == name)
        return given.value;
    return 0;
  }
  void readTrunks();
  void checkStream(size_t index);
  void checkContention(double cycles, bool canWait, const std::string &place,
                       const char *why);

  const Plan &plan;
  Report &report;
  double period = 0; ///< cycles of a wavelet on a link
  std::map<int64_t, std::vector<Rect>> trunks; ///< routers, by wafer
  std::set<int64_t> routed;                    ///< streams that trunks carry
};

} // namespace

static bool isNear(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

void TravelChecker::readTrunks() {
  for (const Route &route : plan.fabric.routes) {
    if (route.kind != "trunk")
      continue;
    routed.insert(route.streams.begin(), route.streams.end());
    for (const Segment &segment : route.segments) {
      // Copies lie in a row or column: what holds the first and last holds all.
      Rect first = segment.area.rect;
      Rect last =
          segment.area.copy(std::max<int64_t>(1, segment.area.count) - 1);
      int64_t x = std::min(first.x, last.x), y = std::min(first.y, last.y);
      trunks[route.wafer].push_back(
          {x, y, std::max(first.right(), last.right()) - x,
           std::max(first.bottom(), last.bottom()) - y});
    }
  }
}

void TravelChecker::checkContention(double cycles, bool canWait,
                                    const std::string &place, const char *why) {
  if (cycles != 0 && !canWait)
    return report.fail(place,
                       fmt::format("waits for {} cycles, but {}", cycles, why));
  double wavelets = period > 0 ? cycles / period : 0;
  if (cycles < 0 || !isNear(wavelets, std::round(wavelets)))
    report.fail(place, fmt::format("waits for {} cycles, which are no number "
                                   "of wavelets of {} cycles each",
                                   cycles, period));
}

void TravelChecker::checkStream(size_t index) {
  const Stream &stream = plan.streams[index];
  const std::vector<double> &parts = stream.cycles.parts;
  checkContention(parts[kContention],
                  routed.count(static_cast<int64_t>(index)) > 0, stream.place(),
                  "no trunk carries it");
  double perByte = figure("wafer_bandwidth");
  if (stream.isCrossing && perByte > 0) {
    // 1 us are 1e3 cycles at 1 GHz, 1 GB/s is a byte a cycle.
    double wanted =
        (figure("wafer_latency") * 1e3 + double(stream.bytes) / perByte) *
        plan.system.clockGhz;
    if (!isNear(parts[kCrossing], wanted))
      report.fail(stream.place(),
                  fmt::format("takes {} cycles from wafer to wafer, {} B take "
                              "{}",
                              parts[kCrossing], stream.bytes, wanted));
  }
  double least = double(stream.hops) * figure("hop");
  if (parts[kFabricLatency] < least && !isNear(parts[kFabricLatency], least))
    report.fail(stream.place(),
                fmt::format("takes {} cycles of latency for {} hops, which "
                            "take {}",
                            parts[kFabricLatency], stream.hops, least));
}

void TravelChecker::run() {
  double rate = figure("link_rate");
  period = rate > 0 ? 1 / rate : 0;
  if (plan.estimate.mode == "calibrated")
    period = std::max(period, figure("primitive.wavelet_period"));
  readTrunks();
  for (size_t i = 0; i < plan.streams.size(); ++i)
    checkStream(i);
  for (const Kernel &kernel : plan.kernels) {
    const std::vector<Rect> &there = trunks[kernel.wafer];
    bool isPassed = llvm::any_of(
        there, [&](const Rect &rect) { return rect.common(kernel.rect) > 0; });
    checkContention(kernel.cycles.parts[kContention], isPassed, kernel.place(),
                    "no trunk passes its region");
  }
}

void inlay::checker::checkTravel(const Plan &plan, Report &report) {
  TravelChecker(plan, report).run();
}
