//===- Ispd2020Files.h - Files of the ISPD-2020 contest ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading cases (.kgraph) and placements (.paint), and writing placements.
// Readers take any bytes: what they do not understand is one error with the
// line and what was expected.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_ISPD2020FILES_H
#define INLAY_FLOORPLAN_ISPD2020FILES_H

#include "inlay/Floorplan/Ispd2020.h"

#include <optional>
#include <string_view>

namespace inlay::floorplan::ispd2020 {

/// Reads a case and checks it. Errors name the line.
std::optional<Problem> readKgraph(std::string_view text,
                                  const std::string &name, Diagnostics &diags);

/// The contest's later form: an include, a name and a place for each kernel,
/// and the union of all.
std::string writePaint(const Problem &problem, const Solution &solution);

/// Reads a placement of the kernels of a problem; formal arguments must be
/// those of the problem. Legality is for `Solution::verify`.
std::optional<Solution> readPaint(std::string_view text, const Problem &problem,
                                  Diagnostics &diags);

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_FLOORPLAN_ISPD2020FILES_H
