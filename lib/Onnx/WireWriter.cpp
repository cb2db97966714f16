//===- WireWriter.cpp - Writing protobuf's wire format --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Onnx/WireWriter.h"

#include "llvm/ADT/bit.h"

using namespace inlay::onnx::file;

/// Seven bits to a byte, the lowest first; the top bit says that more follow.
static unsigned encodeVarint(uint64_t value, char (&bytes)[10]) {
  unsigned size = 0;
  while (value >= 0x80) {
    bytes[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[size++] = static_cast<char>(value);
  return size;
}

void WireWriter::putVarint(uint64_t value) {
  char bytes[10];
  buffer.append(bytes, encodeVarint(value, bytes));
}

void WireWriter::putTag(unsigned field, unsigned wireType) {
  putVarint(uint64_t(field) << 3 | wireType);
}

void WireWriter::insertLength(size_t start) {
  char bytes[10];
  unsigned size = encodeVarint(buffer.size() - start, bytes);
  buffer.insert(start, bytes, size);
}

void WireWriter::varint(unsigned field, int64_t value) {
  putTag(field, /*wireType=*/0);
  putVarint(static_cast<uint64_t>(value));
}

void WireWriter::fixed32(unsigned field, float value) {
  putTag(field, /*wireType=*/5);
  auto bits = llvm::bit_cast<uint32_t>(value);
  for (unsigned shift = 0; shift < 32; shift += 8)
    buffer.push_back(static_cast<char>(bits >> shift));
}

void WireWriter::bytes(unsigned field, llvm::StringRef value) {
  putTag(field, /*wireType=*/2);
  putVarint(value.size());
  buffer.append(value.data(), value.size());
}
