//===- RandomKernels.h - Kernels and regions for property tests -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_COST_RANDOMKERNELS_H
#define INLAY_UNITTESTS_COST_RANDOMKERNELS_H

#include "inlay/Model/Sharding.h"
#include "inlay/Target/Target.h"

#include <cmath>
#include <random>
#include <string>

namespace inlay::cost::testing {

/// A shipped target.
target::Target shipped(const std::string &name);

struct Sizes {
  int64_t tokens = 1, n = 64, k = 64;
};

/// y[t][n] = sum over k of x[t][k] w[n][k]; weights of `bits` bits.
model::KernelSpec linear(const Sizes &sizes, int bits = 16);
/// Rows of `context` values, exponentiated and divided by their sum.
model::KernelSpec softmaxRows(int64_t rows, int64_t context);
/// The routed product of E experts of n x k, top `perToken` of them.
model::KernelSpec experts(const Sizes &sizes, int64_t numExperts,
                          int64_t perToken);

/// Numbers from a fixed seed, spread evenly over orders of magnitude.
class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}
  int64_t size(int64_t most) {
    std::uniform_real_distribution<> exponent(0, std::log2(double(most)));
    return int64_t(std::exp2(exponent(engine)));
  }
  int64_t below(int64_t end) {
    return std::uniform_int_distribution<int64_t>(0, end - 1)(engine);
  }

private:
  std::mt19937 engine;
};

/// Several of norm, product, activation, softmax, attention over a state and
/// choice, one after the other, on some tokens.
model::KernelSpec layer(Random &random);

/// n over x, k over y.
model::Sharding cut(const model::KernelSpec &kernel, model::Extent region,
                    model::Extent groups = {1, 1});

} // namespace inlay::cost::testing

#endif // INLAY_UNITTESTS_COST_RANDOMKERNELS_H
