//===- OtherPhase.cpp - A second phase on the same regions ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OtherPhase.h"

#include "EmitDiagnostics.h"
#include "ExtractModel.h"

#include "inlay/Memory/Memory.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

dataflow::GraphOp inlay::wafer::mappedGraph(ModuleOp module) {
  auto graphs = llvm::to_vector(module.getOps<dataflow::GraphOp>());
  bool areBoth = graphs.size() == 2 &&
                 graphs[0].getPhase() == dataflow::Phase::Prefill &&
                 graphs[1].getPhase() == dataflow::Phase::Decode;
  return graphs.size() == 1 || areBoth ? graphs.front() : nullptr;
}

static InFlightDiagnostic cannotShare(dataflow::GraphOp graph) {
  return graph.emitError()
         << "decode and prefill cannot share weights that stay in place: ";
}

/// Kernel by kernel.
static LogicalResult match(const model::Graph &model, OtherPhase &other) {
  if (model.kernels.size() != other.model.kernels.size())
    return cannotShare(other.graph)
           << "prefill has " << model.kernels.size() << " kernels and decode "
           << other.model.kernels.size() << "; map one phase at a time";
  for (auto [own, theirs] :
       llvm::zip_equal(model.kernels, other.model.kernels)) {
    std::string why;
    std::optional<model::CarryOver> carry =
        model::CarryOver::find(own, theirs, why);
    if (!carry)
      return cannotShare(other.graph)
             << "kernel '" << own.name << "' of prefill and kernel '"
             << theirs.name << "' of decode differ: " << why
             << "; map one phase at a time";
    other.carries.push_back(std::move(*carry));
  }
  return success();
}

FailureOr<std::optional<OtherPhase>>
inlay::wafer::readOtherPhase(dataflow::GraphOp mapped,
                             const model::Graph &model) {
  auto graphs = llvm::to_vector(
      mapped->getParentOfType<ModuleOp>().getOps<dataflow::GraphOp>());
  if (graphs.size() != 2 || graphs.front() != mapped)
    return std::optional<OtherPhase>();
  FailureOr<model::Graph> extracted = extractModel(graphs.back());
  if (failed(extracted))
    return failure();
  OtherPhase other{graphs.back(), std::move(*extracted)};
  if (failed(match(model, other)))
    return failure();
  if (auto firings = other.graph->getAttrOfType<FloatAttr>(kFiringsAttr))
    other.firings = std::max(0.0, firings.getValueAsDouble());
  return std::optional<OtherPhase>(std::move(other));
}

static LogicalResult checkBytes(Placement &placement,
                                const model::KernelSpec &own,
                                const model::KernelSpec &theirs,
                                const model::Sharding &sharding) {
  std::vector<model::Shortage> shortages =
      model::shortages(own, theirs, sharding, *placement.carry);
  for (const auto &[needed, there] : shortages) {
    std::string what =
        needed.role == model::TensorRole::Local
            ? "values inside the kernel"
            : "'" +
                  memory::bufferName(theirs, needed.role, needed.tensor,
                                     needed.firstOp) +
                  "'";
    placement.assign.emitError()
        << "kernel '" << own.name << "' needs " << needed.bytes
        << " B of a core for " << what << " in decode, but " << there
        << " B in prefill, for which it is placed; take another "
           "--prefill-chunk or more --wafers, or map one phase at a time";
  }
  return success(shortages.empty());
}

LogicalResult
inlay::wafer::checkOtherPhase(const OtherPhase &other,
                              const model::Graph &model,
                              MutableArrayRef<Placement> placements) {
  bool serves = true;
  for (auto [own, theirs, carry, placement] : llvm::zip_equal(
           model.kernels, other.model.kernels, other.carries, placements)) {
    placement.carry.reset();
    model::Sharding sharding = placement.getSharding();
    placement.carry = carry;
    Diagnostics diags;
    if (!model::check(theirs, carry(sharding), diags)) {
      emitDiagnostics(placement.assign, diags);
      serves = false;
    } else if (failed(checkBytes(placement, own, theirs, sharding))) {
      serves = false;
    }
  }
  return success(serves);
}
