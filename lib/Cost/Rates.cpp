//===- Rates.cpp - What a target's figures mean for an estimate -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Rates.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using target::Target;

const char *inlay::cost::toString(Mode mode) {
  return mode == Mode::Ideal ? "ideal" : "calibrated";
}

Rates::Rates(const Target &target, Mode mode)
    : mode(mode), target(target), waveletBytes(target.wavelet.value),
      period(1 / target.linkRate.value), hop(target.hop.value),
      start(2 * target.ramp.value), ramp(target.ramp.value),
      networks(target.networks.valueOr(1)), isTorus(target.isTorus()),
      collectiveSetup(0), collectiveHop(hop), stage(2 * ramp + 1),
      librarySetup(0), vectorIssue(0), vectorWord(0), operandSetup(0),
      taskHandover(0), exponential(0), divide(0), reroute(0),
      readPeriod(1 / target.sramRead.value),
      writePeriod(1 / target.sramWrite.value),
      dequantise(target.dequantise.valueOr(0)) {
  if (!target.dequantise.isGiven())
    unknown.emplace_back("dequantise");
  if (mode == Mode::Ideal)
    return;
  const target::Quantity *scaled = target.primitive("software_scale");
  double scale = scaled ? scaled->value : 1;
  // A measured cost never undercuts what the hardware allows.
  auto take = [&](const char *name, double &value, double least,
                  double factor) {
    const target::Quantity *primitive = target.primitive(name);
    if (primitive)
      value = std::max(least, primitive->value * factor);
    else
      unknown.push_back(name);
  };
  // Links and routers are hardware, whose figures are published for each
  // machine: no scale of software touches them.
  take("wavelet_period", period, period, 1);
  take("stream_hop", hop, hop, 1);
  // What a synchronous reduction pays for a hop is software too: on WSE-3 twice
  // what routers take.
  take("collective_hop", collectiveHop, collectiveHop, scale);
  take("stream_start", start, start, scale);
  take("collective_setup", collectiveSetup, 0, scale);
  take("collective_stage", stage, stage, scale);
  take("library_setup", librarySetup, 0, scale);
  take("vector_issue", vectorIssue, 0, scale);
  take("vector_word", vectorWord, 0, scale);
  take("operand_setup", operandSetup, 0, scale);
  take("task_handover", taskHandover, 0, scale);
  take("exponential", exponential, 0, scale);
  take("divide", divide, 0, scale);
  take("reroute", reroute, 0, scale);
}

TypeRates Rates::of(const std::string &type, double bits) const {
  return {1 / target.macsPerCycle(type), 1 / target.elementsPerCycle(type),
          bits};
}

double Rates::wavelets(double bytes) const {
  return std::max(1.0, std::ceil(bytes / waveletBytes));
}

double Rates::lineHops(double cores, double size) const {
  if (isTorus && networks >= 2 && cores >= size)
    return std::floor(cores / 2);
  return cores - 1;
}
