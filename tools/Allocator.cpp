//===- Allocator.cpp - How tools keep the memory that they have freed -----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mimalloc gives freed memory back to the system after 25 ms, and each pass
// then asks for it again, page by page: a fifth of all page faults of the front
// end. A tool ends when it is done, so it keeps what it has had.
// MIMALLOC_ALLOW_DECOMMIT=1 in the environment gives it back
// (MIMALLOC_PURGE_DELAY=10 from mimalloc 2.1 on).
//
//===----------------------------------------------------------------------===//

#include <mimalloc.h>

#if MI_MALLOC_VERSION < 210
static void keepMemory() { mi_option_set_default(mi_option_allow_decommit, 0); }
#else // what is below 0 is never
static void keepMemory() { mi_option_set_default(mi_option_purge_delay, -1); }
#endif

// Before the libraries' own constructors: what they allocate lies in pages that
// keep the setting of their first use.
[[gnu::used,
  gnu::section(".preinit_array")]] static void (*const start)() = keepMemory;
