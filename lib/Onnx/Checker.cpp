//===- Checker.cpp - What a sound ONNX model must be ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checker.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace inlay;
using namespace inlay::onnx::file;
using llvm::StringRef;
using llvm::Twine;

static std::string getFullName(StringRef domain, StringRef opType) {
  return domain.empty() ? opType.str() : (domain + "::" + opType).str();
}

static StringRef printedDomain(StringRef domain) {
  return domain.empty() ? "ai.onnx" : domain;
}

std::string inlay::onnx::file::describe(const Node &node) {
  return ("node '" + node.label() + "' (" +
          getFullName(node.domain, node.opType) + ")")
      .str();
}

StringRef Node::label() const {
  if (!name.empty() && !isNamesake)
    return name;
  for (StringRef output : outputs)
    if (!output.empty())
      return output;
  return name.empty() ? opType : name;
}

llvm::ArrayRef<Graph> Attribute::graphs() const {
  if (!lists)
    return {};
  return lists->graphs;
}

/// "input 'x' in 'body' of node 'loop' (Loop)", put together when it is needed.
static auto named(const char *kind, StringRef name, StringRef place) {
  return [=] { return (Twine(kind) + " '" + name + "'" + place).str(); };
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

void Checker::check(Model &model) {
  checkVersions(model);
  if (!model.hasGraph)
    return findings.inputError("", "the model has no graph",
                               "export the model again");
  if (model.hasTrainingInfo)
    findings.warning("", "training information is ignored");
  checkFunctions(model);
  Scope scope;
  scope.opsets = model.opsets;
  checkGraph(model.graph, scope, /*isFunction=*/false);
  model.numValues = numValues;
  reportUnknownNames();
}

/// The oldest and the newest opset of the default domain whose operators are
/// known.
static constexpr int64_t kMinOpset = 7, kMaxOpset = 28;
/// The newest opset that was held against a runtime.
static constexpr int64_t kMaxProvenOpset = 25;

void Checker::checkVersions(const Model &model) {
  if (model.irVersion < kMinIRVersion || model.irVersion > kMaxIRVersion)
    findings.inputError("",
                        "IR version " + Twine(model.irVersion) +
                            " is not supported; versions " +
                            Twine(kMinIRVersion) + " to " +
                            Twine(kMaxIRVersion) + " are",
                        "export the model again with a current version of "
                        "ONNX");
  checkOpsets([] { return std::string(); }, model.opsets);
  for (const Opset &opset : model.opsets) {
    if (opset.domain.empty() && opset.version >= 1 && opset.version < kMinOpset)
      findings.warning("", "opset " + Twine(opset.version) + " is older than " +
                               Twine(kMinOpset) +
                               ", the oldest that is known: operators that "
                               "changed until then are taken for what they "
                               "became; convert the model to a newer opset");
    if (opset.domain.empty() && opset.version > kMaxProvenOpset &&
        opset.version <= kMaxOpset)
      findings.warning("", "opset " + Twine(opset.version) + " is newer than " +
                               Twine(kMaxProvenOpset) +
                               ", the newest that is held against a runtime: "
                               "what changed since is taken from its "
                               "specification alone");
    if (opset.domain.empty() && opset.version > kMaxOpset)
      findings.warning("", "opset " + Twine(opset.version) + " is newer than " +
                               Twine(kMaxOpset) +
                               ", the newest that is known: operators that "
                               "changed since are taken for what they were");
  }
}

void Checker::checkOpsets(Subject subject, llvm::ArrayRef<Opset> opsets) {
  llvm::StringMap<int64_t> versions;
  for (const Opset &opset : opsets) {
    if (opset.domain.empty() && opset.version < 1)
      findings.inputError(subject(),
                          "imports opset " + Twine(opset.version) +
                              ", versions count from 1",
                          "export the model again");
    auto [entry, isNew] = versions.try_emplace(opset.domain, opset.version);
    if (!isNew && entry->second != opset.version)
      findings.inputError(
          subject(),
          "imports two opsets of domain '" + printedDomain(opset.domain) +
              "': " + Twine(entry->second) + " and " + Twine(opset.version),
          "keep the one that the operators were written for");
  }
}

void Checker::checkFunctions(Model &model) {
  llvm::StringSet<> names;
  for (Function &function : model.functions) {
    std::string name = getFullName(function.domain, function.name);
    if (!function.overload.empty())
      name += (":" + function.overload).str();
    auto subject = [&] { return "function '" + name + "'"; };
    if (function.name.empty())
      findings.inputError(subject(), "has no name",
                          "give it the op_type of the nodes that call it");
    if (!names.insert(name).second)
      findings.inputError(subject(), "is defined twice",
                          "drop one of them, or give it an overload");
    checkOpsets(subject, function.opsets);
    for (const Attribute &attribute : function.defaults)
      checkAttribute(subject, attribute, /*isFunction=*/true);
    Scope scope;
    scope.opsets = function.opsets;
    scope.place = " in " + subject();
    checkGraph(function.body, scope, /*isFunction=*/true);
  }
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

void Checker::checkGraph(Graph &graph, Scope &scope, bool isFunction) {
  for (StringRef name : graph.sparseInitializers)
    findings.inputError("initializer '" + name + "'" + scope.place,
                        "is sparse, which Inlay does not support",
                        "export it as a dense tensor");
  for (const Tensor &tensor : graph.initializers)
    tensors.check(named("initializer", tensor.name, scope.place), tensor);
  checkTypes(graph, scope);
  findNamesakes(graph);
  defineValues(graph, scope);
  for (auto [index, node] : llvm::enumerate(graph.nodes)) {
    if (findings.full())
      return;
    checkNode(node, scope, isFunction);
    connectNode(node, index, scope, graph, isFunction);
  }
  checkOutputs(graph, scope);
  sortNodes(graph, scope);
}

/// Numbers the values of the graph: its inputs, its initializers, what its
/// nodes produce.
void Checker::defineValues(Graph &graph, Scope &scope) {
  size_t size = graph.inputs.size() + graph.initializers.size();
  for (const Node &node : graph.nodes)
    size += node.outputs.size();
  scope.names.reserve(size);
  scope.producers.reserve(size);
  scope.firstValue = graph.firstValue = numValues;

  for (const ValueInfo &input : graph.inputs)
    defineNamed(scope, input.name, named("input", input.name, scope.place));
  // Before IR version 4 every initializer was an input as well.
  llvm::StringSet<> inputs;
  for (const ValueInfo &input : graph.inputs)
    inputs.insert(input.name);
  for (auto [index, tensor] : llvm::enumerate(graph.initializers)) {
    if (index + NameTable::kAhead < graph.initializers.size())
      scope.names.prefetch(graph.initializers[index + NameTable::kAhead].name);
    tensor.value = numValues;
    if (inputs.erase(tensor.name))
      tensor.value = scope.firstValue + *scope.names.find(tensor.name);
    else
      defineNamed(scope, tensor.name,
                  named("initializer", tensor.name, scope.place));
  }
  scope.names.startResults();
  for (auto [index, node] : llvm::enumerate(graph.nodes)) {
    if (index + NameTable::kAhead < graph.nodes.size())
      for (StringRef output : graph.nodes[index + NameTable::kAhead].outputs)
        scope.names.prefetch(output);
    node.firstResult = numValues;
    for (StringRef output : node.outputs)
      if (!output.empty() && !define(scope, output, index))
        findings.inputError(describe(node) + scope.place,
                            "produces value '" + output +
                                "', which is produced before",
                            "give each value one producer");
  }
  graph.numValues = numValues - graph.firstValue;
}

/// False where the name is taken.
bool Checker::define(Scope &scope, StringRef name, int32_t producer) {
  if (!scope.names.add(name))
    return false;
  scope.producers.push_back(producer);
  ++numValues;
  return true;
}

void Checker::defineNamed(Scope &scope, StringRef name, Subject subject) {
  if (name.empty())
    return findings.inputError(subject(), "has no name",
                               "give it the name that nodes read it by");
  if (!define(scope, name, /*producer=*/-1))
    findings.inputError(subject(), "is defined twice",
                        "drop one of them, or give it a name of its own");
}

void Checker::checkTypes(const Graph &graph, const Scope &scope) {
  for (const ValueInfo &input : graph.inputs)
    checkType(named("input", input.name, scope.place), input.type);
  for (const ValueInfo &output : graph.outputs)
    checkType(named("output", output.name, scope.place), output.type);
  for (const ValueInfo &value : graph.values)
    checkType(named("value", value.name, scope.place), value.type);
}

void Checker::checkType(Subject subject, const Type &type) {
  bool hasCode = type.kind == Type::Kind::Tensor ||
                 type.kind == Type::Kind::SparseTensor ||
                 type.kind == Type::Kind::Map;
  if (type.kind == Type::Kind::SparseTensor)
    findings.inputError(subject(),
                        "is a sparse tensor, which Inlay does not support",
                        "export it as a dense tensor");
  if (hasCode && type.dataType != 0 && !isKnownDataType(type.dataType))
    findings.inputError(subject(),
                        "has the unknown element type " + Twine(type.dataType),
                        "known are 1 (FLOAT) to 26 (INT2)");
  for (const Dim &dim : type.dims)
    if (dim.size < -1)
      findings.inputError(subject(), "has the negative dim " + Twine(dim.size),
                          "declare its size, or a symbol for it");
  if (type.inner)
    checkType(subject, *type.inner);
}

void Checker::checkOutputs(Graph &graph, Scope &scope) {
  llvm::StringSet<> names;
  for (const ValueInfo &output : graph.outputs) {
    auto subject = named("output", output.name, scope.place);
    graph.results.push_back(use(output.name, UINT32_MAX, scope, subject));
    // What a subgraph gives is known by its position only.
    if (!scope.parent && !names.insert(output.name).second)
      findings.inputError(subject(), "is listed twice",
                          "give the second the name of an Identity of it");
  }
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// Whether two nodes are of one operator, with attributes of the same names and
/// kinds.
static bool isLike(const Node &node, const Node &other) {
  return node.opType == other.opType && node.domain == other.domain &&
         llvm::equal(node.attributes, other.attributes,
                     [](const Attribute &a, const Attribute &b) {
                       return a.name == b.name && a.kind == b.kind;
                     });
}

void Checker::checkNode(const Node &node, const Scope &scope, bool isFunction) {
  auto subject = [&] { return describe(node) + scope.place; };
  if (node.opType.empty() || node.opType.contains("::"))
    findings.inputError(subject(),
                        "has no valid operator name: '" + node.opType + "'",
                        "write the operator as op_type, what stands before a "
                        "'::' as domain");
  bool hasOpset = llvm::any_of(scope.opsets, [&](const Opset &opset) {
    return opset.domain == node.domain;
  });
  if (!hasOpset)
    findings.inputError(subject(),
                        "no opset is imported for domain '" +
                            printedDomain(node.domain) + "'",
                        "add the domain to the model's opset_import");
  for (const Attribute &attribute : node.attributes)
    checkAttribute(subject, attribute, isFunction);
  bool isKnown =
      node.attributes.empty() || (lastSound && isLike(node, *lastSound));
  if (!isKnown && checkSignature(subject, node))
    lastSound = &node;
}

/// The names and kinds of a node's attributes. False where something was said.
bool Checker::checkSignature(Subject subject, const Node &node) {
  bool isSound = checkNames(node);
  for (auto [index, attribute] : llvm::enumerate(node.attributes)) {
    isSound &= checkKind(subject, node, attribute);
    for (const Attribute &other :
         llvm::ArrayRef(node.attributes).take_front(index)) {
      if (other.name != attribute.name)
        continue;
      isSound = false;
      findings.inputError(subject(),
                          "has two attributes '" + attribute.name + "'",
                          "keep one of them");
    }
  }
  return isSound;
}

/// Whether `names`, with blanks between, has `name`.
static bool containsWord(StringRef names, StringRef name) {
  while (!names.empty()) {
    auto [word, rest] = names.split(' ');
    if (word == name)
      return true;
    names = rest;
  }
  return false;
}

/// False where the operator has not all of them.
bool Checker::checkNames(const Node &node) {
  if (!node.domain.empty() && node.domain != "com.microsoft")
    return true;
  std::string op = getFullName(node.domain, node.opType);
  std::optional<StringRef> names = getAttributeNames(op);
  if (!names)
    return true;
  bool isSound = true;
  for (const Attribute &attribute : node.attributes) {
    if (attribute.name.empty() || containsWord(*names, attribute.name))
      continue;
    isSound = false;
    auto known = llvm::find_if(unknownNames, [&](const UnknownName &other) {
      return other.op == op && other.attribute == attribute.name;
    });
    if (known != unknownNames.end())
      ++known->count;
    else if (unknownNames.size() < kMaxFindings)
      unknownNames.push_back({op, attribute.name, node.label().str(), 1});
  }
  return isSound;
}

/// A slip of a pen makes an operator compute something else than was meant.
void Checker::reportUnknownNames() {
  for (const UnknownName &unknown : unknownNames) {
    StringRef names = *getAttributeNames(unknown.op);
    std::string others =
        unknown.count == 1
            ? ""
            : (", and " + Twine(unknown.count - 1) + " more").str();
    findings.warning(
        "node '" + unknown.first + "' (" + unknown.op + ")" + others,
        "attribute '" + unknown.attribute +
            "' is passed over: the operator has " +
            (names.empty()
                 ? "no attributes"
                 : "only " + llvm::join(llvm::split(names, ' '), ", ")));
  }
}

/// An attribute of another type than its operator's would be passed over, as if
/// it were not there.
bool Checker::checkKind(Subject subject, const Node &node,
                        const Attribute &attribute) {
  std::optional<AttributeKind> expected =
      getAttributeKind(node.domain, attribute.name);
  if (!expected || attribute.kind == *expected ||
      attribute.kind == AttributeKind::Undefined)
    return true;
  findings.inputError(subject(),
                      "attribute '" + attribute.name + "' is " +
                          formatKind(attribute.kind) + ", expected " +
                          formatKind(*expected),
                      "write the attribute with that type");
  return false;
}

void Checker::checkAttribute(Subject subject, const Attribute &attribute,
                             bool isFunction) {
  auto name = [&] { return ("attribute '" + attribute.name + "'").str(); };
  if (attribute.name.empty())
    return findings.inputError(subject(), "has an attribute without a name",
                               "name it, or leave it out");
  auto kind = static_cast<int32_t>(attribute.kind);
  if (kind < 1 || kind > 14)
    return findings.inputError(subject(),
                               name() + " has no valid type: " + Twine(kind),
                               "known are 1 (FLOAT) to 14 (TYPE_PROTOS)");
  if (!attribute.refName.empty()) {
    if (!isFunction)
      findings.inputError(subject(),
                          name() + " refers to attribute '" +
                              attribute.refName +
                              "' of a function, but is in none",
                          "give it a value of its own");
    return;
  }
  bool needsOne = attribute.kind == AttributeKind::Tensor ||
                  attribute.kind == AttributeKind::Graph ||
                  attribute.kind == AttributeKind::TypeProto;
  const AttributeLists *lists = attribute.lists.get();
  size_t numValues =
      !lists                                    ? 0
      : attribute.kind == AttributeKind::Tensor ? lists->tensors.size()
      : attribute.kind == AttributeKind::Graph  ? lists->graphs.size()
                                                : lists->types.size();
  if (needsOne && numValues != 1)
    return findings.inputError(subject(), name() + " has no value",
                               "give it one, or leave the attribute out");
  if (attribute.kind == AttributeKind::SparseTensor ||
      attribute.kind == AttributeKind::SparseTensors)
    return findings.inputError(
        subject(), name() + " is a sparse tensor, which Inlay does not support",
        "write it as a dense tensor");
  if (!lists)
    return;
  auto inner = [&] { return subject() + ", " + name(); };
  for (const Tensor &tensor : lists->tensors)
    tensors.check(inner, tensor);
  for (const Type &type : lists->types)
    checkType(inner, type);
}

/// Finds the producers of what the node and its subgraphs read.
void Checker::connectNode(Node &node, uint32_t index, Scope &scope,
                          Graph &graph, bool isFunction) {
  node.firstRead = graph.reads.size();
  scope.nextResult = node.firstResult - scope.firstValue;
  for (StringRef input : node.inputs)
    if (!input.empty())
      graph.reads.push_back(use(input, index, scope,
                                [&] { return describe(node) + scope.place; }));
  for (Attribute &attribute : node.attributes) {
    if (!attribute.lists)
      continue;
    for (Graph &subgraph : attribute.lists->graphs) {
      Scope inner;
      inner.parent = &scope;
      inner.opsets = scope.opsets;
      inner.place = (" in '" + attribute.name + "' of " + describe(node)).str();
      checkGraph(subgraph, inner, isFunction);
      for (StringRef capture : inner.captures)
        use(capture, index, scope, [&] { return inner.place; });
    }
  }
}

/// Notes that the node `consumer` reads a value, of this graph or of one around
/// it; its number in the model, or 0 after an error.
uint32_t Checker::use(StringRef name, uint32_t consumer, Scope &scope,
                      Subject subject) {
  if (std::optional<uint32_t> number =
          scope.names.find(name, scope.nextResult)) {
    if (scope.producers[*number] >= 0 && consumer != UINT32_MAX)
      scope.edges.emplace_back(scope.producers[*number], consumer);
    return scope.firstValue + *number;
  }
  for (Scope *outer = scope.parent; outer; outer = outer->parent)
    if (std::optional<uint32_t> number = outer->names.find(name)) {
      scope.captures.push_back(name);
      return outer->firstValue + *number;
    }
  if (consumer == UINT32_MAX)
    findings.inputError(subject(), "is produced by no node",
                        "add what produces it, or drop the output");
  else
    findings.inputError(subject(),
                        "reads value '" + name + "', which nothing produces",
                        "add a node, an input or an initializer of that name");
  return 0;
}
