//===- OptionNames.cpp - Options by name and text -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/OptionNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"

#include "fmt/format.h"

#include <functional>
#include <utility>

using namespace inlay;
using llvm::StringRef;

/// Each reads `value` into a field. It returns what the field takes where
/// `value` is none of that, and otherwise nothing.
using Reader = std::string (*)(StringRef value, CompileOptions &options);

template <typename T> std::string readInto(StringRef value, T &field) {
  if constexpr (std::is_same_v<T, double>)
    return value.getAsDouble(field) ? "a number" : "";
  else
    return value.getAsInteger(10, field) ? "a whole number" : "";
}

static std::string readInto(StringRef value, std::string &field) {
  field = value.str();
  return "";
}

static std::string readInto(StringRef value, bool &field) {
  field = value == "true";
  return field || value == "false" ? "" : "true or false";
}

template <typename T>
static std::string readInto(StringRef value, std::optional<T> &field) {
  return readInto(value, field.emplace());
}

/// One of several names.
template <typename T>
static std::string
choose(StringRef value, T &field,
       std::initializer_list<std::pair<StringRef, T>> choices) {
  llvm::SmallVector<StringRef> names;
  for (const auto &[name, choice] : choices) {
    names.push_back(name);
    if (name == value) {
      field = choice;
      return "";
    }
  }
  return llvm::join(names, " or ");
}

template <auto member>
static std::string read(StringRef value, CompileOptions &options) {
  return readInto(value, options.*member);
}

static std::string readBindings(StringRef value, CompileOptions &options) {
  for (StringRef binding : llvm::split(value, ','))
    options.bindings.push_back(binding.str());
  return "";
}

static std::string readPhase(StringRef value, CompileOptions &options) {
  options.alsoDecode = value == "both";
  return choose(value, options.phase,
                {{"decode", model::Phase::Decode},
                 {"prefill", model::Phase::Prefill},
                 {"both", model::Phase::Prefill}});
}

static std::string readWafers(StringRef value, CompileOptions &options) {
  options.wafers.reset();
  if (value == "auto" || readInto(value, options.wafers).empty())
    return "";
  return "a whole number or auto";
}

static std::string readCost(StringRef value, CompileOptions &options) {
  return choose(
      value, options.cost,
      {{"ideal", cost::Mode::Ideal}, {"calibrated", cost::Mode::Calibrated}});
}

static std::string readEmbedding(StringRef value, CompileOptions &options) {
  return choose(value, options.embeddingOnHost,
                {{"wafer", false}, {"host", true}});
}

static std::string readObjective(StringRef value, CompileOptions &options) {
  using partition::Objective;
  return choose(value, options.objective,
                {{"latency", Objective::Latency},
                 {"throughput", Objective::Throughput},
                 {"wafers", Objective::Wafers}});
}

namespace {

struct NamedOption {
  StringRef name;
  Reader read;
};

} // namespace

static constexpr NamedOption kOptions[] = {
    {"bind", readBindings},
    {"phase", readPhase},
    {"batch", read<&CompileOptions::batch>},
    {"context", read<&CompileOptions::context>},
    {"prefill-chunk", read<&CompileOptions::prefillChunk>},
    {"kv-type", read<&CompileOptions::kvType>},
    {"embedding", readEmbedding},
    {"prompt-ratio", read<&CompileOptions::promptRatio>},
    {"target", read<&CompileOptions::target>},
    {"target-dir", read<&CompileOptions::targetDir>},
    {"wafers", readWafers},
    {"reserve", read<&CompileOptions::reserve>},
    {"crossing-latency", read<&CompileOptions::crossingLatency>},
    {"cost", readCost},
    {"clock", read<&CompileOptions::clock>},
    {"sram", read<&CompileOptions::sram>},
    {"objective", readObjective},
    {"routing", read<&CompileOptions::routing>},
    {"constraints", read<&CompileOptions::constraints>},
    {"expert-slices", read<&CompileOptions::expertSlices>},
    {"sequences-in-flight", read<&CompileOptions::sequencesInFlight>},
    {"effort", read<&CompileOptions::effort>},
    {"seed", read<&CompileOptions::seed>},
    {"allow-over-budget", read<&CompileOptions::allowOverBudget>},
    {"jobs", read<&CompileOptions::jobs>},
    {"o", read<&CompileOptions::outputDir>},
};

llvm::ArrayRef<StringRef> inlay::optionNames() {
  static const auto names = llvm::map_to_vector(
      kOptions, [](const NamedOption &o) { return o.name; });
  return names;
}

bool inlay::setOption(CompileOptions &options, StringRef name, StringRef value,
                      Diagnostics &diags) {
  const auto *option = llvm::find_if(
      kOptions, [&](const NamedOption &o) { return o.name == name; });
  if (option == std::end(kOptions)) {
    diags.inputError(fmt::format("option '{}'", name.str()), "there is none")
        .notes.push_back("options: " + llvm::join(optionNames(), ", "));
    return false;
  }
  CompileOptions changed = options;
  std::string wanted = option->read(value, changed);
  if (wanted.empty()) {
    options = std::move(changed);
    return true;
  }
  diags.inputError(fmt::format("option '{}'", name.str()),
                   fmt::format("must be {}, got '{}'", wanted, value.str()));
  return false;
}
