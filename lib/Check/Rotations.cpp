//===- Rotations.cpp - What rotations rotate, and by which tables ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rotation reads what it rotates and two tables of one shape, cosines first.
// Indices tell tables from what is rotated. That a node of the model needs both
// tables does not say which is which; the model does: by the nodes that make
// them, Cos and Sin, by the place that a node has for each, or by what they are
// multiplied with, x or the halves of x exchanged.
//
//===----------------------------------------------------------------------===//

#include "ModelGraph.h"
#include "Origins.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace inlay::checker;

static bool isRotation(const Op &op) {
  return op.name == "rotary" && op.kind == "elementwise" &&
         !op.operands.empty();
}

static std::string placeOf(const Kernel &kernel, size_t op) {
  return fmt::format("{}, op {} '{}'", kernel.place(), op, kernel.ops[op].name);
}

//===----------------------------------------------------------------------===//
// By indices
//===----------------------------------------------------------------------===//

namespace {

/// What an operand can be by its indices: what is rotated, rows of cosines or
/// sines, which go by the position, or one vector of channels.
enum class Part { Rotated, Table, Vector };

/// Operands from `first` on that are tables.
struct Tables {
  size_t first = 0, count = 0;
};

} // namespace

static Part partOf(const Op &op, const Operand &operand) {
  if (operand.indexDims.size() < 2)
    return Part::Vector;
  int64_t d = operand.indexDims.front();
  bool isOfOp = d >= 0 && d < static_cast<int64_t>(op.dims.size());
  bool isTable = isOfOp ? op.dims[d].dim == "position" : d == -1;
  return isTable ? Part::Table : Part::Rotated;
}

/// A rotation has what it rotates, cosines, sines and the result. One of what
/// its kernel has in place begins with cosines and sines, has the vectors of a
/// norm behind them, or norms alone.
static Tables placesOfTables(const Op &op) {
  size_t last = op.operands.size() - 1;
  auto is = [&](size_t operand, Part part) {
    return partOf(op, op.operands[operand]) == part;
  };
  if (last == 3 && (is(0, Part::Rotated) || !is(2, Part::Vector)))
    return {1, 2};
  bool rotates = last >= 2 && (!is(0, Part::Vector) || !is(1, Part::Vector));
  return {0, rotates ? size_t(2) : 0};
}

static void checkOperands(const Op &op, const std::string &place,
                          Report &report) {
  auto [first, tables] = placesOfTables(op);
  for (size_t i = 0; i < op.operands.size(); ++i) {
    Part part = partOf(op, op.operands[i]);
    bool isRotated = i < first || i + 1 == op.operands.size();
    bool isTable = !isRotated && i < first + tables;
    // Tables of one row are vectors.
    bool isRight =
        isRotated ? part == Part::Rotated
        : isTable ? part == Part::Table || (first > 0 && part == Part::Vector)
                  : part == Part::Vector;
    if (!isRight)
      report.fail(place, fmt::format("has operand {} '{}' where a rotation has "
                                     "{}, by its indices it is none",
                                     i, op.operands[i].buffer,
                                     isRotated ? "what it rotates"
                                     : isTable ? "a table"
                                               : "a vector of its norm"));
  }
}

void inlay::checker::checkRotationParts(const Plan &plan, Report &report) {
  // Older plans have other operands.
  if (plan.minor < 3)
    return;
  report.begin("ops");
  for (const Kernel &kernel : plan.kernels)
    for (size_t i = 0; i < kernel.ops.size(); ++i)
      if (isRotation(kernel.ops[i]))
        checkOperands(kernel.ops[i], placeOf(kernel, i), report);
}

//===----------------------------------------------------------------------===//
// By the model
//===----------------------------------------------------------------------===//

