//===- inlay-model.cpp - From a Hugging Face config to an ONNX model ------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/ModelGen/ModelGen.h"
#include "inlay/Support/OutputFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>
#include <vector>

using namespace inlay;
using namespace inlay::modelgen;
namespace cl = llvm::cl;

namespace {

/// Local static of `main`: constructed after libLLVM has registered its own
/// options, which --help does not show.
struct Options {
  cl::OptionCategory general{"Model"};
  cl::OptionCategory sizes{"Sizes, in place of the config's"};

  cl::opt<std::string> config{cl::Positional, cl::Required,
                              cl::desc("<config.json>"), cl::cat(general)};
  cl::opt<std::string> output{
      "o", cl::value_desc("FILE"),
      cl::desc("The ONNX model; weights are looked for in FILE.data"),
      cl::cat(general)};
  cl::opt<Encoding> encoding{
      "encoding", cl::init(Encoding::Contrib),
      cl::desc("How experts and attention are written (default: contrib)"),
      cl::values(clEnumValN(Encoding::Contrib, "contrib",
                            "operators of com.microsoft, as ONNX Runtime "
                            "GenAI's builder writes them"),
                 clEnumValN(Encoding::Stacked, "stacked",
                            "standard operators, products over all experts"),
                 clEnumValN(Encoding::Unrolled, "unrolled",
                            "standard operators, each expert by itself; "
                            "MatMulNBits for 4-bit integers")),
      cl::cat(general)};
  cl::list<std::string> weights{
      "weights", cl::CommaSeparated, cl::value_desc("FORMAT|CLASS=FORMAT,..."),
      cl::desc("Storage of weights: int4, mxfp4, nvfp4, fp8, bf16, fp16, f32; "
               "classes "
               "embedding, attention, dense, shared, experts, router, head "
               "(default: the family's own)"),
      cl::cat(general)};
  cl::opt<std::string> activation{
      "activation-type", cl::value_desc("bf16|fp16|f32"),
      cl::desc("Type of activations and KV state (default: the config's; f32 "
               "with --random-weights, for onnxruntime has no CPU kernels for "
               "bf16)"),
      cl::cat(general)};
  cl::opt<bool> describe{"describe",
                         cl::desc("Print family, sizes, parameters and bytes"),
                         cl::cat(general)};
  cl::opt<bool> random{"random-weights",
                       cl::desc("Write random weights into FILE.data"),
                       cl::cat(general)};
  cl::opt<uint64_t> seed{"seed", cl::init(0), cl::value_desc("N"),
                         cl::desc("Seed of random weights (default: 0)"),
                         cl::cat(general)};
  std::vector<std::unique_ptr<cl::opt<int64_t>>> counts;
};

struct SizeOption {
  const char *name;
  const char *text;
  int64_t SpecOverrides::*member;
};

constexpr SizeOption kSizeOptions[] = {
    {"layers", "Number of layers", &SpecOverrides::layers},
    {"hidden", "Width of the residual stream", &SpecOverrides::hidden},
    {"intermediate", "Width of MLPs without experts",
     &SpecOverrides::intermediate},
    {"expert-intermediate", "Width of an expert",
     &SpecOverrides::expertIntermediate},
    {"experts", "Number of routed experts", &SpecOverrides::experts},
    {"experts-per-token", "Experts that a token passes",
     &SpecOverrides::expertsPerToken},
    {"heads", "Number of query heads", &SpecOverrides::heads},
    {"kv-heads", "Number of key and value heads", &SpecOverrides::kvHeads},
    {"head-dim", "Size of a head (MLA: without its rotated part)",
     &SpecOverrides::headDim},
    {"rope-dim", "Rotated part of a head (MLA)", &SpecOverrides::ropeDim},
    {"query-rank", "Rank of queries (MLA)", &SpecOverrides::queryRank},
    {"kv-rank", "Rank of keys and values (MLA)", &SpecOverrides::kvRank},
    {"vocab", "Size of the vocabulary", &SpecOverrides::vocabulary},
    {"context", "Positions", &SpecOverrides::context},
    {"window", "Keys that a query of a windowed layer sees",
     &SpecOverrides::window},
};

} // namespace

