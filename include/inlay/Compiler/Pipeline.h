//===- Pipeline.h - The passes of each level, in order ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function for each level of the compiler. inlayc runs them one after the
// other, with a stage file after each; inlay-opt has them as a named pipeline.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_PIPELINE_H
#define INLAY_COMPILER_PIPELINE_H

#include "inlay/Compiler/CompileOptions.h"
#include "inlay/Compiler/LevelRunner.h"

#include "mlir/Pass/PassManager.h"

namespace inlay {

/// Sizes of symbolic dims, static shapes, folded shape arithmetic. Expects a
/// module of the ONNX level; nodes and initializers that no output depends on
/// are dropped first, so that what is left is what a plan accounts for.
void addShapePasses(mlir::OpPassManager &pm, const CompileOptions &options);

/// Typed operations.
void addRaisingPasses(mlir::OpPassManager &pm);

/// Kernels and streams.
void addDataflowPasses(mlir::OpPassManager &pm, const CompileOptions &options);

/// A wafer for each kernel.
void addPartitionPasses(mlir::OpPassManager &pm, const CompileOptions &options);

/// Places, memory maps, estimates of kernels that have their wafers.
void addPlacementPasses(mlir::OpPassManager &pm);

/// Both.
void addWaferPasses(mlir::OpPassManager &pm, const CompileOptions &options);

/// The levels of a compilation, in order.
std::vector<LevelPasses> allLevels(const CompileOptions &options);

/// Registers two pipelines by name: `onnx-to-dataflow`, the levels up to that
/// with default options, and `onnx-to-wafer`, all of them with the options of
/// the machine and the step.
void registerPipelines();

} // namespace inlay

#endif // INLAY_COMPILER_PIPELINE_H
