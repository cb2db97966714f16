//===- RandomModel.h - Small models and machines from a seed ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_MAPPING_RANDOMMODEL_H
#define INLAY_UNITTESTS_MAPPING_RANDOMMODEL_H

#include "inlay/Model/Model.h"
#include "inlay/Target/Target.h"

#include <random>

namespace inlay::test {

/// Draws that are the same with every standard library.
class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}

  int64_t between(int64_t from, int64_t to) {
    return from + static_cast<int64_t>(engine() %
                                       static_cast<uint64_t>(to - from + 1));
  }
  bool chance(int percent) { return between(1, 100) <= percent; }

private:
  std::mt19937_64 engine;
};

/// What a random model is made of.
struct ModelShape {
  int64_t layers = 2;
  int64_t tokens = 1;
  int64_t context = 64;
  int64_t hidden = 64;
  int64_t kvHeads = 2;
  int64_t headGroup = 2;
  int64_t headDim = 16;
  int64_t inner = 96;
  int64_t experts = 4; ///< 0: dense
  int64_t expertsPerToken = 2;
  bool hasSharedExpert = false;
  int64_t vocab = 200;
  int64_t block = 32; ///< 4-bit weights in blocks of this many; 0: f16
};

/// A graph of embedding, layers (attention, then router and experts or an MLP)
/// and head, with the iteration spaces that the nn dialect gives them.
model::Graph makeModel(const ModelShape &shape);

ModelShape randomShape(Random &random);

/// Rates of wse3; grid and SRAM as given.
target::Target makeTarget(model::Extent grid, int64_t sram);

/// 4 x 4 to 64 x 64 cores of 2 to 128 KiB, up to four dead rectangles.
target::Target randomTarget(Random &random);

} // namespace inlay::test

#endif // INLAY_UNITTESTS_MAPPING_RANDOMMODEL_H
