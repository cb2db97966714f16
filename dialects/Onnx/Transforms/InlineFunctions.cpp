//===- InlineFunctions.cpp - Puts the bodies of ONNX functions in place of their
// calls ===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Passes.h"
#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "inlay/Support/Format.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay::onnx;

namespace inlay::onnx {
#define GEN_PASS_DEF_INLINEFUNCTIONS
#include "dialects/Onnx/Transforms/Passes.h.inc"
} // namespace inlay::onnx

namespace {

/// Functions that call functions may double at every level: a file of a few
/// kilobytes could ask for more nodes than any machine holds. The largest known
/// models have half a million.
constexpr uint64_t kMaxNodes = 8'000'000;

class Inliner {
public:
  explicit Inliner(ModuleOp module) : module(module) {}

  LogicalResult run();
  int64_t getNumCalls() const { return numCalls; }

private:
  /// What a function is on the way to its place in the order.
  struct State {
    bool isOpen = false;
    bool isDone = false;
    SmallVector<FunctionOp> callees;
    size_t nextCallee = 0;
    /// Nodes of the body once its own calls are inlined.
    uint64_t numNodes = 0;
  };

  FunctionOp lookup(NodeOp node) const;
  State examine(Operation *owner) const;
  LogicalResult orderFrom(FunctionOp function);
  LogicalResult reportRecursion(ArrayRef<FunctionOp> open, FunctionOp callee);
  LogicalResult checkSize(GraphOp graph);
  LogicalResult inlineCallsIn(Operation *owner);
  LogicalResult checkCall(NodeOp call, FunctionOp callee) const;
  void inlineCall(NodeOp call, FunctionOp callee);
  void adapt(NodeOp node, NodeOp call, FunctionOp callee);
  void resolveAttributes(NodeOp node, NodeOp call, FunctionOp callee);

  ModuleOp module;
  llvm::StringMap<FunctionOp> functions;
  llvm::DenseMap<Operation *, State> states;
  /// Each function after those it calls.
  SmallVector<FunctionOp> order;
  int64_t numCalls = 0;
};

} // namespace

