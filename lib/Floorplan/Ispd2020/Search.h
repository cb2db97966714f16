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
};

class Search final : public Objective {
public:
  /// `palette`: images that kernels may be given.
  Search(const Sizes &sizes, const std::vector<Image> &palette);

  /// Starts from rows of kernels that each have their smallest cuts.
  void start(const std::vector<std::vector<int>> &rows, Join rowJoin, int time);
  void start(const State &state);

  void run(const Annealing &plan, Random &random) {
    anneal(tree, *this, plan, random);
  }

  /// The best legal point since the start; its cost is infinite if there is
  /// none.
  const State &best() const { return bestState; }
  /// Where the search stands.
  State current();

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
  std::vector<Image> images;
  std::vector<const Shapes *> shapes;
  int oldTime = 0;
  std::vector<std::pair<int, Image>> oldImages; ///< of the pending change

  std::vector<model::Rect> slots, boxes;
  std::vector<Ports> ports;
  double lastCost = 0;
  bool isLegal = false;
  State bestState;
};

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_LIB_FLOORPLAN_ISPD2020_SEARCH_H
