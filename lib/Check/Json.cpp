//===- Json.cpp - JSON as its checker reads it ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Json.h"

#include "fmt/format.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/JSON.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

using namespace inlay::checker::json;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value::Kind Value::kind() const {
  switch (form) {
  case Form::Null:
    return Null;
  case Form::Boolean:
    return Boolean;
  case Form::Integer:
  case Form::Double:
    return Number;
  case Form::String:
    return String;
  case Form::Array:
    return Array;
  case Form::Object:
    return Object;
  }
  return Null;
}

std::optional<bool> Value::getAsBoolean() const {
  return form == Form::Boolean ? std::optional(boolean) : std::nullopt;
}

std::optional<double> Value::getAsNumber() const {
  if (form == Form::Integer)
    return static_cast<double>(integer);
  return form == Form::Double ? std::optional(number) : std::nullopt;
}

std::optional<int64_t> Value::getAsInteger() const {
  if (form == Form::Integer)
    return integer;
  constexpr double kEnd = 9223372036854775808.0; // 2^63
  if (form == Form::Double && std::floor(number) == number && number >= -kEnd &&
      number < kEnd)
    return static_cast<int64_t>(number);
  return std::nullopt;
}

std::optional<StringRef> Value::getAsString() const {
  return form == Form::String ? std::optional(string) : std::nullopt;
}

bool Value::operator==(const Value &other) const {
  if (kind() != other.kind())
    return false;
  switch (kind()) {
  case Null:
    return true;
  case Boolean:
    return boolean == other.boolean;
  case Number:
    return form == Form::Integer && other.form == Form::Integer
               ? integer == other.integer
               : getAsNumber() == other.getAsNumber();
  case String:
    return string == other.string;
  case Array:
    return llvm::equal(array, other.array);
  case Object:
    return object.size() == other.object.size() &&
           llvm::all_of_zip(object, other.object,
                            [](const Member &a, const Member &b) {
                              return a.name == b.name && a.value == b.value;
                            });
  }
  return false;
}

const Value *Object::get(StringRef name) const {
  const Member *found = std::lower_bound(
      begin(), end(), name,
      [](const Member &member, StringRef key) { return member.name < key; });
  return found != end() && found->name == name ? &found->value : nullptr;
}

std::optional<bool> Object::getBoolean(StringRef name) const {
  const Value *value = get(name);
  return value ? value->getAsBoolean() : std::nullopt;
}

std::optional<double> Object::getNumber(StringRef name) const {
  const Value *value = get(name);
  return value ? value->getAsNumber() : std::nullopt;
}

std::optional<int64_t> Object::getInteger(StringRef name) const {
  const Value *value = get(name);
  return value ? value->getAsInteger() : std::nullopt;
}

std::optional<StringRef> Object::getString(StringRef name) const {
  const Value *value = get(name);
  return value ? value->getAsString() : std::nullopt;
}

const inlay::checker::json::Array *Object::getArray(StringRef name) const {
  const Value *value = get(name);
  return value ? value->getAsArray() : nullptr;
}

const Object *Object::getObject(StringRef name) const {
  const Value *value = get(name);
  return value ? value->getAsObject() : nullptr;
}

//===----------------------------------------------------------------------===//
// The parser
//===----------------------------------------------------------------------===//

/// By recursive descent, as deep as a plan may be. What is inside an array or
/// object waits on a stack until its number is known.
class Document::Parser {
public:
  Parser(StringRef text, llvm::BumpPtrAllocator &arena)
      : text(text), arena(arena) {}

  bool parse(Value &result) {
    if (size_t at = 0; !llvm::json::isUTF8(text, &at)) {
      next = at;
      return fail("text that is UTF-8");
    }
    if (!parseValue(result))
      return false;
    skipSpace();
    return next == text.size() || fail("the end of the text");
  }

  std::string problem; ///< what was wrong first

private:
  /// Plans are not ten levels deep.
  static constexpr int kMostDepth = 100;

