//===- Digest.h - Fingerprints of files -------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_DIGEST_H
#define INLAY_SUPPORT_DIGEST_H

#include "inlay/Support/Diagnostic.h"

#include <optional>
#include <string>

namespace inlay {

/// SHA-256 of the file at `path` in lower-case hex. Reads in pieces, so that a
/// large file takes no memory. An error names the file and the system's reason.
std::optional<std::string> sha256OfFile(const std::string &path,
                                        Diagnostics &diags);

} // namespace inlay

#endif // INLAY_SUPPORT_DIGEST_H
