//===- UnreadNumbers.h - Numbers in files that were not there ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A structure-only model does without the bytes of its weights. Not without
// those of places, masks and single numbers, which tell what it computes: where
// an exporter put them into the same file, raising says so.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_UNREADNUMBERS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_UNREADNUMBERS_H

#include "dialects/NN/IR/NN.h"

namespace inlay::nn {

/// Warns, once for each file that the import could not read, of the numbers in
/// it that `graph` still uses, and once of those that the import left alone
/// because there are too many.
void reportUnreadNumbers(GraphOp graph);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_UNREADNUMBERS_H
