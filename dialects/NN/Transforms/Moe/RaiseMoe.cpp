//===- RaiseMoe.cpp - From any encoding of experts to route and experts ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RaiseMoe.h"
#include "Analysis.h"
#include "ExpertsBuilder.h"
#include "FoldIdle.h"
#include "Respell.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

namespace {

class MoeRaiser {
public:
  MoeRaiser(ModuleOp module, onnx::GraphOp graph)
      : graph(graph), analysis(graph), builder(module) {}

  FailureOr<MoeRefusals> run() {
    collectContribs();
    analysis.run();
    for (Completion &completion : analysis.getCompletions())
      raise(completion);
    for (NodeOp node : fused)
      raiseFused(node, builder, refusals);
    for (Router &router : analysis.getRouters())
      raiseAlone(router);
    reportMissing();
    for (const Router &router : analysis.getRouters())
      reportObstacle(router);
    bool hasPlugins = reportPlugins();
    bool hasPacked = reportPacked();
    eraseDeadOps();
    if (hasPlugins || hasPacked)
      return failure();
    return std::move(refusals);
  }

private:
  /// Nodes that are experts on their own, in one walk: a graph with every
  /// expert written out is larger than all caches.
  void collectContribs() {
    for (NodeOp node : graph.getBody().front().getOps<NodeOp>()) {
      StringRef domain = node.getDomain();
      if (domain.empty())
        continue;
      if (isFused(node))
        fused.push_back(node);
      else if (domain != "com.microsoft" && isOfExperts(node))
        plugins.push_back(node);
    }
  }

  //===--------------------------------------------------------------------===//
  // Sums of all experts
  //===--------------------------------------------------------------------===//

  /// The ops that nothing needs once `value` is replaced. Counts uses: an op
  /// that all experts use is looked at once for each use, not for each pair.
  /// What reads nothing is left out: all layers share constants, and to count
  /// their uses for each sum would take the square of the layers.
  static DenseSet<Operation *> findDead(Value value) {
    DenseSet<Operation *> dead = {value.getDefiningOp()};
    DenseMap<Operation *, int64_t> alive;
    SmallVector<Operation *> worklist = {value.getDefiningOp()};
    while (!worklist.empty())
      for (Value operand : worklist.pop_back_val()->getOperands()) {
        Operation *op = operand.getDefiningOp();
        if (!op || op->getNumOperands() == 0)
          continue;
        auto [uses, isNew] = alive.try_emplace(op);
        if (isNew)
          uses->second = llvm::range_size(op->getUses());
        if (--uses->second == 0 && dead.insert(op).second)
          worklist.push_back(op);
      }
    return dead;
  }

  /// Whether nothing else uses what the experts compute on the way.
  static bool isPrivate(const Sum &sum, Value value) {
    DenseSet<Operation *> dead = findDead(value);
    return llvm::all_of(sum.experts, [&](const auto &entry) {
      const Mlp &mlp = *entry.second;
      return dead.contains(mlp.fc1.product) && dead.contains(mlp.fc2.product) &&
             (!mlp.fc3 || dead.contains(mlp.fc3->product));
    });
  }

  void raise(Completion &completion) {
    Sum &sum = *completion.sum;
    Value value = completion.value;
    auto type = dyn_cast<RankedTensorType>(value.getType());
    llvm::sort(sum.experts,
               [](const auto &a, const auto &b) { return a.first < b.first; });
    ExpertsSpec spec;
    spec.experts = sum.router->experts;
    spec.input = sum.experts.front().second->input;
    spec.weightOnInput = sum.weightOnInput;
    for (auto &[expert, mlp] : sum.experts) {
      spec.mlps.push_back(mlp.get());
      if (mlp->input != spec.input)
        return;
    }
    auto input = dyn_cast<RankedTensorType>(spec.input.getType());
    if (!type || !type.hasStaticShape() || !input || !input.hasStaticShape() ||
        !isPrivate(sum, value))
      return;
    OpBuilder ops(value.getDefiningOp());
    Location loc = value.getLoc();
    OutputScale scale;
    if (!sum.weightOnInput && sum.extras.empty())
      scale = findScale(value);
    sum.spec.scale *= scale.factor;
    RouteOp route = routeOf(ops, *sum.router, sum.spec);
    ExpertsOp op = builder.createExperts(ops, loc, spec, route);
    if (!op)
      return;
    scale.take();
    sum.router->hasExperts = true;
    Value result = convert(ops, loc, op.getResult(), type);
    for (Value extra : sum.extras)
      result = BinaryOp::create(ops, loc, type, BinaryKind::Add, result, extra);
    value.replaceAllUsesWith(result);
  }

