//===- KernelCollectives.cpp - What cores of a kernel say to each other ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelCollectives.h"

#include "OpPrograms.h"
#include "inlay/Model/Cuts.h"
#include "inlay/Model/SumLines.h"
#include "inlay/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;

const char *inlay::cost::nameOf(Axis axis) {
  return axis == Axis::X ? "x" : "y";
}

/// Values that one line sums, or one for each row of a norm, softmax or choice.
static double elementsOf(const KernelSpec &kernel, const OpSpec &op,
                         const std::vector<Cut> &cuts, double load) {
  bool isExperts = kernel.role == KernelRole::Experts;
  double elements = isExperts ? load : 1;
  auto counts = [&](size_t d) {
    const IterationDim &dim = op.dims[d];
    return dim.kind != DimKind::Reduction &&
           !(isExperts && (isExpertDim(dim) || isTokenDim(dim)));
  };
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (cuts[d].axis == Axis::None && counts(d))
      elements *= double(op.dims[d].size);
  for (Axis axis : {Axis::X, Axis::Y, Axis::Group})
    elements *= double(valuesSeen(cuts, axis, counts));
  // A choice sends the best of every core: a number and its index each.
  if (op.opClass == OpClass::TopK && !kernel.outputs.empty())
    elements *= 2 * double(kernel.outputs.back().shape.back());
  return elements;
}

std::vector<LineSum> inlay::cost::sumsOf(const KernelSpec &kernel,
                                         const OpSpec &op,
                                         const OpSharding &opSharding,
                                         const Sharding &sharding,
                                         double load) {
  std::vector<LineSum> sums;
  std::vector<Cut> cuts;
  for (Axis axis : {Axis::X, Axis::Y}) {
    int64_t cores = coresOfSum(op, opSharding, sharding, axis);
    if (cores <= 1)
      continue;
    if (cuts.empty())
      cuts = opCuts(op, opSharding, sharding);
    double elements = elementsOf(kernel, op, cuts, load);
    LineSum sum = {axis, cores, elements, op.name == "rms_norm", 0};
    if (op.opClass == OpClass::Softmax)
      sum = {axis, cores, 2 * elements, true, elements};
    sums.push_back(sum);
  }
  return sums;
}

static bool isValue(const OperandSpec &operand) {
  return operand.role == TensorRole::Local ||
         operand.role == TensorRole::Output;
}

llvm::ArrayRef<OperandSpec> inlay::cost::readsOf(const OpSpec &op) {
  llvm::ArrayRef<OperandSpec> reads = op.operands;
  return reads.size() > 1 && isValue(reads.back()) ? reads.drop_back() : reads;
}

static bool turnsPositions(const OpSpec &op) {
  return std::any_of(
      op.dims.begin(), op.dims.end(),
      [](const IterationDim &dim) { return dim.name == "position"; });
}

bool inlay::cost::worksInPlace(const OpSpec &op) {
  bool moves = op.opClass == OpClass::Move && !isSlice(op) && !isConcat(op);
  return moves || turnsPositions(op);
}

void PendingSum::add(const OpSpec &op, int index, const LineSum &more,
                     double cycles) {
  makers.push_back(index);
  work.push_back({cycles, more.elements});
  name += (name.empty() ? "" : " + ") + op.name;
  LineSum both = more;
  both.elements += sum.elements;
  both.maxima += sum.maxima;
  sum = both;
  if (!op.operands.empty() && isValue(op.operands.back()))
    results.push_back(
        {op.operands.back().role, op.operands.back().tensor, more.scalesLater});
}

bool PendingSum::holdsUp(const OpSpec &op, const std::vector<LineSum> &sums,
                         const OperandSpec &operand) const {
  bool goesAlong = op.opClass == OpClass::Contraction && sums.size() == 1 &&
                   sums.front().isAlong(sum);
  return std::any_of(results.begin(), results.end(), [&](const Result &result) {
    return result.role == operand.role && result.tensor == operand.tensor &&
           !(result.scalesLater && goesAlong);
  });
}

void Values::define(const OpSpec &op, const OpSharding &opSharding) {
  if (op.operands.empty() || !isValue(op.operands.back()))
    return;
  const OperandSpec &made = op.operands.back();
  if (made.tensor < 0 || made.indexing.empty())
    return;
  const OperandSpec &first = op.operands.front();
  if (turnsPositions(op)) {
    auto input = known.find({first.role, first.tensor});
    if (input != known.end())
      known[{made.role, made.tensor}] = Value(input->second);
    return;
  }
  if (isSlice(op))
    if (const Value *source = find(first.role, first.tensor))
      if (std::optional<Layout> part = sliceOf(op, source->layout)) {
        int bits = source->bits;
        known[{made.role, made.tensor}] = {std::move(*part), bits};
        return;
      }
  known[{made.role, made.tensor}] = {layoutOf(op, made, opSharding, sharding),
                                     made.type.bits};
}

std::optional<Layout> Values::wanted(const OpSpec &op,
                                     const OperandSpec &operand,
                                     const OpSharding &opSharding,
                                     const Value &value) const {
  const Layout &now = value.layout;
  if (isConcat(op))
    return placeInConcat(op, operand, now, opSharding, sharding);
  if (isSlice(op)) {
    if (sliceOf(op, now))
      return std::nullopt;
    Layout all = everywhere(now.features, now.tokens);
    all.cutTokens = now.cutTokens;
    return all;
  }
  if (operand.indexing.empty())
    return std::nullopt;
  return layoutOf(op, operand, opSharding, sharding);
}

const Value *Values::find(TensorRole role, int tensor) {
  auto it = known.find({role, tensor});
  if (it != known.end())
    return &it->second;
  if (role != TensorRole::Input || sharding.numGroups() > 1 || tensor < 0 ||
      tensor >= int(kernel.inputs.size()))
    return nullptr;
  const PortSpec &port = kernel.inputs[tensor];
  if (port.shape.empty())
    return nullptr;
  int64_t features = port.shape.back(), tokens = 1;
  for (size_t d = 0; d + 1 < port.shape.size(); ++d)
    tokens *= port.shape[d];
  return &(known[{role, tensor}] = {
               handedOver(features, tokens, sharding.group), port.type.bits});
}
