//===- RaiseLinear.cpp - Rules for products with weights and embeddings ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matchers.h"
#include "Raiser.h"
#include "SharedScales.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

namespace {

/// A matrix of weights as a product takes it.
struct Matrix {
  Value weight;
  Value scales;
  Value zeroPoints;
  bool transposed = true; ///< [K, N]
  BlockQuantAttr quant;
};

} // namespace

/// Whether `dequantize` reads a weight as a quantised product can: bytes
/// without zero points would count from the middle there.
static bool isQuantisedWeight(DequantizeOp dequantize) {
  Type type = getElementTypeOrSelf(dequantize.getInput().getType());
  return isWeight(dequantize.getInput()) && type.isIntOrFloat() &&
         (!type.isUnsignedInteger() || dequantize.getZeroPoints());
}

/// Blocks of `rows` x `columns`, 0 for all of a dim, as the ops say them.
static BlockQuantAttr quantOf(DequantizeOp dequantize, int64_t row,
                              int64_t column) {
  ArrayRef<int64_t> shape = getShape(dequantize.getInput());
  int64_t rows = dequantize.getBlocks()[row];
  int64_t block = dequantize.getBlocks()[column];
  Type type = getElementTypeOrSelf(dequantize.getInput().getType());
  return getBlockQuant(dequantize.getContext(), type.getIntOrFloatBitWidth(),
                       block >= shape[column] ? 0 : block,
                       std::max<int64_t>(1, rows == 0 ? shape[row] : rows));
}

/// What `dequantize` reads, as the weight of a product; false where its blocks
/// are none of such a weight.
static bool readQuantised(DequantizeOp dequantize, Matrix &matrix) {
  if (getShape(dequantize.getInput()).size() != 2)
    return false;
  int64_t along = matrix.transposed ? 0 : 1; // the dim of K
  bool isOne = numElements(getShape(dequantize.getScales())) == 1;
  BlockQuantAttr quant = quantOf(dequantize, 1 - along, along);
  if (!quant)
    return false;
  if (isOne)
    quant = getBlockQuant(dequantize.getContext(), quant.getBits(), 0);
  matrix.quant = quant;
  matrix.weight = dequantize.getInput();
  matrix.scales = dequantize.getScales();
  matrix.zeroPoints = dequantize.getZeroPoints();
  return true;
}

/// Whether a product with values of type `factor` converts its weight as `cast`
/// does: it widens, or is the last conversion and to that type.
static bool isOfProduct(CastOp cast, bool isLast, Value factor) {
  Type from = getElementTypeOrSelf(cast.getInput());
  return isWidening(cast) || (isLast && isa<FloatType>(from) &&
                              getElementTypeOrSelf(cast.getType()) ==
                                  getElementTypeOrSelf(factor.getType()));
}

/// A weight behind transposes, conversions and dequantisation, as a factor of
/// `factor`.
static std::optional<Matrix> asMatrix(Value value, Value factor) {
  Matrix matrix;
  if (getShape(value).size() != 2)
    return std::nullopt;
  constexpr int maxDepth = 6;
  bool isLast = true;
  for (int depth = 0; depth < maxDepth; ++depth) {
    if (isWeight(value)) {
      matrix.weight = value;
      return matrix;
    }
    Operation *op = value.getDefiningOp();
    if (auto transpose = dyn_cast_or_null<TransposeOp>(op)) {
      if (transpose.getPermutation() == ArrayRef<int64_t>{1, 0})
        matrix.transposed = !matrix.transposed;
      value = transpose.getInput();
    } else if (auto cast = dyn_cast_or_null<CastOp>(op);
               cast && isOfProduct(cast, isLast, factor)) {
      value = cast.getInput();
      isLast = false;
    } else if (auto dequantize = dyn_cast_or_null<DequantizeOp>(op);
               dequantize && isQuantisedWeight(dequantize) &&
               readQuantised(dequantize, matrix)) {
      return matrix;
    } else {
      break;
    }
  }
  // A cheap function of weights is computed where it is used.
  if (!isWeightLike(value))
    return std::nullopt;
  matrix.weight = value;
  return matrix;
}

