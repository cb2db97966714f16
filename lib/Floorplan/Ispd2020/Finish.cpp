//===- Finish.cpp - From a point of the search to a placement -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Finish.h"

#include "inlay/Floorplan/Slide.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;
using model::Rect;

namespace {

/// A cut with its box.
struct Variant {
  Cut cut;
  bool isRotated = false;
  int64_t width = 0, height = 0;
};

class Finisher {
public:
  Finisher(const Sizes &sizes, const State &state)
      : sizes(sizes), problem(sizes.problem()), state(state) {}

  Solution run() {
    place();
    chooseCuts();
    if (problem.weights.adapter == 0)
      alignCentres();
    slide(boxes, problem.edges, problem.grid);
    Solution solution;
    for (size_t i = 0; i < boxes.size(); ++i)
      solution.kernels.push_back(
          {chosen[i].cut, boxes[i].x, boxes[i].y, chosen[i].isRotated});
    return solution;
  }

private:
  double time() const { return sizes.time(state.time); }
  const Sizer &sizer(size_t kernel) const {
    return sizes.sizer(static_cast<int>(kernel));
  }

  void place() {
    std::vector<const ShapeCurve *> curves;
    for (size_t i = 0; i < problem.kernels.size(); ++i)
      curves.push_back(
          &sizes.shapes(static_cast<int>(i), state.time, state.images[i])
               .curve);
    SlicingTree tree(problem.grid, curves);
    tree.setForm(state.form);
    tree.place(slots, boxes);
  }

  /// In the middle of the slot, rounded down.
  Rect centred(size_t kernel, int64_t width, int64_t height) const {
    const Rect &slot = slots[kernel];
    return {slot.x + (slot.width - width) / 2,
            slot.y + (slot.height - height) / 2, width, height};
  }

  void choose(size_t kernel, const Variant &variant) {
    chosen[kernel] = variant;
    boxes[kernel] = centred(kernel, variant.width, variant.height);
  }

  Variant makeVariant(size_t kernel, const Cut &cut, bool isRotated) const {
    Cost size = cost(problem.kernels[kernel], cut);
    if (isRotated)
      std::swap(size.width, size.height);
    return {cut, isRotated, size.width, size.height};
  }

  /// Cuts of the shapes that the tree was made for, with c as ports agree.
  void chooseCuts() {
    std::vector<Ports> ports;
    std::vector<const Option *> options;
    for (size_t i = 0; i < boxes.size(); ++i) {
      const Shapes &shapes =
          sizes.shapes(static_cast<int>(i), state.time, state.images[i]);
      options.push_back(&shapes.option(boxes[i].width));
      ports.push_back(portsOf(shapes, slots[i], boxes[i]));
    }
    PortMatcher matcher(problem);
    matcher.match(ports);
    chosen.resize(boxes.size());
    for (size_t i = 0; i < boxes.size(); ++i) {
      Cut cut = sizer(i).cut(*options[i], time());
      size_t last = sizer(i).numParts() - 1;
      cut.c[0] = matcher.c(static_cast<int>(i), false);
      cut.c[last] = matcher.c(static_cast<int>(i), true);
      choose(i, makeVariant(i, cut, options[i]->isRotated));
    }
  }

  /// For each parity of width and height, a cut that fits the slot.
  std::vector<Variant> variantsOf(size_t kernel) const {
    std::array<std::optional<Variant>, 4> found;
    auto add = [&](const Cut &cut, bool isRotated) {
      Variant variant = makeVariant(kernel, cut, isRotated);
      std::optional<Variant> &entry =
          found[variant.width % 2 + 2 * (variant.height % 2)];
      if (!entry && variant.width <= slots[kernel].width &&
          variant.height <= slots[kernel].height)
        entry = variant;
    };
    add(chosen[kernel].cut, chosen[kernel].isRotated);
    const Kernel &spec = problem.kernels[kernel];
    for (bool isRotated : {false, true}) {
      int64_t room = isRotated ? slots[kernel].width : slots[kernel].height;
      for (int64_t h = 1; h <= spec.mostH() && 2 * h <= room; ++h)
        for (int64_t w = 1; w <= spec.mostW() && 2 * h * w <= room; ++w)
          addImage(kernel, isRotated, h, w, room / (h * w) - 1, add);
    }
    std::vector<Variant> variants;
    for (const std::optional<Variant> &variant : found)
      if (variant)
        variants.push_back(*variant);
    return variants;
  }

  template <typename Add>
  void addImage(size_t kernel, bool isRotated, int64_t h, int64_t w,
                int64_t mostC, const Add &add) const {
    Option option;
    option.h = static_cast<int>(h);
    option.w = static_cast<int>(w);
    // Two values of c give both parities, where h w allows.
    for (int64_t c = mostC; c >= std::max<int64_t>(1, mostC - 1); --c) {
      option.c = static_cast<int>(c);
      Cut cut = sizer(kernel).cut(option, time());
      size_t count = sizer(kernel).numParts();
      if (std::find(cut.k.begin(), cut.k.begin() + count, 0) !=
          cut.k.begin() + count)
        return;
      add(cut, isRotated);
      if (cut.k[0] < sizer(kernel).part(0).outputs) {
        ++cut.k[0];
        add(cut, isRotated);
      }
    }
  }

  int64_t wiresOf(size_t kernel) const {
    int64_t sum = 0;
    for (auto [from, to] : problem.edges)
      if (from == static_cast<int>(kernel) || to == static_cast<int>(kernel)) {
        const Rect &a = boxes[from];
        const Rect &b = boxes[to];
        sum += std::abs((2 * a.x + a.width) - (2 * b.x + b.width)) +
               std::abs((2 * a.y + a.height) - (2 * b.y + b.height));
      }
    return sum;
  }

  /// Boxes of odd and of even size never have the same centre: half a tile is
  /// lost for each such pair of neighbours in a row.
  void alignCentres() {
    std::vector<std::vector<Variant>> variants;
    for (size_t i = 0; i < boxes.size(); ++i)
      variants.push_back(variantsOf(i));
    int64_t least = doubledWirelength(boxes, problem.edges);
    std::vector<Variant> best = chosen;
    std::vector<Rect> bestBoxes = boxes;
    for (int parities = 0; parities < 4; ++parities) {
      for (size_t i = 0; i < boxes.size(); ++i)
        for (const Variant &variant : variants[i])
          if (variant.width % 2 + 2 * (variant.height % 2) == parities)
            choose(i, variant);
      improve(variants);
      int64_t wires = doubledWirelength(boxes, problem.edges);
      if (wires >= least)
        continue;
      least = wires;
      best = chosen;
      bestBoxes = boxes;
    }
    chosen = best;
    boxes = bestBoxes;
  }

  /// Takes what shortens the wires of one kernel, or does not lengthen them: a
  /// few rounds, since ties may lead on.
  void improve(const std::vector<std::vector<Variant>> &variants) {
    for (int round = 0; round < 8; ++round)
      for (size_t i = 0; i < boxes.size(); ++i) {
        int64_t least = wiresOf(i);
        Variant best = chosen[i];
        for (const Variant &variant : variants[i]) {
          choose(i, variant);
          int64_t wires = wiresOf(i);
          if (wires > least)
            continue;
          least = wires;
          best = variant;
        }
        choose(i, best);
      }
  }

  const Sizes &sizes;
  const Problem &problem;
  const State &state;
  std::vector<Rect> slots, boxes;
  std::vector<Variant> chosen;
};

} // namespace

Solution ispd2020::finish(const Sizes &sizes, const State &state) {
  return Finisher(sizes, state).run();
}
