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

#include "llvm/ADT/SmallVector.h"

#include <string>

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

/// What one core runs: vector instructions and scalars, one after the other.
struct TileProgram {
  llvm::SmallVector<VectorRun, 4> runs;
  double exponentials = 0; ///< of scalars
  double divides = 0;      ///< of scalars; also reciprocals and square roots

  TileProgram &operator+=(const TileProgram &other);
  TileProgram operator+(const TileProgram &other) const;
  /// The same work `times` over.
  TileProgram operator*(double times) const;

  Breakdown cycles(const Rates &rates, const TypeRates &type) const;
  /// The formula with its numbers filled in; what it says is `cycles`.
  std::string formula(const Rates &rates, const TypeRates &type) const;
};

/// In `ideal` mode an exponential counts as this many vector operations on its
/// element, and a divide as none: the least that bounds allow for either.
inline constexpr double kExponentialOperations = 4;

/// y[n] += x[k] W[k][n]: k multiply-accumulates of n elements; clears y first.
///   clear: 1 operand, n; loop: 3 operands, k (issue + ceil(n) word)
/// Nothing is cleared in `ideal` mode, where the first product could write.
TileProgram gemv(const Rates &rates, double k, double n);

/// The product of one step, C[m][n] += A[m][k] B[k][n]: for each of k three
/// operands, then n multiply-accumulates of m elements.
TileProgram gemmStep(double m, double k, double n);

/// `batch` products of m x k by k x n.
struct ProductShape {
  double batch = 1, m = 1, k = 1, n = 1;
};

/// What a core does for a product of its tiles: row by row as a gemv, or, where
/// there are several rows and that is faster, by one gemmStep each.
TileProgram product(const Rates &rates, const TypeRates &type,
                    const ProductShape &shape, double readBytes);

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

/// C = A B^T on P x P cores, tiles m x k and n x k: B travels along y, A stays.
/// After each step the m x n partial products are added up along x by two
/// chains to a root that moves on from step to step. The chains of successive
/// steps follow each other: a core at the end of a row sends and goes on, so
/// that each step pays one dependent core, and the length of the row once.
///   P times: gemmStep, exchange of B overlapped, 2 operands and 2 hand-overs,
///            clear m n, A + 2 r B + h + s
///   once:    P (h + s)
Breakdown gemmTransposed(const Rates &rates, const TypeRates &type,
                         int64_t cores, double m, double k, double n,
                         const ShiftPlan &plan = {});

/// `ops` operations on each of `elements`, 3 operands each.
TileProgram elementwise(double elements, double ops = 1);

/// Root-mean-square norm of `rows` rows of `columns` on a core, collective left
/// out. Row by row: square, sum, scale twice (9 operands), two divides and a
/// square root; or, where that is faster, all rows at once along the columns.
TileProgram rmsNorm(const Rates &rates, const TypeRates &type, double rows,
                    double columns);

/// Softmax of rows with `elements` in all: scale, maximum, subtract,
/// exponentials, sum, scale (10 operands), one reciprocal for each row;
/// collectives left out.
TileProgram softmax(double rows, double elements);

/// Rotary embedding of `rows` rows of `columns`: 4 multiplies, a subtract and
/// an add of half the elements (18 operands), row by row or all rows at once
/// pair by pair, whichever is faster.
TileProgram rotary(const Rates &rates, const TypeRates &type, double rows,
                   double columns);

/// The k largest of `elements`: k passes of a maximum.
TileProgram topK(double elements, double k);

/// x sigmoid(x) of each element: one exponential and one divide.
TileProgram silu(double elements);

/// Of the operations that dequantise a weight, those that scale it.
inline constexpr double kScaling = 1;

/// Weights of 8 bits or less turned into the type of the activations, in rows
/// of `length`. Where scales lie in blocks along what is summed (`scaledSums`
/// of them on a core, one for each sum of a block), a core multiplies by the
/// weights as they are and scales what each block sums up to, if that is
/// faster: sum over b of s_b (sum over k in b of x_k q_k).
TileProgram dequantise(const Rates &rates, const TypeRates &type,
                       double elements, double length, double scaledSums);

} // namespace inlay::cost

#endif // INLAY_COST_TILEPROGRAMS_H
