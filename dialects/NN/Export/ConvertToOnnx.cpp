//===- ConvertToOnnx.cpp - Writes typed operations as ONNX nodes ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "dialects/NN/Transforms/Passes.h"
#include "dialects/Onnx/Export/UpgradeOpset.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/TypeSwitch.h"

namespace inlay::nn {
#define GEN_PASS_DEF_CONVERTNNTOONNX
#include "dialects/NN/Transforms/Passes.h.inc"
} // namespace inlay::nn

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// The version of the default domain that is written unless opaque nodes say
/// otherwise, and the version of the format that goes with it.
static constexpr int64_t kOpset = 21;
static constexpr int64_t kIRVersion = 10;
/// The oldest opset in which the nodes of the decompositions mean the same.
static constexpr int64_t kMinOpset = 13;

namespace {

/// Writes one graph, op by op in the order of the block.
class GraphWriter {
public:
  /// Opaque nodes are of opset `given` where they have none of their own; what
  /// is written is of opset `opset`.
  GraphWriter(GraphOp source, int64_t given, int64_t opset)
      : source(source), given(given), opset(opset), builder(source) {}

  LogicalResult run() {
    auto graph = onnx::GraphOp::create(
        builder, source.getLoc(), source.getSymNameAttr(),
        source.getFunctionTypeAttr(), source.getArgNamesAttr(),
        source.getResultNamesAttr(), nullptr, nullptr, nullptr);
    Block *body = builder.createBlock(&graph.getBody());
    for (BlockArgument argument : source.getBody().getArguments())
      mapping.map(argument,
                  body->addArgument(argument.getType(), argument.getLoc()));
    for (Operation &op : source.getBody().front())
      if (failed(write(op)))
        return failure();
    for (auto [node, version] : givenNodes)
      if (failed(onnx::upgradeNode(node, version, opset)))
        return failure();
    // Weights of which only the bytes were read.
    for (Operation &op : llvm::make_early_inc_range(*body))
      if (isa<ml_program::GlobalLoadConstOp>(op) && op.use_empty())
        op.erase();
    return success();
  }

private:
  LogicalResult write(Operation &op) {
    if (auto ret = dyn_cast<ReturnOp>(op)) {
      SmallVector<Value> values;
      for (Value value : ret.getOperands())
        values.push_back(mapping.lookup(value));
      onnx::ReturnOp::create(builder, ret.getLoc(), values);
      return success();
    }
    if (auto constant = dyn_cast<ConstantOp>(op)) {
      auto copy =
          onnx::ConstantOp::create(builder, op.getLoc(), constant.getValue());
      mapping.map(constant.getResult(), copy.getResult());
      return success();
    }
    if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op))
      return writeWeight(load);
    if (auto opaque = dyn_cast<OpaqueOp>(op))
      return writeOpaque(opaque);
    NodeBuilder nodes(builder, op.getLoc(), opset);
    Operands operands(mapping);
    Results results =
        llvm::TypeSwitch<Operation *, Results>(&op)
            .Case<UnaryOp, BinaryOp, WhereOp, CastOp, ReduceOp, TopKOp,
                  ReshapeOp, TransposeOp, ConcatOp, SliceOp, BroadcastOp,
                  GatherOp, RangeOp, CacheWriteOp, DequantizeOp, LinearOp,
                  LmHeadOp, EmbeddingOp, MatMulOp, RmsNormOp, LayerNormOp,
                  SoftmaxOp, AttentionOp, RotaryOp, RouteOp, ExpertsOp>(
                [&](auto typed) { return decompose(typed, operands, nodes); })
            .Default([](Operation *) { return Results(); });
    if (results.empty())
      return op.emitError()
             << "op '" << op.getName()
             << "' cannot be written as ONNX nodes: it must be one of the NN "
                "level, before convert-to-dataflow";
    llvm::erase(results, Value());
    mapping.map(op.getResults(), results);
    return success();
  }

  LogicalResult writeWeight(ml_program::GlobalLoadConstOp load) {
    auto global =
        load->getParentOfType<ModuleOp>().lookupSymbol<ml_program::GlobalOp>(
            load.getGlobal());
    auto view =
        global ? dyn_cast_or_null<onnx::WeightViewAttr>(global.getValueAttr())
               : onnx::WeightViewAttr();
    if (!view) {
      builder.clone(*load, mapping);
      return success();
    }
    NodeBuilder nodes(builder, load.getLoc(), opset);
    Value value = writeView(load, view, nodes);
    if (!value)
      return load->emitError()
             << "the view that is weight '" << global.getSymName()
             << "' cannot be written as ONNX nodes: its strides must reach "
                "each "
                "element once";
    mapping.map(load.getResult(), value);
    return success();
  }

  LogicalResult writeOpaque(OpaqueOp opaque) {
    if (!opaque.getBody().empty())
      return writeBody(opaque);
    SmallVector<Value> inputs = llvm::map_to_vector(
        opaque.getInputs(), [&](Value input) { return mapping.lookup(input); });
    SmallVector<Type> types(opaque.getOutputs().getTypes());
    if (auto absent = opaque.getAbsentInputs())
      for (int64_t place : *absent)
        inputs.insert(inputs.begin() + place,
                      onnx::NoneOp::create(builder, opaque.getLoc()));
    if (auto absent = opaque.getAbsentOutputs())
      for (int64_t place : *absent)
        types.insert(types.begin() + place, builder.getNoneType());
    SmallVector<NamedAttribute> attributes;
    if (DictionaryAttr given = opaque.getNodeAttrsAttr())
      llvm::append_range(attributes, given);
    auto [domain, opType] = splitName(opaque.getFullName());
    auto node = onnx::NodeOp::create(builder, opaque.getLoc(), types, domain,
                                     opType, inputs, attributes);
    if (domain.empty())
      givenNodes.emplace_back(node, opaque.getOwnOpset().value_or(given));
    else
      node.setOwnOpsetAttr(opaque.getOwnOpsetAttr());
    SmallVector<Value> results(node.getOutputs().begin(),
                               node.getOutputs().end());
    llvm::erase_if(results,
                   [](Value value) { return isa<NoneType>(value.getType()); });
    mapping.map(opaque.getOutputs(), results);
    return success();
  }

  /// A node with subgraphs takes the place of the op that holds it.
  LogicalResult writeBody(OpaqueOp opaque) {
    Block &block = opaque.getBody().front();
    IRMapping inner;
    for (auto [argument, input] :
         llvm::zip(block.getArguments(), opaque.getInputs()))
      inner.map(argument, mapping.lookup(input));
    for (Operation &op : block.without_terminator())
      if (auto node = dyn_cast<onnx::NodeOp>(builder.clone(op, inner)))
        givenNodes.emplace_back(node, given);
    for (auto [output, value] :
         llvm::zip(opaque.getOutputs(), block.getTerminator()->getOperands()))
      mapping.map(output, inner.lookupOrDefault(value));
    return success();
  }

  static std::pair<StringRef, StringRef> splitName(StringRef name) {
    if (!name.contains("::"))
      return {"", name};
    return name.rsplit("::");
  }

  GraphOp source;
  int64_t given, opset;
  OpBuilder builder;
  IRMapping mapping;
  /// Nodes that are the model's own, and their opsets.
  SmallVector<std::pair<onnx::NodeOp, int64_t>> givenNodes;
};

