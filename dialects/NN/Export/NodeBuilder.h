//===- NodeBuilder.h - Builds standard ONNX nodes ---------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// What the decompositions share: each method makes one node (or a few) of the
// default domain and works out its type. All shapes are static. Nodes are those
// of opset 13 to 26 alike; where the form of an operator changed in between,
// the builder writes that of the module's opset.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_EXPORT_NODEBUILDER_H
#define INLAY_DIALECTS_NN_EXPORT_NODEBUILDER_H

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/IR/Builders.h"

namespace inlay::nn {

class NodeBuilder {
public:
  NodeBuilder(mlir::OpBuilder &builder, mlir::Location loc, int64_t opset)
      : builder(builder), loc(loc), opset(opset) {}

  mlir::OpBuilder &getBuilder() { return builder; }

  /// One node of the default domain with one result.
  mlir::Value node(llvm::StringRef opType, mlir::Type type,
                   mlir::ValueRange inputs,
                   llvm::ArrayRef<mlir::NamedAttribute> attributes = {});
  mlir::NamedAttribute attr(llvm::StringRef name, int64_t value);
  mlir::NamedAttribute attr(llvm::StringRef name,
                            llvm::ArrayRef<int64_t> values);

  /// A list of integers: a shape, axes, positions.
  mlir::Value ints(llvm::ArrayRef<int64_t> values);
  mlir::Value constant(mlir::ElementsAttr value);
  /// A scalar of the element type of `like`.
  mlir::Value scalar(double value, mlir::Value like);
  /// Every element `value`, of the element type of `like`.
  mlir::Value splat(double value, llvm::ArrayRef<int64_t> shape,
                    mlir::Value like);

  mlir::Value unary(llvm::StringRef opType, mlir::Value value);
  /// Operands of one element type, broadcast as in numpy.
  mlir::Value binary(llvm::StringRef opType, mlir::Value lhs, mlir::Value rhs);
  mlir::Value binary(llvm::StringRef opType, mlir::Value lhs, double rhs) {
    return binary(opType, lhs, scalar(rhs, lhs));
  }
  /// A comparison: the same with truth values as the result.
  mlir::Value compare(llvm::StringRef opType, mlir::Value lhs, mlir::Value rhs);
  mlir::Value where(mlir::Value condition, mlir::Value lhs, mlir::Value rhs);

  /// Nothing is written for a cast, reshape, … that changes nothing.
  mlir::Value cast(mlir::Value value, mlir::Type elementType);
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);
  mlir::Value expand(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value slice(mlir::Value value, llvm::ArrayRef<int64_t> offsets,
                    llvm::ArrayRef<int64_t> sizes,
                    llvm::ArrayRef<int64_t> strides);
  /// `size` elements of one dim from `offset` on, `stride` apart.
  mlir::Value sliceDim(mlir::Value value, int64_t dim, int64_t offset,
                       int64_t size, int64_t stride = 1);
  mlir::Value concat(mlir::ValueRange values, int64_t axis);
  mlir::Value gather(mlir::Value value, mlir::Value indices, int64_t axis);
  /// Elements of the last dim, by indices of the same rank.
  mlir::Value gatherElements(mlir::Value value, mlir::Value indices);
  /// `into` with `updates` at `indices` of the last dim.
  mlir::Value scatterElements(mlir::Value into, mlir::Value indices,
                              mlir::Value updates);

  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs);
  /// `kind` is Sum, Mean, Max, Min or Prod.
  mlir::Value reduce(llvm::StringRef kind, mlir::Value value,
                     llvm::ArrayRef<int64_t> axes, bool keepDims = true);
  mlir::Value softmax(mlir::Value value, int64_t axis);
  /// Values and indices of the `k` first elements of each row.
  std::pair<mlir::Value, mlir::Value>
  topK(mlir::Value value, int64_t k, bool largest = true, bool sorted = true);

private:
  mlir::RankedTensorType typeLike(mlir::Value value,
                                  llvm::ArrayRef<int64_t> shape);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  int64_t opset;
};

inline mlir::Type elementType(mlir::Value value) {
  return mlir::cast<mlir::ShapedType>(value.getType()).getElementType();
}

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_EXPORT_NODEBUILDER_H
