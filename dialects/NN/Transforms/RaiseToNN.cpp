//===- RaiseToNN.cpp - Recognises what a model computes -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuseOps.h"
#include "Moe/RaiseMoe.h"
#include "Passes.h"
#include "Raiser.h"
#include "ScoreMasks.h"
#include "UnreadNumbers.h"

#include "dialects/Onnx/IR/OutputLoc.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace inlay::nn {
#define GEN_PASS_DEF_RAISETONN
#include "dialects/NN/Transforms/Passes.h.inc"
} // namespace inlay::nn

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

bool inlay::nn::isWeight(Value value) {
  return value && value.getDefiningOp<ml_program::GlobalLoadConstOp>();
}

Value RaiseContext::input(unsigned index) {
  Value value = node.getInput(index);
  return value ? mapping.lookupOrNull(value) : Value();
}

Both RaiseContext::hasBoth(unsigned a, unsigned b) {
  int count = (input(a) ? 1 : 0) + (input(b) ? 1 : 0);
  return static_cast<Both>(count);
}

bool RaiseContext::isOutputUsed(unsigned index) {
  Value output = node.getOutput(index);
  return output && !output.use_empty();
}

bool RaiseContext::isReturned(unsigned index) {
  Value output = node.getOutput(index);
  return output && llvm::any_of(output.getUsers(), [](Operation *user) {
           return isa<onnx::ReturnOp>(user);
         });
}

