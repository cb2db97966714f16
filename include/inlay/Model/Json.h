//===- Json.h - A model as text ---------------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// For tests and bug reports: every field of the structs of Model.h, in their
// order, under their names. Not a format to build on: that is the plan.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_JSON_H
#define INLAY_MODEL_JSON_H

#include "inlay/Model/Model.h"

namespace llvm {
class raw_ostream;
}

namespace inlay::model {

/// Writes `graph` as JSON, indented by two, with a newline at the end. Element
/// types are strings; an index expression is [dim, divisor].
void writeJson(const Graph &graph, llvm::raw_ostream &os);

} // namespace inlay::model

#endif // INLAY_MODEL_JSON_H
