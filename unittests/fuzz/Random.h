//===- Random.h - The same random numbers everywhere ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The distributions of the standard library differ from one library to the
// next; a mutation must be the same on each machine, or nobody can repeat it.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_FUZZ_RANDOM_H
#define INLAY_UNITTESTS_FUZZ_RANDOM_H

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <random>

namespace inlay::fuzz {

class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}

  uint64_t bits() { return engine(); }
  /// A number from 0 to `bound` - 1. That some are likelier by a hair does not
  /// matter here.
  size_t below(size_t bound) {
    assert(bound > 0 && "there is no number below 0");
    return engine() % bound;
  }
  bool oneIn(size_t chances) { return below(chances) == 0; }
  template <typename Range> auto &pick(Range &range) {
    return range[below(std::size(range))];
  }

private:
  std::mt19937_64 engine;
};

} // namespace inlay::fuzz

#endif // INLAY_UNITTESTS_FUZZ_RANDOM_H
