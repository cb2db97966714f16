//===- NNOps.td - All operations of the inlay_nn dialect ---*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNOPS_TD
#define INLAY_DIALECTS_NN_IR_NNOPS_TD

include "dialects/NN/IR/NNAttentionOps.td"
include "dialects/NN/IR/NNElementwiseOps.td"
include "dialects/NN/IR/NNGraphOps.td"
include "dialects/NN/IR/NNLinearOps.td"
include "dialects/NN/IR/NNMoeOps.td"
include "dialects/NN/IR/NNNormOps.td"
include "dialects/NN/IR/NNShapeOps.td"

#endif // INLAY_DIALECTS_NN_IR_NNOPS_TD
