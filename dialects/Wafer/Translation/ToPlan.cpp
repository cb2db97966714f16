//===- ToPlan.cpp - The placement plan of a placed module ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/ToPlan.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Wafer/Transforms/AttrConversion.h"
#include "dialects/Wafer/Transforms/ExtractModel.h"
#include "dialects/Wafer/Transforms/StepProblem.h"
#include "dialects/Wafer/Translation/Accounting.h"
#include "dialects/Wafer/Translation/PhaseEstimates.h"
#include "dialects/Wafer/Translation/Routes.h"
#include "dialects/Wafer/Translation/Values.h"
#include "inlay/Cost/Cost.h"
#include "inlay/Memory/Memory.h"
#include "inlay/Model/Cuts.h"
#include "inlay/Schedule/Pipeline.h"
#include "inlay/Schedule/Schedule.h"
#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

//===----------------------------------------------------------------------===//
// Small structs
//===----------------------------------------------------------------------===//

static plan::Cycles toCycles(CyclesAttr attr) {
  cost::Breakdown cycles = toBreakdown(attr);
  return {cycles.compute,         cycles.sram,     cycles.fabricLatency,
          cycles.fabricBandwidth, cycles.software, cycles.crossing,
          cycles.contention,      attr.getTotal()};
}

/// The reasons of a bound, and the cycles that follow from them.
static plan::Bound toPlanBound(BoundAttr attr, double cycles) {
  cost::Bound bound = toBound(attr);
  return {bound.compute,  bound.sram,     bound.link, bound.bisection,
          bound.distance, bound.crossing, cycles,     bound.binding()};
}

static plan::Rectangle toRectangle(const model::Rect &rect) {
  return {rect.x, rect.y, rect.width, rect.height};
}

static const char *toString(model::Axis axis) {
  switch (axis) {
  case model::Axis::None:
    return "none";
  case model::Axis::X:
    return "x";
  case model::Axis::Y:
    return "y";
  case model::Axis::Group:
    return "group";
  }
  return "none";
}

static plan::Cut toCut(const model::Cut &cut) {
  return {cut.dim,   cut.size,  toString(cut.axis), cut.parts, cut.unit,
          cut.shard, cut.inner, cut.points,         cut.pitch};
}

static std::vector<plan::Cut> toCuts(const std::vector<model::Cut> &cuts) {
  std::vector<plan::Cut> result;
  for (const model::Cut &cut : cuts)
    result.push_back(toCut(cut));
  return result;
}

