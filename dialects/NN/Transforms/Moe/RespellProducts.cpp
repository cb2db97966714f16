//===- RespellProducts.cpp - Products of other spellings ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RespellRules.h"

#include "Peel.h"

#include "dialects/NN/Transforms/Raiser.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

static RankedTensorType staticType(Value value) {
  auto type =
      value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
  return type && type.hasStaticShape() ? type : RankedTensorType();
}

static Value ints(OpBuilder &builder, Location loc, ArrayRef<int64_t> numbers) {
  auto type = RankedTensorType::get(static_cast<int64_t>(numbers.size()),
                                    builder.getI64Type());
  return onnx::ConstantOp::create(
      builder, loc, cast<ElementsAttr>(DenseElementsAttr::get(type, numbers)));
}

static Value reshape(OpBuilder &builder, Location loc, Value value,
                     ArrayRef<int64_t> shape) {
  auto type =
      RankedTensorType::get(shape, getElementTypeOrSelf(value.getType()));
  return NodeOp::create(builder, loc, TypeRange(type), /*domain=*/"", "Reshape",
                        ValueRange{value, ints(builder, loc, shape)})
      .getOutput(0);
}

//===----------------------------------------------------------------------===//
// Einsum of several factors
//===----------------------------------------------------------------------===//

namespace {

/// Factors that are left, and how many elements a letter counts.
struct Product {
  SmallVector<std::pair<Value, std::string>> factors;
  std::string result;
  std::map<char, int64_t> sizes;

  bool read(NodeOp node);
  /// The letters that the product of two factors must keep.
  std::string kept(size_t i, size_t j) const;
  int64_t sizeOf(StringRef letters) const {
    int64_t size = 1;
    for (char letter : letters)
      if (llvm::MulOverflow(size, sizes.at(letter), size))
        return std::numeric_limits<int64_t>::max();
    return size;
  }
  SmallVector<int64_t> shapeOf(StringRef letters) const {
    SmallVector<int64_t> shape;
    for (char letter : letters)
      shape.push_back(sizes.at(letter));
    return shape;
  }
};

} // namespace

static bool hasTwice(std::string letters) {
  llvm::sort(letters);
  return llvm::adjacent_find(letters) != letters.end();
}

/// Letters only, each of one size and once in a term: nothing broadcasts.
bool Product::read(NodeOp node) {
  std::string text;
  for (char c : node.getStringAttr("equation", ""))
    if (!llvm::isSpace(c))
      text.push_back(c);
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (!StringRef(text).contains("->") ||
      terms.size() != node.getInputs().size())
    return false;
  for (auto [term, value] : llvm::zip_equal(terms, node.getInputs())) {
    RankedTensorType type = staticType(value);
    if (!type || !llvm::all_of(term, [](char c) { return llvm::isAlpha(c); }) ||
        static_cast<int64_t>(term.size()) != type.getRank() ||
        hasTwice(term.str()))
      return false;
    for (auto [letter, size] : llvm::zip_equal(term, type.getShape()))
      if (sizes.try_emplace(letter, size).first->second != size)
        return false;
    factors.emplace_back(value, term.str());
  }
  result = right.str();
  return !hasTwice(result) && llvm::all_of(result, [&](char letter) {
    return sizes.count(letter) != 0;
  });
}

std::string Product::kept(size_t i, size_t j) const {
  std::string letters;
  for (char letter : factors[i].second + factors[j].second) {
    bool isNeeded = StringRef(result).contains(letter);
    for (size_t k = 0; k < factors.size() && !isNeeded; ++k)
      isNeeded =
          k != i && k != j && StringRef(factors[k].second).contains(letter);
    if (isNeeded && !StringRef(letters).contains(letter))
      letters.push_back(letter);
  }
  return letters;
}

Value moe::writeProduct(NodeOp node, OpBuilder &builder) {
  constexpr size_t most = 8;
  RankedTensorType type = staticType(node.getOutput(0));
  Product product;
  if (node.getInputs().size() < 3 || node.getInputs().size() > most || !type ||
      !product.read(node) ||
      ArrayRef<int64_t>(product.shapeOf(product.result)) != type.getShape())
    return {};
  auto multiply = [&](size_t i, size_t j, const std::string &letters) {
    std::string equation = product.factors[i].second + "," +
                           product.factors[j].second + "->" + letters;
    auto partType =
        RankedTensorType::get(product.shapeOf(letters), type.getElementType());
    NamedAttribute attribute =
        builder.getNamedAttr("equation", builder.getStringAttr(equation));
    return NodeOp::create(
               builder, node->getLoc(), TypeRange(partType),
               /*domain=*/"", "Einsum",
               ValueRange{product.factors[i].first, product.factors[j].first},
               attribute)
        .getOutput(0);
  };
  while (product.factors.size() > 2) {
    size_t first = 0, second = 1;
    for (size_t i = 0; i < product.factors.size(); ++i)
      for (size_t j = i + 1; j < product.factors.size(); ++j)
        if (product.sizeOf(product.kept(i, j)) <
            product.sizeOf(product.kept(first, second)))
          std::tie(first, second) = std::pair(i, j);
    std::string letters = product.kept(first, second);
    product.factors[first] = {multiply(first, second, letters), letters};
    product.factors.erase(product.factors.begin() + second);
  }
  return multiply(0, 1, product.result);
}

//===----------------------------------------------------------------------===//
// Products with ones
//===----------------------------------------------------------------------===//

