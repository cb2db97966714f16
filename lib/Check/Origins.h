//===- Origins.h - Where what an op reads was made --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_ORIGINS_H
#define INLAY_LIB_CHECK_ORIGINS_H

#include "Plan.h"

#include <optional>
#include <set>

namespace inlay::checker {

/// An op of the plan.
struct OpRef {
  size_t kernel = 0, op = 0;

  auto operator<=>(const OpRef &) const = default;
};

/// Where a value was made: by an op, or else what the plan calls it.
struct Origin {
  std::optional<OpRef> op;
  std::string value;
  /// False where the op may only read it too: a constant, or one of several
  /// results.
  bool isResult = true;
};

/// Follows what ops of a plan read back through the buffers of a kernel and the
/// streams between kernels, and through ops that only move or convert.
class Origins {
public:
  explicit Origins(const Plan &plan);

  std::vector<Origin> of(const OpRef &ref, const Operand &operand) const;

  /// What an output of a kernel carries, as plans call it: the node of the op
  /// that makes it, the first that has it among its operands, and "#" with a
  /// number where that has several. Empty where no op makes it.
  std::string nameOfOutput(size_t kernel, int64_t port) const;
  std::optional<OpRef> makerOfOutput(size_t kernel, int64_t port) const;

  /// True for ops whose result is elements of what they read.
  bool moves(const OpRef &ref) const;

  /// Buffers that no op before it has: its results, and maybe constants.
  size_t numResults(const OpRef &ref) const;

private:
  struct Made {
    OpRef op;
    std::string buffer;
  };
  std::optional<Made> maker(const OpRef &ref, const Operand &operand,
                            std::string &value) const;

  const Plan &plan;
  std::vector<std::map<std::string, size_t>> first; ///< op by buffer, by kernel
  std::map<std::pair<size_t, int64_t>, const Stream *> streams; ///< by consumer
};

/// Port of an operand that is an input or output of its kernel; -1: is none.
int64_t portOf(const Operand &operand);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_ORIGINS_H
