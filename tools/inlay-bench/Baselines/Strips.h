//===- Strips.h - Layers in strips, where searches begin --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAY_BENCH_BASELINES_STRIPS_H
#define INLAY_TOOLS_INLAY_BENCH_BASELINES_STRIPS_H

#include "Arrangement.h"

namespace inlay::baselines {

/// Runs of kernels of one layer, or of none.
std::vector<floorplan::Kernels> layersOf(const floorplan::Chain &chain);

/// A row for each layer: with a region for each kernel, and with one for all.
std::vector<Arrangement> rowMajorStrips(const floorplan::Chain &chain,
                                        const Legaliser &legaliser);

} // namespace inlay::baselines

#endif // INLAY_TOOLS_INLAY_BENCH_BASELINES_STRIPS_H
