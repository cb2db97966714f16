//===- CoreWork.h - What the cores of a kernel do themselves ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas of docs/plan.md, Work, for the busiest core of a kernel, from
// the ops and figures that the plan itself gives.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_COREWORK_H
#define INLAY_LIB_CHECK_COREWORK_H

#include "Plan.h"

#include "llvm/ADT/SmallVector.h"

#include <map>
#include <tuple>

namespace inlay::checker {

/// Cycles of a core by cause.
struct CoreCycles {
  double compute = 0, sram = 0, software = 0;

  double total() const { return compute + sram + software; }
  CoreCycles &operator+=(const CoreCycles &other) {
    compute += other.compute;
    sram += other.sram;
    software += other.software;
    return *this;
  }
};

/// Vector instructions that are alike.
struct VectorRun {
  bool multipliesAndAdds = false;
  double instructions = 0, length = 0; ///< elements of each
  double operands = 0;                 ///< described anew, over the whole run
  double readBytes = 0; ///< of the whole run; 0: what its arithmetic reads
};

/// What a core runs, one after the other.
struct Program {
  llvm::SmallVector<VectorRun, 4> runs;
  double exponentials = 0, divides = 0; ///< of scalars

  void add(const Program &other);
};

/// Figures of a core, from the plan's system.
class CoreRates {
public:
  explicit CoreRates(const Plan &plan);

  /// Cycles of a program on elements of `type` of so many bits.
  CoreCycles cyclesOf(const Program &program, const std::string &type,
                      double bits) const;
  const Program &faster(const Program &first, const Program &second,
                        const std::string &type, double bits) const;
  /// For each multiply-accumulate, for each other operation. A type that the
  /// machine does not list goes at its slowest rate.
  double macPeriod(const std::string &type) const;
  double elementPeriod(const std::string &type) const;

  bool isCalibrated = false;
  double readPeriod = 0; ///< for each byte of SRAM
  double dequantise = 0; ///< operations for each weight
  double reroute = 0;    ///< of the collectives, to another axis

private:
  std::map<std::string, double> macs, elements; ///< in a cycle
  double issue = 0, word = 0, setup = 0, exponential = 0, divide = 0;
};

/// The program of one op on the busiest core of its kernel, and what of the
/// whole op no mapping can avoid.
class OpWork {
public:
  OpWork(const CoreRates &rates, const Kernel &kernel, const Op &op);

  CoreCycles cycles() const;
  /// Cycles of one core at its peak for all of the op: what bounds count.
  double leastCycles() const;

private:
  struct Product {
    double batch = 1, m = 1, k = 1, n = 1;
  };

  bool isLookup() const { return op.kind == "lookup" || op.kind == "opaque"; }
  double pointsOf(bool reductions) const;
  double points() const;
  Product product() const;
  const Operand *held() const;
  double elementsOf(const Operand &operand) const;
  double readBytes() const;
  bool isConverted(const Operand &operand) const;
  double converted() const;
  double scaledSums() const;
  Program program() const;
  Program multiply() const;
  Program convert() const;
  Program rotate() const;
  Program norm(double rows, double columns) const;
  const Program &faster(const Program &first, const Program &second) const {
    return rates.faster(first, second, type, bits);
  }

  const CoreRates &rates;
  const Kernel &kernel;
  const Op &op;
  std::string type; ///< in which it computes
  double bits = 16;
  bool isOfExperts = false;    ///< once for each choice of an expert
  std::vector<double> lengths; ///< indices of each dim
};

/// The algorithm by which sums go: kernel, op, axis and cores of a line, and
/// wavelets of a vector; of its pieces, negative, around a ring.
using SumAlgorithms =
    std::map<std::tuple<std::string, int64_t, std::string, int64_t, int64_t>,
             std::string>;
SumAlgorithms algorithmsOf(const Plan &plan);

class FabricRates;
struct SumNeed;
struct SumTurns;
/// As the routes have it, else the fastest.
std::string algorithmOf(const SumAlgorithms &algorithms,
                        const FabricRates &rates, const Kernel &kernel,
                        const SumNeed &need, const SumTurns &lines);

/// What the cores of a kernel work, between a least and a most. They differ
/// only where cores have no room and read from elsewhere.
struct KernelWork {
  CoreCycles least, most;
};
KernelWork workOf(const Plan &plan, const CoreRates &rates,
                  const FabricRates &fabric, const SumAlgorithms &algorithms,
                  const Kernel &kernel);

/// What the fabric takes for the sums and moves of a kernel and the ways of its
/// groups of experts, without what passes while cores work.
struct FabricCycles;
FabricCycles waysOf(const Plan &plan, const CoreRates &cores,
                    const FabricRates &rates, const SumAlgorithms &algorithms,
                    const Kernel &kernel);

/// What bounds of a kernel count on one core at its peak: operations, and
/// reading each byte of the weights that a firing uses.
struct LeastWork {
  double compute = 0, sram = 0;
};
LeastWork leastWorkOf(const CoreRates &rates, const Kernel &kernel);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_COREWORK_H
