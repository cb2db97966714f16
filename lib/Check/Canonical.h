//===- Canonical.h - One text for each JSON value --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_CANONICAL_H
#define INLAY_LIB_CHECK_CANONICAL_H

#include "Json.h"

#include <string>

namespace inlay::checker {

/// The canonical JSON of RFC 8785, without member `without` of the outermost
/// object.
std::string
canonicalJson(const json::Value &value,
              std::optional<llvm::StringRef> without = std::nullopt);

/// SHA-256 in lower-case hex.
std::string sha256(llvm::StringRef bytes);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_CANONICAL_H
