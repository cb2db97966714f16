//===- Layer.cpp - Layers as they were timed ------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Fidelity/Layer.h"

#include "llvm/ADT/STLExtras.h"

#include "fmt/format.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::fidelity;
using namespace inlay::model;

/// LLaMA's layer: RMS norms, rotary embedding, gated MLP with SiLU.
GraphRequest inlay::fidelity::requestOf(const LayerShape &shape) {
  // Rotary embedding pairs channels. One channel less leaves as many on the
  // fullest core.
  int64_t hidden = shape.model * shape.cores / 2 * 2;
  int64_t tokens = shape.tokens * shape.cores;
  GraphRequest request;
  request.phase = shape.phase;
  bool isDecode = shape.phase == Phase::Decode;
  // The newest of the positions is the token itself.
  request.context = isDecode ? tokens - 1 : 0;
  request.chunk = isDecode ? 1 : tokens;
  request.config = fmt::format(
      R"({{"model_type": "llama", "torch_dtype": "float16",
          "num_hidden_layers": 1, "num_attention_heads": 1,
          "num_key_value_heads": 1, "head_dim": {0}, "hidden_size": {0},
          "intermediate_size": {1}, "max_position_embeddings": {2},
          "vocab_size": 64, "rms_norm_eps": 1e-5, "hidden_act": "silu"}})",
      hidden, shape.ffn * shape.cores, tokens);
  return request;
}

cost::Practice inlay::fidelity::practiceOf(const LayerShape &shape) {
  cost::Practice practice;
  practice.sumBits = 16;
  practice.hasPackedRows = true;
  practice.delaysScales = false;
  practice.mergesSoftmax = false;
  practice.overlaps = false;
  practice.isInPlace = true;
  if (shape.phase == Phase::Decode) {
    practice.allReduce = cost::AllReduceAlgorithm::TwoTree;
    practice.group = shape.group;
    // The layer before ended in a sum over x.
    practice.axis = Axis::X;
    return practice;
  }
  practice.allReduce = cost::AllReduceAlgorithm::MiddleChain;
  practice.product = cost::ProductAlgorithm::CyclicShift;
  practice.packet = 4;
  // One set of operands serves products of different sizes.
  practice.hasFreshFabric = true;
  return practice;
}

static Axis other(Axis axis) { return axis == Axis::X ? Axis::Y : Axis::X; }

static bool isAttentionOp(const OpSpec &op) {
  return std::any_of(
      op.dims.begin(), op.dims.end(),
      [](const IterationDim &dim) { return dim.name == "context"; });
}

/// Channels lie over `channels` before the op; after a product over the other
/// axis.
static OpSharding decodeAxes(const OpSpec &op, Axis &channels) {
  OpSharding axes;
  bool isProduct = op.opClass == OpClass::Contraction;
  bool isAttention = isAttentionOp(op);
  for (const IterationDim &dim : op.dims) {
    if (dim.name == "token" || dim.name == "head" || dim.name == "group" ||
        dim.name == "position")
      axes.axisOfDim.push_back(Axis::None);
    else if (isAttention)
      axes.axisOfDim.push_back(dim.name == "context" ? Axis::Y : Axis::X);
    else
      axes.axisOfDim.push_back(isProduct && dim.kind == DimKind::Parallel
                                   ? other(channels)
                                   : channels);
  }
  if (isAttention)
    channels = Axis::X;
  else if (isProduct)
    channels = other(channels);
  return axes;
}

static OpSharding prefillAxes(const OpSpec &op) {
  OpSharding axes;
  for (const IterationDim &dim : op.dims)
    axes.axisOfDim.push_back(dim.name == "token" ? Axis::Y
                             : dim.name == "head" || dim.name == "group" ||
                                     dim.name == "position"
                                 ? Axis::None
                                 : Axis::X);
  return axes;
}

/// Of several products that follow each other and read one tensor, only the
/// first finds it where it lies: `channels` turns once for all of them.
static bool readsSameInput(const OpSpec &op, const OpSpec &before) {
  if (op.operands.empty() || before.operands.empty())
    return false;
  const OperandSpec &input = op.operands.front();
  const OperandSpec &last = before.operands.front();
  return op.opClass == OpClass::Contraction &&
         before.opClass == OpClass::Contraction && input.tensor >= 0 &&
         input.role == last.role && input.tensor == last.tensor;
}

Sharding inlay::fidelity::measuredSharding(const KernelSpec &kernel,
                                           const LayerShape &shape) {
  Sharding sharding;
  sharding.region = sharding.group = {shape.cores, shape.cores};
  sharding.groups = {1, 1};
  Axis channels = Axis::Y;
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    const OpSpec &op = kernel.ops[o];
    if (o > 0 && readsSameInput(op, kernel.ops[o - 1]))
      channels = other(channels);
    sharding.ops.push_back(shape.phase == Phase::Decode
                               ? decodeAxes(op, channels)
                               : prefillAxes(op));
  }
  return sharding;
}

const Layers::Entry &Layers::build(const LayerShape &shape) {
  // The groups of a collective change no kernel.
  LayerShape key = shape;
  key.group = 0;
  auto [it, isNew] = entries.try_emplace(key);
  Entry &entry = it->second;
  if (!isNew)
    return entry;
  if (!builder) {
    entry.error = "there is no builder of layers";
    return entry;
  }
  std::optional<Graph> graph = builder(requestOf(shape), entry.error);
  if (!graph)
    return entry;
  for (KernelSpec &kernel : graph->kernels) {
    if (kernel.layer != 0)
      continue;
    // The published decode kernel activates as many elements as the model dim
    // has, not all of the FFN's.
    if (shape.phase == Phase::Decode && kernel.role == KernelRole::Mlp)
      for (OpSpec &op : kernel.ops)
        if (op.opClass == OpClass::Elementwise && op.opsPerPoint >= 4)
          op.density = std::min(1.0, double(shape.model) / double(shape.ffn));
    entry.kernels.push_back(std::move(kernel));
  }
  if (entry.kernels.empty())
    entry.error = "the model has no kernels of a layer";
  return entry;
}

const std::vector<KernelSpec> *Layers::kernels(const LayerShape &shape,
                                               std::string &error) {
  const Entry &entry = build(shape);
  if (!entry.kernels.empty())
    return &entry.kernels;
  error = "the layer could not be built: " + entry.error;
  return nullptr;
}

std::optional<std::vector<cost::Term>>
Layers::estimate(const LayerShape &shape, const cost::Rates &rates,
                 std::string &error) {
  const std::vector<KernelSpec> *layer = kernels(shape, error);
  if (!layer)
    return std::nullopt;
  cost::Practice practice = practiceOf(shape);
  std::vector<cost::Term> terms;
  for (const KernelSpec &kernel : *layer) {
    cost::KernelCost cost = cost::estimateKernel(
        kernel, measuredSharding(kernel, shape), rates, {}, practice);
    practice.axis = cost.axis;
    terms.push_back({kernel.name, "", cost.cycles});
  }
  return terms;
}
