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

#include "dialects/Onnx/IR/MaskedScore.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/xxhash.h"

#include <cstring>

using namespace mlir;
using namespace inlay::onnx;

/// What a node does with a matrix that may be a mask.
enum class Reading { Other, Move, Mask };

/// A matrix that is only moved tells nothing: so are weights.
static bool isMover(StringRef opType, size_t index) {
  return llvm::StringSwitch<bool>(opType)
      .Cases({"Slice", "Unsqueeze", "Squeeze", "Reshape", "Expand"}, index == 0)
      .Cases({"Cast", "Identity", "Mul"}, true)
      .Default(false);
}

/// What may stand between a part of a mask and what reads it as one.
static bool isMoverOfParts(StringRef opType, size_t index) {
  return isMover(opType, index) ||
         llvm::StringSwitch<bool>(opType)
             .Cases({"Gather", "GatherElements", "GatherND", "Pad", "Split",
                     "Tile", "Transpose", "Trilu"},
                    index == 0)
             .Cases({"ScatterElements", "ScatterND"}, index != 1)
             .Cases({"Concat", "Div", "Neg"}, true)
             .Default(false);
}

static bool isCastToTruths(const file::Node &node) {
  return node.opType == "Cast" &&
         llvm::any_of(node.attributes, [](const file::Attribute &attribute) {
           return attribute.name == "to" &&
                  attribute.i == static_cast<int64_t>(file::DataType::Bool);
         });
}

/// Weights are read by other operators.
static Reading getReading(const file::Node &node, size_t index, bool isPart) {
  auto maskIf = [](bool isMask) {
    return isMask ? Reading::Mask : Reading::Other;
  };
  if (node.domain == "com.microsoft")
    return maskIf(llvm::StringSwitch<bool>(node.opType)
                      .Case("GroupQueryAttention", index == 10)
                      .Cases({"MultiHeadAttention", "Attention"}, index == 5)
                      .Default(false));
  if (!node.domain.empty())
    return Reading::Other;
  if (isCastToTruths(node))
    return Reading::Mask;
  if (isPart ? isMoverOfParts(node.opType, index) : isMover(node.opType, index))
    return Reading::Move;
  return maskIf(llvm::StringSwitch<bool>(node.opType)
                    .Cases({"Add", "Sub", "Where", "Min", "Max"}, true)
                    .Cases({"Equal", "Not"}, true)
                    .Cases({"Greater", "GreaterOrEqual"}, isPart)
                    .Cases({"Less", "LessOrEqual"}, isPart)
                    .Case("Attention", index == 3)
                    .Default(false));
}

/// A matrix, or several.
static bool isMatrix(const file::Tensor &tensor) {
  ArrayRef<int64_t> dims = tensor.dims;
  return dims.size() >= 2 && dims[dims.size() - 1] > 1 &&
         dims[dims.size() - 2] > 1;
}

