//===- PatternCheck.cpp - Whether a collective on a line works ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expands a pattern to the routers of its line and follows the dependencies of
// its cores in their order. Knows segments and actions only, not what made
// them.
//
//===----------------------------------------------------------------------===//

#include "inlay/Routing/Patterns.h"

#include "fmt/format.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::routing;

namespace {

/// A set of cores whose parts a vector holds.
class Parts {
public:
  Parts() = default;
  Parts(int64_t cores, int64_t own) : words((cores + 63) / 64) {
    words[own / 64] |= uint64_t(1) << (own % 64);
  }

  void add(const Parts &other) {
    for (size_t i = 0; i < words.size(); ++i)
      words[i] |= other.words[i];
  }
  bool has(int64_t core) const { return (words[core / 64] >> (core % 64)) & 1; }
  int64_t count() const {
    int64_t total = 0;
    for (uint64_t word : words)
      total += __builtin_popcountll(word);
    return total;
  }

private:
  std::vector<uint64_t> words;
};

struct Setting {
  Port in;
  Ports out;
  int position;
};

/// The settings of one router in one colour, and which is on.
struct Switch {
  std::vector<Setting> settings;
  size_t on = 0;

  const Setting *current() const {
    return settings.empty() ? nullptr : &settings[on];
  }
};

struct Core {
  std::vector<const Action *> actions;
  std::vector<int64_t> rounds; ///< of each
  size_t at = 0;
  int64_t round = 0;
  bool hasSent = false;
  bool hasReceived = false;
  Parts parts;
  /// What it held when the round began; in an all-gather its own part.
  Parts outgoing;

  const Action *current() const {
    return at < actions.size() ? actions[at] : nullptr;
  }
};

class PatternRun {
public:
  PatternRun(const Pattern &pattern, Diagnostics &diags)
      : pattern(pattern), diags(diags) {}

  bool run();

private:
  template <typename... Args>
  void fail(fmt::format_string<Args...> format, Args &&...args) {
    isValid = false;
    if (++numErrors <= kMostErrors)
      diags.internalError("pattern '" + pattern.name() + "'",
                          fmt::format(format, std::forward<Args>(args)...));
  }

  bool expand();
  bool checkSpan(const Span &span, const char *what);
  void checkSwitch(int64_t at, int colour);
  void checkLink(int64_t at, int colour, Port port);
  void checkCore(int64_t at);

  Switch &switchAt(int64_t at, int colour) {
    return switches[at * pattern.colours + colour];
  }
  bool isSender(int64_t at) const;
  bool plan(int64_t from);
  bool deliver(int64_t at, int colour, const Parts &parts);
  void commit();
  void finish(Core &core);
  void follow();
  void checkResult();

  /// A vector on its way into a router.
  struct Hop {
    int64_t at;
    Port in;
    int colour;
    size_t vector; ///< index into `vectors`
  };

  static constexpr int kMostErrors = 8;

  const Pattern &pattern;
  Diagnostics &diags;
  bool isValid = true;
  int numErrors = 0;
  std::vector<Switch> switches; ///< by position and colour
  std::vector<Core> cores;      ///< by position
  // One move of a vector and of all that forward it.
  std::vector<Hop> hops;
  std::vector<Parts> vectors;
  std::vector<int64_t> senders;
  std::vector<std::pair<int64_t, size_t>> receivers; ///< position, vector
};

} // namespace

bool PatternRun::checkSpan(const Span &span, const char *what) {
  if (span.first >= 0 && span.count >= 1 && span.step >= 1 &&
      span.first + (span.count - 1) * span.step < pattern.length())
    return true;
  fail("{} from {} in {} steps of {} leaves the line of {}", what, span.first,
       span.count, span.step, pattern.length());
  return false;
}

