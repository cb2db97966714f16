//===- ModelChoices.cpp - How many experts the model chooses --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// That a router makes as many choices for each token as its experts take in
// does not say how many these are; the model does: TopK by its second input,
// nodes that hold router and experts by attribute `k`.
//
//===----------------------------------------------------------------------===//

#include "ModelGraph.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <numeric>

using namespace inlay::checker;

namespace {

class ChoiceChecker {
public:
  ChoiceChecker(const Plan &plan, const Model &model, Report &report)
      : plan(plan), graph(model), report(report) {
    for (const Kernel &kernel : plan.kernels)
      for (const Op &op : kernel.ops)
        if (auto output = graph.outputOf(op.node))
          named.insert(output->node);
  }

  void run();

private:
  std::optional<int64_t> numberIn(int value) const;
  std::optional<int64_t> choicesOf(int node) const;
  std::vector<int64_t> choicesBehind(int node) const;
  void check(const Kernel &kernel, const Op &op, int64_t stated, int node);

  const Plan &plan;
  ModelGraph graph;
  Report &report;
  std::set<int> named; ///< nodes that ops of the plan have
};

} // namespace

static bool isMoe(const Node &node) {
  return node.type == "MoE" || node.type == "QMoE";
}

/// A single integer that the file has.
std::optional<int64_t> ChoiceChecker::numberIn(int value) const {
  constexpr int kMostSteps = 16;
  for (int step = 0; value >= 0 && step < kMostSteps; ++step) {
    if (auto integers = graph.integersOf(graph.name(value)))
      return integers->size() == 1 ? std::optional(integers->front())
                                   : std::nullopt;
    int maker = graph.producer(value);
    if (maker < 0)
      return std::nullopt;
    const Node &node = graph.node(maker);
    if (node.type == "Constant")
      return node.number;
    bool isSame =
        llvm::StringSwitch<bool>(node.type)
            .Cases({"Reshape", "Unsqueeze", "Squeeze", "Cast", "Identity"},
                   true)
            .Default(false);
    if (!isSame || graph.inputs(maker).empty())
      return std::nullopt;
    value = graph.inputs(maker).front();
  }
  return std::nullopt;
}

/// None of nodes that choose nothing, or do not say how much.
std::optional<int64_t> ChoiceChecker::choicesOf(int node) const {
  const Node &own = graph.node(node);
  if (isMoe(own))
    return own.number.value_or(1);
  if (own.type == "ArgMax")
    return 1;
  if (own.type != "TopK")
    return std::nullopt;
  llvm::ArrayRef<int> inputs = graph.inputs(node);
  return inputs.size() > 1 ? numberIn(inputs[1]) : own.number;
}

static bool chooses(const Node &node) {
  return isMoe(node) || node.type == "TopK" || node.type == "ArgMax";
}

/// Of the last nodes that choose in the part of the graph that an op has, up to
/// what other ops make; none where one of them does not say it.
std::vector<int64_t> ChoiceChecker::choicesBehind(int node) const {
  std::vector<int64_t> choices;
  std::set<int> seen = {node};
  std::vector<int> open = {node};
  while (!open.empty()) {
    int next = open.back();
    open.pop_back();
    if (chooses(graph.node(next))) {
      std::optional<int64_t> own = choicesOf(next);
      if (!own)
        return {};
      choices.push_back(*own);
      continue;
    }
    if (next != node && named.count(next))
      continue;
    for (int input : graph.inputs(next))
      if (int maker = input >= 0 ? graph.producer(input) : -1;
          maker >= 0 && seen.insert(maker).second)
        open.push_back(maker);
  }
  return choices;
}

/// Where several nodes choose, each may make all choices, or a part of them.
void ChoiceChecker::check(const Kernel &kernel, const Op &op, int64_t stated,
                          int node) {
  std::vector<int64_t> choices = choicesBehind(node);
  int64_t all = std::accumulate(choices.begin(), choices.end(), int64_t(0));
  if (choices.empty() || stated == all || llvm::is_contained(choices, stated))
    return;
  report.fail(fmt::format("{}, op '{}'", kernel.place(), op.name),
              fmt::format("is of {} choices for each token, node '{}' of the "
                          "model makes {}",
                          stated, op.node, choices.front()));
}

void ChoiceChecker::run() {
  constexpr double kSoftmax = 8;
  report.begin("values");
  for (const Kernel &kernel : plan.kernels)
    for (const Op &op : kernel.ops) {
      std::optional<ModelGraph::Output> output = graph.outputOf(op.node);
      if (!output)
        continue;
      if (op.kind == "top_k")
        check(kernel, op,
              static_cast<int64_t>(op.operations -
                                   (op.name == "route" ? kSoftmax : 0)),
              output->node);
      else if (kernel.expertsPerToken > 0 && isMoe(graph.node(output->node)))
        check(kernel, op, kernel.expertsPerToken, output->node);
    }
}

void inlay::checker::checkModelChoices(const Plan &plan, const Model &model,
                                       Report &report) {
  // Older plans do not say how many choices their ops make.
  if (plan.minor >= 3)
    ChoiceChecker(plan, model, report).run();
}
