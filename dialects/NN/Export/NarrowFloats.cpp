//===- NarrowFloats.cpp - Floats that runtimes only store -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// 4-bit floats and scales of exponents only are types of ONNX since opsets 23
// and 24, but few runtimes compute with them; onnxruntime's CPU kernels know no
// 4-bit floats at all. So their bytes are read as such, and what they mean is
// written out: a table of the 16 numbers of E2M1, a power of two for E8M0.
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

bool inlay::nn::isOnlyStored(Type element) {
  return isa<Float4E2M1FNType, Float8E8M0FNUType>(element);
}

bool inlay::nn::isRaw(ml_program::GlobalOp global) {
  auto weight = dyn_cast_or_null<onnx::WeightAttr>(global.getValueAttr());
  return weight && weight.getEncoding() == onnx::WeightEncoding::Raw;
}

Value inlay::nn::loadBytes(NodeBuilder &nodes, Location loc,
                           ml_program::GlobalOp global) {
  auto type = cast<RankedTensorType>(global.getType());
  OpBuilder &builder = nodes.getBuilder();
  Type byte = builder.getIntegerType(8, /*isSigned=*/false);
  FlatSymbolRefAttr symbol = FlatSymbolRefAttr::get(global);
  if (type.getElementType() != byte) {
    int64_t bits = type.getNumElements() * getElementBits(type);
    type = RankedTensorType::get(
        {static_cast<int64_t>(llvm::divideCeil(bits, 8))}, byte);
    std::string name = (global.getSymName() + ".bytes").str();
    auto module = global->getParentOfType<ModuleOp>();
    auto bytes = module.lookupSymbol<ml_program::GlobalOp>(name);
    if (!bytes) {
      OpBuilder behind(builder.getContext());
      behind.setInsertionPointAfter(global);
      bytes = ml_program::GlobalOp::create(
          behind, global.getLoc(), builder.getStringAttr(name),
          TypeAttr::get(type), /*is_mutable=*/nullptr, global.getValueAttr(),
          builder.getStringAttr("private"));
    }
    symbol = FlatSymbolRefAttr::get(bytes);
  }
  return ml_program::GlobalLoadConstOp::create(builder, loc, type, symbol);
}

/// One number of a float type for each pattern of its bits.
static Value tableOf(NodeBuilder &nodes, FloatType type) {
  SmallVector<float> numbers;
  for (unsigned i = 0; i < 1U << type.getWidth(); ++i)
    numbers.push_back(
        APFloat(type.getFloatSemantics(), APInt(type.getWidth(), i))
            .convertToDouble());
  auto shape = RankedTensorType::get({static_cast<int64_t>(numbers.size())},
                                     nodes.getBuilder().getF32Type());
  return nodes.constant(DenseElementsAttr::get(shape, ArrayRef(numbers)));
}

Value inlay::nn::numbersOfBytes(NodeBuilder &nodes, Value bytes, Type element) {
  auto type = cast<FloatType>(element);
  int64_t count = numElements(getShape(bytes)) * 8 / type.getWidth();
  Type wide = nodes.getBuilder().getF32Type();
  if (isa<Float8E8M0FNUType>(type)) {
    Value exponents = nodes.binary(
        "Sub", nodes.cast(nodes.reshape(bytes, {count}), wide), 127.0);
    return nodes.binary("Pow", nodes.scalar(2, exponents), exponents);
  }
  Value patterns =
      unpack(nodes, bytes, 1, type.getWidth(), nodes.getBuilder().getI64Type());
  return nodes.gather(tableOf(nodes, type), nodes.reshape(patterns, {count}),
                      0);
}

Value inlay::nn::wideNumbers(NodeBuilder &nodes, Value value) {
  Type element = elementType(value);
  auto type = dyn_cast<FloatType>(element);
  if (!type || type.getWidth() > 8)
    return value;
  Type wide = nodes.getBuilder().getF32Type();
  auto load = value.getDefiningOp<ml_program::GlobalLoadConstOp>();
  if (!load || !isOnlyStored(element))
    return nodes.cast(value, wide);
  auto global =
      load->getParentOfType<ModuleOp>().lookupSymbol<ml_program::GlobalOp>(
          load.getGlobal());
  if (!global || !isRaw(global))
    return nodes.cast(value, wide);
  Value numbers =
      numbersOfBytes(nodes, loadBytes(nodes, load.getLoc(), global), element);
  ArrayRef<int64_t> shape = getShape(value);
  numbers = nodes.sliceDim(numbers, 0, 0, numElements(shape));
  return nodes.reshape(numbers, shape);
}
