//===- Calibrate.h - Primitives from measured rows --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fits the primitives of wse3 and wse2 on the rows that data/measured/README.md
// marks "fit", and on no others, in this order:
//
//  1. the link, on the least times of the line multicast
//  2. vector instructions, collectives, hand-overs and the library, together on
//     MeshGEMV, GEMV with the chain, and MeshGEMM
//  3. the exponential, on the one component that is nothing but scalars; a
//     divide is a published figure
//  4. the change of axis, on one decode layer of WSE-3
//  5. the scale of WSE-2, on one decode layer of WSE-2
//
// A fit minimises the sum of |predicted / measured - 1|, so that an outlier of
// the source does not bend it: least squares of relative errors, reweighted by
// 1 / |error| until it stands still. Deterministic: same rows, same bytes.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FIDELITY_CALIBRATE_H
#define INLAY_FIDELITY_CALIBRATE_H

#include "inlay/Fidelity/Predict.h"

namespace inlay::fidelity {

/// Solves the fits; the returned machines have all primitives and fits. An
/// error where rows that a fit needs are missing.
std::optional<Machines> calibrate(const Data &data, const Machines &machines,
                                  Diagnostics &diags);

/// The text of a target file with its "primitives" and "unknowns" replaced by
/// those of `target`, everything else as it is.
std::string withPrimitives(const std::string &text,
                           const target::Target &target);

} // namespace inlay::fidelity

#endif // INLAY_FIDELITY_CALIBRATE_H
