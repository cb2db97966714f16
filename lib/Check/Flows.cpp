//===- Flows.cpp - From where a stream is made to where it is used --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Routes that lead the same streams are one flow. Its lanes are told apart by
// the parts that they serve.
//
//===----------------------------------------------------------------------===//

#include "RectIndex.h"
#include "Routing.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

static constexpr int64_t kHost = -1;

static std::string at(const Rect &rect) {
  return fmt::format("({}, {})", rect.x, rect.y);
}

namespace {

class FlowChecker {
public:
  FlowChecker(const Plan &plan, Report &report,
              const std::vector<int64_t> &streams,
              std::vector<const Shape *> shapes)
      : plan(plan), report(report), streams(streams),
        shapes(std::move(shapes)) {}

  void run();

private:
  void fail(const Shape &shape, const std::string &message) {
    report.fail(shape.route->place(), message);
  }
  void failFlow(const std::string &message) {
    std::string names;
    for (int64_t stream : streams)
      names += (names.empty() ? "" : ", ") + plan.streams[stream].name;
    report.fail("routes of " + names, message);
  }

  bool findEnds();
  void findShares();
  void sortRoutes();
  void checkParts(const std::vector<const Shape *> &trunks);
  void checkSides(const Shape &trunk);
  void checkEdges();
  void checkWavelets();
  void checkSource();
  void checkLane(const Shape &trunk);
  std::vector<Rect> gatheredAt(const Rect &hub) const;
  void findSenders(const Shape &gather, const Rect &core,
                   std::vector<Rect> &senders) const;
  void checkSink();
  std::vector<Rect> linesOf(const Shape &trunk) const;
  void checkLanding(const Shape &trunk);
  void checkSpread(const std::vector<Rect> &landed);

  int64_t waveletsFor(int64_t first, int64_t end) const;
  /// The row (column) of a rectangle, as the parts are counted along.
  Rect across(const Rect &rect) const {
    return wanted.axis == Share::Axis::X ? Rect{rect.x, 0, rect.width, 1}
                                         : Rect{0, rect.y, 1, rect.height};
  }

  const Plan &plan;
  Report &report;
  const std::vector<int64_t> &streams;
  std::vector<const Shape *> shapes;
  const Kernel *from = nullptr, *to = nullptr;
  int64_t start = kHost, end = kHost; ///< wafers
  Share given;  ///< of the first stream: how all of them are gathered
  Share wanted; ///< of a stream that is wanted in parts; none: all is wanted
  int64_t cutWavelets = 0, wholeWavelets = 0;
  std::vector<const Shape *> gathers, departing, arriving, spreads;
  std::map<const Shape *, RectIndex> indices; ///< of the tiles of gathers
};

} // namespace

//===----------------------------------------------------------------------===//
// What the flow is
//===----------------------------------------------------------------------===//

bool FlowChecker::findEnds() {
  const Stream &first = plan.streams[streams.front()];
  for (size_t i = 0; i < streams.size(); ++i) {
    const Stream &stream = plan.streams[streams[i]];
    if (stream.from != first.from || stream.to != first.to) {
      failFlow("lead streams between different kernels");
      return false;
    }
    if (i > 0 && streams[i] <= streams[i - 1])
      failFlow("lead them in another order than that of the streams");
  }
  auto find = [&](const std::string &name, const Kernel *&kernel,
                  int64_t &wafer) {
    if (name.empty())
      return true;
    auto found = plan.kernelOf.find(name);
    if (found == plan.kernelOf.end())
      return false; // checkStreams has said it
    kernel = &plan.kernels[found->second];
    wafer = kernel->wafer;
    return true;
  };
  return find(first.from, from, start) && find(first.to, to, end) &&
         (from || to);
}

void FlowChecker::findShares() {
  for (size_t i = 0; i < streams.size(); ++i) {
    const Stream &stream = plan.streams[streams[i]];
    Share share = to ? wantedBy(plan, *to, stream) : Share();
    if (i == 0 && from)
      given = givenBy(*from, stream);
    int64_t wavelets = waveletsOf(plan, stream.bytes);
    (share.isCut() ? cutWavelets : wholeWavelets) += wavelets;
    if (!share.isCut())
      continue;
    if (wanted.isCut() && wanted.axis != share.axis)
      failFlow("lead streams that are wanted in parts along different axes");
    if (!wanted.isCut())
      wanted = share;
  }
}

