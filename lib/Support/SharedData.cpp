//===- SharedData.cpp - Files that come with Inlay ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/SharedData.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <dlfcn.h>

using namespace inlay;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static void *addressOfThisCode() {
  return reinterpret_cast<void *>(&findSharedData);
}

/// The shared object that this code is in; for the program itself the loader
/// knows only what the user typed.
static std::string thisModule() {
  Dl_info info;
  llvm::SmallString<256> real;
  if (!dladdr(addressOfThisCode(), &info) || !info.dli_fname ||
      !path::has_parent_path(info.dli_fname) ||
      fs::real_path(info.dli_fname, real))
    return "";
  return real.str().str();
}

/// Above bin/inlayc, lib/InlayPlugin.so and lib/<architecture>/libInlayC.so.
static std::string findAbove(llvm::StringRef file, const std::string &name) {
  constexpr int kMostFolders = 3;
  llvm::StringRef folder = path::parent_path(file);
  for (int i = 0; i < kMostFolders && !folder.empty(); ++i) {
    folder = path::parent_path(folder);
    llvm::SmallString<256> data(folder);
    path::append(data, "share", "inlay", name);
    if (fs::is_directory(data))
      return data.str().str();
  }
  return "";
}

std::string inlay::findSharedData(const std::string &name) {
  if (std::string found = findAbove(thisModule(), name); !found.empty())
    return found;
  return findAbove(fs::getMainExecutable("", addressOfThisCode()), name);
}
