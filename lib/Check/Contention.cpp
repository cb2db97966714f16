//===- Contention.cpp - Who waits for whom on a link ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rule of docs/plan.md, "Contention", from what the plan says: where flows
// and kernels have links in common, whether one of two is over before the other
// begins, and for how many wavelets each waits then. Counted first without
// times, which gives the most that anything waits; then with them.
//
//===----------------------------------------------------------------------===//

#include "Costs.h"
#include "RectIndex.h"
#include "Routing.h"

#include "llvm/ADT/STLExtras.h"

#include <limits>
#include <set>

using namespace inlay::checker;

static constexpr size_t kNobody = std::numeric_limits<size_t>::max();
static constexpr double kNever = -std::numeric_limits<double>::infinity();

/// Kinds of links by number: those to the four neighbours, then these.
static constexpr int kCore = 4, kRouter = 5, kEdge = 6, kNumKinds = 7;

namespace {

/// Streams that travel together.
struct Flow {
  size_t from = kNobody, to = kNobody; ///< kernels; kNobody: the host
  std::vector<size_t> streams;
  int64_t own = 0;     ///< wavelets on its fullest link
  int64_t assumed = 0; ///< that its estimate counts
  double cycles = 0;   ///< until everything has arrived, nothing waited for
  double crossing = 0; ///< of these those between two wafers at least
};

/// What loads links at one time: a flow, or a kernel at work.
struct Carrier {
  bool isKernel = false;
  size_t number = 0;

  auto operator<=>(const Carrier &) const = default;
};

/// The links of one route of a carrier, on one wafer.
struct Way {
  Carrier of;
  bool isTrunk = false;
  std::vector<Rect> links[kNumKinds]; ///< routers that send, none twice
  int64_t wavelets[kNumKinds] = {};
};

/// What each waits for, in wavelets; of flows also what is beyond the estimate.
struct Counts {
  std::vector<int64_t> ofFlows, ofKernels, excess;
};

/// How two times compare that are equal but for rounding.
enum class Ties { Over, Meeting };

class ContentionCounter {
public:
  ContentionCounter(const Plan &plan, const FabricRates &rates);

  Contention run();

private:
  // What there is.
  void readOrder();
  void readFlows();
  void readWays();
  void addTiles(const Route &route, size_t flow);
  void addLines(const Route &route);
  void put(Way &way, int kind, const Rect &rect, int64_t wavelets) const;
  int64_t waferOf(size_t kernel) const { return plan.kernels[kernel].wafer; }
  bool leaves(const Flow &flow) const {
    return flow.from != kNobody && flow.to != kNobody &&
           waferOf(flow.from) != waferOf(flow.to);
  }

  // Times from the end of a kernel.
  struct End {
    size_t from = kNobody;
    double cycles = 0;
  };
  std::optional<double> mostOf(size_t flow) const;
  std::optional<End> endOf(size_t kernel) const;
  const std::vector<double> &startsBehind(size_t kernel);
  bool beginsAfter(const End &end, const Carrier &carrier, int64_t wafer);
  bool isOverByTime(const Carrier &first, const Carrier &second, int64_t wafer);

  // Who waits for whom.
  bool isOver(const Carrier &first, const Carrier &second, int64_t wafer);
  bool canMeet(const Way &a, const Way &b, int64_t wafer);
  bool leavesBefore(const Carrier &first, const Carrier &second) const;
  /// Links that a way has in common with another one, and what it waits for.
  struct Meeting {
    int kind = 0;
    size_t other = 0;
    Weighted common;
  };
  std::vector<std::vector<Meeting>> findMeetings(const std::vector<Way> &ways,
                                                 int64_t wafer);
  int64_t mostOthers(const Way &mine, const std::vector<Meeting> &meetings,
                     const std::vector<Way> &ways, int64_t wafer);
  Counts count(const Counts *most, Ties ofTies);
  std::vector<double> cyclesOf(const Counts &counts, bool ofKernels) const;

  const Plan &plan;
  const FabricRates &rates;
  /// Of one step at a time, what the host sends is there before it begins.
  const bool inputsComeFirst;
  Rect grid;
  struct Edge {
    size_t from;
    double cycles;
  };
  std::vector<std::vector<Edge>> before; ///< by kernel: streams and turns
  std::vector<std::vector<bool>> reached;
  std::vector<double> least, most; ///< cycles of kernels
  std::vector<Flow> flows;
  std::vector<std::vector<size_t>> flowsTo; ///< by kernel
  std::map<std::vector<size_t>, size_t> flowOf;
  std::map<int64_t, std::vector<Way>> waysOf; ///< by wafer
  std::map<std::string, const Pattern *> patterns;

