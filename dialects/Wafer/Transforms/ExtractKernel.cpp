//===- ExtractKernel.cpp - What mapping sees of a kernel ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExtractKernel.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Onnx/IR/OutputLoc.h"
#include "inlay/Model/Order.h"
#include "inlay/Support/Format.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;
using model::KernelSpec;
using model::OperandSpec;
using model::OpSpec;
using model::TensorRole;

static model::KernelRole convert(dataflow::KernelRole role) {
  switch (role) {
  case dataflow::KernelRole::Embedding:
    return model::KernelRole::Embedding;
  case dataflow::KernelRole::Attention:
    return model::KernelRole::Attention;
  case dataflow::KernelRole::Mlp:
    return model::KernelRole::Mlp;
  case dataflow::KernelRole::Router:
    return model::KernelRole::Router;
  case dataflow::KernelRole::Experts:
    return model::KernelRole::Experts;
  case dataflow::KernelRole::SharedExpert:
    return model::KernelRole::SharedExpert;
  case dataflow::KernelRole::Head:
    return model::KernelRole::Head;
  case dataflow::KernelRole::Other:
    break;
  }
  return model::KernelRole::Other;
}

namespace {

/// A tensor of the kernel.
struct Tensor {
  TensorRole role = TensorRole::Local;
  int index = -1;
};

/// Queries, keys or values of a product of all three.
struct PackedPart {
  const char *name;
  int64_t rows;
};

/// A weight of such a product, and what each part has of it.
struct PackedWeight {
  Value operand;
  std::vector<model::WeightSpec> slices;
};

class KernelExtractor {
public:
  KernelExtractor(dataflow::KernelOpInterface kernel,
                  const SymbolTable &globals, int64_t stepTokens)
      : kernel(kernel), globals(globals), stepTokens(stepTokens) {}

  FailureOr<KernelSpec> run();

  std::vector<std::string> nodes; ///< by op, after `run`

private:
  void addHeader();
  LogicalResult addPorts(TypeRange streams, StringRef what,
                         std::vector<model::PortSpec> &ports);
  LogicalResult addWeights();
  void nameTensors();
  LogicalResult addOp(Operation &op);
  nn::AttentionOp packedUser(nn::LinearOp linear);
  std::optional<std::vector<PackedWeight>>
  slicePacked(nn::LinearOp linear, ArrayRef<PackedPart> parts);
  bool addPacked(nn::LinearOp linear, const OpSpec &space);
  void nameHeads(OpSpec &space);
  void bindOperands(Operation &op, OpSpec &space);
  void bindWeight(const OpSpec &space, OperandSpec &use);
  Value source(Value value);
  Tensor tensorOf(Value value);

  dataflow::KernelOpInterface kernel;
  const SymbolTable &globals;
  int64_t stepTokens; ///< new tokens of all sequences
  KernelSpec spec;
  DenseMap<Value, Tensor> tensors;
  std::vector<bool> isViewed; ///< weights that have their logical shape
  int numLocals = 0;
};

} // namespace

void KernelExtractor::addHeader() {
  spec.name = kernel.getKernelName().str();
  spec.role = convert(kernel.getKernelRole());
  spec.layer = static_cast<int>(kernel.getLayerIndex().value_or(-1));
  // The attribute may be older than the body.
  spec.structuralHash = dataflow::computeStructure(kernel);
  if (auto experts = dyn_cast<dataflow::ExpertsOp>(kernel.getOperation())) {
    spec.numExperts = static_cast<int64_t>(experts.getNumExperts());
    spec.expertsPerToken = static_cast<int64_t>(experts.getExpertsPerToken());
  }
  for (unsigned i = 0; i < kernel.getNumStates(); ++i)
    spec.states.push_back({kernel.getStateName(i).str(), {}, {}});
}

LogicalResult KernelExtractor::addPorts(TypeRange streams, StringRef what,
                                        std::vector<model::PortSpec> &ports) {
  for (auto [index, stream] : llvm::enumerate(streams)) {
    RankedTensorType type = cast<dataflow::StreamType>(stream).getTensor();
    if (!type.hasStaticShape())
      return kernel->emitError()
             << what << " " << index << " of kernel '" << kernel.getKernelName()
             << "' is " << type
             << ", whose size is not known before the step, so it cannot be "
                "placed";
    ports.push_back({nn::getElementType(type), type.getShape().vec()});
  }
  return success();
}

