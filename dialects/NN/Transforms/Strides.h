//===- Strides.h - Walks over the elements of several tensors ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An operator that takes each element of its result from one place of each
// operand, a fixed distance further along each dim, runs over them in straight
// lines that are as long as the shapes allow.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_STRIDES_H
#define INLAY_DIALECTS_NN_TRANSFORMS_STRIDES_H

#include "dialects/NN/IR/NN.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace inlay::nn {

/// Distances of the elements of a tensor along its dims, in row-major order.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

/// The same where a tensor of `shape` is broadcast to one of rank `rank`: 0
/// along dims of size 1 and those that it lacks.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> shape,
                                            size_t rank);

/// Places in each operand of the elements of a result.
class StridedWalk {
public:
  /// `strides` has, for each operand, a distance for each dim of the result;
  /// `starts` the place of its first element.
  StridedWalk(llvm::ArrayRef<int64_t> shape,
              llvm::ArrayRef<llvm::SmallVector<int64_t>> strides,
              llvm::ArrayRef<int64_t> starts);

  /// Elements of the result from `at` on, `count` of them, and where the first
  /// lies in each operand.
  using Visit = llvm::function_ref<void(int64_t at, int64_t count,
                                        llvm::ArrayRef<int64_t> places)>;
  /// Visits the elements from `begin` up to `end`, in order.
  void visit(int64_t begin, int64_t end, Visit visit) const;

  /// From one element of a visited line to the next, in each operand.
  int64_t step(unsigned operand) const { return strides[operand].back(); }

  /// The first place in an operand that a visit touches, and the one behind
  /// its last.
  std::pair<int64_t, int64_t> bounds(unsigned operand, int64_t begin,
                                     int64_t end) const;

private:
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<llvm::SmallVector<int64_t>> strides;
  llvm::SmallVector<int64_t> starts;
};

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_STRIDES_H