namespace {

enum Sides : unsigned { kUnknown = 0, kCosines = 1, kSines = 2 };

class RotationChecker {
public:
  RotationChecker(const Plan &plan, const Model &model, Report &report)
      : plan(plan), graph(model), origins(plan), report(report) {
    // Inputs that are left out count too.
    for (size_t n = 0; n < model.nodes.size(); ++n)
      for (auto [i, name] : llvm::enumerate(model.nodes[n].inputs))
        if (auto value = graph.valueOf(name))
          readers[*value].emplace_back(static_cast<int>(n), i);
  }

  void run();

private:
  using SideOf = llvm::function_ref<unsigned(int value)>;
  void check(const OpRef &ref, const Op &op);
  unsigned sidesOf(const OpRef &ref, const Operand &operand, SideOf sideOf);
  unsigned sideOf(int value);
  unsigned madeAs(int value, int steps) const;
  unsigned readAs(int value, int steps) const;
  unsigned factorAs(int product, int value) const;
  bool isExchanged(int value) const;

  const Plan &plan;
  ModelGraph graph;
  Origins origins;
  Report &report;
  std::map<int, std::vector<std::pair<int, size_t>>> readers;
  std::map<int, unsigned> known;
};

} // namespace

/// Between a table and where it is read lie no more nodes.
static constexpr int kMostSteps = 16;

/// Nodes whose results are elements of their first input, or a multiple.
static bool handsOn(const Node &node, size_t input) {
  return llvm::StringSwitch<bool>(node.type)
      .Cases({"Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze"},
             input == 0)
      .Cases({"Transpose", "Slice", "Gather", "Expand", "Split"}, input == 0)
      .Case("Concat", true)
      .Default(false);
}

/// A node has Cos or Sin behind it; tables are scaled there too.
unsigned RotationChecker::madeAs(int value, int steps) const {
  int maker = graph.producer(value);
  if (maker < 0 || steps == 0)
    return kUnknown;
  const Node &node = graph.node(maker);
  if (node.type == "Cos" || node.type == "Sin")
    return node.type == "Cos" ? kCosines : kSines;
  unsigned sides = kUnknown;
  for (auto [i, input] : llvm::enumerate(graph.inputs(maker)))
    if (input >= 0 && (node.type == "Mul" || handsOn(node, i)))
      sides |= madeAs(input, steps - 1);
  return sides;
}

/// x with its halves exchanged, one of them negated.
bool RotationChecker::isExchanged(int value) const {
  int maker = graph.producer(value);
  while (maker >= 0 && graph.node(maker).type == "Cast" &&
         !graph.inputs(maker).empty())
    maker = graph.producer(graph.inputs(maker).front());
  return maker >= 0 && graph.node(maker).type == "Concat" &&
         llvm::any_of(graph.inputs(maker), [&](int part) {
           int from = part >= 0 ? graph.producer(part) : -1;
           return from >= 0 && graph.node(from).type == "Neg";
         });
}

/// Of a sum of two products, x by cosines and x exchanged by sines.
unsigned RotationChecker::factorAs(int product, int value) const {
  auto otherOf = [&](int node, int known) {
    for (int input : graph.inputs(node))
      if (input != known)
        return input;
    return -1;
  };
  int other = otherOf(product, value);
  if (other >= 0 && isExchanged(other))
    return kSines;
  for (int output : graph.outputs(product)) {
    auto found = readers.find(output);
    if (found == readers.end())
      continue;
    for (auto [reader, input] : found->second) {
      if (graph.node(reader).type != "Add")
        continue;
      int summand = otherOf(reader, output);
      int maker = summand >= 0 ? graph.producer(summand) : -1;
      if (maker >= 0 && graph.node(maker).type == "Mul" &&
          llvm::any_of(graph.inputs(maker), [&](int factor) {
            return factor >= 0 && isExchanged(factor);
          }))
        return kCosines;
    }
  }
  return kUnknown;
}

