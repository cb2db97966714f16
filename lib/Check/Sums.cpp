//===- Sums.cpp - What ops add up over cores ------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An op that is cut in a reduction dim leaves partial sums. They are added when
// the first op needs them; until then others that go the same way join them.
// docs/plan.md has the rule.
//
//===----------------------------------------------------------------------===//

#include "Sums.h"
#include "RectIndex.h"
#include "Routing.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// Partial sums of an op over lines of cores along one axis.
struct LineSum {
  std::string axis;
  int64_t cores = 1;
  double elements = 0; ///< of a line
  double maxima = 0;   ///< of these, the largest of rows of a softmax
  bool scalesLater = false;
  bool isJoined = false;

  bool goesWith(const LineSum &other) const {
    return axis == other.axis && cores == other.cores;
  }
};

/// How the sums of an op lie along an axis: sum b has `points` points from
/// b * points on, `shard` of them on a core.
struct SumLayout {
  int64_t count = 1, points = 1, shard = 1;
  int64_t onCore = 1; ///< values of the dims beside it that a core sees

  int64_t first(int64_t b) const { return times(b, points) / shard; }
  int64_t last(int64_t b) const { return (times(b + 1, points) - 1) / shard; }
  int64_t turnsOver(int64_t cores, int64_t parts) const;
};

/// Goes through the ops of a kernel in order.
class SumOrder {
public:
  SumOrder(const Plan &plan, const Kernel &kernel, SoftmaxForm softmax);

  std::vector<SumNeed> run();

private:
  struct Result {
    std::string role, value;
    bool scalesLater;
  };

  std::vector<LineSum> sumsOf(const Op &op) const;
  double choicesOf(const Op &op) const;
  double elementsOf(const Op &op) const;
  /// Half of what a softmax sends where its parts are merged.
  double maximaOf(const Op &op) const {
    bool areMerged = softmax == SoftmaxForm::Merged;
    return op.kind == "softmax" && areMerged ? elementsOf(op) / 2 : 0;
  }
  bool holdsUp(const Op &op, const std::vector<LineSum> &sums,
               const Operand &operand) const;
  void finish();
  void add(const Op &op, const LineSum &sum);

  const Kernel &kernel;
  SoftmaxForm softmax;
  int64_t lastOutput = 0; ///< length of the last output's last dim
  int64_t current = 0;
  Moment now;
  std::optional<LineSum> pending;
  std::vector<Result> results; ///< values that wait for it
  std::vector<size_t> makers;
  std::vector<double> parts; ///< elements of each
  std::vector<SumNeed> needs;
};

} // namespace

SumOrder::SumOrder(const Plan &plan, const Kernel &kernel, SoftmaxForm softmax)
    : kernel(kernel), softmax(softmax) {
  int64_t last = -1;
  for (const Stream &stream : plan.streams)
    if (stream.from == kernel.name && stream.fromPort > last) {
      last = stream.fromPort;
      lastOutput = stream.shape.empty() ? 1 : stream.shape.back();
    }
}

/// Cores that hold parts of one sum: the whole line, or, beside dims on the
/// same axis that are not summed, those of one value of these.
static int64_t coresOfSum(const Op &op, const std::string &axis) {
  int64_t slower = 1, points = 1, shard = 1, parts = 1;
  bool sums = false;
  for (const Cut &dim : op.dims) {
    if (dim.axis != axis)
      continue;
    shard = std::max<int64_t>(1, dim.shard);
    parts = dim.parts;
    sums |= dim.isReduction;
    int64_t &factor = dim.isReduction ? points : slower;
    factor = times(factor, dim.pitch);
  }
  if (!sums)
    return 1;
  if (slower == 1)
    return std::min(parts, points);
  // A core at either end may hold parts of two sums.
  bool straddles = points % shard != 0 && shard % std::max<int64_t>(1, points);
  return std::min(parts, plus(divideUp(points, shard), straddles ? 1 : 0));
}

