//===- WireTree.cpp - An ONNX file as a tree of protobuf fields -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WireTree.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/raw_ostream.h"

using namespace inlay::fuzz;
using llvm::StringRef;

namespace {

/// Field `number` of a message of kind `parent` is a message of kind `child`.
struct Nesting {
  Kind parent;
  unsigned number;
  Kind child;
};

constexpr Nesting kNestings[] = {
    {Kind::Model, 7, Kind::Graph},         {Kind::Model, 8, Kind::Opset},
    {Kind::Model, 25, Kind::Function},     {Kind::Graph, 1, Kind::Node},
    {Kind::Graph, 5, Kind::Tensor},        {Kind::Graph, 11, Kind::ValueInfo},
    {Kind::Graph, 12, Kind::ValueInfo},    {Kind::Graph, 13, Kind::ValueInfo},
    {Kind::Node, 5, Kind::Attribute},      {Kind::Attribute, 5, Kind::Tensor},
    {Kind::Attribute, 6, Kind::Graph},     {Kind::Attribute, 10, Kind::Tensor},
    {Kind::Attribute, 11, Kind::Graph},    {Kind::Attribute, 14, Kind::Type},
    {Kind::Attribute, 15, Kind::Type},     {Kind::Tensor, 13, Kind::External},
    {Kind::ValueInfo, 2, Kind::Type},      {Kind::Type, 1, Kind::TensorType},
    {Kind::Type, 4, Kind::InnerType},      {Kind::Type, 5, Kind::MapType},
    {Kind::Type, 8, Kind::TensorType},     {Kind::Type, 9, Kind::InnerType},
    {Kind::InnerType, 1, Kind::Type},      {Kind::MapType, 2, Kind::Type},
    {Kind::TensorType, 2, Kind::Shape},    {Kind::Shape, 1, Kind::Dim},
    {Kind::Function, 7, Kind::Node},       {Kind::Function, 9, Kind::Opset},
    {Kind::Function, 11, Kind::Attribute},
};

Kind childKind(Kind parent, unsigned number) {
  for (const Nesting &nesting : kNestings)
    if (nesting.parent == parent && nesting.number == number)
      return nesting.child;
  return Kind::Bytes;
}

/// Takes what it returns from the front of `bytes`.
std::optional<uint64_t> takeVarint(StringRef &bytes) {
  unsigned length = 0;
  const char *problem = nullptr;
  StringRef number = bytes.take_front(10);
  uint64_t value = llvm::decodeULEB128(number.bytes_begin(), &length,
                                       number.bytes_end(), &problem);
  if (problem)
    return std::nullopt;
  bytes = bytes.drop_front(length);
  return value;
}

/// Little-endian numbers of 4 or 8 bytes.
bool takeFixed(StringRef &bytes, unsigned size, uint64_t &value) {
  if (bytes.size() < size)
    return false;
  value = size == 8 ? llvm::support::endian::read64le(bytes.data())
                    : llvm::support::endian::read32le(bytes.data());
  bytes = bytes.drop_front(size);
  return true;
}

bool takeBytes(StringRef &bytes, StringRef &value) {
  std::optional<uint64_t> length = takeVarint(bytes);
  if (!length || *length > bytes.size())
    return false;
  value = bytes.take_front(*length);
  bytes = bytes.drop_front(*length);
  return true;
}

bool takeValue(StringRef &bytes, Field &field, StringRef &value) {
  switch (field.wire) {
  case 0:
    if (std::optional<uint64_t> number = takeVarint(bytes)) {
      field.value = *number;
      return true;
    }
    return false;
  case 1:
    return takeFixed(bytes, 8, field.value);
  case 2:
    return takeBytes(bytes, value);
  case 5:
    return takeFixed(bytes, 4, field.value);
  default:
    return false;
  }
}

void write(const Message &message, llvm::raw_ostream &os) {
  for (const Field &field : message.fields) {
    llvm::encodeULEB128(uint64_t(field.number) << 3 | field.wire, os);
    if (field.wire == 0) {
      llvm::encodeULEB128(field.value, os);
    } else if (field.wire == 2) {
      std::string inner = field.message.empty()
                              ? field.bytes
                              : writeTree(field.message.front());
      llvm::encodeULEB128(inner.size(), os);
      os << inner;
    } else {
      for (unsigned i = 0; i < (field.wire == 1 ? 8 : 4); ++i)
        os << static_cast<char>(field.value >> 8 * i);
    }
  }
}

} // namespace

std::optional<Message> inlay::fuzz::readTree(StringRef bytes, Kind kind,
                                             unsigned depth) {
  if (depth > 200)
    return std::nullopt;
  Message message{kind, {}};
  while (!bytes.empty()) {
    std::optional<uint64_t> tag = takeVarint(bytes);
    if (!tag || *tag >> 3 == 0 || *tag >> 32 != 0)
      return std::nullopt;
    Field field;
    field.number = *tag >> 3;
    field.wire = *tag & 7;
    StringRef value;
    if (!takeValue(bytes, field, value))
      return std::nullopt;
    if (Kind inner = childKind(kind, field.number);
        field.wire == 2 && inner != Kind::Bytes)
      if (std::optional<Message> child = readTree(value, inner, depth + 1))
        field.message.push_back(std::move(*child));
    if (field.message.empty())
      field.bytes = value.str();
    message.fields.push_back(std::move(field));
  }
  return message;
}

std::string inlay::fuzz::writeTree(const Message &message) {
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  write(message, os);
  return bytes;
}

void inlay::fuzz::forEachMessage(Message &message,
                                 llvm::function_ref<void(Message &)> visit) {
  visit(message);
  for (Field &field : message.fields)
    if (!field.message.empty())
      forEachMessage(field.message.front(), visit);
}

Field inlay::fuzz::makeNumber(unsigned number, uint64_t value) {
  return {number, 0, value, {}, {}};
}

Field inlay::fuzz::makeBytes(unsigned number, StringRef bytes) {
  return {number, 2, 0, bytes.str(), {}};
}

Field inlay::fuzz::makeMessage(unsigned number, Message message) {
  Field field{number, 2, 0, {}, {}};
  field.message.push_back(std::move(message));
  return field;
}
