//===- DiagnosticPrinter.h - MLIR diagnostics as a user reads it -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Prints what passes report in the form of all of Inlay's errors,
// `file: error: node 'name': message` with indented notes, and remembers whose
// fault the failure was. It never prints IR.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_DIAGNOSTICPRINTER_H
#define INLAY_COMPILER_DIAGNOSTICPRINTER_H

#include "inlay/Support/Diagnostic.h"

#include "mlir/IR/Diagnostics.h"

namespace inlay {

/// Turns an MLIR diagnostic into Inlay's own form: the innermost file of its
/// location, the name of the ONNX node, the text, and its notes.
Diagnostic toDiagnostic(mlir::Diagnostic &diag);

/// Handles the diagnostics of a context for as long as it lives.
class DiagnosticPrinter {
public:
  DiagnosticPrinter(mlir::MLIRContext *context, llvm::raw_ostream &os);

  /// The largest fault kind reported so far, as an exit status; 0 when there
  /// was no error.
  int exitStatus() const { return status; }
  /// While set, every error is Inlay's own fault, whatever it says.
  void setInternal(bool value) { internal = value; }
  /// Locations hold names of files. What is about the file of that name is
  /// printed with this path, as the user gave it.
  void setPath(std::string value) { path = std::move(value); }

private:
  void handle(mlir::Diagnostic &diag);

  llvm::raw_ostream &os;
  int status = 0;
  bool internal = false;
  std::string path;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace inlay

#endif // INLAY_COMPILER_DIAGNOSTICPRINTER_H
