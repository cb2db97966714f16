//===- StatePairs.cpp - The states of a model -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StatePairs.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::dataflow;

/// The result of `user` that is `past` after the step, or null.
static Value findPresent(BlockArgument past, Operation *user) {
  if (auto attention = dyn_cast<nn::AttentionOp>(user))
    return past == attention.getPastKey() ? attention.getPresentKey()
                                          : attention.getPresentValue();
  return user->getResult(0);
}

/// Whether `past` stands where `user` takes a state.
static bool takesState(BlockArgument past, Operation *user) {
  if (auto attention = dyn_cast<nn::AttentionOp>(user))
    return past == attention.getPastKey() || past == attention.getPastValue();
  auto concat = dyn_cast<nn::ConcatOp>(user);
  return concat && concat.getInputs().front() == past;
}

/// Whether a tensor of type `part` fits into one of type `whole`.
static bool fits(RankedTensorType part, RankedTensorType whole) {
  if (!whole || part.getElementType() != whole.getElementType() ||
      part.getRank() != whole.getRank() || !part.hasStaticShape() ||
      !whole.hasStaticShape())
    return false;
  return llvm::all_of(
      llvm::zip(part.getShape(), whole.getShape()),
      [](auto sizes) { return std::get<0>(sizes) <= std::get<1>(sizes); });
}

FailureOr<StatePairs> StatePairs::find(nn::GraphOp graph) {
  StatePairs states;
  Operation *returnOp = graph.getReturnOp();
  DenseMap<Value, unsigned> resultOf;
  for (OpOperand &result : returnOp->getOpOperands())
    resultOf.try_emplace(result.get(), result.getOperandNumber());
  bool valid = true;
  for (BlockArgument past : graph.getBody().getArguments()) {
    if (!past.hasOneUse() || !isa<RankedTensorType>(past.getType()))
      continue;
    Operation *user = *past.getUsers().begin();
    if (!takesState(past, user))
      continue;
    Value present = findPresent(past, user);
    auto result = present ? resultOf.find(present) : resultOf.end();
    if (result != resultOf.end())
      states.presentResults.insert(result->second);
    else if (isa<nn::AttentionOp>(user))
      present = {}; // a cache that this step only reads
    else
      continue;
    valid &= succeeded(states.add(graph, past, user, present));
  }
  if (!valid)
    return failure();
  return states;
}

LogicalResult StatePairs::add(nn::GraphOp graph, BlockArgument past,
                              Operation *user, Value present) {
  StringRef name = graph.getArgName(past.getArgNumber());
  auto before = cast<RankedTensorType>(past.getType());
  auto after = present ? dyn_cast<RankedTensorType>(present.getType()) : before;
  if (!fits(before, after))
    return user->emitError()
           << "state '" << name << "' is " << past.getType()
           << " before the step and " << (present ? present : past).getType()
           << " after it, but must be static and must not shrink: bind its "
              "dims to the context and to the context plus the new tokens";
  indexOf[past] = pairs.size();
  pairs.push_back({name.str(), past, present, after, user});
  if (isa<nn::AttentionOp>(user))
    users.insert(user);
  return success();
}

const StatePair *StatePairs::lookup(Value argument) const {
  auto it = indexOf.find(argument);
  return it == indexOf.end() ? nullptr : &pairs[it->second];
}
