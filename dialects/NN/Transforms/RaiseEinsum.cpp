//===- RaiseEinsum.cpp - Products that name their dims --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Einsum outside of experts, as the product that it spells: factors are brought
// into the order of a MatMul (dims of both and of the result, dims of one, dims
// that are summed), multiplied, and the result into that of the equation. What
// is left of transposes then folds into the neighbours; a weight is viewed in
// the order that the product takes, without a transpose.
//
// Several factors are multiplied one after the other. A dim of size 1 that
// meets a larger one of the same name broadcasts, as an ellipsis does.
//
//===----------------------------------------------------------------------===//

#include "Matchers.h"
#include "Raiser.h"
#include "WeightViews.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;
using namespace inlay::nn;

//===----------------------------------------------------------------------===//
// The equation
//===----------------------------------------------------------------------===//

namespace {

/// A dim by name: its letter, or, in an ellipsis, 256 + its place from the end.
using Label = int;
using Labels = SmallVector<Label>;

struct Equation {
  SmallVector<Labels> factors;
  Labels result;
  std::map<Label, int64_t> sizes;
};

struct Factor {
  Value value;
  Labels labels; ///< one for each dim
};

} // namespace

static constexpr Label kEllipsis = 256;

/// The names in `term` of `rank` dims; nothing where these are others.
static std::optional<Labels> readTerm(StringRef term, int64_t rank) {
  auto [before, after] = term.split("...");
  int64_t named = before.size() + after.size();
  bool hasEllipsis = term.contains("...");
  if (hasEllipsis ? named > rank : named != rank)
    return std::nullopt;
  Labels labels(before.begin(), before.end());
  for (int64_t i = rank - named; i-- > 0;)
    labels.push_back(kEllipsis + static_cast<Label>(i));
  labels.append(after.begin(), after.end());
  return labels;
}

/// The result where the equation has none: the ellipsis, then the letters that
/// occur once, sorted.
static Labels implicitResult(const Equation &equation) {
  Labels result;
  for (auto [label, size] : llvm::reverse(equation.sizes))
    if (label >= kEllipsis)
      result.push_back(label);
  for (auto [label, size] : equation.sizes) {
    auto holdsLabel = [label = label](const Labels &factor) {
      return llvm::is_contained(factor, label);
    };
    if (label < kEllipsis && llvm::count_if(equation.factors, holdsLabel) == 1)
      result.push_back(label);
  }
  return result;
}

static bool hasTwice(ArrayRef<Label> labels) {
  Labels sorted(labels);
  llvm::sort(sorted);
  return llvm::adjacent_find(sorted) != sorted.end();
}

