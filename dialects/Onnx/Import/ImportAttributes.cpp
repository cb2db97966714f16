//===- ImportAttributes.cpp - Attributes and tensors of ONNX nodes --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

#include <bit>

using namespace mlir;
using namespace inlay::onnx;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

WeightAttr Importer::importWeight(const file::Tensor &tensor) {
  bool isExternal = tensor.storage == file::Storage::External;
  WeightEncoding encoding =
      tensor.storage == file::Storage::Varint    ? WeightEncoding::Varint
      : tensor.storage == file::Storage::Message ? WeightEncoding::Proto
                                                 : WeightEncoding::Raw;
  return WeightAttr::get(context,
                         isExternal ? getWord(tensor.location) : fileName,
                         tensor.offset, tensor.length, encoding);
}

std::optional<std::string> Importer::readBytes(const file::Tensor &tensor) {
  bool isExternal = tensor.storage == file::Storage::External;
  if (isExternal && unreadFiles.contains(tensor.location))
    return std::nullopt;
  std::optional<std::string> bytes = file::readBytes(model, tensor);
  if (!bytes && isExternal)
    unreadFiles.insert(tensor.location);
  return bytes;
}

/// The value of a tensor of at most kMaxConstantElements elements whose bytes
/// are in the model, else null. Complex numbers stay handles.
DenseElementsAttr Importer::importSmallTensor(const file::Tensor &tensor) {
  if (*tensor.numElements() > OnnxDialect::kMaxConstantElements)
    return {};
  RankedTensorType type = importTensorType(tensor);
  if (isa<StringType>(type.getElementType())) {
    SmallVector<StringRef> strings;
    if (!readStrings(tensor, strings))
      return {};
    return DenseStringElementsAttr::get(type, strings);
  }
  SmallVector<uint64_t> bits;
  if (!readElements(tensor, bits))
    return {};
  unsigned width = file::getDataTypeBits(tensor.type());
  if (auto floatType = dyn_cast<FloatType>(type.getElementType())) {
    SmallVector<APFloat> values;
    for (uint64_t value : bits)
      values.emplace_back(floatType.getFloatSemantics(), APInt(width, value));
    return DenseElementsAttr::get(type, values);
  }
  bool isBool = tensor.type() == file::DataType::Bool;
  SmallVector<APInt> values;
  for (uint64_t value : bits)
    values.push_back(isBool ? APInt(1, value != 0) : APInt(width, value));
  return DenseElementsAttr::get(type, values);
}

/// A row of bytes as truth values: what is not 0 is true.
static DenseElementsAttr readTruths(RankedTensorType type, StringRef bytes) {
  auto truths = std::make_unique<bool[]>(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i)
    truths[i] = bytes[i] != 0;
  return DenseElementsAttr::get(type, ArrayRef(truths.get(), bytes.size()));
}

/// Places and truth values, which are no weights however many they are.
DenseElementsAttr Importer::importPlaces(const file::Tensor &tensor) {
  bool isTruth = tensor.type() == file::DataType::Bool;
  bool isPlace = tensor.type() == file::DataType::Int64 ||
                 tensor.type() == file::DataType::Int32;
  int64_t most = isTruth ? OnnxDialect::kMaxTruths : OnnxDialect::kMaxPlaces;
  uint64_t &left = isTruth ? maskReadsLeft : placesLeft;
  // Many integers are weights, many truths are none.
  if ((!isTruth && !isPlace) || (isPlace && *tensor.numElements() > most) ||
      !fits(tensor, most, left))
    return {};
  std::optional<std::string> bytes = readBytes(tensor);
  if (!bytes)
    return {};
  left -= bytes->size();
  if (isTruth && !keepMask(tensor, *bytes))
    return {};
  RankedTensorType type = importTensorType(tensor);
  return isTruth ? readTruths(type, *bytes)
                 : DenseElementsAttr::getFromRawBuffer(
                       type, ArrayRef(bytes->data(), bytes->size()));
}

/// A float of its own, such as an epsilon or a scale, that lies in a file.
DenseElementsAttr Importer::importNumber(const file::Tensor &tensor) {
  RankedTensorType type = importTensorType(tensor);
  if (tensor.storage != file::Storage::External || type.getNumElements() != 1 ||
      !isa<FloatType>(type.getElementType()) ||
      type.getElementTypeBitWidth() < 16)
    return {};
  std::optional<std::string> bytes = readBytes(tensor);
  return bytes ? DenseElementsAttr::getFromRawBuffer(
                     type, ArrayRef(bytes->data(), bytes->size()))
               : DenseElementsAttr();
}

/// Floats that are all one number, or a column of few.
DenseElementsAttr Importer::importFilling(const file::Tensor &tensor) {
  RankedTensorType type = importTensorType(tensor);
  if (!isa<FloatType>(type.getElementType()) || type.getNumElements() == 0 ||
      type.getElementTypeBitWidth() < 16 ||
      type.getNumElements() > OnnxDialect::kMaxPlaces ||
      *tensor.numBytes() > placesLeft)
    return {};
  std::optional<std::string> bytes = readBytes(tensor);
  if (!bytes)
    return {};
  StringRef all = *bytes;
  size_t size = all.size() / type.getNumElements();
  // All are one if each is as the next.
  bool isSplat = size > 0 && all.size() % size == 0 &&
                 all.drop_front(size) == all.drop_back(size);
  bool isColumn = type.getRank() > 0 && type.getShape().back() == 1;
  if (!isSplat && !isColumn)
    return {};
  placesLeft -= all.size();
  StringRef kept = isSplat ? all.take_front(size) : all;
  return DenseElementsAttr::getFromRawBuffer(
      type, ArrayRef(kept.data(), kept.size()));
}

