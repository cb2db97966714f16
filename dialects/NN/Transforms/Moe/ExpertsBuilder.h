//===- ExpertsBuilder.h - Route and experts in place of what was read - -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one form that all encodings become.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTSBUILDER_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTSBUILDER_H

#include "Analysis.h"
#include "WeightBuilder.h"

namespace inlay::nn::moe {

/// What an `inlay_nn.experts` is made of.
struct ExpertsSpec {
  mlir::Value input;
  /// All experts in one, or one for each in order.
  llvm::SmallVector<const Mlp *> mlps;
  int64_t experts = 0;
  bool weightOnInput = false;
};

class ExpertsBuilder {
public:
  explicit ExpertsBuilder(mlir::ModuleOp module) : weights(module) {}

  /// `selection` over `experts`, `slots` for each token.
  RouteOp createRoute(mlir::OpBuilder &builder, mlir::Location loc,
                      const Selection &selection, const WeightSpec &spec,
                      int64_t tokens, int64_t experts, int64_t slots);
  /// Null where the experts are not alike or a weight cannot be said.
  ExpertsOp createExperts(mlir::OpBuilder &builder, mlir::Location loc,
                          const ExpertsSpec &spec, RouteOp route);

private:
  WeightBuilder weights;
};

/// `value` in the shape and type of `type`.
mlir::Value convert(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value value, mlir::RankedTensorType type);

/// A number that all outputs of experts are multiplied with, which is as good
/// as a scale of all weights.
struct OutputScale {
  double factor = 1;
  /// Each product, and what it multiplies.
  llvm::SmallVector<std::pair<mlir::Value, mlir::Value>, 2> products;

  /// Puts the values in the places of the products, once the weights have the
  /// factor.
  void take() {
    for (auto [product, value] : llvm::reverse(products))
      product.replaceAllUsesWith(value);
  }
};

/// What the only use of `value` multiplies or divides it by, and the only use
/// of that, and so on; 1 where there is none.
OutputScale findScale(mlir::Value value);

/// Whether a node is com.microsoft::MoE or QMoE.
bool isFused(onnx::NodeOp node);

/// Raises such a node, or notes why it is not.
void raiseFused(onnx::NodeOp node, ExpertsBuilder &experts, Refusals &refusals);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTSBUILDER_H
