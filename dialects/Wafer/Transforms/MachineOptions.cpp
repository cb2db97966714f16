//===- MachineOptions.cpp - The machine that options describe -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MachineOptions.h"

#include "llvm/Support/MemoryBuffer.h"

using namespace inlay;
using namespace inlay::wafer;

std::optional<target::Target>
inlay::wafer::loadTarget(const MachineOptions &options, Diagnostics &diags) {
  std::optional<target::Target> found =
      target::find(options.target, options.targetDir, diags);
  if (!found)
    return std::nullopt;
  target::Overrides overrides;
  if (options.reserve != -1)
    overrides.reserve = options.reserve;
  if (options.crossingLatency != -1)
    overrides.crossingLatency = options.crossingLatency;
  if (options.clock != -1)
    overrides.clock = options.clock;
  if (options.sram != -1)
    overrides.sram = options.sram;
  if (!target::apply(overrides, *found, diags))
    return std::nullopt;
  if (options.cost == CostMode::Calibrated && found->primitives.empty()) {
    diags
        .inputError("option --cost", "target '" + found->name +
                                         "' has no measured costs of software")
        .notes.push_back("use --cost ideal, or a target with primitives");
    return std::nullopt;
  }
  return found;
}

std::optional<mapping::Constraints>
inlay::wafer::loadConstraints(const std::string &file,
                              const model::Graph &model, Diagnostics &diags) {
  auto text = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!text) {
    diags.inputError("constraints file '" + file + "'",
                     "cannot be read: " + text.getError().message());
    return std::nullopt;
  }
  Diagnostics findings;
  std::optional<mapping::Constraints> wanted =
      mapping::parseConstraints((*text)->getBuffer().str(), model, findings);
  for (const inlay::Diagnostic &finding : findings.all())
    diags.inputError("constraints file '" + file + "'",
                     finding.subject.empty()
                         ? finding.message
                         : finding.subject + " " + finding.message);
  return wanted;
}
