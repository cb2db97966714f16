//===- Lanes.cpp - The ways of one flow -----------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes are laid so that they do not meet: hubs lie in rows and columns of
// their own, trunks turn in columns of their own, those that come from afar
// behind those that come from near. Where two must meet all the same, they get
// different colours later.
//
// A consumer whose parts are its rows is the only case: one whose parts are its
// columns is routed with x and y swapped.
//
//===----------------------------------------------------------------------===//

#include "Lanes.h"
#include "Ways.h"

#include "fmt/format.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

static int64_t ceilOf(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t inlay::routing::laneWavelets(const Flow &flow, int64_t first,
                                     int64_t end) {
  const Share &wanted = flow.wanted;
  if (wanted.axis == Axis::None || wanted.axis == Axis::Both)
    return flow.wavelets();
  int64_t elements = std::min(end * wanted.shard, wanted.size) -
                     std::min(first * wanted.shard, wanted.size);
  return ceilOf(flow.cutWavelets * elements, wanted.size) + flow.wholeWavelets;
}

void inlay::routing::compress(std::vector<Segment> &segments) {
  using Kind = std::tuple<Port, unsigned, int, int64_t, int64_t>;
  std::map<Kind, std::vector<Rect>> kinds;
  for (const Segment &segment : segments)
    for (int64_t k = 0; k < segment.area.count; ++k) {
      Rect rect = segment.area.copy(k);
      kinds[{segment.in, segment.out.getBits(), segment.position, rect.width,
             rect.height}]
          .push_back(rect);
    }
  segments.clear();
  for (auto &[kind, rects] : kinds) {
    auto [in, out, position, width, height] = kind;
    std::sort(rects.begin(), rects.end(), [](const Rect &a, const Rect &b) {
      return std::pair(a.y, a.x) < std::pair(b.y, b.x);
    });
    for (size_t i = 0; i < rects.size();) {
      Area area{rects[i], 1, 0, 0};
      size_t next = i + 1;
      if (next < rects.size()) {
        area.dx = rects[next].x - rects[i].x;
        area.dy = rects[next].y - rects[i].y;
      }
      for (; next < rects.size() && area.copy(area.count) == rects[next];
           ++next)
        ++area.count;
      if (area.count == 1)
        area.dx = area.dy = 0;
      segments.push_back({area, in, Ports(out), position});
      i = next;
    }
  }
}

namespace {

struct Interval {
  int64_t begin = 0;
  int64_t end = 0;

  bool has(int64_t at) const { return begin <= at && at < end; }
};

/// One lane on one wafer, in a frame where the consumer's parts are rows.
struct Lane {
  int64_t firstPart = 0;
  int64_t endPart = 0;
  Point hub;
  int64_t column = 0;         ///< where it lands
  std::vector<Interval> rows; ///< that land, in order
  /// The row in which it leaves the hub's column.
  std::optional<int64_t> exit = {};
};

/// Routes one flow in that frame.
class FlowRouter {
public:
  FlowRouter(const Problem &problem, int index, int64_t mostLanes,
             std::vector<Route> &routes)
      : problem(problem), flow(problem.flows[index]), index(index),
        mostLanes(mostLanes), routes(routes),
        isSwapped(flow.wanted.axis == Axis::X),
        isWhole(flow.wanted.axis == Axis::None ||
                flow.wanted.axis == Axis::Both) {
    source = inFrame(flow.source);
    sink = inFrame(flow.sink);
    group = isSwapped ? model::Extent{flow.group.height, flow.group.width}
                      : flow.group;
    grid = isSwapped ? model::Extent{problem.grid.height, problem.grid.width}
                     : problem.grid;
    for (const Rect &rect : problem.dead)
      dead.push_back(inFrame(rect));
    given = flow.given.axis;
    if (isSwapped && (given == Axis::X || given == Axis::Y))
      given = given == Axis::X ? Axis::Y : Axis::X;
  }

  bool run();
  /// Why `run` was false.
  const std::string &getReason() const { return why; }

private:
  Rect inFrame(const Rect &rect) const {
    return isSwapped ? transposed(rect) : rect;
  }
  Port edgeIn() const { return isSwapped ? Port::North : Port::West; }

  bool isCrossing() const;
  bool hasGroups() const { return sink.height > group.height; }
  int64_t sharedColumns() const;
  bool comesFromNorth() const;
  bool comesFromSouth() const;
  bool climbs() const;
  int64_t countLanes() const;
  void cutLanes();
  void placeHubs();
  void placeColumns();
  void placeLandings();
  void add(RouteKind kind, int wafer, const Lane &lane, int64_t wavelets,
           std::vector<Segment> segments, int region = -1);
  void gatherLine(const Lane &lane, bool alongRow, Interval parts,
                  std::vector<Segment> &segments) const;
  void gather();
  Interval partsFor(const Lane &lane) const;
  bool leave(Port edge);
  bool arrive(bool fromEdge);
  bool trunk(Lane &lane, Port in, std::vector<Segment> &segments,
             int64_t clearance) const;
  bool enter(Lane &lane, std::vector<Point> &taken,
             std::vector<Segment> &segments);
  bool failAtEdge(Port edge, int wafer);
  bool failToLeave(const Lane &lane, Port edge);
  bool failOnTheWay(const Lane &lane, std::string_view goal, int wafer,
                    std::string_view remedy);
  void land(const Lane &lane, Point join, Port in,
            std::vector<Segment> &segments) const;
  void branches(int64_t column, Interval rows, bool withRoot,
                std::vector<Segment> &segments) const;
  void spread();

  const Problem &problem;
  const Flow &flow;
  int index;
  int64_t mostLanes;
  std::vector<Route> &routes;
  bool isSwapped;
  bool isWhole;           ///< every core of the sink needs everything
  bool isLeaving = false; ///< on the way to the wafer's edge
  Rect source, sink;
  model::Extent group, grid;
  std::vector<Rect> dead;
  Axis given;
  std::vector<Lane> lanes;
  std::string why;
};

} // namespace

static Segment segmentOf(Rect rect, Port in, Ports out, int position = 0) {
  return {{rect, 1, 0, 0}, in, out, position};
}

/// Routers from (x, y) on, `length` of them along the column or row.
static Rect runOf(int64_t x, int64_t y, bool alongRow, int64_t length) {
  return alongRow ? Rect{x, y, length, 1} : Rect{x, y, 1, length};
}

/// Whether the flow leaves its wafer, or comes from elsewhere.
bool FlowRouter::isCrossing() const {
  return flow.from == kHost || flow.to == kHost ||
         problem.waferOf(flow.from) != problem.waferOf(flow.to);
}

/// Columns in which lanes come down or up without a turn.
int64_t FlowRouter::sharedColumns() const {
  return std::min(source.right(), sink.right()) - std::max(source.x, sink.x);
}

/// Lanes that enter in the first group's rows, the first of them farthest from
/// the source, turn south without crossing each other.
bool FlowRouter::comesFromNorth() const {
  return isCrossing() || source.y <= sink.y || climbs();
}

/// The same in the last group's rows, the last of them farthest.
bool FlowRouter::comesFromSouth() const {
  return !comesFromNorth() && source.bottom() >= sink.bottom();
}

/// A source beside the middle of the groups: lanes first go north in their
/// hubs' columns, those that go farthest in the column farthest from the sink.
bool FlowRouter::climbs() const {
  return hasGroups() && sharedColumns() <= 0 && source.y > sink.y &&
         source.bottom() < sink.bottom() && dead.empty();
}

int64_t FlowRouter::countLanes() const {
  if (isWhole || flow.given.axis == Axis::Both)
    return 1;
  int64_t parts = ceilOf(flow.wanted.size, flow.wanted.shard);
  int64_t enough =
      std::max(problem.worthALane,
               flow.assumedWavelets + flow.spareWavelets - flow.wholeWavelets);
  int64_t count = std::min({mostLanes, parts, ceilOf(flow.cutWavelets, enough),
                            grid.width, grid.height});
  if (flow.to != kHost)
    count = std::min(count, sink.width);
  if (flow.from != kHost)
    count = std::min({count, source.width, source.height});
  if (!hasGroups())
    return std::max<int64_t>(1, count);
  if (!isCrossing() && sharedColumns() > 0)
    count =
        std::min(count, std::max(sharedColumns(), problem.mostCrossingLanes));
  else if (!comesFromNorth() && !comesFromSouth())
    count = std::min(count, problem.mostCrossingLanes);
  return std::max<int64_t>(1, count);
}

/// All lanes but the last serve as many parts, so that what they set in routers
/// lies at equal distances and is few segments.
void FlowRouter::cutLanes() {
  int64_t parts = ceilOf(flow.wanted.size, flow.wanted.shard);
  int64_t size = ceilOf(parts, countLanes());
  int64_t count = isWhole ? 1 : ceilOf(parts, size);
  for (int64_t i = 0; i < count; ++i) {
    Lane &lane = lanes.emplace_back();
    lane.firstPart = i * size;
    // What is needed whole goes to rows without a part too.
    lane.endPart = i + 1 == count ? flow.wanted.parts : (i + 1) * size;
    if (isWhole) {
      lane.firstPart = 0;
      lane.endPart = 0;
      lane.rows = {{sink.y, sink.bottom()}};
      continue;
    }
    for (int64_t y = sink.y; y < sink.bottom(); y += group.height)
      lane.rows.push_back({y + lane.firstPart, y + lane.endPart});
  }
}

/// Rows of their own, as near to those of the consumer as the source allows:
/// where lanes would cross, to those of the group that they enter first.
void FlowRouter::placeHubs() {
  auto count = static_cast<int64_t>(lanes.size());
  for (int64_t i = 0; i < count; ++i) {
    const std::vector<Interval> &rows = lanes[i].rows;
    int64_t wanted = rows[rows.size() / 2].begin;
    if (hasGroups() && count > 1 && comesFromNorth())
      wanted = rows.front().begin;
    else if (hasGroups() && count > 1 && comesFromSouth())
      wanted = rows.back().end - 1;
    lanes[i].hub.y =
        std::clamp(wanted, source.y + i, source.bottom() - count + i);
    if (count > 1 && climbs())
      lanes[i].exit = wanted;
  }
}

/// Columns of their own. Lanes that turn south land the nearer the further
/// south they come from, lanes that turn north the other way round, so that
/// none crosses another.
void FlowRouter::placeColumns() {
  auto count = static_cast<int64_t>(lanes.size());
  std::vector<int64_t> south, others;
  for (int64_t i = 0; i < count; ++i) {
    int64_t first = lanes[i].rows.front().begin + (hasGroups() && count > 1);
    bool goesSouth = lanes[i].exit.value_or(lanes[i].hub.y) < first;
    (goesSouth ? south : others).push_back(i);
  }
  bool isDirect = !hasGroups() && south.empty() &&
                  std::all_of(lanes.begin(), lanes.end(), [](const Lane &l) {
                    return l.rows.front().has(l.hub.y);
                  });
  std::reverse(south.begin(), south.end());
  south.insert(south.end(), others.begin(), others.end());
  int64_t base = 0, sign = 1;
  if (source.right() <= sink.x) {
    base = sink.x;
  } else if (source.x >= sink.right()) {
    base = sink.right() - 1;
    sign = -1;
  } else {
    base = std::min(std::max(source.x, sink.x), sink.right() - count);
  }
  for (int64_t depth = 0; depth < count; ++depth)
    lanes[south[depth]].column = base + sign * (isDirect ? 0 : depth);
  // Hubs in the order of their columns.
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::pair(lanes[a].column, a) < std::pair(lanes[b].column, b);
  });
  if (climbs())
    std::reverse(order.begin(), order.end());
  for (int64_t rank = 0; rank < count; ++rank) {
    Lane &lane = lanes[order[rank]];
    lane.hub.x =
        std::clamp(lane.column, source.x + rank, source.right() - count + rank);
  }
}

