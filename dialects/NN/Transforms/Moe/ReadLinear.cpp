//===- ReadLinear.cpp - One product of an expert with a weight ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReadLinear.h"
#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

namespace {

class LinearReader {
public:
  LinearReader(Analysis &analysis, const Router &router, Matrix &matrix,
               const MlpForm &form)
      : analysis(analysis), router(router), matrix(matrix), form(form) {}

  std::optional<View> read(View view) {
    peel(view, /*casts=*/true);
    if (!readBias(view))
      return std::nullopt;
    peel(view, /*casts=*/true);
    auto node = view.value.getDefiningOp<NodeOp>();
    if (!node)
      return std::nullopt;
    matrix.product = node;
    if (node.isOp("", "Concat"))
      return readRuns(node, view);
    if (node.isOp("", "MatMul"))
      return readMatMul(node, view, /*transposed=*/false);
    if (node.isOp("com.microsoft", "FusedMatMul"))
      return readFusedMatMul(node, view);
    if (node.isOp("", "Gemm"))
      return readGemm(node, view);
    if (node.isOp("com.microsoft", "MatMulNBits"))
      return form.sumsExperts ? std::nullopt : readNBits(node, view);
    if (std::optional<EinsumForm> einsum = readEinsumForm(node))
      return readEinsum(*einsum, view);
    return std::nullopt;
  }

private:
  /// Looks through what moves weights, and chooses experts among them.
  void peelWeight(View &view) {
    Operation *root = nullptr;
    do {
      peel(view, /*casts=*/true);
    } while (stepBackChoice(analysis, router, view, root) ||
             stepIntoStack(view));
  }

  /// From the weights of all experts, stacked by a node, to those of the one
  /// that is read.
  bool stepIntoStack(View &view) const {
    NodeOp stack = form.only >= 0 ? definedBy(view.value, "Concat") : NodeOp();
    auto shape = shapeOf(view.value);
    auto dims = stack && shape ? split(view.layout, *shape) : std::nullopt;
    if (!dims ||
        static_cast<int64_t>(stack.getInputs().size()) != router.experts)
      return false;
    int64_t axis = normaliseAxis(stack.getIntAttr("axis", 0), shape->size());
    // Each is like the first; as all are read, all are alike.
    auto part = shapeOf(stack.getInput(0));
    if (!part || shapeOf(stack.getInput(form.only)) != part)
      return false;
    Layout whole{0, {{Axis::Expert, router.experts, (*part)[axis]}}};
    if (!((*dims)[axis].only(Axis::Expert) == whole))
      return false;
    (*dims)[axis] = (*dims)[axis].without(Axis::Expert);
    auto layout = join(*dims, *part);
    if (!layout)
      return false;
    view = {stack.getInput(form.only), *layout};
    return true;
  }

  /// The initializer behind a view, if it depends on experts and the given axes
  /// only. With `blocks` an element may stand for a run of rows or columns.
  std::optional<WeightView> readWeight(View view, bool hasColumns,
                                       bool blocks = false) {
    peelWeight(view);
    auto type = dyn_cast<RankedTensorType>(view.value.getType());
    FlatSymbolRefAttr source;
    if (auto load = view.value.getDefiningOp<ml_program::GlobalLoadConstOp>())
      source = dyn_cast<FlatSymbolRefAttr>(load.getGlobal());
    if (auto constant = view.value.getDefiningOp<onnx::ConstantOp>())
      source = constant.getInitializerAttr();
    if (!source || !type || !type.hasStaticShape())
      return std::nullopt;
    if (form.only >= 0) {
      for (const Term &term : view.layout.only(Axis::Expert).terms)
        view.layout.first += form.only / term.divisor % term.size * term.stride;
      view.layout = view.layout.without(Axis::Expert);
    }
    for (Axis axis : {Axis::Expert, matrix.row, matrix.column}) {
      Layout only = view.layout.only(axis);
      if (only.terms.size() > 1 ||
          (only.terms.size() == 1 && only.terms[0].divisor != 1 && !blocks))
        return std::nullopt;
    }
    for (const Term &term : view.layout.terms)
      if (term.axis != Axis::Expert && term.axis != matrix.row &&
          (term.axis != matrix.column || !hasColumns))
        return std::nullopt;
    return WeightView{source, type, {}, view.layout};
  }

