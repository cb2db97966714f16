//===- Combinations.cpp - Adding up what expert groups made ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The groups of a kernel hold partial sums of its first output. Its routes of
// kind "combine" are followed one after the other, with the groups whose sums a
// core has: in the end every core of the first group has all, each once. Layers
// are alike: of kernels that lie and add up in the same way one is followed.
// Where the last op of a kernel sums over all its groups nothing is left to do.
//
//===----------------------------------------------------------------------===//

#include "Routing.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// One use of a route by the kernel.
struct Turn {
  const Shape *shape;
  const RouteUse *use;
};

class Combination {
public:
  Combination(const Plan &plan, const Kernel &kernel, Report &report)
      : plan(plan), kernel(kernel), report(report), unit(unitOf(kernel)),
        working(workingOf(kernel)) {}

  /// Whether there is something to be followed.
  bool prepare(const std::vector<Turn> &turns);
  /// All that `run` looks at, with places as seen from the first core.
  std::string key(const std::vector<Turn> &turns) const;
  void run(const std::vector<Turn> &turns);

private:
  void fail(const Turn &turn, const std::string &message) {
    report.fail(turn.shape->route->place(), message);
  }
  void checkUse(const Turn &turn);
  void follow(const Turn &turn);
  void followLine(const Turn &turn, const std::vector<Rect> &cores);
  void checkResult();

  /// Holds until the next call.
  llvm::BitVector &groupsAt(const Rect &core);
  size_t groupOf(const Rect &core) const {
    int64_t across = working.width / unit.width;
    return (core.y - working.y) / unit.height * across +
           (core.x - working.x) / unit.width;
  }
  /// What part of the output a core holds: its row (column) in the group.
  int64_t partOf(const Rect &core) const {
    return heldAlongX ? (core.x - working.x) % unit.width
                      : (core.y - working.y) % unit.height;
  }

  const Plan &plan;
  const Kernel &kernel;
  Report &report;
  Rect unit, working;
  bool heldAlongX = false;
  int64_t wavelets = 0; ///< of a part
  llvm::DenseMap<std::pair<int64_t, int64_t>, llvm::BitVector> groups; ///< y, x
};

} // namespace

/// In the beginning a core has the sum of its own group.
llvm::BitVector &Combination::groupsAt(const Rect &core) {
  auto [entry, isNew] = groups.try_emplace({core.y, core.x});
  if (isNew) {
    entry->second.resize(kernel.groups.size());
    entry->second.set(groupOf(core));
  }
  return entry->second;
}

void Combination::checkUse(const Turn &turn) {
  const RouteUse &use = *turn.use;
  auto lastOp = static_cast<int64_t>(kernel.ops.size()) - 1;
  if (use.op != lastOp || use.times != 1 || use.wavelets != wavelets)
    fail(turn, fmt::format("combines the groups of kernel '{}' after op {}, {} "
                           "times, with {} wavelets; it should after op {}, "
                           "once, with {}",
                           kernel.name, use.op, use.times, use.wavelets, lastOp,
                           wavelets));
}

void Combination::followLine(const Turn &turn, const std::vector<Rect> &cores) {
  const Pattern &pattern = *turn.shape->pattern;
  for (const Rect &core : cores)
    if (partOf(core) != partOf(cores.front()))
      return fail(turn, fmt::format("adds different parts of the output of "
                                    "kernel '{}' on the line from ({}, {}) to "
                                    "({}, {})",
                                    kernel.name, cores.front().x,
                                    cores.front().y, core.x, core.y));
  if (pattern.algorithm == "broadcast") {
    llvm::BitVector sum = groupsAt(cores[rootOf(pattern)]);
    for (const Rect &core : cores)
      groupsAt(core) = sum;
    return;
  }
  llvm::BitVector sum(kernel.groups.size());
  for (const Rect &core : cores) {
    const llvm::BitVector &part = groupsAt(core);
    if (sum.anyCommon(part))
      return fail(turn,
                  fmt::format("adds the sum of one group of kernel '{}' "
                              "twice on the line from ({}, {})",
                              kernel.name, cores.front().x, cores.front().y));
    sum |= part;
  }
  groupsAt(cores.front()) = sum;
  if (isAllReduce(pattern))
    for (const Rect &core : cores)
      groupsAt(core) = sum;
}

