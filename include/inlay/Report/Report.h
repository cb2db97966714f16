//===- Report.h - Renderings of a plan --------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A summary for a terminal, and one self-contained HTML page with a picture of
// each wafer. Both are made from the plan alone: what they show is what a
// runtime gets.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_REPORT_REPORT_H
#define INLAY_REPORT_REPORT_H

#include "inlay/Plan/Plan.h"

#include <string>

namespace inlay::report {

/// The region whose memory map wastes the most: the bytes that it takes of a
/// core over those that are live at once. Null and 1 where no region has any.
struct MemoryRatio {
  const plan::Region *region = nullptr;
  double value = 1;
};
MemoryRatio memoryRatio(const plan::Plan &plan);

/// A table of some 20 lines: where, how full, how fast, how far from physics.
std::string summary(const plan::Plan &plan);

/// The same for programs: one JSON object of at most some 30 members, ending in
/// a newline. `files` are the paths that were written.
std::string summaryJson(const plan::Plan &plan,
                        const std::vector<std::string> &files);

/// An HTML page without external parts: the summary, for each wafer the regions
/// coloured by the kernels' role with expert groups and the fill of the SRAM,
/// and a table of all kernels.
std::string html(const plan::Plan &plan);

} // namespace inlay::report

#endif // INLAY_REPORT_REPORT_H
