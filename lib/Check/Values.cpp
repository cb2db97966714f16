//===- Values.cpp - Every value from where it is made to where it goes ----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan says of which node each op is, and which value each input of a kernel
// is. So each op has a part of the model's graph to itself: back from its node
// to the values that it takes. All of these must be met, every initializer in
// between must be among its weights, and every weight in between. What leads on
// to another kernel's weights is a value that the op lacks.
//
// Ops of one node are looked at together: what a node of the model makes
// inside itself, the graph does not say. An op with several outputs is of the
// node of one of them; the others are within its part of the graph, or made
// from what it takes.
//
//===----------------------------------------------------------------------===//

#include "ModelGraph.h"
#include "Origins.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// What ops of another node make: one of its outputs, or -1: any of them.
using Source = std::pair<int, int64_t>;

/// All ops of a node, and what they take from outside of it.
struct Part {
  std::vector<OpRef> ops;
  std::map<Source, OpRef> sources;
  std::map<Source, OpRef> others; ///< that they may take
  std::map<int, OpRef> inputs;    ///< values of the model that no node makes
  std::map<int, OpRef> weights;   ///< initializers
};

class ValueChecker {
public:
  ValueChecker(const Plan &plan, const Model &model, Report &report)
      : plan(plan), graph(model), origins(plan), report(report) {}

  void run();

private:
  std::string place(const OpRef &ref) const;
  void findHeld();
  void checkInputs();
  bool isForwarded(const std::string &kernel, const std::string &value) const;
  std::optional<ModelGraph::Output> outputOf(llvm::StringRef value) const;
  void findNodes();
  void addNamed(Part &part, int node, const OpRef &ref,
                const std::string &name);
  void addOperand(const OpRef &ref, int node, const Operand &operand);
  void checkHandedOn(const OpRef &ref, int node);
  const std::set<uint64_t> &valuesOf(const Source &source);
  void checkPart(int node, const Part &part);
  struct Walk {
    std::set<uint64_t> met, passed; ///< identities
    std::set<int> read;             ///< initializers
    std::optional<int> missed;      ///< a value that is another's
  };
  Walk walk(llvm::ArrayRef<int> from, const Part &part);
  void checkResults();
  void checkSlice(const OpRef &ref, const ModelGraph::Output &output);
  void checkConcat(const OpRef &ref, int node);

  const Plan &plan;
  ModelGraph graph;
  Origins origins;
  Report &report;
  std::map<int, std::set<std::string>> held; ///< initializer -> kernels
  std::map<OpRef, ModelGraph::Output> nodes; ///< of the ops that have one
  std::map<int, Part> parts;                 ///< by node
  std::map<Source, std::set<uint64_t>> made; ///< what it offers
};

} // namespace

std::string ValueChecker::place(const OpRef &ref) const {
  const Kernel &kernel = plan.kernels[ref.kernel];
  return fmt::format("{}, op {} '{}'", kernel.place(), ref.op,
                     kernel.ops[ref.op].name);
}

void ValueChecker::findHeld() {
  for (const Kernel &kernel : plan.kernels)
    for (const Weight &weight : kernel.weights)
      for (const Piece &piece : weight.pieces)
        if (auto value = graph.valueOf(piece.initializer))
          held[*value].insert(kernel.name);
}

//===----------------------------------------------------------------------===//
// What comes in
//===----------------------------------------------------------------------===//

/// What a plan calls so.
std::optional<ModelGraph::Output>
ValueChecker::outputOf(llvm::StringRef value) const {
  std::optional<ModelGraph::Output> output = graph.outputOf(value);
  if (output || !value.contains('#'))
    return output;
  output = graph.outputOf(value.take_front(value.rfind('#')));
  if (output)
    output->number = -1; // of an op that makes several
  return output;
}

/// Whether a kernel has a value without making it.
bool ValueChecker::isForwarded(const std::string &kernel,
                               const std::string &value) const {
  auto found = plan.kernelOf.find(kernel);
  if (found == plan.kernelOf.end())
    return false;
  const Kernel &from = plan.kernels[found->second];
  return llvm::is_contained(from.inputs, value) ||
         llvm::any_of(from.weights, [&](const Weight &weight) {
           return llvm::any_of(weight.pieces, [&](const Piece &piece) {
             return piece.initializer == value;
           });
         });
}

