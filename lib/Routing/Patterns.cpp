//===- Patterns.cpp - Collectives on a line of cores ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each algorithm says what every router and core does; equal settings at equal
// distances become one segment in the end.
//
//===----------------------------------------------------------------------===//

#include "inlay/Routing/Patterns.h"

#include "fmt/format.h"

#include <cmath>
#include <map>
#include <optional>
#include <tuple>

using namespace inlay;
using namespace inlay::routing;

static constexpr Port kBack = Port::West;
static constexpr Port kAhead = Port::East;

const char *inlay::routing::toString(Algorithm algorithm) {
  constexpr const char *kNames[] = {"star",
                                    "chain",
                                    "tree",
                                    "two_phase",
                                    "star_broadcast",
                                    "chain_broadcast",
                                    "tree_broadcast",
                                    "two_phase_broadcast",
                                    "two_tree",
                                    "ring",
                                    "broadcast",
                                    "shift",
                                    "middle_chain",
                                    "middle_one_phase",
                                    "middle_two_phases",
                                    "middle_three_phases",
                                    "all_gather"};
  return kNames[static_cast<int>(algorithm)];
}

std::string Pattern::name() const {
  std::string result = fmt::format("{} of {}", toString(algorithm), cores);
  if (pitch > 1)
    result += fmt::format(" by {}", pitch);
  return root > 0 ? fmt::format("{} from {}", result, root) : result;
}

bool Pattern::hasRoot() const {
  return root >= (algorithm == Algorithm::AllGather ? 1 : 0) && root < cores;
}

namespace {

/// What one router does in one colour and position.
struct Setting {
  int64_t at = 0;
  int colour = 0;
  Port in = Port::Ramp;
  Ports out;
  int position = 0;
  int64_t load = 1;
};

/// What one core does as its `stage`-th action.
struct Step {
  int stage = 0;
  int64_t at = 0;
  int receive = -1;
  int send = -1;
  bool forward = false;
  int64_t rounds = 1;
};

class Maker {
public:
  Maker(Algorithm algorithm, int64_t cores, int64_t root) : cores(cores) {
    pattern.algorithm = algorithm;
    pattern.cores = cores;
    pattern.root = root;
  }

  Pattern make(int64_t pitch);

private:
  void set(int64_t at, int colour, Port in, Ports out, int position = 0,
           int64_t load = 1) {
    settings.push_back({at, colour, in, out, position, load});
  }
  void send(int stage, int64_t at, int colour) {
    steps.push_back({stage, at, -1, colour});
  }
  void receive(int stage, int64_t at, int colour, int64_t rounds = 1) {
    steps.push_back({stage, at, colour, -1, false, rounds});
  }

  void star();
  void chain(const std::vector<int64_t> &nodes, Port towards, int stage,
             int nearest);
  void arm(int64_t root, int64_t length, int64_t stride, Port towards,
           int stage, int nearest);
  void tree();
  void treeColour(int64_t at, int colour, int colours, int levels);
  void twoPhase();
  void twoTree();
  void middleChain();
  void middlePhases(int phases);
  void ring();
  void broadcast(int64_t root, int stage, int colour,
                 std::optional<int64_t> last = std::nullopt, int comes = -1);
  void shift();
  void allGather();
  void algorithm();

  void stretch(int64_t pitch);
  void compress();

  int64_t cores;
  Pattern pattern;
  std::vector<Setting> settings;
  std::vector<Step> steps;
};

} // namespace

/// Each core sends its own first and then passes what comes from behind it.
void Maker::star() {
  for (int64_t i = 1; i < cores; ++i) {
    set(i, 0, Port::Ramp, {kBack});
    if (i + 1 < cores)
      set(i, 0, kAhead, {kBack}, 1, cores - 1 - i);
    send(0, i, 0);
  }
  set(0, 0, kAhead, {Port::Ramp}, 0, cores - 1);
  receive(0, 0, 0, cores - 1);
  pattern.colours = 1;
}

