//===- RaiseSelection.cpp - What a router chooses experts by --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Backwards from a TopK: scores (softmax or sigmoid of logits, or the logits),
// a bias that counts for the choice only, and the limit to the best groups that
// DeepSeek's routers have.
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

/// A weight with a number for each expert.
static bool isBias(Value value, int64_t experts) {
  auto shape = shapeOf(value);
  if (!shape || shape->empty() || shape->back() != experts ||
      numElements(*shape) != experts)
    return false;
  View view{value, {}};
  peel(view, /*casts=*/true);
  return view.value.getDefiningOp<ml_program::GlobalLoadConstOp>() ||
         view.value.getDefiningOp<onnx::ConstantOp>();
}

namespace {

class SelectionReader {
public:
  SelectionReader(int64_t tokens, int64_t experts)
      : experts(experts), rows(Layout::rowMajor({{Axis::Token, tokens},
                                                 {Axis::Expert, experts}})) {}

  Selection read(Value choice) {
    View view{choice, rows};
    peel(view, /*casts=*/true);
    if (std::optional<View> ungrouped = readGroups(view))
      view = *ungrouped;
    if (readScores(view))
      return selection;
    // scores + bias; where the scores are logits, the bias may as well be the
    // router's own, and GatherElements of the scores would tell.
    if (NodeOp add = definedBy(view.value, "Add"); add && view.layout == rows)
      for (unsigned i : {1u, 0u})
        if (isBias(add.getInput(i), experts)) {
          View scores{add.getInput(1 - i), rows};
          peel(scores, /*casts=*/true);
          if (readScores(scores)) {
            selection.bias = add.getInput(i);
            return selection;
          }
        }
    selection.kind = RouteKind::TopK;
    selection.logits = selection.scores =
        view.layout == rows ? view.value : choice;
    if (!(view.layout == rows))
      selection.groups = selection.topGroups = 1;
    return selection;
  }

private:
  /// Softmax over the experts or sigmoid.
  bool readScores(View view) {
    if (!(view.layout == rows))
      return false;
    auto node = view.value.getDefiningOp<NodeOp>();
    auto shape = shapeOf(view.value);
    if (!node || !shape || shape->empty())
      return false;
    int64_t rank = shape->size();
    if (node.isOp("", "Softmax") && shape->back() == experts &&
        node.getOpset().value_or(13) >= 13 &&
        normaliseAxis(node.getIntAttr("axis", -1), rank) == rank - 1)
      selection.kind = RouteKind::SoftmaxTopK;
    else if (node.isOp("", "Sigmoid"))
      selection.kind = RouteKind::SigmoidTopK;
    else
      return false;
    selection.scores = view.value;
    selection.logits = node.getInput(0);
    return true;
  }

  //===--------------------------------------------------------------------===//
  // Groups
  //===--------------------------------------------------------------------===//

  /// What the choice is where its group is among the best.
  std::optional<View> readGroups(const View &view) {
    if (!(view.layout == rows))
      return std::nullopt;
    if (NodeOp where = definedBy(view.value, "Where")) {
      for (bool keeps : {true, false}) {
        std::optional<double> fill = scalarOf(where.getInput(keeps ? 2 : 1));
        View choice{where.getInput(keeps ? 1 : 2), rows};
        auto shape = shapeOf(where.getInput(0));
        if (fill && shape &&
            numElements(*shape) == numElements(*shapeOf(view.value)) &&
            tryMask({where.getInput(0), rows}, choice, keeps)) {
          selection.maskedScore = *fill;
          return choice;
        }
      }
    }
    if (NodeOp mul = definedBy(view.value, "Mul"))
      for (unsigned i : {0u, 1u}) {
        View choice{mul.getInput(i), rows};
        auto shape = shapeOf(mul.getInput(1 - i));
        if (shape && numElements(*shape) == numElements(*shapeOf(view.value)) &&
            tryMask({mul.getInput(1 - i), rows}, choice, /*keeps=*/true))
          return choice;
      }
    return std::nullopt;
  }

  /// Notes nothing of a mask that turns out to be another.
  bool tryMask(const View &mask, View &choice, bool keeps) {
    Selection before = selection;
    if (readMask(mask, choice, keeps))
      return true;
    selection = before;
    return false;
  }

