//===- Sizing.h - Cuts of kernels for a given time --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which cuts of a kernel finish within a given time and memory, and the extents
// they need. For equal c in all convolutions of a block nothing is lost (Jiang
// et al., theorem 1); k is then the least that time and memory allow.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_ISPD2020_SIZING_H
#define INLAY_LIB_FLOORPLAN_ISPD2020_SIZING_H

#include "inlay/Floorplan/Ispd2020.h"
#include "inlay/Floorplan/ShapeCurve.h"

namespace inlay::floorplan::ispd2020 {

/// h and w, which adapters compare.
struct Image {
  int h = 0, w = 0; ///< 0: any
  auto operator<=>(const Image &) const = default;
};

/// Values that a c may take.
struct Range {
  int low = 1, high = 1;
};

/// One way to cut a kernel; k follows from it and the time.
struct Option {
  int h = 1, w = 1, c = 1;
  bool isRotated = false;
  /// c of the first and of the last convolution with which the same k is
  /// enough, however high the kernel may become.
  Range firstC, lastC;
};

/// What fits within a time.
struct Shapes {
  ShapeCurve curve;
  std::vector<Option> options;
  std::vector<int> byWidth; ///< the option of the curve's least height

  const Option &option(int64_t width) const { return options[byWidth[width]]; }
};

/// Cuts of kernels of one kind of work.
class Sizer {
public:
  Sizer(const Kernel &kernel, model::Extent grid, double memoryLimit);

  /// All extents within a time, or those of one image.
  Shapes shapes(double time, Image image = {}) const;

  /// The least k of convolution `part` within a time and the memory; 0 when
  /// none is enough. `isMemoryShort` becomes true when time alone would have
  /// asked for less.
  int64_t leastK(size_t part, int64_t h, int64_t w, int64_t c, double time,
                 bool *isMemoryShort = nullptr) const;

  /// The cut of an option, with the least k for the time.
  Cut cut(const Option &option, double time) const;

  /// Times above `low` and at most `high` that a cut can have, rising. The
  /// curve changes nowhere else.
  std::vector<double> times(double low, double high) const;

  size_t numParts() const { return parts.size(); }
  const Convolution &part(size_t index) const { return parts[index]; }

private:
  void addAllImages(Shapes &shapes, double time) const;
  void addImage(Shapes &shapes, int64_t h, int64_t w, double time,
                bool *isMemoryShort) const;
  Range rangeOfC(size_t part, const Option &option, double time) const;
  void addOption(Shapes &shapes, const Option &option, int64_t width,
                 int64_t height) const;

  std::vector<Convolution> parts;
  int64_t mostH, mostW, mostC, longest;
  std::vector<int64_t> leastH, leastW;     ///< that give other times, rising
  std::vector<std::vector<double>> turnsC; ///< by part and c: ceil(C / c)
  model::Extent grid;
  double memoryLimit;
};

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_LIB_FLOORPLAN_ISPD2020_SIZING_H