/// Each core sends to the one before it, towards the first, which takes in what
/// comes at its own time. The second sends in colour `nearest`, the others in
/// that and the next by turns.
void Maker::chain(const std::vector<int64_t> &nodes, Port towards, int stage,
                  int nearest) {
  int base = nearest / 2 * 2;
  auto colourOf = [&](size_t k) {
    return base + static_cast<int>((size_t(nearest - base) + k + 1) % 2);
  };
  int64_t sign = towards == kBack ? -1 : 1;
  for (size_t k = 1; k < nodes.size(); ++k) {
    int64_t at = nodes[k];
    set(at, colourOf(k), Port::Ramp, {towards});
    for (int64_t between = at + sign; between != nodes[k - 1]; between += sign)
      set(between, colourOf(k), opposite(towards), {towards});
    Step step{stage, at, -1, colourOf(k), false, 1};
    if (k + 1 < nodes.size()) {
      step.receive = colourOf(k + 1);
      step.forward = true;
      set(at, step.receive, opposite(towards), {Port::Ramp});
    }
    steps.push_back(step);
  }
  if (nodes.size() > 1)
    set(nodes.front(), nearest, opposite(towards), {Port::Ramp});
}

/// A chain of the cores root + k * stride (or minus, seen from the root), k
/// from 1 to `length`, and the root takes it in.
void Maker::arm(int64_t root, int64_t length, int64_t stride, Port towards,
                int stage, int nearest) {
  std::vector<int64_t> nodes = {root};
  for (int64_t k = 1; k <= length; ++k)
    nodes.push_back(root + (towards == kBack ? k : -k) * stride);
  chain(nodes, towards, stage, nearest);
  // The root takes in one arm completely, then the other.
  if (length > 0)
    receive(towards == kBack ? stage + 1 : stage, root, nearest);
}

/// Core i sends at the level of its lowest bit, to the core that has this bit
/// clear. Two levels share a colour: a router has at most three positions.
void Maker::tree() {
  int levels = 0;
  while ((int64_t(1) << levels) < cores)
    ++levels;
  int colours = std::max(1, (levels + 1) / 2);
  for (int64_t at = 0; at < cores; ++at) {
    for (int colour = 0; colour < colours; ++colour)
      treeColour(at, colour, colours, levels);
    for (int level = 0; level < levels; ++level) {
      int64_t bit = int64_t(1) << level;
      if (at & bit) {
        send(level, at, level % colours);
        break;
      }
      if (at + bit < cores)
        receive(level, at, level % colours);
    }
  }
  pattern.colours = colours;
}

void Maker::treeColour(int64_t at, int colour, int colours, int levels) {
  int position = 0;
  for (int level = colour; level < levels; level += colours, ++position) {
    int64_t bit = int64_t(1) << level;
    int64_t low = at & (bit - 1);
    if (low == 0 && !(at & bit) && at + bit < cores)
      set(at, colour, kAhead, {Port::Ramp}, position);
    else if (low == 0 && (at & bit))
      set(at, colour, Port::Ramp, {kBack}, position);
    else if (low != 0 && !(at & bit) && at - low + bit < cores)
      set(at, colour, kAhead, {kBack}, position);
  }
}

void Maker::twoPhase() {
  auto group = std::max<int64_t>(1, std::llround(std::sqrt(double(cores))));
  int64_t groups = 0;
  for (int64_t first = 0; first < cores; first += group, ++groups)
    arm(first, std::min(group, cores - first) - 1, 1, kBack, 0, 0);
  arm(0, groups - 1, group, kBack, 2, 2);
  pattern.colours = groups > 1 ? 4 : 2;
}

