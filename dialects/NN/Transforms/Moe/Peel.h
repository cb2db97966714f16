//===- Peel.h - Looking through nodes that only move data ----- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Backwards from a value to what it is made of, with its layout; and small
// questions about constants.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_PEEL_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_PEEL_H

#include "Layout.h"

#include "dialects/Onnx/IR/Onnx.h"

#include <string>

namespace inlay::nn::moe {

/// A value and where its elements lie.
struct View {
  mlir::Value value;
  Layout layout;

  bool operator==(const View &other) const {
    return value == other.value && layout == other.layout;
  }
};

/// The shape of a ranked tensor; nothing for other values.
std::optional<Shape> shapeOf(mlir::Value value);

/// The node that computes `value`, if it is `opType` of the default domain.
onnx::NodeOp definedBy(mlir::Value value, llvm::StringRef opType);

/// Whether a Cast node keeps what its value stands for: to a type that holds
/// all numbers of the other, from a truth value to 0 and 1, from an index to a
/// type with room for any; or rounding to a type that the model computes in.
bool isHarmlessCast(onnx::NodeOp node);

/// Whether `type` holds all whole numbers from 0 to `largest`.
bool holdsWhole(mlir::Type type, int64_t largest);

/// Marks the Casts of a graph that round to a type which the model only passes
/// through, as long as this lives: `isHarmlessCast` is asked of one node, and
/// what the model computes in is seen by all of them together.
class RoundingCasts {
public:
  explicit RoundingCasts(onnx::GraphOp graph);
  ~RoundingCasts();

private:
  onnx::GraphOp graph;
};

/// Looks through one node that only moves data (and, with `casts`, changes the
/// precision). Returns whether it did.
bool stepBack(View &view, bool casts);
/// The same as often as it goes.
void peel(View &view, bool casts);

/// `value`, of which the elements lie as `rows` says, without the nodes before
/// it that keep the elements where they are.
mlir::Value stripIdle(mlir::Value value, const Layout &rows);

/// Whether one node reads the elements of `value`; any may ask for its shape.
bool isReadOnce(mlir::Value value);

/// Start and step along the one dim that a Slice cuts; dims uncut are ignored.
struct SliceRange {
  int64_t dim;
  int64_t start;
  int64_t step;
};
std::optional<llvm::SmallVector<SliceRange>> readSlice(onnx::NodeOp node);

/// A product of two factors, each with a letter for each dim, none twice.
struct EinsumForm {
  mlir::Value lhs, rhs;
  std::string lhsLetters, rhsLetters, resultLetters;

  /// Letters of factors that the result has not.
  llvm::SmallVector<char> summedLetters() const;
};
/// An Einsum of two factors.
std::optional<EinsumForm> readEinsumForm(onnx::NodeOp node);
/// The same, or a MatMul. A dim of size 1 that is broadcast has a letter of its
/// own.
std::optional<EinsumForm> readProductForm(onnx::NodeOp node);

/// The only number of a constant of one element, or of a splat.
std::optional<double> scalarOf(mlir::Value value);
/// The number of a constant of one element.
std::optional<double> numberOf(mlir::Value value);
/// Whether all elements of a value are 0, as far as it can be seen.
bool isZero(mlir::Value value);
/// Whether all elements of a value are 1, as far as it can be seen.
bool isOne(mlir::Value value);
/// Whether all elements are minus infinity (or the lowest number of the type).
bool isLowest(mlir::Value value);
/// The only number of an integer constant of one element.
std::optional<int64_t> intOf(mlir::Value value);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_PEEL_H
