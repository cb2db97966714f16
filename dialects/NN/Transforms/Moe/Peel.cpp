//===- Peel.cpp - Looking through nodes that only move data ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Peel.h"

#include "dialects/NN/Transforms/Matchers.h"
#include "dialects/NN/Transforms/Raiser.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

std::optional<Shape> moe::shapeOf(Value value) {
  auto type =
      value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
  if (!type)
    return std::nullopt;
  return type.getShape();
}

NodeOp moe::definedBy(Value value, StringRef opType) {
  auto node = value ? value.getDefiningOp<NodeOp>() : NodeOp();
  return node && node.isOp("", opType) ? node : NodeOp();
}

static Type elementType(Value value) {
  auto type = value ? dyn_cast<ShapedType>(value.getType()) : ShapedType();
  return type ? type.getElementType() : Type();
}

//===----------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral kRoundsAttr = "inlay_nn.rounds";

static bool isCast(NodeOp node) {
  return node.isOp("", "Cast") || node.isOp("", "CastLike");
}

/// Bits of the whole numbers that a type has without gaps.
static unsigned wholeBits(Type type) {
  if (auto real = dyn_cast<FloatType>(type))
    return llvm::APFloat::semanticsPrecision(real.getFloatSemantics());
  return type.getIntOrFloatBitWidth() - (type.isUnsignedInteger() ? 0 : 1);
}

bool moe::holdsWhole(Type type, int64_t largest) {
  return type && type.isIntOrFloat() &&
         (type.isInteger(1) ? largest <= 1
                            : llvm::Log2_64_Ceil(std::max<int64_t>(largest, 1) +
                                                 1) <= wholeBits(type));
}

bool moe::isHarmlessCast(NodeOp node) {
  Type from = elementType(node.getInput(0));
  Type to = elementType(node.getOutput(0));
  if (!from || !to)
    return false;
  if (from == to || from.isInteger(1))
    return true;
  if (auto wide = dyn_cast<FloatType>(from))
    return isa<FloatType>(to) &&
           (holdsFloats(to, wide) || !node->hasAttr(kRoundsAttr));
  if (!isa<IntegerType>(from) || !to.isIntOrFloat() || to.isInteger(1))
    return false;
  // No list of tokens or experts is longer than that.
  constexpr unsigned indexBits = 24;
  bool keepsSign = from.isUnsignedInteger() || !to.isUnsignedInteger();
  return keepsSign && wholeBits(to) >= std::min(wholeBits(from), indexBits);
}

/// Whether a value takes part in the computation: it is more than stored in its
/// type, or rounded to it and back.
static bool isComputedWith(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    auto node = dyn_cast<NodeOp>(user);
    return !node || !isCast(node);
  });
}

/// The types of a graph's weights, inputs and outputs that it computes in.
static llvm::SmallPtrSet<Type, 4> typesOfModel(onnx::GraphOp graph) {
  llvm::SmallPtrSet<Type, 4> types;
  auto add = [&](Value value) {
    if (Type type = elementType(value); type && isa<FloatType>(type))
      types.insert(type);
  };
  Block &body = graph.getBody().front();
  for (BlockArgument argument : body.getArguments())
    if (isComputedWith(argument))
      add(argument);
  for (auto load : body.getOps<ml_program::GlobalLoadConstOp>())
    if (isComputedWith(load.getResult()))
      add(load.getResult());
  for (Value result : body.getTerminator()->getOperands())
    if (auto node = result.getDefiningOp<NodeOp>(); !node || !isCast(node))
      add(result);
  return types;
}

RoundingCasts::RoundingCasts(onnx::GraphOp graph) : graph(graph) {
  llvm::SmallPtrSet<Type, 4> types = typesOfModel(graph);
  for (NodeOp node : graph.getBody().front().getOps<NodeOp>()) {
    if (!isCast(node))
      continue;
    Type type = elementType(node.getOutput(0));
    // Eight bits and fewer are a store, whatever the model computes in.
    if (type && isa<FloatType>(type) &&
        (type.getIntOrFloatBitWidth() < 16 || !types.contains(type)))
      node->setDiscardableAttr(kRoundsAttr, UnitAttr::get(graph.getContext()));
  }
}