NodeOp moe::writeSumOfOnes(NodeOp node, OpBuilder &builder) {
  RankedTensorType type = staticType(node.getOutput(0));
  if (!type || node.getInputs().size() != 2)
    return {};
  for (unsigned i : {1u, 0u}) {
    RankedTensorType ones = staticType(node.getInput(i));
    RankedTensorType summed = staticType(node.getInput(1 - i));
    if (!ones || !summed || summed.getRank() < 2 || ones.getRank() < 1 ||
        ones.getRank() > 2 || !onnx::getConstantValue(node.getInput(i)) ||
        !isOne(node.getInput(i)))
      continue;
    // [n, 1] behind the factor, [1, n] before it; without the dim of size 1
    // the result has none either.
    bool isMatrix = ones.getRank() == 2;
    if (isMatrix && ones.getDimSize(i == 1 ? 1 : 0) != 1)
      continue;
    int64_t axis = summed.getRank() - (i == 1 ? 1 : 2);
    NamedAttribute keeps = builder.getNamedAttr(
        "keepdims", builder.getI64IntegerAttr(isMatrix ? 1 : 0));
    return NodeOp::create(
        builder, node->getLoc(), TypeRange(type), /*domain=*/"", "ReduceSum",
        ValueRange{node.getInput(1 - i), ints(builder, node->getLoc(), axis)},
        keeps);
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Places in all tokens' experts
//===----------------------------------------------------------------------===//

/// `value` without nodes that only change its shape or hold its integers.
static Value stripShapes(Value value) {
  for (NodeOp node = value.getDefiningOp<NodeOp>(); node;
       node = value.getDefiningOp<NodeOp>()) {
    bool isIdle = node.isOp("", "Reshape") || node.isOp("", "Squeeze") ||
                  node.isOp("", "Unsqueeze") || node.isOp("", "Identity") ||
                  node.isOp("", "Flatten") ||
                  (node.isOp("", "Cast") && isHarmlessCast(node));
    if (!isIdle || !node.getInput(0))
      break;
    value = node.getInput(0);
  }
  return value;
}

namespace {
/// The choices of a TopK, as places in the rows of all tokens.
struct Places {
  Value choices; ///< [..., k]
  int64_t tokens = 0, experts = 0, slots = 0;
};
} // namespace

/// Whether number i of `offsets`, of as many dims as `sum` where they are
/// spread, is `experts` times the token of choice i.
static bool areRows(Value offsets, ArrayRef<int64_t> sum,
                    const Places &places) {
  auto numbers = onnx::getConstantInts(offsets);
  auto shape = shapeOf(offsets);
  if (!numbers || !shape)
    return false;
  int64_t count = numbers->size();
  bool isForEach = count == places.tokens * places.slots && *shape == sum;
  bool isColumn = count == places.tokens && !sum.empty() &&
                  sum.back() == places.slots && !shape->empty() &&
                  (shape->back() == 1 || places.slots == 1);
  if (!isForEach && !isColumn)
    return false;
  for (auto [i, number] : llvm::enumerate(*numbers)) {
    int64_t token =
        static_cast<int64_t>(i) / (isForEach ? places.slots : int64_t(1));
    if (number != token * places.experts)
      return false;
  }
  return true;
}

/// `indices` as token * experts + choice.
static std::optional<Places> readPlaces(Value indices) {
  NodeOp sum = definedBy(stripShapes(indices), "Add");
  RankedTensorType type = sum ? staticType(sum.getOutput(0)) : nullptr;
  if (!type)
    return std::nullopt;
  for (unsigned i : {0u, 1u}) {
    Value choices = stripShapes(sum.getInput(i));
    NodeOp topK = definedBy(choices, "TopK");
    RankedTensorType scores = topK ? staticType(topK.getInput(0)) : nullptr;
    RankedTensorType chosen = staticType(choices);
    if (!scores || !chosen || topK.getOutput(1) != choices ||
        chosen.getRank() == 0 || chosen.getNumElements() == 0 ||
        normaliseAxis(topK.getIntAttr("axis", -1), scores.getRank()) !=
            scores.getRank() - 1)
      continue;
    Places places;
    places.choices = choices;
    places.slots = chosen.getShape().back();
    places.tokens = chosen.getNumElements() / places.slots;
    places.experts = scores.getShape().back();
    if (type.getNumElements() == chosen.getNumElements() &&
        areRows(sum.getInput(1 - i), type.getShape(), places))
      return places;
  }
  return std::nullopt;
}

Value moe::writeChosenRows(NodeOp node, OpBuilder &builder) {
  RankedTensorType rows = staticType(node.getInput(0));
  RankedTensorType type = staticType(node.getOutput(0));
  if (!rows || !type || rows.getRank() < 1 || node.getInputs().size() != 2 ||
      normaliseAxis(node.getIntAttr("axis", 0), rows.getRank()) != 0)
    return {};
  std::optional<Places> places = readPlaces(node.getInput(1));
  if (!places || rows.getDimSize(0) != places->tokens * places->experts)
    return {};
  Location loc = node->getLoc();
  SmallVector<int64_t> split = {places->tokens, places->experts};
  llvm::append_range(split, rows.getShape().drop_front());
  SmallVector<int64_t> chosen = {places->tokens, places->slots};
  llvm::append_range(chosen, rows.getShape().drop_front());
  Value tokens = reshape(builder, loc, node.getInput(0), split);
  Value indices = reshape(builder, loc, places->choices,
                          {places->tokens, places->slots, 1});
  NamedAttribute batch =
      builder.getNamedAttr("batch_dims", builder.getI64IntegerAttr(1));
  Value taken =
      NodeOp::create(
          builder, loc,
          TypeRange(RankedTensorType::get(chosen, type.getElementType())),
          /*domain=*/"", "GatherND", ValueRange{tokens, indices}, batch)
          .getOutput(0);
  return reshape(builder, loc, taken, type.getShape());
}
