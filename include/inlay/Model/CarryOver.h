//===- CarryOver.h - One way to cut a kernel in two phases ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel of prefill and the same kernel of decode are made from the same
// nodes, but where a step has one token what is done along tokens falls away:
// dims of size 1, and ops that only move values along them. Weights stay where
// they are, so decode is cut as prefill is.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_CARRYOVER_H
#define INLAY_MODEL_CARRYOVER_H

#include "inlay/Model/Sharding.h"

#include <optional>
#include <string>

namespace inlay::model {

/// Which ops and dims of a kernel those of the same kernel in another phase
/// are.
class CarryOver {
public:
  /// None where the kernels differ in name, weights, states or ports, or an op
  /// of `to` that has weights or a state is none of `from`; `why` then says in
  /// what. Takes time in the product of the numbers of ops.
  static std::optional<CarryOver> find(const KernelSpec &from,
                                       const KernelSpec &to, std::string &why);

  /// How the other kernel is cut where the first one is cut so. An op that the
  /// first one lacks is done by every core.
  Sharding operator()(const Sharding &sharding) const;

private:
  struct Op {
    int from = -1;         ///< -1: the first kernel has none
    std::vector<int> dims; ///< of each dim which of that op; -1: none
  };
  std::vector<Op> ops;
};

/// A buffer of a core for which one phase has fewer bytes than the other needs.
struct Shortage {
  ShardBuffer needed; ///< Local, tensor -1: all that lives at once
  int64_t there = 0;  ///< bytes
};

/// What `to` lacks where `from` has its buffers, both cut as `sharding` says of
/// `from`. What stays is one buffer in both; what ops alone need has room
/// where all that lives at once has.
std::vector<Shortage> shortages(const KernelSpec &from, const KernelSpec &to,
                                const Sharding &sharding,
                                const CarryOver &carry);

} // namespace inlay::model

#endif // INLAY_MODEL_CARRYOVER_H
