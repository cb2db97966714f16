//===- RespellRuns.cpp - Rows that are split by counts again and again ----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Experts that are lists of linear layers split the sorted rows by the number
// that each expert has, multiply each part, put the products together for the
// activation, and split them again for the next layer. What is done to rows in
// between is as well done to the rows of each expert alone.
//
//===----------------------------------------------------------------------===//

#include "RespellRules.h"

#include "Peel.h"

#include "dialects/NN/Transforms/Raiser.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

/// More nodes between two layers are no activation.
static constexpr size_t kMostNodes = 32;

/// Whether `node` is a Split of rows whose sizes only the data know.
static bool splitsRows(NodeOp node) {
  auto shape =
      node.isOp("", "Split") ? shapeOf(node.getInput(0)) : std::nullopt;
  return shape && node.getInput(1) && !node->getOpResults().empty() &&
         normaliseAxis(node.getIntAttr("axis", 0), shape->size()) == 0 &&
         !onnx::getConstantInts(node.getInput(1));
}

/// Whether each row of the results depends on that row of the operands only,
/// and has as many dims.
static bool keepsRows(NodeOp node) {
  static constexpr StringLiteral kElementwise[] = {
      "Add",      "Sub",         "Mul",       "Div",      "Pow",       "Max",
      "Min",      "Clip",        "Sigmoid",   "Tanh",     "Relu",      "Erf",
      "Exp",      "Neg",         "Sqrt",      "Gelu",     "Cast",      "Swish",
      "Softplus", "HardSigmoid", "HardSwish", "Identity", "Reciprocal"};
  if (node->getNumRegions() != 0)
    return false;
  if (node.getDomain() == "com.microsoft")
    return node.getOpType() == "QuickGelu" || node.getOpType() == "Gelu";
  if (!node.getDomain().empty())
    return false;
  if (llvm::is_contained(kElementwise, node.getOpType()))
    return true;
  auto shape = shapeOf(node.getInput(0));
  if (!shape || shape->size() < 2)
    return false;
  if (node.isOp("", "Split"))
    return normaliseAxis(node.getIntAttr("axis", 0), shape->size()) != 0;
  if (!node.isOp("", "Slice"))
    return false;
  auto axes =
      node.getInput(3) ? onnx::getConstantInts(node.getInput(3)) : std::nullopt;
  return axes && llvm::all_of(*axes, [&](int64_t axis) {
           return normaliseAxis(axis, shape->size()) != 0;
         });
}

/// The operand of two dims whose rows those of the result are: the first of a
/// product, else one that is not the same for all rows.
static Value rowsOf(NodeOp node, bool isProduct) {
  for (Value operand : node.getInputs()) {
    auto shape = shapeOf(operand);
    if (shape && shape->size() == 2 &&
        (shape->front() != 1 || operand.getDefiningOp<NodeOp>()))
      return operand;
    if (isProduct)
      break;
  }
  return {};
}

/// The Split by counts whose output `index` has the rows of `value`, the
/// product of one part; null for other values.
static NodeOp splitOfPart(Value value, unsigned index) {
  for (size_t depth = 0; depth < kMostNodes; ++depth) {
    auto node = value.getDefiningOp<NodeOp>();
    if (!node)
      return {};
    if (splitsRows(node))
      return node.getOutput(index) == value ? node : NodeOp();
    bool isProduct = node.isOp("", "MatMul") ||
                     (node.isOp("", "Gemm") && !node.getIntAttr("transA", 0));
    if (!isProduct && !keepsRows(node))
      return {};
    value = rowsOf(node, isProduct);
    if (!value)
      return {};
  }
  return {};
}

/// The Split whose parts are put together again by `concat`, all in order.
static NodeOp splitOfParts(NodeOp concat) {
  auto shape =
      concat.isOp("", "Concat") ? shapeOf(concat.getInput(0)) : std::nullopt;
  if (!shape || shape->size() != 2 ||
      normaliseAxis(concat.getIntAttr("axis", 0), shape->size()) != 0)
    return {};
  NodeOp split = splitOfPart(concat.getInput(0), 0);
  if (!split || split.getOutputs().size() != concat.getInputs().size())
    return {};
  for (auto [index, part] : llvm::enumerate(concat.getInputs()))
    if (splitOfPart(part, index) != split)
      return {};
  return split;
}