  /// The weight of a product, as it is or behind DequantizeLinear.
  bool readFactor(View view) {
    peelWeight(view);
    if (NodeOp node = definedBy(view.value, "DequantizeLinear"))
      return readDequantised(node, view);
    auto found = readWeight(view, /*hasColumns=*/true);
    if (found)
      matrix.weight = *found;
    return found.has_value();
  }

  /// Where the scale of each element lies.
  static std::optional<Layout> scaleLayout(NodeOp node, const Layout &layout,
                                           Shape shape, Shape scales) {
    if (numElements(scales) == 1)
      return Layout();
    int64_t axis = normaliseAxis(node.getIntAttr("axis", 1), shape.size());
    int64_t block = node.getIntAttr("block_size", 0);
    auto dims = split(layout, shape);
    if (!dims || axis < 0 || axis >= static_cast<int64_t>(shape.size()) ||
        block < 0)
      return std::nullopt;
    if (block == 0)
      return scales.size() == 1 && scales[0] == shape[axis]
                 ? join({(*dims)[axis]}, scales)
                 : std::nullopt;
    std::optional<Layout> divided = divide((*dims)[axis], block);
    if (!divided || scales.size() != shape.size())
      return std::nullopt;
    (*dims)[axis] = *divided;
    return join(*dims, scales);
  }

  bool readDequantised(NodeOp node, const View &view) {
    auto shape = shapeOf(node.getInput(0)), scales = shapeOf(node.getInput(1));
    if (!shape || !scales)
      return false;
    auto layout = scaleLayout(node, view.layout, *shape, *scales);
    auto weight = readWeight({node.getInput(0), view.layout}, true);
    auto scale = layout ? readWeight({node.getInput(1), *layout}, true, true)
                        : std::nullopt;
    if (!weight || !scale)
      return false;
    Type element = weight->element();
    Value zeroPoints = node.getInput(2);
    // Unsigned numbers without zero points count from 0; in a packed weight
    // they would count from the middle.
    if (!element.isIntOrFloat() || (element.isUnsignedInteger() && !zeroPoints))
      return false;
    Matrix read = matrix;
    read.weight = *weight;
    read.bits = element.getIntOrFloatBitWidth();
    if (!read.setScales(*scale))
      return false;
    if (zeroPoints) {
      Matrix zeros = read;
      auto zero = readWeight({zeroPoints, *layout}, true, true);
      if (!zero || zero->element() != element || !zeros.setScales(*zero) ||
          zeros.block != read.block || zeros.rowBlock != read.rowBlock)
        return false;
      read.zeroPoints = zeros.scales;
    }
    matrix = read;
    return true;
  }

  /// x + b, where b is a weight.
  bool readBias(View &view) {
    NodeOp add = definedBy(view.value, "Add");
    if (!add)
      return true;
    auto to = shapeOf(view.value);
    for (unsigned i : {1u, 0u}) {
      Value bias = add.getInput(i), other = add.getInput(1 - i);
      auto from = shapeOf(bias), rest = shapeOf(other);
      if (!to || !from || !rest || *rest != *to)
        continue;
      std::optional<Layout> layout = broadcastBack(view.layout, *to, *from);
      if (!layout)
        continue;
      if (auto weight = readWeight({bias, *layout}, /*hasColumns=*/false)) {
        matrix.bias = *weight;
        view.value = other;
        return true;
      }
    }
    return false;
  }

  /// The layout of an operand of a MatMul: the batch dims of the result, then
  /// two dims of its own.
  static std::optional<Layout> operandLayout(ArrayRef<Layout> result,
                                             Shape shape, const Layout &outer,
                                             const Layout &inner) {
    SmallVector<Layout> dims;
    size_t skipped = result.size() - shape.size();
    for (size_t i = 0; i + 2 < shape.size(); ++i)
      dims.push_back(shape[i] == 1 ? Layout() : result[skipped + i]);
    dims.push_back(outer);
    dims.push_back(inner);
    return join(dims, shape);
  }

