//===- MoE.cpp - Shapes of com.microsoft's mixture-of-experts -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// MoE and QMoE keep the shape of their input; what there is to do is to check
// that router and experts fit it. E experts of hidden size H and inner size I;
// fc1 has f * I rows, f = 2 where gate and up are fused into it.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

/// The router has a row per token and a column per expert.
static LogicalResult checkRouter(NodeInference &n, unsigned input,
                                 ArrayRef<int64_t> x, int64_t experts) {
  int64_t tokens = 1;
  for (int64_t size : x.drop_back())
    tokens = mulDims(tokens, size);
  return failure(failed(n.expectRank(input, 2)) ||
                 failed(n.expectDim(input, 0, tokens, "tokens of the input")) ||
                 failed(n.expectDim(input, 1, experts, "number of experts")));
}

/// Sets the output and returns the number of experts; none where shapes are
/// unknown.
static FailureOr<std::optional<int64_t>>
inferRouted(NodeInference &n, unsigned fc1, unsigned fc2) {
  std::optional<Shape> x = n.shape(0), weights = n.shape(fc1);
  if (x && x->size() != 2 && failed(n.expectRank(0, 3)))
    return failure();
  n.setLike(0, 0);
  FailureOr<int64_t> k =
      n.hasAttr("k") ? n.requiredInt("k", 1) : FailureOr<int64_t>(1);
  if (failed(k) || failed(n.expectRank(fc1, 3)) || failed(n.expectRank(fc2, 3)))
    return failure();
  if (!x || !weights)
    return std::optional<int64_t>();
  int64_t experts = (*weights)[0];
  if (failed(checkRouter(n, 1, *x, experts)) ||
      failed(n.expectDim(fc2, 0, experts, "number of experts")))
    return failure();
  if (isKnown(experts) && *k > experts)
    return n.error() << "attribute 'k' is " << *k << " of " << experts
                     << " experts",
           failure();
  return std::optional<int64_t>(experts);
}

static LogicalResult inferMoE(NodeInference &n) {
  FailureOr<std::optional<int64_t>> experts = inferRouted(n, 2, 4);
  if (failed(experts))
    return failure();
  if (!*experts)
    return success();
  // Older files have [E, H, f * I]: H is then the middle dim.
  std::optional<Shape> x = n.shape(0), fc1 = n.shape(2);
  int64_t hidden = x->back();
  if (isKnown(hidden) && isKnown((*fc1)[1]) && (*fc1)[1] == hidden)
    return success();
  return n.expectDim(2, 2, hidden, "width of the input");
}

/// The widths that weights of experts may have.
static LogicalResult checkBits(NodeInference &n) {
  for (const char *name :
       {"expert_weight_bits", "fc1_expert_weight_bits",
        "fc2_expert_weight_bits", "fc3_expert_weight_bits"}) {
    int64_t bits = n.intAttr(name, 4);
    if (bits != 2 && bits != 4 && bits != 8)
      return n.error() << "attribute '" << name << "' is " << bits
                       << ", expected 2, 4 or 8",
             failure();
  }
  return success();
}

static LogicalResult inferQMoE(NodeInference &n) {
  if (failed(checkBits(n)))
    return failure();
  FailureOr<std::optional<int64_t>> experts = inferRouted(n, 2, 5);
  if (failed(experts))
    return failure();
  if (!*experts)
    return success();
  if (n.has(14) && failed(checkRouter(n, 14, *n.shape(0), **experts)))
    return failure();
  for (unsigned input : {3u, 6u, 8u, 9u})
    if (failed(n.expectDim(input, 0, **experts, "number of experts")))
      return failure();
  // Packed bytes of another machine's layout have sizes of their own.
  int64_t bits =
      n.intAttr("fc1_expert_weight_bits", n.intAttr("expert_weight_bits", 4));
  Type type = n.elementType(2);
  if (n.intAttr("weights_prepacked", -1) == 1 || !type ||
      !type.isUnsignedInteger(8) || (bits != 2 && bits != 4 && bits != 8))
    return success();
  int64_t hidden = n.shape(0)->back(), pack = 8 / bits;
  if (failed(n.expectMultiple("width of the input", hidden,
                              "elements in a byte", pack)))
    return failure();
  if (!isKnown(hidden))
    return success();
  // 4-bit floats may be packed along the rows, [E, H, f * I / 2].
  std::optional<Shape> fc1 = n.shape(2);
  StringRef quantType = n.node.getStringAttr("quant_type", "int");
  if (quantType.contains("fp4") && fc1 && (*fc1)[1] == hidden)
    return success();
  return n.expectDim(2, 2, hidden / pack, "width of the input, packed");
}

void onnx::addMoE(InferTable &table) {
  table["com.microsoft::MoE"] = inferMoE;
  table["com.microsoft::QMoE"] = inferQMoE;
}
