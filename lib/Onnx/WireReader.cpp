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

uint64_t WireReader::takeLongVarint() {
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

void WireReader::failOfType(WireType type) {
  fail(false, "field " + std::to_string(fieldNumber) + " is of wire type " +
                  std::to_string(static_cast<unsigned>(wireType)) +
                  ", expected " + std::to_string(static_cast<unsigned>(type)));
}

bool WireReader::nextOfLongTag() {
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

float WireReader::readFloat() {
  return expect(WireType::Fixed32) ? takeFloat() : 0;
}

void WireReader::failBeyondEnd(uint64_t length) {
  fail(true, "field " + std::to_string(fieldNumber) + " needs " +
                 std::to_string(length) + " B, " +
                 std::to_string(end - cursor) + " B are left");
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
