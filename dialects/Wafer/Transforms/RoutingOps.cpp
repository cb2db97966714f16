//===- RoutingOps.cpp - Routes as ops, and back ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoutingProblem.h"

#include "mlir/IR/Builders.h"

#include "llvm/ADT/StringMap.h"

#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

// The enums of the dialect follow those of the library.
static_assert(static_cast<int>(Algorithm::AllGather) ==
              static_cast<int>(routing::Algorithm::AllGather));
static_assert(static_cast<int>(RouteKind::Spread) ==
              static_cast<int>(routing::RouteKind::Spread));

static Axis toAxis(routing::Axis axis) {
  return axis == routing::Axis::X   ? Axis::X
         : axis == routing::Axis::Y ? Axis::Y
                                    : Axis::None;
}

static routing::Axis fromAxis(Axis axis) {
  return axis == Axis::X   ? routing::Axis::X
         : axis == Axis::Y ? routing::Axis::Y
                           : routing::Axis::None;
}

static CollectiveKind toKind(routing::RouteKind kind) {
  return kind == routing::RouteKind::Combine ? CollectiveKind::Combine
         : kind == routing::RouteKind::Move  ? CollectiveKind::Move
                                             : CollectiveKind::AllReduce;
}

static routing::RouteKind fromKind(CollectiveKind kind) {
  switch (kind) {
  case CollectiveKind::AllReduce:
    return routing::RouteKind::AllReduce;
  case CollectiveKind::Combine:
    return routing::RouteKind::Combine;
  case CollectiveKind::Move:
    return routing::RouteKind::Move;
  }
  llvm_unreachable("no kind of a collective");
}

static void append(SmallVectorImpl<int64_t> &values,
                   const routing::Area &area) {
  values.append({area.rect.x, area.rect.y, area.rect.width, area.rect.height,
                 area.count, area.dx, area.dy});
}

