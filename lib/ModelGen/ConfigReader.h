//===- ConfigReader.h - Reading a Hugging Face config -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fields of a `config.json` by name, type and range. A field that is absent has
// the default that the family's class in transformers gives it, which is noted,
// or is an error. One that is null is absent, except where null says "none".
// Every error names the field, its value and what was expected; all are
// reported.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_MODELGEN_CONFIGREADER_H
#define INLAY_LIB_MODELGEN_CONFIGREADER_H

#include "inlay/ModelGen/ModelGen.h"

#include "llvm/Support/JSON.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace inlay::modelgen {

/// The most that a size of a model may be: far above all that is published,
/// low enough that products of three cannot overflow.
inline constexpr int64_t kMaxSize = 1 << 21;
/// Layers, and experts of a layer.
inline constexpr int64_t kMaxCount = 1 << 14;
/// Positions.
inline constexpr int64_t kMaxContext = int64_t(1) << 26;

/// What reading a config has come across.
struct ConfigLog {
  /// Paths of the fields that were asked for.
  std::set<std::string> asked;
  /// Defaults that stand in for absent fields: "rope_theta = 1000000".
  std::vector<std::string> defaults;
};

class ConfigReader {
public:
  ConfigReader(const llvm::json::Object &object, std::string path,
               Diagnostics &diags, const SpecOverrides &overrides,
               ConfigLog &log)
      : overrides(overrides), object(object), path(std::move(path)),
        diags(diags), log(log) {}

  /// The values of absent fields. The object must outlive the reader.
  void setDefaults(const llvm::json::Object &values) { defaults = &values; }
  bool has(llvm::StringRef name) const;

  /// A required size from 1 to `most`, which `override` replaces if not 0.
  int64_t size(llvm::StringRef name, int64_t override = 0,
               int64_t most = kMaxSize);
  /// The same of a field that may be absent.
  int64_t sizeOr(llvm::StringRef name, int64_t otherwise, int64_t override = 0,
                 int64_t least = 1, int64_t most = kMaxSize);
  double realOr(llvm::StringRef name, double otherwise, double least,
                double most);
  double real(llvm::StringRef name, double least, double most);
  bool flagOr(llvm::StringRef name, bool otherwise);
  /// A flag that may be written as a number.
  bool truthOr(llvm::StringRef name, bool otherwise);
  std::string textOr(llvm::StringRef name, llvm::StringRef otherwise);
  std::vector<std::string> texts(llvm::StringRef name);
  std::vector<int64_t> integers(llvm::StringRef name, int64_t least,
                                int64_t most);
  /// Numbers of layers, from 0, of those that the config has.
  std::vector<int64_t> layerIndices(llvm::StringRef name);
  /// The object `name`, or none where it is absent.
  std::optional<ConfigReader> child(llvm::StringRef name);

  /// The text must be one of `known`.
  void expectText(llvm::StringRef name, llvm::StringRef otherwise,
                  llvm::ArrayRef<llvm::StringRef> known);

  /// Lists among the defaults "name = value", which an absent field counts as.
  void noteDefault(llvm::StringRef taken) const;

  /// A list about layers, if it is there, has an entry for each of them.
  void expectEntryForEachLayer(llvm::StringRef name);
  /// Warns of the defaults that were taken, where nothing is wrong, and of
  /// fields that nobody asked for and that are not `harmless`, nor off.
  void reportRest(llvm::StringRef family,
                  llvm::ArrayRef<llvm::StringRef> harmless);

  /// Adds an error about `name`: what it is and what was expected.
  void reject(llvm::StringRef name, llvm::StringRef expected);
  /// "text_config.hidden_size".
  std::string pathOf(llvm::StringRef name) const;
  Diagnostics &diagnostics() { return diags; }

  const SpecOverrides &overrides;

private:
  void ask(llvm::StringRef name) const { log.asked.insert(pathOf(name)); }
  const llvm::json::Value *find(llvm::StringRef name) const;
  void missing(llvm::StringRef name);
  int64_t checkedSize(const llvm::json::Value &value, llvm::StringRef name,
                      int64_t least, int64_t most);
  double checkedReal(const llvm::json::Value &value, llvm::StringRef name,
                     double least, double most);

  const llvm::json::Object &object;
  std::string path;
  Diagnostics &diags;
  ConfigLog &log;
  const llvm::json::Object *defaults = nullptr;
};

} // namespace inlay::modelgen

#endif // INLAY_LIB_MODELGEN_CONFIGREADER_H
