//===- IterationSpaces.cpp - The loop nests of each operation -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations for each point follow the usual count: a multiply-accumulate is 2,
// an elementwise function of one instruction 1, a transcendental function 4.
// They weigh ops against each other in ideal estimates; calibrated ones take
// cycles from the target file.
//
//===----------------------------------------------------------------------===//

#include "SplitKey.h"
#include "dialects/NN/IR/SpaceBuilder.h"
#include "inlay/Support/Format.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using model::IndexExpr;
using model::OpClass;
using model::OpSpec;

using Spaces = SmallVector<OpSpec>;

static constexpr double kMultiplyAccumulate = 2;
static constexpr double kTranscendental = 4;
/// Square, accumulate, scale, multiply by gamma.
static constexpr double kNorm = 4;
/// Four products and two sums for each pair of channels.
static constexpr double kRotary = 3;
/// Maximum, subtract, exponential, sum, scale.
static constexpr double kSoftmax = 4 + kTranscendental;

//===----------------------------------------------------------------------===//
// Products with weights
//===----------------------------------------------------------------------===//

/// Of a dim of `size`: where it may be cut, and what shares a scale along it.
///
/// A block of 64 and more is much for a core, and its scale little: cuts may
/// fall into it, at multiples of a quarter, and cores on either side have the
/// scale.
struct BlockedDim {
  BlockedDim(int64_t block, int64_t size)
      : unit(std::clamp<int64_t>(block, 1, std::max<int64_t>(1, size))),
        length(block ? block : size) {
    if (unit >= kLarge && unit % kParts == 0)
      unit /= kParts;
  }

  static constexpr int64_t kLarge = 64, kParts = 4;
  int64_t unit;
  int64_t length;
};

/// How the scales of a matrix lie with its rows and columns, and where these
/// may be cut.
///
/// Where a row has scales of its own, columns are cut between blocks that are
/// not large. Where rows share scales, a whole block is much for a core (128 of
/// 128 fp8 weights are 16 KiB), and scales are few: rows and columns are cut
/// anywhere, and a core has the scales of all blocks that it has a part of; of
/// all blocks, if there are hardly any.
struct ScaleIndexing {
  ScaleIndexing(BlockQuantAttr quant, int row, int64_t height, int column,
                int64_t width)
      : byRow{row, 1}, byColumn{column, 1} {
    if (!quant)
      return;
    BlockedDim rows(quant.getRows(), height), columns(quant.getBlock(), width);
    byColumn.divisor = columns.length;
    columnUnit = columns.unit;
    if (quant.getRows() == 1)
      return;
    columnUnit = 1;
    byRow.divisor = rows.length;
    int64_t rowBlocks = ceilDiv(height, rows.length);
    int64_t columnBlocks = ceilDiv(width, columns.length);
    if (rowBlocks * columnBlocks <= kFewScales)
      byRow = byColumn = {-1, 1};
  }

  static constexpr int64_t kFewScales = 64;
  int64_t columnUnit = 1;
  IndexExpr byRow, byColumn;
};

template <typename OpTy> static Spaces linearSpaces(OpTy op) {
  ArrayRef<int64_t> input = getShape(op.getInput());
  BlockQuantAttr quant = op.getQuantAttr();
  SpaceBuilder space(op, op->getName().stripDialect(), OpClass::Contraction);
  int token = space.parallel("token", numElements(input.drop_back()));
  int64_t height = getLastDim(op.getResult());
  ScaleIndexing scales(quant, token + 1, height, token + 2, input.back());
  int n = space.parallel("n", height);
  int k = space.reduction("k", input.back(), scales.columnUnit);
  space.input(op.getInput(), {{token, 1}, {k, 1}});
  if (op.getQuant()) {
    SmallVector<IndexExpr> perValue = {{n, 1}, {k, 1}};
    SmallVector<IndexExpr> perBlock = {scales.byRow, scales.byColumn};
    if (op.getTransposed()) {
      std::swap(perValue[0], perValue[1]);
      std::swap(perBlock[0], perBlock[1]);
    }
    if (numElements(getShape(op.getScales())) == 1)
      perBlock.assign(1, {-1, 1});
    space.input(op.getWeight(), quantisedType(*op.getQuant(), op.getWeight()),
                perValue);
    space.input(op.getScales(), perBlock);
    space.input(op.getZeroPoints(),
                quantisedType(*op.getQuant(), op.getZeroPoints()), perBlock);
  } else if (op.getTransposed()) {
    space.input(op.getWeight(), {{k, 1}, {n, 1}});
  } else {
    space.input(op.getWeight(), {{n, 1}, {k, 1}});
  }
  space.input(op.getBias(), {{n, 1}});
  space.output(op.getResult(), {{token, 1}, {n, 1}});
  space.opsPerPoint(kMultiplyAccumulate);
  return {space.take()};
}

