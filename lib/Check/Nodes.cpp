//===- Nodes.cpp - Whether kernels account for the model's graph ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan does not list nodes, but it says where every initializer is. A node
// that reads one, directly or through nodes that have no other inputs, is of
// the kernel that holds it. All other nodes lie between such: what they take
// from one kernel to the next must come there in the plan too, in the kernel
// itself or along streams. So no node, and no edge, can be left out unnoticed.
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"
#include "Routing.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// Kernels that a value comes from.
struct Origin {
  /// It depends on initializers only; then these are the kernels that hold
  /// them, else the last ones that it has passed.
  bool isStatic = true;
  llvm::BitVector kernels;
  /// Experts whose own weights it is, or was made with last: kernel and number.
  /// Of more than two experts of one kernel any two: they tell as much.
  std::set<std::pair<size_t, size_t>> experts;
};

class NodeChecker {
public:
  NodeChecker(const Plan &plan, const Model &model, Report &report)
      : plan(plan), model(model), report(report), precedence(plan) {}

  void run();

private:
  void findHolders();
  void checkNode(const Node &node);
  void checkExperts(const Node &node,
                    const std::set<std::pair<size_t, size_t>> &own,
                    const std::set<std::pair<size_t, size_t>> &before);
  void keepFew(std::set<std::pair<size_t, size_t>> &experts,
               const llvm::BitVector &holders);
  void checkOutputs();
  const Origin &originOf(llvm::StringRef value);

  const Plan &plan;
  const Model &model;
  Report &report;
  Precedence precedence;
  llvm::StringMap<size_t> holder; ///< of initializers of one kernel
  /// Kernel and number of the expert that an initializer is of.
  llvm::StringMap<std::pair<size_t, size_t>> expertOf;
  llvm::StringMap<Origin> origins;
  std::set<std::pair<size_t, size_t>> told;
};

} // namespace

/// One that lies in several kernels says nothing of a node.
void NodeChecker::findHolders() {
  std::set<std::string> shared;
  for (size_t k = 0; k < plan.kernels.size(); ++k)
    for (const Weight &weight : plan.kernels[k].weights)
      for (const Piece &piece : weight.pieces) {
        auto [entry, isNew] = holder.try_emplace(piece.initializer, k);
        if (!isNew && entry->second != k)
          shared.insert(piece.initializer);
      }
  for (const std::string &name : shared)
    holder.erase(name);
  // Weights that are stacked from one initializer for each expert.
  for (size_t k = 0; k < plan.kernels.size(); ++k)
    for (const Weight &weight : plan.kernels[k].weights)
      for (size_t e = 0; e < weight.pieces.size(); ++e)
        if (weight.pieces.size() > 1 &&
            plan.kernels[k].experts ==
                static_cast<int64_t>(weight.pieces.size())) {
          // Kernels with slices of one expert have it under one number.
          const std::string &name = weight.pieces[e].initializer;
          auto [expert, isNew] = expertOf.try_emplace(name, std::pair(k, e));
          auto [first, number] = expert->second;
          if (!isNew && number != e)
            report.fail(plan.kernels[k].place() + ", weight '" + weight.name +
                            "'",
                        fmt::format("has '{}' as expert {}, kernel '{}' has "
                                    "it as expert {}",
                                    name, e, plan.kernels[first].name, number));
        }
}

const Origin &NodeChecker::originOf(llvm::StringRef value) {
  auto [entry, isNew] = origins.try_emplace(value);
  Origin &origin = entry->second;
  if (!isNew)
    return origin;
  origin.kernels.resize(plan.kernels.size());
  if (auto held = holder.find(value); held != holder.end())
    origin.kernels.set(held->second);
  if (auto expert = expertOf.find(value); expert != expertOf.end())
    origin.experts.insert(expert->second);
  // What no node makes and no initializer holds comes from outside.
  origin.isStatic = value.empty() || model.initializers.count(value) > 0;
  return origin;
}

