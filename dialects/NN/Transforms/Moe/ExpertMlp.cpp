//===- ExpertMlp.cpp - The layers of an expert, read backwards ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpertMlp.h"
#include "Analysis.h"
#include "ReadLinear.h"

#include "dialects/NN/Transforms/Matchers.h"
#include "dialects/NN/Transforms/Raiser.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

//===----------------------------------------------------------------------===//
// Gathers by the router's choice
//===----------------------------------------------------------------------===//

/// What an index counts, given what its value stands for.
static std::optional<Layout> chosen(const Fact &fact, const Router &router) {
  Layout dim;
  switch (fact.kind) {
  case FactKind::Index:
  case FactKind::SortedIndex:
    dim.terms = {{Axis::Expert, router.experts}};
    break;
  case FactKind::Coordinate:
    dim = fact.value;
    break;
  case FactKind::PairToken:
    dim.terms = {{Axis::Token, router.tokens}};
    break;
  case FactKind::Order:
    dim.terms = {{Axis::Token, router.tokens, router.slots},
                 {Axis::Slot, router.slots}};
    break;
  case FactKind::InverseOrder:
    dim.terms = {{Axis::Pair, router.tokens * router.slots}};
    break;
  default:
    return std::nullopt;
  }
  dim.normalise();
  return dim;
}

/// Whether a constant index is the token of each of the pairs that `layout`
/// gives the places of.
static bool isTokenOfPair(Value indices, const Layout &layout,
                          const Router &router) {
  auto values = onnx::getConstantInts(indices);
  Layout pairs = Layout::rowMajor(
      {{Axis::Token, router.tokens}, {Axis::Slot, router.slots}});
  if (!values || !(layout == pairs) ||
      static_cast<int64_t>(values->size()) != router.tokens * router.slots)
    return false;
  for (auto [i, value] : llvm::enumerate(*values))
    if (value != static_cast<int64_t>(i) / router.slots)
      return false;
  return true;
}

/// The same of GatherElements, whose indices have all dims of the result: each
/// dim that they depend on must be that of the result.
static bool stepBackElements(Analysis &analysis, const Router &router,
                             View &view, Operation *&root) {
  NodeOp node = definedBy(view.value, "GatherElements");
  const Fact *fact =
      node && node.getInput(1) ? analysis.find(node.getInput(1)) : nullptr;
  auto from = fact ? shapeOf(node.getInput(0)) : std::nullopt;
  auto to = shapeOf(view.value);
  if (!from || !to || from->size() != to->size() || fact->router != &router)
    return false;
  auto dims = split(view.layout, *to), index = split(fact->layout, *to);
  std::optional<Layout> label = chosen(*fact, router);
  int64_t axis = normaliseAxis(node.getIntAttr("axis", 0), to->size());
  if (!dims || !index || !label || axis < 0 ||
      axis >= static_cast<int64_t>(dims->size()))
    return false;
  for (auto [i, dim] : llvm::enumerate(*index))
    if ((!dim.terms.empty() || static_cast<int64_t>(i) == axis) &&
        !(dim == (*dims)[i]))
      return false;
  (*dims)[axis] = *label;
  std::optional<Layout> layout = join(*dims, *from);
  if (!layout)
    return false;
  if (fact->root)
    root = fact->root;
  view = {node.getInput(0), *layout};
  return true;
}

bool moe::stepBackChoice(Analysis &analysis, const Router &router, View &view,
                         Operation *&root) {
  if (stepBackElements(analysis, router, view, root))
    return true;
  auto node = view.value.getDefiningOp<NodeOp>();
  std::optional<GatherForm> gather = node ? readGather(node) : std::nullopt;
  auto dims = gather ? split(view.layout, gather->to) : std::nullopt;
  if (!dims)
    return false;
  ArrayRef<Layout> all(*dims);
  size_t behind = gather->dim - gather->batch + gather->index.size();
  std::optional<Layout> index =
      join(all.slice(gather->dim - gather->batch, gather->index.size()),
           gather->index);
  if (!index)
    return false;
  std::optional<Layout> label;
  if (const Fact *fact = analysis.find(gather->indices);
      fact && fact->router == &router && fact->layout == *index) {
    label = chosen(*fact, router);
    if (fact->root)
      root = fact->root;
  } else if (!fact && isTokenOfPair(gather->indices, *index, router)) {
    label = Layout::rowMajor({{Axis::Token, router.tokens}});
  }
  if (!label)
    return false;
  SmallVector<Layout> operand(all.take_front(gather->dim));
  operand.push_back(*label);
  llvm::append_range(operand, all.drop_front(behind));
  std::optional<Layout> layout = join(operand, gather->from);
  if (!layout)
    return false;
  view = {gather->data, *layout};
  return true;
}

