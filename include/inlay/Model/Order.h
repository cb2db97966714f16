//===- Order.h - In which order a kernel executes its ops -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums of ops that follow each other and do not need one another share one
// message. A graph lists its nodes in any order that works, say the way of the
// queries to its end and then the way of the keys, though both begin with a
// product of the same input.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_ORDER_H
#define INLAY_MODEL_ORDER_H

#include "inlay/Model/Model.h"

namespace inlay::model {

/// Puts ops of `kernel` that have as many sums before them next to each other:
/// by the most ops with a reduction dim on a way to them, then as they were.
/// Every op stays behind what it reads and what it overwrites, and those that
/// use one state stay as they were. Ops that hand a value without a number from
/// one to the next stay together. Returns where each op was before.
std::vector<size_t> orderBySums(KernelSpec &kernel);

} // namespace inlay::model

#endif // INLAY_MODEL_ORDER_H
