//===- SliceExperts.cpp - Experts of a layer in several kernels -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SliceExperts.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"

#include <map>
#include <optional>

using namespace mlir;
using namespace inlay;
using namespace inlay::dataflow;

namespace {

/// How an operand of the experts is sliced.
struct OperandCut {
  Value operand;
  int64_t dim = -1; ///< -1: every slice has all of it
};

} // namespace

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static int64_t blocksOf(int64_t length, int64_t block) {
  return block ? llvm::divideCeil(length, block) : 1;
}

namespace {

/// Finds how the operands of experts are cut into so many slices.
class SlicePlan {
public:
  SlicePlan(nn::ExpertsOp experts, int64_t count)
      : experts(experts), count(count), inner(experts.getIntermediate()) {
    isPossible = inner % count == 0;
    addRows(experts.getFc1(), experts.getFc1Scales(),
            experts.getFc1ZeroPoints(), experts.getFc1Bias());
    addRows(experts.getFc3(), experts.getFc3Scales(),
            experts.getFc3ZeroPoints(), experts.getFc3Bias());
    addColumns(experts.getQuantOfFc2());
  }

  /// None where slices would cut a block, a byte or a tensor of another form.
  std::optional<SmallVector<OperandCut>> get() const {
    return isPossible ? std::optional(cuts) : std::nullopt;
  }

private:
  void cut(Value operand, int64_t dim) {
    if (!operand)
      return;
    ArrayRef<int64_t> shape = shapeOf(operand);
    isPossible &= dim < int64_t(shape.size()) && shape[dim] % count == 0;
    cuts.push_back({operand, dim});
  }

  /// Of fc1 and fc3, whose rows are slices' own.
  void addRows(Value matrix, Value scales, Value zeroPoints, Value bias) {
    cut(matrix, 1);
    nn::BlockQuantAttr quant = experts.getQuantAttr();
    int64_t rows = quant ? quant.getRows() : 1;
    bool isOne = inner <= rows; // block of rows
    isPossible &= isOne || (inner / count) % rows == 0;
    for (Value blocks : {scales, zeroPoints})
      if (blocks && !isOne && !isOnePerExpert(blocks))
        cut(blocks, 1);
    if (bias)
      isPossible &=
          shapeOf(bias) == ArrayRef<int64_t>({experts.getNumExperts(), inner});
    cut(bias, 1);
  }

  /// Of fc2, whose columns meet those rows.
  void addColumns(nn::BlockQuantAttr quant) {
    cut(experts.getFc2(), 2);
    if (!quant)
      return;
    int64_t block = quant.getBlock();
    int64_t length = inner / count;
    isPossible &= (length * quant.getBits()) % 8 == 0;
    // A scale of whole rows is every slice's.
    if (block == 0 || inner <= block)
      return;
    isPossible &= length % block == 0;
    for (Value blocks : {experts.getFc2Scales(), experts.getFc2ZeroPoints()}) {
      if (!blocks)
        continue;
      ArrayRef<int64_t> shape = shapeOf(blocks);
      int64_t whole = blocksOf(inner, block);
      bool isPacked = shape.size() == 3 && shape[2] != whole;
      isPossible &= shape.size() == 3 &&
                    (!isPacked || shape[2] * 8 == whole * quant.getBits());
      cut(blocks, 2);
    }
  }

  bool isOnePerExpert(Value blocks) {
    int64_t elements = 1;
    for (int64_t size : shapeOf(blocks))
      elements *= size;
    return elements == experts.getNumExperts();
  }

  nn::ExpertsOp experts;
  int64_t count, inner;
  bool isPossible = true;
  SmallVector<OperandCut> cuts;
};

/// One kernel of experts on its way to become several.
class Slicer {
public:
  Slicer(ExpertsOp kernel, int64_t count, SymbolTable &globals)
      : kernel(kernel), node(cast<KernelOpInterface>(kernel.getOperation())),
        count(count), globals(globals) {}

  bool prepare();
  void run();

private:
  ml_program::GlobalOp globalOf(unsigned weight) {
    return globals.lookup<ml_program::GlobalOp>(node.getWeightName(weight));
  }
  ml_program::GlobalOp sliceOf(unsigned weight, int64_t dim, int64_t slice);
  ExpertsOp makeSlice(int64_t slice);
  void addUp(KernelOpInterface consumer, ArrayRef<Value> slices);

  ExpertsOp kernel;
  KernelOpInterface node;
  int64_t count;
  SymbolTable &globals;
  std::map<unsigned, int64_t> dimOfWeight;
};

} // namespace

static nn::ExpertsOp expertsIn(ExpertsOp kernel) {
  auto all = kernel.getBody().front().getOps<nn::ExpertsOp>();
  return llvm::hasSingleElement(all) ? *all.begin() : nn::ExpertsOp();
}

/// Which dim of which weight is cut; false where slices are not possible.
bool Slicer::prepare() {
  nn::ExpertsOp experts = expertsIn(kernel);
  if (!experts || node.getOutputs().size() != 1 || node.getNumStates() > 0)
    return false;
  for (Operation *user : node.getOutputs().front().getUsers())
    if (!isa<KernelOpInterface>(user))
      return false;
  std::optional<SmallVector<OperandCut>> cuts = SlicePlan(experts, count).get();
  if (!cuts)
    return false;
  for (const OperandCut &cut : *cuts) {
    auto argument = dyn_cast<BlockArgument>(cut.operand);
    if (!argument || argument.getArgNumber() < node.getNumInputs() ||
        llvm::any_of(argument.getUsers(),
                     [&](Operation *user) { return user != experts; }))
      return false;
    unsigned weight = argument.getArgNumber() - node.getNumInputs();
    auto [known, isNew] = dimOfWeight.try_emplace(weight, cut.dim);
    ml_program::GlobalOp global = globalOf(weight);
    Attribute value = global ? global.getValueAttr() : Attribute();
    if (known->second != cut.dim ||
        !isa_and_nonnull<onnx::WeightAttr, onnx::WeightViewAttr>(value))
      return false;
  }
  return true;
}