/// The expert whose run of the sorted pairs is an output of a Split by counts.
static std::optional<int64_t> splitExpert(Analysis &analysis,
                                          const Router &router, NodeOp split,
                                          Value output) {
  const Fact *count =
      split.getInput(1) ? analysis.find(split.getInput(1)) : nullptr;
  auto from = shapeOf(split.getInput(0));
  if (!isCount(count) || count->router != &router || count->expert >= 0 ||
      !from ||
      !(count->layout == Layout::rowMajor({{Axis::Expert, router.experts}})) ||
      normaliseAxis(split.getIntAttr("axis", 0), from->size()) != 0)
    return std::nullopt;
  return cast<OpResult>(output).getResultNumber();
}

/// The expert whose run of the sorted pairs a Slice or Gather takes, or an
/// output of a Split is; or none.
static std::optional<int64_t> slicedExpert(Analysis &analysis,
                                           const Router &router, NodeOp slice,
                                           Value output) {
  if (slice.isOp("", "Split"))
    return splitExpert(analysis, router, slice, output);
  if (slice.isOp("", "Gather")) {
    const Fact *run = analysis.find(slice.getInput(1), FactKind::Run);
    if (!run || run->router != &router || slice.getIntAttr("axis", 0) != 0)
      return std::nullopt;
    return run->expert;
  }
  if (!slice.isOp("", "Slice"))
    return std::nullopt;
  const Fact *end = analysis.find(slice.getInput(2), FactKind::Bound);
  if (!end || end->router != &router || intOf(slice.getInput(3)).value_or(0))
    return std::nullopt;
  if (slice.getInput(4) && intOf(slice.getInput(4)) != 1)
    return std::nullopt;
  int64_t before = -1;
  if (const Fact *start = analysis.find(slice.getInput(1), FactKind::Bound);
      start && start->router == &router)
    before = start->expert;
  else if (intOf(slice.getInput(1)) != 0)
    return std::nullopt;
  if (end->expert != before + 1)
    return std::nullopt;
  return end->expert;
}

std::optional<int64_t> moe::stepBackRun(Analysis &analysis,
                                        const Router &router, View &view) {
  auto slice = view.value.getDefiningOp<NodeOp>();
  auto from = slice ? shapeOf(slice.getInput(0)) : std::nullopt;
  auto to = shapeOf(view.value);
  if (!from || !to || from->size() != to->size() || !view.layout.has(Axis::Hit))
    return std::nullopt;
  std::optional<int64_t> expert =
      slicedExpert(analysis, router, slice, view.value);
  auto dims = expert ? split(view.layout, *to) : std::nullopt;
  if (!dims || (*dims)[0].terms.size() != 1 ||
      (*dims)[0].terms[0].axis != Axis::Hit)
    return std::nullopt;
  (*dims)[0] = Layout::rowMajor({{Axis::Pair, router.tokens * router.slots}});
  std::optional<Layout> layout = join(*dims, *from);
  if (!layout)
    return std::nullopt;
  view = {slice.getInput(0), *layout};
  return expert;
}

//===----------------------------------------------------------------------===//
// MlpReader
//===----------------------------------------------------------------------===//

namespace {

/// A part of the activation, with the bounds that it was clamped to.
struct Clamped {
  View view;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

class MlpReader {
public:
  MlpReader(Analysis &analysis, const Router &router, int64_t hidden,
            const MlpForm &form = {})
      : analysis(analysis), router(router), hidden(hidden), form(form) {}

