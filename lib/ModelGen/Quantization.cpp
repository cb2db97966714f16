//===- Quantization.cpp - How published weights are stored ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Known forms of `quantization_config`: block-scaled fp8 (DeepSeek), mxfp4
// (gpt-oss), compressed-tensors, gptq and awq with symmetric 4-bit groups
// (Kimi), nvfp4. Others are errors, unless the caller says how weights are
// stored: unquantised weights would be several times as large.
//
//===----------------------------------------------------------------------===//

#include "Families.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/Regex.h"

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;

namespace {

/// A module of each class that may be quantised, as it is named in checkpoints.
struct Sample {
  WeightClass kind;
  const char *module;
};
constexpr Sample kSamples[] = {
    {WeightClass::Attention, "model.layers.0.self_attn.o_proj"},
    {WeightClass::Dense, "model.layers.0.mlp.down_proj"},
    {WeightClass::Shared, "model.layers.1.mlp.shared_experts.down_proj"},
    {WeightClass::Experts, "model.layers.1.mlp.experts.0.down_proj"},
    {WeightClass::Head, "lm_head"},
};

} // namespace

/// Whether an entry of an ignore list is about a module: a name, a part of a
/// name, a glob, or "re:" and a regular expression from the start of the name.
/// Models that see have their text model under "language_model.".
static bool matches(llvm::StringRef pattern, llvm::StringRef module) {
  constexpr size_t mostLetters = 256;
  if (pattern.size() > mostLetters)
    return false;
  if (!pattern.consume_front("re:")) {
    pattern.consume_front("language_model.");
    if (!pattern.contains('*'))
      return module.contains(pattern);
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(pattern);
    if (glob)
      return glob->match(module);
    llvm::consumeError(glob.takeError());
    return false;
  }
  llvm::Regex regex(("^(" + pattern + ")").str());
  return regex.isValid() && regex.match(module);
}

static void setClasses(ModelSpec &spec, WeightStorage storage,
                       llvm::ArrayRef<std::string> ignored) {
  for (const Sample &sample : kSamples) {
    bool skip = llvm::any_of(ignored, [&](const std::string &pattern) {
      return matches(pattern, sample.module);
    });
    if (!skip)
      spec.storageOf(sample.kind) = storage;
  }
}

static void rejectUnknown(ConfigReader &config, llvm::StringRef what) {
  if (config.overrides.storage)
    return;
  config.diagnostics()
      .inputError("field '" + config.pathOf("quant_method") + "'",
                  fmt::format("{} is a storage that is not known", what.str()))
      .notes.emplace_back(
          "known are fp8 with square blocks, mxfp4, nvfp4 of modelopt, and "
          "symmetric int4 groups of compressed-tensors, gptq and awq; make a "
          "model with what comes nearest, e.g. inlay-model --weights=int4, or "
          "drop quantization_config for unquantised weights");
}

static void readFp8(ConfigReader &config, ModelSpec &spec) {
  std::vector<int64_t> block =
      config.integers("weight_block_size", 1, kMaxSize);
  if (block.size() != 2 || block[0] != block[1])
    return config.reject("weight_block_size",
                         "two equal whole numbers, such as [128, 128]");
  std::vector<std::string> ignored = config.texts("modules_to_not_convert");
  ignored.emplace_back("lm_head");
  setClasses(spec, {WeightFormat::Fp8, block[0]}, ignored);
}

/// What the first group says of its weights.
static std::optional<ConfigReader> groupWeights(ConfigReader &config) {
  std::optional<ConfigReader> groups = config.child("config_groups");
  std::optional<ConfigReader> group =
      groups ? groups->child("group_0") : std::nullopt;
  return group ? group->child("weights") : std::nullopt;
}

/// " with int of 8 bits in groups of 32".
static std::string describeGroup(std::optional<ConfigReader> &weights) {
  if (!weights)
    return " without config_groups.group_0.weights";
  std::string text =
      fmt::format(" with {} of {} bits", weights->textOr("type", "int"),
                  weights->sizeOr("num_bits", 0, 0, 0, 64));
  if (weights->has("group_size"))
    text += fmt::format(" in groups of {}",
                        weights->sizeOr("group_size", 0, 0, 0, 1 << 16));
  return text;
}

/// NVIDIA's Model Optimizer.
static void readModelOpt(ConfigReader &config, ModelSpec &spec) {
  constexpr int64_t kBlock = 16;
  std::optional<ConfigReader> weights = groupWeights(config);
  if (!weights || weights->textOr("type", "") != "float" ||
      weights->sizeOr("num_bits", 0, 0, 1, 64) != 4 ||
      weights->sizeOr("group_size", 0, 0, 1, 1 << 16) != kBlock)
    return rejectUnknown(config, "modelopt" + describeGroup(weights));
  setClasses(spec, {WeightFormat::Nvfp4, kBlock}, config.texts("ignore"));
}

static void readCompressedTensors(ConfigReader &config, ModelSpec &spec) {
  std::optional<ConfigReader> weights = groupWeights(config);
  if (!weights || weights->textOr("type", "int") != "int" ||
      weights->sizeOr("num_bits", 4, 0, 1, 64) != 4 ||
      !weights->flagOr("symmetric", true) || !weights->has("group_size"))
    return rejectUnknown(config, "compressed-tensors" + describeGroup(weights));
  int64_t block = weights->size("group_size", 0, 1 << 16);
  setClasses(spec, {WeightFormat::Int4, block}, config.texts("ignore"));
}

/// `gptq` and `awq`: whole numbers of 4 bits in groups of a row. Those with
/// zero points are stored otherwise than what is generated.
static void readGroups(ConfigReader &config, ModelSpec &spec,
                       llvm::StringRef method, bool isSymmetric) {
  int64_t bits = config.sizeOr("bits", 4, 0, 1, 64);
  int64_t block = config.sizeOr("group_size", 128, 0, -1, 1 << 16);
  if (bits != 4 || block < 1 || !isSymmetric)
    return rejectUnknown(
        config, fmt::format("{} with {} bits, {} and {}", method.str(), bits,
                            block < 1 ? "one group for each row"
                                      : fmt::format("groups of {}", block),
                            isSymmetric ? "no zero points" : "zero points"));
  std::vector<std::string> ignored = config.texts("modules_to_not_convert");
  if (!config.flagOr("lm_head", false))
    ignored.emplace_back("lm_head");
  setClasses(spec, {WeightFormat::Int4, block}, ignored);
}

void modelgen::readQuantization(ConfigReader &config, ModelSpec &spec) {
  std::optional<ConfigReader> quantization =
      config.child("quantization_config");
  if (!quantization)
    return;
  std::string method = quantization->textOr("quant_method", "");
  if (method == "fp8")
    return readFp8(*quantization, spec);
  if (method == "mxfp4") {
    spec.storageOf(WeightClass::Experts) = {WeightFormat::Mxfp4, 32};
    return;
  }
  if (method == "gptq")
    return readGroups(*quantization, spec, method,
                      quantization->flagOr("sym", true));
  if (method == "awq")
    return readGroups(*quantization, spec, method,
                      !quantization->flagOr("zero_point", true));
  if (method == "compressed-tensors")
    return readCompressedTensors(*quantization, spec);
  if (method == "modelopt")
    return readModelOpt(*quantization, spec);
  rejectUnknown(*quantization, "'" + method + "'");
}