/// Roots in the middle of each group, the global root that of the middle group.
void Maker::twoTree() {
  auto group = std::max<int64_t>(1, std::llround(std::sqrt(double(cores))));
  std::vector<int64_t> roots;
  for (int64_t first = 0; first < cores; first += group) {
    int64_t size = std::min(group, cores - first);
    int64_t root = first + size / 2;
    roots.push_back(root);
    arm(root, size / 2, 1, kAhead, 0, 0);
    arm(root, size - 1 - size / 2, 1, kBack, 0, 1);
  }
  auto middle = static_cast<int64_t>(roots.size()) / 2;
  auto numRoots = static_cast<int64_t>(roots.size());
  // Roots lie `group` apart but for the last, whose group may be smaller.
  auto rootsFrom = [&](int64_t end, int64_t sign) {
    std::vector<int64_t> nodes;
    for (int64_t i = middle; i != end + sign; i += sign)
      nodes.push_back(roots[i]);
    return nodes;
  };
  if (middle > 0) {
    chain(rootsFrom(0, -1), kAhead, 2, 2);
    receive(2, roots[middle], 2);
  }
  if (middle + 1 < numRoots) {
    chain(rootsFrom(numRoots - 1, 1), kBack, 2, 3);
    receive(3, roots[middle], 3);
  }
  broadcast(roots[middle], 4, 4);
  pattern.colours = 5;
}

void Maker::middleChain() {
  int64_t middle = cores / 2;
  arm(middle, middle, 1, kAhead, 0, 0);
  arm(middle, cores - 1 - middle, 1, kBack, 0, 1);
  broadcast(middle, 2, 2);
  pattern.colours = 3;
}

/// Either half of the line in chains of groups to the core that is nearest to
/// the middle, then along these; the last chain ends beside the middle. Then
/// the right half sends its sum to the left, which sends on to all what comes,
/// with its own added.
void Maker::middlePhases(int phases) {
  constexpr int kLate = 64; // after every phase
  double half = double((cores + 1) / 2);
  int64_t group = std::llround(phases == 2   ? std::sqrt(half)
                               : phases == 3 ? std::cbrt(half)
                                             : 1);
  int64_t left = (cores - 1) / 2, right = left + 1;
  for (Port towards : {kAhead, kBack}) {
    std::vector<int64_t> nodes;
    for (int64_t at = towards == kBack ? right : left; at >= 0 && at < cores;
         at += towards == kBack ? 1 : -1)
      nodes.push_back(at);
    for (int phase = 0; phase < phases; ++phase) {
      auto size = static_cast<size_t>(
          phase + 1 == phases ? cores : std::max<int64_t>(1, group));
      std::vector<int64_t> heads;
      for (size_t first = 0; first < nodes.size(); first += size) {
        auto begin = nodes.begin() + int64_t(first);
        auto end = begin + int64_t(std::min(size, nodes.size() - first));
        chain({begin, end}, towards, 2 * phase, 2 * phase);
        if (end - begin > 1)
          receive(2 * phase + 1, *begin, 2 * phase);
        heads.push_back(*begin);
      }
      nodes = std::move(heads);
    }
  }
  // The second colour of the first phase ends one core from the middle.
  set(right, 1, Port::Ramp, {kBack});
  set(left, 1, kAhead, {Port::Ramp});
  broadcast(left, kLate, 2 * phases, right, 1);
}

/// Core i sends to i + 1 in two colours by turns, the last back to the first in
/// a third. A vector goes in as many pieces as there are cores: round for
/// adding, round again for handing out.
void Maker::ring() {
  int64_t rounds = 2 * (cores - 1);
  auto sends = [&](int64_t at) {
    return at == cores - 1 ? 2 : static_cast<int>(at % 2);
  };
  for (int64_t at = 0; at < cores; ++at) {
    bool isLast = at == cores - 1;
    set(at, sends(at), Port::Ramp, {isLast ? kBack : kAhead});
    if (at > 0)
      set(at, sends(at - 1), kBack, {Port::Ramp});
    if (!isLast)
      set(at, 2, kAhead, {at == 0 ? Port::Ramp : kBack});
    steps.push_back(
        {0, at, at == 0 ? 2 : sends(at - 1), sends(at), false, rounds});
  }
  pattern.colours = 3;
}

/// The root sends what it has; or what `last` sends it, its own added, as it
/// comes.
void Maker::broadcast(int64_t root, int stage, int colour,
                      std::optional<int64_t> last, int comes) {
  Ports both;
  if (root > 0)
    both.add(kBack);
  if (root + 1 < cores)
    both.add(kAhead);
  set(root, colour, Port::Ramp, both);
  if (!last)
    send(stage, root, colour);
  else
    steps.push_back({stage, root, comes, colour, true, 1});
  for (int64_t at = 0; at < cores; ++at) {
    if (at == root)
      continue;
    Port onwards = at < root ? kBack : kAhead;
    Ports out = {Port::Ramp};
    if (at != 0 && at != cores - 1)
      out.add(onwards);
    set(at, colour, opposite(onwards), out);
    if (at == last) // sends its own and receives the sum side by side
      steps.push_back({stage, at, colour, comes, false, 1});
    else
      receive(stage, at, colour);
  }
  pattern.colours = std::max(pattern.colours, colour + 1);
}

