//===- SealedBytecode.cpp - Bytecode that tells damage --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/SealedBytecode.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"

#include <optional>

using namespace inlay;
using llvm::StringRef;

static constexpr StringRef kMagic = "ML\xEFR";
static constexpr StringRef kTag = " sha256:";
static constexpr size_t kDigits = 64;

/// The longest that the producer's name may be.
constexpr size_t kMostName = 128;

/// Where the digits of the digest begin. The producer is text that ends with a
/// zero, behind the magic and a version of one byte.
static std::optional<size_t> findDigits(StringRef bytes) {
  if (!bytes.starts_with(kMagic))
    return std::nullopt;
  size_t tag = bytes.take_front(kMostName).find(kTag);
  if (tag == StringRef::npos)
    return std::nullopt;
  return tag + kTag.size();
}

/// Of everything but the digits.
static std::string digestOf(StringRef bytes, size_t digits) {
  llvm::SHA256 hash;
  hash.update(bytes.take_front(digits));
  hash.update(bytes.drop_front(digits + kDigits));
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

std::string inlay::sealableProducer(StringRef name) {
  return (name + kTag).str() + std::string(kDigits, '0');
}

static bool isComplete(StringRef bytes, size_t digits) {
  return bytes.size() > digits + kDigits && bytes[digits + kDigits] == '\0';
}

void inlay::sealBytecode(std::string &bytes) {
  if (std::optional<size_t> digits = findDigits(bytes))
    bytes.replace(*digits, kDigits, digestOf(bytes, *digits));
}

Seal inlay::checkSeal(StringRef bytes) {
  std::optional<size_t> digits = findDigits(bytes);
  if (!digits)
    return Seal::None;
  return isComplete(bytes, *digits) &&
                 bytes.substr(*digits, kDigits) == digestOf(bytes, *digits)
             ? Seal::Whole
             : Seal::Broken;
}

bool inlay::checkSeals(llvm::ArrayRef<const char *> arguments,
                       Diagnostics &diags) {
  bool held = true;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef path = arguments[i];
    if (path == "-o")
      ++i;
    if (path.starts_with("-") || !llvm::sys::fs::is_regular_file(path))
      continue;
    auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!buffer || checkSeal((*buffer)->getBuffer()) != Seal::Broken)
      continue; // What cannot be read, its reader reports.
    held = false;
    diags.setFile(path.str());
    diags
        .inputError("", "is damaged: its bytes are not those that were written")
        .notes.push_back("fetch the file again, or compile the model again");
  }
  return held;
}