/// Different values that a core sees of the dims of an op along an axis that
/// count, those that are not summed. It has a run of points, which may begin in
/// one value of the slower dims and end in the next; dims that follow each
/// other count as one.
static int64_t seenAlong(const Op &op, const std::string &axis,
                         llvm::function_ref<bool(const Cut &)> counts) {
  int64_t total = 1, sizes = 0, pointsOfOne = 1, shard = 1;
  auto take = [&] {
    if (sizes == 0)
      return;
    int64_t touched = divideUp(shard, pointsOfOne);
    bool divides = pointsOfOne == 1 || shard % pointsOfOne == 0 ||
                   pointsOfOne % shard == 0;
    total = times(total, std::min(sizes, touched + (divides ? 0 : 1)));
    sizes = 0;
  };
  bool isThere = false;
  for (const Cut &dim : op.dims) {
    if (dim.axis != axis)
      continue;
    if (!counts(dim)) {
      take();
      continue;
    }
    isThere = true;
    shard = std::max<int64_t>(1, dim.shard);
    pointsOfOne = std::max<int64_t>(1, dim.inner);
    sizes = times(std::max<int64_t>(1, sizes), std::max<int64_t>(1, dim.size));
  }
  take();
  return isThere ? std::min(total, shard) : 1;
}

/// Sums lie one behind the other where the dims that are summed are the fastest
/// on the axis; else all of it is one.
static SumLayout layoutOf(const Op &op, const std::string &axis) {
  SumLayout layout;
  bool isInside = false, isSplit = false;
  for (const Cut &dim : op.dims) {
    if (dim.axis != axis)
      continue;
    layout.shard = std::max<int64_t>(1, dim.shard);
    isSplit |= isInside && !dim.isReduction;
    isInside |= dim.isReduction;
    int64_t &factor = dim.isReduction ? layout.points : layout.count;
    factor = times(factor, std::max<int64_t>(1, dim.pitch));
  }
  layout.onCore =
      seenAlong(op, axis, [](const Cut &dim) { return !dim.isReduction; });
  if (isSplit)
    layout = {1, times(layout.points, layout.count), layout.shard, 1};
  return layout;
}

/// One where every sum is in one of the runs of `cores` cores; else each has a
/// line of its own, and those of every n-th do not meet.
int64_t SumLayout::turnsOver(int64_t cores, int64_t parts) const {
  // More than any cores have; the cuts are told elsewhere.
  constexpr int64_t kMost = int64_t(1) << 24;
  if (count > kMost)
    return count;
  bool isInRuns = true;
  for (int64_t b = 0; b < count && isInRuns; ++b)
    isInRuns =
        first(b) == last(b) || (first(b) / cores == last(b) / cores &&
                                times(first(b) / cores + 1, cores) <= parts);
  if (isInRuns)
    return 1;
  auto start = [&](int64_t b) { return std::min(first(b), parts - cores); };
  for (int64_t turns = 1; turns < count; ++turns) {
    bool isApart = true;
    for (int64_t b = 0; b + turns < count && isApart; ++b)
      isApart = start(b + turns) >= start(b) + cores;
    if (isApart)
      return turns;
  }
  return count;
}

/// For each choice of an expert that the busiest group serves; what experts of
/// a group, or of joined ones, make for a token is added up before.
double SumOrder::choicesOf(const Op &op) const {
  double tokens = 1;
  for (const Op &each : kernel.ops)
    for (const Cut &dim : each.dims)
      if (dim.dim == "token")
        tokens = double(dim.size);
  if (isJoined(kernel, op))
    return tokens;
  bool addsExperts =
      !op.operands.empty() && op.operands.back().role == "output";
  return addsExperts ? std::min(kernel.activations, tokens)
                     : kernel.activations;
}

double SumOrder::elementsOf(const Op &op) const {
  bool isExperts = kernel.role == "experts";
  double elements = isExperts ? choicesOf(op) : 1;
  auto counts = [&](const Cut &dim) {
    return !dim.isReduction &&
           !(isExperts && (dim.dim == "token" || dim.dim == "expert"));
  };
  for (const Cut &dim : op.dims)
    if (dim.axis == "none" && counts(dim))
      elements *= double(dim.size);
  for (const char *axis : {"x", "y", "group"})
    elements *= double(seenAlong(op, axis, counts));
  // A choice sends the best of every core: a number and its index each.
  if (op.kind == "top_k")
    elements *= 2 * double(lastOutput);
  if (op.kind == "softmax" && softmax == SoftmaxForm::Merged)
    elements *= 2;
  return elements;
}