FunctionOp Inliner::lookup(NodeOp node) const {
  std::string name = node.getFullName();
  if (std::optional<StringRef> overload = node.getOverload();
      overload && !overload->empty())
    name += (":" + *overload).str();
  return functions.lookup(name);
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

Inliner::State Inliner::examine(Operation *owner) const {
  State state;
  owner->walk([&](NodeOp node) {
    ++state.numNodes;
    if (FunctionOp callee = lookup(node))
      state.callees.push_back(callee);
  });
  return state;
}

LogicalResult Inliner::reportRecursion(ArrayRef<FunctionOp> open,
                                       FunctionOp callee) {
  std::string path;
  for (FunctionOp function :
       open.drop_until([&](FunctionOp function) { return function == callee; }))
    path += ("'" + function.getSymName() + "' -> ").str();
  return callee.emitError()
         << "function calls itself: " << path << "'" << callee.getSymName()
         << "': export a model without recursion";
}

/// A depth-first walk without recursion: chains of calls may be long.
LogicalResult Inliner::orderFrom(FunctionOp root) {
  SmallVector<FunctionOp> open{root};
  states[root] = examine(root);
  states[root].isOpen = true;
  while (!open.empty()) {
    FunctionOp function = open.back();
    State &state = states[function];
    if (state.nextCallee == state.callees.size()) {
      for (FunctionOp callee : state.callees)
        state.numNodes =
            llvm::SaturatingAdd(state.numNodes, states[callee].numNodes);
      state.isDone = true;
      order.push_back(function);
      open.pop_back();
      continue;
    }
    FunctionOp callee = state.callees[state.nextCallee++];
    if (states[callee].isDone)
      continue;
    if (states[callee].isOpen)
      return reportRecursion(open, callee);
    states[callee] = examine(callee);
    states[callee].isOpen = true;
    open.push_back(callee);
  }
  return success();
}

LogicalResult Inliner::checkSize(GraphOp graph) {
  State state = examine(graph);
  uint64_t numNodes = state.numNodes;
  for (FunctionOp callee : state.callees)
    numNodes = llvm::SaturatingAdd(numNodes, states[callee].numNodes);
  if (numNodes <= kMaxNodes)
    return success();
  return graph.emitError() << "inlining the functions of this model would make "
                           << inlay::formatCount(
                                  std::min<uint64_t>(numNodes, INT64_MAX))
                           << " nodes, more than the "
                           << inlay::formatCount(kMaxNodes)
                           << " that are allowed: export a model whose "
                              "functions do not call each other so often";
}

//===----------------------------------------------------------------------===//
// Inlining
//===----------------------------------------------------------------------===//

LogicalResult Inliner::checkCall(NodeOp call, FunctionOp callee) const {
  size_t numArguments = callee.getArgumentTypes().size();
  size_t numResults = callee.getResultTypes().size();
  if (call.getInputs().size() > numArguments)
    return call.emitError()
           << "passes " << call.getInputs().size() << " inputs to function '"
           << callee.getSymName() << "', which takes " << numArguments
           << ": drop the others, or add them to the function";
  if (call.getOutputs().size() > numResults)
    return call.emitError()
           << "takes " << call.getOutputs().size() << " outputs from function '"
           << callee.getSymName() << "', which gives " << numResults
           << ": drop the others, or add them to the function";
  if (!call.getSubgraphs().empty())
    return call.emitError()
           << "passes a graph to function '" << callee.getSymName()
           << "', which Inlay does not support: export a model with that "
              "function inlined";
  return success();
}

LogicalResult Inliner::inlineCallsIn(Operation *owner) {
  SmallVector<std::pair<NodeOp, FunctionOp>> calls;
  owner->walk([&](NodeOp node) {
    if (FunctionOp callee = lookup(node))
      calls.emplace_back(node, callee);
  });
  bool failed = false;
  for (auto [call, callee] : calls)
    failed |= checkCall(call, callee).failed();
  if (failed)
    return failure();
  for (auto [call, callee] : calls)
    inlineCall(call, callee);
  return success();
}

void Inliner::inlineCall(NodeOp call, FunctionOp callee) {
  ++numCalls;
  OpBuilder builder(call);
  IRMapping mapping;
  Value none;
  for (auto [index, argument] :
       llvm::enumerate(callee.getBody().getArguments())) {
    Value input =
        index < call.getInputs().size() ? call.getInputs()[index] : Value();
    if (!input && !none)
      none = NoneOp::create(builder, call.getLoc());
    mapping.map(argument, input ? input : none);
  }
  SmallVector<NodeOp> nodes;
  for (Operation &op : callee.getBody().front().without_terminator())
    builder.clone(op, mapping)->walk([&](NodeOp node) {
      nodes.push_back(node);
    });

  for (auto [output, inner] :
       llvm::zip(call.getOutputs(), callee.getReturnOp().getOperands())) {
    Value value = mapping.lookupOrDefault(inner);
    // A function's values have no types, those of its caller may.
    if (isa<UnknownType>(value.getType()) && value.getDefiningOp<NodeOp>() &&
        !isa<NoneType>(output.getType()))
      value.setType(output.getType());
    output.replaceAllUsesWith(value);
  }
  for (NodeOp node : nodes)
    adapt(node, call, callee);
  call.erase();
}

/// The value of a Constant node, from its one attribute.
static ElementsAttr getConstantNodeValue(StringRef name, Attribute attribute) {
  MLIRContext *context = attribute.getContext();
  Builder builder(context);
  auto typed = [](ArrayRef<int64_t> shape, Type element) {
    return RankedTensorType::get(shape, element);
  };
  if (auto value = dyn_cast<ElementsAttr>(attribute); value && name == "value")
    return value;
  if (auto value = dyn_cast<IntegerAttr>(attribute);
      value && name == "value_int")
    return DenseElementsAttr::get(typed({}, value.getType()), value.getInt());
  if (auto value = dyn_cast<FloatAttr>(attribute);
      value && name == "value_float")
    return DenseElementsAttr::get(typed({}, value.getType()), value.getValue());
  if (auto value = dyn_cast<StringAttr>(attribute);
      value && name == "value_string")
    return DenseStringElementsAttr::get(typed({}, StringType::get(context)),
                                        value.getValue());
  if (auto value = dyn_cast<DenseI64ArrayAttr>(attribute);
      value && name == "value_ints")
    return DenseElementsAttr::get(typed({value.size()}, builder.getI64Type()),
                                  value.asArrayRef());
  if (auto value = dyn_cast<DenseF32ArrayAttr>(attribute);
      value && name == "value_floats")
    return DenseElementsAttr::get(typed({value.size()}, builder.getF32Type()),
                                  value.asArrayRef());
  return {};
}

/// Attributes that stand for the function's take the call's value, else the
/// function's default; without either the node does not have them.
void Inliner::resolveAttributes(NodeOp node, NodeOp call, FunctionOp callee) {
  DictionaryAttr attributes = node.getNodeAttrsAttr();
  if (!attributes)
    return;
  SmallVector<NamedAttribute> resolved;
  for (NamedAttribute attribute : attributes) {
    auto reference = dyn_cast<RefAttr>(attribute.getValue());
    if (!reference) {
      resolved.push_back(attribute);
      continue;
    }
    Attribute value = call.getNodeAttr(reference.getName());
    if (!value && callee.getAttrDefaultsAttr())
      value = callee.getAttrDefaultsAttr().get(reference.getName());
    if (value)
      resolved.emplace_back(attribute.getName(), value);
  }
  node.setNodeAttrsAttr(resolved.empty()
                            ? DictionaryAttr()
                            : DictionaryAttr::get(node.getContext(), resolved));
}

/// Makes a copied node one of its new surroundings.
void Inliner::adapt(NodeOp node, NodeOp call, FunctionOp callee) {
  std::optional<int64_t> opset = node.getOpset();
  if (!node.getOwnOpset())
    opset = lookupOpset(callee.getOpsets(), node.getDomain());
  node.removeOwnOpsetAttr();
  if (opset && node.getOpset() != opset)
    node.setOwnOpset(*opset);
  std::string name = (call.getNodeName() + "/" + node.getNodeName()).str();
  Location loc = dropNodeName(call.getLoc());
  node->setLoc(NameLoc::get(StringAttr::get(node.getContext(), name), loc));
  resolveAttributes(node, call, callee);

  DictionaryAttr attributes = node.getNodeAttrsAttr();
  if (!node.isOp("", "Constant") || !attributes || attributes.size() != 1 ||
      node.getNumResults() != 1)
    return;
  NamedAttribute only = *attributes.begin();
  ElementsAttr value = getConstantNodeValue(only.getName(), only.getValue());
  if (!value)
    return;
  OpBuilder builder(node);
  auto constant = ConstantOp::create(builder, node.getLoc(), value);
  node.getResult(0).replaceAllUsesWith(constant);
  node.erase();
}

LogicalResult Inliner::run() {
  if (module.getOps<FunctionOp>().empty())
    return success();
  // Operators that Inlay knows say more than their spelling.
  for (FunctionOp function : module.getOps<FunctionOp>())
    if (!getInferTable().contains(function.getSymName()))
      functions[function.getSymName()] = function;
  // All states exist before references to them are taken.
  for (FunctionOp function : module.getOps<FunctionOp>())
    states.try_emplace(function);
  for (FunctionOp function : module.getOps<FunctionOp>())
    if (!states[function].isDone && failed(orderFrom(function)))
      return failure();
  for (GraphOp graph : module.getOps<GraphOp>())
    if (failed(checkSize(graph)))
      return failure();
  for (FunctionOp function : order) {
    if (failed(inlineCallsIn(function)))
      return failure();
    function.updateFunctionType();
  }
  for (GraphOp graph : module.getOps<GraphOp>()) {
    if (failed(inlineCallsIn(graph)))
      return failure();
    graph.updateFunctionType();
  }
  for (FunctionOp function : order)
    function.erase();
  return success();
}

namespace {
class InlineFunctionsPass
    : public inlay::onnx::impl::InlineFunctionsBase<InlineFunctionsPass> {
public:
  void runOnOperation() override {
    Inliner inliner(getOperation());
    if (failed(inliner.run()))
      return signalPassFailure();
    remark::passed(getOperation().getLoc(),
                   remark::RemarkOpts::name("InlinedFunctions")
                       .category("inline-functions"))
        << remark::metric("calls", inliner.getNumCalls());
  }
};
} // namespace
