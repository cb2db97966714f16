//===- InferShapes.cpp - Infers types and folds shape plumbing ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pass itself: it drives the inference functions of Shapes/, turns known
// values into constants, and clears away what folding leaves behind.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/DeadNodes.h"
#include "dialects/Onnx/Transforms/Passes.h"
#include "dialects/Onnx/Transforms/Shapes/Inference.h"
#include "dialects/Onnx/Transforms/Shapes/Signatures.h"
#include "dialects/Onnx/Transforms/StepDims.h"

#include "inlay/Onnx/DimExpr.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

namespace inlay::onnx {
#define GEN_PASS_DEF_INFERSHAPES
#include "dialects/Onnx/Transforms/Passes.h.inc"
} // namespace inlay::onnx

namespace {

/// Operators without an inference function whose outputs stay without a shape.
struct UnknownOp {
  int64_t count = 0;
  NodeOp example;
};

class GraphInference {
public:
  explicit GraphInference(GraphOp graph) : graph(graph), state(graph) {}

  LogicalResult run();

  int64_t numErased = 0;
  unsigned numFolded() const { return state.numFolded; }

private:
  void visitBlock(Block &block);
  void visitNode(NodeOp node);
  /// Null where there is none.
  InferFn functionOf(NodeOp node);
  /// Puts the taken branch in place of an `If` whose condition is known.
  /// Returns whether it did; the node is then dead.
  bool inlineBranch(NodeOp node);
  void joinBranches(NodeOp node);
  void materialise(NodeOp node);
  void noteUnknown(NodeOp node);

  void warnContradictions();
  void warnUnknownOps();
  LogicalResult checkSymbols();

  GraphOp graph;
  InferenceState state;
  bool mustRepeat = false;
  /// By domain and operator, of those that were met.
  DenseMap<std::pair<StringAttr, StringAttr>, InferFn> functions;
  llvm::MapVector<StringAttr, UnknownOp> unknownOps;
};

} // namespace

//===----------------------------------------------------------------------===//
// One visit of each node
//===----------------------------------------------------------------------===//

