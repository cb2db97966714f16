//===- MachineOptions.h - The machine that options describe -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_MACHINEOPTIONS_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_MACHINEOPTIONS_H

#include "dialects/Wafer/IR/Wafer.h"

#include "inlay/Mapping/Constraints.h"
#include "inlay/Target/Target.h"

#include <optional>
#include <string>

namespace inlay::wafer {

/// What passes that load a target are told; negative numbers are the target's.
struct MachineOptions {
  std::string target;
  std::string targetDir;
  CostMode cost = CostMode::Ideal;
  int64_t reserve = -1;
  double crossingLatency = -1;
  double clock = -1;
  int64_t sram = -1;
};

/// Of a pass that has these options.
template <typename PassT> MachineOptions machineOptionsOf(const PassT &pass) {
  return {pass.target,          pass.targetDir, pass.cost, pass.reserve,
          pass.crossingLatency, pass.clock,     pass.sram};
}

/// The target with what the options change.
std::optional<target::Target> loadTarget(const MachineOptions &options,
                                         Diagnostics &diags);

/// The constraints of a file; its errors name it.
std::optional<mapping::Constraints> loadConstraints(const std::string &file,
                                                    const model::Graph &model,
                                                    Diagnostics &diags);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_MACHINEOPTIONS_H