/// The ring visits cores 0, 2, 4, ... and comes back over the odd ones, so that
/// neighbours lie at most two hops apart. In three colours: what a router
/// sends, receives and passes differ.
void Maker::shift() {
  auto next = [&](int64_t at) {
    if (at % 2 == 0)
      return at + 2 < cores ? at + 2 : at + 1 < cores ? at + 1 : at - 1;
    return at >= 2 ? at - 2 : at - 1;
  };
  // Even core 2 k sends in colour k, odd core 2 k + 1 in k + 1, modulo 3: each
  // differs from what the core receives and from what its router passes. The
  // last core of an odd number turns round over its neighbour.
  auto sends = [&](int64_t at) {
    bool turns = at % 2 != 0 || (at + 1 == cores && at > 0);
    return static_cast<int>((at / 2 + (turns ? 1 : 0)) % 3);
  };
  std::vector<int> receives(cores);
  for (int64_t at = 0; at < cores; ++at) {
    int64_t to = next(at);
    Port towards = to > at ? kAhead : kBack;
    set(at, sends(at), Port::Ramp, {towards});
    for (int64_t between = at + (to > at ? 1 : -1); between != to;
         between += to > at ? 1 : -1)
      set(between, sends(at), opposite(towards), {towards});
    set(to, sends(at), opposite(towards), {Port::Ramp});
    receives[to] = sends(at);
  }
  for (int64_t at = 0; at < cores; ++at)
    steps.push_back({0, at, receives[at], sends(at), false, 1});
  pattern.colours = 3;
}

/// One colour for either direction. Each core sends its own piece before it
/// lets those pass that come from behind, and takes them in. First everything
/// goes ahead, so that no core waits for two sides at once; then back.
void Maker::allGather() {
  for (bool isAhead : {true, false}) {
    Port towards = isAhead ? kAhead : kBack;
    int colour = isAhead ? 0 : 1;
    auto place = [&](int64_t i) { return isAhead ? i : cores - 1 - i; };
    for (int64_t i = 0; i < cores; ++i) {
      bool isEnd = i + 1 == cores;
      if (!isEnd) {
        set(place(i), colour, Port::Ramp, {towards});
        send(2 * colour, place(i), colour);
      }
      if (i == 0)
        continue;
      Ports out = {Port::Ramp};
      if (!isEnd)
        out.add(towards);
      set(place(i), colour, opposite(towards), out, isEnd ? 0 : 1,
          std::min(i, pattern.root));
      receive(2 * colour + 1, place(i), colour, i);
    }
  }
  pattern.colours = 2;
}

void Maker::algorithm() {
  constexpr int kLate = 64; // after every stage of a reduction
  switch (pattern.algorithm) {
  case Algorithm::Star:
  case Algorithm::StarBroadcast:
    star();
    break;
  case Algorithm::Chain:
  case Algorithm::ChainBroadcast:
    arm(0, cores - 1, 1, kBack, 0, 0);
    pattern.colours = cores > 2 ? 2 : 1;
    break;
  case Algorithm::Tree:
  case Algorithm::TreeBroadcast:
    tree();
    break;
  case Algorithm::TwoPhase:
  case Algorithm::TwoPhaseBroadcast:
    twoPhase();
    break;
  case Algorithm::TwoTree:
    return twoTree();
  case Algorithm::Ring:
    return ring();
  case Algorithm::Broadcast:
    return broadcast(pattern.root, 0, 0);
  case Algorithm::Shift:
    return shift();
  case Algorithm::MiddleChain:
    return middleChain();
  case Algorithm::MiddleOnePhase:
    return middlePhases(1);
  case Algorithm::MiddleTwoPhases:
    return middlePhases(2);
  case Algorithm::MiddleThreePhases:
    return middlePhases(3);
  case Algorithm::AllGather:
    return allGather();
  }
  if (pattern.algorithm >= Algorithm::StarBroadcast &&
      pattern.algorithm <= Algorithm::TwoPhaseBroadcast)
    broadcast(0, kLate, pattern.colours);
}

