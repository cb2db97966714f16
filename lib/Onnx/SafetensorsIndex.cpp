//===- SafetensorsIndex.cpp - Where tensors lie in a .safetensors file ----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SafetensorsIndex.h"

#include "inlay/Support/Format.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace inlay;
using namespace inlay::onnx;
using namespace inlay::onnx::file;
using llvm::StringRef;

static constexpr uint64_t kLengthBytes = 8;
/// No file is longer; whether this one is long enough is for its reader to say.
static constexpr uint64_t kMaxEnd = uint64_t(1) << 62;
/// What the format allows.
static constexpr uint64_t kMaxHeaderBytes = 100'000'000;

static std::unique_ptr<llvm::MemoryBuffer>
readSlice(const std::string &path, uint64_t offset, uint64_t bytes) {
  auto buffer = llvm::MemoryBuffer::getFileSlice(path, bytes, offset);
  return buffer && (*buffer)->getBufferSize() == bytes ? std::move(*buffer)
                                                       : nullptr;
}

/// Bytes of an element; 0 of a type that is not known.
static uint64_t elementBytes(StringRef type) {
  return llvm::StringSwitch<uint64_t>(type)
      .Cases({"F64", "I64", "U64", "C64"}, 8)
      .Cases({"F32", "I32", "U32"}, 4)
      .Cases({"F16", "BF16", "I16", "U16"}, 2)
      .Cases({"I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0"}, 1)
      .Default(0);
}

/// The name that the format has for an element type; empty for those that it
/// keeps as bytes.
static StringRef nameOf(DataType type) {
  switch (type) {
  case DataType::Float:
    return "F32";
  case DataType::Double:
    return "F64";
  case DataType::Float16:
    return "F16";
  case DataType::BFloat16:
    return "BF16";
  case DataType::Int64:
    return "I64";
  case DataType::Int32:
    return "I32";
  case DataType::Int16:
    return "I16";
  case DataType::Uint64:
    return "U64";
  case DataType::Uint32:
    return "U32";
  case DataType::Uint16:
    return "U16";
  default:
    return "";
  }
}

/// Whether a text nests and separates no more than lists of tensors do: the
/// parser of JSON takes memory and stack for what it is given.
static bool isPlausible(StringRef text) {
  constexpr int64_t maxDepth = 4, bytesPerComma = 6;
  int64_t depth = 0, commas = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString) {
      i += c == '\\';
      inString = c != '"';
      continue;
    }
    inString = c == '"';
    commas += c == ',';
    depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    if (depth > maxDepth)
      return false;
  }
  return commas <= static_cast<int64_t>(text.size()) / bytesPerComma + 1;
}

std::optional<SafetensorsIndex> SafetensorsIndex::read(const std::string &path,
                                                       uint64_t fileBytes,
                                                       std::string &error) {
  std::unique_ptr<llvm::MemoryBuffer> length =
      fileBytes < kLengthBytes ? nullptr : readSlice(path, 0, kLengthBytes);
  if (!length) {
    error = "has no header";
    return std::nullopt;
  }
  uint64_t bytes = llvm::support::endian::read64le(length->getBufferStart());
  if (bytes > std::min(kMaxHeaderBytes, fileBytes - kLengthBytes)) {
    error = "says that its header is longer than the file or the format allows";
    return std::nullopt;
  }
  std::unique_ptr<llvm::MemoryBuffer> text =
      readSlice(path, kLengthBytes, bytes);
  std::optional<llvm::json::Value> json;
  if (text && isPlausible(text->getBuffer())) {
    if (auto parsed = llvm::json::parse(text->getBuffer()))
      json = std::move(*parsed);
    else
      llvm::consumeError(parsed.takeError());
  }
  const llvm::json::Object *header = json ? json->getAsObject() : nullptr;
  if (!header) {
    error = "has a header that is no JSON object";
    return std::nullopt;
  }
  SafetensorsIndex index;
  index.headerEnd = kLengthBytes + bytes;
  for (auto &[key, value] : *header) {
    if (StringRef(key) == "__metadata__")
      continue;
    const llvm::json::Object *tensor = value.getAsObject();
    const llvm::json::Array *range =
        tensor ? tensor->getArray("data_offsets") : nullptr;
    auto type = tensor ? tensor->getString("dtype") : std::nullopt;
    auto begin =
        range && range->size() == 2 ? (*range)[0].getAsUINT64() : std::nullopt;
    auto end = begin ? (*range)[1].getAsUINT64() : std::nullopt;
    if (!type || !end || *begin > *end || *end > kMaxEnd) {
      error = "has a header in which tensor '" + toUtf8(StringRef(key).str()) +
              "' has no type or no range";
      return std::nullopt;
    }
    index.entries.push_back({index.headerEnd + *begin, index.headerEnd + *end,
                             StringRef(key).str(), type->str()});
  }
  llvm::sort(index.entries, [](const Entry &a, const Entry &b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  return index;
}

std::string SafetensorsIndex::check(const Tensor &tensor) const {
  if (tensor.length == 0)
    return "";
  uint64_t begin = tensor.offset, end = tensor.offset + tensor.length;
  if (begin < headerEnd)
    return "begin at byte " + formatCount(begin) +
           ", in the header, which ends at byte " + formatCount(headerEnd);
  // The last tensor that begins at or before it.
  auto after =
      llvm::upper_bound(entries, begin, [](uint64_t at, const Entry &entry) {
        return at < entry.begin;
      });
  if (after == entries.begin() || std::prev(after)->end < end)
    return "are the bytes " + formatCount(begin) + " to " + formatCount(end) +
           ", which are not in one tensor of the file";
  const Entry &entry = *std::prev(after);
  StringRef wanted = nameOf(tensor.type());
  uint64_t bytes = elementBytes(entry.type);
  // Types without a name there are kept as bytes, or under newer names.
  bool isOther = wanted.empty() ? bytes > 1 : wanted != entry.type;
  if (isOther && tensor.type() != DataType::Complex64)
    return "are of tensor '" + toUtf8(entry.name) + "', whose elements are " +
           entry.type + ", not " + getDataTypeName(tensor.type());
  return "";
}