DenseElementsAttr Importer::importKnownTensor(const file::Tensor &tensor) {
  bool isSmall = *tensor.numElements() <= OnnxDialect::kMaxConstantElements;
  DenseElementsAttr value = isSmall ? importSmallTensor(tensor) : nullptr;
  if (!value && isSmall)
    value = importNumber(tensor);
  return value ? value : importPlaces(tensor);
}

DenseElementsAttr Importer::importInitializer(const Known &initializer) {
  const file::Tensor &tensor = *initializer.tensor;
  DenseElementsAttr value = importKnownTensor(tensor);
  if (!value && initializer.isFilling)
    value = importFilling(tensor);
  if (!value && initializer.isMask)
    value = importMask(tensor);
  return value;
}

Attribute Importer::importTensor(const file::Tensor &tensor) {
  if (DenseElementsAttr value = importSmallTensor(tensor))
    return value;
  return TensorAttr::get(context, importTensorType(tensor),
                         importWeight(tensor));
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

Attribute Importer::importStrings(ArrayRef<StringRef> strings) {
  return builder.getStrArrayAttr(strings);
}

Attribute Importer::importAttribute(const file::Attribute &attribute) {
  using file::AttributeKind;
  if (!attribute.refName.empty())
    return RefAttr::get(context, builder.getStringAttr(attribute.refName),
                        static_cast<RefKind>(attribute.kind));
  static const file::AttributeLists empty;
  const file::AttributeLists &lists =
      attribute.lists ? *attribute.lists : empty;
  switch (attribute.kind) {
  case AttributeKind::Float:
    return builder.getF32FloatAttr(attribute.f);
  case AttributeKind::Int:
    return builder.getI64IntegerAttr(attribute.i);
  case AttributeKind::String:
    return builder.getStringAttr(attribute.s);
  case AttributeKind::Floats:
    return builder.getDenseF32ArrayAttr(lists.floats);
  case AttributeKind::Ints:
    return builder.getDenseI64ArrayAttr(lists.ints);
  case AttributeKind::Strings:
    return importStrings(lists.strings);
  case AttributeKind::Tensor:
    return importTensor(lists.tensors.front());
  case AttributeKind::Tensors:
    return builder.getArrayAttr(
        llvm::map_to_vector(lists.tensors, [&](const file::Tensor &tensor) {
          return importTensor(tensor);
        }));
  case AttributeKind::TypeProto:
    return TypeAttr::get(importType(lists.types.front()));
  case AttributeKind::TypeProtos:
    return builder.getTypeArrayAttr(llvm::map_to_vector(
        lists.types, [&](const file::Type &type) { return importType(type); }));
  case AttributeKind::Graph:
  case AttributeKind::Graphs:
  case AttributeKind::SparseTensor:
  case AttributeKind::SparseTensors:
  case AttributeKind::Undefined:
    break; // Graphs are regions; the rest does not pass the checks.
  }
  return builder.getUnitAttr();
}

DictionaryAttr Importer::importOpsets(ArrayRef<file::Opset> opsets) {
  NamedAttrList versions;
  for (const file::Opset &opset : opsets)
    versions.set(opset.domain.empty() ? StringRef(OnnxDialect::kDefaultDomain)
                                      : opset.domain,
                 builder.getI64IntegerAttr(opset.version));
  return versions.getDictionary(context);
}

/// A Constant node has exactly one of seven attributes.
DenseElementsAttr Importer::importConstant(const file::Attribute &attribute) {
  using file::AttributeKind;
  static const file::AttributeLists empty;
  const file::AttributeLists &lists =
      attribute.lists ? *attribute.lists : empty;
  auto vectorOf = [&](size_t size, Type element) {
    return RankedTensorType::get({static_cast<int64_t>(size)}, element);
  };
  StringRef name = attribute.name;
  AttributeKind kind = attribute.kind;
  Type string = StringType::get(context);
  if (name == "value" && kind == AttributeKind::Tensor)
    return importKnownTensor(lists.tensors.front());
  if (name == "value_int" && kind == AttributeKind::Int)
    return DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getI64Type()), attribute.i);
  if (name == "value_float" && kind == AttributeKind::Float)
    return DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getF32Type()), attribute.f);
  if (name == "value_string" && kind == AttributeKind::String)
    return DenseStringElementsAttr::get(RankedTensorType::get({}, string),
                                        ArrayRef<StringRef>(attribute.s));
  if (name == "value_ints" && kind == AttributeKind::Ints)
    return DenseElementsAttr::get(
        vectorOf(lists.ints.size(), builder.getI64Type()),
        ArrayRef<int64_t>(lists.ints));
  if (name == "value_floats" && kind == AttributeKind::Floats)
    return DenseElementsAttr::get(
        vectorOf(lists.floats.size(), builder.getF32Type()),
        ArrayRef<float>(lists.floats));
  if (name == "value_strings" && kind == AttributeKind::Strings)
    return DenseStringElementsAttr::get(vectorOf(lists.strings.size(), string),
                                        ArrayRef<StringRef>(lists.strings));
  return {};
}
