//===- JsonReader.cpp - Strict reading of JSON objects --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/JsonReader.h"

#include "fmt/format.h"

#include <cmath>

using namespace inlay;
namespace json = llvm::json;

/// The parser calls itself for what is nested, so that depth is stack.
static constexpr int kMostNested = 256;

static bool isTooDeep(llvm::StringRef text) {
  int depth = 0;
  bool isString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (isString && c == '\\')
      ++i;
    else if (c == '"')
      isString = !isString;
    else if (!isString && (c == '[' || c == '{'))
      ++depth;
    else if (!isString && (c == ']' || c == '}'))
      --depth;
    if (depth > kMostNested)
      return true;
  }
  return false;
}

/// A member that an object of a valid document has twice: the parser keeps the
/// last, and what the first says would be lost.
static std::optional<std::string> findRepeated(llvm::StringRef text) {
  std::vector<std::set<std::string>> names; // of the objects that are open
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' || text[i] == '[')
      names.emplace_back();
    else if (text[i] == '}' || text[i] == ']')
      names.pop_back();
    if (text[i] != '"')
      continue;
    size_t end = i + 1;
    while (text[end] != '"')
      end += text[end] == '\\' ? 2 : 1;
    llvm::StringRef quoted = text.slice(i, end + 1);
    i = end;
    if (!text.substr(end + 1).ltrim().starts_with(":"))
      continue;
    // Escapes may spell the same name in other ways.
    llvm::Expected<json::Value> name = json::parse(quoted);
    if (!name) {
      llvm::consumeError(name.takeError());
      continue;
    }
    std::string plain = name->getAsString().value_or("").str();
    if (!names.back().insert(plain).second)
      return plain;
  }
  return std::nullopt;
}

std::optional<json::Value> inlay::parseJsonObject(llvm::StringRef text,
                                                  Diagnostics &diags) {
  if (isTooDeep(text)) {
    diags.inputError("", "nests arrays and objects more than " +
                             std::to_string(kMostNested) + " deep");
    return std::nullopt;
  }
  llvm::Expected<json::Value> value = json::parse(text);
  if (!value) {
    diags.inputError("", "is not JSON: " + llvm::toString(value.takeError()));
    return std::nullopt;
  }
  if (!value->getAsObject()) {
    diags.inputError("", "must be one JSON object");
    return std::nullopt;
  }
  if (std::optional<std::string> twice = findRepeated(text)) {
    diags.inputError("", "has the member '" + *twice +
                             "' twice in one object; keep one");
    return std::nullopt;
  }
  return std::move(*value);
}

std::string JsonReader::pathOf(llvm::StringRef name) const {
  return path.empty() ? name.str() : path + "." + name.str();
}

void JsonReader::error(llvm::StringRef name, std::string message) {
  diags.inputError("field '" + pathOf(name) + "'", std::move(message));
}

const json::Value *JsonReader::value(llvm::StringRef name) {
  known.insert(name.str());
  return object.get(name);
}

const json::Value *JsonReader::required(llvm::StringRef name) {
  const json::Value *member = value(name);
  if (!member)
    error(name, "is missing");
  return member;
}

std::string JsonReader::string(llvm::StringRef name) {
  const json::Value *member = required(name);
  if (!member)
    return {};
  if (auto text = member->getAsString())
    return text->str();
  error(name, "must be a string");
  return {};
}

bool JsonReader::boolean(llvm::StringRef name) {
  const json::Value *member = required(name);
  if (!member)
    return false;
  if (auto flag = member->getAsBoolean())
    return *flag;
  error(name, "must be true or false");
  return false;
}

double JsonReader::number(llvm::StringRef name, double least, double most) {
  const json::Value *member = required(name);
  if (!member)
    return least;
  std::optional<double> number = member->getAsNumber();
  if (number && *number >= least && *number <= most)
    return *number;
  error(name, fmt::format("must be a number from {:g} to {:g}", least, most));
  return least;
}

int64_t JsonReader::integer(llvm::StringRef name, int64_t least, int64_t most) {
  const json::Value *member = required(name);
  if (!member)
    return least;
  std::optional<int64_t> number = member->getAsInteger();
  // Integers beyond 2^53 are written as decimal strings.
  if (auto text = member->getAsString()) {
    int64_t parsed = 0;
    if (!text->getAsInteger(10, parsed))
      number = parsed;
  }
  if (number && *number >= least && *number <= most)
    return *number;
  error(name,
        most == std::numeric_limits<int64_t>::max()
            ? fmt::format("must be an integer of at least {}", least)
            : fmt::format("must be an integer from {} to {}", least, most));
  return least;
}

void JsonReader::child(llvm::StringRef name,
                       std::function<void(JsonReader &)> read) {
  const json::Value *member = required(name);
  if (!member)
    return;
  const json::Object *inner = member->getAsObject();
  if (!inner)
    return error(name, "must be an object");
  JsonReader reader(*inner, pathOf(name), diags);
  read(reader);
  reader.finish();
}

void JsonReader::children(llvm::StringRef name,
                          std::function<void(JsonReader &)> read) {
  const json::Value *member = required(name);
  if (!member)
    return;
  const json::Array *array = member->getAsArray();
  if (!array)
    return error(name, "must be an array");
  for (size_t i = 0; i < array->size(); ++i) {
    std::string element = fmt::format("{}[{}]", name.str(), i);
    const json::Object *inner = (*array)[i].getAsObject();
    if (!inner) {
      error(element, "must be an object");
      continue;
    }
    JsonReader reader(*inner, pathOf(element), diags);
    read(reader);
    reader.finish();
  }
}

void JsonReader::members(
    llvm::StringRef name,
    std::function<void(llvm::StringRef, JsonReader &)> read) {
  child(name, [&](JsonReader &outer) {
    // Objects are hash maps: sort for a fixed order of errors.
    std::set<std::string> names;
    for (const auto &member : outer.object)
      names.insert(member.first.str());
    for (const std::string &key : names)
      outer.child(key, [&](JsonReader &inner) { read(key, inner); });
  });
}

void JsonReader::finish() {
  std::set<std::string> unknown;
  for (const auto &member : object)
    if (!known.count(member.first.str()))
      unknown.insert(member.first.str());
  for (const std::string &name : unknown)
    error(name, "is not known here");
}