/// Where those that read it have a place for each.
unsigned RotationChecker::readAs(int value, int steps) const {
  auto found = readers.find(value);
  if (found == readers.end() || steps == 0)
    return kUnknown;
  unsigned sides = kUnknown;
  for (auto [reader, input] : found->second) {
    const Node &node = graph.node(reader);
    size_t cosines = 0;
    if (node.type == "RotaryEmbedding")
      cosines = node.domain.empty() ? 1 : 2;
    else if (node.type == "GroupQueryAttention")
      cosines = 7;
    if (cosines > 0)
      sides |= input == cosines       ? kCosines
               : input == cosines + 1 ? kSines
                                      : kUnknown;
    else if (node.type == "Mul")
      sides |= factorAs(reader, value);
    else if (handsOn(node, input))
      for (int output : graph.outputs(reader))
        if (output >= 0)
          sides |= readAs(output, steps - 1);
  }
  return sides;
}

unsigned RotationChecker::sideOf(int value) {
  auto [entry, isNew] = known.try_emplace(value);
  if (isNew) {
    unsigned sides = madeAs(value, kMostSteps);
    entry->second = sides != kUnknown ? sides : readAs(value, kMostSteps);
  }
  return entry->second;
}

unsigned RotationChecker::sidesOf(const OpRef &ref, const Operand &operand,
                                  SideOf sideOf) {
  unsigned sides = kUnknown;
  const Kernel &kernel = plan.kernels[ref.kernel];
  auto add = [&](std::optional<int> value) {
    if (value && *value >= 0)
      sides |= sideOf(*value);
  };
  if (operand.role == "weights") {
    for (const Weight &weight : kernel.weights)
      if (weight.name == operand.buffer)
        for (const Piece &piece : weight.pieces)
          add(graph.valueOf(piece.initializer));
    return sides;
  }
  for (const Origin &origin : origins.of(ref, operand)) {
    if (!origin.op) {
      if (auto value = graph.valueOf(origin.value))
        add(value);
      else if (auto output = graph.outputOf(origin.value))
        add(graph.output(*output));
      continue;
    }
    const std::string &name =
        plan.kernels[origin.op->kernel].ops[origin.op->op].node;
    if (auto output = graph.outputOf(name))
      add(graph.output(*output));
  }
  return sides;
}

/// Cosines stand before sines, and what is rotated is no table: none that Cos
/// or Sin makes. What it is multiplied with does not say what it is.
void RotationChecker::check(const OpRef &ref, const Op &op) {
  auto [first, tables] = placesOfTables(op);
  if (tables == 0)
    return;
  std::string place = placeOf(plan.kernels[ref.kernel], ref.op);
  auto sideOfTable = [&](int value) { return sideOf(value); };
  const Operand &cosines = op.operands[first];
  const Operand &sines = op.operands[first + 1];
  if (sidesOf(ref, cosines, sideOfTable) == kSines ||
      sidesOf(ref, sines, sideOfTable) == kCosines)
    report.fail(place, fmt::format("takes '{}' for cosines and '{}' for sines, "
                                   "the model has them the other way round",
                                   cosines.buffer, sines.buffer));
  auto sideMade = [&](int value) { return madeAs(value, kMostSteps); };
  if (first > 0 && sidesOf(ref, op.operands[0], sideMade) != kUnknown)
    report.fail(place, fmt::format("rotates '{}', which the model makes as a "
                                   "table of cosines or sines",
                                   op.operands[0].buffer));
}

void RotationChecker::run() {
  report.begin("values");
  for (size_t k = 0; k < plan.kernels.size(); ++k)
    for (size_t i = 0; i < plan.kernels[k].ops.size(); ++i)
      if (const Op &op = plan.kernels[k].ops[i]; isRotation(op))
        check({k, i}, op);
}

void inlay::checker::checkRotations(const Plan &plan, const Model &model,
                                    Report &report) {
  // Older plans do not say of which nodes their ops are.
  if (plan.minor >= 2)
    RotationChecker(plan, model, report).run();
}
