//===- ConvertToDataflow.cpp - Kernels and streams of an nn graph ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Grouping.h"
#include "KernelEmitter.h"
#include "Passes.h"
#include "StatePairs.h"

#include "dialects/Onnx/Transforms/Passes.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::dataflow;

namespace inlay::dataflow {
#define GEN_PASS_DEF_CONVERTTODATAFLOW
#include "dialects/Dataflow/Transforms/Passes.h.inc"
} // namespace inlay::dataflow

/// Names in an attribute of the module that lists initializers.
static void addNames(ModuleOp module, StringRef attribute,
                     llvm::StringSet<> &names) {
  if (auto list = module->getAttrOfType<ArrayAttr>(attribute))
    for (auto name : list.getAsRange<StringAttr>())
      names.insert(name.getValue());
}

/// Initializers whose values became attributes or constants of ops are folded
/// too: lists them, so that every initializer is a weight or is listed.
static void listFolded(ModuleOp module, GraphOp graph) {
  llvm::StringSet<> known;
  addNames(module, onnx::kFoldedAttr, known);
  addNames(module, onnx::kUnreachableAttr, known);
  for (KernelOpInterface kernel : graph.getKernels())
    for (auto weight : kernel.getWeights().getAsRange<FlatSymbolRefAttr>())
      known.insert(weight.getValue());
  SmallVector<Attribute> folded;
  if (auto list = module->getAttrOfType<ArrayAttr>(onnx::kFoldedAttr))
    llvm::append_range(folded, list);
  for (auto global : module.getOps<ml_program::GlobalOp>())
    if (!known.contains(global.getSymName()))
      folded.push_back(global.getSymNameAttr());
  module->setAttr(onnx::kFoldedAttr,
                  ArrayAttr::get(module.getContext(), folded));
}

static void report(GraphOp graph) {
  int64_t kernels = 0, streams = 0;
  llvm::StringSet<> structures;
  for (KernelOpInterface kernel : graph.getKernels()) {
    ++kernels;
    streams += kernel.getNumInputs();
    structures.insert(kernel.getStructureAttr().getValue());
  }
  int64_t states = llvm::range_size(graph.getBody().getOps<StateOp>());
  remark::passed(
      graph.getLoc(),
      remark::RemarkOpts::name("ConvertToDataflow").category("dataflow"))
      << "grouped a graph" << remark::metric("kernels", kernels)
      << remark::metric("structures", static_cast<int64_t>(structures.size()))
      << remark::metric("streams", streams) << remark::metric("states", states);
}

/// A model has something to place, and something to show for it.
static LogicalResult checkPurpose(nn::GraphOp graph, const StatePairs &states,
                                  const Grouping &grouping) {
  unsigned numResults = graph.getReturnOp()->getNumOperands();
  bool hasOutput = llvm::any_of(llvm::seq(numResults), [&](unsigned index) {
    return !states.isPresent(index);
  });
  if (hasOutput && !grouping.groups.empty())
    return success();
  InFlightDiagnostic diag =
      graph.emitError()
      << "graph '" << graph.getSymName()
      << (hasOutput
              ? "' has nothing to place: its outputs are inputs and constants"
              : "' has no outputs besides states: nothing would be computed");
  for (unsigned index = 0; !hasOutput && index < numResults; ++index)
    diag.attachNote() << "output '" << graph.getResultName(index)
                      << "' is taken for a state: it is an input with elements "
                         "appended or overwritten";
  diag.attachNote() << "export the model with its outputs, e.g. logits";
  return diag;
}

/// "[0, 8]" of a tensor without elements, else "".
static std::string formatEmpty(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !llvm::is_contained(type.getShape(), 0))
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(type.getShape(), os);
  os << ']';
  return text;
}

static LogicalResult reportEmpty(nn::GraphOp graph, Value value) {
  constexpr StringRef why = ", so that there is nothing to compute: ";
  std::string shape = formatEmpty(value);
  if (auto argument = dyn_cast<BlockArgument>(value))
    return graph.emitError()
           << "input '" << graph.getArgName(argument.getArgNumber())
           << "' has the shape " << shape << why
           << "bind its dims to at least 1, or export the model with dims of "
              "at least 1 or with symbols in their place";
  Operation *op = value.getDefiningOp();
  if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op))
    return graph.emitError()
           << "weight '" << load.getGlobal().getRootReference().getValue()
           << "' has the shape " << shape << why
           << "export the model without it";
  return op->emitError() << "node '" << onnx::getNodeName(op->getLoc())
                         << "' gives the shape " << shape << why
                         << "let it keep at least one element, or export the "
                            "model without it";
}

/// Kernels work on elements. The past of a state may have none; of all else the
/// first that has none is told, which those behind it come from.
static LogicalResult checkSizes(nn::GraphOp graph, const StatePairs &states,
                                const Grouping &grouping) {
  for (const Group &group : grouping.groups)
    for (Operation *op : group.ops) {
      for (Value operand : op->getOperands())
        if (!states.lookup(operand) && !formatEmpty(operand).empty() &&
            !isa_and_present<nn::ConstantOp>(operand.getDefiningOp()))
          return reportEmpty(graph, operand);
      for (Value result : op->getResults())
        if (!formatEmpty(result).empty())
          return reportEmpty(graph, result);
    }
  return success();
}

namespace {
class ConvertToDataflow
    : public inlay::dataflow::impl::ConvertToDataflowBase<ConvertToDataflow> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto graphs = llvm::to_vector(module.getOps<nn::GraphOp>());
    if (graphs.size() != 1) {
      module.emitError() << "the nn level holds one 'inlay_nn.graph', this "
                            "module holds "
                         << graphs.size();
      return signalPassFailure();
    }
    nn::GraphOp source = graphs.front();
    FailureOr<StatePairs> states = StatePairs::find(source);
    if (failed(states))
      return signalPassFailure();
    Grouping grouping = groupOps(source, *states);
    if (failed(checkPurpose(source, *states, grouping)) ||
        failed(checkSizes(source, *states, grouping)))
      return signalPassFailure();
    OpBuilder builder(source);
    FailureOr<GraphOp> graph = emitGraph(source, *states, grouping, builder);
    if (failed(graph))
      return signalPassFailure();
    source.erase();
    listFolded(module, *graph);
    report(*graph);
  }
};
} // namespace
