//===- EmitDiagnostics.cpp - Findings of the libraries as MLIR diagnostics
//---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmitDiagnostics.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"

using namespace mlir;
using namespace inlay;

static Location locationOf(Operation *op, const inlay::Diagnostic &finding) {
  if (finding.file.empty())
    return op->getLoc();
  return FileLineColLoc::get(op->getContext(), finding.file, 0, 0);
}

void inlay::wafer::emitDiagnostics(Operation *op, const Diagnostics &diags) {
  for (const inlay::Diagnostic &finding : diags.all()) {
    Location loc = locationOf(op, finding);
    InFlightDiagnostic diag = finding.severity == Severity::Warning
                                  ? emitWarning(loc)
                                  : emitError(loc);
    if (!finding.subject.empty())
      diag << finding.subject << ": ";
    diag << finding.message;
    for (const std::string &note : finding.notes)
      diag.attachNote() << note;
    auto &metadata = diag.getUnderlyingDiagnostic()->getMetadata();
    if (finding.kind == FaultKind::Capacity)
      metadata.emplace_back(StringRef("capacity"));
    else if (finding.kind == FaultKind::Internal)
      metadata.emplace_back(StringRef("internal"));
  }
}
