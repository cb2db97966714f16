//===- Sums.h - What ops add up over cores ----------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_SUMS_H
#define INLAY_LIB_CHECK_SUMS_H

#include "Costs.h"

namespace inlay::checker {

/// One all-reduce: the op that needs it, the lines, what they carry, and the
/// ops whose sums it makes.
struct SumNeed {
  int64_t op = 0;
  std::string axis;
  int64_t cores = 1;
  double elements = 0;
  double maxima = 0; ///< of these, the largest of rows of a softmax
  std::vector<size_t> makers;
  bool isJoined = false; ///< over all expert groups, on lines over the region
  Moment when;
  std::vector<double> parts; ///< elements of each maker
};

/// How the cores of a softmax come to relate their parts to one number.
enum class SoftmaxForm {
  Merged, ///< each begins with its own largest, which goes along with the sum
  Agreed, ///< the largest of all is found by a sum of its own, first
};

/// The all-reduces of a kernel, in order.
std::vector<SumNeed> sumsNeeded(const Plan &plan, const Kernel &kernel,
                                SoftmaxForm softmax = SoftmaxForm::Merged);

/// Cores of a line, fewer than 2 where nothing is to be added; how often lines
/// take turns, the wavelets of a vector in one of them, and the part of all
/// that this is.
struct SumTurns {
  int64_t cores = 1, turns = 1, wavelets = 0, share = 1;
};
SumTurns turnsOf(const Plan &plan, const Kernel &kernel, const SumNeed &need);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_SUMS_H