/// Of a value made with weights of other kernels nothing is left to be said,
/// nor of experts whose kernel is over before that of others begins: else what
/// runs past all layers would have experts of each.
void NodeChecker::keepFew(std::set<std::pair<size_t, size_t>> &experts,
                          const llvm::BitVector &holders) {
  auto isOver = [&](size_t kernel) {
    return llvm::any_of(experts, [&](auto other) {
      return other.first != kernel && precedence.reaches(kernel, other.first);
    });
  };
  std::set<std::pair<size_t, size_t>> kept;
  size_t kernel = ~size_t(0), count = 0;
  for (auto expert : experts) {
    count = expert.first == kernel ? count + 1 : 1;
    kernel = expert.first;
    if (count <= 2 && (holders.none() || holders.test(kernel)) &&
        !isOver(kernel))
      kept.insert(expert);
  }
  experts = std::move(kept);
}

static std::string describe(const Node &node) {
  return fmt::format("node '{}' ({})", node.label(), node.type);
}

/// What the weights of one expert made goes on to its own, in every weight at
/// the same place.
void NodeChecker::checkExperts(
    const Node &node, const std::set<std::pair<size_t, size_t>> &own,
    const std::set<std::pair<size_t, size_t>> &before) {
  for (auto [kernel, expert] : own)
    for (auto [other, number] : before)
      if (own.size() == 1 && kernel == other && expert != number)
        report.fail(describe(node),
                    fmt::format("takes what piece {} of a weight of kernel "
                                "'{}' made to piece {} of another",
                                number, plan.kernels[kernel].name, expert));
}

void NodeChecker::checkNode(const Node &node) {
  Origin result;
  result.kernels.resize(plan.kernels.size());
  llvm::BitVector holders = result.kernels, sources = result.kernels;
  std::set<std::pair<size_t, size_t>> own, before;
  for (llvm::StringRef input : node.inputs) {
    const Origin &origin = originOf(input);
    (origin.isStatic ? holders : sources) |= origin.kernels;
    (origin.isStatic ? own : before)
        .insert(origin.experts.begin(), origin.experts.end());
    result.isStatic &= origin.isStatic;
  }
  checkExperts(node, own, before);
  result.experts = std::move(own.empty() ? before : own);
  keepFew(result.experts, holders);
  // Shapes are known before a plan is made.
  if (node.type == "Shape" || node.type == "Size") {
    result.isStatic = true;
    result.experts.clear();
  } else if (result.isStatic) {
    result.kernels = holders;
  } else if (holders.none()) {
    result.kernels = sources;
  } else {
    result.kernels = holders;
    for (unsigned to : holders.set_bits())
      for (unsigned from : sources.set_bits())
        if (holders.count() == 1 && !precedence.reaches(from, to) &&
            told.emplace(from, to).second)
          report.fail(describe(node),
                      fmt::format("of kernel '{}' needs what kernel '{}' "
                                  "makes, but no stream leads there",
                                  plan.kernels[to].name,
                                  plan.kernels[from].name));
  }
  for (llvm::StringRef output : node.outputs)
    if (!output.empty())
      origins[output] = result;
}

/// What an output is made from comes to the kernel that streams it to the host.
void NodeChecker::checkOutputs() {
  for (const Stream &stream : plan.streams) {
    auto to = plan.kernelOf.find(stream.from);
    if (!stream.to.empty() || to == plan.kernelOf.end())
      continue;
    const Origin &origin = originOf(stream.name);
    for (unsigned from : origin.kernels.set_bits())
      if (!origin.isStatic && !precedence.reaches(from, to->second))
        report.fail(stream.place(),
                    fmt::format("is made from what kernel '{}' makes, but no "
                                "stream leads there",
                                plan.kernels[from].name));
  }
}

void NodeChecker::run() {
  report.begin("nodes");
  findHolders();
  for (const Node &node : model.nodes)
    checkNode(node);
  checkOutputs();
}

void inlay::checker::checkNodes(const Plan &plan, const Model &model,
                                Report &report) {
  NodeChecker(plan, model, report).run();
}
