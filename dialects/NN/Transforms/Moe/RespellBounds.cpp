//===- RespellBounds.cpp - Comparisons that are always true -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Experts with places for so many tokens compare the number of each token with
// that of the places. Where there are places for all tokens, none is left out,
// whatever the data are: seen from the least and the largest that counts of
// zeros and ones can be.
//
//===----------------------------------------------------------------------===//

#include "RespellRules.h"

#include "Peel.h"

#include "dialects/NN/Transforms/Raiser.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

namespace {
/// Of whole numbers.
struct Bounds {
  double least, most;
};
} // namespace

/// Whether `type` holds all whole numbers within: sums of them are exact.
static bool holds(Type type, const Bounds &bounds) {
  double largest = std::max(std::abs(bounds.least), std::abs(bounds.most));
  if (auto real = dyn_cast<FloatType>(type))
    return largest <= std::ldexp(1.0, real.getFPMantissaWidth());
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return false;
  int bits = static_cast<int>(integer.getWidth());
  return integer.isUnsigned()
             ? bounds.least >= 0 && largest < std::ldexp(1.0, bits)
             : largest < std::ldexp(1.0, bits - 1) || bits == 1;
}

static std::optional<Bounds> boundsOf(Value value, int depth);

/// Of a constant's numbers.
static std::optional<Bounds> boundsOfNumbers(Value value) {
  constexpr size_t mostNumbers = 1 << 12;
  auto isWhole = [](double number) {
    return std::isfinite(number) && number == std::floor(number);
  };
  if (std::optional<double> number = scalarOf(value))
    return isWhole(*number) ? std::optional(Bounds{*number, *number})
                            : std::nullopt;
  auto numbers = onnx::getConstantInts(value);
  if (numbers && !numbers->empty() && numbers->size() <= mostNumbers)
    return Bounds{static_cast<double>(*llvm::min_element(*numbers)),
                  static_cast<double>(*llvm::max_element(*numbers))};
  auto dense =
      dyn_cast_or_null<DenseFPElementsAttr>(onnx::getConstantValue(value));
  if (!dense || dense.getNumElements() == 0 ||
      dense.getNumElements() > static_cast<int64_t>(mostNumbers))
    return std::nullopt;
  Bounds bounds{std::numeric_limits<double>::infinity(),
                -std::numeric_limits<double>::infinity()};
  for (const APFloat &each : dense.getValues<APFloat>()) {
    double number = each.convertToDouble();
    if (!isWhole(number))
      return std::nullopt;
    bounds = {std::min(bounds.least, number), std::max(bounds.most, number)};
  }
  return bounds;
}

/// Of a sum of as many numbers as `count` or fewer.
static Bounds multiply(const Bounds &bounds, double count) {
  return {std::min(bounds.least, bounds.least * count),
          std::max(bounds.most, bounds.most * count)};
}

static std::optional<Bounds> combine(StringRef op, const Bounds &a,
                                     const Bounds &b) {
  if (op == "Add")
    return Bounds{a.least + b.least, a.most + b.most};
  if (op == "Sub")
    return Bounds{a.least - b.most, a.most - b.least};
  if (op != "Mul")
    return std::nullopt;
  auto [least, most] = std::minmax(
      {a.least * b.least, a.least * b.most, a.most * b.least, a.most * b.most});
  return Bounds{least, most};
}

/// Of sums along a dim, or over some.
static std::optional<Bounds> boundsOfSum(NodeOp node, int depth) {
  auto from = shapeOf(node.getInput(0)), to = shapeOf(node.getOutput(0));
  auto inner = boundsOf(node.getInput(0), depth);
  if (!inner || !from || !to || ShapedType::isDynamicShape(*from) ||
      ShapedType::isDynamicShape(*to) || numElements(*to) == 0)
    return std::nullopt;
  if (node.isOp("", "ReduceSum"))
    return multiply(*inner, static_cast<double>(numElements(*from)) /
                                static_cast<double>(numElements(*to)));
  std::optional<int64_t> axis = intOf(node.getInput(1));
  int64_t dim = axis ? normaliseAxis(*axis, from->size()) : -1;
  if (dim < 0 || dim >= static_cast<int64_t>(from->size()))
    return std::nullopt;
  return multiply(*inner, static_cast<double>((*from)[dim]));
}

static std::optional<Bounds> boundsOfResult(Value value, int depth) {
  auto node = value.getDefiningOp<NodeOp>();
  if (!node || !node.getDomain().empty() || !node.getInput(0))
    return std::nullopt;
  StringRef op = node.getOpType();
  if (op == "OneHot")
    return node.getInput(2) ? boundsOfNumbers(node.getInput(2)) : std::nullopt;
  if (op == "CumSum" || op == "ReduceSum")
    return boundsOfSum(node, depth - 1);
  if (op == "Add" || op == "Sub" || op == "Mul") {
    auto a = boundsOf(node.getInput(0), depth - 1);
    auto b = a ? boundsOf(node.getInput(1), depth - 1) : std::nullopt;
    return b ? combine(op, *a, *b) : std::nullopt;
  }
  static constexpr StringLiteral kSame[] = {
      "Cast",     "Reshape",   "Squeeze",   "Unsqueeze", "Transpose",
      "Identity", "Flatten",   "Expand",    "Tile",      "Slice",
      "Gather",   "ReduceMax", "ReduceMin", "Split"};
  return llvm::is_contained(kSame, op) ? boundsOf(node.getInput(0), depth - 1)
                                       : std::nullopt;
}

static std::optional<Bounds> boundsOf(Value value, int depth) {
  if (!value || depth == 0)
    return std::nullopt;
  if (auto known = boundsOfNumbers(value))
    return known;
  Type element = getElementTypeOrSelf(value.getType());
  if (element.isInteger(1))
    return Bounds{0, 1};
  auto bounds = boundsOfResult(value, depth);
  return bounds && holds(element, *bounds) ? bounds : std::nullopt;
}

bool moe::isAlwaysTrue(NodeOp node) {
  constexpr int maxDepth = 10;
  static constexpr StringLiteral kComparisons[] = {"Less", "LessOrEqual",
                                                   "Greater", "GreaterOrEqual"};
  StringRef op = node.getOpType();
  if (!llvm::is_contained(kComparisons, op) || node.getInputs().size() != 2)
    return false;
  auto a = boundsOf(node.getInput(0), maxDepth);
  auto b = a ? boundsOf(node.getInput(1), maxDepth) : std::nullopt;
  if (!b)
    return false;
  if (op.starts_with("Greater"))
    std::swap(a, b);
  return op.ends_with("OrEqual") ? a->most <= b->least : a->most < b->least;
}
