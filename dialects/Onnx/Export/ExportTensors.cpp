//===- ExportTensors.cpp - Values and weights as ONNX tensors -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exporter.h"
#include "inlay/Onnx/Serialise.h"

#include "llvm/Support/Path.h"

using namespace mlir;
using namespace inlay::onnx;

//===----------------------------------------------------------------------===//
// Known values
//===----------------------------------------------------------------------===//

namespace {

/// Raw data of ONNX: little endian, elements below a byte packed from the low
/// bits on, a bool in a byte.
class RawData {
public:
  explicit RawData(unsigned bits) : bits(bits) {}

  void push(const APInt &value) {
    if (bits >= 8) {
      for (unsigned at = 0; at < bits; at += 8)
        bytes.push_back(static_cast<char>(
            value.getBitWidth() <= at
                ? 0
                : value.extractBitsAsZExtValue(
                      std::min(8u, value.getBitWidth() - at), at)));
      return;
    }
    if (filled == 0)
      bytes.push_back(0);
    bytes.back() |= static_cast<char>(value.getZExtValue() << filled);
    filled = (filled + bits) % 8;
  }

  StringRef str() const { return bytes; }

private:
  std::string bytes;
  unsigned bits;
  unsigned filled = 0;
};

} // namespace

static std::string getRawData(DenseElementsAttr value, unsigned bits) {
  RawData data(bits);
  Type element = value.getElementType();
  if (isa<FloatType>(element)) {
    for (const APFloat &number : value.getValues<APFloat>())
      data.push(number.bitcastToAPInt());
  } else if (isa<ComplexType>(element)) {
    RawData parts(bits / 2);
    for (const std::complex<APFloat> &number :
         value.getValues<std::complex<APFloat>>()) {
      parts.push(number.real().bitcastToAPInt());
      parts.push(number.imag().bitcastToAPInt());
    }
    return parts.str().str();
  } else {
    for (const APInt &number : value.getValues<APInt>())
      data.push(number);
  }
  return data.str().str();
}

LogicalResult Exporter::exportValue(Operation *op, Attribute value,
                                    file::Tensor &tensor) {
  auto elements = dyn_cast<DenseElementsAttr>(value);
  file::DataType type = elements ? getDataType(elements.getElementType())
                                 : file::DataType::Undefined;
  if (type == file::DataType::Undefined)
    return op->emitError() << "the value " << value
                           << " has no counterpart in ONNX: write dense "
                              "elements of a type that "
                              "ONNX has";
  llvm::append_range(tensor.dims, elements.getType().getShape());
  tensor.dataType = static_cast<int32_t>(type);
  if (auto strings = dyn_cast<DenseStringElementsAttr>(elements)) {
    SmallVector<StringRef> texts(strings.getValues<StringRef>());
    tensor.storage = file::Storage::Message;
    tensor.message = saver.save(file::serialiseStrings(tensor.dims, texts));
    return success();
  }
  tensor.storage = file::Storage::Raw;
  tensor.data = saver.save(getRawData(elements, file::getDataTypeBits(type)));
  return success();
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// `mayRefer` says whether readers follow references there.
LogicalResult Exporter::exportWeight(Operation *op, WeightAttr weight,
                                     RankedTensorType type, bool mayRefer,
                                     file::Tensor &tensor) {
  file::DataType element = getDataType(type.getElementType());
  if (element == file::DataType::Undefined)
    return op->emitError() << "elements of type " << type.getElementType()
                           << " have no counterpart in ONNX: cast them to a "
                              "type that it has";
  llvm::append_range(tensor.dims, type.getShape());
  tensor.dataType = static_cast<int32_t>(element);
  if (weight.getLength() == 0)
    return success();
  if (weight.getEncoding() == WeightEncoding::Raw && mayRefer) {
    tensor.storage = file::Storage::External;
    tensor.location = weight.getFile();
    tensor.offset = weight.getOffset();
    tensor.length = weight.getLength();
    return success();
  }
  FailureOr<StringRef> bytes = readBytes(op, weight);
  if (failed(bytes))
    return failure();
  switch (weight.getEncoding()) {
  case WeightEncoding::Raw:
    tensor.storage = file::Storage::Raw;
    break;
  case WeightEncoding::Varint:
    tensor.storage = file::Storage::Varint;
    break;
  case WeightEncoding::Proto:
    tensor.storage = file::Storage::Message;
    tensor.message = *bytes;
    return success();
  }
  tensor.data = *bytes;
  return success();
}

/// Whether a path names a file in the model's folder or below it.
static bool staysInFolder(StringRef path) {
  namespace sys = llvm::sys::path;
  return !sys::is_absolute(path, sys::Style::posix) &&
         !sys::is_absolute(path, sys::Style::windows) &&
         !llvm::is_contained(
             llvm::make_range(sys::begin(path, sys::Style::windows),
                              sys::end(path)),
             "..");
}

LogicalResult Exporter::checkSize(Operation *op, uint64_t bytes) {
  if (bytes <= file::kMaxFileBytes)
    return success();
  return op->emitError() << "the ONNX file would have " << bytes
                         << " bytes, protobuf allows " << file::kMaxFileBytes
                         << ": keep the weights outside, as raw data";
}

static std::string describeWeight(Operation *op) {
  auto global = dyn_cast<ml_program::GlobalOp>(op);
  return global ? ("weight '" + global.getSymName() + "'").str()
                : std::string("a weight of this node");
}

FailureOr<StringRef> Exporter::readBytes(Operation *op, WeightAttr weight) {
  StringRef name = weight.getFile();
  if (!folder)
    return op->emitError() << "the bytes of " << describeWeight(op) << " in '"
                           << name << "' must be copied (encoding "
                           << stringifyWeightEncoding(weight.getEncoding())
                           << "): say with --weights-dir where the file is";
  if (!staysInFolder(name))
    return op->emitError() << "the weight file '" << name
                           << "' is not in the folder of the model: copy it "
                              "there and name it without '..'";
  std::unique_ptr<llvm::MemoryBuffer> &buffer = files[name];
  if (!buffer) {
    SmallString<256> path(*folder);
    llvm::sys::path::append(path, name);
    auto opened = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!opened)
      return op->emitError() << "cannot read the weight file '" << name
                             << "': " << opened.getError().message()
                             << "; say with --weights-dir where it is";
    buffer = std::move(*opened);
  }
  copiedBytes += weight.getLength();
  if (failed(checkSize(op, copiedBytes)))
    return failure();
  StringRef bytes = buffer->getBuffer();
  uint64_t offset = weight.getOffset();
  uint64_t length = weight.getLength();
  if (offset > bytes.size() || length > bytes.size() - offset)
    return op->emitError() << describeWeight(op) << " ends at byte "
                           << offset + length << " of '" << name
                           << "', which has " << bytes.size()
                           << " bytes: fetch the file again";
  return bytes.substr(offset, length);
}
