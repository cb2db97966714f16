//===- FuseOps.h - Patterns over typed operations ---------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_FUSEOPS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_FUSEOPS_H

#include "StepValues.h"

namespace mlir {
class RewritePatternSet;
}

namespace inlay::nn {

/// Biases into products, the last product into lm_head. Like all patterns
/// below, they are confluent, and none makes the IR larger.
void populateFusePatterns(mlir::RewritePatternSet &patterns);

/// Shorter spellings of data movement (SimplifyOps.cpp).
void populateSimplifyPatterns(mlir::RewritePatternSet &patterns);

/// Norms (FuseNorm.cpp), silu and gelu (FuseActivation.cpp), rotary embeddings
/// (FuseRotary.cpp) and attention (FuseAttention.cpp) that are written out.
void populateNormPatterns(mlir::RewritePatternSet &patterns);
void populateActivationPatterns(mlir::RewritePatternSet &patterns);
void populateRotaryPatterns(mlir::RewritePatternSet &patterns);
void populateAttentionPatterns(mlir::RewritePatternSet &patterns);

/// Copied heads and states, into attention (FuseState.cpp).
void populateStatePatterns(mlir::RewritePatternSet &patterns);
/// Latent attention that expands its state (FuseLatent.cpp).
void populateLatentPatterns(mlir::RewritePatternSet &patterns);

/// Takes the bias away from attentions whose bias hides what comes after each
/// token, or before a window, and nothing else. Computes it for a step without
/// padding; a bias that depends on anything else stays. So do choices that such
/// a step always makes alike. Returns whether anything changed.
bool foldMasks(GraphOp graph, StepRoles &roles);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_FUSEOPS_H
