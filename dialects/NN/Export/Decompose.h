//===- Decompose.h - Typed operations as ONNX nodes -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// One function for each family of operations: the only place that says what
// the family means in standard ONNX operators. Each returns the values that
// stand for the op's results, in the op's own element types; none at all where
// ONNX cannot say it.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_EXPORT_DECOMPOSE_H
#define INLAY_DIALECTS_NN_EXPORT_DECOMPOSE_H

#include "NodeBuilder.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/IRMapping.h"

namespace inlay::nn {

/// The operands of one op, as values of the graph that is being written.
class Operands {
public:
  explicit Operands(const mlir::IRMapping &mapping) : mapping(mapping) {}

  /// Null for an operand that is absent.
  mlir::Value operator()(mlir::Value value) const {
    return value ? mapping.lookup(value) : mlir::Value();
  }

private:
  const mlir::IRMapping &mapping;
};

using Results = llvm::SmallVector<mlir::Value, 3>;

// DecomposeElementwise.cpp
Results decompose(UnaryOp op, Operands operands, NodeBuilder &nodes);
Results decompose(BinaryOp op, Operands operands, NodeBuilder &nodes);
Results decompose(WhereOp op, Operands operands, NodeBuilder &nodes);
Results decompose(CastOp op, Operands operands, NodeBuilder &nodes);
Results decompose(ReduceOp op, Operands operands, NodeBuilder &nodes);
Results decompose(TopKOp op, Operands operands, NodeBuilder &nodes);

/// The function of an `inlay_nn.unary` of that kind.
mlir::Value unaryFunction(NodeBuilder &nodes, UnaryKind kind,
                          mlir::Value value);

// DecomposeShape.cpp
Results decompose(ReshapeOp op, Operands operands, NodeBuilder &nodes);
Results decompose(TransposeOp op, Operands operands, NodeBuilder &nodes);
Results decompose(ConcatOp op, Operands operands, NodeBuilder &nodes);
Results decompose(SliceOp op, Operands operands, NodeBuilder &nodes);
Results decompose(BroadcastOp op, Operands operands, NodeBuilder &nodes);
Results decompose(GatherOp op, Operands operands, NodeBuilder &nodes);
Results decompose(RangeOp op, Operands operands, NodeBuilder &nodes);
Results decompose(CacheWriteOp op, Operands operands, NodeBuilder &nodes);

// DecomposeLinear.cpp
Results decompose(LinearOp op, Operands operands, NodeBuilder &nodes);
Results decompose(LmHeadOp op, Operands operands, NodeBuilder &nodes);
Results decompose(EmbeddingOp op, Operands operands, NodeBuilder &nodes);
Results decompose(DequantizeOp op, Operands operands, NodeBuilder &nodes);
Results decompose(MatMulOp op, Operands operands, NodeBuilder &nodes);

/// Sizes of a stack of quantised matrices: logical elements.
struct MatrixSizes {
  int64_t matrices, rows, columns;
};

/// The numbers of block-quantised matrices: [matrices * rows, columns], in the
/// element type of the scales or, where that is narrow, in f32.
mlir::Value dequantise(NodeBuilder &nodes, mlir::Value weight,
                       mlir::Value scales, mlir::Value zeroPoints,
                       BlockQuantAttr quant, MatrixSizes sizes);

/// Packed integers as rows of numbers of `type`.
mlir::Value unpack(NodeBuilder &nodes, mlir::Value packed, int64_t rows,
                   int64_t bits, mlir::Type type);

// NarrowFloats.cpp
/// Whether a type is one to store numbers in, not to compute with.
bool isOnlyStored(mlir::Type element);
/// Floats of 8 bits or fewer as f32; other values as they are.
mlir::Value wideNumbers(NodeBuilder &nodes, mlir::Value value);
/// Whether the value of a global are the bytes of a file as they are.
bool isRaw(mlir::ml_program::GlobalOp global);
/// The bytes of a raw weight.
mlir::Value loadBytes(NodeBuilder &nodes, mlir::Location loc,
                      mlir::ml_program::GlobalOp global);
/// The floats of type `element` that bytes hold, as a list of f32.
mlir::Value numbersOfBytes(NodeBuilder &nodes, mlir::Value bytes,
                           mlir::Type element);

// DecomposeNorm.cpp
Results decompose(RmsNormOp op, Operands operands, NodeBuilder &nodes);
Results decompose(LayerNormOp op, Operands operands, NodeBuilder &nodes);
Results decompose(SoftmaxOp op, Operands operands, NodeBuilder &nodes);

/// value / sqrt(mean(value^2) + epsilon) * gamma over the last dim; the mean
/// and the division in f32, the result in the type of `value`.
mlir::Value rmsNorm(NodeBuilder &nodes, mlir::Value value, mlir::Value gamma,
                    double epsilon);

// DecomposeAttention.cpp
Results decompose(AttentionOp op, Operands operands, NodeBuilder &nodes);
Results decompose(RotaryOp op, Operands operands, NodeBuilder &nodes);

// DecomposeWeight.cpp
/// What a load of a view gives; null where it cannot be written.
mlir::Value writeView(mlir::ml_program::GlobalLoadConstOp load,
                      onnx::WeightViewAttr view, NodeBuilder &nodes);

// DecomposeMoe.cpp
Results decompose(RouteOp op, Operands operands, NodeBuilder &nodes);
Results decompose(ExpertsOp op, Operands operands, NodeBuilder &nodes);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_EXPORT_DECOMPOSE_H