/// From the wafer's edge straight to the consumer.
void FlowRouter::placeLandings() {
  auto count = static_cast<int64_t>(lanes.size());
  for (int64_t i = 0; i < count; ++i) {
    Lane &lane = lanes[i];
    if (isSwapped)
      lane.column = sink.x + i;
    else
      lane.column = sink.x + (hasGroups() ? count - 1 - i : 0);
    lane.hub =
        isSwapped ? Point{lane.column, 0} : Point{0, lane.rows.front().begin};
  }
}

void FlowRouter::add(RouteKind kind, int wafer, const Lane &lane,
                     int64_t wavelets, std::vector<Segment> segments,
                     int region) {
  compress(segments);
  if (isSwapped)
    for (Segment &segment : segments)
      segment = transposed(segment);
  Route route;
  route.kind = kind;
  route.wafer = wafer;
  route.region = region;
  route.flow = index;
  route.lane = static_cast<int>(&lane - lanes.data());
  if (!isWhole) {
    route.axis = flow.wanted.axis;
    route.firstPart = lane.firstPart;
    route.endPart = lane.endPart;
  }
  if (kind == RouteKind::Spread) {
    route.firstPart = 0;
    route.endPart = flow.wanted.parts;
  }
  route.wavelets = wavelets;
  route.segments = std::move(segments);
  routes.push_back(std::move(route));
}

