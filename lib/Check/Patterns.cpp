//===- Patterns.cpp - Collectives on a line of cores ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pattern is expanded to the routers of one line. Then its vectors move as
// long as any can: one that cannot is put down where it was held up, and tried
// again when something changes there. What has not moved in the end is on a
// cycle of dependencies.
//
//===----------------------------------------------------------------------===//

#include "Routing.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <deque>

using namespace inlay::checker;

static bool isOneOf(const Pattern &pattern,
                    std::initializer_list<llvm::StringRef> names) {
  return llvm::is_contained(names, pattern.algorithm);
}

bool inlay::checker::isReduce(const Pattern &pattern) {
  return isOneOf(pattern, {"star", "chain", "tree", "two_phase"});
}

bool inlay::checker::isAllGather(const Pattern &pattern) {
  return pattern.algorithm == "all_gather";
}

bool inlay::checker::isAllReduce(const Pattern &pattern) {
  return !isReduce(pattern) &&
         !isOneOf(pattern, {"broadcast", "shift", "all_gather"});
}

/// How many others have something for a core of an all-gather, at most: as many
/// pieces as the last core takes in.
static int64_t sendersOf(const Pattern &pattern) {
  int64_t most = 0;
  for (const LineSegment &segment : pattern.segments)
    if (segment.in == kWest && segment.out == (1u << kRamp))
      most = std::max(most, segment.load);
  return most;
}

int64_t inlay::checker::rootOf(const Pattern &pattern) {
  if (isAllGather(pattern))
    return sendersOf(pattern);
  int64_t pitch = pattern.pitch();
  for (const Action &action : pattern.actions)
    if (action.send >= 0 && pitch > 0)
      return action.span.first / pitch;
  return 0;
}

namespace {

struct Setting {
  Port in = kNone;
  Ports out = 0;
  int64_t position = 0;
};

/// What one router does with one colour: its settings take turns.
struct Switch {
  std::vector<Setting> settings;
  size_t on = 0;
  double carried[kNone] = {}; ///< by port: vectors of one use
  double stated[kNone] = {};
};

struct Core {
  std::vector<const Action *> actions;
  std::vector<int64_t> rounds; ///< of each
  size_t at = 0;
  int64_t round = 0;
  bool hasSent = false, hasReceived = false; ///< in this round
  bool hasSentBefore = false;
  llvm::BitVector held; ///< cores whose parts it has
  /// The same when the round began; in an all-gather its own part.
  llvm::BitVector outgoing;

  const Action *current() const {
    return at < actions.size() ? actions[at] : nullptr;
  }
  /// What it sends in a round, in vectors of a use.
  double weight() const { return 1.0 / static_cast<double>(rounds[at]); }
};

class PatternChecker {
public:
  PatternChecker(const Pattern &pattern, const Rect &grid, Report &report)
      : pattern(pattern), grid(grid), report(report), pitch(pattern.pitch()) {}

  void run();

private:
  template <typename... Args>
  void fail(fmt::format_string<Args...> format, Args &&...args) {
    isSound = false;
    report.fail(pattern.place(),
                fmt::format(format, std::forward<Args>(args)...));
  }

  bool checkHead();
  bool isOnLine(const Span &span, const char *what);
  void expandSegments();
  bool hasRounds(const Action &action) const;
  void expandActions();
  void checkSwitch(int64_t at, int64_t colour);
  void checkLink(int64_t at, int64_t colour, Port port);
  void checkCore(int64_t at);
  void follow();
  bool move(int64_t from);
  bool receive(int64_t at, int64_t colour, size_t vector);
  void commit();
  void take(Core &core, int64_t at, const llvm::BitVector &vector);
  void finish(int64_t at);
  void wake(int64_t at);
  void checkResult();
  double mostPieces(Port port) const;
  void checkLoads();

  Switch &switchAt(int64_t at, int64_t colour) {
    return switches[at * pattern.colours + colour];
  }
  bool begins(int64_t at) const {
    const Action *action = cores[at].current();
    return action && action->send >= 0 && !cores[at].hasSent &&
           (action->receive < 0 || !action->isForward);
  }

  /// A vector on its way into a router.
  struct Hop {
    int64_t at;
    Port in;
    int64_t colour;
    size_t vector;
  };

  const Pattern &pattern;
  const Rect &grid;
  Report &report;
  int64_t pitch;
  bool isSound = true;
  std::vector<Switch> switches; ///< by position and colour
  std::vector<Core> cores;      ///< by position
  std::deque<int64_t> ready;
  std::vector<std::vector<int64_t>> waiting; ///< by the position that holds up
  // One move: a vector, and all that forward it.
  std::vector<Hop> hops;
  std::vector<llvm::BitVector> vectors;
  std::vector<double> weights; ///< of a vector in the wavelets of a use
  std::vector<int64_t> senders;
  std::vector<std::pair<int64_t, size_t>> receivers;
};

} // namespace

