//===- SlicingTree.h - Floorplans made of nested cuts -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A slicing floorplan: a binary tree whose leaves are blocks and whose inner
// nodes put their two parts side by side or one on top of the other. Rows of
// blocks, stacks of rows and rows of stacks are all such trees.
//
// Every node keeps the curve of the extents on which it fits. A change
// recomputes the curves on the way to the root only, and can be taken back:
// that is what a local search does a hundred thousand times a second.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_SLICINGTREE_H
#define INLAY_FLOORPLAN_SLICINGTREE_H

#include "inlay/Floorplan/ShapeCurve.h"

namespace inlay::floorplan {

enum class Join : uint8_t {
  Beside, ///< the second part is to the right of the first
  Above,  ///< the second part has greater y than the first
};

/// Where a part stands in a slot with room to spare.
enum class Align : uint8_t { Start, Middle, End };

class SlicingTree {
public:
  /// Blocks with these curves, which must outlive the tree; all beside each
  /// other until `build` says otherwise.
  SlicingTree(model::Extent grid, std::vector<const ShapeCurve *> blocks);

  /// Rows of blocks, each row beside or above the one before; in each row
  /// blocks join the other way. Every block occurs once.
  void build(const std::vector<std::vector<int>> &rows, Join rowJoin);

  int numBlocks() const { return blockCount; }
  int numNodes() const { return static_cast<int>(nodes.size()); }
  int root() const { return rootNode; }
  int parent(int node) const { return nodes[node].parent; }
  /// -1 for a block.
  int first(int node) const { return nodes[node].first; }
  int second(int node) const { return nodes[node].second; }
  Join join(int node) const { return nodes[node].join; }
  /// The other part of a node's parent; the node is not the root.
  int sibling(int node) const;
  /// True when `node` is `ancestor` or below it.
  bool isWithin(int node, int ancestor) const;

  // Changes. Each is pending until `commit` or `rollback`.

  /// Takes `part` out and joins it with `target`, before or after it. `target`
  /// is not within `part`, `part` is not the root.
  void graft(int part, int target, Join join, bool before);
  /// Exchanges two parts, neither within the other.
  void exchange(int a, int b);
  void setJoin(int inner, Join join);
  /// Reverses the order in which parts of `node` stand beside (above) each
  /// other.
  void mirror(int node, Join join);
  void setAlign(int inner, Align align);
  void setCurve(int block, const ShapeCurve *curve);
  /// Where between its least extent (0) and the grid's (1) the whole lies: in
  /// width when the root is a stack, in height when it is a row.
  void setStretch(double value);
  double stretch() const { return rootStretch; }

  void commit();
  void rollback();

  /// The tree without its curves.
  struct Form {
    struct Part {
      int parent, first, second;
      Join join;
      Align align;
      const ShapeCurve *curve;
    };
    std::vector<Part> parts;
    int root = -1;
    double stretch = 1;
  };
  Form form() const;
  /// Takes a form of the same blocks; nothing is pending afterwards.
  void setForm(const Form &form);

  /// Computes the slot and the box of every block; slots are disjoint, a box is
  /// the smallest extent in its slot, in its middle. Returns the number of rows
  /// or columns by which the whole leaves the grid (0: it fits), or -1 when a
  /// part has no extent within the grid: then there are no boxes.
  int place(std::vector<model::Rect> &slots, std::vector<model::Rect> &boxes);

private:
  struct Node {
    int parent = -1, first = -1, second = -1;
    Join join = Join::Beside;
    Align align = Align::Middle;
    bool isStale = false;
    /// Buffers of the curve: the one that adds up, and the other when asked
    /// for. Blocks have `curve` instead.
    int sums = -1, inverse = -1;
    /// The rounds in which they were computed.
    int sumsRound = 0, inverseRound = 0;
    const ShapeCurve *curve = nullptr;
  };
  struct Slot {
    int node;
    int x, y, width, height;
  };

  bool isBlock(int node) const { return node < blockCount; }
  size_t count(Join join) const {
    return join == Join::Beside ? grid.height + 1 : grid.width + 1;
  }
  Side *buffer(int index) { return pool.data() + size_t(index) * stride; }
  int takeBuffer();
  void freeAll();
  void touch(int node);
  void markStale(int node);
  void refresh(int node);
  /// Widths by height of a node for Beside, heights by width for Above.
  const Side *sides(int node, Join join);
  void replaceChild(int parent, int from, int to);
  int joinRange(const std::vector<int> &parts, size_t from, size_t to,
                Join join);
  void placePart(const Slot &slot, std::vector<Slot> &open,
                 std::vector<model::Rect> &slots,
                 std::vector<model::Rect> &boxes);

  model::Extent grid;
  int blockCount;
  int rootNode = -1;
  double rootStretch = 1;
  size_t stride;
  std::vector<Node> nodes; ///< blocks first
  int freeInner = 0;       ///< while building
  std::vector<Side> pool;
  std::vector<int> freeBuffers;
  struct Saved {
    int index;
    Node node;
  };
  std::vector<Saved> saved; ///< nodes before the pending change
  std::vector<int> touched; ///< by node, the round that saved it
  int round = 1;
  int savedRoot = -1;
  double savedStretch = 1;
  std::vector<Slot> openSlots;
};

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_SLICINGTREE_H
