//===- StepValues.cpp - Numbers that a step's bookkeeping computes --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StepValues.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

const StepValues::Numbers *StepValues::evaluate(Value value) {
  constexpr int maxDepth = 200;
  return get(value, maxDepth);
}

const StepValues::Numbers *StepValues::get(Value value, int depth) {
  auto it = known.find(value);
  if (it != known.end())
    return it->second.get();
  Result result = depth ? compute(value, depth) : nullptr;
  // Not kept where only the depth was too large: another way may be shorter.
  if (!result && !depth)
    return nullptr;
  return (known[value] = std::move(result)).get();
}

StepValues::Result StepValues::compute(Value value, int depth) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() ||
      numElements(type.getShape()) > kMaxElements)
    return nullptr;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return computeArgument(argument);
  return computeOp(value.getDefiningOp(), value, depth);
}

StepValues::Result StepValues::computeArgument(BlockArgument argument) {
  auto role = roles.find(argument);
  if (role == roles.end())
    return nullptr;
  ArrayRef<int64_t> shape = getShape(argument);
  auto numbers = std::make_unique<Numbers>(numElements(shape));
  double context = static_cast<double>(graph.getContext());
  for (size_t i = 0; i < numbers->size(); ++i)
    switch (role->second) {
    case StepRole::Valid:
      (*numbers)[i] = 1;
      break;
    case StepRole::Positions:
      (*numbers)[i] = context + static_cast<double>(i % shape.back());
      break;
    case StepRole::Start:
      (*numbers)[i] = context;
      break;
    case StepRole::Length:
      (*numbers)[i] = context + static_cast<double>(graph.getTokens());
      break;
    }
  return numbers;
}

/// Calls `visit(linear, index)` for each index of `shape` in row-major order.
static void forEachIndex(ArrayRef<int64_t> shape,
                         function_ref<void(size_t, ArrayRef<int64_t>)> visit) {
  SmallVector<int64_t> index(shape.size(), 0);
  size_t count = numElements(shape);
  for (size_t linear = 0; linear < count; ++linear) {
    visit(linear, index);
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++index[dim] < shape[dim])
        break;
      index[dim] = 0;
    }
  }
}

/// Row-major distances, 0 along dims of size 1, aligned to the last of `rank`.
static SmallVector<int64_t> broadcastStrides(ArrayRef<int64_t> shape,
                                             size_t rank) {
  SmallVector<int64_t> strides(rank, 0);
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1)
      strides[rank - shape.size() + i] = stride;
    stride *= shape[i];
  }
  return strides;
}

static size_t position(ArrayRef<int64_t> index, ArrayRef<int64_t> strides) {
  int64_t at = 0;
  for (auto [i, stride] : llvm::zip_equal(index, strides))
    at += i * stride;
  return at;
}

/// `number` in the element type `type`: whole numbers wrap nowhere here, and
/// booleans are 0 or 1.
static double convert(double number, Type type) {
  if (type.isInteger(1))
    return number != 0;
  if (isa<IntegerType>(type))
    return std::trunc(number);
  return number;
}

static std::optional<double> apply(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::Abs:
    return std::abs(x);
  case UnaryKind::Neg:
    return -x;
  case UnaryKind::Not:
    return x == 0;
  case UnaryKind::Floor:
    return std::floor(x);
  case UnaryKind::Ceil:
    return std::ceil(x);
  case UnaryKind::Relu:
    return std::max(x, 0.0);
  case UnaryKind::Log:
    return std::log(x);
  case UnaryKind::Exp:
    return std::exp(x);
  case UnaryKind::Sqrt:
    return std::sqrt(x);
  default:
    return std::nullopt;
  }
}

static double apply(BinaryKind kind, double a, double b, bool isInteger) {
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    return isInteger ? (b == 0 ? 0 : std::trunc(a / b)) : a / b;
  case BinaryKind::Pow:
    return std::pow(a, b);
  case BinaryKind::Max:
    return std::max(a, b);
  case BinaryKind::Min:
    return std::min(a, b);
  case BinaryKind::Equal:
    return a == b;
  case BinaryKind::Less:
    return a < b;
  case BinaryKind::LessOrEqual:
    return a <= b;
  case BinaryKind::Greater:
    return a > b;
  case BinaryKind::GreaterOrEqual:
    return a >= b;
  case BinaryKind::And:
    return a != 0 && b != 0;
  case BinaryKind::Or:
    return a != 0 || b != 0;
  }
  return 0;
}

