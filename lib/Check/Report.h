//===- Report.h - Gathers violations ---------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_REPORT_H
#define INLAY_LIB_CHECK_REPORT_H

#include "inlay/Check/Check.h"

#include "fmt/format.h"

namespace inlay::checker {

/// Violations of one rule after the other.
class Report {
public:
  /// What follows is about `rule`.
  void begin(std::string name) { rule = std::move(name); }

  void fail(std::string place, std::string message) {
    violations.push_back({rule, std::move(place), std::move(message)});
  }

  size_t size() const { return violations.size(); }

  /// What another report has found, behind what this one has.
  void append(std::vector<Violation> found) {
    std::move(found.begin(), found.end(), std::back_inserter(violations));
  }

  std::vector<Violation> take() { return std::move(violations); }

private:
  std::string rule;
  std::vector<Violation> violations;
};

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_REPORT_H
