//===- WireWriter.h - Writing protobuf's wire format ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The counterpart of the wire reader: appends fields to one buffer. A nested
// message is written in place and its length inserted afterwards, so that no
// message is held twice.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ONNX_WIREWRITER_H
#define INLAY_ONNX_WIREWRITER_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <utility>

namespace inlay::onnx::file {

class WireWriter {
public:
  /// Integers, enums and booleans; negative numbers take ten bytes.
  void varint(unsigned field, int64_t value);
  /// A float.
  void fixed32(unsigned field, float value);
  /// Strings, bytes, and messages that are serialised already.
  void bytes(unsigned field, llvm::StringRef value);

  /// Fields of this message that are serialised already.
  void append(llvm::StringRef fields) {
    buffer.append(fields.data(), fields.size());
  }

  /// A message whose fields `fill` writes with this same writer.
  template <typename Fn> void message(unsigned field, Fn &&fill) {
    putTag(field, /*wireType=*/2);
    size_t start = buffer.size();
    std::forward<Fn>(fill)();
    insertLength(start);
  }

  llvm::StringRef str() const { return buffer; }
  size_t size() const { return buffer.size(); }
  std::string take() { return std::move(buffer); }

private:
  void putTag(unsigned field, unsigned wireType);
  void putVarint(uint64_t value);
  /// Puts the number of bytes from `start` to the end before them.
  void insertLength(size_t start);

  std::string buffer;
};

} // namespace inlay::onnx::file

#endif // INLAY_ONNX_WIREWRITER_H
