//===- WeightViews.cpp - Weights that are put together from others --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/IR/DialectImplementation.h"

#include <deque>

using namespace mlir;
using namespace inlay::onnx;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

/// `first` and what the last index of each dim adds; none on overflow.
static std::optional<int64_t>
placeOfLast(int64_t first, ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  int64_t last = first;
  for (auto [size, stride] : llvm::zip_equal(sizes, strides)) {
    int64_t step = 0;
    if (llvm::MulOverflow(size - 1, stride, step) ||
        llvm::AddOverflow(last, step, last))
      return std::nullopt;
  }
  return last;
}

int64_t WeightPiece::getLast() const {
  return *placeOfLast(first, sizes, strides);
}

ArrayRef<WeightPiece>
inlay::onnx::copyPieces(AttributeStorageAllocator &allocator,
                        ArrayRef<WeightPiece> pieces) {
  SmallVector<WeightPiece> copies(pieces);
  ArrayRef<int64_t> sizes, strides;
  auto copy = [&](ArrayRef<int64_t> &numbers, ArrayRef<int64_t> &last) {
    if (numbers != last)
      last = allocator.copyInto(numbers);
    numbers = last;
  };
  for (WeightPiece &piece : copies) {
    copy(piece.sizes, sizes);
    copy(piece.strides, strides);
  }
  return allocator.copyInto(ArrayRef(copies));
}

static LogicalResult verifyPiece(function_ref<InFlightDiagnostic()> emitError,
                                 const WeightPiece &piece) {
  if (piece.sizes.size() != piece.strides.size())
    return emitError() << "a piece needs one stride for each size, got "
                       << piece.strides.size() << " for " << piece.sizes.size();
  int64_t elements = 1;
  for (auto [size, stride] : llvm::zip_equal(piece.sizes, piece.strides))
    if (size < 1 || stride < 0 || llvm::MulOverflow(elements, size, elements))
      return emitError() << "size " << size << " and stride " << stride
                         << " of a piece are none of a tensor";
  if (piece.first < 0 || !placeOfLast(piece.first, piece.sizes, piece.strides))
    return emitError() << "a piece from element " << piece.first
                       << " on lies outside any tensor";
  return success();
}

//===----------------------------------------------------------------------===//
// WeightViewAttr
//===----------------------------------------------------------------------===//

LogicalResult
WeightViewAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                       ArrayRef<WeightPiece> pieces) {
  if (pieces.empty())
    return emitError() << "a view needs a piece";
  ArrayRef<int64_t> first = pieces.front().sizes;
  int64_t elements = 0;
  for (const WeightPiece &piece : pieces) {
    if (failed(verifyPiece(emitError, piece)))
      return failure();
    if (piece.sizes.empty())
      return emitError() << "a piece needs a dim";
    if (piece.sizes.drop_front() != first.drop_front())
      return emitError() << "pieces must be equal but for dim 0, got sizes ["
                         << first << "] and [" << piece.sizes << "]";
    if (llvm::AddOverflow(elements, llvm::product_of(piece.sizes), elements))
      return emitError() << "pieces have more elements together than any "
                            "tensor";
  }
  return success();
}

SmallVector<int64_t> WeightViewAttr::getShape() const {
  SmallVector<int64_t> shape(getPieces().front().sizes);
  for (const WeightPiece &piece : getPieces().drop_front())
    shape[0] += piece.sizes[0];
  return shape;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

void WeightViewAttr::print(AsmPrinter &printer) const {
  printer << '<';
  llvm::interleaveComma(getPieces(), printer, [&](const WeightPiece &piece) {
    printer << '<' << piece.source << ", first = " << piece.first
            << ", sizes = [" << piece.sizes << "], strides = [" << piece.strides
            << "]>";
  });
  printer << '>';
}

static ParseResult parseNumbers(AsmParser &parser, StringRef name,
                                SmallVectorImpl<int64_t> &numbers) {
  if (parser.parseComma() || parser.parseKeyword(name) || parser.parseEqual())
    return failure();
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(numbers.emplace_back());
  });
}

Attribute WeightViewAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<WeightPiece> pieces;
  std::deque<SmallVector<int64_t>> arrays;
  auto parsePiece = [&]() -> ParseResult {
    WeightPiece &piece = pieces.emplace_back();
    SmallVector<int64_t> &sizes = arrays.emplace_back();
    SmallVector<int64_t> &strides = arrays.emplace_back();
    if (parser.parseLess() || parser.parseAttribute(piece.source) ||
        parser.parseComma() || parser.parseKeyword("first") ||
        parser.parseEqual() || parser.parseInteger(piece.first) ||
        parseNumbers(parser, "sizes", sizes) ||
        parseNumbers(parser, "strides", strides) || parser.parseGreater())
      return failure();
    piece.sizes = sizes;
    piece.strides = strides;
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parsePiece))
    return {};
  return parser.getChecked<WeightViewAttr>(loc, parser.getContext(),
                                           ArrayRef(pieces));
}