bool PatternChecker::checkHead() {
  int64_t longest = std::max(grid.width, grid.height);
  if (pitch < 1 || pattern.length > longest || pattern.colours < 1 ||
      pattern.colours > 32) {
    fail("has {} cores on a line of {} routers in {} colours, which no line of "
         "the grid can have",
         pattern.cores, pattern.length, pattern.colours);
    return false;
  }
  std::string name = fmt::format("{} of {}", pattern.algorithm, pattern.cores);
  if (pitch > 1)
    name += fmt::format(" by {}", pitch);
  if (int64_t root = rootOf(pattern);
      (pattern.algorithm == "broadcast" || isAllGather(pattern)) && root > 0)
    name += fmt::format(" from {}", root);
  if (pattern.name != name)
    report.fail(
        pattern.place(),
        fmt::format("is '{}' by its algorithm, cores, distance and root",
                    name));
  return true;
}

bool PatternChecker::isOnLine(const Span &span, const char *what) {
  if (span.first >= 0 && span.count >= 1 && span.step >= 1 &&
      span.at(span.count - 1) < pattern.length)
    return true;
  fail("has {} from position {} on in {} steps of {}, which leave the line of "
       "{}",
       what, span.first, span.count, span.step, pattern.length);
  return false;
}

void PatternChecker::expandSegments() {
  constexpr Ports kOfLine = (1u << kWest) | (1u << kEast) | (1u << kRamp);
  for (const LineSegment &segment : pattern.segments) {
    if (!isOnLine(segment.span, "a segment"))
      continue;
    if (segment.colour < 0 || segment.colour >= pattern.colours ||
        segment.out == 0 || (segment.out & ~kOfLine) != 0 ||
        !has(kOfLine, segment.in) || has(segment.out, segment.in)) {
      fail("has a segment at position {} without legal ports or colour",
           segment.span.first);
      continue;
    }
    for (int64_t i = 0; i < segment.span.count; ++i) {
      Switch &router = switchAt(segment.span.at(i), segment.colour);
      router.settings.push_back({segment.in, segment.out, segment.position});
      auto load =
          static_cast<double>(plus(segment.load, times(i, segment.loadStep)));
      for (Port port : {kWest, kEast, kRamp})
        if (has(segment.out, port))
          router.stated[port] += load;
      // What cores put in is counted where it comes from.
      if (segment.in == kRamp)
        router.stated[kNorth] += load;
    }
  }
}

/// From the first core to the last that does it.
bool PatternChecker::hasRounds(const Action &action) const {
  int64_t first = action.rounds, last = action.roundsOf(action.span.count - 1);
  return std::min(first, last) >= 1 &&
         std::max(first, last) <= 2 * pattern.cores;
}

void PatternChecker::expandActions() {
  for (const Action &action : pattern.actions) {
    if (!isOnLine(action.span, "an action"))
      continue;
    bool isColour =
        action.receive < pattern.colours && action.send < pattern.colours;
    if (!isColour || (action.receive < 0 && action.send < 0) ||
        !hasRounds(action)) {
      fail("has an action at position {} without legal colours or rounds",
           action.span.first);
      continue;
    }
    for (int64_t i = 0; i < action.span.count; ++i) {
      cores[action.span.at(i)].actions.push_back(&action);
      cores[action.span.at(i)].rounds.push_back(action.roundsOf(i));
    }
  }
}

void PatternChecker::checkSwitch(int64_t at, int64_t colour) {
  std::vector<Setting> &settings = switchAt(at, colour).settings;
  llvm::sort(settings, [](const Setting &a, const Setting &b) {
    return a.position < b.position;
  });
  for (size_t i = 0; i < settings.size(); ++i) {
    int64_t position = settings[i].position;
    if (position >= kPositions)
      fail("uses position {} of the switch of the router at {}, which has {}",
           position, at, kPositions);
    if (i > 0 && settings[i - 1].position == position)
      fail("has two settings of colour {} in position {} of the router at {}",
           colour, position, at);
  }
  checkLink(at, colour, kWest);
  checkLink(at, colour, kEast);
}