  std::unique_ptr<Mlp> read(const View &output) {
    mlp.fc2.row = Axis::Hidden;
    mlp.fc2.column = Axis::Inner;
    mlp.fc2.rows = hidden;
    View result = output;
    do {
      peel(result, /*casts=*/true);
    } while (stepBackChoice(analysis, router, result, mlp.root));
    std::optional<View> inner =
        readLinear(analysis, router, result, mlp.fc2, form);
    if (!inner || !readActivation(*inner) ||
        static_cast<bool>(innerWeight) != mlp.weightsInner)
      return nullptr;
    std::optional<View> input = readInputOf(gate.view, mlp.fc1);
    if (!input)
      return nullptr;
    if (linear) {
      mlp.fc3.emplace();
      std::optional<View> other = readInputOf(linear->view, *mlp.fc3);
      if (!other || !isSame(*input, *other))
        return nullptr;
    }
    if (!readInput(*input))
      return nullptr;
    return std::make_unique<Mlp>(std::move(mlp));
  }

  /// Reads the first layer only, of any width.
  bool isInner(const View &inner, int64_t width) {
    mlp.fc2.columns = width;
    return readActivation(inner) && readFirst(gate.view, mlp.fc1);
  }

private:
  std::optional<View> readFirst(const View &view, Matrix &matrix) {
    matrix.row = Axis::Inner;
    matrix.column = Axis::Hidden;
    matrix.rows = mlp.fc2.columns;
    return readLinear(analysis, router, view, matrix,
                      {/*sumsExperts=*/false, form.only});
  }

  std::optional<View> readInputOf(const View &view, Matrix &matrix) {
    std::optional<View> input = readFirst(view, matrix);
    if (!input || matrix.columns != hidden)
      return std::nullopt;
    return input;
  }

  static bool isSame(View a, View b) {
    if (cast<ShapedType>(a.value.getType()).getElementType() !=
        cast<ShapedType>(b.value.getType()).getElementType())
      return false;
    peel(a, /*casts=*/true);
    peel(b, /*casts=*/true);
    return a == b;
  }

  //===--------------------------------------------------------------------===//
  // Activation
  //===--------------------------------------------------------------------===//

  /// Whether the weight of the expert is one of the factors.
  void noteWeighted(const View &view) {
    const Fact *fact = analysis.find(view.value, FactKind::WeightedInput);
    if (!fact || mlp.weightedInput || fact->router != &router ||
        !(fact->layout.renamed(Axis::Hidden, Axis::Inner) == view.layout))
      return;
    mlp.weightedInput = view.value;
    innerWeight = fact->weight;
  }

  /// The factors of a product, looking through what only moves data.
  bool collect(View view, int depth = 0) {
    do {
      noteWeighted(view);
    } while (stepBack(view, /*casts=*/true));
    NodeOp mul = definedBy(view.value, "Mul");
    if (!mul) {
      factors.push_back(view);
      return factors.size() <= 4;
    }
    auto to = shapeOf(view.value);
    for (Value operand : {mul.getInput(0), mul.getInput(1)}) {
      if (operand == innerWeight && !mlp.weightsInner) {
        mlp.weightsInner = true;
        continue;
      }
      if (std::optional<double> scalar = numberOf(operand)) {
        constant *= *scalar;
        continue;
      }
      auto from = shapeOf(operand);
      auto layout = to && from && depth < 4
                        ? broadcastBack(view.layout, *to, *from)
                        : std::nullopt;
      if (!layout || layout->terms.size() != view.layout.terms.size() ||
          !collect({operand, *layout}, depth + 1))
        return false;
    }
    return true;
  }

  /// Takes factor `i` and the one that is `view`, or neither.
  bool takeFactors(size_t i, View view) {
    peel(view, /*casts=*/true);
    for (size_t j = 0; j < factors.size(); ++j)
      if (j != i && factors[j] == view) {
        factors.erase(factors.begin() + std::max(i, j));
        factors.erase(factors.begin() + std::min(i, j));
        return true;
      }
    return false;
  }

  /// x, alpha of sigmoid(alpha * x).
  static std::pair<View, double> sigmoidArgument(View view) {
    peel(view, /*casts=*/true);
    if (NodeOp mul = definedBy(view.value, "Mul"))
      for (unsigned i : {0u, 1u})
        if (auto alpha = numberOf(mul.getInput(i)))
          return {{mul.getInput(1 - i), view.layout}, *alpha};
    return {view, 1};
  }

  /// What `view` is a sum or product of, the number being operand `index`; both
  /// in its layout, as a number moves nothing.
  static View otherOperand(NodeOp node, unsigned index, const View &view) {
    View other{node.getInput(1 - index), view.layout};
    peel(other, /*casts=*/true);
    return other;
  }