RoundingCasts::~RoundingCasts() {
  for (NodeOp node : graph.getBody().front().getOps<NodeOp>())
    node->removeDiscardableAttr(kRoundsAttr);
}

bool moe::isReadOnce(Value value) {
  int64_t readers = 0;
  for (OpOperand &use : value.getUses()) {
    auto node = dyn_cast<NodeOp>(use.getOwner());
    if (!node || !node.isOp("", "Shape"))
      if (++readers > 1)
        return false;
  }
  return readers == 1;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

std::optional<double> moe::scalarOf(Value value) {
  auto elements =
      value ? dyn_cast_or_null<DenseElementsAttr>(onnx::getConstantValue(value))
            : DenseElementsAttr();
  if (!elements || (elements.getNumElements() != 1 && !elements.isSplat()))
    return std::nullopt;
  Type type = elements.getElementType();
  if (isa<FloatType>(type))
    return elements.getSplatValue<APFloat>().convertToDouble();
  if (type.isInteger(1))
    return elements.getSplatValue<APInt>().getZExtValue();
  if (isa<IntegerType>(type))
    return static_cast<double>(elements.getSplatValue<APInt>().getSExtValue());
  return std::nullopt;
}

std::optional<double> moe::numberOf(Value value) {
  auto shape = shapeOf(value);
  return shape && numElements(*shape) == 1 ? scalarOf(value) : std::nullopt;
}

std::optional<int64_t> moe::intOf(Value value) {
  if (!value)
    return std::nullopt;
  auto ints = onnx::getConstantInts(value);
  if (!ints || ints->size() != 1)
    return std::nullopt;
  return ints->front();
}

/// The number that fills a tensor, whatever its size.
static std::optional<double> fillOf(Value value) {
  while (auto node = value ? value.getDefiningOp<NodeOp>() : NodeOp()) {
    if (node.isOp("", "ConstantOfShape")) {
      auto fill = node.getNodeAttrOfType<DenseElementsAttr>("value");
      if (!fill)
        return node.getNodeAttr("value") ? std::nullopt : std::optional(0.0);
      if (!fill.isSplat() || !fill.getElementType().isIntOrFloat())
        return std::nullopt;
      if (isa<FloatType>(fill.getElementType()))
        return fill.getSplatValue<APFloat>().convertToDouble();
      return static_cast<double>(fill.getSplatValue<APInt>().getSExtValue());
    }
    if (node.isOp("", "Sub") && node.getInput(0) == node.getInput(1))
      return std::nullopt; // not where it is infinite
    if (!node.isOp("", "Expand") && !node.isOp("", "Reshape") &&
        !node.isOp("", "Identity") && !node.isOp("", "Unsqueeze") &&
        !node.isOp("", "Squeeze") && !node.isOp("", "Tile") &&
        !node.isOp("", "Transpose") &&
        !((node.isOp("", "Cast") || node.isOp("", "CastLike")) &&
          isHarmlessCast(node)))
      return std::nullopt;
    value = node.getInput(0);
  }
  return scalarOf(value);
}

bool moe::isZero(Value value) { return fillOf(value) == 0.0; }

bool moe::isOne(Value value) { return fillOf(value) == 1.0; }

bool moe::isLowest(Value value) {
  std::optional<double> fill = fillOf(value);
  return fill && *fill <= -65504.0; // the lowest of f16, and all below
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

static std::optional<SmallVector<int64_t>> intsInput(NodeOp node,
                                                     unsigned index) {
  Value value = node.getInput(index);
  return value ? onnx::getConstantInts(value) : std::nullopt;
}

std::optional<SmallVector<SliceRange>> moe::readSlice(NodeOp node) {
  auto shape = shapeOf(node.getInput(0));
  auto starts = intsInput(node, 1);
  auto ends = intsInput(node, 2);
  if (!shape || !starts || !ends || starts->size() != ends->size())
    return std::nullopt;
  SmallVector<int64_t> axes(starts->size());
  std::iota(axes.begin(), axes.end(), 0);
  SmallVector<int64_t> steps(starts->size(), 1);
  if (node.getInput(3)) {
    auto given = intsInput(node, 3);
    if (!given || given->size() != starts->size())
      return std::nullopt;
    axes = *given;
  }
  if (node.getInput(4)) {
    auto given = intsInput(node, 4);
    if (!given || given->size() != starts->size())
      return std::nullopt;
    steps = *given;
  }
  SmallVector<SliceRange> ranges;
  int64_t rank = shape->size();
  for (auto [axis, start, step] : llvm::zip_equal(axes, *starts, steps)) {
    int64_t dim = normaliseAxis(axis, rank);
    if (dim < 0 || dim >= rank || step < 1 ||
        ShapedType::isDynamic((*shape)[dim]))
      return std::nullopt;
    int64_t size = (*shape)[dim];
    ranges.push_back(
        {dim, std::clamp<int64_t>(start < 0 ? start + size : start, 0, size),
         step});
  }
  return ranges;
}

static std::optional<Layout> sliceStep(NodeOp node, Layout layout, Shape to,
                                       Shape from) {
  auto ranges = readSlice(node);
  if (!ranges)
    return std::nullopt;
  // Cut one dim after the other, from the result's shape to the operand's.
  SmallVector<int64_t> shape(to);
  for (const SliceRange &range : *ranges) {
    SmallVector<int64_t> wider = shape;
    wider[range.dim] = from[range.dim];
    std::optional<Layout> next =
        sliceBack(layout, shape, wider, range.dim, range.start, range.step);
    if (!next)
      return std::nullopt;
    layout = *next;
    shape = wider;
  }
  return layout;
}

static std::optional<Layout> splitStep(NodeOp node, Value output,
                                       const Layout &layout, Shape to,
                                       Shape from) {
  int64_t dim = normaliseAxis(node.getIntAttr("axis", 0), from.size());
  if (dim < 0 || dim >= static_cast<int64_t>(from.size()) ||
      ShapedType::isDynamic(to[dim]))
    return std::nullopt;
  int64_t start = 0;
  for (Value before : node.getOutputs()) {
    if (before == output)
      return sliceBack(layout, to, from, dim, start, 1);
    auto shape = shapeOf(before);
    if (!shape || ShapedType::isDynamic((*shape)[dim]))
      return std::nullopt;
    start += (*shape)[dim];
  }
  return std::nullopt;
}

/// How often each of the numbers 0, 1, 2, … comes in a constant list of them;
/// the last may come less often.
static std::optional<int64_t> repeatsOf(DenseIntElementsAttr list) {
  auto numbers = list.tryGetValues<int64_t>();
  if (failed(numbers) || list.getNumElements() < 2)
    return std::nullopt;
  int64_t times = 0, place = 0;
  for (int64_t number : *numbers) {
    if (number == 0 && times == place)
      ++times;
    if (times == 0 || number != place++ / times)
      return std::nullopt;
  }
  return times;
}

/// The same of a value: a constant, or `Range(0, n, 1) / times`.
static std::optional<int64_t> repeatsOf(Value value) {
  if (auto list =
          dyn_cast_or_null<DenseIntElementsAttr>(onnx::getConstantValue(value)))
    return repeatsOf(list);
  NodeOp div = definedBy(value, "Div");
  NodeOp range = div ? definedBy(div.getInput(0), "Range") : NodeOp();
  if (!range || intOf(range.getInput(0)) != 0 || intOf(range.getInput(2)) != 1)
    return std::nullopt;
  std::optional<int64_t> times = intOf(div.getInput(1));
  return times && *times > 0 ? times : std::nullopt;
}

/// Gather with a list that repeats each element of a dim: a block of the result
/// is one element.
static std::optional<Layout> repeatStep(NodeOp node, const Layout &layout,
                                        Shape to, Shape from, int64_t dim) {
  auto list = shapeOf(node.getInput(1));
  if (!list || list->size() != 1)
    return std::nullopt;
  std::optional<int64_t> times = repeatsOf(node.getInput(1));
  auto dims = times ? split(layout, to) : std::nullopt;
  if (!dims || ShapedType::isDynamic(to[dim]) ||
      llvm::divideCeil(to[dim], *times) > static_cast<uint64_t>(from[dim]))
    return std::nullopt;
  std::optional<Layout> divided = divide((*dims)[dim], *times);
  if (!divided)
    return std::nullopt;
  (*dims)[dim] = *divided;
  return join(*dims, from);
}

/// Gather with one constant index: a slice of size 1, with or without the dim.
/// Or with a list that repeats elements.
static std::optional<Layout> gatherStep(NodeOp node, const Layout &layout,
                                        Shape to, Shape from) {
  std::optional<int64_t> index = intOf(node.getInput(1));
  int64_t dim = normaliseAxis(node.getIntAttr("axis", 0), from.size());
  if (!index && dim >= 0 && dim < static_cast<int64_t>(from.size()) &&
      !ShapedType::isDynamic(from[dim]))
    return repeatStep(node, layout, to, from, dim);
  if (!index || dim < 0 || dim >= static_cast<int64_t>(from.size()) ||
      ShapedType::isDynamic(from[dim]))
    return std::nullopt;
  SmallVector<int64_t> one(from);
  one[dim] = 1;
  return sliceBack(layout, one, from, dim,
                   *index < 0 ? *index + from[dim] : *index, 1);
}

static std::optional<Layout> transposeStep(NodeOp node, const Layout &layout,
                                           Shape from) {
  SmallVector<int64_t> permutation(from.size());
  for (size_t i = 0; i < from.size(); ++i)
    permutation[i] = from.size() - 1 - i;
  if (auto given = node.getIntsAttr("perm"))
    permutation.assign(given->begin(), given->end());
  if (permutation.size() != from.size())
    return std::nullopt;
  return transposeBack(layout, from, permutation);
}

static std::optional<Layout> layoutBefore(NodeOp node, const View &view,
                                          bool casts) {
  auto from = shapeOf(node.getInput(0));
  auto to = shapeOf(view.value);
  if (!node.getDomain().empty() || !from || !to)
    return std::nullopt;
  StringRef op = node.getOpType();
  if (op == "Identity" || op == "Reshape" || op == "Squeeze" ||
      op == "Unsqueeze" || op == "Flatten")
    return view.layout;
  if (op == "Cast" || op == "CastLike")
    return (casts && isHarmlessCast(node)) ||
                   elementType(node.getInput(0)) == elementType(view.value)
               ? std::optional(view.layout)
               : std::nullopt;
  if (op == "Transpose")
    return transposeStep(node, view.layout, *from);
  if (op == "Expand")
    return broadcastBack(view.layout, *to, *from);
  if (op == "Tile")
    return tileBack(view.layout, *to, *from);
  if (op == "Slice")
    return sliceStep(node, view.layout, *to, *from);
  if (op == "Split")
    return splitStep(node, view.value, view.layout, *to, *from);
  if (op == "Gather")
    return gatherStep(node, view.layout, *to, *from);
  return std::nullopt;
}

bool moe::stepBack(View &view, bool casts) {
  auto node = view.value.getDefiningOp<NodeOp>();
  if (!node)
    return false;
  std::optional<Layout> layout = layoutBefore(node, view, casts);
  if (!layout)
    return false;
  view = {node.getInput(0), *layout};
  return true;
}

void moe::peel(View &view, bool casts) {
  while (stepBack(view, casts)) {
  }
}

Value moe::stripIdle(Value value, const Layout &rows) {
  auto shape = shapeOf(value);
  if (!shape)
    return value;
  int64_t count = numElements(*shape);
  View view{value, rows};
  while (stepBack(view, /*casts=*/true)) {
    auto from = shapeOf(view.value);
    if (view.layout == rows && from && numElements(*from) == count)
      value = view.value;
  }
  return value;
}
