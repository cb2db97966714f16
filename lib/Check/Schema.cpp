//===- Schema.cpp - JSON Schema, as far as ours use it --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Schema.h"
#include "Canonical.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>
#include <set>

using namespace inlay::checker;
using llvm::StringRef;

/// Turns the document into nodes, each place of it once.
class Schema::Compiler {
public:
  Compiler(Schema &schema, std::string &error) : schema(schema), error(error) {}

  const Node *compile(const json::Value &value) {
    if (auto known = compiled.find(&value); known != compiled.end())
      return known->second;
    Node &node = schema.nodes.emplace_back();
    compiled[&value] = &node;
    if (const json::Object *object = value.getAsObject())
      for (const auto &[key, argument] : *object)
        add(node, key, argument);
    else
      refuse("a schema is no object");
    return &node;
  }

private:
  void refuse(std::string message) {
    if (error.empty())
      error = std::move(message);
  }

  std::vector<const Node *> compileList(const json::Value &list) {
    std::vector<const Node *> result;
    if (const json::Array *array = list.getAsArray())
      for (const json::Value &value : *array)
        result.push_back(compile(value));
    return result;
  }

  static std::vector<std::string> strings(const json::Value &value) {
    std::vector<std::string> result;
    if (auto text = value.getAsString())
      result.push_back(text->str());
    if (const json::Array *array = value.getAsArray())
      for (const json::Value &item : *array)
        result.push_back(item.getAsString().value_or("").str());
    return result;
  }

  void add(Node &node, StringRef key, const json::Value &argument) {
    if (llvm::is_contained(
            {"$schema", "$id", "$defs", "title", "description", "default"},
            key))
      return;
    if (!addStructure(node, key, argument) && !addLimit(node, key, argument))
      refuse(fmt::format("keyword '{}' of JSON Schema is not known here",
                         key.str()));
  }

  bool addStructure(Node &node, StringRef key, const json::Value &argument) {
    if (key == "properties") {
      if (const json::Object *object = argument.getAsObject())
        for (const auto &[name, value] : *object)
          node.properties[name.str()] = compile(value);
    } else if (key == "required") {
      node.required = strings(argument);
    } else if (key == "additionalProperties") {
      if (auto flag = argument.getAsBoolean())
        node.isClosed = !*flag;
      else
        node.additional = compile(argument);
    } else if (key == "items") {
      node.items = compile(argument);
    } else if (key == "allOf") {
      llvm::append_range(node.all, compileList(argument));
    } else if (key == "anyOf") {
      node.any = compileList(argument);
    } else if (key == "oneOf") {
      node.one = compileList(argument);
    } else if (key == "$ref") {
      addReference(node, argument.getAsString().value_or(""));
    } else {
      return false;
    }
    return true;
  }

  void addReference(Node &node, StringRef text) {
    const json::Object *defs =
        schema.document->value().getAsObject()->getObject("$defs");
    StringRef name = text;
    const json::Value *target = nullptr;
    if (name.consume_front("#/$defs/") && defs)
      target = defs->get(name);
    if (target)
      node.all.push_back(compile(*target));
    else
      refuse(fmt::format("reference '{}' leads nowhere", text.str()));
  }

  bool addLimit(Node &node, StringRef key, const json::Value &argument) {
    if (key == "type")
      node.types = strings(argument);
    else if (key == "const")
      node.constant = &argument;
    else if (key == "enum")
      node.options = argument.getAsArray();
    else if (key == "minimum")
      node.minimum = argument.getAsNumber();
    else if (key == "maximum")
      node.maximum = argument.getAsNumber();
    else if (key == "exclusiveMinimum")
      node.exclusiveMinimum = argument.getAsNumber();
    else if (key == "minLength")
      node.minLength = argument.getAsInteger();
    else if (key == "minItems")
      node.minItems = argument.getAsInteger();
    else if (key == "maxItems")
      node.maxItems = argument.getAsInteger();
    else if (key == "minProperties")
      node.minProperties = argument.getAsInteger();
    else if (key == "uniqueItems")
      node.uniqueItems = argument.getAsBoolean().value_or(false);
    else if (key == "pattern")
      addPattern(node, argument.getAsString().value_or(""));
    else
      return false;
    return true;
  }

