//===- Folding.cpp - Arithmetic on known values ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Folding.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <functional>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

namespace {

/// What an operator computes. Integer functions return none where the
/// operation is undefined; additions and products wrap as unsigned numbers do.
using IntFn = std::optional<int64_t> (*)(int64_t, int64_t);
using FloatFn = double (*)(double, double);

struct BinaryFns {
  IntFn onInts = nullptr;
  FloatFn onFloats = nullptr;
  /// The result is a truth value.
  bool isTest = false;
};

std::optional<int64_t> addInts(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) +
                              static_cast<uint64_t>(b));
}
std::optional<int64_t> subInts(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) -
                              static_cast<uint64_t>(b));
}
std::optional<int64_t> mulInts(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) *
                              static_cast<uint64_t>(b));
}

/// Rounds towards zero, as C does.
std::optional<int64_t> divInts(int64_t a, int64_t b) {
  if (b == 0 || (a == INT64_MIN && b == -1))
    return std::nullopt;
  return a / b;
}

/// The sign of the dividend (fmod = 1).
std::optional<int64_t> remInts(int64_t a, int64_t b) {
  if (b == 0 || b == -1)
    return b == 0 ? std::nullopt : std::optional<int64_t>(0);
  return a % b;
}

/// The sign of the divisor (fmod = 0).
std::optional<int64_t> modInts(int64_t a, int64_t b) {
  std::optional<int64_t> rest = remInts(a, b);
  if (rest && *rest != 0 && (*rest < 0) != (b < 0))
    *rest += b;
  return rest;
}

std::optional<int64_t> powInts(int64_t a, int64_t b) {
  if (b < 0 || b > 64)
    return std::nullopt;
  int64_t result = 1;
  for (int64_t i = 0; i < b; ++i)
    if (llvm::MulOverflow(result, a, result))
      return std::nullopt;
  return result;
}

template <typename T> T smaller(T a, T b) { return b < a ? b : a; }
template <typename T> T larger(T a, T b) { return a < b ? b : a; }
std::optional<int64_t> minInts(int64_t a, int64_t b) { return smaller(a, b); }
std::optional<int64_t> maxInts(int64_t a, int64_t b) { return larger(a, b); }

/// NaN wins, as ONNX's Min and Max want.
double minFloats(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : smaller(a, b);
}
double maxFloats(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? NAN : larger(a, b);
}

BinaryFns getArithmetic(StringRef opType, bool isFmod) {
  return llvm::StringSwitch<BinaryFns>(opType)
      .Cases({"Add", "Sum"},
             {addInts, [](double a, double b) { return a + b; }})
      .Case("Sub", {subInts, [](double a, double b) { return a - b; }})
      .Case("Mul", {mulInts, [](double a, double b) { return a * b; }})
      .Case("Div", {divInts, [](double a, double b) { return a / b; }})
      .Case("Mod", {isFmod ? remInts : modInts,
                    [](double a, double b) { return std::fmod(a, b); }})
      .Case("Pow", {powInts, [](double a, double b) { return std::pow(a, b); }})
      .Case("Min", {minInts, minFloats})
      .Case("Max", {maxInts, maxFloats})
      .Default({});
}

/// A comparison: `Compare` is std::less<> or one of its kin.
template <typename Compare> BinaryFns compare() {
  return {[](int64_t a, int64_t b) -> std::optional<int64_t> {
            return Compare()(a, b);
          },
          [](double a, double b) -> double { return Compare()(a, b); }, true};
}

/// A function of two truth values.
template <typename Logic> BinaryFns logic() {
  return {[](int64_t a, int64_t b) -> std::optional<int64_t> {
            return Logic()(a, b);
          },
          nullptr, true};
}

BinaryFns getTest(StringRef opType) {
  return llvm::StringSwitch<BinaryFns>(opType)
      .Case("Equal", compare<std::equal_to<>>())
      .Case("Less", compare<std::less<>>())
      .Case("LessOrEqual", compare<std::less_equal<>>())
      .Case("Greater", compare<std::greater<>>())
      .Case("GreaterOrEqual", compare<std::greater_equal<>>())
      .Case("And", logic<std::bit_and<>>())
      .Case("Or", logic<std::bit_or<>>())
      .Case("Xor", logic<std::bit_xor<>>())
      .Default({});
}

/// Applies `fns` to two known elements and stores what comes out.
void apply(const BinaryFns &fns, const Element &a, const Element &b,
           bool areFloats, ConstTensor &result, int64_t at) {
  if (!a.known || !b.known)
    return;
  if (areFloats) {
    double value = fns.onFloats(a.f, b.f);
    if (fns.isTest)
      result.setInt(at, value != 0);
    else
      result.setFloat(at, value);
  } else if (std::optional<int64_t> value = fns.onInts(a.i, b.i)) {
    result.setInt(at, *value);
  }
}

} // namespace