/// The parts of the producer that hold what a lane needs.
Interval FlowRouter::partsFor(const Lane &lane) const {
  const Share &share = flow.given;
  int64_t parts = ceilOf(share.size, share.shard);
  if (!flow.sameDim || isWhole || share.axis == Axis::Both)
    return {0, parts};
  int64_t begin = lane.firstPart * flow.wanted.shard;
  int64_t end = std::min(lane.endPart * flow.wanted.shard, flow.wanted.size);
  return {std::min(begin / share.shard, parts - 1),
          std::clamp<int64_t>(ceilOf(end, share.shard), 1, parts)};
}

/// Cores of a row or column send their parts to the hub, the nearest first;
/// then they pass what comes from behind.
void FlowRouter::gatherLine(const Lane &lane, bool alongRow, Interval parts,
                            std::vector<Segment> &segments) const {
  int64_t hub = alongRow ? lane.hub.x : lane.hub.y;
  auto addRun = [&](Interval run, Port in, Ports out, int position) {
    if (run.begin < run.end)
      segments.push_back(segmentOf(runOf(alongRow ? run.begin : lane.hub.x,
                                         alongRow ? lane.hub.y : run.begin,
                                         alongRow, run.end - run.begin),
                                   in, out, position));
  };
  int arms = 0;
  auto arm = [&](Interval run, Interval senders, int64_t farthest, Port from) {
    if (run.begin >= run.end)
      return;
    Port on = opposite(from);
    addRun(senders, Port::Ramp, {on}, 0);
    Interval passers = senders;
    (farthest == senders.begin ? passers.begin : passers.end) +=
        farthest == senders.begin ? 1 : -1;
    addRun(passers, from, {on}, 1);
    // Between the last sender and the hub.
    addRun(from == Port::West || from == Port::North
               ? Interval{senders.end, run.end}
               : Interval{run.begin, senders.begin},
           from, {on}, 0);
    addRun({hub, hub + 1}, from, {Port::Ramp}, arms++);
  };
  Port back = alongRow ? Port::West : Port::North;
  Interval before = {parts.begin, std::min(parts.end, hub)};
  Interval after = {std::max(parts.begin, hub + 1), parts.end};
  if (before.begin < before.end)
    arm({before.begin, hub}, before, before.begin, back);
  if (after.begin < after.end)
    arm({hub + 1, after.end}, after, after.end - 1, opposite(back));
}

