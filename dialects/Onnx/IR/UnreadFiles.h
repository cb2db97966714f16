//===- UnreadFiles.h - Files that an import could not read ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_UNREADFILES_H
#define INLAY_DIALECTS_ONNX_IR_UNREADFILES_H

#include "llvm/ADT/StringRef.h"

namespace inlay::onnx {

/// On the module: names of external files, an array of strings, from which the
/// import would have taken places, masks or single numbers, but which are not
/// there or end too early. None without such.
constexpr llvm::StringLiteral kUnreadFilesAttr = "inlay_onnx.unread_files";

/// On the module: names of initializers, an array of strings, that may be
/// places or masks but were left alone because there are too many bytes of
/// such. None without any.
constexpr llvm::StringLiteral kSkippedNumbersAttr =
    "inlay_onnx.skipped_numbers";

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_IR_UNREADFILES_H
