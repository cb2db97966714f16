//===- inlay-plugin.cpp - Inlay inside of another mlir-opt ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One shared object is both kinds of plugin of MLIR: `--load-dialect-plugin`
// gives the host the dialects, `--load-pass-plugin` the passes and pipelines.
// It links libMLIR.so, as the host must: with a copy of MLIR of its own, either
// would see none of what the other registers.
//
//===----------------------------------------------------------------------===//

#include "inlay/InitAll.h"

#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Inlay", INLAY_VERSION,
          [](mlir::DialectRegistry *registry) {
            inlay::registerAllDialects(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Inlay", INLAY_VERSION,
          [] { inlay::registerAllPasses(); }};
}
