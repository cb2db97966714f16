//===- Analysis.cpp - What is known of values behind a router -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

//===----------------------------------------------------------------------===//
// Facts
//===----------------------------------------------------------------------===//

Analysis::Analysis(onnx::GraphOp graph) : graph(graph), roundingCasts(graph) {
  addRouterRules(rules);
  addMixerRules(rules);
  addLoopRules(rules);
  addGatheredRules(rules);
  addSparseRules(rules);
  addGroupedRules(rules);
  addEinsumRules(rules);
  addObstacleRules(rules);
  addDenseRules(rules);
  addLayoutRules(rules);
}

const Fact *Analysis::find(Value value) const {
  auto it = facts.find(value);
  return it == facts.end() ? nullptr : it->second;
}

const Fact *Analysis::find(Value value, FactKind kind) const {
  const Fact *fact = value ? find(value) : nullptr;
  return fact && fact->kind == kind ? fact : nullptr;
}

bool Analysis::set(NodeOp node, Fact fact, unsigned index) {
  if (fact.router && fact.expert >= 0) {
    fact.router->seen.resize(fact.router->experts);
    fact.router->seen.set(fact.expert);
  }
  if (Value output = node.getOutput(index))
    facts[output] = new (factStorage.Allocate()) Fact(std::move(fact));
  return true;
}

Router *Analysis::addRouter(Router router) {
  routers.push_back(std::move(router));
  return &routers.back();
}

Sum *Analysis::addSum(const Fact &weight) {
  sums.push_back(std::make_unique<Sum>());
  Sum *sum = sums.back().get();
  sum->router = weight.router;
  sum->spec = weight.spec;
  return sum;
}

/// Every expert exactly once.
static bool hasAllExperts(const Sum &sum) {
  if (sum.experts.size() == 1 && sum.experts.front().first < 0)
    return true;
  int64_t experts = sum.router->experts;
  if (static_cast<int64_t>(sum.experts.size()) != experts)
    return false;
  std::vector<bool> seen(experts);
  for (auto &[expert, mlp] : sum.experts) {
    if (expert < 0 || expert >= experts || seen[expert])
      return false;
    seen[expert] = true;
  }
  return true;
}

static Value behindIdleSums(Value value, const Layout &layout);

bool Analysis::setTerms(NodeOp node, Sum *sum, const Layout &layout) {
  sum->last = node;
  Router *router = sum->router;
  Value value = node.getOutput(0);
  auto shape = shapeOf(value);
  auto onlyTokens = [](const Term &term) {
    return term.axis == Axis::Token || term.axis == Axis::Hidden;
  };
  const Term *hidden = layout.find(Axis::Hidden);
  if (hidden && shape && !ShapedType::isDynamicShape(*shape) &&
      llvm::all_of(layout.terms, onlyTokens) &&
      layout == Layout::rowMajor({{Axis::Token, router->tokens},
                                  {Axis::Hidden, hidden->size}}) &&
      numElements(*shape) == router->tokens * hidden->size &&
      hasAllExperts(*sum)) {
    sum->isDone = true;
    completions.push_back({behindIdleSums(value, layout), sum});
    return true;
  }
  Fact fact(FactKind::Terms);
  fact.router = router;
  fact.layout = layout;
  fact.sum = sum;
  return set(node, std::move(fact));
}

//===----------------------------------------------------------------------===//
// Inside experts whose input is weighted
//===----------------------------------------------------------------------===//

/// What is computed from a weighted input, until the sum over experts is seen.
static bool followInside(Analysis &analysis, NodeOp node) {
  for (Value input : node.getInputs()) {
    const Fact *fact = analysis.find(input);
    if (!fact || (fact->kind != FactKind::WeightedInput &&
                  fact->kind != FactKind::Inside))
      continue;
    Fact inside(FactKind::Inside);
    inside.router = fact->router;
    inside.expert = fact->expert;
    inside.spec = fact->spec;
    inside.weightKind = fact->weightKind;
    inside.input = fact->kind == FactKind::WeightedInput ? input : fact->input;
    for (unsigned i = 0; i < node->getNumResults(); ++i)
      analysis.set(node, inside, i);
    return true;
  }
  return false;
}

