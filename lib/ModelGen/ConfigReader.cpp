//===- ConfigReader.cpp - Reading a Hugging Face config -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;
namespace json = llvm::json;

/// The value as JSON, cut where it is long.
static std::string printValue(const json::Value &value) {
  std::string text;
  if (value.kind() == json::Value::Number && !value.getAsInteger())
    return fmt::format("{}", *value.getAsNumber());
  llvm::raw_string_ostream(text) << value;
  constexpr size_t most = 60;
  return text.size() > most ? text.substr(0, most) + "..." : text;
}

std::string ConfigReader::pathOf(llvm::StringRef name) const {
  return path.empty() ? name.str() : path + "." + name.str();
}

/// Fields in which null says that the model has none of it; in others it says
/// nothing.
static bool mayBeNone(llvm::StringRef name) {
  static constexpr llvm::StringLiteral kNames[] = {
      "attention_chunk_size", "head_dim",     "layer_types",
      "mlp_only_layers",      "moe_layers",   "n_shared_experts",
      "no_rope_layers",       "q_lora_rank",  "num_key_value_heads",
      "rope_parameters",      "rope_scaling", "sliding_window",
      "quantization_config",
  };
  return llvm::is_contained(kNames, name);
}

const json::Value *ConfigReader::find(llvm::StringRef name) const {
  ask(name);
  const json::Value *value = object.get(name);
  bool isNull = value && value->kind() == json::Value::Null;
  if (value && !isNull)
    return value;
  const json::Value *standIn =
      defaults && !(isNull && mayBeNone(name)) ? defaults->get(name) : nullptr;
  if (!standIn)
    return nullptr;
  noteDefault(fmt::format("{} = {}", name.str(), printValue(*standIn)));
  return standIn;
}

void ConfigReader::noteDefault(llvm::StringRef taken) const {
  std::string text = pathOf(taken);
  if (!llvm::is_contained(log.defaults, text))
    log.defaults.push_back(std::move(text));
}

bool ConfigReader::has(llvm::StringRef name) const { return find(name); }

void ConfigReader::missing(llvm::StringRef name) {
  diags.inputError("field '" + pathOf(name) + "'",
                   "is missing, but the family needs it");
}

void ConfigReader::reject(llvm::StringRef name, llvm::StringRef expected) {
  const json::Value *value = object.get(name);
  diags.inputError("field '" + pathOf(name) + "'",
                   fmt::format("is {}, expected {}",
                               value ? printValue(*value) : "absent",
                               expected.str()));
}

int64_t ConfigReader::checkedSize(const json::Value &value,
                                  llvm::StringRef name, int64_t least,
                                  int64_t most) {
  std::optional<int64_t> number = value.getAsInteger();
  if (number && *number >= least && *number <= most)
    return *number;
  reject(name, fmt::format("a whole number from {} to {}", least, most));
  return least;
}

int64_t ConfigReader::size(llvm::StringRef name, int64_t override,
                           int64_t most) {
  if (override) {
    ask(name);
    return override;
  }
  if (const json::Value *value = find(name))
    return checkedSize(*value, name, 1, most);
  missing(name);
  return 1;
}

int64_t ConfigReader::sizeOr(llvm::StringRef name, int64_t otherwise,
                             int64_t override, int64_t least, int64_t most) {
  if (override) {
    ask(name);
    return override;
  }
  const json::Value *value = find(name);
  return value ? checkedSize(*value, name, least, most) : otherwise;
}

double ConfigReader::checkedReal(const json::Value &value, llvm::StringRef name,
                                 double least, double most) {
  std::optional<double> number = value.getAsNumber();
  if (number && *number >= least && *number <= most)
    return *number;
  reject(name, fmt::format("a number from {:g} to {:g}", least, most));
  return least;
}

double ConfigReader::realOr(llvm::StringRef name, double otherwise,
                            double least, double most) {
  const json::Value *value = find(name);
  return value ? checkedReal(*value, name, least, most) : otherwise;
}

double ConfigReader::real(llvm::StringRef name, double least, double most) {
  if (const json::Value *value = find(name))
    return checkedReal(*value, name, least, most);
  missing(name);
  return least;
}

bool ConfigReader::flagOr(llvm::StringRef name, bool otherwise) {
  const json::Value *value = find(name);
  if (!value)
    return otherwise;
  if (std::optional<bool> flag = value->getAsBoolean())
    return *flag;
  reject(name, "true or false");
  return otherwise;
}

