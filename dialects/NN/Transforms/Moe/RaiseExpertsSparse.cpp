//===- RaiseExpertsSparse.cpp - Each expert on the tokens that chose it ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding E: NonZero of the mask of an expert gives token and slot of each
// hit; the tokens and their weights are gathered, and the weighted outputs
// added to the rows of their tokens. The number of hits depends on data; after
// raising nothing of it is left.
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

static Layout hitRow() {
  return Layout::rowMajor({{Axis::Hit, ShapedType::kDynamic}});
}

//===----------------------------------------------------------------------===//
// Coordinates of hits
//===----------------------------------------------------------------------===//

/// Whether a dim wholly counts tokens or slots, or has size 1.
static bool isOneAxis(const Layout &dim, int64_t size, const Router &router) {
  if (size == 1)
    return dim.terms.empty();
  return (size == router.tokens &&
          dim == Layout::rowMajor({{Axis::Token, router.tokens}})) ||
         (size == router.slots &&
          dim == Layout::rowMajor({{Axis::Slot, router.slots}}));
}

/// The places of a mask, or of weights that are not 0: a chosen expert of
/// weight 0 adds nothing.
static bool findHits(Analysis &analysis, NodeOp node) {
  const Fact *mask = analysis.find(node.getInput(0));
  if (!mask ||
      (mask->kind != FactKind::Mask && mask->kind != FactKind::FullWeight))
    return false;
  auto shape = shapeOf(node.getInput(0));
  auto dims = shape ? split(mask->layout, *shape) : std::nullopt;
  if (!dims || mask->expert < 0)
    return false;
  Fact hits = *mask;
  hits.kind = FactKind::Coordinates;
  hits.leavesOutZeros = mask->kind == FactKind::FullWeight;
  hits.root = node;
  for (auto [dim, size] : llvm::zip_equal(*dims, *shape)) {
    if (!isOneAxis(dim, size, *mask->router))
      return false;
    hits.rows.push_back(dim);
  }
  hits.rowDim = 0;
  return analysis.set(node, std::move(hits));
}

/// NonZero of a condition of one dim, itself of one dim.
static Value writeHits(Analysis &analysis, OpBuilder &builder, Location loc,
                       Value condition) {
  Type i64 = builder.getI64Type();
  auto places = RankedTensorType::get({1, ShapedType::kDynamic}, i64);
  auto hits = NodeOp::create(builder, loc, TypeRange(places), /*domain=*/"",
                             "NonZero", ValueRange(condition));
  analysis.visit(hits);
  Value row = onnx::ConstantOp::create(
      builder, loc,
      cast<ElementsAttr>(DenseElementsAttr::get(RankedTensorType::get({}, i64),
                                                ArrayRef<int64_t>(0))));
  auto list = NodeOp::create(
      builder, loc, TypeRange(RankedTensorType::get(ShapedType::kDynamic, i64)),
      /*domain=*/"", "Gather", ValueRange{hits.getOutput(0), row});
  analysis.visit(list);
  return list.getOutput(0);
}

/// Compress by the mask of an expert, as Gather by NonZero of it; all that are
/// compressed by one mask share that.
static bool compress(Analysis &analysis, NodeOp node) {
  Value condition = node.getInput(1);
  const Fact *mask =
      condition ? analysis.find(condition, FactKind::Mask) : nullptr;
  auto shape = mask ? shapeOf(condition) : std::nullopt;
  auto from = shapeOf(node.getInput(0));
  Value result = node.getOutput(0);
  if (!shape || !from || from->empty() || mask->expert < 0 ||
      (!node.getNodeAttr("axis") && from->size() != 1))
    return false;
  OpBuilder builder(node);
  Value &hits = analysis.hitsOf(condition);
  if (!hits)
    hits = writeHits(analysis, builder, node->getLoc(), condition);
  auto gather = NodeOp::create(
      builder, node->getLoc(), TypeRange(result.getType()), /*domain=*/"",
      "Gather", ValueRange{node.getInput(0), hits},
      builder.getNamedAttr(
          "axis", builder.getI64IntegerAttr(node.getIntAttr("axis", 0))));
  result.replaceAllUsesWith(gather.getOutput(0));
  analysis.visit(gather);
  return true;
}

