//===- FoldIdle.cpp - Nodes that give what they are given -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A Slice of all there is, a Concat (Sum, Max, ...) of one input, a Cast back
// from a type that holds every number, a turn or another shape and back hide
// the form of experts and routers. Results of the graph keep their nodes.
//
//===----------------------------------------------------------------------===//

#include "FoldIdle.h"
#include "Peel.h"

#include <limits>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

/// Whether all numbers of a constant are at least `least`.
static bool areAtLeast(Value value, int64_t least) {
  auto numbers = value ? onnx::getConstantInts(value) : std::nullopt;
  return numbers &&
         llvm::all_of(*numbers, [&](int64_t n) { return n >= least; });
}

/// A part as large as the whole, counted forwards; of unknown sizes one from
/// the first to behind any last.
static Value wholeOfSlice(NodeOp node) {
  Value whole = node.getInput(0);
  auto type =
      whole ? dyn_cast<RankedTensorType>(whole.getType()) : RankedTensorType();
  if (!type)
    return {};
  if (!type.hasStaticShape()) {
    auto first = node.getInput(1) ? onnx::getConstantInts(node.getInput(1))
                                  : std::nullopt;
    if (!first || !llvm::all_of(*first, [](int64_t n) { return n == 0; }) ||
        !areAtLeast(node.getInput(2), std::numeric_limits<int32_t>::max()))
      return {};
    auto steps = node.getInput(4) ? onnx::getConstantInts(node.getInput(4))
                                  : std::nullopt;
    if (node.getInput(4) &&
        (!steps || !llvm::all_of(*steps, [](int64_t n) { return n == 1; })))
      return {};
    return whole;
  }
  if (node.getInput(4) && !areAtLeast(node.getInput(4), 1))
    return {};
  return whole;
}

/// x of a cast to its own type, or to a type that holds all its numbers, and
/// back.
static Value castThereAndBack(NodeOp node) {
  Value input = node.getInput(0), result = node.getOutput(0);
  if (input && result && input.getType() == result.getType())
    return input;
  NodeOp there = definedBy(node.getInput(0), "Cast");
  if (!there || !there.getInput(0))
    return {};
  auto narrow =
      dyn_cast<FloatType>(getElementTypeOrSelf(there.getInput(0).getType()));
  auto wide =
      dyn_cast<FloatType>(getElementTypeOrSelf(node.getInput(0).getType()));
  bool holds = narrow && wide &&
               llvm::APFloatBase::isRepresentableBy(narrow.getFloatSemantics(),
                                                    wide.getFloatSemantics());
  return holds ? there.getInput(0) : Value();
}

/// x of a turn of x, and the turn back.
static Value turnThereAndBack(NodeOp node) {
  NodeOp there = definedBy(node.getInput(0), "Transpose");
  auto first = there ? there.getIntsAttr("perm") : std::nullopt;
  auto second = node.getIntsAttr("perm");
  if (!first || !second || first->size() != second->size())
    return {};
  for (auto [dim, from] : llvm::enumerate(*second))
    if (from < 0 || from >= static_cast<int64_t>(first->size()) ||
        (*first)[from] != static_cast<int64_t>(dim))
      return {};
  return there.getInput(0);
}

static bool keepsOrder(NodeOp node) {
  return node.isOp("", "Reshape") || node.isOp("", "Squeeze") ||
         node.isOp("", "Unsqueeze") || node.isOp("", "Flatten");
}

/// x of x in another shape, and back: where no more than one size is open, the
/// shape is the same.
static Value shapeThereAndBack(NodeOp node) {
  Value result = node.getOutput(0), other = node.getInput(0);
  auto there = other ? other.getDefiningOp<NodeOp>() : NodeOp();
  auto type = result ? dyn_cast<RankedTensorType>(result.getType())
                     : RankedTensorType();
  return there && keepsOrder(there) && type && type.getNumDynamicDims() <= 1
             ? there.getInput(0)
             : Value();
}

/// The operator is read once: every node of the model is asked.
static Value inputOfIdle(NodeOp node) {
  if (!node.getDomain().empty())
    return {};
  StringRef opType = node.getOpType();
  if (opType == "Identity")
    return node.getInput(0);
  if (opType == "Transpose")
    return turnThereAndBack(node);
  if (opType == "Reshape" || opType == "Squeeze" || opType == "Unsqueeze" ||
      opType == "Flatten")
    return shapeThereAndBack(node);
  if (opType == "Slice")
    return wholeOfSlice(node);
  if (opType == "Concat" || opType == "Sum" || opType == "Max" ||
      opType == "Min" || opType == "Mean")
    return node.getNumOperands() == 1 ? node.getInput(0) : Value();
  if (opType == "Cast")
    return castThereAndBack(node);
  return {};
}

static bool isReturned(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return isa<onnx::ReturnOp>(user);
  });
}

void moe::foldIdleNodes(onnx::GraphOp graph) {
  for (NodeOp node :
       llvm::make_early_inc_range(graph.getBody().front().getOps<NodeOp>())) {
    Value given = inputOfIdle(node);
    Value result = given ? node.getOutput(0) : Value();
    auto type = result ? dyn_cast<RankedTensorType>(result.getType())
                       : RankedTensorType();
    if (!type || given.getType() != type || isReturned(result))
      continue;
    // The first of two casts (turns, shapes) has no other use now.
    auto before = node.getInput(0).getDefiningOp<NodeOp>();
    result.replaceAllUsesWith(given);
    node.erase();
    if (before && given != before.getOutput(0) && before->use_empty())
      before.erase();
  }
}
