//===- inlay-opt.cpp - Runs passes over Inlay's IR ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/InitAll.h"
#include "inlay/Support/SealedBytecode.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::setBugReportMsg("This is a bug in Inlay. Please report it with the "
                        "input, the command and the stack below.\n");
  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &os) { os << "Inlay " INLAY_VERSION "\n"; });
  inlay::Diagnostics damage;
  if (!inlay::checkSeals(llvm::ArrayRef(argv + 1, argc - 1), damage)) {
    damage.print(llvm::errs());
    return damage.exitStatus();
  }
  inlay::registerAllPasses();
  mlir::DialectRegistry registry;
  inlay::registerAllDialects(registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Inlay's pass driver\n", registry));
}
