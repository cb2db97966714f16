//===- DataType.h - Element types of ONNX tensors ------------- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX's TensorProto.DataType by number, with what the library needs to know
// of each: its name and its width. Codes and widths: onnx.proto of ONNX 1.20;
// Debian's ONNX 1.12 knows the codes up to 16 only.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ONNX_DATATYPE_H
#define INLAY_ONNX_DATATYPE_H

#include <cstdint>

namespace inlay::onnx::file {

enum class DataType : int32_t {
  Undefined = 0,
  Float = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  String = 8,
  Bool = 9,
  Float16 = 10,
  Double = 11,
  Uint32 = 12,
  Uint64 = 13,
  Complex64 = 14,
  Complex128 = 15,
  BFloat16 = 16,
  Float8E4M3FN = 17,
  Float8E4M3FNUZ = 18,
  Float8E5M2 = 19,
  Float8E5M2FNUZ = 20,
  Uint4 = 21,
  Int4 = 22,
  Float4E2M1 = 23,
  Float8E8M0 = 24,
  Uint2 = 25,
  Int2 = 26,
};

/// Whether `code` is one of the types above other than Undefined.
bool isKnownDataType(int32_t code);

/// ONNX's own spelling: "FLOAT", "UINT4".
const char *getDataTypeName(DataType type);

/// Bits of one element as stored; 0 for strings.
unsigned getDataTypeBits(DataType type);

} // namespace inlay::onnx::file

#endif // INLAY_ONNX_DATATYPE_H
