//===- FoldMasks.cpp - Masks that say nothing but causality ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A bias that is 0 where each query sees its own token and those before it (in
// a window or not) and hides all others is no tensor but a property of the
// attention. What the mask adds for padding, the runtime knows from elsewhere:
// the valid length of the state.
//
//===----------------------------------------------------------------------===//

#include "FuseOps.h"
#include "Matchers.h"
#include "ScoreMasks.h"
#include "StepValues.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace inlay::nn;

namespace {

/// Keys that queries see: all from `first` to `last` in each row.
struct Visibility {
  bool causal = false;
  int64_t window = 0;
};

class MaskReader {
public:
  /// Reads `bias`, which is what is added to the scores, or a part of that.
  MaskReader(AttentionOp op, Value bias, GraphOp graph, StepValues &values)
      : values(values), bias(bias), shape(getShape(bias)),
        length(op.getLength()), tokens(getShape(op.getQuery())[1]),
        isCausal(op.getCausal()) {
    // In a state that grows the new tokens are the last; in a buffer of fixed
    // length they stand behind the context.
    grows = !op.getPastKey() ||
            op.getPastKey().getType() != op.getPresentKey().getType();
    first = grows ? length - tokens : static_cast<int64_t>(graph.getContext());
  }

  bool growsState() const { return grows; }

  /// The highest of the numbers read that hide keys.
  double highestHiding() const { return highest; }

  /// None where rows differ by more than causality explains.
  std::optional<Visibility> read() {
    if (shape.size() != 4 || (shape[3] != length && shape[3] != 1) ||
        numElements(shape) > StepValues::kMaxInParts)
      return std::nullopt;
    int64_t outer = shape[0] * shape[1];
    std::optional<Visibility> result;
    for (int64_t i = 0; i < outer; ++i) {
      std::optional<Visibility> one = readPlane(i);
      if (!one || (result && (one->causal != result->causal ||
                              one->window != result->window)))
        return std::nullopt;
      result = one;
    }
    return result;
  }

private:
  /// 0 leaves a score as it is.
  std::optional<bool> isSeen(double number, int64_t row, int64_t key) {
    if (number == 0)
      return !isCausal || key <= first + row;
    if (!(number <= kMaskedScore))
      return std::nullopt;
    highest = std::max(highest, number);
    return false;
  }

  /// The one run of keys that a row sees.
  std::optional<std::pair<int64_t, int64_t>> readRow(int64_t plane,
                                                     int64_t row) {
    int64_t rows = shape[2], columns = shape[3];
    int64_t at = (plane * rows + (rows == 1 ? 0 : row)) * columns;
    auto numbers = values.evaluate(bias, at, at + columns);
    if (!numbers)
      return std::nullopt;
    int64_t begin = -1, end = -1;
    for (int64_t key = 0; key < length; ++key) {
      std::optional<bool> seen =
          isSeen((*numbers)[columns == 1 ? 0 : key], row, key);
      if (!seen || (*seen && end >= 0 && end != key))
        return std::nullopt;
      if (!*seen)
        continue;
      begin = begin < 0 ? key : begin;
      end = key + 1;
    }
    if (begin < 0)
      return std::nullopt;
    return std::pair(begin, end);
  }

  std::optional<Visibility> readPlane(int64_t plane) {
    for (bool causal : {true, false})
      if (std::optional<int64_t> window = matchPlane(plane, causal))
        return Visibility{causal, *window};
    return std::nullopt;
  }

  /// The window, 0 for none, if each row sees the keys up to its own token, or
  /// all of them.
  std::optional<int64_t> matchPlane(int64_t plane, bool causal) {
    int64_t window = 0;
    for (int64_t row = tokens; row-- > 0;) {
      auto seen = readRow(plane, row);
      int64_t end = causal ? first + row + 1 : length;
      if (!seen || seen->second != end)
        return std::nullopt;
      if (row + 1 == tokens && seen->first > 0)
        window = end - seen->first;
      int64_t begin = window > 0 ? std::max<int64_t>(0, end - window) : 0;
      if (seen->first != begin || (window > 0 && !causal))
        return std::nullopt;
    }
    return window;
  }

  StepValues &values;
  Value bias;
  ArrayRef<int64_t> shape;
  int64_t length, tokens, first;
  bool isCausal;
  bool grows = true;
  double highest = -std::numeric_limits<double>::infinity();
};

} // namespace

static bool isConstant(Value value) {
  return value.getDefiningOp<ConstantOp>() != nullptr;
}

/// Whether `mask` divides positions, or looks which are of one chunk: then what
/// one step sees of it is no window that moves with the token.
static bool dividesPositions(Value mask) {
  SmallVector<Value> worklist = {mask};
  llvm::DenseSet<Value> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (!op || !seen.insert(value).second)
      continue;
    auto binary = dyn_cast<BinaryOp>(op);
    auto unary = dyn_cast<UnaryOp>(op);
    if ((binary && binary.getKind() == BinaryKind::Div) ||
        (unary && unary.getKind() == UnaryKind::Floor))
      return true;
    if (binary && binary.getKind() == BinaryKind::Equal &&
        llvm::all_of(op->getOperands(), isConstant))
      return true;
    llvm::append_range(worklist, op->getOperands());
  }
  return false;
}

