//===- Anneal.h - Local search over slicing trees ---------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Simulated annealing of a slicing tree under any objective. Parts are moved
// next to blocks that they exchange data with, exchanged, turned and mirrored;
// the objective adds moves of its own (other shapes of a block, say).
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_ANNEAL_H
#define INLAY_FLOORPLAN_ANNEAL_H

#include "inlay/Floorplan/Random.h"
#include "inlay/Floorplan/SlicingTree.h"

#include <functional>

namespace inlay::floorplan {

/// What a plan costs. One object belongs to one search.
class Objective {
public:
  virtual ~Objective() = default;

  /// The cost of the tree as it stands; infinite when it cannot be placed.
  virtual double cost(SlicingTree &tree) = 0;
  /// A change that only the objective knows, pending in the tree; false when
  /// there is none at the moment.
  virtual bool change(SlicingTree &tree, Random &random) = 0;
  /// How often such changes are tried, 0 to 1.
  virtual double changeRate() const = 0;
  /// What becomes of the change whose cost was asked for last.
  virtual void accept(SlicingTree &tree) = 0;
  virtual void reject() = 0;
  /// A block that exchanges data with `block`, or any other.
  virtual int neighbour(int block, Random &random) = 0;
};

struct Annealing {
  int64_t moves = 0;
  double hot = 0;  ///< temperature at the beginning, in units of cost
  double cold = 0; ///< and at the end, above 0
  /// Asked now and then; true ends the search early. May be empty.
  std::function<bool()> isOver = {};
};

/// Changes the tree by random moves; one that raises the cost by d is kept with
/// probability exp(-d / temperature). Returns the cost of the last tree kept.
double anneal(SlicingTree &tree, Objective &objective, const Annealing &plan,
              Random &random);

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_ANNEAL_H
