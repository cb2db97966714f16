//===- Digest.cpp - Fingerprints of files ---------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/Digest.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SHA256.h"

using namespace inlay;
namespace fs = llvm::sys::fs;

std::optional<std::string> inlay::sha256OfFile(const std::string &path,
                                               Diagnostics &diags) {
  auto fail = [&](llvm::Error error) {
    diags.inputError("", "cannot read '" + path +
                             "': " + llvm::toString(std::move(error)));
    return std::nullopt;
  };
  llvm::Expected<fs::file_t> file = fs::openNativeFileForRead(path);
  if (!file)
    return fail(file.takeError());
  llvm::SHA256 hash;
  std::vector<char> piece(1 << 16);
  while (true) {
    llvm::Expected<size_t> count = fs::readNativeFile(*file, piece);
    if (!count) {
      fs::closeFile(*file);
      return fail(count.takeError());
    }
    if (*count == 0)
      break;
    hash.update(llvm::StringRef(piece.data(), *count));
  }
  fs::closeFile(*file);
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}