  static bool isNumber(Value value, double expected) {
    std::optional<double> number = numberOf(value);
    return number && isNear(*number, expected,
                            cast<ShapedType>(value.getType()).getElementType());
  }

  /// The argument of 1 + erf(x / sqrt(2)).
  static std::optional<View> erfArgument(const View &view) {
    NodeOp add = definedBy(view.value, "Add");
    if (!add)
      return std::nullopt;
    for (unsigned i : {0u, 1u}) {
      if (numberOf(add.getInput(i)) != 1.0)
        continue;
      View one = otherOperand(add, i, view);
      NodeOp erf = definedBy(one.value, "Erf");
      if (!erf)
        continue;
      View scaled{erf.getInput(0), one.layout};
      peel(scaled, /*casts=*/true);
      NodeOp div = definedBy(scaled.value, "Div");
      if (div && isNumber(div.getInput(1), std::sqrt(2.0)))
        return otherOperand(div, 1, scaled);
      if (NodeOp mul = definedBy(scaled.value, "Mul"))
        for (unsigned j : {0u, 1u})
          if (isNumber(mul.getInput(j), std::sqrt(0.5)))
            return otherOperand(mul, j, scaled);
    }
    return std::nullopt;
  }

  /// Finds the factor that is a function of the gate, and the gate.
  bool takeGate() {
    for (size_t i = 0; i < factors.size(); ++i)
      if (std::optional<View> found = takeFunction(i)) {
        gate = readClamps(*found);
        return true;
      }
    return false;
  }

  /// The argument of the function that factor `i` is, alone or with others that
  /// are taken with it. Where one of these is missing nothing is taken: what
  /// is left must not pass for an MLP without gate.
  std::optional<View> takeFunction(size_t i) {
    View factor = factors[i];
    auto node = factor.value.getDefiningOp<NodeOp>();
    if (!node)
      return std::nullopt;
    if (node.isOp("", "Sigmoid")) {
      auto [argument, alpha] =
          sigmoidArgument({node.getInput(0), factor.layout});
      if (!takeFactors(i, argument))
        return std::nullopt;
      mlp.activation = ActivationKind::Silu;
      mlp.alpha = alpha;
      return argument;
    }
    if (node.isOp("", "SwiGLU") && node.getInputs().size() == 2) {
      mlp.activation = ActivationKind::Silu;
      mlp.alpha = node.getFloatAttr("alpha", 1);
      factors[i] = View{node.getInput(1), factor.layout};
      return View{node.getInput(0), factor.layout};
    }
    if (auto argument = erfArgument(factor)) {
      if (constant != 0.5 || !takeFactors(i, *argument))
        return std::nullopt;
      mlp.activation = ActivationKind::Gelu;
      constant = 1;
      return argument;
    }
    std::optional<ActivationKind> kind = functionOf(node);
    if (!kind)
      return std::nullopt;
    mlp.activation = *kind;
    factors.erase(factors.begin() + i);
    return View{node.getInput(0), factor.layout};
  }

  std::optional<ActivationKind> functionOf(NodeOp node) {
    if (node.isOp("", "Relu"))
      return ActivationKind::Relu;
    if (node.isOp("", "Swish")) {
      mlp.alpha = node.getFloatAttr("alpha", 1);
      return ActivationKind::Silu;
    }
    if (node.isOp("com.microsoft", "QuickGelu")) {
      mlp.alpha = node.getFloatAttr("alpha", 1.702);
      return ActivationKind::Silu;
    }
    if (node.isOp("", "Gelu"))
      return node.getStringAttr("approximate", "none") == "tanh"
                 ? ActivationKind::GeluTanh
                 : ActivationKind::Gelu;
    if (node.isOp("com.microsoft", "Gelu"))
      return ActivationKind::Gelu;
    return std::nullopt;
  }

