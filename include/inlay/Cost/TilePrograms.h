//===- TilePrograms.h - Cycles of what one core runs ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile program is a loop of vector instructions over a core's SRAM. In
// `ideal` mode it takes
//
//   max(operations / peak rate, bytes / SRAM width),
//
// the first being compute and the excess SRAM. In `calibrated` mode each vector
// instruction costs its issue, a word time for each 8 bytes that it writes
// (64-bit write port), and an operand set-up for each operand that is described
// anew; scalars cost what they were measured to:
//
//   instructions (issue + words word) + operands set-up + scalars
//
// with words = ceil(n bits / 64) for rows that start at a word. Packed rows of
// L = n bits / 8 bytes start at multiples of g = gcd(L, 8) in turn and touch
// (L + 8 - g) / 8 words on average.
//
// The operand counts of each program are those of the open wafer-scale kernels
// (WaferLLM, OSDI'25; docs/cost-model.md). No result undercuts the ideal one.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_TILEPROGRAMS_H
#define INLAY_COST_TILEPROGRAMS_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Cost/Rates.h"

namespace inlay::cost {

enum class VectorOp { MultiplyAccumulate, Elementwise };

/// A run of equal vector instructions.
struct VectorRun {
  VectorOp op = VectorOp::Elementwise;
  double instructions = 1;
  double length = 0;   ///< elements of each
  double operands = 0; ///< operands described anew, over the whole run
  double readBytes =
      0; ///< bytes read by the whole run; 0: what arithmetic needs
};

/// The building block of all others.
Breakdown vectors(const Rates &rates, const TypeRates &type,
                  const VectorRun &run);

/// `count` scalar functions, one by one.
Breakdown exponentials(const Rates &rates, const TypeRates &type, double count);
Breakdown divides(const Rates &rates, const TypeRates &type, double count);

/// y[n] += x[k] W[k][n]: k multiply-accumulates of n elements; clears y first.
///   clear: 1 operand, n; loop: 3 operands, k (issue + ceil(n) word)
Breakdown gemv(const Rates &rates, const TypeRates &type, double k, double n);

/// The product of one step, C[m][n] += A[m][k] B[k][n]: for each of k three
/// operands, then n multiply-accumulates of m elements.
Breakdown gemmStep(const Rates &rates, const TypeRates &type, double m,
                   double k, double n);

/// A tile product by itself, along the dim that makes the longest vectors.
Breakdown gemm(const Rates &rates, const TypeRates &type, double m, double k,
               double n);

/// Bytes of a message of `elements`, rounded DOWN to whole packets of
/// `multiple` elements as the open kernels send them; at least one packet.
double messageBytes(const TypeRates &type, double elements, int64_t multiple);

/// How a product over P x P cores moves its tiles.
struct ShiftPlan {
  bool shiftsX = true;      ///< A travels along x from step to step
  bool shiftsW = true;      ///< B travels along y
  bool alignsX = true;      ///< A is first brought to its start, P / 2 rounds
  int64_t multiple = 2;     ///< elements that messages are rounded down to
  bool freshFabric = false; ///< every message describes its fabric operands
};

/// C = A B on P x P cores by cyclic shifts on interleaved rings (MeshGEMM),
/// tiles m x k and k x n. Communication of a step overlaps its product:
///   align  floor(P / 2) rounds of: 2 operands, exchange of A, 1 hand-over
///   step   P times: 2 operands for each exchange, 2 hand-overs for each and
///          max(gemmStep, exchange of A, exchange of B)
/// with exchange = start + r B + 2 h.
Breakdown gemmCyclicShift(const Rates &rates, const TypeRates &type,
                          int64_t cores, double m, double k, double n,
                          const ShiftPlan &plan = {});

/// C = A B on P x P cores: in step i column i multicasts its A tile along rows,
/// row i its B tile along columns; the multicast of the next step overlaps the
/// product, colours are re-routed in every step:
///   P times: reroute + 4 operands + 4 hand-overs + max(gemmStep, multicasts)
Breakdown gemmSumma(const Rates &rates, const TypeRates &type, int64_t cores,
                    double m, double k, double n);

/// `ops` operations on each of `elements`, 3 operands each.
Breakdown elementwise(const Rates &rates, const TypeRates &type,
                      double elements, double ops = 1);

/// Root-mean-square norm of one row of `elements` on a core, collective left
/// out: square, sum, scale twice (9 operands), two divides and a square root.
Breakdown rmsNorm(const Rates &rates, const TypeRates &type, double elements);

/// Softmax of one row: maximum, subtract, exponentials, sum, scale (8
/// operands), one reciprocal; collectives left out.
Breakdown softmax(const Rates &rates, const TypeRates &type, double elements);

/// Rotary embedding: 4 multiplies, a subtract and an add of half the elements
/// (18 operands).
Breakdown rotary(const Rates &rates, const TypeRates &type, double elements);

/// The k largest of `elements`: k passes of a maximum.
Breakdown topK(const Rates &rates, const TypeRates &type, double elements,
               int64_t k);

/// x sigmoid(x) of each element: one exponential and one divide.
Breakdown silu(const Rates &rates, const TypeRates &type, double elements);

/// Weights of 8 bits or less turned into the type of the activations, in rows
/// of `length`.
Breakdown dequantise(const Rates &rates, const TypeRates &type, double elements,
                     double length);

} // namespace inlay::cost

#endif // INLAY_COST_TILEPROGRAMS_H
