//===- PlacedSystem.cpp - What the IR says of each kernel and stream ------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/PlacedSystem.h"

#include "dialects/Wafer/Transforms/EmitDiagnostics.h"
#include "dialects/Wafer/Transforms/ExtractModel.h"
#include "inlay/Model/Cuts.h"
#include "inlay/Support/Format.h"

#include <array>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace {

/// What a plan needs and a pass has not made yet.
enum class Gap {
  Groups,
  Buffer,
  Connections,
  Routes,
  KernelEstimate,
  StreamCycles,
  StepEstimate,
  Last = StepEstimate,
};

struct GapText {
  const char *missing;
  const char *pass;
};

constexpr std::array<GapText, static_cast<size_t>(Gap::Last) + 1> kGapTexts = {{
    {"has not the expert groups of its sharding", "place-regions"},
    {"has no buffer for every weight and state", "allocate-memory"},
    {"has not an 'inlay_wafer.connect' for every stream", "place-regions"},
    {"has no 'inlay_wafer.fabric'", "route-streams"},
    {"has no 'inlay_wafer.estimate'", "schedule-step"},
    {"has no cycles", "schedule-step"},
    {"has no 'inlay_wafer.step_estimate'", "schedule-step"},
}};

/// Gaps of one kind become one error, which names the first.
class Gaps {
public:
  void add(Gap gap, Operation *op, const Twine &subject) {
    Entry &entry = entries[static_cast<size_t>(gap)];
    if (entry.count++ == 0) {
      entry.op = op;
      entry.subject = subject.str();
    }
  }

  LogicalResult report() const {
    bool any = false;
    for (auto [entry, text] : llvm::zip_equal(entries, kGapTexts)) {
      if (entry.count == 0)
        continue;
      any = true;
      InFlightDiagnostic diag = entry.op->emitError() << entry.subject;
      if (entry.count > 1)
        diag << ", like " << formatCount(entry.count - 1) << " more,";
      diag << " " << text.missing << ", which a plan needs; run '--"
           << text.pass << "'";
    }
    return failure(any);
  }

private:
  struct Entry {
    Operation *op = nullptr;
    std::string subject;
    int64_t count = 0;
  };
  std::array<Entry, kGapTexts.size()> entries;
};

class SystemReader {
public:
  SystemReader(SystemOp system, model::Graph model) {
    result.system = system;
    result.model = std::move(model);
  }

  FailureOr<PlacedSystem> run();

private:
  LogicalResult addKernels();
  void sortOps(StageOp stage);
  LogicalResult checkKernel(const model::KernelSpec &spec,
                            PlacedKernel &kernel);
  LogicalResult checkBuffers(const model::KernelSpec &spec,
                             PlacedKernel &kernel);
  LogicalResult addConnects();
  LogicalResult checkConnect(ConnectOp connect,
                             const model::StreamSpec &stream);

  PlacedSystem result;
  Gaps gaps;
};

} // namespace

LogicalResult SystemReader::addKernels() {
  FailureOr<SmallVector<Placement>> placements =
      readPlacements(result.system, result.model, Progress::Placed);
  if (failed(placements))
    return failure();
  for (Placement &placement : *placements)
    result.kernels.push_back({placement, placement.getSharding(), {}, {}, {}});
  for (auto stage : result.system.getBlock().getOps<StageOp>())
    sortOps(stage);
  bool isValid = true;
  for (auto [spec, kernel] :
       llvm::zip_equal(result.model.kernels, result.kernels))
    isValid &= succeeded(checkKernel(spec, kernel));
  return success(isValid);
}

/// Sorts the ops of a stage by kernel. What is about a kernel is about one that
/// the stage assigns; its verifier has seen to that.
void SystemReader::sortOps(StageOp stage) {
  llvm::StringMap<PlacedKernel *> kernels;
  for (PlacedKernel &kernel : result.kernels)
    if (kernel.placement.stage == stage)
      kernels[kernel.placement.assign.getKernel()] = &kernel;
  for (auto group : stage.getBlock().getOps<ExpertGroupOp>())
    kernels.lookup(group.getKernel())->groups.push_back(group);
  for (auto buffer : stage.getBlock().getOps<BufferOp>())
    kernels.lookup(buffer.getKernel())->buffers.push_back(buffer);
  for (auto estimate : stage.getBlock().getOps<EstimateOp>())
    kernels.lookup(estimate.getKernel())->estimate = estimate;
}

LogicalResult SystemReader::checkKernel(const model::KernelSpec &spec,
                                        PlacedKernel &kernel) {
  AssignOp assign = kernel.placement.assign;
  Diagnostics diags;
  if (!model::check(spec, kernel.sharding, diags)) {
    emitDiagnostics(assign, diags);
    return failure();
  }
  std::string subject = "kernel '" + spec.name + "'";
  if (kernel.groups.size() != model::expertGroups(spec, kernel.sharding).size())
    gaps.add(Gap::Groups, assign, subject);
  if (!kernel.estimate)
    gaps.add(Gap::KernelEstimate, assign, subject);
  return checkBuffers(spec, kernel);
}

