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
  if (!predicted || !value)
    return std::nullopt;
  return *predicted / *value - 1;
}

std::optional<double> Prediction::measured() const {
  std::optional<double> value = row->number("value");
  return value && *value > 0 ? value : std::nullopt;
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
  /// Of a row that is about one.
  std::optional<LayerShape> layerShape();

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

  /// False, with a reason, for a number in another unit than its metric has.
  bool hasUnit() {
    const std::string &unit = row.text("unit"), &metric = row.text("metric");
    const char *expected = nullptr;
    if (llvm::StringRef(metric).starts_with("cycles"))
      expected = "cycles";
    else if (metric == "tokens_per_s")
      expected = "tokens/s";
    if (!expected || unit.empty() || unit == expected)
      return true;
    skip(fmt::format("its unit is '{}', {} is in {}", unit, metric, expected));
    return false;
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

  /// False, with a reason, for a region that the wafer does not have.
  bool fitsGrid(const Rates &rates) {
    const model::Extent &grid = rates.target.grid;
    int64_t x = count("grid_p_x", kLargestCores).value_or(1);
    int64_t y = count("grid_p_y", kLargestCores).value_or(1);
    if (std::min(x, y) <= std::min(grid.width, grid.height) &&
        std::max(x, y) <= std::max(grid.width, grid.height))
      return true;
    skip(fmt::format("{} x {} cores are more than the {} x {} of {}", x, y,
                     grid.width, grid.height, rates.target.name));
    return false;
  }

  /// False, with a reason, for more elements of 16 bits than a core holds.
  bool fitsSram(const Rates &rates, double elements) {
    constexpr double kElement = 2;
    if (elements * kElement <= rates.target.sram.value)
      return true;
    skip(fmt::format("a core would hold {} of tiles, it has {}",
                     formatBytes(int64_t(std::min(elements * kElement, 1e18))),
                     formatBytes(int64_t(rates.target.sram.value))));
    return false;
  }

  /// False, with a reason, for a tile that is not `count` sizes.
  bool checkTile(size_t count) {
    if (row.text("tile").empty() || tiles().size() == count)
      return true;
    skip(fmt::format("its tile '{}' is not {} {} of at least 1",
                     row.text("tile"), count, count == 1 ? "size" : "sizes"));
    return false;
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
    if (!checkTile(1))
      return std::nullopt;
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
  std::optional<Replay> layer(const Rates &rates);
  std::optional<Replay> component(const Rates &rates);

  const Row &row;
  const Data &data;
  std::string &skipped;
};

std::optional<LayerShape> RowReader::layerShape(int64_t cores) {
  LayerShape shape;
  shape.cores = cores;
  shape.group = group(cores);
  shape.phase = row.text("phase") == "prefill" ? model::Phase::Prefill
                                               : model::Phase::Decode;
  if (!checkTile(3))
    return std::nullopt;
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
    bool isPrefill = shape.phase == model::Phase::Prefill;
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
  if (!cores || !checkTile(1))
    return std::nullopt;
  auto k = part("k", *cores), n = part("n", *cores);
  if (sizes.size() == 1 && !k && !n)
    k = n = sizes[0];
  if (!k || !n)
    return skip("gives neither k and n nor a tile");
  if (!fitsSram(rates, double(*k) * double(*n)))
    return std::nullopt;
  return isChain ? chainGemv(rates, *cores, *k, *n)
                 : meshGemv(rates, *cores, *k, *n, group(*cores));
}

std::optional<Replay> RowReader::gemm(const Rates &rates, bool isSumma) {
  auto cores = square();
  auto tile = cores ? tileShape(*cores) : std::nullopt;
  if (!tile || !fitsSram(rates, double(tile->m) * double(tile->k) +
                                    double(tile->k) * double(tile->n) +
                                    double(tile->m) * double(tile->n)))
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

std::optional<LayerShape> RowReader::layerShape() {
  auto cores = square();
  return cores ? layerShape(*cores) : std::nullopt;
}

std::optional<Replay> RowReader::layer(const Rates &rates) {
  auto shape = layerShape();
  if (!shape)
    return std::nullopt;
  // Weights, and in decode the keys and values.
  auto d = double(shape->model), f = double(shape->ffn);
  bool isDecode = shape->phase == model::Phase::Decode;
  double state = isDecode ? 2 * d * double(shape->tokens) : 0;
  if (!fitsSram(rates, 4 * d * d + 3 * d * f + state))
    return std::nullopt;
  if (auto batch = row.number("batch"); batch && *batch != 1)
    return skip("the measured layers have batch 1");
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
  if (row.text("metric") != "cycles_per_call")
    return skip("part of a layer of another code base: how it cuts heads and "
                "positions over its cores, and which sums a part holds, is not "
                "published");
  if (row.text("kernel_or_model") != "Qwen3-1.7B silu_chunk")
    return skip("a function of another code base: how many rows of which "
                "length one call works on is not published");
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
  if (!hasUnit() || !fitsGrid(rates))
    return std::nullopt;
  if (note.starts_with("system=") && !note.starts_with("system=WaferLLM"))
    return skip("another system, whose program is not modelled");
  if (metric == "cycles_per_call" || kernel.contains(": ") ||
      kernel.contains(" attention"))
    return component(rates);
  if (phase == "decode" || phase == "prefill")
    return layer(rates);
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
  // Where no system is named there was only one.
  llvm::StringRef note = row.text("note");
  if (note.starts_with("system=") && !note.starts_with("system=WaferLLM"))
    return Use::Context;
  if (metric == "cycles_per_layer" && kernel == "LLaMA3-8B" &&
      row.text("phase") == "decode" && row.text("grid_p_x") == "420")
    return Use::Scalar;
  return metric == "cycles_per_layer" ? Use::Predict : Use::Context;
}

/// GHz at which the source of a row turned cycles into seconds: what the row
/// says, else that of WaferLLM's authors (OSDI'25), who print 1.1 GHz.
std::optional<double> clockOf(const Row &row) {
  constexpr double kWaferLlm = 1.1;
  if (!row.text("clock_ghz").empty()) {
    std::optional<double> clock = row.number("clock_ghz");
    return clock && *clock > 0 ? clock : std::nullopt;
  }
  llvm::StringRef note = row.text("note");
  auto [before, after] = note.split(" GHz");
  double clock = 0;
  if (before.size() < note.size() &&
      !before.substr(before.find_last_of(' ') + 1).getAsDouble(clock) &&
      clock > 0)
    return clock;
  return note.starts_with("system=WaferLLM") ? std::optional(kWaferLlm)
                                             : std::nullopt;
}

/// What turns cycles into tokens/s; a reason in `skipped` where that is not
/// known.
std::optional<double> tokensPerCycle(const Row &row, const Data &data,
                                     std::string &skipped) {
  constexpr double kGiga = 1e9;
  std::optional<double> clock = clockOf(row);
  auto dims = data.models.find(row.text("kernel_or_model"));
  if (dims == data.models.end())
    skipped = "the layers of the model are not known";
  else if (!clock)
    skipped = "the clock of its source is not known; a column clock_ghz gives "
              "it";
  if (!skipped.empty())
    return std::nullopt;
  double tokens = row.text("phase") == "prefill"
                      ? row.number("seq_or_context").value_or(0)
                      : 1;
  return *clock * kGiga * tokens / double(dims->second.layers);
}

} // namespace

std::optional<Replay> inlay::fidelity::replayOf(const Row &row,
                                                const Data &data,
                                                const Rates &rates,
                                                std::string &skipped) {
  return RowReader(row, data, skipped).replay(rates);
}

std::optional<LayerShape> inlay::fidelity::layerShapeOf(const Row &row,
                                                        const Data &data,
                                                        std::string &skipped) {
  return RowReader(row, data, skipped).layerShape();
}

static Prediction predictOn(const Row &row, const Data &data,
                            const Machines &machines) {
  Prediction prediction;
  prediction.row = &row;
  prediction.use = useOf(row);
  if (!row.text("value").empty() && !prediction.measured())
    prediction.unread =
        fmt::format("its value '{}' is no number above 0", row.text("value"));
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
  if (metric != "tokens_per_s")
    prediction.skipped = "no model of this metric";
  else if (auto factor = tokensPerCycle(row, data, prediction.skipped))
    prediction.predicted = *factor / cycles;
  return prediction;
}

Prediction inlay::fidelity::predict(const Row &row, const Data &data,
                                    const Machines &machines,
                                    bool withScalars) {
  return withScalars ? predictOn(row, data, machines)
                     : predictOn(row, data, withoutScalars(machines));
}