static routing::Area toArea(ArrayRef<int64_t> values) {
  return {{values[0], values[1], values[2], values[3]},
          values[4],
          values[5],
          values[6]};
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

namespace {

class RouteWriter {
public:
  RouteWriter(SystemOp system, const routing::Problem &problem,
              const routing::Solution &solution,
              MutableArrayRef<Placement> placements)
      : system(system), problem(problem), solution(solution),
        placements(placements), builder(system.getContext()) {}

  void run();

private:
  void addCollective(const routing::Route &route, Location loc);
  void addRoute(const routing::Route &route, Location loc);
  void addFabric();
  void setContention();

  SystemOp system;
  const routing::Problem &problem;
  const routing::Solution &solution;
  MutableArrayRef<Placement> placements;
  OpBuilder builder;
};

} // namespace

static SmallVector<int64_t> toIntegers(ArrayRef<int> values) {
  return SmallVector<int64_t>(values.begin(), values.end());
}

void RouteWriter::addCollective(const routing::Route &route, Location loc) {
  const routing::Pattern &pattern = solution.patterns[route.pattern];
  SmallVector<int64_t> lines, uses;
  for (const routing::Area &area : route.lines)
    append(lines, area);
  SmallVector<Attribute> kernels;
  for (int index : route.collectives) {
    const routing::Collective &use = problem.collectives[index];
    kernels.push_back(placements[use.kernel].assign.getKernelAttr());
    uses.append({use.op, use.times, use.wavelets});
  }
  auto region = FlatSymbolRefAttr::get(builder.getContext(),
                                       problem.regions[route.region].name);
  CollectiveOp::create(
      builder, loc,
      AlgorithmAttr::get(builder.getContext(),
                         static_cast<Algorithm>(pattern.algorithm)),
      region, AxisAttr::get(builder.getContext(), toAxis(route.lineAxis)),
      builder.getI64IntegerAttr(pattern.cores),
      builder.getI64IntegerAttr(pattern.pitch),
      builder.getI64IntegerAttr(pattern.root),
      builder.getDenseI64ArrayAttr(lines),
      builder.getDenseI64ArrayAttr(toIntegers(route.colours)),
      builder.getArrayAttr(kernels), builder.getDenseI64ArrayAttr(uses),
      CollectiveKindAttr::get(builder.getContext(), toKind(route.kind)));
}

void RouteWriter::addRoute(const routing::Route &route, Location loc) {
  SmallVector<int64_t> segments;
  for (const routing::Segment &segment : route.segments) {
    append(segments, segment.area);
    segments.append({static_cast<int64_t>(segment.in),
                     static_cast<int64_t>(segment.out.getBits()),
                     segment.position});
  }
  FlatSymbolRefAttr region;
  if (route.region >= 0)
    region = FlatSymbolRefAttr::get(builder.getContext(),
                                    problem.regions[route.region].name);
  RouteOp::create(
      builder, loc,
      RouteKindAttr::get(builder.getContext(),
                         static_cast<RouteKind>(route.kind)),
      builder.getDenseI64ArrayAttr(
          toIntegers(problem.flows[route.flow].streams)),
      region, builder.getI64IntegerAttr(route.lane),
      AxisAttr::get(builder.getContext(), toAxis(route.axis)),
      builder.getDenseI64ArrayAttr({route.firstPart, route.endPart}),
      builder.getDenseI64ArrayAttr(toIntegers(route.colours)),
      builder.getI64IntegerAttr(route.wavelets),
      builder.getDenseI64ArrayAttr(segments));
}

void RouteWriter::addFabric() {
  SmallVector<int64_t> loads;
  for (const routing::LinkLoad &load : solution.links)
    loads.append({static_cast<int64_t>(load.kind), load.total, load.most,
                  load.wafer, load.x, load.y});
  builder.setInsertionPointToEnd(&system.getBlock());
  FabricOp::create(builder, system.getLoc(),
                   builder.getI64IntegerAttr(problem.colours),
                   builder.getI64IntegerAttr(solution.coloursUsed),
                   builder.getI64IntegerAttr(solution.lowerBound),
                   builder.getDenseI64ArrayAttr(
                       {solution.boundWafer, solution.boundX, solution.boundY}),
                   builder.getDenseI64ArrayAttr(loads));
}

void RouteWriter::setContention() {
  auto connects = llvm::to_vector(system.getBody().getOps<ConnectOp>());
  for (auto [flow, excess] :
       llvm::zip_equal(problem.flows, solution.contention))
    for (int stream : flow.streams)
      if (excess > 0)
        connects[stream].setContention(excess);
  for (auto [placement, wavelets] :
       llvm::zip_equal(placements, solution.kernelContention))
    if (wavelets > 0)
      placement.assign.setContention(wavelets);
}

void RouteWriter::run() {
  std::map<int, StageOp> stages;
  for (auto stage : system.getBody().getOps<StageOp>())
    stages[static_cast<int>(stage.getWafer())] = stage;
  for (const routing::Route &route : solution.routes) {
    StageOp stage = stages[route.wafer];
    builder.setInsertionPointToEnd(&stage.getBlock());
    if (route.pattern >= 0)
      addCollective(route, stage.getLoc());
    else
      addRoute(route, stage.getLoc());
  }
  addFabric();
  setContention();
}

void inlay::wafer::writeRoutes(SystemOp system, const routing::Problem &problem,
                               const routing::Solution &solution,
                               MutableArrayRef<Placement> placements) {
  RouteWriter(system, problem, solution, placements).run();
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

class RouteReader {
public:
  RouteReader(SystemOp system, const routing::Problem &problem)
      : system(system), problem(problem) {
    for (auto [index, region] : llvm::enumerate(problem.regions))
      regions[{region.wafer, region.name}] = static_cast<int>(index);
    for (auto [index, kernel] : llvm::enumerate(problem.kernels))
      kernels[kernel.name] = static_cast<int>(index);
    for (auto [index, flow] : llvm::enumerate(problem.flows))
      flows[flow.streams] = static_cast<int>(index);
    for (auto [index, use] : llvm::enumerate(problem.collectives))
      uses[{use.kernel, use.op}].push_back(static_cast<int>(index));
  }

  FailureOr<routing::Solution> run();

private:
  LogicalResult read(CollectiveOp op);
  LogicalResult read(RouteOp op);
  LogicalResult readUses(CollectiveOp op, routing::Route &route,
                         const routing::Pattern &pattern);
  int patternOf(CollectiveOp op);
  FailureOr<int> regionOf(Operation *op, int wafer, StringRef name);
  void readFabric();
  void readContention();

  SystemOp system;
  const routing::Problem &problem;
  routing::Solution solution;
  std::map<std::pair<int, std::string>, int> regions;
  llvm::StringMap<int> kernels;
  std::map<std::vector<int>, int> flows;
  std::map<std::pair<int, int>, std::vector<int>> uses;
  std::map<std::tuple<int, int64_t, int64_t, int64_t>, int> patterns;
};

} // namespace

static int waferOf(Operation *op) {
  return static_cast<int>(cast<StageOp>(op->getParentOp()).getWafer());
}

FailureOr<int> RouteReader::regionOf(Operation *op, int wafer, StringRef name) {
  auto found = regions.find({wafer, name.str()});
  if (found != regions.end())
    return found->second;
  return op->emitError() << "the stage has no region '" << name
                         << "' that a kernel is assigned to";
}

int RouteReader::patternOf(CollectiveOp op) {
  auto algorithm = static_cast<routing::Algorithm>(op.getAlgorithm());
  auto [entry, isNew] = patterns.try_emplace(
      {static_cast<int>(algorithm), op.getCores(), op.getPitch(), op.getRoot()},
      static_cast<int>(solution.patterns.size()));
  if (isNew)
    solution.patterns.push_back(routing::makePattern(
        algorithm, op.getCores(), op.getPitch(), op.getRoot()));
  return entry->second;
}

/// Collectives of the problem that are what the op says.
LogicalResult RouteReader::readUses(CollectiveOp op, routing::Route &route,
                                    const routing::Pattern &pattern) {
  ArrayRef<int64_t> numbers = op.getUses();
  for (auto kernel : op.getKernels().getAsRange<FlatSymbolRefAttr>()) {
    auto number = kernels.find(kernel.getValue());
    int found = -1;
    if (number != kernels.end()) {
      std::vector<int> &open =
          uses[{number->second, static_cast<int>(numbers[0])}];
      auto match = llvm::find_if(open, [&](int index) {
        const routing::Collective &use = problem.collectives[index];
        return use.axis == route.lineAxis && use.lines == route.lines &&
               use.algorithm == pattern.algorithm &&
               use.cores == pattern.cores && use.pitch == pattern.pitch &&
               use.root == pattern.root && use.times == numbers[1] &&
               use.wavelets == numbers[2] && use.kind == route.kind;
      });
      if (match != open.end()) {
        found = *match;
        open.erase(match);
      }
    }
    if (found < 0)
      return op.emitError() << "is no collective that op " << numbers[0]
                            << " of kernel '" << kernel.getValue() << "' needs";
    route.collectives.push_back(found);
    numbers = numbers.drop_front(3);
  }
  return success();
}

LogicalResult RouteReader::read(CollectiveOp op) {
  routing::Route route;
  route.kind = fromKind(op.getKind());
  route.wafer = waferOf(op);
  FailureOr<int> region = regionOf(op, route.wafer, op.getRegion());
  if (failed(region))
    return failure();
  route.region = *region;
  route.pattern = patternOf(op);
  route.lineAxis = fromAxis(op.getAxis());
  ArrayRef<int64_t> lines = op.getLines();
  for (; !lines.empty(); lines = lines.drop_front(7))
    route.lines.push_back(toArea(lines));
  route.colours.assign(op.getColours().begin(), op.getColours().end());
  if (failed(readUses(op, route, solution.patterns[route.pattern])))
    return failure();
  solution.routes.push_back(std::move(route));
  return success();
}

LogicalResult RouteReader::read(RouteOp op) {
  routing::Route route;
  route.kind = static_cast<routing::RouteKind>(op.getKind());
  route.wafer = waferOf(op);
  if (op.getRegion()) {
    FailureOr<int> region = regionOf(op, route.wafer, *op.getRegion());
    if (failed(region))
      return failure();
    route.region = *region;
  }
  std::vector<int> streams(op.getStreams().begin(), op.getStreams().end());
  auto flow = flows.find(streams);
  if (flow == flows.end())
    return op.emitError("leads streams that do not travel together");
  route.flow = flow->second;
  route.lane = static_cast<int>(op.getLane());
  route.axis = fromAxis(op.getAxis());
  route.firstPart = op.getParts()[0];
  route.endPart = op.getParts()[1];
  route.colours.assign(op.getColours().begin(), op.getColours().end());
  route.wavelets = op.getWavelets();
  ArrayRef<int64_t> rest = op.getSegments();
  for (; !rest.empty(); rest = rest.drop_front(RouteOp::kSegmentNumbers))
    route.segments.push_back({toArea(rest), static_cast<routing::Port>(rest[7]),
                              routing::Ports(static_cast<unsigned>(rest[8])),
                              static_cast<int>(rest[9])});
  solution.routes.push_back(std::move(route));
  return success();
}

void RouteReader::readFabric() {
  for (auto fabric : system.getBody().getOps<FabricOp>()) {
    solution.coloursUsed = static_cast<int>(fabric.getUsed());
    solution.lowerBound = static_cast<int>(fabric.getLeast());
    solution.boundWafer = static_cast<int>(fabric.getAt()[0]);
    solution.boundX = fabric.getAt()[1];
    solution.boundY = fabric.getAt()[2];
    ArrayRef<int64_t> loads = fabric.getLoads();
    for (; !loads.empty(); loads = loads.drop_front(6))
      solution.links.push_back({static_cast<routing::LinkKind>(loads[0]),
                                loads[1], loads[2], static_cast<int>(loads[3]),
                                loads[4], loads[5]});
  }
}

void RouteReader::readContention() {
  auto connects = llvm::to_vector(system.getBody().getOps<ConnectOp>());
  for (const routing::Flow &flow : problem.flows) {
    size_t stream = flow.streams.front();
    solution.contention.push_back(
        stream < connects.size() ? connects[stream].getContention() : 0);
  }
  solution.kernelContention.resize(problem.kernels.size());
  for (auto stage : system.getBody().getOps<StageOp>())
    for (auto assign : stage.getBody().getOps<AssignOp>())
      if (auto found = kernels.find(assign.getKernel()); found != kernels.end())
        solution.kernelContention[found->second] = assign.getContention();
}

FailureOr<routing::Solution> RouteReader::run() {
  bool isValid = true;
  for (auto stage : system.getBody().getOps<StageOp>())
    for (Operation &op : stage.getBlock()) {
      if (auto collective = dyn_cast<CollectiveOp>(op))
        isValid &= succeeded(read(collective));
      else if (auto route = dyn_cast<RouteOp>(op))
        isValid &= succeeded(read(route));
    }
  readFabric();
  readContention();
  if (!isValid)
    return failure();
  return std::move(solution);
}

FailureOr<routing::Solution>
inlay::wafer::readRoutes(SystemOp system, const routing::Problem &problem) {
  return RouteReader(system, problem).run();
}