/// Whether each batch has blocks of its own.
static bool isBatched(DequantizeOp dequantize) {
  return llvm::all_of(
      llvm::zip(getShape(dequantize.getInput()).drop_back(2),
                dequantize.getBlocks().drop_back(2)),
      [](auto dim) { return std::get<0>(dim) == 1 || std::get<1>(dim) == 1; });
}

/// The product of `lhs` with a matrix of weights for each batch that is stored
/// transposed, in another float type or quantised; null where `value` is none.
static Value multiplyBatch(RaiseContext &context, RankedTensorType type,
                           Value lhs, Value value) {
  int64_t rank = getShape(value).size();
  SmallVector<int64_t> swap = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(swap[rank - 1], swap[rank - 2]);
  bool isTransposed = false, isLast = true;
  while (!isWeight(value)) {
    auto transpose = value.getDefiningOp<TransposeOp>();
    auto cast = value.getDefiningOp<CastOp>();
    if (transpose && transpose.getPermutation() == ArrayRef<int64_t>(swap))
      isTransposed = !isTransposed;
    else if (cast && isOfProduct(cast, isLast, lhs))
      isLast = false;
    else
      break;
    value = value.getDefiningOp()->getOperand(0);
  }
  if (isWeight(value))
    return context.create<MatMulOp>(type, lhs, value, Value(), Value(),
                                    isTransposed, BlockQuantAttr());
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  if (!dequantize || !isQuantisedWeight(dequantize) || !isBatched(dequantize))
    return {};
  BlockQuantAttr quant = quantOf(dequantize, rank - 2, rank - 1);
  if (!quant)
    return {};
  return context.create<MatMulOp>(
      type, lhs, dequantize.getInput(), dequantize.getScales(),
      dequantize.getZeroPoints(), isTransposed, quant);
}

static Value createLinear(RaiseContext &context, RankedTensorType type,
                          Value input, const Matrix &matrix, Value bias) {
  return context.create<LinearOp>(type, input, matrix.weight, matrix.scales,
                                  matrix.zeroPoints, bias, matrix.transposed,
                                  matrix.quant);
}

static void setLinear(RaiseContext &context, Value input, const Matrix &matrix,
                      Value bias) {
  context.setOutput(
      0, createLinear(context, context.outputType(0), input, matrix, bias));
}

Value inlay::nn::createProduct(RaiseContext &context, RankedTensorType type,
                               Value lhs, Value rhs) {
  if (std::optional<Matrix> matrix = asMatrix(rhs, lhs))
    return createLinear(context, type, lhs, *matrix, Value());
  if (Value result = multiplyBatch(context, type, lhs, rhs))
    return result;
  return context.create<MatMulOp>(type, lhs, rhs);
}

static Refusal raiseMatMul(RaiseContext &context) {
  Value lhs = context.input(0);
  Value rhs = context.input(1);
  if (getShape(lhs).size() < 2 || getShape(rhs).size() < 2)
    return "multiplies vectors";
  context.setOutput(0, createProduct(context, context.outputType(0), lhs, rhs));
  return std::nullopt;
}

/// The last two dims the other way round.
static Value swapLastDims(RaiseContext &context, Value value) {
  SmallVector<int64_t> permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, getShape(value).size()));
  std::swap(permutation.back(), permutation[permutation.size() - 2]);
  return createTranspose(context.getBuilder(), context.getLoc(), value,
                         permutation);
}

static Value scaleBy(RaiseContext &context, Value value, double factor) {
  if (factor == 1)
    return value;
  auto type = cast<RankedTensorType>(value.getType());
  Value number =
      createSplat(context.getBuilder(), context.getLoc(),
                  RankedTensorType::get({}, type.getElementType()), factor);
  return context.create<BinaryOp>(type, BinaryKind::Mul, value, number);
}

