//===- Decoder.h - From protobuf messages to plain structs ---- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per message of onnx.proto. Unknown fields are passed over; a
// message that occurs twice where one is expected is merged, as protobuf does.
// What the values mean is not looked at here (see Checker.h), with one
// exception: nesting is limited, because later code recurses.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ONNX_DECODER_H
#define INLAY_LIB_ONNX_DECODER_H

#include "WireReader.h"

#include "inlay/Onnx/Model.h"

namespace inlay::onnx::file {

class Decoder {
public:
  /// Offsets of tensors count from `origin`, the first byte of the file.
  Decoder(const char *origin, WireError &error)
      : origin(origin), error(error) {}

  /// False where the bytes are no ONNX model; `error` says why.
  bool decodeModel(llvm::StringRef bytes, Model &model);
  void decodeTensor(llvm::StringRef message, Tensor &tensor);
  /// Some file nests deeper than kMaxNesting.
  bool isTooDeep() const { return tooDeep; }

private:
  void decodeModelField(WireReader &reader, Model &model);
  void decodeGraph(WireReader reader, Graph &graph);
  void decodeNode(WireReader reader, Node &node);
  void decodeAttribute(WireReader reader, Attribute &attribute);
  void decodeAttributeList(WireReader &reader, AttributeLists &lists);
  void decodeTensorData(WireReader &reader, Tensor &tensor,
                        unsigned &numPieces);
  void decodeExternalData(WireReader reader, Tensor &tensor);
  void decodeValueInfo(WireReader reader, ValueInfo &value);
  void decodeType(WireReader reader, Type &type);
  void decodeTypeOfKind(WireReader reader, Type &type, Type::Kind kind);
  void decodeShape(WireReader reader, Type &type);
  void decodeOpset(WireReader reader, std::vector<Opset> &opsets);
  void decodeFunction(WireReader reader, Function &function);
  llvm::StringRef decodeSparseName(WireReader reader);
  bool enter();

  const char *origin;
  WireError &error;
  unsigned depth = 0;
  bool tooDeep = false;
};

/// "ai.onnx" is another name of the default domain.
inline llvm::StringRef normaliseDomain(llvm::StringRef domain) {
  return domain == "ai.onnx" ? llvm::StringRef() : domain;
}

} // namespace inlay::onnx::file

#endif // INLAY_LIB_ONNX_DECODER_H
