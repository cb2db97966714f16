//===- Replay.cpp - Kernels and layers as others executed them ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Replay.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/TilePrograms.h"

#include <cstdlib>

using namespace inlay;
using namespace inlay::cost;

Breakdown Replay::total() const {
  Breakdown sum;
  for (const ReplayStep &step : steps)
    sum += step.cycles;
  return sum;
}

/// All measured kernels compute in 16-bit floats and pack their rows.
static TypeRates half(const Rates &rates) {
  TypeRates type = rates.of("f16", 16);
  type.hasPackedRows = true;
  return type;
}

int64_t inlay::cost::defaultGroup(int64_t cores) {
  constexpr int64_t kGroups = 20;
  int64_t best = 1;
  for (int64_t groups = 1; groups <= cores; ++groups)
    if (cores % groups == 0 &&
        std::abs(groups - kGroups) < std::abs(best - kGroups))
      best = groups;
  return cores / best;
}

Replay inlay::cost::meshGemv(const Rates &rates, int64_t cores, int64_t k,
                             int64_t n, int64_t group) {
  TypeRates type = half(rates);
  Replay replay;
  replay.add("product", gemv(rates, type, double(k), double(n)));
  replay.add(
      "all-reduce y",
      twoTree(rates, cores, group, rates.wavelets(double(n) * type.bits / 8)));
  return replay;
}

Replay inlay::cost::chainGemv(const Rates &rates, int64_t cores, int64_t k,
                              int64_t n) {
  constexpr double kSumBytes = 4;
  TypeRates type = half(rates);
  Replay replay;
  replay.add("product", gemv(rates, type, double(k), double(n)));
  double wavelets = rates.wavelets(double(n) * kSumBytes);
  Breakdown sum;
  double hardware = 2 * rates.ramp + 1;
  sum.fabricBandwidth = 2 * wavelets * rates.period;
  sum.fabricLatency = double(cores) * (2 * rates.collectiveHop + hardware);
  sum.software = rates.librarySetup + double(cores) * (rates.stage - hardware);
  replay.add("all-reduce y", sum);
  return replay;
}

Replay inlay::cost::meshGemm(const Rates &rates, int64_t cores,
                             const TileShape &tile) {
  Replay replay;
  replay.add("product",
             gemmCyclicShift(rates, half(rates), cores, double(tile.m),
                             double(tile.k), double(tile.n)));
  return replay;
}

Replay inlay::cost::summaGemm(const Rates &rates, int64_t cores,
                              const TileShape &tile) {
  Replay replay;
  replay.add("product", gemmSumma(rates, half(rates), cores, double(tile.m),
                                  double(tile.k), double(tile.n)));
  return replay;
}

Replay inlay::cost::decodeLayer(const Rates &rates, const LayerShape &shape) {
  TypeRates type = half(rates);
  auto d = double(shape.model), f = double(shape.ffn), s = double(shape.tokens);
  Replay replay;
  auto sum = [&](const char *name, double elements) {
    replay.add(name, twoTree(rates, shape.cores, shape.group,
                             rates.wavelets(elements * type.bits / 8)));
  };
  auto product = [&](double k, double n) { return gemv(rates, type, k, n); };
  auto turn = [&](const char *name) {
    Breakdown cycles;
    cycles.software = rates.reroute;
    replay.add(name, cycles);
  };

  replay.add("norm", rmsNorm(rates, type, d));
  sum("norm: sum y", 1);
  replay.add("Q K V", product(d, d) * 3);
  sum("Q K V: sum y", 3 * d);
  turn("turn to x");
  replay.add("rotary", rotary(rates, type, d) * 2);
  replay.add("scores",
             product(d, s) +
                 vectors(rates, type, {VectorOp::Elementwise, 1, s, 2, 0}));
  sum("scores: sum x", s);
  turn("turn to y");
  replay.add("softmax", softmax(rates, type, s));
  sum("softmax: maximum y", 1);
  sum("softmax: sum y", 1);
  replay.add("P V", product(s, d));
  sum("P V: sum y", d);
  turn("turn to x");
  replay.add("O", product(d, d));
  sum("O: sum x", d);
  replay.add("residual", elementwise(rates, type, d));
  turn("turn to y");
  replay.add("norm", rmsNorm(rates, type, d));
  sum("norm: sum y", 1);
  replay.add("up, gate", product(d, f) * 2);
  sum("up, gate: sum y", 2 * f);
  // The published code applies the function to d elements only.
  replay.add("SiLU, product",
             silu(rates, type, d) + elementwise(rates, type, f));
  turn("turn to x");
  replay.add("down", product(f, d));
  sum("down: sum x", d);
  replay.add("residual", elementwise(rates, type, d));
  turn("turn to y");
  return replay;
}

