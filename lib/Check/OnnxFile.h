//===- OnnxFile.h - What a checker knows of an ONNX file --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_ONNXFILE_H
#define INLAY_LIB_CHECK_ONNXFILE_H

#include "inlay/Check/Check.h"

#include <cstdint>
#include <map>
#include <set>

namespace inlay::checker {

/// A tensor of the file: where its bytes are.
struct Initializer {
  std::string name, file;
  std::string encoding; ///< "raw", "varint" or "proto", as in a plan
  int64_t offset = 0, length = 0;
  int64_t elements = 0;
  std::vector<int64_t> dims;
  int64_t bits = 0; ///< of a stored element
};

/// A node of the graph, with what its subgraphs capture among its inputs.
struct Node {
  std::string name, domain, type;
  std::vector<std::string> inputs, outputs;
  std::vector<std::string> inner; ///< labels of the nodes of its subgraphs
  uint64_t attributes = 0;        ///< a hash of their bytes
  std::vector<int64_t> perm;      ///< of a Transpose
  bool swaps[2] = {false, false}; ///< transA and transB of a Gemm

  const std::string &firstOutput() const {
    for (const std::string &output : outputs)
      if (!output.empty())
        return output;
    return type;
  }
  /// What messages and plans call it.
  const std::string &label() const {
    return name.empty() ? firstOutput() : name;
  }
};

class Model {
public:
  std::string fileName;   ///< of what the plan is about, without its folder
  std::string fileSha256; ///< of it
  std::map<std::string, Initializer> initializers;
  std::vector<std::string> inputs;  ///< that are no initializers, in order
  std::vector<std::string> outputs; ///< in order
  std::set<std::string> reachable;  ///< names that outputs depend on
  std::vector<Node> nodes;          ///< that outputs depend on, each behind
                                    ///< those whose values it reads
};

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_ONNXFILE_H