  const Counts *known = nullptr; ///< what is waited for at most
  Ties ties = Ties::Over;
  bool hasTies = false;
  std::map<size_t, std::vector<double>> starts;
  std::map<std::tuple<Carrier, Carrier, int64_t>, bool> over;
  /// By wafer and way: what the first count has found.
  std::map<int64_t, std::vector<std::vector<Meeting>>> meetingsOf;
};

} // namespace

//===----------------------------------------------------------------------===//
// What there is
//===----------------------------------------------------------------------===//

/// Without what is waited for.
static double bareTotal(const Cycles &cycles) {
  double sum = cycles.parts[0];
  for (size_t i = 1; i < kContention; ++i)
    sum += cycles.parts[i];
  return sum;
}

ContentionCounter::ContentionCounter(const Plan &plan, const FabricRates &rates)
    : plan(plan), rates(rates),
      inputsComeFirst(plan.sequencesInFlight <= plan.batch),
      grid{0, 0, plan.system.width, plan.system.height},
      before(plan.kernels.size()), flowsTo(plan.kernels.size()) {
  for (const Pattern &pattern : plan.fabric.patterns)
    patterns.emplace(pattern.name, &pattern);
  for (const Kernel &kernel : plan.kernels) {
    double bare = bareTotal(kernel.cycles);
    least.push_back(kernel.groups.size() > 1 ? std::min(kernel.least, bare)
                                             : bare);
    most.push_back(kernel.experts > 0
                       ? std::max(bare, kernel.worstCase -
                                            kernel.cycles.parts[kContention])
                       : bare);
  }
  readOrder();
  readFlows();
  readWays();
}

void ContentionCounter::readOrder() {
  for (const Stream &stream : plan.streams) {
    auto from = plan.kernelOf.find(stream.from);
    auto to = plan.kernelOf.find(stream.to);
    if (from != plan.kernelOf.end() && to != plan.kernelOf.end() &&
        from->second < to->second)
      before[to->second].push_back({from->second, bareTotal(stream.cycles)});
  }
  std::map<std::string, size_t> last;
  for (size_t k = 0; k < plan.kernels.size(); ++k) {
    auto [previous, isFirst] = last.try_emplace(plan.kernels[k].region, k);
    if (!isFirst)
      before[k].push_back({previous->second, 0});
    previous->second = k;
  }
  // Each kernel reaches what those behind it do.
  reached.assign(before.size(), std::vector<bool>(before.size()));
  for (size_t k = before.size(); k-- > 0;)
    reached[k][k] = true;
  for (size_t to = before.size(); to-- > 0;)
    for (const Edge &edge : before[to])
      for (size_t k = to; k < before.size(); ++k)
        if (reached[to][k])
          reached[edge.from][k] = true;
}

/// In the order of their first streams: that in which they leave a wafer.
void ContentionCounter::readFlows() {
  std::set<std::vector<size_t>> together;
  for (const Route &route : plan.fabric.routes) {
    std::vector<size_t> streams(route.streams.begin(), route.streams.end());
    if (!streams.empty() && llvm::all_of(streams, [&](size_t s) {
          return s < plan.streams.size();
        }))
      together.insert(std::move(streams));
  }
  for (const std::vector<size_t> &streams : together) {
    Flow flow;
    flow.streams = streams;
    for (size_t s : streams) {
      const Stream &stream = plan.streams[s];
      auto from = plan.kernelOf.find(stream.from);
      auto to = plan.kernelOf.find(stream.to);
      flow.from = from == plan.kernelOf.end() ? kNobody : from->second;
      flow.to = to == plan.kernelOf.end() ? kNobody : to->second;
      flow.assumed = plus(flow.assumed, assumedWavelets(plan, stream));
      double ways = flow.to == kNobody
                        ? 0
                        : dispatchOf(plan, rates, plan.kernels[flow.to]);
      flow.cycles = std::max(flow.cycles, bareTotal(stream.cycles) + ways);
      if (stream.cycles.parts[kCrossing] > 0)
        flow.crossing =
            figureOf(plan, "wafer_latency") * 1e3 * figureOf(plan, "clock");
    }
    if (flow.to != kNobody)
      flowsTo[flow.to].push_back(flows.size());
    flowOf.emplace(streams, flows.size());
    flows.push_back(std::move(flow));
  }
}

