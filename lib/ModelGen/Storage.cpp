//===- Storage.cpp - Choosing how weights are stored ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/ModelGen/ModelGen.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <fmt/format.h>

#include <array>

using namespace inlay;
using namespace inlay::modelgen;

namespace {

struct NamedStorage {
  llvm::StringLiteral name;
  WeightStorage storage;
};

constexpr NamedStorage kFormats[] = {
    {"bf16", {WeightFormat::BF16, 0}},    {"f32", {WeightFormat::F32, 0}},
    {"fp16", {WeightFormat::F16, 0}},     {"fp8", {WeightFormat::Fp8, 128}},
    {"int4", {WeightFormat::Int4, 32}},   {"mxfp4", {WeightFormat::Mxfp4, 32}},
    {"nvfp4", {WeightFormat::Nvfp4, 16}},
};

/// Classes that an option may name.
constexpr WeightClass kClasses[] = {
    WeightClass::Embedding, WeightClass::Attention, WeightClass::Dense,
    WeightClass::Shared,    WeightClass::Experts,   WeightClass::Router,
    WeightClass::Head};

} // namespace

static const WeightStorage *findStorage(llvm::StringRef name) {
  for (const NamedStorage &format : kFormats)
    if (format.name == name)
      return &format.storage;
  return nullptr;
}

static std::optional<WeightClass> findClass(llvm::StringRef name) {
  for (WeightClass kind : kClasses)
    if (name == getWeightClassName(kind))
      return kind;
  return std::nullopt;
}

static bool isFloat(const WeightStorage &storage) { return storage.block == 0; }

/// What a bare format is for.
static bool followsBareFormat(WeightClass kind, const WeightStorage &storage) {
  return isFloat(storage) ||
         (kind != WeightClass::Embedding && kind != WeightClass::Router);
}

static void reject(llvm::StringRef item, Diagnostics &diags) {
  std::vector<llvm::StringRef> formats, classes;
  for (const NamedStorage &format : kFormats)
    formats.push_back(format.name);
  for (WeightClass kind : kClasses)
    classes.emplace_back(getWeightClassName(kind));
  diags
      .inputError("--weights",
                  fmt::format("'{}' is no storage; expected FORMAT or "
                              "CLASS=FORMAT",
                              item.str()))
      .notes = {"formats: " + llvm::join(formats, ", "),
                "classes: " + llvm::join(classes, ", ")};
}

static bool apply(llvm::StringRef item, ModelSpec &spec, Diagnostics &diags) {
  auto [left, right] = item.split('=');
  bool bare = !item.contains('=');
  const WeightStorage *storage = findStorage(bare ? left : right);
  std::optional<WeightClass> named = findClass(left);
  if (!storage || (!bare && !named)) {
    reject(item, diags);
    return false;
  }
  if (!bare && !isFloat(*storage) && *named == WeightClass::Embedding) {
    diags.inputError("--weights", "the embedding is a table of floats: "
                                  "expected bf16, f32 or fp16");
    return false;
  }
  for (WeightClass kind : kClasses)
    if (bare ? followsBareFormat(kind, *storage) : kind == *named)
      spec.storageOf(kind) = *storage;
  return true;
}

bool modelgen::setWeightFormats(llvm::ArrayRef<std::string> items,
                                ModelSpec &spec, Diagnostics &diags) {
  bool ok = true;
  for (const std::string &item : items)
    ok &= apply(item, spec, diags);
  return ok;
}
