//===- VerifyFlows.cpp - Whether routes bring what consumers want ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SolutionCheck.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

/// Trunks of one wafer serve each part of the consumer once.
void SolutionCheck::checkParts(size_t index,
                               const std::vector<size_t> &trunks) {
  const Flow &flow = problem.flows[index];
  bool isWhole =
      flow.wanted.axis == Axis::None || flow.wanted.axis == Axis::Both;
  std::vector<std::pair<int64_t, int64_t>> parts;
  for (size_t t : trunks)
    parts.emplace_back(solution.routes[t].firstPart,
                       solution.routes[t].endPart);
  std::sort(parts.begin(), parts.end());
  int64_t next = 0;
  bool holds = !parts.empty() && (!isWhole || parts.size() == 1);
  for (auto [first, end] : parts) {
    holds &= first == next && (isWhole || end > first);
    next = end;
  }
  if (!holds || next != (isWhole ? 0 : flow.wanted.parts))
    fail(fmt::format("flow {}", index),
         "has lanes that do not serve each of the {} parts of its consumer "
         "once",
         flow.wanted.parts);
}

/// Every part that the producer holds is sent, and reaches a hub that sends it
/// on.
void SolutionCheck::checkSource(size_t index,
                                const std::vector<size_t> &gathers,
                                const std::vector<size_t> &trunks) {
  const Flow &flow = problem.flows[index];
  std::string subject = fmt::format("flow {}", index);
  std::vector<Rect> senders, hubs, gathered;
  for (size_t t : trunks)
    for (const Rect &rect : ends[t].roots)
      hubs.push_back(rect);
  for (size_t g : gathers) {
    for (const Rect &rect : ends[g].roots)
      senders.push_back(rect);
    for (const Rect &rect : ends[g].drops)
      gathered.push_back(rect);
  }
  for (const Rect &rect : hubs)
    if (!flow.source.contains(rect))
      fail(subject, "begins at ({}, {}), outside its producer", rect.x, rect.y);
  std::vector<Rect> sendOn = hubs;
  sendOn.insert(sendOn.end(), senders.begin(), senders.end());
  for (const Rect &rect : gathered)
    for (const Rect &open : uncovered(rect, sendOn))
      fail(subject, "ends at the hub ({}, {}), which sends nothing on", open.x,
           open.y);
  if (flow.given.axis == Axis::None)
    return;
  std::vector<Rect> holders = sendOn;
  holders.insert(holders.end(), gathered.begin(), gathered.end());
  // On the axis of the cut only: cores beside each other hold the same.
  Rect wanted = flow.source;
  int64_t parts = (flow.given.size + flow.given.shard - 1) / flow.given.shard;
  if (flow.given.axis != Axis::Both) {
    bool alongX = flow.given.axis == Axis::X;
    wanted = alongX ? Rect{flow.source.x, 0, parts, 1}
                    : Rect{0, flow.source.y, 1, parts};
    for (Rect &rect : holders)
      rect = alongX ? Rect{rect.x, 0, rect.width, 1}
                    : Rect{0, rect.y, 1, rect.height};
  }
  for (const Rect &open : uncovered(wanted, holders))
    fail(subject, "leaves out what the core at ({}, {}) of its producer holds",
         open.x, open.y);
}

/// A lane lands in one core of each of its rows (columns).
void SolutionCheck::checkLanding(const Route &route,
                                 const std::vector<Rect> &landed) {
  const Flow &flow = problem.flows[route.flow];
  bool alongX = flow.wanted.axis == Axis::X;
  std::vector<Rect> lines;
  for (const Rect &rect : landed)
    lines.push_back(alongX ? Rect{rect.x, 0, rect.width, 1}
                           : Rect{0, rect.y, 1, rect.height});
  int64_t length = alongX ? flow.sink.width : flow.sink.height;
  int64_t pitch = alongX ? flow.group.width : flow.group.height;
  int64_t start = alongX ? flow.sink.x : flow.sink.y;
  for (int64_t group = 0; group < length; group += pitch) {
    int64_t first = start + group + route.firstPart;
    int64_t count = route.endPart - route.firstPart;
    Rect wanted = alongX ? Rect{first, 0, count, 1} : Rect{0, first, 1, count};
    for (const Rect &open : uncovered(wanted, lines))
      fail(nameOf(route), "does not land in {} {} of its consumer",
           alongX ? "column" : "row", alongX ? open.x : open.y);
  }
}

void SolutionCheck::checkSink(size_t index, const std::vector<size_t> &trunks,
                              const std::vector<size_t> &spreads) {
  const Flow &flow = problem.flows[index];
  std::string subject = fmt::format("flow {}", index);
  bool isWhole =
      flow.wanted.axis == Axis::None || flow.wanted.axis == Axis::Both;
  std::vector<Rect> landed;
  for (size_t t : trunks) {
    for (const Rect &rect : ends[t].drops) {
      if (!flow.sink.contains(rect))
        fail(nameOf(solution.routes[t]),
             "lands at ({}, {}), outside its consumer", rect.x, rect.y);
      landed.push_back(rect);
    }
    if (!isWhole)
      checkLanding(solution.routes[t], ends[t].drops);
  }
  std::vector<Rect> reached = landed;
  for (size_t s : spreads) {
    for (const Rect &rect : ends[s].drops)
      reached.push_back(rect);
    for (const Rect &rect : ends[s].roots)
      for (const Rect &open : uncovered(rect, landed))
        fail(subject, "is spread from ({}, {}), where it does not land", open.x,
             open.y);
  }
  for (const Rect &open : uncovered(flow.sink, reached))
    fail(subject, "does not reach the core at ({}, {}) of its consumer", open.x,
         open.y);
}

void SolutionCheck::checkFlow(size_t index, const std::vector<size_t> &routes) {
  const Flow &flow = problem.flows[index];
  std::string subject = fmt::format("flow {}", index);
  int start = flow.from == kHost ? -1 : problem.waferOf(flow.from);
  int end = flow.to == kHost ? -1 : problem.waferOf(flow.to);
  std::vector<size_t> gathers, spreads, departing, arriving;
  for (size_t r : routes) {
    const Route &route = solution.routes[r];
    bool isDeparture = route.wafer == start;
    if (route.kind == RouteKind::Gather && isDeparture)
      gathers.push_back(r);
    else if (route.kind == RouteKind::Spread && route.wafer == end)
      spreads.push_back(r);
    else if (route.kind == RouteKind::Trunk && isDeparture)
      departing.push_back(r);
    else if (route.kind == RouteKind::Trunk && route.wafer == end)
      arriving.push_back(r);
    else
      fail(subject, "has a {} on wafer {}, where it has no end",
           toString(route.kind), route.wafer);
  }
  bool crosses = start != end;
  if (!crosses)
    arriving = departing;
  auto checkEdges = [&](const std::vector<size_t> &trunks, bool enters,
                        bool leaves) {
    checkParts(index, trunks);
    for (size_t t : trunks)
      if (ends[t].enters != enters || ends[t].leaves != leaves)
        fail(nameOf(solution.routes[t]),
             "crosses the edge of wafer {} the wrong way, or not at all",
             solution.routes[t].wafer);
  };
  if (start >= 0) {
    checkEdges(departing, false, crosses);
    checkSource(index, gathers, departing);
  }
  if (end < 0)
    return;
  if (crosses)
    checkEdges(arriving, true, false);
  checkSink(index, arriving, spreads);
}
