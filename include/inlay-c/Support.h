/*===- Support.h - Rules, version and errors of the C API -------*- C -*-===*\
|*
|* Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
|* See the LICENSE file for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/
/*
 * The C API of Inlay: libInlayC.so, with the headers of this folder.
 *
 * Rules that hold for every function:
 *
 *   Ownership   What a function hands out through a pointer to a handle, and
 *               every InlayError, belongs to the caller, who destroys it with
 *               the function of that name. Everything else that is returned,
 *               strings included, belongs to the handle that it was asked of
 *               and lives as long. Arguments are copied; none is kept.
 *   Errors      A function that can fail returns an InlayError, or NULL when it
 *               is done; its results are untouched, or NULL, after an error.
 *               Functions that cannot fail answer a NULL handle, or an index
 *               that is too large, with NULL, 0 or an empty string.
 *   Threads     Any number of threads may read one plan. Other handles belong
 *               to one thread at a time. Several threads may compile at once.
 *   Process     No exception leaves the library, and nothing is written to
 *               stdout or stderr. While a compilation runs, signals of crashes
 *               (SIGSEGV and the like) are caught and become an error; the
 *               handlers that were there before are put back after it.
 *   Version     Functions are only added, and a struct never changes, within a
 *               major version, which is that of the library's file name.
 */

#ifndef INLAY_C_SUPPORT_H
#define INLAY_C_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

/** The version of these headers. */
#define INLAY_C_VERSION_MAJOR 1
#define INLAY_C_VERSION_MINOR 0

#if defined(__GNUC__)
#define INLAY_C_EXPORT __attribute__((visibility("default")))
#else
#define INLAY_C_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of UTF-8. A zero byte follows them, so that `data` is a C string
    where there is none among them. */
typedef struct InlayString {
  const char *data;
  size_t length;
} InlayString;

/** Whose fault a failure is; the exit statuses of `inlayc`. */
typedef enum InlayStatus {
  INLAY_STATUS_OK = 0,
  INLAY_STATUS_INPUT = 1,    /**< A file or an argument is wrong. */
  INLAY_STATUS_CAPACITY = 2, /**< The model does not fit the machine. */
  INLAY_STATUS_INTERNAL = 3  /**< Inlay broke one of its own invariants. */
} InlayStatus;

/** Why a function has failed. */
typedef struct InlayError InlayError;

/** INLAY_STATUS_OK for NULL. */
INLAY_C_EXPORT InlayStatus inlayErrorStatus(const InlayError *error);

/** What `inlayc` would print: for each finding a line `file: error: subject:
    message` and indented lines with the largest contributors and remedies. */
INLAY_C_EXPORT InlayString inlayErrorMessage(const InlayError *error);

INLAY_C_EXPORT void inlayErrorDestroy(InlayError *error);

/** The version of this API that the library has: `major` * 1000 + `minor`. A
    program may run where the major version is that of its headers and the minor
    version is not below theirs. */
INLAY_C_EXPORT int inlayApiVersion(void);

/** The version of Inlay, "0.1.0". */
INLAY_C_EXPORT InlayString inlayVersion(void);

/** The newest version of plans that the library reads and the one that it
    writes, "1.0". */
INLAY_C_EXPORT InlayString inlayPlanVersion(void);

#ifdef __cplusplus
}
#endif

#endif /* INLAY_C_SUPPORT_H */
