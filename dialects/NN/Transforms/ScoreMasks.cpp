//===- ScoreMasks.cpp - What hides keys from queries ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A choice drops the score of a hidden key; an addend keeps it. So the number
// that is added has to be so low that nothing of the score is left, and where
// all keys of a query are hidden the numbers have to be in the order of those
// that the graph chooses: what is far below another has no weight beside it,
// and what is equal has the same.
//
//===----------------------------------------------------------------------===//

#include "ScoreMasks.h"

#include "Matchers.h"
#include "StepValues.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace inlay::nn;

/// Twice as much or half as much absorbs scores too, up to 1e22 of them in f32.
static constexpr double kAbsorbing = -1e30;

double ScoreMask::fill() {
  std::optional<double> first = getScalar(choice.getLhs());
  return first ? *first : *getScalar(choice.getRhs());
}

bool ScoreMask::hasFill() { return choice && std::isfinite(fill()); }

/// From the highest to the lowest finite number that hides keys.
static SmallVector<double> findFills(MutableArrayRef<ScoreMask> masks) {
  SmallVector<double> fills;
  for (ScoreMask &mask : masks)
    if (mask.hasFill() && !llvm::is_contained(fills, mask.fill()))
      fills.push_back(mask.fill());
  llvm::sort(fills, std::greater<>());
  return fills;
}

static bool hasAddends(MutableArrayRef<ScoreMask> masks) {
  return llvm::any_of(masks, [](ScoreMask &mask) { return !mask.choice; });
}

bool inlay::nn::absorbsScores(double number) { return number <= kAbsorbing; }

/// Whether they can be added to scores as they are.
static bool absorbScores(ArrayRef<double> fills) {
  return llvm::all_of(fills, absorbsScores);
}

/// Whether the numbers that hide keys stay what they are, and are not given
/// others in the same order.
static bool keepFills(MutableArrayRef<ScoreMask> masks,
                      ArrayRef<double> fills) {
  return hasAddends(masks) && absorbScores(fills);
}

/// Whether each number is so far above the next that beside it that has no
/// weight.
static bool areApart(ArrayRef<double> fills) {
  constexpr double distance = 120;
  for (size_t i = 1; i < fills.size(); ++i)
    if (fills[i - 1] - fills[i] < distance)
      return false;
  return true;
}

/// Whether all addends are constants that hide keys altogether, or else leave
/// them above all that is hidden by a number. What is added to such a number
/// itself must not change it.
static bool haveHarmlessAddends(MutableArrayRef<ScoreMask> masks,
                                GraphOp graph) {
  constexpr double small = -kMaskedScore / 10;
  StepRoles none;
  StepValues values(graph, none);
  bool isFilled = false;
  for (ScoreMask &mask : llvm::reverse(masks)) {
    isFilled |= mask.hasFill();
    if (mask.choice)
      continue;
    const StepValues::Numbers *numbers = values.evaluate(mask.addend);
    bool isHarmless =
        numbers && llvm::all_of(*numbers, [&](double number) {
          return number == -std::numeric_limits<double>::infinity() ||
                 std::abs(number) <= (isFilled ? 0 : small);
        });
    if (!isHarmless)
      return false;
  }
  return true;
}

bool inlay::nn::canAddMasks(MutableArrayRef<ScoreMask> masks, GraphOp graph) {
  SmallVector<double> fills = findFills(masks);
  if (fills.empty())
    return true; // minus infinity stays what it is, whatever is added
  if (!hasAddends(masks))
    return areApart(fills);
  if (llvm::any_of(masks, [](ScoreMask &mask) { return mask.factor != 1; }))
    return false;
  return absorbScores(fills) ||
         (areApart(fills) && graph && haveHarmlessAddends(masks, graph));
}

bool inlay::nn::canBoundMasks(MutableArrayRef<ScoreMask> masks, double floor) {
  // Far below all of the numbers that are given in place of others.
  constexpr double lowest = -1e36;
  SmallVector<double> fills = findFills(masks);
  if (fills.empty() || keepFills(masks, fills))
    return true;
  bool isOnlyOne =
      fills.size() == 1 &&
      llvm::all_of(masks, [](ScoreMask &mask) { return mask.hasFill(); });
  return floor <= lowest && (fills.back() > floor || isOnlyOne);
}

