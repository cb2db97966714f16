//===- HostValues.cpp - What the host works out itself --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelGraph.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// What a value of the model is made from.
struct Cone {
  std::set<std::string> initializers, inputs;
};

} // namespace

static Cone coneOf(const ModelGraph &graph, int value) {
  Cone cone;
  std::set<int> seen;
  std::vector<int> open = {value};
  while (!open.empty()) {
    int next = open.back();
    open.pop_back();
    if (!seen.insert(next).second)
      continue;
    int maker = graph.producer(next);
    if (maker >= 0)
      open.insert(open.end(), graph.inputs(maker).begin(),
                  graph.inputs(maker).end());
    else if (!graph.name(next).empty())
      (graph.isInitializer(next) ? cone.initializers : cone.inputs)
          .insert(graph.name(next));
  }
  return cone;
}

/// The host has nothing but its own inputs, each initializer that a value is
/// made from, and no others.
static void checkCone(const Plan &plan, const HostValue &value,
                      const Cone &cone, const std::string &place,
                      Report &report) {
  for (const Kernel &kernel : plan.kernels)
    for (const Tensor &state : kernel.states)
      if (cone.inputs.count(state.name))
        report.fail(place, fmt::format("is made from state '{}' of {}, which "
                                       "the host does not have",
                                       state.name, kernel.place()));
  std::set<std::string> listed;
  for (const auto &[name, bytes] : value.initializers) {
    listed.insert(name);
    if (!cone.initializers.count(name))
      report.fail(place,
                  fmt::format("is not made from initializer '{}'", name));
  }
  for (const auto &[name, bytes] : plan.accounting.folded)
    listed.insert(name);
  for (const std::string &name : cone.initializers)
    if (!listed.count(name))
      report.fail(place, fmt::format("is made from initializer '{}', which it "
                                     "does not list",
                                     name));
}

static void checkSizes(const HostValue &value, const Model &model,
                       const std::string &place, Report &report) {
  for (const auto &[name, bytes] : value.initializers) {
    auto found = model.initializers.find(name);
    if (found == model.initializers.end())
      report.fail(place, fmt::format("lists '{}', which is no initializer of "
                                     "the model",
                                     name));
    else if (found->second.length != bytes)
      report.fail(place, fmt::format("says {} B of initializer '{}', the model "
                                     "has {} B",
                                     bytes, name, found->second.length));
  }
}

void inlay::checker::checkHostValues(const Plan &plan, Report &report) {
  report.begin("host");
  std::set<std::string> nodes;
  for (const HostValue &value : plan.hostValues) {
    std::string place = "host value '" + value.node + "'";
    if (!nodes.insert(value.node).second)
      report.fail(place, "is there twice");
    if (llvm::none_of(plan.streams, [&](const Stream &stream) {
          return stream.from.empty() && stream.name == value.node;
        }))
      report.fail(place, "is no stream from the host");
    std::set<std::string> names;
    for (const auto &[name, bytes] : value.initializers)
      if (!names.insert(name).second)
        report.fail(place, fmt::format("lists initializer '{}' twice", name));
  }
}

void inlay::checker::checkHostCones(const Plan &plan, const Model &model,
                                    Report &report) {
  if (plan.hostValues.empty())
    return;
  report.begin("host");
  ModelGraph graph(model);
  for (const HostValue &value : plan.hostValues) {
    std::string place = "host value '" + value.node + "'";
    std::optional<ModelGraph::Output> output = graph.outputOf(value.node);
    int made = output ? graph.output(*output) : -1;
    if (made < 0) {
      report.fail(place, "is no node of the model that its outputs need");
      continue;
    }
    checkSizes(value, model, place, report);
    checkCone(plan, value, coneOf(graph, made), place, report);
  }
}
