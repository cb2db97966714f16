//===- StepRoles.cpp - What arguments of a graph tell about a step --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Looks at how arguments are used. Which of them is the mask of valid tokens
// does not follow from that: types of tokens and masks of images have the same
// form. So that one is known by its name, `attention_mask`, as well.
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

namespace {

/// Finds the argument that positions are made of. Where there are several, any
/// may be something else, such as a mask of which positions are counted, so
/// none is.
class PositionFinder {
public:
  PositionFinder(GraphOp graph, StepRoles &roles)
      : graph(graph), roles(roles) {}

  /// Integer arguments that `value` is computed from, without passing through
  /// ops that look up rows of weights or add up what stands before, nor what
  /// only decides between values.
  void collect(Value value) {
    SmallVector<Value> worklist = {value};
    while (!worklist.empty()) {
      Value next = worklist.pop_back_val();
      if (!seen.insert(next).second)
        continue;
      Operation *op = next.getDefiningOp();
      if (!op) {
        auto role = roles.find(next);
        if (isPerToken(next) &&
            (role == roles.end() || role->second == StepRole::Positions))
          found.push_back(next);
        continue;
      }
      if (isa<OpaqueOp, ReduceOp>(op))
        continue;
      ValueRange operands = op->getOperands();
      llvm::append_range(worklist,
                         isa<WhereOp>(op) ? operands.drop_front() : operands);
    }
  }

  /// Where rows of a cache of cosines are looked up: ids of the lookup.
  void collectFromCache(Value cache) {
    constexpr int maxDepth = 8;
    for (int depth = 0; cache && depth < maxDepth; ++depth) {
      Operation *op = cache.getDefiningOp();
      if (auto lookup = dyn_cast_or_null<EmbeddingOp>(op))
        return collect(lookup.getIds());
      if (!isa_and_nonnull<CastOp, ReshapeOp, SliceOp, BroadcastOp, BinaryOp,
                           TransposeOp>(op))
        return;
      cache = op->getOperand(0);
    }
  }

  void note() {
    if (found.size() == 1)
      roles.try_emplace(found.front(), StepRole::Positions);
  }

private:
  bool isPerToken(Value value) {
    if (!isIntegerTensor(value.getType()))
      return false;
    ArrayRef<int64_t> shape = getShape(value);
    int64_t tokens = graph.getTokens(), elements = numElements(shape);
    return !shape.empty() && shape.back() == tokens &&
           (elements == tokens ||
            elements == tokens * static_cast<int64_t>(graph.getBatch()));
  }

  GraphOp graph;
  StepRoles &roles;
  llvm::DenseSet<Value> seen;
  SmallVector<Value> found;
};

} // namespace

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

/// Whether an argument that is called a mask of valid tokens is used as one: as
/// what is true or 1 for each valid token, in a condition, compared with 0 or
/// 1, or taken from 1. Where two views of it meet, tokens are compared with
/// each other, as those of one document are; and what shows keys that are
/// hidden otherwise, such as those of an image, is no padding.
class MaskUses {
public:
  static bool areOfMask(BlockArgument argument) {
    MaskUses uses;
    uses.add(argument, Sense::Valid);
    while (!uses.worklist.empty()) {
      Value view = uses.worklist.pop_back_val();
      for (OpOperand &use : view.getUses())
        uses.visit(use);
    }
    return uses.isCondition && !uses.showsKeys &&
           llvm::none_of(uses.pairs,
                         [&](BinaryOp op) { return uses.comparesTokens(op); });
  }

private:
  /// What a view is true or not 0 for, or that it counts valid tokens.
  enum class Sense { Valid, Padding, Count, Unknown };

  void add(Value view, Sense sense) {
    if (!views.try_emplace(view, sense).second)
      return;
    worklist.push_back(view);
    isCondition |= isFlag(view);
  }

  /// Counts of valid tokens may be in order, which is causality, and be made 0
  /// for others.
  bool comparesTokens(BinaryOp op) const {
    auto lhs = views.find(op.getLhs()), rhs = views.find(op.getRhs());
    if (lhs == views.end() || rhs == views.end())
      return false;
    bool areCounts = lhs->second == Sense::Count && rhs->second == Sense::Count;
    bool keepsCounts =
        op.getKind() == BinaryKind::Mul &&
        (lhs->second == Sense::Count || rhs->second == Sense::Count) &&
        (lhs->second == Sense::Valid || rhs->second == Sense::Valid);
    return !keepsCounts && (!areCounts || !isOrder(op.getKind()));
  }

  static bool isOrder(BinaryKind kind) {
    return kind == BinaryKind::Less || kind == BinaryKind::LessOrEqual ||
           kind == BinaryKind::Greater || kind == BinaryKind::GreaterOrEqual;
  }

