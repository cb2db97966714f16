//===- RaiseFused.cpp - Operators that are a mixture of experts -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding A. com.microsoft::MoE and com.microsoft::QMoE take logits, not
// probabilities: MoE applies softmax over all experts and then chooses; QMoE
// chooses first and applies softmax over the chosen, unless `router_weights`
// gives the weights. Gate and up of a common fc1 become two views of it.
//
//===----------------------------------------------------------------------===//

#include "ExpertsBuilder.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

namespace {

/// One of the three matrices of the experts, as operands of the node.
struct MatrixInputs {
  Value weight;
  Value scales;
  Value zeroPoints;
  Value bias;
};

/// Which of the rows of a matrix are meant.
struct Rows {
  int64_t first = 0;
  int64_t step = 1;
  int64_t count = 0;
};

class FusedRaiser {
public:
  FusedRaiser(NodeOp node, ExpertsBuilder &builder)
      : node(node), experts(builder), isQuantised(node.getOpType() == "QMoE") {}

  /// Nothing when the node was raised, else why not.
  std::optional<std::string> run() {
    readInputs();
    if (auto reason = refuse())
      return reason;
    if (auto reason = readLayout())
      return reason;
    if (auto reason = readMlp())
      return reason;
    return build();
  }

private:
  void readInputs() {
    if (isQuantised) {
      fc1 = {node.getInput(2), node.getInput(3), node.getInput(11),
             node.getInput(4)};
      fc2 = {node.getInput(5), node.getInput(6), node.getInput(12),
             node.getInput(7)};
      fc3 = {node.getInput(8), node.getInput(9), node.getInput(13),
             node.getInput(10)};
      scores = node.getInput(14);
      return;
    }
    fc1 = {node.getInput(2), {}, {}, node.getInput(3)};
    fc2 = {node.getInput(4), {}, {}, node.getInput(5)};
    fc3 = {node.getInput(6), {}, {}, node.getInput(7)};
  }

  std::optional<std::string> refuse() {
    if (node.getIntAttr("use_sparse_mixer", 0))
      return "routes with use_sparse_mixer = 1, which no rule knows yet";
    if (node.getIntAttr("num_shared_experts", 0))
      return "has num_shared_experts, which no rule knows yet: export shared "
             "experts as an MLP of their own";
    auto input = shapeOf(node.getInput(0)), router = shapeOf(node.getInput(1));
    auto first = shapeOf(fc1.weight), second = shapeOf(fc2.weight);
    if (!first || !second)
      return "has no fc1 or fc2 weights";
    auto isStatic = [](Shape shape) {
      return !shape.empty() && !ShapedType::isDynamicShape(shape);
    };
    if (!input || !router || !isStatic(*input) || !isStatic(*router))
      return "has a shape that depends on data";
    if (first->size() != 3 || second->size() != 3)
      return "has weights that are not [experts, rows, columns]";
    int64_t given = numElements(input->drop_back());
    if (int64_t routed = numElements(router->drop_back()); routed != given)
      return "is given " + std::to_string(given) + " tokens, but routes " +
             std::to_string(routed);
    if (!isQuantised)
      return std::nullopt;
    if (node.getStringAttr("quant_type", "int") != "int" || node.getInput(15) ||
        node.getInput(16))
      return "has weights of quant_type '" +
             node.getStringAttr("quant_type", "int").str() +
             "', which no rule knows yet";
    if (node.getIntAttr("weights_prepacked", -1) == 1)
      return "has experts packed for one vendor's kernels (weights_prepacked = "
             "1): export with weights_prepacked=0, or for the cpu or webgpu "
             "provider";
    if (!fc1.scales || !fc2.scales)
      return "has no scales";
    return std::nullopt;
  }

  /// Sizes, activation, and where gate and up lie.
  std::optional<std::string> readLayout() {
    hidden = shapeOf(node.getInput(0))->back();
    tokens = numElements(shapeOf(node.getInput(0))->drop_back());
    numExperts = shapeOf(node.getInput(1))->back();
    bits = isQuantised ? node.getIntAttr("expert_weight_bits", 4) : 0;
    if (isQuantised && bits != 2 && bits != 4 && bits != 8)
      return "has expert_weight_bits or block_size that no rule knows";
    auto kind =
        symbolizeActivationKind(node.getStringAttr("activation_type", "relu"));
    if (!kind)
      return "has an activation_type that no rule knows";
    mlp.activation = *kind;
    fusion = *kind == ActivationKind::Swiglu
                 ? node.getIntAttr("swiglu_fusion", 0)
                 : 0;
    bool isShared = fusion == 1 || fusion == 2;
    if (fusion < 0 || fusion > 2 ||
        (*kind == ActivationKind::Swiglu && !isShared && !fc3.weight))
      return "has swiglu_fusion 0 without fc3, or a value that no rule knows";
    isTransposed = !isQuantised && isOlderLayout(isShared);
    Shape shape = *shapeOf(fc1.weight);
    int64_t rows = isTransposed ? shape[2] : shape[1];
    inner = isShared ? rows / 2 : rows;
    if (*kind == ActivationKind::Silu && fc3.weight)
      mlp.activation = ActivationKind::Swiglu;
    return std::nullopt;
  }