/// A weight as a view; one that is an initializer as it is has one piece.
static onnx::WeightViewAttr viewOf(ml_program::GlobalOp global,
                                   ArrayRef<int64_t> shape) {
  if (auto view = dyn_cast<onnx::WeightViewAttr>(global.getValueAttr()))
    return view;
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  return onnx::WeightViewAttr::get(
      global.getContext(),
      onnx::WeightPiece{FlatSymbolRefAttr::get(global.getSymNameAttr()),
                        /*first=*/0, shape, strides});
}

/// A new global with slice `slice` of a weight. `dim` is not 0, along which
/// pieces follow each other.
ml_program::GlobalOp Slicer::sliceOf(unsigned weight, int64_t dim,
                                     int64_t slice) {
  ml_program::GlobalOp global = globalOf(weight);
  auto type = cast<RankedTensorType>(global.getType());
  int64_t length = type.getDimSize(dim) / count;
  onnx::WeightViewAttr whole = viewOf(global, type.getShape());
  SmallVector<onnx::WeightPiece> pieces(whole.getPieces());
  std::vector<SmallVector<int64_t>> sizes;
  sizes.reserve(pieces.size());
  for (onnx::WeightPiece &piece : pieces) {
    piece.first += slice * length * piece.strides[dim];
    sizes.emplace_back(piece.sizes)[dim] = length;
    piece.sizes = sizes.back();
  }
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = length;
  OpBuilder builder(global);
  builder.setInsertionPointAfter(global);
  auto part = ml_program::GlobalOp::create(
      builder, global.getLoc(),
      builder.getStringAttr(global.getSymName() + ".slice_" + Twine(slice)),
      TypeAttr::get(type.clone(shape)), /*is_mutable=*/nullptr,
      onnx::WeightViewAttr::get(global.getContext(), pieces),
      builder.getStringAttr("private"));
  globals.insert(part);
  return part;
}

ExpertsOp Slicer::makeSlice(int64_t slice) {
  OpBuilder builder(kernel);
  auto part = cast<ExpertsOp>(builder.clone(*kernel.getOperation()));
  part.setSymName(kernel.getSymName().str() + ".slice_" +
                  std::to_string(slice));
  auto partNode = cast<KernelOpInterface>(part.getOperation());
  nn::ExpertsOp experts = expertsIn(part);
  if (slice > 0)
    experts.getFc2BiasMutable().clear();
  Block &body = part.getBody().front();
  SmallVector<Attribute> weights(part.getWeights().begin(),
                                 part.getWeights().end());
  for (unsigned w = node.getNumWeights(); w-- > 0;) {
    BlockArgument argument = partNode.getWeightArgs()[w];
    auto cut = dimOfWeight.find(w);
    if (argument.use_empty()) { // the bias, which the first slice has
      body.eraseArgument(argument.getArgNumber());
      weights.erase(weights.begin() + w);
      part.setWeightsAttr(builder.getArrayAttr(weights));
      continue;
    }
    if (cut == dimOfWeight.end())
      continue;
    ml_program::GlobalOp global = sliceOf(w, cut->second, slice);
    weights[w] = FlatSymbolRefAttr::get(global);
    argument.setType(global.getType());
    part.setWeightsAttr(builder.getArrayAttr(weights));
  }
  partNode.setStructureAttr(builder.getStringAttr(computeStructure(partNode)));
  return part;
}

/// The kernel takes the slices instead of their sum, and begins by adding them.
void Slicer::addUp(KernelOpInterface consumer, ArrayRef<Value> slices) {
  Value whole = node.getOutputs().front();
  Operation *op = consumer.getOperation();
  Block &body = consumer.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&body);
  for (unsigned input = consumer.getNumInputs(); input-- > 0;) {
    if (op->getOperand(input) != whole)
      continue;
    Value first = body.getArgument(input);
    SmallVector<Value> others;
    for (size_t s = 1; s < slices.size(); ++s)
      others.push_back(
          body.insertArgument(input + s, first.getType(), first.getLoc()));
    op->setOperand(input, slices.front());
    op->insertOperands(input + 1, slices.drop_front());
    Value sum = first;
    llvm::SmallPtrSet<Operation *, 8> adds;
    for (Value other : others) {
      auto add = nn::BinaryOp::create(builder, kernel.getLoc(), first.getType(),
                                      nn::BinaryKind::Add, sum, other);
      adds.insert(add);
      sum = add.getResult();
    }
    first.replaceAllUsesExcept(sum, adds);
  }
  consumer.setStructureAttr(builder.getStringAttr(computeStructure(consumer)));
}

void Slicer::run() {
  SmallVector<Value> slices;
  for (int64_t slice = 0; slice < count; ++slice)
    slices.push_back(makeSlice(slice).getOutputs().front());
  llvm::SetVector<Operation *> consumers;
  for (Operation *user : node.getOutputs().front().getUsers())
    consumers.insert(user);
  for (Operation *consumer : consumers)
    addUp(cast<KernelOpInterface>(consumer), slices);
  kernel.erase();
}

bool inlay::dataflow::canSlice(ExpertsOp experts, int64_t count,
                               SymbolTable &globals) {
  return count > 1 && Slicer(experts, count, globals).prepare();
}

void inlay::dataflow::sliceExperts(ExpertsOp experts, int64_t count,
                                   SymbolTable &globals) {
  Slicer slicer(experts, count, globals);
  if (slicer.prepare())
    slicer.run();
}