/// What leaves over a link must be taken in behind it, and the other way round.
void PatternChecker::checkLink(int64_t at, int64_t colour, Port port) {
  auto sends = [&](int64_t router, Port over) {
    return router >= 0 && router < pattern.length &&
           llvm::any_of(
               switchAt(router, colour).settings,
               [&](const Setting &s) { return has(s.out, over); });
  };
  auto takes = [&](int64_t router, Port over) {
    return router >= 0 && router < pattern.length &&
           llvm::any_of(
               switchAt(router, colour).settings,
               [&](const Setting &s) { return s.in == over; });
  };
  int64_t to = at + stepTo(port).first;
  const char *side = port == kWest ? "back" : "ahead";
  if (sends(at, port) && !takes(to, opposite(port)))
    fail("sends colour {} {} from the router at {}, where nothing takes it in",
         colour, side, at);
  if (takes(at, port) && !sends(to, opposite(port)))
    fail("takes in colour {} from {} in the router at {}, where nothing is "
         "sent",
         colour, side, at);
}

/// A ramp has a core that uses it, a core the ramps that it uses.
void PatternChecker::checkCore(int64_t at) {
  for (int64_t colour = 0; colour < pattern.colours; ++colour) {
    const std::vector<Setting> &settings = switchAt(at, colour).settings;
    bool gives =
        llvm::any_of(settings, [](const Setting &s) { return s.in == kRamp; });
    bool takes = llvm::any_of(
        settings, [](const Setting &s) { return has(s.out, kRamp); });
    bool sends = llvm::any_of(cores[at].actions, [&](const Action *action) {
      return action->send == colour;
    });
    bool receives = llvm::any_of(cores[at].actions, [&](const Action *action) {
      return action->receive == colour;
    });
    if (gives != sends || takes != receives)
      fail("has a core at {} that does not do in colour {} what its ramp does",
           at, colour);
  }
  if (!cores[at].actions.empty() && at % pitch != 0)
    fail("has an action at {}, where none of its cores is", at);
}

/// Follows what the core at `from` would send now. Where something on the way
/// is not ready, it waits there.
bool PatternChecker::move(int64_t from) {
  hops.clear();
  vectors.assign(1, cores[from].outgoing);
  senders.assign(1, from);
  receivers.clear();
  const Action &action = *cores[from].current();
  weights.assign(1, cores[from].weight());
  hops.push_back({from, kRamp, action.send, 0});
  for (size_t i = 0; i < hops.size(); ++i) {
    Hop hop = hops[i];
    const Switch &router = switchAt(hop.at, hop.colour);
    bool isOpen = !router.settings.empty() &&
                  router.settings[router.on].in == hop.in &&
                  hops.size() <= switches.size();
    if (isOpen) {
      Ports out = router.settings[router.on].out;
      for (Port port : {kWest, kEast})
        if (has(out, port))
          hops.push_back({hop.at + stepTo(port).first, opposite(port),
                          hop.colour, hop.vector});
      isOpen = !has(out, kRamp) || receive(hop.at, hop.colour, hop.vector);
    }
    if (!isOpen) {
      waiting[hop.at].push_back(from);
      return false;
    }
  }
  return true;
}

/// Hands a vector to a core; one that forwards sends it on with its own part.
bool PatternChecker::receive(int64_t at, int64_t colour, size_t vector) {
  const Core &core = cores[at];
  const Action *action = core.current();
  if (!action || action->receive != colour || core.hasReceived)
    return false;
  receivers.emplace_back(at, vector);
  if (action->send < 0 || !action->isForward)
    return true;
  llvm::BitVector sum = core.held;
  sum |= vectors[vector];
  senders.push_back(at);
  hops.push_back({at, kRamp, action->send, vectors.size()});
  vectors.push_back(std::move(sum));
  weights.push_back(core.weight());
  return true;
}

/// What a core has after it received: in a broadcast, and where it has sent
/// before, the vector; else the sum of both.
void PatternChecker::take(Core &core, int64_t at,
                          const llvm::BitVector &vector) {
  const Action *action = core.current();
  bool isSideBySide =
      (action->send >= 0 && !action->isForward) || isAllGather(pattern);
  bool replaces = action->send < 0 && !isAllGather(pattern) &&
                  (pattern.algorithm == "broadcast" || core.hasSentBefore);
  if (replaces) {
    core.held = vector;
    return;
  }
  if (!isSideBySide && core.held.anyCommon(vector))
    fail("adds the same part to the core at {} twice", at);
  core.held |= vector;
}

void PatternChecker::commit() {
  for (const Hop &hop : hops) {
    Switch &router = switchAt(hop.at, hop.colour);
    const Setting &setting = router.settings[router.on];
    for (Port port : {kWest, kEast, kRamp})
      if (has(setting.out, port))
        router.carried[port] += weights[hop.vector];
    if (setting.in == kRamp)
      router.carried[kNorth] += weights[hop.vector];
    // A position ends with what its own core sends or receives in it.
    if ((setting.in == kRamp || has(setting.out, kRamp)) &&
        router.on + 1 < router.settings.size())
      ++router.on;
  }
  for (int64_t at : senders)
    cores[at].hasSent = true;
  for (auto [at, vector] : receivers) {
    take(cores[at], at, vectors[vector]);
    cores[at].hasReceived = true;
  }
  for (auto [at, vector] : receivers)
    finish(at);
  for (int64_t at : senders)
    finish(at);
  for (const Hop &hop : hops)
    wake(hop.at);
}