/// Each input of a kernel gets what the kernel says, from where that is made.
void ValueChecker::checkInputs() {
  std::map<std::string, size_t> count;
  for (const Stream &stream : plan.streams) {
    auto to = plan.kernelOf.find(stream.to);
    if (to == plan.kernelOf.end())
      continue;
    const Kernel &kernel = plan.kernels[to->second];
    size_t port = static_cast<size_t>(std::max<int64_t>(0, stream.toPort));
    size_t &most = count[stream.to];
    most = std::max(most, port + 1);
    if (port >= kernel.inputs.size())
      continue; // told below
    const std::string &wanted = kernel.inputs[port];
    auto from = plan.kernelOf.find(stream.from);
    std::string brought =
        from == plan.kernelOf.end()
            ? stream.name
            : origins.nameOfOutput(from->second, stream.fromPort);
    if (brought.empty() && isForwarded(stream.from, wanted))
      brought = wanted;
    if (brought != wanted)
      report.fail(stream.place(),
                  fmt::format("brings '{}' to input {}, which takes '{}'",
                              brought, port, wanted));
  }
  for (const Kernel &kernel : plan.kernels)
    if (kernel.inputs.size() != count[kernel.name])
      report.fail(kernel.place(),
                  fmt::format("names {} inputs, {} have streams",
                              kernel.inputs.size(), count[kernel.name]));
}

//===----------------------------------------------------------------------===//
// The ops of each node
//===----------------------------------------------------------------------===//

/// Of a value that no op makes: an input of the model, or what a kernel hands
/// on.
void ValueChecker::addNamed(Part &part, int node, const OpRef &ref,
                            const std::string &name) {
  std::optional<int> value = graph.valueOf(name);
  if (value && graph.producer(*value) < 0)
    part.inputs.try_emplace(*value, ref);
  else if (auto source = outputOf(name); source && source->node != node)
    part.sources.try_emplace({source->node, source->number}, ref);
  else if (!source)
    report.fail(place(ref), fmt::format("takes '{}', which is no value of the "
                                        "model",
                                        name));
}

void ValueChecker::addOperand(const OpRef &ref, int node,
                              const Operand &operand) {
  const Kernel &kernel = plan.kernels[ref.kernel];
  Part &part = parts[node];
  if (operand.role == "weights") {
    for (const Weight &weight : kernel.weights)
      if (weight.name == operand.buffer)
        for (const Piece &piece : weight.pieces)
          if (auto value = graph.valueOf(piece.initializer))
            part.weights.try_emplace(*value, ref);
    return;
  }
  for (const Origin &origin : origins.of(ref, operand)) {
    if (!origin.op) {
      addNamed(part, node, ref, origin.value);
      continue;
    }
    auto source = nodes.find(*origin.op);
    if (source == nodes.end() || source->second.node == node)
      continue;
    bool isOne = origin.isResult && origins.numResults(*origin.op) == 1;
    (origin.isResult ? part.sources : part.others)
        .try_emplace({source->second.node, isOne ? source->second.number : -1},
                     ref);
  }
}

/// The node of each op; an op that has none is not looked at.
void ValueChecker::findNodes() {
  for (size_t k = 0; k < plan.kernels.size(); ++k)
    for (size_t i = 0; i < plan.kernels[k].ops.size(); ++i) {
      const std::string &name = plan.kernels[k].ops[i].node;
      OpRef ref{k, i};
      std::optional<ModelGraph::Output> output = graph.outputOf(name);
      if (output && graph.output(*output) >= 0)
        nodes[ref] = *output;
      else if (name.empty())
        report.fail(place(ref), "does not say of which node it is");
      else
        report.fail(place(ref),
                    fmt::format("is of '{}', which is no node of the model "
                                "that its outputs need, or none of its outputs",
                                name));
    }
}

/// What ops of one node hand to each other may have no name: the buffer is the
/// scratch of each. An op that takes nothing else is of the node of the one
/// before it.
void ValueChecker::checkHandedOn(const OpRef &ref, int node) {
  std::string own = fmt::format("scratch of op {}", ref.op);
  bool isHanded = false;
  for (const Operand &operand : plan.kernels[ref.kernel].ops[ref.op].operands) {
    if (operand.role == "weights" || operand.role == "state" ||
        !origins.of(ref, operand).empty())
      return;
    isHanded |= operand.buffer == own;
  }
  if (!isHanded)
    return;
  auto before = nodes.find({ref.kernel, ref.op - 1});
  if (ref.op == 0 || before == nodes.end() || before->second.node != node)
    report.fail(place(ref), fmt::format("takes what the op before it makes, "
                                        "but is of another node, '{}'",
                                        graph.node(node).label()));
}

//===----------------------------------------------------------------------===//
// The graph between
//===----------------------------------------------------------------------===//