Spaces LinearOp::getIterationSpaces() { return linearSpaces(*this); }
Spaces LmHeadOp::getIterationSpaces() { return linearSpaces(*this); }

Spaces EmbeddingOp::getIterationSpaces() {
  ArrayRef<int64_t> result = getShape(getResult());
  int64_t width = result.back();
  int64_t block = getQuant() ? getQuant()->getBlock() : 0;
  int64_t rows = getShape(getTable()).front();
  SpaceBuilder space(*this, "embedding", OpClass::Lookup);
  int token = space.parallel("token", numElements(result.drop_back()));
  int vocab = space.parallel("vocab", rows);
  int n = space.parallel("n", width, std::max<int64_t>(1, block));
  if (getQuant()) {
    SmallVector<IndexExpr> perBlock = {{vocab, 1}, {n, block ? block : width}};
    space.input(getTable(), quantisedType(*getQuant(), getTable()),
                {{vocab, 1}, {n, 1}});
    space.input(getScales(), perBlock);
    space.input(getZeroPoints(), quantisedType(*getQuant(), getZeroPoints()),
                perBlock);
  } else {
    space.input(getTable(), {{vocab, 1}, {n, 1}});
  }
  space.input(getIds(), {{token, 1}});
  space.output(getResult(), {{token, 1}, {n, 1}});
  space.density(1.0 / static_cast<double>(rows));
  return {space.take()};
}

/// How often the right factor's batch repeats over the leading dims of the
/// result: a matrix for each head and several sequences. 1 where it does not.
static int64_t repeatsOfBatch(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs,
                              ArrayRef<int64_t> result) {
  ArrayRef<int64_t> inner =
      rhs.drop_back(2).drop_while([](int64_t size) { return size == 1; });
  ArrayRef<int64_t> batch = result.drop_back(2);
  if (inner.empty() || batch.take_back(inner.size()) != inner ||
      numElements(lhs.drop_back(2)) != numElements(batch))
    return 1;
  return numElements(batch.drop_back(inner.size()));
}