  void addPattern(Node &node, StringRef text) {
    node.patternText = text.str();
    node.pattern = std::make_unique<llvm::Regex>(text);
    std::string problem;
    if (!node.pattern->isValid(problem))
      refuse(fmt::format("pattern '{}': {}", node.patternText, problem));
  }

  Schema &schema;
  std::string &error;
  std::map<const json::Value *, const Node *> compiled;
};

/// Walks a value and a schema together. A schema of `anyOf` or `oneOf` is tried
/// with `isQuiet`, which stops at the first difference.
class Schema::Validator {
public:
  explicit Validator(Report *report) : report(report) {}

  bool visit(const Node &node, const json::Value &value) {
    bool isValid = checkType(node, value) && checkValue(node, value);
    for (const Node *other : node.all) {
      if (!isValid && !report)
        return false;
      isValid &= visit(*other, value);
    }
    if (!node.any.empty() && countMatches(node.any, value) == 0)
      isValid = fail(fmt::format("is none of the {} things allowed here",
                                 node.any.size()));
    if (!node.one.empty() && countMatches(node.one, value) != 1)
      isValid = fail(fmt::format("is not exactly one of the {} things allowed "
                                 "here",
                                 node.one.size()));
    return isValid;
  }

private:
  /// On the way from the outermost value inwards; written out only where
  /// something is wrong.
  struct Step {
    const Step *before;
    StringRef name; ///< of a member
    size_t index;   ///< of an element, where there is no name
  };

  static std::string write(const Step *step) {
    if (!step)
      return "";
    std::string path = write(step->before);
    if (!step->name.data())
      return path + fmt::format("[{}]", step->index);
    return path + (path.empty() ? "" : ".") + step->name.str();
  }

  bool fail(std::string message) {
    if (report)
      report->fail(step ? write(step) : "the plan", std::move(message));
    return false;
  }

  static size_t countMatches(const std::vector<const Node *> &options,
                             const json::Value &value) {
    return llvm::count_if(options, [&](const Node *option) {
      return Validator(nullptr).visit(*option, value);
    });
  }

  static bool isOfType(const json::Value &value, StringRef type) {
    switch (value.kind()) {
    case json::Value::Null:
      return type == "null";
    case json::Value::Boolean:
      return type == "boolean";
    case json::Value::Number: {
      if (type == "number")
        return true;
      double number = *value.getAsNumber();
      return type == "integer" &&
             (value.getAsInteger() ||
              (std::isfinite(number) && std::floor(number) == number));
    }
    case json::Value::String:
      return type == "string";
    case json::Value::Array:
      return type == "array";
    case json::Value::Object:
      return type == "object";
    }
    return false;
  }

  bool checkType(const Node &node, const json::Value &value) {
    if (node.types.empty() || llvm::any_of(node.types, [&](StringRef type) {
          return isOfType(value, type);
        }))
      return true;
    return fail(
        fmt::format("must be of type {}", llvm::join(node.types, " or ")));
  }

  bool checkValue(const Node &node, const json::Value &value) {
    bool isValid = true;
    if (node.constant && *node.constant != value)
      isValid = fail(fmt::format("must be {}", canonicalJson(*node.constant)));
    if (node.options && !llvm::is_contained(*node.options, value))
      isValid = fail(fmt::format("must be one of {}",
                                 canonicalJson(json::Value(*node.options))));
    if (auto number = value.getAsNumber())
      isValid &= checkNumber(node, *number);
    if (auto string = value.getAsString())
      isValid &= checkString(node, *string);
    if (const json::Array *array = value.getAsArray())
      isValid &= checkArray(node, *array);
    if (const json::Object *object = value.getAsObject())
      isValid &= checkObject(node, *object);
    return isValid;
  }

