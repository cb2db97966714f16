//===- Predict.cpp - What the cost model says of a measured row -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Fidelity/Predict.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/TilePrograms.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

#include "fmt/format.h"

#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::fidelity;

const char *inlay::fidelity::toString(Use use) {
  switch (use) {
  case Use::Fit:
    return "fit";
  case Use::Scalar:
    return "scalar";
  case Use::Predict:
    return "predict";
  case Use::Context:
    return "context";
  }
  return "context";
}

std::optional<Machines>
inlay::fidelity::loadMachines(const std::string &targetDir,
                              Diagnostics &diags) {
  diags.setFile("");
  Machines machines;
  for (auto [machine, name] :
       {std::pair("WSE-2", "wse2"), std::pair("WSE-3", "wse3")}) {
    std::optional<target::Target> target = target::find(name, targetDir, diags);
    if (!target)
      return std::nullopt;
    machines[machine] = std::move(*target);
  }
  return machines;
}

Machines inlay::fidelity::withoutScalars(const Machines &machines) {
  Machines bare = machines;
  for (auto &[name, target] : bare)
    for (const char *scalar :
         {"exponential", "divide", "reroute", "software_scale"})
      if (auto found = target.primitives.find(scalar);
          found != target.primitives.end())
        found->second.value = std::string(scalar) == "software_scale" ? 1 : 0;
  return bare;
}

std::optional<double> Prediction::error() const {
  std::optional<double> value = measured();
  if (!predicted || !value || *value <= 0)
    return std::nullopt;
  return *predicted / *value - 1;
}

namespace {

constexpr int64_t kLargestCores = 1 << 16;
constexpr int64_t kLargestTile = 1 << 20;

/// What a row says, read as needed; the first problem is kept.
class RowReader {
public:
  RowReader(const Row &row, const Data &data, std::string &skipped)
      : row(row), data(data), skipped(skipped) {}

  std::optional<Replay> replay(const Rates &rates);

private:
  std::optional<Replay> skip(std::string reason) {
    if (skipped.empty())
      skipped = std::move(reason);
    return std::nullopt;
  }

  std::optional<int64_t> count(const char *column, int64_t most) {
    std::optional<double> value = row.number(column);
    if (value && *value >= 1 && *value <= double(most) &&
        *value == std::floor(*value))
      return int64_t(*value);
    return std::nullopt;
  }

  /// P of a square region.
  std::optional<int64_t> square() {
    auto x = count("grid_p_x", kLargestCores);
    auto y = count("grid_p_y", kLargestCores);
    if (x && y && *x == *y)
      return x;
    skip("the program runs on P x P cores; the row does not give one P");
    return std::nullopt;
  }

  /// "groups of 21 cores" in the note, else the rule of the README.
  int64_t group(int64_t cores) {
    llvm::StringRef note = row.text("note");
    auto [before, after] = note.split("groups of ");
    int64_t size = 0;
    if (!after.consumeInteger(10, size) && size >= 1 && size <= cores)
      return size;
    return defaultGroup(cores);
  }

  /// Numbers of "tile", separated by slashes.
  std::vector<int64_t> tiles() {
    std::vector<int64_t> sizes;
    llvm::SmallVector<llvm::StringRef> parts;
    llvm::StringRef(row.text("tile")).split(parts, '/');
    for (llvm::StringRef part : parts) {
      int64_t size = 0;
      if (part.trim().getAsInteger(10, size) || size < 1 || size > kLargestTile)
        return {};
      sizes.push_back(size);
    }
    return sizes;
  }

  /// Elements of a dim on each of P cores: the tile where it is given, else the
  /// padded size over P.
  std::optional<int64_t> part(const char *column, int64_t cores) {
    auto size = count(column, kLargestTile * kLargestCores);
    if (!size)
      return std::nullopt;
    return ceilDiv(*size, cores);
  }

  std::optional<TileShape> tileShape(int64_t cores) {
    std::vector<int64_t> sizes = tiles();
    auto m = part("m", cores), k = part("k", cores), n = part("n", cores);
    if (m && k && n)
      return TileShape{*m, *k, *n};
    if (sizes.size() == 1)
      return TileShape{sizes[0], sizes[0], sizes[0]};
    skip("gives neither m, k and n nor a tile");
    return std::nullopt;
  }

  std::optional<LayerShape> layerShape(int64_t cores);
  std::optional<Replay> gemv(const Rates &rates, bool isChain);
  std::optional<Replay> gemm(const Rates &rates, bool isSumma);
  std::optional<Replay> multicast(const Rates &rates);
  std::optional<Replay> layer(const Rates &rates, bool isPrefill);
  std::optional<Replay> component(const Rates &rates);

