//===- Figures.h - The numbers that describe a machine ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one list of a target's figures: the reader of target files, the wafer
// dialect's `#inlay_wafer.target` and its verifier all go by it. To add a
// figure, add a member to `Target`, a line here, and a property to the schema.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TARGET_FIGURES_H
#define INLAY_TARGET_FIGURES_H

#include "inlay/Target/Target.h"

namespace inlay::target {

/// One number of `Target`.
struct Figure {
  const char *name;    ///< in `#inlay_wafer.target`
  const char *section; ///< object of the target file; "" for the file itself
  const char *key;     ///< member of that object
  const char *unit;
  double least; ///< smallest value that makes sense
  bool isRequired;
  Quantity Target::*member;
};

/// Numbers that something is divided by are at least this.
inline constexpr double kLeastPositive = 1e-6;
/// No number is larger, so that counts of bytes and cycles cannot overflow.
inline constexpr double kLargestFigure = 1e15;
/// Bytes of SRAM on a wafer, 2^62.
inline constexpr double kLargestWafer = 4611686018427387904.0;

inline constexpr Figure kFigures[] = {
    {"clock", "", "clock", "GHz", 1e-3, true, &Target::clock},
    {"sram", "core", "sram", "B", 1, true, &Target::sram},
    {"reserved", "core", "reserved", "B", 0, true, &Target::reserved},
    {"sram_read", "core", "sram_read", "B/cycle", kLeastPositive, true,
     &Target::sramRead},
    {"sram_write", "core", "sram_write", "B/cycle", kLeastPositive, true,
     &Target::sramWrite},
    {"banks", "core", "banks", "1", 1, false, &Target::banks},
    {"dequantise", "core", "dequantise", "1", 0, false, &Target::dequantise},
    {"wavelet", "fabric", "wavelet", "B", 1, true, &Target::wavelet},
    {"link_rate", "fabric", "link_rate", "wavelet/cycle", kLeastPositive, true,
     &Target::linkRate},
    {"hop", "fabric", "hop", "cycle", 0, true, &Target::hop},
    {"ramp", "fabric", "ramp", "cycle", 0, true, &Target::ramp},
    {"colours", "fabric", "colours", "1", 0, true, &Target::coloursTotal},
    {"wrap", "fabric", "wrap", "1", 0, false, &Target::wrap},
    {"networks", "fabric", "networks", "1", 1, false, &Target::networks},
    {"wafer_bandwidth", "wafer_link", "bandwidth", "GB/s", kLeastPositive, true,
     &Target::waferBandwidth},
    {"wafer_latency", "wafer_link", "latency", "us", 0, true,
     &Target::waferLatency},
    {"dram_capacity", "dram", "capacity", "B", 1, false, &Target::dramCapacity},
    {"dram_bandwidth", "dram", "bandwidth", "GB/s", kLeastPositive, false,
     &Target::dramBandwidth},
};

/// Measured costs of software. In `#inlay_wafer.target` their names follow
/// "primitive.".
struct PrimitiveName {
  const char *name;
  const char *unit;
  double least;
};

inline constexpr PrimitiveName kPrimitives[] = {
    // One link: cycles for each wavelet of a stream, for each hop of a stream
    // that only routers carry, and to start it (issue and ramps).
    {"wavelet_period", "cycle/wavelet", kLeastPositive},
    {"stream_hop", "cycle/hop", 0},
    {"stream_start", "cycle", 0},
    // A vector instruction: to issue it, for each 8 bytes that it writes, and
    // to describe one of its operands anew.
    {"vector_issue", "cycle", 0},
    {"vector_word", "cycle/8B", kLeastPositive},
    {"operand_setup", "cycle", 0},
    // From the end of an asynchronous operation to the task that follows it.
    {"task_handover", "cycle", 0},
    // A synchronous reduction: set-up on a core, cycles for each hop, and from
    // a core to the next that adds to what it receives.
    {"collective_setup", "cycle", 0},
    {"collective_hop", "cycle/hop", 0},
    {"collective_stage", "cycle", 0},
    // The vendor's library: fixed cost of an all-reduce.
    {"library_setup", "cycle", 0},
    // Scalars, one by one.
    {"exponential", "cycle", 0},
    {"divide", "cycle", 0},
    // The colours of all collectives led along the other axis.
    {"reroute", "cycle", 0},
    // Wavelets on the fullest link for each that must pass it, where many
    // streams cross in random order.
    // What all calibrated cycles are multiplied by.
    {"software_scale", "1", kLeastPositive},
};

} // namespace inlay::target

#endif // INLAY_TARGET_FIGURES_H
