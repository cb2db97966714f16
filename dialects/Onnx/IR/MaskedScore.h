//===- MaskedScore.h - From where on a number hides a key ------ -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_MASKEDSCORE_H
#define INLAY_DIALECTS_ONNX_IR_MASKEDSCORE_H

namespace inlay::onnx {

/// A score this low has no weight after softmax, beside one that is not.
constexpr double kMaskedScore = -1e4;

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_IR_MASKEDSCORE_H
