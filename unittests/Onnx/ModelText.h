//===- ModelText.h - Models of the tests, written as text ----- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests write models in protobuf's text format. The bytes come from the message
// classes of the onnx package, so what is tested is not tested against itself.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_ONNX_MODELTEXT_H
#define INLAY_UNITTESTS_ONNX_MODELTEXT_H

#include "inlay/Onnx/Model.h"
#include "inlay/Support/Diagnostic.h"

#include "llvm/ADT/StringRef.h"

#include <string>

namespace inlay::onnx::file {

/// The bytes of a ModelProto; an unreadable text is a failure of the test.
std::string encode(const std::string &text);

/// The bytes of a model of one graph: IR version 8, opsets 17 of the default
/// domain and 1 of com.microsoft.
std::string encodeGraph(const std::string &graph);

/// Parses bytes that must be a sound model.
Model parseSound(const std::string &bytes);

/// What is printed about the bytes, named "model.onnx"; empty for a sound
/// model. With a folder, external data are looked for.
std::string printFindings(const std::string &bytes,
                          std::optional<llvm::StringRef> folder = std::nullopt);

} // namespace inlay::onnx::file

#endif // INLAY_UNITTESTS_ONNX_MODELTEXT_H
