//===- Ways.h - Ways to cut a kernel ----------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A way is an axis for each dim of each op, whatever the extents of the region.
// Few of them are worth trying on every region: those that are best on one of
// some.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_SHARDING_WAYS_H
#define INLAY_LIB_SHARDING_WAYS_H

#include "inlay/Sharding/Variants.h"

namespace inlay::sharding {

/// What is best on squares of sizes that layers of large models like, at about
/// the bytes of the rule, which copies little, and at any that a core has; and
/// what is best on strips, where one axis takes several times as long.
std::vector<std::vector<model::OpSharding>>
fastestWays(const model::KernelSpec &kernel, const Machine &machine);

/// Where several decisions have to change before the kernel fits, each has to
/// be worth it by the bytes that it saves.
std::vector<std::vector<model::OpSharding>>
savingWays(const model::KernelSpec &kernel, const Machine &machine);

} // namespace inlay::sharding

#endif // INLAY_LIB_SHARDING_WAYS_H
