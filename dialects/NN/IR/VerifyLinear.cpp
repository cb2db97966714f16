//===- VerifyLinear.cpp - Verifiers of products with weights --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/NN/IR/NN.h"

#include "inlay/Support/Format.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

namespace {

/// The operands of linear and lm_head, checked in the order of the description.
template <typename OpTy> class LinearVerifier {
public:
  explicit LinearVerifier(OpTy op)
      : op(op), input(getShape(op.getInput())),
        weight(getShape(op.getWeight())), result(getShape(op.getResult())) {}

  LogicalResult run() {
    if (input.empty() || result.size() != input.size() ||
        input.drop_back() != result.drop_back())
      return op.emitOpError()
             << "the result must have the input's shape except "
                "for its last dim";
    k = input.back();
    n = result.back();
    if (failed(op.getQuant() ? verifyQuantised() : verifyFloat()))
      return failure();
    if (op.getBias() && numElements(getShape(op.getBias())) != n)
      return op.emitOpError() << "the bias must have " << n << " elements, got "
                              << numElements(getShape(op.getBias()));
    return success();
  }

private:
  LogicalResult verifyFloat() {
    if (op.getScales() || op.getZeroPoints())
      return op.emitOpError("has scales or zero points, but no 'quant'");
    SmallVector<int64_t> expected = {n, k};
    if (op.getTransposed())
      std::swap(expected[0], expected[1]);
    if (weight != ArrayRef<int64_t>(expected))
      return op.emitOpError() << "the weight must be " << expected[0] << " x "
                              << expected[1] << ", got " << weight;
    return success();
  }

  LogicalResult verifyQuantised() {
    BlockQuantAttr quant = *op.getQuant();
    int64_t bits = quant.getBits();
    if (op.getTransposed() && weight != ArrayRef<int64_t>({k, n}))
      return op.emitOpError() << "a transposed quantised weight must be " << k
                              << " x " << n << ", got " << weight;
    int64_t stored =
        numElements(weight) * getElementType(op.getWeight().getType()).bits;
    if (!op.getTransposed() &&
        (weight.empty() || weight.front() != n || stored < n * k * bits))
      return op.emitOpError()
             << "the quantised weight must have " << n << " rows of at least "
             << k << " x " << bits << " bits, got " << weight;
    if (!op.getScales())
      return op.emitOpError("has 'quant', but no scales");
    int64_t rows = ceilDiv(n, quant.getRows());
    int64_t blocks = quant.getBlock() ? ceilDiv(k, quant.getBlock()) : 1;
    int64_t scales = numElements(getShape(op.getScales()));
    bool isOneForAll = scales == 1 && quant.getBlock() == 0;
    if (scales != rows * blocks && !isOneForAll)
      return op.emitOpError() << "needs " << rows << " x " << blocks
                              << " scales, got " << scales;
    return success();
  }

  OpTy op;
  ArrayRef<int64_t> input;
  ArrayRef<int64_t> weight;
  ArrayRef<int64_t> result;
  int64_t n = 0;
  int64_t k = 0;
};

} // namespace

LogicalResult LinearOp::verify() {
  return LinearVerifier<LinearOp>(*this).run();
}

LogicalResult LmHeadOp::verify() {
  return LinearVerifier<LmHeadOp>(*this).run();
}

LogicalResult EmbeddingOp::verify() {
  ArrayRef<int64_t> ids = getShape(getIds());
  ArrayRef<int64_t> result = getShape(getResult());
  if (result.size() != ids.size() + 1 || result.drop_back() != ids)
    return emitOpError() << "the result must have the shape of the ids and one "
                            "more dim, got "
                         << result << " for " << ids;
  ArrayRef<int64_t> table = getShape(getTable());
  if (!getQuant() && (table.size() != 2 || table[1] != result.back()))
    return emitOpError() << "the table must be V x " << result.back()
                         << ", got " << table;
  if (table.empty())
    return emitOpError("the table must have rows, got a scalar");
  if (getQuant().has_value() != static_cast<bool>(getScales()))
    return emitOpError("must have scales exactly if it has 'quant'");
  if (getQuant() && getQuant()->getRows() != 1)
    return emitOpError("must have scales for each row: 'quant' has rows that "
                       "share them");
  return success();
}

/// How many boxes of `blocks` cover a tensor; a block of 0 is all of a dim.
static int64_t numBlocks(ArrayRef<int64_t> shape, ArrayRef<int64_t> blocks) {
  SmallVector<int64_t> counts;
  for (auto [size, block] : llvm::zip_equal(shape, blocks))
    counts.push_back(block ? ceilDiv(size, block) : 1);
  return numElements(counts);
}

LogicalResult DequantizeOp::verify() {
  ArrayRef<int64_t> input = getShape(getInput());
  if (getShape(getResult()) != input)
    return emitOpError() << "the result must have the input's shape " << input
                         << ", got " << getShape(getResult());
  ArrayRef<int64_t> blocks = getBlocks();
  if (blocks.size() != input.size() ||
      llvm::any_of(blocks, [](int64_t block) { return block < 0; }))
    return emitOpError() << "needs a block of at least 0 for each dim of "
                         << input << ", got " << blocks;
  int64_t scales = numElements(getShape(getScales()));
  int64_t expected = numBlocks(input, blocks);
  if (scales != expected)
    return emitOpError() << "needs " << expected << " scales, got " << scales;
  if (getZeroPoints() && numElements(getShape(getZeroPoints())) != scales)
    return emitOpError() << "needs as many zero points as scales, " << scales
                         << ", got " << numElements(getShape(getZeroPoints()));
  return success();
}

LogicalResult MatMulOp::verify() {
  ArrayRef<int64_t> lhs = getShape(getLhs());
  ArrayRef<int64_t> rhs = getShape(getRhs());
  if (lhs.size() < 2 || rhs.size() < 2)
    return emitOpError("operands must have at least two dims");
  int64_t k = rhs[rhs.size() - 2], n = rhs.back();
  if (getTransposed())
    std::swap(k, n);
  if (lhs.back() != k)
    return emitOpError() << "the last dim of lhs, " << lhs.back()
                         << ", must equal the last but one of rhs, " << k;
  ArrayRef<int64_t> result = getShape(getResult());
  if (result.size() != std::max(lhs.size(), rhs.size()) ||
      result[result.size() - 2] != lhs[lhs.size() - 2] || result.back() != n)
    return emitOpError() << "the result must end in " << lhs[lhs.size() - 2]
                         << " x " << n << " and have "
                         << std::max(lhs.size(), rhs.size()) << " dims, got "
                         << result;
  if (static_cast<bool>(getScales()) != getQuant().has_value() ||
      (getZeroPoints() && !getScales()))
    return emitOpError("must have scales exactly if it has 'quant', and zero "
                       "points only then");
  if (!getQuant())
    return success();
  SmallVector<int64_t> blocks(rhs.size(), 1);
  blocks[rhs.size() - 2] = getQuant()->getRows();
  blocks.back() = getQuant()->getBlock();
  int64_t expected = numBlocks(rhs, blocks);
  if (int64_t scales = numElements(getShape(getScales())); scales != expected)
    return emitOpError() << "needs " << expected << " scales, got " << scales;
  return success();
}
