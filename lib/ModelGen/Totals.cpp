//===- Totals.cpp - What a model comes to ---------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/ModelGen/ModelGen.h"

#include "inlay/Support/Format.h"

#include <fmt/format.h>

#include <iterator>

using namespace inlay;
using namespace inlay::modelgen;

int64_t ModelTotals::parameters() const {
  int64_t sum = 0;
  for (const ClassTotals &totals : classes)
    sum += totals.parameters;
  return sum;
}

int64_t ModelTotals::matrixParameters() const {
  int64_t sum = 0;
  for (const ClassTotals &totals : classes)
    sum += totals.matrices;
  return sum;
}

int64_t ModelTotals::activeParameters() const {
  const ModelTotals &totals = *this;
  int64_t embedding = totals[WeightClass::Embedding].matrices;
  int64_t experts = totals[WeightClass::Experts].matrices;
  int64_t rest = matrixParameters() - experts;
  // A tied embedding is the head too.
  if (!tiedEmbeddings)
    rest -= embedding;
  return rest + experts / numExperts * chosenExperts;
}

int64_t ModelTotals::bytes() const {
  int64_t sum = 0;
  for (const ClassTotals &totals : classes)
    sum += totals.bytes;
  return sum;
}

static std::string describeAttention(const ModelSpec &spec) {
  const AttentionSpec &attention = spec.attention;
  if (attention.kind == AttentionKind::Latent)
    return fmt::format("latent (MLA), {} heads of {} + {} (value {}), "
                       "query rank {}, state {} + {} per token and layer",
                       attention.heads, attention.nopeDim, attention.ropeDim,
                       attention.valueDim, attention.queryRank,
                       attention.kvRank, attention.ropeDim);
  return fmt::format("{} heads / {} KV heads of {}, state {} per token and "
                     "layer",
                     attention.heads, attention.kvHeads, attention.headDim,
                     2 * attention.kvHeads * attention.headDim);
}

static std::string describeExperts(const ModelSpec &spec) {
  const ExpertsSpec &experts = spec.experts;
  return fmt::format(
      "{} of {} wide, {} for each token, shared {}, in {} layers",
      experts.count, formatCount(experts.intermediate), experts.chosen,
      formatCount(experts.sharedIntermediate), spec.numExpertLayers());
}

static std::string describeStorage(const ModelSpec &spec, WeightClass kind) {
  if (kind == WeightClass::Vector || kind == WeightClass::Table)
    return onnx::file::getDataTypeName(spec.activation);
  const WeightStorage &storage = spec.storageOf(kind);
  if (storage.format == WeightFormat::Activation)
    return onnx::file::getDataTypeName(spec.activation);
  std::string text = getWeightFormatName(storage.format);
  return storage.block ? fmt::format("{}, block {}", text, storage.block)
                       : text;
}

std::string modelgen::describeModel(const ModelSpec &spec,
                                    const GeneratedModel &model) {
  const ModelTotals &totals = model.totals;
  std::string text;
  auto out = std::back_inserter(text);
  int64_t dense = int64_t(spec.layers.size()) - spec.numExpertLayers();
  fmt::format_to(out, "family        {} (model_type {})\n", spec.family,
                 spec.modelType);
  fmt::format_to(out, "layers        {} ({} without experts)\n",
                 spec.layers.size(), dense);
  fmt::format_to(out, "hidden        {}\n", formatCount(spec.hidden));
  fmt::format_to(out, "vocabulary    {}\n", formatCount(spec.vocabulary));
  fmt::format_to(out, "context       {}\n", formatCount(spec.context));
  fmt::format_to(out, "attention     {}\n", describeAttention(spec));
  if (dense > 0)
    fmt::format_to(out, "dense MLP     {}\n", formatCount(spec.intermediate));
  if (spec.numExpertLayers() > 0)
    fmt::format_to(out, "experts       {}\n", describeExperts(spec));
  fmt::format_to(out, "parameters    {}\n", formatCount(totals.parameters()));
  fmt::format_to(out, "  matrices    {}\n",
                 formatCount(totals.matrixParameters()));
  fmt::format_to(out, "  active      {}\n",
                 formatCount(totals.activeParameters()));
  fmt::format_to(out, "nodes         {}\n", formatCount(model.nodes));
  fmt::format_to(out, "\n{:<10} {:<16} {:>8} {:>20} {:>20}\n", "class",
                 "stored as", "tensors", "parameters", "bytes");
  for (unsigned i = 0; i < kNumWeightClasses; ++i) {
    auto kind = static_cast<WeightClass>(i);
    const ClassTotals &row = totals[kind];
    if (row.tensors)
      fmt::format_to(out, "{:<10} {:<16} {:>8} {:>20} {:>20}\n",
                     getWeightClassName(kind), describeStorage(spec, kind),
                     formatCount(row.tensors), formatCount(row.parameters),
                     formatCount(row.bytes));
  }
  fmt::format_to(out, "{:<10} {:<16} {:>8} {:>20} {:>20}\n", "total", "", "",
                 formatCount(totals.parameters()), formatCount(totals.bytes()));
  return text;
}
