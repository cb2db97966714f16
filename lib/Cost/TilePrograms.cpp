//===- TilePrograms.cpp - Cycles of what one core runs --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/TilePrograms.h"
#include "inlay/Cost/Collectives.h"

#include "fmt/format.h"

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

TileProgram &TileProgram::operator+=(const TileProgram &other) {
  runs.append(other.runs.begin(), other.runs.end());
  exponentials += other.exponentials;
  divides += other.divides;
  return *this;
}

TileProgram TileProgram::operator+(const TileProgram &other) const {
  TileProgram sum = *this;
  return sum += other;
}

TileProgram TileProgram::operator*(double times) const {
  TileProgram result = *this;
  for (VectorRun &run : result.runs) {
    run.instructions *= times;
    run.operands *= times;
    run.readBytes *= times;
  }
  result.exponentials *= times;
  result.divides *= times;
  return result;
}

/// Cycles of a scalar exponential.
static double exponentialCycles(const Rates &rates, const TypeRates &type) {
  return std::max(kExponentialOperations * type.elementPeriod,
                  rates.exponential);
}

Breakdown TileProgram::cycles(const Rates &rates, const TypeRates &type) const {
  Breakdown sum;
  for (const VectorRun &run : runs)
    sum += vectors(rates, type, run);
  sum.compute +=
      exponentials * exponentialCycles(rates, type) + divides * rates.divide;
  return sum;
}

/// One run with its numbers; empty for one that takes no cycles.
static std::string formulaOf(const Rates &rates, const TypeRates &type,
                             const VectorRun &run) {
  bool isMac = run.op == VectorOp::MultiplyAccumulate;
  double period = isMac ? type.macPeriod : type.elementPeriod;
  std::string busy = fmt::format("{:g} operations x {:g}",
                                 run.instructions * run.length, period);
  if (rates.vectorWord > 0)
    busy +=
        fmt::format(", {:g} words x {:g}",
                    run.instructions * wordsOf(type, run), rates.vectorWord);
  if (run.readBytes > 0)
    busy += fmt::format(", {:g} B x {:g}", run.readBytes, rates.readPeriod);
  bool isOnly = rates.vectorWord <= 0 && run.readBytes <= 0;
  std::string text = isOnly ? busy : fmt::format("max({})", busy);
  if (rates.vectorIssue > 0)
    text += fmt::format(" + {:g} instructions x {:g}", run.instructions,
                        rates.vectorIssue);
  if (rates.operandSetup > 0 && run.operands > 0)
    text += fmt::format(" + {:g} operands x {:g}", run.operands,
                        rates.operandSetup);
  return text;
}

std::string TileProgram::formula(const Rates &rates,
                                 const TypeRates &type) const {
  std::string text;
  auto add = [&](const std::string &part) {
    text += (text.empty() ? "" : " + ") + part;
  };
  for (const VectorRun &run : runs)
    add(formulaOf(rates, type, run));
  if (exponentials > 0)
    add(fmt::format("{:g} exponentials x {:g}", exponentials,
                    exponentialCycles(rates, type)));
  if (divides > 0 && rates.divide > 0)
    add(fmt::format("{:g} divides x {:g}", divides, rates.divide));
  return text.empty() ? "0" : text;
}

/// One pass over `length` elements.
static VectorRun pass(double length, double operands) {
  return {VectorOp::Elementwise, 1, length, operands, 0};
}

/// The one with fewer cycles; the first where they are equal.
static TileProgram faster(const Rates &rates, const TypeRates &type,
                          TileProgram first, TileProgram second) {
  return second.cycles(rates, type).total() < first.cycles(rates, type).total()
             ? second
             : first;
}

/// Clears a result of `elements`.
static TileProgram clear(const Rates &rates, double elements) {
  TileProgram program;
  if (rates.isCalibrated())
    program.runs.push_back(pass(elements, 1));
  return program;
}

TileProgram inlay::cost::gemv(const Rates &rates, double k, double n) {
  TileProgram program = clear(rates, n);
  program.runs.push_back({VectorOp::MultiplyAccumulate, k, n, 3, 0});
  return program;
}

TileProgram inlay::cost::gemmStep(double m, double k, double n) {
  TileProgram program;
  program.runs.push_back({VectorOp::MultiplyAccumulate, k * n, m, 3 * k, 0});
  return program;
}

