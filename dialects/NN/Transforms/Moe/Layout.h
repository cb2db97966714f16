//===- Layout.h - What the elements of a value stand for ------ -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters write one computation with any number of Reshape, Transpose,
// Squeeze, Expand and Slice nodes between its steps. The matchers of this
// folder look through them exactly: a layout says at which place of a value the
// element for given tokens, experts, ... lies. Reshapes do not change it, so
// that a reshape that scrambles a tensor is told from one that is harmless.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_LAYOUT_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_LAYOUT_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace inlay::nn::moe {

/// What an index counts.
enum class Axis : uint8_t {
  Token,  ///< the tokens of the step
  Slot,   ///< the k choices of a token
  Expert, ///< all experts
  Hit,    ///< the choices of one expert, as many as the data say
  Pair,   ///< all choices, sorted by expert
  Hidden, ///< the width of the model
  Inner,  ///< the width between an expert's two layers
};

/// `stride` * ((index of `axis` / `divisor`) mod `size`). A size that depends
/// on data is `mlir::ShapedType::kDynamic`.
struct Term {
  Axis axis;
  int64_t size;
  int64_t stride = 1;
  int64_t divisor = 1;

  bool operator==(const Term &other) const {
    return axis == other.axis && size == other.size && stride == other.stride &&
           divisor == other.divisor;
  }
};

/// The place of an element in the row-major order of a value: `first` plus the
/// sum of the terms. An axis without a term does not matter to the value.
struct Layout {
  int64_t first = 0;
  /// Two at most nearly always; a graph with every expert written out keeps
  /// hundreds of thousands of layouts.
  llvm::SmallVector<Term, 2> terms;

  /// Row-major over `sizes`, the last axis with stride 1.
  static Layout rowMajor(llvm::ArrayRef<std::pair<Axis, int64_t>> sizes);

  /// Equal layouts have equal fields after this: terms by falling stride,
  /// neighbours of one axis merged, none of size 1.
  void normalise();

  const Term *find(Axis axis) const;
  bool has(Axis axis) const { return find(axis) != nullptr; }
  /// The terms of one axis.
  Layout only(Axis axis) const;
  Layout without(Axis axis) const;
  /// The same with `axis` called `name`.
  Layout renamed(Axis axis, Axis name) const;

  bool operator==(const Layout &other) const {
    return first == other.first && terms == other.terms;
  }
};

using Shape = llvm::ArrayRef<int64_t>;

/// The layout within each dim of a value of `shape`; nothing where a term
/// does not keep to whole dims.
std::optional<llvm::SmallVector<Layout>> split(const Layout &layout,
                                               Shape shape);
/// The inverse of `split`; nothing where a dim's stride is not known.
std::optional<Layout> join(llvm::ArrayRef<Layout> dims, Shape shape);

/// Of an operand of `from` under numpy's broadcast to `to`, given the layout of
/// the result, and of the result, given that of the operand.
std::optional<Layout> broadcastBack(const Layout &result, Shape to, Shape from);
std::optional<Layout> broadcast(const Layout &operand, Shape from, Shape to);

/// Dim i of the result is dim `permutation[i]` of the operand of shape `from`.
std::optional<Layout> transposeBack(const Layout &result, Shape from,
                                    llvm::ArrayRef<int64_t> permutation);
std::optional<Layout> transpose(const Layout &operand, Shape from,
                                llvm::ArrayRef<int64_t> permutation);

/// Each dim of the operand is repeated to fill that of the result.
std::optional<Layout> tileBack(const Layout &result, Shape to, Shape from);

/// Element i of the result along `dim` is `start + step * i` of the operand.
std::optional<Layout> sliceBack(const Layout &result, Shape to, Shape from,
                                int64_t dim, int64_t start, int64_t step);

/// Element i along a dim of the result is `i / by` of the operand, given the
/// layout within that dim of the result; nothing where a block holds elements
/// of two runs.
std::optional<Layout> divide(const Layout &dim, int64_t by);

/// Without the given dims, each of which must be wholly that axis; `to` is the
/// shape of the result. Which axes went is added to `axes`.
std::optional<Layout> reduce(const Layout &operand, Shape from,
                             llvm::ArrayRef<int64_t> dims, Shape to,
                             llvm::SmallVectorImpl<Axis> &axes);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_LAYOUT_H
