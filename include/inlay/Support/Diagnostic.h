//===- Diagnostic.h - What Inlay's libraries report -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The libraries below MLIR report through `Diagnostics`: a list that a caller
// passes in and reads afterwards. A function that fails returns an empty
// optional (or false) and has added at least one error. Code above MLIR turns
// these into MLIR diagnostics; tools print them.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_DIAGNOSTIC_H
#define INLAY_SUPPORT_DIAGNOSTIC_H

#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_ostream;
}

namespace inlay {

/// Whose fault a failure is. The values are the exit statuses of the tools.
enum class FaultKind {
  Input = 1,    ///< A file or an option is wrong.
  Capacity = 2, ///< The input is right, but it does not fit the machine.
  Internal = 3, ///< Inlay broke one of its own invariants.
};

enum class Severity { Error, Warning };

/// One finding: where, what, the numbers, and what to do about it.
struct Diagnostic {
  Severity severity = Severity::Error;
  FaultKind kind = FaultKind::Input;
  /// The file the finding is about; empty where there is none.
  std::string file;
  /// What in the file: "node '/layers.0/moe'", "field 'grid.width'"; may be
  /// empty.
  std::string subject;
  /// What is wrong, with needed, available and short-by where there are
  /// numbers.
  std::string message;
  /// Largest contributors first, then remedies.
  std::vector<std::string> notes;
};

/// Prints `file: error: subject: message`, then one indented line for each
/// note.
llvm::raw_ostream &operator<<(llvm::raw_ostream &os, const Diagnostic &diag);

/// An append-only list of findings.
class Diagnostics {
public:
  /// Names the file that findings added from now on are about.
  void setFile(std::string name) { file = std::move(name); }

  /// Adds an error and returns it so that notes can be added.
  /// The reference is valid until the next finding is added.
  Diagnostic &error(FaultKind kind, std::string subject, std::string message);
  Diagnostic &inputError(std::string subject, std::string message) {
    return error(FaultKind::Input, std::move(subject), std::move(message));
  }
  Diagnostic &capacityError(std::string subject, std::string message) {
    return error(FaultKind::Capacity, std::move(subject), std::move(message));
  }
  Diagnostic &internalError(std::string subject, std::string message) {
    return error(FaultKind::Internal, std::move(subject), std::move(message));
  }
  Diagnostic &warning(std::string subject, std::string message);

  bool hasErrors() const { return numErrors != 0; }
  const std::vector<Diagnostic> &all() const { return list; }

  /// 0 without errors, else the largest fault kind among them.
  int exitStatus() const;

  void print(llvm::raw_ostream &os) const;

private:
  std::string file;
  std::vector<Diagnostic> list;
  unsigned numErrors = 0;
};

} // namespace inlay

#endif // INLAY_SUPPORT_DIAGNOSTIC_H
