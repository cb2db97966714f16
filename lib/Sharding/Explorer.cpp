//===- Explorer.cpp - Finds the variants of a kernel ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ways.h"

#include "inlay/Cost/Cost.h"
#include "inlay/Model/Fits.h"
#include "inlay/Sharding/Variants.h"
#include "inlay/Support/Format.h"
#include "inlay/Support/Parallel.h"

#include "llvm/ADT/STLExtras.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <tuple>

using namespace inlay;
using namespace inlay::model;
using namespace inlay::sharding;

std::vector<int64_t> inlay::sharding::candidateSizes(int64_t most) {
  constexpr int64_t kAllUpTo = 32;
  constexpr int64_t kParts = 32;
  std::vector<int64_t> sizes;
  for (int64_t size = 1; size <= most;
       size = size < kAllUpTo ? size + 1 : size + size / 16)
    sizes.push_back(size);
  for (int64_t part = 1; part <= std::min(kParts, most); ++part)
    sizes.push_back(most / part);
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

Machine inlay::sharding::machineOf(const target::Target &target,
                                   cost::Mode mode,
                                   const cost::Routing &routing) {
  // The rates point into the target, so both live as long as the function.
  auto owned = std::make_shared<const target::Target>(target);
  auto rates = std::make_shared<const cost::Rates>(*owned, mode);
  return {target.grid, target.budget(),
          [owned, rates, routing](const KernelSpec &kernel,
                                  const Sharding &sharding) {
            return cost::estimateKernel(kernel, sharding, *rates, routing)
                .cycles.total();
          },
          [owned](Extent extent) { return cost::regionBound(*owned, extent); }};
}

/// Bytes of the weights that each expert has its part of, for one of them.
static int64_t bytesOfExpert(const KernelSpec &kernel) {
  int64_t bytes = 0;
  auto isOfExperts = [&](int weight) {
    return llvm::any_of(kernel.ops, [&](const OpSpec &op) {
      return llvm::any_of(op.operands, [&](const OperandSpec &operand) {
        return operand.role == TensorRole::Weights &&
               operand.tensor == weight &&
               llvm::any_of(operand.indexing, [&](const IndexExpr &index) {
                 return index.dim >= 0 && index.divisor == 1 &&
                        op.dims[size_t(index.dim)].name == "expert";
               });
      });
    });
  };
  for (size_t w = 0; w < kernel.weights.size(); ++w)
    if (isOfExperts(static_cast<int>(w)))
      bytes +=
          packedBytes(kernel.weights[w].shape, kernel.weights[w].type.bits) /
          std::max<int64_t>(1, kernel.numExperts);
  return bytes;
}

/// The fullest group has an equal share of the experts, rounded up.
int64_t Explorer::Entry::leastBytes(Extent extent, Extent groups) const {
  int64_t cores = std::max<int64_t>(1, extent.width / groups.width *
                                           (extent.height / groups.height));
  int64_t held = ceilDiv(experts, groups.area());
  int64_t shared = std::max<int64_t>(0, placedBytes - expertBytes * experts);
  return (shared / groups.area() + expertBytes * held) / cores;
}

Explorer::Entry &Explorer::entryOf(const KernelSpec &kernel) {
  // Hashes are hexadecimal; a name with a colon is none.
  const std::string &key = kernel.structuralHash.empty()
                               ? "name:" + kernel.name
                               : kernel.structuralHash;
  auto [it, isNew] = entries.try_emplace(key);
  Entry &entry = it->second;
  if (isNew) {
    for (std::vector<OpSharding> &axes : fastestWays(kernel, machine))
      entry.ways.push_back({{1, 1}, {1, 1}, {1, 1}, std::move(axes)});
    // On one core nothing is copied and little is padded.
    Footprint whole = footprint(kernel, entry.ways.front());
    int64_t padding =
        kBufferAlignment *
        static_cast<int64_t>(kernel.weights.size() + kernel.states.size());
    entry.placedBytes =
        std::max<int64_t>(0, whole.weights + whole.state - padding);
    if (kernel.role == KernelRole::Experts) {
      entry.experts = std::max<int64_t>(1, kernel.numExperts);
      entry.expertBytes =
          std::min(bytesOfExpert(kernel), entry.placedBytes / entry.experts);
    }
    if (!fits(kernel, machine.grid)) {
      for (std::vector<OpSharding> &axes : savingWays(kernel, machine))
        entry.ways.push_back({{1, 1}, {1, 1}, {1, 1}, std::move(axes)});
      entry.fitting.clear();
    }
  }
  return entry;
}

/// Gives a sharding other extents; its axes stay.
static void setGroups(Sharding &sharding, Extent region, Extent groups) {
  sharding.region = region;
  sharding.groups = groups;
  sharding.group = {region.width / groups.width, region.height / groups.height};
}

/// For every number of experts in a group that differs, the least number of
/// groups.
static std::vector<int64_t> groupCounts(const KernelSpec &kernel) {
  int64_t experts = std::max<int64_t>(1, kernel.numExperts);
  if (kernel.role != KernelRole::Experts)
    return {1};
  std::vector<int64_t> counts;
  for (int64_t perGroup = experts; perGroup >= 1; --perGroup)
    if (int64_t count = ceilDiv(experts, perGroup);
        counts.empty() || counts.back() != count)
      counts.push_back(count);
  return counts;
}

/// Each number of groups arranged so that their rectangles are nearly square;
/// and in one row and one column.
static std::vector<Extent> groupings(const KernelSpec &kernel, Extent extent,
                                     const std::vector<int64_t> &counts) {
  int64_t experts = std::max<int64_t>(1, kernel.numExperts);
  std::vector<Extent> all;
  auto add = [&](int64_t columns, int64_t groups) {
    columns = std::clamp<int64_t>(columns, 1, std::min(extent.width, groups));
    int64_t rows = ceilDiv(groups, columns);
    Extent grouping = {columns, rows};
    if (rows <= extent.height && grouping.area() <= experts &&
        std::find(all.begin(), all.end(), grouping) == all.end())
      all.push_back(grouping);
  };
  double aspect = double(extent.width) / double(extent.height);
  for (int64_t groups : counts) {
    if (groups > extent.area())
      break;
    double columns = std::sqrt(double(groups) * aspect);
    add(static_cast<int64_t>(columns), groups);
    add(static_cast<int64_t>(columns) + 1, groups);
    add(1, groups);
    add(groups, groups);
  }
  return all;
}

/// Of all numbers of groups those that come near the best, or save bytes, on
/// one of some regions from the whole grid to a small part of it.
const std::vector<int64_t> &Explorer::usefulCounts(const KernelSpec &kernel) {
  Entry &entry = entryOf(kernel);
  if (!entry.counts.empty())
    return entry.counts;
  std::vector<int64_t> all = groupCounts(kernel);
  if (all.size() == 1)
    return entry.counts = all;
  constexpr double kNear = 1.03, kFewer = 0.97;
  std::set<int64_t> useful;
  for (int64_t part : {1, 2, 3, 5}) {
    Extent extent = {std::max<int64_t>(1, machine.grid.width / part),
                     std::max<int64_t>(1, machine.grid.height / part)};
    struct Tried {
      int64_t count, bytes;
      double cycles;
    };
    std::vector<Tried> tried;
    for (int64_t count : all)
      for (Extent groups : groupings(kernel, extent, {count})) {
        Sharding &sharding = entry.ways.front();
        setGroups(sharding, extent, groups);
        tried.push_back({count, footprint(kernel, sharding).total(),
                         machine.cost(kernel, sharding)});
      }
    std::sort(tried.begin(), tried.end(), [](const Tried &a, const Tried &b) {
      return std::tie(a.cycles, a.bytes, a.count) <
             std::tie(b.cycles, b.bytes, b.count);
    });
    int64_t fewest = std::numeric_limits<int64_t>::max() / 2;
    for (const Tried &one : tried) {
      if (one.cycles <= kNear * tried.front().cycles ||
          double(one.bytes) < kFewer * double(fewest))
        useful.insert(one.count);
      fewest = std::min(fewest, one.bytes);
    }
  }
  return entry.counts.assign(useful.begin(), useful.end()), entry.counts;
}

bool Explorer::fits(const KernelSpec &kernel, Extent extent) {
  Entry &entry = entryOf(kernel);
  if (entry.placedBytes / extent.area() > machine.budget)
    return false;
  auto [it, isNew] = entry.fitting.try_emplace({extent.width, extent.height});
  if (!isNew)
    return it->second;
  for (Extent groups : groupings(kernel, extent, groupCounts(kernel))) {
    for (Sharding &sharding : entry.ways) {
      setGroups(sharding, extent, groups);
      if (entry.leastBytes(extent, groups) > machine.budget)
        break;
      if (footprintWithin(kernel, sharding, machine.budget))
        return it->second = true;
    }
  }
  return it->second = false;
}

bool Explorer::measure(const KernelSpec &kernel, Extent extent,
                       Sharding sharding, Candidate &candidate) const {
  setGroups(sharding, extent, candidate.groups);
  std::optional<Footprint> bytes =
      footprintWithin(kernel, sharding, machine.budget);
  if (!bytes)
    return false;
  candidate.cycles = machine.cost(kernel, sharding);
  candidate.bytes = bytes->total();
  candidate.scratch = bytes->scratch;
  return true;
}

std::vector<Explorer::Candidate>
Explorer::fitting(const KernelSpec &kernel, Extent extent,
                  const std::vector<int64_t> &counts) {
  const Entry &entry = entryOf(kernel);
  std::vector<Candidate> all;
  for (Extent groups : groupings(kernel, extent, counts)) {
    if (entry.leastBytes(extent, groups) > machine.budget)
      continue;
    for (size_t way = 0; way < entry.ways.size(); ++way)
      all.push_back({way, groups});
  }
  std::vector<char> fits(all.size());
  parallelFor(all.size(), [&](size_t c) {
    fits[c] = measure(kernel, extent, entry.ways[all[c].way], all[c]);
  });
  size_t next = 0;
  std::erase_if(all, [&](const Candidate &) { return !fits[next++]; });
  return all;
}

const std::vector<Variant> &Explorer::choices(const KernelSpec &kernel,
                                              Extent extent) {
  Entry &entry = entryOf(kernel);
  auto [it, isNew] = entry.found.try_emplace({extent.width, extent.height});
  if (!isNew)
    return it->second;
  std::vector<Candidate> all = fitting(kernel, extent, usefulCounts(kernel));
  if (all.empty())
    all = fitting(kernel, extent, groupCounts(kernel));
  auto rank = [](const Candidate &one) {
    return std::tuple(one.cycles, one.bytes, one.groups.width,
                      one.groups.height, one.way);
  };
  std::sort(all.begin(), all.end(),
            [&](const Candidate &a, const Candidate &b) {
              return rank(a) < rank(b);
            });
  for (const Candidate &one : all) {
    if (!it->second.empty() && one.bytes >= it->second.back().bytes)
      continue;
    Sharding &sharding = entry.ways[one.way];
    setGroups(sharding, extent, one.groups);
    it->second.push_back({sharding, one.cycles, one.bytes, one.scratch});
  }
  return it->second;
}

std::vector<Sharding> Explorer::allOf(const KernelSpec &kernel, Extent extent) {
  Entry &entry = entryOf(kernel);
  std::vector<Sharding> all;
  for (Extent groups : groupings(kernel, extent, groupCounts(kernel)))
    for (Sharding &sharding : entry.ways) {
      setGroups(sharding, extent, groups);
      if (footprintWithin(kernel, sharding, machine.budget))
        all.push_back(sharding);
    }
  return all;
}

std::optional<Variant> Explorer::best(const KernelSpec &kernel, Extent extent) {
  const std::vector<Variant> &all = choices(kernel, extent);
  return all.empty() ? std::nullopt : std::optional(all.front());
}

Variant Explorer::smallest(const KernelSpec &kernel, Extent extent) {
  Entry &entry = entryOf(kernel);
  Variant smallest;
  bool isFirst = true;
  for (Extent groups : groupings(kernel, extent, groupCounts(kernel))) {
    for (Sharding &sharding : entry.ways) {
      setGroups(sharding, extent, groups);
      Footprint bytes = footprint(kernel, sharding);
      if (isFirst || bytes.total() < smallest.bytes)
        smallest = {sharding, 0, bytes.total(), bytes.scratch};
      isFirst = false;
    }
  }
  smallest.cycles = machine.cost(kernel, smallest.sharding);
  return smallest;
}

/// 0 when not even `most` columns are enough.
int64_t Explorer::leastWidth(const KernelSpec &kernel, int64_t height,
                             int64_t most) {
  int64_t low =
      std::max<int64_t>(1, entryOf(kernel).placedBytes /
                               std::max<int64_t>(1, machine.budget) / height);
  if (low > most)
    return 0;
  int64_t high = low;
  while (!fits(kernel, {high, height})) {
    if (high == most)
      return 0;
    low = high + 1;
    high = std::min(most, high + std::max<int64_t>(1, high / 8));
  }
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (fits(kernel, {middle, height}))
      high = middle;
    else
      low = middle + 1;
  }
  return high;
}

