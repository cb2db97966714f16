//===- Geometry.h - Sizes and rectangles of a grid --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_GEOMETRY_H
#define INLAY_LIB_CHECK_GEOMETRY_H

#include <compare>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace inlay::checker {

/// Sizes saturate here, so that sums of them still fit.
inline constexpr int64_t kHuge = int64_t(1) << 56;

/// a * b of two sizes, at most kHuge.
inline int64_t times(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product) || product > kHuge)
    return kHuge;
  return product < -kHuge ? -kHuge : product;
}

inline int64_t plus(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? kHuge : sum;
}

inline int64_t divideUp(int64_t a, int64_t b) {
  return b <= 0 ? kHuge : a / b + (a % b > 0);
}

int64_t product(const std::vector<int64_t> &sizes);

struct Rect {
  int64_t x = 0, y = 0, width = 0, height = 0;

  int64_t right() const { return plus(x, width); }
  int64_t bottom() const { return plus(y, height); }
  int64_t area() const { return times(width, height); }
  /// Whether there is a core that both have.
  bool meets(const Rect &other) const {
    return x < other.right() && other.x < right() && y < other.bottom() &&
           other.y < bottom() && width > 0 && height > 0 && other.width > 0 &&
           other.height > 0;
  }
  /// Cores that both have.
  int64_t common(const Rect &other) const;
  bool contains(const Rect &other) const;
  /// Nothing in common: width and height 0.
  Rect meet(const Rect &other) const;
  Rect moved(int64_t dx, int64_t dy) const {
    return {plus(x, dx), plus(y, dy), width, height};
  }
  bool operator==(const Rect &) const = default;
  auto operator<=>(const Rect &) const = default;
  std::string str() const; ///< "(1, 2) to (3, 4)"
};

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_GEOMETRY_H
