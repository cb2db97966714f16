//===- Convolution.cpp - Shapes of convolutions and poolings --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

namespace {
/// How a window moves over the spatial dims.
struct Window {
  SmallVector<int64_t> kernel, strides, dilations, pads;
  StringRef autoPad;
  bool ceilMode;
};
} // namespace

/// Reads attributes for `dims` spatial dims; `kernel` may be given by weights.
static FailureOr<Window> readWindow(NodeInference &n, size_t dims,
                                    ArrayRef<int64_t> kernel) {
  Window w;
  w.kernel = n.intsAttr("kernel_shape").value_or(SmallVector<int64_t>(kernel));
  w.strides = n.intsAttr("strides").value_or(SmallVector<int64_t>(dims, 1));
  w.dilations = n.intsAttr("dilations").value_or(SmallVector<int64_t>(dims, 1));
  w.pads = n.intsAttr("pads").value_or(SmallVector<int64_t>(2 * dims, 0));
  w.autoPad = n.node.getStringAttr("auto_pad", "NOTSET");
  w.ceilMode = n.intAttr("ceil_mode", 0) != 0;
  auto isPositive = [](int64_t value) { return value > 0; };
  if (w.kernel.size() == dims && w.strides.size() == dims &&
      w.dilations.size() == dims && w.pads.size() == 2 * dims &&
      llvm::all_of(w.strides, isPositive) &&
      llvm::all_of(w.dilations, isPositive))
    return w;
  n.error() << "kernel_shape, strides, dilations or pads do not fit "
            << static_cast<int64_t>(dims) << " spatial dims";
  return failure();
}

/// Number of positions of the window along spatial dim `dim` of `size`.
static int64_t countPositions(const Window &w, size_t dim, int64_t size) {
  int64_t stride = w.strides[dim];
  if (!isKnown(size) || !isKnown(w.kernel[dim]))
    return ShapedType::kDynamic;
  if (w.autoPad.starts_with("SAME"))
    return ceilDiv(size, stride);
  int64_t extent = addDims(mulDims(w.kernel[dim] - 1, w.dilations[dim]), 1);
  int64_t padded = size;
  if (w.autoPad != "VALID")
    padded =
        addDims(padded, addDims(w.pads[dim], w.pads[w.strides.size() + dim]));
  int64_t span = addDims(padded, -extent);
  if (!isKnown(span) || span < 0)
    return isKnown(span) ? 0 : span;
  int64_t count = span / stride + 1;
  // A last window that is partly outside counts where it starts inside.
  if (w.ceilMode && span % stride != 0 && isKnown(mulDims(count, stride)) &&
      mulDims(count, stride) < addDims(size, w.pads[dim]))
    ++count;
  return count;
}

static LogicalResult setWindowed(NodeInference &n, int64_t channels,
                                 ArrayRef<int64_t> kernel) {
  Shape shape = *n.shape(0);
  size_t dims = shape.size() - 2;
  FailureOr<Window> window = readWindow(n, dims, kernel);
  if (failed(window))
    return failure();
  Shape result{shape[0], channels};
  for (size_t dim = 0; dim < dims; ++dim)
    result.push_back(countPositions(*window, dim, shape[2 + dim]));
  n.set(0, result, n.elementType(0));
  if (n.opType() == "MaxPool")
    n.set(1, result, Builder(n.node.getContext()).getI64Type());
  return success();
}

/// X [N, C, spatial...], W [M, C / group, kernel...].
static LogicalResult inferConv(NodeInference &n) {
  std::optional<Shape> x = n.shape(0), w = n.shape(1);
  if (!x || !w)
    return success();
  if (x->size() < 3)
    return n.expectRank(0, 3);
  if (failed(n.expectRank(1, x->size())))
    return failure();
  int64_t groups = n.intAttr("group", 1);
  if (failed(n.expectDim(0, 1, mulDims((*w)[1], groups),
                         "channels of the weights")))
    return failure();
  return setWindowed(n, (*w)[0], ArrayRef<int64_t>(*w).drop_front(2));
}

static LogicalResult inferPool(NodeInference &n) {
  std::optional<Shape> x = n.shape(0);
  if (!x)
    return success();
  if (x->size() < 3)
    return n.expectRank(0, 3);
  return setWindowed(n, (*x)[1], {});
}

static LogicalResult inferGlobalPool(NodeInference &n) {
  std::optional<Shape> x = n.shape(0);
  if (!x || x->size() < 2)
    return success();
  std::fill(x->begin() + 2, x->end(), 1);
  n.set(0, *x, n.elementType(0));
  return success();
}

void onnx::addConvolutions(InferTable &table) {
  table["Conv"] = inferConv;
  for (StringRef name : {"MaxPool", "AveragePool", "LpPool"})
    table[name] = inferPool;
  for (StringRef name : {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"})
    table[name] = inferGlobalPool;
}
