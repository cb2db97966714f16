//===- LayoutTest.cpp - Where the features of a value lie -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moves are played on small regions, feature by feature: what a core wants must
// be on its line, and no core may have more to send than the move says.
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Layout.h"
#include "inlay/Support/Format.h"

#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace inlay;
using namespace inlay::model;

namespace {

using Features = std::set<int64_t>;

bool holds(const AxisLayout &layout, int64_t part, int64_t parts, int64_t f) {
  if (!layout.isCut() || parts == 1)
    return true;
  int64_t point = 0, points = 1;
  for (const FeatureRun &run : layout.runs) {
    point = point * run.size + f / run.stride % run.size;
    points *= run.size;
  }
  for (int64_t i = 0; i < layout.repeats; ++i, point += points) {
    int64_t position = layout.pitch > 0 ? point / layout.length * layout.pitch +
                                              point % layout.length
                                        : point;
    if ((layout.first + position) / layout.shard == part)
      return true;
  }
  return false;
}

Features held(const Layout &layout, const Extent &cores, int64_t x, int64_t y) {
  Features features;
  for (int64_t f = 0; f < layout.features; ++f)
    if (holds(layout.x, x, cores.width, f) &&
        holds(layout.y, y, cores.height, f))
      features.insert(f);
  return features;
}

class Moves {
public:
  Moves(const Extent &cores, const Layout &from, const Layout &to)
      : cores(cores), now(from), to(to) {}

  void play() {
    for (const LineMove &move : movesBetween(now, to, cores)) {
      Layout next = now;
      (move.axis == Axis::X ? next.x : next.y) = to.on(move.axis);
      play(move, next);
      now = next;
    }
    // What did not move is there.
    for (int64_t x = 0; x < cores.width; ++x)
      for (int64_t y = 0; y < cores.height; ++y)
        for (int64_t f : held(to, cores, x, y))
          EXPECT_TRUE(held(now, cores, x, y).count(f));
  }

private:
  Features at(const Layout &layout, Axis axis, int64_t along, int64_t across) {
    return axis == Axis::X ? held(layout, cores, along, across)
                           : held(layout, cores, across, along);
  }

  /// What the other axis leaves to be moved later is no business of this line:
  /// it wants what `to` says across, where nothing is cut across yet.
  Features wanted(const Layout &next, Axis axis, int64_t along,
                  int64_t across) {
    Features result = at(next, axis, along, across);
    Axis other = axis == Axis::X ? Axis::Y : Axis::X;
    if (next.on(other).isCut())
      return result;
    Layout finer = next;
    (other == Axis::X ? finer.x : finer.y) = to.on(other);
    return at(finer, axis, along, across);
  }

  void play(const LineMove &move, const Layout &next) {
    int64_t parts = move.axis == Axis::X ? cores.width : cores.height;
    int64_t others = move.axis == Axis::X ? cores.height : cores.width;
    ASSERT_LE(move.cores * move.lines, parts);
    for (int64_t across = 0; across < others; ++across)
      for (int64_t first = 0; first < parts; first += move.cores)
        playLine(move, next, first, std::min(move.cores, parts - first),
                 first >= move.cores * move.lines, across);
  }

  void playLine(const LineMove &move, const Layout &next, int64_t first,
                int64_t count, bool isBeyond, int64_t across) {
    std::vector<Features> have, want;
    for (int64_t i = 0; i < count; ++i) {
      have.push_back(at(now, move.axis, first + i, across));
      want.push_back(wanted(next, move.axis, first + i, across));
    }
    std::vector<Features> sends(count);
    for (int64_t q = 0; q < count; ++q)
      for (int64_t f : want[q]) {
        bool isThere = have[q].count(f);
        for (int64_t r = 0; r < count && !isBeyond; ++r)
          if (r != q && have[r].count(f) && !have[q].count(f)) {
            isThere = true;
            sends[r].insert(f);
          }
        EXPECT_TRUE(isThere) << "feature " << f << " of core " << first + q;
      }
    for (int64_t q = 0; q < count; ++q) {
      EXPECT_LE(int64_t(sends[q].size()), move.piece);
      int64_t senders = 0;
      for (int64_t r = 0; r < count; ++r)
        senders += r != q && !sends[r].empty();
      EXPECT_LE(senders, move.senders);
    }
  }

