//===- StateElements.cpp - What a core has of a state ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A context grows at its end, so its places are dealt out like cards: what a
// core has of a short one is the beginning of what it has of a longer one.
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/CoreBytes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include "fmt/format.h"

#include <algorithm>
#include <map>

using namespace inlay;
using namespace inlay::plan;

/// No core has SRAM for more.
static constexpr int64_t kMostElements = int64_t(1) << 26;

namespace {

/// Goes through the axes that cut a state, one dim or more on each.
class StateView {
public:
  StateView(const State &state, const CorePlace &core, Diagnostics &diags)
      : state(state), core(core), diags(diags), rank(state.shape.size()) {}

  std::optional<std::vector<int64_t>> run();

private:
  /// Indices of all dims, 0 of those that are not of the axis.
  using Tuple = std::vector<int64_t>;

  bool fail(std::string message) {
    diags.inputError(fmt::format("state '{}'", state.name), std::move(message));
    return false;
  }
  bool check();
  bool addDealt(size_t dim, int64_t number, std::vector<Tuple> &tuples);
  bool addRun(const std::vector<size_t> &dims, int64_t number,
              std::vector<Tuple> &tuples);

  const State &state;
  const CorePlace &core;
  Diagnostics &diags;
  size_t rank;
};

} // namespace

bool StateView::check() {
  if (state.cuts.size() != rank || state.contextDim >= int64_t(rank))
    return fail(
        fmt::format("has {} cuts for {} dims", state.cuts.size(), rank));
  int64_t all = 1;
  for (auto [cut, size] : llvm::zip_equal(state.cuts, state.shape))
    if (cut.size != size || size < 0 || cut.shard < 0 || cut.points < 0 ||
        cut.inner < 1 || cut.parts < 1 || cut.pitch < size ||
        llvm::MulOverflow(all, std::max<int64_t>(1, size), all))
      return fail(fmt::format("has a cut of dim '{}' that does not go with its "
                              "shape",
                              cut.dim));
  return true;
}

bool StateView::addDealt(size_t dim, int64_t number,
                         std::vector<Tuple> &tuples) {
  const Cut &cut = state.cuts[dim];
  int64_t parts = cut.axis == "none" ? 1 : cut.parts;
  if ((cut.size - number) / parts > kMostElements)
    return fail("has more elements on a core than its SRAM");
  for (int64_t place = number; place < cut.size; place += parts) {
    tuples.emplace_back(rank, 0);
    tuples.back()[dim] = place;
  }
  return true;
}

/// One loop over the points of the core gives the index of each of the dims.
bool StateView::addRun(const std::vector<size_t> &dims, int64_t number,
                       std::vector<Tuple> &tuples) {
  const Cut &first = state.cuts[dims.front()];
  int64_t begin, end;
  if (llvm::MulOverflow(number, first.shard, begin) || begin >= first.points)
    return true;
  end = first.points - begin > first.shard ? begin + first.shard : first.points;
  if (end - begin > kMostElements)
    return fail("has more elements on a core than its SRAM");
  for (int64_t point = begin; point < end; ++point) {
    Tuple tuple(rank, 0);
    bool isThere = true;
    for (size_t dim : dims) {
      const Cut &cut = state.cuts[dim];
      tuple[dim] = point / cut.inner % std::max<int64_t>(1, cut.pitch);
      isThere &= tuple[dim] < cut.size;
    }
    if (isThere)
      tuples.push_back(std::move(tuple));
  }
  llvm::sort(tuples);
  tuples.erase(std::unique(tuples.begin(), tuples.end()), tuples.end());
  return true;
}

std::optional<std::vector<int64_t>> StateView::run() {
  if (!check())
    return std::nullopt;
  // A core of a kernel with groups that is in none of them holds nothing.
  if (core.kernel && !core.kernel->groups.empty() && !core.group)
    return std::vector<int64_t>();
  std::map<std::string, std::vector<size_t>> dimsOf;
  for (size_t d = 0; d < rank; ++d)
    if (int64_t(d) != state.contextDim) {
      const std::string &axis = state.cuts[d].axis;
      dimsOf[axis == "none" ? fmt::format("none {}", d) : axis].push_back(d);
    }
  std::vector<Tuple> all = {Tuple(rank, 0)};
  auto combine = [&](const std::vector<Tuple> &tuples) {
    if (int64_t(all.size()) * int64_t(tuples.size()) > kMostElements)
      return fail("has more elements on a core than its SRAM");
    std::vector<Tuple> next;
    for (const Tuple &one : all)
      for (const Tuple &other : tuples) {
        Tuple &both = next.emplace_back(one);
        for (size_t d = 0; d < rank; ++d)
          both[d] += other[d];
      }
    all = std::move(next);
    return true;
  };
  auto numberOf = [&](size_t dim) {
    return core.numberOn(state.cuts[dim].axis).value_or(-1);
  };
  for (const auto &[axis, dims] : dimsOf) {
    int64_t number = numberOf(dims.front());
    std::vector<Tuple> tuples;
    if (number < 0) {
      fail(fmt::format("is cut on '{}', which is no axis",
                       state.cuts[dims.front()].axis));
      return std::nullopt;
    }
    if (!addRun(dims, number, tuples) || !combine(tuples))
      return std::nullopt;
  }
  if (state.contextDim >= 0) {
    auto dim = size_t(state.contextDim);
    int64_t number = numberOf(dim);
    std::vector<Tuple> tuples;
    if (number < 0) {
      fail(fmt::format("is cut on '{}', which is no axis",
                       state.cuts[dim].axis));
      return std::nullopt;
    }
    if (!addDealt(dim, number, tuples) || !combine(tuples))
      return std::nullopt;
  }
  // Places of the context are the slowest, the other dims follow in order.
  auto inOrder = [&](const Tuple &a, const Tuple &b) {
    int64_t dim = state.contextDim;
    if (dim >= 0 && a[size_t(dim)] != b[size_t(dim)])
      return a[size_t(dim)] < b[size_t(dim)];
    return a < b;
  };
  llvm::sort(all, inOrder);
  std::vector<int64_t> elements;
  for (const Tuple &tuple : all) {
    int64_t number = 0;
    for (size_t d = 0; d < rank; ++d)
      number = number * state.shape[d] + tuple[d];
    elements.push_back(number);
  }
  return elements;
}

std::optional<std::vector<int64_t>>
inlay::plan::stateElements(const State &state, const CorePlace &core,
                           Diagnostics &diags) {
  return StateView(state, core, diags).run();
}