bool ConfigReader::truthOr(llvm::StringRef name, bool otherwise) {
  const json::Value *value = find(name);
  if (value && value->getAsNumber())
    return *value->getAsNumber() != 0;
  return flagOr(name, otherwise);
}

std::string ConfigReader::textOr(llvm::StringRef name,
                                 llvm::StringRef otherwise) {
  const json::Value *value = find(name);
  if (!value)
    return otherwise.str();
  if (auto text = value->getAsString())
    return text->str();
  reject(name, "a text");
  return otherwise.str();
}

void ConfigReader::expectText(llvm::StringRef name, llvm::StringRef otherwise,
                              llvm::ArrayRef<llvm::StringRef> known) {
  if (!llvm::is_contained(known, llvm::StringRef(textOr(name, otherwise))))
    reject(name, "\"" + llvm::join(known, "\" or \"") + "\"");
}

std::vector<std::string> ConfigReader::texts(llvm::StringRef name) {
  std::vector<std::string> result;
  const json::Value *value = find(name);
  if (!value)
    return result;
  if (const json::Array *array = value->getAsArray())
    for (const json::Value &element : *array)
      if (auto text = element.getAsString())
        result.push_back(text->str());
  const json::Array *array = value->getAsArray();
  if (!array || array->size() != result.size()) {
    reject(name, "a list of texts");
    result.clear();
  }
  return result;
}

std::vector<int64_t> ConfigReader::integers(llvm::StringRef name, int64_t least,
                                            int64_t most) {
  std::vector<int64_t> result;
  const json::Value *value = find(name);
  if (!value)
    return result;
  const json::Array *array = value->getAsArray();
  if (array)
    for (const json::Value &element : *array)
      if (std::optional<int64_t> number = element.getAsInteger();
          number && *number >= least && *number <= most)
        result.push_back(*number);
  if (!array || array->size() != result.size()) {
    reject(name,
           fmt::format("a list of whole numbers from {} to {}", least, most));
    result.clear();
  }
  return result;
}

std::vector<int64_t> ConfigReader::layerIndices(llvm::StringRef name) {
  int64_t layers = object.getInteger("num_hidden_layers").value_or(kMaxCount);
  return integers(name, 0, std::max(layers, overrides.layers) - 1);
}

std::optional<ConfigReader> ConfigReader::child(llvm::StringRef name) {
  const json::Value *value = find(name);
  if (!value)
    return std::nullopt;
  if (const json::Object *inner = value->getAsObject())
    return ConfigReader(*inner, pathOf(name), diags, overrides, log);
  reject(name, "an object");
  return std::nullopt;
}

void ConfigReader::expectEntryForEachLayer(llvm::StringRef name) {
  const json::Value *value = find(name);
  const json::Array *array = value ? value->getAsArray() : nullptr;
  std::optional<int64_t> layers = object.getInteger("num_hidden_layers");
  if (array && layers && static_cast<int64_t>(array->size()) != *layers)
    diags.inputError(
        "field '" + pathOf(name) + "'",
        fmt::format("has {} entries, expected one for each of the {} layers",
                    array->size(), *layers));
}

/// Whether the field says that the model has not what it is about.
static bool isOff(const json::Value &value) {
  if (const json::Array *array = value.getAsArray())
    return array->empty();
  return value.kind() == json::Value::Null || value == json::Value(false);
}

void ConfigReader::reportRest(llvm::StringRef family,
                              llvm::ArrayRef<llvm::StringRef> harmless) {
  if (!log.defaults.empty() && !diags.hasErrors())
    diags.warning("",
                  fmt::format("fields that are missing have the defaults "
                              "of {}: {}",
                              family.str(), llvm::join(log.defaults, ", ")));
  std::vector<std::string> unknown;
  for (const auto &[key, value] : object)
    if (!log.asked.count(pathOf(key)) && !isOff(value) &&
        !llvm::is_contained(harmless, key.str()))
      unknown.push_back(pathOf(key));
  llvm::sort(unknown);
  if (!unknown.empty())
    diags
        .warning("", fmt::format("fields that {} is not known to have are left "
                                 "out: {}",
                                 family.str(), llvm::join(unknown, ", ")))
        .notes.emplace_back("the model differs where they change what is "
                            "computed");
}
