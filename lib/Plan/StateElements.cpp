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

/// No core has SRAM for more: 2 MiB of elements of 4 bits.
static constexpr int64_t kMostElements = int64_t(1) << 22;

namespace {

/// Goes through the axes that cut a state, one dim or more on each. An element
/// is known by its key: its number in row-major order where the context is the
/// slowest dim, the order in which elements lie on a core. What an axis says of
/// an element is the key of the indices of its dims, the others being 0, so
/// that the keys of all axes add up.
class StateView {
public:
  StateView(const State &state, const CorePlace &core, Diagnostics &diags)
      : state(state), core(core), diags(diags), rank(state.shape.size()),
        strides(rank, 1) {}

  std::optional<std::vector<int64_t>> run();

private:
  using Keys = std::vector<int64_t>;

  bool fail(std::string message) {
    diags.inputError(fmt::format("state '{}'", state.name), std::move(message));
    return false;
  }
  bool failOnCore() {
    return fail("has more elements on a core than its SRAM");
  }
  bool check();
  void setStrides();
  bool addDealt(size_t dim, int64_t number, Keys &keys);
  bool addRun(const std::vector<size_t> &dims, int64_t number, Keys &keys);
  bool combine(const std::vector<size_t> &dims, Keys &all);
  int64_t numberOf(int64_t key) const;

  const State &state;
  const CorePlace &core;
  Diagnostics &diags;
  size_t rank;
  std::vector<int64_t> strides; ///< of each dim in keys
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

void StateView::setStrides() {
  int64_t stride = 1;
  for (size_t d = rank; d-- > 0;)
    if (int64_t(d) != state.contextDim) {
      strides[d] = stride;
      stride *= std::max<int64_t>(1, state.shape[d]);
    }
  if (state.contextDim >= 0)
    strides[size_t(state.contextDim)] = stride;
}

bool StateView::addDealt(size_t dim, int64_t number, Keys &keys) {
  const Cut &cut = state.cuts[dim];
  int64_t parts = cut.axis == "none" ? 1 : cut.parts;
  if (number >= cut.size)
    return true;
  int64_t count = (cut.size - 1 - number) / parts + 1;
  if (count > kMostElements)
    return failOnCore();
  for (int64_t i = 0; i < count; ++i)
    keys.push_back((number + i * parts) * strides[dim]);
  return true;
}

/// One loop over the points of the core gives the index of each of the dims.
bool StateView::addRun(const std::vector<size_t> &dims, int64_t number,
                       Keys &keys) {
  const Cut &first = state.cuts[dims.front()];
  int64_t begin, end;
  if (llvm::MulOverflow(number, first.shard, begin) || begin >= first.points)
    return true;
  end = first.points - begin > first.shard ? begin + first.shard : first.points;
  if (end - begin > kMostElements)
    return failOnCore();
  for (int64_t point = begin; point < end; ++point) {
    int64_t key = 0;
    bool isThere = true;
    for (size_t dim : dims) {
      const Cut &cut = state.cuts[dim];
      int64_t index = point / cut.inner % std::max<int64_t>(1, cut.pitch);
      isThere &= index < cut.size;
      key += isThere ? index * strides[dim] : 0;
    }
    if (isThere)
      keys.push_back(key);
  }
  llvm::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return true;
}

/// Dims of one axis: the context is dealt, others have a run together.
bool StateView::combine(const std::vector<size_t> &dims, Keys &all) {
  size_t dim = dims.front();
  std::optional<int64_t> number = core.numberOn(state.cuts[dim].axis);
  if (!number)
    return fail(
        fmt::format("is cut on '{}', which is no axis", state.cuts[dim].axis));
  Keys keys;
  bool isDealt = int64_t(dim) == state.contextDim;
  if (!(isDealt ? addDealt(dim, *number, keys) : addRun(dims, *number, keys)))
    return false;
  if (int64_t(all.size()) * int64_t(keys.size()) > kMostElements)
    return failOnCore();
  Keys sums;
  sums.reserve(all.size() * keys.size());
  for (int64_t one : all)
    for (int64_t other : keys)
      sums.push_back(one + other);
  all = std::move(sums);
  return true;
}

/// In row-major order of the state's dims as they are.
int64_t StateView::numberOf(int64_t key) const {
  int64_t number = 0;
  for (size_t d = 0; d < rank; ++d) {
    int64_t size = std::max<int64_t>(1, state.shape[d]);
    number = number * size + key / strides[d] % size;
  }
  return number;
}

std::optional<std::vector<int64_t>> StateView::run() {
  if (!check())
    return std::nullopt;
  // A core of a kernel with groups that is in none of them holds nothing.
  if (core.kernel && !core.kernel->groups.empty() && !core.group)
    return std::vector<int64_t>();
  setStrides();
  std::map<std::string, std::vector<size_t>> dimsOf;
  for (size_t d = 0; d < rank; ++d)
    if (int64_t(d) != state.contextDim) {
      const std::string &axis = state.cuts[d].axis;
      dimsOf[axis == "none" ? fmt::format("none {}", d) : axis].push_back(d);
    }
  Keys all = {0};
  for (const auto &[axis, dims] : dimsOf)
    if (!combine(dims, all))
      return std::nullopt;
  if (state.contextDim >= 0 && !combine({size_t(state.contextDim)}, all))
    return std::nullopt;
  llvm::sort(all);
  for (int64_t &key : all)
    key = numberOf(key);
  return all;
}

std::optional<std::vector<int64_t>>
inlay::plan::stateElements(const State &state, const CorePlace &core,
                           Diagnostics &diags) {
  return StateView(state, core, diags).run();
}
