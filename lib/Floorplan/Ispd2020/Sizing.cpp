//===- Sizing.cpp - Cuts of kernels for a given time ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sizing.h"

#include "inlay/Support/Format.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;

/// True when no smaller cut of `size` gives parts of the same size.
static bool isLeastCut(int64_t size, int64_t cut) {
  return cut == 1 || ceilDiv(size, cut) != ceilDiv(size, cut - 1);
}

Sizer::Sizer(const Kernel &kernel, model::Extent grid, double memoryLimit)
    : parts(kernel.convolutions()), mostH(kernel.mostH()),
      mostW(kernel.mostW()), mostC(0),
      longest(std::max(grid.width, grid.height)), grid(grid),
      memoryLimit(memoryLimit) {
  for (const Convolution &conv : parts) {
    mostC = std::max(mostC, conv.inputs);
    turnsC.push_back({0});
    for (int64_t c = 1; c <= std::min(conv.inputs, longest); ++c)
      turnsC.back().push_back(static_cast<double>(ceilDiv(conv.inputs, c)));
  }
  auto changes = [&](int64_t Convolution::*size, int64_t cut) {
    return llvm::any_of(parts, [&](const Convolution &conv) {
      return isLeastCut(conv.*size, cut);
    });
  };
  for (int64_t h = 1; h <= mostH && 2 * h <= longest; ++h)
    if (changes(&Convolution::imageHeight, h))
      leastH.push_back(h);
  for (int64_t w = 1; w <= mostW && 2 * w <= longest; ++w)
    if (changes(&Convolution::imageWidth, w))
      leastW.push_back(w);
}

int64_t Sizer::leastK(size_t part, int64_t h, int64_t w, int64_t c, double time,
                      bool *isMemoryShort) const {
  const Convolution &conv = parts[part];
  // Both numbers are exact, so that the quotient is never rounded up to the
  // next whole number.
  double turns =
      double(ceilDiv(conv.imageHeight, h) * ceilDiv(conv.imageWidth, w) *
             conv.fieldHeight * conv.fieldWidth) *
      turnsC[part][c];
  double rounds = std::floor(time * double(conv.stride * conv.stride) / turns);
  if (rounds < 1)
    return 0;
  int64_t k = rounds >= double(conv.outputs)
                  ? 1
                  : ceilDiv(conv.outputs, static_cast<int64_t>(rounds));
  auto wordsFor = [&](int64_t k) { return cost(conv, h, w, c, k).memory; };
  double words = wordsFor(k);
  if (words > memoryLimit) {
    if (isMemoryShort)
      *isMemoryShort = true;
    double wanted = std::ceil(words * double(k) / memoryLimit * (1 - 1e-12));
    if (wanted > double(conv.outputs))
      return 0;
    k = std::max(k, static_cast<int64_t>(wanted));
    while (k <= conv.outputs && wordsFor(k) > memoryLimit)
      ++k;
    if (k > conv.outputs)
      return 0;
  }
  return k;
}

void Sizer::addOption(Shapes &shapes, const Option &option, int64_t width,
                      int64_t height) const {
  if (width > grid.width || height > grid.height)
    return;
  Side &least = shapes.curve.heights[width];
  if (height >= least)
    return;
  least = static_cast<Side>(height);
  shapes.byWidth[width] = static_cast<int>(shapes.options.size());
  shapes.options.push_back(option);
}

/// Adds the cuts of one image for each c. `isMemoryShort` becomes true when
/// more k was needed than the time asks for; it is empty when every c is to be
/// tried, not only those that give other times.
void Sizer::addImage(Shapes &shapes, int64_t h, int64_t w, double time,
                     bool *isMemoryShort) const {
  int64_t tiles = h * w;
  for (int64_t c = 1; c <= mostC && tiles * (c + 1) <= longest; ++c) {
    auto changes = [&](const Convolution &conv) {
      return c <= conv.inputs && isLeastCut(conv.inputs, c);
    };
    if (isMemoryShort && llvm::none_of(parts, changes))
      continue;
    int64_t width = 0;
    for (size_t j = 0; j < parts.size() && width <= longest; ++j) {
      const Convolution &conv = parts[j];
      int64_t k =
          leastK(j, h, w, std::min(c, conv.inputs), time, isMemoryShort);
      width = k == 0 ? longest + 1 : width + 3 * k;
    }
    if (width > longest)
      continue;
    int64_t height = tiles * (c + 1);
    Option option = {static_cast<int>(h),
                     static_cast<int>(w),
                     static_cast<int>(c),
                     false,
                     {},
                     {}};
    addOption(shapes, option, width, height);
    option.isRotated = true;
    addOption(shapes, option, height, width);
  }
}