void FlowRouter::gather() {
  if (flow.from == kHost || given == Axis::None)
    return;
  int region = problem.kernels[flow.from].region;
  int wafer = problem.waferOf(flow.from);
  if (given == Axis::Both) {
    // Rows to the hub's column, then along it.
    std::vector<Segment> rows, column;
    Lane lane = lanes.front();
    for (int64_t y = source.y; y < source.bottom(); ++y) {
      lane.hub.y = y;
      gatherLine(lane, true, {source.x, source.right()}, rows);
    }
    gatherLine(lanes.front(), false, {source.y, source.bottom()}, column);
    for (std::vector<Segment> *segments : {&rows, &column})
      if (!segments->empty())
        add(RouteKind::Gather, wafer, lanes.front(), flow.wavelets(), *segments,
            region);
    return;
  }
  std::vector<Segment> segments;
  int64_t most = 0;
  for (const Lane &lane : lanes) {
    bool alongRow = given == Axis::X;
    Interval parts = partsFor(lane);
    int64_t start = alongRow ? source.x : source.y;
    gatherLine(lane, alongRow, {start + parts.begin, start + parts.end},
               segments);
    most = std::max(most, laneWavelets(flow, lane.firstPart, lane.endPart));
  }
  if (segments.empty())
    return;
  add(RouteKind::Gather, wafer, lanes.front(), most, segments, region);
  Route &route = routes.back();
  route.firstPart = 0;
  route.endPart = isWhole ? 0 : flow.wanted.parts;
}