/// Several settings of a router that send over one link count once: what they
/// have to send is no more than what the route says.
void ContentionCounter::put(Way &way, int kind, const Rect &rect,
                            int64_t wavelets) const {
  if (wavelets == 0 || rect.area() == 0)
    return;
  way.wavelets[kind] = wavelets;
  llvm::append_range(way.links[kind], openParts(rect, way.links[kind]));
}

void ContentionCounter::addTiles(const Route &route, size_t flow) {
  Way way{{false, flow}, !route.isInTurn, {}, {}};
  for (const Segment &segment : route.segments)
    for (int64_t k = 0; k < std::min<int64_t>(segment.area.count, 1 << 16);
         ++k) {
      Rect rect = segment.area.copy(k);
      if (segment.in == kRamp)
        put(way, kRouter, rect, route.wavelets);
      if (has(segment.out, kRamp))
        put(way, kCore, rect, route.wavelets);
      for (Port port : {kWest, kEast, kNorth, kSouth}) {
        if (!has(segment.out, port))
          continue;
        Rect inside = neighbours(rect, port).meet(grid);
        put(way, port, neighbours(inside, opposite(port)), route.wavelets);
        for (const Rect &off : openParts(neighbours(rect, port), {grid}))
          put(way, kEdge, neighbours(off, opposite(port)), route.wavelets);
      }
    }
  waysOf[route.wafer].push_back(std::move(way));
}

/// Every link of a direction counts as the fullest of the line.
void ContentionCounter::addLines(const Route &route) {
  auto pattern = patterns.find(route.pattern);
  if (pattern == patterns.end())
    return;
  std::map<size_t, int64_t> ofKernel;
  for (const RouteUse &use : route.uses)
    if (auto kernel = plan.kernelOf.find(use.kernel);
        kernel != plan.kernelOf.end())
      ofKernel[kernel->second] =
          plus(ofKernel[kernel->second], times(use.times, use.wavelets));
  bool alongX = route.lineAxis == "x";
  for (auto [kernel, wavelets] : ofKernel) {
    Way way{{true, kernel}, false, {}, {}};
    for (Port port : {kWest, kEast, kRamp}) {
      int64_t load = 0;
      for (const LineSegment &segment : pattern->second->segments)
        if (has(segment.out, port))
          load = std::max({load, segment.load,
                           plus(segment.load, times(segment.span.count - 1,
                                                    segment.loadStep))});
      int kind = port == kRamp ? kCore : alongX ? port : port + 2;
      for (const Area &area : route.lines)
        for (int64_t k = 0; k < std::min<int64_t>(area.count, 1 << 16); ++k)
          put(way, kind, area.copy(k), times(load, wavelets));
    }
    waysOf[route.wafer].push_back(std::move(way));
  }
}

void ContentionCounter::readWays() {
  for (const Route &route : plan.fabric.routes) {
    if (!route.pattern.empty()) {
      addLines(route);
      continue;
    }
    std::vector<size_t> streams(route.streams.begin(), route.streams.end());
    if (auto flow = flowOf.find(streams); flow != flowOf.end()) {
      flows[flow->second].own =
          std::max(flows[flow->second].own, route.wavelets);
      addTiles(route, flow->second);
    }
  }
}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

/// From the end of its producer to its own.
std::optional<double> ContentionCounter::mostOf(size_t flow) const {
  const Flow &of = flows[flow];
  if (of.from == kNobody || of.to == kNobody)
    return std::nullopt;
  return of.cycles + double(known->excess[flow]) * rates.period;
}

/// Measured from the end of the latest kernel that it waits for: the others
/// have to have ended when that begins.
std::optional<ContentionCounter::End>
ContentionCounter::endOf(size_t kernel) const {
  if (before[kernel].empty())
    return std::nullopt;
  End end{0, 0};
  for (const Edge &edge : before[kernel])
    end.from = std::max(end.from, edge.from);
  for (const Edge &edge : before[kernel]) {
    bool isEarlier = edge.from == end.from ||
                     llvm::any_of(before[end.from], [&](const Edge &other) {
                       return other.from == edge.from;
                     });
    if (!isEarlier)
      return std::nullopt;
  }
  for (size_t flow : flowsTo[kernel]) {
    if (inputsComeFirst && flows[flow].from == kNobody)
      continue;
    std::optional<double> cycles = mostOf(flow);
    if (!cycles)
      return std::nullopt;
    end.cycles = std::max(end.cycles, *cycles);
  }
  end.cycles += most[kernel] + double(known->ofKernels[kernel]) * rates.period;
  return end;
}