TileProgram inlay::cost::product(const Rates &rates, const TypeRates &type,
                                 const ProductShape &shape, double readBytes) {
  TileProgram program = gemv(rates, shape.k, shape.n) * (shape.batch * shape.m);
  program.runs.back().readBytes = readBytes;
  if (shape.m <= 1)
    return program;
  TileProgram step =
      (clear(rates, shape.m * shape.n) + gemmStep(shape.m, shape.k, shape.n)) *
      shape.batch;
  step.runs.back().readBytes = readBytes;
  return faster(rates, type, std::move(program), std::move(step));
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
  Breakdown step = gemmStep(m, k, n).cycles(rates, type);
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
  Breakdown step = gemmStep(m, k, n).cycles(rates, type);
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

Breakdown inlay::cost::gemmTransposed(const Rates &rates, const TypeRates &type,
                                      int64_t cores, double m, double k,
                                      double n, const ShiftPlan &plan) {
  ShiftPlan moves = plan;
  moves.shiftsX = moves.alignsX = false;
  Breakdown cycles = gemmCyclicShift(rates, type, cores, m, k, n, moves);
  double wavelets = rates.wavelets(messageBytes(type, m * n, plan.multiple));
  Breakdown step = clear(rates, m * n).cycles(rates, type);
  step.software += rates.collectiveSetup;
  step.fabricBandwidth += 2 * wavelets * rates.period;
  double hardware = std::min(rates.stage, 2 * rates.ramp + 1);
  Breakdown core;
  core.fabricLatency = rates.collectiveHop + hardware;
  core.software = rates.stage - hardware;
  return cycles + (step + core) * double(cores) + core * double(cores);
}

TileProgram inlay::cost::elementwise(double elements, double ops) {
  TileProgram program;
  program.runs.push_back({VectorOp::Elementwise, ops, elements, 3 * ops, 0});
  return program;
}

TileProgram inlay::cost::rmsNorm(const Rates &rates, const TypeRates &type,
                                 double rows, double columns) {
  TileProgram alongRows;
  alongRows.runs.push_back({VectorOp::Elementwise, 4, columns, 9, 0});
  alongRows.divides = 3;
  alongRows = alongRows * rows;
  if (rows <= 1)
    return alongRows;
  // Square; clear; add column by column; scale by the weight, then by the norm.
  TileProgram alongColumns;
  alongColumns.runs = {pass(rows * columns, 3),
                       pass(rows, 1),
                       {VectorOp::Elementwise, columns, rows, 3, 0},
                       {VectorOp::Elementwise, 2 * columns, rows, 4, 0}};
  alongColumns.divides = 3 * rows;
  return faster(rates, type, std::move(alongRows), std::move(alongColumns));
}

TileProgram inlay::cost::softmax(double rows, double elements) {
  TileProgram program;
  program.runs.push_back({VectorOp::Elementwise, 5, elements, 10, 0});
  program.exponentials = elements;
  program.divides = rows;
  return program;
}

TileProgram inlay::cost::rotary(const Rates &rates, const TypeRates &type,
                                double rows, double columns) {
  double pairs = std::max(1.0, columns / 2);
  TileProgram alongRows, alongColumns;
  alongRows.runs.push_back(
      {VectorOp::Elementwise, 6 * rows, pairs, 18 * rows, 0});
  alongColumns.runs.push_back(
      {VectorOp::Elementwise, 6 * pairs, rows, 18 * pairs, 0});
  return faster(rates, type, std::move(alongRows), std::move(alongColumns));
}

TileProgram inlay::cost::topK(double elements, double k) {
  TileProgram program;
  program.runs.push_back({VectorOp::Elementwise, k, elements, k, 0});
  return program;
}

TileProgram inlay::cost::silu(double elements) {
  TileProgram program;
  program.exponentials = program.divides = elements;
  return program;
}

/// `operations` on each of `elements`, in rows of `length`.
static TileProgram convert(double operations, double elements, double length) {
  TileProgram program;
  if (operations > 0)
    program.runs.push_back(
        {VectorOp::Elementwise, operations * elements / length, length, 0, 0});
  return program;
}

TileProgram inlay::cost::dequantise(const Rates &rates, const TypeRates &type,
                                    double elements, double length,
                                    double scaledSums) {
  if (elements <= 0 || rates.dequantise <= 0)
    return {};
  length = std::max(1.0, std::min(length, elements));
  TileProgram weights = convert(rates.dequantise, elements, length);
  if (scaledSums <= 0)
    return weights;
  // A sum is scaled as it is added to those of the blocks before.
  TileProgram sums =
      convert(std::max(0.0, rates.dequantise - kScaling), elements, length) +
      convert(kScaling, scaledSums, length);
  return faster(rates, type, std::move(weights), std::move(sums));
}
