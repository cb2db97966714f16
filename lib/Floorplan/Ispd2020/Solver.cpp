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

#include "fmt/format.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <map>
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
      palette = choosePalette(sizes, window.time);
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
    int round = 0;
    size_t numRows = 0; ///< at the start
    int mostTime = 0;   ///< that of the start: each has times of its own to try
    State origin, state, found;
    Random random{0};

    /// Of the best legal point, or of a point that may become legal.
    double cost() const {
      return std::isfinite(found.cost) ? found.cost : state.cost;
    }
  };

  double elapsed() const {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }
  bool isOver() const {
    // The rest is for finishing and writing.
    return options.timeLimit > 0 && elapsed() > 0.95 * options.timeLimit;
  }
  void log(const std::string &line) const {
    if (options.log)
      options.log(fmt::format("{:6.2f} s: {}", elapsed(), line));
  }

  /// Starts from rows at times all over the window.
  void seed() {
    constexpr int mostTimes = 64;
    Search search(sizes, palette);
    int stride = std::max(1, (sizes.numTimes() + mostTimes - 1) / mostTimes);
    for (int time = sizes.numTimes() - 1; time >= 0; time -= stride) {
      std::vector<const ShapeCurve *> curves;
      for (size_t i = 0; i < order.size(); ++i)
        curves.push_back(&sizes.shapes(static_cast<int>(i), time).curve);
      for (const auto &rows : startRows(problem, order, curves)) {
        search.start(rows, Join::Above, time);
        Player player;
        player.id = static_cast<int>(players.size());
        player.numRows = rows.size();
        player.mostTime = time;
        player.origin = player.state = search.current();
        if (search.wasLegal())
          player.found = player.state;
        player.random = Random(options.seed * 100000 + player.id);
        players.push_back(player);
      }
    }
    rank();
    keepDifferent();
  }

  /// Keeps the best starts, but few of a kind: neighbours in time with about as
  /// many rows end in the same place.
  void keepDifferent() {
    constexpr size_t mostPlayers = 24;
    constexpr int mostOfAKind = 2;
    std::map<std::pair<int, size_t>, int> kinds;
    std::vector<Player> kept;
    // Whatever the others come to, there is a placement then.
    auto legal = llvm::find_if(players, [](const Player &player) {
      return std::isfinite(player.found.cost);
    });
    if (legal != players.end()) {
      kept.push_back(*legal);
      players.erase(legal);
    }
    for (Player &player : players) {
      // Steps of 1 % in time.
      auto step = static_cast<int>(std::log(sizes.time(player.state.time)) /
                                   std::log(1.01));
      size_t rows = std::min<size_t>(player.numRows, 5);
      if (++kinds[{step, rows}] <= mostOfAKind && kept.size() < mostPlayers)
        kept.push_back(player);
    }
    players = std::move(kept);
  }

  /// Best first. Of those that ended in the same place one stays, the others
  /// begin anew.
  void rank() {
    std::sort(players.begin(), players.end(),
              [](const Player &a, const Player &b) {
                return std::pair(a.cost(), a.id) < std::pair(b.cost(), b.id);
              });
    std::vector<Player> kept, again;
    for (Player &player : players) {
      bool isDouble = !kept.empty() && std::isfinite(player.found.cost) &&
                      player.found.cost == kept.back().found.cost;
      if (isDouble) {
        player.state = player.origin;
        player.found = State();
      }
      (isDouble ? again : kept).push_back(std::move(player));
    }
    players = std::move(kept);
    for (Player &player : again)
      players.push_back(std::move(player));
  }

  void play() {
    for (int round = 0; round < kRounds && !players.empty(); ++round) {
      int64_t moves = movesFor(round);
      double start = elapsed();
      runTasks(players.size(), options.threads,
               [&](size_t i) { advance(players[i], moves); });
      speed = double(moves) * double(players.size()) /
              std::max(1e-3, elapsed() - start);
      for (const Player &player : players)
        take(player.found);
      rank();
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
      double left = 0.93 * options.timeLimit - elapsed();
      total = round == 0 ? probe * double(players.size())
                         : speed * left / (kRounds - round);
    }
    return std::max<int64_t>(
        100, static_cast<int64_t>(total / double(players.size())));
  }

  void advance(Player &player, int64_t moves) const {
    Search search(sizes, palette);
    search.limitTime(player.mostTime);
    search.start(std::isfinite(player.found.cost) ? player.found
                                                  : player.state);
    // Which heat is best differs from case to case: players take turns.
    constexpr double heats[] = {1, 2.5, 0.5};
    double heat = heats[(player.id + player.round++) % 3];
    double target = problem.weights.time * sizes.time(player.state.time);
    double extra = player.state.extra;
    double hot = heat * (0.05 * extra + 0.0005 * (target + extra));
    search.run({moves, hot, 0.003 * hot, [this] { return isOver(); }},
               player.random);
    player.state = search.current();
    if (search.best().cost < player.found.cost)
      player.found = search.best();
  }

  /// Keeps the placement of a point if it is the best so far.
  void take(const State &state) {
    // Finishing changes a score by little.
    if (!std::isfinite(state.cost) || state.cost > 1.01 * bestScore)
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