std::optional<Extent> Explorer::leastExtent(const KernelSpec &kernel) {
  Entry &entry = entryOf(kernel);
  if (entry.least)
    return *entry.least;
  std::optional<Extent> least;
  for (int64_t height : candidateSizes(machine.grid.height)) {
    int64_t most = machine.grid.width;
    if (least)
      most = std::min(most, (least->area() - 1) / height);
    int64_t width = most > 0 ? leastWidth(kernel, height, most) : 0;
    if (width > 0)
      least = Extent{width, height};
  }
  entry.least = least;
  return least;
}

/// "expert weights 41,472 B, streams 6,144 B, ...", largest first.
static std::string largestUses(const Footprint &bytes) {
  std::vector<std::pair<int64_t, std::string>> uses = {
      {bytes.weights, "weights"},
      {bytes.state, "state"},
      {bytes.streams, "streams"},
      {bytes.scratch, "scratch"}};
  std::sort(uses.begin(), uses.end(), std::greater<>());
  std::string text;
  for (const auto &[use, name] : uses)
    if (use > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name,
                          formatBytes(use));
  return text;
}

bool Explorer::allFit(const std::vector<KernelSpec> &kernels,
                      Diagnostics &diags) {
  // First kernel of each structure that does not fit, and how many there are.
  std::vector<std::pair<const KernelSpec *, size_t>> tooLarge;
  for (const KernelSpec &kernel : kernels) {
    // On a smaller region padding may be less, and so it may just fit.
    if (fits(kernel, machine.grid) || leastExtent(kernel))
      continue;
    auto alike =
        std::find_if(tooLarge.begin(), tooLarge.end(), [&](const auto &known) {
          return &entryOf(*known.first) == &entryOf(kernel);
        });
    if (alike == tooLarge.end())
      tooLarge.push_back({&kernel, 1});
    else
      ++alike->second;
  }
  for (auto [kernel, count] : tooLarge)
    reportTooLarge(*kernel, count - 1, diags);
  return tooLarge.empty();
}

