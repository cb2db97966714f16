//===- ValueParts.cpp - Where values and parts of them lie ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ValueParts.h"

#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

#include <utility>

using namespace inlay::checker;

static int64_t atLeastOne(int64_t value) { return std::max<int64_t>(1, value); }

Place inlay::checker::placeOf(const Op &op, const Operand &operand) {
  Place place;
  bool areCut = false;
  for (int64_t d : operand.indexDims)
    if (d >= 0 && d < static_cast<int64_t>(op.dims.size()) &&
        op.dims[d].dim == "token") {
      place.tokens = times(place.tokens, op.dims[d].size);
      areCut |= op.dims[d].axis == "x" || op.dims[d].axis == "y";
    }
  if (areCut)
    std::swap(place.tokens, place.cutTokens);
  place.x = cutAlong(op, operand, "x", place.features, place.cutTokens);
  place.y = cutAlong(op, operand, "y", place.features, place.cutTokens);
  place.bits = operand.bits;
  return place;
}

Place inlay::checker::everywhere(Place place) {
  place.x = place.y = {};
  return place;
}

static bool isMove(const Kernel &kernel, const Op &op, const char *name) {
  return kernel.minor >= 3 && op.kind == "move" && op.name == name &&
         !op.operands.empty();
}

bool inlay::checker::isSlice(const Kernel &kernel, const Op &op) {
  return isMove(kernel, op, "slice");
}

bool inlay::checker::isConcat(const Kernel &kernel, const Op &op) {
  return isMove(kernel, op, "concat");
}

//===----------------------------------------------------------------------===//
// A part of each row
//===----------------------------------------------------------------------===//

namespace {

/// Of `row` features `length` from `first` on.
struct Window {
  int64_t row = 1, first = 0, length = 1;
};

} // namespace

/// What one axis has of the part.
static std::optional<AxisCut> partOf(const AxisCut &cut, const Window &window) {
  // Runs over whole rows, and those within a row.
  std::vector<Run> runs;
  for (const Run &run : cut.runs) {
    int64_t end = times(run.stride, run.size);
    if (run.stride < window.row && end > window.row) {
      if (window.row % run.stride != 0 || end % window.row != 0)
        return std::nullopt;
      runs.push_back({window.row, end / window.row});
      runs.push_back({run.stride, window.row / run.stride});
    } else {
      runs.push_back(run);
    }
  }
  AxisCut part = cut;
  part.runs.clear();
  int64_t faster = 1, slower = 1, first = 0, length = 0, pitch = 0;
  bool isTaken = false;
  for (const Run &run : llvm::reverse(runs)) {
    int64_t end = times(run.stride, run.size);
    bool isOfRow = run.stride < window.row, isWhole = end >= window.row;
    Run now = run;
    if (!isOfRow) {
      if (run.stride % window.row != 0)
        return std::nullopt;
      now.stride = times(run.stride / window.row, window.length);
    } else {
      int64_t step = isWhole ? run.stride : end;
      if (window.row % step != 0 || window.first % step != 0 ||
          window.length % step != 0)
        return std::nullopt;
    }
    bool isPart = isOfRow && isWhole;
    if (isPart) {
      now.size = window.length / run.stride;
      first = times(window.first / run.stride, faster);
      length = times(now.size, faster);
      pitch = times(run.size, faster);
      isTaken = true;
    } else {
      (isTaken ? slower : faster) = times(isTaken ? slower : faster, run.size);
    }
    if (!part.runs.empty() && part.runs.front().size > 1 &&
        now.stride == times(part.runs.front().stride, part.runs.front().size))
      part.runs.front().size = times(part.runs.front().size, now.size);
    else
      part.runs.insert(part.runs.begin(), now);
  }
  std::erase_if(part.runs,
                [&](const Run &run) { return run.size == 1 && !isTaken; });
  if (!isTaken)
    return part;
  // What has other points of the op along the axis is no value that lies there.
  if (part.repeats > 1 || (cut.pitch > 0 && cut.length != pitch))
    return std::nullopt;
  bool hasRows = slower > 1 || cut.pitch > 0;
  part.first = plus(cut.first, first);
  part.length = hasRows ? length : 0;
  part.pitch = !hasRows ? 0 : cut.pitch > 0 ? cut.pitch : pitch;
  return part;
}

