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

/// Writes the memory map of each kernel of a system. Kernels that are equal but
/// for their names have equal offsets, which are found once.
class Allocator {
public:
  Allocator(SystemOp system, const model::Graph &model,
            MutableArrayRef<Placement> placements)
      : system(system), model(model), placements(placements),
        builder(system.getContext()) {}

  LogicalResult run();

private:
  std::optional<memory::Solution> solve(const model::KernelSpec &kernel,
                                        Placement &placement,
                                        const memory::Problem &problem);
  void addBuffers(const model::KernelSpec &kernel, Placement &placement,
                  const memory::Problem &problem,
                  const memory::Solution &solution);

  using Key = std::tuple<std::string, const void *, int64_t, int64_t>;

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
  bool isValid = true;
  for (auto [kernel, placement] : llvm::zip(model.kernels, placements)) {
    memory::Problem problem = memory::problemOf(kernel, placement.getSharding(),
                                                system.getPlanBudget());
    std::optional<memory::Solution> solution =
        solve(kernel, placement, problem);
    if (solution)
      addBuffers(kernel, placement, problem, *solution);
    else
      isValid = false;
  }
  if (!isValid)
    return failure();
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("AllocateMemory").category("mapping"))
      << "mapped the SRAM of every core" << remark::metric("buffers", buffers)
      << remark::metric("fullest", fullest);
  return success();
}

std::optional<memory::Solution>
Allocator::solve(const model::KernelSpec &kernel, Placement &placement,
                 const memory::Problem &problem) {
  Key key = {kernel.structuralHash,
             placement.assign.getShardingAttr().getAsOpaquePointer(),
             placement.region.getWidth(), placement.region.getHeight()};
  if (auto found = known.find(key);
      found != known.end() && !kernel.structuralHash.empty())
    return found->second;
  Diagnostics diags;
  std::optional<memory::Solution> solution;
  if (problem.check(diags))
    solution = memory::solve(problem, diags);
  if (solution && !solution->verify(problem, diags))
    solution.reset();
  emitDiagnostics(placement.assign, diags);
  if (solution)
    known[key] = *solution;
  return solution;
}

void Allocator::addBuffers(const model::KernelSpec &kernel,
                           Placement &placement, const memory::Problem &problem,
                           const memory::Solution &solution) {
  builder.setInsertionPointToEnd(&placement.stage.getBlock());
  std::vector<model::ShardBuffer> shards =
      model::shardBuffers(kernel, placement.getSharding());
  for (auto [shard, buffer, offset] :
       llvm::zip_equal(shards, problem.buffers, solution.offsets))
    BufferOp::create(
        builder, placement.assign.getLoc(), builder.getStringAttr(buffer.name),
        placement.assign.getKernelAttr(),
        BufferRoleAttr::get(builder.getContext(), roleOf(shard.role)),
        builder.getI64IntegerAttr(offset),
        builder.getI64IntegerAttr(shard.bytes),
        builder.getI64IntegerAttr(shard.firstOp),
        builder.getI64IntegerAttr(shard.lastOp));
  buffers += static_cast<int64_t>(shards.size());
  fullest = std::max(fullest, solution.peak);
}
