//===- Scanner.h - Words and numbers of the contest's files -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_ISPD2020_SCANNER_H
#define INLAY_LIB_FLOORPLAN_ISPD2020_SCANNER_H

#include "inlay/Support/Diagnostic.h"

#include "fmt/format.h"

#include <cctype>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace inlay::floorplan::ispd2020 {

/// No number in the files is larger.
inline constexpr int64_t kMostNumber = 1'000'000'000;

/// Reads one line from left to right. A function that does not find what it
/// looks for leaves the place as it was.
class Scanner {
public:
  explicit Scanner(std::string_view line) : rest(line) {}

  bool atEnd() {
    skipBlanks();
    return rest.empty();
  }
  bool take(std::string_view text) {
    skipBlanks();
    if (rest.substr(0, text.size()) != text)
      return false;
    rest.remove_prefix(text.size());
    return true;
  }
  /// Letters, digits and underscores; may be empty.
  std::string_view word() {
    skipBlanks();
    size_t length = 0;
    while (length < rest.size() &&
           (std::isalnum(static_cast<unsigned char>(rest[length])) ||
            rest[length] == '_'))
      ++length;
    return cut(length);
  }
  /// Whatever stands before `end`, which is taken too; none when it is missing.
  std::optional<std::string_view> until(char end) {
    size_t length = rest.find(end);
    if (length == std::string_view::npos)
      return std::nullopt;
    std::string_view text = cut(length);
    rest.remove_prefix(1);
    return text;
  }
  /// A whole number from 0 to kMostNumber.
  std::optional<int64_t> number() {
    skipBlanks();
    int64_t value = 0;
    auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc() || value < 0 || value > kMostNumber)
      return std::nullopt;
    rest.remove_prefix(end - rest.data());
    return value;
  }
  std::optional<double> real() {
    skipBlanks();
    double value = 0;
    auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (error != std::errc() || !(value >= 0 && value <= kMostNumber))
      return std::nullopt;
    rest.remove_prefix(end - rest.data());
    return value;
  }
  std::string_view remaining() {
    skipBlanks();
    return rest;
  }

private:
  void skipBlanks() {
    while (!rest.empty() &&
           std::isspace(static_cast<unsigned char>(rest.front())))
      rest.remove_prefix(1);
  }
  std::string_view cut(size_t length) {
    std::string_view text = rest.substr(0, length);
    rest.remove_prefix(length);
    return text;
  }

  std::string_view rest;
};

/// What a message quotes of a line: not more than a glance takes in.
inline std::string quoted(std::string_view text) {
  std::string shown;
  for (char c : text.substr(0, 40))
    shown += std::isprint(static_cast<unsigned char>(c)) ? c : '?';
  return shown + (text.size() > 40 ? "..." : "");
}

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_LIB_FLOORPLAN_ISPD2020_SCANNER_H