static bool isStatic(Type type) {
  if (isa<NoneType>(type))
    return true;
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

void GraphInference::visitBlock(Block &block) {
  // Not a range loop: the ops of a branch may come to stand behind `op`.
  for (Operation *op = &block.front(); op;) {
    auto node = dyn_cast<NodeOp>(op);
    bool isReplaced = node && node.isOp("", "If") && inlineBranch(node);
    if (node && !isReplaced)
      visitNode(node);
    op = op->getNextNode();
    if (isReplaced)
      node.erase();
  }
}

InferFn GraphInference::functionOf(NodeOp node) {
  auto [known, isNew] =
      functions.try_emplace({node.getDomainAttr(), node.getOpTypeAttr()});
  if (isNew)
    known->second = getInferTable().lookup(node.getFullName());
  return known->second;
}

void GraphInference::visitNode(NodeOp node) {
  for (Region &subgraph : node.getSubgraphs())
    visitBlock(subgraph.front());
  InferFn function = functionOf(node);
  NodeInference whole(node, state);
  if (failed(checkSignature(whole)) || failed(checkNumbers(whole))) {
    // It has been reported; the outputs stay as declared.
  } else if (node.isOp("", "If")) {
    joinBranches(node);
  } else if (!function) {
    noteUnknown(node);
  } else {
    NodeInference inference(node, state);
    // A failure has been reported; the outputs stay as declared.
    if (succeeded(function(inference)))
      materialise(node);
    mustRepeat |= state.applySymbols();
  }
  state.markVisited(node);
}

bool GraphInference::inlineBranch(NodeOp node) {
  const ConstTensor *condition =
      node.getInput(0) ? state.value(node.getInput(0)) : nullptr;
  if (!condition || condition->size() != 1 || !(*condition)[0].known)
    return false;
  Region *branch =
      node.getSubgraph((*condition)[0].i ? "then_branch" : "else_branch");
  if (!branch)
    return false;
  Block &body = branch->front();
  Operation *yield = body.getTerminator();
  if (yield->getNumOperands() != node.getNumResults())
    return false;
  SmallVector<Value> values(yield->getOperands());
  yield->erase();
  Block *block = node->getBlock();
  block->getOperations().splice(std::next(node->getIterator()),
                                body.getOperations());
  for (auto [result, value] : llvm::zip_equal(node.getResults(), values))
    result.replaceAllUsesWith(value);
  ++state.numFolded;
  return true;
}

/// What both branches of an `If` agree on.
void GraphInference::joinBranches(NodeOp node) {
  Region *yes = node.getSubgraph("then_branch");
  Region *no = node.getSubgraph("else_branch");
  if (!yes || !no)
    return;
  OperandRange left = yes->front().getTerminator()->getOperands();
  OperandRange right = no->front().getTerminator()->getOperands();
  NodeInference inference(node, state);
  for (unsigned i = 0; i < node.getNumResults(); ++i) {
    if (i >= left.size() || i >= right.size())
      return;
    auto a = dyn_cast<RankedTensorType>(left[i].getType());
    auto b = dyn_cast<RankedTensorType>(right[i].getType());
    if (!a || !b || a.getRank() != b.getRank() ||
        a.getElementType() != b.getElementType())
      continue;
    Shape shape(a.getShape());
    for (auto [ours, theirs] : llvm::zip_equal(shape, b.getShape()))
      if (ours != theirs)
        ours = ShapedType::kDynamic;
    inference.set(i, shape, a.getElementType());
  }
}

/// Whether a node moves weights that are so few that their numbers are known:
/// no plumbing of shapes, and later levels take it as a view.
static bool movesWeights(NodeOp node) {
  static constexpr StringRef movers[] = {"Transpose", "Reshape",  "Squeeze",
                                         "Unsqueeze", "Identity", "Cast",
                                         "Flatten"};
  if (!node.getDomain().empty() ||
      !llvm::is_contained(movers, node.getOpType()))
    return false;
  auto type = dyn_cast<RankedTensorType>(node.getOutput(0).getType());
  return type && isa<FloatType>(type.getElementType()) &&
         type.hasStaticShape() && type.getNumElements() > 1;
}

/// Puts constants in the place of outputs whose value is known.
void GraphInference::materialise(NodeOp node) {
  if (movesWeights(node))
    return;
  for (OpResult result : node.getOutputs()) {
    if (result.use_empty())
      continue;
    const ConstTensor *value = state.value(result);
    if (!value || !value->isFullyKnown())
      continue;
    OpBuilder builder(node);
    auto constant = ConstantOp::create(builder, node.getLoc(), value->toAttr());
    result.replaceAllUsesWith(constant.getResult());
    ++state.numFolded;
  }
}

void GraphInference::noteUnknown(NodeOp node) {
  if (llvm::all_of(node.getResultTypes(), isStatic))
    return;
  std::string name = node.getFullName();
  if (int64_t opset = state.opset(node))
    name += "-" + std::to_string(opset);
  auto entry = unknownOps.insert(
      {StringAttr::get(graph.getContext(), name), {/*count=*/0, node}});
  ++entry.first->second.count;
}

//===----------------------------------------------------------------------===//
// What is reported at the end
//===----------------------------------------------------------------------===//

void GraphInference::warnContradictions() {
  constexpr size_t maxWarnings = 8;
  ArrayRef<Contradiction> all = state.contradictions;
  for (const Contradiction &found : all.take_front(maxWarnings))
    emitWarning(found.loc) << found.text;
  if (all.size() > maxWarnings)
    graph.emitWarning() << static_cast<int64_t>(all.size() - maxWarnings)
                        << " more outputs are declared otherwise than they are";
}

void GraphInference::warnUnknownOps() {
  if (unknownOps.empty())
    return;
  int64_t total = 0;
  for (auto &[name, op] : unknownOps)
    total += op.count;
  InFlightDiagnostic diag = graph.emitWarning();
  diag << "no rule infers the shapes of " << total
       << (total == 1 ? " node: " : " nodes: ");
  llvm::interleaveComma(unknownOps, diag, [&](const auto &entry) {
    UnknownOp op = entry.second;
    diag << entry.first.getValue();
    diag << " (" << op.count << ", first '" << op.example.getNodeName() << "')";
  });
  diag << "; declare the shapes of their outputs in the model (value_info), or "
          "export it without these operators";
}

/// The names that a size is to be given for `text`: those of an expression that
/// no convention gives one; any other text is a name itself.
static std::vector<std::string> getFreeNames(StringRef text) {
  std::string error;
  std::optional<DimExpr> expr = DimExpr::parse(text, error);
  if (!expr || expr->symbols().empty())
    return {text.str()};
  std::vector<std::string> names;
  for (const std::string &symbol : expr->symbols())
    if (symbol == text || !getDimRole(symbol))
      names.push_back(symbol);
  return names.empty() ? std::vector<std::string>{text.str()} : names;
}

/// All symbols that inputs still have, in one error with the remedy.
LogicalResult GraphInference::checkSymbols() {
  llvm::StringSet<> seen;
  std::vector<std::string> open;
  for (BlockArgument argument : graph.getBody().getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.getEncoding() || argument.use_empty())
      continue;
    for (StringRef symbol : getDimSymbols(type))
      if (!symbol.empty())
        for (std::string &name : getFreeNames(symbol))
          if (seen.insert(name).second)
            open.push_back(std::move(name));
  }
  if (open.empty())
    return success();
  InFlightDiagnostic diag = graph.emitError()
                            << "dims without a size: --bind \"";
  llvm::interleave(
      open, [&](const std::string &name) { diag << name << "=N"; },
      [&] { diag << ","; });
  diag << "\" gives " << (open.size() == 1 ? "it" : "them") << " one";
  return diag;
}

