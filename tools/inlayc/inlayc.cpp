//===- inlayc.cpp - The compiler's command line ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include "inlay/Compiler/Compiler.h"

#include "llvm/Support/raw_ostream.h"

#include <algorithm>

int main(int argc, char **argv) {
  inlay::CompileOptions options = inlay::parseCommandLine(argc, argv);
  inlay::CompileStreams streams{llvm::outs(), llvm::errs(),
                                llvm::errs().is_displayed()};
  int status = inlay::compile(options, streams);
  llvm::outs().flush();
  if (std::error_code error = llvm::outs().error()) {
    llvm::outs().clear_error();
    llvm::errs() << "error: cannot write the summary to stdout: "
                 << error.message() << '\n';
    status = std::max(status, 1);
  }
  return status;
}
