//===- LocalWork.h - What the busiest core of an op computes ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tile program of one op on the core with the largest shard. What cores
// say to each other is the business of KernelCost.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_COST_LOCALWORK_H
#define INLAY_LIB_COST_LOCALWORK_H

#include "inlay/Cost/Cost.h"
#include "inlay/Cost/TilePrograms.h"

namespace inlay::cost {

/// Whether the op runs once for each activation of an expert.
bool isPerExpert(const model::KernelSpec &kernel, const model::OpSpec &op);

/// Cycles of a tile program, and the formula where somebody wants to read it.
struct Local {
  Breakdown cycles;
  std::string formula;
};

class LocalWork {
public:
  LocalWork(const model::KernelSpec &kernel, const model::Sharding &sharding,
            const Rates &rates, bool explains)
      : kernel(kernel), sharding(sharding), rates(rates), explains(explains) {}

  /// `activations`: tokens that the busiest group of experts works on.
  Local of(const model::OpSpec &op, const model::OpSharding &opSharding,
           double activations) const;

  /// Bytes that an op reads on the busiest core. A contraction streams its
  /// weights or state once for each token; lookups read what they execute.
  double bytesOf(const model::OpSpec &op, const model::OpSharding &opSharding,
                 double points) const;

  /// Length of a dim on the busiest core.
  double lengthOf(const model::OpSpec &op, const model::OpSharding &opSharding,
                  size_t dim) const;

private:
  using OpSpec = model::OpSpec;
  using OpSharding = model::OpSharding;

  double pointsOf(const OpSpec &op, const OpSharding &opSharding,
                  double activations) const;
  std::pair<double, double> loopsOf(const OpSpec &op,
                                    const OpSharding &opSharding) const;
  TypeRates ratesOf(const OpSpec &op) const;
  std::string describe(const VectorRun &run, const TypeRates &type,
                       double period) const;
  double reductionLength(const OpSpec &op, const OpSharding &opSharding) const;
  double dequantised(const OpSpec &op, const OpSharding &opSharding,
                     double points) const;

  const model::KernelSpec &kernel;
  const model::Sharding &sharding;
  const Rates &rates;
  bool explains;
};

} // namespace inlay::cost

#endif // INLAY_LIB_COST_LOCALWORK_H
