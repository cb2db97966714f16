//===- Overlap.h - Cores that work while a sum travels ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A core makes the elements of a sum one after the other, and each leaves as
// soon as it is made; and what arrives of a result is worked on while the rest
// is on its way. So the wavelets of a sum and the work on either side of it
// take place at the same time. Its hops and dependent cores hide nothing: they
// come after the last element is made.
//
// A core that works while wavelets pass its ramp shares its datapath: each
// wavelet takes one operation of 32 bits from it, an addition or a store.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_COST_OVERLAP_H
#define INLAY_LIB_COST_OVERLAP_H

#include "llvm/ADT/SmallVector.h"

namespace inlay::cost {

/// What an op that makes elements of a sum works for them.
struct Making {
  double cycles = 0;
  double elements = 0;
};

/// How wavelets pass the ramp of a core that works meanwhile.
struct RampShare {
  double period = 1; ///< cycles of a wavelet
  double taken = 0;  ///< of these, taken from the datapath
};

/// Cycles saved where the elements of a sum, `wavelets` in all, leave as they
/// are made, instead of after all of them are. With t_i cycles to make element
/// i, wavelets and datapath shared, and p_i on the ramp, the last one has left
/// after max over j of (t_1 + ... + t_j + p_j + ... + p_n).
double savedWhileMade(const llvm::SmallVectorImpl<Making> &makers,
                      double wavelets, RampShare ramp);

/// A result that is on its way to cores that may begin to work on it.
class Arrival {
public:
  Arrival() = default;
  /// Of `elements`, the last `wavelets` of a sum.
  Arrival(double elements, double wavelets, RampShare ramp);

  /// Cycles of an op's `cycles` that fit between the wavelets still to come.
  double hide(double cycles);

private:
  double share = 0; ///< of the work on all elements, on all but the last
  double rest = 0;  ///< cycles without work between wavelets
};

} // namespace inlay::cost

#endif // INLAY_LIB_COST_OVERLAP_H