static const char *toString(model::OpClass opClass) {
  switch (opClass) {
  case model::OpClass::Contraction:
    return "contraction";
  case model::OpClass::Elementwise:
    return "elementwise";
  case model::OpClass::Reduction:
    return "reduction";
  case model::OpClass::Softmax:
    return "softmax";
  case model::OpClass::TopK:
    return "top_k";
  case model::OpClass::Lookup:
    return "lookup";
  case model::OpClass::Move:
    return "move";
  case model::OpClass::Opaque:
    return "opaque";
  }
  return "opaque";
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static const char *toBufferRole(model::TensorRole role) {
  switch (role) {
  case model::TensorRole::Weights:
    return "weights";
  case model::TensorRole::State:
    return "state";
  case model::TensorRole::Input:
    return "input";
  case model::TensorRole::Output:
    return "output";
  case model::TensorRole::Local:
    return "scratch";
  }
  return "scratch";
}

static plan::Operand toOperand(const model::KernelSpec &spec,
                               const model::OperandSpec &operand, int op) {
  plan::Operand result;
  result.role = toBufferRole(operand.role);
  result.buffer = memory::bufferName(spec, operand.role, operand.tensor, op);
  result.type = operand.type.name;
  result.bits = operand.type.bits;
  for (const model::IndexExpr &index : operand.indexing) {
    result.indexDims.push_back(index.dim);
    result.indexDivisors.push_back(index.divisor);
    result.indexFirsts.push_back(index.first);
  }
  if (llvm::all_of(result.indexFirsts,
                   [](int64_t first) { return first == 0; }))
    result.indexFirsts.clear();
  return result;
}

static std::vector<plan::OpCut> toOps(const model::KernelSpec &spec,
                                      const model::Sharding &sharding) {
  std::vector<plan::OpCut> ops;
  for (auto [op, opSharding] : llvm::zip_equal(spec.ops, sharding.ops)) {
    int number = static_cast<int>(ops.size());
    plan::OpCut &result = ops.emplace_back();
    result.op = op.name;
    result.kind = toString(op.opClass);
    result.operations = op.opsPerPoint;
    result.density = op.density;
    for (const model::OperandSpec &operand : op.operands)
      result.operands.push_back(toOperand(spec, operand, number));
    if (result.operands.empty() ||
        result.operands.back().type != op.computeType.name)
      result.computeType = op.computeType.name;
    for (auto [dim, cut] :
         llvm::zip_equal(op.dims, model::opCuts(op, opSharding, sharding)))
      result.dims.push_back(
          {toCut(cut), dim.kind == model::DimKind::Reduction});
  }
  return ops;
}

static std::vector<plan::WeightPiece>
toPieces(const model::WeightSpec &weight) {
  std::vector<plan::WeightPiece> pieces;
  for (const model::WeightPiece &piece : weight.pieces)
    pieces.push_back({piece.source.initializer, piece.source.file,
                      piece.source.offset, piece.source.length,
                      piece.source.encoding, piece.stored.bits, piece.first,
                      piece.sizes, piece.strides});
  return pieces;
}

static std::vector<plan::Weight> toWeights(const model::KernelSpec &spec,
                                           const model::Sharding &sharding) {
  std::vector<plan::Weight> weights;
  for (auto [index, weight] : llvm::enumerate(spec.weights)) {
    int number = static_cast<int>(index);
    weights.push_back({weight.name, weight.bytes, toPieces(weight),
                       weight.type.name, weight.type.bits, weight.shape,
                       weight.rowPitchBits,
                       toCuts(model::weightCuts(spec, sharding, number)),
                       model::copies(spec, sharding, number)});
  }
  return weights;
}

/// `room` are the tokens of a sequence after the step.
static std::vector<plan::State> toStates(const model::KernelSpec &spec,
                                         const model::Sharding &sharding,
                                         int64_t room) {
  std::vector<plan::State> states;
  for (auto [index, state] : llvm::enumerate(spec.states)) {
    int number = static_cast<int>(index);
    int dim = memory::contextDim(spec, sharding, number);
    int64_t kept = dim < 0 ? room : state.shape[dim];
    states.push_back({state.name, state.type.name, state.type.bits, state.shape,
                      state.bytes(),
                      toCuts(model::stateCuts(spec, sharding, number)), dim,
                      kept == room ? 0 : kept});
  }
  return states;
}

/// All cores that the groups of a kernel take form one class.
static plan::CoreClass toCoreClass(const PlacedKernel &kernel,
                                   const plan::System &system) {
  const model::Sharding &sharding = kernel.sharding;
  plan::CoreClass cores;
  cores.name = "all";
  model::Rect region = Placement(kernel.placement).getRect();
  cores.rectangles.push_back({region.x, region.y,
                              sharding.groups.width * sharding.group.width,
                              sharding.groups.height * sharding.group.height});
  cores.cores = sharding.numGroups() * sharding.group.area();
  for (BufferOp buffer : kernel.buffers) {
    bool isPort = buffer.getRole() == BufferRole::Input ||
                  buffer.getRole() == BufferRole::Output;
    cores.memory.push_back(
        {buffer.getName().str(), stringifyBufferRole(buffer.getRole()).str(),
         buffer.getOffset(), buffer.getBytes(),
         isPort ? model::kStreamBuffers : 1, buffer.getFirst(),
         buffer.getLast(), system.bufferAlignment,
         system.bankOf(buffer.getOffset())});
    cores.bytesPerCore =
        std::max(cores.bytesPerCore, buffer.getOffset() + buffer.getBytes());
  }
  return cores;
}

/// Symbols of regions are unique on their wafer.
static std::string regionName(RegionOp region) {
  return ("w" + Twine(region.getStage().getWafer()) + "." + region.getSymName())
      .str();
}

static plan::Kernel toKernel(const model::KernelSpec &spec,
                             PlacedKernel &kernel, int64_t room,
                             const plan::System &system) {
  plan::Kernel result;
  result.name = spec.name;
  result.role = model::toString(spec.role);
  result.layer = spec.layer;
  result.structure = spec.structuralHash;
  result.experts = spec.numExperts;
  result.expertsPerToken = spec.expertsPerToken;
  result.wafer = kernel.placement.stage.getWafer();
  model::Rect region = kernel.placement.getRect();
  result.region = regionName(kernel.placement.region);
  result.rectangle = toRectangle(region);
  result.ops = toOps(spec, kernel.sharding);
  result.weights = toWeights(spec, kernel.sharding);
  result.states = toStates(spec, kernel.sharding, room);
  for (ExpertGroupOp group : kernel.groups) {
    model::Rect rect = group.getRect();
    rect.x += region.x;
    rect.y += region.y;
    result.groups.push_back(
        {group.getIndex(), toRectangle(rect), group.getExperts().vec()});
  }
  result.classes.push_back(toCoreClass(kernel, system));
  result.bytesPerCore = result.classes.front().bytesPerCore;
  EstimateOp estimate = kernel.estimate;
  result.cycles = toCycles(estimate.getCycles());
  result.worstCaseCycles = estimate.getWorstCase().convertToDouble();
  result.bound =
      toPlanBound(estimate.getBound(), estimate.getBound().getCycles());
  BoundAttr onRegion = estimate.getRegionBoundAttr();
  if (!onRegion)
    onRegion = estimate.getBound();
  result.regionBound = toPlanBound(onRegion, onRegion.getCycles());
  result.unknownBytes = estimate.getUnknownBytes().convertToDouble();
  result.movedBytes = estimate.getMovedBytes().convertToDouble();
  return result;
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

static plan::System toSystem(SystemOp system) {
  TargetAttr target = system.getTarget();
  plan::System result;
  result.target = target.getName().str();
  result.description = target.getDescription().str();
  result.wafers = system.getWafers();
  result.width = target.getWidth();
  result.height = target.getHeight();
  ArrayRef<int64_t> dead = target.getDead();
  for (; !dead.empty(); dead = dead.drop_front(4))
    result.dead.push_back({dead[0], dead[1], dead[2], dead[3]});
  result.sramBytes = static_cast<int64_t>(target.getValue("sram"));
  result.reservedBytes = static_cast<int64_t>(target.getValue("reserved"));
  result.budgetBytes = system.getPlanBudget();
  result.bufferAlignment = model::kBufferAlignment;
  result.clockGhz = target.getValue("clock");
  result.banks = static_cast<int64_t>(target.getValue("banks"));
  if (result.reservedBytes > 0)
    result.reserved = {{"code, stack and runtime", 0, result.reservedBytes}};
  for (NamedAttribute entry : target.getFigures()) {
    auto figure = cast<FigureAttr>(entry.getValue());
    result.figures.push_back({entry.getName().str(),
                              figure.getValue().getValueAsDouble(),
                              figure.getUnit().str(), figure.getSource().str(),
                              figure.getAssumption()});
  }
  return result;
}

/// Scratch of a kernel that is live at once, at most.
static int64_t liveScratch(const plan::Kernel &kernel) {
  int64_t most = 0;
  for (const plan::CoreClass &cores : kernel.classes) {
    // What begins with an op is there until after its last one.
    std::map<int64_t, int64_t> change;
    for (const plan::Buffer &buffer : cores.memory)
      if (buffer.role == "scratch") {
        change[buffer.firstOp] += buffer.bytes;
        change[buffer.lastOp + 1] -= buffer.bytes;
      }
    int64_t live = 0;
    for (auto [op, bytes] : change)
      most = std::max(most, live += bytes);
  }
  return most;
}

/// Buffers of a kernel that are there all the time.
static int64_t residentBytes(const plan::Kernel &kernel) {
  int64_t bytes = 0;
  for (const plan::Buffer &buffer : kernel.classes.front().memory)
    bytes += buffer.role == "scratch" ? 0 : buffer.bytes;
  return bytes;
}

static int64_t toMaxContext(const PlacedSystem &placement) {
  llvm::MapVector<Operation *, std::vector<model::CutKernel>> regions;
  for (auto [spec, kernel] :
       llvm::zip_equal(placement.model.kernels, placement.kernels))
    regions[RegionOp(kernel.placement.region)].push_back(
        {&spec, &kernel.sharding});
  std::vector<std::vector<model::CutKernel>> cuts;
  for (auto &[region, kernels] : regions)
    cuts.push_back(kernels);
  SystemOp system = placement.system;
  const model::Graph &model = placement.model;
  int64_t longest = memory::longestContext(cuts, model.context, model.tokens,
                                           system.getPlanBudget());
  std::optional<int64_t> positions =
      lookedUpPositions(model, model.context + model.tokens);
  return positions ? std::min(longest, *positions - model.tokens) : longest;
}

/// The regions that kernels use, in the order of the IR.
static std::vector<plan::Region> toRegions(const PlacedSystem &placement,
                                           ArrayRef<plan::Kernel> kernels) {
  std::vector<plan::Region> regions;
  llvm::StringMap<size_t> indexOf;
  llvm::StringMap<int64_t> scratchOf;
  for (StageOp stage : SystemOp(placement.system).getBlock().getOps<StageOp>())
    for (RegionOp region : stage.getBlock().getOps<RegionOp>()) {
      indexOf[regionName(region)] = regions.size();
      regions.push_back({regionName(region),
                         stage.getWafer(),
                         toRectangle(region.getRect()),
                         {},
                         0,
                         0});
    }
  for (const plan::Kernel &kernel : kernels) {
    plan::Region &region = regions[indexOf.lookup(kernel.region)];
    region.kernels.push_back(kernel.name);
    region.bytesPerCore = std::max(region.bytesPerCore, kernel.bytesPerCore);
    region.leastBytesPerCore += residentBytes(kernel);
    int64_t &scratch = scratchOf[kernel.region];
    scratch = std::max(scratch, liveScratch(kernel));
  }
  for (plan::Region &region : regions)
    region.leastBytesPerCore += scratchOf[region.name];
  llvm::erase_if(regions, [](const plan::Region &region) {
    return region.kernels.empty();
  });
  return regions;
}

static plan::Stream toStream(const model::Graph &model,
                             const model::StreamSpec &stream,
                             ConnectOp connect) {
  auto nameOf = [&](int kernel) {
    return kernel == model::kHost ? std::string() : model.kernels[kernel].name;
  };
  plan::Stream result;
  result.name = stream.name;
  result.from = nameOf(stream.producer);
  result.fromPort = stream.producerPort;
  result.to = nameOf(stream.consumer);
  result.toPort = stream.consumerPort;
  result.type = stream.type.name;
  result.shape = stream.shape;
  result.bytes = connect.getBytes();
  result.hops = connect.getHops();
  result.crossing = connect.getCrossing();
  result.inPlace = connect.getInPlace();
  if (connect.getCycles())
    result.cycles = toCycles(*connect.getCycles());
  return result;
}

static plan::Estimate toEstimate(const PlacedSystem &placement,
                                 const std::vector<plan::Kernel> &kernels) {
  StepEstimateOp step = placement.step;
  SystemOp system = placement.system;
  plan::Estimate result;
  result.mode = stringifyCostMode(step.getMode()).str();
  result.latency = toCycles(step.getLatency());
  result.worstCaseLatency = step.getWorstCase().convertToDouble();
  if (auto cycles = step.getRoundRobin())
    result.otherPlacements.push_back(
        {"round_robin", cycles->convertToDouble()});
  if (auto cycles = step.getInOrder())
    result.otherPlacements.push_back({"in_order", cycles->convertToDouble()});
  for (auto kernel : step.getPath().getAsRange<FlatSymbolRefAttr>())
    result.criticalPath.push_back(kernel.getValue().str());
  result.stageCycles = step.getStages().vec();
  double least = step.getLeast().convertToDouble();
  result.bound = toPlanBound(step.getBound(), least);
  result.modelBound = {step.getModel().convertToDouble(),
                       static_cast<int64_t>(step.getModelWafers())};
  result.gap = least > 0 ? result.latency.total / least : 0;
  for (const plan::Kernel &kernel : kernels) {
    result.unknownBytes += kernel.unknownBytes;
    result.movedBytes += kernel.movedBytes;
  }

  schedule::Problem problem;
  problem.batch = placement.model.batch;
  problem.tokens = placement.model.tokens;
  schedule::Solution solution;
  solution.latency = toBreakdown(step.getLatency());
  solution.stageCycles = result.stageCycles;
  solution.slowestStage = static_cast<int>(
      llvm::max_element(result.stageCycles) - result.stageCycles.begin());
  TargetAttr target = system.getTarget();
  problem.clock = target.getValue("clock");
  int64_t steps = stepsInFlight(system.lookupGraph());
  schedule::Pipeline pipeline =
      schedule::pipelineOf(result.latency.total, result.stageCycles, steps);
  result.inFlight = {steps, pipeline.period, pipeline.turn(), pipeline.fill,
                     pipeline.drain};
  std::vector<double> clocks = {problem.clock};
  llvm::append_range(clocks, target.getReportClocks().asArrayRef());
  for (double clock : clocks)
    result.rates.push_back({clock, solution.tokensPerUser(problem, clock),
                            solution.tokensPerSystem(problem, clock),
                            solution.tokensInFlight(problem, clock, steps)});
  return result;
}

/// Options as given, then those of the system that are not among them.
static std::vector<std::string> toOptions(SystemOp system,
                                          std::vector<std::string> options) {
  size_t numGiven = options.size();
  for (NamedAttribute option :
       system.getOptions().value_or(DictionaryAttr::get(system.getContext()))) {
    std::string name = option.getName().str() + "=";
    bool isGiven =
        llvm::any_of(llvm::ArrayRef(options).take_front(numGiven),
                     [&](StringRef given) { return given.starts_with(name); });
    if (isGiven)
      continue;
    llvm::raw_string_ostream os(name);
    if (auto text = dyn_cast<StringAttr>(option.getValue()))
      os << text.getValue();
    else
      option.getValue().print(os, /*elideType=*/true);
    options.push_back(name);
  }
  return options;
}

static std::string describeRouting(RoutingAttr routing) {
  if (!routing)
    return "routing: every expert equally likely, independently for each token";
  if (FloatAttr exponent = routing.getZipf())
    return fmt::format("routing: expert i of a layer as likely as 1 / (i + "
                       "1)^{:g}, independently for each token",
                       exponent.getValueAsDouble());
  return fmt::format("routing: tokens of trace {} (SHA-256 {}), drawn "
                     "independently of each other",
                     routing.getTrace().getValue(),
                     routing.getDigest().getValue());
}

/// What the estimates take for granted.
static std::vector<std::string> toAssumptions(const plan::Plan &plan,
                                              RoutingAttr routing) {
  std::vector<std::string> result;
  for (const plan::Figure &figure : plan.system.figures)
    if (figure.assumption)
      result.push_back(fmt::format("{} of {}: {} {} ({})", figure.name,
                                   plan.system.target, figure.value,
                                   figure.unit, figure.source));
  if (plan.estimate.mode == "ideal")
    result.push_back(
        "cycles: limits of the hardware only, software takes none");
  if (llvm::any_of(plan.kernels,
                   [](const plan::Kernel &kernel) { return kernel.experts; }))
    result.push_back(describeRouting(routing));
  if (plan.system.wafers > 1)
    result.push_back(
        fmt::format("crossings: take the same time at every clock; "
                    "the critical path is that at {} GHz",
                    plan.system.clockGhz));
  int64_t moves = 0;
  for (const plan::Kernel &kernel : plan.kernels)
    moves += llvm::count_if(kernel.ops, [](const plan::OpCut &op) {
      return op.kind == "move" && op.op != "slice" && op.op != "concat";
    });
  if (moves > 0)
    result.push_back(fmt::format(
        "moves: {} transpositions, broadcasts and the like inside kernels take "
        "values where they lie; no way to where they are cut is counted",
        moves));
  result.push_back("host: its streams take no time");
  if (!plan.feasible)
    result.push_back(fmt::format(
        "budget: {} for data on a core, of which the target has {}",
        formatBytes(plan.system.budgetBytes),
        formatBytes(plan.system.sramBytes - plan.system.reservedBytes)));
  return result;
}

static std::string modelName(ModuleOp module, const PlanContext &context) {
  if (!context.model.empty())
    return context.model;
  auto file = module->getAttrOfType<StringAttr>(onnx::OnnxDialect::kFileAttr);
  return file ? file.str() : "";
}

/// Kernels of several groups of experts take less than was estimated where
/// their tokens spread evenly; nothing waits for anything. How many choices
/// their busiest group has follows from the routing.
static void addExpertLoads(const PlacedSystem &placement, plan::Plan &plan) {
  for (plan::Kernel &kernel : plan.kernels) {
    plan::Cycles cycles = kernel.cycles;
    kernel.leastCycles = cycles.compute + cycles.sram + cycles.fabricLatency +
                         cycles.fabricBandwidth + cycles.software +
                         cycles.crossing;
  }
  if (llvm::none_of(plan.kernels, [](const plan::Kernel &kernel) {
        return !kernel.groups.empty();
      }))
    return;
  SystemOp system = placement.system;
  SmallVector<Placement> placements;
  for (const PlacedKernel &kernel : placement.kernels)
    placements.push_back(kernel.placement);
  StepProblem step(toTarget(system.getTarget()), toMode(system.getCost()),
                   routingOf(system), placement.model,
                   static_cast<int>(system.getWafers()), placements);
  for (auto [kernel, least, activations] :
       llvm::zip_equal(plan.kernels, step.leastCycles, step.activations)) {
    if (kernel.groups.size() > 1)
      kernel.leastCycles = std::min(kernel.leastCycles, least);
    kernel.activations = activations;
  }
}

FailureOr<plan::Plan> inlay::wafer::toPlan(ModuleOp module,
                                           const PlanContext &context) {
  FailureOr<PlacedSystem> placement = readSystem(module);
  if (failed(placement))
    return failure();
  FailureOr<std::vector<plan::PhaseEstimate>> phases =
      phaseEstimates(*placement);
  if (failed(phases))
    return failure();
  const model::Graph &model = placement->model;
  SystemOp system = placement->system;

  plan::Plan plan;
  if (failed(account(module, *placement, plan)))
    return failure();
  plan.otherPhases = std::move(*phases);
  plan.producer = context.producer;
  plan.model = modelName(module, context);
  plan.digests = context.digests;
  if (!system.getTarget().getDigest().empty())
    plan.digests.push_back({"target", system.getTarget().getDigest().str()});
  plan.arguments = toOptions(system, context.options);
  plan.seed = seedOf(system.lookupGraph());
  plan.feasible = !system.getOverBudget();
  plan.step = {model.phase == model::Phase::Prefill ? "prefill" : "decode",
               model.batch, model.context, model.tokens,
               model.batch * stepsInFlight(system.lookupGraph())};
  plan.system = toSystem(system);
  for (auto [spec, kernel] : llvm::zip_equal(model.kernels, placement->kernels))
    plan.kernels.push_back(
        toKernel(spec, kernel, model.context + model.tokens, plan.system));
  addExpertLoads(*placement, plan);
  if (failed(nameValues(*placement, plan)))
    return failure();
  plan.regions = toRegions(*placement, plan.kernels);
  plan.maxContext = toMaxContext(*placement);
  for (auto [stream, connect] :
       llvm::zip_equal(model.streams, placement->connects))
    plan.streams.push_back(toStream(model, stream, connect));
  plan.estimate = toEstimate(*placement, plan.kernels);
  plan.assumptions = toAssumptions(plan, system.getRoutingAttr());
  if (Type type = kvTypeOf(system.lookupGraph()))
    plan.assumptions.push_back(
        fmt::format("states: kept as {}; where ops compute in another type, "
                    "converting them takes no time",
                    nn::getElementType(type).name));
  addRoutes(*placement, plan);
  llvm::append_range(plan.assumptions, context.assumptions);
  return plan;
}
