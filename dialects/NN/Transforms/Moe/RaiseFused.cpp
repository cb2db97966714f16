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

#include "ExpertFormat.h"
#include "ExpertsBuilder.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/StringSwitch.h"
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
  Value global;
  int64_t bits = 0; ///< of a quantised weight
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
             node.getInput(4), node.getInput(15)};
      fc2 = {node.getInput(5), node.getInput(6), node.getInput(12),
             node.getInput(7), node.getInput(16)};
      fc3 = {node.getInput(8),
             node.getInput(9),
             node.getInput(13),
             node.getInput(10),
             {}};
      scores = node.getInput(14);
      return;
    }
    fc1 = {node.getInput(2), {}, {}, node.getInput(3), {}};
    fc2 = {node.getInput(4), {}, {}, node.getInput(5), {}};
    fc3 = {node.getInput(6), {}, {}, node.getInput(7), {}};
  }

  std::optional<std::string> refuse() {
    int64_t k = node.getIntAttr("k", 1);
    if (isSparseMixer() && (k != 2 || scores))
      return "routes with use_sparse_mixer = 1, which is known for k = 2 and "
             "without router_weights only, not for k = " +
             std::to_string(k);
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
    if (auto reason = readFormat(node, format))
      return reason;
    fc1.bits = fc3.bits = format.bits;
    fc2.bits = format.bitsOfFc2;
    if (node.getIntAttr("swiglu_limit_after_activation", 0))
      return "has swiglu_limit_after_activation, which no rule knows yet";
    for (unsigned i : {17u, 18u, 19u, 20u})
      if (node.getInput(i))
        return "has scales of activations, which no rule knows yet";
    if (format.hasScales && (!fc1.scales || !fc2.scales))
      return "has no scales";
    if (format.hasFactor ? !fc1.global || !fc2.global || fc3.weight
                         : fc1.global || fc2.global)
      return "has other global scales than its quant_type wants";
    return std::nullopt;
  }

  /// What onnxruntime computes under each name: its gelu is the form by tanh.
  static std::optional<ActivationKind> readActivation(StringRef name) {
    return llvm::StringSwitch<std::optional<ActivationKind>>(name)
        .Case("relu", ActivationKind::Relu)
        .Case("gelu", ActivationKind::GeluTanh)
        .Case("silu", ActivationKind::Silu)
        .Case("swiglu", ActivationKind::Swiglu)
        .Case("identity", ActivationKind::Identity)
        .Default(std::nullopt);
  }

  /// Sizes, activation, and where gate and up lie.
  std::optional<std::string> readLayout() {
    hidden = shapeOf(node.getInput(0))->back();
    tokens = numElements(shapeOf(node.getInput(0))->drop_back());
    numExperts = shapeOf(node.getInput(1))->back();
    StringRef name = node.getStringAttr("activation_type", "relu");
    std::optional<ActivationKind> kind = readActivation(name);
    if (!kind)
      return ("has activation_type = " + name +
              ", expected relu, gelu, silu, swiglu or identity")
          .str();
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
    // [E, K, N / 2], whichever way the bytes lie.
    if (format.isFloat4 && 2 * shape[2] != hidden)
      rows = 2 * shape[2];
    chooseNeighbours(isShared);
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

  /// Whether a byte of 4-bit floats holds neighbours along N: then weights are
  /// [E, K, N / 2]. Where both readings fit, the documented one counts.
  void chooseNeighbours(bool isShared) {
    if (!format.isFloat4 || format.alongRows)
      return;
    Shape first = *shapeOf(fc1.weight), second = *shapeOf(fc2.weight);
    int64_t factor = isShared ? 2 : 1;
    bool documented = first[2] * 2 == hidden && second[1] == hidden &&
                      first[1] == factor * second[2] * 2;
    format.alongRows = !documented && first[1] == hidden &&
                       second[2] * 2 == hidden &&
                       first[2] * 2 == factor * second[1];
  }

  //===--------------------------------------------------------------------===//
  // Matrices
  //===--------------------------------------------------------------------===//

  /// Without a conversion to the type of the activations, which the product
  /// makes of any weight.
  Value stripConversion(Value value) {
    NodeOp cast = definedBy(value, "Cast");
    auto from =
        cast ? dyn_cast<ShapedType>(cast.getInput(0).getType()) : ShapedType();
    bool isOfProduct = from && isa<FloatType>(from.getElementType()) &&
                       getElementTypeOrSelf(value.getType()) ==
                           getElementTypeOrSelf(node.getInput(0).getType());
    return isOfProduct ? cast.getInput(0) : value;
  }

  static FlatSymbolRefAttr sourceOf(Value value) {
    if (auto load = value.getDefiningOp<ml_program::GlobalLoadConstOp>())
      return dyn_cast<FlatSymbolRefAttr>(load.getGlobal());
    if (auto constant = value.getDefiningOp<onnx::ConstantOp>())
      return constant.getInitializerAttr();
    return {};
  }

  /// How the elements of [E, rows, width] lie in an initializer.
  struct Grid {
    int64_t rows, width;
    int64_t rowStride, columnStride;
    int64_t size; ///< of an expert, padding included
    Type packed;  ///< of elements that bytes hold
  };

  static Grid byRows(int64_t rows, int64_t width, Type packed = {}) {
    return {rows, width, width, 1, rows * width, packed};
  }
  static Grid byColumns(int64_t rows, int64_t width, int64_t pitch,
                        Type packed = {}) {
    return {rows, width, 1, pitch, pitch * width, packed};
  }

  /// `element` if it is kept in bytes, else null.
  static Type packedIn(Value value, Type element) {
    auto type = value ? dyn_cast<ShapedType>(value.getType()) : ShapedType();
    bool isBytes = type && type.getElementType().isUnsignedInteger(8);
    return isBytes ? element : Type();
  }

  /// The elements of a matrix, padding of packed rows included.
  Grid weightGrid(const MatrixInputs &inputs, int64_t rows,
                  int64_t columns) const {
    if (isTransposed)
      return byColumns(rows, columns, rows);
    if (!isQuantised)
      return byRows(rows, columns);
    if (!format.element)
      return byRows(rows, llvm::divideCeil(columns * inputs.bits, 8));
    Type packed = packedIn(inputs.weight, format.element);
    if (!format.isFloat4)
      return byRows(rows, columns, packed);
    if (*format.alongRows)
      return byColumns(rows, columns, llvm::alignTo(rows, 2), packed);
    return byRows(rows, llvm::alignTo(columns, 2), packed);
  }

  /// A view of [E, rows, columns] of a grid, by layouts within a row and within
  /// a column; both may be empty.
  std::optional<WeightView> viewOf(Value value, const Grid &grid,
                                   const Layout &row, const Layout &column) {
    value = stripConversion(value);
    FlatSymbolRefAttr source = value ? sourceOf(value) : FlatSymbolRefAttr();
    auto type = value ? dyn_cast<RankedTensorType>(value.getType())
                      : RankedTensorType();
    if (!source || !type || !type.hasStaticShape())
      return std::nullopt;
    WeightView view{source, type, grid.packed, Layout()};
    int64_t stored = nn::getElementBits(type);
    int64_t bits = nn::getElementType(view.element()).bits;
    if (type.getNumElements() * stored != numExperts * grid.size * bits)
      return std::nullopt;
    view.layout.terms = {{Axis::Expert, numExperts, grid.size}};
    for (const auto &[layout, stride] :
         {std::pair(row, grid.rowStride),
          std::pair(column, grid.columnStride)}) {
      view.layout.first += layout.first * stride;
      for (Term term : layout.terms) {
        term.stride *= stride;
        view.layout.terms.push_back(term);
      }
    }
    view.layout.normalise();
    return view;
  }

  std::optional<std::string> readMatrix(const MatrixInputs &inputs,
                                        Matrix &matrix, Axis row, Axis column,
                                        int64_t columns, int64_t allRows,
                                        Rows rows, StringRef name) {
    matrix.row = row;
    matrix.column = column;
    matrix.rows = rows.count;
    matrix.columns = columns;
    matrix.bits = inputs.bits;
    Grid grid = weightGrid(inputs, allRows, columns);
    Layout ofRows{rows.first, {{row, rows.count, rows.step}}};
    // Bytes of integers are elements of their own.
    bool isWhole = !isQuantised || format.element;
    Layout ofColumns{0, {{column, isWhole ? columns : grid.width}}};
    auto weight = viewOf(inputs.weight, grid, ofRows, ofColumns);
    if (!weight)
      return refuseMatrix(inputs.weight, name, grid);
    matrix.weight = *weight;
    if (isQuantised)
      if (auto reason = readScales(inputs, matrix, ofRows, allRows, name))
        return reason;
    if (inputs.bias) {
      matrix.bias = viewOf(inputs.bias, byRows(allRows, 1), ofRows, Layout());
      if (!matrix.bias)
        return ("has a bias of " + name + " that does not fit its weights")
            .str();
    }
    return std::nullopt;
  }

  std::optional<std::string> readScales(const MatrixInputs &inputs,
                                        Matrix &matrix, const Layout &ofRows,
                                        int64_t allRows, StringRef name) {
    auto misfit = [&](StringRef what) {
      return ("has " + what + " of " + name + " that do not fit its weights")
          .str();
    };
    if (format.hasFactor) {
      auto factor = viewOf(inputs.global, byRows(1, 1), Layout(), Layout());
      if (!factor)
        return misfit("global scales");
      if (!format.hasScales) {
        matrix.setScales(*factor);
        return std::nullopt;
      }
      matrix.global = *factor;
    }
    int64_t columns = matrix.columns;
    auto shape = shapeOf(inputs.scales);
    int64_t blocks = shape && shape->size() == 3 ? shape->back() : 1;
    int64_t block = format.block;
    if (block == 0 && blocks > 1)
      block = columns / blocks;
    if (block == 0)
      block = columns;
    if (blocks < 1 || block < 1 ||
        blocks != static_cast<int64_t>(llvm::divideCeil(columns, block)))
      return misfit("scales");
    auto blockRows = divide(ofRows, format.rowBlock);
    if (!blockRows)
      return ("has scales of " + name + " for " + Twine(format.rowBlock) +
              " rows each, some of which are rows of the gate and rows of the "
              "up "
              "projection")
          .str();
    Layout ofBlocks = *divide({0, {{matrix.column, columns}}}, block);
    auto scales = viewOf(inputs.scales,
                         byRows(llvm::divideCeil(allRows, format.rowBlock),
                                blocks, packedIn(inputs.scales, format.scale)),
                         *blockRows, ofBlocks);
    if (!scales || !matrix.setScales(*scales))
      return misfit("scales");
    // Said even where a row has one block only.
    if (format.block)
      matrix.block = format.block;
    if (!inputs.zeroPoints)
      return std::nullopt;
    if (format.element)
      return "has zero points, which floats have not";
    int64_t bytes = llvm::divideCeil(blocks * matrix.bits, 8);
    matrix.zeroPoints = viewOf(inputs.zeroPoints, byRows(allRows, bytes),
                               ofRows, {0, {{matrix.column, bytes}}});
    if (!matrix.zeroPoints)
      return misfit("zero points");
    return std::nullopt;
  }

  std::string refuseMatrix(Value weight, StringRef name, const Grid &grid) {
    std::string reason;
    llvm::raw_string_ostream os(reason);
    if (!weight || !sourceOf(weight)) {
      os << "has " << name << " that is no initializer";
      return reason;
    }
    os << "has " << name << " of shape ";
    llvm::interleave(*shapeOf(weight), os, "x");
    os << " where [experts, rows, columns] is " << numExperts << "x"
       << grid.rows << "x" << grid.width;
    if (isQuantised && !format.element)
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

  bool isSparseMixer() { return node.getIntAttr("use_sparse_mixer", 0) != 0; }

  Selection readRoute(WeightSpec &spec) {
    Selection selection;
    selection.logits = selection.scores = node.getInput(1);
    if (isSparseMixer()) {
      // The kernels of onnxruntime have this number, and never renormalise.
      constexpr double jitter = 0.01;
      selection.threshold = 2 * jitter;
      spec.kind = RouteKind::SparseMixer;
      return selection;
    }
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
    OutputScale scale = findScale(node.getOutput(0));
    weights.scale *= scale.factor;
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
    scale.take();
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
  ExpertFormat format;
  int64_t hidden = 0, tokens = 0, numExperts = 0, inner = 0;
  int64_t fusion = 0;
  bool isTransposed = false;
  Mlp mlp;
};

} // namespace

bool moe::isFused(NodeOp node) {
  return node.getDomain() == "com.microsoft" &&
         (node.getOpType() == "MoE" || node.getOpType() == "QMoE");
}

void moe::raiseFused(NodeOp node, ExpertsBuilder &experts, Refusals &refusals) {
  if (auto reason = FusedRaiser(node, experts).run())
    refusals[node] = *reason;
}
