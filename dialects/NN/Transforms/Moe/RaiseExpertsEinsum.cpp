//===- RaiseExpertsEinsum.cpp - Experts by products that name their dims
//----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Einsum in place of the products and sums of the other encodings: as a linear
// layer of experts (ReadLinear.cpp), and where weights meet the outputs of
// experts and sum them, in one node.
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

//===----------------------------------------------------------------------===//
// The equation
//===----------------------------------------------------------------------===//

/// The letters of one factor or of the result, if each stands for one dim of a
/// value of `rank` dims.
static std::optional<std::string> lettersOf(StringRef text, size_t rank) {
  std::string letters;
  for (char letter : text) {
    if (letter == ' ')
      continue;
    if (!llvm::isAlpha(letter) || StringRef(letters).contains(letter))
      return std::nullopt;
    letters.push_back(letter);
  }
  return letters.size() == rank ? std::optional(letters) : std::nullopt;
}

SmallVector<char> EinsumForm::summedLetters() const {
  SmallVector<char> summed;
  for (char letter : lhsLetters + rhsLetters)
    if (!StringRef(resultLetters).contains(letter) &&
        !llvm::is_contained(summed, letter))
      summed.push_back(letter);
  return summed;
}

std::optional<EinsumForm> moe::readEinsumForm(NodeOp node) {
  if (!node || !node.isOp("", "Einsum") || node.getInputs().size() != 2)
    return std::nullopt;
  auto [factors, result] = node.getStringAttr("equation", "").split("->");
  auto [first, second] = factors.split(',');
  auto lhs = shapeOf(node.getInput(0)), rhs = shapeOf(node.getInput(1)),
       to = shapeOf(node.getOutput(0));
  if (!lhs || !rhs || !to || second.empty() || second.contains(','))
    return std::nullopt;
  auto left = lettersOf(first, lhs->size());
  auto right = lettersOf(second, rhs->size());
  auto letters = lettersOf(result, to->size());
  if (!left || !right || !letters)
    return std::nullopt;
  // One letter is one size: no broadcast, and none that only the result has.
  for (auto [index, letter] : llvm::enumerate(*letters)) {
    size_t a = left->find(letter), b = right->find(letter);
    if ((a == std::string::npos && b == std::string::npos) ||
        (a != std::string::npos && (*lhs)[a] != (*to)[index]) ||
        (b != std::string::npos && (*rhs)[b] != (*to)[index]))
      return std::nullopt;
  }
  return EinsumForm{node.getInput(0), node.getInput(1), *left, *right,
                    *letters};
}

/// The letters of a factor of MatMul: of its batch dims, then of its own two.
static std::string lettersOfFactor(Shape shape, Shape result, size_t batch,
                                   StringRef own) {
  std::string letters;
  size_t skipped = batch + own.size() - shape.size();
  for (size_t i = skipped; i < batch; ++i) {
    bool isSpread = shape[i - skipped] == 1 && result[i] != 1;
    letters.push_back(static_cast<char>((isSpread ? 'A' : 'a') + i));
  }
  return letters + own.str();
}

std::optional<EinsumForm> moe::readProductForm(NodeOp node) {
  if (!node || !node.isOp("", "MatMul"))
    return readEinsumForm(node);
  auto lhs = shapeOf(node.getInput(0)), rhs = shapeOf(node.getInput(1)),
       to = shapeOf(node.getOutput(0));
  constexpr size_t most = 8; // letters of batches stay apart from x, y and z
  if (!lhs || !rhs || !to || lhs->size() < 2 || rhs->size() < 2 ||
      to->size() > most || to->size() != std::max(lhs->size(), rhs->size()))
    return std::nullopt;
  size_t batch = to->size() - 2;
  EinsumForm form{node.getInput(0), node.getInput(1), "", "", ""};
  form.lhsLetters = lettersOfFactor(*lhs, *to, batch, "xz");
  form.rhsLetters = lettersOfFactor(*rhs, *to, batch, "zy");
  form.resultLetters = lettersOfFactor(*to, *to, batch, "xy");
  return form;
}

//===----------------------------------------------------------------------===//
// Weights and outputs of experts
//===----------------------------------------------------------------------===//

namespace {

/// The layout of each letter of a sum of weighted outputs.
class WeightedSum {
public:
  explicit WeightedSum(const EinsumForm &form) : form(form) {}

  /// Letters of the weight as it lies, and Hidden for the one of the outputs
  /// that it has not.
  bool name(const Layout &weight, bool isLeft) {
    Value weights = isLeft ? form.lhs : form.rhs;
    outputs = isLeft ? form.rhs : form.lhs;
    outputLetters = isLeft ? form.rhsLetters : form.lhsLetters;
    auto dims = split(weight, *shapeOf(weights));
    if (!dims)
      return false;
    for (auto [letter, dim] : llvm::zip_equal(
             StringRef(isLeft ? form.lhsLetters : form.rhsLetters), *dims))
      letters[letter] = dim;
    for (auto [letter, size] :
         llvm::zip_equal(StringRef(outputLetters), *shapeOf(outputs))) {
      if (letters.count(letter))
        continue;
      if (size != 1 && hidden != 0)
        return false;
      letters[letter] =
          size == 1 ? Layout() : Layout::rowMajor({{Axis::Hidden, size}});
      hidden = size == 1 ? hidden : size;
    }
    return hidden != 0;
  }

