//===- Moves.cpp - Values on their way from op to op ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A value lies as the op that made it is cut; where another op wants it
// otherwise it has to move. Which moves a kernel needs follows from the cuts of
// its ops.
//
//===----------------------------------------------------------------------===//

#include "Moves.h"
#include "ValueParts.h"

#include "llvm/ADT/STLExtras.h"

#include <utility>

using namespace inlay::checker;

namespace {

/// Follows the values of a kernel from op to op.
class ValueTracker {
public:
  ValueTracker(const Plan &plan, const Kernel &kernel)
      : plan(plan), kernel(kernel), cores(unitsOf(kernel).front()) {}

  MoveNeeds run();
  /// Nothing that an op wants of inputs that are handed over has to move.
  bool hasInputs();

private:
  using Name = std::pair<std::string, std::string>; ///< role, buffer

  const Place *find(const Operand &operand);
  std::optional<Place> inputPlace(const Operand &operand) const;
  void read(const Op &op, const Operand &operand);
  void define(const Op &op);
  void handOver();
  void move(const Place &from, const Place &to);
  std::optional<Move> moveAlong(bool alongX, const Place &now, const Place &to);
  struct Sent {
    int64_t piece = 0, all = 0; ///< features of a core, of a line; at most
  };
  Sent setSenders(Move &move, const Place &now, const Place &to) const;
  int64_t wavelets(const Place &place, int64_t features) const;
  void addLoad(const Move &move, const Place &now, const Sent &sent);
  Place handedOver(int64_t features, int64_t tokens) const;
  int64_t used(const AxisCut &cut, bool alongX) const;
  int64_t partsOn(bool alongX) const {
    return alongX ? cores.width : cores.height;
  }
  bool hasGroups() const { return kernel.groups.size() > 1; }

  const Plan &plan;
  const Kernel &kernel;
  Rect cores; ///< of the kernel, or of its first expert group
  int64_t current = 0;
  Moment now;
  std::map<Name, Place> known;
  std::vector<std::pair<Name, Place>> delivered;
  MoveNeeds needs;
};

} // namespace

static int64_t atLeastOne(int64_t value) { return std::max<int64_t>(1, value); }

/// Values without a name of their own are not followed.
static bool isNamed(const Operand &operand) {
  return !llvm::StringRef(operand.buffer).starts_with("scratch of op ");
}

static bool isValue(const Operand &operand) {
  return operand.role == "output" || operand.role == "scratch";
}

/// Rotation works on a value where it lies, and so does what turns or copies
/// values.
static bool turnsPositions(const Op &op) {
  return llvm::any_of(op.dims,
                      [](const Cut &dim) { return dim.dim == "position"; });
}

//===----------------------------------------------------------------------===//
// From one place to another
//===----------------------------------------------------------------------===//

static int64_t pointsOf(const AxisCut &cut) {
  int64_t points = 1;
  for (const Run &run : cut.runs)
    points = times(points, run.size);
  return points;
}

static bool isCut(const AxisCut &cut) { return !cut.runs.empty(); }

static bool isPlain(const AxisCut &cut) {
  return cut.first == 0 && cut.pitch == 0 && cut.repeats == 1;
}

/// Each feature once, from the first core on.
static bool isWhole(const AxisCut &cut) {
  return cut.first == 0 && cut.repeats == 1;
}

/// Features along the axis that a core has, at most.
static int64_t heldBy(const AxisCut &cut) {
  int64_t held = atLeastOne(cut.shard);
  if (cut.pitch > 0)
    held = plus(times(held / cut.pitch, cut.length),
                std::min(cut.length, held % cut.pitch));
  return std::min(held, pointsOf(cut));
}

/// Positions that `rows` more rows of a larger value take.
static int64_t gapsOf(const AxisCut &cut, int64_t rows) {
  return cut.pitch > 0 ? times(rows, cut.pitch - cut.length) : 0;
}

