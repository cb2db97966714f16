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
    int64_t blocks = quant.getBlock() ? ceilDiv(k, quant.getBlock()) : 1;
    int64_t scales = numElements(getShape(op.getScales()));
    bool isOneForAll = scales == 1 && quant.getBlock() == 0;
    if (scales != n * blocks && !isOneForAll)
      return op.emitOpError()
             << "needs " << n << " x " << blocks << " scales, got " << scales;
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
  return success();
}

LogicalResult DequantizeOp::verify() {
  ArrayRef<int64_t> input = getShape(getInput());
  if (getShape(getResult()) != input)
    return emitOpError() << "the result must have the input's shape " << input
                         << ", got " << getShape(getResult());
  int64_t scales = numElements(getShape(getScales()));
  int64_t axis = getAxis(), block = getBlock();
  bool isAxis = axis >= 0 && axis < static_cast<int64_t>(input.size());
  if (block < 0 || (!isAxis && scales != 1))
    return emitOpError() << "axis " << axis << " and block " << block
                         << " do not fit a tensor of rank " << input.size();
  if (scales != 1) {
    int64_t expected = block == 0 ? input[axis]
                                  : numElements(input) /
                                        std::max<int64_t>(1, input[axis]) *
                                        ceilDiv(input[axis], block);
    if (scales != expected)
      return emitOpError() << "needs " << expected << " scales or one, got "
                           << scales;
  }
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
  if (lhs.back() != rhs[rhs.size() - 2])
    return emitOpError() << "the last dim of lhs, " << lhs.back()
                         << ", must equal the last but one of rhs, "
                         << rhs[rhs.size() - 2];
  ArrayRef<int64_t> result = getShape(getResult());
  if (result.size() != std::max(lhs.size(), rhs.size()) ||
      result[result.size() - 2] != lhs[lhs.size() - 2] ||
      result.back() != rhs.back())
    return emitOpError() << "the result must end in " << lhs[lhs.size() - 2]
                         << " x " << rhs.back() << " and have "
                         << std::max(lhs.size(), rhs.size()) << " dims, got "
                         << result;
  return success();
}
