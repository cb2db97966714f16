//===- Decisions.cpp - What was considered, and why the winner won --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Mapping/Decisions.h"

#include "inlay/Support/Format.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include "fmt/format.h"

#include <cmath>

using namespace inlay;
using namespace inlay::mapping;
namespace json = llvm::json;

static std::string rounded(double cycles) {
  return formatCount(static_cast<int64_t>(std::llround(cycles)));
}

static std::string sizeOf(model::Extent extent) {
  return fmt::format("{} x {}", extent.width, extent.height);
}

/// "wafers 1 to 4, 6".
static std::string namesOf(const std::vector<int64_t> &wafers) {
  std::string text = wafers.size() == 1 ? "wafer" : "wafers";
  for (size_t i = 0; i < wafers.size(); ++i) {
    size_t last = i;
    while (last + 1 < wafers.size() && wafers[last + 1] == wafers[last] + 1)
      ++last;
    text += fmt::format("{} {}", i ? "," : "", wafers[i]);
    if (last > i)
      text += fmt::format("{} {}", last == i + 1 ? "," : " to", wafers[last]);
    i = last;
  }
  return text;
}

/// The attempt of fewest cycles, and the best with another number of regions;
/// null where there is none.
static std::pair<const floorplan::Attempt *, const floorplan::Attempt *>
bestTwo(const WaferDecision &stage) {
  const floorplan::Attempt *best = nullptr, *second = nullptr;
  for (const floorplan::Attempt &attempt : stage.attempts) {
    if (attempt.regions == 0)
      continue; // kernels that hold nothing
    if (!best || attempt.cycles < best->cycles) {
      second = best;
      best = &attempt;
    } else if (!second || attempt.cycles < second->cycles) {
      second = &attempt;
    }
  }
  return {best, second};
}

/// Why the winner won, in one line.
static std::string reasonOf(const WaferDecision &stage) {
  auto [best, second] = bestTwo(stage);
  if (!best)
    return "the regions were given";
  if (!second)
    return fmt::format("only {} region{} hold{} the kernels", best->regions,
                       best->regions == 1 ? "" : "s",
                       best->regions == 1 ? "s" : "");
  const char *why = second->regions > best->regions
                        ? "kernels compute longer on smaller regions"
                        : "collectives have further to go on larger regions";
  return fmt::format(
      "{} region{} take{} {:.1f} % fewer cycles than {}: {}", best->regions,
      best->regions == 1 ? "" : "s", best->regions == 1 ? "s" : "",
      100 * (1 - best->cycles / second->cycles), second->regions, why);
}

/// "a to c, e": runs of kernels.
static std::string kernelsOf(const WaferDecision &stage,
                             const floorplan::Kernels &kernels) {
  std::string text;
  for (size_t i = 0; i < kernels.size(); ++i) {
    size_t last = i;
    while (last + 1 < kernels.size() && kernels[last + 1] == kernels[last] + 1)
      ++last;
    text += (i ? ", " : "") + stage.kernels[kernels[i]];
    if (last > i)
      text += " to " + stage.kernels[kernels[last]];
    i = last;
  }
  return text;
}

static void addStage(const WaferDecision &stage, std::string &text) {
  text += fmt::format("{}: {} kernels, {} to {}\n", namesOf(stage.wafers),
                      stage.kernels.size(), stage.kernels.front(),
                      stage.kernels.back());
  const floorplan::Attempt *best = bestTwo(stage).first;
  if (best)
    text += fmt::format("  {:>8} {:>14} {:>14} {:>14}\n", "regions", "cycles",
                        "smallest", "largest");
  for (const floorplan::Attempt &attempt : stage.attempts)
    text += fmt::format("{} {:>8} {:>14} {:>14} {:>14}\n",
                        &attempt == best ? "*" : " ", attempt.regions,
                        rounded(attempt.cycles), sizeOf(attempt.least),
                        sizeOf(attempt.most));
  text += fmt::format("  {}\n", reasonOf(stage));
  for (const floorplan::Region &region : stage.regions)
    text += fmt::format("  {:>14} at ({}, {}): {}, {} cycles, {} a core\n",
                        sizeOf(region.rect.extent()), region.rect.x,
                        region.rect.y, kernelsOf(stage, region.kernels),
                        rounded(region.cycles), formatBytes(region.bytes));
}

/// Why so many groups, in one line.
static std::string reasonOf(const GroupsDecision &layer) {
  const GroupCount *chosen = nullptr, *other = nullptr;
  for (const GroupCount &count : layer.considered)
    if (count.groups == layer.groups)
      chosen = &count;
    else if (!other || count.cycles < other->cycles)
      other = &count;
  if (!chosen || !other)
    return "no other number of groups fits";
  if (other->cycles < chosen->cycles)
    return fmt::format("{} would take {:.1f} % fewer cycles, but more bytes "
                       "than the region has left",
                       other->groups,
                       100 * (1 - other->cycles / chosen->cycles));
  const char *why = other->groups > chosen->groups
                        ? "the busiest of more groups is busier than its cores "
                          "make up for"
                        : "collectives within fewer groups have further to go";
  return fmt::format("{} would take {:.1f} % more cycles: {}", other->groups,
                     100 * (other->cycles / chosen->cycles - 1), why);
}

