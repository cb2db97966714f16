//===- IterationSpaces.cpp - The loop nests of each operation -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Those of attention and experts are in files of their own.
//
//===----------------------------------------------------------------------===//

#include "IterationSpaces.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using model::IndexExpr;
using model::OpClass;
using model::OpSpec;

//===----------------------------------------------------------------------===//
// Products with weights
//===----------------------------------------------------------------------===//
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

void inlay::nn::rotaryCaches(SpaceBuilder &space, Value cos, Value sin, int dim,
                             int64_t channels) {
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