ArrayRef<Analysis::Rule> Analysis::rulesOf(NodeOp node) {
  auto [known, isNew] =
      knownRules.try_emplace({node.getDomainAttr(), node.getOpTypeAttr()});
  if (isNew)
    if (auto it = rules.find(node.getFullName()); it != rules.end())
      known->second = it->second;
  return known->second;
}

void Analysis::visit(NodeOp node) {
  // Every rule looks at the first input; a file may leave it away.
  if (node->getNumRegions() != 0 || node.getOutputs().empty() ||
      !node.getInput(0))
    return;
  if (llvm::none_of(rulesOf(node),
                    [&](Rule rule) { return rule(*this, node); }))
    followInside(*this, node);
}

void Analysis::run() {
  for (NodeOp node : graph.getBody().front().getOps<NodeOp>())
    visit(node);
}

//===----------------------------------------------------------------------===//
// What rules share
//===----------------------------------------------------------------------===//

std::optional<OperandPair> moe::findOperand(Analysis &analysis, NodeOp node,
                                            FactKind kind) {
  if (node.getInputs().size() != 2)
    return std::nullopt;
  for (unsigned i : {0u, 1u})
    if (const Fact *fact = analysis.find(node.getInput(i), kind))
      return OperandPair{fact, node.getInput(i), node.getInput(1 - i)};
  return std::nullopt;
}

std::optional<Layout> moe::reducedLayout(NodeOp node, const Layout &operand,
                                         SmallVectorImpl<Axis> &axes) {
  auto from = shapeOf(node.getInput(0)), to = shapeOf(node.getOutput(0));
  std::optional<SmallVector<int64_t>> dims;
  if (auto given = node.getIntsAttr("axes"))
    dims = SmallVector<int64_t>(*given);
  else if (Value input = node.getInput(1))
    dims = onnx::getConstantInts(input);
  if (!from || !to || !dims || dims->empty())
    return std::nullopt;
  for (int64_t &dim : *dims)
    dim = normaliseAxis(dim, from->size());
  return moe::reduce(operand, *from, *dims, *to, axes);
}

std::optional<GatherForm> moe::readGather(NodeOp node) {
  GatherForm form;
  form.data = node.getInput(0);
  form.indices = node.getInput(1);
  auto from = shapeOf(form.data), to = shapeOf(node.getOutput(0));
  auto index = shapeOf(form.indices);
  if (!from || !to || !index || from->empty())
    return std::nullopt;
  form.from = *from;
  form.to = *to;
  form.index = *index;
  if (node.isOp("", "Gather")) {
    form.dim = normaliseAxis(node.getIntAttr("axis", 0), from->size());
  } else {
    if (!node.isOp("", "GatherND") || index->empty() || index->back() != 1)
      return std::nullopt;
    form.index = index->drop_back();
    form.dim = form.batch = node.getIntAttr("batch_dims", 0);
  }
  int64_t rank = from->size(), indexRank = form.index.size();
  if (form.dim < 0 || form.dim >= rank || form.batch < 0 ||
      form.batch > indexRank ||
      static_cast<int64_t>(to->size()) + 1 != rank + indexRank - form.batch)
    return std::nullopt;
  return form;
}

static int64_t sizeOf(Axis axis, const Router &router) {
  switch (axis) {
  case Axis::Token:
    return router.tokens;
  case Axis::Slot:
    return router.slots;
  case Axis::Expert:
    return router.experts;
  default:
    return 2;
  }
}

bool moe::sumsOver(ArrayRef<Axis> axes, ArrayRef<Axis> wanted,
                   const Router &router) {
  for (Axis axis : wanted)
    if (sizeOf(axis, router) > 1 && !llvm::is_contained(axes, axis))
      return false;
  return llvm::all_of(
      axes, [&](Axis axis) { return llvm::is_contained(wanted, axis); });
}

