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

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

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

/// Finds how the operands of experts are cut, and where cuts may fall.
class SlicePlan {
public:
  explicit SlicePlan(nn::ExpertsOp experts)
      : experts(experts), inner(experts.getIntermediate()) {
    addRows(experts.getFc1(), experts.getFc1Scales(),
            experts.getFc1ZeroPoints(), experts.getFc1Bias());
    addRows(experts.getFc3(), experts.getFc3Scales(),
            experts.getFc3ZeroPoints(), experts.getFc3Bias());
    addColumns(experts.getQuantOfFc2());
  }

  /// Slices begin at multiples of this; 0 where they would cut a block, a byte
  /// or a tensor of another form wherever they begin.
  int64_t getUnit() const { return isPossible && inner % unit == 0 ? unit : 0; }
  ArrayRef<OperandCut> getCuts() const { return cuts; }

private:
  /// Lengths are multiples of `size` from here on.
  void respect(int64_t size) { unit = std::lcm(unit, size); }

  void cut(Value operand, int64_t dim) {
    if (!operand)
      return;
    ArrayRef<int64_t> shape = shapeOf(operand);
    cuts.push_back({operand, dim});
    if (dim < int64_t(shape.size()) && shape[dim] > 0)
      respect(inner / std::gcd(inner, shape[dim]));
    else
      isPossible = false;
  }

