//===- Support.cpp - Versions and errors of the C API ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Handles.h"

#include "llvm/Support/raw_ostream.h"

#include "fmt/format.h"

using namespace inlay;
using namespace inlay::capi;

InlayError *capi::makeError(InlayStatus status, std::string message) {
  return new InlayError{status, std::move(message)};
}

InlayError *capi::makeError(const Diagnostics &diags) {
  if (!diags.hasErrors())
    return nullptr;
  std::string text;
  llvm::raw_string_ostream os(text);
  diags.print(os);
  return makeError(static_cast<InlayStatus>(diags.exitStatus()), text);
}

InlayError *capi::nullError(const char *argument) {
  Diagnostics diags;
  diags.inputError(fmt::format("argument '{}'", argument), "must not be NULL");
  return makeError(diags);
}

InlayStatus inlayErrorStatus(const InlayError *error) {
  return error ? error->status : INLAY_STATUS_OK;
}

InlayString inlayErrorMessage(const InlayError *error) {
  return toString(error ? llvm::StringRef(error->message) : "");
}

void inlayErrorDestroy(InlayError *error) { delete error; }

int inlayApiVersion(void) {
  return INLAY_C_VERSION_MAJOR * 1000 + INLAY_C_VERSION_MINOR;
}

InlayString inlayVersion(void) { return toString(INLAY_VERSION); }

InlayString inlayPlanVersion(void) {
  static const std::string version =
      fmt::format("{}.{}", plan::kMajorVersion, plan::kMinorVersion);
  return toString(version);
}
