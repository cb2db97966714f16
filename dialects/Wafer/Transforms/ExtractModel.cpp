//===- ExtractModel.cpp - What mapping sees of a dataflow graph -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExtractModel.h"
#include "ExtractKernel.h"

#include "dialects/NN/IR/NN.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace {

class GraphExtractor {
public:
  explicit GraphExtractor(dataflow::GraphOp graph)
      : graph(graph), kernels(graph.getKernels()),
        globals(SymbolTable::getNearestSymbolTable(graph)) {}

  FailureOr<model::Graph> run();

private:
  void addHeader();
  LogicalResult addKernels();
  LogicalResult addStates();
  LogicalResult retype(model::StateSpec &state, RankedTensorType type);
  void addStreams();
  void addStream(Value stream, int consumer, int port, StringRef sink);
  LogicalResult check();

  dataflow::GraphOp graph;
  SmallVector<dataflow::KernelOpInterface> kernels;
  SymbolTable globals;
  DenseMap<Operation *, int> indexOf; ///< of kernels and of sources
  model::Graph result;
};

} // namespace

void GraphExtractor::addHeader() {
  result.name = graph.getSymName().str();
  result.phase = graph.getPhase() == dataflow::Phase::Prefill
                     ? model::Phase::Prefill
                     : model::Phase::Decode;
  result.batch = static_cast<int64_t>(graph.getBatch());
  result.context = static_cast<int64_t>(graph.getContext());
  result.tokens = static_cast<int64_t>(graph.getTokens());
}

LogicalResult GraphExtractor::addKernels() {
  for (auto [index, kernel] : llvm::enumerate(kernels)) {
    FailureOr<model::KernelSpec> spec =
        extractKernel(kernel, globals, result.batch * result.tokens);
    if (failed(spec))
      return failure();
    indexOf[kernel.getOperation()] = static_cast<int>(index);
    result.kernels.push_back(std::move(*spec));
  }
  return success();
}

/// Integers are values of a type that the model chose with their scales.
LogicalResult GraphExtractor::retype(model::StateSpec &state,
                                     RankedTensorType type) {
  Type wanted = kvTypeOf(graph);
  if (!wanted)
    return success();
  if (!isa<FloatType>(type.getElementType()))
    return graph.emitError() << "state '" << state.name << "' of type " << type
                             << " is quantised, so that it cannot be kept as "
                             << wanted << "; leave --kv-type out";
  state.type = nn::getElementType(wanted);
  return success();
}

LogicalResult GraphExtractor::addStates() {
  int64_t steps = stepsInFlight(graph);
  llvm::StringMap<RankedTensorType> types;
  for (auto state : graph.getBody().getOps<dataflow::StateOp>())
    types[state.getSymName()] = state.getTensorType();
  for (model::KernelSpec &kernel : result.kernels)
    for (model::StateSpec &state : kernel.states) {
      RankedTensorType type = types.lookup(state.name);
      state.type = nn::getElementType(type);
      state.shape = type.getShape().vec();
      if (failed(retype(state, type)))
        return failure();
      if (steps == 1)
        continue;
      if (state.shape.empty() || state.shape.front() != result.batch)
        return graph.emitError()
               << "state '" << state.name << "' of type " << type
               << " does not begin with the " << result.batch
               << (result.batch == 1 ? " sequence" : " sequences")
               << " of a step, so that it cannot be kept for several steps in "
                  "flight; leave --sequences-in-flight out";
      state.shape.front() *= steps;
    }
  for (model::KernelSpec &kernel : result.kernels)
    for (model::OpSpec &op : kernel.ops)
      for (model::OperandSpec &operand : op.operands)
        if (operand.role == model::TensorRole::State && kvTypeOf(graph))
          operand.type = kernel.states[operand.tensor].type;
  return success();
}

/// Adds the edge from a stream's producer to one consumer. One end is a kernel,
/// whose ports have static shapes.
void GraphExtractor::addStream(Value value, int consumer, int port,
                               StringRef sink) {
  RankedTensorType type =
      cast<dataflow::StreamType>(value.getType()).getTensor();
  Operation *producer = value.getDefiningOp();
  model::StreamSpec stream;
  if (auto source = dyn_cast<dataflow::SourceOp>(producer)) {
    stream.name = source.getName().str();
    stream.producerPort = indexOf.lookup(producer);
  } else {
    stream.producer = indexOf.lookup(producer);
    stream.producerPort =
        static_cast<int>(cast<OpResult>(value).getResultNumber());
    stream.name = result.kernels[stream.producer].name + ":" +
                  std::to_string(stream.producerPort);
  }
  if (!sink.empty())
    stream.name = sink.str();
  stream.consumer = consumer;
  stream.consumerPort = port;
  stream.type = nn::getElementType(type);
  stream.shape = type.getShape().vec();
  result.streams.push_back(std::move(stream));
}

void GraphExtractor::addStreams() {
  int numSources = 0;
  for (auto source : graph.getBody().getOps<dataflow::SourceOp>())
    if (llvm::any_of(source->getUsers(),
                     llvm::IsaPred<dataflow::KernelOpInterface>))
      indexOf[source] = numSources++;
  for (auto [consumer, kernel] : llvm::enumerate(kernels))
    for (auto [port, input] : llvm::enumerate(kernel.getInputs()))
      addStream(input, static_cast<int>(consumer), static_cast<int>(port), "");
  for (auto [port, sink] :
       llvm::enumerate(graph.getBody().getOps<dataflow::SinkOp>())) {
    // What the host gets back as it sent it never reaches the machine.
    if (sink.getStream().getDefiningOp<dataflow::SourceOp>())
      continue;
    addStream(sink.getStream(), model::kHost, static_cast<int>(port),
              sink.getName());
  }
}

/// Sizes come from the IR, so what the model's check finds is told as an error
/// of the input.
LogicalResult GraphExtractor::check() {
  Diagnostics diags;
  if (result.check(diags))
    return success();
  for (const inlay::Diagnostic &diag : diags.all())
    graph.emitError() << diag.subject << " " << diag.message;
  return failure();
}

FailureOr<model::Graph> GraphExtractor::run() {
  addHeader();
  if (failed(addKernels()))
    return failure();
  if (failed(addStates()))
    return failure();
  addStreams();
  if (failed(check()))
    return failure();
  return std::move(result);
}

int64_t inlay::wafer::stepsInFlight(dataflow::GraphOp graph) {
  auto steps = graph->getAttrOfType<IntegerAttr>(kStepsInFlightAttr);
  return steps ? std::max<int64_t>(1, steps.getInt()) : 1;
}

Type inlay::wafer::kvTypeOf(dataflow::GraphOp graph) {
  auto type = graph->getAttrOfType<TypeAttr>(kKvTypeAttr);
  return type ? type.getValue() : Type();
}

int64_t inlay::wafer::seedOf(dataflow::GraphOp graph) {
  auto seed = graph->getAttrOfType<IntegerAttr>(kSeedAttr);
  return seed ? seed.getInt() : 0;
}

int64_t inlay::wafer::effortOf(dataflow::GraphOp graph) {
  constexpr int64_t kUsual = 100, kMost = 10000;
  auto effort = graph->getAttrOfType<IntegerAttr>(kEffortAttr);
  return effort ? std::clamp<int64_t>(effort.getInt(), 0, kMost) : kUsual;
}

FailureOr<model::Graph> inlay::wafer::extractModel(dataflow::GraphOp graph) {
  return GraphExtractor(graph).run();
}
