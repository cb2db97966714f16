//===- Respell.cpp - One spelling for what has several --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A mask of the scores that are at least the k-th largest is no such spelling:
// of equal scores it takes all, TopK the first. It stays what it is
// (Obstacles.cpp).
//
//===----------------------------------------------------------------------===//

#include "Respell.h"
#include "Peel.h"
#include "RespellRules.h"

#include "dialects/NN/Transforms/Raiser.h"

#include "mlir/Dialect/Traits.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

namespace {

class Speller {
public:
  explicit Speller(onnx::GraphOp graph) : graph(graph), builder(graph) {}

  void run() {
    for (NodeOp node : graph.getBody().front().getOps<NodeOp>()) {
      if (node.getOutputs().empty() || !node.getInput(0))
        continue;
      countRows(node);
      // Parts by counts have no static shapes.
      if (!node.getDomain().empty() ||
          !(staticType(node.getOutput(0)) || node.isOp("", "Split")))
        continue;
      builder.setInsertionPoint(node);
      StringRef op = node.getOpType();
      if (noteTruth(node))
        continue;
      if (Value kept = keptByTruth(node)) {
        replace(node, kept);
        continue;
      }
      if (op == "TopK") {
        if (turnChoice(node, builder))
          replaced.push_back(node);
        else
          chooseByShares(node, builder);
        continue;
      }
      if (auto rest =
              op == "Split" ? splitBefore(node, builder) : std::nullopt) {
        replaced.push_back(node);
        llvm::append_range(resplit, *rest);
        continue;
      }
      Value spelled = op == "Sum" || op == "Mean" ? writeSum(node)
                      : op == "ReduceSum" || op == "ReduceMean"
                          ? writeStack(node)
                      : op == "ArgMax"     ? writeFirst(node)
                      : op == "Einsum"     ? writeProduct(node, builder)
                      : op == "MatMul"     ? writeOnes(node)
                      : op == "Gather"     ? writeGather(node)
                      : op == "Div"        ? writeQuotient(node, builder)
                      : op == "Mul"        ? writeDivision(node, builder)
                      : op == "Reciprocal" ? writeReciprocal(node, builder)
                      : op == "Cast"       ? writeWholeQuotient(node, builder)
                      : op == "LpNormalization" ? writeShares(node, builder)
                                                : Value();
      if (!spelled)
        continue;
      replace(node, spelled);
    }
    for (NodeOp node : replaced)
      node.erase();
    for (NodeOp node : unstacked)
      node.erase();
    for (NodeOp node : resplit)
      if (node->use_empty())
        node.erase();
  }

private:
  //===--------------------------------------------------------------------===//
  // Comparisons that always hold
  //===--------------------------------------------------------------------===//

  /// Whether all of the node's result is true, or 1.
  bool noteTruth(NodeOp node) {
    static constexpr StringLiteral kSame[] = {
        "Cast",      "Reshape",  "Squeeze", "Unsqueeze",
        "Transpose", "Identity", "Expand",  "Slice"};
    bool isTrue = isAlwaysTrue(node) ||
                  (llvm::is_contained(kSame, node.getOpType()) &&
                   truths.contains(node.getInput(0))) ||
                  (node.isOp("", "And") && node.getInputs().size() == 2 &&
                   truths.contains(node.getInput(0)) &&
                   truths.contains(node.getInput(1)));
    if (isTrue)
      truths.insert(node.getOutput(0));
    return isTrue;
  }

  /// x of x and true, of x * 1, of true ? x : y.
  Value keptByTruth(NodeOp node) {
    bool isChoice = node.isOp("", "Where");
    if (truths.empty() || node.getInputs().size() != (isChoice ? 3 : 2) ||
        (!isChoice && !node.isOp("", "And") && !node.isOp("", "Mul")))
      return {};
    for (unsigned i : {0u, 1u}) {
      Value kept = node.getInput(isChoice ? 1 : 1 - i);
      if (truths.contains(node.getInput(i)) && (i == 0 || !isChoice) &&
          kept.getType() == node.getOutput(0).getType())
        return kept;
    }
    return {};
  }

