//===- SlicingTree.cpp - Floorplans made of nested cuts -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/SlicingTree.h"

#include <cmath>
#include <numeric>

using namespace inlay;
using namespace inlay::floorplan;
using model::Rect;

SlicingTree::SlicingTree(model::Extent grid,
                         std::vector<const ShapeCurve *> blocks)
    : grid(grid), blockCount(static_cast<int>(blocks.size())),
      stride((std::max(grid.width, grid.height) + 1 + 15) / 16 * 16),
      nodes(2 * blocks.size() - 1),
      // Each node has at most two buffers, and two from before a change. The
      // pool never grows, so that pointers into it stay valid.
      pool(4 * nodes.size() * stride), touched(nodes.size(), 0) {
  for (int i = 0; i < blockCount; ++i)
    nodes[i].curve = blocks[i];
  std::vector<int> all(blockCount);
  std::iota(all.begin(), all.end(), 0);
  build({all}, Join::Above);
}

static Join other(Join join) {
  return join == Join::Beside ? Join::Above : Join::Beside;
}

int SlicingTree::takeBuffer() {
  int index = freeBuffers.back();
  freeBuffers.pop_back();
  return index;
}

void SlicingTree::freeAll() {
  freeBuffers.resize(pool.size() / stride);
  std::iota(freeBuffers.rbegin(), freeBuffers.rend(), 0);
  saved.clear();
  ++round;
}

/// A balanced tree of the parts: changes then recompute few curves.
int SlicingTree::joinRange(const std::vector<int> &parts, size_t from,
                           size_t to, Join join) {
  if (to - from == 1)
    return parts[from];
  size_t middle = from + (to - from) / 2;
  int first = joinRange(parts, from, middle, join);
  int second = joinRange(parts, middle, to, join);
  int index = freeInner++;
  nodes[index] = Node();
  nodes[index].first = first;
  nodes[index].second = second;
  nodes[index].join = join;
  nodes[index].isStale = true;
  nodes[first].parent = nodes[second].parent = index;
  return index;
}

void SlicingTree::build(const std::vector<std::vector<int>> &rows,
                        Join rowJoin) {
  freeAll();
  freeInner = blockCount;
  std::vector<int> parts;
  for (const std::vector<int> &row : rows)
    if (!row.empty())
      parts.push_back(joinRange(row, 0, row.size(), other(rowJoin)));
  rootNode = joinRange(parts, 0, parts.size(), rowJoin);
  nodes[rootNode].parent = -1;
  savedRoot = rootNode;
  savedStretch = rootStretch;
}

int SlicingTree::sibling(int node) const {
  const Node &above = nodes[nodes[node].parent];
  return above.first == node ? above.second : above.first;
}

bool SlicingTree::isWithin(int node, int ancestor) const {
  while (node != -1 && node != ancestor)
    node = nodes[node].parent;
  return node == ancestor;
}

void SlicingTree::touch(int node) {
  if (touched[node] == round)
    return;
  touched[node] = round;
  saved.push_back({node, nodes[node]});
}

/// Gives up the curves of a node and of those above it.
void SlicingTree::markStale(int node) {
  for (; node != -1 && !nodes[node].isStale; node = nodes[node].parent) {
    touch(node);
    Node &self = nodes[node];
    self.isStale = true;
    // Older buffers belong to the saved node now.
    if (self.sums != -1 && self.sumsRound == round)
      freeBuffers.push_back(self.sums);
    if (self.inverse != -1 && self.inverseRound == round)
      freeBuffers.push_back(self.inverse);
    self.sums = self.inverse = -1;
  }
}

void SlicingTree::replaceChild(int parent, int from, int to) {
  if (parent == -1) {
    rootNode = to;
  } else {
    touch(parent);
    (nodes[parent].first == from ? nodes[parent].first : nodes[parent].second) =
        to;
  }
  touch(to);
  nodes[to].parent = parent;
}

void SlicingTree::graft(int part, int target, Join join, bool before) {
  int inner = nodes[part].parent;
  if (target == inner)
    target = sibling(part);
  int rest = sibling(part);
  int above = nodes[inner].parent;
  touch(inner);
  replaceChild(above, inner, rest);
  markStale(above);
  int newAbove = nodes[target].parent;
  replaceChild(newAbove, target, inner);
  touch(target);
  nodes[target].parent = inner;
  nodes[inner].first = before ? part : target;
  nodes[inner].second = before ? target : part;
  nodes[inner].join = join;
  nodes[inner].isStale = false;
  markStale(inner);
}

void SlicingTree::exchange(int a, int b) {
  int aboveA = nodes[a].parent;
  int aboveB = nodes[b].parent;
  if (aboveA == aboveB) {
    touch(aboveA);
    std::swap(nodes[aboveA].first, nodes[aboveA].second);
    return;
  }
  replaceChild(aboveA, a, b);
  replaceChild(aboveB, b, a);
  markStale(aboveA);
  markStale(aboveB);
}

void SlicingTree::setJoin(int inner, Join join) {
  touch(inner);
  nodes[inner].join = join;
  markStale(inner);
}

void SlicingTree::mirror(int node, Join join) {
  if (isBlock(node))
    return;
  if (nodes[node].join == join) {
    touch(node);
    std::swap(nodes[node].first, nodes[node].second);
  }
  mirror(nodes[node].first, join);
  mirror(nodes[node].second, join);
}

void SlicingTree::setAlign(int inner, Align align) {
  touch(inner);
  nodes[inner].align = align;
}

void SlicingTree::setCurve(int block, const ShapeCurve *curve) {
  touch(block);
  nodes[block].curve = curve;
  markStale(nodes[block].parent);
}

