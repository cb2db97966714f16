//===- Explain.cpp - The estimate of a kernel with its formula ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Explain.h"
#include "AttrConversion.h"
#include "ExtractModel.h"
#include "Placement.h"

#include "inlay/Cost/Cost.h"
#include "inlay/Support/Format.h"

#include "fmt/format.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

static std::string cycles(double value) {
  return formatCount(static_cast<int64_t>(value + 0.5));
}

/// "compute 1,024, software 310", causes of no cycles left out.
static std::string causes(const cost::Breakdown &breakdown) {
  std::string text;
  for (auto [name, value] :
       {std::pair("compute", breakdown.compute),
        std::pair("SRAM", breakdown.sram),
        std::pair("fabric latency", breakdown.fabricLatency),
        std::pair("fabric bandwidth", breakdown.fabricBandwidth),
        std::pair("software", breakdown.software),
        std::pair("crossing", breakdown.crossing),
        std::pair("contention", breakdown.contention)})
    if (value >= 0.5)
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : ", ", name, cycles(value));
  return text.empty() ? "none" : text;
}

static void reportUnknown(const model::Graph &model, StringRef name,
                          Diagnostics &diags) {
  constexpr size_t kShown = 5;
  std::vector<std::pair<unsigned, std::string>> names;
  for (const model::KernelSpec &kernel : model.kernels)
    names.emplace_back(name.edit_distance(kernel.name), kernel.name);
  llvm::sort(names);
  inlay::Diagnostic &diag =
      diags.inputError("option --explain",
                       fmt::format("the model has no kernel '{}'", name.str()));
  for (const auto &[distance, known] : ArrayRef(names).take_front(kShown))
    diag.notes.push_back("there is '" + known + "'");
}

bool inlay::wafer::explainKernel(ModuleOp module, StringRef name,
                                 raw_ostream &os, Diagnostics &diags) {
  FailureOr<SystemOp> system = findSystem(module);
  if (failed(system))
    return false;
  FailureOr<model::Graph> model = extractModel(system->lookupGraph());
  if (failed(model))
    return false;
  auto placements = readPlacements(*system, *model, Progress::Placed);
  if (failed(placements))
    return false;
  auto found =
      llvm::find_if(model->kernels, [&](const model::KernelSpec &kernel) {
        return name == kernel.name;
      });
  if (found == model->kernels.end()) {
    reportUnknown(*model, name, diags);
    return false;
  }
  model::Sharding sharding =
      (*placements)[found - model->kernels.begin()].getSharding();
  target::Target target = toTarget(system->getTarget());
  cost::Rates rates(target, toMode(system->getCost()));
  cost::Routing routing = routingOf(*system).of(found->layer);
  cost::KernelCost estimate =
      cost::estimateKernel(*found, sharding, rates, routing);
  double total = estimate.cycles.total();
  os << fmt::format("kernel '{}' on {} x {} cores", found->name,
                    sharding.region.width, sharding.region.height);
  if (sharding.numGroups() > 1)
    os << fmt::format(", {} groups of {} x {}", sharding.numGroups(),
                      sharding.group.width, sharding.group.height);
  os << fmt::format(": {} cycles ({} estimate)\n", cycles(total),
                    cost::toString(rates.mode));
  for (const cost::Term &term :
       cost::explainKernel(*found, sharding, rates, routing))
    os << fmt::format("  {:>12} {:5.1f}%  {}: {}\n",
                      cycles(term.cycles.total()),
                      total > 0 ? 100 * term.cycles.total() / total : 0,
                      term.name, term.formula);
  for (size_t input = 0; input < found->inputs.size(); ++input) {
    cost::Term entry = cost::entryCost(*found, input, sharding, rates);
    os << fmt::format("  with its stream: {}, {} cycles where it comes from "
                      "another region: {}\n",
                      entry.name, cycles(entry.cycles.total()), entry.formula);
  }
  os << "  by cause: " << causes(estimate.cycles) << '\n';
  cost::Bound bound = cost::shardingBound(*found, sharding, target);
  os << fmt::format("  bound {} cycles ({} binds); above it: {}\n",
                    cycles(bound.cycles()), bound.binding(),
                    causes(cost::gapByCause(estimate.cycles, bound)));
  if (estimate.worstCase > total)
    os << fmt::format("  under the worst routing: {} cycles\n",
                      cycles(estimate.worstCase));
  for (const std::string &unknown : rates.unknown)
    os << "  unknown, taken at the limit of the hardware: " << unknown << '\n';
  return true;
}
