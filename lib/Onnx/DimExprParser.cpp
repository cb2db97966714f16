//===- DimExprParser.cpp - Parses dimension expressions -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DimExprParser.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace inlay;
using namespace inlay::onnx;

using Op = DimExpr::Op;

namespace {

constexpr size_t maxLength = 4096;
constexpr unsigned maxDepth = 64;

/// A function of the grammar. Max and Min take one operand or more.
struct Function {
  llvm::StringLiteral name;
  Op op;
  unsigned operands;
};

constexpr Function functions[] = {
    {"Max", Op::Max, 0},           {"max", Op::Max, 0},
    {"Min", Op::Min, 0},           {"min", Op::Min, 0},
    {"floor", Op::Floor, 1},       {"FloorToInt", Op::Floor, 1},
    {"ceiling", Op::Ceil, 1},      {"ceil", Op::Ceil, 1},
    {"CeilToInt", Op::Ceil, 1},    {"Abs", Op::Abs, 1},
    {"Mod", Op::Mod, 2},           {"PythonMod", Op::Mod, 2},
    {"FloorDiv", Op::FloorDiv, 2}, {"CleanDiv", Op::FloorDiv, 2},
    {"CeilDiv", Op::CeilDiv, 2},   {"IntTrueDiv", Op::Div, 2},
};

bool isSymbolChar(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '.' || c == ':' || c == '$';
}

} // namespace

bool DimExprParser::fail(llvm::StringRef what) {
  if (message.empty())
    message = ("column " + llvm::Twine(at + 1) + ": " + what).str();
  return false;
}

void DimExprParser::skipSpace() {
  while (at < text.size() && llvm::isSpace(text[at]))
    ++at;
}

bool DimExprParser::accept(llvm::StringRef token) {
  skipSpace();
  if (!text.substr(at).starts_with(token))
    return false;
  at += token.size();
  return true;
}

bool DimExprParser::parse(std::string &error) {
  bool done = text.size() <= maxLength ? parseSum()
                                       : fail("longer than 4,096 characters");
  if (done) {
    skipSpace();
    done = at == text.size() || fail("expected an operator");
  }
  error = message;
  return done;
}

bool DimExprParser::parseSum() {
  if (++depth > maxDepth)
    return fail("nested deeper than 64 levels");
  if (!parseProduct())
    return false;
  while (true) {
    Op op = Op::Add;
    if (accept("-"))
      op = Op::Sub;
    else if (!accept("+"))
      break;
    if (!parseProduct())
      return false;
    emit(op);
  }
  --depth;
  return true;
}

bool DimExprParser::parseProduct() {
  if (!parseFactor())
    return false;
  while (true) {
    Op op = Op::Mul;
    if (accept("//"))
      op = Op::FloorDiv;
    else if (accept("/"))
      op = Op::Div;
    else if (accept("%"))
      op = Op::Mod;
    else if (!accept("*"))
      return true;
    if (!parseFactor())
      return false;
    emit(op);
  }
}

bool DimExprParser::parseFactor() {
  if (++depth > maxDepth)
    return fail("nested deeper than 64 levels");
  if (accept("-")) {
    if (!parseFactor())
      return false;
    emit(Op::Neg);
  } else if (accept("+")) {
    if (!parseFactor())
      return false;
  } else {
    if (!parsePrimary())
      return false;
    if (accept("**")) {
      if (!parseFactor())
        return false;
      emit(Op::Pow);
    }
  }
  --depth;
  return true;
}

bool DimExprParser::parsePrimary() {
  skipSpace();
  if (at == text.size())
    return fail("expected a size, the text ends");
  char c = text[at];
  if (llvm::isDigit(c))
    return parseNumber();
  if (llvm::isAlpha(c) || c == '_')
    return parseSymbolOrCall();
  if (!accept("("))
    return fail("expected a number, a name or '('");
  return parseSum() && (accept(")") || fail("expected ')'"));
}

bool DimExprParser::parseNumber() {
  llvm::StringRef digits = text.substr(at).take_while(llvm::isDigit);
  int64_t value;
  if (digits.getAsInteger(10, value))
    return fail("the number overflows 64 bits");
  at += digits.size();
  if (at < text.size() && isSymbolChar(text[at]))
    return fail("expected an operator");
  emit(Op::Constant, value);
  return true;
}

bool DimExprParser::parseSymbolOrCall() {
  llvm::StringRef name = text.substr(at).take_while(isSymbolChar);
  size_t start = at;
  at += name.size();
  if (accept("(")) {
    size_t inside = std::exchange(at, start);
    if (llvm::none_of(functions,
                      [&](const Function &f) { return f.name == name; }))
      return fail(("unknown function '" + name + "'").str());
    at = inside;
    return parseCall(name);
  }
  auto known = llvm::find(names, name);
  if (known == names.end()) {
    names.push_back(name.str());
    emit(Op::Symbol, names.size() - 1);
  } else {
    emit(Op::Symbol, known - names.begin());
  }
  return true;
}

bool DimExprParser::parseCall(llvm::StringRef name) {
  unsigned count = 0;
  do {
    if (!parseSum())
      return false;
    ++count;
  } while (accept(","));
  if (!accept(")"))
    return fail("expected ')'");
  const Function *function = llvm::find_if(
      functions, [&](const Function &f) { return f.name == name; });
  if (function->operands != 0 && function->operands != count)
    return fail(("'" + name + "' takes " + llvm::Twine(function->operands) +
                 ", got " + llvm::Twine(count))
                    .str());
  emit(function->op, count);
  return true;
}
