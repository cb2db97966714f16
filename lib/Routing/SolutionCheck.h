//===- SolutionCheck.h - Whether routes do what they claim ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works on the segments alone, as rectangles. Knows no solver.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ROUTING_SOLUTIONCHECK_H
#define INLAY_LIB_ROUTING_SOLUTIONCHECK_H

#include "Measure.h"

#include "fmt/format.h"

#include <functional>
#include <memory>

namespace inlay::routing {

/// What of `rect` none of `covers` has.
std::vector<model::Rect> uncovered(const model::Rect &rect,
                                   const std::vector<model::Rect> &covers);

/// A segment's copies, one by one.
struct Piece {
  model::Rect rect;
  Port in;
  Ports out;
  int position;
};

/// Routers of a route by what they do for cores.
struct Ends {
  std::vector<model::Rect> roots; ///< a core sends
  std::vector<model::Rect> drops; ///< a core receives
  bool enters = false;            ///< from the wafer's edge
  bool leaves = false;
};

/// Routes on one wafer that have one colour.
struct Sharers {
  std::vector<size_t> trunks;
  std::vector<size_t> inTurn;
};

/// Recomputes what a solution claims: see Solution::verify.
class SolutionCheck {
public:
  SolutionCheck(const Problem &problem, const Solution &solution,
                Diagnostics &diags)
      : SolutionCheck(problem, solution, diags,
                      std::make_shared<Shared>(problem, solution)) {}

  bool run();

private:
  /// What parts of a check have in common; each changes what is its own.
  struct Shared {
    Shared(const Problem &problem, const Solution &solution)
        : turns(problem), ends(solution.routes.size()) {}

    const Turns turns;
    std::vector<Ends> ends; ///< by route
  };

  SolutionCheck(const Problem &problem, const Solution &solution,
                Diagnostics &diags, std::shared_ptr<Shared> shared)
      : problem(problem), solution(solution), diags(diags),
        shared(std::move(shared)), turns(this->shared->turns),
        ends(this->shared->ends),
        grid{0, 0, problem.grid.width, problem.grid.height} {}

  /// Calls `check` with every number below `count`, on several threads. What
  /// they find is added in the order of the numbers.
  void checkAll(size_t count,
                const std::function<void(SolutionCheck &, size_t)> &check);
  template <typename... Args>
  void fail(const std::string &subject, fmt::format_string<Args...> format,
            Args &&...args) {
    isValid = false;
    diags.internalError(subject,
                        fmt::format(format, std::forward<Args>(args)...));
  }
  std::string nameOf(const Route &route) const;

  bool checkHeads();
  bool checkHead(const Route &route);
  void checkRoute(size_t index);
  void checkPlaces(const Route &route, const std::vector<Piece> &pieces);
  void checkPositions(const Route &route, const std::vector<Piece> &pieces);
  void checkLinks(const Route &route, const std::vector<Piece> &pieces);
  void checkCycles(const Route &route, const std::vector<Piece> &pieces);
  void checkLines(const Route &route);
  void checkCollectives();
  void checkFlow(size_t flow, const std::vector<size_t> &routes);
  void checkParts(size_t flow, const std::vector<size_t> &trunks);
  void checkSource(size_t flow, const std::vector<size_t> &gathers,
                   const std::vector<size_t> &trunks);
  void checkSink(size_t flow, const std::vector<size_t> &trunks,
                 const std::vector<size_t> &spreads);
  void checkLanding(const Route &route, const std::vector<model::Rect> &landed);
  void checkColours();
  void checkSharers(int colour, const Sharers &all,
                    const std::vector<Footprint> &footprints);
  void checkPair(int colour, size_t first, size_t second,
                 const std::vector<Footprint> &footprints);
  void checkStack(const std::vector<size_t> &trunks,
                  const std::vector<Footprint> &footprints);
  void checkMeasures();

  const Problem &problem;
  const Solution &solution;
  Diagnostics &diags;
  std::shared_ptr<Shared> shared;
  const Turns &turns;
  std::vector<Ends> &ends; ///< by route
  model::Rect grid;
  bool isValid = true;
};

} // namespace inlay::routing

#endif // INLAY_LIB_ROUTING_SOLUTIONCHECK_H