  Extent cores;
  Layout now, to;
};

class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}
  int64_t below(int64_t n) {
    return std::uniform_int_distribution<int64_t>(0, n - 1)(engine);
  }

  /// Dims of the features on axes, at random, cut at multiples of a unit.
  Layout layout(const std::vector<FeatureRun> &dims, const Extent &cores) {
    Layout result;
    for (const FeatureRun &dim : dims)
      result.features *= dim.size;
    for (FeatureRun dim : dims) {
      int64_t choice = below(3);
      if (choice == 2)
        continue;
      AxisLayout &axis = choice == 0 ? result.x : result.y;
      if (!axis.runs.empty() &&
          axis.runs.back().stride == dim.stride * dim.size)
        axis.runs.back() = {dim.stride, axis.runs.back().size * dim.size};
      else
        axis.runs.push_back(dim);
    }
    setShard(result.x, cores.width);
    setShard(result.y, cores.height);
    return result;
  }

private:
  void setShard(AxisLayout &axis, int64_t parts) {
    int64_t points = 1;
    for (const FeatureRun &run : axis.runs)
      points *= run.size;
    if (axis.isCut()) {
      int64_t unit = 1 + below(3);
      axis.shard =
          std::min(points, ceilDiv(ceilDiv(points, unit), parts) * unit);
    }
  }

  std::mt19937 engine;
};

TEST(LayoutTest, MovesBringWhatIsWantedAndNoMoreThanTheySay) {
  Random random(7);
  for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) {
    int64_t a = 2 + random.below(4), b = 2 + random.below(4),
            c = 2 + random.below(3);
    std::vector<FeatureRun> dims = {{b * c, a}, {c, b}, {1, c}};
    Extent cores = {1 + random.below(6), 1 + random.below(6)};
    Layout from = random.layout(dims, cores), to = random.layout(dims, cores);
    SCOPED_TRACE("case " + std::to_string(i));
    Moves(cores, from, to).play();
  }
}

/// A part of each row lies where the row does, and moves from there, or to
/// where a part of another value lies, like any value.
TEST(LayoutTest, PartsLieWhereTheyAreTaken) {
  Random random(11);
  int parts = 0, toParts = 0;
  for (int i = 0; i < 6000 && !testing::Test::HasFailure(); ++i) {
    int64_t a = 1 + random.below(4), b = 1 + random.below(4),
            c = 1 + random.below(4);
    Extent cores = {1 + random.below(6), 1 + random.below(6)};
    std::vector<FeatureRun> dims;
    for (FeatureRun dim : {FeatureRun{b * c, a}, {c, b}, {1, c}})
      if (dim.size > 1)
        dims.push_back(dim);
    Layout base = random.layout(dims, cores);
    SCOPED_TRACE("case " + std::to_string(i));
    Window window;
    window.row = random.below(3) == 0 ? c : b * c;
    window.length = 1 + random.below(window.row);
    window.first = random.below(window.row - window.length + 1);
    std::optional<Layout> part = partOfLayout(base, window);
    if (!part)
      continue;
    ++parts;
    int64_t rows = base.features / window.row;
    EXPECT_EQ(part->features, rows * window.length);
    for (int64_t x = 0; x < cores.width; ++x)
      for (int64_t y = 0; y < cores.height; ++y) {
        Features all = held(base, cores, x, y), own;
        for (int64_t f = 0; f < part->features; ++f)
          if (all.count(f / window.length * window.row + window.first +
                        f % window.length))
            own.insert(f);
        EXPECT_EQ(held(*part, cores, x, y), own) << x << ", " << y;
      }
    std::vector<FeatureRun> ofPart;
    for (FeatureRun dim : {FeatureRun{window.length, rows}, {1, window.length}})
      if (dim.size > 1)
        ofPart.push_back(dim);
    Layout to = random.layout(ofPart, cores);
    Moves(cores, *part, to).play();
    Moves(cores, to, *part).play();
    // A part of another value, with another row.
    Window other = {window.length + random.below(3), 0, window.length};
    other.first = random.below(other.row - other.length + 1);
    std::vector<FeatureRun> ofOther;
    for (FeatureRun dim : {FeatureRun{other.row, rows}, {1, other.row}})
      if (dim.size > 1)
        ofOther.push_back(dim);
    if (std::optional<Layout> place =
            partOfLayout(random.layout(ofOther, cores), other)) {
      ++toParts;
      Moves(cores, *part, *place).play();
    }
  }
  EXPECT_GT(parts, 3000);
  EXPECT_GT(toParts, 2000);
}

/// Rows of features with cores of their own, cut over these or all on the
/// first, with the rest of the cut on the other axis.
class Rows {
public:
  Rows(Random &random)
      : rows(2 + random.below(3)), length(1 + random.below(6)),
        coresOfRow(1 + random.below(3)),
        shard(ceilDiv(length + random.below(2), coresOfRow)),
        cores{rows * coresOfRow + random.below(2), 1 + random.below(5)} {}