/// The numbers 0, 1, 2, ... at the places of hits are these places.
static bool countPlaces(Analysis &analysis, NodeOp node) {
  const Fact *place = analysis.find(node.getInput(1), FactKind::Coordinate);
  auto numbers = place ? onnx::getConstantInts(node.getInput(0)) : std::nullopt;
  auto shape = shapeOf(node.getInput(0));
  if (!numbers || !shape || shape->size() != 1)
    return false;
  for (auto [i, number] : llvm::enumerate(*numbers))
    if (number != static_cast<int64_t>(i))
      return false;
  return analysis.set(node, Fact(*place));
}

static bool setRow(Analysis &analysis, NodeOp node, unsigned index,
                   const Fact &hits, int64_t row) {
  if (row < 0 || row >= static_cast<int64_t>(hits.rows.size()))
    return false;
  Fact coordinate = hits;
  coordinate.kind = FactKind::Coordinate;
  coordinate.value = hits.rows[row];
  coordinate.rows.clear();
  coordinate.layout = hitRow();
  return analysis.set(node, std::move(coordinate), index);
}

static bool isRowDim(NodeOp node, const Fact &hits) {
  return normaliseAxis(node.getIntAttr("axis", 0), 2) == hits.rowDim;
}

static bool splitRows(Analysis &analysis, NodeOp node) {
  const Fact *found = analysis.find(node.getInput(0), FactKind::Coordinates);
  if (!found || !isRowDim(node, *found) ||
      node->getNumResults() != found->rows.size())
    return false;
  Fact hits = *found;
  for (unsigned i = 0; i < node->getNumResults(); ++i)
    setRow(analysis, node, i, hits, i);
  return true;
}

static bool gatherRow(Analysis &analysis, NodeOp node) {
  const Fact *hits = analysis.find(node.getInput(0), FactKind::Coordinates);
  std::optional<int64_t> index = intOf(node.getInput(1));
  if (!hits || !index || !isRowDim(node, *hits))
    return false;
  int64_t row = *index < 0 ? *index + hits->rows.size() : *index;
  return setRow(analysis, node, 0, Fact(*hits), row);
}

/// The only row, as a list.
static bool flattenRow(Analysis &analysis, NodeOp node) {
  const Fact *hits = analysis.find(node.getInput(0), FactKind::Coordinates);
  auto to = shapeOf(node.getOutput(0));
  return hits && to && to->size() == 1 && hits->rows.size() == 1 &&
         setRow(analysis, node, 0, Fact(*hits), 0);
}

static bool sliceRow(Analysis &analysis, NodeOp node) {
  const Fact *hits = analysis.find(node.getInput(0), FactKind::Coordinates);
  if (!hits)
    return false;
  auto ranges = readSlice(node);
  auto to = shapeOf(node.getOutput(0));
  if (!ranges || ranges->size() != 1 || ranges->front().dim != hits->rowDim ||
      !to || (*to)[hits->rowDim] != 1)
    return false;
  return setRow(analysis, node, 0, Fact(*hits), ranges->front().start);
}

static bool transposeRows(Analysis &analysis, NodeOp node) {
  const Fact *hits = analysis.find(node.getInput(0), FactKind::Coordinates);
  auto permutation = node.getIntsAttr("perm");
  if (!hits || (permutation && *permutation != ArrayRef<int64_t>{1, 0}))
    return false;
  Fact turned = *hits;
  turned.rowDim = 1 - hits->rowDim;
  return analysis.set(node, std::move(turned));
}

static bool sameRows(Analysis &analysis, NodeOp node) {
  const Fact *hits = analysis.find(node.getInput(0), FactKind::Coordinates);
  return hits && isHarmlessCast(node) && analysis.set(node, Fact(*hits));
}

static bool concatRows(Analysis &analysis, NodeOp node) {
  auto to = shapeOf(node.getOutput(0));
  const Fact *first = analysis.find(node.getInput(0), FactKind::Coordinate);
  if (!first || !to || to->size() != 2)
    return false;
  Fact hits = *first;
  hits.kind = FactKind::Coordinates;
  hits.rowDim = normaliseAxis(node.getIntAttr("axis", 0), 2);
  for (Value input : node.getInputs()) {
    const Fact *row = analysis.find(input, FactKind::Coordinate);
    auto shape = shapeOf(input);
    if (!row || row->root != first->root || !shape || shape->size() != 2 ||
        (*shape)[hits.rowDim] != 1)
      return false;
    hits.rows.push_back(row->value);
  }
  return analysis.set(node, std::move(hits));
}