StepValues::Result StepValues::computeElementwise(Operation *op, int depth) {
  ArrayRef<int64_t> shape = getShape(op->getResult(0));
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  SmallVector<const Numbers *> operands;
  SmallVector<SmallVector<int64_t>> strides;
  for (Value operand : op->getOperands()) {
    operands.push_back(get(operand, depth - 1));
    if (!operands.back())
      return nullptr;
    strides.push_back(broadcastStrides(getShape(operand), shape.size()));
  }
  bool isInteger =
      isa<IntegerType>(getElementTypeOrSelf(op->getOperand(0).getType()));
  auto result = std::make_unique<Numbers>(numElements(shape));
  bool isKnown = true;
  forEachIndex(shape, [&](size_t linear, ArrayRef<int64_t> index) {
    auto at = [&](unsigned i) {
      return (*operands[i])[position(index, strides[i])];
    };
    double number = 0;
    if (auto unary = dyn_cast<UnaryOp>(op)) {
      std::optional<double> value = apply(unary.getKind(), at(0));
      isKnown &= value.has_value();
      number = value.value_or(0);
    } else if (auto binary = dyn_cast<BinaryOp>(op)) {
      number = apply(binary.getKind(), at(0), at(1), isInteger);
    } else if (isa<WhereOp>(op)) {
      number = at(0) != 0 ? at(1) : at(2);
    } else {
      number = at(0); // conversions and copies
    }
    (*result)[linear] = convert(number, type);
  });
  return isKnown ? std::move(result) : nullptr;
}

/// Transposes and slices: each element is one of the input's.
StepValues::Result StepValues::computeIndexed(Operation *op, Value value,
                                              int depth) {
  const Numbers *input = get(op->getOperand(0), depth - 1);
  if (!input)
    return nullptr;
  ArrayRef<int64_t> from = getShape(op->getOperand(0));
  ArrayRef<int64_t> shape = getShape(value);
  SmallVector<int64_t> strides(from.size(), 1);
  for (size_t i = from.size(); i-- > 1;)
    strides[i - 1] = strides[i] * from[i];
  int64_t start = 0;
  SmallVector<int64_t> steps(strides);
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    for (auto [i, dim] : llvm::enumerate(transpose.getPermutation()))
      steps[i] = strides[dim];
  } else {
    auto slice = cast<SliceOp>(op);
    for (size_t i = 0; i < from.size(); ++i) {
      start += slice.getOffsets()[i] * strides[i];
      steps[i] = slice.getStrides()[i] * strides[i];
    }
  }
  auto result = std::make_unique<Numbers>(numElements(shape));
  forEachIndex(shape, [&](size_t linear, ArrayRef<int64_t> index) {
    (*result)[linear] = (*input)[start + position(index, steps)];
  });
  return result;
}

StepValues::Result StepValues::computeReduce(ReduceOp op, int depth) {
  const Numbers *input = get(op.getInput(), depth - 1);
  if (!input)
    return nullptr;
  ArrayRef<int64_t> shape = getShape(op.getInput());
  SmallVector<int64_t> kept(shape);
  double count = 1;
  for (int64_t axis : op.getAxes()) {
    count *= static_cast<double>(shape[axis]);
    kept[axis] = 1;
  }
  SmallVector<int64_t> strides = broadcastStrides(kept, shape.size());
  auto result = std::make_unique<Numbers>(numElements(kept));
  std::vector<bool> started(result->size(), false);
  forEachIndex(shape, [&](size_t linear, ArrayRef<int64_t> index) {
    size_t at = position(index, strides);
    double &sum = (*result)[at];
    double number = (*input)[linear];
    if (!started[at])
      sum = number;
    else if (op.getKind() == ReduceKind::Max)
      sum = std::max(sum, number);
    else if (op.getKind() == ReduceKind::Min)
      sum = std::min(sum, number);
    else if (op.getKind() == ReduceKind::Prod)
      sum *= number;
    else
      sum += number;
    started[at] = true;
  });
  if (op.getKind() == ReduceKind::Mean)
    for (double &number : *result)
      number /= count;
  return result;
}

StepValues::Result StepValues::computeGather(GatherOp op, int depth) {
  const Numbers *input = get(op.getInput(), depth - 1);
  const Numbers *indices = input ? get(op.getIndices(), depth - 1) : nullptr;
  if (!indices)
    return nullptr;
  ArrayRef<int64_t> shape = getShape(op.getInput());
  size_t axis = op.getAxis();
  size_t outer = numElements(shape.take_front(axis));
  size_t inner = numElements(shape.drop_front(axis + 1));
  size_t size = shape[axis];
  auto result = std::make_unique<Numbers>();
  result->reserve(outer * inner * indices->size());
  for (size_t i = 0; i < outer; ++i)
    for (double index : *indices) {
      double at = index < 0 ? index + static_cast<double>(size) : index;
      if (!(at >= 0 && at < static_cast<double>(size)))
        return nullptr;
      auto from = input->begin() + (i * size + static_cast<size_t>(at)) * inner;
      result->insert(result->end(), from, from + inner);
    }
  return result;
}

StepValues::Result StepValues::computeConcat(ConcatOp op, int depth) {
  ArrayRef<int64_t> shape = getShape(op.getResult());
  size_t outer = numElements(shape.take_front(op.getAxis()));
  auto result = std::make_unique<Numbers>();
  SmallVector<const Numbers *> parts;
  for (Value input : op.getInputs()) {
    parts.push_back(get(input, depth - 1));
    if (!parts.back())
      return nullptr;
  }
  for (size_t i = 0; i < outer; ++i)
    for (const Numbers *part : parts) {
      size_t size = part->size() / outer;
      result->insert(result->end(), part->begin() + i * size,
                     part->begin() + (i + 1) * size);
    }
  return result;
}