void FlowChecker::sortRoutes() {
  for (const Shape *shape : shapes) {
    const Route &route = *shape->route;
    bool departs = from && route.wafer == start;
    bool arrives = to && route.wafer == end;
    bool isHere = true;
    if (route.kind == "gather")
      departs ? gathers.push_back(shape) : void(isHere = false);
    else if (route.kind == "spread")
      arrives ? spreads.push_back(shape) : void(isHere = false);
    else if (departs || arrives) {
      if (departs)
        departing.push_back(shape);
      if (arrives)
        arriving.push_back(shape);
    } else {
      isHere = false;
    }
    if (!isHere)
      fail(*shape, fmt::format("is a {} on wafer {}, where its streams do not "
                               "have this end",
                               route.kind, route.wafer));
    if (route.axis != wanted.name())
      fail(*shape, fmt::format("serves parts along axis {}, its consumer wants "
                               "them along {}",
                               route.axis, wanted.name()));
    int64_t parts = wanted.isCut() ? wanted.parts : 0;
    if (route.kind != "trunk" &&
        (route.firstPart != 0 || route.endPart != parts))
      fail(*shape,
           fmt::format("serves parts {} to before {}, a {} serves 0 to before "
                       "{}",
                       route.firstPart, route.endPart, route.kind, parts));
  }
}

/// Trunks of one wafer serve each part once.
void FlowChecker::checkParts(const std::vector<const Shape *> &trunks) {
  std::vector<std::pair<int64_t, int64_t>> parts;
  for (const Shape *trunk : trunks)
    parts.emplace_back(trunk->route->firstPart, trunk->route->endPart);
  llvm::sort(parts);
  int64_t next = 0, wantedEnd = wanted.isCut() ? wanted.parts : 0;
  bool isOnce = !parts.empty() && (wanted.isCut() || parts.size() == 1);
  for (auto [first, last] : parts) {
    isOnce &= first == next && (!wanted.isCut() || last > first);
    next = last;
  }
  if (!isOnce || next != wantedEnd)
    failFlow(fmt::format("have {} trunks on one wafer that do not serve each "
                         "of {} parts once",
                         parts.size(), wantedEnd));
}

/// What enters comes from the west or north, what leaves goes east, or west to
/// the host: so a loader knows which edges are joined.
void FlowChecker::checkSides(const Shape &trunk) {
  for (const auto &[rect, port] : trunk.entries)
    if (port != Port::kWest && port != Port::kNorth)
      fail(trunk, fmt::format("enters wafer {} by its edge {}, not W or N",
                              trunk.route->wafer, nameOf(port)));
  Port wantedPort = to ? Port::kEast : Port::kWest;
  for (const auto &[rect, port] : trunk.exits)
    if (port != wantedPort)
      fail(trunk,
           fmt::format("leaves wafer {} over its edge {}, not {}",
                       trunk.route->wafer, nameOf(port), nameOf(wantedPort)));
}

/// Over the edge where the wafer of the other end begins, and only there.
void FlowChecker::checkEdges() {
  bool crosses = start != end;
  auto check = [&](const Shape &trunk, size_t entries, size_t exits) {
    auto count = [](const std::vector<std::pair<Rect, Port>> &ways) {
      int64_t sum = 0;
      for (const auto &[rect, port] : ways)
        sum = plus(sum, rect.area());
      return static_cast<size_t>(sum);
    };
    if (count(trunk.entries) != entries || count(trunk.exits) != exits)
      fail(trunk, fmt::format("enters wafer {} at {} of its edge and leaves it "
                              "at {}; it should at {} and {}",
                              trunk.route->wafer, count(trunk.entries),
                              count(trunk.exits), entries, exits));
    checkSides(trunk);
  };
  for (const Shape *trunk : departing)
    check(*trunk, 0, crosses ? 1 : 0);
  if (!crosses)
    return;
  for (const Shape *trunk : arriving)
    check(*trunk, 1, 0);
  // What leaves one wafer enters the other.
  for (const Shape *trunk : departing)
    if (to && llvm::none_of(arriving, [&](const Shape *other) {
          return other->route->firstPart == trunk->route->firstPart &&
                 other->route->endPart == trunk->route->endPart;
        }))
      fail(*trunk, fmt::format("leaves wafer {} with parts that enter wafer {} "
                               "in no trunk",
                               start, end));
}

