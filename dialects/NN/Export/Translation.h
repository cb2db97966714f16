//===- Translation.h - The export of inlay-translate ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_EXPORT_TRANSLATION_H
#define INLAY_DIALECTS_NN_EXPORT_TRANSLATION_H

namespace inlay::nn {

/// Registers `--export-onnx`.
void registerNNTranslations();

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_EXPORT_TRANSLATION_H
