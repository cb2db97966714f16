//===- Rates.h - What a target's figures mean for an estimate ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The two modes of an estimate. `ideal` knows the limits of the hardware only.
// `calibrated` adds what software was measured to cost: the primitives of the
// target file, each with its source (docs/cost-model.md lists them).
//
// `Rates` turns a target into the few numbers that formulas use, once, so that
// a formula is a handful of multiplications. A primitive that the target does
// not give leaves the hardware's limit in its place and is listed in `unknown`:
// the estimate says so instead of guessing.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_RATES_H
#define INLAY_COST_RATES_H

#include "inlay/Target/Target.h"

#include <string>
#include <vector>

namespace inlay::cost {

enum class Mode { Ideal, Calibrated };
const char *toString(Mode mode);

/// Cycles for each operation on one element type.
struct TypeRates {
  double macPeriod = 0;     ///< cycles of a multiply-accumulate
  double elementPeriod = 0; ///< cycles of an elementwise operation
  double bits = 16;         ///< of an element in the compute type
  /// Rows follow each other without padding, as in the measured kernels, so
  /// that most of them start inside a memory word. Inlay's own buffers start
  /// every row at a word.
  bool hasPackedRows = false;
};

/// All times in cycles. In `ideal` mode the software costs are 0.
struct Rates {
  Rates(const target::Target &target, Mode mode);

  Mode mode;
  const target::Target &target; ///< must outlive this

  double waveletBytes; ///< payload of a wavelet
  double period;       ///< for each wavelet on a link
  double hop;          ///< for each hop of a stream that routers carry
  double start;        ///< to start a stream and see its end; ideal: 2 T_R
  double ramp;         ///< T_R, between router and core
  double networks;     ///< side by side
  bool isTorus;

  double collectiveSetup; ///< on a core, for a synchronous reduction
  double collectiveHop;   ///< for each hop of a synchronous reduction
  double stage;        ///< from a core to the next that adds; ideal: 2 T_R + 1
  double librarySetup; ///< of an all-reduce of the vendor's library

  double vectorIssue; ///< of a vector instruction
  double
      vectorWord; ///< for each 8 bytes that it writes; ideal: by type, see of
  double operandSetup; ///< to describe an operand of a vector instruction
  double taskHandover; ///< from the end of an operation to the next task
  double exponential;  ///< of a scalar
  double divide;       ///< of a scalar; also reciprocal, square root
  double reroute;      ///< of all colours of the collectives to another axis

  double readPeriod;  ///< cycles for each byte read from SRAM
  double writePeriod; ///< cycles for each byte written
  /// Operations for each weight that is dequantised.
  double dequantise;

  /// Primitives that a calibrated estimate misses, by name.
  std::vector<std::string> unknown;

  bool isCalibrated() const { return mode == Mode::Calibrated; }

  /// Rates of MLIR's `type` ("f16") of `bits` bits.
  TypeRates of(const std::string &type, double bits) const;

  /// Whole wavelets that carry `bytes`; at least one.
  double wavelets(double bytes) const;

  /// Most hops from one core of a line to any other: all of a line; half of a
  /// ring that a torus closes over all of `size` cores, with a network for
  /// either direction.
  double lineHops(double cores, double size) const;
};

} // namespace inlay::cost

#endif // INLAY_COST_RATES_H
