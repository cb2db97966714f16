//===- NodeLocStorage.h - How a context keeps locations of nodes *- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_NODELOCSTORAGE_H
#define INLAY_DIALECTS_ONNX_IR_NODELOCSTORAGE_H

#include "dialects/Onnx/IR/NodeNames.h"
#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/IR/AttributeSupport.h"

#include <new>
#include <utility>

namespace inlay::onnx::detail {

/// The hash of a location is the number of its name in the context. So nodes
/// that come one after the other have places one after the other in the table
/// of the context, and no two locations ever meet there.
struct NodeLocAttrStorage : mlir::AttributeStorage {
  using KeyTy = std::pair<const NodeNames *, uint32_t>;

  explicit NodeLocAttrStorage(const KeyTy &key)
      : names(key.first), index(key.second) {}

  bool operator==(const KeyTy &key) const {
    return names == key.first && index == key.second;
  }
  static llvm::hash_code hashKey(const KeyTy &key) {
    return key.first->firstNumber + key.second;
  }
  static NodeLocAttrStorage *
  construct(mlir::AttributeStorageAllocator &allocator, const KeyTy &key) {
    return new (allocator.allocate<NodeLocAttrStorage>())
        NodeLocAttrStorage(key);
  }

  const NodeNames *names;
  uint32_t index;
};

} // namespace inlay::onnx::detail

#endif // INLAY_DIALECTS_ONNX_IR_NODELOCSTORAGE_H
