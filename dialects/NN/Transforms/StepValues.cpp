//===- StepValues.cpp - Numbers that a step's bookkeeping computes --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StepValues.h"

#include "Strides.h"

#include <array>
#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

//===----------------------------------------------------------------------===//
// Values and parts of them
//===----------------------------------------------------------------------===//

constexpr int maxDepth = 200;

const StepValues::Numbers *StepValues::evaluate(Value value) {
  return getWhole(value, maxDepth).numbers;
}

std::optional<ArrayRef<double>> StepValues::evaluate(Value value, int64_t begin,
                                                     int64_t end) {
  parts.clear();
  if (end - begin > kMaxElements)
    return std::nullopt;
  Piece piece = get(value, {begin, end}, maxDepth);
  if (!piece)
    return std::nullopt;
  return ArrayRef<double>(*piece.numbers)
      .slice(begin - piece.first, end - begin);
}

/// The number of elements, none for a tensor without a static shape.
static std::optional<int64_t> countElements(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape())
    return std::nullopt;
  return numElements(type.getShape());
}

StepValues::Piece StepValues::getWhole(Value value, int depth) {
  auto it = known.find(value);
  if (it != known.end())
    return {it->second.get()};
  std::optional<int64_t> count = countElements(value);
  if (!count || *count > kMaxElements)
    return {};
  Result result = depth ? compute(value, {0, *count}, depth) : nullptr;
  // Not kept where only the depth was too large: another way may be shorter.
  if (!result && !depth)
    return {};
  return {(known[value] = std::move(result)).get()};
}

StepValues::Piece StepValues::get(Value value, Range range, int depth) {
  std::optional<int64_t> count = countElements(value);
  if (!count)
    return {};
  bool isWhole = range.begin == 0 && range.end == *count;
  if (isWhole || *count <= kMaxSmall || known.contains(value))
    return getWhole(value, depth);
  if (range.size() > kMaxElements || !depth)
    return {};
  std::tuple key(value, range.begin, range.end);
  auto it = parts.find(key);
  if (it == parts.end()) {
    Result result = compute(value, range, depth);
    it = parts.try_emplace(key, std::move(result)).first;
  }
  return {it->second.get(), range.begin};
}

StepValues::Result StepValues::compute(Value value, Range range, int depth) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return computeArgument(argument, range);
  return computeOp(value.getDefiningOp(), value, range, depth);
}

StepValues::Result StepValues::copy(Value value, Range range, int depth) {
  Piece piece = get(value, range, depth);
  if (!piece)
    return nullptr;
  auto first = piece.numbers->begin() + (range.begin - piece.first);
  return std::make_unique<Numbers>(first, first + range.size());
}

