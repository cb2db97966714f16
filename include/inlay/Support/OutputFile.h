//===- OutputFile.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A failed run must leave no half-written output: files are written beside
// their places under temporary names, and appear by rename.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_OUTPUTFILE_H
#define INLAY_SUPPORT_OUTPUTFILE_H

#include "inlay/Support/Diagnostic.h"

#include <string>
#include <string_view>
#include <vector>

namespace inlay {

struct NewFile {
  std::string path;
  std::string contents;
};

/// Writes all files, making their folders where they are missing. On failure
/// adds an error that names the file and the system's reason, leaves no new
/// file and no new folder behind, and returns false. No file is replaced before
/// all have been written.
bool writeFiles(const std::vector<NewFile> &files, Diagnostics &diags);

/// The same for one file.
bool writeFile(const std::string &path, std::string_view contents,
               Diagnostics &diags);

} // namespace inlay

#endif // INLAY_SUPPORT_OUTPUTFILE_H
