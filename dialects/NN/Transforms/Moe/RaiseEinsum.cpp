//===- RaiseEinsum.cpp - Products that name their dims --------------------===//
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
  std::optional<EinsumForm> form = readEinsumForm(node);
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
    auto mlp =
        layout ? readMlp(analysis, router, {sum.outputs, *layout}, sum.hidden)
               : std::nullopt;
    if (!result || !mlp || mlp->root || mlp->expert >= 0 ||
        mlp->weightedInput || !isStacked(*mlp, /*byExpert=*/router.experts > 1))
      continue;
    Sum *all = analysis.addSum(weight);
    all->experts.push_back({-1, std::move(*mlp)});
    return analysis.setTerms(node, all, *result);
  }
  return false;
}

void moe::addEinsumRules(RuleMap &rules) {
  rules["Einsum"].push_back(sumOutputs);
}
