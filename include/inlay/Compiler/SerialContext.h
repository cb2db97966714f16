//===- SerialContext.h - A context for one thread -------------- -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Hundreds of thousands of names, locations and handles of weights become
// attributes of one context. MLIRContext with `Threading::DISABLED` still keeps
// them for many threads: behind a lock, and each a second time in a table of
// the thread. It takes another call to do without, which halves the time and
// the memory that they cost.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_SERIALCONTEXT_H
#define INLAY_COMPILER_SERIALCONTEXT_H

#include "mlir/IR/MLIRContext.h"

namespace inlay {

/// A context whose tables are for one thread until `setThreadPool`.
class SerialContext : public mlir::MLIRContext {
public:
  SerialContext() : MLIRContext(Threading::DISABLED) {
    disableMultithreading();
  }
  explicit SerialContext(const mlir::DialectRegistry &registry)
      : MLIRContext(registry, Threading::DISABLED) {
    disableMultithreading();
  }
};

} // namespace inlay

#endif // INLAY_COMPILER_SERIALCONTEXT_H