static Refusal readEquation(RaiseContext &context, Equation &equation) {
  std::string text;
  for (char c : context.getNode().getStringAttr("equation", ""))
    if (!llvm::isSpace(c))
      text.push_back(c);
  auto [left, right] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  int64_t ellipsis = 0;
  for (auto [index, term] : llvm::enumerate(terms)) {
    Value input = context.input(index);
    if (!input)
      return "has no input " + std::to_string(index);
    std::optional<Labels> labels = readTerm(term, getShape(input).size());
    if (!labels)
      return "has an equation that does not describe its inputs";
    if (hasTwice(*labels))
      return "takes a diagonal (a letter twice in one term), which no rule "
             "knows: export it as a product with a mask, or as a Gather";
    for (auto [label, size] : llvm::zip_equal(*labels, getShape(input))) {
      int64_t &known = equation.sizes.try_emplace(label, 1).first->second;
      known = size == 1 ? known : size;
      if (label >= kEllipsis)
        ellipsis = std::max<int64_t>(ellipsis, label - kEllipsis + 1);
    }
    equation.factors.push_back(std::move(*labels));
  }
  if (!StringRef(text).contains("->")) {
    equation.result = implicitResult(equation);
    return std::nullopt;
  }
  int64_t named = right.size() - (right.contains("...") ? 3 : 0);
  auto result = readTerm(right, named + (right.contains("...") ? ellipsis : 0));
  bool isKnown =
      result && !hasTwice(*result) && llvm::all_of(*result, [&](Label label) {
        return equation.sizes.count(label) != 0;
      });
  if (!isKnown)
    return "has an equation whose result is not made of its inputs";
  equation.result = std::move(*result);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

namespace {

class Contraction {
public:
  Contraction(RaiseContext &context, const Equation &equation)
      : context(context), equation(equation) {}

  Value run();

private:
  /// `factor` without dims of size 1 whose name stands for more.
  Factor dropBroadcast(Factor factor);
  /// `factor` summed over what neither `other` nor the rest needs.
  Factor sumAway(Factor factor, ArrayRef<Label> other, ArrayRef<Label> kept);
  /// `factor` with its dims in the order `labels`.
  Value arrange(const Factor &factor, ArrayRef<Label> labels);
  /// The same with the shape `shape`; of a weight as a view where it can be.
  Value arrange(const Factor &factor, ArrayRef<Label> labels,
                ArrayRef<Labels> groups);
  Factor multiply(Factor lhs, Factor rhs, ArrayRef<Label> kept);
  Factor scale(const Factor &lhs, const Factor &rhs);

  int64_t sizeOf(ArrayRef<Label> labels) const {
    int64_t size = 1;
    for (Label label : labels)
      size *= equation.sizes.at(label);
    return size;
  }
  SmallVector<int64_t> sizesOf(ArrayRef<Label> labels) const {
    return llvm::map_to_vector(
        labels, [&](Label label) { return equation.sizes.at(label); });
  }
  RankedTensorType typeOf(ArrayRef<int64_t> shape) const {
    return RankedTensorType::get(shape, context.outputType(0).getElementType());
  }
  Value reshape(Value value, ArrayRef<int64_t> shape) {
    return createReshape(context.getBuilder(), context.getLoc(), value, shape);
  }

  RaiseContext &context;
  const Equation &equation;
};

} // namespace

/// Those of `labels` that are (`isIn`) or are not in `others`.
static Labels filter(ArrayRef<Label> labels, ArrayRef<Label> others,
                     bool isIn) {
  Labels kept;
  for (Label label : labels)
    if (llvm::is_contained(others, label) == isIn)
      kept.push_back(label);
  return kept;
}

static Labels join(ArrayRef<Labels> groups) {
  Labels all;
  for (const Labels &group : groups)
    llvm::append_range(all, group);
  return all;
}

Factor Contraction::dropBroadcast(Factor factor) {
  Labels labels;
  SmallVector<int64_t> shape;
  for (auto [label, size] :
       llvm::zip_equal(factor.labels, getShape(factor.value)))
    if (size == equation.sizes.at(label)) {
      labels.push_back(label);
      shape.push_back(size);
    }
  return {reshape(factor.value, shape), labels};
}

Factor Contraction::sumAway(Factor factor, ArrayRef<Label> other,
                            ArrayRef<Label> kept) {
  SmallVector<int64_t> axes;
  Labels labels;
  for (auto [axis, label] : llvm::enumerate(factor.labels))
    if (llvm::is_contained(other, label) || llvm::is_contained(kept, label))
      labels.push_back(label);
    else
      axes.push_back(static_cast<int64_t>(axis));
  if (axes.empty())
    return factor;
  return {context.create<ReduceOp>(typeOf(sizesOf(labels)), ReduceKind::Sum,
                                   factor.value, axes),
          labels};
}

Value Contraction::arrange(const Factor &factor, ArrayRef<Label> labels) {
  SmallVector<int64_t> permutation;
  for (Label label : labels)
    permutation.push_back(llvm::find(factor.labels, label) -
                          factor.labels.begin());
  if (llvm::is_sorted(permutation))
    return factor.value;
  return createTranspose(context.getBuilder(), context.getLoc(), factor.value,
                         permutation);
}

/// Where the elements of a factor lie with each group of dims as one; nothing
/// where the dims of a group do not follow each other.
static std::optional<Strided> mergeDims(const Factor &factor,
                                        ArrayRef<Labels> groups) {
  ArrayRef<int64_t> shape = getShape(factor.value);
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  Strided view;
  for (const Labels &group : groups) {
    int64_t size = 1, stride = 0;
    for (Label label : llvm::reverse(group)) {
      size_t dim = llvm::find(factor.labels, label) - factor.labels.begin();
      if (shape[dim] == 1)
        continue;
      if (size == 1)
        stride = strides[dim];
      else if (strides[dim] != stride * size)
        return std::nullopt;
      size *= shape[dim];
    }
    view.sizes.push_back(size);
    view.strides.push_back(size == 1 ? 0 : stride);
  }
  return view;
}

Value Contraction::arrange(const Factor &factor, ArrayRef<Label> labels,
                           ArrayRef<Labels> groups) {
  SmallVector<int64_t> shape;
  for (const Labels &group : groups)
    shape.push_back(sizeOf(group));
  auto cast = factor.value.getDefiningOp<CastOp>();
  Value weight = cast ? cast.getInput() : factor.value;
  bool isMatrix = shape.size() == 2 && getShape(weight).size() == 2;
  if (!isMatrix && isWholeWeight(weight))
    if (std::optional<Strided> view = mergeDims(factor, groups)) {
      Value viewed = createWeightView(context.getBuilder(), context.getLoc(),
                                      weight, *view, "einsum");
      return cast ? context.create<CastOp>(typeOf(shape), viewed) : viewed;
    }
  return reshape(arrange(factor, labels), shape);
}

/// The product where nothing is summed: each element with each.
Factor Contraction::scale(const Factor &lhs, const Factor &rhs) {
  Labels common = filter(lhs.labels, rhs.labels, true);
  Labels rows = filter(lhs.labels, rhs.labels, false);
  Labels columns = filter(rhs.labels, lhs.labels, false);
  SmallVector<int64_t> left = sizesOf(join({common, rows}));
  left.append(columns.size(), 1);
  SmallVector<int64_t> right = sizesOf(common);
  right.append(rows.size(), 1);
  llvm::append_range(right, sizesOf(columns));
  Labels result = join({common, rows, columns});
  Value product = context.create<BinaryOp>(
      typeOf(sizesOf(result)), BinaryKind::Mul,
      reshape(arrange(lhs, join({common, rows})), left),
      reshape(arrange(rhs, join({common, columns})), right));
  return {product, result};
}

Factor Contraction::multiply(Factor lhs, Factor rhs, ArrayRef<Label> kept) {
  Labels left = lhs.labels;
  lhs = sumAway(std::move(lhs), rhs.labels, kept);
  rhs = sumAway(std::move(rhs), left, kept);
  // Weights are the right factor of a product.
  if (isWeightLike(lhs.value) && !isWeightLike(rhs.value))
    std::swap(lhs, rhs);
  Labels common = filter(rhs.labels, lhs.labels, true);
  Labels summed = filter(common, kept, false);
  if (summed.empty())
    return scale(lhs, rhs);
  Labels batch = filter(filter(lhs.labels, rhs.labels, true), kept, true);
  Labels rows = filter(lhs.labels, rhs.labels, false);
  Labels columns = filter(rhs.labels, lhs.labels, false);
  // One matrix on the right leaves the rows as they are.
  bool isBatched = !batch.empty();
  SmallVector<Labels> leftGroups, rightGroups;
  for (Label label : batch)
    leftGroups.push_back({label});
  rightGroups = leftGroups;
  if (isBatched || rows.empty())
    leftGroups.push_back(rows);
  else
    for (Label label : rows)
      leftGroups.push_back({label});
  leftGroups.push_back(summed);
  rightGroups.push_back(summed);
  rightGroups.push_back(columns);
  Value a = arrange(lhs, join({batch, rows, summed}), leftGroups);
  Value b = arrange(rhs, join({batch, summed, columns}), rightGroups);
  SmallVector<int64_t> shape(getShape(a));
  shape.back() = sizeOf(columns);
  Labels result = join({batch, rows, columns});
  return {reshape(createProduct(context, typeOf(shape), a, b), sizesOf(result)),
          result};
}

Value Contraction::run() {
  SmallVector<Factor> factors;
  for (auto [index, labels] : llvm::enumerate(equation.factors))
    factors.push_back(dropBroadcast({context.input(index), labels}));
  Factor product = factors.front();
  factors.erase(factors.begin());
  while (!factors.empty()) {
    // One that shares a dim, so that what is in between stays small.
    auto *next = llvm::find_if(factors, [&](const Factor &factor) {
      return !filter(factor.labels, product.labels, true).empty();
    });
    if (next == factors.end())
      next = factors.begin();
    Factor factor = *next;
    factors.erase(next);
    Labels kept = equation.result;
    for (const Factor &other : factors)
      llvm::append_range(kept, other.labels);
    product = multiply(std::move(product), std::move(factor), kept);
  }
  product = sumAway(std::move(product), {}, equation.result);
  return arrange(product, equation.result);
}

static Refusal raiseEinsum(RaiseContext &context) {
  Equation equation;
  if (Refusal refusal = readEquation(context, equation))
    return refusal;
  context.setOutput(0, Contraction(context, equation).run());
  return std::nullopt;
}

void inlay::nn::addEinsumRules(RuleTable &rules) {
  rules["Einsum"] = withInputs(1, raiseEinsum);
}
