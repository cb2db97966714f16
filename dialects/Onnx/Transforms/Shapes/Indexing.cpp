//===- Indexing.cpp - Shapes of gathers, scatters and top-k ---------------===//
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

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

/// Picks elements along `axis`; indices that are unknown or out of range give
/// unknown elements.
static ConstTensor foldGather(const ConstTensor &data,
                              const ConstTensor &indices,
                              ArrayRef<int64_t> shape, int64_t axis) {
  ConstTensor result(shape, data.elementType());
  size_t numIndexDims = indices.shape().size();
  SmallVector<int64_t> source;
  forEachIndex(shape, [&](int64_t at, ArrayRef<int64_t> index) {
    const Element &pick = indices[broadcastPosition(
        index.slice(axis, numIndexDims), indices.shape())];
    int64_t size = data.shape()[axis];
    int64_t row = pick.i < 0 ? pick.i + size : pick.i;
    if (!pick.known || row < 0 || row >= size)
      return;
    source.assign(index.begin(), index.begin() + axis);
    source.push_back(row);
    llvm::append_range(source, index.drop_front(axis + numIndexDims));
    result.set(at, data[broadcastPosition(source, data.shape())]);
  });
  return result;
}

static LogicalResult inferGather(NodeInference &n) {
  std::optional<Shape> data = n.shape(0), indices = n.shape(1);
  if (!data || !indices)
    return success();
  FailureOr<int64_t> axis = n.axis(n.intAttr("axis", 0), data->size());
  if (failed(axis))
    return failure();
  Shape result(data->begin(), data->begin() + *axis);
  llvm::append_range(result, *indices);
  result.append(data->begin() + *axis + 1, data->end());
  n.set(0, result, n.elementType(0));
  const ConstTensor *value = n.value(0), *picks = n.value(1);
  if (value && picks && !picks->isFloat() &&
      n.mayFold(result, n.elementType(0)))
    n.fold(0, foldGather(*value, *picks, result, *axis));
  return success();
}

/// Data and indices have one rank; the output is as the indices.
static LogicalResult inferGatherElements(NodeInference &n) {
  std::optional<Shape> data = n.shape(0), indices = n.shape(1);
  if (!indices)
    return success();
  if (data && failed(n.expectRank(1, data->size())))
    return failure();
  n.set(0, *indices, n.elementType(0));
  return success();
}

/// The last dim of the indices addresses the first dims (after the batch).
static LogicalResult inferGatherND(NodeInference &n) {
  std::optional<Shape> data = n.shape(0), indices = n.shape(1);
  if (!data || !indices || indices->empty())
    return success();
  int64_t tuple = indices->back();
  int64_t skipped = addDims(n.intAttr("batch_dims", 0), tuple);
  if (!isKnown(skipped))
    return success();
  if (skipped < 0 || skipped > static_cast<int64_t>(data->size()))
    return n.error() << "indices of shape " << formatShape(*indices)
                     << " address more dims than " << formatShape(*data)
                     << " has",
           failure();
  Shape result(indices->begin(), indices->end() - 1);
  result.append(data->begin() + skipped, data->end());
  n.set(0, result, n.elementType(0));
  return success();
}

/// Output 0 is input 0 with some elements replaced.
static LogicalResult inferScatter(NodeInference &n) {
  n.setLike(0, 0);
  return success();
}

static LogicalResult inferScatterElements(NodeInference &n) {
  n.setLike(0, 0);
  if (std::optional<Shape> data = n.shape(0))
    return failure(failed(n.axis(n.intAttr("axis", 0), data->size())) ||
                   failed(n.expectRank(1, data->size())) ||
                   failed(n.expectRank(2, data->size())));
  return success();
}

//===----------------------------------------------------------------------===//
// TopK, OneHot
//===----------------------------------------------------------------------===//

/// K was an attribute before opset 10 and is input 1 since.
static LogicalResult inferTopK(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  FailureOr<int64_t> axis = n.axis(n.intAttr("axis", -1), shape->size());
  if (failed(axis))
    return failure();
  int64_t k = n.intAttr("k", ShapedType::kDynamic);
  if (n.has(1))
    if (std::optional<SmallVector<int64_t>> given = n.ints(1);
        given && given->size() == 1)
      k = given->front();
  int64_t size = (*shape)[*axis];
  if (isKnown(k) && (k < 0 || (isKnown(size) && k > size)))
    return n.error() << "cannot take the top " << k << " of dim " << *axis
                     << " of " << formatShape(*shape),
           failure();
  Shape result = *shape;
  result[*axis] = k;
  n.set(0, result, n.elementType(0));
  n.set(1, result, Builder(n.node.getContext()).getI64Type());
  return success();
}

/// The indices with a new dim of size depth at `axis`.
static LogicalResult inferOneHot(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  FailureOr<int64_t> axis = n.axis(n.intAttr("axis", -1), shape->size() + 1);
  if (failed(axis))
    return failure();
  int64_t depth = ShapedType::kDynamic;
  if (const ConstTensor *given = n.value(1); given && given->size() == 1) {
    ConstTensor whole = given->cast(Builder(n.node.getContext()).getI64Type());
    depth = whole.asDims().front();
  }
  Shape result = *shape;
  result.insert(result.begin() + *axis, depth);
  n.set(0, result, n.elementType(2));
  return success();
}

//===----------------------------------------------------------------------===//
// Operators whose sizes depend on data
//===----------------------------------------------------------------------===//

/// Keeps the elements along `axis` that a mask names.
static LogicalResult inferCompress(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  Shape result{ShapedType::kDynamic};
  if (n.hasAttr("axis")) {
    FailureOr<int64_t> axis = n.axis(n.intAttr("axis", 0), shape->size());
    if (failed(axis))
      return failure();
    result = *shape;
    result[*axis] = ShapedType::kDynamic;
  }
  n.set(0, result, n.elementType(0));
  return success();
}

/// The unique elements (or slices along `axis`) and three lists of indices.
static LogicalResult inferUnique(NodeInference &n) {
  if (failed(inferCompress(n)))
    return failure();
  for (unsigned i = 1; i < 4; ++i)
    n.set(i, Shape{ShapedType::kDynamic},
          Builder(n.node.getContext()).getI64Type());
  return success();
}

void onnx::addIndexing(InferTable &table) {
  table["Gather"] = inferGather;
  table["GatherElements"] = inferGatherElements;
  table["GatherND"] = inferGatherND;
  table["ScatterND"] = inferScatter;
  table["ScatterElements"] = inferScatterElements;
  table["Scatter"] = inferScatterElements;
  table["TensorScatter"] = inferScatter;
  table["ReverseSequence"] = inferScatter;
  table["TopK"] = inferTopK;
  table["OneHot"] = inferOneHot;
  table["Compress"] = inferCompress;
  table["Unique"] = inferUnique;
}
