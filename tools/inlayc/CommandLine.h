//===- CommandLine.h - The options of inlayc --------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one list of options. `inlayc --help` prints it, docs/inlayc.md is
// generated from that.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAYC_COMMANDLINE_H
#define INLAY_TOOLS_INLAYC_COMMANDLINE_H

#include "inlay/Compiler/CompileOptions.h"

namespace inlay {

/// Parses the command line. Exits with status 0 after --help and --version and
/// with status 1 when an option is wrong, as LLVM's command-line library does.
CompileOptions parseCommandLine(int argc, char **argv);

} // namespace inlay

#endif // INLAY_TOOLS_INLAYC_COMMANDLINE_H