bool moe::isAligned(NodeOp node, const Fact &a, Value aValue, const Fact &b,
                    Value bValue) {
  auto to = shapeOf(node.getOutput(0));
  auto aShape = shapeOf(aValue), bShape = shapeOf(bValue);
  if (!to || !aShape || !bShape)
    return false;
  auto left = broadcast(a.layout, *aShape, *to);
  auto right = broadcast(b.layout, *bShape, *to);
  if (!left || !right)
    return false;
  // Each axis that both have must lie at the same place, and two axes must not
  // share one.
  for (const Term &term : left->terms) {
    if (right->has(term.axis)) {
      if (!(left->only(term.axis) == right->only(term.axis)))
        return false;
      continue;
    }
    if (llvm::any_of(right->terms, [&](const Term &other) {
          return other.stride == term.stride;
        }))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Nodes that only move data
//===----------------------------------------------------------------------===//

/// The largest of values of a kind that are whole numbers; none of others.
static std::optional<int64_t> largestOf(const Fact &fact) {
  switch (fact.kind) {
  case FactKind::Index:
  case FactKind::SortedIndex:
  case FactKind::BinIndex:
    return fact.router->experts;
  case FactKind::Mask:
  case FactKind::Never:
    return 1;
  case FactKind::Count:
  case FactKind::Ends:
  case FactKind::Bound:
    return fact.router->tokens * fact.router->slots;
  default:
    return std::nullopt;
  }
}

/// Whether a Cast keeps what is known of its value.
static bool keepsFact(NodeOp node, const Fact &fact) {
  auto to = dyn_cast<ShapedType>(node.getOutput(0).getType());
  std::optional<int64_t> largest = largestOf(fact);
  return largest ? to && holdsWhole(to.getElementType(), *largest)
                 : isHarmlessCast(node);
}

static Type elementType(Value value) {
  return getElementTypeOrSelf(value.getType());
}

constexpr StringLiteral kMovers[] = {"Identity", "Cast",      "CastLike",
                                     "Reshape",  "Squeeze",   "Unsqueeze",
                                     "Flatten",  "Transpose", "Expand"};

static bool onlyMovesData(NodeOp node) {
  return node.getDomain().empty() &&
         llvm::is_contained(kMovers, node.getOpType());
}

static std::optional<Layout> layoutAfter(NodeOp node, const Fact &fact) {
  const Layout &layout = fact.layout;
  auto from = shapeOf(node.getInput(0)), to = shapeOf(node.getOutput(0));
  if (!from || !to)
    return std::nullopt;
  if (node.isOp("", "Transpose")) {
    SmallVector<int64_t> permutation(
        llvm::reverse(llvm::to_vector(llvm::seq<int64_t>(0, from->size()))));
    if (auto given = node.getIntsAttr("perm"))
      permutation.assign(given->begin(), given->end());
    if (permutation.size() != from->size())
      return std::nullopt;
    return moe::transpose(layout, *from, permutation);
  }
  if (node.isOp("", "Expand"))
    return moe::broadcast(layout, *from, *to);
  if ((node.isOp("", "Cast") || node.isOp("", "CastLike")) &&
      !keepsFact(node, fact))
    return std::nullopt;
  return layout;
}

/// The last sum over dims of size 1 behind a value that lies as `layout` says,
/// with nodes on the way that together move no data: what is left of a sum over
/// the only choice of each token. Without one, the value.
static Value behindIdleSums(Value value, const Layout &layout) {
  int64_t size = numElements(*shapeOf(value));
  Value last = value;
  Fact fact(FactKind::Terms);
  fact.layout = layout;
  while (value.hasOneUse()) {
    auto node = dyn_cast<NodeOp>(*value.user_begin());
    bool isSum = node && node.isOp("", "ReduceSum");
    if (!node || node.getInput(0) != value || !(isSum || onlyMovesData(node)))
      break;
    Value next = node.getOutput(0);
    auto shape = next ? shapeOf(next) : std::nullopt;
    auto after = isSum ? std::optional(fact.layout) : layoutAfter(node, fact);
    if (!shape || ShapedType::isDynamicShape(*shape) ||
        numElements(*shape) != size || !after ||
        elementType(next) != elementType(value))
      break;
    fact.layout = *after;
    value = next;
    if (isSum && fact.layout == layout)
      last = value;
  }
  return last;
}

static bool followLayout(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0));
  if (!fact || fact->kind == FactKind::Inside ||
      fact->kind == FactKind::Coordinates)
    return false;
  std::optional<Layout> layout = layoutAfter(node, *fact);
  if (!layout)
    return false;
  Fact moved = *fact;
  moved.layout = *layout;
  if (fact->kind != FactKind::Terms)
    return analysis.set(node, std::move(moved));
  // The sum goes on in one place only.
  return isReadOnce(node.getInput(0)) &&
         analysis.setTerms(node, fact->sum, *layout);
}

void moe::addLayoutRules(RuleMap &rules) {
  for (StringRef op : kMovers)
    rules[op].push_back(followLayout);
}