/// What one core has of `features`, at most.
static int64_t partOf(int64_t features, const AxisCut &cut, int64_t parts) {
  int64_t points = pointsOf(cut), held = heldBy(cut);
  if (!isCut(cut) || parts < 2 || held >= points)
    return features;
  return divideUp(times(features, held), atLeastOne(points));
}

/// Whether both cut features by a common factor of their number.
static bool share(const AxisCut &a, const AxisCut &b) {
  return llvm::any_of(a.runs, [&](const Run &one) {
    return llvm::any_of(b.runs, [&](const Run &other) {
      return std::max(one.stride, other.stride) <
             std::min(times(one.stride, one.size),
                      times(other.stride, other.size));
    });
  });
}

/// What a core has where they do. Of features in order, cut into blocks on one
/// axis, the other takes some values of every so many; else all may be its.
static int64_t partOfBoth(int64_t all, int64_t features, const AxisCut &a,
                          const AxisCut &b) {
  if (a.runs.size() != 1 || b.runs.size() != 1)
    return features;
  const AxisCut *block = &a, *other = &b;
  if (a.runs[0].stride != 1 ||
      (b.runs[0].stride == 1 && b.runs[0].size > a.runs[0].size))
    std::swap(block, other);
  if (block->runs[0].stride != 1)
    return features;
  const Run &run = other->runs[0];
  int64_t period = atLeastOne(times(run.stride, run.size));
  int64_t held = heldBy(*block);
  int64_t inBlock = std::min(
      held, times(times(divideUp(held, period), heldBy(*other)), run.stride));
  return std::min(features,
                  times(all / atLeastOne(block->runs[0].size), inBlock));
}

static bool isInOrder(const AxisCut &cut, int64_t features) {
  return cut.runs.size() == 1 && cut.runs.front() == Run{1, features};
}

/// In order of the features along y, the same in every column; few features are
/// everywhere.
Place ValueTracker::handedOver(int64_t features, int64_t tokens) const {
  Place place;
  place.features = features;
  place.tokens = tokens;
  if (features <= fewFeatures(kernel))
    return place;
  place.y.runs = {{1, features}};
  place.y.shard = divideUp(features, atLeastOne(cores.height));
  return place;
}

/// Cores of a line up to the last that holds anything; 1 where nothing is cut.
int64_t ValueTracker::used(const AxisCut &cut, bool alongX) const {
  if (!isCut(cut))
    return 1;
  int64_t points = times(pointsOf(cut), cut.repeats);
  int64_t rows = divideUp(points, atLeastOne(cut.length));
  int64_t end = plus(plus(cut.first, points), gapsOf(cut, rows - 1));
  return std::min(partsOn(alongX), divideUp(end, atLeastOne(cut.shard)));
}

/// Chunks that the slowest run cuts the features into, each whole; 0 for any
/// number.
static int64_t chunksOf(const AxisCut &cut, int64_t features) {
  if (isInOrder(cut, features))
    return 0;
  const Run &slowest = cut.runs.front();
  return times(slowest.stride, slowest.size) == features ? slowest.size : 1;
}

/// Runs of consecutive cores into which both cut the features alike, so that
/// nothing moves from one to another.
static int64_t commonRuns(const AxisCut &a, const AxisCut &b,
                          int64_t features) {
  if (!isWhole(a) || !isWhole(b))
    return 1;
  int64_t ofA = chunksOf(a, features), ofB = chunksOf(b, features);
  if (ofA == 0 || ofB == 0)
    return atLeastOne(std::max(ofA, ofB));
  return ofA == ofB ? ofA : 1;
}

/// Cores of one of these runs, each of them a row where there are rows; 0 where
/// runs begin within cores.
static int64_t coresOfRun(const AxisCut &cut, int64_t runs) {
  if (cut.pitch > 0) {
    bool isRow = pointsOf(cut) == times(runs, cut.length);
    int64_t shard = atLeastOne(cut.shard);
    return isRow && cut.pitch % shard == 0 ? cut.pitch / shard : 0;
  }
  int64_t perRun = times(runs, atLeastOne(cut.shard));
  return pointsOf(cut) % perRun == 0 ? pointsOf(cut) / perRun : 0;
}

