//===- StageDump.h - Numbered IR files, one after each pass -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `--dump-stages DIR` writes the module at the end of each level as
// `01-onnx.mlir`, `02-nn.mlir`, `03-dataflow.mlir`, `04-wafer.mlir`, and after
// each pass in between as `01.1-bind-dims.mlir` and so on. Locations, which
// hold the names of the ONNX nodes, are printed, so that every file can be fed
// to inlay-opt again without loss.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_STAGEDUMP_H
#define INLAY_COMPILER_STAGEDUMP_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include <string>

namespace inlay {

/// A level of the pipeline: its number and its name in file names.
struct Level {
  int number;
  llvm::StringRef name;
};

/// Writes stage files into one folder. With an empty folder it does nothing.
class StageDump {
public:
  explicit StageDump(std::string directory);

  bool enabled() const { return !directory.empty(); }

  /// Makes `pm` write a file after each of its passes.
  void attach(mlir::PassManager &pm, Level level);

  /// Writes the module that a level ends with. Emits an error and fails when
  /// the file cannot be written.
  mlir::LogicalResult writeLevel(mlir::ModuleOp module, Level level);

private:
  std::string directory;
};

} // namespace inlay

#endif // INLAY_COMPILER_STAGEDUMP_H
