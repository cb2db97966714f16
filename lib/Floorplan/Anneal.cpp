//===- Anneal.cpp - Local search over slicing trees -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Anneal.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::floorplan;

namespace {

/// Proposes one change of a tree.
class Mover {
public:
  Mover(SlicingTree &tree, Objective &objective, Random &random)
      : tree(tree), objective(objective), random(random) {}

  /// False when the move drawn does not apply here.
  bool move() {
    if (random.chance(objective.changeRate()))
      return objective.change(tree, random);
    if (tree.numBlocks() < 2)
      return false;
    double draw = random.unit();
    if (draw < 0.36)
      return graftNearNeighbour();
    if (draw < 0.44)
      return graftAnywhere();
    if (draw < 0.62)
      return exchangeBlocks();
    if (draw < 0.70)
      return exchangeParts();
    if (draw < 0.80)
      return turn();
    if (draw < 0.90)
      return mirror();
    if (draw < 0.96)
      return align();
    return stretch();
  }

private:
  /// Goes up from a node, further with falling probability.
  int climb(int node, double probability) {
    while (node != tree.root() && random.chance(probability))
      node = tree.parent(node);
    return node;
  }

  bool graft(int part, int target) {
    if (part == tree.root() || tree.isWithin(target, part))
      return false;
    Join join = random.chance(0.5) ? Join::Beside : Join::Above;
    tree.graft(part, target, join, random.chance(0.5));
    return true;
  }

  bool graftNearNeighbour() {
    int block = random.below(tree.numBlocks());
    int target = objective.neighbour(block, random);
    return graft(climb(block, 0.25), climb(target, 0.35));
  }

  bool graftAnywhere() {
    return graft(climb(random.below(tree.numBlocks()), 0.2),
                 random.below(tree.numNodes()));
  }

  bool exchange(int a, int b) {
    if (tree.isWithin(a, b) || tree.isWithin(b, a))
      return false;
    tree.exchange(a, b);
    return true;
  }

  bool exchangeBlocks() {
    int a = random.below(tree.numBlocks());
    int b = random.chance(0.5)
                ? objective.neighbour(objective.neighbour(a, random), random)
                : random.below(tree.numBlocks());
    return exchange(a, b);
  }

  bool exchangeParts() {
    return exchange(random.below(tree.numNodes()),
                    random.below(tree.numNodes()));
  }

  int anyInner() {
    return tree.numBlocks() + random.below(tree.numNodes() - tree.numBlocks());
  }

  bool turn() {
    int inner = anyInner();
    tree.setJoin(inner,
                 tree.join(inner) == Join::Beside ? Join::Above : Join::Beside);
    return true;
  }

  bool mirror() {
    int inner = anyInner();
    if (random.chance(0.4))
      tree.exchange(tree.first(inner), tree.second(inner));
    else
      tree.mirror(inner, random.chance(0.5) ? Join::Beside : Join::Above);
    return true;
  }

  bool align() {
    constexpr Align all[] = {Align::Start, Align::Middle, Align::End};
    tree.setAlign(anyInner(), all[random.below(3)]);
    return true;
  }

  bool stretch() {
    double draw = random.unit();
    double value = draw < 0.1   ? 0
                   : draw < 0.2 ? 1
                                : tree.stretch() + (random.unit() - 0.5) * 0.3;
    tree.setStretch(std::clamp(value, 0.0, 1.0));
    return true;
  }

  SlicingTree &tree;
  Objective &objective;
  Random &random;
};

} // namespace

double floorplan::anneal(SlicingTree &tree, Objective &objective,
                         const Annealing &plan, Random &random) {
  Mover mover(tree, objective, random);
  double now = objective.cost(tree);
  tree.commit();
  objective.accept(tree);
  double temperature = plan.hot;
  constexpr int64_t perStep = 64;
  double cooling =
      std::pow(plan.cold / plan.hot,
               double(perStep) / double(std::max<int64_t>(plan.moves, 1)));
  for (int64_t move = 0; move < plan.moves; ++move) {
    if (move % perStep == 0) {
      temperature *= cooling;
      if (plan.isOver && plan.isOver())
        break;
    }
    if (!mover.move()) {
      tree.rollback();
      continue;
    }
    double next = objective.cost(tree);
    // Draw always: whether a random number is used must not depend on the cost.
    double draw = random.unit();
    if (next <= now || draw < std::exp((now - next) / temperature)) {
      now = next;
      tree.commit();
      objective.accept(tree);
    } else {
      tree.rollback();
      objective.reject();
    }
  }
  return now;
}
