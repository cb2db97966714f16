//===- Overlap.cpp - Cores that work while a sum travels ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Overlap.h"

#include <algorithm>

using namespace inlay::cost;

double inlay::cost::savedWhileMade(const llvm::SmallVectorImpl<Making> &makers,
                                   double wavelets, RampShare ramp) {
  double elements = 0, work = 0;
  for (const Making &making : makers) {
    elements += making.elements;
    work += making.cycles;
  }
  if (elements <= 1 || work <= 0)
    return 0;
  double passing = wavelets * ramp.period / elements;
  double taken = wavelets * ramp.taken / elements;
  // Elements of one op are alike, so that one of its first and last decides.
  double made = 0, numMade = 0, last = 0;
  for (const Making &making : makers) {
    if (making.elements <= 0) {
      made += making.cycles;
      continue;
    }
    double each = making.cycles / making.elements + taken;
    double first = made + each + (elements - numMade) * passing;
    made += making.elements * each;
    numMade += making.elements;
    last = std::max({last, first, made + (elements - numMade + 1) * passing});
  }
  return std::max(0.0, work + wavelets * ramp.period - std::max(last, made));
}

Arrival::Arrival(double elements, double wavelets, RampShare ramp) {
  if (elements <= 1)
    return;
  share = (elements - 1) / elements;
  rest = share * wavelets * std::max(0.0, ramp.period - ramp.taken);
}

double Arrival::hide(double cycles) {
  double hidden = std::min(share * cycles, rest);
  rest -= hidden;
  return hidden;
}
