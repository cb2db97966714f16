//===- Cover.cpp - Whether views take every element once ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cover.h"

#include "Plan.h"

#include <algorithm>

using namespace inlay::checker;

/// More elements than this are not counted one by one.
static constexpr int64_t kMostCounted = int64_t(1) << 28;

static int64_t countOf(const View &view) {
  int64_t count = 1;
  for (auto [size, stride] : view.dims)
    count = times(count, size);
  return count;
}

static int64_t lastOf(const View &view) {
  int64_t last = view.first;
  for (auto [size, stride] : view.dims)
    last = plus(last, times(size - 1, stride));
  return last;
}

/// Dims by falling stride; those of one index dropped, those that continue each
/// other joined.
static View simplified(View view) {
  std::erase_if(view.dims, [](auto dim) { return dim.first == 1; });
  std::sort(view.dims.begin(), view.dims.end(), [](auto a, auto b) {
    return a.second != b.second ? a.second > b.second : a.first > b.first;
  });
  std::vector<std::pair<int64_t, int64_t>> dims;
  for (auto [size, stride] : view.dims)
    if (!dims.empty() && dims.back().second == times(size, stride))
      dims.back() = {times(dims.back().first, size), stride};
    else
      dims.emplace_back(size, stride);
  view.dims = std::move(dims);
  return view;
}

static bool tiles(std::vector<View> views, int64_t begin, int64_t size);

/// Views whose extents are apart tile one part after the other.
static bool tilesInParts(std::vector<View> &views, int64_t begin,
                         int64_t size) {
  int64_t end = begin;
  for (size_t i = 0; i < views.size();) {
    int64_t start = views[i].first, last = lastOf(views[i]);
    std::vector<View> part = {views[i++]};
    for (; i < views.size() && views[i].first <= last; ++i) {
      last = std::max(last, lastOf(views[i]));
      part.push_back(views[i]);
    }
    if (start != end || !tiles(std::move(part), start, last + 1 - start))
      return false;
    end = last + 1;
  }
  return end == begin + size;
}

static bool tilesByCounting(const std::vector<View> &views, int64_t begin,
                            int64_t size) {
  if (size > kMostCounted)
    return false;
  std::vector<bool> taken(size);
  for (const View &view : views) {
    std::vector<int64_t> index(view.dims.size());
    int64_t at = view.first - begin;
    for (bool isDone = false; !isDone;) {
      if (at < 0 || at >= size || taken[at])
        return false;
      taken[at] = true;
      isDone = true;
      for (size_t d = view.dims.size(); d-- > 0;) {
        auto [count, stride] = view.dims[d];
        at += stride;
        if (++index[d] < count) {
          isDone = false;
          break;
        }
        at -= stride * count;
        index[d] = 0;
      }
    }
  }
  return true;
}

/// Simplified views with as many elements as [begin, begin + size).
static bool tiles(std::vector<View> views, int64_t begin, int64_t size) {
  if (views.size() == 1) {
    const View &view = views.front();
    bool isDense = view.dims.empty() ||
                   (view.dims.size() == 1 && view.dims[0].second == 1);
    return view.first == begin && isDense && countOf(view) == size;
  }
  int64_t count = 0;
  for (const View &view : views)
    count = plus(count, countOf(view));
  if (count != size)
    return false;
  bool isApart = false;
  int64_t last = -1;
  for (const View &view : views) {
    isApart |= last >= 0 && view.first > last;
    last = std::max(last, lastOf(view));
  }
  if (isApart)
    return tilesInParts(views, begin, size);
  // Views that repeat alike are as good as their first period.
  auto outer = views.front().dims.empty() ? std::pair<int64_t, int64_t>(0, 0)
                                          : views.front().dims.front();
  bool isPeriodic = times(outer.first, outer.second) == size;
  for (const View &view : views)
    isPeriodic &= !view.dims.empty() && view.dims.front() == outer &&
                  view.first - begin < outer.second;
  if (!isPeriodic)
    return tilesByCounting(views, begin, size);
  for (View &view : views)
    view.dims.erase(view.dims.begin());
  return tiles(std::move(views), begin, outer.second);
}

std::optional<int64_t> inlay::checker::coverage(const std::vector<View> &views,
                                                int64_t size) {
  std::vector<View> rest;
  int64_t count = 0, whole = 0;
  for (const View &view : views) {
    View simple = simplified(view);
    int64_t elements = countOf(simple);
    if (elements <= 0)
      continue;
    if (simple.first < 0 || lastOf(simple) >= size)
      return std::nullopt;
    if (elements == size && tiles({simple}, 0, size)) {
      ++whole;
      continue;
    }
    count = plus(count, elements);
    rest.push_back(std::move(simple));
  }
  std::sort(rest.begin(), rest.end(), [](const View &a, const View &b) {
    return a.first != b.first ? a.first < b.first : a.dims < b.dims;
  });
  if (count == 0)
    return size == 0 ? 0 : whole;
  if (count != size || !tiles(std::move(rest), 0, size))
    return std::nullopt;
  return whole + 1;
}
