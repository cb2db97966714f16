//===- SafetensorsIndex.h - Where tensors lie in a .safetensors -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The header of a file of Hugging Face's format: eight bytes with its length,
// little end first, then JSON from names to element type, shape and the range
// of bytes behind the header. An ONNX model that keeps its data in such a file
// names ranges of the whole file; the index says what lies there.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ONNX_SAFETENSORSINDEX_H
#define INLAY_LIB_ONNX_SAFETENSORSINDEX_H

#include "inlay/Onnx/Model.h"

#include <optional>
#include <string>
#include <vector>

namespace inlay::onnx::file {

class SafetensorsIndex {
public:
  /// Reads the header of the file at `path`, which has `fileBytes`. None where
  /// it is not of the format; `error` then says why, as "has ...".
  static std::optional<SafetensorsIndex>
  read(const std::string &path, uint64_t fileBytes, std::string &error);

  /// What is wrong with taking `tensor` from the bytes that it names: they lie
  /// in the header, or in no one tensor of its element type. Empty if nothing.
  std::string check(const Tensor &tensor) const;

private:
  struct Entry {
    uint64_t begin, end; ///< of the whole file
    std::string name, type;
  };

  uint64_t headerEnd = 0;
  std::vector<Entry> entries; ///< by begin
};

} // namespace inlay::onnx::file

#endif // INLAY_LIB_ONNX_SAFETENSORSINDEX_H
