//===- RaiseShape.cpp - Rules for operators that move data, and reductions ===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Raiser.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

static Refusal raiseReshape(RaiseContext &context) {
  context.setOutput(
      0, context.create<ReshapeOp>(context.outputType(0), context.input(0)));
  return std::nullopt;
}

static Refusal raiseIdentity(RaiseContext &context) {
  context.setOutput(0, context.input(0));
  return std::nullopt;
}

static Refusal raiseTranspose(RaiseContext &context) {
  int64_t rank = getShape(context.input(0)).size();
  SmallVector<int64_t> permutation(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  if (auto given = context.getNode().getIntsAttr("perm"))
    permutation.assign(given->begin(), given->end());
  context.setOutput(0,
                    context.create<TransposeOp>(context.outputType(0),
                                                context.input(0), permutation));
  return std::nullopt;
}

static Refusal raiseConcat(RaiseContext &context) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < context.getNode().getInputs().size(); ++i)
    inputs.push_back(context.input(i));
  RankedTensorType type = context.outputType(0);
  int64_t axis =
      normaliseAxis(context.getNode().getIntAttr("axis", 0), type.getRank());
  context.setOutput(0, context.create<ConcatOp>(type, inputs, axis));
  return std::nullopt;
}

/// Parts along an axis, one after the other: each is a slice.
static Refusal raiseSplit(RaiseContext &context) {
  ArrayRef<int64_t> shape = getShape(context.input(0));
  int64_t axis =
      normaliseAxis(context.getNode().getIntAttr("axis", 0), shape.size());
  SmallVector<int64_t> offsets(shape.size(), 0);
  SmallVector<int64_t> strides(shape.size(), 1);
  for (unsigned i = 0; i < context.getNode().getOutputs().size(); ++i) {
    RankedTensorType type = context.outputType(i);
    if (!type)
      return "leaves out an output";
    context.setOutput(
        i, context.create<SliceOp>(type, context.input(0), offsets, strides));
    offsets[axis] += type.getDimSize(axis);
  }
  return std::nullopt;
}

/// Starts, ends and steps that are constants (input form, opset 10 on).
static Refusal raiseSlice(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  ArrayRef<int64_t> shape = getShape(context.input(0));
  int64_t rank = shape.size();
  auto starts =
      node.getInput(1) ? onnx::getConstantInts(node.getInput(1)) : std::nullopt;
  if (!starts)
    return "starts at a place that is not constant";
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  if (Value given = node.getInput(3)) {
    auto values = onnx::getConstantInts(given);
    if (!values)
      return "has axes that are not constant";
    axes = *values;
  }
  SmallVector<int64_t> steps(starts->size(), 1);
  if (Value given = node.getInput(4)) {
    auto values = onnx::getConstantInts(given);
    if (!values)
      return "has steps that are not constant";
    steps = *values;
  }
  SmallVector<int64_t> offsets(rank, 0);
  SmallVector<int64_t> strides(rank, 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = normaliseAxis(axes[i], rank);
    if (steps[i] < 1)
      return "walks backwards";
    int64_t start = (*starts)[i];
    offsets[axis] = std::clamp<int64_t>(start < 0 ? start + shape[axis] : start,
                                        0, shape[axis]);
    strides[axis] = steps[i];
  }
  context.setOutput(0, context.create<SliceOp>(context.outputType(0),
                                               context.input(0), offsets,
                                               strides));
  return std::nullopt;
}

static Refusal raiseExpand(RaiseContext &context) {
  context.setOutput(
      0, context.create<BroadcastOp>(context.outputType(0), context.input(0)));
  return std::nullopt;
}

static Rule reduceRule(ReduceKind kind) {
  return [kind](RaiseContext &context) -> Refusal {
    onnx::NodeOp node = context.getNode();
    int64_t rank = getShape(context.input(0)).size();
    SmallVector<int64_t> axes;
    if (auto given = node.getIntsAttr("axes")) {
      axes.assign(given->begin(), given->end());
    } else if (Value input = node.getInput(1)) {
      auto values = onnx::getConstantInts(input);
      if (!values)
        return "reduces over axes that are not constant";
      axes = *values;
    }
    if (axes.empty() && node.getIntAttr("noop_with_empty_axes", 0))
      return raiseIdentity(context);
    if (axes.empty())
      llvm::append_range(axes, llvm::seq<int64_t>(0, rank));
    for (int64_t &axis : axes)
      axis = normaliseAxis(axis, rank);
    context.setOutput(0, context.create<ReduceOp>(context.outputType(0), kind,
                                                  context.input(0), axes));
    return std::nullopt;
  };
}

static Refusal raiseTopK(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  int64_t rank = getShape(context.input(0)).size();
  if (normaliseAxis(node.getIntAttr("axis", -1), rank) != rank - 1)
    return "is not over the last dim";
  if (!context.outputType(0) || !context.outputType(1))
    return "leaves out an output";
  bool smallest = node.getIntAttr("largest", 1) == 0;
  auto topK = context.create<TopKOp>(
      context.outputType(0), context.outputType(1), context.input(0), smallest);
  context.setOutput(0, topK.getValues());
  context.setOutput(1, topK.getIndices());
  return std::nullopt;
}

void inlay::nn::addShapeRules(RuleTable &rules) {
  for (StringRef name : {"Reshape", "Squeeze", "Unsqueeze", "Flatten"})
    rules[name] = raiseReshape;
  rules["Identity"] = raiseIdentity;
  rules["Transpose"] = raiseTranspose;
  rules["Concat"] = raiseConcat;
  rules["Split"] = raiseSplit;
  rules["Slice"] = raiseSlice;
  rules["Expand"] = raiseExpand;
  rules["ReduceSum"] = reduceRule(ReduceKind::Sum);
  rules["ReduceMean"] = reduceRule(ReduceKind::Mean);
  rules["ReduceMax"] = reduceRule(ReduceKind::Max);
  rules["ReduceMin"] = reduceRule(ReduceKind::Min);
  rules["ReduceProd"] = reduceRule(ReduceKind::Prod);
  rules["TopK"] = raiseTopK;
}
