//===- ValueParts.h - Where values and parts of them lie --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A slice is left where the value lies that it is taken out of; what a
// concatenation puts together has to come to its place in the result.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_VALUEPARTS_H
#define INLAY_LIB_CHECK_VALUEPARTS_H

#include "Routing.h"

#include <optional>

namespace inlay::checker {

/// Where the features of a value lie: cut along x, along y. Of `cutTokens`
/// tokens that are cut too there are features of all.
struct Place {
  int64_t features = 1, tokens = 1, bits = 0;
  int64_t cutTokens = 1;
  /// There is one for each token that chose one of the group's experts, of
  /// which the plan does not say how many there are.
  bool isOfChoices = false;
  AxisCut x, y;

  const AxisCut &on(bool alongX) const { return alongX ? x : y; }
};

/// As an op has an operand.
Place placeOf(const Op &op, const Operand &operand);

/// The same features, all of them on every core.
Place everywhere(Place place);

/// Ops that take a part of a value, or put values one behind the other; in
/// older plans these do not say which.
bool isSlice(const Kernel &kernel, const Op &op);
bool isConcat(const Kernel &kernel, const Op &op);

/// Where what a slice takes of a value lies; none where it needs all of the
/// value on every core first.
std::optional<Place> sliceOf(const Op &op, const Place &source);

/// A value of which an op reads the first features of each row of its last dim.
Place firstOfRows(const Op &op, const Operand &operand, const Place &all);

/// Where a concatenation wants an operand that lies in `source`.
Place placeInConcat(const Op &op, const Operand &operand, const Place &source);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_VALUEPARTS_H
