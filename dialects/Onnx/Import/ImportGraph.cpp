//===- ImportGraph.cpp - Graphs, functions and nodes of ONNX models -------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace inlay::onnx;

/// What the nodes of the graph are called, for their locations.
void Importer::nameNodes(Scope &scope) {
  ArrayRef<file::Node> nodes = scope.graph.nodes;
  size_t numBytes = 0;
  for (const file::Node &node : nodes)
    numBytes += node.label().size();
  auto names = std::make_unique<NodeNames>(nodeLoc, nodes.size(), numBytes);
  for (const file::Node &node : nodes)
    names->add(node.label());
  scope.nodeNames =
      context->getLoadedDialect<OnnxDialect>()->keepNames(std::move(names));
}

/// `word` lives as long as the model.
StringAttr Importer::getWord(StringRef word) {
  StringAttr &known = words[word];
  if (!known)
    known = builder.getStringAttr(word);
  return known;
}

Location Importer::getLoc(StringAttr name) {
  return NameLoc::get(name, fileLoc);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// A symbol that no other op of the module has. Graphs inside graphs may have
/// initializers of the same name.
StringAttr Importer::makeSymbol(StringAttr name) {
  StringAttr symbol = name.empty() ? builder.getStringAttr("unnamed") : name;
  for (unsigned i = 1; !symbols.insert(symbol).second; ++i)
    symbol = builder.getStringAttr(name.getValue() + "#" + Twine(i));
  return symbol;
}

ml_program::GlobalOp Importer::createGlobal(const file::Tensor &tensor,
                                            StringAttr name, WeightAttr weight,
                                            Location loc) {
  OpBuilder::InsertionGuard guard(builder);
  if (mainGraph)
    builder.setInsertionPoint(mainGraph);
  else
    builder.setInsertionPointToEnd(module.getBody());
  return ml_program::GlobalOp::create(
      builder, loc, makeSymbol(name), TypeAttr::get(importTensorType(tensor)),
      /*is_mutable=*/nullptr, weight, getWord("private"));
}

/// The context keeps names in one table and handles in another, both larger
/// than a processor's caches: to fill the one and then the other takes a
/// quarter less than to go to and fro.
void Importer::importInitializers(const file::Graph &graph) {
  auto names =
      llvm::map_to_vector(graph.initializers, [&](const file::Tensor &tensor) {
        return builder.getStringAttr(tensor.name);
      });
  auto weights =
      llvm::map_to_vector(graph.initializers, [&](const file::Tensor &tensor) {
        return importWeight(tensor);
      });
  symbols.reserve(symbols.size() + names.size());
  for (auto [tensor, name, weight] :
       llvm::zip(graph.initializers, names, weights))
    // The symbol is the name, so that no location need be.
    values[tensor.value] = {
        Value(), &tensor, createGlobal(tensor, name, weight, fileLoc), {}};
  for (const file::Tensor &tensor : graph.initializers) {
    Known &known = values[tensor.value];
    known.symbol = FlatSymbolRefAttr::get(known.global.getSymNameAttr());
  }
}

/// At the head of the graph that has the initializer: a constant where its
/// value is known, else a load.
Value Importer::loadInitializer(const Known &initializer, Scope &scope) {
  OpBuilder::InsertionGuard guard(builder);
  if (scope.lastOfHeader)
    builder.setInsertionPointAfter(scope.lastOfHeader);
  else
    builder.setInsertionPointToStart(scope.block);
  ml_program::GlobalOp global = initializer.global;
  StringAttr symbol = global.getSymNameAttr();
  Operation *op;
  if (DenseElementsAttr value = importInitializer(initializer))
    op = ConstantOp::create(builder, getLoc(symbol), cast<ElementsAttr>(value),
                            symbol);
  else
    op = ml_program::GlobalLoadConstOp::create(
        builder, fileLoc, global.getType(), initializer.symbol);
  scope.lastOfHeader = op;
  return op->getResult(0);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// An initializer is loaded in the graph that it belongs to.
Value Importer::lookup(uint32_t number, Scope &scope) {
  Known &known = values[number];
  if (known.value || !known.tensor)
    return known.value;
  Scope *owner = &scope;
  while (number - owner->graph.firstValue >= owner->graph.numValues)
    owner = owner->parent;
  return known.value = loadInitializer(known, *owner);
}

Value Importer::getNone(Scope &scope) {
  Scope *outermost = &scope;
  while (outermost->parent)
    outermost = outermost->parent;
  if (outermost->none)
    return outermost->none;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(outermost->block);
  auto none = NoneOp::create(builder, fileLoc);
  if (!outermost->lastOfHeader)
    outermost->lastOfHeader = none;
  return outermost->none = none;
}

/// The declared types of the values that nodes of this graph produce. What an
/// output declares counts more than what a value_info says.
void Importer::collectTypes(Scope &scope) {
  const file::Graph &graph = scope.graph;
  scope.types.reserve(graph.values.size() + graph.outputs.size());
  for (const file::ValueInfo &value : graph.values)
    scope.types.try_emplace(value.name, &value.type);
  for (const file::ValueInfo &output : graph.outputs)
    if (output.type.kind != file::Type::Kind::None)
      scope.types[output.name] = &output.type;
}

Type Importer::getValueType(StringRef name, const Scope &scope) {
  if (name.empty())
    return builder.getNoneType();
  auto type = scope.types.find(name);
  if (type == scope.types.end())
    return UnknownType::get(context);
  return importType(*type->second);
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// Constants are ops of their own, unless they take their value from an
/// attribute of the enclosing function.
bool Importer::importConstantNode(const file::Node &node, Location loc) {
  if (node.opType != "Constant" || !node.domain.empty() ||
      node.attributes.size() != 1 || node.outputs.size() != 1 ||
      !node.attributes.front().refName.empty())
    return false;
  const file::Attribute &attribute = node.attributes.front();
  StringRef output = node.outputs.front();
  if (output.empty())
    return false;
  Value &result = values[node.firstResult].value;
  if (DenseElementsAttr value = importConstant(attribute)) {
    result = ConstantOp::create(builder, loc, cast<ElementsAttr>(value));
    return true;
  }
  if (attribute.kind != file::AttributeKind::Tensor)
    return false;
  const file::Tensor &tensor = attribute.lists->tensors.front();
  ml_program::GlobalOp global = createGlobal(
      tensor, builder.getStringAttr(output), importWeight(tensor), loc);
  result = ml_program::GlobalLoadConstOp::create(
      builder, loc, global.getType(),
      FlatSymbolRefAttr::get(global.getSymNameAttr()));
  return true;
}

void Importer::importNode(const file::Node &node, Location loc, Scope &scope) {
  if (importConstantNode(node, loc))
    return;
  SmallVector<Value> inputs;
  uint32_t read = node.firstRead;
  for (StringRef input : node.inputs)
    inputs.push_back(input.empty() ? getNone(scope)
                                   : lookup(scope.graph.reads[read++], scope));
  SmallVector<Type> types;
  for (StringRef output : node.outputs)
    types.push_back(getValueType(output, scope));

  SmallVector<NamedAttribute> attributes;
  SmallVector<StringRef> graphNames;
  SmallVector<const file::Graph *> graphs;
  for (const file::Attribute &attribute : node.attributes) {
    bool isGraph = attribute.refName.empty() &&
                   (attribute.kind == file::AttributeKind::Graph ||
                    attribute.kind == file::AttributeKind::Graphs);
    if (!isGraph)
      attributes.push_back(
          NamedAttribute(getWord(attribute.name), importAttribute(attribute)));
    for (const file::Graph &graph : attribute.graphs()) {
      if (!isGraph)
        break;
      graphNames.push_back(attribute.name);
      graphs.push_back(&graph);
    }
  }
  auto op =
      NodeOp::create(builder, loc, types, getWord(node.domain),
                     getWord(node.opType), inputs, attributes, graphNames);
  if (!node.overload.empty())
    op.setOverload(node.overload);
  for (auto [graph, region] : llvm::zip(graphs, op.getSubgraphs()))
    importSubgraph(*graph, region, scope);
  uint32_t number = node.firstResult;
  for (auto [output, result] : llvm::zip(node.outputs, op.getOutputs()))
    if (!output.empty())
      values[number++].value = result;
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// An input that is also an initializer has a default, and nobody overrides
/// defaults here: it is no argument.
void Importer::importArguments(Scope &scope,
                               SmallVectorImpl<Attribute> &names) {
  uint32_t number = scope.graph.firstValue;
  for (const file::ValueInfo &input : scope.graph.inputs) {
    Known &known = values[number++];
    if (known.tensor)
      continue;
    StringAttr name = builder.getStringAttr(input.name);
    names.push_back(name);
    known.value =
        scope.block->addArgument(importType(input.type), getLoc(name));
  }
}

/// Exporters fold `ones_like` and `expand` for a prompt of a fixed length: what
/// is scattered or scattered into, and a column beside scores, are such.
void Importer::findFillings(const file::Graph &graph) {
  for (const file::Node &node : graph.nodes) {
    bool isScatter = node.opType.starts_with("Scatter");
    if (!node.domain.empty() || (!isScatter && node.opType != "Concat"))
      continue;
    uint32_t at = node.firstRead;
    for (auto [index, name] : llvm::enumerate(node.inputs)) {
      if (name.empty())
        continue;
      Known &known = values[graph.reads[at++]];
      if (!known.tensor || (isScatter && index == 1))
        continue;
      ArrayRef<int64_t> dims = known.tensor->dims;
      bool isColumn = dims.size() >= 3 && dims.back() == 1;
      known.isFilling |= isScatter || isColumn;
    }
  }
}

void Importer::importBody(Scope &scope) {
  nameNodes(scope);
  findFillings(scope.graph);
  findMasks(scope.graph);
  builder.setInsertionPointToEnd(scope.block);
  for (uint32_t index : scope.graph.order)
    importNode(scope.graph.nodes[index],
               NodeLoc::get(context, scope.nodeNames, index), scope);
}

SmallVector<Value> Importer::importOutputs(Scope &scope) {
  SmallVector<Value> outputs;
  for (uint32_t number : scope.graph.results)
    outputs.push_back(lookup(number, scope));
  return outputs;
}

void Importer::importSubgraph(const file::Graph &graph, Region &region,
                              Scope &parent) {
  OpBuilder::InsertionGuard guard(builder);
  Scope scope(graph);
  scope.parent = &parent;
  scope.isFunction = parent.isFunction;
  scope.block = &region.emplaceBlock();
  importInitializers(graph);
  collectTypes(scope);
  SmallVector<Attribute> names;
  importArguments(scope, names);
  importBody(scope);
  SmallVector<Value> outputs = importOutputs(scope);
  builder.setInsertionPointToEnd(scope.block);
  YieldOp::create(builder, getLoc(builder.getStringAttr(graph.name)), outputs);
}

static ArrayAttr getOutputNames(OpBuilder &builder, const file::Graph &graph) {
  return builder.getStrArrayAttr(
      llvm::map_to_vector(graph.outputs, [](const file::ValueInfo &output) {
        return output.name;
      }));
}

void Importer::importMainGraph() {
  const file::Graph &graph = model.graph;
  Scope scope(graph);
  importInitializers(graph);
  collectTypes(scope);

  StringAttr name = builder.getStringAttr(graph.name);
  StringAttr symbol =
      makeSymbol(name.empty() ? builder.getStringAttr("main_graph") : name);
  Location loc = getLoc(name);
  builder.setInsertionPointToEnd(module.getBody());
  auto op = GraphOp::create(
      builder, loc, symbol, TypeAttr::get(builder.getFunctionType({}, {})),
      builder.getArrayAttr({}), getOutputNames(builder, graph), nullptr,
      nullptr, nullptr);
  mainGraph = op;
  scope.block = &op.getBody().emplaceBlock();
  SmallVector<Attribute> names;
  importArguments(scope, names);
  op.setArgNamesAttr(builder.getArrayAttr(names));
  importBody(scope);
  SmallVector<Value> outputs = importOutputs(scope);
  builder.setInsertionPointToEnd(scope.block);
  ReturnOp::create(builder, loc, outputs);
  op.updateFunctionType();
}

void Importer::importFunction(const file::Function &function) {
  const file::Graph &body = function.body;
  std::string name = getFullName(function.domain, function.name);
  StringAttr overload;
  if (!function.overload.empty()) {
    name += (":" + function.overload).str();
    overload = builder.getStringAttr(function.overload);
  }
  NamedAttrList defaults;
  for (const file::Attribute &attribute : function.defaults)
    defaults.set(attribute.name, importAttribute(attribute));

  StringAttr symbol = builder.getStringAttr(name);
  Location loc = getLoc(symbol);
  builder.setInsertionPointToEnd(module.getBody());
  auto op = FunctionOp::create(
      builder, loc, symbol, TypeAttr::get(builder.getFunctionType({}, {})),
      builder.getStringAttr(function.domain),
      builder.getStringAttr(function.name), overload, builder.getArrayAttr({}),
      function.attributes.empty()
          ? ArrayAttr()
          : builder.getStrArrayAttr(function.attributes),
      defaults.empty() ? DictionaryAttr() : defaults.getDictionary(context),
      importOpsets(function.opsets), nullptr, nullptr, nullptr);
  Scope scope(body);
  scope.isFunction = true;
  scope.block = &op.getBody().emplaceBlock();
  collectTypes(scope);
  SmallVector<Attribute> names;
  importArguments(scope, names);
  op.setArgNamesAttr(builder.getArrayAttr(names));
  importBody(scope);
  SmallVector<Value> outputs = importOutputs(scope);
  builder.setInsertionPointToEnd(scope.block);
  ReturnOp::create(builder, loc, outputs);
  op.updateFunctionType();
}
