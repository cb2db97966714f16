//===- SpaceBuilder.cpp - Builds iteration spaces -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/NN/IR/SpaceBuilder.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using model::DimKind;
using model::IndexExpr;
using model::OpClass;
using model::TensorRole;

SpaceBuilder::SpaceBuilder(Operation *op, StringRef name, OpClass opClass)
    : op(op) {
  spec.name = name.str();
  spec.opClass = opClass;
  if (op->getNumResults())
    spec.computeType = getElementType(op->getResult(0).getType());
}

int SpaceBuilder::parallel(StringRef name, int64_t size, int64_t unit) {
  spec.dims.push_back({name.str(), size, DimKind::Parallel, unit});
  return static_cast<int>(spec.dims.size()) - 1;
}

int SpaceBuilder::reduction(StringRef name, int64_t size, int64_t unit) {
  spec.dims.push_back({name.str(), size, DimKind::Reduction, unit});
  return static_cast<int>(spec.dims.size()) - 1;
}

void SpaceBuilder::input(Value value, ArrayRef<IndexExpr> indexing) {
  if (value)
    input(value, getElementType(value.getType()), indexing);
}

void SpaceBuilder::input(Value value, model::ElementType type,
                         ArrayRef<IndexExpr> indexing) {
  if (!value)
    return;
  auto operands = op->getOperands();
  int index = static_cast<int>(llvm::find(operands, value) - operands.begin());
  spec.operands.push_back({TensorRole::Input,
                           index,
                           std::move(type),
                           {indexing.begin(), indexing.end()}});
}

void SpaceBuilder::output(Value value, ArrayRef<IndexExpr> indexing) {
  if (!value)
    return;
  int index = static_cast<int>(cast<OpResult>(value).getResultNumber());
  spec.operands.push_back({TensorRole::Output,
                           index,
                           getElementType(value.getType()),
                           {indexing.begin(), indexing.end()}});
}

void SpaceBuilder::local(Type type, ArrayRef<IndexExpr> indexing, int number) {
  spec.operands.push_back({TensorRole::Local,
                           number,
                           getElementType(type),
                           {indexing.begin(), indexing.end()}});
}

model::ElementType inlay::nn::quantisedType(BlockQuantAttr quant,
                                            Value stored) {
  Type type = stored ? getElementTypeOrSelf(stored.getType()) : Type();
  // Bytes hold unsigned integers of any width; other types say what they are.
  if (type && !type.isUnsignedInteger())
    return getElementType(type);
  return {"u" + std::to_string(quant.getBits()),
          static_cast<int>(quant.getBits())};
}

/// How a tensor of `elements` points is read by a space of `tokens` x `n`.
static SmallVector<IndexExpr> flatIndexing(int64_t elements, int64_t tokens,
                                           int64_t n, int tokenDim, int nDim) {
  if (elements == tokens * n)
    return {{tokenDim, 1}, {nDim, 1}};
  if (elements == n)
    return {{nDim, 1}};
  if (elements == tokens)
    return {{tokenDim, 1}};
  // Any other shape is held whole by every core.
  return {};
}

model::OpSpec inlay::nn::partSpace(Operation *op, int64_t axis,
                                   ArrayRef<int64_t> firsts) {
  ArrayRef<int64_t> shape = getShape(op->getResult(0));
  SpaceBuilder space(op, op->getName().stripDialect(), OpClass::Move);
  int64_t n = shape.empty() ? 1 : shape.back();
  int token = space.parallel("token", numElements(shape) / n);
  int last = space.parallel("n", n);
  bool isLast = axis + 1 == static_cast<int64_t>(shape.size());
  bool isOutermost = axis >= 0 && numElements(shape.take_front(axis)) == 1;
  int64_t rows =
      isLast || axis < 0
          ? 0
          : numElements(shape.slice(axis + 1, shape.size() - axis - 2));
  for (auto [operand, first] : llvm::zip_equal(op->getOperands(), firsts)) {
    SmallVector<IndexExpr> indexing = {{token, 1}, {last, 1}};
    indexing[isLast ? 1 : 0].first = isLast ? first : first * rows;
    // That it begins with the tensor does not say which rows are those of a
    // dim; one row is there wherever it comes to lie.
    if (axis >= 0 && !isLast && (!isOutermost || first == 0))
      indexing.clear();
    if (!isLast && numElements(getShape(operand)) == n)
      indexing = {{last, 1}};
    space.input(operand, indexing);
  }
  space.output(op->getResult(0), {{token, 1}, {last, 1}});
  space.opsPerPoint(1);
  return space.take();
}

model::OpSpec inlay::nn::elementwiseSpace(Operation *op, OpClass opClass,
                                          double opsPerPoint) {
  ArrayRef<int64_t> shape;
  if (op->getNumResults() && isa<RankedTensorType>(op->getResult(0).getType()))
    shape = getShape(op->getResult(0));
  int64_t n = shape.empty() ? 1 : std::max<int64_t>(1, shape.back());
  int64_t tokens = numElements(shape) / n;
  SpaceBuilder space(op, op->getName().stripDialect(), opClass);
  int tokenDim = space.parallel("token", tokens);
  int nDim = space.parallel("n", n);
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.getType()))
      space.input(operand, flatIndexing(numElements(type.getShape()), tokens, n,
                                        tokenDim, nDim));
  for (Value result : op->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType()))
      space.output(result, flatIndexing(numElements(type.getShape()), tokens, n,
                                        tokenDim, nDim));
  space.opsPerPoint(opsPerPoint);
  return space.take();
}