/// Wavelets that the parts [first, last) take: their share of what is wanted in
/// parts, and all else.
int64_t FlowChecker::waveletsFor(int64_t first, int64_t last) const {
  if (!wanted.isCut())
    return plus(cutWavelets, wholeWavelets);
  int64_t elements = std::min(times(last, wanted.shard), wanted.size) -
                     std::min(times(first, wanted.shard), wanted.size);
  return plus(divideUp(times(cutWavelets, elements), wanted.size),
              wholeWavelets);
}

void FlowChecker::checkWavelets() {
  int64_t most = 0;
  for (const Shape *trunk : departing)
    most = std::max(
        most, waveletsFor(trunk->route->firstPart, trunk->route->endPart));
  for (const Shape *shape : shapes) {
    const Route &route = *shape->route;
    int64_t wavelets =
        route.kind == "trunk"    ? waveletsFor(route.firstPart, route.endPart)
        : route.kind == "spread" ? waveletsFor(0, 1)
        : given.axis == Share::Axis::Both ? plus(cutWavelets, wholeWavelets)
                                          : most;
    if (route.wavelets != wavelets)
      fail(*shape, fmt::format("says {} wavelets, its streams make {}",
                               route.wavelets, wavelets));
  }
}

//===----------------------------------------------------------------------===//
// From the producer
//===----------------------------------------------------------------------===//

static std::vector<Rect> rectsOf(const std::vector<Tile> &tiles) {
  std::vector<Rect> rects;
  for (const Tile &tile : tiles)
    rects.push_back(tile.rect);
  return rects;
}

/// Cores whose wavelets a gather brings to `core`: against the stream, router
/// by router, to where they come from.
void FlowChecker::findSenders(const Shape &gather, const Rect &core,
                              std::vector<Rect> &senders) const {
  const RectIndex &index = indices.at(&gather);
  // Routers with the port over which they send towards the core.
  std::vector<std::pair<Rect, Port>> open = {{core, kRamp}};
  std::set<std::pair<Rect, Port>> seen(open.begin(), open.end());
  for (size_t i = 0; i < open.size(); ++i) {
    auto [router, port] = open[i];
    index.forEach(router, [&, router = router, port = port](size_t t) {
      const Tile &tile = gather.tiles[t];
      if (!has(tile.out, port))
        return;
      if (tile.in == kRamp)
        return senders.push_back(router);
      std::pair<Rect, Port> before(neighbours(router, tile.in),
                                   opposite(tile.in));
      if (seen.insert(before).second)
        open.push_back(before);
    });
  }
}

/// Everything that is at a hub when all gathers are done, in their order: what
/// an earlier one brings to a core, a later one takes from there.
std::vector<Rect> FlowChecker::gatheredAt(const Rect &hub) const {
  std::vector<Rect> cores = {hub};
  std::vector<size_t> until = {gathers.size()}; ///< by core: gathers so far
  for (size_t c = 0; c < cores.size(); ++c)
    for (size_t g = 0; g < until[c]; ++g) {
      std::vector<Rect> senders;
      findSenders(*gathers[g], cores[c], senders);
      for (const Rect &sender : senders) {
        cores.push_back(sender);
        until.push_back(g);
      }
    }
  return cores;
}

/// The lane's hub has every part that its own parts are made of.
void FlowChecker::checkLane(const Shape &trunk) {
  Rect source = sourceOf(*from);
  int64_t roots = 0;
  for (const Rect &rect : trunk.roots) {
    roots = plus(roots, rect.area());
    if (!source.contains(rect))
      fail(trunk, fmt::format("begins at {}, outside the cores of its producer "
                              "at {}",
                              at(rect), source.str()));
  }
  if (roots != 1)
    return fail(trunk,
                fmt::format("begins at {} cores instead of one hub", roots));
  Rect hub = trunk.roots.front();
  std::vector<Rect> cores = gatheredAt(hub);
  if (given.axis == Share::Axis::Both) {
    for (const Rect &open : openParts(source, cores))
      fail(trunk, fmt::format("leaves out what the cores at {} of its producer "
                              "hold",
                              open.str()));
    return;
  }
  bool alongX = given.axis == Share::Axis::X;
  std::set<int64_t> parts;
  for (const Rect &core : cores)
    parts.insert(alongX ? core.x - source.x : core.y - source.y);
  const Route &route = *trunk.route;
  std::set<int64_t> missing;
  for (int64_t number : streams) {
    const Stream &stream = plan.streams[number];
    Share share = givenBy(*from, stream);
    Share use = to ? wantedBy(plan, *to, stream) : Share();
    if (!share.isCut() || share.shard < 1)
      continue;
    int64_t first = 0, last = divideUp(share.size, share.shard);
    if (share.isInOrder && use.isCut() && use.isInOrder &&
        share.size == use.size) {
      first = times(route.firstPart, use.shard) / share.shard;
      last = std::min(
          last, divideUp(std::min(times(route.endPart, use.shard), use.size),
                         share.shard));
    }
    for (int64_t p = first; p < std::min(last, share.parts); ++p)
      if (!parts.count(p))
        missing.insert(p);
  }
  for (int64_t p : missing)
    fail(trunk, fmt::format("leaves out what the core at ({}, {}) of its "
                            "producer holds",
                            alongX ? source.x + p : hub.x,
                            alongX ? hub.y : source.y + p));
}

