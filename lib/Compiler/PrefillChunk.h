//===- PrefillChunk.h - A chunk of a prompt that fits -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scratch of a prefill step grows with its tokens, so that the usual chunk has
// no room beside the weights of most large models. Where nobody asked for a
// chunk, it is halved until it fits.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_COMPILER_PREFILLCHUNK_H
#define INLAY_LIB_COMPILER_PREFILLCHUNK_H

#include "inlay/Compiler/Compiler.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace inlay {

/// Compiles by `run`, which returns an exit status, with the options as they
/// are; or, where that does not fit and the chunk of a prefill is free, with
/// the largest chunk that fits of a half, a quarter, ... of the usual one, and
/// says so. Where none fits, what has been reported is about the usual one.
int compileWithChunk(
    const CompileOptions &options, CompileStreams streams,
    llvm::function_ref<int(const CompileOptions &, CompileStreams)> run);

} // namespace inlay

#endif // INLAY_LIB_COMPILER_PREFILLCHUNK_H