  bool fail(const char *expected) {
    StringRef before = text.take_front(next);
    size_t line = before.count('\n') + 1;
    size_t column = next - (before.rfind('\n') + 1) + 1;
    problem = fmt::format("is not JSON: expected {} at line {}, column {}",
                          expected, line, column);
    return false;
  }

  void skipSpace() {
    while (next < text.size() && (text[next] == ' ' || text[next] == '\n' ||
                                  text[next] == '\t' || text[next] == '\r'))
      ++next;
  }
  bool take(char c) {
    if (next == text.size() || text[next] != c)
      return false;
    ++next;
    return true;
  }
  bool takeWord(StringRef word) {
    if (!text.substr(next).starts_with(word))
      return false;
    next += word.size();
    return true;
  }

  template <typename T>
  const T *keep(const std::vector<T> &stack, size_t from) {
    size_t count = stack.size() - from;
    T *kept = arena.Allocate<T>(count);
    std::uninitialized_copy(stack.begin() + from, stack.end(), kept);
    return kept;
  }

  bool parseValue(Value &result);
  bool parseArray(Value &result);
  bool parseObject(Value &result);
  bool sortMembers(size_t from);
  bool parseString(StringRef &result);
  bool parseEscape(std::string &out);
  bool parseHex(unsigned &unit);
  bool parseNumber(Value &result);
  bool takeDigits();

  StringRef text;
  llvm::BumpPtrAllocator &arena;
  size_t next = 0;
  int depth = 0;
  std::vector<Value> values;
  std::vector<Member> members;
};

bool Document::Parser::parseValue(Value &result) {
  skipSpace();
  switch (next < text.size() ? text[next] : 0) {
  case '{':
  case '[': {
    if (++depth > kMostDepth) {
      problem = fmt::format("nests more than {} levels deep", kMostDepth);
      return false;
    }
    bool isParsed =
        text[next] == '{' ? parseObject(result) : parseArray(result);
    --depth;
    return isParsed;
  }
  case '"': {
    StringRef string;
    bool isParsed = parseString(string);
    result = Value(string);
    return isParsed;
  }
  case 't':
    result = Value(true);
    return takeWord("true") || fail("a value");
  case 'f':
    result = Value(false);
    return takeWord("false") || fail("a value");
  case 'n':
    result = Value();
    return takeWord("null") || fail("a value");
  default:
    return parseNumber(result);
  }
}

bool Document::Parser::parseArray(Value &result) {
  ++next;
  size_t from = values.size();
  skipSpace();
  for (bool isOver = take(']'); !isOver;) {
    Value item;
    if (!parseValue(item))
      return false;
    values.push_back(item);
    skipSpace();
    isOver = take(']');
    if (!isOver && !take(','))
      return fail("',' or ']'");
  }
  result = Value(Array(keep(values, from), values.size() - from));
  values.resize(from);
  return true;
}

bool Document::Parser::parseObject(Value &result) {
  ++next;
  size_t from = members.size();
  skipSpace();
  for (bool isOver = take('}'); !isOver;) {
    Member member;
    skipSpace();
    if (next == text.size() || text[next] != '"')
      return fail("a name");
    if (!parseString(member.name))
      return false;
    skipSpace();
    if (!take(':'))
      return fail("':'");
    if (!parseValue(member.value))
      return false;
    members.push_back(member);
    skipSpace();
    isOver = take('}');
    if (!isOver && !take(','))
      return fail("',' or '}'");
  }
  if (!sortMembers(from))
    return false;
  result = Value(Object(keep(members, from), members.size() - from));
  members.resize(from);
  return true;
}