  static Sense inverse(Sense sense) {
    return sense == Sense::Valid     ? Sense::Padding
           : sense == Sense::Padding ? Sense::Valid
                                     : sense;
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
    Sense sense = views.lookup(use.get());
    if (auto binary = dyn_cast<BinaryOp>(user))
      return visit(binary, use.get(), sense);
    bool isData = use.getOperandNumber() == 0;
    if (auto unary = dyn_cast<UnaryOp>(user)) {
      if (unary.getKind() == UnaryKind::Not)
        add(unary.getResult(), inverse(sense));
      return;
    }
    if (auto opaque = dyn_cast<OpaqueOp>(user)) {
      StringRef name = opaque.getFullName();
      if (isData && (name == "GatherND" || name == "CumSum"))
        add(opaque.getOutputs().front(),
            name == "CumSum" ? Sense::Count : sense);
      return;
    }
    if (isa<ConcatOp>(user) ||
        (isData &&
         isa<CastOp, ReshapeOp, TransposeOp, SliceOp, BroadcastOp, GatherOp>(
             user)))
      add(user->getResult(0), sense);
  }

  /// What `view` is compared with `other` for.
  static Sense compare(BinaryOp op, Value view, Value other, Sense sense) {
    std::optional<double> number = getScalar(other);
    if (!number || sense == Sense::Count)
      return Sense::Unknown;
    bool isLeft = op.getLhs() == view;
    bool isZero = *number == 0;
    switch (op.getKind()) {
    case BinaryKind::Equal:
      return isZero ? inverse(sense) : sense;
    case BinaryKind::Greater:
      return isLeft && isZero     ? sense
             : !isLeft && !isZero ? inverse(sense)
                                  : Sense::Unknown;
    case BinaryKind::Less:
      return isLeft && !isZero   ? inverse(sense)
             : !isLeft && isZero ? sense
                                 : Sense::Unknown;
    case BinaryKind::GreaterOrEqual:
      return isLeft && !isZero   ? sense
             : !isLeft && isZero ? inverse(sense)
                                 : Sense::Unknown;
    case BinaryKind::LessOrEqual:
      return isLeft && isZero     ? inverse(sense)
             : !isLeft && !isZero ? sense
                                  : Sense::Unknown;
    default:
      return Sense::Unknown;
    }
  }

  void visit(BinaryOp op, Value view, Sense sense) {
    Value other = op.getLhs() == view ? op.getRhs() : op.getLhs();
    bool isNumber = isZeroOrOne(other);
    pairs.push_back(op);
    switch (op.getKind()) {
    case BinaryKind::Equal:
    case BinaryKind::Less:
    case BinaryKind::LessOrEqual:
    case BinaryKind::Greater:
    case BinaryKind::GreaterOrEqual:
      isCondition |= isNumber;
      if (isNumber)
        add(op.getResult(), compare(op, view, other, sense));
      break;
    case BinaryKind::Sub:
      isCondition |= isNumber;
      add(op.getResult(), sense == Sense::Count             ? sense
                          : isNumber && op.getRhs() == view ? inverse(sense)
                                                            : Sense::Unknown);
      break;
    case BinaryKind::Add:
      // What a mask is added to is compared in its place.
      add(op.getResult(), sense == Sense::Count ? sense : Sense::Unknown);
      break;
    case BinaryKind::Mul:
      if (sense == Sense::Count)
        add(op.getResult(), sense);
      break;
    case BinaryKind::Or:
      showsKeys |= sense != Sense::Padding;
      break;
    default:
      break;
    }
  }

  llvm::DenseMap<Value, Sense> views;
  SmallVector<Value> worklist;
  /// What would compare two views.
  SmallVector<BinaryOp> pairs;
  bool isCondition = false;
  bool showsKeys = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// All roles
//===----------------------------------------------------------------------===//

void inlay::nn::findStepRoles(GraphOp graph, StepRoles &roles) {
  // Positions may be counted from the mask, which is known by its own.
  int64_t total = graph.getContext() + graph.getTokens();
  for (auto [argument, name] :
       llvm::zip(graph.getBody().getArguments(),
                 graph.getArgNames().getAsValueRange<StringAttr>())) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (name == "attention_mask" && type && type.getRank() == 2 &&
        type.getDimSize(1) == total && !namesTokens(argument) &&
        MaskUses::areOfMask(argument))
      roles.try_emplace(argument, StepRole::Valid);
  }
  PositionFinder positions(graph, roles);
  for (Operation &op : graph.getBody().front()) {
    if (auto rotary = dyn_cast<RotaryOp>(op)) {
      positions.collectFromCache(rotary.getCos());
      if (rotary.getPositions())
        positions.collect(rotary.getPositions());
    } else if (auto unary = dyn_cast<UnaryOp>(op)) {
      if (unary.getKind() == UnaryKind::Cos ||
          unary.getKind() == UnaryKind::Sin)
        positions.collect(unary.getInput());
    } else if (auto attention = dyn_cast<AttentionOp>(op)) {
      if (attention.getPositions())
        positions.collect(attention.getPositions());
    } else if (auto write = dyn_cast<CacheWriteOp>(op)) {
      if (isa_and_nonnull<BlockArgument>(write.getPositions()))
        roles.try_emplace(write.getPositions(), StepRole::Start);
    }
  }
  positions.note();
}
