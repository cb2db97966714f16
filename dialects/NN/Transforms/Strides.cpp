//===- Strides.cpp - Walks over the elements of several tensors -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strides.h"

#include <algorithm>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

SmallVector<int64_t> inlay::nn::rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

SmallVector<int64_t> inlay::nn::broadcastStrides(ArrayRef<int64_t> shape,
                                                 size_t rank) {
  SmallVector<int64_t> strides(rank, 0);
  SmallVector<int64_t> own = rowMajorStrides(shape);
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 1)
      strides[rank - shape.size() + i] = own[i];
  return strides;
}

/// Dims of size 1 are no dims, and one along which all operands go on where
/// the next has ended is one with that.
StridedWalk::StridedWalk(ArrayRef<int64_t> shape,
                         ArrayRef<SmallVector<int64_t>> given,
                         ArrayRef<int64_t> starts)
    : strides(given.size()), starts(starts) {
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    int64_t size = shape[dim];
    if (size == 1)
      continue;
    bool continues =
        !sizes.empty() && llvm::all_of(llvm::seq(given.size()), [&](size_t i) {
          return strides[i].back() == given[i][dim] * size;
        });
    if (continues)
      sizes.back() *= size;
    else
      sizes.push_back(size);
    for (auto [ours, theirs] : llvm::zip_equal(strides, given)) {
      if (continues)
        ours.back() = theirs[dim];
      else
        ours.push_back(theirs[dim]);
    }
  }
  if (!sizes.empty())
    return;
  sizes.push_back(1);
  for (SmallVector<int64_t> &ours : strides)
    ours.push_back(0);
}

void StridedWalk::visit(int64_t begin, int64_t end, Visit visit) const {
  if (begin >= end)
    return;
  SmallVector<int64_t> index(sizes.size());
  int64_t rest = begin;
  for (size_t dim = sizes.size(); dim-- > 0;) {
    index[dim] = rest % sizes[dim];
    rest /= sizes[dim];
  }
  SmallVector<int64_t> places(strides.size());
  for (int64_t at = begin; at < end;) {
    for (size_t i = 0; i < strides.size(); ++i) {
      places[i] = starts[i];
      for (size_t dim = 0; dim < sizes.size(); ++dim)
        places[i] += index[dim] * strides[i][dim];
    }
    int64_t count = std::min(sizes.back() - index.back(), end - at);
    visit(at, count, places);
    at += count;
    index.back() += count;
    for (size_t dim = sizes.size(); dim-- > 1 && index[dim] == sizes[dim];) {
      index[dim] = 0;
      ++index[dim - 1];
    }
  }
}

std::pair<int64_t, int64_t> StridedWalk::bounds(unsigned operand, int64_t begin,
                                                int64_t end) const {
  if (begin >= end)
    return {starts[operand], starts[operand]};
  int64_t least = INT64_MAX, most = INT64_MIN;
  visit(begin, end, [&](int64_t, int64_t count, ArrayRef<int64_t> places) {
    int64_t last = places[operand] + (count - 1) * step(operand);
    least = std::min({least, places[operand], last});
    most = std::max({most, places[operand], last});
  });
  return {least, most + 1};
}