  /// Of fc1 and fc3, whose rows are slices' own.
  void addRows(Value matrix, Value scales, Value zeroPoints, Value bias) {
    cut(matrix, 1);
    nn::BlockQuantAttr quant = experts.getQuantAttr();
    int64_t rows = quant ? quant.getRows() : 1;
    bool isOne = inner <= rows; // block of rows
    if (!isOne)
      respect(rows);
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
    constexpr int64_t kByte = 8;
    int64_t block = quant.getBlock();
    respect(kByte / std::gcd(kByte, int64_t(quant.getBits())));
    // A scale of whole rows is every slice's.
    if (block == 0 || inner <= block)
      return;
    respect(block);
    for (Value blocks : {experts.getFc2Scales(), experts.getFc2ZeroPoints()}) {
      if (!blocks)
        continue;
      ArrayRef<int64_t> shape = shapeOf(blocks);
      int64_t whole = blocksOf(inner, block);
      bool isPacked = shape.size() == 3 && shape[2] != whole;
      isPossible &= shape.size() == 3 &&
                    (!isPacked || shape[2] * kByte == whole * quant.getBits());
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
  int64_t inner, unit = 1;
  bool isPossible = true;
  SmallVector<OperandCut> cuts;
};

/// Rows of the intermediate dim.
struct Span {
  int64_t first = 0, length = 0;
};

/// One kernel of experts on its way to become several.
class Slicer {
public:
  Slicer(ExpertsOp kernel, SymbolTable &globals)
      : kernel(kernel), node(cast<KernelOpInterface>(kernel.getOperation())),
        globals(globals) {}

  int64_t prepare();
  void run(ArrayRef<int64_t> lengths);
  ExpertsOp makeSlice(int64_t slice, Span span);
  int64_t getInner() const { return inner; }

private:
  ml_program::GlobalOp globalOf(unsigned weight) {
    return globals.lookup<ml_program::GlobalOp>(node.getWeightName(weight));
  }
  ml_program::GlobalOp sliceOf(unsigned weight, int64_t dim, int64_t slice,
                               Span span);
  void addUp(KernelOpInterface consumer, ArrayRef<Value> slices);

  ExpertsOp kernel;
  KernelOpInterface node;
  int64_t inner = 0; ///< length of the dim that is cut
  SymbolTable &globals;
  std::map<unsigned, int64_t> dimOfWeight;
};

} // namespace

static nn::ExpertsOp expertsIn(ExpertsOp kernel) {
  auto all = kernel.getBody().front().getOps<nn::ExpertsOp>();
  return llvm::hasSingleElement(all) ? *all.begin() : nn::ExpertsOp();
}

/// Which dim of which weight is cut, and the unit of cuts; 0 where slices are
/// not possible.
int64_t Slicer::prepare() {
  nn::ExpertsOp experts = expertsIn(kernel);
  if (!experts || node.getOutputs().size() != 1 || node.getNumStates() > 0)
    return 0;
  for (Operation *user : node.getOutputs().front().getUsers())
    if (!isa<KernelOpInterface>(user))
      return 0;
  inner = experts.getIntermediate();
  SlicePlan plan(experts);
  for (const OperandCut &cut : plan.getCuts()) {
    auto argument = dyn_cast<BlockArgument>(cut.operand);
    if (!argument || argument.getArgNumber() < node.getNumInputs() ||
        llvm::any_of(argument.getUsers(),
                     [&](Operation *user) { return user != experts; }))
      return 0;
    unsigned weight = argument.getArgNumber() - node.getNumInputs();
    auto [known, isNew] = dimOfWeight.try_emplace(weight, cut.dim);
    ml_program::GlobalOp global = globalOf(weight);
    Attribute value = global ? global.getValueAttr() : Attribute();
    if (known->second != cut.dim ||
        !isa_and_nonnull<onnx::WeightAttr, onnx::WeightViewAttr>(value))
      return 0;
  }
  return plan.getUnit();
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

/// The global with slice `slice` of a weight, which the graph of another phase
/// may have made. `dim` is not 0, along which pieces follow each other; blocks
/// and bytes have several rows of the span each.
ml_program::GlobalOp Slicer::sliceOf(unsigned weight, int64_t dim,
                                     int64_t slice, Span span) {
  ml_program::GlobalOp global = globalOf(weight);
  auto type = cast<RankedTensorType>(global.getType());
  int64_t first = span.first * type.getDimSize(dim) / inner;
  int64_t length = span.length * type.getDimSize(dim) / inner;
  onnx::WeightViewAttr whole = viewOf(global, type.getShape());
  SmallVector<onnx::WeightPiece> pieces(whole.getPieces());
  std::vector<SmallVector<int64_t>> sizes;
  sizes.reserve(pieces.size());
  for (onnx::WeightPiece &piece : pieces) {
    piece.first += first * piece.strides[dim];
    sizes.emplace_back(piece.sizes)[dim] = length;
    piece.sizes = sizes.back();
  }
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = length;
  OpBuilder builder(global);
  builder.setInsertionPointAfter(global);
  auto name =
      builder.getStringAttr(global.getSymName() + ".slice_" + Twine(slice));
  auto view = onnx::WeightViewAttr::get(global.getContext(), pieces);
  auto known = globals.lookup<ml_program::GlobalOp>(name);
  if (known && known.getValueAttr() == view &&
      known.getType() == type.clone(shape))
    return known;
  auto part = ml_program::GlobalOp::create(
      builder, global.getLoc(), name, TypeAttr::get(type.clone(shape)),
      /*is_mutable=*/nullptr, view, builder.getStringAttr("private"));
  globals.insert(part);
  return part;
}

ExpertsOp Slicer::makeSlice(int64_t slice, Span span) {
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
    ml_program::GlobalOp global = sliceOf(w, cut->second, slice, span);
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

void Slicer::run(ArrayRef<int64_t> lengths) {
  SmallVector<Value> slices;
  Span span;
  for (auto [slice, length] : llvm::enumerate(lengths)) {
    span.length = length;
    slices.push_back(makeSlice(int64_t(slice), span).getOutputs().front());
    span.first += length;
  }
  llvm::SetVector<Operation *> consumers;
  for (Operation *user : node.getOutputs().front().getUsers())
    consumers.insert(user);
  for (Operation *consumer : consumers)
    addUp(cast<KernelOpInterface>(consumer), slices);
  kernel.erase();
}

int64_t inlay::dataflow::sliceUnit(ExpertsOp experts, SymbolTable &globals) {
  return Slicer(experts, globals).prepare();
}

bool inlay::dataflow::areSlices(int64_t whole, int64_t unit,
                                ArrayRef<int64_t> lengths) {
  int64_t sum = 0;
  for (int64_t length : lengths) {
    if (unit == 0 || length < 1 || length % unit != 0 || length > whole - sum)
      return false;
    sum += length;
  }
  return lengths.size() > 1 && sum == whole;
}

SmallVector<int64_t>
inlay::dataflow::proportionalSlices(int64_t whole, int64_t unit,
                                    ArrayRef<int64_t> shares) {
  if (unit < 1 || whole % unit != 0)
    return {};
  int64_t units = whole / unit, left = units;
  // Those that come first keep one where there are fewer units than shares.
  shares = shares.take_front(size_t(std::min<int64_t>(units, shares.size())));
  double sum = 0;
  for (int64_t share : shares)
    sum += double(share);
  SmallVector<int64_t> lengths;
  double seen = 0;
  for (auto [s, share] : llvm::enumerate(shares)) {
    seen += double(share);
    auto behind = int64_t(shares.size() - s - 1);
    auto end = int64_t(std::llround(double(units) * seen / sum));
    int64_t most = left - behind;
    int64_t length =
        behind == 0 ? left : std::clamp<int64_t>(end - (units - left), 1, most);
    lengths.push_back(length * unit);
    left -= length;
  }
  return lengths;
}

ExpertsOp inlay::dataflow::sampleSlice(ExpertsOp experts, int64_t length,
                                       SymbolTable &globals) {
  Slicer slicer(experts, globals);
  slicer.prepare();
  return slicer.makeSlice(/*slice=*/0, {0, length});
}

void inlay::dataflow::sliceExperts(ExpertsOp experts, ArrayRef<int64_t> lengths,
                                   SymbolTable &globals) {
  Slicer slicer(experts, globals);
  int64_t unit = slicer.prepare();
  if (areSlices(slicer.getInner(), unit, lengths))
    slicer.run(lengths);
}