  Layout among() const {
    Layout layout = everywhere(rows * length, 1);
    layout.x = {{{1, layout.features}}, shard, 1, 0, length, pitch()};
    return layout;
  }
  Layout onFirst(bool isCutAcross) const {
    Layout layout = everywhere(rows * length, 1);
    layout.x = {{{length, rows}}, shard, 1, 0, 1, pitch()};
    if (isCutAcross && length > 1)
      layout.y = {{{1, length}}, ceilDiv(length, cores.height)};
    return layout;
  }
  int64_t pitch() const { return shard * coresOfRow; }

  int64_t rows, length, coresOfRow, shard;
  Extent cores;
};

TEST(LayoutTest, RowsMoveAmongTheirCores) {
  Random random(23);
  for (int i = 0; i < 1000 && !testing::Test::HasFailure(); ++i) {
    Rows rows(random);
    Layout layouts[] = {
        rows.among(), rows.onFirst(false), rows.onFirst(true),
        random.layout({{rows.length, rows.rows}, {1, rows.length}},
                      rows.cores)};
    SCOPED_TRACE("case " + std::to_string(i));
    for (const Layout &from : layouts)
      for (const Layout &to : layouts)
        Moves(rows.cores, from, to).play();
    for (const LineMove &move :
         movesBetween(rows.onFirst(random.below(2)), rows.among(), rows.cores))
      if (move.axis == Axis::X)
        EXPECT_EQ(move.cores, rows.coresOfRow);
  }
}

/// Of features in order along a line that are cut across too, a block asks for
/// those of few cores.
TEST(LayoutTest, ABlockIsAskedOfNeighbours) {
  Layout from = everywhere(64 * 576, 1), to = from;
  from.x = {{{576, 64}}, 116, 1, 0, 1, 580};
  from.y = {{{1, 576}}, 3};
  to.x = {{{1, 64 * 576}}, 116, 1, 0, 576, 580};
  std::vector<LineMove> moves = movesBetween(from, to, {322, 200});
  ASSERT_EQ(moves.size(), 2u);
  EXPECT_EQ(moves[0].lines, 64);
  EXPECT_EQ(moves[0].cores, 5);
  // 116 features, 3 of them on a core, may begin within one.
  EXPECT_EQ(moves[1].senders, 40);
  EXPECT_EQ(moves[1].piece, 3);
}

/// Shards alike, from the beginning on, or back to where a part came from.
TEST(LayoutTest, AlignedPartsDoNotMove) {
  Layout all, first;
  all.features = 576;
  all.x = {{{1, 576}}, 2};
  first.features = 512;
  first.x = {{{1, 512}}, 2};
  Extent cores = {441, 363};
  std::optional<Layout> slice = partOfLayout(all, {576, 0, 512});
  std::optional<Layout> rest = partOfLayout(all, {576, 512, 64});
  ASSERT_TRUE(slice && rest);
  EXPECT_TRUE(movesBetween(*slice, first, cores).empty());
  EXPECT_TRUE(movesBetween(*rest, *rest, cores).empty());
  EXPECT_EQ(rest->x, (AxisLayout{{{1, 64}}, 2, 1, 512, 0, 0}));
  // A part of a dim that another axis cuts in the middle is no part.
  Layout both;
  both.features = 12;
  both.y = {{{4, 3}}, 1};
  both.x = {{{1, 4}}, 1};
  EXPECT_FALSE(partOfLayout(both, {12, 2, 4}));
}

/// Where an op cuts other dims along an axis too, all of them read it.
TEST(LayoutTest, FeaturesRepeatForDimsThatDoNotIndexThem) {
  OpSpec op;
  op.dims = {{"group", 5}, {"dim", 6}};
  OperandSpec keys;
  keys.indexing = {{1, 1}};
  Extent cores = {10, 2};
  Sharding sharding = {cores, {1, 1}, cores, {}};
  Layout to = layoutOf(op, keys, OpSharding{{Axis::X, Axis::X}}, sharding);
  EXPECT_EQ(to.x, (AxisLayout{{{1, 6}}, 3, 5}));
  Layout from;
  from.features = 6;
  from.x = {{{1, 6}}, 3};
  std::vector<LineMove> moves = movesBetween(from, to, cores);
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].cores, 10);
  Moves(cores, from, to).play();
}

