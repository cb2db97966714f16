//===- Parts.cpp - Where parts of values lie ------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A slice is left where it lies, and a concatenation says where each of its
// operands goes. Both are a part of a larger value: of each row of features the
// same few.
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Layout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::model;

Layout inlay::model::everywhere(int64_t features, int64_t tokens) {
  Layout layout;
  layout.features = features;
  layout.tokens = tokens;
  return layout;
}

namespace {

/// The part of what one axis cuts.
class AxisPart {
public:
  AxisPart(const AxisLayout &layout, const Window &window)
      : layout(layout), window(window) {}

  std::optional<AxisLayout> find() {
    AxisLayout part = layout;
    part.runs.clear();
    for (const FeatureRun &run : layout.runs)
      if (!add(run))
        return std::nullopt;
    for (const FeatureRun &run : runs) {
      bool isTaken = taken && &run == &runs[*taken];
      // A run of one stays where it says on which core that one lies.
      if (!part.runs.empty() &&
          part.runs.back().stride == run.stride * run.size && run.size > 1)
        part.runs.back() = {run.stride, part.runs.back().size * run.size};
      else if (run.size > 1 || isTaken)
        part.runs.push_back(run);
    }
    if (taken && !place(part))
      return std::nullopt;
    return part;
  }

private:
  /// Rows, then what is in a row.
  bool add(const FeatureRun &run) {
    int64_t end = run.stride * run.size, row = window.row;
    if (run.stride >= row) {
      if (run.stride % row != 0)
        return false;
      runs.push_back({run.stride / row * window.length, run.size});
      return true;
    }
    if (end > row) {
      if (row % run.stride != 0 || end % row != 0)
        return false;
      runs.push_back({window.length, end / row});
      return addInRow({run.stride, row / run.stride});
    }
    return addInRow(run);
  }

  bool addInRow(const FeatureRun &run) {
    int64_t end = run.stride * run.size;
    int64_t whole = end < window.row ? end : run.stride;
    if (window.row % whole != 0 || window.first % whole != 0 ||
        window.length % whole != 0)
      return false;
    if (end < window.row) {
      runs.push_back(run);
      return true;
    }
    taken = runs.size();
    sizeOfRow = run.size;
    runs.push_back({run.stride, window.length / run.stride});
    return true;
  }

  /// Positions of the run that the part is taken out of, and of those that are
  /// faster along the axis.
  bool place(AxisLayout &part) const {
    int64_t slower = 1, faster = 1;
    for (size_t r = 0; r < runs.size(); ++r)
      (r < *taken ? slower : faster) *= r == *taken ? 1 : runs[r].size;
    const FeatureRun &run = runs[*taken];
    int64_t length = run.size * faster, pitch = sizeOfRow * faster;
    int64_t first = window.first / run.stride * faster;
    bool hasRows = slower > 1;
    if (layout.pitch > 0) {
      // Of each row of a part the same.
      if (layout.length != pitch)
        return false;
      pitch = layout.pitch;
      hasRows = true;
    }
    part.first += first;
    part.length = hasRows ? length : 0;
    part.pitch = hasRows ? pitch : 0;
    return part.repeats == 1;
  }

  const AxisLayout &layout;
  const Window &window;
  llvm::SmallVector<FeatureRun, 4> runs;
  std::optional<size_t> taken; ///< index of the run that has a part of a row
  int64_t sizeOfRow = 1;       ///< of that run
};

} // namespace

std::optional<Layout> inlay::model::partOfLayout(const Layout &layout,
                                                 const Window &window) {
  if (window.row == window.length)
    return layout;
  if (window.row < 1 || layout.features % window.row != 0)
    return std::nullopt;
  Layout part = layout;
  part.features = layout.features / window.row * window.length;
  std::optional<AxisLayout> x = AxisPart(layout.x, window).find();
  std::optional<AxisLayout> y = AxisPart(layout.y, window).find();
  if (!x || !y)
    return std::nullopt;
  part.x = std::move(*x);
  part.y = std::move(*y);
  return part;
}

//===----------------------------------------------------------------------===//
// Slices and concatenations
//===----------------------------------------------------------------------===//

bool inlay::model::isSlice(const OpSpec &op) {
  return op.opClass == OpClass::Move && op.name == "slice";
}

