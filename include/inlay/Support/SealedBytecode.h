//===- SealedBytecode.h - Bytecode that tells damage ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MLIR's reader of bytecode believes what a file says: of a flipped bit it may
// make another module, or allocate what the file has not got. A sealed file has
// the SHA-256 of its other bytes in the name of its producer, which MLIR passes
// over, so that Inlay's tools see damage before the reader does, and MLIR's own
// tools read the file as any other.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_SEALEDBYTECODE_H
#define INLAY_SUPPORT_SEALEDBYTECODE_H

#include "inlay/Support/Diagnostic.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace inlay {

/// The producer that bytecode to be sealed is written with: `name`, and room
/// for the digest.
std::string sealableProducer(llvm::StringRef name);

/// Puts the digest into bytecode that was written with a sealableProducer.
void sealBytecode(std::string &bytes);

enum class Seal {
  None,   ///< no bytecode, or none of a sealableProducer
  Whole,  ///< the bytes are those that were sealed
  Broken, ///< they are not
};
Seal checkSeal(llvm::StringRef bytes);

/// Reports each of the command's arguments that is a file with a broken seal,
/// options and what `-o` names left out. True where there is none.
bool checkSeals(llvm::ArrayRef<const char *> arguments, Diagnostics &diags);

} // namespace inlay

#endif // INLAY_SUPPORT_SEALEDBYTECODE_H
