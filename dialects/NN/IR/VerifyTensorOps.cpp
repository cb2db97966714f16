//===- VerifyTensorOps.cpp - Verifiers of elementwise and shape operations ===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/NN/IR/NN.h"

#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace inlay::nn;

static LogicalResult verifySameShape(Operation *op) {
  if (getShape(op->getOperand(0)) != getShape(op->getResult(0)))
    return op->emitOpError() << "the result must have the input's shape "
                             << getShape(op->getOperand(0)) << ", got "
                             << getShape(op->getResult(0));
  return success();
}

static LogicalResult verifyBroadcast(Operation *op) {
  SmallVector<ArrayRef<int64_t>> shapes;
  for (Value operand : op->getOperands())
    shapes.push_back(getShape(operand));
  auto expected = broadcastShapes(shapes);
  ArrayRef<int64_t> result = getShape(op->getResult(0));
  if (!expected)
    return op->emitOpError("the shapes of the operands do not broadcast");
  if (ArrayRef<int64_t>(*expected) != result)
    return op->emitOpError()
           << "the result must have the broadcast shape "
           << ArrayRef<int64_t>(*expected) << ", got " << result;
  return success();
}

LogicalResult UnaryOp::verify() { return verifySameShape(*this); }
LogicalResult CastOp::verify() { return verifySameShape(*this); }
LogicalResult BinaryOp::verify() { return verifyBroadcast(*this); }
LogicalResult WhereOp::verify() { return verifyBroadcast(*this); }

/// Whether `absent` are places among those of `present` values and themselves.
static bool arePlaces(std::optional<ArrayRef<int64_t>> absent, size_t present) {
  if (!absent)
    return true;
  int64_t count = present + absent->size();
  int64_t last = -1;
  for (int64_t place : *absent) {
    if (place <= last || place >= count)
      return false;
    last = place;
  }
  return true;
}

LogicalResult OpaqueOp::verify() {
  if (getFullName().empty())
    return emitOpError("needs the name of an operator");
  if (!arePlaces(getAbsentInputs(), getInputs().size()))
    return emitOpError("absent_inputs are not ascending positions of inputs");
  if (!arePlaces(getAbsentOutputs(), getOutputs().size()))
    return emitOpError("absent_outputs are not ascending positions of outputs");
  return success();
}

LogicalResult OpaqueOp::verifyRegions() {
  if (getBody().empty())
    return success();
  if (getNodeAttrs() || getAbsentInputs() || getAbsentOutputs() ||
      getOwnOpset())
    return emitOpError("has a body, which says what its attributes say");
  Block &block = getBody().front();
  auto yield =
      dyn_cast_or_null<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!yield)
    return emitOpError("has a body that does not end in inlay_nn.yield");
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("has a body whose arguments are not of the types of "
                       "the inputs");
  if (yield.getOperandTypes() != getOutputs().getTypes())
    return emitOpError("has a body whose yielded values are not of the types "
                       "of the outputs");
  return success();
}

LogicalResult ReduceOp::verify() {
  ArrayRef<int64_t> input = getShape(getInput());
  llvm::SmallBitVector seen(input.size());
  int64_t remaining = numElements(input);
  for (int64_t axis : getAxes()) {
    if (axis < 0 || axis >= static_cast<int64_t>(input.size()) || seen[axis])
      return emitOpError() << "axis " << axis
                           << " is no dim of the input or occurs twice";
    seen.set(axis);
    remaining /= std::max<int64_t>(1, input[axis]);
  }
  if (numElements(getShape(getResult())) != remaining)
    return emitOpError() << "the result must have " << remaining
                         << " elements, got " << getShape(getResult());
  return success();
}

LogicalResult TopKOp::verify() {
  ArrayRef<int64_t> input = getShape(getInput());
  for (Value result : getResults()) {
    ArrayRef<int64_t> shape = getShape(result);
    if (input.empty() || shape.size() != input.size() ||
        shape.drop_back() != input.drop_back() || shape.back() > input.back())
      return emitOpError()
             << "a result must have the input's shape with a last dim of at "
                "most "
             << (input.empty() ? 0 : input.back()) << ", got " << shape;
  }
  return success();
}

LogicalResult ReshapeOp::verify() {
  if (getElementTypeOrSelf(getInput()) != getElementTypeOrSelf(getResult()) ||
      numElements(getShape(getInput())) != numElements(getShape(getResult())))
    return emitOpError() << "must keep the element type and the number of "
                            "elements, got "
                         << getShape(getInput()) << " to "
                         << getShape(getResult());
  return success();
}

