//===- Compile.cpp - From a model to a plan, in C -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Handles.h"

#include "inlay/Compiler/Compiler.h"
#include "inlay/Compiler/OptionNames.h"

#include "llvm/Support/raw_ostream.h"

using namespace inlay;
using namespace inlay::capi;

InlayOptions *inlayOptionsCreate(void) { return new InlayOptions(); }

void inlayOptionsDestroy(InlayOptions *options) { delete options; }

InlayError *inlayOptionsSet(InlayOptions *options, const char *name,
                            const char *value) {
  if (!options)
    return nullError("options");
  if (!name)
    return nullError("name");
  if (!value)
    return nullError("value");
  Diagnostics diags;
  setOption(options->options, name, value, diags);
  return makeError(diags);
}

size_t inlayOptionsNumNames(void) { return optionNames().size(); }

InlayString inlayOptionsName(size_t index) {
  return toString(index < optionNames().size() ? optionNames()[index] : "");
}

InlayError *inlayCompile(const char *path, const InlayOptions *options,
                         InlayPlan **plan) {
  if (!path)
    return nullError("path");
  if (!plan)
    return nullError("plan");
  *plan = nullptr;
  CompileOptions asked = options ? options->options : CompileOptions();
  asked.input = path;
  std::string messages;
  llvm::raw_string_ostream err(messages);
  std::optional<plan::Plan> made;
  if (int status = compileToPlan(asked, {llvm::nulls(), err}, made))
    return makeError(static_cast<InlayStatus>(status), messages);
  *plan = new InlayPlan(std::move(*made), messages);
  return nullptr;
}