std::vector<LineSum> SumOrder::sumsOf(const Op &op) const {
  std::vector<LineSum> sums;
  for (const char *axis : {"x", "y"})
    if (int64_t cores = coresOfSum(op, axis); cores > 1)
      sums.push_back({axis, cores, elementsOf(op), maximaOf(op),
                      op.name == "rms_norm" || op.kind == "softmax"});
  for (LineSum &sum : sums)
    if (isJoined(kernel, op)) {
      sum.isJoined = true;
      sum.cores = sum.axis == "x" ? kernel.rect.width : kernel.rect.height;
    }
  return sums;
}

static bool isValue(const Operand &operand) {
  return operand.role == "scratch" || operand.role == "output";
}

/// Values without a name of their own ("scratch of op 3") are handed on from op
/// to op: what reads one reads the last.
static llvm::StringRef valueOf(const Operand &operand) {
  llvm::StringRef name = operand.buffer;
  return name.starts_with("scratch of op ") ? "scratch" : name;
}

/// The product of a value whose scale is the sum goes along with it:
/// W (s x) = s (W x).
bool SumOrder::holdsUp(const Op &op, const std::vector<LineSum> &sums,
                       const Operand &operand) const {
  bool goesAlong = op.kind == "contraction" && sums.size() == 1 &&
                   sums.front().goesWith(*pending);
  return llvm::any_of(results, [&](const Result &result) {
    return result.role == operand.role && result.value == valueOf(operand) &&
           !(result.scalesLater && goesAlong);
  });
}

void SumOrder::finish() {
  if (pending)
    needs.push_back({current, pending->axis, pending->cores, pending->elements,
                     pending->maxima, makers, pending->isJoined, now, parts});
  pending.reset();
  results.clear();
  makers.clear();
  parts.clear();
}

void SumOrder::add(const Op &op, const LineSum &sum) {
  if (op.kind == "softmax" && softmax == SoftmaxForm::Agreed) {
    finish();
    needs.push_back({current,
                     sum.axis,
                     sum.cores,
                     sum.elements,
                     0,
                     {static_cast<size_t>(current)},
                     false,
                     now,
                     {sum.elements}});
  }
  if (pending && !pending->goesWith(sum))
    finish();
  double elements = pending ? pending->elements : 0;
  double maxima = pending ? pending->maxima : 0;
  pending = sum;
  pending->elements += elements;
  pending->maxima += maxima;
  makers.push_back(static_cast<size_t>(current));
  parts.push_back(sum.elements);
  if (!op.operands.empty() && isValue(op.operands.back()))
    results.push_back({op.operands.back().role,
                       valueOf(op.operands.back()).str(), sum.scalesLater});
}

std::vector<SumNeed> SumOrder::run() {
  for (const Op &op : kernel.ops) {
    std::vector<LineSum> sums = sumsOf(op);
    size_t reads = op.operands.size();
    if (reads > 1 && isValue(op.operands.back()))
      --reads;
    for (size_t i = 0; i < reads; ++i) {
      now = Moment::waits(current, i);
      if (pending && holdsUp(op, sums, op.operands[i]))
        finish();
    }
    now = Moment::leaves(current);
    for (const LineSum &sum : sums)
      add(op, sum);
    ++current;
  }
  now = Moment::waits(current, 0);
  current = std::max<int64_t>(0, current - 1);
  finish();
  return std::move(needs);
}

std::vector<SumNeed> inlay::checker::sumsNeeded(const Plan &plan,
                                                const Kernel &kernel,
                                                SoftmaxForm softmax) {
  return SumOrder(plan, kernel, softmax).run();
}

SumTurns inlay::checker::turnsOf(const Plan &plan, const Kernel &kernel,
                                 const SumNeed &need) {
  int64_t parts = need.isJoined ? need.cores : kernel.extent(need.axis);
  SumTurns lines{std::min(need.cores, parts)};
  if (lines.cores < 2)
    return lines;
  for (size_t maker : need.makers) {
    SumLayout layout = layoutOf(kernel.ops[maker], need.axis);
    int64_t own = layout.turnsOver(lines.cores, parts);
    if (own > lines.turns)
      lines.share = layout.onCore;
    lines.turns = std::max(lines.turns, own);
  }
  double exact = std::ceil(4 * need.elements);
  int64_t bytes = exact < double(kHuge) ? static_cast<int64_t>(exact) : kHuge;
  lines.wavelets = divideUp(waveletsOf(plan, bytes), lines.share);
  return lines;
}