namespace {

/// How far sums and products can take numbers from 0. Weights are taken for
/// numbers that hide no keys, and so is what the runtime gives and the graph
/// multiplies, as it does with flags; what the runtime gives to be added as it
/// is may be anything.
class Reach {
public:
  explicit Reach(StepValues &values) : values(values) {}

  /// Infinite where choices or quotients are on the way, or where it is long.
  double of(Value value, bool isFactor = false) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return isFactor ? 1 : kAny;
    std::pair<Value, unsigned> key(value, isFactor);
    auto [entry, isNew] = known.try_emplace(key, kAny);
    if (!isNew)
      return entry->second;
    double result = known.size() > kMaxOps ? kAny : compute(op, isFactor);
    return known[key] = result;
  }

private:
  static constexpr double kAny = std::numeric_limits<double>::infinity();
  static constexpr size_t kMaxOps = 64;

  double compute(Operation *op, bool isFactor) {
    if (isa<ConstantOp>(op))
      return ofConstant(op->getResult(0));
    if (auto range = dyn_cast<RangeOp>(op))
      return ofRange(range);
    if (isa<WhereOp, UnaryOp>(op))
      return kAny;
    if (auto binary = dyn_cast<BinaryOp>(op))
      return ofBinary(binary, isFactor);
    bool moves =
        isa<ReshapeOp, TransposeOp, BroadcastOp, SliceOp, ConcatOp, CastOp>(op);
    double reach = 1;
    for (Value operand : op->getOperands())
      reach = std::max(reach, of(operand, isFactor || !moves));
    return reach;
  }

  double ofBinary(BinaryOp op, bool isFactor) {
    switch (op.getKind()) {
    case BinaryKind::Add:
    case BinaryKind::Sub:
      return of(op.getLhs(), isFactor) + of(op.getRhs(), isFactor);
    case BinaryKind::Mul:
      return of(op.getLhs(), true) * of(op.getRhs(), true);
    default:
      return kAny;
    }
  }

  static double ofRange(RangeOp range) {
    double first = range.getStart().convertToDouble();
    double step = range.getStep().convertToDouble();
    auto count = static_cast<double>(numElements(getShape(range.getResult())));
    return std::max(std::abs(first), std::abs(first + count * step));
  }

  double ofConstant(Value value) {
    const StepValues::Numbers *numbers = values.evaluate(value);
    double reach = numbers ? 0 : kAny;
    for (size_t i = 0; numbers && i < numbers->size(); ++i) {
      double size = std::abs((*numbers)[i]);
      reach = std::isnan(size) ? kAny : std::max(reach, size);
    }
    return reach;
  }

  StepValues &values;
  llvm::DenseMap<std::pair<Value, unsigned>, double> known;
};

} // namespace

/// Whether a key that `hiding` hides stays hidden beside one that has all of
/// `rest` against it: a query whose own keys are padding sees these, not those
/// behind it.
static bool staysBelow(double hiding, Value rest, StepValues &values) {
  constexpr double times = 10;
  return std::isinf(hiding) ? std::isfinite(Reach(values).of(rest, true))
                            : Reach(values).of(rest) * times <= -hiding;
}

namespace {
/// What a bias says: which keys queries see, and what else is added to scores.
struct Reading {
  std::optional<Visibility> seen;
  Value rest;
};
} // namespace

/// A bias, or an addend of it beside which the other hides nothing, as
/// distances that are weighted by head do not. Of an addend nothing is left but
/// whether a key is hidden, so the other may not come near what hides it.
static Reading readBias(AttentionOp attention, GraphOp graph,
                        StepValues &values) {
  auto read = [&](Value mask, Value rest) {
    MaskReader reader(attention, mask, graph, values);
    auto seen = reader.read();
    if (seen && ((seen->window > 0 && dividesPositions(mask)) ||
                 (rest && !staysBelow(reader.highestHiding(), rest, values))))
      seen.reset();
    return seen;
  };
  Value bias = attention.getBias();
  if (auto seen = read(bias, Value()))
    return {seen, Value()};
  auto sum = bias.getDefiningOp<BinaryOp>();
  if (!sum || sum.getKind() != BinaryKind::Add)
    return {};
  for (auto [mask, rest] : {std::pair(sum.getLhs(), sum.getRhs()),
                            std::pair(sum.getRhs(), sum.getLhs())})
    if (getShape(mask).size() == 4 && getShape(rest).size() == 4)
      if (auto seen = read(mask, rest))
        return {seen, rest};
  return {};
}