void Explorer::reportTooLarge(const KernelSpec &kernel, size_t numAlike,
                              Diagnostics &diags) {
  Variant variant = smallest(kernel, machine.grid);
  Footprint bytes = footprint(kernel, variant.sharding);
  Diagnostic &diag = diags.capacityError(
      "kernel '" + kernel.name + "'",
      fmt::format("needs {} on a core even when spread over all {} x {} cores; "
                  "the budget of a core is {}, short by {}",
                  formatBytes(bytes.total()), machine.grid.width,
                  machine.grid.height, formatBytes(machine.budget),
                  formatBytes(bytes.total() - machine.budget)));
  diag.notes.push_back("largest: " + largestUses(bytes));
  int64_t shortBy = bytes.total() - machine.budget;
  std::string remedy =
      fmt::format("would fit by itself: {} more on each core (a smaller "
                  "--reserve or a target with more SRAM)",
                  formatBytes(shortBy));
  if (std::optional<Extent> grid = largerGrid(kernel))
    remedy += fmt::format(", or {} x {} cores", grid->width, grid->height);
  diag.notes.push_back(remedy);
  if (numAlike > 0)
    diag.notes.push_back(fmt::format("so {} {} more kernel{} of the same "
                                     "structure",
                                     numAlike == 1 ? "does" : "do", numAlike,
                                     numAlike == 1 ? "" : "s"));
}

