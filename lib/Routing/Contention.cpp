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

#include <algorithm>
#include <map>

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

class ContentionSearch {
public:
  ContentionSearch(const Problem &problem, const Solution &solution)
      : problem(problem), solution(solution),
        turns(problem, problem.orderWithTurns()), times(problem),
        own(problem.flows.size()) {
    for (const Route &route : solution.routes)
      if (route.flow >= 0)
        own[route.flow] = std::max(own[route.flow], route.wavelets);
  }

  /// `most`: what an earlier count has found.
  void run(const Waits *most, Waits &waits);

private:
  void run(Waits &waits);
  void addWays(const Route &route);
  void addUses(const Route &route);
  void add(Way &way, const Rect &rect, Port in, const Ports &out,
           int64_t wavelets) const;
  bool isOver(const Carrier &first, const Carrier &second);
  bool canMeet(const Way &a, const Way &b);
  bool leavesBefore(const Way &first, const Way &second) const;
  int64_t mostOthers(const Way &way);

  const Problem &problem;
  const Solution &solution;
  Turns turns;
  Times times;
  std::vector<int64_t> own; ///< of each flow, on its fullest link
  int wafer = 0;
  std::vector<Way> ways; ///< of the wafer
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
void ContentionSearch::add(Way &way, const Rect &rect, Port in,
                           const Ports &out, int64_t wavelets) const {
  if (wavelets == 0)
    return;
  forLinks(problem.grid, rect, in, out, [&](LinkKind kind) {
    addOpen(way.links[static_cast<int>(kind)], rect, wavelets);
  });
}

/// The lines of kernels, each of whose links carries at most what the fullest
/// in its direction does.
void ContentionSearch::addUses(const Route &route) {
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

void ContentionSearch::addWays(const Route &route) {
  if (route.pattern >= 0)
    return addUses(route);
  Way way{{route.flow, -1}, route.region < 0, Footprint(route).bounds, {}};
  for (const Segment &segment : route.segments)
    for (int64_t k = 0; k < segment.area.count; ++k)
      add(way, segment.area.copy(k), segment.in, segment.out, route.wavelets);
  ways.push_back(std::move(way));
}

/// The first ends before the second begins.
bool ContentionSearch::isOver(const Carrier &first, const Carrier &second) {
  int end = first.kernel >= 0 ? first.kernel : problem.flows[first.flow].to;
  int start =
      second.kernel >= 0 ? second.kernel : problem.flows[second.flow].from;
  if (end == kHost || start == kHost)
    return false;
  return turns.reaches(end, start) || times.isOver(first, second, wafer);
}

/// Lanes of one flow are on their way together; each has its own gathers and
/// spreads before and behind it.
bool ContentionSearch::canMeet(const Way &a, const Way &b) {
  if (&a == &b || (!a.isTrunk && !b.isTrunk) || !a.bounds.overlaps(b.bounds))
    return false;
  if (a.of.flow == b.of.flow && a.of.kernel == b.of.kernel)
    return a.isTrunk && b.isTrunk;
  return !isOver(a.of, b.of) && !isOver(b.of, a.of);
}

bool ContentionSearch::leavesBefore(const Way &first, const Way &second) const {
  return first.of.flow >= 0 && second.of.flow >= 0 &&
         turns.leavesBefore(problem.flows[first.of.flow],
                            problem.flows[second.of.flow]);
}

/// Wavelets of others that it waits for on the link where these are most.
int64_t ContentionSearch::mostOthers(const Way &way) {
  std::vector<Weighted> others[kNumLinkKinds];
  for (const Way &other : ways) {
    if (!canMeet(way, other) || leavesBefore(way, other))
      continue;
    bool goesFirst = leavesBefore(other, way);
    for (int kind = 0; kind < kNumLinkKinds; ++kind)
      for (const Weighted &mine : way.links[kind])
        for (const Weighted &theirs : other.links[kind])
          if (Rect common = intersect(mine.rect, theirs.rect);
              common.area() > 0)
            others[kind].push_back(
                {common, goesFirst ? theirs.wavelets
                                   : std::min(mine.wavelets, theirs.wavelets)});
  }
  int64_t most = 0;
  for (const std::vector<Weighted> &ofKind : others)
    if (!ofKind.empty())
      most = std::max(most, largestSum(ofKind).wavelets);
  return most;
}

void ContentionSearch::run(Waits &waits) {
  ways.clear();
  for (const Route &route : solution.routes)
    if (route.wafer == wafer)
      addWays(route);
  for (const Way &way : ways) {
    int64_t most = mostOthers(way);
    // A kernel's collectives follow each other, a flow's lanes do not.
    if (way.of.kernel >= 0)
      waits.ofKernels[way.of.kernel] += most;
    else
      waits.ofFlows[way.of.flow] = std::max(waits.ofFlows[way.of.flow], most);
  }
}

void ContentionSearch::run(const Waits *most, Waits &waits) {
  waits.ofFlows.assign(problem.flows.size(), 0);
  waits.ofKernels.assign(problem.kernels.size(), 0);
  if (most)
    times.setWaits(most->excess, most->ofKernels);
  for (wafer = 0; wafer < problem.wafers; ++wafer)
    run(waits);
  waits.excess.clear();
  for (size_t f = 0; f < problem.flows.size(); ++f)
    waits.excess.push_back(std::max<int64_t>(
        0, own[f] + waits.ofFlows[f] - problem.flows[f].assumedWavelets));
}

void inlay::routing::measureContention(const Problem &problem,
                                       Solution &solution) {
  Waits most, waits;
  ContentionSearch search(problem, solution);
  search.run(nullptr, most);
  search.run(&most, waits);
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
