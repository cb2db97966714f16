//===- ExportGraph.cpp - Graphs, functions and nodes of ONNX models -------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names: inputs, outputs and initializers have those of the model; other values
// are named after their node. A name is unique in its graph and all subgraphs,
// because ONNX lets no inner name hide an outer one.
//
//===----------------------------------------------------------------------===//

#include "Exporter.h"

using namespace mlir;
using namespace inlay::onnx;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

StringRef Exporter::makeName(StringRef wanted) {
  std::string name = wanted.empty() ? "value" : wanted.str();
  for (unsigned i = 1; !usedNames.insert(name).second; ++i)
    name = (wanted + "#" + Twine(i)).str();
  return saver.save(name);
}

/// Absent operands are empty names.
StringRef Exporter::nameOf(Value value) {
  return isa<NoneType>(value.getType()) ? StringRef() : names.lookup(value);
}

file::ValueInfo Exporter::describe(Value value, StringRef name) {
  file::ValueInfo info;
  info.name = name;
  if (!exportType(value.getType(), saver, info.type))
    info.type = file::Type();
  return info;
}

/// Gives the values that a block returns the names of its outputs, as far as
/// nodes of the block make them and return them once.
void Exporter::nameOutputs(Block &block, ArrayRef<StringRef> outputs) {
  for (auto [value, name] :
       llvm::zip(block.getTerminator()->getOperands(), outputs))
    if (value.getParentBlock() == &block && value.getDefiningOp<NodeOp>())
      names.try_emplace(value, name);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult Exporter::exportNode(NodeOp op, file::Graph &graph) {
  auto scope = op->getParentOfType<FunctionOp>();
  std::optional<int64_t> opset = lookupOpset(
      scope ? scope.getOpsets()
            : module->getAttrOfType<DictionaryAttr>(OnnxDialect::kOpsetsAttr),
      op.getDomain());
  if (std::optional<int64_t> own = op.getOwnOpset(); own && own != opset)
    return op->emitError() << "operator " << op.getFullName() << " is of opset "
                           << *own << ", its graph of opset "
                           << opset.value_or(0)
                           << ": ONNX cannot say both in one graph; convert "
                              "the model to one opset";
  file::Node node;
  node.opType = op.getOpType();
  node.domain = op.getDomain();
  node.overload = op.getOverload().value_or("");
  StringRef label = op.getNodeName();
  if (label.empty())
    label = node.opType;
  std::string name = label.str();
  for (unsigned i = 1; !usedNodeNames.insert(name).second; ++i)
    name = (label + "#" + Twine(i)).str();
  node.name = saver.save(name);
  for (Value input : op.getInputs())
    node.inputs.push_back(nameOf(input));
  for (auto [index, output] : llvm::enumerate(op.getOutputs())) {
    if (!isa<NoneType>(output.getType()) && !names.contains(output)) {
      std::string wanted = node.name.str();
      if (op.getNumResults() > 1)
        wanted += ":" + std::to_string(index);
      names[output] = makeName(wanted);
      graph.values.push_back(describe(output, names[output]));
      if (graph.values.back().type.kind == file::Type::Kind::None)
        graph.values.pop_back();
    }
    node.outputs.push_back(nameOf(output));
  }
  if (failed(exportAttributes(op, node)) || failed(exportSubgraphs(op, node)))
    return failure();
  graph.nodes.push_back(std::move(node));
  return success();
}

/// Graphs of one attribute's name are one attribute.
LogicalResult Exporter::exportSubgraphs(NodeOp op, file::Node &node) {
  if (op.getSubgraphs().empty())
    return success();
  for (auto [attr, region] :
       llvm::zip(op.getGraphAttrsAttr(), op.getSubgraphs())) {
    StringRef name = cast<StringAttr>(attr).getValue();
    file::Attribute *attribute = &node.attributes.emplace_back();
    if (node.attributes.size() > 1 &&
        node.attributes[node.attributes.size() - 2].name == name) {
      node.attributes.pop_back();
      attribute = &node.attributes.back();
      attribute->kind = file::AttributeKind::Graphs;
    } else {
      attribute->name = name;
      attribute->kind = file::AttributeKind::Graph;
      attribute->lists = std::make_unique<file::AttributeLists>();
    }
    Block &block = region.front();
    file::Graph &graph = attribute->lists->graphs.emplace_back();
    graph.name = saver.save(node.name + "/" + name);
    for (BlockArgument argument : block.getArguments())
      names[argument] = makeName((node.name + "/" + name + ":in").str());
    SmallVector<StringRef> outputs;
    for (Value value : block.getTerminator()->getOperands()) {
      (void)value;
      outputs.push_back(makeName((node.name + "/" + name + ":out").str()));
    }
    exportInputs(block, graph);
    nameOutputs(block, outputs);
    if (failed(exportBody(block, graph)))
      return failure();
    exportOutputs(block, outputs, graph);
  }
  return success();
}

/// Constants of initializers are initializers; the others are nodes.
LogicalResult Exporter::exportConstant(ConstantOp op, file::Graph &graph) {
  if (names.contains(op.getResult()))
    return success();
  file::Node node;
  node.opType = "Constant";
  StringRef label = getNodeName(op.getLoc());
  names[op.getResult()] = makeName(label.empty() ? "constant" : label);
  node.outputs.push_back(names[op.getResult()]);
  file::Attribute &value = node.attributes.emplace_back();
  value.name = "value";
  value.kind = file::AttributeKind::Tensor;
  value.lists = std::make_unique<file::AttributeLists>();
  if (failed(
          exportValue(op, op.getValue(), value.lists->tensors.emplace_back())))
    return failure();
  graph.nodes.push_back(std::move(node));
  return success();
}

LogicalResult Exporter::exportBody(Block &block, file::Graph &graph) {
  for (Operation &op : block.without_terminator()) {
    if (auto node = dyn_cast<NodeOp>(op)) {
      if (failed(exportNode(node, graph)))
        return failure();
    } else if (auto constant = dyn_cast<ConstantOp>(op)) {
      if (failed(exportConstant(constant, graph)))
        return failure();
    } else if (!isa<NoneOp, ml_program::GlobalLoadConstOp>(op)) {
      return op.emitError()
             << "op '" << op.getName()
             << "' has no counterpart in ONNX: run the passes that remove it, "
                "or leave it out";
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

void Exporter::exportInputs(Block &block, file::Graph &graph) {
  for (BlockArgument argument : block.getArguments())
    graph.inputs.push_back(describe(argument, names[argument]));
}

/// A value that did not get the name of the output is copied: an input, an
/// initializer, a value of an outer graph, one that is returned twice.
void Exporter::exportOutputs(Block &block, ArrayRef<StringRef> outputs,
                             file::Graph &graph) {
  for (auto [value, name] :
       llvm::zip(block.getTerminator()->getOperands(), outputs)) {
    if (nameOf(value) != name) {
      file::Node node;
      node.opType = "Identity";
      node.inputs.push_back(nameOf(value));
      node.outputs.push_back(name);
      graph.nodes.push_back(std::move(node));
    }
    graph.outputs.push_back(describe(value, name));
  }
}

/// The globals that ops of the graph load, in the order of the module.
LogicalResult Exporter::exportInitializers(GraphOp op, file::Graph &graph) {
  DenseMap<StringRef, Operation *> users;
  op.walk([&](Operation *user) {
    if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(user)) {
      StringRef symbol = load.getGlobal().getLeafReference();
      users[symbol] = user;
      names[load.getResult()] = symbol;
    } else if (auto constant = dyn_cast<ConstantOp>(user);
               constant && constant.getInitializer()) {
      users.try_emplace(*constant.getInitializer(), user);
      names[constant.getResult()] = *constant.getInitializer();
    }
  });
  for (auto global : module.getOps<ml_program::GlobalOp>()) {
    Operation *user = users.lookup(global.getSymName());
    if (!user)
      continue;
    file::Tensor &tensor = graph.initializers.emplace_back();
    tensor.name = global.getSymName();
    auto constant = dyn_cast<ConstantOp>(user);
    Attribute value =
        constant ? constant.getValue() : global.getValue().value_or(nullptr);
    auto weight = dyn_cast_or_null<WeightAttr>(value);
    auto type = dyn_cast<RankedTensorType>(global.getType());
    if (!value || (weight && !type))
      return global.emitError()
             << "weight '" << global.getSymName()
             << "' has no value that ONNX could hold: give it an "
                "'#inlay_onnx.weight' of a tensor with a rank, or its numbers";
    if (failed(weight ? exportWeight(global, weight, type, /*mayRefer=*/true,
                                     tensor)
                      : exportValue(global, value, tensor)))
      return failure();
  }
  return success();
}

LogicalResult Exporter::exportMainGraph(GraphOp op, file::Model &model) {
  file::Graph &graph = model.graph;
  model.hasGraph = true;
  graph.name = op.getSymName();
  Block &block = op.getBody().front();
  SmallVector<StringRef> outputs;
  for (BlockArgument argument : block.getArguments()) {
    names[argument] = op.getArgName(argument.getArgNumber());
    usedNames.insert(names[argument]);
  }
  for (unsigned i = 0; i < op.getResultNames().size(); ++i) {
    outputs.push_back(op.getResultName(i));
    usedNames.insert(outputs.back());
  }
  for (auto global : module.getOps<ml_program::GlobalOp>())
    usedNames.insert(global.getSymName());
  exportInputs(block, graph);
  nameOutputs(block, outputs);
  if (failed(exportInitializers(op, graph)) || failed(exportBody(block, graph)))
    return failure();
  exportOutputs(block, outputs, graph);
  return success();
}

LogicalResult Exporter::exportFunction(FunctionOp op,
                                       file::Function &function) {
  usedNames.clear();
  usedNodeNames.clear();
  function.name = op.getName();
  function.domain = op.getDomain();
  function.overload = op.getOverload().value_or("");
  if (ArrayAttr attributes = op.getAttrNamesAttr())
    for (auto name : attributes.getAsValueRange<StringAttr>())
      function.attributes.push_back(name);
  if (DictionaryAttr defaults = op.getAttrDefaultsAttr())
    for (NamedAttribute attribute : defaults)
      if (failed(exportAttribute(op, attribute, /*mayRefer=*/false,
                                 function.defaults.emplace_back())))
        return failure();
  function.opsets = exportOpsets(op.getOpsets());

  Block &block = op.getBody().front();
  for (auto [argument, name] :
       llvm::zip(block.getArguments(), op.getArgNames()))
    names[argument] = makeName(cast<StringAttr>(name).getValue());
  SmallVector<StringRef> outputs;
  for (unsigned i = 0; i < block.getTerminator()->getNumOperands(); ++i)
    outputs.push_back(makeName("result"));
  exportInputs(block, function.body);
  nameOutputs(block, outputs);
  if (failed(exportBody(block, function.body)))
    return failure();
  exportOutputs(block, outputs, function.body);
  return success();
}
