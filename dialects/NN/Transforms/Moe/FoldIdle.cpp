//===- FoldIdle.cpp - Nodes that give what they are given -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A Slice of all there is, a Concat (Sum, Max, ...) of one input, and a Cast
// back from a type that holds every number hide the form of experts and
// routers. Results of the graph keep their nodes.
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

/// x of a cast of x to a type that holds all its numbers, and back.
static Value castThereAndBack(NodeOp node) {
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

static Value inputOfIdle(NodeOp node) {
  if (node.isOp("", "Slice"))
    return wholeOfSlice(node);
  if (node.isOp("", "Concat") || node.isOp("", "Sum") || node.isOp("", "Max") ||
      node.isOp("", "Min") || node.isOp("", "Mean"))
    return node.getNumOperands() == 1 ? node.getInput(0) : Value();
  if (node.isOp("", "Cast"))
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
    // The first of two casts has no other use now.
    NodeOp before = definedBy(node.getInput(0), "Cast");
    result.replaceAllUsesWith(given);
    node.erase();
    if (before && before->use_empty())
      before.erase();
  }
}
