//===- StepIndexing.cpp - Numbers of a step that are found by places ------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of `StepValues` that gathers, scatters, joins and adds up along a
// dim.
//
//===----------------------------------------------------------------------===//

#include "StepValues.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// The place in a dim that `index` names, counted from its end where negative;
/// none where there is no such place.
static std::optional<int64_t> findPlace(double index, int64_t size) {
  double at = index < 0 ? index + static_cast<double>(size) : index;
  if (!(at >= 0 && at < static_cast<double>(size)))
    return std::nullopt;
  return static_cast<int64_t>(at);
}

StepValues::Result StepValues::computeGather(GatherOp op, Range range,
                                             int depth) {
  ArrayRef<int64_t> shape = getShape(op.getInput());
  size_t axis = op.getAxis();
  int64_t inner = numElements(shape.drop_front(axis + 1));
  Piece indices = getWhole(op.getIndices(), depth - 1);
  if (!indices)
    return nullptr;
  auto count = static_cast<int64_t>(indices.numbers->size());
  // Where each element lies in the input, and which part that is.
  std::vector<int64_t> places(range.size());
  Range needed{INT64_MAX, 0};
  for (int64_t at = range.begin; at < range.end; ++at) {
    int64_t row = at / inner;
    auto place = findPlace(indices[row % count], shape[axis]);
    if (!place)
      return nullptr;
    int64_t from = (row / count * shape[axis] + *place) * inner + at % inner;
    places[at - range.begin] = from;
    needed.begin = std::min(needed.begin, from);
    needed.end = std::max(needed.end, from + 1);
  }
  if (places.empty())
    return std::make_unique<Numbers>();
  Piece input = get(op.getInput(), needed, depth - 1);
  if (!input)
    return nullptr;
  auto result = std::make_unique<Numbers>();
  for (int64_t place : places)
    result->push_back(input[place]);
  return result;
}

StepValues::Result StepValues::computeConcat(ConcatOp op, Range range,
                                             int depth) {
  ArrayRef<int64_t> shape = getShape(op.getResult());
  int64_t inner = numElements(shape.drop_front(op.getAxis()));
  if (range.size() == 0)
    return std::make_unique<Numbers>();
  // Rows of the result that the range touches; each has one run of each part.
  int64_t first = range.begin / inner, last = (range.end - 1) / inner + 1;
  auto result = std::make_unique<Numbers>(range.size());
  int64_t offset = 0;
  for (Value part : op.getInputs()) {
    int64_t run = numElements(getShape(part).drop_front(op.getAxis()));
    Piece piece = get(part, {first * run, last * run}, depth - 1);
    if (!piece)
      return nullptr;
    for (int64_t row = first; row < last; ++row)
      for (int64_t i = 0; i < run; ++i) {
        int64_t at = row * inner + offset + i;
        if (at >= range.begin && at < range.end)
          (*result)[at - range.begin] = piece[row * run + i];
      }
    offset += run;
  }
  return result;
}

/// ONNX CumSum, which has no op of its own: only masks are made with it.
StepValues::Result StepValues::computeCumulativeSum(OpaqueOp op, Range range,
                                                    int depth) {
  DictionaryAttr attrs = op.getNodeAttrsAttr();
  auto isSet = [&](StringRef name) {
    auto attr = attrs ? attrs.getAs<IntegerAttr>(name) : IntegerAttr();
    return attr && attr.getInt() != 0;
  };
  if (op.getInputs().size() != 2 || isSet("exclusive") || isSet("reverse"))
    return nullptr;
  Piece input = getWhole(op.getInputs()[0], depth - 1);
  Piece axes = input ? getWhole(op.getInputs()[1], depth - 1) : Piece();
  if (!axes || axes.numbers->size() != 1)
    return nullptr;
  ArrayRef<int64_t> shape = getShape(op.getInputs()[0]);
  auto rank = static_cast<int64_t>(shape.size());
  auto axis = static_cast<int64_t>(axes[0]);
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis >= rank)
    return nullptr;
  size_t inner = numElements(shape.drop_front(axis + 1));
  Numbers sums(*input.numbers);
  for (size_t i = 0; i < sums.size(); ++i)
    if ((i / inner) % shape[axis] != 0)
      sums[i] += sums[i - inner];
  return std::make_unique<Numbers>(sums.begin() + range.begin,
                                   sums.begin() + range.end);
}

/// ONNX GatherND: each index names the element, by several dims at once.
StepValues::Result StepValues::computeGatherND(OpaqueOp op, Range range,
                                               int depth) {
  DictionaryAttr attrs = op.getNodeAttrsAttr();
  auto batchDims =
      attrs ? attrs.getAs<IntegerAttr>("batch_dims") : IntegerAttr();
  if (op.getInputs().size() != 2 || (batchDims && batchDims.getInt() != 0))
    return nullptr;
  ArrayRef<int64_t> shape = getShape(op.getInputs()[0]);
  ArrayRef<int64_t> indexShape = getShape(op.getInputs()[1]);
  if (indexShape.empty() || indexShape.back() < 1 ||
      indexShape.back() > static_cast<int64_t>(shape.size()))
    return nullptr;
  int64_t count = indexShape.back();
  int64_t inner = numElements(shape.drop_front(count));
  Piece input = getWhole(op.getInputs()[0], depth - 1);
  if (!input || inner == 0)
    return nullptr;
  Range rows{range.begin / inner, (range.end + inner - 1) / inner};
  Piece indices =
      get(op.getInputs()[1], {rows.begin * count, rows.end * count}, depth - 1);
  if (!indices)
    return nullptr;
  auto result = std::make_unique<Numbers>();
  for (int64_t at = range.begin; at < range.end; ++at) {
    int64_t from = 0;
    for (int64_t dim = 0; dim < count; ++dim) {
      auto place = findPlace(indices[at / inner * count + dim], shape[dim]);
      if (!place)
        return nullptr;
      from = from * shape[dim] + *place;
    }
    result->push_back(input[from * inner + at % inner]);
  }
  return result;
}

/// ONNX ScatterND that writes every element, each to its own place: what
/// exporters make of an assignment to a whole slice.
StepValues::Result StepValues::computeScatterND(OpaqueOp op, Range range,
                                                int depth) {
  DictionaryAttr attrs = op.getNodeAttrsAttr();
  auto reduction = attrs ? attrs.getAs<StringAttr>("reduction") : StringAttr();
  if (op.getInputs().size() != 3 ||
      (reduction && reduction.getValue() != "none"))
    return nullptr;
  ArrayRef<int64_t> shape = getShape(op.getInputs()[0]);
  ArrayRef<int64_t> indexShape = getShape(op.getInputs()[1]);
  auto rank = static_cast<int64_t>(shape.size());
  if (indexShape.empty() || indexShape.back() != rank ||
      numElements(indexShape) != numElements(shape) * rank)
    return nullptr;
  Piece indices =
      get(op.getInputs()[1], {range.begin * rank, range.end * rank}, depth - 1);
  if (!indices)
    return nullptr;
  for (int64_t at = range.begin; at < range.end; ++at) {
    int64_t to = 0;
    for (int64_t dim = 0; dim < rank; ++dim) {
      auto place = findPlace(indices[at * rank + dim], shape[dim]);
      if (!place)
        return nullptr;
      to = to * shape[dim] + *place;
    }
    if (to != at)
      return nullptr;
  }
  return copy(op.getInputs()[2], range, depth - 1);
}
