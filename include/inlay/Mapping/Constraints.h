//===- Constraints.h - Where the user wants kernels -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MAPPING_CONSTRAINTS_H
#define INLAY_MAPPING_CONSTRAINTS_H

#include "inlay/Model/Geometry.h"
#include "inlay/Model/Model.h"
#include "inlay/Support/Diagnostic.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace inlay::mapping {

/// What a mapping must respect, kernels by their index in the model.
struct Constraints {
  /// The kernel runs on this wafer and, with `at`, on a region whose north-west
  /// core is this one.
  struct Pin {
    size_t kernel = 0;
    int64_t wafer = 0;
    std::optional<std::pair<int64_t, int64_t>> at;

    bool operator==(const Pin &) const = default;
  };
  /// The kernel's region is at most this large.
  struct Limit {
    size_t kernel = 0;
    model::Extent most;

    bool operator==(const Limit &) const = default;
  };

  std::vector<Pin> pins;
  std::vector<Limit> limits;
  /// Kernels that take turns on one region, and with them those between.
  std::vector<std::vector<size_t>> together;
  /// Rectangles of every wafer that no region may cover.
  std::vector<model::Rect> keepOut;

  bool operator==(const Constraints &) const = default;

  /// Of each of `count` kernels whether its region must be that of the kernel
  /// before it.
  std::vector<bool> joined(size_t count) const;
};

/// Reads a constraints file (docs/constraints.md). Names of kernels are globs;
/// one that no kernel of the model matches is an error, with names like it.
std::optional<Constraints> parseConstraints(const std::string &text,
                                            const model::Graph &model,
                                            Diagnostics &diags);

/// Whether the constraints can be on wafers of so many columns and rows, some
/// of them dead: an error of the input for each position that no region can
/// have, each rectangle that keeps nothing free, and pins that contradict
/// `same_region`.
bool checkOnGrid(const Constraints &constraints, const model::Graph &model,
                 model::Extent grid, const std::vector<model::Rect> &dead,
                 Diagnostics &diags);

} // namespace inlay::mapping

#endif // INLAY_MAPPING_CONSTRAINTS_H
