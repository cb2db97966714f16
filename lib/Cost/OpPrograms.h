//===- OpPrograms.h - Which tile program an op runs -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the iteration space of an op and its cut to the sizes on the busiest
// core, and from these to a tile program (TilePrograms.h).
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_COST_OPPROGRAMS_H
#define INLAY_LIB_COST_OPPROGRAMS_H

#include "inlay/Cost/TilePrograms.h"
#include "inlay/Model/Sharding.h"

#include "llvm/ADT/SmallVector.h"

namespace inlay::cost {

/// True for the scales (or zero points) of blocks of weights that lie along
/// what the op sums over.
bool scalesBlocksOfSum(const model::OpSpec &op,
                       const model::OperandSpec &operand);

/// What a step brings to the groups of a layer of experts.
struct Activations {
  double load = 1;    ///< of the busiest group
  double experts = 1; ///< different ones among them, at most
  int64_t groups = 1; ///< that take part
  /// Operations by which a core follows where choices go.
  double following = 0;
};

bool isExpertDim(const model::IterationDim &dim);
bool isTokenDim(const model::IterationDim &dim);
bool isPerExpert(const model::KernelSpec &kernel, const model::OpSpec &op);

/// One op on the busiest core of its region. Dims that share an axis have a
/// common run of it; where tiles travel (`isTiled`) each is cut by itself.
class OpView {
public:
  OpView(const model::KernelSpec &kernel, const model::OpSpec &op,
         const model::OpSharding &axes, const model::Sharding &sharding,
         const Activations &activations, bool isTiled);

  /// Indices of each dim that the core works on. Dims of experts and their
  /// tokens have 1: `activations` count them.
  double length(size_t dim) const { return lengths[dim]; }
  /// Product of the lengths of all dims of a kind.
  double points(model::DimKind kind) const;
  /// Of all dims that the op works on, activations and density counted.
  double points() const;
  /// A contraction as products of matrices: rows are what the held operand
  /// (weights, state) does not know of, columns what only it knows.
  ProductShape product() const;
  /// Weights that the core converts before it multiplies.
  double dequantised() const;
  /// Sums of blocks of weights that share a scale: a core that scales these
  /// need not scale each weight. 0 where no scale lies in blocks along what is
  /// summed.
  double scaledSums() const;
  /// Bytes that the op reads. A contraction streams its weights or state once
  /// for each token; lookups read what they execute.
  double readBytes() const;
  /// True for work that is nothing but bytes.
  bool isBytesOnly() const;

  TypeRates type(const Rates &rates, bool hasPackedRows) const;
  TileProgram program(const Rates &rates, const TypeRates &type) const;

private:
  const model::OperandSpec *held() const;
  TileProgram rotaryProgram(const Rates &rates, const TypeRates &type) const;

  const model::OpSpec &op;
  const model::OpSharding &axes;
  const model::Sharding &sharding;
  const Activations &activations;
  bool perExpert;
  llvm::SmallVector<double, 8> lengths;
};

} // namespace inlay::cost

#endif // INLAY_LIB_COST_OPPROGRAMS_H