/// Between products of experts there is a value for each choice that the
/// busiest group serves.
int64_t ValueTracker::wavelets(const Place &place, int64_t features) const {
  auto choices = static_cast<int64_t>(
      std::clamp(std::ceil(kernel.activations), 1.0, double(kHuge)));
  int64_t count = times(features, place.isOfChoices ? choices : place.tokens);
  return waveletsOf(plan, divideUp(times(count, place.bits), 8));
}

/// Pieces that are not full may take a wavelet more each.
void ValueTracker::addLoad(const Move &move, const Place &now,
                           const Sent &sent) {
  int64_t passing = std::min(times(move.senders, move.wavelets),
                             plus(wavelets(now, sent.all), move.senders));
  needs.loads.push_back({move.cores, passing, this->now});
}

/// Cores on which features in order along a line lie of which it takes a block:
/// this may begin and end within a core. Where the order goes round within the
/// block, that is one more.
static std::optional<int64_t>
holdersOfBlock(const AxisCut &along, const AxisCut &across, int64_t features) {
  if (!isPlain(along) || along.runs.size() != 1 ||
      along.runs.front().stride != 1 || !isInOrder(across, features) ||
      across.first != 0)
    return std::nullopt;
  int64_t round = along.runs.front().size, block = heldBy(across);
  bool endsWithRound = across.pitch > 0 && across.length == round &&
                       across.pitch % atLeastOne(across.shard) == 0;
  if (block >= round || (across.pitch > 0 && !endsWithRound))
    return std::nullopt;
  return divideUp(block, atLeastOne(along.shard)) + (endsWithRound ? 1 : 2);
}

/// How many cores of a line have something for another, and how much.
ValueTracker::Sent ValueTracker::setSenders(Move &move, const Place &now,
                                            const Place &to) const {
  const AxisCut &along = now.on(move.alongX);
  const AxisCut &acrossNow = now.on(!move.alongX);
  const AxisCut &acrossTo = to.on(!move.alongX);
  int64_t holders = atLeastOne(used(along, move.alongX) -
                               along.first / atLeastOne(along.shard));
  int64_t piece = 0, features = 0;
  bool wantsRun =
      !isCut(acrossNow) && isCut(acrossTo) && isInOrder(along, now.features) &&
      times(acrossTo.runs.front().stride, acrossTo.runs.front().size) ==
          to.features;
  if (wantsRun) {
    // A run of the features, which cores beside each other have.
    int64_t slowest = atLeastOne(acrossTo.runs.front().size);
    int64_t ofOne = atLeastOne(pointsOf(acrossTo) / slowest);
    int64_t shard = atLeastOne(heldBy(acrossTo));
    bool straddles =
        ofOne > 1 && ((shard % ofOne != 0 && ofOne % shard != 0) ||
                      acrossTo.first % ofOne != 0 || acrossTo.pitch > 0);
    int64_t values = plus(divideUp(shard, ofOne), straddles ? 1 : 0);
    features =
        times(divideUp(now.features, slowest), std::min(values, slowest));
    piece = std::min(features, heldBy(along));
    // It may begin at the end of a row, and, where the features repeat, end
    // with the first of them.
    int64_t span = plus(
        features, gapsOf(along, divideUp(features, atLeastOne(along.length))));
    move.senders = std::min({holders, features,
                             plus(divideUp(span, atLeastOne(along.shard)),
                                  acrossTo.repeats > 1 ? 2 : 1)});
  } else {
    const AxisCut &across = isCut(acrossNow) ? acrossNow : acrossTo;
    features = partOf(now.features, across, partsOn(!move.alongX));
    piece = partsOn(!move.alongX) > 1 && share(along, across)
                ? partOfBoth(now.features, features, along, across)
                : partOf(features, along, partsOn(move.alongX));
    move.senders = std::min(
        {holders, features,
         partsOn(!move.alongX) < 2
             ? holders
             : holdersOfBlock(along, across, now.features).value_or(holders)});
  }
  return {piece, features};
}

