//===- Packing.cpp - Ranges of bytes that live for a while ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Packing.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

using namespace inlay;
using namespace inlay::model;

using Order = std::vector<size_t>;

/// First `key`, then position: sorted in a way that no tie leaves open.
template <typename Key> static void sortBy(Order &order, Key key) {
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    auto keyOfA = key(a), keyOfB = key(b);
    return keyOfA != keyOfB ? keyOfA < keyOfB : a < b;
  });
}

int64_t inlay::model::liveBytes(const std::vector<LiveRange> &ranges) {
  std::vector<std::pair<int, int64_t>> changes;
  changes.reserve(2 * ranges.size());
  for (const LiveRange &range : ranges) {
    changes.push_back({range.begin, range.bytes});
    changes.push_back({range.end, -range.bytes});
  }
  // What ends makes room for what begins in the same step.
  std::sort(changes.begin(), changes.end());
  int64_t live = 0, most = 0;
  for (auto [step, change] : changes)
    most = std::max(most, live += change);
  return most;
}

namespace {

/// Memory from 0 on of which parts are taken and given back.
class Heap {
public:
  /// The lowest of the smallest holes that are large enough, or the top.
  int64_t take(int64_t bytes) {
    auto hole = bySize.lower_bound({bytes, 0});
    if (hole == bySize.end()) {
      int64_t offset = top;
      top += bytes;
      return offset;
    }
    auto [size, offset] = *hole;
    removeHole(offset, size);
    if (size > bytes)
      addHole(offset + bytes, size - bytes);
    return offset;
  }

  void give(int64_t offset, int64_t bytes) {
    auto next = holes.lower_bound(offset);
    if (next != holes.begin()) {
      auto [begin, size] = *std::prev(next);
      if (begin + size == offset) {
        removeHole(begin, size);
        offset = begin;
        bytes += size;
      }
    }
    if (next != holes.end() && next->first == offset + bytes) {
      auto [begin, size] = *next;
      removeHole(begin, size);
      bytes += size;
    }
    if (offset + bytes == top)
      top = offset;
    else
      addHole(offset, bytes);
  }

private:
  void addHole(int64_t offset, int64_t size) {
    holes[offset] = size;
    bySize.insert({size, offset});
  }
  void removeHole(int64_t offset, int64_t size) {
    holes.erase(offset);
    bySize.erase({size, offset});
  }

  std::map<int64_t, int64_t> holes; ///< size by offset, no two touch
  std::set<std::pair<int64_t, int64_t>> bySize;
  int64_t top = 0; ///< nothing is taken from here on
};

/// Packs ranges some of which live at any time between the first and the last.
class RunPacker {
public:
  RunPacker(const std::vector<LiveRange> &ranges, const Order &run,
            std::vector<int64_t> &best, std::vector<int64_t> &offsets)
      : ranges(ranges), run(run), best(best), offsets(offsets),
        bound(boundOf(ranges, run)) {}

  int64_t pack(int64_t enough) {
    if (run.size() <= kMostFirstFit)
      fitFirst();
    sweep(/*isBackward=*/false);
    sweep(/*isBackward=*/true);
    if (run.size() <= kMostFirstFit && peak > enough)
      permute();
    return peak;
  }

private:
  void fitFirst() {
    auto steps = [&](size_t i) {
      return double(ranges[i].end) - double(ranges[i].begin);
    };
    auto bytes = [&](size_t i) { return double(ranges[i].bytes); };
    trySorted([&](size_t i) { return -bytes(i); });
    trySorted([&](size_t i) { return -bytes(i) * steps(i); });
    trySorted([&](size_t i) { return -steps(i); });
    trySorted([&](size_t i) { return -double(ranges[i].begin); });
  }

  static int64_t boundOf(const std::vector<LiveRange> &ranges,
                         const Order &run) {
    std::vector<LiveRange> own;
    own.reserve(run.size());
    for (size_t i : run)
      own.push_back(ranges[i]);
    return liveBytes(own);
  }

