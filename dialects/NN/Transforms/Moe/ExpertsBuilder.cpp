//===- ExpertsBuilder.cpp - Route and experts in place of what was read ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpertsBuilder.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;

Value moe::convert(OpBuilder &builder, Location loc, Value value,
                   RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from.getElementType() != type.getElementType())
    value =
        CastOp::create(builder, loc, from.clone(type.getElementType()), value);
  if (from.getShape() != type.getShape())
    value = ReshapeOp::create(builder, loc, type, value);
  return value;
}

/// The number that `user` multiplies `value` with, or divides it by.
static std::optional<double> factorOf(onnx::NodeOp user, Value value,
                                      StringRef op) {
  if (!user.isOp("", op) || user.getInputs().size() != 2 ||
      value.getType() != user.getOutput(0).getType())
    return std::nullopt;
  for (unsigned i : {0u, 1u})
    if (user.getInput(i) == value && (i == 0 || op == "Mul"))
      if (auto number = numberOf(user.getInput(1 - i)))
        return number;
  return std::nullopt;
}

OutputScale moe::findScale(Value value) {
  // A mean times as many as it is of is a sum: products and divisors apart say
  // so to the last bit.
  OutputScale scale;
  double factor = 1, divisor = 1;
  while (value.hasOneUse()) {
    auto user = dyn_cast<onnx::NodeOp>(*value.user_begin());
    if (!user || user->getNumResults() != 1)
      break;
    auto times = factorOf(user, value, "Mul"),
         by = factorOf(user, value, "Div");
    StringRef op = user.getOpType();
    bool isIdle = op == "Identity" || op == "Reshape" || op == "Squeeze" ||
                  op == "Unsqueeze" || (op == "Cast" && isHarmlessCast(user));
    if (times || (by && *by != 0)) {
      factor *= times.value_or(1);
      divisor *= times ? 1 : *by;
      scale.products.emplace_back(user.getOutput(0), value);
      scale.factor = factor / divisor;
    } else if (!user.getDomain().empty() || !isIdle ||
               user.getInput(0) != value) {
      break;
    }
    value = user.getOutput(0);
  }
  return scale;
}

static RankedTensorType withShape(Value value, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(
      shape, cast<ShapedType>(value.getType()).getElementType());
}

RouteOp ExpertsBuilder::createRoute(OpBuilder &builder, Location loc,
                                    const Selection &selection,
                                    const WeightSpec &spec, int64_t tokens,
                                    int64_t experts, int64_t slots) {
  auto rows = [&](Value value) {
    return value ? convert(builder, loc, value,
                           withShape(value, {tokens, experts}))
                 : Value();
  };
  RouteKind kind = spec.kind.value_or(RouteKind::TopK);
  Value logits = rows(selection.logits);
  Value scores;
  if (kind == RouteKind::TopK) {
    scores = rows(spec.scores ? spec.scores : selection.scores);
    // Chosen by what the selection says, weighted by something else.
    if (selection.kind != RouteKind::TopK)
      logits = rows(selection.scores);
  }
  auto weights = withShape(logits, {tokens, slots});
  auto indices = RankedTensorType::get({tokens, slots}, builder.getI64Type());
  return RouteOp::create(
      builder, loc, weights, indices, logits, selection.bias, scores, kind,
      slots, spec.renormalize, APFloat(spec.epsilon), APFloat(spec.leastSum),
      APFloat(spec.scale), selection.groups, selection.topGroups,
      selection.bestPerGroup, APFloat(selection.maskedScore),
      APFloat(selection.threshold));
}

//===----------------------------------------------------------------------===//
// Experts
//===----------------------------------------------------------------------===//

static bool isAlike(const Matrix &a, const Matrix &b) {
  return a.rows == b.rows && a.columns == b.columns && a.bits == b.bits &&
         a.block == b.block && a.rowBlock == b.rowBlock &&
         a.weight.element() == b.weight.element() &&
         a.scales.has_value() == b.scales.has_value() &&
         a.zeroPoints.has_value() == b.zeroPoints.has_value() &&
         a.global.has_value() == b.global.has_value() &&
         a.bias.has_value() == b.bias.has_value();
}

static bool isAlike(const Mlp &a, const Mlp &b) {
  return isAlike(a.fc1, b.fc1) && isAlike(a.fc2, b.fc2) &&
         a.fc3.has_value() == b.fc3.has_value() &&
         (!a.fc3 || isAlike(*a.fc3, *b.fc3)) && a.activation == b.activation &&
         a.alpha == b.alpha && a.beta == b.beta && a.limit == b.limit;
}

namespace {
/// The operands that one matrix of the experts becomes.
struct MatrixValues {
  Value weight, scales, zeroPoints, bias, global;
};
} // namespace

