/*===- Compile.h - From a model to a plan, in C -----------------*- C -*-===*\
|*
|* Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
|* See the LICENSE file for license information.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
\*===----------------------------------------------------------------------===*/

#ifndef INLAY_C_COMPILE_H
#define INLAY_C_COMPILE_H

#include "inlay-c/Plan.h"
#include "inlay-c/Support.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a compilation is asked for. Names, values and defaults are those of the
    options of `inlayc` that say what the model, the machine and the mapping are
    (docs/inlayc.md): "context" and "8192", "objective" and "throughput". A flag
    takes "true" or "false". */
typedef struct InlayOptions InlayOptions;

INLAY_C_EXPORT InlayOptions *inlayOptionsCreate(void);
INLAY_C_EXPORT void inlayOptionsDestroy(InlayOptions *options);

/** Sets the option `name`. "bind" adds to what was bound before, every other
    option replaces. Whether options go with each other and with the model, the
    compilation says. */
INLAY_C_EXPORT InlayError *inlayOptionsSet(InlayOptions *options,
                                           const char *name, const char *value);

/** The names that can be set. */
INLAY_C_EXPORT size_t inlayOptionsNumNames(void);
INLAY_C_EXPORT InlayString inlayOptionsName(size_t index);

/** Compiles the .onnx file, or config.json, at `path` with `options` (NULL: the
    defaults) into `*plan`. No file is written, except that a failure of Inlay
    itself (INLAY_STATUS_INTERNAL) leaves `reproducer.mlir` in the folder that
    the option "o" names, "out" by default. */
INLAY_C_EXPORT InlayError *
inlayCompile(const char *path, const InlayOptions *options, InlayPlan **plan);

#ifdef __cplusplus
}
#endif

#endif /* INLAY_C_COMPILE_H */
