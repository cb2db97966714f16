//===- FrontEnd.h - Times the way to the dataflow level ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAY_BENCH_FRONTEND_H
#define INLAY_TOOLS_INLAY_BENCH_FRONTEND_H

#include "inlay/Compiler/CompileOptions.h"

#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>

namespace inlay {

/// Imports `path` as inlayc does (an ONNX file or a config), runs the levels up
/// to dataflow, and prints the processor seconds (user and system) of the
/// import, of each pass with the verifier before it, and of all. Returns the
/// exit status: that of inlayc.
int timeFrontEnd(const std::string &path, llvm::raw_ostream &os);

/// Compiles `path` up to the wafer level and gives the processor seconds of one
/// pass with the verifier before it; null with the exit status after an error.
std::optional<double> secondsOfPass(const std::string &path,
                                    const CompileOptions &options,
                                    const std::string &pass, int &status);

} // namespace inlay

#endif // INLAY_TOOLS_INLAY_BENCH_FRONTEND_H
