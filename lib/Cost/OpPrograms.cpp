//===- OpPrograms.cpp - Which tile program an op runs ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpPrograms.h"

#include "inlay/Cost/Cost.h"
#include "inlay/Model/Cuts.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;

bool inlay::cost::isExpertDim(const IterationDim &dim) {
  return dim.name == "expert";
}

bool inlay::cost::isTokenDim(const IterationDim &dim) {
  return dim.name == "token";
}

bool inlay::cost::isPerExpert(const KernelSpec &kernel, const OpSpec &op) {
  return kernel.role == KernelRole::Experts &&
         llvm::any_of(op.dims, isExpertDim);
}

/// Rows of a table of which a step reads one for each token.
static bool isTableDim(const IterationDim &dim) {
  return dim.name == "position";
}

OpView::OpView(const KernelSpec &kernel, const OpSpec &op,
               const OpSharding &axes, const Sharding &sharding,
               const Activations &activations, bool isTiled)
    : op(op), axes(axes), sharding(sharding), activations(activations),
      perExpert(isPerExpert(kernel, op)), lengths(op.dims.size(), 1) {
  for (Axis axis : {Axis::None, Axis::X, Axis::Y, Axis::Group}) {
    int64_t parts = partsOf(sharding, axis);
    AxisRun cut = runOn(op.dims, axes, axis, parts);
    // A run of dims that share an axis fills the fastest of them first.
    auto run = double(cut.shard);
    for (size_t d = op.dims.size(); d-- > 0;) {
      if (axes.axisOfDim[d] != axis)
        continue;
      if (cut.count == 1 || axis == Axis::None || isTiled) {
        lengths[d] = double(shardLength(op.dims[d], parts));
        continue;
      }
      lengths[d] = std::min(double(op.dims[d].size), run);
      double ofOne = int(d) == cut.fastest ? double(cut.pitch) : lengths[d];
      run = std::ceil(run / ofOne);
    }
  }
  if (perExpert)
    for (size_t d = 0; d < op.dims.size(); ++d)
      if (isTokenDim(op.dims[d]) || isExpertDim(op.dims[d]))
        lengths[d] = 1;
}

double OpView::points(DimKind kind) const {
  double product = 1;
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (op.dims[d].kind == kind)
      product *= lengths[d];
  return product;
}

double OpView::points() const {
  double all = points(DimKind::Parallel) * points(DimKind::Reduction);
  if (perExpert)
    return all * activations.load;
  return std::max(1.0, all * op.density);
}

/// Scales and zero points are indexed by blocks.
static bool isBlocked(const OperandSpec &operand) {
  return llvm::any_of(operand.indexing,
                      [](const IndexExpr &index) { return index.divisor > 1; });
}

bool inlay::cost::isDequantised(const OpSpec &op, const OperandSpec &operand) {
  return operand.role == TensorRole::Weights && !isBlocked(operand) &&
         operand.type.bits <= 8 && operand.type.bits < op.computeType.bits;
}

bool inlay::cost::scalesBlocksOfSum(const OpSpec &op,
                                    const OperandSpec &operand) {
  return operand.role == TensorRole::Weights &&
         llvm::any_of(operand.indexing, [&](const IndexExpr &index) {
           return index.dim >= 0 && index.divisor > 1 &&
                  op.dims[index.dim].kind == DimKind::Reduction;
         });
}

/// The divisor by which an operand knows a dim; 0 for one that it does not.
static int64_t divisorOf(const OperandSpec &operand, size_t dim) {
  for (const IndexExpr &index : operand.indexing)
    if (index.dim == int(dim))
      return index.divisor;
  return 0;
}

/// What stays in the core while rows pass: weights, else state, else the last
/// operand before the result.
const OperandSpec *OpView::held() const {
  for (TensorRole role : {TensorRole::Weights, TensorRole::State})
    for (const OperandSpec &operand : op.operands)
      if (operand.role == role && operand.indexing.size() > 1 &&
          (role == TensorRole::State || !isBlocked(operand)))
        return &operand;
  return op.operands.size() > 2 ? &op.operands[op.operands.size() - 2]
                                : nullptr;
}

ProductShape OpView::product() const {
  ProductShape shape;
  shape.k = points(DimKind::Reduction) * op.opsPerPoint / 2;
  const OperandSpec *stays = held();
  const OperandSpec *passes =
      op.operands.empty() ? nullptr : &op.operands.front();
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (op.dims[d].kind == DimKind::Reduction)
      continue;
    int64_t divisor = stays ? divisorOf(*stays, d) : 0;
    if (divisor == 0)
      shape.m *= lengths[d];
    else if (!passes || divisorOf(*passes, d) == 0)
      shape.n *= lengths[d];
    else {
      double blocks = std::ceil(lengths[d] / double(divisor));
      shape.batch *= blocks;
      shape.m *= std::min(lengths[d], double(divisor));
    }
  }
  // Points that a product leaves out lie on other cores.
  if (!perExpert)
    return shape;
  // Tokens that chose one expert pass it together.
  shape.batch *= std::min(activations.load, activations.experts);
  shape.m *= activations.load / std::min(activations.load, activations.experts);
  return shape;
}

