//===- RandomModel.cpp - Small models and machines from a seed ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RandomModel.h"

#include "inlay/Support/Format.h"

using namespace inlay;
using namespace inlay::model;
using namespace inlay::test;

namespace {

const ElementType kF16 = {"f16", 16};
const ElementType kU4 = {"u4", 4};

constexpr IndexExpr at(int dim, int64_t divisor = 1) { return {dim, divisor}; }

/// Builds one kernel op by op; locals are numbered.
class KernelBuilder {
public:
  KernelBuilder(const ModelShape &shape, std::string name, KernelRole role,
                int layer)
      : shape(shape) {
    kernel.name = std::move(name);
    kernel.role = role;
    kernel.layer = layer;
    kernel.structuralHash = "hash-of-" + std::string(toString(role));
  }

  OperandSpec input(std::vector<int64_t> dims, std::vector<IndexExpr> index) {
    kernel.inputs.push_back({kF16, std::move(dims)});
    return {TensorRole::Input, static_cast<int>(kernel.inputs.size()) - 1, kF16,
            std::move(index)};
  }
  OperandSpec output(std::vector<int64_t> dims, std::vector<IndexExpr> index) {
    kernel.outputs.push_back({kF16, std::move(dims)});
    return {TensorRole::Output, static_cast<int>(kernel.outputs.size()) - 1,
            kF16, std::move(index)};
  }
  OperandSpec local(int id, std::vector<IndexExpr> index) {
    return {TensorRole::Local, id, kF16, std::move(index)};
  }
  OperandSpec weight(const std::string &name, ElementType type,
                     std::vector<int64_t> dims, std::vector<IndexExpr> index) {
    WeightSpec spec = {kernel.name + "." + name, type, dims, 0, 0, {}};
    spec.bytes = packedBytes(dims, type.bits);
    kernel.weights.push_back(spec);
    return {TensorRole::Weights, static_cast<int>(kernel.weights.size()) - 1,
            std::move(type), std::move(index)};
  }

  /// Matrix [n, k] or, with experts, [expert, n, k]; quantised where the model
  /// is. `prefix` indexes the expert dim.
  void matrix(std::vector<OperandSpec> &operands, const std::string &name,
              int64_t n, int64_t k, int nDim, int kDim,
              std::vector<int64_t> experts = {},
              std::vector<IndexExpr> prefix = {}) {
    auto add = [&](const std::string &part, ElementType type,
                   std::vector<int64_t> dims, std::vector<IndexExpr> index) {
      dims.insert(dims.begin(), experts.begin(), experts.end());
      index.insert(index.begin(), prefix.begin(), prefix.end());
      operands.push_back(weight(name + "." + part, type, dims, index));
    };
    bool quantised = shape.block > 0;
    add("weight", quantised ? kU4 : kF16, {n, k}, {at(nDim), at(kDim)});
    if (quantised) {
      int64_t blocks = ceilDiv(k, shape.block);
      add("scales", kF16, {n, blocks}, {at(nDim), at(kDim, shape.block)});
      add("zeros", kU4, {n, blocks}, {at(nDim), at(kDim, shape.block)});
    }
    add("bias", kF16, {n}, {at(nDim)});
  }

  void op(std::string name, OpClass opClass, std::vector<IterationDim> dims,
          std::vector<OperandSpec> operands, double opsPerPoint,
          double density = 1) {
    kernel.ops.push_back({std::move(name), opClass, std::move(dims),
                          std::move(operands), opsPerPoint, density, kF16});
  }

  void norm(const OperandSpec &in, int result) {
    op("norm", OpClass::Reduction,
       {{"token", shape.tokens}, {"n", shape.hidden, DimKind::Reduction}},
       {in,
        weight("gamma" + std::to_string(result), kF16, {shape.hidden}, {at(1)}),
        local(result, {at(0), at(1)})},
       4);
  }

  void linear(const std::string &name, int64_t n, int64_t k, OperandSpec in,
              OperandSpec out) {
    std::vector<OperandSpec> operands = {std::move(in)};
    matrix(operands, name, n, k, 1, 2);
    operands.push_back(std::move(out));
    op(name, OpClass::Contraction,
       {{"token", shape.tokens},
        {"n", n},
        {"k", k, DimKind::Reduction, std::max<int64_t>(1, shape.block)}},
       std::move(operands), 2);
  }

