//===- DecisionsJson.cpp - Decisions for programs -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reasons.h"

#include "inlay/Support/Format.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::mapping;
namespace json = llvm::json;

static void addExtent(json::OStream &out, const char *name,
                      model::Extent extent) {
  out.attributeObject(name, [&] {
    out.attribute("width", extent.width);
    out.attribute("height", extent.height);
  });
}

static void addStep(json::OStream &out, const StepDecision &step) {
  out.attribute("cycles", step.cycles);
  out.attribute("least_of_this_partition", step.least);
  out.attribute("least_of_all", step.leastOfAll);
  if (!step.stages.empty())
    out.attribute("slowest_wafer",
                  *std::max_element(step.stages.begin(), step.stages.end()));
  out.attribute("least_slowest_wafer", step.leastSlowest);
}

static void addCut(json::OStream &out, const CutChoice &choice) {
  out.attribute("before", toUtf8(choice.kernel));
  if (choice.fits)
    out.attribute("cycles", choice.cycles);
}

/// What does not fit has no cycles.
static void addPartition(json::OStream &out,
                         const PartitionDecision &decision) {
  out.attribute("objective", toString(decision.objective));
  out.attribute("reason", reasonOf(decision));
  out.attributeArray("considered", [&] {
    for (const PartitionChoice &choice : decision.considered)
      out.object([&] {
        out.attribute("wafers", choice.wafers);
        out.attribute("chosen", choice.isChosen);
        if (!choice.fits)
          return;
        out.attribute("cycles", choice.cycles);
        out.attribute("crossings", choice.crossings);
        out.attribute("slowest_wafer", choice.slowest);
      });
  });
  out.attributeArray("cuts", [&] {
    for (const CutDecision &cut : decision.cuts)
      out.object([&] {
        out.attributeArray("behind_wafers", [&] {
          for (int64_t wafer : cut.wafers)
            out.value(wafer);
        });
        out.attributeObject("chosen", [&] { addCut(out, cut.chosen); });
        out.attributeArray("others", [&] {
          for (const CutChoice &other : cut.others)
            out.object([&] { addCut(out, other); });
        });
      });
  });
}

static void addKernel(json::OStream &out, const KernelDecision &kernel) {
  out.attribute("kernel", toUtf8(kernel.kernel));
  out.attribute("kernels", static_cast<int64_t>(kernel.kernels));
  addExtent(out, "region", kernel.region);
  out.attribute("shardings", static_cast<int64_t>(kernel.shardings));
  out.attributeArray("considered", [&] {
    for (const VariantChoice &choice : kernel.considered)
      out.object([&] {
        out.attribute("cut", toUtf8(choice.cut));
        out.attribute("collectives", choice.collectives);
        out.attribute("cycles", choice.cycles);
        out.attribute("bytes_per_core", choice.bytes);
        out.attribute("chosen", choice.isChosen);
      });
  });
  out.attributeArray("sums", [&] {
    for (const CollectiveDecision &sum : kernel.collectives)
      out.object([&] {
        out.attribute("cores", sum.cores);
        out.attribute("axis", sum.axis);
        out.attribute("wavelets", sum.wavelets);
        out.attribute("chosen", sum.chosen);
        out.attributeObject("considered", [&] {
          for (const auto &[algorithm, cycles] : sum.considered)
            out.attribute(algorithm, cycles);
        });
      });
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
  out.attribute("routed_cycles", stage.routed);
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
    out.attributeObject("step", [&] { addStep(out, decisions.step); });
    out.attributeObject("partition",
                        [&] { addPartition(out, decisions.partition); });
    out.attributeArray("stages", [&] {
      for (const WaferDecision &stage : decisions.stages)
        out.object([&] { addStage(out, stage); });
    });
    out.attributeArray("kernels", [&] {
      for (const KernelDecision &kernel : decisions.kernels)
        out.object([&] { addKernel(out, kernel); });
    });
    out.attributeArray("experts", [&] {
      for (const GroupsDecision &layer : decisions.experts)
        out.object([&] { addExperts(out, layer); });
    });
  });
  os << '\n';
  return text;
}