void RaiseContext::noteRole(unsigned index, StepRole role) {
  Value value = input(index);
  while (value && value.getDefiningOp() &&
         isa<CastOp, ReshapeOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  if (isa_and_nonnull<BlockArgument>(value))
    roles.try_emplace(value, role);
}

Rule inlay::nn::withInputs(unsigned count, Rule rule) {
  return [count, rule = std::move(rule)](RaiseContext &context) -> Refusal {
    for (unsigned i = 0; i < count; ++i)
      if (!context.input(i))
        return "has no input " + std::to_string(i);
    return rule(context);
  };
}

RankedTensorType RaiseContext::outputType(unsigned index) {
  Value output = node.getOutput(index);
  return output ? dyn_cast<RankedTensorType>(output.getType())
                : RankedTensorType();
}

Value RaiseContext::output(unsigned index) {
  return mapping.lookup(node.getOutput(index));
}

void RaiseContext::setOutput(unsigned index, Value value) {
  Value output = node.getOutput(index);
  if (!output)
    return;
  mapping.map(output, value);
  Operation *op = value.getDefiningOp();
  if (op && op->getNumResults() == 1 && op->getLoc() == getLoc())
    op->setLoc(onnx::getOutputLoc(getLoc(), index));
}

namespace {

/// Why a node stays opaque: on the op until the report is made.
constexpr StringLiteral kReason = "inlay_nn.reason";

/// The opaque ops of a graph, grouped.
class OpaqueReport {
public:
  /// Takes the reasons away from the ops.
  explicit OpaqueReport(GraphOp graph) {
    for (auto op : graph.getBody().getOps<OpaqueOp>())
      if (auto reason = dyn_cast_or_null<ArrayAttr>(op->removeAttr(kReason)))
        add(reason);
  }

  int64_t size() const { return total; }

  void emit(Operation *op) const {
    if (!total)
      return;
    InFlightDiagnostic diag = op->emitWarning();
    if (total == 1)
      diag << "1 node stays opaque: it is placed and costed by the bytes it "
              "moves only";
    else
      diag << total
           << " nodes stay opaque: they are placed and costed by the bytes "
              "they move only";
    for (const auto &[key, entry] : entries)
      diag.attachNote() << entry.count << " x " << key.first << ": "
                        << key.second << "; e.g. node '" << entry.example
                        << "'";
  }

private:
  /// Operator with opset, why, and the name of the node.
  void add(ArrayAttr reason) {
    auto text = [&](unsigned i) {
      return cast<StringAttr>(reason[i]).getValue().str();
    };
    auto &entry = entries[{text(0), text(1)}];
    if (entry.count++ == 0)
      entry.example = text(2);
    ++total;
  }

  struct Entry {
    int64_t count = 0;
    std::string example;
  };
  llvm::MapVector<std::pair<std::string, std::string>, Entry,
                  std::map<std::pair<std::string, std::string>, unsigned>>
      entries;
  int64_t total = 0;
};

bool isStatic(Type type) {
  if (isa<NoneType>(type))
    return true;
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

bool isStatic(onnx::NodeOp node) {
  return llvm::all_of(node->getOperandTypes(),
                      [](Type t) { return isStatic(t); }) &&
         llvm::all_of(node->getResultTypes(),
                      [](Type t) { return isStatic(t); });
}

/// Rules compute with numbers of one part.
bool isNumeric(onnx::NodeOp node) {
  auto isNumber = [](Type type) {
    return isa<NoneType>(type) || getElementTypeOrSelf(type).isIntOrFloat();
  };
  return llvm::all_of(node->getOperandTypes(), isNumber) &&
         llvm::all_of(node->getResultTypes(), isNumber);
}

/// Raises one graph, node by node in the order of the block.
class GraphRaiser {
public:
  GraphRaiser(onnx::GraphOp source, const RuleTable &rules,
              MoeRefusals refusals)
      : source(source), rules(rules), refusals(std::move(refusals)),
        builder(source) {}

  FailureOr<GraphOp> run() {
    GraphOp graph = createGraph();
    builder.setInsertionPointToStart(&graph.getBody().front());
    for (Operation &op : source.getBody().front())
      if (failed(raise(op)))
        return failure();
    return graph;
  }

  int64_t numNodes() const { return nodes; }
  StepRoles &stepRoles() { return roles; }

private:
  int64_t intAttr(StringRef name, int64_t otherwise) {
    auto attr = source->getAttrOfType<IntegerAttr>(name);
    return attr ? attr.getInt() : otherwise;
  }

  GraphOp createGraph() {
    auto phase = source->getAttrOfType<StringAttr>("inlay_onnx.phase");
    auto graph = GraphOp::create(
        builder, source.getLoc(), source.getSymName(), source.getFunctionType(),
        source.getArgNames(), source.getResultNames(),
        phase ? phase.getValue() : StringRef("decode"),
        intAttr("inlay_onnx.batch", 1), intAttr("inlay_onnx.context", 0),
        intAttr("inlay_onnx.tokens", 1), StringAttr(), ArrayAttr(),
        ArrayAttr());
    Block *body = builder.createBlock(&graph.getBody());
    for (BlockArgument argument : source.getBody().getArguments())
      mapping.map(argument,
                  body->addArgument(argument.getType(), argument.getLoc()));
    return graph;
  }

  LogicalResult raise(Operation &op) {
    if (auto node = dyn_cast<onnx::NodeOp>(op))
      return raiseNode(node);
    if (auto constant = dyn_cast<onnx::ConstantOp>(op))
      return raiseConstant(constant);
    if (isa<onnx::NoneOp>(op))
      return success();
    if (auto ret = dyn_cast<onnx::ReturnOp>(op))
      return raiseReturn(ret);
    builder.clone(op, mapping);
    return success();
  }

  /// Whether all that reads a matrix of zeros and ones makes a mask of it:
  /// takes it from ones, or for truth values; parts of it may be taken first.
  static bool makeMasks(Value value, int depth = 4) {
    static constexpr StringLiteral kMovers[] = {
        "Slice", "Unsqueeze", "Squeeze", "Reshape", "Expand", "Identity"};
    return llvm::all_of(value.getUsers(), [&](Operation *user) {
      auto node = dyn_cast<onnx::NodeOp>(user);
      if (!node || !node.getDomain().empty() || !node.getOutput(0))
        return false;
      bool isTruth =
          node.isOp("", "Equal") ||
          (node.isOp("", "Cast") &&
           getElementTypeOrSelf(node.getOutput(0).getType()).isInteger(1));
      return node.isOp("", "Sub") || isTruth ||
             (depth > 0 && llvm::is_contained(kMovers, node.getOpType()) &&
              makeMasks(node.getOutput(0), depth - 1));
    });
  }

  /// Zeros beside what hides keys, or beside ones: a mask that an exporter
  /// folded.
  static bool isMask(onnx::ConstantOp constant) {
    auto numbers = dyn_cast<DenseFPElementsAttr>(constant.getValue());
    auto type = cast<ShapedType>(constant.getType());
    if (!numbers || numbers.isSplat() || type.getRank() < 2 ||
        type.getDimSize(type.getRank() - 2) == 1)
      return false;
    bool hasOnes = false;
    for (const APFloat &number : numbers.getValues<APFloat>()) {
      double value = number.convertToDouble();
      hasOnes |= value == 1;
      if (value != 0 && value != 1 && !(value <= kMaskedScore))
        return false;
    }
    return !hasOnes || makeMasks(constant.getResult());
  }

  /// A floating-point initializer keeps its handle: its bytes are weights. A
  /// single number (an epsilon, a scale) is none, and neither is a mask.
  LogicalResult raiseConstant(onnx::ConstantOp constant) {
    std::optional<StringRef> initializer = constant.getInitializer();
    auto type = cast<ShapedType>(constant.getType());
    if (initializer && isa<FloatType>(type.getElementType()) &&
        type.getNumElements() != 1 && !isMask(constant)) {
      mapping.map(
          constant.getResult(),
          ml_program::GlobalLoadConstOp::create(
              builder, constant.getLoc(), type,
              FlatSymbolRefAttr::get(builder.getContext(), *initializer))
              .getResult());
      return success();
    }
    mapping.map(constant.getResult(),
                ConstantOp::create(builder, constant.getLoc(), type,
                                   constant.getValue())
                    .getResult());
    return success();
  }

  LogicalResult raiseReturn(onnx::ReturnOp ret) {
    SmallVector<Value> results;
    for (Value value : ret.getOperands())
      results.push_back(mapping.lookup(value));
    ReturnOp::create(builder, ret.getLoc(), results);
    return success();
  }

  LogicalResult raiseNode(onnx::NodeOp node) {
    ++nodes;
    if (node->getNumRegions() != 0) {
      raiseControlFlow(node);
      return success();
    }
    Refusal refusal = "no rule knows it";
    if (auto reason = refusals.find(node); reason != refusals.end()) {
      refusal = reason->second;
    } else if (auto rule = rules.find(node.getFullName());
               rule != rules.end()) {
      if (!isStatic(node))
        refusal = "has a shape that depends on data";
      else if (!isNumeric(node))
        refusal = "works on strings or complex numbers";
      else
        refusal = applyRule(rule->second, node);
    }
    if (refusal)
      raiseOpaque(node, *refusal);
    return success();
  }

  /// The rule has made everything that others use, with the inferred types.
  Refusal checkOutputs(onnx::NodeOp node) {
    for (Value output : node.getOutputs()) {
      if (output.use_empty())
        continue;
      Value raised = mapping.lookupOrNull(output);
      if (!raised)
        return "has outputs that its operator does not know";
      if (raised.getType() != output.getType())
        return "has an output of a type that its operator does not give";
    }
    return std::nullopt;
  }

  /// Takes back what a rule made of a node whose tensors do not fit together,
  /// and refuses with what the op's verifier says.
  Refusal applyRule(const Rule &rule, onnx::NodeOp node) {
    Block *block = builder.getInsertionBlock();
    Operation *last = block->empty() ? nullptr : &block->back();
    RaiseContext context(node, builder, mapping, roles);
    if (Refusal refusal = rule(context))
      return refusal;
    if (Refusal refusal = checkOutputs(node))
      return refusal;
    auto made = llvm::make_range(
        last ? std::next(Block::iterator(last)) : block->begin(), block->end());
    std::string fault;
    ScopedDiagnosticHandler handler(node.getContext(),
                                    [&](mlir::Diagnostic &diag) {
                                      if (fault.empty())
                                        fault = diag.str();
                                      return success();
                                    });
    if (llvm::all_of(made,
                     [](Operation &op) { return succeeded(verify(&op)); }))
      return std::nullopt;
    while (!block->empty() && &block->back() != last) {
      for (Value result : block->back().getResults())
        roles.erase(result);
      block->back().erase();
    }
    return fault;
  }

  /// What the report says of a node.
  ArrayAttr describe(onnx::NodeOp node, const std::string &reason) {
    std::string name = node.getFullName();
    if (std::optional<int64_t> opset = node.getOpset())
      name += " (opset " + std::to_string(*opset) + ")";
    return builder.getStrArrayAttr({name, reason, node.getNodeName()});
  }

  /// The raised operand of an opaque node. Sizes of images come from numbers
  /// that must be known, so these are no weights.
  Value operandOf(onnx::NodeOp node, Value input) {
    auto constant = input.getDefiningOp<onnx::ConstantOp>();
    if (!constant || !(node.isOp("", "Resize") || node.isOp("", "Upsample")))
      return mapping.lookupOrNull(input);
    return ConstantOp::create(builder, constant.getLoc(),
                              cast<ShapedType>(constant.getType()),
                              constant.getValue());
  }

  void raiseOpaque(onnx::NodeOp node, const std::string &reason) {
    SmallVector<Value> inputs;
    SmallVector<int64_t> absentInputs;
    for (auto [place, input] : llvm::enumerate(node.getInputs()))
      if (Value value = operandOf(node, input))
        inputs.push_back(value);
      else
        absentInputs.push_back(place);
    SmallVector<Value> outputs;
    SmallVector<int64_t> absentOutputs;
    for (auto [place, output] : llvm::enumerate(node.getOutputs()))
      if (!isa<NoneType>(output.getType()))
        outputs.push_back(output);
      else
        absentOutputs.push_back(place);
    auto places = [&](ArrayRef<int64_t> absent) {
      return absent.empty() ? DenseI64ArrayAttr()
                            : builder.getDenseI64ArrayAttr(absent);
    };
    auto opaque = OpaqueOp::create(
        builder, node.getLoc(), ValueRange(outputs).getTypes(),
        node.getFullName(), node.getNodeAttrsAttr(), places(absentInputs),
        places(absentOutputs), node.getOwnOpsetAttr(), inputs);
    opaque->setAttr(kReason, describe(node, reason));
    mapping.map(outputs, opaque.getOutputs());
  }

  /// A node with subgraphs stays as it is, in the body of an opaque op whose
  /// operands are all the values that it sees.
  void raiseControlFlow(onnx::NodeOp node) {
    llvm::SetVector<Value> seen;
    for (Value input : node.getInputs())
      if (mapping.contains(input))
        seen.insert(input);
    getUsedValuesDefinedAbove(node.getSubgraphs(), seen);
    seen.remove_if([](Value value) { return isa<NoneType>(value.getType()); });

    SmallVector<Value> inputs;
    for (Value value : seen)
      inputs.push_back(mapping.lookup(value));
    SmallVector<Value> outputs(node.getOutputs().begin(),
                               node.getOutputs().end());
    llvm::erase_if(outputs,
                   [](Value value) { return isa<NoneType>(value.getType()); });
    auto opaque = OpaqueOp::create(
        builder, node.getLoc(), ValueRange(outputs).getTypes(),
        node.getFullName(), DictionaryAttr(), DenseI64ArrayAttr(),
        DenseI64ArrayAttr(), IntegerAttr(), inputs);
    opaque->setAttr(kReason,
                    describe(node, "runs subgraphs, whose work depends on "
                                   "data: export a model without control "
                                   "flow"));
    copyInto(opaque, node, seen.getArrayRef(), outputs);
    mapping.map(outputs, opaque.getOutputs());
  }

  void copyInto(OpaqueOp opaque, onnx::NodeOp node, ArrayRef<Value> seen,
                ArrayRef<Value> outputs) {
    OpBuilder::InsertionGuard guard(builder);
    Block *block = builder.createBlock(&opaque.getBody());
    IRMapping inner;
    for (Value value : seen)
      inner.map(value, block->addArgument(mapping.lookup(value).getType(),
                                          value.getLoc()));
    mapNone(node, inner);
    builder.clone(*node, inner);
    SmallVector<Value> yielded;
    for (Value output : outputs)
      yielded.push_back(inner.lookup(output));
    YieldOp::create(builder, node.getLoc(), yielded);
  }

  /// Absent operands are absent in the copy too.
  void mapNone(onnx::NodeOp node, IRMapping &inner) {
    Value none;
    node->walk([&](Operation *op) {
      for (Value operand : op->getOperands()) {
        if (!isa<NoneType>(operand.getType()) || inner.contains(operand))
          continue;
        if (!none)
          none = onnx::NoneOp::create(builder, node.getLoc());
        inner.map(operand, none);
      }
    });
  }

  onnx::GraphOp source;
  const RuleTable &rules;
  MoeRefusals refusals;
  OpBuilder builder;
  IRMapping mapping;
  StepRoles roles;
  int64_t nodes = 0;
};

/// Ops whose results nobody uses, from the end of the block to its start.
void eraseDeadOps(GraphOp graph) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(graph.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Exporters write the same angles, masks and constants for each layer.
void mergeEqualOps(GraphOp graph) {
  IRRewriter rewriter(graph->getContext());
  DominanceInfo dominance(graph);
  eliminateCommonSubExpressions(rewriter, dominance, graph);
}

class RaiseToNN : public inlay::nn::impl::RaiseToNNBase<RaiseToNN> {
  LogicalResult initialize(MLIRContext *context) override {
    addElementwiseRules(rules);
    addShapeRules(rules);
    addLinearRules(rules);
    addEinsumRules(rules);
    addNormRules(rules);
    addAttentionRules(rules);
    addOnnxAttentionRules(rules);
    RewritePatternSet set(context);
    populateSimplifyPatterns(set);
    populateNormPatterns(set);
    populateActivationPatterns(set);
    populateRotaryPatterns(set);
    populateAttentionPatterns(set);
    populateFusePatterns(set);
    patterns = FrozenRewritePatternSet(std::move(set));
    return success();
  }

  void runOnOperation() override {
    auto graphs = llvm::to_vector(getOperation().getOps<onnx::GraphOp>());
    if (graphs.size() != 1) {
      getOperation().emitError()
          << "raising needs exactly one inlay_onnx.graph, found "
          << graphs.size();
      return signalPassFailure();
    }
    // Experts first: they span many nodes, which are then gone.
    FailureOr<MoeRefusals> refusals = raiseMoe(getOperation(), graphs.front());
    if (failed(refusals))
      return signalPassFailure();
    GraphRaiser raiser(graphs.front(), rules, std::move(*refusals));
    FailureOr<GraphOp> graph = raiser.run();
    if (failed(graph))
      return signalPassFailure();
    graphs.front().erase();
    if (failed(fuse(*graph, raiser.stepRoles())))
      return signalPassFailure();
    OpaqueReport report(*graph);
    report.emit(*graph);
    reportUnreadNumbers(*graph);
    remarkMasks(*graph, raiser.stepRoles());
    onnx::toNameLocs(getOperation());
    remark::passed(graph->getLoc(),
                   remark::RemarkOpts::name("RaiseToNN").category("raise"))
        << "raised a graph" << remark::metric("nodes", raiser.numNodes())
        << remark::metric("opaque", report.size());
  }

  /// Which inputs the runtime is taken to know: all ones, as far as a step
  /// goes.
  static void remarkMasks(GraphOp graph, const StepRoles &roles) {
    for (auto [argument, name] :
         llvm::zip(graph.getBody().getArguments(),
                   graph.getArgNames().getAsValueRange<StringAttr>()))
      if (auto role = roles.find(argument);
          role != roles.end() && role->second == StepRole::Valid) {
        emitRemark(graph.getLoc())
            << "input '" << name
            << "' counts as all ones: the runtime leaves padding out";
        remark::passed(
            graph.getLoc(),
            remark::RemarkOpts::name("ValidTokens").category("raise"))
            << "an input is taken for the mask of valid tokens"
            << remark::metric("input", name);
      }
  }

  /// What several ops spell out, in one; what nobody uses, away.
  LogicalResult fuse(GraphOp graph, StepRoles &roles) {
    eraseDeadOps(graph);
    mergeEqualOps(graph);
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true);
    // One block, whose equal and dead ops are cleared away by other means.
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    config.enableConstantCSE(false);
    config.setScope(&graph.getBody());
    do {
      if (failed(applyPatternsGreedily(graph, patterns, config)))
        return failure();
      eraseDeadOps(graph);
    } while (foldMasks(graph, roles));
    mergeEqualOps(graph);
    return success();
  }

  RuleTable rules;
  FrozenRewritePatternSet patterns;
};

} // namespace