StepValues::Result StepValues::computeArgument(BlockArgument argument,
                                               Range range) {
  auto role = roles.find(argument);
  if (role == roles.end())
    return nullptr;
  ArrayRef<int64_t> shape = getShape(argument);
  auto numbers = std::make_unique<Numbers>(range.size());
  double context = static_cast<double>(graph.getContext());
  for (size_t i = 0; i < numbers->size(); ++i)
    switch (role->second) {
    case StepRole::Valid:
      (*numbers)[i] = 1;
      break;
    case StepRole::Positions:
      (*numbers)[i] =
          context + static_cast<double>((range.begin + i) % shape.back());
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

//===----------------------------------------------------------------------===//
// Elementwise operators
//===----------------------------------------------------------------------===//

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

namespace {

/// What one elementwise op makes of an element of each operand.
class ElementFn {
public:
  explicit ElementFn(Operation *op)
      : unary(dyn_cast<UnaryOp>(op)), binary(dyn_cast<BinaryOp>(op)),
        isChoice(isa<WhereOp>(op)) {
    if (unary)
      unaryKind = unary.getKind();
    if (binary)
      binaryKind = binary.getKind();
    isInteger =
        isa<IntegerType>(getElementTypeOrSelf(op->getOperand(0).getType()));
    Type type = getElementTypeOrSelf(op->getResult(0).getType());
    isTruth = type.isInteger(1);
    isWhole = isa<IntegerType>(type);
  }

  std::optional<double>
  operator()(const std::array<const double *, 3> &x) const {
    std::optional<double> number = *x[0]; // conversions and copies
    if (unary)
      number = apply(unaryKind, *x[0]);
    else if (binary)
      number = apply(binaryKind, *x[0], *x[1], isInteger);
    else if (isChoice)
      number = *x[0] != 0 ? *x[1] : *x[2];
    if (!number)
      return std::nullopt;
    // Whole numbers wrap nowhere here, and booleans are 0 or 1.
    if (isTruth)
      return *number != 0;
    return isWhole ? std::trunc(*number) : *number;
  }

private:
  UnaryOp unary;
  BinaryOp binary;
  UnaryKind unaryKind{};
  BinaryKind binaryKind{};
  bool isChoice, isInteger, isTruth, isWhole;
};

} // namespace

StepValues::Result StepValues::computeElementwise(Operation *op, Range range,
                                                  int depth) {
  ArrayRef<int64_t> shape = getShape(op->getResult(0));
  SmallVector<SmallVector<int64_t>> strides;
  for (Value operand : op->getOperands())
    strides.push_back(broadcastStrides(getShape(operand), shape.size()));
  StridedWalk walk(shape, strides, SmallVector<int64_t>(strides.size(), 0));
  SmallVector<Piece> operands;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    auto [begin, end] = walk.bounds(i, range.begin, range.end);
    operands.push_back(get(operand, {begin, end}, depth - 1));
    if (!operands.back())
      return nullptr;
  }
  ElementFn function(op);
  auto result = std::make_unique<Numbers>(range.size());
  bool isKnown = true;
  size_t count = operands.size();
  std::array<const double *, 3> x{};
  std::array<int64_t, 3> steps{};
  for (size_t k = 0; k < count; ++k)
    steps[k] = walk.step(k);
  double *to = result->data();
  walk.visit(range.begin, range.end,
             [&](int64_t, int64_t length, ArrayRef<int64_t> places) {
               for (size_t k = 0; k < count; ++k)
                 x[k] = operands[k].at(places[k]);
               for (int64_t i = 0; i < length; ++i) {
                 std::optional<double> number = function(x);
                 isKnown &= number.has_value();
                 *to++ = number.value_or(0);
                 for (size_t k = 0; k < count; ++k)
                   x[k] += steps[k];
               }
             });
  return isKnown ? std::move(result) : nullptr;
}

//===----------------------------------------------------------------------===//
// Operators that move elements, and sums
//===----------------------------------------------------------------------===//

/// Transposes and slices: each element is one of the input's.
StepValues::Result StepValues::computeMoved(Operation *op, Value value,
                                            Range range, int depth) {
  SmallVector<int64_t> strides = rowMajorStrides(getShape(op->getOperand(0)));
  SmallVector<int64_t> steps(strides);
  int64_t start = 0;
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    for (auto [i, dim] : llvm::enumerate(transpose.getPermutation()))
      steps[i] = strides[dim];
  } else {
    auto slice = cast<SliceOp>(op);
    for (size_t i = 0; i < steps.size(); ++i) {
      start += slice.getOffsets()[i] * strides[i];
      steps[i] = slice.getStrides()[i] * strides[i];
    }
  }
  StridedWalk walk(getShape(value), ArrayRef<SmallVector<int64_t>>(steps),
                   start);
  auto [begin, end] = walk.bounds(0, range.begin, range.end);
  Piece input = get(op->getOperand(0), {begin, end}, depth - 1);
  if (!input)
    return nullptr;
  auto result = std::make_unique<Numbers>(range.size());
  walk.visit(range.begin, range.end,
             [&](int64_t at, int64_t count, ArrayRef<int64_t> places) {
               for (int64_t i = 0; i < count; ++i)
                 (*result)[at - range.begin + i] =
                     input[places[0] + i * walk.step(0)];
             });
  return result;
}

static double combine(ReduceKind kind, double sum, double number) {
  switch (kind) {
  case ReduceKind::Max:
    return std::max(sum, number);
  case ReduceKind::Min:
    return std::min(sum, number);
  case ReduceKind::Prod:
    return sum * number;
  default:
    return sum + number;
  }
}

/// Of rows of `size` elements that lie behind each other.
StepValues::Result StepValues::computeRows(ReduceOp op, int64_t size,
                                           Range range, int depth) {
  auto result = std::make_unique<Numbers>();
  for (int64_t row = range.begin; row < range.end; ++row) {
    // A question of its own: rows may be many.
    Parts outer = std::exchange(parts, Parts());
    Piece input = get(op.getInput(), {row * size, (row + 1) * size}, depth - 1);
    if (input) {
      double sum = input[row * size];
      for (int64_t i = 1; i < size; ++i)
        sum = combine(op.getKind(), sum, input[row * size + i]);
      result->push_back(sum);
    }
    parts = std::move(outer);
    if (!input)
      return nullptr;
  }
  return result;
}

