//===- MapModel.h - Variants, partition, floorplan and memory in one call -*-
// C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_MAPPING_MAPMODEL_H
#define INLAY_UNITTESTS_MAPPING_MAPMODEL_H

#include "inlay/Memory/Memory.h"
#include "inlay/Partition/Partition.h"
#include "inlay/Target/Target.h"

namespace inlay::test {

/// Where a kernel went.
struct Placed {
  int wafer = 0;
  model::Rect rect;
  model::Sharding sharding;
  memory::Solution memory; ///< of its region
};

/// Maps a model as the passes of the compiler do. Every problem is checked and
/// every solution verified on the way; findings are in `diags`.
std::optional<std::vector<Placed>>
mapModel(const model::Graph &graph, const target::Target &target, int wafers,
         partition::Objective objective, Diagnostics &diags);

} // namespace inlay::test

#endif // INLAY_UNITTESTS_MAPPING_MAPMODEL_H