void FlowChecker::checkSource() {
  Rect source = sourceOf(*from);
  std::vector<Rect> sendOn;
  for (const Shape *trunk : departing)
    llvm::append_range(sendOn, trunk->roots);
  // From the last gather back: what ends there must be sent on.
  for (const Shape *gather : llvm::reverse(gathers)) {
    for (const Rect &drop : gather->drops)
      for (const Rect &open : openParts(drop, sendOn))
        fail(*gather,
             fmt::format("ends at {}, where nothing is sent on", at(open)));
    for (const Rect &root : gather->roots)
      if (!source.contains(root))
        fail(*gather, fmt::format("gathers from {}, outside the cores of its "
                                  "producer at {}",
                                  root.str(), source.str()));
    llvm::append_range(sendOn, gather->roots);
  }
  for (const Shape *gather : gathers)
    indices.emplace(gather, RectIndex(rectsOf(gather->tiles)));
  for (const Shape *trunk : departing)
    checkLane(*trunk);
}

//===----------------------------------------------------------------------===//
// To the consumer
//===----------------------------------------------------------------------===//

/// The rows (columns) that a lane serves, in every group.
std::vector<Rect> FlowChecker::linesOf(const Shape &trunk) const {
  Rect unit = takerOf(plan, *to), sink = takersOf(plan, *to);
  bool alongX = wanted.axis == Share::Axis::X;
  int64_t pitch = alongX ? unit.width : unit.height;
  int64_t length = alongX ? sink.width : sink.height;
  int64_t begin = alongX ? sink.x : sink.y;
  int64_t first = trunk.route->firstPart;
  int64_t count = std::min(trunk.route->endPart, pitch) - first;
  std::vector<Rect> lines;
  for (int64_t group = 0; count > 0 && group < length; group += pitch) {
    int64_t line = begin + group + first;
    lines.push_back(alongX ? Rect{line, 0, count, 1} : Rect{0, line, 1, count});
  }
  return lines;
}

/// A lane lands in one core of each of its rows (columns), and nowhere else.
void FlowChecker::checkLanding(const Shape &trunk) {
  const char *what = wanted.axis == Share::Axis::X ? "column" : "row";
  auto number = [&](const Rect &line) {
    return wanted.axis == Share::Axis::X ? line.x : line.y;
  };
  std::vector<Rect> lines = linesOf(trunk), landed;
  int64_t cores = 0, wantedCores = 0;
  for (const Rect &line : lines)
    wantedCores = plus(wantedCores, line.area());
  for (const Rect &drop : trunk.drops) {
    cores = plus(cores, drop.area());
    landed.push_back(across(drop));
    for (const Rect &open : openParts(landed.back(), lines))
      fail(trunk, fmt::format("lands at {} in {} {}, which it does not serve",
                              at(drop), what, number(open)));
  }
  for (const Rect &line : lines)
    for (const Rect &open : openParts(line, landed))
      fail(trunk, fmt::format("does not land in {} {} of its consumer", what,
                              number(open)));
  if (cores > wantedCores)
    fail(trunk,
         fmt::format("lands in {} cores of {} {}s", cores, wantedCores, what));
}