static llvm::StringMap<BufferOp> byName(const PlacedKernel &kernel,
                                        BufferRole role) {
  llvm::StringMap<BufferOp> buffers;
  for (BufferOp buffer : kernel.buffers)
    if (buffer.getRole() == role)
      buffers.try_emplace(buffer.getName(), buffer);
  return buffers;
}

/// Weights and states have buffers that hold their shards: what is left over is
/// padding, never negative.
LogicalResult SystemReader::checkBuffers(const model::KernelSpec &spec,
                                         PlacedKernel &kernel) {
  llvm::StringMap<BufferOp> states = byName(kernel, BufferRole::State);
  llvm::StringMap<BufferOp> weights = byName(kernel, BufferRole::Weights);
  auto isMissing = [](const llvm::StringMap<BufferOp> &buffers) {
    return [&](const auto &tensor) { return !buffers.contains(tensor.name); };
  };
  if (llvm::any_of(spec.states, isMissing(states)) ||
      llvm::any_of(spec.weights, isMissing(weights))) {
    gaps.add(Gap::Buffer, kernel.placement.assign,
             "kernel '" + spec.name + "'");
    return success();
  }
  for (auto [index, weight] : llvm::enumerate(spec.weights)) {
    BufferOp buffer = weights.lookup(weight.name);
    int64_t needed = model::largestShardBytes(spec, kernel.sharding,
                                              static_cast<int>(index));
    if (static_cast<int64_t>(buffer.getBytes()) < needed)
      return buffer.emitError()
             << "weight '" << weight.name << "' of kernel '" << spec.name
             << "' has a buffer of " << formatBytes(buffer.getBytes())
             << ", but its largest shard needs " << formatBytes(needed);
  }
  return success();
}

LogicalResult SystemReader::checkConnect(ConnectOp connect,
                                         const model::StreamSpec &stream) {
  auto nameOf = [&](int kernel) -> StringRef {
    return kernel == model::kHost ? StringRef()
                                  : result.model.kernels[kernel].name;
  };
  if (connect.getName() != stream.name ||
      connect.getProducer().value_or("") != nameOf(stream.producer) ||
      connect.getConsumer().value_or("") != nameOf(stream.consumer))
    return connect.emitError()
           << "connection '" << connect.getName()
           << "' stands in the place of stream '" << stream.name
           << "'; connections are in the order of the graph's streams";
  // Streams of the host take no cycles.
  if (!connect.getCycles() && stream.producer != model::kHost &&
      stream.consumer != model::kHost)
    gaps.add(Gap::StreamCycles, connect, "stream '" + stream.name + "'");
  return success();
}

LogicalResult SystemReader::addConnects() {
  result.connects =
      llvm::to_vector(result.system.getBlock().getOps<ConnectOp>());
  if (result.connects.size() != result.model.streams.size()) {
    gaps.add(Gap::Connections, result.system,
             "system '" + result.system.getSymName() + "'");
    return success();
  }
  for (auto [connect, stream] :
       llvm::zip_equal(result.connects, result.model.streams))
    if (failed(checkConnect(connect, stream)))
      return failure();
  return success();
}

FailureOr<PlacedSystem> SystemReader::run() {
  bool isValid = succeeded(addKernels());
  if (!isValid && result.kernels.empty())
    return failure();
  isValid &= succeeded(addConnects());
  for (auto stage : result.system.getBlock().getOps<StageOp>())
    for (Operation &op : stage.getBlock())
      if (isa<CollectiveOp, RouteOp>(op))
        result.routes.push_back(&op);
  for (auto fabric : result.system.getBlock().getOps<FabricOp>())
    result.fabric = fabric;
  if (!result.fabric)
    gaps.add(Gap::Routes, result.system,
             "system '" + result.system.getSymName() + "'");
  for (auto step : result.system.getBlock().getOps<StepEstimateOp>())
    result.step = step;
  if (!result.step)
    gaps.add(Gap::StepEstimate, result.system,
             "system '" + result.system.getSymName() + "'");
  if (failed(gaps.report()) || !isValid)
    return failure();
  return std::move(result);
}

FailureOr<PlacedSystem> inlay::wafer::readSystem(ModuleOp module) {
  FailureOr<SystemOp> system = findSystem(module);
  if (failed(system))
    return failure();
  FailureOr<model::Graph> model = extractModel(system->lookupGraph());
  if (failed(model))
    return failure();
  return SystemReader(*system, std::move(*model)).run();
}