Spaces MatMulOp::getIterationSpaces() {
  ArrayRef<int64_t> lhs = getShape(getLhs());
  ArrayRef<int64_t> rhs = getShape(getRhs());
  ArrayRef<int64_t> result = getShape(getResult());
  SpaceBuilder space(*this, "matmul", OpClass::Contraction);
  BlockQuantAttr quant = getQuantAttr();
  // Rows of all that share a right factor are rows of one product.
  int64_t repeats = repeatsOfBatch(lhs, rhs, result);
  int batch =
      space.parallel("batch", numElements(result.drop_back(2)) / repeats);
  int m = space.parallel("token", lhs[lhs.size() - 2] * repeats);
  // The rows of the right factor are outputs if it is transposed, else inputs.
  int n = m + 1, k = m + 2;
  int row = getTransposed() ? n : k, column = getTransposed() ? k : n;
  ScaleIndexing scales(quant, row, rhs[rhs.size() - 2], column, rhs.back());
  space.parallel("n", result.back(), getTransposed() ? 1 : scales.columnUnit);
  space.reduction("k", lhs.back(), getTransposed() ? scales.columnUnit : 1);
  bool lhsBatched = numElements(lhs.drop_back(2)) > 1;
  bool rhsBatched = numElements(rhs.drop_back(2)) > 1;
  space.input(getLhs(), lhsBatched
                            ? ArrayRef<IndexExpr>{{batch, 1}, {m, 1}, {k, 1}}
                            : ArrayRef<IndexExpr>{{m, 1}, {k, 1}});
  auto matrix = [&](IndexExpr byRow, IndexExpr byColumn) {
    SmallVector<IndexExpr> indexing = {byRow, byColumn};
    if (rhsBatched)
      indexing.insert(indexing.begin(), IndexExpr{batch, 1});
    return indexing;
  };
  if (quant) {
    space.input(getRhs(), quantisedType(quant, getRhs()),
                matrix({row, 1}, {column, 1}));
    space.input(getScales(), matrix(scales.byRow, scales.byColumn));
    space.input(getZeroPoints(), quantisedType(quant, getZeroPoints()),
                matrix(scales.byRow, scales.byColumn));
  } else {
    space.input(getRhs(), matrix({row, 1}, {column, 1}));
  }
  space.output(getResult(), {{batch, 1}, {m, 1}, {n, 1}});
  space.opsPerPoint(kMultiplyAccumulate);
  return {space.take()};
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

static OpSpec normSpace(Operation *op, Value input, ValueRange vectors,
                        OpClass opClass, double opsPerPoint) {
  ArrayRef<int64_t> shape = getShape(input);
  SpaceBuilder space(op, op->getName().stripDialect(), opClass);
  int token = space.parallel("token", numElements(shape.drop_back()));
  int n = space.reduction("n", shape.back());
  space.input(input, {{token, 1}, {n, 1}});
  for (Value vector : vectors)
    space.input(vector, {{n, 1}});
  space.output(op->getResult(0), {{token, 1}, {n, 1}});
  space.opsPerPoint(opsPerPoint);
  return space.take();
}

Spaces RmsNormOp::getIterationSpaces() {
  return {normSpace(*this, getInput(), getGamma(), OpClass::Reduction, kNorm)};
}

Spaces LayerNormOp::getIterationSpaces() {
  SmallVector<Value> vectors = {getGamma()};
  if (getBeta())
    vectors.push_back(getBeta());
  return {normSpace(*this, getInput(), vectors, OpClass::Reduction, kNorm + 2)};
}

Spaces SoftmaxOp::getIterationSpaces() {
  return {normSpace(*this, getInput(), {}, OpClass::Softmax, kSoftmax)};
}

/// Adds the caches of cosines and sines, of which a step reads one row for each
/// token. The rows are a dim, as in a lookup, so that the caches can be cut:
/// whole, those of a long context exceed the SRAM of a core. Caches that are
/// computed for the tokens of the step have no such dim. `channels` have a
/// column together.
static void rotaryCaches(SpaceBuilder &space, Value cos, Value sin, int dim,
                         int64_t channels = 2) {
  SmallVector<IndexExpr> indexing(getShape(cos).size(), {-1, 1});
  indexing.back() = {dim, channels};
  if (indexing.size() == 2) {
    int64_t rows = std::max<int64_t>(1, getShape(cos).front());
    indexing.front() = {space.parallel("position", rows), 1};
    space.density(1.0 / static_cast<double>(rows));
  }
  space.input(cos, indexing);
  space.input(sin, indexing);
}

Spaces RotaryOp::getIterationSpaces() {
  int64_t width = std::max<int64_t>(2, getWidth());
  int64_t elements = numElements(getShape(getInput()));
  SpaceBuilder space(*this, "rotary", OpClass::Elementwise);
  int token = space.parallel("token", std::max<int64_t>(1, elements / width));
  int dim = space.parallel("dim", width, 2);
  space.input(getInput(), {{token, 1}, {dim, 1}});
  rotaryCaches(space, getCos(), getSin(), dim, getFullWidth() ? 1 : 2);
  space.output(getResult(), {{token, 1}, {dim, 1}});
  space.opsPerPoint(kRotary);
  return {space.take()};
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {

/// The three nests of attention share their dims' sizes.
class AttentionSpaces {
public:
  explicit AttentionSpaces(AttentionOp op) : op(op) {
    ArrayRef<int64_t> query = getShape(op.getQuery());
    newTokens = query[1];
    tokens = query[0] * newTokens;
    length = op.getVisibleLength();
    groupSize = op.getNumHeads() / op.getKvHeads();
  }

  Spaces run() {
    Spaces spaces;
    if (op.getLayout() != RotaryLayout::None || op.getQueryNorm())
      spaces.push_back(prepare());
    spaces.push_back(scores());
    if (hasSplitKey(op))
      spaces.push_back(secondScores());
    spaces.push_back(softmax());
    spaces.push_back(context());
    return spaces;
  }

private:
  /// Rotation and norm of the new queries and keys.
  OpSpec prepare() {
    SpaceBuilder space(op, "rotary", OpClass::Elementwise);
    int token = space.parallel("token", tokens);
    int head = space.parallel("head", op.getNumHeads() + op.getKvHeads());
    // The first channels of a head rotate, two for each column of a cache.
    int64_t width = op.getHeadDim();
    if (op.getCos())
      width = std::max<int64_t>(2, 2 * getLastDim(op.getCos()));
    int dim = space.parallel("dim", width, 2);
    if (op.getCos())
      rotaryCaches(space, op.getCos(), op.getSin(), dim);
    int normed = width == static_cast<int64_t>(op.getHeadDim()) ? dim : -1;
    space.input(op.getQueryNorm(), {{normed, 1}});
    space.input(op.getKeyNorm(), {{normed, 1}});
    space.local(op.getQuery().getType(), {{token, 1}, {head, 1}, {dim, 1}});
    space.opsPerPoint(kRotary + (op.getQueryNorm() ? kNorm : 0));
    return space.take();
  }

  /// New keys and values have one row for each new token; without a past they
  /// may be all keys there are.
  SmallVector<IndexExpr> keyDims(int token, int head, int keys, int dim) {
    bool isAll = op.getKey() && getShape(op.getKey())[1] != newTokens;
    if (isAll)
      return {{token, newTokens}, {keys, 1}, {head, 1}, {dim, 1}};
    return {{token, 1}, {head, 1}, {dim, 1}};
  }

  /// Past and present are one memory; the present tells its size. Its logical
  /// dims are the same whether the file keeps heads apart or not.
  void state(SpaceBuilder &space, Value past, Value present, Value scale,
             int token, int head, int keys, int dim) {
    SmallVector<IndexExpr> dims = {
        {token, newTokens}, {head, 1}, {keys, 1}, {dim, 1}};
    if (past && op.getStateBits())
      space.input(past,
                  {"u" + std::to_string(op.getStateBits()),
                   static_cast<int>(op.getStateBits())},
                  dims);
    else if (past)
      space.input(past, dims);
    else if (present)
      space.output(present, dims);
    if (scale && numElements(getShape(scale)) > 1)
      space.input(scale, {{head, 1}, {dim, 1}});
    else
      space.input(scale, {{-1, 1}});
  }

  /// Products of the queries' channels with those of one part of the keys.
  OpSpec scoresOf(StringRef name, int64_t width, Value part, Value past,
                  Value present) {
    SpaceBuilder space(op, name, OpClass::Contraction);
    int token = space.parallel("token", tokens);
    int head = space.parallel("head", op.getKvHeads());
    int group = space.parallel("group", groupSize);
    int keys = space.parallel("context", length);
    int dim = space.reduction("dim", width);
    space.input(op.getQuery(), {{token, 1}, {head, 1}, {group, 1}, {dim, 1}});
    space.input(part, keyDims(token, head, keys, dim));
    state(space, past, present, op.getKeyScale(), token, head, keys, dim);
    space.local(op.getResult().getType(),
                {{token, 1}, {head, 1}, {group, 1}, {keys, 1}});
    space.opsPerPoint(kMultiplyAccumulate);
    return space.take();
  }

  OpSpec scores() {
    return scoresOf("scores", getKeyWidth(op), op.getKey(), op.getPastKey(),
                    op.getPresentKey());
  }

  /// The channels of keys in two parts that are no values.
  OpSpec secondScores() {
    return scoresOf("second_scores", getValueWidth(op), op.getValue(),
                    op.getPastValue(), op.getPresentValue());
  }

  OpSpec softmax() {
    SpaceBuilder space(op, "softmax", OpClass::Softmax);
    int token = space.parallel("token", tokens);
    int head = space.parallel("head", op.getKvHeads());
    int group = space.parallel("group", groupSize);
    int keys = space.reduction("context", length);
    space.input(op.getSinks(), {{head, 1}, {group, 1}});
    space.input(op.getBias(), {{keys, 1}});
    space.local(op.getResult().getType(),
                {{token, 1}, {head, 1}, {group, 1}, {keys, 1}});
    space.opsPerPoint(kSoftmax + (op.getSoftcap().convertToDouble() > 0
                                      ? kTranscendental
                                      : 0));
    return space.take();
  }

  OpSpec context() {
    SpaceBuilder space(op, "context", OpClass::Contraction);
    int token = space.parallel("token", tokens);
    int head = space.parallel("head", op.getKvHeads());
    int group = space.parallel("group", groupSize);
    // Values that are the first channels of the keys are cut as these are: one
    // state cannot lie in two ways.
    int64_t width = op.getValueInKey() ? getKeyWidth(op) : op.getValueDim();
    int dim = space.parallel("dim", width);
    space.density(static_cast<double>(op.getValueDim()) /
                  static_cast<double>(width));
    int keys = space.reduction("context", length);
    space.local(op.getResult().getType(),
                {{token, 1}, {head, 1}, {group, 1}, {keys, 1}});
    if (op.getValueInKey()) {
      space.input(op.getKey(), keyDims(token, head, keys, dim));
      state(space, op.getPastKey(), op.getPresentKey(), op.getKeyScale(), token,
            head, keys, dim);
    } else {
      space.input(op.getValue(), keyDims(token, head, keys, dim));
      state(space, op.getPastValue(), op.getPresentValue(), op.getValueScale(),
            token, head, keys, dim);
    }
    space.output(op.getResult(), {{token, 1}, {head, 1}, {group, 1}, {dim, 1}});
    space.opsPerPoint(kMultiplyAccumulate);
    return space.take();
  }

  AttentionOp op;
  int64_t newTokens;
  int64_t tokens;
  int64_t length;
  int64_t groupSize;
};

} // namespace

Spaces AttentionOp::getIterationSpaces() {
  return AttentionSpaces(*this).run();
}

//===----------------------------------------------------------------------===//
// Mixture of experts
//===----------------------------------------------------------------------===//

Spaces RouteOp::getIterationSpaces() {
  ArrayRef<int64_t> logits = getShape(getLogits());
  SpaceBuilder space(*this, "route", OpClass::TopK);
  int token = space.parallel("token", logits[0]);
  int expert = space.reduction("expert", logits[1]);
  space.input(getLogits(), {{token, 1}, {expert, 1}});
  space.input(getBias(), {{expert, 1}});
  space.input(getScores(), {{token, 1}, {expert, 1}});
  space.output(getIndices(), {{token, 1}, {-1, 1}});
  space.output(getWeights(), {{token, 1}, {-1, 1}});
  space.opsPerPoint(kSoftmax + static_cast<double>(getK()));
  return {space.take()};
}

namespace {

/// fc1 (and fc3), activation, fc2. Only the chosen experts run: k of E.
class ExpertsSpaces {
public:
  explicit ExpertsSpaces(ExpertsOp op)
      : op(op), tokens(numElements(getShape(op.getInput()).drop_back())),
        density(static_cast<double>(op.getExpertsPerToken()) /
                static_cast<double>(op.getNumExperts())) {}

  Spaces run() {
    Spaces spaces;
    int64_t hidden = op.getHidden();
    int64_t inner = op.getIntermediate();
    spaces.push_back(
        product("fc1", op.getQuantAttr(),
                {op.getFc1(), op.getFc1Scales(), op.getFc1ZeroPoints(),
                 op.getFc1Global(), op.getFc1Bias()},
                inner, hidden));
    if (op.getFc3())
      spaces.push_back(
          product("fc3", op.getQuantAttr(),
                  {op.getFc3(), op.getFc3Scales(), op.getFc3ZeroPoints(),
                   op.getFc3Global(), op.getFc3Bias()},
                  inner, hidden));
    spaces.push_back(activation(inner));
    spaces.push_back(
        product("fc2", op.getQuantOfFc2(),
                {op.getFc2(), op.getFc2Scales(), op.getFc2ZeroPoints(),
                 op.getFc2Global(), op.getFc2Bias()},
                hidden, inner));
    return spaces;
  }

private:
  /// Values between the products, by number.
  static constexpr int kInner = 0, kOfFc3 = 1;

  /// The operands that are one matrix of the experts.
  struct MatrixOperands {
    Value weight, scales, zeroPoints, global, bias;
  };

  OpSpec product(StringRef name, BlockQuantAttr quant,
                 const MatrixOperands &matrix, int64_t height, int64_t width) {
    SpaceBuilder space(op, name, OpClass::Contraction);
    int token = space.parallel("token", tokens);
    int expert = space.parallel("expert", op.getNumExperts());
    ScaleIndexing scales(quant, expert + 1, height, expert + 2, width);
    int n = space.parallel("n", height);
    int k = space.reduction("k", width, scales.columnUnit);
    if (name == "fc2") {
      space.local(op.getInput().getType(), {{token, 1}, {k, 1}}, kInner);
      space.input(op.getWeights(), {{token, 1}, {-1, 1}});
    } else {
      space.input(op.getInput(), {{token, 1}, {k, 1}});
      space.input(op.getIndices(), {{token, 1}, {-1, 1}});
    }
    if (quant) {
      SmallVector<IndexExpr> perBlock = {
          {expert, 1}, scales.byRow, scales.byColumn};
      if (getShape(matrix.scales).size() == 1)
        perBlock.truncate(1);
      space.input(matrix.weight, quantisedType(quant, matrix.weight),
                  {{expert, 1}, {n, 1}, {k, 1}});
      space.input(matrix.scales, perBlock);
      space.input(matrix.zeroPoints, quantisedType(quant, matrix.zeroPoints),
                  perBlock);
      space.input(matrix.global, {{expert, 1}});
    } else {
      space.input(matrix.weight, {{expert, 1}, {n, 1}, {k, 1}});
    }
    space.input(matrix.bias, {{expert, 1}, {n, 1}});
    if (name == "fc2")
      space.output(op.getResult(), {{token, 1}, {n, 1}});
    else
      space.local(op.getInput().getType(), {{token, 1}, {n, 1}},
                  name == "fc3" ? kOfFc3 : kInner);
    space.opsPerPoint(kMultiplyAccumulate);
    space.density(density);
    return space.take();
  }

  OpSpec activation(int64_t inner) {
    SpaceBuilder space(op, "activation", OpClass::Elementwise);
    int token = space.parallel("token", tokens);
    space.parallel("expert", op.getNumExperts());
    int n = space.parallel("n", inner);
    // It works in place.
    bool gated = static_cast<bool>(op.getFc3());
    if (gated)
      space.local(op.getInput().getType(), {{token, 1}, {n, 1}}, kOfFc3);
    space.local(op.getInput().getType(), {{token, 1}, {n, 1}}, kInner);
    space.local(op.getInput().getType(), {{token, 1}, {n, 1}}, kInner);
    space.opsPerPoint(kTranscendental + (gated ? 3 : 0));
    space.density(density);
    return space.take();
  }

  ExpertsOp op;
  int64_t tokens;
  double density;
};

} // namespace

Spaces ExpertsOp::getIterationSpaces() { return ExpertsSpaces(*this).run(); }

//===----------------------------------------------------------------------===//
// Elementwise and data movement
//===----------------------------------------------------------------------===//

static bool isTranscendental(UnaryKind kind) {
  switch (kind) {
  case UnaryKind::Abs:
  case UnaryKind::Neg:
  case UnaryKind::Relu:
  case UnaryKind::Not:
  case UnaryKind::Floor:
  case UnaryKind::Ceil:
  case UnaryKind::Round:
  case UnaryKind::Sign:
    return false;
  default:
    return true;
  }
}

Spaces UnaryOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Elementwise,
                           isTranscendental(getKind()) ? kTranscendental : 1)};
}