double OpView::dequantised() const {
  if (op.opClass != OpClass::Contraction)
    return 0;
  double elements = 0;
  for (const OperandSpec &operand : op.operands)
    if (isDequantised(op, operand))
      elements += std::min(points(),
                           double(shardElements(op, operand, axes, sharding)));
  return elements;
}

double OpView::scaledSums() const {
  ProductShape shape = product();
  double sums = 0;
  for (const OperandSpec &operand : op.operands) {
    if (!scalesBlocksOfSum(op, operand))
      continue;
    double blocks = 1;
    for (const IndexExpr &index : operand.indexing)
      if (index.dim >= 0 && op.dims[index.dim].kind == DimKind::Reduction)
        blocks *=
            double(touchedBy(int64_t(lengths[index.dim]), index.divisor,
                             ceilDiv(op.dims[index.dim].size, index.divisor)));
    sums += shape.batch * shape.m * shape.n * blocks;
  }
  return sums;
}

double OpView::readBytes() const {
  double all = points(), bytes = 0;
  for (const OperandSpec &operand : op.operands) {
    if (op.opClass == OpClass::Lookup) {
      if (operand.role == TensorRole::Weights)
        bytes = std::max(bytes, all * operand.type.bits / 8);
      continue;
    }
    double elements = double(shardElements(op, operand, axes, sharding));
    // Of the experts in a group only the active ones are read.
    bytes += std::min(elements, all) * operand.type.bits / 8;
  }
  return bytes;
}

bool OpView::isBytesOnly() const {
  return op.opClass == OpClass::Lookup || op.opClass == OpClass::Opaque;
}

TypeRates OpView::type(const Rates &rates, bool hasPackedRows) const {
  double bits = op.computeType.bits > 0 ? op.computeType.bits : 16;
  TypeRates type = rates.of(op.computeType.name, bits);
  type.hasPackedRows = hasPackedRows;
  return type;
}

/// Rows are tokens and heads; the table of cosines is only read.
TileProgram OpView::rotaryProgram(const Rates &rates,
                                  const TypeRates &type) const {
  constexpr double kRotationOperations = 3;
  double columns = 1, rows = 1;
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (op.dims[d].name == "dim")
      columns *= lengths[d];
    else if (!isTableDim(op.dims[d]))
      rows *= lengths[d];
  TileProgram program = rotary(rates, type, rows, columns);
  if (op.opsPerPoint > kRotationOperations)
    program += rmsNorm(rates, type, rows, columns);
  return program;
}

TileProgram OpView::program(const Rates &rates, const TypeRates &type) const {
  double all = points();
  double rows = all / std::max(1.0, points(DimKind::Reduction));
  switch (op.opClass) {
  case OpClass::Contraction: {
    TileProgram program = cost::product(rates, type, product(), readBytes());
    program +=
        dequantise(rates, type, dequantised(), product().n, scaledSums());
    return program;
  }
  case OpClass::Softmax: {
    TileProgram program = softmax(rows, all);
    // A cap of the scores is a function of its own.
    double rest = op.opsPerPoint - 2 * kExponentialOperations;
    if (rest >= kExponentialOperations)
      program += silu(all);
    else if (rest > 0)
      program += elementwise(all, rest);
    return program;
  }
  case OpClass::TopK: {
    double choices = op.opsPerPoint - 2 * kExponentialOperations;
    if (choices < 1)
      return topK(all, op.opsPerPoint);
    return softmax(rows, all) + topK(all, choices);
  }
  case OpClass::Reduction: {
    constexpr double kNormOperations = 4;
    double rest = op.opsPerPoint - kNormOperations;
    if (rest < 0)
      return elementwise(all, op.opsPerPoint);
    TileProgram program = rmsNorm(rates, type, rows, all / rows);
    if (rest > 0)
      program += elementwise(all, rest);
    return program;
  }
  case OpClass::Elementwise: {
    if (op.name == "rotary")
      return rotaryProgram(rates, type);
    double rest = op.opsPerPoint - kExponentialOperations;
    if (rest < 0)
      return elementwise(all, op.opsPerPoint);
    TileProgram program = silu(all);
    if (rest > 0)
      program += elementwise(all, rest);
    return program;
  }
  case OpClass::Move:
    return elementwise(all, op.opsPerPoint);
  case OpClass::Lookup:
  case OpClass::Opaque:
    break;
  }
  return {};
}
