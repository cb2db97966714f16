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
namespace fs = llvm::sys::fs;

namespace {

/// What a call has made so far, taken back unless it is committed.
class Transaction {
public:
  ~Transaction();

  /// Each returns the system's reason where it fails.
  llvm::Error makeFolder(llvm::StringRef path);
  llvm::Error write(const NewFile &file);
  llvm::Error rename(size_t index, const std::string &path);
  void commit() { committed = true; }

private:
  std::vector<fs::TempFile> temporary; ///< one for each file
  std::vector<std::string> files;      ///< those that have appeared
  std::vector<std::string> folders;    ///< outermost first
  bool committed = false;
};

} // namespace

Transaction::~Transaction() {
  if (committed)
    return;
  for (fs::TempFile &file : temporary)
    llvm::consumeError(file.discard());
  for (const std::string &file : files)
    fs::remove(file);
  // A folder that something else has been put into stays.
  while (!folders.empty()) {
    fs::remove(folders.back());
    folders.pop_back();
  }
}

llvm::Error Transaction::makeFolder(llvm::StringRef path) {
  std::vector<std::string> missing;
  for (; !path.empty() && !fs::exists(path);
       path = llvm::sys::path::parent_path(path))
    missing.push_back(path.str());
  while (!missing.empty()) {
    if (std::error_code error = fs::create_directory(
            missing.back(), /*IgnoreExisting=*/true, fs::all_all))
      return llvm::errorCodeToError(error);
    folders.push_back(std::move(missing.back()));
    missing.pop_back();
  }
  return llvm::Error::success();
}

llvm::Error Transaction::write(const NewFile &file) {
  if (fs::is_directory(file.path))
    return llvm::errorCodeToError(
        std::make_error_code(std::errc::is_a_directory));
  if (llvm::Error error = makeFolder(llvm::sys::path::parent_path(file.path)))
    return error;
  llvm::Expected<fs::TempFile> temp =
      fs::TempFile::create(file.path + ".tmp%%%%%%");
  if (!temp)
    return temp.takeError();
  llvm::raw_fd_ostream os(temp->FD, /*shouldClose=*/false);
  temporary.push_back(std::move(*temp));
  os << file.contents;
  os.flush();
  std::error_code error = os.error();
  os.clear_error();
  return llvm::errorCodeToError(error);
}

llvm::Error Transaction::rename(size_t index, const std::string &path) {
  if (llvm::Error error = temporary[index].keep(path))
    return error;
  files.push_back(path);
  return llvm::Error::success();
}

static bool fail(const std::string &path, llvm::Error error,
                 Diagnostics &diags) {
  diags.inputError("", "cannot write '" + path +
                           "': " + llvm::toString(std::move(error)));
  return false;
}

bool inlay::writeFiles(const std::vector<NewFile> &files, Diagnostics &diags) {
  Transaction transaction;
  for (const NewFile &file : files)
    if (llvm::Error error = transaction.write(file))
      return fail(file.path, std::move(error), diags);
  for (size_t i = 0; i < files.size(); ++i)
    if (llvm::Error error = transaction.rename(i, files[i].path))
      return fail(files[i].path, std::move(error), diags);
  transaction.commit();
  return true;
}

bool inlay::writeFile(const std::string &path, std::string_view contents,
                      Diagnostics &diags) {
  return writeFiles({{path, std::string(contents)}}, diags);
}
