//===- WireTree.h - An ONNX file as a tree of protobuf fields ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Flipping bits of a file nearly always breaks a length, and the reader sees
// that at once. To get past the reader a mutation changes the tree, and the
// lengths follow. This reading of protobuf is not that of lib/Onnx, which is
// what is tested.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_FUZZ_WIRETREE_H
#define INLAY_UNITTESTS_FUZZ_WIRETREE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inlay::fuzz {

/// Messages of onnx.proto that have messages inside, and two leaves whose
/// fields mutations know by number.
enum class Kind : uint8_t {
  Bytes, ///< a string, data, or a message that nobody looks into
  Model,
  Graph,
  Node,
  Attribute,
  Tensor,
  ValueInfo,
  Type,
  TensorType,
  InnerType, ///< element of a sequence or optional
  MapType,
  Shape,
  Dim,
  Opset,
  Function,
  External, ///< StringStringEntryProto
};

struct Message;

struct Field {
  unsigned number = 0;
  /// Protobuf's wire type: 0 varint, 1 fixed64, 2 bytes, 5 fixed32.
  unsigned wire = 0;
  uint64_t value = 0; ///< of a number
  std::string bytes;  ///< of a string
  /// The message in place of `bytes`; one element at most.
  std::vector<Message> message;
};

struct Message {
  Kind kind = Kind::Bytes;
  std::vector<Field> fields;
};

/// Reads `bytes` as a message of that kind; none where it is no such message or
/// nests deeper than 200.
std::optional<Message> readTree(llvm::StringRef bytes, Kind kind,
                                unsigned depth = 0);

std::string writeTree(const Message &message);

/// Calls `visit` with every message of the tree, outermost first.
void forEachMessage(Message &message,
                    llvm::function_ref<void(Message &)> visit);

/// Numbers and strings, put together by hand.
Field makeNumber(unsigned number, uint64_t value);
Field makeBytes(unsigned number, llvm::StringRef bytes);
Field makeMessage(unsigned number, Message message);

} // namespace inlay::fuzz

#endif // INLAY_UNITTESTS_FUZZ_WIRETREE_H
