//===- Mlp.cpp - The gated MLP --------------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

using namespace inlay;
using namespace inlay::modelgen;

Value modelgen::emitMlp(Emitter &emitter, const std::string &path,
                        const std::string &stem, const std::string &checkpoint,
                        WeightClass kind, int64_t intermediate,
                        const Value &input) {
  GraphBuilder &graph = emitter.graph;
  int64_t hidden = emitter.spec.hidden;
  auto project = [&](const char *name, int64_t rows, int64_t columns,
                     const Value &value) {
    std::string suffix(name);
    return emitLinear(emitter, path + "/" + suffix, stem + "." + suffix,
                      oneMatrix(kind, checkpoint + "." + suffix, rows, columns),
                      value);
  };
  Value gate = project("gate_proj", intermediate, hidden, input);
  Value up = project("up_proj", intermediate, hidden, input);
  Value sigmoid = graph.node("Sigmoid", path + "/act_fn/Sigmoid", {gate});
  Value active = graph.node("Mul", path + "/act_fn/Mul", {gate, sigmoid});
  Value inner = graph.node("Mul", path + "/Mul", {active, up});
  return project("down_proj", hidden, intermediate, inner);
}

Value modelgen::emitGate(Emitter &emitter, const std::string &path,
                         const Value &gate, const Value &up) {
  GraphBuilder &graph = emitter.graph;
  const ExpertsSpec &experts = emitter.spec.experts;
  Value bounded = gate;
  Value linear = up;
  if (experts.limit > 0) {
    Value limit = emitter.real(experts.limit);
    bounded = graph.node("Clip", path + "/gate/Clip", {gate, "", limit});
    linear = graph.node("Clip", path + "/up/Clip",
                        {up, emitter.real(-experts.limit), limit});
  }
  Value exponent = bounded;
  if (experts.alpha != 1)
    exponent = graph.node("Mul", path + "/act_fn/Mul_1",
                          {bounded, emitter.real(experts.alpha)});
  Value sigmoid = graph.node("Sigmoid", path + "/act_fn/Sigmoid", {exponent});
  Value active = graph.node("Mul", path + "/act_fn/Mul", {bounded, sigmoid});
  if (experts.beta != 0)
    linear = graph.node("Add", path + "/up/Add",
                        {linear, emitter.real(experts.beta)});
  return graph.node("Mul", path + "/Mul", {active, linear});
}