/// Of every kernel on this wafer and the next the least cycles from the end of
/// `kernel` to its start.
const std::vector<double> &ContentionCounter::startsBehind(size_t kernel) {
  auto [entry, isNew] = starts.try_emplace(kernel);
  std::vector<double> &start = entry->second;
  if (!isNew)
    return start;
  start.assign(before.size(), kNever);
  for (size_t k = kernel + 1; k < start.size(); ++k) {
    if (waferOf(k) > waferOf(kernel) + 1)
      break;
    for (const Edge &edge : before[k]) {
      double end = edge.from == kernel ? 0 : start[edge.from];
      if (edge.from != kernel && end != kNever)
        end += least[edge.from];
      start[k] = std::max(start[k], end + edge.cycles);
    }
  }
  return start;
}

bool ContentionCounter::beginsAfter(const End &end, const Carrier &carrier,
                                    int64_t wafer) {
  size_t kernel =
      carrier.isKernel ? carrier.number : flows[carrier.number].from;
  if (kernel == kNobody || (kernel == end.from && carrier.isKernel))
    return false;
  double begin = 0;
  if (kernel != end.from) {
    begin = startsBehind(end.from)[kernel];
    if (begin == kNever)
      return false;
    if (!carrier.isKernel)
      begin += least[kernel];
  }
  // What comes from another wafer begins here when it arrives.
  if (!carrier.isKernel && waferOf(kernel) != wafer)
    begin += flows[carrier.number].crossing;
  if (!isClose(begin, end.cycles))
    return begin > end.cycles;
  hasTies = true;
  return ties == Ties::Over;
}

bool ContentionCounter::isOverByTime(const Carrier &first,
                                     const Carrier &second, int64_t wafer) {
  if (first.isKernel) {
    std::optional<End> end = endOf(first.number);
    return end && beginsAfter(*end, second, wafer);
  }
  std::optional<double> cycles = mostOf(first.number);
  if (!cycles)
    return false;
  const Flow &flow = flows[first.number];
  // What leaves is over here before its wafer's edge has been crossed.
  if (waferOf(flow.to) != wafer)
    *cycles -= flow.crossing;
  if (beginsAfter({flow.from, *cycles}, second, wafer))
    return true;
  std::optional<End> end = endOf(flow.from);
  return end && beginsAfter({end->from, end->cycles + *cycles}, second, wafer);
}

//===----------------------------------------------------------------------===//
// Who waits for whom
//===----------------------------------------------------------------------===//

/// The first ends before the second begins, along streams and turns or by what
/// these take.
bool ContentionCounter::isOver(const Carrier &first, const Carrier &second,
                               int64_t wafer) {
  auto isInput = [&](const Carrier &carrier) {
    return !carrier.isKernel && flows[carrier.number].from == kNobody;
  };
  if (inputsComeFirst && isInput(first))
    return !isInput(second);
  size_t end = first.isKernel ? first.number : flows[first.number].to;
  size_t start = second.isKernel ? second.number : flows[second.number].from;
  if (end == kNobody || start == kNobody)
    return false;
  if (reached[end][start])
    return true;
  if (!known)
    return false;
  auto [entry, isNew] = over.try_emplace({first, second, wafer});
  if (isNew)
    entry->second = isOverByTime(first, second, wafer);
  return entry->second;
}

/// Lanes of one flow are on their way together; each has its own gathers and
/// spreads before and behind it. Routes in turn exclude each other.
bool ContentionCounter::canMeet(const Way &a, const Way &b, int64_t wafer) {
  if (a.of == b.of)
    return a.isTrunk && b.isTrunk;
  return (a.isTrunk || b.isTrunk) && !isOver(a.of, b.of, wafer) &&
         !isOver(b.of, a.of, wafer);
}

/// What one kernel sends off its wafer goes in the order of its flows.
bool ContentionCounter::leavesBefore(const Carrier &first,
                                     const Carrier &second) const {
  if (first.isKernel || second.isKernel)
    return false;
  const Flow &a = flows[first.number], &b = flows[second.number];
  return a.from == b.from && leaves(a) && leaves(b) &&
         first.number < second.number;
}

