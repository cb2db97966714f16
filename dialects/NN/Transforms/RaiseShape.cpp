//===- RaiseShape.cpp - Rules for operators that move data, and reductions ===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matchers.h"
#include "Raiser.h"
#include "WeightViews.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

static Refusal raiseReshape(RaiseContext &context) {
  context.setOutput(
      0, context.create<ReshapeOp>(context.outputType(0), context.input(0)));
  return std::nullopt;
}

static Refusal raiseIdentity(RaiseContext &context) {
  context.setOutput(0, context.input(0));
  return std::nullopt;
}

/// When a model runs, all elements are kept.
static Refusal raiseDropout(RaiseContext &context) {
  if (context.isOutputUsed(1))
    return "gives out its mask";
  // Input 2 (opset 12 on) turns it on; it is off in what is deployed.
  if (Value training = context.getNode().getInput(2)) {
    auto value = onnx::getConstantInts(training);
    if (!value || value->size() != 1 || value->front() != 0)
      return "drops values, as in training";
  }
  return raiseIdentity(context);
}

static Refusal raiseTranspose(RaiseContext &context) {
  int64_t rank = getShape(context.input(0)).size();
  SmallVector<int64_t> permutation(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  if (auto given = context.getNode().getIntsAttr("perm"))
    permutation.assign(given->begin(), given->end());
  context.setOutput(0,
                    context.create<TransposeOp>(context.outputType(0),
                                                context.input(0), permutation));
  return std::nullopt;
}

/// A column [batch, heads, tokens, 1] of an initializer whose numbers are known
/// and differ by head only, as copies of a view with one for each head: an
/// attention's sinks, written out for each query. Else the input as it is.
static Value columnOfHeads(RaiseContext &context, unsigned index) {
  Value input = context.input(index);
  auto numbers = dyn_cast_or_null<DenseElementsAttr>(
      onnx::getConstantValue(context.getNode().getInput(index)));
  SmallVector<int64_t> shape(getShape(input));
  if (!numbers || numbers.isSplat() || shape.size() != 4 || shape[3] != 1 ||
      shape[0] * shape[2] == 1 || !isWholeWeight(input))
    return input;
  int64_t heads = shape[1], tokens = shape[2];
  auto all = llvm::to_vector(numbers.getValues<APFloat>());
  for (auto [i, number] : llvm::enumerate(all)) {
    const APFloat &first =
        all[static_cast<int64_t>(i) / tokens % heads * tokens];
    if (!number.bitwiseIsEqual(first))
      return input;
  }
  OpBuilder &builder = context.getBuilder();
  Value one = createWeightView(builder, context.getLoc(), input,
                               {0, {heads}, {tokens}}, "heads");
  return context.create<BroadcastOp>(
      cast<RankedTensorType>(input.getType()),
      createReshape(builder, context.getLoc(), one, {1, heads, 1, 1}));
}

static Refusal raiseConcat(RaiseContext &context) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < context.getNode().getInputs().size(); ++i) {
    inputs.push_back(context.input(i));
    if (!inputs.back())
      return "has no input " + std::to_string(i);
  }
  RankedTensorType type = context.outputType(0);
  int64_t axis =
      normaliseAxis(context.getNode().getIntAttr("axis", 0), type.getRank());
  if (inputs.size() == 2 && axis + 1 == type.getRank())
    inputs[1] = columnOfHeads(context, 1);
  context.setOutput(0, context.create<ConcatOp>(type, inputs, axis));
  return std::nullopt;
}

/// Parts along an axis, one after the other: each is a slice.
static Refusal raiseSplit(RaiseContext &context) {
  ArrayRef<int64_t> shape = getShape(context.input(0));
  int64_t axis =
      normaliseAxis(context.getNode().getIntAttr("axis", 0), shape.size());
  SmallVector<int64_t> offsets(shape.size(), 0);
  SmallVector<int64_t> strides(shape.size(), 1);
  for (unsigned i = 0; i < context.getNode().getOutputs().size(); ++i) {
    RankedTensorType type = context.outputType(i);
    if (!type)
      return "leaves out an output";
    context.setOutput(
        i, context.create<SliceOp>(type, context.input(0), offsets, strides));
    offsets[axis] += type.getDimSize(axis);
  }
  return std::nullopt;
}

/// The integers of a slice: an attribute before opset 10, an input since.
static std::optional<SmallVector<int64_t>>
readInts(onnx::NodeOp node, StringRef name, unsigned index) {
  if (auto given = node.getIntsAttr(name))
    return SmallVector<int64_t>(*given);
  Value input = node.getInput(index);
  return input ? onnx::getConstantInts(input) : std::nullopt;
}

