//===- ReadLinear.h - One product of an expert with a weight -- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Backwards over bias and product, in each of the operators that have one.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_READLINEAR_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_READLINEAR_H

#include "ExpertMlp.h"

namespace inlay::nn::moe {

/// Reads `matrix` (whose row, column and rows are set) where `view` is
/// matrix * x + bias; returns x.
std::optional<View> readLinear(Analysis &analysis, const Router &router,
                               View view, Matrix &matrix,
                               const MlpForm &form = {});

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_READLINEAR_H
