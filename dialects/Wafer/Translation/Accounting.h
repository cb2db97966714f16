//===- Accounting.h - Where every byte of the weights went ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSLATION_ACCOUNTING_H
#define INLAY_DIALECTS_WAFER_TRANSLATION_ACCOUNTING_H

#include "dialects/Wafer/Translation/PlacedSystem.h"
#include "inlay/Plan/Plan.h"

namespace inlay::wafer {

/// Counts the initializers of the module, and what the cores of the placement
/// and the host hold of them: `accounting` and `host_values` of a plan. Emits
/// an error where an initializer has no bytes to count.
mlir::LogicalResult account(mlir::ModuleOp module,
                            const PlacedSystem &placement, plan::Plan &plan);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSLATION_ACCOUNTING_H