  /// Whether `mask` is true (or false, unless `keeps`) for the experts of the
  /// best groups of `choice`. Peels `choice`.
  bool readMask(View mask, View &choice, bool keeps) {
    peel(choice, /*casts=*/true);
    for (;;) {
      peel(mask, /*casts=*/true);
      auto node = mask.value.getDefiningOp<NodeOp>();
      auto shape = shapeOf(mask.value);
      if (!node || !shape)
        return false;
      bool keepsShape = shapeOf(node.getInput(0)) == shape;
      if (node.isOp("", "Cast")) {
        // 1 is true, 0 is not.
      } else if (node.isOp("", "Not")) {
        keeps = !keeps;
      } else if (node.isOp("", "Greater") &&
                 scalarOf(node.getInput(1)).value_or(-1) >= 0 &&
                 scalarOf(node.getInput(1)).value_or(1) < 1) {
        // 1 is greater, 0 is not.
      } else if (node.isOp("", "Equal") && scalarOf(node.getInput(1)) == 1.0) {
      } else if (node.isOp("", "Equal") && scalarOf(node.getInput(1)) == 0.0) {
        keeps = !keeps;
      } else {
        return keeps && readGroupMask(node, mask, choice);
      }
      if (!keepsShape)
        return false;
      mask.value = node.getInput(0);
    }
  }

  /// Ones at the places of the best groups.
  bool readGroupMask(NodeOp node, const View &mask, const View &choice) {
    Value indices;
    auto shape = shapeOf(mask.value);
    if (!shape || shape->empty())
      return false;
    int64_t groups = shape->back();
    if (node.isOp("", "ScatterElements") && isZero(node.getInput(0)) &&
        isOne(node.getInput(2)) &&
        normaliseAxis(node.getIntAttr("axis", 0), shape->size()) ==
            static_cast<int64_t>(shape->size()) - 1)
      indices = node.getInput(1);
    else if (node.isOp("", "ReduceMax") || node.isOp("", "ReduceSum"))
      indices = oneHotOf(node, groups);
    if (!indices || groups < 1 || experts % groups != 0)
      return false;
    int64_t size = experts / groups;
    Layout expected = rows;
    expected.terms.clear();
    if (const Term *token = rows.find(Axis::Token))
      expected.terms.push_back({Axis::Token, token->size, groups});
    expected.terms.push_back({Axis::Expert, groups, 1, size});
    expected.normalise();
    if (!(mask.layout == expected))
      return false;
    selection.groups = groups;
    return readBestGroups(indices, choice, groups);
  }

  /// The indices of a one-hot tensor that is reduced over its dim before last.
  static Value oneHotOf(NodeOp reduce, int64_t groups) {
    auto shape = shapeOf(reduce.getInput(0));
    auto to = shapeOf(reduce.getOutput(0));
    if (!shape || !to || shape->size() < 2)
      return {};
    View view{reduce.getInput(0), {}};
    peel(view, /*casts=*/true);
    NodeOp oneHot = definedBy(view.value, "OneHot");
    int64_t rank = shape->size();
    SmallVector<int64_t> dims;
    if (auto given = reduce.getIntsAttr("axes"))
      dims.assign(given->begin(), given->end());
    else if (Value input = reduce.getInput(1))
      dims = onnx::getConstantInts(input).value_or(SmallVector<int64_t>());
    if (!oneHot || dims.size() != 1 ||
        normaliseAxis(dims[0], rank) != rank - 2 ||
        shapeOf(view.value) != shape || intOf(oneHot.getInput(1)) != groups ||
        normaliseAxis(oneHot.getIntAttr("axis", -1), rank) != rank - 1)
      return {};
    auto values = dyn_cast_or_null<DenseElementsAttr>(
        onnx::getConstantValue(oneHot.getInput(2)));
    if (!values || values.getNumElements() != 2)
      return {};
    auto ints = onnx::getConstantInts(oneHot.getInput(2));
    if (ints)
      return (*ints)[0] == 0 && (*ints)[1] == 1 ? oneHot.getInput(0) : Value();
    if (!isa<FloatType>(values.getElementType()))
      return {};
    auto floats = values.getValues<APFloat>();
    return floats[0].isZero() && floats[1].convertToDouble() == 1
               ? oneHot.getInput(0)
               : Value();
  }

