//===- SharedData.h - Files that come with Inlay ----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_SHAREDDATA_H
#define INLAY_SUPPORT_SHAREDDATA_H

#include <string>

namespace inlay {

/// The folder `share/inlay/<name>` of the installation, or of the build tree,
/// that this code belongs to: "targets", "measured" or "schema". It is looked
/// for in the three folders above the library or plugin that holds this code,
/// then above the running program, so that an installed tree may be moved.
/// Empty where there is none, as in a program of someone else that links Inlay
/// statically.
std::string findSharedData(const std::string &name);

} // namespace inlay

#endif // INLAY_SUPPORT_SHAREDDATA_H
