//===- Places.cpp - Where things lie --------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace inlay::checker;

/// Ranges one after the other from address 0, which are all that is reserved.
static void checkReserved(const System &system, Report &report) {
  int64_t end = 0;
  for (const ReservedRange &range : system.reserved) {
    if (range.address != end)
      report.fail("reserved range '" + range.name + "'",
                  fmt::format("begins at {}, the bytes before it end at {}",
                              range.address, end));
    end = plus(range.address, range.bytes);
  }
  if (end != system.reservedBytes)
    report.fail("reserved",
                fmt::format("ranges end at {}, but {} B are reserved", end,
                            system.reservedBytes));
}

void inlay::checker::checkSystem(const Plan &plan, Report &report) {
  const System &system = plan.system;
  report.begin("system");
  Rect grid{0, 0, system.width, system.height};
  for (const Rect &dead : system.dead)
    if (!grid.contains(dead))
      report.fail("dead cores " + dead.str(), "lie outside the grid");
  if (system.reservedBytes > system.sramBytes)
    report.fail("reserved_bytes",
                fmt::format("{} B are reserved of {} B of SRAM",
                            system.reservedBytes, system.sramBytes));
  int64_t free = system.sramBytes - system.reservedBytes;
  if (plan.isFeasible && system.budgetBytes != free)
    report.fail("budget_bytes",
                fmt::format("is {} B in a feasible plan, but SRAM less what is "
                            "reserved is {} B",
                            system.budgetBytes, free));
  if (!plan.isFeasible)
    report.fail(
        "feasible",
        system.budgetBytes <= free
            ? fmt::format("is false, but the budget of {} B is there on every "
                          "core",
                          system.budgetBytes)
            : fmt::format("is false: the plan is for cores with {} B for data, "
                          "those of '{}' have {} B, short by {} B",
                          system.budgetBytes, system.target, free,
                          system.budgetBytes - free));
  if (plan.minor >= 1)
    checkReserved(system, report);
  std::set<std::string> names;
  for (const Figure &figure : system.figures) {
    if (!names.insert(figure.name).second)
      report.fail("figure '" + figure.name + "'", "is there twice");
    double other = figure.name == "clock"      ? system.clockGhz
                   : figure.name == "sram"     ? double(system.sramBytes)
                   : figure.name == "reserved" ? double(system.reservedBytes)
                   : figure.name == "banks"    ? double(system.banks)
                                               : figure.value;
    if (figure.value != other)
      report.fail(
          "figure '" + figure.name + "'",
          fmt::format("is {}, but the system says {}", figure.value, other));
  }
  if (system.banks > 0 && !names.count("banks"))
    report.fail("banks", fmt::format("are {}, which no figure of the target "
                                     "says",
                                     system.banks));
  auto compare = [&](llvm::StringRef option, const std::string &value) {
    for (llvm::StringRef given : plan.options)
      if (given.consume_front(option) && given != value)
        report.fail("options", fmt::format("say {}{}, the plan is for {}",
                                           option.str(), given.str(), value));
  };
  // Of both phases decode has the context that was asked for.
  bool areBoth = !plan.otherPhases.empty();
  compare("phase=", areBoth ? "both" : plan.phase);
  compare("batch=", std::to_string(plan.batch));
  compare("context=", std::to_string(areBoth ? plan.otherPhases.front().context
                                             : plan.context));
  if (plan.minor >= 2)
    compare("sequences-in-flight=", std::to_string(plan.sequencesInFlight));
  compare("cost=", plan.estimate.mode);
  for (const PhaseEstimate &other : plan.otherPhases)
    for (llvm::StringRef given : plan.options) {
      double ratio = 0;
      if (given.consume_front("prompt-ratio=") &&
          (given.getAsDouble(ratio) ||
           double(plan.tokens) / ratio != other.firings))
        report.fail("options",
                    fmt::format("say a prompt-ratio of {}, the plan is for {} "
                                "steps of {} to each chunk of {} tokens",
                                given.str(), other.firings, other.phase,
                                plan.tokens));
    }
  if (plan.isFeasible && plan.maxContext < plan.context)
    report.fail("max_context",
                fmt::format("is {} tokens in a feasible plan for "
                            "{}",
                            plan.maxContext, plan.context));
  if (plan.phase == "decode" && plan.tokens != 1)
    report.fail("step", fmt::format("decodes {} tokens of each sequence; one "
                                    "is what a decode step adds",
                                    plan.tokens));
}

