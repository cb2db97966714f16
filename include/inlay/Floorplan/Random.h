//===- Random.h - Random numbers that are the same everywhere ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The distributions of the standard library differ between its implementations;
// plans must not.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_RANDOM_H
#define INLAY_FLOORPLAN_RANDOM_H

#include <cstdint>

namespace inlay::floorplan {

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014).
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// 0 to count - 1; count is at least 1.
  int below(int count) {
    return static_cast<int>(((next() >> 32) * uint64_t(count)) >> 32);
  }
  /// 0 to 1, without 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return unit() < probability; }

private:
  uint64_t state;
};

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_RANDOM_H
