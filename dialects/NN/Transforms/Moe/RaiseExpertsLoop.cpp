//===- RaiseExpertsLoop.cpp - Every expert on every token -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding B: for each expert e the weights where the choice is e, summed over
// the slots, times the output of the expert for all tokens; and the sum of
// these. The weights may also come from a full-width router (encoding D).
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// Whether a constant counts experts along one dim of the node's output; adds
/// axis Expert there.
static bool addExpertAxis(NodeOp node, Value constant, const Router &router,
                          Layout &layout) {
  auto shape = shapeOf(constant), to = shapeOf(node.getOutput(0));
  auto values = onnx::getConstantInts(constant);
  if (!shape || !to || !values ||
      static_cast<int64_t>(values->size()) != router.experts)
    return false;
  for (auto [i, value] : llvm::enumerate(*values))
    if (value != static_cast<int64_t>(i))
      return false;
  Layout counter{0, {{Axis::Expert, router.experts}}};
  counter.normalise();
  std::optional<Layout> wide = broadcast(counter, *shape, *to);
  if (!wide)
    return false;
  llvm::append_range(layout.terms, wide->terms);
  layout.normalise();
  // The choice must not vary along the same dim.
  return split(layout, *to).has_value();
}

static bool compare(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::Index);
  auto from = pair ? shapeOf(pair->value) : std::nullopt;
  auto to = shapeOf(node.getOutput(0));
  auto layout =
      from && to ? broadcast(pair->fact->layout, *from, *to) : std::nullopt;
  if (!layout)
    return false;
  Fact mask = *pair->fact;
  mask.kind = FactKind::Mask;
  mask.layout = *layout;
  std::optional<int64_t> expert = intOf(pair->other);
  if (!expert)
    if (auto real = scalarOf(pair->other)) {
      if (!(std::abs(*real) <= 1e9) || std::trunc(*real) != *real)
        return false; // equal to no expert
      expert = static_cast<int64_t>(*real);
    }
  if (expert) {
    if (*expert < 0 || *expert >= mask.router->experts)
      return false;
    mask.expert = *expert;
  } else if (!addExpertAxis(node, pair->other, *mask.router, mask.layout)) {
    return false;
  }
  return analysis.set(node, std::move(mask));
}

/// Whether a constant is [0, 1].
static bool isOffOn(Value value) {
  auto elements =
      dyn_cast_or_null<DenseElementsAttr>(onnx::getConstantValue(value));
  if (!elements || elements.getNumElements() != 2)
    return false;
  if (isa<FloatType>(elements.getElementType())) {
    auto values = elements.getValues<APFloat>();
    return values[0].isZero() && values[1].convertToDouble() == 1;
  }
  auto ints = onnx::getConstantInts(value);
  return ints && (*ints)[0] == 0 && (*ints)[1] == 1;
}

static bool makeOneHot(Analysis &analysis, NodeOp node) {
  const Fact *index = analysis.find(node.getInput(0), FactKind::Index);
  auto from = shapeOf(node.getInput(0)), to = shapeOf(node.getOutput(0));
  auto dims = index && from && to ? split(index->layout, *from) : std::nullopt;
  if (!dims || !isOffOn(node.getInput(2)))
    return false;
  const Router &router = *index->router;
  auto depth = scalarOf(node.getInput(1));
  int64_t axis = normaliseAxis(node.getIntAttr("axis", -1), to->size());
  if (!depth || static_cast<int64_t>(*depth) != router.experts || axis < 0 ||
      axis > static_cast<int64_t>(from->size()))
    return false;
  Layout expert{0, {{Axis::Expert, router.experts}}};
  expert.normalise();
  dims->insert(dims->begin() + axis, expert);
  Fact mask = *index;
  mask.kind = FactKind::Mask;
  auto layout = join(*dims, *to);
  if (!layout)
    return false;
  mask.layout = *layout;
  return analysis.set(node, std::move(mask));
}

