//===- Compiler.h - From an ONNX file to a placement plan -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pipeline as a library: inlayc, the C API and tests call `compile`.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_COMPILER_H
#define INLAY_COMPILER_COMPILER_H

#include "inlay/Compiler/CompileOptions.h"
#include "inlay/Plan/Plan.h"

namespace llvm {
class raw_ostream;
}

namespace inlay {

/// Where a run reports. Results go to `out`, diagnostics to `err`; progress
/// lines go to `err` too, and only when `showProgress` is set.
struct CompileStreams {
  llvm::raw_ostream &out;
  llvm::raw_ostream &err;
  bool showProgress = false;
};

/// Compiles `options.input` and writes what `options.emit` names into
/// `options.outputDir`. Returns the exit status: 0 done, 1 bad input or option,
/// 2 the model does not fit, 3 internal error. Nothing is written unless the
/// status is 0, except stage dumps and, on status 3, `reproducer.mlir`.
int compile(const CompileOptions &options, CompileStreams streams);

/// The same up to the plan, which is left in `plan` where the status is 0, and
/// not written. What `options` say of output counts for `reproducer.mlir` only.
int compileToPlan(const CompileOptions &options, CompileStreams streams,
                  std::optional<plan::Plan> &plan);

} // namespace inlay

#endif // INLAY_COMPILER_COMPILER_H