static Refusal raiseSlice(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  ArrayRef<int64_t> shape = getShape(context.input(0));
  int64_t rank = shape.size();
  auto starts = readInts(node, "starts", 1);
  if (!starts)
    return "starts at a place that is not constant";
  auto axes = readInts(node, "axes", 3);
  if (!axes && node.getInput(3))
    return "has axes that are not constant";
  if (!axes)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts->size()));
  auto steps = readInts(node, "steps", 4);
  if (!steps && node.getInput(4))
    return "has steps that are not constant";
  if (!steps)
    steps.emplace(starts->size(), 1);
  if (axes->size() != starts->size() || steps->size() != starts->size())
    return "has starts, axes and steps of different numbers";
  SmallVector<int64_t> offsets(rank, 0);
  SmallVector<int64_t> strides(rank, 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = normaliseAxis((*axes)[i], rank);
    if (axis < 0 || axis >= rank)
      return "cuts a dim that its input does not have";
    if ((*steps)[i] < 1)
      return "walks backwards";
    int64_t start = (*starts)[i];
    offsets[axis] = std::clamp<int64_t>(start < 0 ? start + shape[axis] : start,
                                        0, shape[axis]);
    strides[axis] = (*steps)[i];
  }
  context.setOutput(0, context.create<SliceOp>(context.outputType(0),
                                               context.input(0), offsets,
                                               strides));
  return std::nullopt;
}

static Refusal raiseExpand(RaiseContext &context) {
  context.setOutput(
      0, context.create<BroadcastOp>(context.outputType(0), context.input(0)));
  return std::nullopt;
}

/// Copies of the whole along each dim: [n] as [1, n] copied to [r, n].
static Refusal raiseTile(RaiseContext &context) {
  Value repeats = context.getNode().getInput(1);
  auto counts = repeats ? onnx::getConstantInts(repeats) : std::nullopt;
  Value input = context.input(0);
  ArrayRef<int64_t> shape = getShape(input);
  if (!counts || counts->size() != shape.size())
    return "repeats as often as no constant says";
  SmallVector<int64_t> split, copied;
  for (auto [size, count] : llvm::zip_equal(shape, *counts)) {
    if (count != 1 && size != 1) {
      split.push_back(1);
      copied.push_back(count);
    }
    split.push_back(size);
    copied.push_back(size == 1 ? count : size);
  }
  OpBuilder &builder = context.getBuilder();
  Value parts = createReshape(builder, context.getLoc(), input, split);
  auto type =
      RankedTensorType::get(copied, getElementTypeOrSelf(input.getType()));
  context.setOutput(0, createReshape(builder, context.getLoc(),
                                     context.create<BroadcastOp>(type, parts),
                                     context.outputType(0).getShape()));
  return std::nullopt;
}

/// The one number of a constant input.
static std::optional<double> readNumber(RaiseContext &context, unsigned index) {
  Value input = context.input(index);
  return input ? getScalar(input) : std::nullopt;
}

static Refusal raiseRange(RaiseContext &context) {
  std::optional<double> start = readNumber(context, 0);
  std::optional<double> step = readNumber(context, 2);
  if (!start || !step)
    return "starts or steps by no constant";
  context.setOutput(0, context.create<RangeOp>(context.outputType(0),
                                               llvm::APFloat(*start),
                                               llvm::APFloat(*step)));
  return std::nullopt;
}

static Refusal raiseConstantOfShape(RaiseContext &context) {
  double number = 0;
  if (auto value =
          context.getNode().getNodeAttrOfType<DenseElementsAttr>("value")) {
    auto constant = context.create<ConstantOp>(value.getType(), value);
    std::optional<double> given = getScalar(constant.getResult());
    if (!given)
      return "fills with a value that is no number";
    number = *given;
  }
  context.setOutput(0, createSplat(context.getBuilder(), context.getLoc(),
                                   context.outputType(0), number));
  return std::nullopt;
}

