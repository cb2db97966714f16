//===- Norm.cpp - Shapes of normalisations and rotary embeddings ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

/// The type that mean and deviation have: f32 unless stash_type says other.
static Type getStashType(NodeInference &n) {
  Type type =
      getElementTypeOfCode(n.node.getContext(), n.intAttr("stash_type", 1));
  return type ? type : Float32Type::get(n.node.getContext());
}

/// (X, scale, bias?) to (Y, mean?, deviation?): LayerNormalization and
/// RMSNormalization over the dims from `axis` on. Y has the scale's type where
/// the operator is RMSNormalization, or its older name.
static LogicalResult inferLayerNorm(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  int64_t rank = shape->size();
  FailureOr<int64_t> axis = n.axis(n.intAttr("axis", -1), rank);
  if (failed(axis))
    return failure();
  for (unsigned input : {1u, 2u}) {
    std::optional<Shape> scale = n.shape(input);
    if (!scale)
      continue;
    std::optional<Shape> joined = broadcast(*shape, *scale);
    if (!joined || joined->size() != shape->size())
      return n.error() << "operands of shape " << formatShape(*shape) << " and "
                       << formatShape(*scale) << " do not broadcast",
             failure();
  }
  bool hasScaleType = n.opType() != "LayerNormalization" && n.elementType(1);
  n.set(0, *shape, n.elementType(hasScaleType ? 1 : 0));
  Shape reduced = *shape;
  std::fill(reduced.begin() + *axis, reduced.end(), 1);
  n.set(1, reduced, getStashType(n));
  n.set(2, reduced, getStashType(n));
  return success();
}

/// (input, skip, gamma, ...) to (output, mean?, deviation?, sum?).
static LogicalResult inferSkipLayerNorm(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  if (std::optional<Shape> skip = n.shape(1)) {
    // One skip may serve the whole batch.
    std::optional<Shape> joined = broadcast(*shape, *skip);
    if (!joined || joined->size() != shape->size())
      return n.error() << "operands of shape " << formatShape(*shape) << " and "
                       << formatShape(*skip) << " do not broadcast",
             failure();
  }
  int64_t width = shape->empty() ? ShapedType::kDynamic : shape->back();
  if (failed(n.expectDim(2, 0, width, "width of the input")))
    return failure();
  n.set(0, *shape, n.elementType(0));
  Shape reduced = *shape;
  if (!reduced.empty())
    reduced.back() = 1;
  Type f32 = Float32Type::get(n.node.getContext());
  n.set(1, reduced, f32);
  n.set(2, reduced, f32);
  n.set(3, *shape, n.elementType(0));
  return success();
}

/// Output 0 is as input 0: the other norms, and rotary embeddings.
static LogicalResult inferSame(NodeInference &n) {
  n.setLike(0, 0);
  return success();
}

/// In training the outputs are more; a model to be deployed has one.
static LogicalResult inferBatchNorm(NodeInference &n) {
  n.setLike(0, 0);
  for (unsigned output = 1; output < 3; ++output)
    n.setLike(output, output + 2);
  return success();
}

void onnx::addNorms(InferTable &table) {
  for (StringRef name : {"LayerNormalization", "RMSNormalization",
                         "SimplifiedLayerNormalization",
                         "com.microsoft::SimplifiedLayerNormalization"})
    table[name] = inferLayerNorm;
  table["com.microsoft::SkipLayerNormalization"] = inferSkipLayerNorm;
  table["com.microsoft::SkipSimplifiedLayerNormalization"] = inferSkipLayerNorm;
  for (StringRef name :
       {"LpNormalization", "InstanceNormalization", "GroupNormalization",
        "MeanVarianceNormalization", "com.microsoft::GatedRMSNorm",
        "RotaryEmbedding", "com.microsoft::RotaryEmbedding",
        "com.microsoft::MRotaryEmbedding"})
    table[name] = inferSame;
  table["BatchNormalization"] = inferBatchNorm;
}
