//===- Findings.h - Findings in an ONNX file, up to a limit --- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A broken file may hold thousands of findings of one kind. The first ones are
// reported one by one, the rest as a number.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ONNX_FINDINGS_H
#define INLAY_LIB_ONNX_FINDINGS_H

#include "inlay/Onnx/Model.h"
#include "inlay/Support/Diagnostic.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/Twine.h"

namespace inlay::onnx::file {

class Findings {
public:
  explicit Findings(Diagnostics &diags) : diags(diags) {}

  /// Adds an error; the remedy becomes its note.
  void inputError(const llvm::Twine &subject, const llvm::Twine &message,
                  const llvm::Twine &remedy) {
    if (count++ >= kMaxFindings)
      return;
    Diagnostic &diag = diags.inputError(subject.str(), message.str());
    diag.notes.push_back(remedy.str());
  }

  void warning(const llvm::Twine &subject, const llvm::Twine &message) {
    diags.warning(subject.str(), message.str());
  }

  bool any() const { return count != 0; }
  /// Whether looking for more is useless.
  bool full() const { return count > 1000 * kMaxFindings; }

  /// Says how many findings were not reported. Call once, at the end.
  void finish() {
    if (count > kMaxFindings)
      diags.inputError("", "and " + formatCount(count - kMaxFindings) +
                               " more errors in this file");
  }

private:
  Diagnostics &diags;
  int64_t count = 0;
};

} // namespace inlay::onnx::file

#endif // INLAY_LIB_ONNX_FINDINGS_H
