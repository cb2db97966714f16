//===- GroupRoles.cpp - Roles, layers and names of kernels ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Grouping.h"
#include "StatePairs.h"

#include "dialects/Onnx/IR/Onnx.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <set>

using namespace mlir;
using namespace inlay;
using namespace inlay::dataflow;

//===----------------------------------------------------------------------===//
// Roles and layers
//===----------------------------------------------------------------------===//

namespace {
/// The index of the latest layer that each op depends on; -1 before the first.
using Layers = DenseMap<Operation *, int64_t>;
} // namespace

static Layers findLayers(nn::GraphOp graph, const StatePairs &states) {
  Block &block = graph.getBody().front();
  bool anyState = llvm::any_of(
      block, [&](Operation &op) { return states.holdsState(&op); });
  Layers layers;
  int64_t count = 0;
  for (Operation &op : block) {
    int64_t layer = -1;
    for (Value operand : op.getOperands())
      if (Operation *producer = operand.getDefiningOp())
        layer = std::max(layer, layers.lookup(producer));
    if (anyState ? states.holdsState(&op) : isa<nn::AttentionOp>(op))
      layer = std::max(layer, count++);
    layers[&op] = layer;
  }
  return layers;
}

/// What an op makes of the kernel that it is in; Other for ops that say
/// nothing. The lower a role, the weaker: Attention wins over Mlp.
static std::pair<int, KernelRole> roleOf(Operation *op) {
  if (isa<nn::AttentionOp>(op))
    return {6, KernelRole::Attention};
  if (isa<nn::ExpertsOp>(op))
    return {5, KernelRole::Experts};
  if (isa<nn::RouteOp>(op))
    return {4, KernelRole::Router};
  if (isa<nn::LmHeadOp>(op))
    return {3, KernelRole::Head};
  if (isa<nn::EmbeddingOp>(op))
    return {2, KernelRole::Embedding};
  return {isHeavy(op) ? 1 : 0, KernelRole::Other};
}

/// Sets role and anchor; returns whether the kernel has heavy ops.
static bool describe(Group &group) {
  int best = -1;
  for (Operation *op : group.ops) {
    auto [rank, role] = roleOf(op);
    // Of ops without a role the last one is the anchor.
    if (rank < best || (rank == best && rank > 1))
      continue;
    best = rank;
    group.role = role;
    group.anchor = op;
  }
  return best > 0;
}

void inlay::dataflow::describeGroups(nn::GraphOp graph,
                                     const StatePairs &states,
                                     Grouping &grouping) {
  Layers layers = findLayers(graph, states);
  std::set<int64_t> layersOfExperts;
  std::vector<bool> heavy;
  for (Group &group : grouping.groups) {
    heavy.push_back(describe(group));
    int64_t layer = layers.lookup(group.anchor);
    if (group.role == KernelRole::Experts)
      layersOfExperts.insert(layer);
    bool outside =
        group.role == KernelRole::Embedding || group.role == KernelRole::Head;
    if (layer >= 0 && !outside)
      group.layer = layer;
  }
  // Products that are no part of attention or routing are the feed-forward part
  // of their layer, or stand beside its experts.
  for (auto [group, isHeavyGroup] : llvm::zip(grouping.groups, heavy))
    if (group.role == KernelRole::Other && isHeavyGroup && group.layer)
      group.role = layersOfExperts.count(*group.layer)
                       ? KernelRole::SharedExpert
                       : KernelRole::Mlp;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// "model.layers.0.attn" of the paths of the kernel's ops, or "".
static std::string commonPath(const Group &group) {
  SmallVector<StringRef> common;
  bool isFirst = true;
  for (Operation *op : group.ops) {
    if (!isHeavy(op))
      continue;
    SmallVector<StringRef> parts;
    onnx::getNodeName(op->getLoc())
        .split(parts, '/', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    if (parts.empty())
      continue;
    parts.pop_back();
    if (isFirst)
      common = parts;
    isFirst = false;
    size_t equal = 0;
    while (equal < std::min(common.size(), parts.size()) &&
           common[equal] == parts[equal])
      ++equal;
    common.truncate(equal);
  }
  return llvm::join(common, ".");
}

static std::string fallbackName(const Group &group) {
  std::string role = stringifyKernelRole(group.role).str();
  if (!group.layer)
    return role;
  return "layer." + std::to_string(*group.layer) + "." + role;
}

std::vector<std::string> inlay::dataflow::nameGroups(const Grouping &grouping) {
  std::vector<std::string> names;
  llvm::StringMap<unsigned> count;
  for (const Group &group : grouping.groups)
    ++count[names.emplace_back(commonPath(group))];
  llvm::StringMap<unsigned> countWithRole;
  for (auto [name, group] : llvm::zip(names, grouping.groups)) {
    if (!name.empty() && count[name] > 1)
      name += "." + stringifyKernelRole(group.role).str();
    ++countWithRole[name];
  }
  llvm::StringSet<> taken;
  llvm::StringMap<unsigned> numbered;
  for (auto [name, group] : llvm::zip(names, grouping.groups)) {
    if (name.empty() || countWithRole[name] > 1)
      name = fallbackName(group);
    std::string base = name;
    while (!taken.insert(name).second)
      name = base + "." + std::to_string(++numbered[base]);
  }
  return names;
}
