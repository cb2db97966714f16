//===- EmitDiagnostics.h - Findings as MLIR diagnostics ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_EMITDIAGNOSTICS_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_EMITDIAGNOSTICS_H

#include "inlay/Support/Diagnostic.h"

#include "mlir/IR/Operation.h"

namespace inlay::wafer {

/// Emits every finding on `op`: `subject: message`, with its notes. What does
/// not fit is marked for the driver, whose exit status is then 2. A finding
/// about a file names it.
void emitDiagnostics(mlir::Operation *op, const Diagnostics &diags);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_EMITDIAGNOSTICS_H
