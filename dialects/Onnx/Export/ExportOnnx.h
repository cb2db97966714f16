//===- ExportOnnx.h - From the inlay_onnx dialect to ONNX files -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The counterpart of the import. Weights stay where they are: the file that is
// written refers to the files that the handles name, the original model among
// them, and belongs into their folder.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_EXPORT_EXPORTONNX_H
#define INLAY_DIALECTS_ONNX_EXPORT_EXPORTONNX_H

#include "inlay/Onnx/DataType.h"

#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>

namespace inlay::onnx {

/// The bytes of an ONNX file that says what the one `inlay_onnx.graph` of
/// `module` and its functions say. `weightsFolder` is where the files of weight
/// handles lie; it is needed only for bytes that ONNX cannot refer to: those
/// with encoding `varint` or `proto`, and large tensors in attributes of nodes
/// other than Constant. Reports errors on the ops that have them.
mlir::FailureOr<std::string>
exportOnnx(mlir::ModuleOp module,
           std::optional<llvm::StringRef> weightsFolder = std::nullopt);

/// The ONNX element type, or Undefined where ONNX has none like it.
file::DataType getDataType(mlir::Type elementType);

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_EXPORT_EXPORTONNX_H
