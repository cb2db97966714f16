//===- Decode.h - Elements out of protobuf's fields -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan may point at elements that are not stored one after the other: as
// protobuf's varints, or spread over the fields of a message. Nothing but the
// bytes is trusted, and nothing is allocated beyond eight times as many.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_PLAN_DECODE_H
#define INLAY_LIB_PLAN_DECODE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace inlay::plan {

/// The elements in `bytes`, little-endian, `storedBits` each: "varint" is one
/// packed varint for each of them, "proto" a serialised onnx.TensorProto that
/// has them in any of its fields, in one piece or in several. None where the
/// bytes are not that, or the encoding is another one.
std::optional<std::string> decodeElements(llvm::StringRef bytes,
                                          llvm::StringRef encoding,
                                          int64_t storedBits);

} // namespace inlay::plan

#endif // INLAY_LIB_PLAN_DECODE_H