/// Rows of the sink from their router in `column` outwards. `withRoot`: the
/// cores of the column send; else the landing has these ports already.
void FlowRouter::branches(int64_t column, Interval rows, bool withRoot,
                          std::vector<Segment> &segments) const {
  int64_t height = rows.end - rows.begin;
  Ports out;
  auto side = [&](int64_t begin, int64_t end, int64_t last, Port on) {
    // Routers from `begin` up to before `end`; `last` is the outermost.
    if (begin >= end)
      return;
    out.add(on);
    Port in = opposite(on);
    segments.push_back(
        segmentOf({last, rows.begin, 1, height}, in, {Port::Ramp}));
    int64_t from = last == begin ? begin + 1 : begin;
    int64_t to = last == begin ? end : end - 1;
    if (from < to)
      segments.push_back(segmentOf({from, rows.begin, to - from, height}, in,
                                   {on, Port::Ramp}));
  };
  side(sink.x, column, sink.x, Port::West);
  side(column + 1, sink.right(), sink.right() - 1, Port::East);
  if (withRoot && !out.empty())
    segments.push_back(
        segmentOf({column, rows.begin, 1, height}, Port::Ramp, out));
}

/// The line of cores where a lane lands, from the router that its way meets.
void FlowRouter::land(const Lane &lane, Point join, Port in,
                      std::vector<Segment> &segments) const {
  Interval span = {lane.rows.front().begin, lane.rows.back().end};
  auto lands = [&](int64_t y) {
    return std::any_of(lane.rows.begin(), lane.rows.end(),
                       [&](const Interval &rows) { return rows.has(y); });
  };
  bool covers = isWhole && !isLeaving;
  Ports sides;
  if (covers && lane.column > sink.x)
    sides.add(Port::West);
  if (covers && lane.column + 1 < sink.right())
    sides.add(Port::East);
  auto outOf = [&](int64_t y, bool north, bool south) {
    Ports out = sides;
    if (north)
      out.add(Port::North);
    if (south)
      out.add(Port::South);
    // A hub that lies on the line hands its own part to itself.
    if (lands(y))
      out.add(Port::Ramp);
    return out;
  };
  segments.push_back(
      segmentOf({lane.column, join.y, 1, 1}, in,
                outOf(join.y, span.begin < join.y, join.y + 1 < span.end)));
  // Runs of routers that all land, or all do not; the last one ends the line.
  auto arm = [&](int64_t first, int64_t last, Port on) {
    int64_t sign = on == Port::South ? 1 : -1;
    for (int64_t y = first; sign * (last - y) >= 0;) {
      int64_t end = y;
      while (end != last && end + sign != last && lands(end + sign) == lands(y))
        end += sign;
      Ports out = sides;
      if (lands(y))
        out.add(Port::Ramp);
      if (y != last)
        out.add(on);
      segments.push_back(
          segmentOf({lane.column, std::min(y, end), 1, std::abs(end - y) + 1},
                    opposite(on), out));
      y = end + sign;
    }
  };
  arm(join.y - 1, span.begin, Port::North);
  arm(join.y + 1, span.end - 1, Port::South);
  if (covers)
    branches(lane.column, span, false, segments);
}

