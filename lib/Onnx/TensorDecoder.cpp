//===- TensorDecoder.cpp - Tensors: where their bytes are, and small ones'
// values ===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace inlay::onnx::file;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

void Decoder::decodeTensor(StringRef message, Tensor &tensor) {
  WireReader reader(message, origin, error);
  tensor.message = message;
  bool isExternal = false;
  unsigned numPieces = 0;
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      reader.readInts(tensor.dims);
      break;
    case 2:
      tensor.dataType = static_cast<int32_t>(reader.readInt());
      break;
    case 8:
      tensor.name = reader.readBytes();
      break;
    case 13:
      decodeExternalData(reader.readMessage(), tensor);
      break;
    case 14:
      isExternal = reader.readInt() == 1;
      break;
    default:
      decodeTensorData(reader, tensor, numPieces);
    }
  }
  if (isExternal) {
    tensor.storage = Storage::External;
    if (!tensor.hasLength)
      tensor.length = tensor.numBytes().value_or(0);
  }
}

/// Data in one piece have a place in the file of their own; data in several
/// pieces, which only unusual writers produce, are the message as a whole.
void Decoder::decodeTensorData(WireReader &reader, Tensor &tensor,
                               unsigned &numPieces) {
  Storage storage;
  switch (reader.field()) {
  case 4:  // float_data
  case 9:  // raw_data
  case 10: // double_data
    storage = Storage::Raw;
    break;
  case 5:  // int32_data
  case 7:  // int64_data
  case 11: // uint64_data
    storage = Storage::Varint;
    break;
  case 6: // string_data
    storage = Storage::Message;
    break;
  default:
    return reader.skip();
  }
  bool isPiece =
      reader.type() == WireType::Bytes && storage != Storage::Message;
  StringRef data;
  if (isPiece)
    data = reader.readBytes();
  else
    reader.skip();
  if (isPiece && data.empty())
    return;
  if (!isPiece || ++numPieces > 1) {
    tensor.storage = Storage::Message;
    tensor.offset = tensor.message.begin() - origin;
    tensor.length = tensor.message.size();
    return;
  }
  tensor.storage = storage;
  tensor.data = data;
  tensor.offset = data.begin() - origin;
  tensor.length = data.size();
}

/// Numbers are decimal strings. What is none becomes the largest number, which
/// no check lets through.
static uint64_t parseNumber(StringRef text) {
  uint64_t number = 0;
  // 18 digits fit, and need none of the care that StringRef takes.
  if (text.empty() || text.size() > 18)
    return text.getAsInteger(10, number) ? UINT64_MAX : number;
  for (char digit : text) {
    if (digit < '0' || digit > '9')
      return UINT64_MAX;
    number = 10 * number + (digit - '0');
  }
  return number;
}

void Decoder::decodeExternalData(WireReader reader, Tensor &tensor) {
  StringRef key, value;
  while (reader.next())
    if (reader.field() == 1)
      key = reader.readBytes();
    else if (reader.field() == 2)
      value = reader.readBytes();
    else
      reader.skip();
  if (key == "location") {
    tensor.location = value;
  } else if (key == "offset") {
    tensor.offset = parseNumber(value);
  } else if (key == "length") {
    tensor.length = parseNumber(value);
    tensor.hasLength = true;
  }
}

std::optional<int64_t> Tensor::numElements() const {
  int64_t count = 1;
  bool isEmpty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    isEmpty |= dim == 0;
    if (dim != 0 && llvm::MulOverflow(count, dim, count))
      return std::nullopt;
  }
  return isEmpty ? 0 : count;
}

std::optional<uint64_t> Tensor::numBytes() const {
  std::optional<int64_t> count = numElements();
  if (!count || !isKnownDataType(dataType))
    return std::nullopt;
  int64_t bits;
  if (llvm::MulOverflow<int64_t>(*count, getDataTypeBits(type()), bits))
    return std::nullopt;
  return llvm::divideCeil(static_cast<uint64_t>(bits), 8);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// Elements of raw data: little endian, those below a byte with the first
/// element in the low bits.
static void unpack(StringRef bytes, unsigned bits, int64_t count,
                   llvm::SmallVectorImpl<uint64_t> &values) {
  for (int64_t i = 0; i < count; ++i) {
    uint64_t position = static_cast<uint64_t>(i) * bits;
    if (bits < 8) {
      uint8_t byte = bytes[position / 8];
      values.push_back(byte >> (position % 8) & ((1u << bits) - 1));
      continue;
    }
    uint64_t value = 0;
    for (unsigned byte = 0; byte < bits / 8; ++byte)
      value |= uint64_t(uint8_t(bytes[position / 8 + byte])) << (8 * byte);
    values.push_back(value);
  }
}

/// All data fields of the message in turn, as numbers of `bits`.
static void readFields(const Tensor &tensor,
                       llvm::SmallVectorImpl<uint64_t> &numbers,
                       std::string &raw) {
  WireError error;
  WireReader reader(tensor.message, tensor.message.begin(), error);
  while (reader.next()) {
    switch (reader.field()) {
    case 4:
      reader.readFixed(4, numbers);
      break;
    case 10:
      reader.readFixed(8, numbers);
      break;
    case 5:
    case 7:
    case 11:
      reader.readInts(numbers);
      break;
    case 9:
      raw = reader.readBytes().str();
      break;
    default:
      reader.skip();
    }
  }
}

bool inlay::onnx::file::readElements(const Tensor &tensor,
                                     llvm::SmallVectorImpl<uint64_t> &bits) {
  std::optional<int64_t> count = tensor.numElements();
  unsigned width =
      isKnownDataType(tensor.dataType) ? getDataTypeBits(tensor.type()) : 0;
  if (!count || width == 0 || tensor.storage == Storage::External ||
      tensor.type() == DataType::Complex64 || width > 64)
    return false;
  llvm::SmallVector<uint64_t> numbers;
  std::string raw;
  readFields(tensor, numbers, raw);
  if (raw.empty() && width < 8) {
    // Numbers below a byte are packed into the bytes of int32_data.
    for (uint64_t number : numbers)
      raw.push_back(static_cast<char>(number));
  }
  if (!raw.empty() || width < 8) {
    if (raw.size() < tensor.numBytes())
      return false;
    unpack(raw, width, *count, bits);
    return true;
  }
  if (static_cast<int64_t>(numbers.size()) != *count)
    return false;
  for (uint64_t number : numbers)
    bits.push_back(width == 64 ? number : number & ((1ull << width) - 1));
  return true;
}

bool inlay::onnx::file::readStrings(const Tensor &tensor,
                                    llvm::SmallVectorImpl<StringRef> &strings) {
  if (tensor.type() != DataType::String || tensor.storage == Storage::External)
    return false;
  WireError error;
  WireReader reader(tensor.message, tensor.message.begin(), error);
  while (reader.next())
    if (reader.field() == 6)
      strings.push_back(reader.readBytes());
    else
      reader.skip();
  return static_cast<int64_t>(strings.size()) == tensor.numElements();
}
