//===- LocalWork.cpp - What the busiest core of an op computes ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LocalWork.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;

static bool isExpertDim(const IterationDim &dim) {
  return dim.name == "expert";
}
static bool isTokenDim(const IterationDim &dim) { return dim.name == "token"; }

bool inlay::cost::isPerExpert(const KernelSpec &kernel, const OpSpec &op) {
  return kernel.role == KernelRole::Experts &&
         std::any_of(op.dims.begin(), op.dims.end(), isExpertDim);
}

/// Points that the busiest core runs, for `activations` of its group where
/// the op runs per expert.
double LocalWork::pointsOf(const OpSpec &op, const OpSharding &opSharding,
                           double activations) const {
  if (!isPerExpert(kernel, op))
    return std::max(1.0, shardPoints(op, opSharding, sharding) * op.density);
  double points = activations;
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (!isTokenDim(op.dims[d]) && !isExpertDim(op.dims[d]))
      points *= lengthOf(op, opSharding, d);
  return points;
}

double LocalWork::lengthOf(const OpSpec &op, const OpSharding &opSharding,
                           size_t d) const {
  return double(
      shardLength(op.dims[d], partsOf(sharding, opSharding.axisOfDim[d])));
}

/// Bytes that an op reads on the busiest core. A contraction streams its
/// weights or state once for each token; lookups read what they execute.
double LocalWork::bytesOf(const OpSpec &op, const OpSharding &opSharding,
                          double points) const {
  double bytes = 0;
  for (const OperandSpec &operand : op.operands) {
    if (op.opClass == OpClass::Lookup) {
      if (operand.role == TensorRole::Weights)
        bytes = std::max(bytes, points * operand.type.bits / 8);
      continue;
    }
    double elements = double(shardElements(op, operand, opSharding, sharding));
    // Of the experts in a group only the active ones are read.
    bytes += std::min(elements, points) * operand.type.bits / 8;
  }
  return bytes;
}

/// The two longest dims of the core's points: the inner loop is one vector
/// instruction along the longest, the next loop runs over the second, and
/// operands are described anew for each point of all others.
std::pair<double, double>
LocalWork::loopsOf(const OpSpec &op, const OpSharding &opSharding) const {
  double longest = 1, second = 1;
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (isPerExpert(kernel, op) &&
        (isTokenDim(op.dims[d]) || isExpertDim(op.dims[d])))
      continue;
    double length = lengthOf(op, opSharding, d);
    if (length > longest)
      std::swap(longest, length);
    second = std::max(second, length);
  }
  return {longest, second};
}

TypeRates LocalWork::ratesOf(const OpSpec &op) const {
  double bits = op.computeType.bits > 0 ? op.computeType.bits : 16;
  return rates.of(op.computeType.name, bits);
}

std::string LocalWork::describe(const VectorRun &run, const TypeRates &type,
                                double period) const {
  if (!rates.isCalibrated())
    return fmt::format("max({:g} operations x {:g}, {:g} B x {:g})",
                       run.instructions * run.length, period, run.readBytes,
                       rates.readPeriod);
  return fmt::format(
      "{:g} instructions x ({:g} + {:g} words x {:g}) + {:g} operands x {:g}",
      run.instructions, rates.vectorIssue,
      std::ceil(run.length * type.bits / 64), rates.vectorWord, run.operands,
      rates.operandSetup);
}

Local LocalWork::of(const OpSpec &op, const OpSharding &opSharding,
                    double activations) const {
  double points = pointsOf(op, opSharding, activations);
  TypeRates type = ratesOf(op);
  auto [longest, second] = loopsOf(op, opSharding);
  Local local;
  VectorRun run;
  run.readBytes = bytesOf(op, opSharding, points);
  switch (op.opClass) {
  case OpClass::Contraction:
    run.op = VectorOp::MultiplyAccumulate;
    run.length = std::min(longest, points);
    run.instructions = points * op.opsPerPoint / 2 / run.length;
    run.operands = 3 * std::max(1.0, points / (longest * second));
    break;
  case OpClass::Lookup:
  case OpClass::Opaque: {
    // Nothing but bytes.
    local.cycles.sram = run.readBytes * rates.readPeriod;
    if (explains)
      local.formula =
          fmt::format("{:g} B x {:g}", run.readBytes, rates.readPeriod);
    return local;
  }
  case OpClass::Elementwise:
  case OpClass::Reduction:
  case OpClass::Softmax:
  case OpClass::TopK:
  case OpClass::Move:
    run.length = points;
    run.instructions = op.opsPerPoint;
    run.operands = 3 * std::max(1.0, op.opsPerPoint);
    break;
  }
  local.cycles = vectors(rates, type, run);
  double rows = points / std::max(1.0, reductionLength(op, opSharding));
  double exponentialCount = op.opClass == OpClass::Softmax ? points : 0;
  double divideCount = op.opClass == OpClass::Softmax     ? rows
                       : op.opClass == OpClass::Reduction ? 3 * rows
                                                          : 0;
  if (rates.isCalibrated()) {
    local.cycles += exponentials(rates, type, exponentialCount);
    local.cycles += divides(rates, type, divideCount);
  }
  double converted = dequantised(op, opSharding, points);
  local.cycles += dequantise(rates, type, converted, longest);
  if (!explains)
    return local;
  local.formula = describe(run, type,
                           run.op == VectorOp::Elementwise ? type.elementPeriod
                                                           : type.macPeriod);
  if (rates.isCalibrated() && exponentialCount > 0)
    local.formula += fmt::format(" + {:g} exponentials x {:g}",
                                 exponentialCount, rates.exponential);
  if (rates.isCalibrated() && divideCount > 0)
    local.formula +=
        fmt::format(" + {:g} divides x {:g}", divideCount, rates.divide);
  if (converted > 0)
    local.formula +=
        fmt::format(" + {:g} weights dequantised, {:g} operations each",
                    converted, rates.dequantise);
  return local;
}

double LocalWork::reductionLength(const OpSpec &op,
                                  const OpSharding &opSharding) const {
  double length = 1;
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (op.dims[d].kind == DimKind::Reduction)
      length *= lengthOf(op, opSharding, d);
  return length;
}

/// Weights of fewer bits than the type that a contraction computes in.
double LocalWork::dequantised(const OpSpec &op, const OpSharding &opSharding,
                              double points) const {
  if (op.opClass != OpClass::Contraction)
    return 0;
  double elements = 0;
  for (const OperandSpec &operand : op.operands)
    if (isDequantised(op, operand))
      elements += std::min(
          points, double(shardElements(op, operand, opSharding, sharding)));
  return elements;
}

bool inlay::cost::isDequantised(const OpSpec &op, const OperandSpec &operand) {
  // Scales and zero points are indexed by blocks.
  bool isBlocked =
      std::any_of(operand.indexing.begin(), operand.indexing.end(),
                  [](const IndexExpr &index) { return index.divisor > 1; });
  return operand.role == TensorRole::Weights && !isBlocked &&
         operand.type.bits <= 8 && operand.type.bits < op.computeType.bits;
}
