//===- ModelGraph.cpp - The values of a model, by number ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelGraph.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/xxhash.h"

using namespace inlay::checker;

/// Whose first input goes on as it is, or a part of it.
static bool isView(const Node &node) {
  return node.domain.empty() &&
         llvm::is_contained({"Cast", "CastLike", "Flatten", "Identity",
                             "Reshape", "Slice", "Split", "Squeeze",
                             "Transpose", "Unsqueeze"},
                            node.type);
}

int ModelGraph::number(llvm::StringRef name) {
  auto [entry, isNew] =
      values.try_emplace(name, static_cast<int>(names.size()));
  if (isNew) {
    names.push_back(entry->first());
    producers.push_back(-1);
    initializers.push_back(model.initializers.count(name) > 0);
    identities.push_back(llvm::xxh3_64bits(name));
  }
  return entry->second;
}

ModelGraph::ModelGraph(const Model &model) : model(model) {
  std::vector<llvm::StringRef> shared;
  for (int n = 0; n < static_cast<int>(model.nodes.size()); ++n) {
    const Node &node = model.nodes[n];
    for (llvm::StringRef input : node.inputs)
      if (!input.empty())
        nodeInputs.all.push_back(number(input));
    nodeInputs.ends.push_back(nodeInputs.all.size());
    for (llvm::StringRef output : node.outputs)
      if (!output.empty()) {
        nodeOutputs.all.push_back(number(output));
        producers[nodeOutputs.all.back()] = n;
      }
    nodeOutputs.ends.push_back(nodeOutputs.all.size());
    identify(n);
    if (!node.name.empty() && !labels.try_emplace(node.name, n).second)
      shared.push_back(node.name);
  }
  // A name that several nodes have is none of any.
  for (llvm::StringRef name : shared)
    labels.erase(name);
  for (int n = 0; n < static_cast<int>(model.nodes.size()); ++n) {
    const Node &node = model.nodes[n];
    labels.try_emplace(node.firstOutput(), n);
    for (const std::string &inner : node.inner)
      labels.try_emplace(inner, n);
  }
  for (const std::string &output : model.outputs)
    number(output);
}

void ModelGraph::identify(int n) {
  const Node &node = model.nodes[n];
  if (isView(node) && !inputs(n).empty()) {
    for (int output : outputs(n))
      identities[output] = identities[inputs(n).front()];
    return;
  }
  std::vector<uint64_t> parts = {llvm::xxh3_64bits(node.domain),
                                 llvm::xxh3_64bits(node.type), node.attributes};
  for (int input : inputs(n))
    parts.push_back(identities[input]);
  for (int output : outputs(n)) {
    parts.push_back(output - outputs(n).front());
    identities[output] = llvm::xxh3_64bits(llvm::ArrayRef<uint8_t>(
        reinterpret_cast<const uint8_t *>(parts.data()), parts.size() * 8));
    parts.pop_back();
  }
}

std::optional<int> ModelGraph::nodeOf(llvm::StringRef label) const {
  while (!label.empty()) {
    auto found = labels.find(label);
    if (found != labels.end())
      return found->second;
    label = label.take_front(label.contains('/') ? label.rfind('/') : 0);
  }
  return std::nullopt;
}

std::optional<int> ModelGraph::valueOf(llvm::StringRef name) const {
  auto found = values.find(name);
  if (found == values.end())
    return std::nullopt;
  return found->second;
}

std::optional<ModelGraph::Output>
ModelGraph::outputOf(llvm::StringRef label) const {
  if (auto found = labels.find(label); found != labels.end())
    return Output{found->second, 0};
  auto [name, digits] = label.rsplit(':');
  int64_t number = 0;
  bool isNumbered = name.size() < label.size() &&
                    !digits.getAsInteger(10, number) && number > 0;
  if (std::optional<int> node = nodeOf(isNumbered ? name : label))
    return Output{*node, isNumbered ? number : 0};
  return std::nullopt;
}

int ModelGraph::output(const Output &output) const {
  const Node &node = model.nodes[output.node];
  if (output.number >= static_cast<int64_t>(node.outputs.size()))
    return -1;
  return valueOf(node.outputs[output.number]).value_or(-1);
}
