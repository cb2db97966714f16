//===- DiagnosticPrinter.cpp - MLIR diagnostics as a user reads them ------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/DiagnosticPrinter.h"

#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace inlay;
using namespace mlir;

namespace {

/// The parts of a location that mean something to a user.
struct Place {
  std::string file;
  std::string node;
  bool isNode = false; ///< on line 1; graphs and weights are on line 0
};

} // namespace

static void collect(Location loc, Place &place) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (place.node.empty())
      place.node = name.getName().str();
    return collect(name.getChildLoc(), place);
  }
  if (auto node = dyn_cast<onnx::NodeLoc>(loc)) {
    if (place.node.empty())
      place.node = node.getName().str();
    return collect(node.getChildLoc(), place);
  }
  if (auto file = dyn_cast<FileLineColLoc>(loc)) {
    if (place.file.empty()) {
      place.file = file.getFilename().str();
      place.isNode = file.getLine() != 0;
    }
    return;
  }
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      collect(part, place);
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    collect(call.getCallee(), place);
}

/// Passes tag what is not the fault of the input.
static bool hasTag(mlir::Diagnostic &diag, StringRef tag) {
  return llvm::any_of(diag.getMetadata(), [tag](DiagnosticArgument &arg) {
    return arg.getKind() ==
               DiagnosticArgument::DiagnosticArgumentKind::String &&
           arg.getAsString() == tag;
  });
}

static FaultKind faultOf(mlir::Diagnostic &diag) {
  if (hasTag(diag, "internal"))
    return FaultKind::Internal;
  return hasTag(diag, "capacity") ? FaultKind::Capacity : FaultKind::Input;
}

inlay::Diagnostic inlay::toDiagnostic(mlir::Diagnostic &diag) {
  Place place;
  collect(diag.getLocation(), place);

  inlay::Diagnostic result;
  result.severity = diag.getSeverity() == DiagnosticSeverity::Error
                        ? Severity::Error
                        : Severity::Warning;
  result.kind = faultOf(diag);
  result.file = place.file;
  result.message = diag.str();
  // Some passes name the node themselves, with its operator.
  if (place.isNode && !place.node.empty() &&
      !StringRef(result.message).starts_with("node '"))
    result.subject = "node '" + place.node + "'";
  for (mlir::Diagnostic &note : diag.getNotes())
    result.notes.push_back(note.str());
  return result;
}

DiagnosticPrinter::DiagnosticPrinter(MLIRContext *context,
                                     llvm::raw_ostream &os)
    : os(os), handler(context, [this](mlir::Diagnostic &diag) {
        handle(diag);
        return success();
      }) {}

void DiagnosticPrinter::handle(mlir::Diagnostic &diag) {
  // Remarks go to the remark engine's files, not to a user's terminal.
  if (diag.getSeverity() == DiagnosticSeverity::Remark)
    return;
  inlay::Diagnostic finding = toDiagnostic(diag);
  if (internal)
    finding.kind = FaultKind::Internal;
  if (finding.file == llvm::sys::path::filename(path))
    finding.file = path;
  if (finding.severity == Severity::Error)
    status = std::max(status, static_cast<int>(finding.kind));
  os << finding;
}
