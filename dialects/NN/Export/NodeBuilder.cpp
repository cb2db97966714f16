//===- NodeBuilder.cpp - Builds standard ONNX nodes -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeBuilder.h"

#include "dialects/Onnx/Export/ExportOnnx.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// The opset in which reductions other than ReduceSum take axes as an input.
static constexpr int64_t kReduceAxesAsInput = 18;

RankedTensorType NodeBuilder::typeLike(Value value, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, elementType(value));
}

//===----------------------------------------------------------------------===//
// Nodes and constants
//===----------------------------------------------------------------------===//

Value NodeBuilder::node(StringRef opType, Type type, ValueRange inputs,
                        ArrayRef<NamedAttribute> attributes) {
  return onnx::NodeOp::create(builder, loc, TypeRange(type), /*domain=*/"",
                              opType, inputs, attributes)
      .getOutputs()
      .front();
}

NamedAttribute NodeBuilder::attr(StringRef name, int64_t value) {
  return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
}

NamedAttribute NodeBuilder::attr(StringRef name, ArrayRef<int64_t> values) {
  return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
}

Value NodeBuilder::ints(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  return onnx::ConstantOp::create(
      builder, loc, cast<ElementsAttr>(DenseElementsAttr::get(type, values)));
}

Value NodeBuilder::constant(ElementsAttr value) {
  return onnx::ConstantOp::create(builder, loc, value);
}

Value NodeBuilder::splat(double value, ArrayRef<int64_t> shape, Value like) {
  Type element = elementType(like);
  Attribute number;
  if (isa<FloatType>(element))
    number = builder.getFloatAttr(element, value);
  else
    number = builder.getIntegerAttr(element, static_cast<int64_t>(value));
  auto type = RankedTensorType::get(shape, element);
  return onnx::ConstantOp::create(
      builder, loc, cast<ElementsAttr>(DenseElementsAttr::get(type, number)));
}