LogicalResult GraphInference::run() {
  visitBlock(graph.getBody().front());
  // Symbols are bound where a node is the first to know; nodes before it that
  // had read the dim are visited once more. Each round binds a symbol.
  while (std::exchange(mustRepeat, false) && state.numErrors == 0) {
    state.contradictions.clear();
    unknownOps.clear();
    visitBlock(graph.getBody().front());
  }
  warnContradictions();
  warnUnknownOps();
  if (state.numErrors != 0)
    return failure();
  numErased = eraseDeadOps(graph.getBody().front());
  return checkSymbols();
}

//===----------------------------------------------------------------------===//
// Initializers
//===----------------------------------------------------------------------===//

namespace {

/// The names of the initializers that the outputs of a graph depend on. Goes
/// through each block from its end, and remembers what is dead: of that there
/// is little, while most models have hundreds of thousands of other ops.
class ReachableNames {
public:
  /// `most`: about how many there may be.
  static DenseSet<StringAttr> find(GraphOp graph, size_t most) {
    ReachableNames reachable;
    reachable.names.reserve(most);
    reachable.visit(graph.getBody().front());
    return std::move(reachable.names);
  }

private:
  void visit(Block &block) {
    for (Operation &op : llvm::reverse(block))
      if (isDead(op))
        op.walk([&](Operation *inner) { dead.insert(inner); });
      else
        visitLive(op);
  }

  /// Looks at the users, which lie elsewhere in memory, only where some op is
  /// dead.
  bool isDead(Operation &op) const {
    if (op.hasTrait<OpTrait::IsTerminator>())
      return false;
    if (dead.empty())
      return op.use_empty();
    return llvm::all_of(op.getUsers(),
                        [&](Operation *user) { return dead.contains(user); });
  }

  void visitLive(Operation &op) {
    if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op))
      names.insert(load.getGlobal().getRootReference());
    if (auto constant = dyn_cast<ConstantOp>(op))
      if (FlatSymbolRefAttr name = constant.getInitializerAttr())
        names.insert(name.getAttr());
    for (Region &region : op.getRegions())
      for (Block &block : region)
        visit(block);
  }

  DenseSet<StringAttr> names;
  DenseSet<Operation *> dead;
};

} // namespace

/// Writes down which initializers the outputs did not need, and which they
/// need no more since their values were folded.
static void recordInitializers(ModuleOp module,
                               const DenseSet<StringAttr> &before,
                               const DenseSet<StringAttr> &after) {
  SmallVector<Attribute> folded, unreachable;
  for (auto global : module.getOps<ml_program::GlobalOp>()) {
    StringAttr name = global.getSymNameAttr();
    if (!before.contains(name))
      unreachable.push_back(name);
    else if (!after.contains(name))
      folded.push_back(name);
  }
  MLIRContext *context = module.getContext();
  module->setAttr(kFoldedAttr, ArrayAttr::get(context, folded));
  module->setAttr(kUnreachableAttr, ArrayAttr::get(context, unreachable));
}

namespace {
class InferShapesPass : public onnx::impl::InferShapesBase<InferShapesPass> {
public:
  using InferShapesBase::InferShapesBase;
  void runOnOperation() override;

private:
  LogicalResult inferGraph(GraphOp graph);
};
} // namespace

LogicalResult InferShapesPass::inferGraph(GraphOp graph) {
  DenseSet<StringAttr> before = ReachableNames::find(
      graph, llvm::range_size(getOperation().getOps<ml_program::GlobalOp>()));
  GraphInference inference(graph);
  LogicalResult result = inference.run();
  graph.updateFunctionType();
  if (failed(result))
    return failure();
  recordInitializers(getOperation(), before,
                     ReachableNames::find(graph, before.size()));
  int64_t numDynamic = 0;
  graph.getBody().walk([&](Operation *op) {
    numDynamic += llvm::count_if(op->getResultTypes(),
                                 [](Type type) { return !isStatic(type); });
  });
  remark::passed(
      graph.getLoc(),
      remark::RemarkOpts::name("InferredShapes").category("infer-shapes"))
      << remark::metric("folded", static_cast<int64_t>(inference.numFolded()))
      << remark::metric("erased", inference.numErased)
      << remark::metric("dynamic", numDynamic);
  return success();
}

void InferShapesPass::runOnOperation() {
  for (GraphOp graph : getOperation().getOps<GraphOp>())
    if (failed(inferGraph(graph)))
      return signalPassFailure();
}
