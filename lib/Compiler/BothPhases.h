//===- BothPhases.h - One placement for prefill and decode ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The graph of decode is made first, for its context says where the last chunk
// of a prompt begins. The compilation is that of prefill; when its kernels are
// there, those of decode are set beside them.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_COMPILER_BOTHPHASES_H
#define INLAY_LIB_COMPILER_BOTHPHASES_H

#include "inlay/Compiler/Compiler.h"
#include "inlay/Compiler/LevelRunner.h"

namespace inlay {

/// The levels of a compilation for both phases. Returns the exit status, which
/// is not 0 after an error that has been reported.
int levelsOfBothPhases(const CompileOptions &options, CompileStreams streams,
                       std::vector<LevelPasses> &levels);

} // namespace inlay

#endif // INLAY_LIB_COMPILER_BOTHPHASES_H