  /// One op for each router and way to its weights.
  RouteOp routeOf(OpBuilder &ops, Router &router, const WeightSpec &spec) {
    for (auto &[known, route] : routes[&router])
      if (known == spec)
        return route;
    // Of several rounds the first is not all of it.
    bool hasRounds = spec.kind == RouteKind::SparseMixer && router.lastWeights;
    RouteOp route = builder.createRoute(
        ops, hasRounds ? router.lastWeights.getLoc() : router.topK.getLoc(),
        router.selection, spec, router.tokens, router.experts, router.slots);
    routes[&router].emplace_back(spec, route);
    return route;
  }

  //===--------------------------------------------------------------------===//
  // Routers without experts
  //===--------------------------------------------------------------------===//

  /// A router whose choice is a result, or serves what no rule knows.
  void raiseAlone(Router &router) {
    // A mixer is known from its weights alone too.
    if (router.hasExperts || router.isRound || !router.lastWeights ||
        !router.indices || NodeOp(router.topK).getIntAttr("sorted", 1) != 1)
      return;
    Value weights = router.lastWeights, indices = router.indices;
    auto weightType = dyn_cast<RankedTensorType>(weights.getType());
    auto indexType = dyn_cast<RankedTensorType>(indices.getType());
    if (!weightType || !indexType)
      return;
    // Behind everything that the weights need.
    OpBuilder ops(graph.getContext());
    ops.setInsertionPointAfterValue(weights);
    Location loc = router.lastSpec.kind == RouteKind::SparseMixer
                       ? weights.getLoc()
                       : router.topK.getLoc();
    RouteOp route =
        builder.createRoute(ops, loc, router.selection, router.lastSpec,
                            router.tokens, router.experts, router.slots);
    Value first = convert(ops, loc, route.getWeights(), weightType);
    Value second = convert(ops, loc, route.getIndices(), indexType);
    int64_t place = placeOf(weights.getDefiningOp());
    weights.replaceAllUsesWith(first);
    indices.replaceUsesWithIf(second, [&](OpOperand &use) {
      Operation *user =
          route->getBlock()->findAncestorOpInBlock(*use.getOwner());
      return user && placeOf(user) > place;
    });
  }

  /// The place of a node in the graph; -1 of what was made since. The block's
  /// own order would be computed anew for each router.
  int64_t placeOf(Operation *op) {
    if (places.empty())
      for (Operation &each : graph.getBody().front())
        places.try_emplace(&each, places.size());
    auto place = places.find(op);
    return place == places.end() ? -1 : place->second;
  }

  //===--------------------------------------------------------------------===//
  // What is not raised
  //===--------------------------------------------------------------------===//

  static std::string list(const llvm::BitVector &experts) {
    std::string text;
    llvm::raw_string_ostream os(text);
    constexpr unsigned most = 8;
    llvm::ListSeparator comma;
    unsigned shown = 0;
    for (unsigned expert : experts.set_bits()) {
      if (shown++ == most) {
        os << " and " << experts.count() - most << " more";
        break;
      }
      os << comma << expert;
    }
    return text;
  }

  /// Of each router the sum that got furthest.
  void reportMissing() {
    llvm::MapVector<Router *, const Sum *> furthest;
    for (const std::unique_ptr<Sum> &sum : analysis.getSums()) {
      if (sum->isDone || sum->experts.empty() || sum->experts.front().first < 0)
        continue;
      const Sum *&best = furthest[sum->router];
      if (!best || sum->experts.size() > best->experts.size())
        best = sum.get();
    }
    for (auto &[router, sum] : furthest)
      if (!router->hasExperts)
        router->isReported = reportMissing(*sum);
  }

