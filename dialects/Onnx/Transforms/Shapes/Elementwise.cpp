//===- Elementwise.cpp - Shapes of elementwise operators ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Unary operators keep the shape; the others broadcast. Known values are
// computed by Folding.cpp.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Folding.h"
#include "dialects/Onnx/Transforms/Shapes/Inference.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

/// Output 0 is as input 0.
static LogicalResult inferSame(NodeInference &n) {
  n.setLike(0, 0);
  return success();
}

/// As its input; the axis to normalise along must exist.
static LogicalResult inferSoftmax(NodeInference &n) {
  n.setLike(0, 0);
  std::optional<Shape> shape = n.shape(0);
  if (!shape || !n.hasAttr("axis"))
    return success();
  return failure(failed(n.axis(n.intAttr("axis", -1), shape->size())));
}

static LogicalResult inferUnary(NodeInference &n) {
  n.setLike(0, 0);
  if (const ConstTensor *value = n.value(0))
    if (std::optional<ConstTensor> result = foldUnary(n.opType(), *value))
      n.fold(0, *result);
  return success();
}

static LogicalResult inferIdentity(NodeInference &n) {
  n.setLike(0, 0);
  if (const ConstTensor *value = n.value(0))
    n.fold(0, *value);
  return success();
}

/// The shape of input 0 with elements i1.
static LogicalResult inferTest(NodeInference &n) {
  if (std::optional<Shape> shape = n.shape(0))
    n.set(0, *shape, IntegerType::get(n.node.getContext(), 1));
  return success();
}

/// The shape that the operands `first`... broadcast to; none where a shape is
/// unknown, failure where they do not agree.
static FailureOr<std::optional<Shape>> broadcastInputs(NodeInference &n,
                                                       unsigned first) {
  std::optional<Shape> result;
  for (unsigned i = first; i < n.numInputs(); ++i) {
    std::optional<Shape> shape = n.shape(i);
    if (!shape)
      return std::optional<Shape>();
    std::optional<Shape> joined = result ? broadcast(*result, *shape) : shape;
    if (!joined) {
      n.error() << "operands of shape " << formatShape(*result) << " and "
                << formatShape(*shape) << " do not broadcast";
      return failure();
    }
    result = joined;
  }
  return result;
}

/// Folds an operator of two operands or, from the left, of more.
static void foldOperands(NodeInference &n, ArrayRef<int64_t> shape,
                         Type elementType) {
  if (!n.mayFold(shape, elementType))
    return;
  bool isFmod = n.intAttr("fmod", 0) != 0;
  const ConstTensor *first = n.value(0);
  if (!first)
    return;
  ConstTensor result = *first;
  for (unsigned i = 1; i < n.numInputs(); ++i) {
    const ConstTensor *next = n.value(i);
    if (!next || next->elementType() != first->elementType())
      return;
    std::optional<Shape> joined = broadcast(result.shape(), next->shape());
    std::optional<ConstTensor> folded =
        foldBinary(n.opType(), isFmod, result, *next, *joined,
                   n.numInputs() == 2 ? elementType : first->elementType());
    if (!folded)
      return;
    result = std::move(*folded);
  }
  n.fold(0, result);
}

static LogicalResult inferBroadcast(NodeInference &n, Type elementType) {
  // Before opset 7 the second operand was laid over the first.
  if (n.node.getDomain().empty() && n.opset() != 0 && n.opset() < 7 &&
      n.numInputs() == 2) {
    if (std::optional<Shape> shape = n.shape(0))
      n.set(0, *shape, elementType);
    return success();
  }
  FailureOr<std::optional<Shape>> shape = broadcastInputs(n, 0);
  if (failed(shape))
    return failure();
  if (!*shape)
    return success();
  n.set(0, **shape, elementType);
  foldOperands(n, **shape, elementType);
  return success();
}

static LogicalResult inferArithmetic(NodeInference &n) {
  return inferBroadcast(n, n.elementType(0));
}

static LogicalResult inferComparison(NodeInference &n) {
  return inferBroadcast(n, IntegerType::get(n.node.getContext(), 1));
}

/// Which tokens are of one chunk is not folded for long contexts: what one step
/// sees of a chunk would look like a window that moves with the token.
static LogicalResult inferEqual(NodeInference &n) {
  constexpr int64_t kLong = 8192;
  std::optional<Shape> a = n.shape(0), b = n.shape(1);
  std::optional<Shape> shape = a && b ? broadcast(*a, *b) : std::nullopt;
  auto countOf = [](const Shape &dims) {
    int64_t count = 1;
    for (int64_t dim : dims)
      count = dim < 0 || count > kLong ? kLong + 1 : count * dim;
    return count;
  };
  if (!shape || countOf(*shape) <= kLong)
    return inferComparison(n);
  n.set(0, *shape, IntegerType::get(n.node.getContext(), 1));
  return success();
}

