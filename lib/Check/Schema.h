//===- Schema.h - JSON Schema, as far as ours use it -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// No validator of JSON Schema is packaged for C++, so this one knows the
// keywords that the schemas of docs/schema use, and refuses a schema with
// others. Draft 2020-12.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_SCHEMA_H
#define INLAY_LIB_CHECK_SCHEMA_H

#include "Json.h"
#include "Report.h"

#include "llvm/Support/Regex.h"

#include <deque>
#include <map>

namespace inlay::checker {

/// A schema, ready to be applied.
class Schema {
public:
  /// Fills `error` where the text is no schema that this validator knows.
  static std::unique_ptr<Schema> parse(llvm::StringRef text,
                                       std::string &error);

  /// Reports every place of `value` that the schema does not allow.
  void validate(const json::Value &value, Report &report) const;

private:
  struct Node {
    std::vector<std::string> types;
    const json::Value *constant = nullptr;
    const json::Array *options = nullptr;
    std::map<std::string, const Node *, std::less<>> properties;
    std::vector<std::string> required;
    const Node *additional = nullptr;
    bool isClosed = false; ///< no additional properties
    const Node *items = nullptr;
    std::optional<double> minimum, maximum, exclusiveMinimum;
    std::optional<int64_t> minLength, minItems, maxItems, minProperties;
    std::unique_ptr<llvm::Regex> pattern;
    std::string patternText;
    std::vector<const Node *> all, any, one;
    bool uniqueItems = false;
  };
  class Compiler;
  class Validator;

  std::string text;
  std::unique_ptr<json::Document> document;
  std::deque<Node> nodes;
  const Node *root = nullptr;
};

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_SCHEMA_H