namespace {

/// A rectangle with the name of its owner.
struct Area {
  std::string owner;
  Rect rect;
};

class PlaceChecker {
public:
  PlaceChecker(const Plan &plan, Report &report) : plan(plan), report(report) {}

  void run() {
    checkRegions();
    std::set<std::string> names;
    for (const Kernel &kernel : plan.kernels) {
      if (!names.insert(kernel.name).second)
        report.fail(kernel.place(), "is there twice");
      checkExperts(kernel);
      checkGroups(kernel);
      checkClasses(kernel);
    }
  }

private:
  void checkRegions();
  void checkKernelsOf(const Region &region);
  void checkExperts(const Kernel &kernel);
  void checkGroups(const Kernel &kernel);
  void checkGroupExperts(const Kernel &kernel);
  void checkClasses(const Kernel &kernel);
  void checkDisjoint(const std::vector<Area> &areas, const std::string &where);

  const Plan &plan;
  Report &report;
};

} // namespace

/// By columns first: areas that share none are never compared.
void PlaceChecker::checkDisjoint(const std::vector<Area> &areas,
                                 const std::string &where) {
  std::vector<Interval> columns;
  for (size_t i = 0; i < areas.size(); ++i)
    columns.push_back({areas[i].rect.x, areas[i].rect.right(), i});
  forEachOverlap(std::move(columns), [&](size_t i, size_t j) {
    const Area &a = areas[std::min(i, j)];
    const Area &b = areas[std::max(i, j)];
    if (int64_t common = a.rect.common(b.rect))
      report.fail(where, fmt::format("{} at {} and {} at {} have {} cores in "
                                     "common",
                                     a.owner, a.rect.str(), b.owner,
                                     b.rect.str(), common));
  });
}

void PlaceChecker::checkRegions() {
  report.begin("regions");
  Rect grid{0, 0, plan.system.width, plan.system.height};
  std::map<int64_t, std::vector<Area>> wafers;
  std::set<std::string> names;
  for (const Region &region : plan.regions) {
    std::string place = "region '" + region.name + "'";
    if (!names.insert(region.name).second)
      report.fail(place, "is there twice");
    if (region.wafer < 0 || region.wafer >= plan.system.wafers)
      report.fail(place, fmt::format("is on wafer {} of {}", region.wafer,
                                     plan.system.wafers));
    if (!grid.contains(region.rect))
      report.fail(place,
                  fmt::format("at {} reaches out of the grid of {} x {}",
                              region.rect.str(), grid.width, grid.height));
    for (const Rect &dead : plan.system.dead)
      if (region.rect.common(dead))
        report.fail(place, fmt::format("at {} covers dead cores at {}",
                                       region.rect.str(), dead.str()));
    wafers[region.wafer].push_back({"'" + region.name + "'", region.rect});
    checkKernelsOf(region);
  }
  for (const auto &[wafer, areas] : wafers)
    checkDisjoint(areas, fmt::format("wafer {}", wafer));
  for (const Kernel &kernel : plan.kernels)
    if (!names.count(kernel.region))
      report.fail(kernel.place(),
                  "names region '" + kernel.region + "', which is not there");
}

/// A region lists the kernels that name it, in their order.
void PlaceChecker::checkKernelsOf(const Region &region) {
  std::string place = "region '" + region.name + "'";
  std::vector<std::string> kernels;
  int64_t bytes = 0;
  for (const Kernel &kernel : plan.kernels) {
    if (kernel.region != region.name)
      continue;
    kernels.push_back(kernel.name);
    bytes = std::max(bytes, kernel.bytesPerCore);
    if (kernel.wafer != region.wafer)
      report.fail(kernel.place(),
                  fmt::format("is on wafer {}, its region '{}' on wafer {}",
                              kernel.wafer, region.name, region.wafer));
  }
  if (kernels.empty())
    report.fail(place, "has no kernel");
  if (kernels != region.kernels)
    report.fail(place, "does not list the kernels that name it, in order");
  if (bytes != region.bytesPerCore)
    report.fail(place, fmt::format("says {} B on a core, its kernels say {} B",
                                   region.bytesPerCore, bytes));
}