/// Null where the matrix is not quantised, or in no way that there is.
static BlockQuantAttr quantOf(const Matrix &matrix, MLIRContext *context) {
  if (!matrix.bits)
    return {};
  int64_t shared = matrix.block ? matrix.rows : 1;
  return getBlockQuant(context, matrix.bits, matrix.block,
                       matrix.rowBlock ? matrix.rowBlock : shared);
}

ExpertsOp ExpertsBuilder::createExperts(OpBuilder &builder, Location loc,
                                        const ExpertsSpec &spec,
                                        RouteOp route) {
  const Mlp &model = *spec.mlps.front();
  for (const Mlp *mlp : spec.mlps)
    if (!isAlike(model, *mlp))
      return {};
  bool isWhole = true;
  auto build = [&](auto matrixOf, StringRef role) {
    const Matrix &matrix = matrixOf(model);
    auto stack = [&](auto viewOf, int64_t rows, int64_t columns,
                     const Twine &name) -> Value {
      if (!viewOf(matrix))
        return {};
      SmallVector<const WeightView *> views;
      for (const Mlp *mlp : spec.mlps)
        views.push_back(viewOf(matrixOf(*mlp)));
      Value value = weights.build(builder, loc, views, matrix, spec.experts,
                                  rows, columns, name.str());
      isWhole &= static_cast<bool>(value);
      return value;
    };
    auto optional = [](const std::optional<WeightView> &view) {
      return view ? &*view : nullptr;
    };
    int64_t rows = matrix.rows;
    int64_t stored = getElementType(matrix.weight.element()).bits;
    int64_t columns =
        matrix.bits ? llvm::divideCeil(matrix.columns * matrix.bits, stored)
                    : matrix.columns;
    int64_t blocks =
        matrix.block ? llvm::divideCeil(matrix.columns, matrix.block) : 0;
    int64_t rowBlocks = matrix.rowBlock
                            ? llvm::divideCeil(rows, matrix.rowBlock)
                            : (matrix.block ? 1 : 0);
    // Zero points lie as the weight does: several to a byte, or each alone.
    bool isPacked =
        matrix.zeroPoints && matrix.zeroPoints->element().isUnsignedInteger(8);
    int64_t zeros =
        isPacked
            ? llvm::divideCeil(std::max<int64_t>(blocks, 1) * matrix.bits, 8)
            : blocks;
    MatrixValues values;
    values.weight =
        stack([](const Matrix &m) { return &m.weight; }, rows, columns, role);
    values.scales = stack([&](const Matrix &m) { return optional(m.scales); },
                          rowBlocks, blocks, role + ".scales");
    values.zeroPoints =
        stack([&](const Matrix &m) { return optional(m.zeroPoints); },
              rowBlocks, zeros, role + ".zero_points");
    values.bias = stack([&](const Matrix &m) { return optional(m.bias); }, rows,
                        0, role + ".bias");
    values.global = stack([&](const Matrix &m) { return optional(m.global); },
                          0, 0, role + ".global");
    return values;
  };
  MatrixValues fc1 = build([](const Mlp &m) -> const Matrix & { return m.fc1; },
                           model.fc3 ? "gate" : "up");
  MatrixValues fc2 =
      build([](const Mlp &m) -> const Matrix & { return m.fc2; }, "down");
  MatrixValues fc3;
  if (model.fc3)
    fc3 = build([](const Mlp &m) -> const Matrix & { return *m.fc3; }, "up");
  BlockQuantAttr quant = quantOf(model.fc1, builder.getContext());
  BlockQuantAttr quant2 = quantOf(model.fc2, builder.getContext());
  bool isKnown =
      static_cast<bool>(quant) == (model.fc1.bits != 0) &&
      static_cast<bool>(quant2) == (model.fc2.bits != 0) &&
      static_cast<bool>(quant) == static_cast<bool>(quant2) &&
      (!model.fc3 || quantOf(*model.fc3, builder.getContext()) == quant);
  // The router may have chosen for other tokens than the experts are given.
  ArrayRef<int64_t> input = getShape(spec.input);
  bool isOneBatch = !input.empty() && numElements(input.drop_back()) ==
                                          getShape(route.getIndices()).front();
  if (!isWhole || !isKnown || !isOneBatch) {
    weights.discard();
    return {};
  }
  weights.keep();
  return ExpertsOp::create(
      builder, loc, spec.input.getType(), spec.input, route.getWeights(),
      route.getIndices(), fc1.weight, fc1.scales, fc1.zeroPoints, fc1.bias,
      fc2.weight, fc2.scales, fc2.zeroPoints, fc2.bias, fc3.weight, fc3.scales,
      fc3.zeroPoints, fc3.bias, fc1.global, fc2.global, fc3.global,
      model.activation, APFloat(model.alpha), APFloat(model.beta),
      APFloat(model.limit), spec.weightOnInput, quant,
      quant2 == quant ? BlockQuantAttr() : quant2);
}