/// May land in another column where its own is walled in.
bool FlowRouter::trunk(Lane &lane, Port in, std::vector<Segment> &segments,
                       int64_t clearance) const {
  Interval span = {lane.rows.front().begin, lane.rows.back().end};
  Rect goal = {lane.column, span.begin, 1, span.end - span.begin};
  std::vector<Rect> obstacles = dead;
  if (isWhole && !isLeaving &&
      !sink.contains(Rect{lane.hub.x, lane.hub.y, 1, 1})) {
    // Its rows have settings of their own beside the column.
    if (lane.column > sink.x)
      obstacles.push_back({sink.x, sink.y, lane.column - sink.x, sink.height});
    if (lane.column + 1 < sink.right())
      obstacles.push_back({lane.column + 1, sink.y,
                           sink.right() - lane.column - 1, sink.height});
  }
  Point start = {lane.hub.x, lane.exit.value_or(lane.hub.y)};
  std::optional<std::vector<Point>> way =
      findWay(start, goal, grid, obstacles, clearance);
  if (!way && obstacles.size() > dead.size()) {
    // Whichever core of the sink can be reached, its column can.
    way = findWay(start, sink, grid, dead, clearance);
    if (way)
      lane.column = way->back().x;
  }
  if (!way)
    return false;
  if (start.y != lane.hub.y)
    way->insert(way->begin(), lane.hub);
  for (size_t i = 0; i + 1 < way->size(); ++i) {
    Point a = (*way)[i], b = (*way)[i + 1];
    bool alongRow = a.y == b.y;
    Port on = alongRow ? (b.x > a.x ? Port::East : Port::West)
                       : (b.y > a.y ? Port::South : Port::North);
    segments.push_back(segmentOf({a.x, a.y, 1, 1}, in, {on}));
    int64_t length = std::abs(a.x - b.x) + std::abs(a.y - b.y) - 1;
    if (length > 0)
      segments.push_back(segmentOf(runOf(on == Port::East ? a.x + 1
                                         : alongRow       ? b.x + 1
                                                          : a.x,
                                         on == Port::South ? a.y + 1
                                         : alongRow        ? a.y
                                                           : b.y + 1,
                                         alongRow, length),
                                   opposite(on), {on}));
    in = opposite(on);
  }
  land(lane, way->back(), in, segments);
  return true;
}

/// Over the edge in a live router from which there is a way, the nearest to
/// where the lane is to land.
bool FlowRouter::enter(Lane &lane, std::vector<Point> &taken,
                       std::vector<Segment> &segments) {
  Rect line =
      isSwapped ? Rect{0, 0, grid.width, 1} : Rect{0, 0, 1, grid.height};
  std::vector<Point> ports = freeRoutersOf(line, lane.hub, dead, taken);
  for (Point port : ports) {
    lane.hub = port;
    segments.clear();
    if (!trunk(lane, edgeIn(), segments, &lane - lanes.data()))
      continue;
    taken.push_back(port);
    return true;
  }
  int wafer = problem.waferOf(flow.to);
  return ports.empty()
             ? failAtEdge(Port::West, wafer)
             : failOnTheWay(lane,
                            fmt::format("'{}'", problem.kernels[flow.to].name),
                            wafer,
                            "keep the cores that the west edge does not reach "
                            "free with 'keep_out' constraints");
}

bool FlowRouter::failAtEdge(Port edge, int wafer) {
  bool isWest = edge == Port::West;
  why = fmt::format("crosses the {} edge of wafer {}, all {} cores of which "
                    "are dead; {}",
                    isWest ? "west" : "east", wafer, problem.grid.height,
                    isWest ? "no plan does without it, for there the host is"
                           : "only plans on one wafer do without it");
  return false;
}

bool FlowRouter::failOnTheWay(const Lane &lane, std::string_view goal,
                              int wafer, std::string_view remedy) {
  Point from = isSwapped ? Point{lane.hub.y, lane.hub.x} : lane.hub;
  why = fmt::format("finds no way from ({}, {}) to {} round the dead cores, "
                    "which cut wafer {} in two; {}",
                    from.x, from.y, goal, wafer, remedy);
  return false;
}