//===----------------------------------------------------------------------===//
// Weights of hits
//===----------------------------------------------------------------------===//

static bool gatherWeights(Analysis &analysis, NodeOp node) {
  const Fact *weight = analysis.find(node.getInput(0), FactKind::Weight);
  const Fact *hits = analysis.find(node.getInput(1), FactKind::Coordinates);
  auto shape = shapeOf(node.getInput(0));
  auto dims = weight && shape ? split(weight->layout, *shape) : std::nullopt;
  if (!dims || !hits || hits->rowDim != 1 || hits->router != weight->router ||
      hits->rows.size() != dims->size() || node.getIntAttr("batch_dims", 0))
    return false;
  for (size_t i = 0; i < dims->size(); ++i)
    if (!(hits->rows[i] == (*dims)[i]))
      return false;
  Fact hit = *weight;
  hit.kind = FactKind::HitWeight;
  hit.layout = hitRow();
  hit.expert = hits->expert;
  hit.root = hits->root;
  hit.leavesOutZeros = hits->leavesOutZeros;
  return analysis.set(node, std::move(hit));
}

/// Weights at the places of the hits: those of one expert at its tokens, or all
/// in one dim at token and slot.
static bool gatherHits(Analysis &analysis, NodeOp node) {
  const Fact *weight = analysis.find(node.getInput(0));
  const Fact *place = analysis.find(node.getInput(1), FactKind::Coordinate);
  std::optional<GatherForm> gather = readGather(node);
  bool isFull = weight && weight->kind == FactKind::FullWeight && place &&
                weight->expert == place->expert;
  if (!gather || !place || !weight || weight->router != place->router ||
      (!isFull && weight->kind != FactKind::Weight) || gather->batch != 0 ||
      gather->index.size() != 1)
    return false;
  auto dims = split(weight->layout, gather->from);
  // Nothing but the place may be left to choose.
  if (!dims || !((*dims)[gather->dim] == place->value) ||
      (*dims)[gather->dim].terms.size() != weight->layout.terms.size())
    return false;
  (*dims)[gather->dim] = hitRow();
  auto layout = join(*dims, gather->to);
  if (!layout)
    return false;
  Fact hit = *weight;
  hit.kind = FactKind::HitWeight;
  hit.layout = *layout;
  hit.expert = place->expert;
  hit.root = place->root;
  hit.leavesOutZeros = place->leavesOutZeros;
  return analysis.set(node, std::move(hit));
}

/// token * slots, and that plus the slot: the place in one dim.
static bool scalePlace(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::Coordinate);
  std::optional<int64_t> by = pair ? intOf(pair->other) : std::nullopt;
  if (!by || *by < 1)
    return false;
  Fact scaled = *pair->fact;
  scaled.value.first *= *by;
  for (Term &term : scaled.value.terms)
    term.stride *= *by;
  return analysis.set(node, std::move(scaled));
}

static bool addPlaces(Analysis &analysis, NodeOp node) {
  const Fact *a = analysis.find(node.getInput(0), FactKind::Coordinate);
  const Fact *b = analysis.find(node.getInput(1), FactKind::Coordinate);
  if (!a || !b || a->root != b->root || !(a->layout == b->layout))
    return false;
  Fact sum = *a;
  sum.value.first += b->value.first;
  llvm::append_range(sum.value.terms, b->value.terms);
  sum.value.normalise();
  return analysis.set(node, std::move(sum));
}

static bool multiply(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::HitWeight);
  return pair && meet(analysis, node, *pair->fact, pair->value, pair->other);
}

//===----------------------------------------------------------------------===//
// Back to the tokens
//===----------------------------------------------------------------------===//

/// Whether `index` is the token of each row of `terms`.
static bool isTokenOfRows(const Fact *index, const Fact &terms) {
  if (!index || index->router != terms.router)
    return false;
  bool isHit = terms.layout.has(Axis::Hit);
  // Of one slot the place of a pair is its token.
  bool isPair = index->kind == FactKind::PairToken ||
                (index->kind == FactKind::Order && terms.router->slots == 1);
  if (isHit ? index->kind != FactKind::Coordinate : !isPair)
    return false;
  if (isHit && !(index->value ==
                 Layout::rowMajor({{Axis::Token, terms.router->tokens}})))
    return false;
  for (auto &[expert, mlp] : terms.sum->experts)
    if (mlp->root != index->root)
      return false;
  return true;
}

