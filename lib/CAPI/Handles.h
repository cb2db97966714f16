//===- Handles.h - What the handles of the C API stand for ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CAPI_HANDLES_H
#define INLAY_LIB_CAPI_HANDLES_H

#include "inlay-c/Compile.h"
#include "inlay-c/Plan.h"
#include "inlay-c/Support.h"

#include "inlay/Compiler/CompileOptions.h"
#include "inlay/Plan/Plan.h"

#include "llvm/ADT/StringMap.h"

#include <mutex>

struct InlayError {
  InlayStatus status = INLAY_STATUS_INTERNAL;
  std::string message;
};

struct InlayOptions {
  inlay::CompileOptions options;
};

struct InlayPlan {
  explicit InlayPlan(inlay::plan::Plan plan, std::string warnings = "");

  inlay::plan::Plan plan;
  std::string warnings;
  llvm::StringMap<const inlay::plan::Kernel *> kernels; ///< by name
  /// Made when it is asked for first.
  mutable std::once_flag once;
  mutable std::string json;
};

namespace inlay::capi {

inline InlayString toString(llvm::StringRef text) {
  // Every string that a handle owns ends in a zero byte; so does "".
  return text.empty() ? InlayString{"", 0}
                      : InlayString{text.data(), text.size()};
}

InlayError *makeError(InlayStatus status, std::string message);
/// The errors in `diags`; null where there are none.
InlayError *makeError(const Diagnostics &diags);
/// For an argument that must not be NULL.
InlayError *nullError(const char *argument);

// Handles that belong to a plan are its own structs.
#define INLAY_HANDLE(HANDLE, STRUCT)                                           \
  inline const plan::STRUCT *unwrap(const HANDLE *handle) {                    \
    return reinterpret_cast<const plan::STRUCT *>(handle);                     \
  }                                                                            \
  inline const HANDLE *wrap(const plan::STRUCT *object) {                      \
    return reinterpret_cast<const HANDLE *>(object);                           \
  }
INLAY_HANDLE(InlayRegion, Region)
INLAY_HANDLE(InlayKernel, Kernel)
INLAY_HANDLE(InlayWeight, Weight)
INLAY_HANDLE(InlayState, State)
INLAY_HANDLE(InlayCoreClass, CoreClass)
#undef INLAY_HANDLE

} // namespace inlay::capi

#endif // INLAY_LIB_CAPI_HANDLES_H