StepValues::Result StepValues::computeReduce(ReduceOp op, Range range,
                                             int depth) {
  ArrayRef<int64_t> shape = getShape(op.getInput());
  SmallVector<int64_t> kept(shape);
  int64_t size = 1, inner = 1;
  for (int64_t axis : op.getAxes()) {
    size *= shape[axis];
    kept[axis] = 1;
  }
  for (size_t dim = shape.size(); dim-- > 0 && kept[dim] != shape[dim];)
    inner *= shape[dim];
  Result result;
  if (inner == size && size > 0) {
    result = computeRows(op, size, range, depth);
  } else if (Piece input = getWhole(op.getInput(), depth - 1)) {
    result = std::make_unique<Numbers>(numElements(kept));
    std::vector<bool> isStarted(result->size(), false);
    SmallVector<int64_t> steps = broadcastStrides(kept, shape.size());
    StridedWalk walk(shape, ArrayRef<SmallVector<int64_t>>(steps), int64_t(0));
    walk.visit(0, numElements(shape),
               [&](int64_t at, int64_t count, ArrayRef<int64_t> places) {
                 for (int64_t i = 0; i < count; ++i) {
                   size_t to = places[0] + i * walk.step(0);
                   double number = input[at + i];
                   double &sum = (*result)[to];
                   sum = isStarted[to] ? combine(op.getKind(), sum, number)
                                       : number;
                   isStarted[to] = true;
                 }
               });
    result = std::make_unique<Numbers>(result->begin() + range.begin,
                                       result->begin() + range.end);
  }
  if (result && op.getKind() == ReduceKind::Mean)
    for (double &number : *result)
      number /= static_cast<double>(size);
  return result;
}

//===----------------------------------------------------------------------===//
// Sources, and the choice of a rule
//===----------------------------------------------------------------------===//

template <typename Iterator, typename Convert>
static std::unique_ptr<StepValues::Numbers>
convertElements(Iterator first, int64_t begin, int64_t end, Convert convert) {
  auto result = std::make_unique<StepValues::Numbers>();
  result->reserve(end - begin);
  for (int64_t at = begin; at < end; ++at)
    result->push_back(convert(*(first + at)));
  return result;
}

static std::unique_ptr<StepValues::Numbers>
readConstant(ConstantOp op, int64_t begin, int64_t end) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense)
    return nullptr;
  Type type = dense.getElementType();
  if (isa<FloatType>(type))
    return convertElements(
        dense.value_begin<APFloat>(), begin, end,
        [](const APFloat &number) { return number.convertToDouble(); });
  if (type.isInteger(1))
    return convertElements(dense.value_begin<bool>(), begin, end,
                           [](bool truth) { return truth ? 1.0 : 0.0; });
  if (!isa<IntegerType>(type))
    return nullptr;
  bool isUnsigned = type.isUnsignedInteger();
  return convertElements(dense.value_begin<APInt>(), begin, end,
                         [&](const APInt &number) {
                           return isUnsigned ? number.roundToDouble()
                                             : number.signedRoundToDouble();
                         });
}

/// Operators that masks are made with and that have no op of their own.
StepValues::Result StepValues::computeOpaque(OpaqueOp op, Range range,
                                             int depth) {
  if (op.getOutputs().size() != 1)
    return nullptr;
  if (op.getFullName() == "CumSum")
    return computeCumulativeSum(op, range, depth);
  if (op.getFullName() == "GatherND")
    return computeGatherND(op, range, depth);
  if (op.getFullName() == "ScatterND")
    return computeScatterND(op, range, depth);
  return nullptr;
}

StepValues::Result StepValues::computeOp(Operation *op, Value value,
                                         Range range, int depth) {
  if (isa<UnaryOp, BinaryOp, WhereOp, CastOp, BroadcastOp>(op))
    return computeElementwise(op, range, depth);
  if (isa<TransposeOp, SliceOp>(op))
    return computeMoved(op, value, range, depth);
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return copy(reshape.getInput(), range, depth - 1);
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return computeReduce(reduce, range, depth);
  if (auto gather = dyn_cast<GatherOp>(op))
    return computeGather(gather, range, depth);
  if (auto concat = dyn_cast<ConcatOp>(op))
    return computeConcat(concat, range, depth);
  if (auto sequence = dyn_cast<RangeOp>(op)) {
    auto result = std::make_unique<Numbers>(range.size());
    double start = sequence.getStart().convertToDouble();
    double step = sequence.getStep().convertToDouble();
    for (size_t i = 0; i < result->size(); ++i)
      (*result)[i] = start + static_cast<double>(range.begin + i) * step;
    return result;
  }
  if (auto constant = dyn_cast<ConstantOp>(op))
    return readConstant(constant, range.begin, range.end);
  if (auto opaque = dyn_cast<OpaqueOp>(op))
    return computeOpaque(opaque, range, depth);
  return nullptr;
}