/// Identities of what others may take from the ops of a node. Of an op that
/// chooses, and of one with several outputs, this is all on the way to what it
/// takes.
const std::set<uint64_t> &ValueChecker::valuesOf(const Source &source) {
  auto [entry, isNew] = made.try_emplace(source);
  if (!isNew)
    return entry->second;
  auto [node, number] = source;
  std::set<uint64_t> values;
  if (number >= 0) {
    if (int output = graph.output({node, number}); output >= 0)
      values.insert(graph.identity(output));
    return made[source] = std::move(values);
  }
  for (int output : graph.outputs(node))
    values.insert(graph.identity(output));
  auto hasSeveral = [&](const OpRef &ref) {
    const Op &op = plan.kernels[ref.kernel].ops[ref.op];
    return op.kind == "top_k" ||
           llvm::count_if(op.operands, [](const Operand &operand) {
             return operand.role == "output";
           }) > 1;
  };
  auto part = parts.find(node);
  if (part != parts.end() && llvm::any_of(part->second.ops, hasSeveral)) {
    Walk way = walk(graph.inputs(node), part->second);
    values.insert(way.passed.begin(), way.passed.end());
    values.insert(way.met.begin(), way.met.end());
  }
  return made[source] = std::move(values);
}

/// Back along the graph, up to the values that `part` takes, or up to what it
/// lacks: an initializer that some kernel holds and that is none of its
/// weights, or a value that ops of another node make.
ValueChecker::Walk ValueChecker::walk(llvm::ArrayRef<int> from,
                                      const Part &part) {
  int own = part.ops.empty() ? -1 : nodes.at(part.ops.front()).node;
  Walk way;
  std::set<uint64_t> ends;
  for (const auto *sources : {&part.sources, &part.others})
    for (const auto &[source, ref] : *sources) {
      const std::set<uint64_t> &values = valuesOf(source);
      ends.insert(values.begin(), values.end());
    }
  for (const auto &[input, ref] : part.inputs)
    ends.insert(graph.identity(input));
  std::set<int> seen;
  std::vector<int> open(from.rbegin(), from.rend());
  while (!open.empty()) {
    int value = open.back();
    open.pop_back();
    if (!seen.insert(value).second)
      continue;
    if (ends.count(graph.identity(value))) {
      way.met.insert(graph.identity(value));
      continue;
    }
    if (graph.isInitializer(value)) {
      way.read.insert(value);
      if (!held.count(value) || part.weights.count(value))
        continue;
      way.missed = value;
      return way;
    }
    way.passed.insert(graph.identity(value));
    int maker = graph.producer(value);
    // What ops of another node make, this one would have to make anew.
    if (maker >= 0 && maker != own && parts.count(maker)) {
      way.missed = value;
      return way;
    }
    // Shapes are known before a plan is made.
    if (maker < 0 || graph.node(maker).type == "Shape" ||
        graph.node(maker).type == "Size")
      continue;
    llvm::ArrayRef<int> inputs = graph.inputs(maker);
    open.insert(open.end(), inputs.rbegin(), inputs.rend());
  }
  return way;
}

void ValueChecker::checkPart(int number, const Part &part) {
  const Node &node = graph.node(number);
  std::string what = fmt::format("node '{}' ({})", node.label(), node.type);
  Walk way = walk(graph.inputs(number), part);
  if (way.missed) {
    int value = *way.missed, maker = graph.producer(value);
    std::string missed =
        maker < 0
            ? fmt::format("initializer '{}' of kernel '{}'", graph.name(value),
                          fmt::join(held[value], "', '"))
            : fmt::format("what node '{}' makes", graph.node(maker).label());
    return report.fail(place(part.ops.back()),
                       fmt::format("lacks a value: from {} back to what it "
                                   "takes lies {}",
                                   what, missed));
  }
  auto isMet = [&](uint64_t identity) { return way.met.count(identity) > 0; };
  for (const auto &[source, ref] : part.sources)
    if (llvm::none_of(valuesOf(source), isMet))
      report.fail(place(ref),
                  fmt::format("takes what node '{}' makes, which {} does not "
                              "need",
                              graph.node(source.first).label(), what));
  for (const auto &[input, ref] : part.inputs)
    if (!isMet(graph.identity(input)))
      report.fail(place(ref), fmt::format("takes '{}', which {} does not need",
                                          graph.name(input), what));
  for (const auto &[weight, ref] : part.weights)
    if (!way.read.count(weight))
      report.fail(place(ref),
                  fmt::format("has a weight from initializer '{}', which {} "
                              "does not read",
                              graph.name(weight), what));
}

//===----------------------------------------------------------------------===//
// Parts of values
//===----------------------------------------------------------------------===//

