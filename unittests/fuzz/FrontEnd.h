//===- FrontEnd.h - What the fuzzers run ------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function for each kind of input, from bytes to the end of the front half
// of the compiler. An error of the input is a good end. A fault of Inlay (IR
// that does not verify, a pass that fails without a word) is printed and ends
// the process, as a crash does.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_FUZZ_FRONTEND_H
#define INLAY_UNITTESTS_FUZZ_FRONTEND_H

#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace inlay::fuzz {

/// How far an input got.
struct Outcome {
  /// Levels that were reached: 0 is not even an import, 1 the ONNX level, 2 nn,
  /// 3 dataflow, 4 the end.
  int level = 0;
  std::string diagnostics;
};

/// An ONNX file: read, checked, imported, then every pass up to the dataflow
/// level, with the verifier after each.
Outcome runOnnx(llvm::StringRef bytes);

/// A target file, a plan and a Hugging Face config; a config that is read is
/// also generated in each encoding, small.
void runJson(llvm::StringRef text);

/// MLIR text of any of the dialects: parsed, verified, printed, parsed again,
/// and the same through bytecode; the text must then be the same.
void runMlir(llvm::StringRef text);

/// The operators that shape inference has a rule for, sorted.
std::vector<std::string> getOperators();

} // namespace inlay::fuzz

#endif // INLAY_UNITTESTS_FUZZ_FRONTEND_H