Spaces BinaryOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Elementwise, 1)};
}

Spaces WhereOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Elementwise, 1)};
}

Spaces CastOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Elementwise, 1)};
}

Spaces ReduceOp::getIterationSpaces() {
  int64_t outputs = numElements(getShape(getResult()));
  SpaceBuilder space(*this, "reduce", OpClass::Reduction);
  int token = space.parallel("token", outputs);
  int n = space.reduction(
      "n", std::max<int64_t>(1, numElements(getShape(getInput())) /
                                    std::max<int64_t>(1, outputs)));
  space.input(getInput(), {{token, 1}, {n, 1}});
  space.output(getResult(), {{token, 1}});
  return {space.take()};
}

Spaces TopKOp::getIterationSpaces() {
  ArrayRef<int64_t> shape = getShape(getInput());
  SpaceBuilder space(*this, "top_k", OpClass::TopK);
  int token = space.parallel("token", numElements(shape.drop_back()));
  int n = space.reduction("n", shape.back());
  space.input(getInput(), {{token, 1}, {n, 1}});
  space.output(getIndices(), {{token, 1}, {-1, 1}});
  space.output(getValues(), {{token, 1}, {-1, 1}});
  space.opsPerPoint(static_cast<double>(getLastDim(getValues())));
  return {space.take()};
}

