//===- MappingTables.cpp - What the comparison of mappings prints ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingTables.h"

#include "inlay/Cost/Cost.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"

#include "fmt/format.h"

using namespace inlay;

bool MappingRow::isBest() const {
  double inside = estimate.latency.total - estimate.latency.crossing;
  return llvm::all_of(baselines, [&](const BaselineRow &row) {
    return !row.best.why.empty() || (estimate.latency.total < row.best.cycles &&
                                     inside < row.best.inside);
  });
}

plan::Cycles inlay::gapOf(const plan::Estimate &estimate) {
  const plan::Cycles &latency = estimate.latency;
  const plan::Bound &bound = estimate.bound;
  cost::Breakdown inside = {latency.compute,       latency.sram,
                            latency.fabricLatency, latency.fabricBandwidth,
                            latency.software,      /*crossing=*/0,
                            latency.contention};
  cost::Breakdown above = cost::gapByCause(
      inside, {bound.compute, bound.sram, bound.link, bound.bisection,
               bound.distance, /*crossing=*/0});
  above.crossing = latency.crossing - bound.crossing;
  plan::Cycles gap;
  gap.total = above.total();
  gap.compute = above.compute;
  gap.sram = above.sram;
  gap.fabricLatency = above.fabricLatency;
  gap.fabricBandwidth = above.fabricBandwidth;
  gap.software = above.software;
  gap.crossing = above.crossing;
  gap.contention = above.contention;
  return gap;
}

static void printEstimates(const std::vector<MappingRow> &rows,
                           llvm::raw_ostream &os) {
  os << "| model | wafers | cycles | bound | binds | estimate / bound | above "
        "it: compute | SRAM | fabric latency | fabric bandwidth | software | "
        "crossing | contention | mapping s | compile s |\n";
  os << "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const MappingRow &row : rows) {
    const plan::Estimate &estimate = row.estimate;
    plan::Cycles gap = gapOf(estimate);
    os << fmt::format("| {} | {} | {:.0f} | {:.0f} | {} | {:.2f}", row.model,
                      row.wafers, estimate.latency.total, estimate.bound.cycles,
                      estimate.bound.binding, estimate.gap);
    for (double cause :
         {gap.compute, gap.sram, gap.fabricLatency, gap.fabricBandwidth,
          gap.software, gap.crossing, gap.contention})
      os << fmt::format(" | {:.0f}", cause);
    os << fmt::format(" | {:.2f} | {:.2f} |\n", row.mappingSeconds,
                      row.compileSeconds);
  }
}

static std::string cell(const BaselineCycles &cycles, double value,
                        double own) {
  if (!cycles.why.empty() && cycles.wafers == 0)
    return cycles.why;
  std::string text = fmt::format("{:.0f} ({:.2f})", value, value / own);
  if (cycles.wafers > 0)
    text += fmt::format(" on {} wafers", cycles.wafers);
  return text;
}

/// Cycles of each baseline with the ratio to Inlay's, with or without the time
/// of crossings.
static void printBaselines(const std::vector<MappingRow> &rows, bool isInside,
                           llvm::raw_ostream &os) {
  os << fmt::format("\nCycles {} the time of crossings (in brackets: over "
                    "Inlay's)\n\n",
                    isInside ? "without" : "with");
  os << "| model | Inlay";
  std::string rule = "|---|---";
  for (const BaselineRow &baseline : rows.front().baselines) {
    os << " | " << baseline.name << (baseline.name == "random" ? ", best" : "");
    rule += "|---";
    if (baseline.name != "random")
      continue;
    os << " | random, mean";
    rule += "|---";
  }
  os << " |\n" << rule << "|\n";
  auto pick = [&](const BaselineCycles &cycles) {
    return isInside ? cycles.inside : cycles.cycles;
  };
  for (const MappingRow &row : rows) {
    double own = row.estimate.latency.total -
                 (isInside ? row.estimate.latency.crossing : 0);
    os << fmt::format("| {} | {:.0f}", row.model, own);
    for (const BaselineRow &baseline : row.baselines) {
      os << " | " << cell(baseline.best, pick(baseline.best), own);
      const BaselineCycles &mean = baseline.mean.value_or(baseline.best);
      if (baseline.name == "random")
        os << " | " << cell(mean, pick(mean), own);
    }
    os << " |\n";
  }
}

void inlay::printMappingTables(const std::vector<MappingRow> &rows,
                               llvm::raw_ostream &os) {
  printEstimates(rows, os);
  for (bool isInside : {false, true})
    printBaselines(rows, isInside, os);
  auto best =
      llvm::count_if(rows, [](const MappingRow &row) { return row.isBest(); });
  auto near = llvm::count_if(
      rows, [](const MappingRow &row) { return row.estimate.gap <= 2; });
  os << fmt::format("\nBetter than every baseline: {} of {} models. Estimate / "
                    "bound at most 2.0: {} of {}.\n",
                    best, rows.size(), near, rows.size());
}

static void addCauses(llvm::json::OStream &out, const plan::Cycles &cycles) {
  for (auto [name, value] :
       {std::pair("total", cycles.total), std::pair("compute", cycles.compute),
        std::pair("sram", cycles.sram),
        std::pair("fabric_latency", cycles.fabricLatency),
        std::pair("fabric_bandwidth", cycles.fabricBandwidth),
        std::pair("software", cycles.software),
        std::pair("crossing", cycles.crossing),
        std::pair("contention", cycles.contention)})
    out.attribute(name, value);
}

static void addBaseline(llvm::json::OStream &out, const BaselineRow &row) {
  out.attribute("baseline", row.name);
  if (!row.best.why.empty()) {
    out.attribute("why_not", row.best.why);
    if (row.best.wafers == 0)
      return;
    out.attribute("wafers", row.best.wafers);
    out.attribute("cycles_there", row.best.cycles);
    out.attribute("cycles_there_without_crossings", row.best.inside);
    return;
  }
  out.attribute("cycles", row.best.cycles);
  out.attribute("cycles_without_crossings", row.best.inside);
  if (!row.mean)
    return;
  out.attribute("mean_cycles", row.mean->cycles);
  out.attribute("mean_cycles_without_crossings", row.mean->inside);
}

void inlay::printMappingJson(const std::vector<MappingRow> &rows,
                             llvm::raw_ostream &os) {
  llvm::json::OStream out(os, /*IndentSize=*/2);
  out.array([&] {
    for (const MappingRow &row : rows)
      out.object([&] {
        out.attribute("model", row.model);
        out.attribute("wafers", row.wafers);
        out.attributeObject("cycles",
                            [&] { addCauses(out, row.estimate.latency); });
        out.attribute("bound", row.estimate.bound.cycles);
        out.attribute("binding", row.estimate.bound.binding);
        out.attribute("estimate_over_bound", row.estimate.gap);
        out.attributeObject("above_bound",
                            [&] { addCauses(out, gapOf(row.estimate)); });
        out.attribute("mapping_seconds", row.mappingSeconds);
        out.attribute("compile_seconds", row.compileSeconds);
        out.attribute("better_than_every_baseline", row.isBest());
        out.attributeArray("baselines", [&] {
          for (const BaselineRow &baseline : row.baselines)
            out.object([&] { addBaseline(out, baseline); });
        });
      });
  });
  os << '\n';
}
