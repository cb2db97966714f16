//===- UnrolledExperts.cpp - A chain of nodes for each expert -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every expert computes every token; its weight is the sum of the router's
// weights where the chosen index is its own, zero if there is none. Outputs are
// summed by a chain of Adds.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

using namespace inlay;
using namespace inlay::modelgen;

namespace {

class UnrolledExpertsEmitter {
public:
  UnrolledExpertsEmitter(Emitter &emitter, const LayerNames &names)
      : emitter(emitter), graph(emitter.graph), spec(emitter.spec),
        experts(spec.experts), names(names), path(names.path + "/moe"),
        stem(names.stem + ".moe.experts.") {}

  Value run(const Value &input) {
    routing =
        emitRouting(emitter, names, emitRouterLogits(emitter, names, input));
    tokens = graph.node("Reshape", path + "/tokens/Reshape",
                        {input, graph.list({-1, spec.hidden})});
    Value sum;
    for (int64_t expert = 0; expert < experts.count; ++expert) {
      std::string prefix = path + "/experts." + std::to_string(expert);
      Value output = emitExpert(expert, prefix);
      sum = expert == 0 ? output
                        : graph.node("Add", prefix + "/Add", {sum, output});
    }
    Value shape = graph.node("Shape", path + "/Shape", {input});
    return graph.node("Reshape", path + "/Reshape", {sum, shape});
  }

private:
  /// [tokens, 1].
  Value emitWeight(int64_t expert, const std::string &prefix) {
    Value hit = graph.node("Equal", prefix + "/Equal",
                           {routing.indices, graph.scalar(expert)});
    hit = graph.node("CastLike", prefix + "/CastLike", {hit, routing.weights});
    Value weights =
        graph.node("Mul", prefix + "/weight/Mul", {routing.weights, hit});
    return graph.node("ReduceSum", prefix + "/ReduceSum",
                      {weights, graph.list({-1})}, {{"keepdims", 1}});
  }

  Value multiply(int64_t expert, const std::string &prefix, const char *name,
                 int64_t rows, int64_t columns, const Value &input) {
    std::string number = std::to_string(expert);
    return emitLinear(
        emitter, prefix + "/" + name, stem + number + "." + name,
        oneMatrix(WeightClass::Experts,
                  names.checkpoint + ".mlp.experts." + number + "." + name,
                  rows, columns),
        input, experts.biases);
  }

  Value emitExpert(int64_t expert, const std::string &prefix) {
    bool onInput = experts.router == RouterKind::TopKSigmoid;
    Value weight = emitWeight(expert, prefix);
    Value input = tokens;
    if (onInput)
      input = graph.node("Mul", prefix + "/tokens/Mul", {tokens, weight});
    int64_t width = experts.intermediate;
    Value gate =
        multiply(expert, prefix, "gate_proj", width, spec.hidden, input);
    Value up = multiply(expert, prefix, "up_proj", width, spec.hidden, input);
    Value inner = emitGate(emitter, prefix, gate, up);
    Value output =
        multiply(expert, prefix, "down_proj", spec.hidden, width, inner);
    return onInput
               ? output
               : graph.node("Mul", prefix + "/output/Mul", {output, weight});
  }

  Emitter &emitter;
  GraphBuilder &graph;
  const ModelSpec &spec;
  const ExpertsSpec &experts;
  const LayerNames &names;
  std::string path;
  std::string stem;
  Routing routing;
  Value tokens;
};

} // namespace

Value modelgen::emitUnrolledExperts(Emitter &emitter, const LayerNames &names,
                                    const Value &input) {
  return UnrolledExpertsEmitter(emitter, names).run(input);
}