/// The machine's grid, doubled on both sides until the kernel fits; none when
/// what does not fit is what every core holds.
std::optional<Extent> Explorer::largerGrid(const KernelSpec &kernel) {
  constexpr int kMostDoublings = 4;
  Extent grid = machine.grid;
  for (int i = 0; i < kMostDoublings; ++i) {
    grid = {2 * grid.width, 2 * grid.height};
    if (fits(kernel, grid))
      return grid;
  }
  return std::nullopt;
}

std::vector<Variant> Explorer::variants(const KernelSpec &kernel) {
  std::optional<Extent> least = leastExtent(kernel);
  if (!least)
    return {};
  std::vector<Variant> all;
  auto add = [&](int64_t width, int64_t height) {
    if (width < 1 || height < 1 || width > machine.grid.width ||
        height > machine.grid.height)
      return;
    if (std::optional<Variant> variant = best(kernel, {width, height}))
      all.push_back(*variant);
  };
  add(least->width, least->height);
  constexpr double kAreaStep = 1.4;
  for (double area = double(least->area()); area <= double(machine.grid.area());
       area *= kAreaStep)
    for (double aspect : {0.25, 0.5, 1.0, 2.0, 4.0}) {
      auto width = static_cast<int64_t>(std::lround(std::sqrt(area * aspect)));
      width = std::clamp<int64_t>(width, 1, machine.grid.width);
      add(width, static_cast<int64_t>(std::ceil(area / double(width))));
    }
  add(machine.grid.width, machine.grid.height);

  // By area, then cycles: a variant stays when no smaller one beats it in both
  // cycles and bytes.
  std::sort(all.begin(), all.end(), [](const Variant &a, const Variant &b) {
    return std::make_tuple(a.extent().area(), a.cycles, a.bytes,
                           a.extent().width) <
           std::make_tuple(b.extent().area(), b.cycles, b.bytes,
                           b.extent().width);
  });
  std::vector<Variant> pareto;
  for (Variant &variant : all) {
    bool isDominated =
        std::any_of(pareto.begin(), pareto.end(), [&](const Variant &other) {
          return other.cycles <= variant.cycles && other.bytes <= variant.bytes;
        });
    if (!isDominated)
      pareto.push_back(std::move(variant));
  }
  return pareto;
}
