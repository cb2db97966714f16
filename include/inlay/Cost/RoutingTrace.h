//===- RoutingTrace.h - Which experts the tokens of a run chose -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A trace says for tokens of a recorded run which experts they chose in each
// layer. docs/routing-traces.md describes both of its forms, text and binary.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_ROUTINGTRACE_H
#define INLAY_COST_ROUTINGTRACE_H

#include "inlay/Cost/Routing.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::cost {

struct RoutingTrace {
  /// What the tokens chose in one layer.
  struct Layer {
    int64_t layer = 0;    ///< index of the decoder layer in the model
    int64_t perToken = 0; ///< experts that every token chose, all different
    /// `perToken` experts of each token, tokens in rising order.
    std::vector<uint16_t> experts;

    int64_t numTokens() const {
      return perToken > 0 ? int64_t(experts.size()) / perToken : 0;
    }
  };
  std::vector<Layer> layers; ///< by rising index, each once
};

/// Reads a trace in either form. Errors name the file and the line or byte, and
/// say what is wrong there; memory stays in proportion to the file.
std::optional<RoutingTrace> readRoutingTrace(const std::string &path,
                                             Diagnostics &diags);

/// The trace in its binary form; every layer must have the same tokens and the
/// same number of experts for each.
std::string toBinary(const RoutingTrace &trace);

/// The choices by layer. `trace` and `digest` of the result are left empty.
ModelRouting toRouting(const RoutingTrace &trace);

} // namespace inlay::cost

#endif // INLAY_COST_ROUTINGTRACE_H