/// Where links of each way of a wafer are links of another with which it may
/// be on its way, as far as streams and turns go: what these take comes later.
std::vector<std::vector<ContentionCounter::Meeting>>
ContentionCounter::findMeetings(const std::vector<Way> &ways, int64_t wafer) {
  std::vector<std::vector<Meeting>> found(ways.size());
  for (int kind = 0; kind < kNumKinds; ++kind) {
    std::vector<Rect> rects;
    std::vector<size_t> ownerOf;
    for (size_t w = 0; w < ways.size(); ++w) {
      llvm::append_range(rects, ways[w].links[kind]);
      ownerOf.resize(rects.size(), w);
    }
    RectIndex index(std::move(rects));
    for (size_t w = 0; w < ways.size(); ++w)
      for (const Rect &rect : ways[w].links[kind])
        index.forEach(rect, [&](size_t i) {
          const Way &mine = ways[w], &other = ways[ownerOf[i]];
          if (ownerOf[i] == w || !canMeet(mine, other, wafer) ||
              leavesBefore(mine.of, other.of))
            return;
          int64_t theirs = other.wavelets[kind];
          if (!leavesBefore(other.of, mine.of))
            theirs = std::min(theirs, mine.wavelets[kind]);
          found[w].push_back({kind, ownerOf[i], {rect.meet(index[i]), theirs}});
        });
  }
  return found;
}

/// Wavelets of others that a way waits for on the link where these are most.
int64_t ContentionCounter::mostOthers(const Way &mine,
                                      const std::vector<Meeting> &meetings,
                                      const std::vector<Way> &ways,
                                      int64_t wafer) {
  std::vector<Weighted> others[kNumKinds];
  for (const Meeting &meeting : meetings)
    if (canMeet(mine, ways[meeting.other], wafer))
      others[meeting.kind].push_back(meeting.common);
  int64_t result = 0;
  for (const std::vector<Weighted> &ofKind : others)
    if (!ofKind.empty())
      result = std::max(result, largestSum(ofKind).amount);
  return result;
}

Counts ContentionCounter::count(const Counts *atMost, Ties ofTies) {
  known = atMost;
  ties = ofTies;
  over.clear();
  Counts counts;
  counts.ofFlows.resize(flows.size());
  counts.ofKernels.resize(plan.kernels.size());
  for (const auto &[wafer, ways] : waysOf) {
    std::vector<std::vector<Meeting>> &meetings = meetingsOf[wafer];
    if (!known)
      meetings = findMeetings(ways, wafer);
    for (size_t w = 0; w < ways.size(); ++w) {
      int64_t others = mostOthers(ways[w], meetings[w], ways, wafer);
      // A kernel's collectives follow each other, a flow's lanes do not.
      int64_t &sum = (ways[w].of.isKernel ? counts.ofKernels
                                          : counts.ofFlows)[ways[w].of.number];
      sum = ways[w].of.isKernel ? plus(sum, others) : std::max(sum, others);
    }
  }
  for (size_t f = 0; f < flows.size(); ++f)
    counts.excess.push_back(std::max<int64_t>(
        0, plus(flows[f].own, counts.ofFlows[f]) - flows[f].assumed));
  return counts;
}

/// The way within a region is the business of the kernel at its end.
std::vector<double> ContentionCounter::cyclesOf(const Counts &counts,
                                                bool ofKernels) const {
  std::vector<int64_t> wavelets =
      ofKernels ? counts.ofKernels : std::vector<int64_t>(plan.streams.size());
  for (size_t f = 0; f < flows.size(); ++f) {
    const Flow &flow = flows[f];
    if (flow.from == kNobody || flow.to == kNobody)
      continue;
    bool isInside =
        plan.kernels[flow.from].region == plan.kernels[flow.to].region;
    if (ofKernels && isInside)
      wavelets[flow.to] = plus(wavelets[flow.to], counts.ofFlows[f]);
    else if (!ofKernels && !isInside)
      for (size_t stream : flow.streams)
        wavelets[stream] = counts.excess[f];
  }
  std::vector<double> cycles;
  for (int64_t each : wavelets)
    cycles.push_back(double(each) * rates.period);
  return cycles;
}

Contention ContentionCounter::run() {
  Counts atMost = count(nullptr, Ties::Over);
  Counts fewest = count(&atMost, Ties::Over);
  Counts meeting = hasTies ? count(&atMost, Ties::Meeting) : fewest;
  return {{cyclesOf(fewest, false), cyclesOf(meeting, false)},
          {cyclesOf(fewest, true), cyclesOf(meeting, true)}};
}

Contention inlay::checker::contentionOf(const Plan &plan,
                                        const FabricRates &rates) {
  return ContentionCounter(plan, rates).run();
}