LogicalResult TransposeOp::verify() {
  ArrayRef<int64_t> input = getShape(getInput());
  ArrayRef<int64_t> result = getShape(getResult());
  ArrayRef<int64_t> permutation = getPermutation();
  llvm::SmallBitVector seen(input.size());
  bool valid = permutation.size() == input.size();
  for (int64_t dim : permutation) {
    valid &= dim >= 0 && dim < static_cast<int64_t>(input.size()) && !seen[dim];
    if (!valid)
      break;
    seen.set(dim);
  }
  if (!valid)
    return emitOpError("'permutation' must be a permutation of the input's "
                       "dims");
  for (size_t i = 0; i < permutation.size(); ++i)
    if (result.size() != input.size() || result[i] != input[permutation[i]])
      return emitOpError() << "the result must have the permuted shape of the "
                              "input, got "
                           << result;
  return success();
}

LogicalResult ConcatOp::verify() {
  ArrayRef<int64_t> result = getShape(getResult());
  if (getInputs().empty())
    return emitOpError("needs at least one input");
  if (getAxis() >= result.size())
    return emitOpError() << "axis " << getAxis()
                         << " is not a dim of the result";
  int64_t sum = 0;
  for (Value input : getInputs()) {
    ArrayRef<int64_t> shape = getShape(input);
    if (shape.size() != result.size())
      return emitOpError("inputs must have the rank of the result");
    for (size_t i = 0; i < shape.size(); ++i)
      if (i != getAxis() && shape[i] != result[i])
        return emitOpError()
               << "inputs may differ along axis " << getAxis() << " only";
    sum += shape[getAxis()];
  }
  if (sum != result[getAxis()])
    return emitOpError() << "the inputs add up to " << sum << " along axis "
                         << getAxis() << ", but the result has "
                         << result[getAxis()];
  return success();
}

LogicalResult SliceOp::verify() {
  ArrayRef<int64_t> input = getShape(getInput());
  ArrayRef<int64_t> result = getShape(getResult());
  if (getOffsets().size() != input.size() ||
      getStrides().size() != input.size() || result.size() != input.size())
    return emitOpError("needs one offset and one stride for each dim");
  for (size_t i = 0; i < input.size(); ++i) {
    int64_t offset = getOffsets()[i];
    int64_t stride = getStrides()[i];
    if (offset < 0 || stride < 1 ||
        (result[i] > 0 && offset + (result[i] - 1) * stride >= input[i]))
      return emitOpError() << "takes " << result[i] << " elements from "
                           << offset << " on, " << stride << " apart, of dim "
                           << i << " of size " << input[i];
  }
  return success();
}

LogicalResult BroadcastOp::verify() {
  if (getElementTypeOrSelf(getInput()) != getElementTypeOrSelf(getResult()))
    return emitOpError("must keep the element type");
  ArrayRef<int64_t> result = getShape(getResult());
  auto expected = broadcastShapes({getShape(getInput()), result});
  if (!expected || ArrayRef<int64_t>(*expected) != result)
    return emitOpError() << "shape " << getShape(getInput())
                         << " does not broadcast to " << result;
  return success();
}

LogicalResult GatherOp::verify() {
  ArrayRef<int64_t> input = getShape(getInput());
  if (getAxis() >= input.size())
    return emitOpError() << "axis " << getAxis()
                         << " is not a dim of the input";
  SmallVector<int64_t> expected(input.take_front(getAxis()));
  llvm::append_range(expected, getShape(getIndices()));
  llvm::append_range(expected, input.drop_front(getAxis() + 1));
  if (getShape(getResult()) != ArrayRef<int64_t>(expected))
    return emitOpError() << "the result must be " << ArrayRef<int64_t>(expected)
                         << ", got " << getShape(getResult());
  return success();
}

LogicalResult RangeOp::verify() {
  if (getShape(getResult()).size() != 1)
    return emitOpError() << "the result must be 1-D, got "
                         << getShape(getResult());
  return success();
}

LogicalResult CacheWriteOp::verify() {
  ArrayRef<int64_t> cache = getShape(getCache());
  ArrayRef<int64_t> update = getShape(getUpdate());
  if (getCache().getType() != getType())
    return emitOpError() << "the result must be a " << getCache().getType()
                         << ", got " << getType();
  if (getAxis() >= cache.size())
    return emitOpError() << "axis " << getAxis()
                         << " is not a dim of the cache";
  bool fits = update.size() == cache.size();
  for (size_t i = 0; fits && i < cache.size(); ++i)
    fits = i == getAxis() ? update[i] <= cache[i] : update[i] == cache[i];
  if (!fits)
    return emitOpError() << "an update of " << update
                         << " does not fit into a cache of " << cache
                         << " along axis " << getAxis();
  return success();
}
