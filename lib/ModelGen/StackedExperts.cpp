//===- StackedExperts.cpp - Experts as products over all of them ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every expert computes every token, [E, tokens, hidden]; the router's weights
// are scattered to full width [tokens, E], zero where an expert was not chosen,
// and multiply the outputs before the sum over experts, or, where the router
// says so (Llama 4), the inputs.
//
// Gate and up are two weights [E, hidden, I]; in gpt-oss they are one with
// interleaved columns, in Llama 4 one with the gate's columns first.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include <cmath>

using namespace inlay;
using namespace inlay::modelgen;

namespace {

class StackedExpertsEmitter {
public:
  StackedExpertsEmitter(Emitter &emitter, const LayerNames &names)
      : emitter(emitter), graph(emitter.graph), spec(emitter.spec),
        experts(spec.experts), names(names), path(names.path + "/moe"),
        stem(names.stem + ".moe.experts"),
        onInput(experts.router == RouterKind::TopKSigmoid) {}

  Value run(const Value &input) {
    Value logits = emitRouterLogits(emitter, names, input);
    Value weights = emitFullWeights(logits);
    Value tokens = graph.node("Reshape", path + "/tokens/Reshape",
                              {input, graph.list({-1, spec.hidden})});
    tokens = graph.node("Unsqueeze", path + "/tokens/Unsqueeze",
                        {tokens, graph.list({0})});
    tokens = graph.node("Expand", path + "/tokens/Expand",
                        {tokens, graph.list({experts.count, 1, 1})});
    if (onInput)
      tokens = graph.node("Mul", path + "/tokens/Mul", {tokens, weights});
    Value inner = emitInner(tokens);
    Value output = multiply("down_proj", {{".down_proj", spec.hidden}},
                            experts.intermediate, inner, false);
    if (!onInput)
      output = graph.node("Mul", path + "/Mul", {output, weights});
    output = graph.node("ReduceSum", path + "/ReduceSum",
                        {output, graph.list({0})}, {{"keepdims", 0}});
    Value shape = graph.node("Shape", path + "/Shape", {input});
    return graph.node("Reshape", path + "/Reshape", {output, shape});
  }

private:
  /// The weight of each expert for each token, [E, tokens, 1].
  Value emitFullWeights(const Value &logits) {
    std::string prefix = path + "/router";
    Value full;
    if (onInput) {
      // Sigmoid comes last: of minus infinity it is 0.
      graph.requireOpset(24); // TopK of bf16
      Value values = prefix + "/TopK/output_0";
      Value indices = prefix + "/TopK/output_1";
      graph.nodeTo({values, indices}, "TopK", prefix + "/TopK",
                   {logits, graph.list({experts.chosen})}, {{"axis", -1}});
      Value none = fill(prefix, logits, -INFINITY);
      full = graph.node("ScatterElements", prefix + "/ScatterElements",
                        {none, indices, values}, {{"axis", 1}});
      full = graph.node("Sigmoid", prefix + "/Sigmoid", {full});
    } else {
      Routing routing = emitRouting(emitter, names, logits);
      Value none = fill(prefix, logits, 0);
      full =
          graph.node("ScatterElements", prefix + "/ScatterElements",
                     {none, routing.indices, routing.weights}, {{"axis", 1}});
    }
    const int64_t perm[] = {1, 0};
    full = graph.node("Transpose", prefix + "/Transpose", {full},
                      {{"perm", llvm::ArrayRef(perm)}});
    return graph.node("Unsqueeze", prefix + "/Unsqueeze",
                      {full, graph.list({-1})});
  }

  /// A tensor shaped like `like`, all of one number.
  Value fill(const std::string &prefix, const Value &like, double number) {
    Value shape = graph.node("Shape", prefix + "/Shape", {like});
    return graph.node("Expand", prefix + "/Expand",
                      {emitter.real(number), shape});
  }

  struct Rows {
    const char *suffix;
    int64_t count;
  };
  Value multiply(const char *name, std::vector<Rows> rows, int64_t columns,
                 const Value &input, bool interleaved) {
    MatrixSet set{WeightClass::Experts, {},         columns, experts.count,
                  /*stacked=*/true,     interleaved};
    for (const Rows &part : rows)
      set.parts.push_back(
          {names.checkpoint + ".mlp.experts.", part.suffix, part.count});
    std::string prefix = path + "/experts/" + name;
    Value weight =
        emitDequantized(emitter, prefix, stem + "." + name + ".weight", set,
                        /*transposed=*/true);
    Value output = graph.node("MatMul", prefix + "/MatMul", {input, weight});
    if (!experts.biases)
      return output;
    for (Part &part : set.parts)
      part.suffix += ".bias";
    std::string bias = stem + "." + name + ".bias";
    emitter.weights.addVector(bias, set, VectorKind::Bias, /*broadcast=*/true);
    return graph.node("Add", prefix + "/Add", {output, bias});
  }

  Value emitInner(const Value &tokens) {
    int64_t width = experts.intermediate;
    Rows gateRows{".gate_proj", width};
    Rows upRows{".up_proj", width};
    if (experts.limit > 0) {
      Value both = multiply("gate_up_proj", {gateRows, upRows}, spec.hidden,
                            tokens, /*interleaved=*/true);
      return emitGate(emitter, path + "/experts", slice(both, 0),
                      slice(both, 1));
    }
    if (onInput && aligned()) {
      Value both = multiply("gate_up_proj", {gateRows, upRows}, spec.hidden,
                            tokens, /*interleaved=*/false);
      Value gate = path + "/experts/Split/output_0";
      Value up = path + "/experts/Split/output_1";
      graph.nodeTo({gate, up}, "Split", path + "/experts/Split",
                   {both, graph.list({width, width})}, {{"axis", -1}});
      return emitGate(emitter, path + "/experts", gate, up);
    }
    Value gate = multiply("gate_proj", {gateRows}, spec.hidden, tokens, false);
    Value up = multiply("up_proj", {upRows}, spec.hidden, tokens, false);
    return emitGate(emitter, path + "/experts", gate, up);
  }

  /// Whether no square block of scales has rows of gate and of up.
  bool aligned() const {
    const WeightStorage &storage = spec.storageOf(WeightClass::Experts);
    return storage.format != WeightFormat::Fp8 ||
           experts.intermediate % storage.block == 0;
  }

  /// Every second column from `first` on.
  Value slice(const Value &both, int64_t first) {
    std::string name = path + "/experts/Slice_" + std::to_string(first);
    return graph.node("Slice", name,
                      {both, graph.list({first}), graph.list({INT64_MAX}),
                       graph.list({-1}), graph.list({2})});
  }

  Emitter &emitter;
  GraphBuilder &graph;
  const ModelSpec &spec;
  const ExpertsSpec &experts;
  const LayerNames &names;
  std::string path;
  std::string stem;
  bool onInput;
};

} // namespace

Value modelgen::emitStackedExperts(Emitter &emitter, const LayerNames &names,
                                   const Value &input) {
  return StackedExpertsEmitter(emitter, names).run(input);
}
