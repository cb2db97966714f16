//===- Inference.cpp - What an inference function sees of a node ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

std::optional<Shape> NodeInference::shape(unsigned index) {
  Value input = node.getInput(index);
  if (!input)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(input.getType());
  if (!type)
    return std::nullopt;
  return Shape(type.getShape());
}

Type NodeInference::elementType(unsigned index) {
  Value input = node.getInput(index);
  if (!input)
    return {};
  auto type = dyn_cast<TensorType>(input.getType());
  return type ? type.getElementType() : Type();
}

const ConstTensor *NodeInference::value(unsigned index) {
  Value input = node.getInput(index);
  const ConstTensor *known = input ? state.value(input) : nullptr;
  return known && (!known->isLarge() || state.mayUseLarge()) ? known : nullptr;
}

bool NodeInference::mayFold(ArrayRef<int64_t> shape, Type elementType) {
  return ConstTensor::fits(shape, elementType) &&
         (*countElements(shape) <= ConstTensor::maxSmall ||
          state.mayUseLarge());
}

std::optional<SmallVector<int64_t>> NodeInference::dims(unsigned index) {
  if (const ConstTensor *tensor = value(index)) {
    if (tensor->isFloat())
      return std::nullopt;
    return tensor->asDims();
  }
  std::optional<Shape> ofInput = shape(index);
  if (!ofInput || ofInput->size() > 1)
    return std::nullopt;
  std::optional<int64_t> count = countElements(*ofInput);
  if (!count || *count > ConstTensor::maxElements)
    return std::nullopt;
  return SmallVector<int64_t>(*count, ShapedType::kDynamic);
}

