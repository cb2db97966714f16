//===- OutputFile.cpp - Files that appear whole or not at all -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/OutputFile.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace inlay;

static bool fail(const std::string &path, const std::string &reason,
                 Diagnostics &diags) {
  diags.inputError("", "cannot write '" + path + "': " + reason);
  return false;
}

bool inlay::writeFile(const std::string &path, std::string_view contents,
                      Diagnostics &diags) {
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  if (!folder.empty())
    if (std::error_code error = llvm::sys::fs::create_directories(folder))
      return fail(path, error.message(), diags);

  llvm::Expected<llvm::sys::fs::TempFile> temp =
      llvm::sys::fs::TempFile::create(path + ".tmp%%%%%%");
  if (!temp)
    return fail(path, llvm::toString(temp.takeError()), diags);

  std::error_code error;
  {
    llvm::raw_fd_ostream os(temp->FD, /*shouldClose=*/false);
    os << llvm::StringRef(contents.data(), contents.size());
    os.flush();
    error = os.error();
    os.clear_error();
  }
  if (error) {
    llvm::consumeError(temp->discard());
    return fail(path, error.message(), diags);
  }
  if (llvm::Error failed = temp->keep(path)) {
    // keep() leaves the temporary file behind when the rename fails.
    std::string reason = llvm::toString(std::move(failed));
    llvm::consumeError(temp->discard());
    return fail(path, reason, diags);
  }
  llvm::consumeError(llvm::errorCodeToError(llvm::sys::fs::setPermissions(
      path, llvm::sys::fs::all_read | llvm::sys::fs::owner_write)));
  return true;
}