/// Where one op cuts the tokens and the other does not they are features of
/// both.
TEST(LayoutTest, TokensThatOneOpCutsMoveAsFeatures) {
  OpSpec op;
  op.dims = {{"token", 4}, {"n", 6}};
  OperandSpec value;
  value.indexing = {{0, 1}, {1, 1}};
  Extent cores = {4, 3};
  Sharding sharding = {cores, {1, 1}, cores, {}};
  Layout apart =
      layoutOf(op, value, OpSharding{{Axis::X, Axis::None}}, sharding);
  EXPECT_EQ(apart.features, 24);
  EXPECT_EQ(apart.tokens, 1);
  EXPECT_EQ(apart.cutTokens, 4);
  EXPECT_EQ(apart.x, (AxisLayout{{{6, 4}}, 1}));
  Layout together =
      layoutOf(op, value, OpSharding{{Axis::None, Axis::Y}}, sharding);
  EXPECT_EQ(together.features, 6);
  EXPECT_EQ(together.tokens, 4);

  // The same with the tokens of both as features.
  Layout all = together;
  all.features = 24;
  all.tokens = 1;
  for (bool isBack : {false, true}) {
    const Layout &from = isBack ? apart : together;
    const Layout &to = isBack ? together : apart;
    std::vector<LineMove> moves = movesBetween(from, to, cores);
    std::vector<LineMove> ofAll =
        movesBetween(isBack ? apart : all, isBack ? all : apart, cores);
    ASSERT_EQ(moves.size(), ofAll.size());
    for (size_t m = 0; m < moves.size(); ++m) {
      EXPECT_EQ(moves[m].tokens, 1);
      EXPECT_EQ(moves[m].piece, ofAll[m].piece);
      EXPECT_EQ(moves[m].cores, ofAll[m].cores);
    }
    Moves(cores, isBack ? apart : all, isBack ? all : apart).play();
  }
  // A core has two features of each token, of which its column takes one.
  EXPECT_EQ(movesBetween(together, apart, cores).front().piece, 2);
}

/// Two heads to a core, in order and by element: runs stay on their cores.
TEST(LayoutTest, RunsThatBothLayoutsCutAtCoresAreLinesOfTheirOwn) {
  Layout from, to;
  from.features = to.features = 64;
  from.x = {{{1, 64}}, 4};
  to.x = {{{16, 4}, {1, 4}, {4, 4}}, 4};
  std::vector<LineMove> moves = movesBetween(from, to, {16, 1});
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].cores, 4);
  EXPECT_EQ(moves[0].lines, 4);
  EXPECT_EQ(moves[0].senders, 3);
  EXPECT_EQ(moves[0].piece, 4);
}

/// Heads with cores of their own: 12 positions to a head, 10 of which are
/// features. Who reads the first 8 of these finds them there.
TEST(LayoutTest, FeaturesOfHeadsLieInRows) {
  OpSpec maker;
  maker.dims = {{"head", 3}, {"n", 10}};
  OperandSpec value;
  value.indexing = {{0, 1}, {1, 1}};
  Extent cores = {14, 2};
  Sharding sharding = {cores, {1, 1}, cores, {}};
  OpSharding together = {{Axis::X, Axis::X}, 12};
  Layout made = layoutOf(maker, value, together, sharding);
  EXPECT_EQ(made.features, 30);
  EXPECT_EQ(made.x, (AxisLayout{{{1, 30}}, 3, 1, 0, 10, 12}));
  EXPECT_TRUE(movesBetween(made, made, cores).empty());

  OpSpec reader = maker;
  reader.dims[1].size = 8;
  Layout wanted = layoutOf(reader, value, together, sharding);
  Layout first = firstOfRows(reader, value, made);
  EXPECT_EQ(first.features, 24);
  EXPECT_EQ(first.x, wanted.x);
  EXPECT_TRUE(movesBetween(first, wanted, cores).empty());

  Layout inOrder = layoutOf(maker, value, {{Axis::X, Axis::X}}, sharding);
  EXPECT_FALSE(movesBetween(made, inOrder, cores).empty());
}

/// An op that reads tokens only has no rows of features.
TEST(LayoutTest, TokensAloneHaveNoRows) {
  OpSpec op;
  op.dims = {{"token", 33}};
  OperandSpec ids;
  ids.indexing = {{0, 1}};
  Layout all = handedOver(33, 1, {4, 4});
  EXPECT_EQ(firstOfRows(op, ids, all).features, 33);
  EXPECT_EQ(firstOfRows(op, ids, all).y, all.y);
}

} // namespace