static void addExperts(const GroupsDecision &layer, std::string &text) {
  text += fmt::format(
      "experts of {}{}, on {}: {} groups{}\n", layer.kernel,
      layer.kernels > 1 ? fmt::format(" and {} more", layer.kernels - 1) : "",
      sizeOf(layer.region), layer.groups,
      layer.replicas > 0 ? fmt::format(", {} replicas", layer.replicas) : "");
  text += fmt::format("  {:>8} {:>14} {:>14} {:>14}\n", "groups", "cycles",
                      "at worst", "round robin");
  for (const GroupCount &count : layer.considered)
    text += fmt::format("{} {:>8} {:>14} {:>14} {:>14}\n",
                        count.groups == layer.groups ? "*" : " ", count.groups,
                        rounded(count.cycles), rounded(count.worst),
                        rounded(count.roundRobin));
  text += fmt::format("  {}\n", reasonOf(layer));
}

std::string inlay::mapping::toText(const Decisions &decisions) {
  std::string text = fmt::format(
      "wafers: {}; {} over {} a wafer need at least {}{}\n", decisions.wafers,
      formatTotalBytes(decisions.bytes),
      formatTotalBytes(decisions.bytesPerWafer), decisions.fewestWafers,
      decisions.wafers == decisions.fewestWafers
          ? ": no mapping has fewer"
          : fmt::format(", so at most {} too many",
                        decisions.wafers - decisions.fewestWafers));
  for (const WaferDecision &stage : decisions.stages)
    addStage(stage, text);
  for (const GroupsDecision &layer : decisions.experts)
    addExperts(layer, text);
  return text;
}

static void addExtent(json::OStream &out, const char *name,
                      model::Extent extent) {
  out.attributeObject(name, [&] {
    out.attribute("width", extent.width);
    out.attribute("height", extent.height);
  });
}

static void addStage(json::OStream &out, const WaferDecision &stage) {
  out.attributeArray("wafers", [&] {
    for (int64_t wafer : stage.wafers)
      out.value(wafer);
  });
  out.attributeArray("kernels", [&] {
    for (const std::string &kernel : stage.kernels)
      out.value(toUtf8(kernel));
  });
  out.attributeArray("considered", [&] {
    for (const floorplan::Attempt &attempt : stage.attempts)
      out.object([&] {
        out.attribute("regions", static_cast<int64_t>(attempt.regions));
        out.attribute("cycles", attempt.cycles);
        addExtent(out, "smallest", attempt.least);
        addExtent(out, "largest", attempt.most);
      });
  });
  out.attribute("cycles", stage.cycles);
  out.attribute("reason", reasonOf(stage));
  out.attributeArray("regions", [&] {
    for (const floorplan::Region &region : stage.regions)
      out.object([&] {
        out.attribute("x", region.rect.x);
        out.attribute("y", region.rect.y);
        out.attribute("width", region.rect.width);
        out.attribute("height", region.rect.height);
        out.attributeArray("kernels", [&] {
          for (size_t k : region.kernels)
            out.value(toUtf8(stage.kernels[k]));
        });
        out.attribute("cycles", region.cycles);
        out.attribute("bytes_per_core", region.bytes);
      });
  });
}

static void addExperts(json::OStream &out, const GroupsDecision &layer) {
  out.attribute("kernel", toUtf8(layer.kernel));
  out.attribute("kernels", static_cast<int64_t>(layer.kernels));
  addExtent(out, "region", layer.region);
  out.attribute("groups", layer.groups);
  out.attribute("replicas", layer.replicas);
  out.attribute("reason", reasonOf(layer));
  out.attributeArray("considered", [&] {
    for (const GroupCount &count : layer.considered)
      out.object([&] {
        out.attribute("groups", count.groups);
        out.attribute("cycles", count.cycles);
        out.attribute("worst_case_cycles", count.worst);
        out.attribute("round_robin_cycles", count.roundRobin);
      });
  });
}

std::string inlay::mapping::toJson(const Decisions &decisions) {
  std::string text;
  llvm::raw_string_ostream os(text);
  json::OStream out(os, /*IndentSize=*/1);
  out.object([&] {
    out.attribute("wafers", decisions.wafers);
    out.attribute("fewest_wafers", decisions.fewestWafers);
    out.attribute("bytes", decisions.bytes);
    out.attribute("bytes_per_wafer", decisions.bytesPerWafer);
    out.attributeArray("stages", [&] {
      for (const WaferDecision &stage : decisions.stages)
        out.object([&] { addStage(out, stage); });
    });
    out.attributeArray("experts", [&] {
      for (const GroupsDecision &layer : decisions.experts)
        out.object([&] { addExperts(out, layer); });
    });
  });
  os << '\n';
  return text;
}
