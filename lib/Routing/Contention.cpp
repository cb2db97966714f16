//===- Contention.cpp - Who waits for whom on a link ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Colours keep flows apart, but a link carries one wavelet at a time: what may
// be on it at the same time shares it. Routes in turn of one region never are;
// so of any two, one is a trunk: it passes another trunk, or a region where a
// kernel works or another flow is gathered or spread.
//
// Two exclude each other in time where one is over before the other begins, by
// streams or by turns on a region, or by what these take (Times.h). What one
// kernel sends off its wafer goes in the order of its consumers: the later
// waits for all of the earlier, which waits for none of it. Any others may
// meet. A link serves those that wait for it by turns, so that for each wavelet
// of the one goes one of the other at most: either waits for as many as it has
// itself, or the other, if these are fewer.
//
//===----------------------------------------------------------------------===//

#include "Times.h"

#include "inlay/Support/Parallel.h"

#include <algorithm>
#include <map>
#include <memory>

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

namespace {

/// What is waited for, in wavelets.
struct Waits {
  std::vector<int64_t> ofFlows;   ///< others that each waits for
  std::vector<int64_t> ofKernels; ///< the same
  std::vector<int64_t> excess;    ///< of flows, with their own over the assumed
};

/// One route of a carrier: over each kind of link the routers that send.
struct Way {
  Carrier of;
  bool isTrunk = false;
  Rect bounds;
  std::vector<Weighted> links[kNumLinkKinds];
};

/// Links that a way has in common with another one, and what it waits for.
struct Meeting {
  size_t other = 0; ///< of the ways of the wafer
  int kind = 0;
  Weighted common;
};

/// The ways on one wafer, and which of them meet.
class WaferTraffic {
public:
  WaferTraffic(const Problem &problem, const Solution &solution,
               const Turns &turns, int wafer);

  /// Others that each way waits for, as far as `times` knows.
  std::vector<int64_t> waits(Times &times) const;

  std::vector<Way> ways;

private:
  void addWays(const Route &route);
  void addUses(const Route &route);
  void add(Way &way, const Rect &rect, Port in, const Ports &out,
           int64_t wavelets) const;
  std::vector<Meeting> findMeetings(const Way &way) const;
  bool isOver(const Carrier &first, const Carrier &second, Times *times) const;
  bool canMeet(const Way &a, const Way &b, Times *times) const;
  bool leavesBefore(const Way &first, const Way &second) const;

  const Problem &problem;
  const Solution &solution;
  const Turns &turns;
  int wafer;
  std::vector<std::vector<Meeting>> meetings; ///< by way; times not regarded
};

class ContentionSearch {
public:
  ContentionSearch(const Problem &problem, const Solution &solution);

  /// `most`: what an earlier count has found.
  Waits run(const Waits *most) const;

private:
  const Problem &problem;
  Turns turns;
  std::vector<int64_t> own; ///< of each flow, on its fullest link
  std::vector<std::unique_ptr<const WaferTraffic>> traffic; ///< by wafer
};

} // namespace

/// Adds what of `rect` those from number `next` on leave open.
static void addOpen(std::vector<Weighted> &links, const Rect &rect,
                    int64_t wavelets, size_t next = 0) {
  for (; next < links.size(); ++next) {
    Rect common = intersect(rect, links[next].rect);
    if (common.area() == 0)
      continue;
    int64_t below = rect.bottom() - common.bottom();
    int64_t behind = rect.right() - common.right();
    for (const Rect &part :
         {Rect{rect.x, rect.y, rect.width, common.y - rect.y},
          Rect{rect.x, common.bottom(), rect.width, below},
          Rect{rect.x, common.y, common.x - rect.x, common.height},
          Rect{common.right(), common.y, behind, common.height}})
      if (part.area() > 0)
        addOpen(links, part, wavelets, next + 1);
    return;
  }
  links.push_back({rect, wavelets});
}