/// Rows of experts whose inputs were weighted, read from their outputs.
static void readInside(Analysis &analysis, Value rows) {
  const Fact *found = analysis.find(rows, FactKind::Inside);
  auto shape = found ? shapeOf(rows) : std::nullopt;
  if (!shape || shape->size() != 2)
    return;
  int64_t hidden = shape->back();
  const Router &router = *found->router;
  std::pair<Axis, int64_t> row =
      found->expert >= 0 ? std::pair(Axis::Hit, ShapedType::kDynamic)
                         : std::pair(Axis::Pair, router.tokens * router.slots);
  meetInside(analysis, rows, Layout::rowMajor({row, {Axis::Hidden, hidden}}),
             hidden);
}

/// Adds the rows of `terms` to an accumulator.
static bool scatter(Analysis &analysis, NodeOp node, bool byElement) {
  readInside(analysis, node.getInput(2));
  const Fact *found = analysis.find(node.getInput(2), FactKind::Terms);
  const Fact *index = analysis.find(node.getInput(1));
  Value whole = node.getInput(0);
  auto to = shapeOf(node.getOutput(0));
  // The hits of one expert are different tokens: into zeros they may as well be
  // written.
  bool adds = node.getStringAttr("reduction", "none") == "add" ||
              (found && found->layout.has(Axis::Hit) && isZero(whole) &&
               found->sum->experts.size() == 1 &&
               node.getStringAttr("reduction", "none") == "none");
  if (!found || !to || to->size() != 2 || !adds ||
      node.getIntAttr("axis", 0) != 0 || !isTokenOfRows(index, *found) ||
      !isReadOnce(node.getInput(2)))
    return false;
  Fact terms = *found;
  const Router &router = *terms.router;
  bool isHit = terms.layout.has(Axis::Hit);
  std::pair<Axis, int64_t> row =
      isHit ? std::pair(Axis::Hit, ShapedType::kDynamic)
            : std::pair(Axis::Pair, router.tokens * router.slots);
  std::pair<Axis, int64_t> width{Axis::Hidden, to->back()};
  Layout rows = Layout::rowMajor({row, width});
  Layout expected = byElement ? rows.only(row.first) : Layout::rowMajor({row});
  if (!(terms.layout == rows) || !(index->layout == expected) ||
      (*to)[0] != router.tokens)
    return false;
  Layout tokens = Layout::rowMajor({{Axis::Token, router.tokens}, width});
  Sum *sum = terms.sum;
  if (const Fact *before = analysis.find(whole, FactKind::Terms)) {
    Sum *all = before->sum;
    if (!isReadOnce(whole) || !(before->layout == tokens) || all == sum ||
        all->router != sum->router || !(all->spec == sum->spec))
      return false;
    all->takeExperts(*sum);
    sum->isDone = true;
    sum = all;
  } else if (!isZero(whole)) {
    if (whole.getType() != node.getOutput(0).getType())
      return false;
    sum->extras.push_back(whole);
  }
  return analysis.setTerms(node, sum, tokens);
}

static bool scatterElements(Analysis &analysis, NodeOp node) {
  return scatter(analysis, node, /*byElement=*/true);
}

static bool scatterRows(Analysis &analysis, NodeOp node) {
  return scatter(analysis, node, /*byElement=*/false);
}

void moe::addSparseRules(RuleMap &rules) {
  rules["NonZero"].push_back(findHits);
  rules["Compress"].push_back(compress);
  rules["Split"].push_back(splitRows);
  rules["Gather"].push_back(gatherRow);
  rules["Gather"].push_back(countPlaces);
  rules["Gather"].push_back(gatherHits);
  rules["GatherND"].push_back(gatherHits);
  rules["Mul"].push_back(scalePlace);
  rules["Add"].push_back(addPlaces);
  rules["Squeeze"].push_back(flattenRow);
  rules["Reshape"].push_back(flattenRow);
  rules["Slice"].push_back(sliceRow);
  rules["Transpose"].push_back(transposeRows);
  rules["Identity"].push_back(sameRows);
  rules["Cast"].push_back(sameRows);
  rules["Concat"].push_back(concatRows);
  rules["GatherND"].push_back(gatherWeights);
  rules["Mul"].push_back(multiply);
  rules["ScatterElements"].push_back(scatterElements);
  rules["ScatterND"].push_back(scatterRows);
}