bool PatternRun::expand() {
  if (pattern.cores < 2 || pattern.pitch < 1 ||
      pattern.length() > model::kLargestSide || pattern.colours < 1 ||
      !pattern.hasRoot()) {
    fail("{} cores, {} apart, with {} colours make no line", pattern.cores,
         pattern.pitch, pattern.colours);
    return false;
  }
  auto isColour = [&](int colour) {
    return colour >= 0 && colour < pattern.colours;
  };
  switches.resize(pattern.length() * pattern.colours);
  cores.resize(pattern.length());
  for (const LineSegment &segment : pattern.segments) {
    if (!checkSpan(segment.at, "a segment"))
      continue;
    bool isTurned = segment.in == Port::North || segment.in == Port::South ||
                    segment.out.has(Port::North) ||
                    segment.out.has(Port::South);
    if (!isColour(segment.colour) || segment.out.empty() || isTurned ||
        segment.out.has(segment.in)) {
      fail("the segment at {} has no legal ports or colour", segment.at.first);
      continue;
    }
    for (int64_t i = 0; i < segment.at.count; ++i)
      switchAt(segment.at.first + i * segment.at.step, segment.colour)
          .settings.push_back({segment.in, segment.out, segment.position});
  }
  for (const Action &action : pattern.actions) {
    if (!checkSpan(action.at, "an action"))
      continue;
    if ((action.receive >= 0 && !isColour(action.receive)) ||
        (action.send >= 0 && !isColour(action.send)) ||
        (action.receive < 0 && action.send < 0) || action.rounds < 1 ||
        action.rounds + (action.at.count - 1) * action.roundsStep < 1) {
      fail("the action at {} has no legal colours or rounds", action.at.first);
      continue;
    }
    for (int64_t i = 0; i < action.at.count; ++i) {
      Core &core = cores[action.at.first + i * action.at.step];
      core.actions.push_back(&action);
      core.rounds.push_back(action.rounds + i * action.roundsStep);
    }
  }
  return isValid;
}

void PatternRun::checkSwitch(int64_t at, int colour) {
  std::vector<Setting> &settings = switchAt(at, colour).settings;
  std::sort(settings.begin(), settings.end(),
            [](const Setting &a, const Setting &b) {
              return a.position < b.position;
            });
  for (size_t i = 1; i < settings.size(); ++i)
    if (settings[i].position == settings[i - 1].position)
      fail("the router at {} has two settings of colour {} in position {}", at,
           colour, settings[i].position);
  if (settings.size() > kSwitchPositions)
    fail("the router at {} has {} positions of colour {}, of at most {}", at,
         settings.size(), colour, kSwitchPositions);
  for (Port port : {Port::West, Port::East})
    checkLink(at, colour, port);
}

/// What leaves over a link must be taken in behind it, and the other way round.
void PatternRun::checkLink(int64_t at, int colour, Port port) {
  auto &settings = switchAt(at, colour).settings;
  bool sends = false;
  bool takes = false;
  for (const Setting &setting : settings) {
    sends |= setting.out.has(port);
    takes |= setting.in == port;
  }
  if (!sends && !takes)
    return;
  int64_t to = at + offsetOf(port).dx;
  bool isTaken = false;
  bool isSent = false;
  if (to >= 0 && to < pattern.length())
    for (const Setting &setting : switchAt(to, colour).settings) {
      isTaken |= setting.in == opposite(port);
      isSent |= setting.out.has(opposite(port));
    }
  if (sends && !isTaken)
    fail("what the router at {} sends {} in colour {} is not taken in", at,
         toLineString(port), colour);
  if (takes && !isSent)
    fail("the router at {} takes in colour {} from {}, where nothing is sent",
         at, colour, toLineString(port));
}

/// A ramp has a core that uses it, and a core the ramps that it uses.
void PatternRun::checkCore(int64_t at) {
  for (int colour = 0; colour < pattern.colours; ++colour) {
    bool gives = false, takes = false, sends = false, receives = false;
    for (const Setting &setting : switchAt(at, colour).settings) {
      gives |= setting.in == Port::Ramp;
      takes |= setting.out.has(Port::Ramp);
    }
    for (const Action *action : cores[at].actions) {
      sends |= action->send == colour;
      receives |= action->receive == colour;
    }
    if (gives != sends || takes != receives)
      fail("the core at {} and its ramp differ in what they do in colour {}",
           at, colour);
  }
  if (!cores[at].actions.empty() && at % pattern.pitch != 0)
    fail("the core at {} takes part, but only every {}th does", at,
         pattern.pitch);
}

/// Whether a core begins a move: it sends something that it does not forward.
bool PatternRun::isSender(int64_t at) const {
  const Core &core = cores[at];
  const Action *action = core.current();
  return action && action->send >= 0 && !core.hasSent &&
         (action->receive < 0 || !action->forward);
}

/// Follows what the core at `from` would send now; false where something on the
/// way is not ready.
bool PatternRun::plan(int64_t from) {
  hops.clear();
  vectors.clear();
  senders = {from};
  receivers.clear();
  vectors.push_back(cores[from].outgoing);
  hops.push_back({from, Port::Ramp, cores[from].current()->send, 0});
  for (size_t i = 0; i < hops.size(); ++i) {
    Hop hop = hops[i];
    const Setting *setting = switchAt(hop.at, hop.colour).current();
    if (!setting || setting->in != hop.in)
      return false;
    for (Port port : {Port::West, Port::East})
      if (setting->out.has(port))
        hops.push_back({hop.at + offsetOf(port).dx, opposite(port), hop.colour,
                        hop.vector});
    if (setting->out.has(Port::Ramp) &&
        !deliver(hop.at, hop.colour, vectors[hop.vector]))
      return false;
    if (hops.size() > switches.size())
      return false; // it goes in a circle
  }
  return true;
}

