//===- DimExpr.h - Expressions over symbolic dimensions ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A `dim_param` of ONNX is a free text. Most are plain names (`batch_size`),
// but exporters also write expressions there:
// `past_sequence_length + sequence_length` (optimum, mobius),
// `batch_size * sequence_length` (GenAI) or what sympy prints:
// `floor(s0/2)`, `Max(1, s27)`, `-s0 + 1`.
//
// The grammar:
//
//   sum     ::= product (('+' | '-') product)*
//   product ::= factor (('*' | '/' | '//' | '%') factor)*
//   factor  ::= ('-' | '+') factor | power
//   power   ::= primary ('**' factor)?
//   primary ::= integer | symbol | function '(' sum (',' sum)* ')' | '(' sum
//   ')' symbol  ::= letter or '_', then letters, digits, '_', '.', ':', '$'
//   function ::= Max | Min | floor | ceiling | Mod | FloorDiv | CeilDiv |
//                Abs and the spellings of torch (PythonMod, CleanDiv, ...)
//
// Arithmetic is exact, on fractions of 64-bit integers, because sympy's `/` is
// a true division: `2*(a/2)` is `a`. `//` rounds down; `%` has the sign of the
// divisor, as in Python.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ONNX_DIMEXPR_H
#define INLAY_ONNX_DIMEXPR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inlay::onnx {

/// The size of a symbol, or none when nobody has said.
using DimLookup = llvm::function_ref<std::optional<int64_t>(llvm::StringRef)>;

/// A parsed expression over symbolic dimensions.
class DimExpr {
public:
  /// Parses `text`. On failure returns none and sets `error` to what is wrong
  /// and where ("column 5: expected ')'").
  static std::optional<DimExpr> parse(llvm::StringRef text, std::string &error);

  /// The symbols that occur, each once, in order of first occurrence.
  llvm::ArrayRef<std::string> symbols() const { return names; }

  /// Evaluates with the sizes that `lookup` gives. Returns none and sets
  /// `error` when a symbol has no size, when a number overflows 64 bits, on a
  /// division by zero, and when the result is no whole number or is negative:
  /// it would be no size.
  std::optional<int64_t> evaluate(DimLookup lookup, std::string &error) const;

  /// What an instruction of the postfix program does.
  enum class Op : uint8_t {
    Constant,
    Symbol,
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    CeilDiv,
    Mod,
    Neg,
    Pow,
    Max,
    Min,
    Floor,
    Ceil,
    Abs,
  };

  /// One instruction: pops its operands, pushes one value. `value` is the
  /// constant, the index of the symbol, or the number of operands of Max, Min.
  struct Instruction {
    Op op;
    int64_t value = 0;
  };

private:
  std::vector<Instruction> program;
  std::vector<std::string> names;
};

} // namespace inlay::onnx

#endif // INLAY_ONNX_DIMEXPR_H
