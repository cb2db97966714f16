//===- ExportTypes.cpp - ONNX types of values -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exporter.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace inlay::onnx;
using file::DataType;

static DataType getIntegerType(IntegerType type) {
  if (type.isSigned())
    return DataType::Undefined;
  bool isUnsigned = type.isUnsigned();
  switch (type.getWidth()) {
  case 1:
    return isUnsigned ? DataType::Undefined : DataType::Bool;
  case 2:
    return isUnsigned ? DataType::Uint2 : DataType::Int2;
  case 4:
    return isUnsigned ? DataType::Uint4 : DataType::Int4;
  case 8:
    return isUnsigned ? DataType::Uint8 : DataType::Int8;
  case 16:
    return isUnsigned ? DataType::Uint16 : DataType::Int16;
  case 32:
    return isUnsigned ? DataType::Uint32 : DataType::Int32;
  case 64:
    return isUnsigned ? DataType::Uint64 : DataType::Int64;
  default:
    return DataType::Undefined;
  }
}

DataType inlay::onnx::getDataType(Type elementType) {
  return llvm::TypeSwitch<Type, DataType>(elementType)
      .Case([](IntegerType type) { return getIntegerType(type); })
      .Case([](StringType) { return DataType::String; })
      .Case([](Float16Type) { return DataType::Float16; })
      .Case([](BFloat16Type) { return DataType::BFloat16; })
      .Case([](Float32Type) { return DataType::Float; })
      .Case([](Float64Type) { return DataType::Double; })
      .Case([](Float8E4M3FNType) { return DataType::Float8E4M3FN; })
      .Case([](Float8E4M3FNUZType) { return DataType::Float8E4M3FNUZ; })
      .Case([](Float8E5M2Type) { return DataType::Float8E5M2; })
      .Case([](Float8E5M2FNUZType) { return DataType::Float8E5M2FNUZ; })
      .Case([](Float4E2M1FNType) { return DataType::Float4E2M1; })
      .Case([](Float8E8M0FNUType) { return DataType::Float8E8M0; })
      .Case([](ComplexType type) {
        return type.getElementType().isF32()   ? DataType::Complex64
               : type.getElementType().isF64() ? DataType::Complex128
                                               : DataType::Undefined;
      })
      .Default([](Type) { return DataType::Undefined; });
}

static bool exportTensorType(TensorType type, llvm::StringSaver &saver,
                             file::Type &result) {
  DataType element = getDataType(type.getElementType());
  if (element == DataType::Undefined)
    return false;
  result.kind = file::Type::Kind::Tensor;
  result.dataType = static_cast<int32_t>(element);
  auto ranked = dyn_cast<RankedTensorType>(type);
  result.hasShape = static_cast<bool>(ranked);
  if (!ranked)
    return true;
  for (auto [size, symbol] :
       llvm::zip(ranked.getShape(), getDimSymbols(ranked))) {
    file::Dim &dim = result.dims.emplace_back();
    dim.size = ShapedType::isDynamic(size) ? -1 : size;
    dim.symbol = saver.save(symbol);
  }
  return true;
}

bool inlay::onnx::exportType(Type type, llvm::StringSaver &saver,
                             file::Type &result) {
  auto exportInner = [&](file::Type::Kind kind, Type element) {
    result.kind = kind;
    result.inner = std::make_unique<file::Type>();
    return exportType(element, saver, *result.inner);
  };
  return llvm::TypeSwitch<Type, bool>(type)
      .Case([&](TensorType tensor) {
        return exportTensorType(tensor, saver, result);
      })
      .Case([&](SequenceType sequence) {
        return exportInner(file::Type::Kind::Sequence,
                           sequence.getElementType());
      })
      .Case([&](OptionalType optional) {
        return exportInner(file::Type::Kind::Optional,
                           optional.getElementType());
      })
      .Case([&](MapType map) {
        result.dataType = static_cast<int32_t>(getDataType(map.getKeyType()));
        return exportInner(file::Type::Kind::Map, map.getValueType());
      })
      .Default([](Type) { return false; });
}