  /// The layout of a dim of `size` that is summed over; sets the columns.
  std::optional<Layout> readColumns(int64_t size) {
    int64_t experts = form.sumsExperts ? router.experts : 1;
    if (size % experts != 0)
      return std::nullopt;
    matrix.columns = size / experts;
    return Layout::rowMajor(
        {{Axis::Expert, experts}, {matrix.column, matrix.columns}});
  }

  std::optional<View> readMatMul(NodeOp node, const View &view,
                                 bool transposed) {
    auto to = shapeOf(view.value);
    auto lhs = shapeOf(node.getInput(0)), rhs = shapeOf(node.getInput(1));
    if (!to || !lhs || !rhs || lhs->size() < 2 || rhs->size() < 2 ||
        to->size() != std::max(lhs->size(), rhs->size()))
      return std::nullopt;
    auto dims = split(view.layout, *to);
    if (!dims)
      return std::nullopt;
    auto summed = readColumns(lhs->back());
    if (!summed)
      return std::nullopt;
    const Layout &column = *summed, &m = (*dims)[to->size() - 2],
                 &n = dims->back();
    auto left = operandLayout(*dims, *lhs, m, column);
    auto right = operandLayout(*dims, *rhs, transposed ? n : column,
                               transposed ? column : n);
    if (!left || !right)
      return std::nullopt;
    return readFactors({node.getInput(0), *left}, {node.getInput(1), *right});
  }

  /// One of the factors as the weight; the other one.
  std::optional<View> readFactors(const View &a, const View &b) {
    for (auto [weight, other] : {std::pair(b, a), std::pair(a, b)}) {
      if (other.layout.has(matrix.row))
        continue;
      if (readFactor(weight))
        return other;
    }
    return std::nullopt;
  }

  /// A product whose dims have letters: those of the result lie as the result
  /// does, the one that both factors have and the result has not is summed.
  std::optional<View> readEinsum(const EinsumForm &product, const View &view) {
    auto lhs = shapeOf(product.lhs), rhs = shapeOf(product.rhs),
         to = shapeOf(view.value);
    auto dims = to ? split(view.layout, *to) : std::nullopt;
    if (!dims || !lhs || !rhs)
      return std::nullopt;
    llvm::DenseMap<char, Layout> letters;
    for (auto [letter, dim] :
         llvm::zip_equal(StringRef(product.resultLetters), *dims))
      letters[letter] = dim;
    SmallVector<char> summed = product.summedLetters();
    for (char letter : summed)
      if (!StringRef(product.rhsLetters).contains(letter) ||
          !StringRef(product.lhsLetters).contains(letter))
        return std::nullopt;
    auto sizeOf = [&](char letter) {
      return (*lhs)[product.lhsLetters.find(letter)];
    };
    if (form.sumsExperts && summed.size() == 2) {
      if (sizeOf(summed[0]) != router.experts)
        std::swap(summed[0], summed[1]);
      if (sizeOf(summed[0]) != router.experts)
        return std::nullopt;
      letters[summed[0]] = Layout::rowMajor({{Axis::Expert, router.experts}});
      matrix.columns = sizeOf(summed[1]);
      letters[summed[1]] = Layout::rowMajor({{matrix.column, matrix.columns}});
    } else {
      auto column = summed.size() == 1 ? readColumns(sizeOf(summed.front()))
                                       : std::nullopt;
      if (!column)
        return std::nullopt;
      letters[summed.front()] = *column;
    }
    auto layoutOf = [&](StringRef names, Shape shape) {
      return join(llvm::map_to_vector(
                      names, [&](char letter) { return letters[letter]; }),
                  shape);
    };
    auto left = layoutOf(product.lhsLetters, *lhs);
    auto right = layoutOf(product.rhsLetters, *rhs);
    if (!left || !right)
      return std::nullopt;
    return readFactors({product.lhs, *left}, {product.rhs, *right});
  }