LogicalResult KernelExtractor::addWeights() {
  for (unsigned i = 0; i < kernel.getNumWeights(); ++i) {
    FailureOr<model::WeightSpec> weight =
        extractWeight(kernel, kernel.getWeightName(i), globals);
    if (failed(weight))
      return failure();
    spec.weights.push_back(std::move(*weight));
  }
  isViewed.assign(spec.weights.size(), false);
  return success();
}

/// The value behind ops that cost nothing: a reshape's operand.
Value KernelExtractor::source(Value value) {
  while (auto op = value.getDefiningOp<nn::IterationSpaceInterface>()) {
    if (op->getNumOperands() != 1 || !op.getIterationSpaces().empty())
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// What comes from outside and what goes there; the rest is numbered when an op
/// first names it.
void KernelExtractor::nameTensors() {
  auto name = [&](auto values, TensorRole role) {
    for (auto [index, value] : llvm::enumerate(values))
      tensors.try_emplace(source(value), Tensor{role, static_cast<int>(index)});
  };
  name(kernel.getInputArgs(), TensorRole::Input);
  name(kernel.getWeightArgs(), TensorRole::Weights);
  name(kernel.getStateArgs(), TensorRole::State);
  dataflow::YieldOp yield = dataflow::getYield(kernel);
  name(yield.getUpdates(), TensorRole::State);
  name(yield.getOutputs(), TensorRole::Output);
}

Tensor KernelExtractor::tensorOf(Value value) {
  auto [it, isNew] = tensors.try_emplace(source(value));
  if (isNew)
    it->second = {TensorRole::Local, numLocals++};
  return it->second;
}

/// A weight takes the logical shape of its first use; a use that sees another
/// shape holds it whole.
void KernelExtractor::bindWeight(const OpSpec &space, OperandSpec &use) {
  model::WeightSpec &weight = spec.weights[use.tensor];
  std::optional<LogicalView> view = viewWeight(weight, space, use);
  if (view && !isViewed[use.tensor]) {
    isViewed[use.tensor] = true;
    weight.type = view->type;
    weight.shape = view->shape;
    weight.rowPitchBits = view->rowPitchBits;
  }
  if (!view || view->shape != weight.shape)
    use.indexing.assign(weight.shape.size(), model::IndexExpr{});
  use.type = weight.type;
}

/// An op may see a stream reshaped. Where it has as many dims as the stream's
/// own tensor, but others, its indices become those of the tensor, whose dims
/// of one element need none; or, where dims do not fit, one more that says that
/// the tensor is reshaped.
static void fitToPort(const model::PortSpec &port, const OpSpec &space,
                      OperandSpec &use) {
  auto sizeOf = [&](const model::IndexExpr &index) {
    return index.dim < 0
               ? int64_t(1)
               : ceilDiv(space.dims[size_t(index.dim)].size, index.divisor);
  };
  if (use.indexing.size() != port.shape.size() ||
      llvm::all_of(llvm::zip(use.indexing, port.shape), [&](auto pair) {
        auto [index, size] = pair;
        return index.dim < 0 || sizeOf(index) == size;
      }))
    return;
  std::vector<model::IndexExpr> own, fitted;
  llvm::copy_if(use.indexing, std::back_inserter(own),
                [&](const auto &index) { return sizeOf(index) > 1; });
  size_t next = 0;
  for (int64_t size : port.shape) {
    bool isNext = next < own.size() && size == sizeOf(own[next]);
    if (size > 1 && !isNext)
      break;
    fitted.push_back(size > 1 ? own[next++] : model::IndexExpr{});
  }
  if (fitted.size() == port.shape.size() && next == own.size())
    use.indexing = std::move(fitted);
  else
    use.indexing.insert(use.indexing.begin(), model::IndexExpr{});
}

void KernelExtractor::bindOperands(Operation &op, OpSpec &space) {
  for (OperandSpec &use : space.operands) {
    if (use.role == TensorRole::Local)
      continue;
    Tensor tensor =
        tensorOf(use.role == TensorRole::Input ? op.getOperand(use.tensor)
                                               : op.getResult(use.tensor));
    use.role = tensor.role;
    use.tensor = tensor.index;
    if (use.role == TensorRole::Weights)
      bindWeight(space, use);
    if (use.role == TensorRole::Input)
      fitToPort(spec.inputs[use.tensor], space, use);
    if (use.role == TensorRole::Output)
      fitToPort(spec.outputs[use.tensor], space, use);
  }
}

/// The attention that takes queries, keys and values of one product apart, if
/// nothing else reads it.
nn::AttentionOp KernelExtractor::packedUser(nn::LinearOp linear) {
  Value value = linear.getResult();
  while (value.hasOneUse()) {
    Operation *user = *value.getUsers().begin();
    if (auto attention = dyn_cast<nn::AttentionOp>(user))
      return attention.isPacked() && attention.getQuery() == value
                 ? attention
                 : nn::AttentionOp();
    if (user->getNumResults() != 1 ||
        source(user->getResult(0)) != source(value))
      break;
    value = user->getResult(0);
  }
  return {};
}

std::optional<std::vector<PackedWeight>>
KernelExtractor::slicePacked(nn::LinearOp linear, ArrayRef<PackedPart> parts) {
  int64_t rows = 0;
  for (const PackedPart &part : parts)
    rows += part.rows;
  std::vector<PackedWeight> weights;
  for (Value operand : llvm::drop_begin(linear->getOperands())) {
    Tensor tensor = tensorOf(operand);
    if (tensor.role != TensorRole::Weights || !operand.hasOneUse())
      return std::nullopt;
    PackedWeight weight{operand, {}};
    bool columns = linear.getTransposed() && operand != linear.getBias();
    int64_t first = 0;
    for (const PackedPart &part : parts) {
      auto slice = sliceRows(spec.weights[tensor.index], rows, first, part.rows,
                             columns);
      if (!slice)
        return std::nullopt;
      slice->name += "." + std::string(part.name);
      weight.slices.push_back(std::move(*slice));
      first += part.rows;
    }
    weights.push_back(std::move(weight));
  }
  return weights;
}

/// A product of queries, keys and values becomes three, so that each is cut for
/// itself and lies with its heads: cut as one, the keys would lie behind all
/// queries. Returns false for any other product, or where a weight is no single
/// piece.
bool KernelExtractor::addPacked(nn::LinearOp linear, const OpSpec &space) {
  nn::AttentionOp attention = packedUser(linear);
  if (!attention)
    return false;
  auto kvHeads = static_cast<int64_t>(attention.getKvHeads());
  auto width = static_cast<int64_t>(attention.getHeadDim());
  const PackedPart parts[] = {
      {"query", static_cast<int64_t>(attention.getNumHeads()) * width},
      {"key", kvHeads * width},
      {"value", kvHeads * static_cast<int64_t>(attention.getValueDim())}};
  auto weights = slicePacked(linear, parts);
  if (!weights)
    return false;
  constexpr size_t kRowDim = 1;
  for (auto [p, part] : llvm::enumerate(parts)) {
    for (PackedWeight &weight : *weights) {
      Tensor &tensor = tensors[source(weight.operand)];
      if (p > 0) {
        tensor.index = static_cast<int>(spec.weights.size());
        spec.weights.emplace_back();
        isViewed.push_back(false);
      }
      spec.weights[tensor.index] = weight.slices[p];
    }
    // The attention reads the queries; keys and values go to its state.
    Tensor queries = tensorOf(linear.getResult());
    if (p > 0)
      tensors[source(linear.getResult())] = {TensorRole::Local, numLocals++};
    OpSpec product = space;
    product.dims[kRowDim].size = part.rows;
    bindOperands(*linear, product);
    spec.ops.push_back(std::move(product));
    tensors[source(linear.getResult())] = queries;
  }
  return true;
}

/// Rows of `heads` heads and as many tokens as a step has become two dims.
/// Blocks of rows that share a scale stay as they are.
static void splitHeads(OpSpec &space, int token, int64_t heads) {
  for (const OperandSpec &use : space.operands)
    for (const model::IndexExpr &index : use.indexing)
      if (index.dim == token && (index.divisor > 1 || index.first != 0 ||
                                 use.role == TensorRole::Weights))
        return;
  model::IterationDim head = space.dims[token];
  head.name = "head";
  head.size = heads;
  space.dims[token].size /= heads;
  space.dims.insert(space.dims.begin() + token + 1, head);
  for (OperandSpec &use : space.operands) {
    std::vector<model::IndexExpr> indexing;
    for (model::IndexExpr index : use.indexing) {
      if (index.dim > token)
        ++index.dim;
      indexing.push_back(index);
      if (index.dim == token)
        indexing.push_back({token + 1, 1});
    }
    use.indexing = std::move(indexing);
  }
}

/// What indexes a weight is no token: a matrix for each head. Neither are rows
/// of what such products read and make, where a step has fewer tokens; rows of
/// a state are those of other steps.
void KernelExtractor::nameHeads(OpSpec &space) {
  bool usesState = llvm::any_of(space.operands, [](const OperandSpec &use) {
    return use.role == TensorRole::State;
  });
  for (auto [d, dim] : llvm::enumerate(space.dims)) {
    bool indexesWeight =
        llvm::any_of(space.operands, [&](const OperandSpec &use) {
          return use.role == TensorRole::Weights &&
                 llvm::any_of(use.indexing, [&](const model::IndexExpr &index) {
                   return index.dim == static_cast<int>(d);
                 });
        });
    if ((dim.name == "batch" && indexesWeight) ||
        (dim.name == "token" && stepTokens == 1 && dim.size > 1 && !usesState))
      dim.name = "head";
  }
  for (size_t d = 0; d < space.dims.size(); ++d)
    if (space.dims[d].name == "token" && !usesState && stepTokens > 1 &&
        space.dims[d].size > stepTokens &&
        space.dims[d].size % stepTokens == 0) {
      splitHeads(space, static_cast<int>(d), space.dims[d].size / stepTokens);
      break;
    }
}

LogicalResult KernelExtractor::addOp(Operation &op) {
  auto interface = dyn_cast<nn::IterationSpaceInterface>(op);
  if (!interface)
    return op.emitError() << "'" << op.getName() << "' in kernel '"
                          << kernel.getKernelName()
                          << "' does not say its loop nests, so it cannot be "
                             "placed";
  SmallVector<OpSpec> spaces = interface.getIterationSpaces();
  if (auto linear = dyn_cast<nn::LinearOp>(op))
    if (addPacked(linear, spaces.front()))
      return success();
  // The op numbers the values inside it from 0.
  int base = numLocals;
  for (OpSpec &space : spaces)
    for (OperandSpec &use : space.operands)
      if (use.role == TensorRole::Local && use.tensor >= 0) {
        use.tensor += base;
        numLocals = std::max(numLocals, use.tensor + 1);
      }
  for (OpSpec &space : spaces) {
    bindOperands(op, space);
    nameHeads(space);
    spec.ops.push_back(std::move(space));
  }
  return success();
}

/// The node, and ":" with the output's number where that is not the first.
static std::string nameOfValue(Location loc) {
  std::string name = onnx::getNodeName(loc).str();
  int64_t output = onnx::getOutputNumber(loc);
  return output == 0 || name.empty() ? name
                                     : name + ":" + std::to_string(output);
}

FailureOr<KernelSpec> KernelExtractor::run() {
  addHeader();
  if (failed(addPorts(kernel.getInputs().getTypes(), "input", spec.inputs)) ||
      failed(
          addPorts(kernel.getOutputs().getTypes(), "output", spec.outputs)) ||
      failed(addWeights()))
    return failure();
  nameTensors();
  std::vector<std::string> made;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (failed(addOp(op)))
      return failure();
    made.resize(spec.ops.size(), nameOfValue(op.getLoc()));
  }
  for (size_t before : model::orderBySums(spec))
    nodes.push_back(std::move(made[before]));
  return std::move(spec);
}

FailureOr<KernelSpec>
inlay::wafer::extractKernel(dataflow::KernelOpInterface kernel,
                            const SymbolTable &globals, int64_t stepTokens) {
  return KernelExtractor(kernel, globals, stepTokens).run();
}

FailureOr<std::vector<std::string>>
inlay::wafer::extractNodes(dataflow::KernelOpInterface kernel,
                           const SymbolTable &globals, int64_t stepTokens) {
  KernelExtractor extractor(kernel, globals, stepTokens);
  if (failed(extractor.run()))
    return failure();
  return std::move(extractor.nodes);
}
