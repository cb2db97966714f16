//===- WireReader.h - Reads protobuf's wire format ------------ -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cursor over one serialised message inside a buffer. Every read is checked
// against the end of the message, so a wrong length never leads outside it.
// After the first error all reads return nothing, and the error remembers where
// in the file it was.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ONNX_WIREREADER_H
#define INLAY_LIB_ONNX_WIREREADER_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::onnx::file {

/// The first thing that was wrong with the bytes.
struct WireError {
  bool set = false;
  /// A length leads beyond the end: the file was cut off, or is garbage.
  bool truncated = false;
  uint64_t offset = 0;
  std::string message;
};

enum class WireType : uint8_t {
  Varint = 0,
  Fixed64 = 1,
  Bytes = 2,
  Fixed32 = 5
};

class WireReader {
public:
  /// Reads `message`, whose offsets count from `origin`.
  WireReader(llvm::StringRef message, const char *origin, WireError &error)
      : cursor(message.begin()), end(message.end()), origin(origin),
        error(error) {}

  /// Goes to the next field; false at the end of the message or on an error.
  bool next() {
    if (error.set || cursor == end)
      return false;
    // A tag of one byte whose field and wire type are valid, as nearly all are.
    auto tag = static_cast<unsigned char>(*cursor);
    constexpr unsigned kValidTypes = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5;
    if (tag >= 0x80 || tag < 8 || !(kValidTypes >> (tag & 7) & 1))
      return nextOfLongTag();
    ++cursor;
    fieldNumber = tag >> 3;
    wireType = static_cast<WireType>(tag & 7);
    return true;
  }

  unsigned field() const { return fieldNumber; }
  WireType type() const { return wireType; }
  /// Offset in the file of what is read next.
  uint64_t offset() const { return cursor - origin; }

  /// The value of a field of that type; an error where the type is another.
  uint64_t readVarint() { return expect(WireType::Varint) ? takeVarint() : 0; }
  int64_t readInt() { return static_cast<int64_t>(readVarint()); }
  float readFloat();
  llvm::StringRef readBytes() {
    if (!expect(WireType::Bytes))
      return {};
    uint64_t length = takeVarint();
    // After an error nothing is left.
    if (length > static_cast<uint64_t>(end - cursor)) {
      failBeyondEnd(length);
      return {};
    }
    llvm::StringRef bytes(cursor, length);
    cursor += length;
    return bytes;
  }
  WireReader readMessage() { return WireReader(readBytes(), origin, error); }

  /// A repeated number, be it one value or a packed list of them.
  template <typename Vector> void readInts(Vector &values) {
    readPacked(WireType::Varint, [&](WireReader &reader) {
      values.push_back(static_cast<int64_t>(reader.takeVarint()));
    });
  }
  template <typename Vector> void readFloats(Vector &values) {
    readPacked(WireType::Fixed32, [&](WireReader &reader) {
      values.push_back(reader.takeFloat());
    });
  }
  template <typename Vector> void readFixed(unsigned bytes, Vector &values) {
    readPacked(
        bytes == 8 ? WireType::Fixed64 : WireType::Fixed32,
        [&](WireReader &reader) { values.push_back(reader.takeFixed(bytes)); });
  }

  /// Passes over a field that nobody asks for.
  void skip();

private:
  template <typename Fn> void readPacked(WireType scalar, Fn take) {
    if (wireType != WireType::Bytes) {
      if (expect(scalar))
        take(*this);
      return;
    }
    WireReader packed(readBytes(), origin, error);
    while (!error.set && packed.cursor != packed.end)
      take(packed);
  }

  uint64_t takeVarint() {
    // Nearly all are tags and lengths of one byte.
    if (cursor != end && static_cast<unsigned char>(*cursor) < 0x80)
      return static_cast<unsigned char>(*cursor++);
    return takeLongVarint();
  }
  bool expect(WireType type) {
    if (wireType == type)
      return true;
    failOfType(type);
    return false;
  }

  bool nextOfLongTag();
  uint64_t takeLongVarint();
  uint64_t takeFixed(unsigned bytes);
  float takeFloat();
  void failOfType(WireType type);
  void failBeyondEnd(uint64_t length);
  void fail(bool truncated, std::string message);

  const char *cursor;
  const char *end;
  const char *origin;
  WireError &error;
  unsigned fieldNumber = 0;
  WireType wireType = WireType::Varint;
};

} // namespace inlay::onnx::file

#endif // INLAY_LIB_ONNX_WIREREADER_H
