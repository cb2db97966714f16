//===- Reasons.h - Why a choice was made ------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_MAPPING_REASONS_H
#define INLAY_LIB_MAPPING_REASONS_H

#include "inlay/Mapping/Decisions.h"

namespace inlay::mapping {

const char *toString(partition::Objective objective);

/// In one line, for people.
std::string reasonOf(const WaferDecision &stage);
std::string reasonOf(const GroupsDecision &layer);
std::string reasonOf(const PartitionDecision &decision);

} // namespace inlay::mapping

#endif // INLAY_LIB_MAPPING_REASONS_H
