//===- Decode.cpp - Elements out of protobuf's fields ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decode.h"

#include "llvm/Support/LEB128.h"

using namespace inlay;
using namespace inlay::plan;
using llvm::StringRef;

/// Takes a varint off the front of `bytes`.
static std::optional<uint64_t> takeVarint(StringRef &bytes) {
  unsigned length = 0;
  const char *error = nullptr;
  uint64_t value = llvm::decodeULEB128(bytes.bytes_begin(), &length,
                                       bytes.bytes_end(), &error);
  if (error)
    return std::nullopt;
  bytes = bytes.drop_front(length);
  return value;
}

static void append(uint64_t value, int64_t width, std::string &result) {
  for (int64_t byte = 0; byte < width; ++byte)
    result.push_back(static_cast<char>(value >> (8 * byte)));
}

static bool appendVarints(StringRef bytes, int64_t width, std::string &result) {
  while (!bytes.empty()) {
    std::optional<uint64_t> value = takeVarint(bytes);
    if (!value)
      return false;
    append(*value, width, result);
  }
  return true;
}

/// Fields of onnx.TensorProto that hold elements.
static bool holdsVarints(uint64_t field) {
  return field == 5 || field == 7 || field == 11; // int32, int64, uint64
}
static bool holdsBytes(uint64_t field) {
  return field == 4 || field == 9 || field == 10; // float, raw, double
}

/// Adds the elements of the field at the front of `message`, and drops it.
static bool appendField(StringRef &message, int64_t width,
                        std::string &result) {
  enum WireType { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };
  std::optional<uint64_t> key = takeVarint(message);
  if (!key)
    return false;
  uint64_t field = *key >> 3, type = *key & 7;
  if (type == Varint) {
    std::optional<uint64_t> value = takeVarint(message);
    if (value && holdsVarints(field))
      append(*value, width, result);
    return value.has_value();
  }
  std::optional<uint64_t> length = type == Fixed64   ? 8
                                   : type == Fixed32 ? 4
                                   : type == Bytes   ? takeVarint(message)
                                                     : std::nullopt;
  if (!length || *length > message.size())
    return false;
  StringRef data = message.take_front(*length);
  message = message.drop_front(*length);
  if (holdsBytes(field))
    result += data;
  return !holdsVarints(field) || appendVarints(data, width, result);
}

std::optional<std::string> inlay::plan::decodeElements(StringRef bytes,
                                                       StringRef encoding,
                                                       int64_t storedBits) {
  // Elements of fewer than 8 bits are packed into bytes first.
  int64_t width = std::max<int64_t>(storedBits, 8) / 8;
  std::string result;
  if (width > 8)
    return std::nullopt;
  if (encoding == "varint")
    return appendVarints(bytes, width, result) ? std::optional(result)
                                               : std::nullopt;
  if (encoding != "proto")
    return std::nullopt;
  while (!bytes.empty())
    if (!appendField(bytes, width, result))
      return std::nullopt;
  return result;
}