  bool checkNumber(const Node &node, double number) {
    if (node.minimum && number < *node.minimum)
      return fail(fmt::format("is {}, less than {}", number, *node.minimum));
    if (node.maximum && number > *node.maximum)
      return fail(fmt::format("is {}, more than {}", number, *node.maximum));
    if (node.exclusiveMinimum && number <= *node.exclusiveMinimum)
      return fail(fmt::format("is {}, must be more than {}", number,
                              *node.exclusiveMinimum));
    return true;
  }

  bool checkString(const Node &node, StringRef string) {
    if (node.minLength && static_cast<int64_t>(string.size()) < *node.minLength)
      return fail("must not be empty");
    if (node.pattern && !node.pattern->match(string))
      return fail(fmt::format("does not match '{}'", node.patternText));
    return true;
  }

  bool checkArray(const Node &node, const json::Array &array) {
    auto size = static_cast<int64_t>(array.size());
    bool isValid = true;
    if (node.minItems && size < *node.minItems)
      isValid = fail(fmt::format("has {} elements, at least {} are needed",
                                 size, *node.minItems));
    if (node.maxItems && size > *node.maxItems)
      isValid = fail(fmt::format("has {} elements, at most {} are allowed",
                                 size, *node.maxItems));
    if (node.uniqueItems && hasEqual(array))
      isValid = fail("has an element twice");
    if (!node.items)
      return isValid;
    for (size_t i = 0; i < array.size(); ++i)
      isValid &= descend({step, StringRef(), i}, *node.items, array[i]);
    return isValid;
  }

  static bool hasEqual(const json::Array &array) {
    constexpr size_t kFew = 8;
    if (array.size() <= kFew) {
      for (size_t i = 1; i < array.size(); ++i)
        if (llvm::is_contained(llvm::ArrayRef(array.begin(), i), array[i]))
          return true;
      return false;
    }
    std::set<std::string> known;
    return !llvm::all_of(array, [&](const json::Value &item) {
      return known.insert(canonicalJson(item)).second;
    });
  }

  bool checkObject(const Node &node, const json::Object &object) {
    bool isValid = true;
    for (const std::string &name : node.required)
      if (!object.get(name))
        isValid = fail(fmt::format("has no member '{}'", name));
    if (node.minProperties &&
        static_cast<int64_t>(object.size()) < *node.minProperties)
      isValid = fail(fmt::format("has {} members, at least {} are needed",
                                 object.size(), *node.minProperties));
    for (const auto &[name, member] : object) {
      auto known = node.properties.find(std::string_view(name));
      const Node *inner =
          known == node.properties.end() ? node.additional : known->second;
      if (inner)
        isValid &= descend({step, name, 0}, *inner, member);
      else if (node.isClosed)
        isValid = fail(
            fmt::format("has a member '{}' that nobody knows", name.str()));
    }
    return isValid;
  }

  bool descend(const Step &inner, const Node &node, const json::Value &value) {
    const Step *outer = step;
    step = &inner;
    bool isValid = visit(node, value);
    step = outer;
    return isValid;
  }

  Report *report;
  const Step *step = nullptr;
};

std::unique_ptr<Schema> Schema::parse(StringRef text, std::string &error) {
  auto schema = std::make_unique<Schema>();
  schema->text = text.str();
  schema->document = json::Document::parse(schema->text, error);
  if (!schema->document)
    return nullptr;
  if (!schema->document->value().getAsObject()) {
    error = "a schema is no object";
    return nullptr;
  }
  schema->root = Compiler(*schema, error).compile(schema->document->value());
  return error.empty() ? std::move(schema) : nullptr;
}

void Schema::validate(const json::Value &value, Report &report) const {
  Validator(&report).visit(*root, value);
}