bool Document::Parser::sortMembers(size_t from) {
  auto inner = llvm::MutableArrayRef(members).drop_front(from);
  llvm::sort(inner,
             [](const Member &a, const Member &b) { return a.name < b.name; });
  for (size_t i = 1; i < inner.size(); ++i)
    if (inner[i].name == inner[i - 1].name) {
      problem = fmt::format("is not JSON: the object that ends at byte {} has "
                            "the member '{}' twice",
                            next, inner[i].name.str());
      return false;
    }
  return true;
}

bool Document::Parser::parseString(StringRef &result) {
  size_t from = ++next;
  std::string unescaped;
  bool isEscaped = false;
  for (; next < text.size(); ++next) {
    char c = text[next];
    if (c == '"')
      break;
    if (static_cast<unsigned char>(c) < 0x20)
      return fail("a string without control characters");
    if (c != '\\')
      continue;
    unescaped += text.slice(from, next);
    isEscaped = true;
    ++next;
    if (!parseEscape(unescaped))
      return fail("an escape");
    from = next--;
  }
  if (next == text.size())
    return fail("the end of a string");
  result = text.slice(from, next++);
  if (isEscaped)
    result = StringRef(unescaped + result.str()).copy(arena);
  return true;
}

/// What follows a backslash. A surrogate without its other half becomes the
/// replacement character, as in LLVM's reader.
bool Document::Parser::parseEscape(std::string &out) {
  constexpr StringRef kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  if (next == text.size())
    return false;
  char c = text[next++];
  if (size_t plain = kNames.find(c); plain != StringRef::npos) {
    out += kMeanings[plain];
    return true;
  }
  unsigned unit = 0;
  if (c != 'u' || !parseHex(unit))
    return false;
  constexpr unsigned kReplacement = 0xFFFD;
  if (unit >= 0xD800 && unit < 0xDC00 && takeWord("\\u")) {
    unsigned low = 0;
    if (!parseHex(low))
      return false;
    if (low >= 0xDC00 && low < 0xE000) {
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else {
      unit = kReplacement;
      next -= 6; // the next escape by itself
    }
  } else if (unit >= 0xD800 && unit < 0xE000) {
    unit = kReplacement;
  }
  char bytes[UNI_MAX_UTF8_BYTES_PER_CODE_POINT];
  char *end = bytes;
  llvm::ConvertCodePointToUTF8(unit, end);
  out.append(bytes, end);
  return true;
}

bool Document::Parser::parseHex(unsigned &unit) {
  StringRef digits = text.substr(next, 4);
  next += digits.size();
  return digits.size() == 4 && llvm::all_of(digits, llvm::isHexDigit) &&
         !digits.getAsInteger(16, unit);
}

bool Document::Parser::takeDigits() {
  size_t from = next;
  while (next < text.size() && llvm::isDigit(text[next]))
    ++next;
  return next > from;
}

bool Document::Parser::parseNumber(Value &result) {
  size_t from = next;
  bool isWhole = true;
  take('-');
  if (next == text.size() || !llvm::isDigit(text[next]))
    return fail("a value");
  if (!take('0'))
    takeDigits();
  if (take('.')) {
    isWhole = false;
    if (!takeDigits())
      return fail("a digit");
  }
  if (take('e') || take('E')) {
    isWhole = false;
    if (!take('+'))
      take('-');
    if (!takeDigits())
      return fail("a digit");
  }
  const char *first = text.data() + from, *last = text.data() + next;
  int64_t integer = 0;
  if (isWhole && std::from_chars(first, last, integer).ec == std::errc()) {
    result = Value(integer);
    return true;
  }
  double number = 0;
  if (std::from_chars(first, last, number).ec != std::errc())
    number = std::strtod(std::string(first, last).c_str(), nullptr);
  result = Value(number);
  return std::isfinite(number) || fail("a number that is finite");
}

std::unique_ptr<Document> Document::parse(StringRef text,
                                          std::string &problem) {
  auto document = std::make_unique<Document>();
  Parser parser(text, document->arena);
  if (parser.parse(document->root))
    return document;
  problem = parser.problem;
  return nullptr;
}
