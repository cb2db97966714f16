//===- Solver.cpp - Solves cases of the ISPD-2020 contest -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Finish.h"
#include "Search.h"
#include "Seeds.h"

#include "inlay/Floorplan/Ispd2020Solver.h"
#include "inlay/Floorplan/Rows.h"

#include "fmt/format.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;

/// Runs tasks 0 to count - 1; each writes only what is its own.
static void runTasks(size_t count, int threads,
                     const std::function<void(size_t)> &task) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i = next++; i < count; i = next++)
      task(i);
  };
  std::vector<std::thread> helpers;
  for (int t = 1; t < threads; ++t)
    helpers.emplace_back(work);
  work();
  for (std::thread &helper : helpers)
    helper.join();
}

namespace {

/// Searches that compete; the better half goes on.
class Tournament {
public:
  Tournament(const Problem &problem, const SolverOptions &options)
      : problem(problem), options(options), sizes(problem),
        order(dataOrder(problem)), begin(Clock::now()) {}

  std::optional<Solved> run() {
    Window window = findWindow(sizes, order);
    sizes.setTimes(window.low, window.high);
    bound = sizes.leastScore();
    if (problem.weights.adapter > 0)
      palette = choosePalette(sizes, (window.low + window.high) / 2);
    seed();
    log(fmt::format("times {:.2f} to {:.2f} in {} steps, bound {:.1f}, rows "
                    "{:.1f}, {} starts",
                    window.low, window.high, sizes.numTimes(), bound,
                    window.score, players.size()));
    play();
    if (!best)
      return std::nullopt;
    return Solved{*best, bound};
  }

private:
  using Clock = std::chrono::steady_clock;
  static constexpr int kRounds = 5;

  /// One search: where it stands, and the best it has seen.
  struct Player {
    int id = 0; ///< decides between equals
    State state;
    State found;
    Random random{0};
  };

  double elapsed() const {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }
  bool isOver() const {
    return options.timeLimit > 0 && elapsed() > options.timeLimit;
  }
  void log(const std::string &line) const {
    if (options.log)
      options.log(fmt::format("{:6.2f} s: {}", elapsed(), line));
  }

  /// Starts from rows at times all over the window.
  void seed() {
    constexpr int mostTimes = 64;
    constexpr int mostRows = 8;
    constexpr size_t mostPlayers = 24;
    Search search(sizes, palette);
    int stride = std::max(1, (sizes.numTimes() + mostTimes - 1) / mostTimes);
    for (int time = sizes.numTimes() - 1; time >= 0; time -= stride) {
      std::vector<const ShapeCurve *> curves;
      for (int kernel : order)
        curves.push_back(&sizes.shapes(kernel, time).curve);
      std::vector<RowPlan> plans = planRows(curves, problem.grid, mostRows);
      if (plans.empty()) // perhaps every kernel needs a row of its own
        plans = planRows(curves, problem.grid, static_cast<int>(order.size()));
      for (RowPlan &plan : plans) {
        for (std::vector<int> &row : plan.rows)
          for (int &block : row)
            block = order[block];
        search.start(plan.rows, Join::Above, time);
        players.emplace_back();
        players.back().id = static_cast<int>(players.size());
        players.back().state = search.current();
      }
    }
    rank(&Player::state);
    if (players.size() > mostPlayers)
      players.resize(mostPlayers);
    for (Player &player : players)
      player.random = Random(options.seed * 1000 + player.id);
  }

  void rank(State Player::*state) {
    std::sort(players.begin(), players.end(),
              [&](const Player &a, const Player &b) {
                return std::pair((a.*state).cost, a.id) <
                       std::pair((b.*state).cost, b.id);
              });
  }

  void play() {
    for (int round = 0; round < kRounds && !players.empty(); ++round) {
      int64_t moves = movesFor(round);
      double start = elapsed();
      runTasks(players.size(), options.threads,
               [&](size_t i) { advance(players[i], moves); });
      speed = double(moves) * double(players.size()) /
              std::max(1e-3, elapsed() - start);
      rank(&Player::found);
      for (const Player &player : players)
        take(player.found);
      logRound(round, moves);
      // Up to the last digit of sums of halves.
      if (isOver() || bestScore <= bound * (1 + 1e-12))
        return;
      if (players.size() > 2)
        players.resize(std::max<size_t>(2, players.size() / 2));
    }
  }

  void logRound(int round, int64_t moves) const {
    std::string line = fmt::format("round {} of {} moves each:", round, moves);
    for (size_t i = 0; i < players.size() && i < 6; ++i)
      line += fmt::format(" {:.1f} at {:.2f}", players[i].found.cost,
                          sizes.time(players[i].found.time));
    log(line + fmt::format("; score {:.1f}", bestScore));
  }

  /// Moves of each player in a round; rounds share the effort.
  int64_t movesFor(int round) const {
    double total = double(options.effort) * 1000 / kRounds;
    if (options.timeLimit > 0) {
      // The first round is short: it shows how many moves a second are made.
      constexpr double probe = 4000;
      double left = 0.97 * options.timeLimit - elapsed();
      total = round == 0 ? probe * double(players.size())
                         : speed * left / (kRounds - round);
    }
    return std::max<int64_t>(
        100, static_cast<int64_t>(total / double(players.size())));
  }

  void advance(Player &player, int64_t moves) const {
    Search search(sizes, palette);
    search.start(std::isfinite(player.found.cost) ? player.found
                                                  : player.state);
    double target = problem.weights.time * sizes.time(player.state.time);
    double spread =
        std::isfinite(player.state.cost) ? player.state.cost - target : 0;
    double hot = 0.05 * spread + 0.0005 * (target + spread);
    search.run({moves, hot, 0.003 * hot, [this] { return isOver(); }},
               player.random);
    player.state = search.current();
    if (search.best().cost < player.found.cost)
      player.found = search.best();
  }

  /// Keeps the placement of a point if it is the best so far.
  void take(const State &state) {
    if (!std::isfinite(state.cost))
      return;
    Solution solution = finish(sizes, state);
    double score = solution.score(problem).total(problem.weights);
    if (score >= bestScore)
      return;
    bestScore = score;
    best = std::move(solution);
  }

  const Problem &problem;
  const SolverOptions &options;
  Sizes sizes;
  std::vector<int> order;
  std::vector<Image> palette;
  std::vector<Player> players;
  Clock::time_point begin;
  double bound = 0;
  double speed = 0; ///< moves a second
  std::optional<Solution> best;
  double bestScore = std::numeric_limits<double>::infinity();
};

} // namespace

std::optional<Solved> ispd2020::solve(const Problem &problem,
                                      const SolverOptions &options,
                                      Diagnostics &diags) {
  if (!problem.check(diags))
    return std::nullopt;
  std::optional<Solved> solved = Tournament(problem, options).run();
  if (!solved) {
    Diagnostic &error = diags.capacityError(
        fmt::format("case '{}'", problem.name),
        fmt::format("no placement of its {} kernels on {} x {} tiles was found",
                    problem.kernels.size(), problem.grid.width,
                    problem.grid.height));
    error.notes.push_back("raise memlimit or the sides of the grid, or search "
                          "longer (--effort, --time-limit)");
    return std::nullopt;
  }
  if (!solved->solution.verify(problem, diags))
    return std::nullopt;
  return solved;
}
