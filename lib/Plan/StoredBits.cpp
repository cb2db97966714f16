//===- StoredBits.cpp - The stored elements of a weight, as bits ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StoredBits.h"

#include "Decode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include "fmt/format.h"

#include <cstring>
#include <limits>

using namespace inlay;
using namespace inlay::plan;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// No stored element is wider; none of ONNX's types is.
static constexpr int64_t kMostBits = 128;

void inlay::plan::copyBits(const char *source, uint64_t sourceBit, char *target,
                           uint64_t targetBit, uint64_t count) {
  if (sourceBit % 8 == 0 && targetBit % 8 == 0) {
    std::memcpy(target + targetBit / 8, source + sourceBit / 8, count / 8);
    uint64_t done = count / 8 * 8;
    sourceBit += done;
    targetBit += done;
    count -= done;
  }
  while (count > 0) {
    // As many bits as are in one byte on both sides.
    uint64_t most = 8 - std::max(sourceBit % 8, targetBit % 8);
    uint64_t width = std::min(most, count);
    uint8_t mask = static_cast<uint8_t>((1u << width) - 1);
    uint8_t bits =
        static_cast<uint8_t>(source[sourceBit / 8]) >> (sourceBit % 8) & mask;
    uint8_t old = static_cast<uint8_t>(target[targetBit / 8]) &
                  ~static_cast<uint8_t>(mask << (targetBit % 8));
    target[targetBit / 8] = static_cast<char>(old | bits << (targetBit % 8));
    sourceBit += width;
    targetBit += width;
    count -= width;
  }
}

/// A plan from elsewhere must not be able to name any other file of the
/// machine.
static bool staysInside(llvm::StringRef file, const std::string &folder) {
  if (file.empty() || file.contains('\0') ||
      path::is_absolute(file, path::Style::posix) ||
      llvm::is_contained(llvm::make_range(path::begin(file), path::end(file)),
                         ".."))
    return false;
  llvm::SmallString<256> whole(folder), real, realFolder;
  path::append(whole, file);
  if (fs::real_path(whole, real) ||
      fs::real_path(folder.empty() ? "." : folder, realFolder))
    return true; // It is not there, which opening it says.
  return realFolder == "/" || (real.size() > realFolder.size() &&
                               real.str().starts_with(realFolder) &&
                               path::is_separator(real[realFolder.size()]));
}

/// Bits of a view: its elements times their width.
static std::optional<uint64_t> bitsOf(const WeightPiece &view) {
  if (view.sizes.size() != view.strides.size() || view.storedBits < 1 ||
      view.storedBits > kMostBits || view.first < 0)
    return std::nullopt;
  int64_t bits = view.storedBits;
  for (int64_t size : view.sizes)
    if (size < 0 || llvm::MulOverflow(bits, size, bits))
      return std::nullopt;
  return bits;
}

StoredBits::StoredBits(const Weight &weight, const std::string &folder,
                       Diagnostics &diags)
    : weight(weight), folder(folder), diags(diags) {
  uint64_t begin = 0;
  for (const WeightPiece &view : weight.pieces) {
    Piece &piece = pieces.emplace_back();
    piece.view = &view;
    piece.begin = begin;
    std::optional<uint64_t> bits = bitsOf(view);
    if (!bits || view.offset < 0 || view.length < 0 ||
        begin + *bits > uint64_t(std::numeric_limits<int64_t>::max())) {
      isSound = fail(piece, "has a view that is none: its sizes, offset and "
                            "length must not be negative, and fit 64 bits");
      return;
    }
    piece.bits = *bits;
    begin += *bits;
  }
}

bool StoredBits::fail(const Piece &piece, std::string message) {
  diags.inputError(fmt::format("weight '{}', initializer '{}'", weight.name,
                               piece.view->initializer),
                   std::move(message));
  return false;
}

