//===- Experts.cpp - The mixture of experts of a layer --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

using namespace inlay;
using namespace inlay::modelgen;

/// Whether the operators of com.microsoft can say it: they weigh outputs, and
/// take ready weights for quantised experts only.
static bool canFuse(const ModelSpec &spec) {
  switch (spec.experts.router) {
  case RouterKind::SoftmaxTopK:
  case RouterKind::TopKSoftmax:
    return true;
  case RouterKind::SigmoidTopK: {
    WeightFormat format = spec.storageOf(WeightClass::Experts).format;
    return format == WeightFormat::Int4 || format == WeightFormat::Mxfp4 ||
           format == WeightFormat::Nvfp4 || format == WeightFormat::Fp8;
  }
  case RouterKind::TopKSigmoid:
    return false;
  }
  return false;
}

static Value emitRouted(Emitter &emitter, const LayerNames &names,
                        const Value &input) {
  switch (emitter.options.encoding) {
  case Encoding::Contrib:
    return canFuse(emitter.spec) ? emitFusedExperts(emitter, names, input)
                                 : emitStackedExperts(emitter, names, input);
  case Encoding::Stacked:
    return emitStackedExperts(emitter, names, input);
  case Encoding::Unrolled:
    return emitUnrolledExperts(emitter, names, input);
  }
  return {};
}

static Value emitShared(Emitter &emitter, const LayerNames &names,
                        const Value &input) {
  const ExpertsSpec &experts = emitter.spec.experts;
  std::string path = names.path + "/shared_expert";
  std::string checkpoint = names.checkpoint + ".mlp.shared_experts";
  Value output =
      emitMlp(emitter, path, names.stem + ".shared_expert", checkpoint,
              WeightClass::Shared, experts.sharedIntermediate, input);
  if (!experts.sharedGate)
    return output;
  Value gate =
      emitLinear(emitter, path + "_gate", names.stem + ".shared_expert_gate",
                 oneMatrix(WeightClass::Router,
                           names.checkpoint + ".mlp.shared_expert_gate", 1,
                           emitter.spec.hidden),
                 input);
  gate = emitter.graph.node("Sigmoid", path + "_gate/Sigmoid", {gate});
  return emitter.graph.node("Mul", path + "_gate/Mul", {output, gate});
}

Value modelgen::emitExperts(Emitter &emitter, size_t index,
                            const Value &input) {
  LayerNames names(index);
  Value output = emitRouted(emitter, names, input);
  if (!emitter.spec.experts.sharedIntermediate)
    return output;
  Value shared = emitShared(emitter, names, input);
  return emitter.graph.node("Add", names.path + "/moe/Add", {output, shared});
}
