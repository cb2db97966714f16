//===- Search.h - Annealing of one placement --------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A search holds a slicing tree, a time within which every kernel must finish,
// and, where adapters cost something, an image (h, w) for each kernel or none.
// All three change together under the contest's score; what leaves the grid is
// paid for by the row.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_ISPD2020_SEARCH_H
#define INLAY_LIB_FLOORPLAN_ISPD2020_SEARCH_H

#include "Adapters.h"
#include "Sizes.h"

#include "inlay/Floorplan/Anneal.h"

#include <limits>
#include <optional>

namespace inlay::floorplan::ispd2020 {

/// A point of the search.
struct State {
  SlicingTree::Form form;
  int time = 0;              ///< index into Sizes
  std::vector<Image> images; ///< by kernel; h = 0: whichever is smallest
  double cost = std::numeric_limits<double>::infinity();
  double extra = 0; ///< what wires and adapters cost
};

class Search final : public Objective {
public:
  /// `palette`: images that kernels may be given.
  Search(const Sizes &sizes, const std::vector<Image> &palette);

  /// Starts from rows of kernels that each have their smallest cuts.
  void start(const std::vector<std::vector<int>> &rows, Join rowJoin, int time);
  void start(const State &state);

  /// The search tries no time above this one.
  void limitTime(int most) { mostTime = most; }

  /// Anneals; rows outside the grid become dearer on the way.
  void run(const Annealing &plan, Random &random);

  /// The best legal point since the start; its cost is infinite if there is
  /// none.
  const State &best() const { return bestState; }
  /// Where the search stands. Rows outside the grid cost what they did last.
  State current();
  /// True when nothing left the grid when the cost was asked for last.
  bool wasLegal() const { return isLegal; }

  double cost(SlicingTree &tree) override;
  bool change(SlicingTree &tree, Random &random) override;
  double changeRate() const override { return palette.empty() ? 0.01 : 0.12; }
  void accept(SlicingTree &tree) override;
  void reject() override;
  int neighbour(int block, Random &random) override;

private:
  bool changeTime(SlicingTree &tree, Random &random);
  bool changeImages(SlicingTree &tree, Random &random);
  bool setShapes(SlicingTree &tree, int kernel);

  const Sizes &sizes;
  const Problem &problem;
  std::vector<Image> palette;
  std::vector<std::vector<int>> neighbours;
  PortMatcher matcher;
  SlicingTree tree;

  int time = 0;
  int mostTime = 0;
  std::vector<Image> images;
  std::vector<const Shapes *> shapes;
  int oldTime = 0;
  std::vector<std::pair<int, Image>> oldImages; ///< of the pending change

  std::vector<model::Rect> slots, boxes;
  std::vector<Ports> ports;
  /// Of a row outside the grid, in units of the time that it might save.
  double overflowPrice = 2;
  double lastCost = 0, lastExtra = 0;
  bool isLegal = false;
  State bestState;
};

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_LIB_FLOORPLAN_ISPD2020_SEARCH_H