std::optional<SmallVector<int64_t>> NodeInference::ints(unsigned index) {
  const ConstTensor *tensor = value(index);
  if (!tensor || tensor->isFloat() || !tensor->isFullyKnown())
    return std::nullopt;
  return tensor->asDims();
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

std::optional<SmallVector<int64_t>> NodeInference::intsAttr(StringRef name) {
  if (std::optional<ArrayRef<int64_t>> list = node.getIntsAttr(name))
    return SmallVector<int64_t>(*list);
  return std::nullopt;
}

FailureOr<std::optional<SmallVector<int64_t>>>
NodeInference::intsAttrOrInput(StringRef name, unsigned index) {
  using List = std::optional<SmallVector<int64_t>>;
  if (!has(index))
    return intsAttr(name);
  if (List list = ints(index))
    return list;
  return failure();
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

/// The inferred dim, or the declared one where inference knows nothing.
static bool mergeDims(MutableArrayRef<int64_t> inferred,
                      ArrayRef<int64_t> declared) {
  bool agree = true;
  for (auto [ours, theirs] : llvm::zip_equal(inferred, declared)) {
    if (!isKnown(ours))
      ours = theirs;
    agree &= !isKnown(theirs) || ours == theirs;
  }
  return agree;
}

void NodeInference::set(unsigned index, ArrayRef<int64_t> shape, Type type) {
  Value output = node.getOutput(index);
  if (!output || !type)
    return;
  Shape merged(shape);
  // A size that only broken input can have is no size.
  for (int64_t &size : merged)
    size = size < 0 ? ShapedType::kDynamic : size;
  SmallVector<StringRef> symbols(shape.size());
  bool agree = true;
  if (auto declared = dyn_cast<TensorType>(output.getType())) {
    agree = declared.getElementType() == type;
    auto ranked = dyn_cast<RankedTensorType>(declared);
    if (ranked && ranked.getRank() == static_cast<int64_t>(shape.size())) {
      agree &= mergeDims(merged, ranked.getShape());
      symbols = getDimSymbols(ranked);
    } else if (ranked) {
      agree = false;
    }
  }
  RankedTensorType inferred = getTensorType(merged, type, symbols);
  if (!agree) {
    std::string text;
    llvm::raw_string_ostream(text)
        << "node '" << node.getNodeName() << "' (" << node.getFullName()
        << "): output " << index << " is declared as " << output.getType()
        << " but is " << inferred;
    state.contradictions.push_back({node.getLoc(), std::move(text)});
  }
  output.setType(inferred);
}

void NodeInference::setLike(unsigned index, unsigned input) {
  if (std::optional<Shape> ofInput = shape(input))
    set(index, *ofInput, elementType(input));
}

void NodeInference::fold(unsigned index, const ConstTensor &tensor) {
  set(index, tensor.shape(), tensor.elementType());
  if (Value output = node.getOutput(index))
    state.setValue(output, tensor);
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

InFlightDiagnostic NodeInference::error() {
  ++state.numErrors;
  // Not emitOpError: it would name the generic op, the user knows the node.
  return emitError(node.getLoc()) << "node '" << node.getNodeName() << "' ("
                                  << node.getFullName() << "): ";
}

FailureOr<int64_t> NodeInference::axis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  InFlightDiagnostic diag = error();
  diag << "axis " << axis << " is outside of a tensor of rank " << rank;
  if (rank > 0)
    diag << ", expected " << -rank << " to " << rank - 1;
  return failure();
}

LogicalResult NodeInference::expectRank(unsigned index, int64_t rank) {
  std::optional<Shape> ofInput = shape(index);
  if (!ofInput || static_cast<int64_t>(ofInput->size()) == rank)
    return success();
  error() << "input " << index << " is " << formatShape(*ofInput)
          << ", expected a tensor of rank " << rank;
  return failure();
}

LogicalResult NodeInference::expectDim(unsigned index, int64_t dim,
                                       int64_t size, StringRef what) {
  std::optional<Shape> ofInput = shape(index);
  if (!ofInput || !isKnown(size))
    return success();
  int64_t rank = ofInput->size();
  int64_t at = dim < 0 ? dim + rank : dim;
  if (at < 0 || at >= rank) {
    error() << "input " << index << " is " << formatShape(*ofInput)
            << ", expected a dim " << dim << " of size " << size << " (" << what
            << ")";
    return failure();
  }
  if (isKnown((*ofInput)[at])) {
    if ((*ofInput)[at] == size)
      return success();
    error() << "input " << index << " is " << formatShape(*ofInput)
            << ", expected dim " << at << " to be " << size << " (" << what
            << ")";
    return failure();
  }
  Value input = node.getInput(index);
  StringRef symbol = getDimSymbols(cast<RankedTensorType>(input.getType()))[at];
  if (!isa<BlockArgument>(input) || symbol.empty())
    return success();
  int64_t known = state.bindSymbol(symbol, size);
  if (known == size)
    return success();
  error() << "dim '" << symbol << "' of input " << index << " must be " << size
          << " (" << what << "), but it is " << known << " elsewhere";
  return failure();
}

LogicalResult NodeInference::expectMultiple(StringRef name, int64_t value,
                                            StringRef divisorName,
                                            int64_t divisor) {
  if (!isKnown(value) || (divisor > 0 && value % divisor == 0))
    return success();
  error() << name << " " << value << " is no multiple of " << divisorName << " "
          << divisor;
  return failure();
}

FailureOr<int64_t> NodeInference::requiredInt(StringRef name, int64_t least) {
  int64_t value = intAttr(name, INT64_MIN);
  if (value >= least)
    return value;
  InFlightDiagnostic diag = error()
                            << "attribute '" << name
                            << "' must be an integer of at least " << least;
  if (value == INT64_MIN)
    diag << ", it is missing";
  else
    diag << ", got " << value;
  return failure();
}

//===----------------------------------------------------------------------===//
// Shape arithmetic
//===----------------------------------------------------------------------===//

int64_t onnx::addDims(int64_t a, int64_t b) {
  int64_t result;
  if (!isKnown(a) || !isKnown(b) || llvm::AddOverflow(a, b, result))
    return ShapedType::kDynamic;
  return result;
}

int64_t onnx::mulDims(int64_t a, int64_t b) {
  int64_t result;
  if (a == 0 || b == 0)
    return 0;
  if (!isKnown(a) || !isKnown(b) || llvm::MulOverflow(a, b, result))
    return ShapedType::kDynamic;
  return result;
}

std::optional<Shape> onnx::broadcast(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Shape result(a);
  size_t lead = a.size() - b.size();
  for (auto [index, size] : llvm::enumerate(b)) {
    int64_t &ours = result[lead + index];
    if (ours == 1)
      ours = size;
    else if (!isKnown(ours) && isKnown(size) && size != 1)
      ours = size; // the other is 1 or the same
    else if (isKnown(ours) && isKnown(size) && size != 1 && size != ours)
      return std::nullopt;
  }
  return result;
}

/// The signless or unsigned integer of a TensorProto.DataType code, or null.
static Type getIntegerTypeOfCode(MLIRContext *context, int64_t code) {
  constexpr struct {
    int64_t code;
    unsigned width;
    bool isUnsigned;
  } types[] = {{2, 8, true},   {3, 8, false},  {4, 16, true},  {5, 16, false},
               {6, 32, false}, {7, 64, false}, {9, 1, false},  {12, 32, true},
               {13, 64, true}, {21, 4, true},  {22, 4, false}, {25, 2, true},
               {26, 2, false}};
  for (const auto &type : types)
    if (type.code == code)
      return IntegerType::get(context, type.width,
                              type.isUnsigned ? IntegerType::Unsigned
                                              : IntegerType::Signless);
  return {};
}

Type onnx::getElementTypeOfCode(MLIRContext *context, int64_t code) {
  switch (code) {
  case 1:
    return Float32Type::get(context);
  case 8:
    return StringType::get(context);
  case 10:
    return Float16Type::get(context);
  case 11:
    return Float64Type::get(context);
  case 16:
    return BFloat16Type::get(context);
  case 17:
    return Float8E4M3FNType::get(context);
  case 18:
    return Float8E4M3FNUZType::get(context);
  case 19:
    return Float8E5M2Type::get(context);
  case 20:
    return Float8E5M2FNUZType::get(context);
  case 23:
    return Float4E2M1FNType::get(context);
  case 24:
    return Float8E8M0FNUType::get(context);
  default:
    return getIntegerTypeOfCode(context, code);
  }
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

const InferTable &onnx::getInferTable() {
  static const InferTable table = [] {
    InferTable result;
    addElementwise(result);
    addReductions(result);
    addPlumbing(result);
    addReshaping(result);
    addGenerators(result);
    addIndexing(result);
    addMatMuls(result);
    addEinsum(result);
    addNorms(result);
    addAttention(result);
    addContribAttention(result);
    addMoE(result);
    addQuantized(result);
    addConvolutions(result);
    return result;
  }();
  return table;
}