/// The versions of the default domain that a graph has before it is written,
/// and in which it is written.
struct Opsets {
  int64_t given;
  int64_t written;
};

class ConvertNNToOnnx
    : public inlay::nn::impl::ConvertNNToOnnxBase<ConvertNNToOnnx> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (GraphOp graph : llvm::to_vector(module.getOps<GraphOp>())) {
      Opsets opsets = chooseOpset(graph);
      if (failed(GraphWriter(graph, opsets.given, opsets.written).run()))
        return signalPassFailure();
      graph.erase();
    }
  }

  /// The newest opset of an opaque node of the default domain; none without
  /// such nodes.
  static std::optional<int64_t> newestOpaque(GraphOp graph, int64_t given) {
    std::optional<int64_t> newest;
    auto take = [&](int64_t opset) {
      newest = std::max(newest.value_or(opset), opset);
    };
    for (auto opaque : graph.getOps<OpaqueOp>()) {
      if (!opaque.getFullName().contains("::"))
        take(opaque.getOwnOpset().value_or(given));
      opaque->walk([&](onnx::NodeOp node) {
        if (node.getDomain().empty())
          take(node.getOwnOpset().value_or(given));
      });
    }
    return newest;
  }

  /// The opset of the nodes that will be written; the module gets it. Opaque
  /// nodes hold it down: to give them a later form is not always possible.
  Opsets chooseOpset(GraphOp graph) {
    ModuleOp module = getOperation();
    auto opsets =
        module->getAttrOfType<DictionaryAttr>(onnx::OnnxDialect::kOpsetsAttr);
    int64_t given =
        opsets ? onnx::lookupOpset(opsets, "").value_or(kOpset) : kOpset;
    std::optional<int64_t> opaque = newestOpaque(graph, given);
    bool hasTyped = llvm::any_of(graph.getBody().front(), [](Operation &op) {
      return !isa<OpaqueOp, ConstantOp, ReturnOp,
                  ml_program::GlobalLoadConstOp>(op);
    });
    int64_t opset = opaque ? *opaque : std::max(given, kOpset);
    if (hasTyped)
      opset = std::max(opset, kMinOpset);
    Builder builder(module.getContext());
    NamedAttrList versions(opsets);
    versions.set(onnx::OnnxDialect::kDefaultDomain,
                 builder.getI64IntegerAttr(opset));
    module->setAttr(onnx::OnnxDialect::kOpsetsAttr,
                    versions.getDictionary(module.getContext()));
    auto version =
        module->getAttrOfType<IntegerAttr>(onnx::OnnxDialect::kIRVersionAttr);
    if (!version || version.getInt() < kIRVersion)
      module->setAttr(onnx::OnnxDialect::kIRVersionAttr,
                      builder.getI64IntegerAttr(kIRVersion));
    return {given, opset};
  }
};

} // namespace