static std::optional<Place> partOf(const Place &all, const Window &window) {
  if (window.row == window.length)
    return all;
  if (window.row < 1 || window.length < 1 || window.first < 0 ||
      all.features % window.row != 0)
    return std::nullopt;
  Place part = all;
  part.features = times(all.features / window.row, window.length);
  std::optional<AxisCut> x = partOf(all.x, window), y = partOf(all.y, window);
  if (!x || !y)
    return std::nullopt;
  part.x = *x;
  part.y = *y;
  return part;
}

namespace {

/// The dim of an operand along which it is a part, or of which it has parts.
struct Taken {
  bool isToken = false;
  int64_t size = 1, first = 0;
  int64_t slower = 1, faster = 1; ///< features before and behind
};

} // namespace

static int64_t firstOf(const Operand &operand, size_t i) {
  return i < operand.indexFirsts.size() ? operand.indexFirsts[i] : 0;
}

/// The last that begins elsewhere than the op does; else the last of all.
static Taken takenOf(const Op &op, const Operand &operand, bool areCut) {
  size_t at = operand.indexDims.size() - 1;
  for (size_t i = operand.indexDims.size(); i-- > 0;)
    if (firstOf(operand, i) != 0) {
      at = i;
      break;
    }
  Taken taken;
  for (size_t i = 0; i < operand.indexDims.size(); ++i) {
    int64_t d = operand.indexDims[i];
    if (d < 0 || d >= static_cast<int64_t>(op.dims.size()))
      continue;
    bool isFeature = op.dims[d].dim != "token" || areCut;
    if (i == at) {
      taken.isToken = !isFeature;
      taken.size = op.dims[d].size;
      taken.first = firstOf(operand, i);
    } else if (isFeature) {
      int64_t &side = i < at ? taken.slower : taken.faster;
      side = times(side, op.dims[d].size);
    }
  }
  return taken;
}

std::optional<Place> inlay::checker::sliceOf(const Op &op,
                                             const Place &source) {
  const Operand &operand = op.operands.front();
  if (operand.indexDims.empty())
    return std::nullopt;
  Taken taken = takenOf(op, operand, source.cutTokens > 1);
  if (taken.isToken) {
    Place part = source;
    part.tokens = taken.size;
    return part;
  }
  if (source.features % atLeastOne(taken.slower) != 0)
    return std::nullopt;
  return partOf(source, {source.features / atLeastOne(taken.slower),
                         times(taken.first, taken.faster),
                         times(taken.size, taken.faster)});
}

Place inlay::checker::firstOfRows(const Op &op, const Operand &operand,
                                  const Place &all) {
  std::vector<int64_t> sizes;
  for (int64_t d : operand.indexDims)
    if (d >= 0 && d < static_cast<int64_t>(op.dims.size()) &&
        op.dims[d].dim != "token")
      sizes.push_back(op.dims[d].size);
  if (sizes.empty() || all.cutTokens > 1)
    return all;
  int64_t length = sizes.back(), elements = product(sizes);
  int64_t rows = elements / atLeastOne(length);
  if (all.features <= elements || all.features % atLeastOne(rows) != 0)
    return all;
  std::optional<Place> part =
      partOf(all, {all.features / atLeastOne(rows), 0, length});
  return part ? *part : all;
}

Place inlay::checker::placeInConcat(const Op &op, const Operand &operand,
                                    const Place &source) {
  const Operand &made = op.operands.back();
  if (operand.indexDims.empty() || made.indexDims.empty())
    return everywhere(source);
  Place all = placeOf(op, made);
  // A row without an index may come to lie anywhere.
  for (int64_t d : made.indexDims)
    if (d >= 0 && d < static_cast<int64_t>(op.dims.size()) &&
        (op.dims[d].dim != "token" || all.cutTokens > 1) &&
        !llvm::is_contained(operand.indexDims, d))
      return everywhere(source);
  Taken taken = takenOf(op, operand, all.cutTokens > 1);
  if (taken.isToken) {
    all.tokens = source.tokens;
    return all;
  }
  int64_t features = source.features, slower = atLeastOne(taken.slower);
  if (all.cutTokens > 1 && source.cutTokens == 1)
    features = times(features, source.tokens);
  if (all.features % slower != 0 || features % slower != 0)
    return everywhere(source);
  std::optional<Place> part =
      partOf(all, {all.features / slower, times(-taken.first, taken.faster),
                   features / slower});
  return part ? *part : everywhere(source);
}

//===----------------------------------------------------------------------===//
// Against what the values have
//===----------------------------------------------------------------------===//

namespace {

/// Holds what slices take, and concatenations put together, to the elements
/// that there are.
class PartChecker {
public:
  PartChecker(const Plan &plan, const Kernel &kernel, Report &report)
      : plan(plan), kernel(kernel), report(report) {}

