//===- JsonReader.h - Strict reading of JSON objects ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads members of an object by name and type. Every error names the path of
// the field ("grid.width"), what was expected and what is there; a member that
// nobody asked for is an error too, so that a misspelt field cannot be ignored.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_JSONREADER_H
#define INLAY_SUPPORT_JSONREADER_H

#include "inlay/Support/Diagnostic.h"

#include "llvm/Support/JSON.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>

namespace inlay {

/// Parses the text of a file as one JSON object; adds an error otherwise.
std::optional<llvm::json::Value> parseJsonObject(llvm::StringRef text,
                                                 Diagnostics &diags);

/// One object of a document under examination.
class JsonReader {
public:
  JsonReader(const llvm::json::Object &object, std::string path,
             Diagnostics &diags)
      : object(object), path(std::move(path)), diags(diags) {}

  bool has(llvm::StringRef name) const { return object.get(name) != nullptr; }

  /// Required members; a default value is returned after an error.
  std::string string(llvm::StringRef name);
  bool boolean(llvm::StringRef name);
  double number(llvm::StringRef name, double least, double most);
  int64_t integer(llvm::StringRef name, int64_t least,
                  int64_t most = std::numeric_limits<int64_t>::max());

  /// Calls `read` on the object `name`; an error when it is not there.
  void child(llvm::StringRef name, std::function<void(JsonReader &)> read);
  /// Calls `read` on each object of the array `name`.
  void children(llvm::StringRef name, std::function<void(JsonReader &)> read);
  /// Calls `read` with name and object of every member of the object `name`.
  void members(llvm::StringRef name,
               std::function<void(llvm::StringRef, JsonReader &)> read);

  /// Marks a member as known without reading it here.
  const llvm::json::Value *value(llvm::StringRef name);

  /// Adds an error for each member that was not asked for.
  void finish();

  /// "grid.width" for member `name` of this object.
  std::string pathOf(llvm::StringRef name) const;
  void error(llvm::StringRef name, std::string message);

private:
  const llvm::json::Value *required(llvm::StringRef name);

  const llvm::json::Object &object;
  std::string path;
  Diagnostics &diags;
  std::set<std::string> known;
};

} // namespace inlay

#endif // INLAY_SUPPORT_JSONREADER_H
