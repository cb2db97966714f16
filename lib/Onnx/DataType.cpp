//===- DataType.cpp - Element types of ONNX tensors -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Onnx/DataType.h"

#include <iterator>

using namespace inlay::onnx::file;

namespace {
struct Entry {
  const char *name;
  unsigned bits;
};

/// By the type's number.
constexpr Entry entries[] = {
    {"UNDEFINED", 0},      {"FLOAT", 32},     {"UINT8", 8},
    {"INT8", 8},           {"UINT16", 16},    {"INT16", 16},
    {"INT32", 32},         {"INT64", 64},     {"STRING", 0},
    {"BOOL", 8},           {"FLOAT16", 16},   {"DOUBLE", 64},
    {"UINT32", 32},        {"UINT64", 64},    {"COMPLEX64", 64},
    {"COMPLEX128", 128},   {"BFLOAT16", 16},  {"FLOAT8E4M3FN", 8},
    {"FLOAT8E4M3FNUZ", 8}, {"FLOAT8E5M2", 8}, {"FLOAT8E5M2FNUZ", 8},
    {"UINT4", 4},          {"INT4", 4},       {"FLOAT4E2M1", 4},
    {"FLOAT8E8M0", 8},     {"UINT2", 2},      {"INT2", 2},
};
} // namespace

bool inlay::onnx::file::isKnownDataType(int32_t code) {
  return code > 0 && code < static_cast<int32_t>(std::size(entries));
}

const char *inlay::onnx::file::getDataTypeName(DataType type) {
  return entries[static_cast<int32_t>(type)].name;
}

unsigned inlay::onnx::file::getDataTypeBits(DataType type) {
  return entries[static_cast<int32_t>(type)].bits;
}