/// Takes the bias away from attentions where it says nothing else.
static bool foldBiases(ArrayRef<AttentionOp> masked, GraphOp graph,
                       StepValues &values) {
  bool changed = false;
  // Layers share their masks.
  using Key = std::tuple<Value, int, int, int64_t>;
  llvm::DenseMap<Key, Reading> readings;
  for (AttentionOp attention : masked) {
    MaskReader reader(attention, attention.getBias(), graph, values);
    Key key(attention.getBias(), attention.getCausal(), reader.growsState(),
            attention.getLength());
    auto [entry, isNew] = readings.try_emplace(key);
    if (isNew)
      entry->second = readBias(attention, graph, values);
    auto [seen, rest] = entry->second;
    auto window = static_cast<int64_t>(attention.getWindow());
    if (!seen || (window > 0 && seen->window > 0))
      continue;
    if (rest)
      attention.getBiasMutable().assign(rest);
    else
      attention.getBiasMutable().clear();
    attention.setCausal(seen->causal || attention.getCausal());
    if (window == 0)
      attention.setWindow(seen->window);
    changed = true;
  }
  return changed;
}

/// What all elements of `value` are, if they are known and one number.
static std::optional<double> findSplat(Value value, StepValues &values) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() == 0)
    return std::nullopt;
  int64_t count = type.getNumElements(), size = StepValues::kMaxSmall;
  if (count > StepValues::kMaxInParts)
    return std::nullopt;
  std::optional<double> splat;
  for (int64_t begin = 0; begin < count; begin += size) {
    auto numbers = values.evaluate(value, begin, std::min(begin + size, count));
    if (!numbers || !llvm::all_equal(*numbers) ||
        (splat && *splat != numbers->front()))
      return std::nullopt;
    splat = numbers->front();
  }
  return splat;
}

/// Choices that a step always makes alike, such as zeros for a query that sees
/// no key.
static bool foldChoices(ArrayRef<WhereOp> choices, StepValues &values) {
  bool changed = false;
  for (WhereOp choice : choices) {
    std::optional<double> decision = findSplat(choice.getCondition(), values);
    if (!decision)
      continue;
    Value chosen = *decision != 0 ? choice.getLhs() : choice.getRhs();
    if (chosen.getType() != choice.getType())
      continue;
    choice.getResult().replaceAllUsesWith(chosen);
    changed = true;
  }
  return changed;
}

/// A constant of `type` whose elements are whole `numbers`; null for others, or
/// where the type does not hold them.
static Value createWhole(OpBuilder &builder, Location loc,
                         RankedTensorType type,
                         const StepValues::Numbers &numbers) {
  Type element = type.getElementType();
  auto real = dyn_cast<FloatType>(element);
  if (!real && !isa<IntegerType>(element))
    return {};
  double most = std::ldexp(1.0, real ? real.getFPMantissaWidth() : 53);
  SmallVector<Attribute> all;
  for (double number : numbers) {
    if (number != std::floor(number) || std::abs(number) > most)
      return {};
    if (real)
      all.push_back(FloatAttr::get(real, number));
    else
      all.push_back(IntegerAttr::get(
          element, APInt(element.getIntOrFloatBitWidth(),
                         static_cast<uint64_t>(static_cast<int64_t>(number)),
                         /*isSigned=*/false, /*implicitTrunc=*/true)));
  }
  return ConstantOp::create(builder, loc, type,
                            DenseElementsAttr::get(type, all));
}

/// Places and truths that opaque ops count for a step, such as the sums of the
/// mask of valid tokens.
static bool foldCounts(ArrayRef<OpaqueOp> opaque, StepValues &values) {
  bool changed = false;
  for (OpaqueOp op : opaque) {
    if (op->getNumResults() != 1 || op->use_empty())
      continue;
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape() ||
        type.getNumElements() > StepValues::kMaxSmall)
      continue;
    const StepValues::Numbers *numbers = values.evaluate(op->getResult(0));
    OpBuilder builder(op);
    Value known =
        numbers ? createWhole(builder, op.getLoc(), type, *numbers) : Value();
    if (!known)
      continue;
    op->getResult(0).replaceAllUsesWith(known);
    changed = true;
  }
  return changed;
}

/// A bias that covers the scores, or is broadcast over them.
static bool coversScores(AttentionOp attention) {
  if (!attention.getBias())
    return false;
  ArrayRef<int64_t> shape = getShape(attention.getBias());
  auto isOneOr = [](int64_t size, int64_t whole) {
    return size == 1 || size == whole;
  };
  return shape.size() == 4 && shape[0] > 0 && shape[1] > 0 &&
         isOneOr(shape[2], getShape(attention.getQuery())[1]) &&
         isOneOr(shape[3], attention.getLength());
}

bool inlay::nn::foldMasks(GraphOp graph, StepRoles &roles) {
  SmallVector<AttentionOp> masked;
  SmallVector<WhereOp> choices;
  SmallVector<OpaqueOp> opaque;
  for (Operation &op : graph.getBody().front()) {
    if (auto attention = dyn_cast<AttentionOp>(op);
        attention && coversScores(attention))
      masked.push_back(attention);
    if (auto choice = dyn_cast<WhereOp>(op))
      choices.push_back(choice);
    if (auto other = dyn_cast<OpaqueOp>(op))
      opaque.push_back(other);
  }
  if (masked.empty() && choices.empty() && opaque.empty())
    return false;
  findStepRoles(graph, roles);
  StepValues values(graph, roles);
  bool changed = foldBiases(masked, graph, values);
  changed |= foldChoices(choices, values);
  return foldCounts(opaque, values) || changed;
}