Spaces ReshapeOp::getIterationSpaces() { return {}; }
Spaces ConstantOp::getIterationSpaces() { return {}; }

Spaces TransposeOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Move, 1)};
}
Spaces ConcatOp::getIterationSpaces() {
  // What comes later begins before the result does, seen from its own end.
  SmallVector<int64_t> firsts;
  int64_t behind = 0;
  for (Value input : getInputs()) {
    firsts.push_back(-behind);
    behind += getShape(input)[getAxis()];
  }
  return {partSpace(*this, static_cast<int64_t>(getAxis()), firsts)};
}
/// -1: of no dim.
Spaces SliceOp::getIterationSpaces() {
  ArrayRef<int64_t> from = getShape(getInput()), to = getShape(getResult());
  int64_t axis = -1, numCut = 0;
  bool isStrided = false;
  for (size_t d = 0; d < from.size(); ++d) {
    if (from[d] == to[d])
      continue;
    axis = static_cast<int64_t>(d);
    ++numCut;
    isStrided |= getStrides()[d] > 1 && to[d] > 1;
  }
  if (numCut > 1 || isStrided)
    return {elementwiseSpace(*this, OpClass::Move, 1)};
  return {partSpace(*this, axis, axis < 0 ? 0 : getOffsets()[axis])};
}
Spaces BroadcastOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Move, 1)};
}
Spaces RangeOp::getIterationSpaces() { return {}; }
Spaces CacheWriteOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Move, 1)};
}
Spaces DequantizeOp::getIterationSpaces() {
  ArrayRef<int64_t> shape = getShape(getInput());
  int64_t block = shape.empty() ? 1 : getBlocks().back();
  bool isPerRow =
      !shape.empty() &&
      llvm::all_of(getBlocks().drop_back(), [](int64_t b) { return b == 1; });
  // Scales of boxes of rows are held whole by every core.
  if (!isPerRow || block == 0)
    return {elementwiseSpace(*this, OpClass::Elementwise, 2)};
  BlockedDim columns(block, shape.back());
  SpaceBuilder space(*this, "dequantize", OpClass::Elementwise);
  int token = space.parallel("token", numElements(shape.drop_back()));
  int n = space.parallel("n", shape.back(), columns.unit);
  space.input(getInput(), {{token, 1}, {n, 1}});
  space.input(getScales(), {{token, 1}, {n, columns.length}});
  space.input(getZeroPoints(), {{token, 1}, {n, columns.length}});
  space.output(getResult(), {{token, 1}, {n, 1}});
  space.opsPerPoint(2);
  return {space.take()};
}
Spaces GatherOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Move, 1)};
}
Spaces OpaqueOp::getIterationSpaces() {
  return {elementwiseSpace(*this, OpClass::Opaque, 1)};
}