  KernelSpec kernel;
  const ModelShape &shape;
};

KernelSpec makeEmbedding(const ModelShape &s) {
  KernelBuilder b(s, "embedding", KernelRole::Embedding, -1);
  OperandSpec ids = b.input({s.tokens}, {at(0)});
  OperandSpec table =
      b.weight("table", kF16, {s.vocab, s.hidden}, {at(1), at(2)});
  OperandSpec out = b.output({s.tokens, s.hidden}, {at(0), at(2)});
  b.op("embedding", OpClass::Lookup,
       {{"token", s.tokens}, {"vocab", s.vocab}, {"n", s.hidden}},
       {ids, table, out}, 1, 1.0 / double(s.vocab));
  return b.kernel;
}

void addAttentionOps(KernelBuilder &b) {
  const ModelShape &s = b.shape;
  b.kernel.states = {
      {b.kernel.name + ".key", kF16, {s.kvHeads, s.context, s.headDim}},
      {b.kernel.name + ".value", kF16, {s.kvHeads, s.context, s.headDim}}};
  IterationDim token = {"token", s.tokens};
  IterationDim head = {"head", s.kvHeads};
  IterationDim group = {"group", s.headGroup};
  IterationDim keys = {"context", s.context};
  IterationDim dim = {"dim", s.headDim, DimKind::Parallel, 2};
  int64_t rows = 4 * s.context;
  std::vector<IterationDim> rotary = {
      token, {"head", s.kvHeads * (s.headGroup + 1)}, dim, {"position", rows}};
  int64_t half = s.headDim / 2;
  b.op("rotary", OpClass::Elementwise, rotary,
       {b.local(1, {at(0), at(1), at(2)}),
        b.weight("cos", kF16, {rows, half}, {at(3), at(2, 2)}),
        b.weight("sin", kF16, {rows, half}, {at(3), at(2, 2)}),
        b.local(4, {at(0), at(1), at(2)})},
       3, 1.0 / double(rows));
  IterationDim sum = dim;
  sum.kind = DimKind::Reduction;
  b.op("scores", OpClass::Contraction, {token, head, group, keys, sum},
       {b.local(4, {at(0), at(1), at(2), at(4)}),
        {TensorRole::State, 0, kF16, {at(1), at(3), at(4)}},
        b.local(5, {at(0), at(1), at(2), at(3)})},
       2);
  IterationDim keySum = keys;
  keySum.kind = DimKind::Reduction;
  b.op("softmax", OpClass::Softmax, {token, head, group, keySum},
       {b.local(5, {at(0), at(1), at(2), at(3)}),
        b.local(6, {at(0), at(1), at(2), at(3)})},
       8);
  b.op("context", OpClass::Contraction, {token, head, group, dim, keySum},
       {b.local(6, {at(0), at(1), at(2), at(4)}),
        {TensorRole::State, 1, kF16, {at(1), at(4), at(3)}},
        b.local(7, {at(0), at(1), at(2), at(3)})},
       2);
  // States are [head, context, dim]; the last op indexes its dims in order.
  b.kernel.ops.back().operands[1].indexing = {at(1), at(4), at(3)};
}

KernelSpec makeAttention(const ModelShape &s, int layer) {
  KernelBuilder b(s, "layer." + std::to_string(layer) + ".attention",
                  KernelRole::Attention, layer);
  OperandSpec in = b.input({s.tokens, s.hidden}, {at(0), at(1)});
  b.norm(in, 0);
  int64_t query = s.kvHeads * s.headGroup * s.headDim;
  int64_t key = s.kvHeads * s.headDim;
  OperandSpec normed = b.local(0, {at(0), at(2)});
  b.linear("q", query, s.hidden, normed, b.local(1, {at(0), at(1)}));
  b.linear("k", key, s.hidden, normed, b.local(2, {at(0), at(1)}));
  b.linear("v", key, s.hidden, normed, b.local(3, {at(0), at(1)}));
  addAttentionOps(b);
  b.linear("o", s.hidden, query, b.local(7, {at(0), at(2)}),
           b.local(8, {at(0), at(1)}));
  OperandSpec out = b.output({s.tokens, s.hidden}, {at(0), at(1)});
  b.op("add", OpClass::Elementwise, {{"token", s.tokens}, {"n", s.hidden}},
       {in, b.local(8, {at(0), at(1)}), out}, 1);
  return b.kernel;
}

KernelSpec makeRouter(const ModelShape &s, int layer) {
  KernelBuilder b(s, "layer." + std::to_string(layer) + ".router",
                  KernelRole::Router, layer);
  b.norm(b.input({s.tokens, s.hidden}, {at(0), at(1)}), 0);
  b.linear("gate", s.experts, s.hidden, b.local(0, {at(0), at(2)}),
           b.local(1, {at(0), at(1)}));
  OperandSpec out = b.output({s.tokens, s.expertsPerToken}, {at(0), at(-1)});
  b.op("route", OpClass::TopK,
       {{"token", s.tokens}, {"expert", s.experts, DimKind::Reduction}},
       {b.local(1, {at(0), at(1)}), out}, 10);
  return b.kernel;
}

KernelSpec makeExperts(const ModelShape &s, int layer) {
  KernelBuilder b(s, "layer." + std::to_string(layer) + ".experts",
                  KernelRole::Experts, layer);
  b.kernel.numExperts = s.experts;
  b.kernel.expertsPerToken = s.expertsPerToken;
  double density = double(s.expertsPerToken) / double(s.experts);
  auto product = [&](const std::string &name, int64_t n, int64_t k,
                     OperandSpec in, OperandSpec out) {
    std::vector<OperandSpec> operands = {std::move(in)};
    b.matrix(operands, name, n, k, 2, 3, {s.experts}, {at(1)});
    operands.push_back(std::move(out));
    b.op(name, OpClass::Contraction,
         {{"token", s.tokens},
          {"expert", s.experts},
          {"n", n},
          {"k", k, DimKind::Reduction, std::max<int64_t>(1, s.block)}},
         std::move(operands), 2, density);
  };
  OperandSpec hidden = b.input({s.tokens, s.hidden}, {at(0), at(3)});
  OperandSpec choice = b.input({s.tokens, s.expertsPerToken}, {at(0), at(-1)});
  product("fc1", 2 * s.inner, s.hidden, hidden, b.local(0, {at(0), at(2)}));
  b.kernel.ops.back().operands.insert(b.kernel.ops.back().operands.begin() + 1,
                                      choice);
  b.op("activation", OpClass::Elementwise,
       {{"token", s.tokens}, {"expert", s.experts}, {"n", s.inner}},
       {b.local(0, {at(0), at(2)}), b.local(1, {at(0), at(2)})}, 7, density);
  product("fc2", s.hidden, s.inner, b.local(1, {at(0), at(3)}),
          b.output({s.tokens, s.hidden}, {at(0), at(2)}));
  return b.kernel;
}

KernelSpec makeMlp(const ModelShape &s, const std::string &name,
                   KernelRole role, int layer) {
  KernelBuilder b(s, "layer." + std::to_string(layer) + "." + name, role,
                  layer);
  OperandSpec in = b.input({s.tokens, s.hidden}, {at(0), at(1)});
  b.norm(in, 0);
  OperandSpec normed = b.local(0, {at(0), at(2)});
  b.linear("gate", s.inner, s.hidden, normed, b.local(1, {at(0), at(1)}));
  b.linear("up", s.inner, s.hidden, normed, b.local(2, {at(0), at(1)}));
  b.op("act", OpClass::Elementwise, {{"token", s.tokens}, {"n", s.inner}},
       {b.local(1, {at(0), at(1)}), b.local(2, {at(0), at(1)}),
        b.local(3, {at(0), at(1)})},
       5);
  b.linear("down", s.hidden, s.inner, b.local(3, {at(0), at(2)}),
           b.local(4, {at(0), at(1)}));
  OperandSpec out = b.output({s.tokens, s.hidden}, {at(0), at(1)});
  b.op("add", OpClass::Elementwise, {{"token", s.tokens}, {"n", s.hidden}},
       {in, b.local(4, {at(0), at(1)}), out}, 1);
  return b.kernel;
}

KernelSpec makeHead(const ModelShape &s) {
  KernelBuilder b(s, "head", KernelRole::Head, -1);
  b.norm(b.input({s.tokens, s.hidden}, {at(0), at(1)}), 0);
  b.linear("lm_head", s.vocab, s.hidden, b.local(0, {at(0), at(2)}),
           b.output({s.tokens, s.vocab}, {at(0), at(1)}));
  return b.kernel;
}

/// The hidden state runs from kernel to kernel; routers hand their choice to
/// the experts behind them.
void connect(Graph &graph) {
  auto add = [&](int producer, int consumer, int port) {
    const PortSpec &spec = producer == kHost
                               ? graph.kernels[consumer].inputs[port]
                               : graph.kernels[producer].outputs[0];
    graph.streams.push_back({"stream." + std::to_string(graph.streams.size()),
                             producer, 0, consumer, port, spec.type,
                             spec.shape});
  };
  int hidden = kHost;
  for (int k = 0; k < static_cast<int>(graph.kernels.size()); ++k) {
    add(hidden, k, 0);
    if (graph.kernels[k].role == KernelRole::Router)
      add(k, k + 1, 1);
    else
      hidden = k;
  }
  add(hidden, kHost, 0);
}

} // namespace

