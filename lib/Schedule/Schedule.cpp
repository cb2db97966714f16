//===- Schedule.cpp - One step of the whole machine -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Schedule/Schedule.h"

#include "Paths.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::schedule;
using cost::Breakdown;

static bool isValid(const Breakdown &cycles) {
  for (double part : {cycles.compute, cycles.sram, cycles.fabricLatency,
                      cycles.fabricBandwidth, cycles.software, cycles.crossing,
                      cycles.contention})
    if (!std::isfinite(part) || part < 0)
      return false;
  return true;
}

bool Problem::check(Diagnostics &diags) const {
  bool valid = true;
  auto fail = [&](const std::string &subject, const std::string &message) {
    valid = false;
    diags.internalError(subject, message);
  };
  for (const Task &task : tasks) {
    if (task.stage < 0 || task.stage >= numStages)
      fail("task '" + task.name + "'",
           fmt::format("is on stage {} of {}", task.stage, numStages));
    if (!isValid(task.cycles))
      fail("task '" + task.name + "'", "has cycles that are no numbers");
  }
  int numTasks = static_cast<int>(tasks.size());
  for (const Edge &edge : edges) {
    std::string subject = fmt::format("edge {} -> {}", edge.from, edge.to);
    if (edge.from < 0 || edge.to >= numTasks || edge.from >= edge.to)
      fail(subject, "does not go from an earlier task to a later one");
    if (!isValid(edge.cycles))
      fail(subject, "has cycles that are no numbers");
  }
  return valid;
}

