//===- Diagnostic.cpp - What Inlay's libraries report ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/Diagnostic.h"

#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace inlay;

llvm::raw_ostream &inlay::operator<<(llvm::raw_ostream &os,
                                     const Diagnostic &diag) {
  if (!diag.file.empty())
    os << diag.file << ": ";
  os << (diag.severity == Severity::Error ? "error: " : "warning: ");
  if (!diag.subject.empty())
    os << diag.subject << ": ";
  os << diag.message << '\n';
  for (const std::string &note : diag.notes)
    os << "  note: " << note << '\n';
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
