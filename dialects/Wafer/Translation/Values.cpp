//===- Values.cpp - Which values of the model a plan's ops make -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/Values.h"

#include "dialects/Wafer/Transforms/ExtractKernel.h"

#include "llvm/ADT/STLExtras.h"

#include <set>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

/// The op that makes an output of a kernel, which is the first that has it
/// among its operands, and as which of its outputs.
static std::string nameOutput(const model::KernelSpec &spec,
                              const plan::Kernel &kernel, int port) {
  for (auto [op, named] : llvm::zip_equal(spec.ops, kernel.ops)) {
    std::vector<int> outputs;
    for (const model::OperandSpec &operand : op.operands)
      if (operand.role == model::TensorRole::Output &&
          !llvm::is_contained(outputs, operand.tensor))
        outputs.push_back(operand.tensor);
    auto found = llvm::find(outputs, port);
    if (found == outputs.end())
      continue;
    std::string name = named.node;
    if (outputs.size() > 1 && !name.empty())
      name += "#" + std::to_string(found - outputs.begin());
    return name;
  }
  return "";
}

LogicalResult inlay::wafer::nameValues(const PlacedSystem &placement,
                                       plan::Plan &plan) {
  dataflow::GraphOp graph = SystemOp(placement.system).lookupGraph();
  SymbolTable globals(SymbolTable::getNearestSymbolTable(graph));
  const model::Graph &model = placement.model;
  for (auto [kernel, named] :
       llvm::zip_equal(graph.getKernels(), plan.kernels)) {
    FailureOr<std::vector<std::string>> nodes =
        extractNodes(kernel, globals, model.batch * model.tokens);
    if (failed(nodes))
      return failure();
    for (auto [op, node] : llvm::zip_equal(named.ops, *nodes))
      op.node = std::move(node);
  }
  for (auto [spec, kernel] : llvm::zip_equal(model.kernels, plan.kernels))
    kernel.inputs.resize(spec.inputs.size());
  for (const model::StreamSpec &stream : model.streams) {
    if (stream.consumer == model::kHost)
      continue;
    std::string &input =
        plan.kernels[stream.consumer].inputs[stream.consumerPort];
    input =
        stream.producer == model::kHost
            ? stream.name
            : nameOutput(model.kernels[stream.producer],
                         plan.kernels[stream.producer], stream.producerPort);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

namespace {
/// A tensor of a kernel.
using Tensor = std::tuple<int, model::TensorRole, int>;
} // namespace

std::optional<int64_t>
inlay::wafer::lookedUpPositions(const model::Graph &graph, int64_t room) {
  // What rotations read beside what they rotate, and where it comes from.
  std::set<Tensor> read;
  for (auto [k, kernel] : llvm::enumerate(graph.kernels))
    for (const model::OpSpec &op : kernel.ops)
      if (op.name == "rotary")
        for (const model::OperandSpec &operand :
             llvm::drop_begin(llvm::ArrayRef(op.operands).drop_back()))
          read.insert({static_cast<int>(k), operand.role, operand.tensor});
  for (const model::StreamSpec &stream : graph.streams)
    if (stream.producer != model::kHost &&
        read.count(
            {stream.consumer, model::TensorRole::Input, stream.consumerPort}))
      read.insert(
          {stream.producer, model::TensorRole::Output, stream.producerPort});
  std::optional<int64_t> positions;
  for (auto [k, kernel] : llvm::enumerate(graph.kernels))
    for (const model::OpSpec &op : kernel.ops) {
      if (op.opClass != model::OpClass::Lookup || op.operands.empty())
        continue;
      const model::OperandSpec &result = op.operands.back();
      if (!read.count({static_cast<int>(k), result.role, result.tensor}))
        continue;
      for (const model::IterationDim &dim : op.dims)
        if (dim.name == "vocab" && dim.size >= room)
          positions = std::min(positions.value_or(dim.size), dim.size);
    }
  return positions;
}