  const Row &row;
  const Data &data;
  std::string &skipped;
};

std::optional<LayerShape> RowReader::layerShape(int64_t cores) {
  LayerShape shape;
  shape.cores = cores;
  shape.group = group(cores);
  std::vector<int64_t> sizes = tiles();
  if (sizes.size() == 3) {
    shape.model = sizes[0];
    shape.ffn = sizes[1];
    shape.tokens = sizes[2];
    return shape;
  }
  auto tokens = count("seq_or_context", kLargestTile * kLargestCores);
  // Padded sizes; the sequence of a prefill layer is m, of which batch 1 of a
  // decode layer says nothing.
  auto model = part("k", cores), ffn = part("n", cores);
  if (model && ffn && tokens) {
    shape.model = *model;
    shape.ffn = *ffn;
    bool isPrefill = row.text("phase") == "prefill";
    shape.tokens = (isPrefill ? part("m", cores) : std::nullopt)
                       .value_or(ceilDiv(*tokens, cores));
    return shape;
  }
  auto dims = data.models.find(row.text("kernel_or_model"));
  if (dims == data.models.end() || !tokens) {
    skip("gives neither a tile nor k and n, and its model's dims or its "
         "context are not known");
    return std::nullopt;
  }
  shape.model = ceilDiv(dims->second.hidden, cores);
  shape.ffn = ceilDiv(dims->second.ffn, cores);
  shape.tokens = ceilDiv(*tokens, cores);
  if (std::max({shape.model, shape.ffn, shape.tokens}) > kLargestTile) {
    skip("a core would have more than any has room for");
    return std::nullopt;
  }
  return shape;
}

std::optional<Replay> RowReader::gemv(const Rates &rates, bool isChain) {
  auto cores = square();
  std::vector<int64_t> sizes = tiles();
  if (!cores)
    return std::nullopt;
  auto k = part("k", *cores), n = part("n", *cores);
  if (sizes.size() == 1 && !k && !n)
    k = n = sizes[0];
  if (!k || !n)
    return skip("gives neither k and n nor a tile");
  return isChain ? chainGemv(rates, *cores, *k, *n)
                 : meshGemv(rates, *cores, *k, *n, group(*cores));
}

std::optional<Replay> RowReader::gemm(const Rates &rates, bool isSumma) {
  auto cores = square();
  auto tile = cores ? tileShape(*cores) : std::nullopt;
  if (!tile)
    return std::nullopt;
  return isSumma ? summaGemm(rates, *cores, *tile)
                 : meshGemm(rates, *cores, *tile);
}

std::optional<Replay> RowReader::multicast(const Rates &rates) {
  auto cores = count("grid_p_x", kLargestCores);
  auto wavelets = row.number("n");
  if (!cores || *cores < 2 || !wavelets || *wavelets < 0)
    return skip("gives no line of cores or no number of wavelets");
  Replay replay;
  replay.add("multicast", lineMulticast(rates, *cores - 1, *wavelets));
  return replay;
}

std::optional<Replay> RowReader::layer(const Rates &rates, bool isPrefill) {
  auto cores = square();
  auto shape = cores ? layerShape(*cores) : std::nullopt;
  if (!shape)
    return std::nullopt;
  if (auto batch = row.number("batch"); batch && *batch != 1)
    return skip("the measured layers have batch 1");
  shape->phase = isPrefill ? model::Phase::Prefill : model::Phase::Decode;
  if (!data.layers)
    return skip("there is no builder of layers");
  std::string error;
  auto terms = data.layers->estimate(*shape, rates, error);
  if (!terms)
    return skip(error);
  Replay replay;
  for (const Term &term : *terms)
    replay.add(term.name, term.cycles);
  return replay;
}

/// Bodies of functions of another code base. Only the gate's activation is
/// nothing but scalars: FFN dim 6,144 over 512 rows of cores, one token each.
std::optional<Replay> RowReader::component(const Rates &rates) {
  if (row.text("kernel_or_model") != "Qwen3-1.7B silu_chunk")
    return skip("its inner loop is not known (another code base)");
  constexpr double kElements = 6144.0 / 512;
  Replay replay;
  replay.add("SiLU", silu(kElements).cycles(rates, rates.of("bf16", 16)));
  return replay;
}

std::optional<Replay> RowReader::replay(const Rates &rates) {
  llvm::StringRef kernel = row.text("kernel_or_model");
  llvm::StringRef phase = row.text("phase");
  llvm::StringRef metric = row.text("metric");
  llvm::StringRef note = row.text("note");
  if (metric.starts_with("law_"))
    return skip("a coefficient of a law, no measurement");
  if (note.starts_with("system=") && !note.starts_with("system=WaferLLM"))
    return skip("another system, whose program is not modelled");
  if (metric == "cycles_per_call" || kernel.contains(": ") ||
      kernel.contains(" attention"))
    return component(rates);
  if (phase == "decode" || phase == "prefill")
    return layer(rates, phase == "prefill");
  if (phase != "kernel")
    return skip("neither a kernel nor a layer");
  if (kernel.starts_with("line multicast")) {
    if (metric == "cycles_median")
      return skip("the median holds slow dispatches, which no primitive "
                  "isolates");
    return multicast(rates);
  }
  if (kernel.starts_with("SUMMA"))
    return kernel.contains("multicast")
               ? gemm(rates, /*isSumma=*/true)
               : skip("initialises the vendor's library in every step, which "
                      "no row isolates");
  if (kernel.starts_with("MeshGEMM"))
    return gemm(rates, /*isSumma=*/false);
  if (kernel.starts_with("MeshGEMV"))
    return gemv(rates, /*isChain=*/false);
  if (kernel.starts_with("GEMV"))
    return kernel.contains("chain")
               ? gemv(rates, /*isChain=*/true)
               : skip("holds the initialisation of the vendor's library, "
                      "which no row isolates");
  return skip("no model of this kernel");
}

/// Rows that README.md of the data marks.
Use useOf(const Row &row) {
  llvm::StringRef metric = row.text("metric");
  llvm::StringRef kernel = row.text("kernel_or_model");
  bool isWse3 = row.text("machine") == "WSE-3";
  if (metric == "cycles_per_call" && kernel.ends_with("silu_chunk"))
    return Use::Scalar;
  bool isCycles = metric == "cycles_mean" || metric == "cycles_min";
  if (row.text("phase") == "kernel")
    return isCycles && isWse3 && !kernel.starts_with("SUMMA") ? Use::Fit
                                                              : Use::Context;
  if (!llvm::StringRef(row.text("note")).starts_with("system=WaferLLM"))
    return Use::Context;
  if (metric == "cycles_per_layer" && kernel == "LLaMA3-8B" &&
      row.text("phase") == "decode" && row.text("grid_p_x") == "420")
    return Use::Scalar;
  return metric == "cycles_per_layer" ? Use::Predict : Use::Context;
}

/// What turns cycles into the unit of the row; nullopt where that is not known.
std::optional<double> tokensPerCycle(const Row &row, const Data &data) {
  // The sources print seconds at this clock.
  constexpr double kClock = 1.1e9;
  auto dims = data.models.find(row.text("kernel_or_model"));
  if (dims == data.models.end())
    return std::nullopt;
  double tokens = row.text("phase") == "prefill"
                      ? row.number("seq_or_context").value_or(0)
                      : 1;
  return kClock * tokens / double(dims->second.layers);
}

} // namespace

