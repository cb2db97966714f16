//===- BuildGraph.h - The kernels of a model, from its config ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_BUILDGRAPH_H
#define INLAY_COMPILER_BUILDGRAPH_H

#include "inlay/Compiler/CompileOptions.h"
#include "inlay/ModelGen/ModelGen.h"

namespace inlay {

/// Makes the ONNX model of a config (text of a config.json) in memory, imports
/// it, and takes it through all levels before the wafer: what mapping and cost
/// would see of it. `options` give phase, batch, context and chunk. Null with
/// the diagnostics in `error` where that fails.
std::optional<model::Graph> buildGraph(llvm::StringRef config,
                                       modelgen::Encoding encoding,
                                       const CompileOptions &options,
                                       std::string &error);

} // namespace inlay

#endif // INLAY_COMPILER_BUILDGRAPH_H