  std::optional<Layout> layoutOf(StringRef names, Value value) const {
    return join(llvm::map_to_vector(
                    names, [&](char letter) { return letters.lookup(letter); }),
                *shapeOf(value));
  }

  /// The axes that are summed over.
  SmallVector<Axis> summed() const {
    SmallVector<Axis> axes;
    for (char letter : form.summedLetters())
      for (const Term &term : letters.lookup(letter).terms)
        axes.push_back(term.axis);
    return axes;
  }

  const EinsumForm &form;
  Value outputs;
  std::string outputLetters;
  int64_t hidden = 0;

private:
  llvm::DenseMap<char, Layout> letters;
};

} // namespace

static bool sumOutputs(Analysis &analysis, NodeOp node) {
  std::optional<EinsumForm> form = readProductForm(node);
  if (!form)
    return false;
  for (bool isLeft : {true, false}) {
    const Fact *found = analysis.find(isLeft ? form->lhs : form->rhs);
    bool isFull = found && found->kind == FactKind::FullWeight;
    if (!isFull && !(found && found->kind == FactKind::Weight))
      continue;
    Fact weight = *found;
    const Router &router = *weight.router;
    WeightedSum sum(*form);
    if (weight.expert >= 0 || !sum.name(weight.layout, isLeft) ||
        !sumsOver(sum.summed(), {isFull ? Axis::Expert : Axis::Slot}, router))
      continue;
    auto layout = sum.layoutOf(sum.outputLetters, sum.outputs);
    auto result = sum.layoutOf(form->resultLetters, node.getOutput(0));
    auto experts =
        layout && result
            ? readExperts(analysis, weight, {sum.outputs, *layout}, sum.hidden)
            : std::nullopt;
    if (!experts || experts->empty())
      continue;
    Sum *all = analysis.addSum(weight);
    all->experts = std::move(*experts);
    return analysis.setTerms(node, all, *result);
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Weights and masks
//===----------------------------------------------------------------------===//

/// The layout of each letter of two factors that know their dims, if they
/// agree.
static std::optional<llvm::DenseMap<char, Layout>>
layoutsOf(const EinsumForm &form, const Layout &lhs, const Layout &rhs) {
  auto left = split(lhs, *shapeOf(form.lhs));
  auto right = split(rhs, *shapeOf(form.rhs));
  if (!left || !right)
    return std::nullopt;
  llvm::DenseMap<char, Layout> layouts;
  auto add = [&](StringRef letters, ArrayRef<Layout> dims) {
    return llvm::all_of(llvm::zip_equal(letters, dims), [&](auto pair) {
      auto [letter, dim] = pair;
      auto [known, isNew] = layouts.try_emplace(letter, dim);
      return isNew || known->second == dim;
    });
  };
  if (!add(form.lhsLetters, *left) || !add(form.rhsLetters, *right))
    return std::nullopt;
  return layouts;
}

/// Mask and weight of a choice must be of one token and slot: their dims have
/// the same letters.
static bool sharesChoice(const EinsumForm &form,
                         const llvm::DenseMap<char, Layout> &layouts) {
  for (char letter : form.lhsLetters + form.rhsLetters) {
    const Layout layout = layouts.lookup(letter);
    bool isOfChoice = layout.has(Axis::Token) || layout.has(Axis::Slot);
    if (isOfChoice && (!StringRef(form.lhsLetters).contains(letter) ||
                       !StringRef(form.rhsLetters).contains(letter)))
      return false;
  }
  return true;
}

/// The sum over slots of weight times mask.
static bool sumMasked(Analysis &analysis, NodeOp node) {
  std::optional<EinsumForm> form = readProductForm(node);
  const Fact *lhs = form ? analysis.find(form->lhs) : nullptr;
  const Fact *rhs = form ? analysis.find(form->rhs) : nullptr;
  if (!lhs || !rhs || lhs->router != rhs->router)
    return false;
  const Fact *weight = lhs->kind == FactKind::Weight ? lhs : rhs;
  const Fact *mask = weight == lhs ? rhs : lhs;
  if (weight->kind != FactKind::Weight || mask->kind != FactKind::Mask)
    return false;
  auto layouts = layoutsOf(*form, lhs->layout, rhs->layout);
  if (!layouts || !sharesChoice(*form, *layouts))
    return false;
  SmallVector<Axis> summed;
  for (char letter : form->summedLetters())
    for (const Term &term : layouts->lookup(letter).terms)
      summed.push_back(term.axis);
  auto result = join(
      llvm::map_to_vector(StringRef(form->resultLetters),
                          [&](char letter) { return layouts->lookup(letter); }),
      *shapeOf(node.getOutput(0)));
  if (!result || !sumsOver(summed, {Axis::Slot}, *weight->router))
    return false;
  Fact full = *weight;
  full.kind = FactKind::FullWeight;
  full.layout = *result;
  full.expert = mask->expert;
  return analysis.set(node, std::move(full));
}

void moe::addEinsumRules(RuleMap &rules) {
  for (StringRef op : {"Einsum", "MatMul"}) {
    rules[op].push_back(sumOutputs);
    rules[op].push_back(sumMasked);
  }
}