  static Clamped readClamps(View view) {
    Clamped result;
    for (;;) {
      peel(view, /*casts=*/true);
      auto node = view.value.getDefiningOp<NodeOp>();
      Value next;
      if (node && node.isOp("", "Clip") && node.getInputs().size() > 1) {
        auto low = numberOf(node.getInput(1)),
             high = numberOf(node.getInput(2));
        if ((node.getInput(1) && !low) || (node.getInput(2) && !high))
          break;
        result.low = std::max(result.low, low.value_or(result.low));
        result.high = std::min(result.high, high.value_or(result.high));
        next = node.getInput(0);
      } else if (node && (node.isOp("", "Min") || node.isOp("", "Max")) &&
                 node.getInputs().size() == 2) {
        unsigned side = numberOf(node.getInput(0)) ? 0 : 1;
        auto bound = numberOf(node.getInput(side));
        if (!bound)
          break;
        if (node.isOp("", "Min"))
          result.high = std::min(result.high, *bound);
        else
          result.low = std::max(result.low, *bound);
        next = node.getInput(1 - side);
      }
      if (!next)
        break;
      view.value = next;
    }
    // The lowest number of a type bounds nothing.
    if (result.low <= -65504.0)
      result.low = -std::numeric_limits<double>::infinity();
    result.view = view;
    return result;
  }

  /// l of (l + beta).
  void readLinearPart(View view) {
    if (NodeOp add = definedBy(view.value, "Add"))
      for (unsigned i : {0u, 1u})
        if (auto beta = numberOf(add.getInput(i))) {
          mlp.beta = *beta;
          view.value = add.getInput(1 - i);
          break;
        }
    linear = readClamps(view);
  }

  bool readActivation(const View &inner) {
    if (!collect(inner))
      return false;
    bool hasGate = takeGate();
    if (!hasGate && factors.size() == 1) {
      gate = Clamped{factors.front()};
      factors.clear();
    } else if (!hasGate || factors.size() > 1) {
      return false;
    }
    if (!factors.empty())
      readLinearPart(factors.front());
    return constant == 1 && setLimit() && isOfOneForm();
  }

  bool setLimit() {
    double high = gate.high;
    double infinity = std::numeric_limits<double>::infinity();
    if (gate.low != -infinity)
      return false;
    if (linear && (linear->high != high || linear->low != -high))
      return false;
    if (high == infinity)
      return true;
    mlp.limit = high;
    return linear && high > 0;
  }

  /// A gated silu is swiglu; the numbers belong to that only.
  bool isOfOneForm() {
    if (mlp.activation == ActivationKind::Silu && linear) {
      mlp.activation = ActivationKind::Swiglu;
      return true;
    }
    return mlp.alpha == 1 && mlp.beta == 0 && mlp.limit == 0;
  }

  //===--------------------------------------------------------------------===//
  // Input
  //===--------------------------------------------------------------------===//

  /// From the input of the first layer to a value of all tokens.
  bool readInput(View view) {
    Layout tokens = Layout::rowMajor(
        {{Axis::Token, router.tokens}, {Axis::Hidden, hidden}});
    for (;;) {
      const Fact *fact = analysis.find(view.value, FactKind::WeightedInput);
      if (fact && fact->router == &router && fact->input &&
          !mlp.weightedInput && fact->layout == view.layout) {
        mlp.input = fact->input;
        mlp.weightedInput = view.value;
        if (!mlp.root)
          mlp.root = fact->root;
        return true;
      }
      if (view.layout == tokens &&
          numElements(*shapeOf(view.value)) == router.tokens * hidden)
        mlp.input = view.value;
      if (stepBack(view, /*casts=*/false) ||
          stepBackChoice(analysis, router, view, mlp.root) ||
          stepBackSorted(view))
        continue;
      return static_cast<bool>(mlp.input);
    }
  }

  bool stepBackSorted(View &view) {
    std::optional<int64_t> expert = stepBackRun(analysis, router, view);
    if (!expert || mlp.expert >= 0)
      return false;
    mlp.expert = *expert;
    return true;
  }

  Analysis &analysis;
  const Router &router;
  int64_t hidden;
  MlpForm form;
  Mlp mlp;
  SmallVector<View, 4> factors;
  double constant = 1;
  Value innerWeight;
  Clamped gate;
  std::optional<Clamped> linear;
};

} // namespace

bool moe::isInner(Analysis &analysis, const Router &router, const View &inner,
                  int64_t width) {
  return MlpReader(analysis, router, /*hidden=*/0).isInner(inner, width);
}

std::unique_ptr<Mlp> moe::readMlp(Analysis &analysis, const Router &router,
                                  View output, int64_t hidden,
                                  const MlpForm &form) {
  return MlpReader(analysis, router, hidden, form).read(output);
}
