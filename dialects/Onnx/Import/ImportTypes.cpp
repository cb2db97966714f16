//===- ImportTypes.cpp - Types of ONNX values -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

using namespace mlir;
using namespace inlay::onnx;

Type Importer::importElementType(int32_t dataType) {
  using file::DataType;
  auto integer = [&](unsigned width) { return builder.getIntegerType(width); };
  auto unsignedInteger = [&](unsigned width) {
    return builder.getIntegerType(width, /*isSigned=*/false);
  };
  switch (static_cast<DataType>(dataType)) {
  case DataType::Undefined:
    return {};
  case DataType::Float:
    return builder.getF32Type();
  case DataType::Uint8:
    return unsignedInteger(8);
  case DataType::Int8:
    return integer(8);
  case DataType::Uint16:
    return unsignedInteger(16);
  case DataType::Int16:
    return integer(16);
  case DataType::Int32:
    return integer(32);
  case DataType::Int64:
    return integer(64);
  case DataType::String:
    return StringType::get(context);
  case DataType::Bool:
    return integer(1);
  case DataType::Float16:
    return builder.getF16Type();
  case DataType::Double:
    return builder.getF64Type();
  case DataType::Uint32:
    return unsignedInteger(32);
  case DataType::Uint64:
    return unsignedInteger(64);
  case DataType::Complex64:
    return ComplexType::get(builder.getF32Type());
  case DataType::Complex128:
    return ComplexType::get(builder.getF64Type());
  case DataType::BFloat16:
    return builder.getBF16Type();
  case DataType::Float8E4M3FN:
    return Float8E4M3FNType::get(context);
  case DataType::Float8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case DataType::Float8E5M2:
    return Float8E5M2Type::get(context);
  case DataType::Float8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case DataType::Uint4:
    return unsignedInteger(4);
  case DataType::Int4:
    return integer(4);
  case DataType::Float4E2M1:
    return Float4E2M1FNType::get(context);
  case DataType::Float8E8M0:
    return Float8E8M0FNUType::get(context);
  case DataType::Uint2:
    return unsignedInteger(2);
  case DataType::Int2:
    return integer(2);
  }
  return {};
}

/// What the file does not say is `!inlay_onnx.unknown`.
Type Importer::importType(const file::Type &type) {
  auto inner = [&]() -> Type {
    return type.inner ? importType(*type.inner) : UnknownType::get(context);
  };
  switch (type.kind) {
  case file::Type::Kind::None:
  case file::Type::Kind::SparseTensor:
    return UnknownType::get(context);
  case file::Type::Kind::Sequence:
    return SequenceType::get(context, inner());
  case file::Type::Kind::Optional:
    return OptionalType::get(context, inner());
  case file::Type::Kind::Map: {
    Type key = importElementType(type.dataType);
    return MapType::get(context, key ? key : UnknownType::get(context),
                        inner());
  }
  case file::Type::Kind::Tensor:
    break;
  }
  Type element = importElementType(type.dataType);
  if (!element)
    return UnknownType::get(context);
  if (!type.hasShape)
    return UnrankedTensorType::get(element);
  SmallVector<int64_t> shape;
  SmallVector<StringRef> symbols;
  for (const file::Dim &dim : type.dims) {
    shape.push_back(dim.size < 0 ? ShapedType::kDynamic : dim.size);
    symbols.push_back(dim.symbol);
  }
  return getTensorType(shape, element, symbols);
}

RankedTensorType Importer::importTensorType(const file::Tensor &tensor) {
  return RankedTensorType::get(tensor.dims, importElementType(tensor.dataType));
}