  void replace(NodeOp node, Value by) {
    node.getOutput(0).replaceAllUsesWith(by);
    replaced.push_back(node);
  }

  static RankedTensorType staticType(Value value) {
    auto type = value ? dyn_cast<RankedTensorType>(value.getType())
                      : RankedTensorType();
    return type && type.hasStaticShape() ? type : RankedTensorType();
  }

  //===--------------------------------------------------------------------===//
  // Sums
  //===--------------------------------------------------------------------===//

  /// The sum of values of any shapes that broadcast, from the first on.
  Value add(ValueRange values, Location loc) {
    Value sum = values.front();
    for (Value value : values.drop_front()) {
      SmallVector<int64_t> shape;
      if (!OpTrait::util::getBroadcastedShape(*shapeOf(sum), *shapeOf(value),
                                              shape))
        return {};
      auto type = RankedTensorType::get(shape, elementOf(value));
      sum = NodeOp::create(builder, loc, TypeRange(type), /*domain=*/"", "Add",
                           ValueRange{sum, value})
                .getOutput(0);
    }
    return sum;
  }

  static Type elementOf(Value value) {
    return getElementTypeOrSelf(value.getType());
  }

  /// Whether all inputs, of which there are some, have static shapes.
  static bool areStatic(NodeOp node) {
    return !node.getInputs().empty() &&
           llvm::all_of(node.getInputs(), [](Value value) {
             return static_cast<bool>(staticType(value));
           });
  }

  /// The quotient by as many as there are, where a mean is asked for.
  Value average(NodeOp node, Value sum, size_t count) {
    if (!node.getOpType().ends_with("Mean") || !sum)
      return sum;
    auto type = dyn_cast<FloatType>(elementOf(sum));
    if (!type)
      return {};
    auto number = RankedTensorType::get({}, type);
    Value divisor = onnx::ConstantOp::create(
        builder, node->getLoc(),
        cast<ElementsAttr>(DenseElementsAttr::get(
            number,
            FloatAttr::get(type, static_cast<double>(count)).getValue())));
    return NodeOp::create(builder, node->getLoc(), TypeRange(sum.getType()),
                          /*domain=*/"", "Div", ValueRange{sum, divisor})
        .getOutput(0);
  }

  Value writeSum(NodeOp node) {
    if (!areStatic(node))
      return {};
    Value sum = average(node, add(node.getInputs(), node->getLoc()),
                        node.getInputs().size());
    return sum && sum.getType() == node.getOutput(0).getType() ? sum : Value();
  }

  /// A product with ones sums; what it sums may be a stack.
  Value writeOnes(NodeOp node) {
    NodeOp sum = writeSumOfOnes(node, builder);
    if (!sum)
      return {};
    replace(node, sum.getOutput(0));
    // So that the sum alone reads a stack.
    node->dropAllReferences();
    if (Value spelled = writeStack(sum))
      replace(sum, spelled);
    return {};
  }

  /// The axes of a reduction, counted from 0; none where they are not known.
  static SmallVector<int64_t> axesOf(NodeOp node, int64_t rank) {
    SmallVector<int64_t> axes;
    if (auto given = node.getIntsAttr("axes"))
      axes.assign(given->begin(), given->end());
    else if (Value input = node.getInput(1))
      axes = onnx::getConstantInts(input).value_or(SmallVector<int64_t>());
    for (int64_t &axis : axes)
      axis = normaliseAxis(axis, rank);
    return axes;
  }

  /// ReduceSum(Concat(a, b, ..., axis), axis), each of size 1 along the axis;
  /// or the mean.
  Value writeStack(NodeOp node) {
    NodeOp stack = definedBy(node.getInput(0), "Concat");
    if (!stack || !areStatic(stack) || stack.getInputs().size() < 2 ||
        !stack->hasOneUse())
      return {};
    int64_t rank = shapeOf(stack.getInput(0))->size();
    int64_t axis = normaliseAxis(stack.getIntAttr("axis", 0), rank);
    if (axesOf(node, rank) != ArrayRef<int64_t>(axis))
      return {};
    for (Value value : stack.getInputs())
      if ((*shapeOf(value))[axis] != 1 ||
          value.getType() != stack.getInput(0).getType())
        return {};
    Value sum = average(node, add(stack.getInputs(), node->getLoc()),
                        stack.getInputs().size());
    if (!sum)
      return {};
    unstacked.push_back(stack);
    return reshape(sum, staticType(node.getOutput(0)), node->getLoc());
  }