Graph inlay::test::makeModel(const ModelShape &shape) {
  Graph graph;
  graph.name = "random";
  graph.context = shape.context;
  graph.tokens = shape.tokens;
  graph.kernels.push_back(makeEmbedding(shape));
  for (int layer = 0; layer < shape.layers; ++layer) {
    graph.kernels.push_back(makeAttention(shape, layer));
    if (shape.experts > 0) {
      graph.kernels.push_back(makeRouter(shape, layer));
      graph.kernels.push_back(makeExperts(shape, layer));
    }
    if (shape.experts == 0 || shape.hasSharedExpert)
      graph.kernels.push_back(
          shape.experts
              ? makeMlp(shape, "shared", KernelRole::SharedExpert, layer)
              : makeMlp(shape, "mlp", KernelRole::Mlp, layer));
  }
  graph.kernels.push_back(makeHead(shape));
  connect(graph);
  return graph;
}

ModelShape inlay::test::randomShape(Random &random) {
  ModelShape shape;
  shape.layers = random.between(1, 4);
  shape.tokens = random.chance(80) ? 1 : random.between(2, 17);
  shape.context = random.between(1, 300);
  shape.block = random.chance(60) ? (random.chance(50) ? 16 : 32) : 0;
  // Now and then sizes that no block divides.
  int64_t step = random.chance(70) ? 16 : 1;
  shape.hidden = step * random.between(step == 1 ? 3 : 1, 256 / step);
  shape.inner = step * random.between(step == 1 ? 3 : 1, 320 / step);
  shape.kvHeads = random.between(1, 5);
  shape.headGroup = random.between(1, 4);
  shape.headDim = 2 * random.between(1, 20);
  shape.experts = random.chance(70) ? random.between(1, 40) : 0;
  shape.expertsPerToken = random.between(
      1, std::max<int64_t>(1, std::min<int64_t>(4, shape.experts)));
  shape.hasSharedExpert = random.chance(30);
  shape.vocab = random.between(2, 1500);
  return shape;
}

