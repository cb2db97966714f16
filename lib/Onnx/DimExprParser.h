//===- DimExprParser.h - Parses dimension expressions -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to the library: recursive descent from text to a postfix program.
// Depth and length are bounded, because the text comes from a file.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ONNX_DIMEXPRPARSER_H
#define INLAY_LIB_ONNX_DIMEXPRPARSER_H

#include "inlay/Onnx/DimExpr.h"

namespace inlay::onnx {

class DimExprParser {
public:
  DimExprParser(llvm::StringRef text,
                std::vector<DimExpr::Instruction> &program,
                std::vector<std::string> &names)
      : text(text), program(program), names(names) {}

  /// Parses the whole text; false and `error` set where it is no expression.
  bool parse(std::string &error);

private:
  bool parseSum();
  bool parseProduct();
  bool parseFactor();
  bool parsePrimary();
  bool parseNumber();
  bool parseSymbolOrCall();
  bool parseCall(llvm::StringRef name);

  void skipSpace();
  /// Eats `token` after white space.
  bool accept(llvm::StringRef token);
  bool fail(llvm::StringRef what);
  void emit(DimExpr::Op op, int64_t value = 0) {
    program.push_back({op, value});
  }

  llvm::StringRef text;
  size_t at = 0;
  unsigned depth = 0;
  std::string message;
  std::vector<DimExpr::Instruction> &program;
  std::vector<std::string> &names;
};

} // namespace inlay::onnx

#endif // INLAY_LIB_ONNX_DIMEXPRPARSER_H