/// One option for each member; an explicit 0 is an error like any wrong size.
static bool readOverrides(const Options &options, SpecOverrides &overrides,
                          Diagnostics &diags) {
  for (auto [option, size] : llvm::zip(options.counts, kSizeOptions)) {
    if (!option->getNumOccurrences())
      continue;
    if (*option < 1)
      diags.inputError(std::string("--") + size.name,
                       "is " + std::to_string(*option) +
                           ", expected a whole number from 1");
    overrides.*size.member = *option;
  }
  return !diags.hasErrors();
}

static bool setActivation(llvm::StringRef name, ModelSpec &spec,
                          Diagnostics &diags) {
  using onnx::file::DataType;
  if (name.empty())
    return true;
  if (name == "bf16")
    spec.activation = DataType::BFloat16;
  else if (name == "fp16")
    spec.activation = DataType::Float16;
  else if (name == "f32")
    spec.activation = DataType::Float;
  else
    diags.inputError("--activation-type",
                     "is '" + name.str() + "', expected bf16, fp16 or f32");
  return !diags.hasErrors();
}

static bool writeModel(const Options &options, const GeneratedModel &model,
                       const std::string &dataFile, Diagnostics &diags) {
  llvm::SmallString<256> data(llvm::sys::path::parent_path(options.output));
  llvm::sys::path::append(data, dataFile);
  if (options.random && !writeFile(data.str().str(), model.data, diags))
    return false;
  return writeFile(options.output, model.model, diags);
}

static bool run(const Options &options, Diagnostics &diags) {
  if (options.output.empty() && !options.describe) {
    diags.inputError("", "nothing to do: give -o FILE or --describe");
    return false;
  }
  SpecOverrides overrides;
  if (!readOverrides(options, overrides, diags))
    return false;
  overrides.storage = !options.weights.empty();
  overrides.activation = !options.activation.empty() || options.random;
  diags.setFile(options.config);
  auto buffer = llvm::MemoryBuffer::getFile(options.config);
  if (!buffer) {
    diags.inputError("", "cannot be read: " + buffer.getError().message());
    return false;
  }
  std::optional<ModelSpec> spec =
      readConfig((*buffer)->getBuffer(), diags, overrides);
  std::string activation = options.activation;
  if (activation.empty() && options.random)
    activation = "f32";
  if (!spec || !setActivation(activation, *spec, diags) ||
      !setWeightFormats(options.weights, *spec, diags))
    return false;

  GenerateOptions generate;
  generate.encoding = options.encoding;
  generate.randomWeights = options.random && !options.output.empty();
  generate.seed = options.seed;
  std::string name = llvm::sys::path::filename(options.output).str();
  generate.dataFile = (name.empty() ? "model.onnx" : name) + ".data";
  std::optional<GeneratedModel> model = generateModel(*spec, generate, diags);
  if (!model)
    return false;
  if (!options.output.empty() &&
      !writeModel(options, *model, generate.dataFile, diags))
    return false;
  if (options.describe)
    llvm::outs() << describeModel(*spec, *model);
  return true;
}

int main(int argc, char **argv) {
  static Options options;
  for (const SizeOption &size : kSizeOptions)
    options.counts.push_back(std::make_unique<cl::opt<int64_t>>(
        llvm::StringRef(size.name), cl::desc(size.text), cl::value_desc("N"),
        cl::init(0), cl::cat(options.sizes)));
  cl::HideUnrelatedOptions({&options.general, &options.sizes});
  cl::ParseCommandLineOptions(
      argc, argv,
      "inlay-model: from a Hugging Face config.json to an ONNX model without "
      "weights\n\n"
      "Exit status: 0 done, 1 bad input or option.\n");
  Diagnostics diags;
  run(options, diags);
  diags.print(llvm::errs());
  return diags.exitStatus();
}