void SlicingTree::setStretch(double value) { rootStretch = value; }

void SlicingTree::commit() {
  for (const Saved &old : saved)
    for (auto [was, is] :
         {std::pair(old.node.sums, nodes[old.index].sums),
          std::pair(old.node.inverse, nodes[old.index].inverse)})
      if (was != -1 && was != is)
        freeBuffers.push_back(was);
  saved.clear();
  ++round;
  savedRoot = rootNode;
  savedStretch = rootStretch;
}

void SlicingTree::rollback() {
  for (const Saved &old : saved) {
    for (auto [was, is] :
         {std::pair(old.node.sums, nodes[old.index].sums),
          std::pair(old.node.inverse, nodes[old.index].inverse)})
      if (is != -1 && was != is)
        freeBuffers.push_back(is);
    nodes[old.index] = old.node;
  }
  saved.clear();
  ++round;
  rootNode = savedRoot;
  rootStretch = savedStretch;
}

SlicingTree::Form SlicingTree::form() const {
  Form form;
  for (const Node &node : nodes)
    form.parts.push_back({node.parent, node.first, node.second, node.join,
                          node.align, node.curve});
  form.root = rootNode;
  form.stretch = rootStretch;
  return form;
}

void SlicingTree::setForm(const Form &form) {
  freeAll();
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Form::Part &part = form.parts[i];
    nodes[i] = Node();
    nodes[i].parent = part.parent;
    nodes[i].first = part.first;
    nodes[i].second = part.second;
    nodes[i].join = part.join;
    nodes[i].align = part.align;
    nodes[i].curve = part.curve;
    nodes[i].isStale = !isBlock(static_cast<int>(i));
  }
  rootNode = savedRoot = form.root;
  rootStretch = savedStretch = form.stretch;
}

void SlicingTree::refresh(int node) {
  Node &self = nodes[node];
  if (isBlock(node) || !self.isStale)
    return;
  refresh(self.first);
  refresh(self.second);
  const Side *a = sides(self.first, self.join);
  const Side *b = sides(self.second, self.join);
  touch(node);
  self.sums = takeBuffer();
  self.sumsRound = round;
  addSides(a, b, buffer(self.sums), count(self.join));
  self.isStale = false;
}

const Side *SlicingTree::sides(int node, Join join) {
  Node &self = nodes[node];
  if (isBlock(node))
    return join == Join::Beside ? self.curve->widths.data()
                                : self.curve->heights.data();
  if (self.join == join)
    return buffer(self.sums);
  if (self.inverse == -1) {
    touch(node);
    self.inverse = takeBuffer();
    self.inverseRound = round;
    invertSides(buffer(self.sums), count(self.join), buffer(self.inverse),
                count(join));
  }
  return buffer(self.inverse);
}

/// Half of the spare room, all of it, or none.
static int shift(Align align, int spare) {
  return align == Align::Start ? 0 : align == Align::End ? spare : spare / 2;
}

void SlicingTree::placePart(const Slot &slot, std::vector<Slot> &open,
                            std::vector<Rect> &slots,
                            std::vector<Rect> &boxes) {
  const Node &self = nodes[slot.node];
  if (isBlock(slot.node)) {
    int width = self.curve->widths[std::min<int64_t>(slot.height, grid.height)];
    int height = self.curve->heights[width];
    slots[slot.node] = {slot.x, slot.y, slot.width, slot.height};
    boxes[slot.node] = {slot.x + (slot.width - width) / 2,
                        slot.y + (slot.height - height) / 2, width, height};
    return;
  }
  if (self.join == Join::Beside) {
    int height = std::min<int>(slot.height, grid.height);
    int a = sides(self.first, Join::Beside)[height];
    int b = sides(self.second, Join::Beside)[height];
    int x = slot.x + shift(self.align, slot.width - a - b);
    open.push_back({self.first, x, slot.y, a, slot.height});
    open.push_back({self.second, x + a, slot.y, b, slot.height});
  } else {
    int width = std::min<int>(slot.width, grid.width);
    int a = sides(self.first, Join::Above)[width];
    int b = sides(self.second, Join::Above)[width];
    int y = slot.y + shift(self.align, slot.height - a - b);
    open.push_back({self.first, slot.x, y, slot.width, a});
    open.push_back({self.second, slot.x, y + a, slot.width, b});
  }
}

int SlicingTree::place(std::vector<Rect> &slots, std::vector<Rect> &boxes) {
  refresh(rootNode);
  // As if the root were a stack: `across` is its width, `along` its height.
  bool isRow = !isBlock(rootNode) && nodes[rootNode].join == Join::Beside;
  auto across = static_cast<int>(isRow ? grid.height : grid.width);
  auto along = static_cast<int>(isRow ? grid.width : grid.height);
  Join joinAcross = isRow ? Join::Above : Join::Beside;
  int least = sides(rootNode, joinAcross)[along];
  int overflow = 0;
  if (least <= across) {
    across =
        least + static_cast<int>(std::lround(rootStretch * (across - least)));
  } else {
    int needed = sides(rootNode, isRow ? Join::Beside : Join::Above)[across];
    if (needed >= kNoSide)
      return -1;
    overflow = needed - along;
    along = needed;
  }
  slots.resize(blockCount);
  boxes.resize(blockCount);
  if (isRow)
    openSlots.assign(1, {rootNode, 0, 0, along, across});
  else
    openSlots.assign(1, {rootNode, 0, 0, across, along});
  while (!openSlots.empty()) {
    Slot slot = openSlots.back();
    openSlots.pop_back();
    placePart(slot, openSlots, slots, boxes);
  }
  return overflow;
}