/// Whether any slot of a token chose: it is one at most, so that the sum over
/// the slots is 0 or 1 too.
static bool joinSlots(Analysis &analysis, NodeOp node) {
  const Fact *mask = analysis.find(node.getInput(0), FactKind::Mask);
  SmallVector<Axis> axes;
  auto layout = mask ? reducedLayout(node, mask->layout, axes) : std::nullopt;
  if (!layout || !sumsOver(axes, {Axis::Slot}, *mask->router))
    return false;
  Fact any = *mask;
  any.layout = *layout;
  return analysis.set(node, std::move(any));
}

/// A mask of 0 and 1 compared with a number such that 1 is true and 0 is not.
static bool compareMask(Analysis &analysis, NodeOp node) {
  bool isLess = node.isOp("", "Less") || node.isOp("", "LessOrEqual");
  Value value = node.getInput(isLess ? 1 : 0);
  const Fact *mask = value ? analysis.find(value, FactKind::Mask) : nullptr;
  std::optional<double> bound = scalarOf(node.getInput(isLess ? 0 : 1));
  if (!mask || !bound || shapeOf(value) != shapeOf(node.getOutput(0)))
    return false;
  bool isStrict = node.isOp("", "Greater") || node.isOp("", "Less");
  bool splits = node.isOp("", "Equal") ? *bound == 1
                : isStrict             ? *bound >= 0 && *bound < 1
                                       : *bound > 0 && *bound <= 1;
  return splits && analysis.set(node, Fact(*mask));
}

//===----------------------------------------------------------------------===//
// Masked weights
//===----------------------------------------------------------------------===//

/// The layout of a product of a weight and a mask.
static bool setMasked(Analysis &analysis, NodeOp node, const Fact &weight,
                      Value weightValue, const Fact &mask, Value maskValue) {
  auto from = shapeOf(maskValue), weightShape = shapeOf(weightValue);
  auto to = shapeOf(node.getOutput(0));
  if (weight.router != mask.router || !from || !weightShape || !to ||
      !mask.layout.has(Axis::Slot) != !weight.layout.has(Axis::Slot) ||
      !mask.layout.has(Axis::Token) != !weight.layout.has(Axis::Token) ||
      !isAligned(node, weight, weightValue, mask, maskValue))
    return false;
  auto layout = broadcast(mask.layout, *from, *to);
  if (!layout)
    return false;
  Fact masked = weight;
  // Over the only slot there is nothing to sum.
  masked.kind =
      weight.router->slots == 1 ? FactKind::FullWeight : FactKind::MaskedWeight;
  masked.layout = *layout;
  masked.expert = mask.expert;
  return analysis.set(node, std::move(masked));
}

static bool maskWeight(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::Weight);
  const Fact *mask =
      pair ? analysis.find(pair->other, FactKind::Mask) : nullptr;
  return mask && setMasked(analysis, node, *pair->fact, pair->value, *mask,
                           pair->other);
}

/// Where(mask, weight or 1, 0).
static bool choose(Analysis &analysis, NodeOp node) {
  const Fact *mask = analysis.find(node.getInput(0), FactKind::Mask);
  if (!mask || !isZero(node.getInput(2)))
    return false;
  if (const Fact *weight = analysis.find(node.getInput(1), FactKind::Weight))
    return setMasked(analysis, node, *weight, node.getInput(1), *mask,
                     node.getInput(0));
  auto from = shapeOf(node.getInput(0)), to = shapeOf(node.getOutput(0));
  if (scalarOf(node.getInput(1)) != 1.0 || !from || !to || *from != *to)
    return false;
  return analysis.set(node, *mask);
}

static bool sumSlots(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0));
  if (fact && fact->kind != FactKind::MaskedWeight &&
      (fact->kind != FactKind::FullWeight || fact->router->slots != 1))
    return false;
  SmallVector<Axis> axes;
  auto layout = fact ? reducedLayout(node, fact->layout, axes) : std::nullopt;
  if (!layout || !sumsOver(axes, {Axis::Slot}, *fact->router))
    return false;
  Fact full = *fact;
  full.kind = FactKind::FullWeight;
  full.layout = *layout;
  return analysis.set(node, std::move(full));
}

//===----------------------------------------------------------------------===//
// Sums of experts
//===----------------------------------------------------------------------===//

static bool multiply(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::FullWeight);
  return pair && meet(analysis, node, *pair->fact, pair->value, pair->other);
}