/// Moves cores `pitch` apart: routers between two of them pass what the one
/// sends the other.
void Maker::stretch(int64_t pitch) {
  if (pitch == 1)
    return;
  // Of a link: colour, from, towards -> load.
  std::map<std::tuple<int, int64_t, Port>, int64_t> links;
  for (Setting &setting : settings) {
    for (Port port : {kBack, kAhead})
      if (setting.out.has(port))
        links[{setting.colour, setting.at, port}] += setting.load;
    setting.at *= pitch;
  }
  for (const auto &[link, load] : links) {
    auto [colour, from, towards] = link;
    int64_t sign = towards == kAhead ? 1 : -1;
    for (int64_t between = 1; between < pitch; ++between)
      set(from * pitch + sign * between, colour, opposite(towards), {towards},
          0, load);
  }
  for (Step &step : steps)
    step.at *= pitch;
  pattern.pitch = pitch;
}

/// Loads, or rounds, by position.
using Places = std::map<int64_t, int64_t>;

namespace {

struct Progression {
  Span at;
  int64_t load = 1;
  int64_t loadStep = 0;
};

} // namespace

/// The longest progression in positions and loads from the first place on. Only
/// some distances are tried: patterns repeat within groups or from group to
/// group.
static Progression longestProgression(const Places &places) {
  constexpr int kTried = 40;
  auto [first, load] = *places.begin();
  Progression best{{first, 1, 1}, load, 0};
  int tried = 0;
  for (auto second = std::next(places.begin());
       second != places.end() && tried < kTried; ++second, ++tried) {
    Progression found{
        {first, 1, second->first - first}, load, second->second - load};
    auto next = second;
    while (next != places.end() &&
           next->second == load + found.at.count * found.loadStep) {
      ++found.at.count;
      next = places.find(first + found.at.count * found.at.step);
    }
    if (found.at.count > best.at.count)
      best = found;
  }
  return best;
}

/// Covers all places with progressions.
template <typename Add> static void cover(Places &places, Add add) {
  while (!places.empty()) {
    Progression taken = longestProgression(places);
    for (int64_t i = 0; i < taken.at.count; ++i)
      places.erase(taken.at.first + i * taken.at.step);
    add(taken);
  }
}

/// Equal settings at equal distances become one segment.
void Maker::compress() {
  std::map<std::tuple<int, Port, unsigned, int>, Places> kinds;
  for (const Setting &setting : settings)
    kinds[{setting.colour, setting.in, setting.out.getBits(), setting.position}]
         [setting.at] = setting.load;
  for (auto &[kind, places] : kinds) {
    auto [colour, in, out, position] = kind;
    cover(places, [&, colour = colour, in = in, out = out,
                   position = position](const Progression &taken) {
      pattern.segments.push_back({taken.at, colour, in, Ports(out), position,
                                  taken.load, taken.loadStep});
    });
  }
  std::map<std::tuple<int, int, int, bool>, Places> deeds;
  for (const Step &step : steps)
    deeds[{step.stage, step.receive, step.send, step.forward}][step.at] =
        step.rounds;
  for (auto &[deed, places] : deeds) {
    auto [stage, receive, send, forward] = deed;
    cover(places, [&, receive = receive, send = send,
                   forward = forward](const Progression &taken) {
      pattern.actions.push_back(
          {taken.at, receive, send, forward, taken.load, taken.loadStep});
    });
  }
}

Pattern Maker::make(int64_t pitch) {
  algorithm();
  stretch(pitch);
  compress();
  return std::move(pattern);
}

Pattern inlay::routing::makePattern(Algorithm algorithm, int64_t cores,
                                    int64_t pitch, int64_t root) {
  return Maker(algorithm, cores, root).make(pitch);
}