  std::optional<View> readFusedMatMul(NodeOp node, const View &view) {
    if (node.getFloatAttr("alpha", 1) != 1 || node.getIntAttr("transA", 0) ||
        node.getIntAttr("transBatchA", 0) || node.getIntAttr("transBatchB", 0))
      return std::nullopt;
    return readMatMul(node, view, node.getIntAttr("transB", 0) != 0);
  }

  std::optional<View> readGemm(NodeOp node, const View &view) {
    if (node.getFloatAttr("alpha", 1) != 1 ||
        node.getFloatAttr("beta", 1) != 1 || node.getIntAttr("transA", 0))
      return std::nullopt;
    if (Value bias = node.getInput(2)) {
      auto to = shapeOf(view.value), from = shapeOf(bias);
      auto layout =
          to && from ? broadcastBack(view.layout, *to, *from) : std::nullopt;
      auto weight = layout && !matrix.bias
                        ? readWeight({bias, *layout}, /*hasColumns=*/false)
                        : std::nullopt;
      if (!weight)
        return std::nullopt;
      matrix.bias = *weight;
    }
    return readMatMul(node, view, node.getIntAttr("transB", 0) != 0);
  }

  /// A view of the rows of one input of MatMulNBits, `width` elements each.
  std::optional<WeightView> readRows(Value value, const Layout &row,
                                     int64_t width) {
    if (!value)
      return std::nullopt;
    Layout layout = row;
    layout.first *= width;
    for (Term &term : layout.terms)
      term.stride *= width;
    layout.terms.push_back({matrix.column, width});
    layout.normalise();
    return readWeight({value, layout}, /*hasColumns=*/true);
  }

  std::optional<View> readNBits(NodeOp node, const View &view) {
    auto to = shapeOf(view.value), from = shapeOf(node.getInput(0));
    auto shape = shapeOf(node.getInput(1));
    int64_t bits = node.getIntAttr("bits", 4);
    int64_t block = node.getIntAttr("block_size", 0);
    if (!to || !from || !shape || shape->size() != 3 || block < 16 ||
        (bits != 2 && bits != 4 && bits != 8) || node.getInput(4) ||
        node.getIntAttr("weight_prepacked", 0) > 0)
      return std::nullopt;
    auto dims = split(view.layout, *to);
    if (!dims)
      return std::nullopt;
    Layout row = dims->back();
    matrix.columns = from->back();
    matrix.bits = bits;
    matrix.block = block;
    int64_t blocks = (*shape)[1], blob = (*shape)[2];
    int64_t bytes = llvm::divideCeil(matrix.columns * bits, 8);
    // Rows of whole blocks only: else the stored rows are longer than columns.
    if (blocks * blob != bytes)
      return std::nullopt;
    auto weight = readRows(node.getInput(1), row, bytes);
    auto scales = readRows(node.getInput(2), row, blocks);
    if (!weight || !scales)
      return std::nullopt;
    matrix.weight = *weight;
    if (!matrix.setScales(*scales))
      return std::nullopt;
    matrix.block = block;
    if (node.getInput(3)) {
      matrix.zeroPoints =
          readRows(node.getInput(3), row, llvm::divideCeil(blocks * bits, 8));
      if (!matrix.zeroPoints ||
          !matrix.zeroPoints->type.getElementType().isUnsignedInteger(8))
        return std::nullopt;
    }
    if (node.getInput(5)) {
      auto bias = matrix.bias ? std::nullopt
                              : readWeight({node.getInput(5), row},
                                           /*hasColumns=*/false);
      if (!bias)
        return std::nullopt;
      matrix.bias = *bias;
    }
    SmallVector<Layout> input(dims->begin(), std::prev(dims->end()));
    Layout column{0, {{matrix.column, matrix.columns}}};
    column.normalise();
    input.push_back(column);
    std::optional<Layout> layout = join(input, *from);
    if (!layout || layout->has(matrix.row))
      return std::nullopt;
    return View{node.getInput(0), *layout};
  }

