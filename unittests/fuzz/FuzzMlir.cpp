//===- FuzzMlir.cpp - Fuzzes parsers and verifiers of the dialects --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FrontEnd.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  inlay::fuzz::runMlir({reinterpret_cast<const char *>(data), size});
  return 0;
}
