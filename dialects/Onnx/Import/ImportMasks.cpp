//===- ImportMasks.cpp - Masks among the initializers ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters fold the mask of a prompt of fixed length into an initializer of
// floats or bytes. It is no weight, though it lies among them: two numbers tell
// which keys a query sees.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace inlay::onnx;

/// Whether input `index` of a node may be a mask, or what a mask is made from.
/// Weights are read by other operators, or are no matrices.
static bool readsMask(const file::Node &node, size_t index) {
  if (node.domain == "com.microsoft")
    return llvm::StringSwitch<bool>(node.opType)
        .Case("GroupQueryAttention", index == 10)
        .Cases({"MultiHeadAttention", "Attention"}, index == 5)
        .Default(false);
  return node.domain.empty() &&
         llvm::StringSwitch<bool>(node.opType)
             .Cases({"Add", "Sub", "Mul", "Where", "Min", "Max"}, true)
             .Cases({"Slice", "Unsqueeze", "Squeeze", "Reshape", "Expand"},
                    index == 0)
             .Cases({"Cast", "Identity", "Equal", "Not"}, true)
             .Case("Attention", index == 3)
             .Default(false);
}

/// A matrix, or several, of few enough numbers.
static bool isMatrix(const file::Tensor &tensor) {
  ArrayRef<int64_t> dims = tensor.dims;
  return dims.size() >= 2 && dims[dims.size() - 1] > 1 &&
         dims[dims.size() - 2] > 1 &&
         *tensor.numElements() <= OnnxDialect::kMaxTruths;
}

void Importer::findMasks(const file::Graph &graph) {
  for (const file::Node &node : graph.nodes) {
    uint32_t at = node.firstRead;
    for (auto [index, name] : llvm::enumerate(node.inputs)) {
      if (name.empty())
        continue;
      Known &known = values[graph.reads[at++]];
      if (known.tensor && isMatrix(*known.tensor) && readsMask(node, index))
        known.isMask = true;
    }
  }
}

namespace {

/// The numbers of a mask, of which there are two: what hides a key, which is
/// far below any score or false, and what does not.
class MaskNumbers {
public:
  explicit MaskNumbers(Type type) : type(type) {}

  /// False where no mask has such numbers.
  bool take(StringRef bytes) {
    unsigned width = type.getIntOrFloatBitWidth() / 8;
    for (; !bytes.empty(); bytes = bytes.drop_front(width)) {
      StringRef number = bytes.take_front(width);
      if (llvm::is_contained(seen, number))
        continue;
      if (seen.size() == 2 || !isAllowed(number))
        return false;
      seen.push_back(number);
    }
    return true;
  }

  bool areTwo() const { return seen.size() == 2; }

private:
  bool isAllowed(StringRef bytes) const {
    APInt bits(type.getIntOrFloatBitWidth(), 0);
    llvm::LoadIntFromMemory(
        bits, reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
    auto real = dyn_cast<FloatType>(type);
    if (!real)
      return bits.ule(1);
    APFloat number(real.getFloatSemantics(), bits);
    constexpr double highest = -1e4;
    double value = number.convertToDouble();
    return value == 0 || value == 1 || value <= highest;
  }

  Type type;
  SmallVector<StringRef, 2> seen;
};

} // namespace

/// The first numbers of a tensor, so that weights need not be read to see that
/// they are none.
static file::Tensor takeFront(const file::Tensor &tensor, int64_t most) {
  file::Tensor front = tensor;
  front.dims.assign(1, std::min(*tensor.numElements(), most));
  front.data = tensor.data.take_front(front.numBytes().value_or(0));
  return front;
}

DenseElementsAttr Importer::importMask(const file::Tensor &tensor) {
  RankedTensorType type = importTensorType(tensor);
  Type element = type.getElementType();
  bool isByte = tensor.type() == file::DataType::Uint8;
  if ((!isa<FloatType>(element) || element.getIntOrFloatBitWidth() < 16) &&
      !isByte)
    return {};
  constexpr int64_t first = 1024;
  std::optional<std::string> front = readBytes(takeFront(tensor, first));
  if (*tensor.numBytes() > placesLeft || !front ||
      !MaskNumbers(element).take(*front))
    return {};
  std::optional<std::string> bytes = readBytes(tensor);
  MaskNumbers numbers(element);
  if (!bytes || !numbers.take(*bytes) || !numbers.areTwo())
    return {};
  placesLeft -= bytes->size();
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef(bytes->data(), bytes->size()));
}