bool StoredBits::map(Piece &piece) {
  const WeightPiece &view = *piece.view;
  if (!staysInside(view.file, folder))
    return fail(piece, fmt::format("its file '{}' is not in the folder of the "
                                   "model",
                                   view.file));
  llvm::SmallString<256> whole(folder);
  path::append(whole, view.file);
  fs::file_status status;
  std::error_code error = fs::status(whole, status);
  // A pipe or a device might never end.
  if (!error && status.type() != fs::file_type::regular_file)
    error = std::make_error_code(std::errc::invalid_argument);
  if (error)
    return fail(piece, fmt::format("its file '{}' cannot be read: {}",
                                   whole.str().str(), error.message()));
  uint64_t size = status.getSize();
  uint64_t offset = view.offset;
  uint64_t length = view.length;
  if (offset > size || length > size - offset)
    return fail(piece,
                fmt::format("needs bytes {} to {} of '{}', which has {}",
                            offset, offset + length, whole.str().str(), size));
  auto mapped = llvm::MemoryBuffer::getFileSlice(whole, length, offset);
  if (!mapped)
    return fail(piece,
                fmt::format("its file '{}' cannot be read: {}",
                            whole.str().str(), mapped.getError().message()));
  piece.file = std::move(*mapped);
  return true;
}

bool StoredBits::open(Piece &piece) {
  if (piece.isOpen)
    return true;
  if (!map(piece))
    return false;
  piece.isOpen = true;
  const WeightPiece &view = *piece.view;
  if (view.encoding == "raw")
    return true;
  std::optional<std::string> decoded =
      decodeElements(piece.bytes(), view.encoding, view.storedBits);
  if (!decoded)
    return fail(piece,
                fmt::format("its bytes have the encoding '{}', which cannot be "
                            "read here; write the model with its weights as "
                            "external data, which are raw",
                            view.encoding));
  piece.decoded = std::move(*decoded);
  piece.file.reset();
  return true;
}

bool StoredBits::read(uint64_t begin, uint64_t count, char *target,
                      uint64_t targetBit) {
  if (!isSound)
    return false;
  auto piece = llvm::partition_point(pieces, [&](const Piece &piece) {
    return piece.begin + piece.bits <= begin;
  });
  for (; count > 0 && piece != pieces.end(); ++piece) {
    uint64_t within = begin - piece->begin;
    uint64_t part = std::min(count, piece->bits - within);
    if (!readPiece(*piece, within, part, target, targetBit))
      return false;
    count -= part;
    targetBit += part;
    begin += part;
  }
  if (count == 0)
    return true;
  diags.inputError(fmt::format("weight '{}'", weight.name),
                   "its pieces do not have all elements of its shape");
  return false;
}

/// Bit in the initializer where element `index` of the view begins.
static std::optional<uint64_t> placeOf(const WeightPiece &view,
                                       uint64_t index) {
  int64_t place = view.first;
  for (size_t d = view.sizes.size(); d-- > 0;) {
    int64_t step;
    int64_t at = static_cast<int64_t>(index % view.sizes[d]);
    if (llvm::MulOverflow(at, view.strides[d], step) ||
        llvm::AddOverflow(place, step, place))
      return std::nullopt;
    index /= view.sizes[d];
  }
  int64_t bit;
  if (place < 0 || llvm::MulOverflow(place, view.storedBits, bit))
    return std::nullopt;
  return bit;
}

bool StoredBits::readPiece(Piece &piece, uint64_t begin, uint64_t count,
                           char *target, uint64_t targetBit) {
  if (!open(piece))
    return false;
  const WeightPiece &view = *piece.view;
  uint64_t width = view.storedBits;
  bool isDense = view.strides.empty() || view.strides.back() == 1;
  uint64_t rowSize = view.sizes.empty() ? 1 : view.sizes.back();
  uint64_t available = uint64_t(piece.bytes().size()) * 8;
  while (count > 0) {
    uint64_t index = begin / width;
    uint64_t inElement = begin % width;
    // Neighbours in a dense row are neighbours in the initializer.
    uint64_t run = isDense ? (rowSize - index % rowSize) * width : width;
    uint64_t part = std::min(run - inElement, count);
    std::optional<uint64_t> place = placeOf(view, index);
    if (!place || *place > available || inElement + part > available - *place)
      return fail(piece, "has a view that leads out of it");
    copyBits(piece.bytes().data(), *place + inElement, target, targetBit, part);
    begin += part;
    targetBit += part;
    count -= part;
  }
  return true;
}