/// Where memory asks for more k than time does, more h, w or c than time asks
/// for can save k.
void Sizer::addAllImages(Shapes &shapes, double time) const {
  auto end = [](const std::vector<int64_t> &cuts, size_t i, int64_t most) {
    return i + 1 < cuts.size() ? cuts[i + 1] : most + 1;
  };
  for (size_t i = 0; i < leastH.size(); ++i)
    for (size_t j = 0; j < leastW.size(); ++j) {
      if (2 * leastH[i] * leastW[j] > longest)
        break;
      bool isMemoryShort = false;
      addImage(shapes, leastH[i], leastW[j], time, &isMemoryShort);
      if (!isMemoryShort)
        continue;
      for (int64_t h = leastH[i]; h < end(leastH, i, mostH); ++h)
        for (int64_t w = leastW[j]; w < end(leastW, j, mostW); ++w)
          if (2 * h * w <= longest)
            addImage(shapes, h, w, time, nullptr);
    }
}

Shapes Sizer::shapes(double time, Image image) const {
  Shapes shapes;
  shapes.curve = ShapeCurve(grid);
  shapes.byWidth.assign(grid.width + 1, -1);
  if (image.h > 0) {
    if (image.h <= mostH && image.w <= mostW)
      addImage(shapes, image.h, image.w, time, nullptr);
  } else {
    addAllImages(shapes, time);
  }
  for (size_t w = 1; w < shapes.byWidth.size(); ++w)
    if (shapes.curve.heights[w] >= shapes.curve.heights[w - 1]) {
      shapes.curve.heights[w] = shapes.curve.heights[w - 1];
      shapes.byWidth[w] = shapes.byWidth[w - 1];
    }
  shapes.curve.close();
  std::vector<bool> isDone(shapes.options.size());
  for (int index : shapes.byWidth)
    if (index != -1 && !isDone[index]) {
      Option &option = shapes.options[index];
      option.firstC = rangeOfC(0, option, time);
      option.lastC = rangeOfC(parts.size() - 1, option, time);
      isDone[index] = true;
    }
  return shapes;
}

Range Sizer::rangeOfC(size_t part, const Option &option, double time) const {
  Range range;
  range.high = static_cast<int>(std::min(parts[part].inputs, longest));
  range.low = std::min(option.c, range.high);
  int64_t k = leastK(part, option.h, option.w, range.low, time);
  // Less c never needs less k.
  while (range.low > 1) {
    int64_t needed = leastK(part, option.h, option.w, range.low - 1, time);
    if (needed == 0 || needed > k)
      break;
    --range.low;
  }
  return range;
}

Cut Sizer::cut(const Option &option, double time) const {
  Cut cut;
  cut.h = option.h;
  cut.w = option.w;
  for (size_t j = 0; j < parts.size(); ++j) {
    cut.c[j] = std::min<int64_t>(option.c, parts[j].inputs);
    cut.k[j] = leastK(j, option.h, option.w, cut.c[j], time);
  }
  return cut;
}

/// The different values of ceil(size / cut) for cuts up to `most`, falling.
static std::vector<int64_t> turnsOf(int64_t size, int64_t most) {
  std::vector<int64_t> turns;
  for (int64_t cut = 1; cut <= std::min(size, most); ++cut)
    if (turns.empty() || turns.back() != ceilDiv(size, cut))
      turns.push_back(ceilDiv(size, cut));
  return turns;
}

std::vector<double> Sizer::times(double low, double high) const {
  std::vector<double> all;
  for (const Convolution &conv : parts) {
    std::vector<int64_t> images;
    for (int64_t h = 1; h <= mostH && 2 * h <= longest; ++h)
      for (int64_t w = 1; w <= mostW && 2 * h * w <= longest; ++w)
        images.push_back(ceilDiv(conv.imageHeight, h) *
                         ceilDiv(conv.imageWidth, w));
    llvm::sort(images);
    images.erase(llvm::unique(images), images.end());
    std::vector<int64_t> outputs = turnsOf(conv.outputs, longest / 3);
    for (int64_t image : images)
      for (int64_t input : turnsOf(conv.inputs, longest / 2))
        for (int64_t output : outputs) {
          double time = double(image * input * output * conv.fieldHeight *
                               conv.fieldWidth) /
                        double(conv.stride * conv.stride);
          if (time > low && time <= high)
            all.push_back(time);
          else if (time <= low)
            break;
        }
    llvm::sort(all);
    all.erase(llvm::unique(all), all.end());
  }
  return all;
}
