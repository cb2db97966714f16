//===- Strips.cpp - Plans made of strips ----------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strips.h"

#include "inlay/Support/Format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

bool ShapeMemo::fits(int shape, Extent extent) {
  auto [it, isNew] =
      fitting[shape].try_emplace({extent.width, extent.height}, false);
  if (isNew)
    it->second = extent.area() >= problem.shapes[shape].leastCores &&
                 problem.shapes[shape].fits(extent);
  return it->second;
}

double ShapeMemo::cycles(int shape, Extent extent) {
  auto [it, isNew] = costs[shape].try_emplace({extent.width, extent.height}, 0);
  if (isNew)
    it->second = problem.shapes[shape].cycles(extent);
  return it->second;
}

int64_t Segment::used() const {
  int64_t sum = 0;
  for (int64_t width : widths)
    sum += width;
  return sum;
}

/// Heights worth trying: all small ones, then steps of about 6 %, and the
/// wafer's height divided by 1 to 40.
static std::vector<int64_t> tightHeights(int64_t most) {
  std::vector<int64_t> heights;
  for (int64_t height = 1; height <= most;
       height = height < 48 ? height + 1 : height + height / 16)
    heights.push_back(height);
  for (int64_t parts = 1; parts <= std::min<int64_t>(40, most); ++parts)
    heights.push_back(most / parts);
  std::sort(heights.begin(), heights.end());
  heights.erase(std::unique(heights.begin(), heights.end()), heights.end());
  return heights;
}

/// Fewer heights for the search over prices, which asks for cycles: the wafer's
/// height in ever more parts, but none far from the side of the average block,
/// unless a large block needs it.
static std::vector<int64_t> pricedHeights(const Problem &problem,
                                          const Extent &grid) {
  constexpr double kFar = 8;
  double side = std::sqrt(double(grid.area()) /
                          std::max<double>(1, double(problem.blocks.size())));
  double largest = 1;
  for (const Shape &shape : problem.shapes)
    largest = std::max(largest, std::sqrt(double(shape.leastCores)));
  std::vector<int64_t> heights;
  for (int64_t parts = 1; parts <= grid.height; parts += 1 + parts / 12) {
    int64_t height = grid.height / parts;
    if (double(height) <= std::max(kFar * side, 4 * largest) &&
        double(height) >= side / kFar &&
        (heights.empty() || heights.back() != height))
      heights.push_back(height);
  }
  if (heights.empty())
    heights.push_back(grid.height);
  return heights;
}

static Rect transpose(const Rect &rect) {
  return {rect.y, rect.x, rect.height, rect.width};
}

StripPlanner::StripPlanner(const Problem &problem, bool isTransposed,
                           std::vector<int> order, ShapeMemo &memo)
    : problem(problem), isTransposed(isTransposed), order(std::move(order)),
      memo(memo), grid(problem.grid), leastWidths(problem.shapes.size()) {
  if (isTransposed)
    std::swap(grid.width, grid.height);
  for (const Rect &rect : problem.dead)
    dead.push_back(isTransposed ? transpose(rect) : rect);
}