Value NodeBuilder::scalar(double value, Value like) {
  return splat(value, {}, like);
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Value NodeBuilder::unary(StringRef opType, Value value) {
  return node(opType, value.getType(), value);
}

Value NodeBuilder::binary(StringRef opType, Value lhs, Value rhs) {
  SmallVector<int64_t> shape = *broadcastShapes({getShape(lhs), getShape(rhs)});
  return node(opType, typeLike(lhs, shape), {lhs, rhs});
}

Value NodeBuilder::compare(StringRef opType, Value lhs, Value rhs) {
  SmallVector<int64_t> shape = *broadcastShapes({getShape(lhs), getShape(rhs)});
  return node(opType, RankedTensorType::get(shape, builder.getI1Type()),
              {lhs, rhs});
}

Value NodeBuilder::where(Value condition, Value lhs, Value rhs) {
  SmallVector<int64_t> shape =
      *broadcastShapes({getShape(condition), getShape(lhs), getShape(rhs)});
  return node("Where", typeLike(lhs, shape), {condition, lhs, rhs});
}

Value NodeBuilder::cast(Value value, Type type) {
  if (elementType(value) == type)
    return value;
  auto to = static_cast<int64_t>(onnx::getDataType(type));
  return node("Cast", RankedTensorType::get(getShape(value), type), value,
              attr("to", to));
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Value NodeBuilder::reshape(Value value, ArrayRef<int64_t> shape) {
  if (getShape(value) == shape)
    return value;
  SmallVector<NamedAttribute> attributes;
  // A 0 is a size, not "as in the input".
  if (llvm::is_contained(shape, 0))
    attributes.push_back(attr("allowzero", 1));
  return node("Reshape", typeLike(value, shape), {value, ints(shape)},
              attributes);
}

Value NodeBuilder::transpose(Value value, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(getShape(value)[dim]);
  return node("Transpose", typeLike(value, shape), value,
              attr("perm", permutation));
}

Value NodeBuilder::expand(Value value, ArrayRef<int64_t> shape) {
  if (getShape(value) == shape)
    return value;
  return node("Expand", typeLike(value, shape), {value, ints(shape)});
}

Value NodeBuilder::slice(Value value, ArrayRef<int64_t> offsets,
                         ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  SmallVector<int64_t> starts, ends, axes, steps;
  for (size_t dim = 0; dim < sizes.size(); ++dim) {
    if (sizes[dim] == getShape(value)[dim] && strides[dim] == 1)
      continue;
    starts.push_back(offsets[dim]);
    ends.push_back(sizes[dim] == 0
                       ? offsets[dim]
                       : offsets[dim] + (sizes[dim] - 1) * strides[dim] + 1);
    axes.push_back(dim);
    steps.push_back(strides[dim]);
  }
  if (axes.empty())
    return value;
  return node("Slice", typeLike(value, sizes),
              {value, ints(starts), ints(ends), ints(axes), ints(steps)});
}

Value NodeBuilder::sliceDim(Value value, int64_t dim, int64_t offset,
                            int64_t size, int64_t stride) {
  SmallVector<int64_t> sizes(getShape(value));
  SmallVector<int64_t> offsets(sizes.size(), 0);
  SmallVector<int64_t> strides(sizes.size(), 1);
  offsets[dim] = offset;
  sizes[dim] = size;
  strides[dim] = stride;
  return slice(value, offsets, sizes, strides);
}

Value NodeBuilder::concat(ValueRange values, int64_t axis) {
  if (values.size() == 1)
    return values.front();
  SmallVector<int64_t> shape(getShape(values.front()));
  shape[axis] = 0;
  for (Value value : values)
    shape[axis] += getShape(value)[axis];
  return node("Concat", typeLike(values.front(), shape), values,
              attr("axis", axis));
}

Value NodeBuilder::gather(Value value, Value indices, int64_t axis) {
  SmallVector<int64_t> shape(getShape(value).take_front(axis));
  llvm::append_range(shape, getShape(indices));
  llvm::append_range(shape, getShape(value).drop_front(axis + 1));
  return node("Gather", typeLike(value, shape), {value, indices},
              attr("axis", axis));
}

Value NodeBuilder::gatherElements(Value value, Value indices) {
  return node("GatherElements", typeLike(value, getShape(indices)),
              {value, indices}, attr("axis", -1));
}

Value NodeBuilder::scatterElements(Value into, Value indices, Value updates) {
  return node("ScatterElements", into.getType(), {into, indices, updates},
              attr("axis", -1));
}

//===----------------------------------------------------------------------===//
// Products and reductions
//===----------------------------------------------------------------------===//

Value NodeBuilder::matmul(Value lhs, Value rhs) {
  ArrayRef<int64_t> left = getShape(lhs), right = getShape(rhs);
  SmallVector<int64_t> shape =
      *broadcastShapes({left.drop_back(std::min<size_t>(2, left.size())),
                        right.drop_back(std::min<size_t>(2, right.size()))});
  if (left.size() > 1)
    shape.push_back(left[left.size() - 2]);
  if (right.size() > 1)
    shape.push_back(right.back());
  return node("MatMul", typeLike(lhs, shape), {lhs, rhs});
}

Value NodeBuilder::reduce(StringRef kind, Value value, ArrayRef<int64_t> axes,
                          bool keepDims) {
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(getShape(value)))
    if (!llvm::is_contained(axes, static_cast<int64_t>(dim)))
      shape.push_back(size);
    else if (keepDims)
      shape.push_back(1);
  SmallVector<Value> inputs{value};
  SmallVector<NamedAttribute> attributes{attr("keepdims", keepDims)};
  if (kind == "Sum" || opset >= kReduceAxesAsInput)
    inputs.push_back(ints(axes));
  else
    attributes.push_back(attr("axes", axes));
  return node(("Reduce" + kind).str(), typeLike(value, shape), inputs,
              attributes);
}

Value NodeBuilder::softmax(Value value, int64_t axis) {
  return node("Softmax", value.getType(), value, attr("axis", axis));
}

std::pair<Value, Value> NodeBuilder::topK(Value value, int64_t k, bool largest,
                                          bool sorted) {
  SmallVector<int64_t> shape(getShape(value));
  shape.back() = k;
  SmallVector<NamedAttribute> attributes{attr("axis", -1),
                                         attr("largest", largest)};
  if (!sorted)
    attributes.push_back(attr("sorted", 0));
  auto node = onnx::NodeOp::create(
      builder, loc,
      TypeRange{typeLike(value, shape),
                RankedTensorType::get(shape, builder.getI64Type())},
      /*domain=*/"", "TopK", ValueRange{value, ints(k)}, attributes);
  return {node.getOutputs()[0], node.getOutputs()[1]};
}