//===----------------------------------------------------------------------===//
// Against the routes
//===----------------------------------------------------------------------===//

namespace {

/// Op, axis and cores of a line; then wavelets, 0 where an older plan does not
/// say how many tokens an expert has.
using Key = std::tuple<int64_t, std::string, int64_t, int64_t>;

} // namespace

static std::string describe(const Key &key) {
  auto [op, axis, cores, wavelets] = key;
  std::string text =
      fmt::format("for op {} along {} over lines of {} cores", op, axis, cores);
  return wavelets > 0 ? text + fmt::format(" with {} wavelets", wavelets)
                      : text;
}

static bool knowsChoices(const Kernel &kernel) {
  return kernel.role != "experts" || kernel.minor >= 3;
}

/// The cores that hold parts of one sum are on one line.
static void checkTogether(const Kernel &kernel, const SumNeed &need, size_t op,
                          const RectIndex &lines, Report &report) {
  SumLayout layout = layoutOf(kernel.ops[op], need.axis);
  std::vector<Rect> units = unitsOf(kernel);
  bool alongX = need.axis == "x";
  int64_t parts = kernel.extent(need.axis);
  if (need.isJoined) {
    units = {kernel.rect};
    parts = need.cores;
    layout = {1, parts, 1, 1};
  }
  for (const Rect &unit : units)
    for (int64_t b = 0; b < layout.count && layout.first(b) < parts; ++b) {
      int64_t first = layout.first(b);
      int64_t count = std::min(layout.last(b), parts - 1) - first + 1;
      if (count < 2)
        continue;
      Rect cores = alongX ? Rect{unit.x + first, unit.y, count, unit.height}
                          : Rect{unit.x, unit.y + first, unit.width, count};
      int64_t together = 0;
      lines.forEach(cores, [&](size_t i) {
        const Rect &line = lines[i];
        bool hasAll =
            alongX ? line.x <= cores.x && cores.right() <= line.right()
                   : line.y <= cores.y && cores.bottom() <= line.bottom();
        together = plus(together, hasAll ? line.common(cores) : 0);
      });
      if (together < cores.area())
        report.fail(kernel.place(),
                    fmt::format("has parts of one sum of op {} on the cores at "
                                "{}, which no line along {} has together",
                                op, cores.str(), need.axis));
    }
}

/// How often each sum goes, by what the routes of the plan have: pieces for a
/// ring, whole vectors else.
static std::map<Key, int64_t> keysOf(const Plan &plan, const Kernel &kernel,
                                     const std::vector<SumNeed> &sums,
                                     const std::map<Key, int64_t> &uses) {
  std::map<Key, int64_t> needs;
  for (const SumNeed &need : sums) {
    SumTurns lines = turnsOf(plan, kernel, need);
    int64_t cores = lines.cores, turns = lines.turns, wavelets = lines.wavelets;
    if (cores < 2)
      continue;
    bool isKnown = knowsChoices(kernel) || need.isJoined;
    Key key(need.op, need.axis, cores, isKnown ? wavelets : 0);
    Key ring(need.op, need.axis, cores, -divideUp(wavelets, cores));
    needs[uses.count(ring) && isKnown ? ring : key] += turns;
  }
  return needs;
}