  //===--------------------------------------------------------------------===//
  // One product for each run of sorted pairs
  //===--------------------------------------------------------------------===//

  /// Adds the next expert's weight to `all`: they must lie in one initializer
  /// at equal distances.
  static bool stack(WeightView &all, const WeightView &next, int64_t expert,
                    int64_t experts) {
    if (expert == 0) {
      all = next;
      return !next.layout.has(Axis::Expert);
    }
    Layout rest = next.layout;
    rest.first = 0;
    Layout before = all.layout.without(Axis::Expert);
    int64_t first = before.first;
    before.first = 0;
    int64_t step = expert == 1 ? next.layout.first - first
                               : all.layout.find(Axis::Expert)->stride;
    if (next.source != all.source || !(rest == before) || step <= 0 ||
        next.layout.first != first + expert * step)
      return false;
    if (expert == 1) {
      all.layout.terms.push_back({Axis::Expert, experts, step});
      all.layout.normalise();
    }
    return all.layout.has(Axis::Expert);
  }

  /// Concat of the products of each expert's run with its matrix.
  std::optional<View> readRuns(NodeOp concat, const View &view) {
    auto shape = shapeOf(view.value);
    auto dims = shape ? split(view.layout, *shape) : std::nullopt;
    if (!dims || dims->size() != 2 || concat.getIntAttr("axis", 0) != 0 ||
        !((*dims)[0] ==
          Layout::rowMajor({{Axis::Pair, router.tokens * router.slots}})) ||
        static_cast<int64_t>(concat.getInputs().size()) != router.experts)
      return std::nullopt;
    (*dims)[0] = Layout::rowMajor({{Axis::Hit, ShapedType::kDynamic}});
    std::optional<View> input;
    WeightView all, scales, zeroPoints;
    for (auto [expert, piece] : llvm::enumerate(concat.getInputs())) {
      auto pieceShape = shapeOf(piece);
      auto layout = pieceShape ? join(*dims, *pieceShape) : std::nullopt;
      NodeOp product = layout ? definedBy(piece, "MatMul") : NodeOp();
      auto run =
          product ? readMatMul(product, {piece, *layout}, false) : std::nullopt;
      if (!run ||
          stepBackRun(analysis, router, *run) != static_cast<int64_t>(expert) ||
          (input && !(*input == *run)) ||
          !stack(all, matrix.weight, expert, router.experts) ||
          (matrix.scales &&
           !stack(scales, *matrix.scales, expert, router.experts)) ||
          (matrix.zeroPoints &&
           !stack(zeroPoints, *matrix.zeroPoints, expert, router.experts)))
        return std::nullopt;
      input = *run;
    }
    matrix.weight = all;
    if (matrix.scales)
      matrix.scales = scales;
    if (matrix.zeroPoints)
      matrix.zeroPoints = zeroPoints;
    return input;
  }

  Analysis &analysis;
  const Router &router;
  Matrix &matrix;
  MlpForm form;
};

} // namespace

/// Takes the run of `axis` that shares an element of `layout`: 0 for all of it.
static int64_t takeBlock(Layout &layout, Axis axis) {
  for (Term &term : layout.terms)
    if (term.axis == axis)
      return std::exchange(term.divisor, 1);
  return 0;
}

bool Matrix::setScales(WeightView view) {
  const Term *expert = view.layout.find(Axis::Expert);
  if (expert && expert->divisor != 1)
    return false;
  int64_t byRow = takeBlock(view.layout, row);
  int64_t byColumn = takeBlock(view.layout, column);
  // One for each row is a block of 0, and so is one of a single element.
  bool coversRow = byColumn == 0 || byColumn >= columns;
  block = coversRow ? 0 : byColumn;
  rowBlock = rows == 1 && byRow == 0 ? 1 : byRow;
  scales = std::move(view);
  return true;
}

std::optional<View> moe::readLinear(Analysis &analysis, const Router &router,
                                    View view, Matrix &matrix,
                                    const MlpForm &form) {
  return LinearReader(analysis, router, matrix, form).read(std::move(view));
}
