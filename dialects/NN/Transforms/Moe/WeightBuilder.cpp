//===- WeightBuilder.cpp - Weights that are views of initializers ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightBuilder.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;

WeightBuilder::WeightBuilder(ModuleOp module) : symbols(module) {
  end = llvm::find_if(*module.getBody(), [](Operation &op) {
    return !isa<ml_program::GlobalOp>(op);
  });
}

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

namespace {
struct Piece {
  FlatSymbolRefAttr source;
  int64_t first = 0;
  SmallVector<int64_t> sizes;
  SmallVector<int64_t> strides;
};
} // namespace

/// The stride of an axis; nothing where it has another size.
static std::optional<int64_t> strideOf(const Layout &layout, Axis axis,
                                       int64_t size) {
  const Term *term = layout.find(axis);
  if (!term)
    return size == 1 ? std::optional<int64_t>(0) : std::nullopt;
  return term->size == size && term->divisor == 1 ? std::optional(term->stride)
                                                  : std::nullopt;
}

static std::optional<Piece> pieceOf(const WeightView &view,
                                    const Matrix &matrix, int64_t experts,
                                    int64_t rows, int64_t columns) {
  Piece piece;
  piece.source = view.source;
  piece.first = view.layout.first;
  auto add = [&](Axis axis, int64_t size) {
    std::optional<int64_t> stride = strideOf(view.layout, axis, size);
    piece.sizes.push_back(size);
    piece.strides.push_back(stride.value_or(-1));
    return stride.has_value();
  };
  if (!add(Axis::Expert, experts) || (rows > 0 && !add(matrix.row, rows)) ||
      (columns > 0 && !add(matrix.column, columns)))
    return std::nullopt;
  return piece;
}

/// Experts that lie in one initializer at equal distances are one piece.
static void mergePieces(SmallVectorImpl<Piece> &pieces) {
  if (pieces.size() < 2)
    return;
  int64_t step = pieces[1].first - pieces[0].first;
  for (size_t i = 1; i < pieces.size(); ++i)
    if (step <= 0 || pieces[i].source != pieces[0].source ||
        pieces[i].first - pieces[i - 1].first != step ||
        pieces[i].strides != pieces[0].strides)
      return;
  pieces[0].sizes[0] = pieces.size();
  pieces[0].strides[0] = step;
  pieces.truncate(1);
}

/// Whether a piece is its initializer, element by element.
static bool isWhole(const Piece &piece, const WeightView &view) {
  RankedTensorType type = view.type;
  if (view.element() != type.getElementType() || piece.first != 0 ||
      type.getShape() != ArrayRef<int64_t>(piece.sizes))
    return false;
  int64_t stride = 1;
  for (size_t i = piece.sizes.size(); i-- > 0;) {
    if (piece.sizes[i] != 1 && piece.strides[i] != stride)
      return false;
    stride *= piece.sizes[i];
  }
  return true;
}

/// Whether the last element lies in the initializer.
static bool isInside(const Piece &piece, const WeightView &view) {
  int64_t last = piece.first;
  for (auto [size, stride] : llvm::zip_equal(piece.sizes, piece.strides))
    last += (size - 1) * stride;
  int64_t elements = view.type.getNumElements() * getElementBits(view.type) /
                     getElementBits(view.element());
  return piece.first >= 0 && last < elements;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// "a.experts.w" of "a.experts.0.w" and "a.experts.1.w"; of one initializer its
/// name and the role. Ends in the role where nothing else is left.
std::string WeightBuilder::nameOf(ArrayRef<const WeightView *> views,
                                  StringRef role) const {
  StringRef first = views.front()->source.getValue();
  StringRef last = views.back()->source.getValue();
  if (first == last)
    return (first + "." + role).str();
  size_t shortest = std::min(first.size(), last.size());
  size_t prefix = 0;
  while (prefix < shortest && first[prefix] == last[prefix])
    ++prefix;
  size_t suffix = 0;
  while (suffix < shortest - prefix &&
         first[first.size() - 1 - suffix] == last[last.size() - 1 - suffix])
    ++suffix;
  StringRef head = first.take_front(prefix).rtrim("._-/");
  StringRef tail = first.take_back(suffix).ltrim("._-/0123456789");
  if (tail.empty())
    tail = role;
  return head.empty() ? tail.str() : (head + "." + tail).str();
}

void WeightBuilder::discard() {
  for (Operation *global : created)
    symbols.erase(global);
  created.clear();
}

Value WeightBuilder::build(OpBuilder &builder, Location loc,
                           ArrayRef<const WeightView *> views,
                           const Matrix &matrix, int64_t experts, int64_t rows,
                           int64_t columns, StringRef role) {
  bool isStacked = views.size() == 1;
  SmallVector<Piece> pieces;
  Type element = views.front()->element();
  for (const WeightView *view : views) {
    auto piece = pieceOf(*view, matrix, isStacked ? experts : 1, rows, columns);
    if (!piece || !isInside(*piece, *view) || view->element() != element)
      return {};
    pieces.push_back(std::move(*piece));
  }
  mergePieces(pieces);
  SmallVector<int64_t> shape(pieces.front().sizes);
  shape[0] = experts;
  auto type = RankedTensorType::get(shape, element);
  FlatSymbolRefAttr source = pieces.front().source;
  if (pieces.size() != 1 || !isWhole(pieces.front(), *views.front())) {
    auto parts = llvm::map_to_vector(pieces, [](const Piece &piece) {
      return onnx::WeightPiece{piece.source, piece.first, piece.sizes,
                               piece.strides};
    });
    OpBuilder detached(builder.getContext());
    auto global = ml_program::GlobalOp::create(
        detached, loc, builder.getStringAttr(nameOf(views, role)),
        TypeAttr::get(type), /*is_mutable=*/nullptr,
        onnx::WeightViewAttr::get(builder.getContext(), parts),
        builder.getStringAttr("private"));
    source = FlatSymbolRefAttr::get(symbols.insert(global, end));
    created.push_back(global);
  }
  return ml_program::GlobalLoadConstOp::create(builder, loc, type, source);
}