bool inlay::model::isConcat(const OpSpec &op) {
  return op.opClass == OpClass::Move && op.name == "concat";
}

namespace {

/// The dim of an operand that begins elsewhere than in the op, in features.
struct Taken {
  bool isToken = false; ///< tokens that are none
  int64_t size = 1;     ///< the op's, of this dim
  int64_t first = 0;
  int64_t slower = 1; ///< of the dims before
  int64_t faster = 1; ///< of those behind
};

} // namespace

/// The last dim that begins elsewhere, or the last of all.
static Taken takenOf(const OpSpec &op, const OperandSpec &operand,
                     bool cutsTokens) {
  size_t at = operand.indexing.size() - 1;
  for (size_t i = operand.indexing.size(); i-- > 0;)
    if (operand.indexing[i].first != 0) {
      at = i;
      break;
    }
  Taken taken;
  for (size_t i = 0; i < operand.indexing.size(); ++i) {
    const IndexExpr &index = operand.indexing[i];
    if (index.dim < 0)
      continue;
    const IterationDim &dim = op.dims[size_t(index.dim)];
    bool isFeature = dim.name != "token" || cutsTokens;
    if (i == at) {
      taken.isToken = !isFeature;
      taken.size = dim.size;
      taken.first = index.first;
    } else if (isFeature) {
      (i < at ? taken.slower : taken.faster) *= dim.size;
    }
  }
  return taken;
}

Layout inlay::model::firstOfRows(const OpSpec &op, const OperandSpec &operand,
                                 const Layout &layout) {
  int64_t rows = 1, length = 1;
  bool isLast = true;
  for (size_t i = operand.indexing.size(); i-- > 0;) {
    const IndexExpr &index = operand.indexing[i];
    if (index.dim < 0 || op.dims[size_t(index.dim)].name == "token")
      continue;
    (isLast ? length : rows) *= op.dims[size_t(index.dim)].size;
    isLast = false;
  }
  if (isLast || layout.cutTokens > 1 || layout.features <= rows * length ||
      layout.features % rows != 0)
    return layout;
  return partOfLayout(layout, {layout.features / rows, 0, length})
      .value_or(layout);
}

std::optional<Layout> inlay::model::sliceOf(const OpSpec &op,
                                            const Layout &source) {
  const OperandSpec &operand = op.operands.front();
  if (operand.indexing.empty())
    return std::nullopt;
  Taken taken = takenOf(op, operand, source.cutTokens > 1);
  if (taken.isToken) {
    Layout part = source;
    part.tokens = taken.size;
    return part;
  }
  if (source.features % taken.slower != 0)
    return std::nullopt;
  std::optional<Layout> part = partOfLayout(
      source, {source.features / taken.slower, taken.first * taken.faster,
               taken.size * taken.faster});
  return part;
}

Layout inlay::model::placeInConcat(const OpSpec &op, const OperandSpec &operand,
                                   const Layout &source,
                                   const OpSharding &opSharding,
                                   const Sharding &sharding) {
  Layout nowhere = everywhere(source.features, source.tokens);
  nowhere.cutTokens = source.cutTokens;
  const OperandSpec &made = op.operands.back();
  if (operand.indexing.empty() || made.indexing.empty())
    return nowhere;
  Layout all = layoutOf(op, made, opSharding, sharding);
  // Where a row comes to lie that has no index, nobody says.
  for (const IndexExpr &index : made.indexing)
    if (index.dim >= 0 &&
        (op.dims[size_t(index.dim)].name != "token" || all.cutTokens > 1) &&
        llvm::none_of(operand.indexing, [&](const IndexExpr &own) {
          return own.dim == index.dim;
        }))
      return nowhere;
  Taken taken = takenOf(op, operand, all.cutTokens > 1);
  if (taken.isToken) {
    all.tokens = source.tokens;
    return all;
  }
  int64_t features = source.features;
  if (all.cutTokens > 1 && source.cutTokens == 1)
    features *= source.tokens;
  if (all.features % taken.slower != 0 || features % taken.slower != 0)
    return nowhere;
  std::optional<Layout> part =
      partOfLayout(all, {all.features / taken.slower,
                         -taken.first * taken.faster, features / taken.slower});
  return part ? *part : nowhere;
}
