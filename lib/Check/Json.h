//===- Json.h - JSON as its checker reads it --------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan is tens of megabytes of small objects. LLVM's reader keeps a hash
// table for each, which takes 35 times the text; here a document is one arena
// of values of 24 bytes, and its strings stay in the text where they have no
// escapes. Stricter than LLVM's: RFC 8259 to the letter, and no name twice in
// one object.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_JSON_H
#define INLAY_LIB_CHECK_JSON_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Allocator.h"

#include <memory>
#include <optional>

namespace inlay::checker::json {

class Value;
struct Member;

class Array {
public:
  Array() = default;
  Array(const Value *first, size_t count) : first(first), count(count) {}

  size_t size() const { return count; }
  const Value *begin() const { return first; }
  inline const Value *end() const;
  inline const Value &operator[](size_t index) const;

private:
  const Value *first = nullptr;
  size_t count = 0;
};

/// Members in the order of their names.
class Object {
public:
  Object() = default;
  Object(const Member *first, size_t count) : first(first), count(count) {}

  size_t size() const { return count; }
  const Member *begin() const { return first; }
  inline const Member *end() const;

  /// Null or nothing where there is no such member, or it is of another kind.
  const Value *get(llvm::StringRef name) const;
  std::optional<bool> getBoolean(llvm::StringRef name) const;
  std::optional<double> getNumber(llvm::StringRef name) const;
  std::optional<int64_t> getInteger(llvm::StringRef name) const;
  std::optional<llvm::StringRef> getString(llvm::StringRef name) const;
  const Array *getArray(llvm::StringRef name) const;
  const Object *getObject(llvm::StringRef name) const;

private:
  const Member *first = nullptr;
  size_t count = 0;
};

class Value {
public:
  enum Kind { Null, Boolean, Number, String, Array, Object };

  Value() : integer(0) {}
  explicit Value(bool value) : form(Form::Boolean), boolean(value) {}
  explicit Value(int64_t value) : form(Form::Integer), integer(value) {}
  explicit Value(double value) : form(Form::Double), number(value) {}
  explicit Value(llvm::StringRef value) : form(Form::String), string(value) {}
  explicit Value(json::Array value) : form(Form::Array), array(value) {}
  explicit Value(json::Object value) : form(Form::Object), object(value) {}

  Kind kind() const;
  std::optional<bool> getAsBoolean() const;
  std::optional<double> getAsNumber() const;
  /// Of a number that is a whole one, however it is written, and fits.
  std::optional<int64_t> getAsInteger() const;
  std::optional<llvm::StringRef> getAsString() const;
  const json::Array *getAsArray() const {
    return form == Form::Array ? &array : nullptr;
  }
  const json::Object *getAsObject() const {
    return form == Form::Object ? &object : nullptr;
  }

  bool operator==(const Value &other) const;

private:
  enum class Form : uint8_t {
    Null,
    Boolean,
    Integer,
    Double,
    String,
    Array,
    Object
  };

  Form form = Form::Null;
  union {
    bool boolean;
    int64_t integer;
    double number;
    llvm::StringRef string;
    json::Array array;
    json::Object object;
  };
};

struct Member {
  llvm::StringRef name;
  Value value;
};

const Value *Array::end() const { return first + count; }
const Value &Array::operator[](size_t index) const { return first[index]; }
const Member *Object::end() const { return first + count; }

/// One text and what it says. The text must outlive it.
class Document {
public:
  /// Null where `text` is no JSON, or deeper than a plan can be: `problem` says
  /// what is wrong, as words that follow the name of the file.
  static std::unique_ptr<Document> parse(llvm::StringRef text,
                                         std::string &problem);

  const Value &value() const { return root; }

private:
  class Parser;

  llvm::BumpPtrAllocator arena;
  Value root;
};

} // namespace inlay::checker::json

#endif // INLAY_LIB_CHECK_JSON_H