namespace {

/// The parts of a prefill layer.
class Prefill {
public:
  Prefill(const Rates &rates, const LayerShape &shape)
      : rates(rates), type(half(rates)), cores(shape.cores),
        d(double(shape.model)), f(double(shape.ffn)), s(double(shape.tokens)) {}

  Replay run() {
    norm();
    product("Q", s, d, d, kAligned);
    product("K", s, d, d, kPlain);
    product("V", s, d, d, kPlain);
    replay.add("rotary", rotaryTiles());
    scores();
    softmaxTiles();
    product("P V", s, s, d, kAligned);
    product("O", s, d, d, kAligned);
    replay.add("residual", elementwise(rates, type, s * d));
    norm();
    product("up", s, d, f, kAligned);
    product("gate", s, d, f, kPlain);
    replay.add("SiLU, product",
               silu(rates, type, s * f) + elementwise(rates, type, s * f));
    product("down", s, f, d, kAligned);
    replay.add("residual", elementwise(rates, type, s * d));
    return replay;
  }

private:
  // One set of operands serves products of different sizes, so every message
  // describes its fabric operands.
  static constexpr ShiftPlan kPlain = {true, true, false, 4, true};
  static constexpr ShiftPlan kAligned = {true, true, true, 4, true};
  static constexpr ShiftPlan kOneSided = {false, true, false, 4, true};

  void product(const char *name, double m, double k, double n,
               const ShiftPlan &plan) {
    replay.add(name, gemmCyclicShift(rates, type, cores, m, k, n, plan));
  }

  Breakdown run(double instructions, double length, double operands) const {
    return vectors(rates, type,
                   {VectorOp::Elementwise, instructions, length, operands, 0});
  }

  double messageWavelets(double elements) const {
    return rates.wavelets(messageBytes(type, elements, 4));
  }

  void sum(const char *name) {
    replay.add(name, middleChain(rates, cores, messageWavelets(s)));
  }

  void norm() {
    // Square; clear; add column by column; scale by the weight, then by the
    // norm.
    replay.add("norm", run(1, s * d, 3) + run(1, s, 1) + run(d, s, 3) +
                           divides(rates, type, 3 * s) + run(2 * d, s, 4));
    sum("norm: sum x");
  }

  Breakdown rotaryTiles() const {
    // Q and K, for each pair of columns 4 multiplies, a subtract and an add.
    return run(2 * d / 2 * 6, s, 2 * d / 2 * 18);
  }

  void scores() {
    product("scores", s, d, s, kOneSided);
    // After each step a sum along x of s^2 elements to a root that moves on,
    // whose place takes two divides, and the tile is cleared.
    double wavelets = messageWavelets(s * s);
    Breakdown step = run(1, s * s, 1) + divides(rates, type, 2);
    step.software += rates.collectiveSetup;
    step.fabricBandwidth += 2 * wavelets * rates.period;
    step.fabricLatency += rates.collectiveHop + rates.stage;
    Breakdown fill;
    fill.fabricLatency = double(cores) * (rates.collectiveHop + rates.stage);
    replay.add("scores: sums x", step * double(cores) + fill);
  }

  void softmaxTiles() {
    replay.add("softmax", run(5, s * s, 10) + exponentials(rates, type, s * s) +
                              divides(rates, type, s));
    sum("softmax: maximum x");
    sum("softmax: sum x");
  }

  const Rates &rates;
  TypeRates type;
  int64_t cores;
  double d, f, s;
  Replay replay;
};

} // namespace

Replay inlay::cost::prefillLayer(const Rates &rates, const LayerShape &shape) {
  return Prefill(rates, shape).run();
}
