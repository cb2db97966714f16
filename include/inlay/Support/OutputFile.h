//===- OutputFile.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A failed run must leave no half-written output: a file is written beside its
// place under a temporary name, and appears by rename.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_OUTPUTFILE_H
#define INLAY_SUPPORT_OUTPUTFILE_H

#include "inlay/Support/Diagnostic.h"

#include <string>
#include <string_view>

namespace inlay {

/// Writes `contents` to `path`, making its folder where it is missing. On
/// failure adds an error that names the file and the system's reason, leaves
/// nothing behind and returns false.
bool writeFile(const std::string &path, std::string_view contents,
               Diagnostics &diags);

} // namespace inlay

#endif // INLAY_SUPPORT_OUTPUTFILE_H
