//===- TilePrograms.cpp - Cycles of what one core runs --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/TilePrograms.h"
#include "inlay/Cost/Collectives.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace inlay;
using namespace inlay::cost;

/// Memory words of 8 bytes that a vector of `length` elements touches.
static double wordsOf(const TypeRates &type, const VectorRun &run) {
  constexpr double kWord = 8;
  double bytes = run.length * type.bits / 8;
  if (!type.hasPackedRows || run.instructions <= 1)
    return std::ceil(bytes / kWord);
  double start = double(std::gcd(int64_t(bytes), int64_t(kWord)));
  return (bytes + kWord - start) / kWord;
}

Breakdown inlay::cost::vectors(const Rates &rates, const TypeRates &type,
                               const VectorRun &run) {
  bool isMac = run.op == VectorOp::MultiplyAccumulate;
  double points = run.instructions * run.length;
  double arithmetic = points * (isMac ? type.macPeriod : type.elementPeriod);
  double words = run.instructions * wordsOf(type, run);
  Breakdown cycles;
  cycles.compute = std::max(arithmetic, words * rates.vectorWord);
  cycles.sram =
      std::max(0.0, run.readBytes * rates.readPeriod - cycles.compute);
  cycles.software =
      run.instructions * rates.vectorIssue + run.operands * rates.operandSetup;
  return cycles;
}

/// A scalar takes at least what an element of a vector does.
static Breakdown scalars(const TypeRates &type, double count, double cycles) {
  Breakdown result;
  result.compute = count * std::max(type.elementPeriod, cycles);
  return result;
}

Breakdown inlay::cost::exponentials(const Rates &rates, const TypeRates &type,
                                    double count) {
  return scalars(type, count, rates.exponential);
}

Breakdown inlay::cost::divides(const Rates &rates, const TypeRates &type,
                               double count) {
  return scalars(type, count, rates.divide);
}

/// One pass over `length` elements.
static Breakdown pass(const Rates &rates, const TypeRates &type, double length,
                      double operands) {
  return vectors(rates, type, {VectorOp::Elementwise, 1, length, operands, 0});
}

Breakdown inlay::cost::gemv(const Rates &rates, const TypeRates &type, double k,
                            double n) {
  return pass(rates, type, n, 1) +
         vectors(rates, type, {VectorOp::MultiplyAccumulate, k, n, 3, 0});
}

Breakdown inlay::cost::gemmStep(const Rates &rates, const TypeRates &type,
                                double m, double k, double n) {
  return vectors(rates, type,
                 {VectorOp::MultiplyAccumulate, k * n, m, 3 * k, 0});
}

Breakdown inlay::cost::gemm(const Rates &rates, const TypeRates &type, double m,
                            double k, double n) {
  Breakdown alongRows = gemmStep(rates, type, m, k, n);
  Breakdown alongColumns = gemmStep(rates, type, n, k, m);
  return alongRows.total() < alongColumns.total() ? alongRows : alongColumns;
}

double inlay::cost::messageBytes(const TypeRates &type, double elements,
                                 int64_t multiple) {
  double packets = std::floor(elements / double(multiple));
  return std::max(1.0, packets) * double(multiple) * type.bits / 8;
}

/// What `hidden` adds to `shown` when both run at once: only its excess, which
/// is fabric time.
static Breakdown overlap(Breakdown shown, const Breakdown &hidden) {
  double excess = hidden.total() - shown.total();
  if (excess <= 0)
    return shown;
  shown.fabricBandwidth += std::min(excess, hidden.fabricBandwidth);
  shown.fabricLatency += std::max(0.0, excess - hidden.fabricBandwidth);
  return shown;
}

Breakdown inlay::cost::gemmCyclicShift(const Rates &rates,
                                       const TypeRates &type, int64_t cores,
                                       double m, double k, double n,
                                       const ShiftPlan &plan) {
  auto exchange = [&](double elements) {
    return cyclicShift(
        rates, rates.wavelets(messageBytes(type, elements, plan.multiple)));
  };
  // A message has a memory operand at either end, and a fabric operand, which
  // kernels with messages of one length describe once and for all.
  double operands = plan.freshFabric ? 4 : 2;
  Breakdown step = gemmStep(rates, type, m, k, n);
  Breakdown moved;
  double exchanges = 0;
  for (auto [shifts, elements] :
       {std::pair(plan.shiftsX, m * k), std::pair(plan.shiftsW, k * n)}) {
    if (!shifts)
      continue;
    Breakdown one = exchange(elements);
    if (one.total() > moved.total())
      moved = one;
    ++exchanges;
  }
  step = overlap(step, moved);
  step.software +=
      exchanges * (operands * rates.operandSetup + 2 * rates.taskHandover);
  Breakdown cycles = step * double(cores);
  if (plan.alignsX) {
    Breakdown round = exchange(m * k);
    round.software += operands * rates.operandSetup + rates.taskHandover;
    cycles += round * double(cores / 2);
  }
  return cycles;
}

Breakdown inlay::cost::gemmSumma(const Rates &rates, const TypeRates &type,
                                 int64_t cores, double m, double k, double n) {
  double farthest = double(cores) / 2;
  Breakdown step = gemmStep(rates, type, m, k, n);
  double elements = std::max(m * k, k * n);
  // The multicasts of successive steps follow each other on a line like one
  // long stream: distance is paid once, below.
  Breakdown wave =
      stream(rates, 0, rates.wavelets(messageBytes(type, elements, 2)));
  step = overlap(step, wave);
  step.software +=
      4 * rates.operandSetup + 4 * rates.taskHandover + rates.reroute;
  Breakdown cycles = step * double(cores);
  cycles.fabricLatency += farthest * rates.hop;
  return cycles;
}

Breakdown inlay::cost::elementwise(const Rates &rates, const TypeRates &type,
                                   double elements, double ops) {
  return vectors(rates, type,
                 {VectorOp::Elementwise, ops, elements, 3 * ops, 0});
}

Breakdown inlay::cost::rmsNorm(const Rates &rates, const TypeRates &type,
                               double elements) {
  return vectors(rates, type, {VectorOp::Elementwise, 4, elements, 9, 0}) +
         divides(rates, type, 3);
}

Breakdown inlay::cost::softmax(const Rates &rates, const TypeRates &type,
                               double elements) {
  return vectors(rates, type, {VectorOp::Elementwise, 4, elements, 8, 0}) +
         exponentials(rates, type, elements) + divides(rates, type, 1);
}

Breakdown inlay::cost::rotary(const Rates &rates, const TypeRates &type,
                              double elements) {
  return vectors(rates, type, {VectorOp::Elementwise, 6, elements / 2, 18, 0});
}

Breakdown inlay::cost::topK(const Rates &rates, const TypeRates &type,
                            double elements, int64_t k) {
  return vectors(rates, type,
                 {VectorOp::Elementwise, double(k), elements, double(k), 0});
}

Breakdown inlay::cost::silu(const Rates &rates, const TypeRates &type,
                            double elements) {
  return exponentials(rates, type, elements) + divides(rates, type, elements);
}

Breakdown inlay::cost::dequantise(const Rates &rates, const TypeRates &type,
                                  double elements, double length) {
  if (elements <= 0 || rates.dequantise <= 0)
    return {};
  length = std::max(1.0, std::min(length, elements));
  double instructions = rates.dequantise * elements / length;
  return vectors(rates, type,
                 {VectorOp::Elementwise, instructions, length, 0, 0});
}