/// From where lanes land, along the rows (columns) only, to every core once.
void FlowChecker::checkSpread(const std::vector<Rect> &landed) {
  Rect sink = takersOf(plan, *to);
  bool alongX = wanted.axis == Share::Axis::X;
  Ports allowed = alongX ? (1u << kNorth) | (1u << kSouth) | (1u << kRamp)
                         : (1u << kWest) | (1u << kEast) | (1u << kRamp);
  std::vector<Rect> reached = landed;
  for (const Shape *spread : spreads) {
    for (const Tile &tile : spread->tiles)
      if (!has(allowed, tile.in) || (tile.out & ~allowed) != 0)
        fail(*spread, fmt::format("leaves the {} of a part at {}",
                                  alongX ? "column" : "row", at(tile.rect)));
    for (const Rect &root : spread->roots)
      for (const Rect &open : openParts(root, landed))
        fail(*spread,
             fmt::format("spreads from {}, where no lane lands", at(open)));
    llvm::append_range(reached, spread->drops);
  }
  int64_t cores = 0;
  for (const Rect &rect : reached)
    cores = plus(cores, rect.area());
  std::vector<Rect> missed = openParts(sink, reached);
  for (const Rect &open : missed)
    failFlow(fmt::format("do not reach the cores at {} of their consumer",
                         open.str()));
  if (missed.empty() && cores != sink.area())
    failFlow(fmt::format("reach {} cores, their consumer has {}", cores,
                         sink.area()));
}

void FlowChecker::checkSink() {
  Rect sink = takersOf(plan, *to);
  std::vector<Rect> landed;
  for (const Shape *trunk : arriving) {
    for (const Rect &drop : trunk->drops)
      if (!sink.contains(drop))
        fail(*trunk, fmt::format("lands at {}, outside the cores of its "
                                 "consumer at {}",
                                 drop.str(), sink.str()));
    llvm::append_range(landed, trunk->drops);
    if (wanted.isCut())
      checkLanding(*trunk);
  }
  checkSpread(landed);
}

void FlowChecker::run() {
  if (!findEnds())
    return;
  findShares();
  sortRoutes();
  checkWavelets();
  if (from)
    checkParts(departing);
  if (to && start != end)
    checkParts(arriving);
  if (llvm::any_of(shapes, [](const Shape *s) { return !s->isWhole; }))
    return; // what ends nowhere has no ends to look at
  checkEdges();
  if (from)
    checkSource();
  if (to)
    checkSink();
  for (const Shape *trunk : arriving)
    if (start != end && !trunk->roots.empty())
      fail(*trunk, fmt::format("begins at {}, but comes from another wafer",
                               at(trunk->roots.front())));
  for (const Shape *trunk : departing)
    if (start != end && !trunk->drops.empty())
      fail(*trunk, fmt::format("lands at {}, but leads to another wafer",
                               at(trunk->drops.front())));
}

//===----------------------------------------------------------------------===//
// All flows
//===----------------------------------------------------------------------===//

/// True where the cores of the consumer hold what they need before it is sent:
/// kernels of one region, on the same cores, that want it as it is given.
static bool isAtHome(const Plan &plan, const Stream &stream) {
  auto from = plan.kernelOf.find(stream.from);
  auto to = plan.kernelOf.find(stream.to);
  if (from == plan.kernelOf.end() || to == plan.kernelOf.end())
    return false;
  const Kernel &maker = plan.kernels[from->second];
  const Kernel &user = plan.kernels[to->second];
  Share given = givenBy(maker, stream), wanted = wantedBy(plan, user, stream);
  if (maker.region != user.region || sourceOf(maker) != takersOf(plan, user) ||
      given.axis != wanted.axis)
    return false;
  return given.axis == Share::Axis::None ||
         (given.isInOrder && wanted.isInOrder && given.shard == wanted.shard);
}

void Routing::checkFlows() {
  std::map<std::vector<int64_t>, std::vector<const Shape *>> flows;
  for (const Shape &shape : shapes) {
    const Route &route = *shape.route;
    bool isThere = llvm::all_of(route.streams, [&](int64_t stream) {
      return stream < static_cast<int64_t>(plan.streams.size());
    });
    if (!route.isCollective() && !route.streams.empty() && isThere)
      flows[route.streams].push_back(&shape);
  }
  std::vector<int64_t> led(plan.streams.size());
  for (const auto &[streams, ofFlow] : flows) {
    for (int64_t stream : streams)
      ++led[stream];
    FlowChecker(plan, report, streams, ofFlow).run();
  }
  for (size_t s = 0; s < led.size(); ++s) {
    const Stream &stream = plan.streams[s];
    int64_t needed = fabric.available > 0 && !isAtHome(plan, stream) ? 1 : 0;
    if (led[s] != needed)
      report.fail(stream.place(), fmt::format("is led by routes of {} flows, "
                                              "it needs {}",
                                              led[s], needed));
  }
}