std::optional<Move> ValueTracker::moveAlong(bool alongX, const Place &now,
                                            const Place &to) {
  const AxisCut &a = now.on(alongX), &b = to.on(alongX);
  int64_t parts = partsOn(alongX);
  if (!isCut(a) || parts < 2 || a == b)
    return std::nullopt;
  Move move{current, alongX, parts};
  if (isCut(b))
    move.cores = std::max(used(a, alongX), used(b, alongX));
  Sent sent = setSenders(move, now, to);
  if (int64_t runs = isCut(b) ? commonRuns(a, b, now.features) : 1; runs > 1) {
    int64_t ofRun = coresOfRun(a, runs);
    if (ofRun == coresOfRun(b, runs) && ofRun > 0 &&
        times(ofRun, runs) <= parts) {
      move.lines = runs;
      move.cores = ofRun;
      sent.all = divideUp(sent.all, runs);
    }
  }
  if (move.cores < 2)
    return std::nullopt;
  move.senders = std::min(move.senders, move.cores - 1);
  move.wavelets = wavelets(now, sent.piece);
  ++needs.moves[move];
  addLoad(move, now, sent);
  return move;
}

/// Along one axis, then along the other: first the one that `to` cuts where it
/// gathers along the other, else x. Tokens that only one of both cuts are
/// features of the other too.
void ValueTracker::move(const Place &from, const Place &to) {
  auto withTokens = [](Place place) {
    place.features = times(place.features, place.tokens);
    place.cutTokens = std::exchange(place.tokens, 1);
    return place;
  };
  if (from.cutTokens > 1 && to.tokens > 1)
    return move(from, withTokens(to));
  if (to.cutTokens > 1 && from.tokens > 1)
    return move(withTokens(from), to);
  bool isXFirst = isCut(to.x) || !isCut(to.y);
  Place now = from;
  std::optional<Move> first = moveAlong(isXFirst, now, to);
  // What is everywhere along it is dropped when the other move is over.
  if (isCut(now.on(isXFirst)))
    (isXFirst ? now.x : now.y) = to.on(isXFirst);
  std::optional<Move> second = moveAlong(!isXFirst, now, to);
  if (first && second)
    ++needs.pairs[{*first, *second}];
}

//===----------------------------------------------------------------------===//
// Through a kernel
//===----------------------------------------------------------------------===//

/// Where an input lies as kernels hand it over.
std::optional<Place> ValueTracker::inputPlace(const Operand &operand) const {
  for (const Stream &stream : plan.streams) {
    if (stream.to != kernel.name || stream.shape.empty() ||
        !isPort(operand, "input", stream.toPort))
      continue;
    int64_t tokens = 1;
    for (int64_t size : llvm::ArrayRef(stream.shape).drop_back())
      tokens = times(tokens, size);
    Place place = handedOver(stream.shape.back(), tokens);
    int64_t elements = times(stream.shape.back(), tokens);
    place.bits = times(stream.bytes, 8) / atLeastOne(elements);
    return place;
  }
  return std::nullopt;
}

/// Inputs of a kernel without groups come as kernels hand them over.
const Place *ValueTracker::find(const Operand &operand) {
  Name name(operand.role, operand.buffer);
  auto found = known.find(name);
  if (found != known.end())
    return &found->second;
  if (operand.role != "input" || hasGroups())
    return nullptr;
  std::optional<Place> place = inputPlace(operand);
  return place ? &(known[name] = *place) : nullptr;
}

bool ValueTracker::hasInputs() {
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands)
      if (operand.role == "input" && !operand.indexDims.empty())
        if (std::optional<Place> place = inputPlace(operand))
          move(*place, placeOf(op, operand));
  return needs.moves.empty();
}