/// Fewest columns with which a shape fits at a height; 0 when none do.
int64_t StripPlanner::leastWidth(int shape, int64_t height) {
  auto [it, isNew] = leastWidths[shape].try_emplace(height, 0);
  if (!isNew)
    return it->second;
  auto fitsAt = [&](int64_t width) {
    return memo.fits(shape, turned(width, height));
  };
  int64_t low =
      std::max<int64_t>(1, ceilDiv(problem.shapes[shape].leastCores, height));
  if (low > grid.width)
    return 0;
  int64_t high = low;
  while (!fitsAt(high)) {
    if (high == grid.width)
      return 0;
    low = high + 1;
    high = std::min(grid.width, high + std::max<int64_t>(1, high / 8));
  }
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (fitsAt(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return it->second = high;
}

/// The width of least cycles + price x cores. Cost falls with the width as long
/// as work is shared, then rises with the way across: a few widths that are
/// clearly worse end the search.
StripPlanner::Choice StripPlanner::choose(int shape, int64_t height,
                                          double price) {
  constexpr double kClearly = 1.1;
  constexpr int kFew = 3;
  Choice best;
  double bestCost = std::numeric_limits<double>::infinity();
  int numWorse = 0;
  int64_t width = leastWidth(shape, height);
  while (width > 0 && width <= grid.width && numWorse < kFew) {
    double area = double(width) * double(height);
    if (problem.shapes[shape].atLeast &&
        problem.shapes[shape].atLeast(turned(width, height)) + price * area >=
            bestCost)
      break;
    if (memo.fits(shape, turned(width, height))) {
      double cycles = memo.cycles(shape, turned(width, height));
      double cost = cycles + price * area;
      numWorse = cost > kClearly * bestCost ? numWorse + 1 : 0;
      if (cost < bestCost) {
        bestCost = cost;
        best = {width, cycles};
      }
    }
    width = std::max(width + 1, width * 5 / 4);
  }
  return best;
}

std::vector<Segment> StripPlanner::freeSegments(int64_t y,
                                                int64_t height) const {
  std::vector<std::pair<int64_t, int64_t>> blocked;
  Rect band = {0, y, grid.width, height};
  for (const Rect &rect : dead)
    if (rect.area() > 0 && rect.overlaps(band))
      blocked.push_back({rect.x, rect.right()});
  std::sort(blocked.begin(), blocked.end());
  std::vector<Segment> segments;
  int64_t at = 0;
  for (auto [from, to] : blocked) {
    if (from > at)
      segments.push_back({at, from, {}, {}});
    at = std::max(at, to);
  }
  if (at < grid.width)
    segments.push_back({at, grid.width, {}, {}});
  return segments;
}

int64_t StripPlanner::nextStart(int64_t y, int64_t height) const {
  int64_t next = -1;
  Rect band = {0, y, grid.width, height};
  for (const Rect &rect : dead)
    if (rect.area() > 0 && rect.overlaps(band) &&
        (next < 0 || rect.bottom() < next))
      next = rect.bottom();
  return next;
}

/// Stands blocks first .. last - 1 of the order side by side, each in the first
/// segment from the current one on that has room. Returns how many it placed.
size_t StripPlanner::fill(std::vector<Segment> &segments, size_t first,
                          size_t last,
                          const std::vector<int64_t> &widths) const {
  size_t at = 0;
  int64_t x = segments.empty() ? 0 : segments[0].from;
  for (size_t i = first; i < last; ++i) {
    int64_t width = widths[i - first];
    while (at < segments.size() && x + width > segments[at].to)
      if (++at < segments.size())
        x = segments[at].from;
    if (at == segments.size())
      return i - first;
    segments[at].blocks.push_back(order[i]);
    segments[at].widths.push_back(width);
    x += width;
  }
  return last - first;
}

int64_t Strip::end() const {
  int64_t end = 0;
  bool isFirst = true;
  for (const Segment &segment : segments) {
    if (segment.blocks.empty())
      continue;
    int64_t edge = isBackward ? segment.from : segment.from + segment.used();
    end = isFirst      ? edge
          : isBackward ? std::min(end, edge)
                       : std::max(end, edge);
    isFirst = false;
  }
  return end;
}

/// Turns a strip about the west edge, so that one that runs west runs east.
static void mirror(std::vector<Segment> &segments) {
  std::reverse(segments.begin(), segments.end());
  for (Segment &segment : segments) {
    std::tie(segment.from, segment.to) =
        std::make_pair(-segment.to, -segment.from);
    std::reverse(segment.blocks.begin(), segment.blocks.end());
    std::reverse(segment.widths.begin(), segment.widths.end());
  }
}

/// A strip whose first block stands at column `start`, or as near behind it as
/// lets all blocks fit. Backward strips are the mirror image of forward ones.
std::optional<Strip>
StripPlanner::placeStrip(int64_t y, int64_t height, size_t first, size_t last,
                         const std::vector<int64_t> &widths, bool backward,
                         int64_t start) const {
  int64_t sum = 0;
  for (int64_t width : widths)
    sum += width;
  auto attempt = [&](bool keepsStart) -> std::optional<Strip> {
    Strip strip = {y, height, backward, freeSegments(y, height)};
    if (backward)
      mirror(strip.segments);
    int64_t east = backward ? 0 : grid.width;
    if (keepsStart) {
      int64_t from = std::min(backward ? -start : start, east - sum);
      for (Segment &segment : strip.segments)
        segment.from = std::min(std::max(segment.from, from), segment.to);
    }
    if (fill(strip.segments, first, last, widths) < last - first)
      return std::nullopt;
    // Only what is used, so that both directions say where blocks stand.
    for (Segment &segment : strip.segments)
      segment.to = segment.from + segment.used();
    if (backward)
      mirror(strip.segments);
    return strip;
  };
  std::optional<Strip> strip = attempt(/*keepsStart=*/true);
  return strip ? strip : attempt(/*keepsStart=*/false);
}

/// The strip behind those of a plan: it turns, and starts where the last one
/// ended. Where dead rectangles forbid that, it runs the other way.
std::optional<Strip>
StripPlanner::placeNextStrip(const Plan &plan, int64_t y, int64_t height,
                             size_t first, size_t last,
                             const std::vector<int64_t> &widths) const {
  bool backward = !plan.empty() && !plan.back().isBackward;
  int64_t start = plan.empty() ? 0 : plan.back().end();
  std::optional<Strip> strip =
      placeStrip(y, height, first, last, widths, backward, start);
  return strip ? strip
               : placeStrip(y, height, first, last, widths, !backward, start);
}

std::optional<Plan> StripPlanner::placeBands(const std::vector<Band> &bands) {
  Plan plan;
  int64_t y = 0;
  for (const Band &band : bands) {
    std::array<std::vector<int64_t>, 2> attempts = {band.widths, {}};
    for (size_t i = band.first; i < band.last; ++i)
      attempts[1].push_back(
          leastWidth(problem.blocks[order[i]].shape, band.height));
    std::optional<Strip> strip;
    while (!strip && y + band.height <= grid.height) {
      for (const std::vector<int64_t> &widths : attempts)
        if (!strip)
          strip = placeNextStrip(plan, y, band.height, band.first, band.last,
                                 widths);
      if (strip)
        break;
      y = nextStart(y, band.height);
      if (y < 0)
        return std::nullopt;
    }
    if (!strip)
      return std::nullopt;
    y += band.height;
    plan.push_back(std::move(*strip));
  }
  return plan;
}

std::optional<Plan> StripPlanner::tightest() {
  size_t count = order.size();
  // A higher strip in which no block becomes narrower is never better.
  std::vector<int64_t> heights;
  std::vector<std::vector<int64_t>> widthOf;
  for (int64_t height : tightHeights(grid.height)) {
    std::vector<int64_t> widths;
    for (size_t s = 0; s < problem.shapes.size(); ++s)
      widths.push_back(leastWidth(static_cast<int>(s), height));
    if (!widthOf.empty() && widthOf.back() == widths)
      continue;
    heights.push_back(height);
    widthOf.push_back(std::move(widths));
  }

  std::vector<TightState> states(count + 1);
  states[0].end = 0;
  std::vector<int64_t> widths;
  for (size_t i = 0; i < count; ++i) {
    if (states[i].end == kNever)
      continue;
    for (size_t h = 0; h < heights.size(); ++h) {
      if (states[i].end + heights[h] > grid.height)
        break;
      widths.clear();
      int64_t sum = 0;
      for (size_t j = i; j < count && sum <= grid.width; ++j) {
        int64_t width = widthOf[h][problem.blocks[order[j]].shape];
        if (width == 0)
          break;
        widths.push_back(width);
        sum += width;
      }
      relax(states, i, heights[h], widths);
    }
  }
  if (states[count].end == kNever)
    return std::nullopt;
  return tracePlan(states);
}

/// Tries a strip of blocks from `first` on. Starting further south helps only
/// behind a dead rectangle.
void StripPlanner::relax(std::vector<TightState> &states, size_t first,
                         int64_t height,
                         const std::vector<int64_t> &widths) const {
  int64_t y = states[first].end;
  while (!widths.empty() && y >= 0 && y + height <= grid.height) {
    size_t placed = widths.size();
    if (dead.empty()) {
      int64_t sum = 0;
      for (int64_t width : widths)
        sum += width;
      placed -= sum > grid.width;
    } else {
      std::vector<Segment> segments = freeSegments(y, height);
      placed = fill(segments, first, first + widths.size(), widths);
    }
    TightState &next = states[first + placed];
    if (placed > 0 && y + height < next.end)
      next = {y + height, first, y, height};
    y = nextStart(y, height);
  }
}

Plan StripPlanner::tracePlan(const std::vector<TightState> &states) {
  std::vector<size_t> lasts;
  for (size_t at = states.size() - 1; at > 0; at = states[at].from)
    lasts.push_back(at);
  std::reverse(lasts.begin(), lasts.end());
  Plan plan;
  for (size_t last : lasts) {
    const TightState &state = states[last];
    std::vector<int64_t> widths;
    for (size_t i = state.from; i < last; ++i)
      widths.push_back(
          leastWidth(problem.blocks[order[i]].shape, state.height));
    std::optional<Strip> strip =
        placeNextStrip(plan, state.y, state.height, state.from, last, widths);
    plan.push_back(std::move(*strip));
  }
  return plan;
}

std::optional<Plan> StripPlanner::priced(double price) {
  size_t count = order.size();
  std::vector<int64_t> heights = pricedHeights(problem, grid);
  std::vector<std::vector<Choice>> choices(heights.size());
  for (size_t h = 0; h < heights.size(); ++h)
    for (size_t s = 0; s < problem.shapes.size(); ++s)
      choices[h].push_back(choose(static_cast<int>(s), heights[h], price));

  struct State {
    double cost = std::numeric_limits<double>::infinity();
    size_t from = 0;
    size_t height = 0;
  };
  std::vector<State> states(count + 1);
  states[0].cost = 0;
  for (size_t i = 0; i < count; ++i)
    for (size_t h = 0; h < heights.size(); ++h) {
      double cost =
          states[i].cost + price * double(grid.width) * double(heights[h]);
      int64_t width = 0;
      for (size_t j = i; j < count; ++j) {
        const Choice &choice = choices[h][problem.blocks[order[j]].shape];
        width += choice.width;
        if (choice.width == 0 || width > grid.width)
          break;
        cost += choice.cycles;
        if (cost < states[j + 1].cost)
          states[j + 1] = {cost, i, h};
      }
    }
  if (states[count].cost == std::numeric_limits<double>::infinity())
    return std::nullopt;
  std::vector<Band> bands;
  for (size_t at = count; at > 0; at = states[at].from) {
    Band band = {states[at].from, at, heights[states[at].height], {}};
    for (size_t i = band.first; i < band.last; ++i)
      band.widths.push_back(
          choices[states[at].height][problem.blocks[order[i]].shape].width);
    bands.push_back(std::move(band));
  }
  std::reverse(bands.begin(), bands.end());
  return placeBands(bands);
}

double StripPlanner::planCycles(const Plan &plan) {
  double sum = 0;
  for (const Strip &strip : plan)
    for (const Segment &segment : strip.segments)
      for (size_t b = 0; b < segment.blocks.size(); ++b)
        sum += cycles(segment.blocks[b], segment.widths[b], strip.height);
  return sum;
}

void StripPlanner::stretch(Plan &plan) {
  stretchRows(plan);
  for (Strip &strip : plan)
    stretchColumns(strip);
}

/// Spreads the rows below the last strip over all strips. Only without dead
/// rectangles: strips must not move into one.
void StripPlanner::stretchRows(Plan &plan) {
  if (plan.empty() || !dead.empty())
    return;
  int64_t used = plan.back().y + plan.back().height;
  int64_t spare = grid.height - used;
  if (spare <= 0)
    return;
  Plan taller = plan;
  int64_t y = 0;
  int64_t seen = 0;
  for (Strip &strip : taller) {
    seen += strip.height;
    strip.y = y;
    // Rounds so that the last strip ends at the edge.
    strip.height = seen + spare * seen / used - y;
    y += strip.height;
    for (const Segment &segment : strip.segments)
      for (size_t b = 0; b < segment.blocks.size(); ++b)
        if (!fits(segment.blocks[b], segment.widths[b], strip.height))
          return;
  }
  if (planCycles(taller) < planCycles(plan))
    plan = std::move(taller);
}

/// Lets a segment that became wider keep the end it starts from, as far as the
/// span lets it.
static void settle(Segment &segment, const Segment &span, bool isBackward) {
  int64_t used = segment.used();
  int64_t from = isBackward ? segment.to - used : segment.from;
  segment.from = std::clamp(from, span.from, span.to - used);
  segment.to = segment.from + used;
}

/// Hands out the free columns of each segment in portions, each to the block
/// that gains most.
void StripPlanner::stretchColumns(Strip &strip) {
  constexpr int64_t kPortions = 6;
  Rect band = {0, strip.y, grid.width, strip.height};
  std::vector<Segment> freeSpans = freeSegments(band.y, band.height);
  for (Segment &segment : strip.segments) {
    if (segment.blocks.empty())
      continue;
    auto span = std::find_if(
        freeSpans.begin(), freeSpans.end(), [&](const Segment &candidate) {
          return candidate.from <= segment.from && segment.to <= candidate.to;
        });
    int64_t spare = span->to - span->from - segment.used();
    int64_t portion = std::max<int64_t>(1, spare / kPortions);
    while (spare > 0) {
      int64_t more = std::min(spare, portion);
      double bestGain = 0;
      size_t winner = segment.blocks.size();
      for (size_t b = 0; b < segment.blocks.size(); ++b) {
        int64_t width = segment.widths[b];
        if (!fits(segment.blocks[b], width + more, strip.height))
          continue;
        double gain = cycles(segment.blocks[b], width, strip.height) -
                      cycles(segment.blocks[b], width + more, strip.height);
        if (gain > bestGain) {
          bestGain = gain;
          winner = b;
        }
      }
      if (winner == segment.blocks.size())
        break;
      segment.widths[winner] += more;
      spare -= more;
    }
    settle(segment, *span, strip.isBackward);
  }
}

Solution StripPlanner::finish(const Plan &plan) {
  Solution solution;
  solution.rects.resize(problem.blocks.size());
  for (const Strip &strip : plan)
    for (const Segment &segment : strip.segments) {
      int64_t x = segment.from;
      for (size_t b = 0; b < segment.blocks.size(); ++b) {
        Rect rect = {x, strip.y, segment.widths[b], strip.height};
        solution.rects[segment.blocks[b]] =
            isTransposed ? transpose(rect) : rect;
        x += segment.widths[b];
      }
    }
  for (size_t i = 0; i < solution.rects.size(); ++i) {
    solution.cycles +=
        memo.cycles(problem.blocks[i].shape, solution.rects[i].extent());
    if (i > 0)
      solution.distance +=
          model::centreDistance(solution.rects[i - 1], solution.rects[i]);
  }
  return solution;
}
