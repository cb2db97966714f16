//===- Cover.h - Whether views take every element once ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_COVER_H
#define INLAY_LIB_CHECK_COVER_H

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace inlay::checker {

/// Elements first + sum of index[d] * stride[d] for all index[d] < size[d].
struct View {
  int64_t first = 0;
  std::vector<std::pair<int64_t, int64_t>> dims; ///< size and stride
};

/// How often the views together take each of `size` elements: the number where
/// all are taken equally often, nothing where they are not. The time depends on
/// the number of views and dims, not of elements, for everything that a tensor
/// can be split into along its dims; other views are counted one element after
/// the other.
std::optional<int64_t> coverage(const std::vector<View> &views, int64_t size);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_COVER_H