/// Several settings of a router that send over one link count once: together
/// they carry no more than the route says.
void WaferTraffic::add(Way &way, const Rect &rect, Port in, const Ports &out,
                       int64_t wavelets) const {
  if (wavelets == 0)
    return;
  forLinks(problem.grid, rect, in, out, [&](LinkKind kind) {
    addOpen(way.links[static_cast<int>(kind)], rect, wavelets);
  });
}

/// The lines of kernels, each of whose links carries at most what the fullest
/// in its direction does.
void WaferTraffic::addUses(const Route &route) {
  const Pattern &pattern = solution.patterns[route.pattern];
  std::map<int, int64_t> ofKernel;
  for (int use : route.collectives) {
    const Collective &collective = problem.collectives[use];
    ofKernel[collective.kernel] += collective.wavelets * collective.times;
  }
  for (auto [kernel, wavelets] : ofKernel) {
    Way way{{-1, kernel}, false, Footprint(route).bounds, {}};
    for (Port port : {Port::West, Port::East, Port::Ramp}) {
      int64_t most = 0;
      for (const LineSegment &segment : pattern.segments)
        if (segment.out.has(port))
          most = std::max(
              {most, segment.load,
               segment.load + (segment.at.count - 1) * segment.loadStep});
      LinkKind kind = port == Port::Ramp ? LinkKind::Core
                      : route.lineAxis == Axis::X
                          ? static_cast<LinkKind>(port)
                          : static_cast<LinkKind>(turned(port));
      if (most * wavelets > 0)
        for (const Area &area : route.lines)
          for (int64_t k = 0; k < area.count; ++k)
            addOpen(way.links[static_cast<int>(kind)], area.copy(k),
                    most * wavelets);
    }
    ways.push_back(std::move(way));
  }
}

void WaferTraffic::addWays(const Route &route) {
  if (route.pattern >= 0)
    return addUses(route);
  Way way{{route.flow, -1}, route.region < 0, Footprint(route).bounds, {}};
  for (const Segment &segment : route.segments)
    for (int64_t k = 0; k < segment.area.count; ++k)
      add(way, segment.area.copy(k), segment.in, segment.out, route.wavelets);
  ways.push_back(std::move(way));
}

/// The first ends before the second begins.
bool WaferTraffic::isOver(const Carrier &first, const Carrier &second,
                          Times *times) const {
  auto isSentByHost = [&](const Carrier &carrier) {
    return carrier.kernel < 0 && problem.flows[carrier.flow].from == kHost;
  };
  if (problem.inputsComeFirst && isSentByHost(first))
    return !isSentByHost(second);
  int end = first.kernel >= 0 ? first.kernel : problem.flows[first.flow].to;
  int start =
      second.kernel >= 0 ? second.kernel : problem.flows[second.flow].from;
  if (end == kHost || start == kHost)
    return false;
  return turns.reaches(end, start) ||
         (times && times->isOver(first, second, wafer));
}

/// Lanes of one flow are on their way together; each has its own gathers and
/// spreads before and behind it.
bool WaferTraffic::canMeet(const Way &a, const Way &b, Times *times) const {
  if (&a == &b || (!a.isTrunk && !b.isTrunk) || !a.bounds.overlaps(b.bounds))
    return false;
  if (a.of.flow == b.of.flow && a.of.kernel == b.of.kernel)
    return a.isTrunk && b.isTrunk;
  return !isOver(a.of, b.of, times) && !isOver(b.of, a.of, times);
}

bool WaferTraffic::leavesBefore(const Way &first, const Way &second) const {
  return first.of.flow >= 0 && second.of.flow >= 0 &&
         turns.leavesBefore(problem.flows[first.of.flow],
                            problem.flows[second.of.flow]);
}

std::vector<Meeting> WaferTraffic::findMeetings(const Way &way) const {
  std::vector<Meeting> found;
  for (size_t w = 0; w < ways.size(); ++w) {
    const Way &other = ways[w];
    if (!canMeet(way, other, /*times=*/nullptr) || leavesBefore(way, other))
      continue;
    bool goesFirst = leavesBefore(other, way);
    for (int kind = 0; kind < kNumLinkKinds; ++kind)
      for (const Weighted &mine : way.links[kind])
        for (const Weighted &theirs : other.links[kind])
          if (Rect common = intersect(mine.rect, theirs.rect);
              common.area() > 0)
            found.push_back({w,
                             kind,
                             {common, goesFirst ? theirs.wavelets
                                                : std::min(mine.wavelets,
                                                           theirs.wavelets)}});
  }
  return found;
}