void PlaceChecker::checkExperts(const Kernel &kernel) {
  report.begin("experts");
  bool isExperts = kernel.role == "experts";
  if (isExperts != (kernel.experts > 0))
    report.fail(kernel.place(), fmt::format("has role '{}' and {} experts",
                                            kernel.role, kernel.experts));
  if (isExperts != !kernel.groups.empty())
    report.fail(kernel.place(),
                fmt::format("has role '{}' and {} expert groups", kernel.role,
                            kernel.groups.size()));
  if (kernel.experts > 0 ? kernel.expertsPerToken < 1 ||
                               kernel.expertsPerToken > kernel.experts
                         : kernel.expertsPerToken != 0)
    report.fail(kernel.place(),
                fmt::format("takes {} of {} experts for a token",
                            kernel.expertsPerToken, kernel.experts));
}

void PlaceChecker::checkGroups(const Kernel &kernel) {
  std::vector<Area> areas;
  for (size_t g = 0; g < kernel.groups.size(); ++g) {
    const Group &group = kernel.groups[g];
    std::string name = fmt::format("expert group {}", group.index);
    areas.push_back({name, group.rect});
    std::string place = kernel.place() + ", " + name;
    if (group.index != static_cast<int64_t>(g))
      report.fail(place, fmt::format("stands at place {}", g));
    if (!kernel.rect.contains(group.rect))
      report.fail(place, fmt::format("at {} reaches out of the region at {}",
                                     group.rect.str(), kernel.rect.str()));
    const Rect &first = kernel.groups.front().rect;
    if (group.rect.width != first.width || group.rect.height != first.height)
      report.fail(place, fmt::format("has {} x {} cores, the first group has "
                                     "{} x {}",
                                     group.rect.width, group.rect.height,
                                     first.width, first.height));
  }
  checkGroupExperts(kernel);
  checkDisjoint(areas, kernel.place());
}

/// Every expert is in some group, and none in one group twice. Without a cut on
/// axis "group" every group has all of them.
void PlaceChecker::checkGroupExperts(const Kernel &kernel) {
  bool isCut = false;
  for (const Op &op : kernel.ops)
    for (const Cut &cut : op.dims)
      isCut |= cut.axis == "group";
  std::set<int64_t> all;
  for (const Group &group : kernel.groups) {
    std::string place =
        fmt::format("{}, expert group {}", kernel.place(), group.index);
    std::set<int64_t> own;
    for (int64_t expert : group.experts) {
      if (expert < 0 || expert >= kernel.experts)
        report.fail(place, fmt::format("holds expert {} of {}", expert,
                                       kernel.experts));
      if (!own.insert(expert).second)
        report.fail(place, fmt::format("holds expert {} twice", expert));
      all.insert(expert);
    }
    if (!isCut && static_cast<int64_t>(own.size()) != kernel.experts)
      report.fail(place, fmt::format("holds {} of {} experts, which no cut "
                                     "spreads over groups",
                                     own.size(), kernel.experts));
  }
  int64_t missing = 0;
  while (missing < kernel.experts && all.count(missing))
    ++missing;
  if (missing < kernel.experts && !kernel.groups.empty())
    report.fail(kernel.place(),
                fmt::format("has expert {} in no group", missing));
}

/// Classes take exactly the cores that work: those of the groups, or all.
void PlaceChecker::checkClasses(const Kernel &kernel) {
  report.begin("classes");
  std::vector<Rect> working;
  for (const Group &group : kernel.groups)
    working.push_back(group.rect);
  if (working.empty())
    working.push_back(kernel.rect);
  std::set<std::string> names;
  std::vector<Area> areas;
  int64_t covered = 0;
  for (const CoreClass &cores : kernel.classes) {
    std::string place = kernel.place() + ", class '" + cores.name + "'";
    if (!names.insert(cores.name).second)
      report.fail(place, "is there twice");
    int64_t count = 0;
    for (const Rect &rect : cores.rectangles) {
      areas.push_back({"class '" + cores.name + "'", rect});
      count = plus(count, rect.area());
      int64_t inside = 0;
      for (const Rect &area : working)
        inside = plus(inside, rect.common(area));
      if (inside != rect.area())
        report.fail(place, fmt::format("at {} has cores that do not work for "
                                       "the kernel",
                                       rect.str()));
    }
    if (count != cores.cores)
      report.fail(place, fmt::format("says {} cores, its rectangles have {}",
                                     cores.cores, count));
    covered = plus(covered, count);
  }
  checkDisjoint(areas, kernel.place());
  if (covered != kernel.cores())
    report.fail(kernel.place(), fmt::format("has {} cores in classes, {} work",
                                            covered, kernel.cores()));
}

void inlay::checker::checkPlaces(const Plan &plan, Report &report) {
  PlaceChecker(plan, report).run();
}
