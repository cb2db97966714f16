//===- Canonical.cpp - One text for each JSON value -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Canonical.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace inlay::checker;
using llvm::StringRef;

/// The fewest digits that read back as `value`, in C's form d.ddde+xx.
static std::string shortest(double value) {
  char text[40];
  auto end =
      std::to_chars(text, std::end(text), value, std::chars_format::scientific);
  return {text, end.ptr};
}

/// ECMAScript's Number::toString: plain from 1e-6 up to 1e21, else with an
/// exponent.
static void appendNumber(double value, std::string &out) {
  if (value == 0 || !std::isfinite(value)) {
    out += '0';
    return;
  }
  std::string text = shortest(std::abs(value));
  size_t e = text.find('e');
  int exponent = std::atoi(text.c_str() + e + 1);
  std::string digits;
  for (char c : StringRef(text).take_front(e))
    if (c != '.')
      digits += c;
  int point = exponent + 1; // digits before the point
  int count = static_cast<int>(digits.size());
  if (value < 0)
    out += '-';
  if (point > 21 || point < -5) {
    out += digits[0];
    if (count > 1)
      out += "." + digits.substr(1);
    out += exponent < 0 ? "e-" : "e+";
    out += std::to_string(std::abs(exponent));
  } else if (point <= 0) {
    out += "0." + std::string(-point, '0') + digits;
  } else if (point >= count) {
    out += digits + std::string(point - count, '0');
  } else {
    out += digits.substr(0, point) + "." + digits.substr(point);
  }
}

static void appendString(StringRef value, std::string &out) {
  out += '"';
  auto isPlain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
  };
  if (llvm::all_of(value, isPlain)) {
    out += value;
    out += '"';
    return;
  }
  for (char c : value)
    switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      break;
    case '\b':
      out += "\\b";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\r':
      out += "\\r";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20) {
        char text[8];
        std::snprintf(text, sizeof(text), "\\u%04x", c);
        out += text;
      } else {
        out += c;
      }
    }
  out += '"';
}

static void append(const json::Value &value, std::optional<StringRef> without,
                   std::string &out) {
  switch (value.kind()) {
  case json::Value::Null:
    out += "null";
    break;
  case json::Value::Boolean:
    out += *value.getAsBoolean() ? "true" : "false";
    break;
  case json::Value::Number:
    if (auto integer = value.getAsInteger())
      out += std::to_string(*integer);
    else
      appendNumber(*value.getAsNumber(), out);
    break;
  case json::Value::String:
    appendString(*value.getAsString(), out);
    break;
  case json::Value::Array: {
    out += '[';
    bool isFirst = true;
    for (const json::Value &item : *value.getAsArray()) {
      if (!isFirst)
        out += ',';
      isFirst = false;
      append(item, std::nullopt, out);
    }
    out += ']';
    break;
  }
  case json::Value::Object: {
    const json::Object &object = *value.getAsObject();
    out += '{';
    bool isFirst = true;
    for (const auto &[name, member] : object) {
      if (name == without)
        continue;
      if (!isFirst)
        out += ',';
      isFirst = false;
      appendString(name, out);
      out += ':';
      append(member, std::nullopt, out);
    }
    out += '}';
    break;
  }
  }
}

std::string inlay::checker::canonicalJson(const json::Value &value,
                                          std::optional<StringRef> without) {
  std::string out;
  append(value, without, out);
  return out;
}

std::string inlay::checker::sha256(StringRef bytes) {
  return llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(bytes)),
                     /*LowerCase=*/true);
}
