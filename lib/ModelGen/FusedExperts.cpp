//===- FusedExperts.cpp - Experts as MoE and QMoE -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// com.microsoft.MoE for float experts, QMoE for int4, mxfp4 and fp8. Both take
// the router's logits and apply softmax and top-k themselves; QMoE takes ready
// weights too (`router_weights`), which is how sigmoid routers are said: the
// choice goes by `router_probs`, the weights are gathered from the scores.
//
// Rows of fc1 are gate and up, interleaved (`swiglu_fusion` 1). With fp8 they
// lie one after the other (`swiglu_fusion` 2), since the scales of a
// checkpoint are for square blocks of the gate's or the up's rows.
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

#include <cmath>

using namespace inlay;
using namespace inlay::modelgen;

namespace {

class FusedExpertsEmitter {
public:
  FusedExpertsEmitter(Emitter &emitter, const LayerNames &names)
      : emitter(emitter), graph(emitter.graph), spec(emitter.spec),
        experts(spec.experts), names(names), path(names.path + "/moe"),
        stem(names.stem + ".moe.experts") {}

  Value run(const Value &input) {
    WeightFormat format = spec.storageOf(WeightClass::Experts).format;
    bool quantised =
        format == WeightFormat::Int4 || format == WeightFormat::Mxfp4 ||
        format == WeightFormat::Nvfp4 || format == WeightFormat::Fp8;
    Value logits = emitRouterLogits(emitter, names, input);
    Value output = quantised ? emitQMoE(input, logits) : emitMoE(input, logits);
    if (experts.scale != 1)
      output = graph.node("Mul", path + "/Mul",
                          {output, emitter.real(experts.scale)});
    return output;
  }

private:
  WeightFormat format() const {
    return spec.storageOf(WeightClass::Experts).format;
  }

  bool halves() const { return format() == WeightFormat::Fp8; }

  MatrixSet gateUp() const {
    std::string prefix = names.checkpoint + ".mlp.experts.";
    return {WeightClass::Experts,
            {{prefix, ".gate_proj", experts.intermediate},
             {prefix, ".up_proj", experts.intermediate}},
            spec.hidden,
            experts.count,
            /*stacked=*/true,
            /*interleaved=*/!halves()};
  }
  MatrixSet down() const {
    return {WeightClass::Experts,
            {{names.checkpoint + ".mlp.experts.", ".down_proj", spec.hidden}},
            experts.intermediate,
            experts.count,
            /*stacked=*/true};
  }

  Value bias(const char *name, MatrixSet set) {
    if (!experts.biases)
      return "";
    for (Part &part : set.parts)
      part.suffix += ".bias";
    std::string full = stem + "." + name + ".bias";
    emitter.weights.addVector(full, set, VectorKind::Bias);
    return full;
  }

  /// Attributes that both operators have, in the order of exporters.
  void addAttributes(llvm::SmallVectorImpl<onnx::file::NodeAttribute> &attrs,
                     bool normalise) const {
    attrs.emplace_back("activation_alpha", experts.alpha);
    attrs.emplace_back("activation_beta", experts.beta);
    attrs.emplace_back("activation_type", "swiglu");
    attrs.emplace_back("k", experts.chosen);
    attrs.emplace_back("normalize_routing_weights", int64_t(normalise));
    attrs.emplace_back("swiglu_fusion", halves() ? 2 : 1);
    attrs.emplace_back("use_sparse_mixer", 0);
    if (experts.limit > 0)
      attrs.emplace_back("swiglu_limit", experts.limit);
  }

  /// Softmax over the chosen logits is softmax over all, renormalised.
  bool normalises() const {
    return experts.router == RouterKind::TopKSoftmax || experts.renormalise;
  }

