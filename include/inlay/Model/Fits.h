//===- Fits.h - Whether a kernel fits the cores of a region ----- -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_FITS_H
#define INLAY_MODEL_FITS_H

#include "inlay/Model/Sharding.h"

#include <optional>

namespace inlay::model {

/// The footprint of a kernel where its total is at most `most` bytes, else
/// none. What does not fit is found out sooner than what it takes.
std::optional<Footprint> footprintWithin(const KernelSpec &kernel,
                                         const Sharding &sharding,
                                         int64_t most);

} // namespace inlay::model

#endif // INLAY_MODEL_FITS_H
