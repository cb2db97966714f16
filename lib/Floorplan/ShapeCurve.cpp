//===- ShapeCurve.cpp - Extents on which a block fits ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/ShapeCurve.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::floorplan;

void ShapeCurve::add(int64_t width, int64_t height) {
  if (width < 1 || height < 1 || width >= int64_t(heights.size()) ||
      height >= int64_t(widths.size()))
    return;
  heights[width] = std::min(heights[width], static_cast<Side>(height));
}

void ShapeCurve::close() {
  for (size_t w = 1; w < heights.size(); ++w)
    heights[w] = std::min(heights[w], heights[w - 1]);
  invertSides(heights.data(), heights.size(), widths.data(), widths.size());
}

int64_t ShapeCurve::leastArea() const {
  int64_t least = int64_t(kNoSide) * kNoSide;
  for (size_t w = 1; w < heights.size(); ++w)
    if (heights[w] < kNoSide)
      least = std::min(least, int64_t(w) * heights[w]);
  return least;
}

int64_t ShapeCurve::leastSide() const {
  return std::min(heights.back(), widths.back());
}

void floorplan::addSides(const Side *a, const Side *b, Side *sum,
                         size_t count) {
  for (size_t i = 0; i < count; ++i) {
    Side both = a[i] + b[i];
    sum[i] = std::min(both, kNoSide);
  }
}

void floorplan::invertSides(const Side *from, size_t fromCount, Side *to,
                            size_t toCount) {
  // Widths grow, heights fall: each width serves the heights from its own up to
  // that of the width before.
  size_t done = toCount;
  for (size_t i = 0; i < fromCount && done > 0; ++i) {
    size_t reached = from[i];
    if (reached >= done)
      continue;
    std::fill(to + reached, to + done, static_cast<Side>(i));
    done = reached;
  }
  std::fill(to, to + done, kNoSide);
}