bool FlowRouter::failToLeave(const Lane &lane, Port edge) {
  int wafer = problem.waferOf(flow.from);
  int64_t last = edge == Port::East ? grid.width - 1 : 0;
  if (freeRoutersOf({last, 0, 1, grid.height}, lane.hub, dead, {}).empty())
    return failAtEdge(edge, wafer);
  return edge == Port::East
             ? failOnTheWay(lane, "the east edge", wafer,
                            "only plans on one wafer do without such a way")
             : failOnTheWay(lane, "the west edge", wafer,
                            "keep the cores that do not reach the west edge "
                            "free with 'keep_out' constraints");
}

bool FlowRouter::arrive(bool fromEdge) {
  int wafer = problem.waferOf(flow.to);
  std::vector<Point> taken;
  for (Lane &lane : lanes) {
    std::vector<Segment> segments;
    if (fromEdge && !enter(lane, taken, segments))
      return false;
    if (!fromEdge && !trunk(lane, Port::Ramp, segments, &lane - lanes.data()))
      return failOnTheWay(
          lane, fmt::format("'{}'", problem.kernels[flow.to].name), wafer,
          "keep all but one part free with 'keep_out' "
          "constraints");
    add(RouteKind::Trunk, wafer, lane,
        laneWavelets(flow, lane.firstPart, lane.endPart), segments);
  }
  return true;
}

void FlowRouter::spread() {
  if (isWhole || sink.width == 1)
    return;
  std::vector<Segment> segments;
  for (const Lane &lane : lanes)
    for (const Interval &rows : lane.rows)
      branches(lane.column, rows, true, segments);
  if (!segments.empty())
    add(RouteKind::Spread, problem.waferOf(flow.to), lanes.front(),
        laneWavelets(flow, 0, 1), segments, problem.kernels[flow.to].region);
}

/// From hubs near the edge, each along its own row. Never swapped: `run` sees
/// to it.
bool FlowRouter::leave(Port edge) {
  isLeaving = true;
  auto count = static_cast<int64_t>(lanes.size());
  int64_t last = edge == Port::East ? grid.width - 1 : 0;
  for (int64_t i = 0; i < count; ++i) {
    Lane &lane = lanes[i];
    lane.hub = {edge == Port::East ? source.right() - count + i : source.x + i,
                source.y + (2 * i + 1) * source.height / (2 * count)};
    lane.column = last;
  }
  gather();
  for (const Lane &lane : lanes) {
    auto way = findWay(lane.hub, {last, 0, 1, grid.height}, grid, dead,
                       &lane - lanes.data());
    Lane exit = lane;
    std::vector<Segment> segments;
    // As a landing in one router that passes on over the edge.
    if (way)
      exit.rows = {{way->back().y, way->back().y + 1}};
    if (!way || !trunk(exit, Port::Ramp, segments, &lane - lanes.data()))
      return failToLeave(lane, edge);
    for (Segment &segment : segments)
      if (segment.area.rect == Rect{last, way->back().y, 1, 1})
        segment.out = {edge};
    add(RouteKind::Trunk, problem.waferOf(flow.from), lane,
        laneWavelets(flow, lane.firstPart, lane.endPart), segments);
  }
  isLeaving = false;
  return true;
}

bool FlowRouter::run() {
  cutLanes();
  if (!isCrossing()) {
    placeHubs();
    placeColumns();
    gather();
    if (!arrive(false))
      return false;
    spread();
    return true;
  }
  if (flow.from != kHost) {
    // The way to the edge is the same whatever the consumer's parts are.
    Port edge = flow.to == kHost ? Port::West : Port::East;
    bool swapped = isSwapped;
    if (swapped) {
      isSwapped = false;
      std::swap(grid.width, grid.height);
      source = flow.source;
      dead = problem.dead;
      given = flow.given.axis;
    }
    if (!leave(edge))
      return false;
    if (swapped) {
      isSwapped = true;
      std::swap(grid.width, grid.height);
      for (Rect &rect : dead)
        rect = transposed(rect);
    }
  }
  if (flow.to == kHost)
    return true;
  placeLandings();
  if (!arrive(true))
    return false;
  spread();
  return true;
}

bool inlay::routing::routeFlow(const Problem &problem, int index,
                               int64_t mostLanes, std::vector<Route> &routes,
                               std::string &why) {
  FlowRouter router(problem, index, mostLanes, routes);
  bool isRouted = router.run();
  why = router.getReason();
  return isRouted;
}