namespace {

double total(const Edge &edge) { return edge.cycles.total(); }

bool isInStage(const Problem &problem, const Edge &edge) {
  return problem.tasks[edge.from].stage == problem.tasks[edge.to].stage;
}

/// The longest path inside each stage.
std::vector<double> stageLengths(const Problem &problem) {
  // A path that must not leave its stage enters the next one from nowhere.
  LongestPath inside(
      problem, [](const Task &task) { return task.cycles.total(); },
      [&](const Edge &edge) {
        return isInStage(problem, edge) ? edge.cycles.total() : kNever;
      });
  std::vector<double> cycles(problem.numStages, 0);
  for (size_t t = 0; t < problem.tasks.size(); ++t) {
    double &longest = cycles[problem.tasks[t].stage];
    longest = std::max(longest, inside.finish[t]);
  }
  return cycles;
}

/// When each task ends at the earliest, over the edges that `follows` lets
/// through. Edges sorted by their end relax every path in topological order.
std::vector<double> relaxed(const Problem &problem,
                            llvm::function_ref<bool(const Edge &)> follows) {
  std::vector<double> finish;
  for (const Task &task : problem.tasks)
    finish.push_back(task.cycles.total());
  std::vector<Edge> edges = problem.edges;
  std::sort(edges.begin(), edges.end(),
            [](const Edge &a, const Edge &b) { return a.to < b.to; });
  for (const Edge &edge : edges)
    if (follows(edge))
      finish[edge.to] =
          std::max(finish[edge.to], finish[edge.from] + edge.cycles.total() +
                                        problem.tasks[edge.to].cycles.total());
  return finish;
}

bool isClose(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

} // namespace

Solution inlay::schedule::solve(const Problem &problem) {
  Solution solution;
  LongestPath path(
      problem, [](const Task &task) { return task.cycles.total(); }, total);
  for (int at = path.last; at >= 0;) {
    solution.criticalPath.push_back(at);
    solution.latency += problem.tasks[at].cycles;
    int edge = path.previous[at];
    if (edge < 0)
      break;
    solution.latency += problem.edges[edge].cycles;
    at = problem.edges[edge].from;
  }
  std::reverse(solution.criticalPath.begin(), solution.criticalPath.end());

  LongestPath worst(
      problem,
      [](const Task &task) {
        return std::max(task.worstCase, task.cycles.total());
      },
      total);
  // Sums of the same numbers in another order may differ in the last digit.
  solution.worstLatency = std::max(worst.length(), solution.latency.total());

  addBound(problem, solution);
  solution.stageCycles = stageLengths(problem);
  for (size_t s = 1; s < solution.stageCycles.size(); ++s)
    if (solution.stageCycles[s] > solution.stageCycles[solution.slowestStage])
      solution.slowestStage = static_cast<int>(s);
  for (const Task &task : problem.tasks) {
    solution.unknownBytes += task.unknownBytes;
    solution.movedBytes += task.movedBytes;
  }
  return solution;
}

std::vector<double> inlay::schedule::slacks(const Problem &problem) {
  LongestPath path(
      problem, [](const Task &task) { return task.cycles.total(); }, total);
  // From the start of each task to the end of the step.
  std::vector<double> tail;
  for (const Task &task : problem.tasks)
    tail.push_back(task.cycles.total());
  std::vector<const Edge *> edges;
  for (const Edge &edge : problem.edges)
    edges.push_back(&edge);
  std::sort(edges.begin(), edges.end(),
            [](const Edge *a, const Edge *b) { return a->from > b->from; });
  for (const Edge *edge : edges)
    tail[edge->from] =
        std::max(tail[edge->from], problem.tasks[edge->from].cycles.total() +
                                       total(*edge) + tail[edge->to]);
  std::vector<double> result;
  for (const Edge &edge : problem.edges)
    result.push_back(std::max(0.0, path.length() - path.finish[edge.from] -
                                       total(edge) - tail[edge.to]));
  return result;
}

double Solution::tokensPerUser(const Problem &problem, double ghz) const {
  double cycles = latency.total();
  if (ghz != problem.clock)
    cycles += latency.crossing * (ghz / problem.clock - 1);
  return cycles > 0 ? ghz * 1e9 / cycles * double(problem.tokens) : 0;
}

double Solution::tokensPerSystem(const Problem &problem, double ghz) const {
  if (stageCycles.empty() || stageCycles[slowestStage] <= 0)
    return 0;
  return ghz * 1e9 / stageCycles[slowestStage] *
         double(problem.batch * problem.tokens);
}

double Solution::tokensInFlight(const Problem &problem, double ghz,
                                int64_t steps) const {
  return std::min(tokensPerUser(problem, ghz) * double(problem.batch * steps),
                  tokensPerSystem(problem, ghz));
}

bool Solution::verify(const Problem &problem, Diagnostics &diags) const {
  bool valid = true;
  auto fail = [&](const std::string &message) {
    valid = false;
    diags.internalError("schedule", message);
  };
  double sum = 0;
  for (size_t i = 0; i < criticalPath.size(); ++i) {
    sum += problem.tasks[criticalPath[i]].cycles.total();
    if (i == 0)
      continue;
    double longest = -1;
    for (const Edge &edge : problem.edges)
      if (edge.from == criticalPath[i - 1] && edge.to == criticalPath[i])
        longest = std::max(longest, edge.cycles.total());
    if (longest < 0)
      fail(fmt::format("no stream joins '{}' and '{}' of the critical path",
                       problem.tasks[criticalPath[i - 1]].name,
                       problem.tasks[criticalPath[i]].name));
    sum += std::max(0.0, longest);
  }
  if (!isClose(sum, latency.total()))
    fail(fmt::format("the critical path takes {:.1f} cycles, but the latency "
                     "is {:.1f}",
                     sum, latency.total()));
  std::vector<double> finish =
      relaxed(problem, [](const Edge &) { return true; });
  for (size_t t = 0; t < finish.size(); ++t)
    if (finish[t] > latency.total() && !isClose(finish[t], latency.total()))
      fail(fmt::format("a path to '{}' takes {:.1f} cycles, more than the "
                       "latency of {:.1f}",
                       problem.tasks[t].name, finish[t], latency.total()));
  finish = relaxed(problem,
                   [&](const Edge &edge) { return isInStage(problem, edge); });
  std::vector<double> longest(problem.numStages, 0);
  for (size_t t = 0; t < finish.size(); ++t)
    longest[problem.tasks[t].stage] =
        std::max(longest[problem.tasks[t].stage], finish[t]);
  if (!std::equal(stageCycles.begin(), stageCycles.end(), longest.begin(),
                  longest.end(), isClose))
    fail("the cycles of the stages are not those of their longest paths");
  if (bound > latency.total() && !isClose(bound, latency.total()))
    fail(fmt::format("the bound of {:.1f} cycles is above the latency of "
                     "{:.1f}",
                     bound, latency.total()));
  return valid;
}