WaferTraffic::WaferTraffic(const Problem &problem, const Solution &solution,
                           const Turns &turns, int wafer)
    : problem(problem), solution(solution), turns(turns), wafer(wafer) {
  for (const Route &route : solution.routes)
    if (route.wafer == wafer)
      addWays(route);
  for (const Way &way : ways)
    meetings.push_back(findMeetings(way));
}

/// Of each the wavelets of others on the link where these are most.
std::vector<int64_t> WaferTraffic::waits(Times &times) const {
  std::vector<int64_t> most(ways.size());
  for (size_t w = 0; w < ways.size(); ++w) {
    std::vector<Weighted> others[kNumLinkKinds];
    std::optional<size_t> last;
    bool meets = false;
    for (const Meeting &meeting : meetings[w]) {
      // Those with one other follow each other.
      if (last != meeting.other) {
        last = meeting.other;
        meets = canMeet(ways[w], ways[meeting.other], &times);
      }
      if (meets)
        others[meeting.kind].push_back(meeting.common);
    }
    for (const std::vector<Weighted> &ofKind : others)
      if (!ofKind.empty())
        most[w] = std::max(most[w], largestSum(ofKind).wavelets);
  }
  return most;
}

ContentionSearch::ContentionSearch(const Problem &problem,
                                   const Solution &solution)
    : problem(problem), turns(problem, problem.orderWithTurns()),
      own(problem.flows.size()), traffic(static_cast<size_t>(problem.wafers)) {
  for (const Route &route : solution.routes)
    if (route.flow >= 0)
      own[route.flow] = std::max(own[route.flow], route.wavelets);
  parallelFor(traffic.size(), [&](size_t w) {
    traffic[w] = std::make_unique<WaferTraffic>(problem, solution, turns,
                                                static_cast<int>(w));
  });
}

Waits ContentionSearch::run(const Waits *most) const {
  Times unasked(problem);
  if (most)
    unasked.setWaits(most->excess, most->ofKernels);
  std::vector<std::vector<int64_t>> found(traffic.size());
  parallelFor(traffic.size(), [&](size_t w) {
    Times times = unasked;
    found[w] = traffic[w]->waits(times);
  });
  Waits waits;
  waits.ofFlows.assign(problem.flows.size(), 0);
  waits.ofKernels.assign(problem.kernels.size(), 0);
  for (size_t t = 0; t < traffic.size(); ++t)
    for (size_t w = 0; w < found[t].size(); ++w) {
      const Carrier &of = traffic[t]->ways[w].of;
      // A kernel's collectives follow each other, a flow's lanes do not.
      if (of.kernel >= 0)
        waits.ofKernels[of.kernel] += found[t][w];
      else
        waits.ofFlows[of.flow] = std::max(waits.ofFlows[of.flow], found[t][w]);
    }
  for (size_t f = 0; f < problem.flows.size(); ++f)
    waits.excess.push_back(std::max<int64_t>(
        0, own[f] + waits.ofFlows[f] - problem.flows[f].assumedWavelets));
  return waits;
}

void inlay::routing::measureContention(const Problem &problem,
                                       Solution &solution) {
  ContentionSearch search(problem, solution);
  Waits most = search.run(nullptr);
  Waits waits = search.run(&most);
  solution.kernelContention = waits.ofKernels;
  solution.contention.clear();
  for (size_t f = 0; f < problem.flows.size(); ++f) {
    const Flow &flow = problem.flows[f];
    // The way within a region is the business of the kernel at its end.
    bool isInside =
        flow.from != kHost && flow.to != kHost &&
        problem.kernels[flow.from].region == problem.kernels[flow.to].region;
    solution.contention.push_back(isInside ? 0 : waits.excess[f]);
    if (isInside)
      solution.kernelContention[flow.to] += waits.ofFlows[f];
  }
}
