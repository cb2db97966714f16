//===- Check.h - Whether a plan is legal -----------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second opinion. Nothing here comes from the compiler's libraries: plans,
// schemas, ONNX files and device descriptions are read anew, and every rule of
// docs/plan.md is written down a second time, so that a mistake of the compiler
// is not repeated here.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_CHECK_CHECK_H
#define INLAY_CHECK_CHECK_H

#include "llvm/ADT/StringRef.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inlay::checker {

/// A property that does not hold.
struct Violation {
  std::string rule;    ///< "schema", "regions", "weights", "memory", ...
  std::string place;   ///< what it is about, by name and coordinates
  std::string message; ///< what is wrong, with the numbers

  std::string str() const {
    return "[" + rule + "] " + place + (place.empty() ? "" : ": ") + message;
  }
};

/// What a checker knows of an ONNX file: names and places of initializers,
/// inputs and outputs. Values stay where they are.
class Model;
struct ModelDeleter {
  void operator()(Model *model) const;
};
using ModelPtr = std::unique_ptr<Model, ModelDeleter>;

/// Reads the structure of the ONNX file at `path`. `digestOf` is the file whose
/// digest a plan holds: the same one, or the config that it was made from.
/// Fills `error` and returns null where there is no model to be read.
ModelPtr readModel(llvm::StringRef path, llvm::StringRef digestOf,
                   std::string &error);

/// Checks the text of plans.
class Checker {
public:
  Checker();
  ~Checker();

  /// The model that plans are for; without it nothing is held against a model.
  void setModel(ModelPtr model);
  /// The text of the device description that plans are for. False where it is
  /// no JSON object.
  bool setTarget(llvm::StringRef text);

  /// Every violation of the plan; none: the plan is legal.
  std::vector<Violation> check(llvm::StringRef plan) const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// SHA-256 of the canonical JSON (RFC 8785) of a plan's text without its
/// `content_sha256`; nothing where the text is no JSON object.
std::optional<std::string> contentDigest(llvm::StringRef plan);

} // namespace inlay::checker

#endif // INLAY_CHECK_CHECK_H