void Routing::checkSums() {
  std::map<std::string, std::map<Key, int64_t>> routed;
  std::map<std::tuple<std::string, int64_t, std::string, int64_t>,
           std::vector<Rect>>
      lines; ///< by kernel, op, axis and cores
  for (const Shape &shape : shapes) {
    const Route &route = *shape.route;
    if (route.kind != "all_reduce" || !shape.pattern)
      continue;
    if (!isAllReduce(*shape.pattern))
      fail(route, "does not bring the sum of a line to all its cores by "
                  "pattern '" +
                      route.pattern + "'");
    for (const RouteUse &use : route.uses) {
      auto found = plan.kernelOf.find(use.kernel);
      if (found == plan.kernelOf.end()) {
        fail(route, "is used by kernel '" + use.kernel +
                        "', which is not "
                        "there");
        continue;
      }
      const Kernel &kernel = plan.kernels[found->second];
      // Sums of other ops may wait for the last one, along the other axis.
      bool isLast = use.op >= 0 &&
                    use.op < static_cast<int64_t>(kernel.ops.size()) &&
                    isJoined(kernel, kernel.ops[use.op]);
      int64_t line =
          route.lineAxis == "x" ? kernel.rect.width : kernel.rect.height;
      bool isOverAll = isLast && route.lineAxis == joinedAxis(kernel) &&
                       shape.pattern->cores == line;
      checkLinesOf(shape, kernel,
                   isOverAll ? std::vector<Rect>{kernel.rect}
                             : unitsOf(kernel));
      bool isKnown = knowsChoices(kernel) || isOverAll;
      int64_t cores = shape.pattern->cores, wavelets = use.wavelets;
      // Pieces of a vector go round a ring twice.
      if (isKnown && cores > 1 && shape.pattern->algorithm == "ring")
        wavelets = wavelets % (2 * (cores - 1)) == 0
                       ? -(wavelets / (2 * (cores - 1)))
                       : wavelets;
      Key key(use.op, route.lineAxis, cores, isKnown ? wavelets : 0);
      routed[kernel.name][key] += use.times;
      llvm::append_range(lines[{kernel.name, use.op, route.lineAxis, cores}],
                         shape.lines);
    }
  }
  for (const Kernel &kernel : plan.kernels) {
    std::map<Key, int64_t> &uses = routed[kernel.name];
    std::erase_if(uses, [](const auto &use) { return use.second == 0; });
    std::vector<SumNeed> sums =
        SumOrder(plan, kernel, SoftmaxForm::Merged).run();
    if (fabric.available == 0)
      sums.clear();
    std::map<Key, int64_t> needs = keysOf(plan, kernel, sums, uses);
    if (needs != uses && fabric.available != 0) {
      std::vector<SumNeed> agreed =
          SumOrder(plan, kernel, SoftmaxForm::Agreed).run();
      std::map<Key, int64_t> others = keysOf(plan, kernel, agreed, uses);
      if (others == uses) {
        sums = std::move(agreed);
        needs = std::move(others);
      }
    }
    for (const SumNeed &need : sums) {
      int64_t cores = need.isJoined
                          ? need.cores
                          : std::min(need.cores, kernel.extent(need.axis));
      for (size_t maker : need.makers)
        if (cores >= 2)
          checkTogether(
              kernel, need, maker,
              RectIndex(lines[{kernel.name, need.op, need.axis, cores}]),
              report);
    }
    for (const auto &[key, count] : needs) {
      auto found = uses.find(key);
      int64_t has = found == uses.end() ? 0 : found->second;
      if (has != count)
        report.fail(kernel.place(),
                    fmt::format("needs {} sums {}, routes have {}", count,
                                describe(key), has));
    }
    for (const auto &[key, count] : uses)
      if (!needs.count(key))
        report.fail(kernel.place(),
                    fmt::format("needs no sum {}, routes have {}",
                                describe(key), count));
  }
}

/// Lines lie in one of some rectangles each, and every core is in one.
void Routing::checkLinesOf(const Shape &shape, const Kernel &kernel,
                           const std::vector<Rect> &units) {
  if (!shape.isWhole)
    return;
  const Route &route = *shape.route;
  if (kernel.region != shape.region->name)
    return fail(route, fmt::format("is used by kernel '{}', which is not in "
                                   "region '{}'",
                                   kernel.name, shape.region->name));
  RectIndex index(units);
  for (const Rect &line : shape.lines) {
    // Lines of an area lie side by side and may go over several groups, but
    // along the line there is one.
    bool alongX = route.lineAxis == "x";
    int64_t inside = 0;
    index.forEach(line, [&](size_t i) {
      const Rect &unit = index[i];
      bool isWithin = alongX
                          ? unit.x <= line.x && line.right() <= unit.right()
                          : unit.y <= line.y && line.bottom() <= unit.bottom();
      inside = plus(inside, isWithin ? unit.common(line) : 0);
    });
    if (inside != line.area())
      fail(route, fmt::format("has lines at {} that leave an expert group or "
                              "the cores of kernel '{}'",
                              line.str(), kernel.name));
  }
}
