//===- Router.cpp - Which experts take a token ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All in the type of the activations; published models route in f32.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

using namespace inlay;
using namespace inlay::modelgen;

Value modelgen::emitRouterLogits(Emitter &emitter, const LayerNames &names,
                                 const Value &input) {
  const ModelSpec &spec = emitter.spec;
  std::string path = names.path + "/moe/router";
  MatrixSet set = oneMatrix(WeightClass::Router, names.checkpoint + ".mlp.gate",
                            spec.experts.count, spec.hidden);
  Value logits = emitLinear(emitter, path, names.stem + ".moe.router", set,
                            input, spec.experts.routerBias);
  return emitter.graph.node(
      "Reshape", path + "/Reshape",
      {logits, emitter.graph.list({-1, spec.experts.count})});
}

/// 1 for the best groups of experts, 0 for the others: [tokens, groups].
static Value emitGroupMask(Emitter &emitter, const std::string &path,
                           const Value &choice) {
  GraphBuilder &graph = emitter.graph;
  const ExpertsSpec &experts = emitter.spec.experts;
  graph.requireOpset(24); // TopK of bf16
  Value grouped = graph.node(
      "Reshape", path + "/groups/Reshape",
      {choice,
       graph.list({-1, experts.groups, experts.count / experts.groups})});
  Value best = path + "/groups/TopK/output_0";
  graph.nodeTo({best, path + "/groups/TopK/output_1"}, "TopK",
               path + "/groups/TopK", {grouped, graph.list({2})},
               {{"axis", -1}});
  Value scores = graph.node("ReduceSum", path + "/groups/ReduceSum",
                            {best, graph.list({-1})}, {{"keepdims", 0}});
  Value groups = path + "/groups/TopK_1/output_1";
  graph.nodeTo({path + "/groups/TopK_1/output_0", groups}, "TopK",
               path + "/groups/TopK_1",
               {scores, graph.list({experts.topGroups})}, {{"axis", -1}});
  Value all = graph.node("Shape", path + "/groups/Shape_1", {scores});
  Value zeros =
      graph.node("Expand", path + "/groups/Expand_2", {emitter.real(0), all});
  Value shape = graph.node("Shape", path + "/groups/Shape", {groups});
  Value ones =
      graph.node("Expand", path + "/groups/Expand", {emitter.real(1), shape});
  return graph.node("ScatterElements", path + "/groups/ScatterElements",
                    {zeros, groups, ones}, {{"axis", 1}});
}

/// The scores of experts outside the best groups become 0.
static Value maskGroups(Emitter &emitter, const std::string &path,
                        const Value &choice) {
  GraphBuilder &graph = emitter.graph;
  const ExpertsSpec &experts = emitter.spec.experts;
  Value mask = emitGroupMask(emitter, path, choice);
  mask = graph.node("Unsqueeze", path + "/groups/Unsqueeze",
                    {mask, graph.list({2})});
  mask = graph.node("Expand", path + "/groups/Expand_1",
                    {mask, graph.list({1, 1, experts.count / experts.groups})});
  mask = graph.node("Reshape", path + "/groups/Reshape_1",
                    {mask, graph.list({-1, experts.count})});
  mask =
      graph.node("Greater", path + "/groups/Greater", {mask, emitter.real(0)});
  return graph.node("Where", path + "/groups/Where",
                    {mask, choice, emitter.real(0)});
}

SigmoidScores modelgen::emitSigmoidScores(Emitter &emitter,
                                          const LayerNames &names,
                                          const Value &logits) {
  const ExpertsSpec &experts = emitter.spec.experts;
  std::string path = names.path + "/moe/router";
  SigmoidScores result;
  result.scores = emitter.graph.node("Sigmoid", path + "/Sigmoid", {logits});
  result.choice = result.scores;
  if (experts.selectionBias) {
    std::string bias = names.stem + ".moe.router.e_score_correction_bias";
    emitter.weights.addVector(
        bias,
        oneMatrix(WeightClass::Vector,
                  names.checkpoint + ".mlp.gate.e_score_correction_bias",
                  experts.count, 1),
        VectorKind::Bias);
    result.choice =
        emitter.graph.node("Add", path + "/Add_1", {result.scores, bias});
  }
  if (experts.groups > 1)
    result.choice = maskGroups(emitter, path, result.choice);
  return result;
}

namespace {

class RoutingEmitter {
public:
  RoutingEmitter(Emitter &emitter, const LayerNames &names, const Value &logits)
      : emitter(emitter), graph(emitter.graph), experts(emitter.spec.experts),
        names(names), path(names.path + "/moe/router") {
    graph.requireOpset(24); // TopK of bf16
    routing.logits = logits;
  }

  Routing run() {
    switch (experts.router) {
    case RouterKind::SoftmaxTopK:
      choose(softmax(routing.logits));
      renormalise(/*addEpsilon=*/false);
      break;
    case RouterKind::TopKSoftmax:
      choose(routing.logits);
      routing.weights = softmax(routing.weights);
      break;
    case RouterKind::SigmoidTopK:
      chooseBySigmoid();
      renormalise(/*addEpsilon=*/true);
      break;
    case RouterKind::TopKSigmoid:
      choose(routing.logits);
      routing.weights =
          graph.node("Sigmoid", path + "/Sigmoid", {routing.weights});
      break;
    }
    if (experts.scale != 1)
      routing.weights = graph.node(
          "Mul", path + "/Mul", {routing.weights, emitter.real(experts.scale)});
    return routing;
  }

private:
  Value softmax(const Value &input) {
    return graph.node("Softmax", path + "/Softmax", {input}, {{"axis", -1}});
  }

  void choose(const Value &scores) {
    routing.weights = path + "/TopK/output_0";
    routing.indices = path + "/TopK/output_1";
    graph.nodeTo({routing.weights, routing.indices}, "TopK", path + "/TopK",
                 {scores, graph.list({experts.chosen})}, {{"axis", -1}});
  }

  void chooseBySigmoid() {
    SigmoidScores sigmoid = emitSigmoidScores(emitter, names, routing.logits);
    routing.indices = path + "/TopK/output_1";
    graph.nodeTo({path + "/TopK/output_0", routing.indices}, "TopK",
                 path + "/TopK", {sigmoid.choice, graph.list({experts.chosen})},
                 {{"axis", -1}});
    routing.weights =
        graph.node("GatherElements", path + "/GatherElements",
                   {sigmoid.scores, routing.indices}, {{"axis", 1}});
  }

  void renormalise(bool addEpsilon) {
    if (!experts.renormalise)
      return;
    Value sum =
        graph.node("ReduceSum", path + "/ReduceSum",
                   {routing.weights, graph.list({-1})}, {{"keepdims", 1}});
    if (addEpsilon)
      sum = graph.node("Add", path + "/Add_2", {sum, emitter.real(1e-20)});
    routing.weights = graph.node("Div", path + "/Div", {routing.weights, sum});
  }

  Emitter &emitter;
  GraphBuilder &graph;
  const ExpertsSpec &experts;
  const LayerNames &names;
  std::string path;
  Routing routing;
};

} // namespace

Routing modelgen::emitRouting(Emitter &emitter, const LayerNames &names,
                              const Value &logits) {
  return RoutingEmitter(emitter, names, logits).run();
}
