//===- WireReader.cpp - Reads protobuf's wire format ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WireReader.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/LEB128.h"

#include <bit>

using namespace inlay::onnx::file;

void WireReader::fail(bool truncated, std::string message) {
  if (!error.set)
    error = {true, truncated, offset(), std::move(message)};
  cursor = end;
}

uint64_t WireReader::takeVarint() {
  // Nearly all are tags and lengths of one byte.
  if (cursor != end && static_cast<unsigned char>(*cursor) < 0x80)
    return static_cast<unsigned char>(*cursor++);
  unsigned length = 0;
  const char *problem = nullptr;
  // Negative numbers take ten bytes, of which the last has one bit. Beyond them
  // decodeULEB128 would shift by more than 64.
  llvm::StringRef bytes = llvm::StringRef(cursor, end - cursor).take_front(10);
  uint64_t value = llvm::decodeULEB128(bytes.bytes_begin(), &length,
                                       bytes.bytes_end(), &problem);
  if (problem) {
    fail(end - cursor < 10, "a number does not end");
    return 0;
  }
  cursor += length;
  return value;
}

uint64_t WireReader::takeFixed(unsigned bytes) {
  if (end - cursor < static_cast<ptrdiff_t>(bytes)) {
    fail(true, "a number of " + std::to_string(bytes) +
                   " bytes is cut off after " + std::to_string(end - cursor));
    return 0;
  }
  const char *at = cursor;
  cursor += bytes;
  return bytes == 8 ? llvm::support::endian::read64le(at)
                    : llvm::support::endian::read32le(at);
}

float WireReader::takeFloat() {
  return std::bit_cast<float>(static_cast<uint32_t>(takeFixed(4)));
}

bool WireReader::expect(WireType type) {
  if (wireType == type)
    return true;
  fail(false, "field " + std::to_string(fieldNumber) + " is of wire type " +
                  std::to_string(static_cast<unsigned>(wireType)) +
                  ", expected " + std::to_string(static_cast<unsigned>(type)));
  return false;
}

bool WireReader::next() {
  if (error.set || cursor == end)
    return false;
  uint64_t tag = takeVarint();
  if (error.set)
    return false;
  unsigned type = tag & 7;
  uint64_t number = tag >> 3;
  bool known = type <= 2 || type == 5;
  if (!known || number == 0 || number > 536870911) {
    fail(false, "no protobuf field begins with tag " + std::to_string(tag));
    return false;
  }
  fieldNumber = number;
  wireType = static_cast<WireType>(type);
  return true;
}

uint64_t WireReader::readVarint() {
  return expect(WireType::Varint) ? takeVarint() : 0;
}

float WireReader::readFloat() {
  return expect(WireType::Fixed32) ? takeFloat() : 0;
}

llvm::StringRef WireReader::readBytes() {
  if (!expect(WireType::Bytes))
    return {};
  uint64_t length = takeVarint();
  if (error.set)
    return {};
  uint64_t left = end - cursor;
  if (length > left) {
    fail(true, "field " + std::to_string(fieldNumber) + " needs " +
                   std::to_string(length) + " B, " + std::to_string(left) +
                   " B are left");
    return {};
  }
  llvm::StringRef bytes(cursor, length);
  cursor += length;
  return bytes;
}

void WireReader::skip() {
  switch (wireType) {
  case WireType::Varint:
    takeVarint();
    return;
  case WireType::Fixed64:
    takeFixed(8);
    return;
  case WireType::Bytes:
    readBytes();
    return;
  case WireType::Fixed32:
    takeFixed(4);
    return;
  }
}
