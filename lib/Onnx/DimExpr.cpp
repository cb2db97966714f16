//===- DimExpr.cpp - Expressions over symbolic dimensions -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Onnx/DimExpr.h"

#include "DimExprParser.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace inlay;
using namespace inlay::onnx;

using Op = DimExpr::Op;

namespace {

/// An exact fraction in lowest terms; `den` is positive.
struct Fraction {
  int64_t num = 0;
  int64_t den = 1;
};

/// Why an operation has no value.
enum class Failure { None, Overflow, DivisionByZero };

/// The arithmetic of fractions; remembers the first failure.
class Arithmetic {
public:
  Failure failure = Failure::None;

  Fraction make(int64_t num, int64_t den) {
    if (den == 0)
      return fail(Failure::DivisionByZero);
    if (num == INT64_MIN || den == INT64_MIN)
      return fail(Failure::Overflow);
    int64_t common = std::gcd(num, den);
    if (den < 0)
      common = -common;
    return {num / common, den / common};
  }

  Fraction add(Fraction a, Fraction b) {
    return make(sum(mul(a.num, b.den), mul(b.num, a.den)), mul(a.den, b.den));
  }
  Fraction sub(Fraction a, Fraction b) { return add(a, neg(b)); }
  Fraction mul(Fraction a, Fraction b) {
    return make(mul(a.num, b.num), mul(a.den, b.den));
  }
  Fraction div(Fraction a, Fraction b) {
    if (b.num == 0)
      return fail(Failure::DivisionByZero);
    return make(mul(a.num, b.den), mul(a.den, b.num));
  }
  // No fraction holds INT64_MIN (make refuses it), so negation is safe.
  Fraction neg(Fraction a) { return {-a.num, a.den}; }
  Fraction floor(Fraction a) {
    return {llvm::divideFloorSigned(a.num, a.den), 1};
  }
  Fraction ceil(Fraction a) {
    return {llvm::divideCeilSigned(a.num, a.den), 1};
  }
  Fraction mod(Fraction a, Fraction b) {
    return sub(a, mul(b, floor(div(a, b))));
  }
  bool less(Fraction a, Fraction b) { return sub(a, b).num < 0; }

  Fraction pow(Fraction base, Fraction exponent) {
    // A 64-bit number has fewer than 64 doublings, so 64 steps say it all.
    if (exponent.den != 1 || exponent.num < 0 || exponent.num > 64)
      return fail(Failure::Overflow);
    Fraction result{1, 1};
    for (int64_t i = 0; i < exponent.num; ++i)
      result = mul(result, base);
    return result;
  }

private:
  Fraction fail(Failure kind) {
    if (failure == Failure::None)
      failure = kind;
    return {};
  }
  int64_t mul(int64_t a, int64_t b) {
    int64_t result;
    if (llvm::MulOverflow(a, b, result))
      fail(Failure::Overflow);
    return result;
  }
  int64_t sum(int64_t a, int64_t b) {
    int64_t result;
    if (llvm::AddOverflow(a, b, result))
      fail(Failure::Overflow);
    return result;
  }
};

Fraction applyBinary(Arithmetic &math, Op op, Fraction a, Fraction b) {
  switch (op) {
  case Op::Add:
    return math.add(a, b);
  case Op::Sub:
    return math.sub(a, b);
  case Op::Mul:
    return math.mul(a, b);
  case Op::Div:
    return math.div(a, b);
  case Op::FloorDiv:
    return math.floor(math.div(a, b));
  case Op::CeilDiv:
    return math.ceil(math.div(a, b));
  case Op::Mod:
    return math.mod(a, b);
  case Op::Pow:
    return math.pow(a, b);
  case Op::Max:
    return math.less(a, b) ? b : a;
  default:
    return math.less(b, a) ? b : a;
  }
}

Fraction applyUnary(Arithmetic &math, Op op, Fraction a) {
  switch (op) {
  case Op::Neg:
    return math.neg(a);
  case Op::Floor:
    return math.floor(a);
  case Op::Ceil:
    return math.ceil(a);
  default:
    return a.num < 0 ? math.neg(a) : a;
  }
}

unsigned numOperands(const DimExpr::Instruction &instruction) {
  switch (instruction.op) {
  case Op::Constant:
  case Op::Symbol:
    return 0;
  case Op::Neg:
  case Op::Floor:
  case Op::Ceil:
  case Op::Abs:
    return 1;
  case Op::Max:
  case Op::Min:
    return instruction.value;
  default:
    return 2;
  }
}

/// Applies one instruction that has operands to the top of the stack.
void step(Arithmetic &math, const DimExpr::Instruction &instruction,
          llvm::SmallVectorImpl<Fraction> &stack) {
  unsigned count = numOperands(instruction);
  size_t base = stack.size() - count;
  Fraction result = stack[base];
  if (count == 1 && instruction.op != Op::Max && instruction.op != Op::Min)
    result = applyUnary(math, instruction.op, result);
  for (unsigned i = 1; i < count; ++i)
    result = applyBinary(math, instruction.op, result, stack[base + i]);
  stack.truncate(base);
  stack.push_back(result);
}

} // namespace

std::optional<DimExpr> DimExpr::parse(llvm::StringRef text,
                                      std::string &error) {
  DimExpr expr;
  DimExprParser parser(text, expr.program, expr.names);
  if (parser.parse(error))
    return expr;
  return std::nullopt;
}

std::optional<int64_t> DimExpr::evaluate(DimLookup lookup,
                                         std::string &error) const {
  Arithmetic math;
  llvm::SmallVector<Fraction> stack;
  for (const Instruction &instruction : program) {
    if (instruction.op == Op::Constant) {
      stack.push_back({instruction.value, 1});
    } else if (instruction.op == Op::Symbol) {
      const std::string &name = names[instruction.value];
      std::optional<int64_t> size = lookup(name);
      if (!size) {
        error = "'" + name + "' has no size";
        return std::nullopt;
      }
      stack.push_back({*size, 1});
    } else {
      step(math, instruction, stack);
    }
    if (math.failure != Failure::None) {
      error = math.failure == Failure::Overflow ? "a number overflows 64 bits"
                                                : "division by zero";
      return std::nullopt;
    }
  }
  Fraction result = stack.back();
  if (result.den == 1 && result.num >= 0)
    return result.num;
  error = "the result is " + std::to_string(result.num);
  if (result.den != 1)
    error += "/" + std::to_string(result.den);
  error += ", which is no size";
  return std::nullopt;
}
