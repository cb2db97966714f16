//===- Pipeline.cpp - The passes of each level, in order ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/Pipeline.h"
#include "inlay/Compiler/StepPasses.h"

#include "dialects/Dataflow/Transforms/Passes.h"
#include "dialects/NN/IR/NN.h"
#include "dialects/NN/Transforms/Passes.h"
#include "dialects/Onnx/Transforms/Passes.h"
#include "dialects/Wafer/Transforms/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace inlay;

void inlay::addShapePasses(mlir::OpPassManager &pm,
                           const CompileOptions &options) {
  onnx::BindDimsOptions binding;
  for (const std::string &text : options.bindings)
    binding.bindings.push_back(text);
  binding.phase = options.phase;
  binding.batch = options.batch;
  binding.context = options.context.value_or(onnx::kUnset);
  binding.prefillChunk = options.prefillChunk.value_or(onnx::kUnset);
  pm.addPass(onnx::createVerifyOnnx());
  pm.addPass(onnx::createInlineFunctions());
  pm.addPass(onnx::createRemoveUnreachable());
  pm.addPass(onnx::createBindDims(binding));
  pm.addPass(onnx::createInferShapes());
}

void inlay::addRaisingPasses(mlir::OpPassManager &pm) {
  pm.addPass(nn::createRaiseToNN());
  // Of the graph only: the driver takes up each op of what it works on, and the
  // initializers beside the graph may be more than a hundred thousand.
  pm.addNestedPass<nn::GraphOp>(mlir::createCanonicalizerPass());
  pm.addPass(nn::createVerifyNN());
}

void inlay::addDataflowPasses(mlir::OpPassManager &pm,
                              const CompileOptions &options) {
  pm.addPass(dataflow::createConvertToDataflow());
  if (options.embeddingOnHost)
    pm.addPass(dataflow::createLeaveEmbedding());
  pm.addPass(dataflow::createVerifyDataflow());
}

/// Which slices are best is a matter of what comes next.
static wafer::SliceExpertsOptions
slicingFor(const CompileOptions &options,
           const wafer::PartitionStagesOptions &partition) {
  wafer::SliceExpertsOptions slicing;
  slicing.slices = options.expertSlices.empty() ? "auto" : options.expertSlices;
  slicing.target = partition.target;
  slicing.targetDir = partition.targetDir;
  slicing.wafers = partition.wafers;
  slicing.objective = partition.objective;
  slicing.cost = partition.cost;
  slicing.routing = partition.routing;
  slicing.constraintsFile = partition.constraintsFile;
  slicing.reserve = partition.reserve;
  slicing.crossingLatency = partition.crossingLatency;
  slicing.clock = partition.clock;
  slicing.sram = partition.sram;
  return slicing;
}

void inlay::addPartitionPasses(mlir::OpPassManager &pm,
                               const CompileOptions &options) {
  wafer::PartitionStagesOptions partition;
  partition.target = options.target;
  partition.targetDir = options.targetDir;
  partition.wafers = options.wafers ? std::to_string(*options.wafers) : "auto";
  partition.objective = static_cast<wafer::Objective>(options.objective);
  partition.cost = options.cost == cost::Mode::Calibrated
                       ? wafer::CostMode::Calibrated
                       : wafer::CostMode::Ideal;
  partition.routing = options.routing;
  partition.constraintsFile = options.constraints;
  partition.reserve = options.reserve.value_or(wafer::kUnset);
  partition.crossingLatency = options.crossingLatency.value_or(wafer::kUnset);
  partition.clock = options.clock.value_or(wafer::kUnset);
  partition.sram = options.sram.value_or(wafer::kUnset);
  partition.allowOverBudget = options.allowOverBudget;
  partition.whatFits = options.whatFits;
  pm.addPass(wafer::createSliceExperts(slicingFor(options, partition)));
  pm.addPass(wafer::createPartitionStages(partition));
}

void inlay::addPlacementPasses(mlir::OpPassManager &pm) {
  pm.addPass(wafer::createShardKernels());
  pm.addPass(wafer::createPlaceRegions());
  pm.addPass(wafer::createRouteStreams());
  pm.addPass(wafer::createAllocateMemory());
  pm.addPass(wafer::createScheduleStep());
  pm.addPass(wafer::createVerifyWafer());
}

void inlay::addWaferPasses(mlir::OpPassManager &pm,
                           const CompileOptions &options) {
  if (stepsInFlight(options) > 1)
    pm.addPass(createKeepStepsInFlight(stepsInFlight(options)));
  if (!options.kvType.empty())
    pm.addPass(createKeepKvType(options.kvType));
  if (options.seed != 0)
    pm.addPass(createKeepSeed(options.seed));
  if (options.effort != CompileOptions().effort)
    pm.addPass(createKeepEffort(options.effort));
  addPartitionPasses(pm, options);
  addPlacementPasses(pm);
}

std::vector<LevelPasses> inlay::allLevels(const CompileOptions &options) {
  return {
      {{1, "onnx"},
       [=](mlir::OpPassManager &pm) { addShapePasses(pm, options); }},
      {{2, "nn"}, addRaisingPasses},
      {{3, "dataflow"},
       [=](mlir::OpPassManager &pm) { addDataflowPasses(pm, options); }},
      {{4, "wafer"},
       [=](mlir::OpPassManager &pm) { addWaferPasses(pm, options); }},
  };
}

namespace {

/// What a textual pipeline may ask; the names are those of inlayc.
struct PipelineOptions : mlir::PassPipelineOptions<PipelineOptions> {
  Option<std::string> target{*this, "target",
                             llvm::cl::desc("Name of a target, or a file"),
                             llvm::cl::init(CompileOptions().target)};
  Option<std::string> targetDir{*this, "target-dir",
                                llvm::cl::desc("Folder of named targets")};
  Option<int64_t> wafers{*this, "wafers",
                         llvm::cl::desc("Number of wafers (0: the fewest)"),
                         llvm::cl::init(0)};
  Option<int64_t> batch{*this, "batch", llvm::cl::desc("Sequences in a step"),
                        llvm::cl::init(CompileOptions().batch)};
  Option<int64_t> context{*this, "context",
                          llvm::cl::desc("Tokens in the KV state"),
                          llvm::cl::init(onnx::kUnset)};

  CompileOptions toCompileOptions() const {
    CompileOptions options;
    options.target = target;
    options.targetDir = targetDir;
    if (wafers != 0)
      options.wafers = wafers;
    options.batch = batch;
    if (context != onnx::kUnset)
      options.context = context;
    return options;
  }
};

} // namespace

void inlay::registerPipelines() {
  mlir::PassPipelineRegistration<PipelineOptions>(
      "onnx-to-wafer",
      "From an imported ONNX model to a placed one, with the defaults of "
      "inlayc",
      [](mlir::OpPassManager &pm, const PipelineOptions &options) {
        for (const LevelPasses &level : allLevels(options.toCompileOptions()))
          level.add(pm);
      });
  mlir::PassPipelineRegistration<>(
      "onnx-to-dataflow",
      "From an imported ONNX model to kernels and streams, with the defaults "
      "of inlayc",
      [](mlir::OpPassManager &pm) {
        addShapePasses(pm, CompileOptions());
        addRaisingPasses(pm);
        addDataflowPasses(pm, CompileOptions());
      });
}