  bool isDone() const { return peak == bound; }

  void keep(int64_t newPeak) {
    if (newPeak >= peak)
      return;
    peak = newPeak;
    for (size_t i : run)
      best[i] = offsets[i];
  }

  /// Each range where it fits best among those that live when it begins; or
  /// time runs backward, and it begins with its end.
  void sweep(bool isBackward) {
    if (isDone())
      return;
    auto first = [&](size_t i) {
      return isBackward ? -ranges[i].end : ranges[i].begin;
    };
    auto last = [&](size_t i) {
      return isBackward ? -ranges[i].begin : ranges[i].end;
    };
    Order begins = run, ends = run;
    sortBy(begins,
           [&](size_t i) { return std::pair(first(i), -ranges[i].bytes); });
    sortBy(ends, last);
    Heap heap;
    int64_t newPeak = 0;
    auto gone = ends.begin();
    for (size_t i : begins) {
      for (; last(*gone) <= first(i); ++gone)
        if (ranges[*gone].bytes > 0)
          heap.give(offsets[*gone], ranges[*gone].bytes);
      offsets[i] = ranges[i].bytes > 0 ? heap.take(ranges[i].bytes) : 0;
      newPeak = std::max(newPeak, offsets[i] + ranges[i].bytes);
    }
    keep(newPeak);
  }

  template <typename Key> void trySorted(Key key) {
    if (isDone())
      return;
    Order order = run;
    sortBy(order, key);
    keep(firstFit(order));
  }

  /// Each range at the lowest offset that is free over its whole life.
  int64_t firstFit(const Order &order) {
    int64_t newPeak = 0;
    Order placed; // by offset
    placed.reserve(order.size());
    for (size_t i : order) {
      int64_t offset = 0;
      for (size_t j : placed) {
        if (ranges[i].begin >= ranges[j].end ||
            ranges[j].begin >= ranges[i].end)
          continue;
        if (offset + ranges[i].bytes <= offsets[j])
          break;
        offset = std::max(offset, offsets[j] + ranges[j].bytes);
      }
      offsets[i] = offset;
      newPeak = std::max(newPeak, offset + ranges[i].bytes);
      auto at = std::upper_bound(
          placed.begin(), placed.end(), offset,
          [&](int64_t value, size_t j) { return value < offsets[j]; });
      placed.insert(at, i);
    }
    return newPeak;
  }

  /// Every order, up to a fixed number of them.
  void permute() {
    int left = 5000;
    Order order = run;
    while (!isDone() && --left > 0 &&
           std::next_permutation(order.begin(), order.end()))
      keep(firstFit(order));
  }

  const std::vector<LiveRange> &ranges;
  const Order &run;
  std::vector<int64_t> &best;
  std::vector<int64_t> &offsets; ///< of the try at hand
  int64_t bound;
  int64_t peak = std::numeric_limits<int64_t>::max();
};

} // namespace

Packing inlay::model::pack(const std::vector<LiveRange> &ranges,
                           int64_t enough) {
  Packing packing;
  packing.offsets.assign(ranges.size(), 0);
  std::vector<int64_t> offsets(ranges.size());
  Order order(ranges.size());
  std::iota(order.begin(), order.end(), size_t(0));
  sortBy(order, [&](size_t i) { return ranges[i].begin; });
  for (size_t at = 0; at < order.size();) {
    Order run;
    int end = ranges[order[at]].begin;
    for (; at < order.size() && (run.empty() || ranges[order[at]].begin < end);
         ++at) {
      run.push_back(order[at]);
      end = std::max(end, ranges[order[at]].end);
    }
    std::sort(run.begin(), run.end());
    RunPacker packer(ranges, run, packing.offsets, offsets);
    packing.peak = std::max(packing.peak, packer.pack(enough));
  }
  return packing;
}
