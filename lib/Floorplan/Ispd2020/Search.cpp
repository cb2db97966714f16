//===- Search.cpp - Annealing of one placement ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Search.h"

#include "inlay/Floorplan/Slide.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;

static std::vector<const ShapeCurve *> curvesAt(const Sizes &sizes, int time) {
  std::vector<const ShapeCurve *> curves;
  for (size_t i = 0; i < sizes.problem().kernels.size(); ++i)
    curves.push_back(&sizes.shapes(static_cast<int>(i), time).curve);
  return curves;
}

Search::Search(const Sizes &sizes, const std::vector<Image> &palette)
    : sizes(sizes), problem(sizes.problem()), palette(palette),
      neighbours(problem.kernels.size()), matcher(problem),
      tree(problem.grid, curvesAt(sizes, 0)), mostTime(sizes.numTimes() - 1),
      images(problem.kernels.size()), shapes(problem.kernels.size()) {
  for (auto [from, to] : problem.edges) {
    neighbours[from].push_back(to);
    neighbours[to].push_back(from);
  }
}

void Search::start(const std::vector<std::vector<int>> &rows, Join rowJoin,
                   int newTime) {
  tree.build(rows, rowJoin);
  images.assign(problem.kernels.size(), Image());
  time = oldTime = newTime;
  for (size_t i = 0; i < images.size(); ++i)
    setShapes(tree, static_cast<int>(i));
  double least = std::numeric_limits<double>::infinity();
  double best = 1;
  for (double stretch : {1.0, 0.5, 0.0}) {
    tree.setStretch(stretch);
    if (cost(tree) < least) {
      least = lastCost;
      best = stretch;
    }
  }
  tree.setStretch(best);
  tree.commit();
  bestState = State();
}

void Search::start(const State &state) {
  tree.setForm(state.form);
  images = state.images;
  time = oldTime = state.time;
  for (size_t i = 0; i < images.size(); ++i)
    setShapes(tree, static_cast<int>(i));
  tree.commit();
  bestState = State();
}

State Search::current() {
  double now = cost(tree);
  return {tree.form(), time, images, now, lastExtra};
}

void Search::run(const Annealing &plan, Random &random) {
  constexpr int steps = 8;
  constexpr double firstPrice = 1;
  constexpr double lastPrice = 16;
  double cooling = std::pow(plan.cold / plan.hot, 1.0 / steps);
  double rise = std::pow(lastPrice / firstPrice, 1.0 / (steps - 1));
  Annealing part = plan;
  part.moves = plan.moves / steps;
  overflowPrice = firstPrice;
  for (int step = 0; step < steps; ++step) {
    part.cold = part.hot * cooling;
    anneal(tree, *this, part, random);
    part.hot = part.cold;
    if (step + 1 < steps)
      overflowPrice *= rise;
  }
}

/// False when the kernel has no shape; then nothing has changed.
bool Search::setShapes(SlicingTree &tree, int kernel) {
  const Shapes &next = sizes.shapes(kernel, time, images[kernel]);
  if (next.curve.isEmpty())
    return false;
  if (shapes[kernel] == &next)
    return true;
  shapes[kernel] = &next;
  tree.setCurve(kernel, &next.curve);
  return true;
}

double Search::cost(SlicingTree &tree) {
  int overflow = tree.place(slots, boxes);
  isLegal = overflow == 0;
  if (overflow < 0)
    return lastCost = std::numeric_limits<double>::infinity();
  const Weights &weights = problem.weights;
  double target = weights.time * sizes.time(time);
  // Centres of slots, not of boxes: those of boxes can be brought there, or
  // next to it, by cuts of other sizes.
  lastExtra =
      weights.wirelength * double(doubledWirelength(slots, problem.edges)) / 2;
  if (weights.adapter > 0) {
    ports.resize(boxes.size());
    for (size_t i = 0; i < boxes.size(); ++i)
      ports[i] = portsOf(*shapes[i], slots[i], boxes[i]);
    lastExtra += weights.adapter * matcher.match(ports);
  }
  // A row of cores is worth about as much time as it would save.
  double side = double(std::min(problem.grid.width, problem.grid.height));
  lastCost = target + lastExtra + overflow * overflowPrice * target / side;
  return lastCost;
}

void Search::accept(SlicingTree &tree) {
  oldTime = time;
  oldImages.clear();
  if (isLegal && lastCost < bestState.cost)
    bestState = {tree.form(), time, images, lastCost, lastExtra};
}

void Search::reject() {
  // The tree has its curves back; the shapes follow.
  bool timeChanged = time != oldTime;
  time = oldTime;
  for (const auto &[kernel, image] : oldImages)
    images[kernel] = image;
  if (timeChanged) {
    for (size_t i = 0; i < shapes.size(); ++i)
      shapes[i] = &sizes.shapes(static_cast<int>(i), time, images[i]);
  } else {
    for (const auto &[kernel, image] : oldImages)
      shapes[kernel] = &sizes.shapes(kernel, time, image);
  }
  oldImages.clear();
}

int Search::neighbour(int block, Random &random) {
  const std::vector<int> &near = neighbours[block];
  if (near.empty() || random.chance(0.05))
    return random.below(tree.numBlocks());
  return near[random.below(static_cast<int>(near.size()))];
}

bool Search::change(SlicingTree &tree, Random &random) {
  if (!palette.empty() && random.chance(0.95))
    return changeImages(tree, random);
  return changeTime(tree, random);
}

bool Search::changeTime(SlicingTree &tree, Random &random) {
  int by = 1;
  while (random.chance(0.5))
    by *= 2;
  int next = time + (random.chance(0.5) ? by : -by);
  if (next < 0 || next > mostTime)
    return false;
  time = next;
  for (size_t i = 0; i < shapes.size(); ++i)
    if (!setShapes(tree, static_cast<int>(i))) {
      tree.rollback();
      reject();
      return false;
    }
  return true;
}

bool Search::changeImages(SlicingTree &tree, Random &random) {
  int kernel = random.below(static_cast<int>(images.size()));
  Image image;
  if (random.chance(0.6))
    image = images[neighbour(kernel, random)];
  else if (random.chance(0.9))
    image = palette[random.below(static_cast<int>(palette.size()))];
  Image old = images[kernel];
  if (image == old)
    return false;
  // The kernel alone, or with what is around it and has the same image.
  int most = 1;
  while (random.chance(0.5) && most < static_cast<int>(images.size()))
    most *= 2;
  std::vector<int> members = {kernel};
  std::vector<bool> isMember(images.size());
  isMember[kernel] = true;
  for (size_t next = 0;
       next < members.size() && static_cast<int>(members.size()) < most; ++next)
    for (int near : neighbours[members[next]])
      if (!isMember[near] && images[near] == old) {
        isMember[near] = true;
        members.push_back(near);
      }
  bool changed = false;
  for (int member : members) {
    images[member] = image;
    if (setShapes(tree, member)) {
      oldImages.push_back({member, old});
      changed = true;
    } else {
      images[member] = old;
    }
  }
  return changed;
}
