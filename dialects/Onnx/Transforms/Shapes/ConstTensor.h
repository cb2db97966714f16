//===- ConstTensor.h - Small tensors with known elements --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values that shape plumbing computes with: integers, booleans or floats of
// which all or some elements are known. An element is unknown where it comes
// from a dim that has no size yet, so `Concat(Shape(x)[0], 32)` still tells
// that the second dim is 32.
//
// Integers are kept as 64-bit numbers in the range of the element type and
// wrap as the type does; floats are kept as doubles that the type can hold.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_CONSTTENSOR_H
#define INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_CONSTTENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace inlay::onnx {

/// Sizes of dims; `mlir::ShapedType::kDynamic` where one is unknown.
using Shape = llvm::SmallVector<int64_t, 6>;

/// Product of the sizes; none when one is unknown or 64 bits overflow.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// "1x?x32", or "scalar" for rank 0.
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// One element. `i` counts for integers and booleans, `f` for floats.
struct Element {
  bool known = false;
  int64_t i = 0;
  double f = 0;
};

class ConstTensor {
public:
  /// As many as experts that the tokens of a long prompt choose at once, by
  /// which exporters sort them: 16,384 tokens of 16 experts each.
  static constexpr int64_t maxElements = 1 << 18;
  /// A tensor of more than this is large: `InferenceState` keeps count of them.
  static constexpr int64_t maxSmall = 1 << 10;

  /// A tensor of unknown elements. `shape` is static and passes `fits`.
  ConstTensor(llvm::ArrayRef<int64_t> shape, mlir::Type elementType);

  /// Whether a tensor of this shape and type can be a ConstTensor.
  static bool fits(llvm::ArrayRef<int64_t> shape, mlir::Type elementType);
  /// None where `value` is too large or of another kind.
  static std::optional<ConstTensor> fromAttr(mlir::ElementsAttr value);
  /// A rank-1 tensor of i64; `kDynamic` stands for an unknown element.
  static ConstTensor fromDims(llvm::ArrayRef<int64_t> dims, mlir::Type i64);

  llvm::ArrayRef<int64_t> shape() const { return dims; }
  mlir::Type elementType() const { return type; }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(type); }
  int64_t size() const { return elements.size(); }
  bool isLarge() const { return size() > maxSmall; }
  bool isFullyKnown() const;

  const Element &operator[](int64_t index) const { return elements[index]; }
  /// Stores a number, brought into the range of the element type.
  void setInt(int64_t index, int64_t value);
  void setFloat(int64_t index, double value);
  /// Copies an element of a tensor of the same element type.
  void set(int64_t index, const Element &element) { elements[index] = element; }

  /// The same elements in another shape of equal size.
  ConstTensor reshaped(llvm::ArrayRef<int64_t> shape) const;
  /// Converts each element as ONNX's Cast does. Elements whose conversion is
  /// undefined (a float outside the integer's range) become unknown.
  ConstTensor cast(mlir::Type to) const;

  /// The elements as dims: `kDynamic` where unknown. Integers only.
  llvm::SmallVector<int64_t> asDims() const;

  /// The attribute. All elements are known.
  mlir::DenseElementsAttr toAttr() const;

private:
  llvm::SmallVector<int64_t> dims;
  mlir::Type type;
  std::vector<Element> elements;
};

/// Calls `visit(linear, index)` for each index of a static shape in row-major
/// order.
void forEachIndex(
    llvm::ArrayRef<int64_t> shape,
    llvm::function_ref<void(int64_t linear, llvm::ArrayRef<int64_t>)> visit);

/// Row-major position of `index` in a tensor of `shape`, where a dim of size 1
/// is repeated and leading dims may be missing (ONNX's broadcast).
int64_t broadcastPosition(llvm::ArrayRef<int64_t> index,
                          llvm::ArrayRef<int64_t> shape);

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_CONSTTENSOR_H
