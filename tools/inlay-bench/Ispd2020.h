//===- Ispd2020.h - Places the cases of the ISPD-2020 contest ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAY_BENCH_ISPD2020_H
#define INLAY_TOOLS_INLAY_BENCH_ISPD2020_H

#include "inlay/Floorplan/Ispd2020Solver.h"

#include "llvm/Support/raw_ostream.h"

#include <string>

namespace inlay {

struct Ispd2020Options {
  std::string dir;       ///< of the cases
  std::string out;       ///< where the placements go
  std::string published; ///< CSV of scores, where `dir` has none
  bool asJson = false;
  bool isVerbose = false;
  floorplan::ispd2020::SolverOptions solver;
};

/// Places every `.kgraph` file of a folder, writes `OUT/<case>.paint`, reads
/// that back, checks and scores it, and prints a row for each case beside the
/// best published score. Returns false when a case could not be placed; the
/// others are placed all the same.
bool benchIspd2020(const Ispd2020Options &options, llvm::raw_ostream &os,
                   Diagnostics &diags);

} // namespace inlay

#endif // INLAY_TOOLS_INLAY_BENCH_ISPD2020_H
