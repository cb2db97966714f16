//===- ExtractWeight.cpp - What mapping sees of a weight ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExtractKernel.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "inlay/Support/Format.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;
using model::WeightSpec;

/// The one piece of a weight that is a whole tensor of a file.
static model::WeightPiece wholeTensor(StringRef name, onnx::WeightAttr handle,
                                      RankedTensorType type) {
  model::WeightPiece piece;
  piece.source = {name.str(), handle.getFile().getValue().str(),
                  handle.getOffset(), handle.getLength(),
                  stringifyWeightEncoding(handle.getEncoding()).str()};
  piece.stored = nn::getElementType(type);
  piece.sizes = type.getShape().vec();
  piece.strides.assign(piece.sizes.size(), 1);
  for (size_t i = piece.sizes.size(); i-- > 1;)
    piece.strides[i - 1] = piece.strides[i] * piece.sizes[i];
  return piece;
}

/// A piece counts elements of the weight's own type: those of its source, or
/// several to each of these.
static FailureOr<model::WeightPiece>
extractPiece(dataflow::KernelOpInterface kernel, const WeightSpec &weight,
             const onnx::WeightPiece &view, const SymbolTable &globals) {
  StringRef name = view.source.getValue();
  auto global = globals.lookup<ml_program::GlobalOp>(name);
  auto handle = global
                    ? dyn_cast_or_null<onnx::WeightAttr>(global.getValueAttr())
                    : onnx::WeightAttr();
  auto type = global ? dyn_cast<RankedTensorType>(global.getType())
                     : RankedTensorType();
  int64_t elements =
      type && type.hasStaticShape()
          ? type.getNumElements() * nn::getElementBits(type) / weight.type.bits
          : 0;
  if (!handle || view.getLast() >= elements)
    return kernel->emitError()
           << "weight '" << weight.name << "' has a piece of '" << name
           << "', which has no '#inlay_onnx.weight' handle on its bytes or not "
              "so many elements";
  model::WeightPiece piece = wholeTensor(name, handle, type);
  if (piece.stored.bits != weight.type.bits)
    piece.stored = weight.type;
  piece.first = view.first;
  piece.sizes = view.sizes.vec();
  piece.strides = view.strides.vec();
  return piece;
}

FailureOr<WeightSpec>
inlay::wafer::extractWeight(dataflow::KernelOpInterface kernel, StringRef name,
                            const SymbolTable &globals) {
  auto global = globals.lookup<ml_program::GlobalOp>(name);
  auto type = global ? dyn_cast<RankedTensorType>(global.getType())
                     : RankedTensorType();
  Attribute value = global ? global.getValueAttr() : Attribute();
  auto handle = dyn_cast_or_null<onnx::WeightAttr>(value);
  auto view = dyn_cast_or_null<onnx::WeightViewAttr>(value);
  if ((!handle && !view) || !type || !type.hasStaticShape())
    return kernel->emitError()
           << "weight '" << name
           << "' has no '#inlay_onnx.weight' handle on its bytes or no static "
              "shape, so it cannot be placed";
  if (view && type.getShape() != ArrayRef<int64_t>(view.getShape()))
    return kernel->emitError()
           << "weight '" << name << "' is of shape " << type.getShape()
           << ", but its pieces make " << view.getShape();
  WeightSpec weight;
  weight.name = name.str();
  weight.type = nn::getElementType(type);
  weight.shape = type.getShape().vec();
  weight.bytes = ceilDiv(type.getNumElements() * weight.type.bits, 8);
  if (handle) {
    weight.pieces = {wholeTensor(name, handle, type)};
    return weight;
  }
  for (const onnx::WeightPiece &piece : view.getPieces()) {
    FailureOr<model::WeightPiece> extracted =
        extractPiece(kernel, weight, piece, globals);
    if (failed(extracted))
      return failure();
    weight.pieces.push_back(std::move(*extracted));
  }
  return weight;
}

static int64_t product(const std::vector<int64_t> &shape) {
  int64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  return elements;
}

/// The shape that `use` indexes. A dim that no iteration dim indexes has the
/// stored size; without one of the same place it is unknown, -1.
static std::vector<int64_t> indexedShape(const WeightSpec &stored,
                                         const model::OpSpec &op,
                                         const model::OperandSpec &use) {
  std::vector<int64_t> shape;
  bool sameRank = use.indexing.size() == stored.shape.size();
  for (size_t i = 0; i < use.indexing.size(); ++i) {
    const model::IndexExpr &index = use.indexing[i];
    if (index.dim >= 0)
      shape.push_back(ceilDiv(op.dims[index.dim].size, index.divisor));
    else
      shape.push_back(sameRank ? stored.shape[i] : -1);
  }
  return shape;
}

std::optional<LogicalView>
inlay::wafer::viewWeight(const WeightSpec &stored, const model::OpSpec &op,
                         const model::OperandSpec &use) {
  LogicalView view{use.type, indexedShape(stored, op, use), 0};
  if (llvm::is_contained(view.shape, -1))
    return std::nullopt;
  int64_t elements = product(view.shape);
  int64_t storedElements = product(stored.shape);
  if (elements == storedElements) {
    view.type = stored.type;
    return view;
  }
  // Elements below a byte, several to a stored one; each row begins a byte.
  if (use.type.bits >= stored.type.bits || view.shape.empty() || elements == 0)
    return std::nullopt;
  int64_t storedBits = storedElements * stored.type.bits;
  int64_t rowBits = view.shape.back() * use.type.bits;
  int64_t rows = elements / view.shape.back();
  if (storedBits % rows != 0 || storedBits / rows < rowBits)
    return std::nullopt;
  if (storedBits / rows != rowBits)
    view.rowPitchBits = storedBits / rows;
  return view;
}

std::optional<WeightSpec> inlay::wafer::sliceRows(const WeightSpec &whole,
                                                  int64_t rows, int64_t first,
                                                  int64_t count, bool columns) {
  if (whole.pieces.size() != 1 || whole.shape.empty())
    return std::nullopt;
  size_t dim = columns ? whole.shape.size() - 1 : 0;
  model::WeightPiece piece = whole.pieces.front();
  int64_t entries = whole.shape[dim] / rows;
  if (entries * rows != whole.shape[dim] || piece.sizes != whole.shape)
    return std::nullopt;
  WeightSpec slice = whole;
  slice.shape[dim] = count * entries;
  piece.first += first * entries * piece.strides[dim];
  piece.sizes = slice.shape;
  slice.pieces = {std::move(piece)};
  slice.bytes = ceilDiv(product(slice.shape) * slice.type.bits, 8);
  return slice;
}
