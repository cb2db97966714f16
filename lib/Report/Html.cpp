//===- Html.cpp - A plan as a page ----------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Svg.h"

#include "inlay/Report/Report.h"
#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace inlay;
using namespace inlay::plan;
using namespace inlay::report;

/// Width of a wafer's picture, in pixels.
static constexpr double kPictureWidth = 700;

static constexpr const char *kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Inlay plan</title><style>
body { font: 14px sans-serif; margin: 2em; color: #222; }
pre, td.number { font-family: monospace; }
td.number, th.number { text-align: right; }
table { border-collapse: collapse; }
td, th { padding: 2px 10px; border-bottom: 1px solid #ddd; text-align: left; }
svg { border: 1px solid #888; background: #f4f4f4; margin-bottom: 2em; }
svg text { text-anchor: middle; dominant-baseline: central; font-family: sans-serif; pointer-events: none; }
rect { stroke: #fff; stroke-width: 0.5px; vector-effect: non-scaling-stroke; }
rect.region { fill: none; stroke: #000; }
rect.group { fill: none; stroke: #000; stroke-opacity: 0.35; }
rect.dead { fill: #444; }
.embedding { fill: #8dd3c7; } .attention { fill: #80b1d3; } .mlp { fill: #b3de69; }
.router { fill: #ffed6f; } .experts { fill: #fdb462; } .shared_expert { fill: #fccde5; }
.head { fill: #bc80bd; } .other { fill: #d9d9d9; }
.swatch { display: inline-block; width: 1em; height: 1em; vertical-align: middle; margin: 0 4px 0 14px; }
</style></head><body>
)";

static Box toBox(const Rectangle &rect) {
  return {double(rect.x), double(rect.y), double(rect.width),
          double(rect.height)};
}

/// Part of a core's data SRAM that a region's kernels fill.
static double fillOf(const Plan &plan, const Region &region) {
  int64_t budget = plan.system.sramBytes - plan.system.reservedBytes;
  return budget > 0 ? double(region.bytesPerCore) / double(budget) : 0;
}

static std::string tooltip(const Plan &plan, const Region &region,
                           const Kernel &kernel) {
  return fmt::format("{}\n{} x {} cores at ({}, {}), region {} of {} kernel{}"
                     "\n{} of SRAM per core, {:.0f}%\n{:.0f} cycles",
                     kernel.name, region.rectangle.width,
                     region.rectangle.height, region.rectangle.x,
                     region.rectangle.y, region.name, region.kernels.size(),
                     region.kernels.size() == 1 ? "" : "s",
                     formatBytes(region.bytesPerCore),
                     100 * fillOf(plan, region), kernel.cycles.total);
}

/// A region as bands, one for each of its kernels from top to bottom in the
/// order of their turns, as high as the part of the region's time that they
/// take.
static void addRegion(const Plan &plan, const Region &region,
                      const std::vector<const Kernel *> &kernels, Svg &svg) {
  double sum = 0;
  for (const Kernel *kernel : kernels)
    sum += kernel->cycles.total;
  Box box = toBox(region.rectangle);
  double opacity = 0.35 + 0.65 * std::min(1.0, fillOf(plan, region));
  Box band = box;
  for (const Kernel *kernel : kernels) {
    double part =
        sum > 0 ? kernel->cycles.total / sum : 1 / double(kernels.size());
    band.height = box.height * part;
    svg.rect(band, kernel->role, fmt::format("fill-opacity:{:.2f}", opacity),
             tooltip(plan, region, *kernel));
    svg.label(band, kernel->name);
    band.y += band.height;
  }
  svg.rect(box, "region", "", "");
  // Groups of one kernel only: those of the others would cover them.
  auto grouped =
      std::find_if(kernels.begin(), kernels.end(), [](const Kernel *kernel) {
        return !kernel->groups.empty();
      });
  if (grouped != kernels.end())
    for (const ExpertGroup &group : (*grouped)->groups)
      svg.rect(toBox(group.rectangle), "group", "", "");
}

/// One wafer: regions with their kernels by role, paler where the SRAM is
/// emptier.
static std::string picture(const Plan &plan, int64_t wafer) {
  Svg svg(double(plan.system.width), double(plan.system.height), kPictureWidth);
  for (const Rectangle &rect : plan.system.dead)
    svg.rect(toBox(rect), "dead", "", "dead cores");
  std::map<std::string, const Kernel *> kernels;
  for (const Kernel &kernel : plan.kernels)
    kernels[kernel.name] = &kernel;
  for (const Region &region : plan.regions) {
    if (region.wafer != wafer)
      continue;
    std::vector<const Kernel *> held;
    for (const std::string &name : region.kernels)
      if (auto kernel = kernels.find(name); kernel != kernels.end())
        held.push_back(kernel->second);
    addRegion(plan, region, held, svg);
  }
  return svg.str();
}

static std::string legend() {
  std::string text = "<p>";
  for (const char *role : {"embedding", "attention", "mlp", "router", "experts",
                           "shared_expert", "head", "other"})
    text += fmt::format("<svg class=\"swatch\" width=\"14\" height=\"14\">"
                        "<rect class=\"{0}\" width=\"14\" height=\"14\"/></svg>"
                        "{0}",
                        role);
  return text + ". Kernels of a region take turns on all of its cores: their "
                "bands are as high as the part of its time that each takes. "
                "The stronger the colour, the fuller the cores' SRAM; thin "
                "lines are expert groups.</p>\n";
}

static std::string kernelTable(const Plan &plan) {
  std::string text =
      "<h2>Kernels</h2>\n<table><tr><th>kernel</th><th>role</th>"
      "<th class=\"number\">wafer</th><th>region</th>"
      "<th class=\"number\">at</th>"
      "<th class=\"number\">cores</th><th class=\"number\">groups</th>"
      "<th class=\"number\">B per core</th><th class=\"number\">cycles</th>"
      "<th class=\"number\">bound</th><th>binds</th></tr>\n";
  for (const Kernel &kernel : plan.kernels) {
    const Rectangle &rect = kernel.rectangle;
    text += fmt::format(
        "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td>{}</td>"
        "<td class=\"number\">{}, {}</td><td class=\"number\">{} x {}</td>"
        "<td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{:.0f}</td><td class=\"number\">{:.0f}</td>"
        "<td>{}</td></tr>\n",
        escapeXml(kernel.name), escapeXml(kernel.role), kernel.wafer,
        escapeXml(kernel.region), rect.x, rect.y, rect.width, rect.height,
        kernel.groups.size(), formatCount(kernel.bytesPerCore),
        kernel.cycles.total, kernel.bound.cycles,
        escapeXml(kernel.bound.binding));
  }
  return text + "</table>\n";
}

std::string inlay::report::html(const Plan &plan) {
  std::string text = kHead;
  text +=
      fmt::format("<h1>{} on {}</h1>\n<pre>{}</pre>\n", escapeXml(plan.model),
                  escapeXml(plan.system.target), escapeXml(summary(plan)));
  text += legend();
  for (int64_t wafer = 0; wafer < plan.system.wafers; ++wafer)
    text += fmt::format("<h2>Wafer {}</h2>\n{}", wafer, picture(plan, wafer));
  text += kernelTable(plan);
  text += "<h2>Assumptions</h2>\n<ul>\n";
  for (const std::string &assumption : plan.assumptions)
    text += fmt::format("<li>{}</li>\n", escapeXml(assumption));
  return text + "</ul>\n</body></html>\n";
}