/// x where column - row is on the kept side of diagonal k, else 0.
static Refusal raiseTrilu(RaiseContext &context) {
  RankedTensorType type = context.outputType(0);
  std::optional<double> diagonal = 0;
  if (context.input(1))
    diagonal = readNumber(context, 1);
  if (!diagonal || type.getRank() < 2)
    return "keeps a triangle that no constant gives";
  bool upper = context.getNode().getIntAttr("upper", 1) != 0;
  OpBuilder &builder = context.getBuilder();
  Type i64 = builder.getI64Type();
  int64_t rows = type.getDimSize(type.getRank() - 2);
  int64_t columns = type.getDimSize(type.getRank() - 1);
  auto range = [&](int64_t size, double start) -> Value {
    return context.create<RangeOp>(RankedTensorType::get(size, i64),
                                   llvm::APFloat(start), llvm::APFloat(1.0));
  };
  Value row = createReshape(builder, context.getLoc(), range(rows, *diagonal),
                            {rows, 1});
  Value kept = context.create<BinaryOp>(
      RankedTensorType::get({rows, columns}, builder.getI1Type()),
      upper ? BinaryKind::GreaterOrEqual : BinaryKind::LessOrEqual,
      range(columns, 0), row);
  auto scalar = RankedTensorType::get({}, type.getElementType());
  context.setOutput(0, context.create<WhereOp>(
                           type, kept, context.input(0),
                           createSplat(builder, context.getLoc(), scalar, 0)));
  return std::nullopt;
}

/// The axes of a reduction, counted from 0; empty where it does nothing.
static Refusal readAxes(RaiseContext &context, SmallVector<int64_t> &axes) {
  onnx::NodeOp node = context.getNode();
  int64_t rank = getShape(context.input(0)).size();
  if (auto given = node.getIntsAttr("axes")) {
    axes.assign(given->begin(), given->end());
  } else if (Value input = node.getInput(1)) {
    auto values = onnx::getConstantInts(input);
    if (!values)
      return "reduces over axes that are not constant";
    axes = *values;
  }
  if (axes.empty() && node.getIntAttr("noop_with_empty_axes", 0) != 1)
    llvm::append_range(axes, llvm::seq<int64_t>(0, rank));
  for (int64_t &axis : axes)
    axis = normaliseAxis(axis, rank);
  return std::nullopt;
}

namespace {
/// What a reduction does to each element first, and to each result last.
enum class Around { Nothing, Absolute, Square, SquareAndRoot };
} // namespace

static Rule reduceRule(ReduceKind kind, Around around = Around::Nothing) {
  return [kind, around](RaiseContext &context) -> Refusal {
    SmallVector<int64_t> axes;
    if (Refusal refusal = readAxes(context, axes))
      return refusal;
    Value input = context.input(0);
    if (around == Around::SquareAndRoot &&
        !isa<FloatType>(getElementTypeOrSelf(input.getType())))
      return "takes the root of integers";
    if (around == Around::Absolute)
      input = context.create<UnaryOp>(input.getType(), UnaryKind::Abs, input);
    else if (around != Around::Nothing)
      input = context.create<BinaryOp>(input.getType(), BinaryKind::Mul, input,
                                       input);
    if (!axes.empty())
      input =
          context.create<ReduceOp>(context.outputType(0), kind, input, axes);
    if (around == Around::SquareAndRoot)
      input = context.create<UnaryOp>(input.getType(), UnaryKind::Sqrt, input);
    context.setOutput(0, input);
    return std::nullopt;
  };
}

/// Chooses by one index along the first dim: a gather. By more indices it stays
/// opaque.
static Refusal raiseGatherND(RaiseContext &context) {
  Value input = context.input(0), indices = context.input(1);
  ArrayRef<int64_t> shape = getShape(indices);
  if (context.getNode().getIntAttr("batch_dims", 0) != 0)
    return "chooses within batches (batch_dims)";
  if (shape.empty() || shape.back() != 1)
    return "chooses by several indices at once";
  Value flat = createReshape(context.getBuilder(), context.getLoc(), indices,
                             shape.drop_back());
  context.setOutput(
      0, context.create<GatherOp>(context.outputType(0), input, flat, 0));
  return std::nullopt;
}

/// Chooses by one index for all elements of a row, written out for each of
/// them: a gather, as of the angles of positions.
static Refusal raiseGatherElements(RaiseContext &context) {
  Value input = context.input(0), index = context.input(1);
  SmallVector<int64_t> from(getShape(input)), to(getShape(index));
  int64_t rank = from.size();
  int64_t axis = normaliseAxis(context.getNode().getIntAttr("axis", 0), rank);
  if (axis < 0 || axis >= rank || to.size() != from.size())
    return "chooses along a dim that its input does not have";
  if (auto copy = index.getDefiningOp<BroadcastOp>())
    index = copy.getInput();
  int64_t count = to[axis];
  from[axis] = count;
  if (from != to || numElements(getShape(index)) != count ||
      getShape(index).size() != to.size() || getShape(index)[axis] != count)
    return "chooses by an index of its own for each element";
  Value flat =
      createReshape(context.getBuilder(), context.getLoc(), index, {count});
  context.setOutput(
      0, context.create<GatherOp>(context.outputType(0), input, flat, axis));
  return std::nullopt;
}