  Value reshape(Value value, RankedTensorType type, Location loc) {
    if (value.getType() == type)
      return value;
    auto shapeType =
        RankedTensorType::get(type.getRank(), builder.getI64Type());
    Value shape = onnx::ConstantOp::create(
        builder, loc,
        cast<ElementsAttr>(DenseElementsAttr::get(shapeType, type.getShape())));
    return NodeOp::create(builder, loc, TypeRange(type), /*domain=*/"",
                          "Reshape", ValueRange{value, shape})
        .getOutput(0);
  }

  /// The only element of a dim is what is left without the dim.
  Value writeGather(NodeOp node) {
    RankedTensorType from = staticType(node.getInput(0));
    std::optional<int64_t> index = intOf(node.getInput(1));
    RankedTensorType to = staticType(node.getOutput(0));
    if (from && index && from.getNumElements() == to.getNumElements())
      return reshape(node.getInput(0), to, node->getLoc());
    return writeChosenRows(node, builder);
  }

  //===--------------------------------------------------------------------===//
  // Choices of one
  //===--------------------------------------------------------------------===//

  static bool isOverLastDim(NodeOp node, int64_t rank) {
    return normaliseAxis(node.getIntAttr("axis", 0), rank) == rank - 1;
  }

  /// The index as TopK gives it; largest values become its values.
  Value writeFirst(NodeOp node) {
    Value scores = node.getInput(0);
    RankedTensorType type = staticType(scores);
    if (!type || type.getRank() == 0 ||
        type.getDimSize(type.getRank() - 1) < 1 ||
        !isa<FloatType>(type.getElementType()) ||
        node.getIntAttr("select_last_index", 0) != 0 ||
        !isOverLastDim(node, type.getRank()))
      return {};
    NodeOp topK = writeTopK(scores, type, node->getLoc());
    for (Operation *user : scores.getUsers()) {
      auto other = dyn_cast<NodeOp>(user);
      if (!other || other == node || !other.isOp("", "ReduceMax") ||
          other->getBlock() != node->getBlock() ||
          axesOf(other, type.getRank()) !=
              ArrayRef<int64_t>(type.getRank() - 1) ||
          !staticType(other.getOutput(0)))
        continue;
      builder.setInsertionPoint(other);
      replace(other, reshape(topK.getOutput(0), staticType(other.getOutput(0)),
                             other->getLoc()));
    }
    builder.setInsertionPoint(node);
    return reshape(topK.getOutput(1), staticType(node.getOutput(0)),
                   node->getLoc());
  }

  /// Right behind the scores, before all that reads them.
  NodeOp writeTopK(Value scores, RankedTensorType type, Location loc) {
    builder.setInsertionPointAfterValue(scores);
    SmallVector<int64_t> one(type.getShape());
    one.back() = 1;
    Type i64 = builder.getI64Type();
    Value k = onnx::ConstantOp::create(
        builder, loc,
        cast<ElementsAttr>(DenseElementsAttr::get(RankedTensorType::get(1, i64),
                                                  ArrayRef<int64_t>(1))));
    Type types[] = {RankedTensorType::get(one, type.getElementType()),
                    RankedTensorType::get(one, i64)};
    return NodeOp::create(builder, loc, types, /*domain=*/"", "TopK",
                          ValueRange{scores, k});
  }

  onnx::GraphOp graph;
  OpBuilder builder;
  SmallVector<NodeOp> replaced;
  DenseSet<Value> truths;
  /// What only these have read.
  SmallVector<NodeOp> unstacked;
  /// What stood between parts and a Split of them, the last first.
  SmallVector<NodeOp> resplit;
};

} // namespace

void moe::respell(onnx::GraphOp graph) { Speller(graph).run(); }