/// What becomes of each matrix is followed through what only moves it: an
/// expert's weights are cast and scaled too, but then multiplied.
void Importer::findMasks(const file::Graph &graph) {
  constexpr uint8_t mostMoves = 8;
  // A value made from two: what reads the one as a mask reads the other so too.
  SmallVector<std::pair<uint32_t, uint32_t>> besides;
  for (uint32_t place : graph.order) {
    const file::Node &node = graph.nodes[place];
    uint32_t at = node.firstRead;
    for (auto [index, name] : llvm::enumerate(node.inputs)) {
      if (name.empty())
        continue;
      uint32_t number = graph.reads[at++];
      const Known &known = values[number];
      if (known.tensor ? !isMatrix(*known.tensor) : known.numMoves == 0)
        continue;
      uint32_t matrix = known.tensor ? number : known.movedFrom;
      Reading reading = getReading(node, index, known.numMoves > 0);
      if (reading == Reading::Mask)
        values[matrix].isMask = true;
      if (reading != Reading::Move || known.numMoves == mostMoves ||
          node.outputs.empty() || node.outputs.front().empty())
        continue;
      Known &result = values[node.firstResult];
      if (result.numMoves > 0) {
        besides.emplace_back(matrix, result.movedFrom);
        continue;
      }
      result.movedFrom = matrix;
      result.numMoves = known.numMoves + 1;
    }
  }
  for (auto [matrix, other] : llvm::reverse(besides))
    values[matrix].isMask |= values[other].isMask;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

namespace {

/// The numbers of a mask, of which there are two: what hides a key, which is
/// far below any score or false, and what does not.
class MaskNumbers {
public:
  explicit MaskNumbers(Type type) : type(type) {}

  /// False where no mask has such numbers.
  bool take(StringRef bytes) {
    switch (type.getIntOrFloatBitWidth()) {
    case 8:
      return takeAll<uint8_t>(bytes);
    case 16:
      return takeAll<uint16_t>(bytes);
    case 32:
      return takeAll<uint32_t>(bytes);
    case 64:
      return takeAll<uint64_t>(bytes);
    default:
      return false;
    }
  }

  bool areTwo() const { return numbers.size() == 2; }

private:
  /// Most numbers are as the one before.
  template <typename Bits> bool takeAll(StringRef bytes) {
    for (size_t at = 0; at + sizeof(Bits) <= bytes.size(); at += sizeof(Bits)) {
      Bits bits;
      std::memcpy(&bits, bytes.data() + at, sizeof(Bits));
      if (!seen.empty() && seen.back() == bits)
        continue;
      auto *known = llvm::find(seen, bits);
      if (known == seen.end() && !takeNew(bits))
        return false;
      if (known != seen.end())
        std::swap(*known, seen.back());
    }
    return true;
  }

  /// 0 has two spellings.
  bool takeNew(uint64_t bits) {
    double value = getNumber(bits);
    if (!(value == 0 || value == 1 || value <= kMaskedScore))
      return false;
    seen.push_back(bits);
    if (!llvm::is_contained(numbers, value))
      numbers.push_back(value);
    return numbers.size() <= 2;
  }

  double getNumber(uint64_t bits) const {
    auto real = dyn_cast<FloatType>(type);
    if (!real)
      return static_cast<double>(bits);
    APInt pattern(real.getWidth(), bits);
    return APFloat(real.getFloatSemantics(), pattern).convertToDouble();
  }

  Type type;
  SmallVector<uint64_t, 3> seen;
  SmallVector<double, 3> numbers;
};

} // namespace

/// `count` numbers of a tensor from `begin` on, or those that are left.
static file::Tensor getPart(const file::Tensor &tensor, int64_t begin,
                            int64_t count) {
  int64_t width = file::getDataTypeBits(tensor.type()) / 8;
  file::Tensor part = tensor;
  part.dims.assign(1, std::min(*tensor.numElements() - begin, count));
  part.offset += begin * width;
  part.data = tensor.data.substr(begin * width, part.dims.front() * width);
  return part;
}

bool Importer::fits(const file::Tensor &tensor, int64_t most, uint64_t left) {
  if (*tensor.numElements() <= most && *tensor.numBytes() <= left)
    return true;
  if (!tensor.name.empty())
    skipped.insert(tensor.name);
  return false;
}

bool Importer::keepMask(const file::Tensor &tensor, StringRef bytes) {
  uint64_t hash = llvm::xxh3_64bits(bytes);
  if (keptMasks.count(hash))
    return true;
  if (!fits(tensor, OnnxDialect::kMaxTruths, masksLeft))
    return false;
  keptMasks.insert(hash);
  masksLeft -= bytes.size();
  return true;
}

/// Read in parts, so that weights need not be read to see that they are none.
DenseElementsAttr Importer::importMask(const file::Tensor &tensor) {
  RankedTensorType type = importTensorType(tensor);
  Type element = type.getElementType();
  bool isByte = tensor.type() == file::DataType::Uint8;
  if ((!isa<FloatType>(element) || element.getIntOrFloatBitWidth() < 16) &&
      !isByte)
    return {};
  constexpr int64_t first = 1024, more = 1 << 20;
  MaskNumbers numbers(element);
  std::optional<std::string> part = readBytes(getPart(tensor, 0, first));
  if (!part || !numbers.take(*part) ||
      !fits(tensor, OnnxDialect::kMaxTruths, maskReadsLeft))
    return {};
  std::string bytes = std::move(*part);
  bytes.reserve(*tensor.numBytes());
  for (int64_t at = first; at < *tensor.numElements(); at += more) {
    part = readBytes(getPart(tensor, at, more));
    if (!part)
      return {};
    maskReadsLeft -= part->size();
    if (!numbers.take(*part))
      return {};
    bytes += *part;
  }
  if (!numbers.areTwo() || !keepMask(tensor, bytes))
    return {};
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef(bytes.data(), bytes.size()));
}