  /// TopK over the scores of groups: the sum of the best few of each.
  bool readBestGroups(Value indices, const View &choice, int64_t groups) {
    indices = strip(indices);
    NodeOp topK = definedBy(indices, "TopK");
    if (!topK || topK.getOutput(1) != indices ||
        topK.getIntAttr("largest", 1) != 1)
      return false;
    std::optional<int64_t> k = intOf(topK.getInput(1));
    auto shape = shapeOf(topK.getInput(0));
    if (!k || !shape || shape->empty() || shape->back() != groups ||
        normaliseAxis(topK.getIntAttr("axis", -1), shape->size()) !=
            static_cast<int64_t>(shape->size()) - 1)
      return false;
    selection.topGroups = *k;
    return readGroupScore(topK.getInput(0), choice, groups);
  }

  /// A value with a row for each token, without idle nodes before it.
  Value strip(Value value) const {
    const Term *token = rows.find(Axis::Token);
    int64_t tokens = token ? token->size : 1;
    auto shape = shapeOf(value);
    if (!shape || ShapedType::isDynamicShape(*shape) || tokens < 1 ||
        numElements(*shape) % tokens != 0)
      return value;
    // What is in a row does not matter here.
    return stripIdle(
        value, Layout::rowMajor({{Axis::Token, tokens},
                                 {Axis::Slot, numElements(*shape) / tokens}}));
  }

  bool readGroupScore(Value score, const View &choice, int64_t groups) {
    score = strip(score);
    auto reduce = score.getDefiningOp<NodeOp>();
    bool isMax = reduce && reduce.isOp("", "ReduceMax");
    if (!reduce || (!isMax && !reduce.isOp("", "ReduceSum")))
      return false;
    Value best = reduce.getInput(0);
    auto shape = shapeOf(best);
    if (!shape || shape->size() < 2 || (*shape)[shape->size() - 2] != groups)
      return false;
    SmallVector<int64_t> dims;
    if (auto given = reduce.getIntsAttr("axes"))
      dims.assign(given->begin(), given->end());
    else if (Value input = reduce.getInput(1))
      dims = onnx::getConstantInts(input).value_or(SmallVector<int64_t>());
    int64_t rank = shape->size();
    if (dims.size() != 1 || normaliseAxis(dims[0], rank) != rank - 1)
      return false;
    selection.bestPerGroup = 1;
    if (!isMax) {
      best = strip(best);
      NodeOp topK = definedBy(best, "TopK");
      std::optional<int64_t> k = topK ? intOf(topK.getInput(1)) : std::nullopt;
      auto bestOf = shapeOf(best);
      // The same dims as those that are summed.
      if (!k || topK.getOutput(0) != best || bestOf->back() != shape->back() ||
          topK.getIntAttr("largest", 1) != 1 ||
          !isOverLastDim(topK, best, /*otherwise=*/-1))
        return false;
      selection.bestPerGroup = *k;
      best = topK.getInput(0);
    }
    auto bestShape = shapeOf(best);
    if (!bestShape || bestShape->back() != experts / groups)
      return false;
    // Row-major, so that the groups are runs of experts.
    View view{best, rows};
    peel(view, /*casts=*/true);
    return view == choice;
  }

  int64_t experts;
  Layout rows;
  Selection selection;
};

} // namespace

Selection moe::readSelection(Value choice, int64_t tokens, int64_t experts) {
  return SelectionReader(tokens, experts).read(choice);
}

void moe::splitBias(Router &router, View scores) {
  Selection &selection = router.selection;
  // Only of logits is it unknown whose the bias is.
  if (selection.kind != RouteKind::TopK || selection.bias ||
      router.usesChoiceAsScores)
    return;
  NodeOp add = definedBy(selection.logits, "Add");
  for (unsigned i : {1u, 0u}) {
    if (!add || !isBias(add.getInput(i), router.experts))
      continue;
    View logits{add.getInput(1 - i), scores.layout};
    peel(logits, /*casts=*/true);
    if (!(logits == scores))
      continue;
    selection.bias = add.getInput(i);
    selection.logits = selection.scores = logits.value;
    return;
  }
}
