//===- Explain.h - The estimate of a kernel with its formula ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_EXPLAIN_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_EXPLAIN_H

#include "inlay/Support/Diagnostic.h"

#include "mlir/IR/BuiltinOps.h"

namespace inlay::wafer {

/// Writes the estimate of one kernel of a placed module: each summand with its
/// formula and the numbers filled in, what they add up to, the bound under the
/// kernel's sharding, and the gap by cause. An error with the names that come
/// closest where there is no kernel `name`.
bool explainKernel(mlir::ModuleOp module, llvm::StringRef name,
                   llvm::raw_ostream &os, Diagnostics &diags);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_EXPLAIN_H
