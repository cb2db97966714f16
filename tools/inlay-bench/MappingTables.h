//===- MappingTables.h - What the comparison of mappings prints -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAY_BENCH_MAPPINGTABLES_H
#define INLAY_TOOLS_INLAY_BENCH_MAPPINGTABLES_H

#include "inlay/Plan/Plan.h"

#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>
#include <vector>

namespace inlay {

/// Cycles of a step under one placement.
struct BaselineCycles {
  double cycles = 0;
  double inside = 0; ///< without the time of crossings
  std::string why;   ///< there is none
  /// Where there is none on Inlay's wafers: the fewest on which there is one,
  /// by another partition. Does not count for `isBest`.
  int64_t wafers = 0;
};

struct BaselineRow {
  std::string name;
  BaselineCycles best;
  std::optional<BaselineCycles> mean; ///< where several were drawn
};

/// One model.
struct MappingRow {
  std::string model;
  int64_t wafers = 0;
  plan::Estimate estimate; ///< of Inlay's own placement
  double mappingSeconds = 0, compileSeconds = 0;
  std::vector<BaselineRow> baselines;

  /// Inlay takes fewer cycles than every baseline that fits; crossings are the
  /// same in all, as the partition is.
  bool isBest() const;
};

/// Cycles of an estimate above its bound, by cause: its summands less what the
/// bound explains of them; crossings by themselves. They add up to
/// estimate - bound.
plan::Cycles gapOf(const plan::Estimate &estimate);

void printMappingTables(const std::vector<MappingRow> &rows,
                        llvm::raw_ostream &os);
void printMappingJson(const std::vector<MappingRow> &rows,
                      llvm::raw_ostream &os);

} // namespace inlay

#endif // INLAY_TOOLS_INLAY_BENCH_MAPPINGTABLES_H
