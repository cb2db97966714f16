//===- Serialise.h - Plain structs as ONNX's messages ---------- -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The counterpart of reading: the same plain structs, written as protobuf. What
// the structs do not hold (documentation, metadata) is not written.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ONNX_SERIALISE_H
#define INLAY_ONNX_SERIALISE_H

#include "inlay/Onnx/Model.h"
#include "inlay/Onnx/WireWriter.h"

#include <string>

namespace inlay::onnx::file {

/// The bytes of an .onnx file. Graphs are written in the order of `nodes`.
/// Tensors are written as they are stored: external ones as references, the
/// others with a copy of their bytes.
std::string serialiseModel(const Model &model);

/// The bytes of a TensorProto of strings, for `Tensor::message` of a tensor
/// whose storage is `Message`. The tensor's name is not part of it.
std::string serialiseStrings(llvm::ArrayRef<int64_t> dims,
                             llvm::ArrayRef<llvm::StringRef> strings);

/// One message as a field of the message that `writer` is at.
void writeNode(WireWriter &writer, unsigned field, const Node &node);
void writeTensor(WireWriter &writer, unsigned field, const Tensor &tensor);
void writeValueInfo(WireWriter &writer, unsigned field, const ValueInfo &value);
void writeOpset(WireWriter &writer, unsigned field, const Opset &opset);

} // namespace inlay::onnx::file

#endif // INLAY_ONNX_SERIALISE_H