/// alpha * A * B, either transposed (of onnxruntime).
static Refusal raiseFusedMatMul(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  if (node.getIntAttr("transBatchA", 0) || node.getIntAttr("transBatchB", 0))
    return "transposes batches";
  Value lhs = context.input(0), rhs = context.input(1);
  if (getShape(lhs).size() < 2 || getShape(rhs).size() < 2)
    return "multiplies vectors";
  if (node.getIntAttr("transA", 0))
    lhs = swapLastDims(context, lhs);
  if (node.getIntAttr("transB", 0))
    rhs = swapLastDims(context, rhs);
  if (std::optional<Matrix> matrix = asMatrix(rhs, lhs))
    setLinear(context, lhs, *matrix, Value());
  else
    context.setOutput(
        0, context.create<MatMulOp>(context.outputType(0), lhs, rhs));
  context.setOutput(
      0, scaleBy(context, context.output(0), node.getFloatAttr("alpha", 1)));
  return std::nullopt;
}

/// alpha * A * B + beta * C, either factor transposed.
static Refusal raiseGemm(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  Value lhs = context.input(0), rhs = context.input(1);
  if (getShape(lhs).size() != 2 || getShape(rhs).size() != 2)
    return "multiplies other than matrices";
  if (node.getIntAttr("transA", 0))
    lhs = swapLastDims(context, lhs);
  if (node.getIntAttr("transB", 0))
    rhs = swapLastDims(context, rhs);
  Value sum = context.input(2);
  double alpha = node.getFloatAttr("alpha", 1);
  double beta = node.getFloatAttr("beta", 1);
  RankedTensorType type = context.outputType(0);
  std::optional<Matrix> matrix = asMatrix(rhs, lhs);
  bool isBias = sum && numElements(getShape(sum)) == type.getDimSize(1) &&
                getLastDim(sum) == type.getDimSize(1) && alpha == 1 &&
                beta == 1 && isWeightLike(sum);
  if (matrix && isBias) {
    setLinear(context, lhs, *matrix, sum);
    return std::nullopt;
  }
  if (matrix)
    setLinear(context, lhs, *matrix, Value());
  else
    context.setOutput(0, context.create<MatMulOp>(type, lhs, rhs));
  Value result = scaleBy(context, context.output(0), alpha);
  if (sum && beta != 0)
    result = context.create<BinaryOp>(type, BinaryKind::Add, result,
                                      scaleBy(context, sum, beta));
  context.setOutput(0, result);
  return std::nullopt;
}

/// (q - zero) * scale. Scales of a scalar, of each slice or of each block.
static Refusal raiseDequantize(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  Value input = context.input(0);
  Value scales = context.input(1), zeroPoints = context.input(2);
  int64_t rank = getShape(input).size();
  int64_t axis = normaliseAxis(node.getIntAttr("axis", 1), rank);
  int64_t block = node.getIntAttr("block_size", 0);
  int64_t count = numElements(getShape(scales));
  if (count != 1 && (axis < 0 || axis >= rank))
    return "scales a dim that its input does not have";
  if (block < 0)
    return "has a negative block_size";
  if (zeroPoints && numElements(getShape(zeroPoints)) != count)
    return "has other than as many zero points as scales";
  // Integers without zero points count from 0, unsigned ones too: said here,
  // since in a packed weight they would count from the middle.
  Type type = getElementTypeOrSelf(input.getType());
  if (!zeroPoints && type.isUnsignedInteger())
    zeroPoints = createSplat(context.getBuilder(), context.getLoc(),
                             RankedTensorType::get(getShape(scales), type), 0);
  SmallVector<int64_t> blocks(rank, block && count != 1 ? 1 : 0);
  if (count != 1)
    blocks[axis] = block ? block : 1;
  if (!zeroPoints)
    if (auto shared =
            readSharedScales(node.getInput(1), getShape(input), blocks))
      if (Value source = context.raised(shared->source)) {
        scales = source;
        blocks = shared->blocks;
      }
  context.setOutput(0,
                    context.create<DequantizeOp>(context.outputType(0), input,
                                                 scales, zeroPoints, blocks));
  return std::nullopt;
}