  Value emitMoE(const Value &input, const Value &logits) {
    Value fc1 = emitFloatWeight(emitter, stem + ".gate_up_proj.weight",
                                gateUp(), /*transposed=*/false);
    Value fc2 = emitFloatWeight(emitter, stem + ".down_proj.weight", down(),
                                /*transposed=*/false);
    llvm::SmallVector<onnx::file::NodeAttribute> attrs;
    addAttributes(attrs, normalises());
    return graph.node("MoE", path + "/MoE",
                      {input, logits, fc1, bias("gate_up_proj", gateUp()), fc2,
                       bias("down_proj", down()), "", ""},
                      attrs, kContrib);
  }

  struct Packed {
    Value weight;
    Value scales;
  };
  Packed pack(const char *name, const MatrixSet &set) {
    const WeightStorage &storage = spec.storageOf(WeightClass::Experts);
    Packed packed{stem + "." + name + ".qweight",
                  stem + "." + name + ".scales"};
    // The operator has its weights of nvfp4 by columns.
    emitter.weights.addPacked(packed.weight, set, storage,
                              format() == WeightFormat::Nvfp4
                                  ? PackedLayout::RowPairs
                                  : PackedLayout::Bytes);
    emitter.weights.addScales(packed.scales, set, storage);
    return packed;
  }

  /// MXFP4 has no scale for a whole expert; the operator wants one. That of
  /// NVFP4 gives products of unit variance.
  Value globalScale(const char *name, const MatrixSet &set) {
    constexpr double kSpread = 2.9; // of e2m1
    std::string full = stem + "." + name + ".global_scales";
    double scale = format() == WeightFormat::Nvfp4
                       ? 1 / (kSpread * std::sqrt(double(set.columns)))
                       : 1;
    emitter.weights.addConstants(full, experts.count, DataType::Float,
                                 float(scale));
    return full;
  }

  Value emitQMoE(const Value &input, const Value &logits) {
    const WeightStorage &storage = spec.storageOf(WeightClass::Experts);
    Value choice = logits;
    Value weights;
    if (experts.router == RouterKind::SigmoidTopK) {
      SigmoidScores sigmoid = emitSigmoidScores(emitter, names, logits);
      choice = sigmoid.choice;
      weights = sigmoid.scores;
    } else if (!normalises()) {
      weights = graph.node("Softmax", path + "/router/Softmax", {logits},
                           {{"axis", -1}});
    }
    Packed fc1 = pack("gate_up_proj", gateUp());
    Packed fc2 = pack("down_proj", down());
    std::vector<Value> inputs = {input,
                                 choice,
                                 fc1.weight,
                                 fc1.scales,
                                 bias("gate_up_proj", gateUp()),
                                 fc2.weight,
                                 fc2.scales,
                                 bias("down_proj", down()),
                                 "",
                                 "",
                                 "",
                                 "",
                                 "",
                                 ""};
    llvm::SmallVector<onnx::file::NodeAttribute> attrs;
    addAttributes(attrs, normalises());
    attrs.emplace_back("expert_weight_bits",
                       storage.format == WeightFormat::Fp8 ? 8 : 4);
    attrs.emplace_back("block_size", storage.block);
    bool isFp4 =
        format() == WeightFormat::Mxfp4 || format() == WeightFormat::Nvfp4;
    if (!weights.empty() || isFp4)
      inputs.push_back(weights);
    if (isFp4) {
      inputs.push_back(globalScale("gate_up_proj", gateUp()));
      inputs.push_back(globalScale("down_proj", down()));
      attrs.emplace_back("quant_type",
                         format() == WeightFormat::Mxfp4 ? "fp4" : "nvfp4");
    } else if (storage.format == WeightFormat::Fp8) {
      attrs.emplace_back("quant_type", "fp8");
    } else {
      attrs.emplace_back("weights_prepacked", 0);
    }
    return graph.node("QMoE", path + "/QMoE", inputs, attrs, kContrib);
  }

  Emitter &emitter;
  GraphBuilder &graph;
  const ModelSpec &spec;
  const ExpertsSpec &experts;
  const LayerNames &names;
  std::string path;
  std::string stem;
};

} // namespace

Value modelgen::emitFusedExperts(Emitter &emitter, const LayerNames &names,
                                 const Value &input) {
  return FusedExpertsEmitter(emitter, names).run(input);
}