/// A float type that holds the addends and the numbers that hide keys.
static Type findElement(MutableArrayRef<ScoreMask> masks, Type element) {
  for (ScoreMask &mask : masks) {
    if (mask.hasFill() && element.getIntOrFloatBitWidth() < 32)
      element = Float32Type::get(element.getContext());
    if (mask.choice && !mask.hasFill())
      continue;
    Value given = mask.choice ? mask.choice.getResult() : mask.addend;
    Type type = getElementTypeOrSelf(given.getType());
    if (isa<FloatType>(type) &&
        type.getIntOrFloatBitWidth() > element.getIntOrFloatBitWidth())
      element = type;
  }
  return element;
}

namespace {

/// Builds the addend from the product outwards, as the masks are applied.
class MaskAdder {
public:
  MaskAdder(OpBuilder &builder, Location loc, MutableArrayRef<ScoreMask> masks,
            Type element)
      : builder(builder), loc(loc), masks(masks),
        element(findElement(masks, element)), fills(findFills(masks)),
        keepsFills(keepFills(masks, fills)) {}

  Value build(int64_t rank) {
    Value sum;
    for (ScoreMask &mask : llvm::reverse(masks))
      sum = mask.choice ? choose(mask, sum) : add(sum, scaled(mask));
    if (!sum)
      return {};
    SmallVector<int64_t> shape(getShape(sum));
    shape.insert(shape.begin(), rank - shape.size(), 1);
    if (rank == 5) {
      shape[1] *= shape[2];
      shape.erase(shape.begin() + 2);
    }
    return createReshape(builder, loc, sum, shape);
  }

private:
  Value scaled(const ScoreMask &mask) {
    if (mask.factor == 1)
      return mask.addend;
    auto type = cast<RankedTensorType>(mask.addend.getType());
    auto scalar = RankedTensorType::get({}, type.getElementType());
    return BinaryOp::create(builder, loc, type, BinaryKind::Mul, mask.addend,
                            createSplat(builder, loc, scalar, mask.factor));
  }

  Value add(Value sum, Value addend) {
    if (getElementTypeOrSelf(addend.getType()) != element)
      addend = CastOp::create(builder, loc,
                              RankedTensorType::get(getShape(addend), element),
                              addend);
    return createSum(builder, loc, sum, addend);
  }

  /// What was added so far where a key is seen, the number that hides it where
  /// not.
  Value choose(ScoreMask &mask, Value sum) {
    WhereOp choice = mask.choice;
    auto scalar = RankedTensorType::get({}, element);
    Value seen = sum ? sum : createSplat(builder, loc, scalar, 0);
    Value hidden = createSplat(builder, loc, scalar, numberOf(mask.fill()));
    bool choosesHidden = getScalar(choice.getLhs()).has_value();
    auto shape =
        broadcastShapes({getShape(choice.getCondition()), getShape(seen)});
    return WhereOp::create(builder, loc, RankedTensorType::get(*shape, element),
                           choice.getCondition(), choosesHidden ? hidden : seen,
                           choosesHidden ? seen : hidden);
  }

  /// With minus infinity in place of each score, a query that sees no key has
  /// no weights; with any other number it has equal ones.
  double numberOf(double fill) const {
    if (std::isinf(fill) || keepsFills)
      return fill;
    auto place = llvm::find(fills, fill) - fills.begin();
    return kAbsorbing * static_cast<double>(place + 1);
  }

  OpBuilder &builder;
  Location loc;
  MutableArrayRef<ScoreMask> masks;
  Type element;
  SmallVector<double> fills;
  bool keepsFills;
};

} // namespace

Value inlay::nn::addMasks(OpBuilder &builder, Location loc,
                          MutableArrayRef<ScoreMask> masks, Type element,
                          int64_t rank) {
  return MaskAdder(builder, loc, masks, element).build(rank);
}
