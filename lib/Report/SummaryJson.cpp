//===- SummaryJson.cpp - A plan in some members of JSON ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Report/Report.h"

#include "inlay/Support/Format.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::plan;
namespace json = llvm::json;

static void addCycles(json::OStream &out, const Cycles &cycles) {
  out.attribute("total", cycles.total);
  out.attribute("compute", cycles.compute);
  out.attribute("sram", cycles.sram);
  out.attribute("fabric_latency", cycles.fabricLatency);
  out.attribute("fabric_bandwidth", cycles.fabricBandwidth);
  out.attribute("software", cycles.software);
  out.attribute("crossing", cycles.crossing);
  out.attribute("contention", cycles.contention);
}

static void addEstimate(json::OStream &out, const Estimate &estimate) {
  out.attribute("mode", estimate.mode);
  out.attributeObject("cycles", [&] { addCycles(out, estimate.latency); });
  out.attribute("worst_case_cycles", estimate.worstCaseLatency);
  out.attribute("bound_cycles", estimate.bound.cycles);
  out.attribute("binding", estimate.bound.binding);
  out.attribute("model_bound_cycles", estimate.modelBound.cycles);
  out.attribute("model_bound_wafers", estimate.modelBound.wafers);
  out.attribute("gap", estimate.gap);
  out.attribute("unknown_bytes", estimate.unknownBytes);
  out.attributeArray("other_placements", [&] {
    for (const OtherPlacement &other : estimate.otherPlacements)
      out.object([&] {
        out.attribute("placement", other.placement);
        out.attribute("cycles", other.latency);
      });
  });
  out.attributeObject("in_flight", [&] {
    out.attribute("steps", estimate.inFlight.steps);
    out.attribute("period", estimate.inFlight.period);
    out.attribute("turn", estimate.inFlight.turn);
    out.attribute("fill", estimate.inFlight.fill);
    out.attribute("drain", estimate.inFlight.drain);
  });
  out.attributeArray("rates", [&] {
    for (const Rate &rate : estimate.rates)
      out.object([&] {
        out.attribute("clock_ghz", rate.clockGhz);
        out.attribute("tokens_per_user", rate.tokensPerUser);
        out.attribute("tokens_per_system", rate.tokensPerSystem);
        out.attribute("tokens_in_flight", rate.tokensInFlight);
      });
  });
}

std::string inlay::report::summaryJson(const Plan &plan,
                                       const std::vector<std::string> &files) {
  int64_t fullest = 0, cores = 0;
  for (const Region &region : plan.regions) {
    fullest = std::max(fullest, region.bytesPerCore);
    cores += region.rectangle.width * region.rectangle.height;
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  json::OStream out(os, /*IndentSize=*/2);
  out.object([&] {
    out.attribute("model", toUtf8(plan.model));
    out.attribute("phase", plan.step.phase);
    out.attribute("batch", plan.step.batch);
    out.attribute("context", plan.step.context);
    out.attribute("tokens", plan.step.tokens);
    out.attribute("sequences_in_flight", plan.step.sequencesInFlight);
    out.attribute("target", toUtf8(plan.system.target));
    out.attribute("feasible", plan.feasible);
    out.attribute("wafers", plan.system.wafers);
    out.attribute("regions", int64_t(plan.regions.size()));
    out.attribute("kernels", int64_t(plan.kernels.size()));
    out.attribute("cores_used", cores);
    out.attribute("fullest_core_bytes", fullest);
    out.attribute("budget_bytes",
                  plan.system.sramBytes - plan.system.reservedBytes);
    out.attribute("memory_ratio", memoryRatio(plan).value);
    out.attribute("max_context", plan.maxContext);
    out.attribute("weight_bytes", plan.accounting.weightBytes);
    out.attribute("state_bytes", plan.accounting.stateBytes);
    out.attributeObject("estimate", [&] { addEstimate(out, plan.estimate); });
    out.attributeArray("other_phases", [&] {
      for (const PhaseEstimate &phase : plan.otherPhases)
        out.object([&] {
          out.attribute("phase", phase.phase);
          out.attribute("batch", phase.batch);
          out.attribute("context", phase.context);
          out.attribute("tokens", phase.tokens);
          out.attribute("firings", phase.firings);
          out.attributeObject("cycles", [&] { addCycles(out, phase.latency); });
          out.attribute("bound_cycles", phase.bound.cycles);
          out.attribute("binding", phase.bound.binding);
          out.attribute("gap", phase.gap);
        });
    });
    out.attributeArray("files", [&] {
      for (const std::string &file : files)
        out.value(toUtf8(file));
    });
  });
  os << '\n';
  return text;
}
