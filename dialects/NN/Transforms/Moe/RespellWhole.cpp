//===- RespellWhole.cpp - Whole numbers divided in floats -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Experts that sort the choices of all tokens by TopK find the token of each by
// a division, which exporters write in floats. As long as these tell the whole
// numbers apart, the quotient of integers is the same.
//
//===----------------------------------------------------------------------===//

#include "RespellRules.h"

#include "Peel.h"

#include "dialects/NN/Transforms/Raiser.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

/// x of a rounding towards 0 that a conversion to integers does anyway:
/// floor(|x|) * sign(x).
static Value truncated(Value value) {
  NodeOp product = definedBy(value, "Mul");
  if (!product || product.getInputs().size() != 2)
    return value;
  for (unsigned i : {0u, 1u}) {
    NodeOp floor = definedBy(product.getInput(i), "Floor");
    NodeOp abs = floor ? definedBy(floor.getInput(0), "Abs") : NodeOp();
    NodeOp sign = definedBy(product.getInput(1 - i), "Sign");
    if (abs && sign && abs.getInput(0) == sign.getInput(0))
      return abs.getInput(0);
  }
  return value;
}

/// The dim over which a TopK chose `value`, an index; 0 for other values.
static int64_t rangeOfIndex(Value value) {
  NodeOp topK = definedBy(value, "TopK");
  auto shape = topK ? shapeOf(topK.getInput(0)) : std::nullopt;
  if (!shape || topK.getOutput(1) != value)
    return 0;
  int64_t axis = normaliseAxis(topK.getIntAttr("axis", -1), shape->size());
  bool isKnown = axis >= 0 && axis < static_cast<int64_t>(shape->size()) &&
                 !ShapedType::isDynamic((*shape)[axis]);
  return isKnown ? (*shape)[axis] : 0;
}

Value moe::writeWholeQuotient(NodeOp node, OpBuilder &builder) {
  auto type = cast<RankedTensorType>(node.getOutput(0).getType());
  if (!type.getElementType().isInteger(64))
    return {};
  Value rounded = truncated(node.getInput(0));
  if (NodeOp floor = definedBy(rounded, "Floor"))
    rounded = floor.getInput(0); // of what is not negative, as an index
  NodeOp quotient = definedBy(rounded, "Div");
  NodeOp whole = quotient ? definedBy(quotient.getInput(0), "Cast") : NodeOp();
  std::optional<double> divisor =
      whole ? numberOf(quotient.getInput(1)) : std::nullopt;
  auto real = divisor ? dyn_cast<FloatType>(getElementTypeOrSelf(
                            quotient.getOutput(0).getType()))
                      : FloatType();
  if (!real || *divisor < 1 || *divisor != std::floor(*divisor) ||
      whole.getInput(0).getType() != type)
    return {};
  // Up to there quotients of whole numbers are rounded to no other whole part.
  int64_t range = rangeOfIndex(whole.getInput(0));
  if (range < 1 || range >= int64_t{1} << (real.getFPMantissaWidth() - 1))
    return {};
  auto number = RankedTensorType::get({}, type.getElementType());
  Value by = onnx::ConstantOp::create(
      builder, node->getLoc(),
      cast<ElementsAttr>(DenseElementsAttr::get(
          number, ArrayRef(static_cast<int64_t>(*divisor)))));
  return NodeOp::create(builder, node->getLoc(), TypeRange(type),
                        /*domain=*/"", "Div", ValueRange{whole.getInput(0), by})
      .getOutput(0);
}
