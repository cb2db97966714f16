//===- SpaceBuilder.h - Builds iteration spaces -----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thin layer over model::OpSpec for the ops of this dialect: dims by name,
// operands by SSA value.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_SPACEBUILDER_H
#define INLAY_DIALECTS_NN_IR_SPACEBUILDER_H

#include "dialects/NN/IR/NN.h"

namespace inlay::nn {

class SpaceBuilder {
public:
  SpaceBuilder(mlir::Operation *op, llvm::StringRef name,
               model::OpClass opClass);

  /// Adds a dim and returns its index. `unit` is where cuts may fall.
  int parallel(llvm::StringRef name, int64_t size, int64_t unit = 1);
  int reduction(llvm::StringRef name, int64_t size, int64_t unit = 1);

  /// An operand of the op, read by these index expressions. Does nothing for a
  /// null value, so that optional operands need no condition.
  void input(mlir::Value value, llvm::ArrayRef<model::IndexExpr> indexing);
  /// The same with the logical element type of a quantised weight.
  void input(mlir::Value value, model::ElementType type,
             llvm::ArrayRef<model::IndexExpr> indexing);
  /// A result of the op; does nothing for a null value.
  void output(mlir::Value value, llvm::ArrayRef<model::IndexExpr> indexing);
  /// A value between two spaces of the op; -1: of the space alone, or handed to
  /// the next.
  void local(mlir::Type type, llvm::ArrayRef<model::IndexExpr> indexing,
             int number = -1);

  void opsPerPoint(double ops) { spec.opsPerPoint = ops; }
  void density(double fraction) { spec.density = fraction; }

  model::OpSpec take() { return std::move(spec); }

private:
  mlir::Operation *op;
  model::OpSpec spec;
};

/// An elementwise space over the points of `result`, flattened to token x n
/// (n is the last dim). Operands with fewer points are indexed by what they
/// have.
model::OpSpec elementwiseSpace(mlir::Operation *op, model::OpClass opClass,
                               double opsPerPoint);

/// The space of what takes a part of a tensor along a dim, or puts tensors one
/// behind the other along one: that of `elementwiseSpace`, its operands
/// beginning `firsts` behind the beginning of the result along `axis`. Where
/// rows of the flattened space do not say which elements these are, operands
/// have no indices: every core needs all of them.
model::OpSpec partSpace(mlir::Operation *op, int64_t axis,
                        llvm::ArrayRef<int64_t> firsts);

/// "u4" with 4 bits, for the elements of a quantised weight that is stored in
/// bytes; what `stored` says where it has signed integers or floats. Null for
/// an operand that is not there.
model::ElementType quantisedType(BlockQuantAttr quant, mlir::Value stored);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_IR_SPACEBUILDER_H
