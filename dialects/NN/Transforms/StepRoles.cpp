//===- StepRoles.cpp - What arguments of a graph tell about a step --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Looks at how arguments are used, never at their names.
//
//===----------------------------------------------------------------------===//

#include "StepValues.h"

#include "Matchers.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

static bool isIntegerTensor(Type type) {
  return isa<RankedTensorType>(type) &&
         isa<IntegerType>(getElementTypeOrSelf(type));
}

/// Integer arguments that `value` is computed from, without passing through ops
/// that look up rows of weights or add up what stands before.
static void collectPositions(Value value, GraphOp graph, StepRoles &roles,
                             llvm::DenseSet<Value> &seen) {
  SmallVector<Value> worklist = {value};
  int64_t tokens = graph.getTokens();
  while (!worklist.empty()) {
    Value next = worklist.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    Operation *op = next.getDefiningOp();
    if (op) {
      if (!isa<OpaqueOp, ReduceOp>(op))
        llvm::append_range(worklist, op->getOperands());
      continue;
    }
    if (!isIntegerTensor(next.getType()))
      continue;
    ArrayRef<int64_t> shape = getShape(next);
    int64_t elements = numElements(shape);
    bool isPerToken =
        !shape.empty() && shape.back() == tokens &&
        (elements == tokens ||
         elements == tokens * static_cast<int64_t>(graph.getBatch()));
    if (isPerToken)
      roles.try_emplace(next, StepRole::Positions);
  }
}

/// Where rows of a cache of cosines are looked up: ids of the lookup.
static void collectFromCache(Value cache, GraphOp graph, StepRoles &roles,
                             llvm::DenseSet<Value> &seen) {
  constexpr int maxDepth = 8;
  for (int depth = 0; cache && depth < maxDepth; ++depth) {
    Operation *op = cache.getDefiningOp();
    if (auto lookup = dyn_cast_or_null<EmbeddingOp>(op))
      return collectPositions(lookup.getIds(), graph, roles, seen);
    if (!isa_and_nonnull<CastOp, ReshapeOp, SliceOp, BroadcastOp, BinaryOp,
                         TransposeOp>(op))
      return;
    cache = op->getOperand(0);
  }
}

/// Whether rows of a table are looked up by an argument: ids of tokens.
static bool namesTokens(BlockArgument argument) {
  return llvm::any_of(argument.getUsers(), [](Operation *user) {
    if (isa<CastOp, ReshapeOp>(user))
      return llvm::any_of(user->getUsers(), [](Operation *next) {
        return isa<EmbeddingOp>(next);
      });
    return isa<EmbeddingOp>(user);
  });
}

//===----------------------------------------------------------------------===//
// Masks of valid tokens
//===----------------------------------------------------------------------===//

namespace {

/// Whether an argument is used as what is true or 1 for each valid token: as a
/// condition, compared with 0 or 1, or taken from 1. Anything of the same shape
/// may come in in its place, such as the number of each token's document, of
/// which tokens that have the same one see each other; that is compared with
/// another view of itself.
class MaskUses {
public:
  static bool areOfMask(BlockArgument argument) {
    MaskUses uses;
    uses.add(argument);
    while (!uses.worklist.empty()) {
      Value view = uses.worklist.pop_back_val();
      for (OpOperand &use : view.getUses())
        uses.visit(use);
    }
    return uses.isCondition && llvm::none_of(uses.pairs, [&](BinaryOp op) {
             return uses.views.contains(op.getLhs()) &&
                    uses.views.contains(op.getRhs());
           });
  }

private:
  void add(Value view) {
    if (!views.insert(view).second)
      return;
    worklist.push_back(view);
    isCondition |= isFlag(view);
  }

  static bool isFlag(Value value) {
    return getElementTypeOrSelf(value.getType()).isInteger(1);
  }

  static bool isZeroOrOne(Value value) {
    std::optional<double> number = getScalar(value);
    return number && (*number == 0 || *number == 1);
  }

  void visit(OpOperand &use) {
    Operation *user = use.getOwner();
    if (auto binary = dyn_cast<BinaryOp>(user))
      return visit(binary, use.get());
    bool isData = use.getOperandNumber() == 0;
    if (auto opaque = dyn_cast<OpaqueOp>(user)) {
      if (isData && opaque.getFullName() == "GatherND")
        add(opaque.getOutputs().front());
      return;
    }
    if (isa<ConcatOp>(user) ||
        (isData &&
         isa<CastOp, ReshapeOp, TransposeOp, SliceOp, BroadcastOp, GatherOp>(
             user)))
      add(user->getResult(0));
  }

  void visit(BinaryOp op, Value view) {
    Value other = op.getLhs() == view ? op.getRhs() : op.getLhs();
    bool isNumber = isZeroOrOne(other);
    switch (op.getKind()) {
    case BinaryKind::Equal:
    case BinaryKind::Less:
    case BinaryKind::LessOrEqual:
    case BinaryKind::Greater:
    case BinaryKind::GreaterOrEqual:
      isCondition |= isNumber;
      break;
    case BinaryKind::Sub:
      isCondition |= isNumber;
      [[fallthrough]];
    case BinaryKind::Add:
      // What a mask is added to is compared in its place.
      add(op.getResult());
      break;
    case BinaryKind::And:
    case BinaryKind::Or:
    case BinaryKind::Mul:
      return;
    default:
      break;
    }
    pairs.push_back(op);
  }

  llvm::DenseSet<Value> views;
  SmallVector<Value> worklist;
  /// What would compare two views.
  SmallVector<BinaryOp> pairs;
  bool isCondition = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// All roles
//===----------------------------------------------------------------------===//

void inlay::nn::findStepRoles(GraphOp graph, StepRoles &roles) {
  llvm::DenseSet<Value> seen;
  for (Operation &op : graph.getBody().front()) {
    if (auto rotary = dyn_cast<RotaryOp>(op)) {
      collectFromCache(rotary.getCos(), graph, roles, seen);
      if (rotary.getPositions())
        collectPositions(rotary.getPositions(), graph, roles, seen);
    } else if (auto unary = dyn_cast<UnaryOp>(op)) {
      if (unary.getKind() == UnaryKind::Cos ||
          unary.getKind() == UnaryKind::Sin)
        collectPositions(unary.getInput(), graph, roles, seen);
    } else if (auto attention = dyn_cast<AttentionOp>(op)) {
      if (attention.getPositions())
        collectPositions(attention.getPositions(), graph, roles, seen);
    } else if (auto write = dyn_cast<CacheWriteOp>(op)) {
      if (isa_and_nonnull<BlockArgument>(write.getPositions()))
        roles.try_emplace(write.getPositions(), StepRole::Start);
    }
  }
  int64_t total = graph.getContext() + graph.getTokens();
  for (BlockArgument argument : graph.getBody().getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (type && type.getRank() == 2 && type.getDimSize(1) == total &&
        !namesTokens(argument) && MaskUses::areOfMask(argument))
      roles.try_emplace(argument, StepRole::Valid);
  }
}
