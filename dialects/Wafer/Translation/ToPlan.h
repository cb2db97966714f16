//===- ToPlan.h - The placement plan of a placed module ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The end of the compiler: a module whose system is placed, allocated and
// scheduled becomes the plan that a runtime loads. Everything in the plan is
// read off the IR, except what the IR does not hold: `PlanContext`.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSLATION_TOPLAN_H
#define INLAY_DIALECTS_WAFER_TRANSLATION_TOPLAN_H

#include "inlay/Plan/Plan.h"

#include "mlir/IR/BuiltinOps.h"

namespace inlay::wafer {

/// What a plan says that the IR does not know.
struct PlanContext {
  std::string producer; ///< program and version
  std::string model;    ///< name of the .onnx file; empty: what the module says
  std::vector<plan::Digest> digests; ///< of the inputs; the target's is added
  /// Options as given, "name=value"; those that the system records are added
  /// where they are not among them.
  std::vector<std::string> options;
  std::vector<std::string> assumptions; ///< besides those that the IR implies
};

/// Makes the plan of a module with one `inlay_wafer.system`, which the passes
/// from `partition-stages` to `schedule-step` have completed.
///
/// Every initializer that is left in the module is accounted for: as a weight
/// that a kernel holds, or as folded. Initializers in the module's
/// `inlay_onnx.unreachable_initializers` do not count.
///
/// Emits an error for each thing that is missing, with the pass that makes it,
/// and fails. Contradictions that `verify-wafer` finds are not looked for, save
/// shardings that a kernel cannot have and buffers too small for their shards.
mlir::FailureOr<plan::Plan> toPlan(mlir::ModuleOp module,
                                   const PlanContext &context = {});

/// Registers `inlay-translate --mlir-to-plan`.
void registerWaferPlanTranslations();

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSLATION_TOPLAN_H
