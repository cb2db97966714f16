//===- AllocateMemory.cpp - Gives every core a map of its SRAM ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmitDiagnostics.h"
#include "MappingAnalysis.h"
#include "Passes.h"
#include "Placement.h"

#include "inlay/Memory/Memory.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_ALLOCATEMEMORY
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

static BufferRole roleOf(model::TensorRole role) {
  switch (role) {
  case model::TensorRole::Weights:
    return BufferRole::Weights;
  case model::TensorRole::State:
    return BufferRole::State;
  case model::TensorRole::Input:
    return BufferRole::Input;
  case model::TensorRole::Output:
    return BufferRole::Output;
  case model::TensorRole::Local:
    return BufferRole::Scratch;
  }
  llvm_unreachable("a buffer of an unknown role");
}

namespace {

/// Writes the memory map of each region of a system. Regions that are equal but
/// for the names of their kernels have equal offsets, which are found once.
class Allocator {
public:
  Allocator(SystemOp system, const model::Graph &model,
            MutableArrayRef<Placement> placements)
      : system(system), model(model), placements(placements),
        builder(system.getContext()) {}

  LogicalResult run();

private:
  using Kernels = std::vector<size_t>;

  LogicalResult allocate(RegionOp region, const Kernels &kernels);
  std::optional<memory::Solution> solve(RegionOp region, const Kernels &kernels,
                                        const memory::Problem &problem);
  void addBuffer(size_t kernel, const std::string &name,
                 const model::ShardBuffer &shard, int64_t offset);

  /// Structure and sharding of each kernel, and the extent of the region.
  using Key = std::pair<std::vector<std::pair<std::string, const void *>>,
                        std::pair<int64_t, int64_t>>;

  SystemOp system;
  const model::Graph &model;
  MutableArrayRef<Placement> placements;
  OpBuilder builder;
  std::map<Key, memory::Solution> known;
  int64_t buffers = 0, fullest = 0;
};

class AllocateMemory
    : public inlay::wafer::impl::AllocateMemoryBase<AllocateMemory> {
  void runOnOperation() override {
    auto &mapping = getAnalysis<MappingAnalysis>();
    FailureOr<OpenSystem> open =
        openSystem(getOperation(), mapping, Progress::Sharded);
    if (failed(open) ||
        failed(Allocator(open->system, mapping.getModel(), open->placements)
                   .run()))
      return signalPassFailure();
    markAnalysesPreserved<MappingAnalysis>();
  }
};

} // namespace

LogicalResult Allocator::run() {
  llvm::MapVector<Operation *, Kernels> regions;
  for (auto [k, placement] : llvm::enumerate(placements))
    regions[placement.region].push_back(k);
  bool isValid = true;
  for (auto &[region, kernels] : regions)
    isValid &= succeeded(allocate(cast<RegionOp>(region), kernels));
  if (!isValid)
    return failure();
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("AllocateMemory").category("mapping"))
      << "mapped the SRAM of every core" << remark::metric("buffers", buffers)
      << remark::metric("fullest", fullest);
  return success();
}

LogicalResult Allocator::allocate(RegionOp region, const Kernels &kernels) {
  std::vector<model::Sharding> shardings;
  for (size_t k : kernels)
    shardings.push_back(placements[k].getSharding());
  std::vector<model::CutKernel> cuts;
  for (auto [k, sharding] : llvm::zip_equal(kernels, shardings))
    cuts.push_back({&model.kernels[k], &sharding});
  memory::Problem problem = memory::problemOf(
      cuts,
      kernels.size() == 1
          ? model.kernels[kernels.front()].name
          : (region.getStage().getSymName() + "::" + region.getSymName()).str(),
      system.getPlanBudget());
  std::optional<memory::Solution> solution = solve(region, kernels, problem);
  if (!solution)
    return failure();
  size_t next = 0;
  for (auto [k, cut] : llvm::zip_equal(kernels, cuts))
    for (const model::ShardBuffer &shard :
         model::shardBuffers(*cut.kernel, *cut.sharding)) {
      addBuffer(k, problem.buffers[next].name, shard, solution->offsets[next]);
      ++next;
    }
  fullest = std::max(fullest, solution->peak);
  return success();
}

std::optional<memory::Solution>
Allocator::solve(RegionOp region, const Kernels &kernels,
                 const memory::Problem &problem) {
  Key key;
  bool isKnowable = true;
  for (size_t k : kernels) {
    isKnowable &= !model.kernels[k].structuralHash.empty();
    key.first.push_back(
        {model.kernels[k].structuralHash,
         placements[k].assign.getShardingAttr().getAsOpaquePointer()});
  }
  key.second = {region.getWidth(), region.getHeight()};
  if (auto found = known.find(key); found != known.end() && isKnowable)
    return found->second;
  Diagnostics diags;
  std::optional<memory::Solution> solution;
  if (problem.check(diags))
    solution = memory::solve(problem, diags);
  if (solution && !solution->verify(problem, diags))
    solution.reset();
  emitDiagnostics(kernels.size() == 1
                      ? placements[kernels.front()].assign.getOperation()
                      : region.getOperation(),
                  diags);
  if (solution)
    known[key] = *solution;
  return solution;
}

void Allocator::addBuffer(size_t kernel, const std::string &name,
                          const model::ShardBuffer &shard, int64_t offset) {
  Placement &placement = placements[kernel];
  builder.setInsertionPointToEnd(&placement.stage.getBlock());
  BufferOp::create(
      builder, placement.assign.getLoc(), builder.getStringAttr(name),
      placement.assign.getKernelAttr(),
      BufferRoleAttr::get(builder.getContext(), roleOf(shard.role)),
      builder.getI64IntegerAttr(offset), builder.getI64IntegerAttr(shard.bytes),
      builder.getI64IntegerAttr(shard.firstOp),
      builder.getI64IntegerAttr(shard.lastOp));
  ++buffers;
}
