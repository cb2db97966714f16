//===- KernelEmitter.cpp - Kernels of a grouping as IR --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::dataflow;

namespace {

/// What a kernel takes from outside and gives to it, in order of first use.
struct Interface {
  llvm::SmallSetVector<Value, 4> inputs;
  llvm::SmallMapVector<StringAttr, Value, 8> weights; ///< to one of its loads
  SmallVector<const StatePair *> states;
  SmallVector<Value> outputs;
  SmallVector<Operation *> body; ///< copied ops first
};

class Emitter {
public:
  Emitter(nn::GraphOp source, const StatePairs &states,
          const Grouping &grouping, OpBuilder &builder)
      : source(source), states(states), grouping(grouping), builder(builder) {}

  FailureOr<GraphOp> run();

private:
  bool isLive(Operation *op) {
    return grouping.position.contains(op) ||
           op == source.getReturnOp().getOperation();
  }

  GraphOp createGraph();
  void emitStates();
  LogicalResult emitSources();
  LogicalResult emitSinks();
  LogicalResult emitKernel(unsigned index, StringRef name);

  Interface findInterface(unsigned index);
  void collectBody(unsigned index, Interface &interface);
  void addOperand(unsigned index, Value operand, Interface &interface);
  bool isOutput(unsigned index, Value value);
  KernelOpInterface createKernel(const Group &group, StringRef name,
                                 const Interface &interface,
                                 ArrayRef<Type> outputTypes);
  void fillBody(KernelOpInterface kernel, const Interface &interface);
  StreamType streamType(Value value, Location loc, StringRef what);

  nn::GraphOp source;
  const StatePairs &states;
  const Grouping &grouping;
  OpBuilder &builder;
  /// Streams of the values that leave their kernel or come from the host.
  DenseMap<Value, Value> streams;
};

} // namespace

/// The type of the stream that carries `value`; reports where there is none.
StreamType Emitter::streamType(Value value, Location loc, StringRef what) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type) {
    bool isTensor = isa<TensorType>(value.getType());
    emitError(loc)
        << what << " has type " << value.getType()
        << ", but a stream carries a ranked tensor: "
        << (isTensor ? "declare its shape in the model, or export one without "
                       "operators whose number of dims depends on data"
                     : "export a model that passes tensors between its "
                       "operators, without sequences and optional values");
    return {};
  }
  if (type.hasStaticShape())
    return StreamType::get(builder.getContext(), type);
  emitError(loc) << what << " has type " << type
                 << ", but the size of a stream must be known before the step: "
                    "export a model without operators whose shapes depend on "
                    "data, such as NonZero";
  return {};
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

GraphOp Emitter::createGraph() {
  auto phase = source.getPhase() == "prefill" ? Phase::Prefill : Phase::Decode;
  builder.setInsertionPoint(source);
  auto graph = GraphOp::create(builder, source.getLoc(), source.getSymName(),
                               phase, source.getBatch(), source.getContext(),
                               source.getTokens());
  builder.createBlock(&graph.getBody());
  return graph;
}

void Emitter::emitStates() {
  for (const StatePair &state : states.all())
    if (isLive(state.user))
      StateOp::create(builder, state.past.getLoc(),
                      builder.getStringAttr(state.name),
                      TypeAttr::get(state.type));
}

LogicalResult Emitter::emitSources() {
  for (BlockArgument argument : source.getBody().getArguments()) {
    if (states.lookup(argument) ||
        llvm::none_of(argument.getUsers(),
                      [&](Operation *user) { return isLive(user); }))
      continue;
    StringRef name = source.getArgName(argument.getArgNumber());
    StreamType type =
        streamType(argument, argument.getLoc(), ("input '" + name + "'").str());
    if (!type)
      return failure();
    streams[argument] =
        SourceOp::create(builder, argument.getLoc(), type, name).getStream();
  }
  return success();
}

LogicalResult Emitter::emitSinks() {
  for (OpOperand &result : source.getReturnOp()->getOpOperands()) {
    unsigned index = result.getOperandNumber();
    if (states.isPresent(index))
      continue;
    SinkOp::create(builder, result.get().getLoc(), source.getResultName(index),
                   streams.lookup(result.get()));
  }
  return success();
}

FailureOr<GraphOp> Emitter::run() {
  OpBuilder::InsertionGuard guard(builder);
  GraphOp graph = createGraph();
  emitStates();
  LogicalResult done = emitSources();
  std::vector<std::string> names = nameGroups(grouping);
  for (unsigned i = 0; i < grouping.groups.size() && succeeded(done); ++i)
    done = emitKernel(i, names[i]);
  if (succeeded(done))
    done = emitSinks();
  if (succeeded(done))
    return graph;
  graph.erase();
  return failure();
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// What is copied to a group and then its ops, each in the order of the graph:
/// where copies stand among the ops of the first layer, they stand before those
/// of the next, and layers that are alike would differ.
void Emitter::collectBody(unsigned index, Interface &interface) {
  llvm::SetVector<Operation *> body;
  for (Operation *op : grouping.groups[index].ops)
    if (!isa<ml_program::GlobalLoadConstOp>(op))
      body.insert(op);
  for (size_t next = 0; next < body.size(); ++next)
    for (Value operand : body[next]->getOperands())
      if (Operation *producer = operand.getDefiningOp();
          producer && grouping.isCopied(producer) &&
          !isa<ml_program::GlobalLoadConstOp>(producer))
        body.insert(producer);
  interface.body = llvm::to_vector(body);
  llvm::sort(interface.body, [&](Operation *a, Operation *b) {
    return std::pair(!grouping.isCopied(a), grouping.position.lookup(a)) <
           std::pair(!grouping.isCopied(b), grouping.position.lookup(b));
  });
}

void Emitter::addOperand(unsigned index, Value operand, Interface &interface) {
  if (const StatePair *state = states.lookup(operand)) {
    interface.states.push_back(state); // its only use
    return;
  }
  Operation *producer = operand.getDefiningOp();
  auto group =
      producer ? grouping.groupOf.find(producer) : grouping.groupOf.end();
  bool isInside = group != grouping.groupOf.end() && group->second == index;
  bool isCopied = producer && group == grouping.groupOf.end();
  if (auto load = dyn_cast_or_null<ml_program::GlobalLoadConstOp>(producer);
      load && (isInside || isCopied))
    interface.weights.insert({load.getGlobal().getRootReference(), operand});
  else if (!isInside && !isCopied)
    interface.inputs.insert(operand);
}

/// Whether another kernel or the host uses `value`.
bool Emitter::isOutput(unsigned index, Value value) {
  Operation *returnOp = source.getReturnOp();
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    if (use.getOwner() == returnOp)
      return !states.isPresent(use.getOperandNumber());
    auto group = grouping.groupOf.find(use.getOwner());
    return group != grouping.groupOf.end() && group->second != index;
  });
}