target::Target inlay::test::makeTarget(Extent grid, int64_t sram) {
  auto quantity = [](double value) {
    return target::Quantity{value, "", "test", true};
  };
  target::Target target;
  target.name = "test";
  target.grid = grid;
  target.clock = quantity(0.85);
  target.sram = quantity(double(sram));
  target.reserved = quantity(0);
  target.sramRead = quantity(16);
  target.sramWrite = quantity(8);
  target.wavelet = quantity(4);
  target.linkRate = quantity(1);
  target.hop = quantity(1);
  target.ramp = quantity(2);
  target.coloursTotal = quantity(24);
  target.waferBandwidth = quantity(150);
  target.waferLatency = quantity(10);
  target.macRate["f16"] = quantity(8);
  target.elementRate["f16"] = quantity(8);
  return target;
}

target::Target inlay::test::randomTarget(Random &random) {
  Extent grid = {random.between(4, 64), random.between(4, 64)};
  target::Target target =
      makeTarget(grid, int64_t(1024) << random.between(1, 7));
  int64_t numDead = random.chance(50) ? 0 : random.between(1, 4);
  for (int64_t i = 0; i < numDead; ++i) {
    Rect rect;
    rect.width = random.between(1, std::max<int64_t>(1, grid.width / 4));
    rect.height = random.between(1, std::max<int64_t>(1, grid.height / 4));
    rect.x = random.between(0, grid.width - rect.width);
    rect.y = random.between(0, grid.height - rect.height);
    target.dead.push_back(rect);
  }
  return target;
}