/// Products of integers stay opaque, each with its reason.
static Rule integerProductRule(StringRef what) {
  std::string reason =
      "multiplies " + what.str() +
      ", which no rule knows: export weights that are dequantised before the "
      "product (DequantizeLinear, MatMulNBits)";
  return [reason](RaiseContext &) -> Refusal { return reason; };
}

static Refusal raiseMatMulNBits(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  if (context.input(4))
    return "has a group index (g_idx), an old form: export again without it";
  if (node.getIntAttr("weight_prepacked", 0) > 0)
    return "has a weight packed for one vendor's kernels";
  int64_t bits = node.getIntAttr("bits", 4);
  int64_t block = node.getIntAttr("block_size", 0);
  BlockQuantAttr quant = getBlockQuant(node.getContext(), bits, block);
  if (!quant)
    return "has bits or block_size that no rule knows";
  context.setOutput(
      0, context.create<LinearOp>(context.outputType(0), context.input(0),
                                  context.input(1), context.input(2),
                                  context.input(3), context.input(5),
                                  /*transposed=*/false, quant));
  return std::nullopt;
}

/// Rows of a weight chosen by run-time ids are an embedding.
/// Elements at constant places, equally far apart and in order, along a dim of
/// what is no weight: a slice, without the dim where one index chooses.
static Value gatherSlice(RaiseContext &context, Value data, int64_t axis) {
  ArrayRef<int64_t> shape = getShape(data);
  Value indices = context.getNode().getInput(1);
  auto places = onnx::getConstantInts(indices);
  if (!places || places->empty() || isWeightLike(data) || axis < 0 ||
      axis >= static_cast<int64_t>(shape.size()))
    return {};
  for (int64_t &place : *places)
    place += place < 0 ? shape[axis] : 0;
  int64_t step = places->size() > 1 ? (*places)[1] - places->front() : 1;
  if (step < 1 || places->front() < 0 || places->back() >= shape[axis])
    return {};
  for (auto [i, place] : llvm::enumerate(*places))
    if (place != places->front() + static_cast<int64_t>(i) * step)
      return {};
  SmallVector<int64_t> sizes(shape), offsets(shape.size(), 0),
      strides(shape.size(), 1);
  sizes[axis] = static_cast<int64_t>(places->size());
  offsets[axis] = places->front();
  strides[axis] = step;
  auto type =
      RankedTensorType::get(sizes, getElementTypeOrSelf(data.getType()));
  Value slice = context.create<SliceOp>(type, data, offsets, strides);
  return createReshape(context.getBuilder(), context.getLoc(), slice,
                       context.outputType(0).getShape());
}

/// Each element of a dim so many times in a row, as heads are copied: [n] as
/// [n, 1] copied to [n, times].
static Value gatherCopies(RaiseContext &context, Value data, int64_t axis) {
  SmallVector<int64_t> shape(getShape(data));
  auto places = onnx::getConstantInts(context.getNode().getInput(1));
  if (!places || axis < 0 || axis >= static_cast<int64_t>(shape.size()) ||
      isWeightLike(data) || shape[axis] < 1)
    return {};
  auto count = static_cast<int64_t>(places->size());
  int64_t times = count / shape[axis];
  if (times < 2 || count % shape[axis] != 0)
    return {};
  for (auto [i, place] : llvm::enumerate(*places))
    if (place != static_cast<int64_t>(i) / times)
      return {};
  shape.insert(shape.begin() + axis + 1, 1);
  Value parts =
      createReshape(context.getBuilder(), context.getLoc(), data, shape);
  shape[axis + 1] = times;
  auto type =
      RankedTensorType::get(shape, getElementTypeOrSelf(data.getType()));
  return createReshape(context.getBuilder(), context.getLoc(),
                       context.create<BroadcastOp>(type, parts),
                       context.outputType(0).getShape());
}