  void run();

private:
  int64_t elementsOf(const Operand &operand) const;
  void checkSlice(const Op &op, const std::string &place);
  void checkConcat(const Op &op, const std::string &place);

  const Plan &plan;
  const Kernel &kernel;
  Report &report;
  std::map<std::pair<std::string, std::string>, int64_t> made;
};

} // namespace

static int64_t indexedBy(const Op &op, const Operand &operand) {
  int64_t elements = 1;
  for (int64_t d : operand.indexDims)
    if (d >= 0 && d < static_cast<int64_t>(op.dims.size()))
      elements = times(elements, op.dims[d].size);
  return elements;
}

/// 0: not known.
int64_t PartChecker::elementsOf(const Operand &operand) const {
  auto found = made.find({operand.role, operand.buffer});
  if (found != made.end())
    return found->second;
  for (const Stream &stream : plan.streams)
    if (stream.to == kernel.name && isPort(operand, "input", stream.toPort))
      return product(stream.shape);
  return 0;
}

void PartChecker::checkSlice(const Op &op, const std::string &place) {
  const Operand &operand = op.operands.front();
  int64_t all = elementsOf(operand);
  if (operand.indexDims.empty() || all == 0)
    return;
  Taken taken = takenOf(op, operand, /*areCut=*/true);
  int64_t others = atLeastOne(times(taken.slower, taken.faster));
  if (all % others != 0 || taken.first < 0 ||
      plus(taken.first, taken.size) > all / others)
    report.fail(place, fmt::format("takes {} from {} on of '{}', which has {} "
                                   "elements for {} of these",
                                   taken.size, taken.first, operand.buffer, all,
                                   others));
}

/// One begins where the one before it ends, the last ends with the result.
void PartChecker::checkConcat(const Op &op, const std::string &place) {
  int64_t end = 0, size = 0, others = 1;
  for (const Operand &operand : llvm::ArrayRef(op.operands).drop_back()) {
    int64_t all = elementsOf(operand);
    if (operand.indexDims.empty() || all == 0)
      return;
    if (operand.indexDims.size() != op.operands.back().indexDims.size())
      return; // rows that may be any
    Taken taken = takenOf(op, operand, /*areCut=*/true);
    others = atLeastOne(times(taken.slower, taken.faster));
    if (all % others != 0 || -taken.first != end)
      return report.fail(
          place, fmt::format("has '{}' of {} elements for {} rows begin at {}, "
                             "but what comes before ends at {}",
                             operand.buffer, all, others, -taken.first, end));
    end = plus(end, all / others);
    size = taken.size;
  }
  if (end != size)
    report.fail(place,
                fmt::format("puts {} together, its result has {}", end, size));
}

void PartChecker::run() {
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    const Op &op = kernel.ops[o];
    std::string place =
        fmt::format("{}, op {} '{}'", kernel.place(), o, op.name);
    for (const Operand &operand : op.operands) {
      bool isElsewhere = llvm::any_of(operand.indexFirsts,
                                      [](int64_t first) { return first != 0; });
      if (isElsewhere && ((!isSlice(kernel, op) && !isConcat(kernel, op)) ||
                          &operand == &op.operands.back()))
        report.fail(place, fmt::format("has operand '{}' begin elsewhere than "
                                       "the op does, which only what slices "
                                       "and concatenations read may",
                                       operand.buffer));
      bool isPart = isSlice(kernel, op) || isConcat(kernel, op);
      if (llvm::count_if(operand.indexFirsts,
                         [](int64_t first) { return first != 0; }) > 1)
        report.fail(place, fmt::format("has operand '{}' begin elsewhere along "
                                       "several dims",
                                       operand.buffer));
      if ((isPart || &operand == &op.operands.back()) &&
          llvm::any_of(operand.indexDivisors,
                       [](int64_t divisor) { return divisor != 1; }))
        report.fail(place, fmt::format("has operand '{}' with several indices "
                                       "to an element, which what it makes or "
                                       "takes apart has not",
                                       operand.buffer));
    }
    if (isSlice(kernel, op))
      checkSlice(op, place);
    if (isConcat(kernel, op))
      checkConcat(op, place);
    if (op.operands.empty() || op.operands.back().indexDims.empty())
      continue;
    const Operand &result = op.operands.back();
    made[{result.role, result.buffer}] = indexedBy(op, result);
  }
}

void inlay::checker::checkParts(const Plan &plan, Report &report) {
  for (const Kernel &kernel : plan.kernels)
    PartChecker(plan, kernel, report).run();
}