/// Hands a vector to a core; one that forwards must be able to.
bool PatternRun::deliver(int64_t at, int colour, const Parts &parts) {
  const Core &core = cores[at];
  const Action *action = core.current();
  if (!action || action->receive != colour || core.hasReceived)
    return false;
  Parts sum = core.parts;
  sum.add(parts);
  vectors.push_back(std::move(sum));
  receivers.emplace_back(at, vectors.size() - 1);
  if (!action->forward)
    return true;
  if (action->send >= 0) {
    senders.push_back(at);
    hops.push_back({at, Port::Ramp, action->send, vectors.size() - 1});
  }
  return true;
}

void PatternRun::finish(Core &core) {
  const Action *action = core.current();
  if ((action->send >= 0 && !core.hasSent) ||
      (action->receive >= 0 && !core.hasReceived))
    return;
  core.hasSent = core.hasReceived = false;
  if (pattern.algorithm != Algorithm::AllGather)
    core.outgoing = core.parts;
  if (++core.round < core.rounds[core.at])
    return;
  core.round = 0;
  ++core.at;
}

void PatternRun::commit() {
  for (const Hop &hop : hops) {
    Switch &router = switchAt(hop.at, hop.colour);
    const Setting &setting = *router.current();
    // A position ends with what its own core sends or receives in it.
    if ((setting.in == Port::Ramp || setting.out.has(Port::Ramp)) &&
        router.on + 1 < router.settings.size())
      ++router.on;
  }
  for (int64_t at : senders)
    cores[at].hasSent = true;
  for (auto [at, vector] : receivers) {
    cores[at].parts = vectors[vector];
    cores[at].hasReceived = true;
  }
  for (auto [at, vector] : receivers)
    finish(cores[at]);
  // A core that forwards is among the receivers.
  for (int64_t at : senders)
    if (cores[at].hasSent)
      finish(cores[at]);
}

/// Moves vectors as long as any can move.
void PatternRun::follow() {
  for (int64_t at = 0; at < pattern.length(); ++at)
    if (at % pattern.pitch == 0)
      cores[at].parts = cores[at].outgoing =
          Parts(pattern.cores, at / pattern.pitch);
  // Up and down the line by turns: what waits does so for a neighbour.
  bool moves = true;
  for (bool isUp = false; moves; isUp = !isUp) {
    moves = false;
    for (int64_t i = 0; i < pattern.cores; ++i) {
      int64_t at = (isUp ? i : pattern.cores - 1 - i) * pattern.pitch;
      while (isSender(at) && plan(at)) {
        commit();
        moves = true;
      }
    }
  }
}

void PatternRun::checkResult() {
  for (int64_t at = 0; at < pattern.length(); at += pattern.pitch) {
    const Core &core = cores[at];
    if (const Action *action = core.current()) {
      fail("the core at {} waits for ever to {} in colour {}: dependencies "
           "form a cycle",
           at, action->send >= 0 && !core.hasSent ? "send" : "receive",
           action->send >= 0 && !core.hasSent ? action->send : action->receive);
      return;
    }
    int64_t index = at / pattern.pitch;
    int64_t held = core.parts.count();
    bool holds = true;
    switch (pattern.algorithm) {
    case Algorithm::Star:
    case Algorithm::Chain:
    case Algorithm::Tree:
    case Algorithm::TwoPhase:
      holds = index != 0 || held == pattern.cores;
      break;
    case Algorithm::Broadcast:
      holds = core.parts.has(pattern.root);
      break;
    case Algorithm::Shift:
      holds = held == 2;
      break;
    default:
      holds = held == pattern.cores;
    }
    if (!holds)
      fail("in the end the core at {} holds the parts of {} cores only", at,
           held);
  }
}

bool PatternRun::run() {
  if (!expand())
    return false;
  for (int64_t at = 0; at < pattern.length(); ++at) {
    for (int colour = 0; colour < pattern.colours; ++colour)
      checkSwitch(at, colour);
    checkCore(at);
  }
  if (!isValid)
    return false;
  follow();
  checkResult();
  return isValid;
}

bool Pattern::verify(Diagnostics &diags) const {
  return PatternRun(*this, diags).run();
}