void Combination::follow(const Turn &turn) {
  const Pattern &pattern = *turn.shape->pattern;
  bool alongX = turn.shape->route->lineAxis == "x";
  int64_t pitch = pattern.pitch();
  if (pitch < 1 || rootOf(pattern) >= pattern.cores)
    return; // checkPatterns has said it
  for (const Rect &lines : turn.shape->lines) {
    if (!working.contains(lines)) {
      fail(turn, fmt::format("has lines at {} outside the expert groups of "
                             "kernel '{}' at {}",
                             lines.str(), kernel.name, working.str()));
      continue;
    }
    int64_t count = alongX ? lines.height : lines.width;
    for (int64_t line = 0; line < count; ++line) {
      std::vector<Rect> cores;
      for (int64_t i = 0; i < pattern.cores; ++i)
        cores.push_back({lines.x + (alongX ? i * pitch : line),
                         lines.y + (alongX ? line : i * pitch), 1, 1});
      followLine(turn, cores);
    }
  }
}

void Combination::checkResult() {
  for (int64_t y = unit.y; y < unit.bottom(); ++y)
    for (int64_t x = unit.x; x < unit.right(); ++x) {
      Rect core{x, y, 1, 1};
      if (!groupsAt(core).all()) {
        report.fail(kernel.place(),
                    fmt::format("has the sum of {} of its {} expert groups at "
                                "the core ({}, {}) when all are combined",
                                groupsAt(core).count(), kernel.groups.size(), x,
                                y));
        return;
      }
    }
}

bool Combination::prepare(const std::vector<Turn> &turns) {
  int64_t cores = 0;
  for (const Group &group : kernel.groups)
    cores = plus(cores, group.rect.area());
  bool isAlike = llvm::all_of(kernel.groups, [&](const Group &group) {
    return group.rect.width == unit.width && group.rect.height == unit.height;
  });
  if (!isAlike || cores != working.area() || unit.area() == 0 ||
      working.width % unit.width || working.height % unit.height ||
      unit.x != working.x || unit.y != working.y) {
    report.fail(kernel.place(),
                fmt::format("has expert groups that do not tile the "
                            "cores at {} from the north-west on",
                            working.str()));
    return false;
  }
  const Stream *output = nullptr;
  for (const Stream &stream : plan.streams)
    if (stream.from == kernel.name && stream.fromPort == 0)
      output = &stream;
  if (!output)
    return false; // nobody reads it
  heldAlongX = givenBy(kernel, *output).axis == Share::Axis::X;
  wavelets =
      std::max<int64_t>(1, divideUp(waveletsOf(plan, output->bytes),
                                    heldAlongX ? unit.width : unit.height));
  bool isWhole = true;
  for (const Turn &turn : turns) {
    checkUse(turn);
    isWhole &= turn.shape->isWhole && turn.shape->pattern;
  }
  return isWhole;
}

std::string Combination::key(const std::vector<Turn> &turns) const {
  std::string key;
  auto add = [&](int64_t value) {
    key.append(reinterpret_cast<const char *>(&value), sizeof(value));
  };
  auto addRect = [&](const Rect &rect) {
    for (int64_t value :
         {rect.x - working.x, rect.y - working.y, rect.width, rect.height})
      add(value);
  };
  addRect(unit);
  addRect(working);
  add(heldAlongX);
  add(static_cast<int64_t>(kernel.groups.size()));
  for (const Turn &turn : turns) {
    add(reinterpret_cast<intptr_t>(turn.shape->pattern));
    add(turn.shape->route->lineAxis == "x");
    add(static_cast<int64_t>(turn.shape->lines.size()));
    for (const Rect &lines : turn.shape->lines)
      addRect(lines);
  }
  return key;
}

void Combination::run(const std::vector<Turn> &turns) {
  for (const Turn &turn : turns)
    follow(turn);
  checkResult();
}

void Routing::checkCombinations() {
  std::map<std::string, std::vector<Turn>> turns;
  for (const Shape &shape : shapes) {
    if (shape.route->kind != "combine")
      continue;
    for (const RouteUse &use : shape.route->uses) {
      auto kernel = plan.kernelOf.find(use.kernel);
      if (kernel == plan.kernelOf.end() ||
          plan.kernels[kernel->second].groups.size() < 2)
        fail(*shape.route,
             fmt::format("combines the groups of kernel '{}', which has none",
                         use.kernel));
      else if (!joinedAxis(plan.kernels[kernel->second]).empty())
        fail(*shape.route,
             fmt::format("combines the groups of kernel '{}', over which its "
                         "last op sums",
                         use.kernel));
      else
        turns[use.kernel].push_back({&shape, &use});
    }
  }
  std::set<std::string> legal;
  for (const Kernel &kernel : plan.kernels) {
    if (kernel.groups.size() < 2 || fabric.available <= 0 ||
        !joinedAxis(kernel).empty())
      continue;
    const std::vector<Turn> &ofKernel = turns[kernel.name];
    Combination combination(plan, kernel, report);
    if (!combination.prepare(ofKernel))
      continue;
    std::string key = combination.key(ofKernel);
    size_t before = report.size();
    if (!legal.count(key))
      combination.run(ofKernel);
    if (report.size() == before)
      legal.insert(std::move(key));
  }
}
