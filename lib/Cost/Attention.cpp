//===- Attention.cpp - Cycles of attention over a sharded state -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Attention.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/TilePrograms.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;

/// `tokens` queries of each sequence against `positions` keys.
static Breakdown attend(const Rates &rates, const AttentionShape &shape,
                        double tokens, double positions,
                        const model::Extent &region) {
  constexpr double kSumBytes = 4;
  TypeRates type = rates.of("f16", 16);
  auto width = double(region.width), height = double(region.height);
  double rows = tokens * double(shape.batch);
  double perCore = std::ceil(positions / height);
  auto heads = double(shape.heads), kvHeads = double(shape.kvHeads);
  // Heads and channels share the columns: whole heads first, then parts.
  double keys = std::ceil(kvHeads * double(shape.keyDim) / width);
  double values = std::ceil(kvHeads * double(shape.valueDim) / width);
  double headsHere = std::ceil(heads / std::min(width, kvHeads));
  double queries = std::max(1.0, heads / kvHeads) * rows;
  // Columns that share a head add their parts of its scores.
  auto columns = int64_t(std::max(1.0, std::floor(width / kvHeads)));
  double bytes = type.bits / 8;

  Breakdown cycles;
  VectorRun scores = {VectorOp::MultiplyAccumulate, keys * queries, perCore,
                      3 * queries, 0};
  scores.readBytes = keys * perCore * bytes * double(shape.batch);
  cycles += vectors(rates, type, scores);
  double sums = headsHere * rows * perCore;
  cycles += allReduce(rates, columns, rates.wavelets(sums * kSumBytes));
  cycles += softmax(rates, type, sums);
  for (int round = 0; round < 2; ++round)
    cycles += allReduce(rates, region.height,
                        rates.wavelets(headsHere * rows * kSumBytes));
  VectorRun mixed = {VectorOp::MultiplyAccumulate, perCore * queries, values,
                     3 * queries, 0};
  mixed.readBytes = values * perCore * bytes * double(shape.batch);
  cycles += vectors(rates, type, mixed);
  cycles += allReduce(rates, region.height,
                      rates.wavelets(values * queries * kSumBytes));
  return cycles;
}

Breakdown inlay::cost::attentionDecode(const Rates &rates,
                                       const AttentionShape &shape,
                                       int64_t context,
                                       const model::Extent &region) {
  auto positions = double(context + 1);
  if (shape.window > 0)
    positions = std::min(positions, double(shape.window));
  return attend(rates, shape, 1, positions, region);
}

Breakdown inlay::cost::attentionPrefill(const Rates &rates,
                                        const AttentionShape &shape,
                                        int64_t tokens, int64_t context,
                                        const model::Extent &region) {
  auto positions = double(context + tokens);
  if (shape.window > 0)
    positions = std::min(positions, double(shape.window + tokens));
  return attend(rates, shape, double(tokens), positions, region);
}