static LogicalResult inferWhere(NodeInference &n) {
  FailureOr<std::optional<Shape>> shape = broadcastInputs(n, 0);
  if (failed(shape))
    return failure();
  if (!*shape)
    return success();
  Type elementType = n.elementType(1);
  n.set(0, **shape, elementType);
  const ConstTensor *condition = n.value(0);
  const ConstTensor *yes = n.value(1), *no = n.value(2);
  if (condition && yes && no && yes->elementType() == no->elementType() &&
      n.mayFold(**shape, elementType))
    n.fold(0, foldWhere(*condition, *yes, *no, **shape));
  return success();
}

static LogicalResult castTo(NodeInference &n, Type elementType) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape || !elementType)
    return success();
  n.set(0, *shape, elementType);
  const ConstTensor *value = n.value(0);
  if (value && n.mayFold(*shape, elementType))
    n.fold(0, value->cast(elementType));
  return success();
}

static LogicalResult inferCast(NodeInference &n) {
  // Before opset 6 the type was a name; such files are left as declared.
  if (n.node.getNodeAttrOfType<StringAttr>("to"))
    return success();
  FailureOr<int64_t> code = n.requiredInt("to", 1);
  if (failed(code))
    return failure();
  Type type = getElementTypeOfCode(n.node.getContext(), *code);
  if (type)
    return castTo(n, type);
  n.error() << "attribute 'to' is " << *code << ", which is no element type";
  return failure();
}

static LogicalResult inferCastLike(NodeInference &n) {
  return castTo(n, n.elementType(1));
}

/// Output 0 as input 0, output 1 a mask of its shape.
static LogicalResult inferDropout(NodeInference &n) {
  n.setLike(0, 0);
  if (std::optional<Shape> shape = n.shape(0))
    n.set(1, *shape,
          n.opset() >= 10 ? IntegerType::get(n.node.getContext(), 1)
                          : n.elementType(0));
  return success();
}

/// Operators of one operand that counts for the shape.
static void addUnary(InferTable &table) {
  for (StringRef name :
       {"Abs", "Neg", "Not", "Sqrt", "Floor", "Ceil", "Reciprocal", "Sign"})
    table[name] = inferUnary;
  for (StringRef name : {"Exp",
                         "Log",
                         "Sigmoid",
                         "Tanh",
                         "Relu",
                         "LeakyRelu",
                         "Elu",
                         "Selu",
                         "Celu",
                         "Gelu",
                         "Erf",
                         "Softplus",
                         "Softsign",
                         "Sin",
                         "Cos",
                         "Tan",
                         "Asin",
                         "Acos",
                         "Atan",
                         "Sinh",
                         "Cosh",
                         "Asinh",
                         "Acosh",
                         "Atanh",
                         "Round",
                         "HardSigmoid",
                         "HardSwish",
                         "Mish",
                         "Swish",
                         "Shrink",
                         "Clip",
                         "ThresholdedRelu",
                         "BitwiseNot",
                         "Trilu",
                         "CumSum",
                         "CumProd",
                         "LRN",
                         "com.microsoft::QuickGelu",
                         "com.microsoft::FastGelu",
                         "com.microsoft::Gelu",
                         "com.microsoft::BiasGelu",
                         "com.microsoft::GatedAdd",
                         "SwiGLU"})
    table[name] = inferSame;
  for (StringRef name : {"Softmax", "LogSoftmax", "Hardmax"})
    table[name] = inferSoftmax;
  table["Identity"] = inferIdentity;
  table["Dropout"] = inferDropout;
  table["IsNaN"] = inferTest;
  table["IsInf"] = inferTest;
  table["Cast"] = inferCast;
  table["CastLike"] = inferCastLike;
}

void onnx::addElementwise(InferTable &table) {
  addUnary(table);
  for (StringRef name : {"Add", "Sub", "Mul", "Div", "Pow", "Mod", "Min", "Max",
                         "Sum", "Mean", "And", "Or", "Xor", "PRelu", "BitShift",
                         "BitwiseAnd", "BitwiseOr", "BitwiseXor"})
    table[name] = inferArithmetic;
  for (StringRef name : {"Less", "LessOrEqual", "Greater", "GreaterOrEqual"})
    table[name] = inferComparison;
  table["Equal"] = inferEqual;
  table["Where"] = inferWhere;
}
