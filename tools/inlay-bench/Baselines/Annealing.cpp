//===- Annealing.cpp - Simulated annealing of regions in rows -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arrangement.h"
#include "Strips.h"

#include "inlay/Floorplan/Random.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::baselines;
using floorplan::Kernels;

namespace {

/// A part of an arrangement by its row and its place in it.
struct Place {
  size_t row = 0, at = 0;
};

/// Random changes of an arrangement. Each leaves every kernel in one part and
/// no row or part empty.
class Moves {
public:
  Moves(const Legaliser &legaliser, floorplan::Random &random)
      : legaliser(legaliser), random(random) {}

  void change(Arrangement &arrangement) {
    rows = &arrangement.rows;
    switch (random.below(9)) {
    case 0:
    case 1:
      return scale();
    case 2:
      return use();
    case 3:
    case 4:
      return moveKernels();
    case 5:
      return split();
    case 6:
      return join();
    case 7:
      return exchange();
    default:
      if (random.chance(0.1)) {
        arrangement.areColumns = !arrangement.areColumns;
        return;
      }
      return movePart();
    }
  }

private:
  size_t below(size_t count) { return size_t(random.below(int(count))); }
  Part &part(Place place) { return (*rows)[place.row][place.at]; }

  Place any() {
    size_t count = 0;
    for (const std::vector<Part> &row : *rows)
      count += row.size();
    size_t index = below(count);
    for (size_t r = 0;; ++r) {
      if (index < (*rows)[r].size())
        return {r, index};
      index -= (*rows)[r].size();
    }
  }

  Place holder(size_t kernel) const {
    for (size_t r = 0; r < rows->size(); ++r)
      for (size_t i = 0; i < (*rows)[r].size(); ++i)
        if (std::binary_search((*rows)[r][i].kernels.begin(),
                               (*rows)[r][i].kernels.end(), kernel))
          return {r, i};
    return {};
  }

  /// Inserts a part behind a place, or as a row of its own.
  void insert(Place place, Part added) {
    if (random.chance(0.3)) {
      rows->insert(rows->begin() + std::ptrdiff_t(place.row) + 1, {{}})
          ->assign(1, std::move(added));
      return;
    }
    std::vector<Part> &row = (*rows)[place.row];
    row.insert(row.begin() + std::ptrdiff_t(place.at) + 1, std::move(added));
  }

  Part take(Place place) {
    std::vector<Part> &row = (*rows)[place.row];
    Part taken = std::move(row[place.at]);
    row.erase(row.begin() + std::ptrdiff_t(place.at));
    if (row.empty())
      rows->erase(rows->begin() + std::ptrdiff_t(place.row));
    return taken;
  }

  void scale() { part(any()).weight *= std::exp(0.6 * (random.unit() - 0.5)); }

  void use() {
    Part &changed = part(any());
    double &side = random.chance(0.5) ? changed.useX : changed.useY;
    side = std::clamp(side * (0.7 + 0.6 * random.unit()), 0.1, 1.0);
  }

  /// Weights follow the bytes that move.
  void give(Kernels kernels, Place from, Place to) {
    Part moved = legaliser.makePart(std::move(kernels));
    Part &source = part(from);
    double density = source.weight / legaliser.makePart(source.kernels).weight;
    Kernels rest, all;
    std::set_difference(source.kernels.begin(), source.kernels.end(),
                        moved.kernels.begin(), moved.kernels.end(),
                        std::back_inserter(rest));
    Part &target = part(to);
    std::merge(target.kernels.begin(), target.kernels.end(),
               moved.kernels.begin(), moved.kernels.end(),
               std::back_inserter(all));
    target.kernels = std::move(all);
    target.weight += moved.weight * density;
    source.weight =
        std::max(source.weight - moved.weight * density, 0.05 * source.weight);
    source.kernels = std::move(rest);
    if (source.kernels.empty())
      take(from);
  }

  /// Up to four kernels of a part go where a neighbour of theirs in the chain
  /// is, or anywhere.
  void moveKernels() {
    Place from = any();
    const Kernels &kernels = part(from).kernels;
    size_t first = below(kernels.size());
    size_t last = std::min(kernels.size(), first + 1 + below(4));
    Kernels moved(kernels.begin() + std::ptrdiff_t(first),
                  kernels.begin() + std::ptrdiff_t(last));
    Place to = any();
    if (random.chance(0.7)) {
      bool isBefore = random.chance(0.5) && moved.front() > 0;
      to = holder(isBefore ? moved.front() - 1 : moved.back() + 1);
    }
    if (to.row != from.row || to.at != from.at)
      give(std::move(moved), from, to);
  }

  void split() {
    Place from = any();
    Part &source = part(from);
    if (source.kernels.size() < 2)
      return;
    auto middle = source.kernels.begin() +
                  std::ptrdiff_t(1 + below(source.kernels.size() - 1));
    Part added = legaliser.makePart(Kernels(middle, source.kernels.end()));
    Part whole = legaliser.makePart(source.kernels);
    source.kernels.erase(middle, source.kernels.end());
    added.weight *= source.weight / whole.weight;
    source.weight = std::max(source.weight - added.weight, 1.0);
    insert(from, std::move(added));
  }

  void join() {
    Place from = any(), to = any();
    if (from.row != to.row || from.at != to.at)
      give(part(from).kernels, from, to);
  }

  void exchange() { std::swap(part(any()), part(any())); }

  void movePart() {
    if (rows->size() == 1 && rows->front().size() == 1)
      return;
    Part moved = take(any());
    insert(any(), std::move(moved));
  }

  const Legaliser &legaliser;
  floorplan::Random &random;
  std::vector<std::vector<Part>> *rows = nullptr;
};

/// The search: what does not fit costs more the fuller it is.
class Annealing {
public:
  Annealing(const Problem &problem, uint64_t seed)
      : problem(problem), legaliser(problem), random(seed) {}

  Plan run(const std::function<double()> &progress) {
    constexpr double kHot = 0.03, kCold = 0.0003;
    begin();
    double unit = best ? best->cycles : worst;
    Moves moves(legaliser, random);
    for (double done = progress(); done < 1; done = progress()) {
      double temperature = unit * kHot * std::pow(kCold / kHot, done);
      Arrangement next = current;
      moves.change(next);
      double nextCost = costOf(next);
      if (nextCost > cost &&
          !random.chance(std::exp((cost - nextCost) / temperature)))
        continue;
      current = std::move(next);
      cost = nextCost;
    }
    return std::move(best);
  }

private:
  void begin() {
    for (Arrangement &strips : rowMajorStrips(problem.chain, legaliser)) {
      Plan plan = legaliser.legalise(strips);
      double stripsCost = costOf(strips);
      if (current.rows.empty() || stripsCost < cost) {
        current = std::move(strips);
        cost = stripsCost;
      }
    }
  }

  double costOf(const Arrangement &arrangement) {
    Plan plan = legaliser.price(arrangement);
    if (!plan)
      return worst * (1 + legaliser.overfill(arrangement));
    double cycles = plan->cycles;
    best = cheaper(std::move(best), std::move(plan));
    return cycles;
  }

  static constexpr double worst = 1e7;

  const Problem &problem;
  Legaliser legaliser;
  floorplan::Random random;
  Arrangement current;
  double cost = 0;
  Plan best;
};

} // namespace

Plan inlay::baselines::placeByAnnealing(
    const Problem &problem, uint64_t seed,
    const std::function<double()> &progress) {
  for (const model::Rect &rect : problem.chain.dead)
    if (rect.area() > 0)
      return std::nullopt;
  return Annealing(problem, seed).run(progress);
}
