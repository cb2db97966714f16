//===- Canonical.cpp - The digest of a plan's content ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// RFC 8785: one text for each JSON value. Members stand in the order of their
// names, nothing is blank, a number is spelt as ECMAScript spells it.
//
//===----------------------------------------------------------------------===//

#include "Fields.h"

#include "inlay/Support/Format.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

#include "fmt/format.h"

#include <algorithm>
#include <charconv>

using namespace inlay;
using namespace inlay::plan;

/// The shortest digits that read back as `value`, laid out as ECMAScript does.
static std::string spell(double value) {
  if (value == 0)
    return "0";
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), value,
                           std::chars_format::scientific);
  llvm::StringRef text(buffer, end.ptr - buffer);
  llvm::StringRef sign = text.consume_front("-") ? "-" : "";
  auto [mantissa, power] = text.split('e');
  int exponent = 0;
  power.consume_front("+");
  power.getAsInteger(10, exponent);
  std::string digits = mantissa.substr(0, 1).str() + mantissa.substr(2).str();
  int count = static_cast<int>(digits.size());
  if (exponent >= 21 || exponent < -6)
    return fmt::format("{}{}{}{}e{}{}", sign.str(), digits[0],
                       count > 1 ? "." : "", digits.substr(1),
                       exponent < 0 ? "" : "+", exponent);
  if (exponent < 0)
    return fmt::format("{}0.{}{}", sign.str(), std::string(-exponent - 1, '0'),
                       digits);
  if (exponent + 1 >= count)
    return sign.str() + digits + std::string(exponent + 1 - count, '0');
  return fmt::format("{}{}.{}", sign.str(), digits.substr(0, exponent + 1),
                     digits.substr(exponent + 1));
}

static std::string spell(const std::string &value) {
  std::string result = "\"";
  for (char c : toUtf8(value)) {
    constexpr llvm::StringLiteral kShort = "\b\t\n\f\r\"\\";
    constexpr llvm::StringLiteral kLetters = "btnfr\"\\";
    if (size_t at = kShort.find(c); at != llvm::StringRef::npos)
      result += {'\\', kLetters[at]};
    else if (static_cast<unsigned char>(c) < 0x20)
      result += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      result += c;
  }
  return result + "\"";
}

namespace {

/// Visits the fields of one object.
class Canonical {
public:
  template <typename T> void field(const char *name, T &value) {
    members.emplace_back(name, text(value));
  }
  template <typename T> void field(const char *name, T &value, Since) {
    field(name, value);
  }
  template <typename T> void field(const char *, T &, Until) {}
  template <typename T>
  void field(const char *name, T &value, Since, const Unless<T> &usual) {
    if (value != usual.value)
      field(name, value);
  }

  std::string finish() {
    std::sort(members.begin(), members.end());
    std::string result = "{";
    for (auto &[name, value] : members) {
      if (result.size() > 1)
        result += ',';
      result.append("\"").append(name).append("\":").append(value);
    }
    return result + "}";
  }

private:
  static std::string text(std::string &value) { return spell(value); }
  static std::string text(bool &value) { return value ? "true" : "false"; }
  static std::string text(double &value) { return spell(value); }
  static std::string text(int64_t &value) {
    std::string digits = std::to_string(value);
    return value > kLargestExact || value < -kLargestExact ? spell(digits)
                                                           : digits;
  }
  template <typename T> static std::string text(std::vector<T> &values) {
    std::string result = "[";
    for (T &value : values) {
      if (result.size() > 1)
        result += ',';
      result += text(value);
    }
    return result + "]";
  }
  template <typename T> static std::string text(T &object) {
    Canonical inner;
    visit(inner, object);
    return inner.finish();
  }

  std::vector<std::pair<std::string, std::string>> members;
};

struct Version {
  int64_t major = kMajorVersion;
  int64_t minor = kMinorVersion;
};

template <typename V> void visit(V &v, Version &o) {
  v.field("major", o.major);
  v.field("minor", o.minor);
}

} // namespace

std::string inlay::plan::contentSha256(const Plan &plan) {
  Canonical canonical;
  std::string format = kFormat;
  Version version;
  canonical.field("format", format);
  canonical.field("version", version);
  // The visitors serve reading too and take their structs by reference.
  visit(canonical, const_cast<Plan &>(plan));
  std::string text = canonical.finish();
  return llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(text)),
                     /*LowerCase=*/true);
}