  /// Whether the matrices are [E, in, out], as older files have them. Where
  /// both readings fit, the documented one counts.
  bool isOlderLayout(bool isShared) const {
    Shape first = *shapeOf(fc1.weight), second = *shapeOf(fc2.weight);
    int64_t factor = isShared ? 2 : 1;
    bool documented = first[2] == hidden && second[1] == hidden &&
                      first[1] == factor * second[2];
    bool older = first[1] == hidden && second[2] == hidden &&
                 first[2] == factor * second[1];
    return older && !documented;
  }

  //===--------------------------------------------------------------------===//
  // Matrices
  //===--------------------------------------------------------------------===//

  static FlatSymbolRefAttr sourceOf(Value value) {
    if (auto load = value.getDefiningOp<ml_program::GlobalLoadConstOp>())
      return dyn_cast<FlatSymbolRefAttr>(load.getGlobal());
    if (auto constant = value.getDefiningOp<onnx::ConstantOp>())
      return constant.getInitializerAttr();
    return {};
  }

  /// A view of [E, all rows, width], of which `rows` are taken.
  std::optional<WeightView> viewOf(Value value, const Matrix &matrix,
                                   int64_t allRows, Rows rows, int64_t width) {
    FlatSymbolRefAttr source = value ? sourceOf(value) : FlatSymbolRefAttr();
    auto type = value ? dyn_cast<RankedTensorType>(value.getType())
                      : RankedTensorType();
    if (!source || !type || !type.hasStaticShape() ||
        type.getNumElements() != numExperts * allRows * width)
      return std::nullopt;
    bool transposed = isTransposed && type.getRank() == 3;
    int64_t rowStride = transposed ? 1 : width;
    int64_t columnStride = transposed ? allRows : 1;
    Layout layout;
    layout.first = rows.first * rowStride;
    layout.terms = {{Axis::Expert, numExperts, allRows * width},
                    {matrix.row, rows.count, rows.step * rowStride},
                    {matrix.column, width, columnStride}};
    layout.normalise();
    return WeightView{source, type, layout};
  }

  /// How many blocks a row of scales has; 0 for one scale to a row.
  static int64_t blocksOf(Value scales) {
    auto shape = shapeOf(scales);
    return shape && shape->size() == 3 ? shape->back() : 0;
  }

  std::optional<std::string> readMatrix(const MatrixInputs &inputs,
                                        Matrix &matrix, Axis row, Axis column,
                                        int64_t columns, int64_t allRows,
                                        Rows rows, StringRef name) {
    matrix.row = row;
    matrix.column = column;
    matrix.rows = rows.count;
    matrix.columns = columns;
    matrix.bits = bits;
    int64_t width = bits ? llvm::divideCeil(columns * bits, 8) : columns;
    auto weight = viewOf(inputs.weight, matrix, allRows, rows, width);
    if (!weight)
      return refuseMatrix(inputs.weight, name, allRows, width);
    matrix.weight = *weight;
    int64_t blocks = 0;
    if (bits) {
      blocks = blocksOf(inputs.scales);
      matrix.block = node.getIntAttr("block_size", 0);
      if (matrix.block == 0 && blocks > 1)
        matrix.block = columns / blocks;
      if (matrix.block == 0)
        blocks = 0;
      matrix.scales = viewOf(inputs.scales, matrix, allRows, rows,
                             std::max<int64_t>(blocks, 1));
      if (!matrix.scales ||
          (matrix.block && blocks != static_cast<int64_t>(llvm::divideCeil(
                                         columns, matrix.block))))
        return ("has scales of " + name + " that do not fit its weights").str();
    }
    if (inputs.zeroPoints) {
      int64_t bytes = llvm::divideCeil(std::max<int64_t>(blocks, 1) * bits, 8);
      matrix.zeroPoints =
          viewOf(inputs.zeroPoints, matrix, allRows, rows, bytes);
      if (!matrix.zeroPoints)
        return ("has zero points of " + name + " that do not fit its weights")
            .str();
    }
    if (inputs.bias) {
      matrix.bias = viewOf(inputs.bias, matrix, allRows, rows, 1);
      if (!matrix.bias)
        return ("has a bias of " + name + " that does not fit its weights")
            .str();
    }
    return std::nullopt;
  }

  std::string refuseMatrix(Value weight, StringRef name, int64_t rows,
                           int64_t width) {
    std::string reason;
    llvm::raw_string_ostream os(reason);
    if (!weight || !sourceOf(weight)) {
      os << "has " << name << " that is no initializer";
      return reason;
    }
    os << "has " << name << " of shape ";
    llvm::interleave(*shapeOf(weight), os, "x");
    os << " where [experts, rows, columns] is " << numExperts << "x" << rows
       << "x" << width;
    if (isQuantised)
      os << ": packed for one vendor's kernels; export with "
            "weights_prepacked=0, or for the cpu or webgpu provider";
    return reason;
  }