void ValueTracker::read(const Op &op, const Operand &operand) {
  bool isPart = isSlice(kernel, op) || isConcat(kernel, op);
  if ((op.kind == "move" && !isPart) || turnsPositions(op) || !isNamed(operand))
    return;
  const Place *value = find(operand);
  if (!value || (operand.indexDims.empty() && !isPart) ||
      (isSlice(kernel, op) && sliceOf(op, *value)))
    return;
  Place wanted = isSlice(kernel, op)    ? everywhere(*value)
                 : isConcat(kernel, op) ? placeInConcat(op, operand, *value)
                                        : placeOf(op, operand);
  Name name(operand.role, operand.buffer);
  // Where one op has had it moved it lies for those that follow.
  bool isThere = llvm::any_of(delivered, [&](const auto &delivery) {
    return delivery.first == name && delivery.second.x == wanted.x &&
           delivery.second.y == wanted.y;
  });
  if (isThere)
    return;
  needs.loads.push_back({0, 0, now});
  move(isPart ? *value : firstOfRows(op, operand, *value), wanted);
  delivered.emplace_back(name, wanted);
}

void ValueTracker::define(const Op &op) {
  if (op.operands.empty())
    return;
  const Operand &made = op.operands.back();
  if (!isValue(made) || !isNamed(made) || made.indexDims.empty())
    return;
  const Operand &first = op.operands.front();
  if (isSlice(kernel, op))
    if (const Place *source = find(first))
      if (std::optional<Place> part = sliceOf(op, *source)) {
        known[{made.role, made.buffer}] = *part;
        return;
      }
  bool isOfChoices =
      kernel.role == "experts" && made.role == "scratch" &&
      llvm::any_of(op.dims, [](const Cut &dim) { return dim.dim == "expert"; });
  auto input = known.find({first.role, first.buffer});
  bool isTurned = op.kind != "move" && turnsPositions(op);
  known[{made.role, made.buffer}] =
      isTurned && input != known.end() ? input->second : placeOf(op, made);
  known[{made.role, made.buffer}].isOfChoices = isOfChoices;
}

void ValueTracker::handOver() {
  bool isJoined = !joinedAxis(kernel).empty();
  if ((hasGroups() && !isJoined) || kernel.role == "head")
    return;
  cores = sourceOf(kernel);
  for (const auto &[name, place] : known)
    if (name.first == "output")
      move(place, handedOver(place.features / atLeastOne(place.cutTokens),
                             times(place.tokens, place.cutTokens)));
}

MoveNeeds ValueTracker::run() {
  for (const Op &op : kernel.ops) {
    size_t reads = op.operands.size();
    if (reads > 1 && isValue(op.operands.back()))
      --reads;
    for (size_t i = 0; i < reads; ++i) {
      now = Moment::moves(current, i);
      read(op, op.operands[i]);
    }
    define(op);
    ++current;
  }
  now = Moment::works(current);
  handOver();
  return std::move(needs);
}

MoveNeeds inlay::checker::movesNeeded(const Plan &plan, const Kernel &kernel) {
  return ValueTracker(plan, kernel).run();
}

std::vector<MoveLoad> inlay::checker::movesOf(const Plan &plan,
                                              const Kernel &kernel) {
  return ValueTracker(plan, kernel).run().loads;
}

/// Groups do where they lie in one row of groups, so that each has all rows,
/// and nothing that their ops want has to move.
bool inlay::checker::takesHandedOver(const Plan &plan, const Kernel &kernel) {
  if (kernel.groups.size() <= 1)
    return true;
  if (kernel.minor < 3)
    return false; // older plans lead inputs to groups
  bool isRow = llvm::all_of(kernel.groups, [&](const Group &group) {
    return group.rect.y == kernel.groups.front().rect.y;
  });
  return isRow && ValueTracker(plan, kernel).hasInputs();
}