/// How many rows the results of a node have whose operands are known: as many
/// as the operand that has most of them; -1 where that is not known.
static int64_t rowsOfResult(NodeOp node) {
  if (NodeOp split = splitOfParts(node))
    return shapeOf(split.getInput(0))->front();
  if (!keepsRows(node))
    return ShapedType::kDynamic;
  int64_t rows = 1;
  for (Value operand : node.getInputs()) {
    if (isa<NoneType>(operand.getType()))
      continue;
    auto shape = shapeOf(operand);
    if (!shape || (shape->size() >= 2 && ShapedType::isDynamic(shape->front())))
      return ShapedType::kDynamic;
    if (shape->size() >= 2)
      rows = std::max(rows, shape->front());
  }
  return rows;
}

void moe::countRows(NodeOp node) {
  Value output = node.getOutput(0);
  auto first = output ? dyn_cast<RankedTensorType>(output.getType())
                      : RankedTensorType();
  if (!first || first.getRank() != 2 || !first.isDynamicDim(0))
    return;
  int64_t rows = rowsOfResult(node);
  if (ShapedType::isDynamic(rows))
    return;
  for (Value result : node.getOutputs())
    if (auto type = dyn_cast<RankedTensorType>(result.getType());
        type && type.getRank() == 2) {
      int64_t shape[] = {rows, type.getDimSize(1)};
      result.setType(RankedTensorType::get(shape, type.getElementType()));
    }
}

namespace {

/// What stands between a concatenation of parts and a Split of the same.
class Between {
public:
  explicit Between(NodeOp split) : split(split) {}

  /// Finds the nodes, which then stand in the order in which they run.
  bool find() { return visit(split.getInput(0)) && !concats.empty(); }

  /// The rows of output `index`, computed from the parts with that index.
  Value write(unsigned index, OpBuilder &builder) {
    IRMapping mapping;
    for (NodeOp concat : concats)
      mapping.map(concat.getOutput(0), concat.getInput(index));
    for (NodeOp node : nodes) {
      Operation *copy = builder.clone(*node, mapping);
      for (Value result : copy->getResults()) {
        auto type = dyn_cast<RankedTensorType>(result.getType());
        if (!type)
          continue;
        SmallVector<int64_t> shape(type.getShape());
        shape.front() = ShapedType::kDynamic;
        result.setType(RankedTensorType::get(shape, type.getElementType()));
      }
    }
    return mapping.lookup(split.getInput(0));
  }

  /// The nodes that nothing reads any more, the last first.
  SmallVector<NodeOp> originals() const {
    SmallVector<NodeOp> all(llvm::reverse(nodes));
    llvm::append_range(all, concats);
    return all;
  }

private:
  bool visit(Value value) {
    auto node = value.getDefiningOp<NodeOp>();
    if (!node || !seen.insert(node).second)
      return node != nullptr;
    if (seen.size() > kMostNodes)
      return false;
    if (isConcat(node)) {
      concats.push_back(node);
      return true;
    }
    auto shape = shapeOf(value);
    if (!keepsRows(node) || !shape || shape->size() < 2)
      return false;
    for (Value operand : node.getInputs())
      if (hasRows(operand, shape->size()) && !visit(operand))
        return false;
    nodes.push_back(node);
    return true;
  }

  /// Whether the rows of an operand are those of the result, and not the same
  /// for all of them.
  static bool hasRows(Value operand, size_t rank) {
    auto shape = shapeOf(operand);
    auto node = operand.getDefiningOp<NodeOp>();
    // Of one row in all it cannot be seen by the size.
    bool isComputed = node && (keepsRows(node) || node.isOp("", "Concat"));
    return !isa<NoneType>(operand.getType()) &&
           (!shape ||
            (shape->size() >= rank && (shape->front() != 1 || isComputed)));
  }

  /// Of parts by the same counts.
  bool isConcat(NodeOp node) {
    NodeOp of = splitOfParts(node);
    return of && of.getInput(1) == split.getInput(1) &&
           of.getOutputs().size() == split.getOutputs().size();
  }

  NodeOp split;
  llvm::SmallPtrSet<Operation *, 16> seen;
  SmallVector<NodeOp> nodes, concats;
};

} // namespace

std::optional<SmallVector<NodeOp>> moe::splitBefore(NodeOp node,
                                                    OpBuilder &builder) {
  if (!splitsRows(node))
    return std::nullopt;
  Between between(node);
  if (!between.find())
    return std::nullopt;
  for (auto [index, output] : llvm::enumerate(node.getOutputs()))
    output.replaceAllUsesWith(between.write(index, builder));
  return between.originals();
}