  std::optional<std::string> readMlp() {
    bool isShared = fusion == 1 || fusion == 2;
    int64_t allRows = isShared ? 2 * inner : inner;
    Rows gate{0, fusion == 1 ? 2 : 1, inner};
    if (auto reason = readMatrix(fc1, mlp.fc1, Axis::Inner, Axis::Hidden,
                                 hidden, allRows, gate, "fc1"))
      return reason;
    if (isShared || fc3.weight) {
      mlp.fc3.emplace();
      Rows up{fusion == 1 ? 1 : fusion == 2 ? inner : 0, gate.step, inner};
      if (auto reason = readMatrix(isShared ? fc1 : fc3, *mlp.fc3, Axis::Inner,
                                   Axis::Hidden, hidden, allRows, up,
                                   isShared ? "fc1" : "fc3"))
        return reason;
    }
    return readMatrix(fc2, mlp.fc2, Axis::Hidden, Axis::Inner, inner, hidden,
                      {0, 1, hidden}, "fc2");
  }

  //===--------------------------------------------------------------------===//
  // Result
  //===--------------------------------------------------------------------===//

  Selection readRoute(WeightSpec &spec) {
    Selection selection;
    selection.logits = selection.scores = node.getInput(1);
    spec.renormalize = node.getIntAttr("normalize_routing_weights", 0) != 0;
    if (!isQuantised) {
      spec.kind = RouteKind::SoftmaxTopK;
      return selection;
    }
    if (!scores) {
      // Softmax over the chosen experts sums to 1 already.
      spec.kind = RouteKind::TopKSoftmax;
      spec.renormalize = false;
      return selection;
    }
    selection = readSelection(node.getInput(1), tokens, numExperts);
    Layout rows =
        Layout::rowMajor({{Axis::Token, tokens}, {Axis::Expert, numExperts}});
    View given{scores, rows}, known{selection.scores, rows};
    peel(given, /*casts=*/true);
    peel(known, /*casts=*/true);
    if (given == known && selection.kind != RouteKind::TopK) {
      spec.kind = selection.kind;
      return selection;
    }
    spec.kind = RouteKind::TopK;
    spec.scores = scores;
    return selection;
  }

  std::optional<std::string> build() {
    mlp.alpha = mlp.fc3 ? node.getFloatAttr("activation_alpha", 1) : 1;
    mlp.beta = mlp.fc3 ? node.getFloatAttr("activation_beta", 0) : 0;
    mlp.limit = mlp.fc3 ? node.getFloatAttr("swiglu_limit", 0) : 0;
    int64_t k = node.getIntAttr("k", 1);
    if (mlp.activation != ActivationKind::Swiglu)
      mlp.alpha = 1, mlp.beta = mlp.limit = 0;
    if (k < 1 || k > numExperts)
      return "chooses more experts than it has";
    OpBuilder builder(node);
    WeightSpec weights;
    Selection selection = readRoute(weights);
    weights.scale *= takeScale(node.getOutput(0));
    ExpertsSpec spec;
    spec.input = node.getInput(0);
    spec.mlps = {&mlp};
    spec.experts = numExperts;
    RouteOp route = experts.createRoute(builder, node.getLoc(), selection,
                                        weights, tokens, numExperts, k);
    ExpertsOp op = experts.createExperts(builder, node.getLoc(), spec, route);
    if (!op) {
      route.erase();
      return "has expert_weight_bits or block_size that no rule knows";
    }
    Value output = node.getOutput(0);
    auto type = dyn_cast<RankedTensorType>(output.getType());
    output.replaceAllUsesWith(
        type ? convert(builder, node.getLoc(), op.getResult(), type)
             : op.getResult());
    return std::nullopt;
  }

  NodeOp node;
  ExpertsBuilder &experts;
  bool isQuantised;
  MatrixInputs fc1, fc2, fc3;
  Value scores;
  int64_t hidden = 0, tokens = 0, numExperts = 0, inner = 0, bits = 0;
  int64_t fusion = 0;
  bool isTransposed = false;
  Mlp mlp;
};

} // namespace

void moe::raiseFused(onnx::GraphOp graph, ExpertsBuilder &experts,
                     Refusals &refusals) {
  for (Operation &op : llvm::make_early_inc_range(graph.getBody().front())) {
    auto node = dyn_cast<NodeOp>(op);
    if (!node || node.getDomain() != "com.microsoft" ||
        (node.getOpType() != "MoE" && node.getOpType() != "QMoE"))
      continue;
    if (auto reason = FusedRaiser(node, experts).run())
      refusals[node] = *reason;
  }
}
