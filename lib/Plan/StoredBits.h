//===- StoredBits.h - The stored elements of a weight, as bits --*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pieces of a weight, one after the other, as one string of bits that is
// read by position. Files are mapped, not loaded: a shard touches the pages
// that it is on.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_PLAN_STOREDBITS_H
#define INLAY_LIB_PLAN_STOREDBITS_H

#include "inlay/Plan/Plan.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>

namespace inlay::plan {

/// Copies `count` bits; the lowest bit of a byte is its first.
void copyBits(const char *source, uint64_t sourceBit, char *target,
              uint64_t targetBit, uint64_t count);

class StoredBits {
public:
  /// Files of `weight` lie in `folder`; one is opened when it is read first.
  StoredBits(const Weight &weight, const std::string &folder,
             Diagnostics &diags);

  /// Copies `count` bits from bit `begin` on to bit `targetBit` of `target`.
  /// Where a file lacks them, the views contradict themselves or there are no
  /// such bits, that is an error.
  bool read(uint64_t begin, uint64_t count, char *target, uint64_t targetBit);

private:
  struct Piece {
    const WeightPiece *view = nullptr;
    uint64_t begin = 0; ///< of the view, in the bits of the weight
    uint64_t bits = 0;
    std::unique_ptr<llvm::MemoryBuffer> file;
    std::string decoded; ///< of encodings other than raw
    bool isOpen = false;

    llvm::StringRef bytes() const {
      return file ? file->getBuffer() : llvm::StringRef(decoded);
    }
  };

  bool fail(const Piece &piece, std::string message);
  bool open(Piece &piece);
  bool map(Piece &piece);
  bool readPiece(Piece &piece, uint64_t begin, uint64_t count, char *target,
                 uint64_t targetBit);

  const Weight &weight;
  const std::string &folder;
  Diagnostics &diags;
  std::vector<Piece> pieces;
  bool isSound = true; ///< false: an error has been added
};

} // namespace inlay::plan

#endif // INLAY_LIB_PLAN_STOREDBITS_H