void PatternChecker::finish(int64_t at) {
  Core &core = cores[at];
  const Action *action = core.current();
  if (!action || (action->send >= 0 && !core.hasSent) ||
      (action->receive >= 0 && !core.hasReceived))
    return;
  core.hasSentBefore |= action->send >= 0;
  core.hasSent = core.hasReceived = false;
  if (!isAllGather(pattern))
    core.outgoing = core.held;
  if (++core.round == core.rounds[core.at]) {
    core.round = 0;
    ++core.at;
  }
  ready.push_back(at);
}

void PatternChecker::wake(int64_t at) {
  llvm::append_range(ready, waiting[at]);
  waiting[at].clear();
}

void PatternChecker::follow() {
  for (int64_t at = 0; at < pattern.length; at += pitch) {
    cores[at].held.resize(pattern.cores);
    cores[at].held.set(at / pitch);
    cores[at].outgoing = cores[at].held;
    ready.push_back(at);
  }
  while (!ready.empty()) {
    int64_t at = ready.front();
    ready.pop_front();
    if (begins(at) && move(at))
      commit();
  }
}

void PatternChecker::checkResult() {
  for (int64_t at = 0; at < pattern.length; at += pitch)
    if (const Action *action = cores[at].current()) {
      bool sends = action->send >= 0 && !cores[at].hasSent;
      fail("never ends: the core at {} waits to {} in colour {}, on a cycle "
           "of dependencies",
           at, sends ? "send" : "receive",
           sends ? action->send : action->receive);
    }
  if (!isSound)
    return;
  int64_t root = rootOf(pattern);
  for (int64_t at = 0; at < pattern.length; at += pitch) {
    const llvm::BitVector &held = cores[at].held;
    bool isHome = !isReduce(pattern) || at == 0;
    int64_t wanted = pattern.algorithm == "shift"       ? 2
                     : pattern.algorithm == "broadcast" ? 1
                                                        : pattern.cores;
    bool isRoots = pattern.algorithm != "broadcast" || held.test(root);
    if (isHome && (held.count() != wanted || !isRoots))
      fail("leaves the core at {} with the parts of {} cores, '{}' promises "
           "{}",
           at, held.count(), pattern.algorithm, wanted);
  }
}

/// Pieces that pass a port of a router in an all-gather, at most: those of the
/// cores that have something for others, and what its own core may add to them.
double PatternChecker::mostPieces(Port port) const {
  auto senders = static_cast<double>(sendersOf(pattern));
  return port == kRamp ? senders : senders + 1;
}

/// The loads that segments say are what the vectors made.
void PatternChecker::checkLoads() {
  constexpr std::pair<Port, const char *> kNames[] = {
      {kWest, "back"},
      {kEast, "ahead"},
      {kRamp, "to its core"},
      {kNorth, "from its core"}};
  for (int64_t at = 0; at < pattern.length; ++at)
    for (int64_t colour = 0; colour < pattern.colours; ++colour)
      for (auto [port, name] : kNames) {
        const Switch &router = switchAt(at, colour);
        double carried = router.carried[port];
        if (isAllGather(pattern))
          carried = std::min(carried, mostPieces(port));
        if (std::abs(carried - router.stated[port]) > 1e-6)
          fail("says that the router at {} carries colour {} {} times {}, it "
               "does {:g} times",
               at, colour, router.stated[port], name, carried);
      }
}

void PatternChecker::run() {
  if (!checkHead())
    return;
  switches.resize(pattern.length * pattern.colours);
  cores.resize(pattern.length);
  waiting.resize(pattern.length);
  expandSegments();
  expandActions();
  for (int64_t at = 0; at < pattern.length; ++at) {
    for (int64_t colour = 0; colour < pattern.colours; ++colour)
      checkSwitch(at, colour);
    checkCore(at);
  }
  if (!isSound)
    return;
  follow();
  checkResult();
  if (isSound)
    checkLoads();
}

void inlay::checker::checkPatterns(const Plan &plan, const Rect &grid,
                                   Report &report) {
  report.begin("patterns");
  std::set<std::string> names, used;
  for (const Route &route : plan.fabric.routes)
    used.insert(route.pattern);
  for (const Pattern &pattern : plan.fabric.patterns) {
    if (!names.insert(pattern.name).second)
      report.fail(pattern.place(), "is there twice");
    if (!used.count(pattern.name))
      report.fail(pattern.place(), "is of no route");
    PatternChecker(pattern, grid, report).run();
  }
}
