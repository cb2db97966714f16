//===- FuseOps.h - Patterns over typed operations ---------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_FUSEOPS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_FUSEOPS_H

namespace mlir {
class RewritePatternSet;
}

namespace inlay::nn {

/// Biases into products, x * sigmoid(x) into silu, the last product into
/// lm_head. Confluent, and none makes the IR larger.
void populateFusePatterns(mlir::RewritePatternSet &patterns);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_FUSEOPS_H