  bool reportMissing(const Sum &sum) {
    const Router &router = *sum.router;
    llvm::BitVector missing(router.experts, true);
    for (auto &[expert, mlp] : sum.experts)
      missing.reset(expert);
    if (missing.none())
      return false;
    llvm::BitVector unread = missing;
    unread &= router.seen;
    Operation *last = sum.last;
    if (unread.any()) {
      last->emitWarning() << "experts " << list(unread) << " of router '"
                          << NodeOp(router.topK).getNodeName()
                          << "' are no MLP like the others of the sum at node '"
                          << NodeOp(sum.last).getNodeName()
                          << "', so none of them is raised";
      return true;
    }
    last->emitWarning()
        << "router '" << NodeOp(router.topK).getNodeName() << "' chooses from "
        << router.experts << " experts, but the sum at node '"
        << NodeOp(sum.last).getNodeName() << "' has only "
        << router.experts - static_cast<int64_t>(missing.count())
        << " of them: " << list(missing)
        << (missing.count() == 1 ? " is" : " are")
        << " missing, as when tracing drops experts that the sample input does "
           "not reach; export again in a way that keeps all experts";
    return true;
  }

  /// Experts in an operator of another domain, whose bytes only its vendor
  /// knows: nothing that is planned of them would be true.
  bool reportPlugins() {
    for (NodeOp node : plugins)
      mlir::emitError(node.getLoc())
          << "node '" << node.getNodeName() << "' (" << node.getFullName()
          << ") is a plug-in of domain '" << node.getDomain()
          << "' with the weights of experts in a layout that only its vendor "
             "knows: export the model without it, with standard operators or "
             "com.microsoft::MoE";
    return !plugins.empty();
  }

  /// Integers that were packed for the kernels of one provider: only these know
  /// which number is where.
  bool reportPacked() {
    bool hasPacked = false;
    for (NodeOp node : fused) {
      if (node.getOpType() != "QMoE" ||
          node.getStringAttr("quant_type", "int") != "int" ||
          node.getIntAttr("weights_prepacked", -1) != 1)
        continue;
      hasPacked = true;
      mlir::emitError(node.getLoc())
          << "node '" << node.getNodeName() << "' (" << node.getFullName()
          << ") has experts packed for one vendor's kernels (weights_prepacked "
             "= 1): export with weights_prepacked=0, or for the cpu or webgpu "
             "provider";
    }
    return hasPacked;
  }

  /// By what a vendor calls the operator or its attributes, or by its weights.
  static bool isOfExperts(NodeOp node) {
    if (node.getOpType().contains_insensitive("moe") ||
        node.getOpType().contains_insensitive("expert") || holdsExperts(node))
      return true;
    DictionaryAttr attributes = node.getNodeAttrsAttr();
    return attributes && llvm::any_of(attributes, [](NamedAttribute attr) {
             return attr.getName().getValue().contains_insensitive("expert");
           });
  }

  /// A weight of rank 3 with a matrix for each column of another input.
  static bool holdsExperts(NodeOp node) {
    SmallVector<int64_t> experts;
    int64_t widest = 0;
    for (Value input : node.getInputs()) {
      auto shape = shapeOf(input);
      if (!shape || shape->empty())
        continue;
      bool isConstant =
          input.getDefiningOp() && !isa<NodeOp>(input.getDefiningOp());
      if (isConstant && shape->size() >= 3)
        experts.push_back(shape->front());
    }
    for (Value input : node.getInputs()) {
      auto shape = shapeOf(input);
      if (shape && !shape->empty() &&
          (isa<BlockArgument>(input) || input.getDefiningOp<NodeOp>()) &&
          llvm::is_contained(experts, shape->back()))
        widest = std::max(widest, shape->back());
    }
    return widest > 1;
  }

  /// What a node draws it draws for its results alone, so that one without
  /// graphs inside does nothing else. MLIR would ask each for its effects.
  static bool isDead(Operation &op) {
    if (!op.use_empty())
      return false;
    return (isa<NodeOp>(op) && op.getNumRegions() == 0) ||
           isOpTriviallyDead(&op);
  }

  void eraseDeadOps() {
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(graph.getBody().front())))
      if (isDead(op)) {
        refusals.erase(&op);
        op.erase();
      }
  }

  onnx::GraphOp graph;
  Analysis analysis;
  ExpertsBuilder builder;
  SmallVector<NodeOp> fused, plugins;
  Refusals refusals;
  DenseMap<Router *, SmallVector<std::pair<WeightSpec, RouteOp>, 1>> routes;
  DenseMap<Operation *, int64_t> places;
};

} // namespace

FailureOr<MoeRefusals> inlay::nn::raiseMoe(ModuleOp module,
                                           onnx::GraphOp graph) {
  foldIdleNodes(graph);
  respell(graph);
  return MoeRaiser(module, graph).run();
}
