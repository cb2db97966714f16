//===- FuseOps.cpp - Patterns over typed operations -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an exporter writes as several nodes and this level says in one op. Each
// pattern looks at one op and its operands' definitions only.
//
//===----------------------------------------------------------------------===//

#include "FuseOps.h"
#include "Matchers.h"
#include "Raiser.h"

using namespace mlir;
using namespace inlay::nn;

namespace {

/// linear(x, w) + b  ->  linear(x, w) bias b
struct FuseBias : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Add)
      return failure();
    auto linear = op.getLhs().getDefiningOp<LinearOp>();
    Value bias = op.getRhs();
    if (!linear) {
      linear = op.getRhs().getDefiningOp<LinearOp>();
      bias = op.getLhs();
    }
    // A column as long as a row is added to the rows, not along them.
    if (!linear || linear.getBias() || !linear->hasOneUse() ||
        !isWeight(bias) || op.getType() != linear.getType() ||
        getShape(bias).empty() ||
        getLastDim(bias) != getLastDim(linear.getResult()) ||
        numElements(getShape(bias)) != getLastDim(bias))
      return failure();
    rewriter.replaceOpWithNewOp<LinearOp>(
        op, linear.getType(), linear.getInput(), linear.getWeight(),
        linear.getScales(), linear.getZeroPoints(), bias,
        linear.getTransposed(), linear.getQuantAttr());
    return success();
  }
};

/// What models do to logits: choose tokens, scale, cap.
bool isBehindHead(Operation *op) {
  if (isa<ReshapeOp, CastOp, SliceOp, GatherOp>(op))
    return true;
  if (auto unary = dyn_cast<UnaryOp>(op))
    return unary.getKind() == UnaryKind::Tanh;
  auto binary = dyn_cast<BinaryOp>(op);
  return binary && (getScalar(binary.getLhs()) || getScalar(binary.getRhs()));
}

/// The product whose only way is to a result of the graph makes the logits.
struct RecogniseHead : OpRewritePattern<LinearOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LinearOp op,
                                PatternRewriter &rewriter) const override {
    constexpr int maxDepth = 8;
    Operation *user = op;
    for (int depth = 0; depth < maxDepth; ++depth) {
      if (!user->hasOneUse())
        return failure();
      user = *user->user_begin();
      if (!isBehindHead(user))
        break;
    }
    if (!isa<ReturnOp>(user))
      return failure();
    rewriter.replaceOpWithNewOp<LmHeadOp>(
        op, op.getType(), op.getInput(), op.getWeight(), op.getScales(),
        op.getZeroPoints(), op.getBias(), op.getTransposed(),
        op.getQuantAttr());
    return success();
  }
};

} // namespace

void inlay::nn::populateFusePatterns(RewritePatternSet &patterns) {
  patterns.add<FuseBias, RecogniseHead>(patterns.getContext());
}