std::optional<ConstTensor> onnx::foldBinary(StringRef opType, bool isFmod,
                                            const ConstTensor &a,
                                            const ConstTensor &b,
                                            ArrayRef<int64_t> shape,
                                            Type resultType) {
  BinaryFns fns = getArithmetic(opType, isFmod);
  if (!fns.onInts)
    fns = getTest(opType);
  if (!fns.onInts || (a.isFloat() && !fns.onFloats))
    return std::nullopt;
  ConstTensor result(shape, resultType);
  forEachIndex(shape, [&](int64_t at, ArrayRef<int64_t> index) {
    apply(fns, a[broadcastPosition(index, a.shape())],
          b[broadcastPosition(index, b.shape())], a.isFloat(), result, at);
  });
  return result;
}

std::optional<ConstTensor> onnx::foldUnary(StringRef opType,
                                           const ConstTensor &a) {
  IntFn onInts = nullptr;
  FloatFn onFloats = nullptr;
  // The second operand is not used: unary functions share the binary types.
  if (opType == "Neg") {
    onInts = [](int64_t x, int64_t) { return subInts(0, x); };
    onFloats = [](double x, double) { return -x; };
  } else if (opType == "Abs") {
    onInts = [](int64_t x, int64_t) { return x < 0 ? subInts(0, x) : x; };
    onFloats = [](double x, double) { return std::fabs(x); };
  } else if (opType == "Sign") {
    onInts = [](int64_t x, int64_t) -> std::optional<int64_t> {
      return (x > 0) - (x < 0);
    };
  } else if (opType == "Not") {
    onInts = [](int64_t x, int64_t) -> std::optional<int64_t> {
      return x == 0;
    };
  } else if (opType == "Sqrt") {
    onFloats = [](double x, double) { return std::sqrt(x); };
  } else if (opType == "Reciprocal") {
    onFloats = [](double x, double) { return 1 / x; };
  } else if (opType == "Floor") {
    onFloats = [](double x, double) { return std::floor(x); };
  } else if (opType == "Ceil") {
    onFloats = [](double x, double) { return std::ceil(x); };
  }
  BinaryFns fns{onInts, onFloats};
  if (a.isFloat() ? !onFloats : !onInts)
    return std::nullopt;
  ConstTensor result(a.shape(), a.elementType());
  for (int64_t i = 0; i < a.size(); ++i)
    apply(fns, a[i], a[i], a.isFloat(), result, i);
  return result;
}

ConstTensor onnx::foldWhere(const ConstTensor &condition,
                            const ConstTensor &yes, const ConstTensor &no,
                            ArrayRef<int64_t> shape) {
  ConstTensor result(shape, yes.elementType());
  forEachIndex(shape, [&](int64_t at, ArrayRef<int64_t> index) {
    const Element &choice =
        condition[broadcastPosition(index, condition.shape())];
    const ConstTensor &from = choice.i != 0 ? yes : no;
    if (choice.known)
      result.set(at, from[broadcastPosition(index, from.shape())]);
  });
  return result;
}

std::optional<ConstTensor> onnx::foldReduce(StringRef opType,
                                            const ConstTensor &a,
                                            ArrayRef<bool> isReduced,
                                            ArrayRef<int64_t> shape) {
  StringRef step = llvm::StringSwitch<StringRef>(opType)
                       .Case("ReduceSum", "Add")
                       .Case("ReduceProd", "Mul")
                       .Case("ReduceMax", "Max")
                       .Case("ReduceMin", "Min")
                       .Default("");
  // An empty reduction has a value for each operator; none is worth a rule.
  if (step.empty() || a.size() == 0)
    return std::nullopt;
  BinaryFns fns = getArithmetic(step, /*isFmod=*/false);
  // Positions in the result: reduced dims count as dims of size 1.
  SmallVector<int64_t> kept(a.shape());
  for (auto [size, reduced] : llvm::zip_equal(kept, isReduced))
    size = reduced ? 1 : size;
  ConstTensor result(shape, a.elementType());
  SmallVector<bool> isStarted(result.size(), false);
  forEachIndex(a.shape(), [&](int64_t at, ArrayRef<int64_t> index) {
    int64_t to = broadcastPosition(index, kept);
    if (!std::exchange(isStarted[to], true)) {
      result.set(to, a[at]);
      return;
    }
    Element sum = result[to];
    result.set(to, Element());
    apply(fns, sum, a[at], a.isFloat(), result, to);
  });
  return result;
}
