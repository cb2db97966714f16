//===- OptionNames.h - Options by name and text -----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The view of CompileOptions for programs that have names and values as text.
// Names are those of the command line of inlayc; what it prints and which files
// it writes has no name here.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_OPTIONNAMES_H
#define INLAY_COMPILER_OPTIONNAMES_H

#include "inlay/Compiler/CompileOptions.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace inlay {

/// The names that `setOption` knows, in the order of the fields.
llvm::ArrayRef<llvm::StringRef> optionNames();

/// Sets the option `name` to what `value` says. An error names the option and
/// what it takes.
bool setOption(CompileOptions &options, llvm::StringRef name,
               llvm::StringRef value, Diagnostics &diags);

} // namespace inlay

#endif // INLAY_COMPILER_OPTIONNAMES_H