/// Where output `number` of a Split begins along its axis, or a Slice; none
/// where that is no constant, or along several axes.
static std::optional<int64_t> beginningOf(const ModelGraph &graph,
                                          const ModelGraph::Output &output,
                                          int64_t length) {
  const Node &node = graph.node(output.node);
  if (node.type == "Split") {
    std::vector<int64_t> sizes = node.split;
    if (sizes.empty() && node.inputs.size() > 1)
      sizes = graph.integersOf(node.inputs[1]).value_or(sizes);
    if (sizes.empty())
      return node.inputs.size() > 1
                 ? std::nullopt
                 : std::optional(times(length, output.number));
    int64_t first = 0;
    for (int64_t i = 0; i < output.number; ++i)
      first =
          plus(first, i < static_cast<int64_t>(sizes.size()) ? sizes[i] : 0);
    return first;
  }
  std::optional<std::vector<int64_t>> starts;
  if (node.type == "Slice" && node.inputs.size() > 1)
    starts = graph.integersOf(node.inputs[1]);
  if (!starts || starts->size() != 1 || starts->front() < 0)
    return std::nullopt;
  return starts->front();
}

/// An op begins where its node does; along another dim than the last in rows of
/// what lies behind.
void ValueChecker::checkSlice(const OpRef &ref,
                              const ModelGraph::Output &output) {
  const Op &op = plan.kernels[ref.kernel].ops[ref.op];
  if (op.name != "slice" || op.operands.empty() ||
      op.operands.front().indexDims.empty())
    return;
  const Operand &operand = op.operands.front();
  int64_t first = 0;
  for (int64_t each : operand.indexFirsts)
    first = each != 0 ? each : first;
  bool isAlongLast = operand.indexFirsts.empty() || first == 0 ||
                     operand.indexFirsts.back() == first;
  int64_t d = operand.indexDims.back();
  int64_t length =
      d >= 0 && d < static_cast<int64_t>(op.dims.size()) ? op.dims[d].size : 1;
  std::optional<int64_t> wanted = beginningOf(graph, output, length);
  bool isThere = !wanted || first == *wanted ||
                 (!isAlongLast && *wanted != 0 && first % *wanted == 0);
  if (!isThere)
    report.fail(place(ref),
                fmt::format("takes what begins at {}, node '{}' ({}) what "
                            "begins at {}",
                            first, graph.node(output.node).label(),
                            graph.node(output.node).type, *wanted));
}

/// What comes one behind the other in the op does so in its node.
void ValueChecker::checkConcat(const OpRef &ref, int number) {
  const Op &op = plan.kernels[ref.kernel].ops[ref.op];
  const Node &node = graph.node(number);
  llvm::ArrayRef<int> inputs = graph.inputs(number);
  if (op.name != "concat" || node.type != "Concat" ||
      inputs.size() + 1 != op.operands.size())
    return;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Part part;
    for (const Origin &origin : origins.of(ref, op.operands[i]))
      if (origin.op)
        if (auto source = nodes.find(*origin.op); source != nodes.end())
          part.sources[{source->second.node, source->second.number}] = ref;
    if (part.sources.empty())
      continue;
    Walk way = walk(inputs[i], part);
    if (way.met.empty())
      report.fail(place(ref),
                  fmt::format("puts '{}' in place {}, where node '{}' has "
                              "another value",
                              op.operands[i].buffer, i, node.label()));
  }
}

/// What the host gets is what the model calls so.
void ValueChecker::checkResults() {
  for (const Stream &stream : plan.streams) {
    std::optional<int> result = graph.valueOf(stream.name);
    if (!stream.to.empty() || !result)
      continue;
    auto from = plan.kernelOf.find(stream.from);
    std::optional<ModelGraph::Output> made;
    if (from != plan.kernelOf.end())
      made = outputOf(origins.nameOfOutput(from->second, stream.fromPort));
    if (!made)
      continue; // told where the ops are
    Part part;
    part.sources[{made->node, made->number}] = {};
    int value = *result;
    Walk way = walk(value, part);
    if (way.missed || way.met.empty())
      report.fail(stream.place(),
                  fmt::format("brings what node '{}' makes, which is not '{}'",
                              graph.node(made->node).label(), stream.name));
  }
}

void ValueChecker::run() {
  report.begin("values");
  findHeld();
  checkInputs();
  findNodes();
  for (const auto &[ref, output] : nodes) {
    if (origins.moves(ref)) {
      // Counts as what it moves, but for where that begins.
      checkSlice(ref, output);
      checkConcat(ref, output.node);
      continue;
    }
    checkHandedOn(ref, output.node);
    parts[output.node].ops.push_back(ref);
    for (const Operand &operand : plan.kernels[ref.kernel].ops[ref.op].operands)
      addOperand(ref, output.node, operand);
  }
  for (const auto &[node, part] : parts)
    checkPart(node, part);
  checkResults();
}

void inlay::checker::checkValues(const Plan &plan, const Model &model,
                                 Report &report) {
  // Older plans do not say of which nodes their ops are.
  if (plan.minor >= 2)
    ValueChecker(plan, model, report).run();
}