/// Writes of whole rows to constant places that follow each other: what stands
/// before, the new rows, what stands behind.
static Refusal raiseScatterND(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  if (node.getStringAttr("reduction", "none") != "none")
    return "combines what it writes with what is there (reduction)";
  ArrayRef<int64_t> shape = getShape(context.input(0));
  ArrayRef<int64_t> indexShape = getShape(context.input(1));
  auto rows = onnx::getConstantInts(node.getInput(1));
  if (!rows || indexShape.size() != 2 || indexShape[1] != 1 || rows->empty())
    return "writes to places that are not constant rows";
  int64_t first = rows->front() < 0 ? rows->front() + shape[0] : rows->front();
  auto count = static_cast<int64_t>(rows->size());
  for (auto [i, row] : llvm::enumerate(*rows))
    if ((row < 0 ? row + shape[0] : row) != first + static_cast<int64_t>(i))
      return "writes to rows that do not follow each other";
  if (first < 0 || first + count > shape[0])
    return "writes to rows that its input does not have";
  auto type = cast<RankedTensorType>(context.input(0).getType());
  SmallVector<Value> parts;
  auto keep = [&](int64_t from, int64_t to) {
    if (from == to)
      return;
    SmallVector<int64_t> part(shape), offsets(shape.size(), 0);
    part[0] = to - from;
    offsets[0] = from;
    parts.push_back(context.create<SliceOp>(
        RankedTensorType::get(part, type.getElementType()), context.input(0),
        offsets, SmallVector<int64_t>(shape.size(), 1)));
  };
  keep(0, first);
  parts.push_back(context.input(2));
  keep(first + count, shape[0]);
  context.setOutput(0, context.create<ConcatOp>(context.outputType(0), parts,
                                                /*axis=*/0));
  return std::nullopt;
}

static Refusal raiseTopK(RaiseContext &context) {
  onnx::NodeOp node = context.getNode();
  int64_t rank = getShape(context.input(0)).size();
  if (normaliseAxis(node.getIntAttr("axis", -1), rank) != rank - 1)
    return "is not over the last dim";
  if (!context.outputType(0) || !context.outputType(1))
    return "leaves out an output";
  // As onnxruntime has it, any number but 1 says no.
  bool smallest = node.getIntAttr("largest", 1) != 1;
  bool unsorted = node.getIntAttr("sorted", 1) != 1;
  auto topK =
      context.create<TopKOp>(context.outputType(0), context.outputType(1),
                             context.input(0), smallest, unsorted);
  context.setOutput(0, topK.getValues());
  context.setOutput(1, topK.getIndices());
  return std::nullopt;
}

void inlay::nn::addShapeRules(RuleTable &rules) {
  const std::tuple<StringRef, unsigned, Rule> all[] = {
      {"Reshape", 1, raiseReshape},
      {"Squeeze", 1, raiseReshape},
      {"Unsqueeze", 1, raiseReshape},
      {"Flatten", 1, raiseReshape},
      {"Identity", 1, raiseIdentity},
      {"Dropout", 1, raiseDropout},
      {"Transpose", 1, raiseTranspose},
      {"Concat", 1, raiseConcat},
      {"Split", 1, raiseSplit},
      {"Slice", 1, raiseSlice},
      {"Expand", 1, raiseExpand},
      {"Tile", 2, raiseTile},
      {"Range", 3, raiseRange},
      {"ConstantOfShape", 1, raiseConstantOfShape},
      {"Trilu", 1, raiseTrilu},
      {"ReduceSum", 1, reduceRule(ReduceKind::Sum)},
      {"ReduceMean", 1, reduceRule(ReduceKind::Mean)},
      {"ReduceMax", 1, reduceRule(ReduceKind::Max)},
      {"ReduceMin", 1, reduceRule(ReduceKind::Min)},
      {"ReduceProd", 1, reduceRule(ReduceKind::Prod)},
      {"ReduceL1", 1, reduceRule(ReduceKind::Sum, Around::Absolute)},
      {"ReduceSumSquare", 1, reduceRule(ReduceKind::Sum, Around::Square)},
      {"ReduceL2", 1, reduceRule(ReduceKind::Sum, Around::SquareAndRoot)},
      {"GatherND", 2, raiseGatherND},
      {"GatherElements", 2, raiseGatherElements},
      {"ScatterND", 3, raiseScatterND},
      {"TopK", 1, raiseTopK},
  };
  for (const auto &[name, inputs, rule] : all)
    rules[name] = withInputs(inputs, rule);
}