Interface Emitter::findInterface(unsigned index) {
  Interface interface;
  collectBody(index, interface);
  for (Operation *op : interface.body)
    for (Value operand : op->getOperands())
      addOperand(index, operand, interface);
  for (Operation *op : grouping.groups[index].ops)
    for (Value result : op->getResults())
      if (isOutput(index, result)) {
        interface.outputs.push_back(result);
        if (isa<ml_program::GlobalLoadConstOp>(op))
          addOperand(index, result, interface);
      }
  return interface;
}

KernelOpInterface Emitter::createKernel(const Group &group, StringRef name,
                                        const Interface &interface,
                                        ArrayRef<Type> outputTypes) {
  SmallVector<Value> inputs;
  for (Value input : interface.inputs)
    inputs.push_back(streams.lookup(input));
  SmallVector<Attribute> weights, stateNames;
  for (auto &[name, load] : interface.weights)
    weights.push_back(FlatSymbolRefAttr::get(name));
  for (const StatePair *state : interface.states)
    stateNames.push_back(
        FlatSymbolRefAttr::get(builder.getContext(), state->name));
  IntegerAttr layer =
      group.layer ? builder.getI64IntegerAttr(*group.layer) : IntegerAttr();
  auto symName = builder.getStringAttr(name);
  ArrayAttr weightsAttr = builder.getArrayAttr(weights);
  ArrayAttr statesAttr = builder.getArrayAttr(stateNames);
  Location loc = group.anchor->getLoc();
  if (auto experts = dyn_cast<nn::ExpertsOp>(group.anchor))
    return cast<KernelOpInterface>(
        ExpertsOp::create(
            builder, loc, outputTypes,
            builder.getI64IntegerAttr(experts.getNumExperts()),
            builder.getI64IntegerAttr(experts.getExpertsPerToken()), symName,
            layer, StringAttr(), inputs, weightsAttr, statesAttr)
            .getOperation());
  return cast<KernelOpInterface>(
      KernelOp::create(builder, loc, outputTypes,
                       KernelRoleAttr::get(builder.getContext(), group.role),
                       symName, layer, StringAttr(), inputs, weightsAttr,
                       statesAttr)
          .getOperation());
}

void Emitter::fillBody(KernelOpInterface kernel, const Interface &interface) {
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&kernel.getBody());
  IRMapping mapping;
  DenseMap<StringAttr, Value> weights;
  for (Value input : interface.inputs)
    mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
  for (auto &[name, load] : interface.weights)
    weights[name] = body->addArgument(load.getType(), load.getLoc());
  for (const StatePair *state : interface.states)
    mapping.map(state->past,
                body->addArgument(state->past.getType(), state->past.getLoc()));
  auto mapWeight = [&](Value value) {
    if (auto load = value.getDefiningOp<ml_program::GlobalLoadConstOp>())
      if (Value weight = weights.lookup(load.getGlobal().getRootReference());
          weight && !mapping.contains(value))
        mapping.map(value, weight);
  };
  for (Operation *op : interface.body) {
    llvm::for_each(op->getOperands(), mapWeight);
    builder.clone(*op, mapping);
  }
  llvm::for_each(interface.outputs, mapWeight);
  SmallVector<Value> outputs, updates;
  for (Value output : interface.outputs)
    outputs.push_back(mapping.lookup(output));
  for (const StatePair *state : interface.states)
    updates.push_back(
        mapping.lookup(state->present ? state->present : state->past));
  YieldOp::create(builder, kernel->getLoc(), outputs, updates);
}

LogicalResult Emitter::emitKernel(unsigned index, StringRef name) {
  const Group &group = grouping.groups[index];
  Interface interface = findInterface(index);
  SmallVector<Type> outputTypes;
  for (Value output : interface.outputs) {
    StreamType type = streamType(output, output.getLoc(),
                                 ("an output of kernel '" + name + "'").str());
    if (!type)
      return failure();
    outputTypes.push_back(type);
  }
  KernelOpInterface kernel = createKernel(group, name, interface, outputTypes);
  fillBody(kernel, interface);
  kernel.setStructureAttr(builder.getStringAttr(computeStructure(kernel)));
  for (auto [value, stream] : llvm::zip(interface.outputs, kernel.getOutputs()))
    streams[value] = stream;
  return success();
}

FailureOr<GraphOp> inlay::dataflow::emitGraph(nn::GraphOp source,
                                              const StatePairs &states,
                                              const Grouping &grouping,
                                              OpBuilder &builder) {
  return Emitter(source, states, grouping, builder).run();
}