/// ONNX CumSum, which has no op of its own: only masks are made with it.
StepValues::Result StepValues::computeCumulativeSum(OpaqueOp op, int depth) {
  DictionaryAttr attrs = op.getNodeAttrsAttr();
  auto isSet = [&](StringRef name) {
    auto attr = attrs ? attrs.getAs<IntegerAttr>(name) : IntegerAttr();
    return attr && attr.getInt() != 0;
  };
  if (op.getInputs().size() != 2 || isSet("exclusive") || isSet("reverse"))
    return nullptr;
  const Numbers *input = get(op.getInputs()[0], depth - 1);
  const Numbers *axes = input ? get(op.getInputs()[1], depth - 1) : nullptr;
  if (!axes || axes->size() != 1)
    return nullptr;
  ArrayRef<int64_t> shape = getShape(op.getInputs()[0]);
  auto rank = static_cast<int64_t>(shape.size());
  auto axis = static_cast<int64_t>(axes->front());
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis >= rank)
    return nullptr;
  size_t inner = numElements(shape.drop_front(axis + 1));
  auto result = std::make_unique<Numbers>(*input);
  for (size_t i = 0; i < result->size(); ++i)
    if ((i / inner) % shape[axis] != 0)
      (*result)[i] += (*result)[i - inner];
  return result;
}

/// ONNX GatherND: each index names the element, by several dims at once.
StepValues::Result StepValues::computeGatherND(OpaqueOp op, int depth) {
  DictionaryAttr attrs = op.getNodeAttrsAttr();
  auto batchDims =
      attrs ? attrs.getAs<IntegerAttr>("batch_dims") : IntegerAttr();
  if (op.getInputs().size() != 2 || (batchDims && batchDims.getInt() != 0))
    return nullptr;
  const Numbers *input = get(op.getInputs()[0], depth - 1);
  const Numbers *indices = input ? get(op.getInputs()[1], depth - 1) : nullptr;
  ArrayRef<int64_t> shape = getShape(op.getInputs()[0]);
  ArrayRef<int64_t> indexShape = getShape(op.getInputs()[1]);
  if (!indices || indexShape.empty() || indexShape.back() < 1 ||
      indexShape.back() > static_cast<int64_t>(shape.size()))
    return nullptr;
  size_t count = indexShape.back();
  size_t inner = numElements(shape.drop_front(count));
  auto result = std::make_unique<Numbers>();
  for (size_t i = 0; i + count <= indices->size(); i += count) {
    size_t at = 0;
    for (size_t dim = 0; dim < count; ++dim) {
      auto size = static_cast<double>(shape[dim]);
      double index = (*indices)[i + dim];
      index = index < 0 ? index + size : index;
      if (!(index >= 0 && index < size))
        return nullptr;
      at = at * shape[dim] + static_cast<size_t>(index);
    }
    result->insert(result->end(), input->begin() + at * inner,
                   input->begin() + (at + 1) * inner);
  }
  return result;
}

/// Operators that masks are made with and that have no op of their own.
StepValues::Result StepValues::computeOpaque(OpaqueOp op, int depth) {
  if (op.getOutputs().size() != 1)
    return nullptr;
  if (op.getFullName() == "CumSum")
    return computeCumulativeSum(op, depth);
  if (op.getFullName() == "GatherND")
    return computeGatherND(op, depth);
  return nullptr;
}

StepValues::Result StepValues::computeOp(Operation *op, Value value,
                                         int depth) {
  if (isa<UnaryOp, BinaryOp, WhereOp, CastOp, BroadcastOp>(op))
    return computeElementwise(op, depth);
  if (isa<TransposeOp, SliceOp>(op))
    return computeIndexed(op, value, depth);
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    const Numbers *input = get(reshape.getInput(), depth - 1);
    return input ? std::make_unique<Numbers>(*input) : nullptr;
  }
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return computeReduce(reduce, depth);
  if (auto gather = dyn_cast<GatherOp>(op))
    return computeGather(gather, depth);
  if (auto concat = dyn_cast<ConcatOp>(op))
    return computeConcat(concat, depth);
  if (auto range = dyn_cast<RangeOp>(op)) {
    auto result = std::make_unique<Numbers>(numElements(getShape(value)));
    double start = range.getStart().convertToDouble();
    double step = range.getStep().convertToDouble();
    for (size_t i = 0; i < result->size(); ++i)
      (*result)[i] = start + static_cast<double>(i) * step;
    return result;
  }
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!dense)
      return nullptr;
    auto result = std::make_unique<Numbers>();
    Type type = dense.getElementType();
    if (isa<FloatType>(type))
      for (const APFloat &number : dense.getValues<APFloat>())
        result->push_back(number.convertToDouble());
    else if (isa<IntegerType>(type))
      for (const APInt &number : dense.getValues<APInt>())
        result->push_back(type.isUnsignedInteger() || type.isInteger(1)
                              ? number.roundToDouble()
                              : number.signedRoundToDouble());
    else
      return nullptr;
    return result;
  }
  if (auto opaque = dyn_cast<OpaqueOp>(op))
    return computeOpaque(opaque, depth);
  return nullptr;
}
