//===- SharedScales.cpp - Scales that whole blocks share ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedScales.h"

#include "Moe/Peel.h"
#include "dialects/NN/IR/NN.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay::nn;
using moe::Axis;
using moe::Layout;
using moe::Term;

/// Names for the dims of a tensor: which, does not matter.
static constexpr Axis kDims[] = {Axis::Expert, Axis::Inner, Axis::Hidden};

/// Where the scale of each element of a tensor lies.
static std::optional<Layout> layoutOf(ArrayRef<int64_t> scales,
                                      ArrayRef<int64_t> shape,
                                      ArrayRef<int64_t> blocks) {
  SmallVector<Layout> dims;
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (blocks[i] == 0 && scales.size() != shape.size())
      continue;
    std::optional<Layout> dim =
        blocks[i] ? moe::divide({0, {{kDims[i], size}}}, blocks[i]) : Layout();
    if (!dim)
      return std::nullopt;
    dims.push_back(*dim);
  }
  return dims.size() == scales.size() ? moe::join(dims, scales) : std::nullopt;
}

/// The blocks that a layout of scales in row-major order says.
static std::optional<SmallVector<int64_t>>
readBlocks(const Layout &layout, ArrayRef<int64_t> shape, int64_t elements) {
  SmallVector<int64_t> blocks(shape.size(), 0);
  size_t seen = 0;
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    const Term *term = layout.find(kDims[i]);
    if (!term)
      continue;
    if (term->stride != stride)
      return std::nullopt;
    ++seen;
    blocks[i] = term->divisor;
    stride *= term->size;
  }
  bool isAll =
      layout.first == 0 && seen == layout.terms.size() && stride == elements;
  return isAll ? std::optional(blocks) : std::nullopt;
}

std::optional<SharedScales>
inlay::nn::readSharedScales(Value scales, ArrayRef<int64_t> shape,
                            ArrayRef<int64_t> blocks) {
  auto stored = moe::shapeOf(scales);
  if (!stored || shape.size() > std::size(kDims) ||
      ShapedType::isDynamicShape(shape) || ShapedType::isDynamicShape(*stored))
    return std::nullopt;
  std::optional<Layout> layout = layoutOf(*stored, shape, blocks);
  if (!layout)
    return std::nullopt;
  moe::View view{scales, *layout};
  moe::peel(view, /*casts=*/false);
  auto source = moe::shapeOf(view.value);
  if (!source || ShapedType::isDynamicShape(*source) ||
      numElements(*source) >= numElements(*stored))
    return std::nullopt;
  auto read = readBlocks(view.layout, shape, numElements(*source));
  if (!read)
    return std::nullopt;
  return SharedScales{view.value, std::move(*read)};
}
