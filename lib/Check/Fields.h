//===- Fields.h - Members of a plan's objects -------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Read leniently, after the schema has had its say: what is missing or of
// another kind is 0 or empty.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_FIELDS_H
#define INLAY_LIB_CHECK_FIELDS_H

#include "Plan.h"

#include <algorithm>

namespace inlay::checker {

/// Members of one object, by name.
class Fields {
public:
  explicit Fields(const json::Object &object) : object(object) {}

  std::string text(llvm::StringRef name) const {
    return object.getString(name).value_or("").str();
  }
  bool flag(llvm::StringRef name) const {
    return object.getBoolean(name).value_or(false);
  }
  double number(llvm::StringRef name) const {
    return object.getNumber(name).value_or(0);
  }
  int64_t integer(llvm::StringRef name) const {
    return toInteger(object.get(name));
  }

  /// `otherwise` where there is none.
  int64_t integerOr(llvm::StringRef name, int64_t otherwise) const {
    const json::Value *value = object.get(name);
    return value ? toInteger(value) : otherwise;
  }

  double numberOr(llvm::StringRef name, double otherwise) const {
    return object.get(name) ? number(name) : otherwise;
  }

  /// One that is no number below 0.
  int64_t count(llvm::StringRef name) const {
    return std::max<int64_t>(0, integer(name));
  }
  std::vector<int64_t> counts(llvm::StringRef name) const {
    std::vector<int64_t> result = integers(name);
    for (int64_t &value : result)
      value = std::max<int64_t>(0, value);
    return result;
  }

  std::vector<std::string> texts(llvm::StringRef name) const {
    std::vector<std::string> result;
    if (const json::Array *array = object.getArray(name))
      for (const json::Value &value : *array)
        result.push_back(value.getAsString().value_or("").str());
    return result;
  }
  std::vector<int64_t> integers(llvm::StringRef name) const {
    std::vector<int64_t> result;
    if (const json::Array *array = object.getArray(name))
      for (const json::Value &value : *array)
        result.push_back(toInteger(&value));
    return result;
  }
  std::vector<double> numbers(llvm::StringRef name) const {
    std::vector<double> result;
    if (const json::Array *array = object.getArray(name))
      for (const json::Value &value : *array)
        result.push_back(value.getAsNumber().value_or(0));
    return result;
  }
  template <typename Read> auto child(llvm::StringRef name, Read read) const {
    static const json::Object kEmpty;
    const json::Object *inner = object.getObject(name);
    return read(Fields(inner ? *inner : kEmpty));
  }
  template <typename Read>
  auto children(llvm::StringRef name, Read read) const {
    std::vector<decltype(read(Fields(object)))> result;
    if (const json::Array *array = object.getArray(name))
      for (const json::Value &value : *array)
        if (const json::Object *inner = value.getAsObject())
          result.push_back(read(Fields(*inner)));
    return result;
  }

  const json::Object &object;

private:
  /// Integers beyond 2^53 are decimal strings.
  static int64_t toInteger(const json::Value *value) {
    int64_t result = 0;
    if (!value)
      return 0;
    if (auto text = value->getAsString())
      return text->getAsInteger(10, result) ? 0 : clamp(result);
    return clamp(value->getAsInteger().value_or(0));
  }
  static int64_t clamp(int64_t value) {
    return std::clamp(value, -kHuge, kHuge);
  }
};

inline Rect readRect(const Fields &in) {
  return {in.integer("x"), in.integer("y"), in.integer("width"),
          in.integer("height")};
}

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_FIELDS_H