static Refusal raiseGather(RaiseContext &context) {
  Value data = context.input(0);
  Value indices = context.input(1);
  int64_t rank = getShape(data).size();
  int64_t axis = normaliseAxis(context.getNode().getIntAttr("axis", 0), rank);
  auto dequantize = data.getDefiningOp<DequantizeOp>();
  Matrix table;
  table.transposed = false;
  if (dequantize && axis == 0 && !getShape(indices).empty() &&
      isQuantisedWeight(dequantize) && readQuantised(dequantize, table) &&
      table.quant.getRows() == 1) {
    context.setOutput(0, context.create<EmbeddingOp>(
                             context.outputType(0), table.weight, indices,
                             table.scales, table.zeroPoints, table.quant));
    return std::nullopt;
  }
  // Rows are chosen first and converted then, where the table is converted.
  auto cast = data.getDefiningOp<CastOp>();
  if (cast && isWeight(cast.getInput()) &&
      isa<FloatType>(getElementTypeOrSelf(cast.getInput().getType())) &&
      isa<FloatType>(getElementTypeOrSelf(data.getType())) && rank == 2 &&
      axis == 0)
    data = cast.getInput();
  if (isWeight(data) && rank == 2 && axis == 0 && !getShape(indices).empty()) {
    context.setOutput(0, context.create<EmbeddingOp>(
                             context.outputType(0), data, indices,
                             /*scales=*/Value(), /*zero_points=*/Value(),
                             BlockQuantAttr()));
    return std::nullopt;
  }
  Value moved = gatherSlice(context, data, axis);
  if (!moved)
    moved = gatherCopies(context, data, axis);
  context.setOutput(0, moved ? moved
                             : context.create<GatherOp>(context.outputType(0),
                                                        data, indices, axis));
  return std::nullopt;
}

static Refusal raiseGatherBlockQuantized(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  int64_t rank = getShape(context.input(0)).size();
  if (rank != 2 ||
      normaliseAxis(node.getIntAttr("gather_axis", 0), rank) != 0 ||
      normaliseAxis(node.getIntAttr("quantize_axis", 1), rank) != 1)
    return "is not a gather of rows quantised along their length";
  BlockQuantAttr quant =
      getBlockQuant(node.getContext(), node.getIntAttr("bits", 4),
                    node.getIntAttr("block_size", 128));
  if (!quant)
    return "has bits or block_size that no rule knows";
  context.setOutput(
      0, context.create<EmbeddingOp>(context.outputType(0), context.input(0),
                                     context.input(1), context.input(2),
                                     context.input(3), quant));
  return std::nullopt;
}

void inlay::nn::addLinearRules(RuleTable &rules) {
  const std::tuple<StringRef, unsigned, Rule> all[] = {
      {"MatMul", 2, raiseMatMul},
      {"Gemm", 2, raiseGemm},
      {"com.microsoft::FusedMatMul", 2, raiseFusedMatMul},
      {"com.microsoft::TransposeMatMul", 2, raiseFusedMatMul},
      {"com.microsoft::MatMulNBits", 3, raiseMatMulNBits},
      {"DequantizeLinear", 2, raiseDequantize},
      {"com.microsoft::DequantizeLinear", 2, raiseDequantize},
      {"MatMulInteger", 0, integerProductRule("integers")},
      {"QLinearMatMul", 0, integerProductRule("quantised activations")},
      {"Gather", 2, raiseGather},
      {"com.microsoft::GatherBlockQuantized", 3, raiseGatherBlockQuantized},
  };
  for (const auto &[name, inputs, rule] : all)
    rules[name] = withInputs(inputs, rule);
}
