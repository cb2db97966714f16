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

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <optional>

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

/// A node of the graph, with what its subgraphs capture among its inputs. What
/// it names are views of the file: a model may have half a million nodes.
struct Node {
  llvm::StringRef name;
  std::string domain, type;
  llvm::SmallVector<llvm::StringRef, 3> inputs;
  llvm::SmallVector<llvm::StringRef, 1> outputs;
  std::vector<std::string> inner; ///< labels of the nodes of its subgraphs
  uint64_t attributes = 0;        ///< a hash of their bytes
  std::vector<int64_t> perm;      ///< of a Transpose
  std::vector<int64_t> split;     ///< of a Split that has it as an attribute
  bool swaps[2] = {false, false}; ///< transA and transB of a Gemm
  /// Attribute `k`, or the only integer of a Constant.
  std::optional<int64_t> number;
  int64_t window = -1; ///< attribute `local_window_size`

  llvm::StringRef firstOutput() const {
    for (llvm::StringRef output : outputs)
      if (!output.empty())
        return output;
    return type;
  }
  /// What messages and plans call it.
  std::string label() const {
    return (name.empty() ? firstOutput() : name).str();
  }
};

class Model {
public:
  std::string fileName;   ///< of what the plan is about, without its folder
  std::string fileSha256; ///< of it
  std::unique_ptr<llvm::MemoryBuffer> bytes; ///< of the file that was read
  llvm::StringMap<Initializer> initializers;
  std::vector<llvm::StringRef> initializerNames; ///< sorted
  std::vector<std::string> inputs;  ///< that are no initializers, in order
  std::vector<std::string> outputs; ///< in order
  /// Of inputs that are tensors; 0 where a dim is no number.
  llvm::StringMap<std::vector<int64_t>> inputDims;
  llvm::StringSet<llvm::BumpPtrAllocator>
      reachable; ///< names that outputs depend on
  /// Of an initializer with 64-bit integers in the file that was read.
  std::optional<std::vector<int64_t>> integersOf(llvm::StringRef name) const;

  std::vector<Node> nodes; ///< that outputs depend on, each behind
                           ///< those whose values it reads
};

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_ONNXFILE_H
