//===- Diagnostic.cpp - What Inlay's libraries report ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/Diagnostic.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace inlay;

/// Names come out of files that anybody may have written: what would command a
/// terminal is shown as its number. Lines end where a message ends them.
static void printText(llvm::raw_ostream &os, llvm::StringRef text,
                      bool hasLines = false) {
  for (unsigned char c : text) {
    bool isPlain = (c >= 0x20 && c != 0x7f) || (hasLines && c == '\n');
    if (isPlain)
      os << c;
    else
      os << "\\x" << llvm::hexdigit(c >> 4) << llvm::hexdigit(c & 15);
  }
}

llvm::raw_ostream &inlay::operator<<(llvm::raw_ostream &os,
                                     const Diagnostic &diag) {
  if (!diag.file.empty()) {
    printText(os, diag.file);
    os << ": ";
  }
  os << (diag.severity == Severity::Error ? "error: " : "warning: ");
  if (!diag.subject.empty()) {
    printText(os, diag.subject);
    os << ": ";
  }
  printText(os, diag.message, /*hasLines=*/true);
  os << '\n';
  for (const std::string &note : diag.notes) {
    os << "  note: ";
    printText(os, note, /*hasLines=*/true);
    os << '\n';
  }
  return os;
}

Diagnostic &Diagnostics::error(FaultKind kind, std::string subject,
                               std::string message) {
  ++numErrors;
  list.push_back({Severity::Error,
                  kind,
                  file,
                  std::move(subject),
                  std::move(message),
                  {}});
  return list.back();
}

Diagnostic &Diagnostics::warning(std::string subject, std::string message) {
  list.push_back({Severity::Warning,
                  FaultKind::Input,
                  file,
                  std::move(subject),
                  std::move(message),
                  {}});
  return list.back();
}

int Diagnostics::exitStatus() const {
  int status = 0;
  for (const Diagnostic &diag : list)
    if (diag.severity == Severity::Error)
      status = std::max(status, static_cast<int>(diag.kind));
  return status;
}

void Diagnostics::print(llvm::raw_ostream &os) const {
  for (const Diagnostic &diag : list)
    os << diag;
}
