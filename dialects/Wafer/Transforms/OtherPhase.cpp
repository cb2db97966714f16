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

/// What must be equal for one placement to serve both phases.
static bool isSameKernel(const model::KernelSpec &a,
                         const model::KernelSpec &b) {
  auto sameWeight = [](const model::WeightSpec &x, const model::WeightSpec &y) {
    return x.name == y.name && x.shape == y.shape && x.type.bits == y.type.bits;
  };
  auto sameDim = [](const model::IterationDim &x,
                    const model::IterationDim &y) {
    return x.name == y.name && x.kind == y.kind;
  };
  auto sameOp = [&](const model::OpSpec &x, const model::OpSpec &y) {
    return x.name == y.name && llvm::equal(x.dims, y.dims, sameDim);
  };
  return a.name == b.name && a.states.size() == b.states.size() &&
         a.inputs.size() == b.inputs.size() &&
         a.outputs.size() == b.outputs.size() &&
         llvm::equal(a.weights, b.weights, sameWeight) &&
         llvm::equal(a.ops, b.ops, sameOp);
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
  auto [own, theirs] = std::mismatch(model.kernels.begin(), model.kernels.end(),
                                     other.model.kernels.begin(),
                                     other.model.kernels.end(), isSameKernel);
  if (own != model.kernels.end() || theirs != other.model.kernels.end()) {
    auto nameOf = [](auto kernel, auto end) {
      return kernel == end ? std::string("none") : "'" + kernel->name + "'";
    };
    return other.graph.emitError()
           << "decode and prefill cannot share weights that stay in place: "
              "kernel "
           << nameOf(own, model.kernels.end()) << " of prefill and kernel "
           << nameOf(theirs, other.model.kernels.end())
           << " of decode differ in name, ops or weights; map one phase at a "
              "time";
  }
  if (auto firings = other.graph->getAttrOfType<FloatAttr>(kFiringsAttr))
    other.firings = std::max(0.0, firings.getValueAsDouble());
  return std::optional<OtherPhase>(std::move(other));
}

LogicalResult
inlay::wafer::checkOtherPhase(const OtherPhase &other,
                              const model::Graph &model,
                              MutableArrayRef<Placement> placements) {
  bool serves = true;
  for (auto [own, theirs, placement] :
       llvm::zip_equal(model.kernels, other.model.kernels, placements)) {
    model::Sharding sharding = placement.getSharding();
    Diagnostics diags;
    if (!model::check(theirs, sharding, diags)) {
      emitDiagnostics(placement.assign, diags);
      serves = false;
      continue;
    }
    std::vector<model::ShardBuffer> there = model::shardBuffers(own, sharding);
    std::vector<model::ShardBuffer> needed =
        model::shardBuffers(theirs, sharding);
    for (size_t i = 0; i < needed.size(); ++i) {
      if (i < there.size() && needed[i].bytes <= there[i].bytes)
        continue;
      serves = false;
      placement.assign.emitError()
          << "kernel '" << own.name << "' needs " << needed[i].bytes
          << " B of a core for '"
          << memory::bufferName(theirs, needed[i].role, needed[i].tensor,
                                needed[i].firstOp)
          << "' in decode, but "
          << (i < there.size() ? there[i].bytes : int64_t(0))
          << " B in prefill, for which it is placed; take a larger "
             "--prefill-chunk, or map one phase at a time";
    }
  }
  return success(serves);
}