std::optional<Replay> inlay::fidelity::replayOf(const Row &row,
                                                const Data &data,
                                                const Rates &rates,
                                                std::string &skipped) {
  return RowReader(row, data, skipped).replay(rates);
}

static Prediction predictOn(const Row &row, const Data &data,
                            const Machines &machines) {
  Prediction prediction;
  prediction.row = &row;
  prediction.use = useOf(row);
  if (!row.problem.empty()) {
    prediction.skipped = row.problem;
    return prediction;
  }
  auto machine = machines.find(row.text("machine"));
  if (machine == machines.end()) {
    prediction.skipped = "no calibrated target for this machine";
    return prediction;
  }
  Rates rates(machine->second, Mode::Calibrated);
  std::optional<Replay> replay = replayOf(row, data, rates, prediction.skipped);
  if (!replay)
    return prediction;
  prediction.cycles = replay->total();
  double cycles = prediction.cycles.total();
  const std::string &metric = row.text("metric");
  if (llvm::StringRef(metric).starts_with("cycles")) {
    prediction.predicted = cycles;
    return prediction;
  }
  std::optional<double> factor = tokensPerCycle(row, data);
  if (metric != "tokens_per_s" || !factor)
    prediction.skipped = metric == "tokens_per_s"
                             ? "the layers of the model are not known"
                             : "no model of this metric";
  else
    prediction.predicted = *factor / cycles;
  return prediction;
}

Prediction inlay::fidelity::predict(const Row &row, const Data &data,
                                    const Machines &machines,
                                    bool withScalars) {
  return withScalars ? predictOn(row, data, machines)
                     : predictOn(row, data, withoutScalars(machines));
}