/// What a sum takes from an operand: its terms, nothing of zeros, or as extra.
static bool absorb(Sum &sum, Sum &other) {
  if (&sum == &other || sum.router != other.router ||
      !(sum.spec == other.spec) || sum.weightOnInput != other.weightOnInput)
    return false;
  sum.takeExperts(other);
  llvm::append_range(sum.extras, other.extras);
  other.isDone = true;
  return true;
}

/// An expert whose input was weighted, read from its output.
static void readInside(Analysis &analysis, Value value) {
  const Fact *found = analysis.find(value, FactKind::Inside);
  auto shape = shapeOf(value);
  if (!found || found->expert < 0 || !shape || shape->empty())
    return;
  int64_t hidden = shape->back(), tokens = found->router->tokens;
  if (numElements(*shape) == tokens * hidden)
    meetInside(
        analysis, value,
        Layout::rowMajor({{Axis::Token, tokens}, {Axis::Hidden, hidden}}),
        hidden);
}

/// Where(mask, terms, 0) of one expert, whose weights are 0 without the mask.
static bool keepTerms(Analysis &analysis, NodeOp node) {
  const Fact *mask = analysis.find(node.getInput(0), FactKind::Mask);
  Value value = node.getInput(1);
  const Fact *terms = value ? analysis.find(value, FactKind::Terms) : nullptr;
  if (!mask || !terms || mask->router != terms->router || mask->expert < 0 ||
      terms->sum->experts.size() != 1 || !terms->sum->extras.empty() ||
      terms->sum->experts.front().first != mask->expert ||
      !isZero(node.getInput(2)) || !isReadOnce(value) ||
      shapeOf(value) != shapeOf(node.getOutput(0)) ||
      mask->layout.has(Axis::Slot) ||
      mask->layout.has(Axis::Token) != terms->layout.has(Axis::Token) ||
      !isAligned(node, *mask, node.getInput(0), *terms, value))
    return false;
  return analysis.setTerms(node, terms->sum, Layout(terms->layout));
}

static bool addTerms(Analysis &analysis, NodeOp node) {
  for (Value operand : {node.getInput(0), node.getInput(1)})
    if (operand && operand.getDefiningOp<NodeOp>())
      readInside(analysis, operand);
  auto pair = findOperand(analysis, node, FactKind::Terms);
  auto to = shapeOf(node.getOutput(0));
  auto from = pair ? shapeOf(pair->value) : std::nullopt;
  if (!pair || !to || !from || *from != *to || !isReadOnce(pair->value))
    return false;
  Sum *sum = pair->fact->sum;
  Layout layout = pair->fact->layout;
  if (const Fact *other = analysis.find(pair->other, FactKind::Terms)) {
    // The larger takes the smaller in: each term moves log times at most.
    Sum *second = other->sum;
    if (second->experts.size() > sum->experts.size())
      std::swap(sum, second);
    if (!isReadOnce(pair->other) || !(other->layout == layout) ||
        !absorb(*sum, *second))
      return false;
  } else if (!isZero(pair->other)) {
    auto type = dyn_cast<RankedTensorType>(pair->other.getType());
    auto onlyTokens = [](const Term &term) {
      return term.axis == Axis::Token || term.axis == Axis::Hidden;
    };
    if (!type || type != node.getOutput(0).getType() ||
        !llvm::all_of(layout.terms, onlyTokens))
      return false;
    sum->extras.push_back(pair->other);
  }
  return analysis.setTerms(node, sum, layout);
}

void moe::addLoopRules(RuleMap &rules) {
  rules["Equal"].push_back(compare);
  rules["OneHot"].push_back(makeOneHot);
  rules["Mul"].push_back(maskWeight);
  rules["Mul"].push_back(multiply);
  rules["Where"].push_back(choose);
  rules["Where"].push_back(keepTerms);
  rules["ReduceSum"].push_back(sumSlots);
  rules["ReduceSum"].push_back(joinSlots);
  rules["ReduceMax"].push_back(joinSlots);
  for (StringRef op :
       {"Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"})
    rules[op].push_back(compareMask);
  rules["Add"].push_back(addTerms);
}
