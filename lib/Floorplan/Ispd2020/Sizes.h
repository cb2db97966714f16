//===- Sizes.h - Shapes of all kernels at all times tried -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes are made once for each kind of work and each time at which they
// change, and shared by all searches.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_ISPD2020_SIZES_H
#define INLAY_LIB_FLOORPLAN_ISPD2020_SIZES_H

#include "Sizing.h"

#include <map>
#include <memory>
#include <mutex>

namespace inlay::floorplan::ispd2020 {

class Sizes {
public:
  explicit Sizes(const Problem &problem);

  /// Fixes the times that searches may try: `low` and every time up to `high`
  /// at which a kernel's curve changes.
  void setTimes(double low, double high);
  int numTimes() const { return static_cast<int>(times.size()); }
  double time(int index) const { return times[index]; }
  /// The index of the first time of at least `value`, or of the last.
  int indexOf(double value) const;

  /// Shapes of a kernel within one of the times. Safe from several threads; the
  /// result lives as long as this.
  const Shapes &shapes(int kernel, int timeIndex, Image image = {}) const;

  const Sizer &sizer(int kernel) const { return sizers[kinds[kernel]]; }
  /// Curves of all kernels within any time.
  std::vector<ShapeCurve> curves(double time) const;

  /// No placement within any of the times scores less, adapters not counted.
  double leastScore() const;

  /// The least time at which the areas of the kernels add up to no more than
  /// the grid's. A proved bound but for cuts outside the formal arguments.
  double leastTime() const;
  /// No placement within a time has less wirelength: the centres of two
  /// disjoint boxes are half of both shorter sides apart.
  double leastWirelength(const std::vector<ShapeCurve> &curves) const;

  const Problem &problem() const { return input; }

private:
  struct Key {
    int kind, time;
    Image image;
    auto operator<=>(const Key &) const = default;
  };

  const Problem &input;
  std::vector<Sizer> sizers;
  std::vector<int> kinds; ///< by kernel
  std::vector<double> times;
  bool isThinned = false; ///< some times at which curves change are left out
  std::vector<std::vector<int>> steps;  ///< by kind and time: index into shapes
  std::vector<std::vector<Shapes>> all; ///< by kind
  mutable std::mutex mutex;
  mutable std::map<Key, std::unique_ptr<Shapes>> limited;
};

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_LIB_FLOORPLAN_ISPD2020_SIZES_H
