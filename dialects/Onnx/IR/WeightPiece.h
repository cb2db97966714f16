//===- WeightPiece.h - A strided part of a weight --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `#inlay_onnx.weight_view` is made of. A model with every expert written
// out has a hundred thousand pieces, each of which occurs in one view: they are
// plain structs inside of it, no attributes that the context hashes and files.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_WEIGHTPIECE_H
#define INLAY_DIALECTS_ONNX_IR_WEIGHTPIECE_H

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace inlay::onnx {

/// The elements of the global `source` at
/// `first + sum over d of index[d] * strides[d]`, in row-major order of `index`
/// over `sizes`. The arrays belong to whoever made the piece; those of a view
/// to the context.
struct WeightPiece {
  mlir::FlatSymbolRefAttr source;
  int64_t first = 0;
  llvm::ArrayRef<int64_t> sizes;
  llvm::ArrayRef<int64_t> strides;

  /// The place of the last element in the source.
  int64_t getLast() const;

  bool operator==(const WeightPiece &other) const {
    return source == other.source && first == other.first &&
           sizes == other.sizes && strides == other.strides;
  }
};

inline llvm::hash_code hash_value(const WeightPiece &piece) {
  return llvm::hash_combine(piece.source, piece.first, piece.sizes,
                            piece.strides);
}

/// A copy that lives as long as the context. Neighbours of equal sizes or
/// strides share them.
llvm::ArrayRef<WeightPiece>
copyPieces(mlir::AttributeStorageAllocator &allocator,
           llvm::ArrayRef<WeightPiece> pieces);

} // namespace inlay::onnx

/// The source is a part of the view to whoever walks or replaces symbols.
template <> struct mlir::AttrTypeSubElementHandler<inlay::onnx::WeightPiece> {
  using Piece = inlay::onnx::WeightPiece;

  static void walk(const Piece &piece,
                   AttrTypeImmediateSubElementWalker &walker) {
    walker.walk(piece.source);
  }
  static Piece replace(const Piece &piece,
                       AttrSubElementReplacements &attributes,
                       TypeSubElementReplacements &) {
    Piece replaced = piece;
    replaced.source = cast<FlatSymbolRefAttr>(attributes.take_front(1)[0]);
    return replaced;
  }
};

#endif // INLAY_DIALECTS_ONNX_IR_WEIGHTPIECE_H
