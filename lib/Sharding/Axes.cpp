//===- Axes.cpp - Which axis cuts which dim -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Layout.h"
#include "inlay/Sharding/Variants.h"
#include "inlay/Support/Format.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

using namespace inlay;
using namespace inlay::model;
using namespace inlay::sharding;

namespace {

Axis otherAxis(Axis axis) { return axis == Axis::X ? Axis::Y : Axis::X; }

bool isTokenDim(const IterationDim &dim) {
  return dim.name == "token" || dim.name == "batch";
}

int findDim(const OpSpec &op, const char *name) {
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (op.dims[d].name == name)
      return static_cast<int>(d);
  return -1;
}

/// Walks a kernel from inputs to outputs and keeps the axis on which the
/// features of each value lie.
class AxisChooser {
public:
  /// `picks`: for each decision in order which option to take; the first, which
  /// is the rule, where it says nothing.
  AxisChooser(const KernelSpec &kernel, const std::vector<size_t> &picks)
      : kernel(kernel), picks(picks) {}

  /// Options that each decision had.
  const std::vector<size_t> &getOptions() const { return options; }

  std::vector<OpSharding> run() {
    for (const OpSpec &op : kernel.ops) {
      axes.push_back({std::vector<Axis>(op.dims.size(), Axis::None)});
      width = 0;
      chooseFor(op, axes.back().axisOfDim);
      axes.back().width = width;
    }
    while (dropIllegalCut()) {
    }
    return std::move(axes);
  }

private:
  void chooseFor(const OpSpec &op, std::vector<Axis> &cut) {
    int expert = findDim(op, "expert");
    if (kernel.role == KernelRole::Experts && expert >= 0)
      cut[expert] = Axis::Group;
    if (findDim(op, "context") >= 0)
      return cutAttention(op, cut);
    if (findDim(op, "position") >= 0 || op.opClass == OpClass::Lookup)
      return cutTable(op, cut);
    if (op.opClass == OpClass::Contraction)
      return cutContraction(op, cut);
    int feature = largestDim(op, cut, std::nullopt);
    Axis axis = inputAxis(op, feature);
    if (feature >= 0)
      cut[feature] = axis;
    // Heads lie where their product left them, or with their elements.
    int head = findDim(op, "head");
    Axis heads = inputIsNamed && headAxis != Axis::None ? headAxis : axis;
    // Several values come together, none of which need be where the next op
    // wants them.
    if (isConcat(op) && feature >= 0)
      std::tie(axis, heads) = cutConcat(op, cut, head, feature, axis, heads);
    if (head >= 0 && cut[head] == Axis::None)
      cut[head] = heads;
    if (head >= 0 && feature >= 0 && head != feature && cut[head] == axis)
      if (int64_t wide = widthOfInput(op))
        width = std::max(wide, op.dims[feature].size);
    cutLogits(op, cut, axis);
    finish(op, axis, heads);
  }

  /// Returns the axes of features and heads: those given, one for both, or,
  /// where heads have cores of their own, one for each.
  std::pair<Axis, Axis> cutConcat(const OpSpec &op, std::vector<Axis> &cut,
                                  int head, int feature, Axis axis,
                                  Axis heads) {
    int64_t wide = head >= 0 && head != feature ? latentWidth() : 0;
    size_t option = pick(wide == 0 ? 3 : hasOneToken(op) ? 7 : 5);
    if (option == 0)
      return {axis, heads};
    Axis chosen = option % 2 == 1 ? Axis::X : Axis::Y;
    if (option > 4) {
      spreadHeads(op, cut, head, chosen);
      cut[feature] = otherAxis(chosen);
      return {cut[feature], chosen};
    }
    cut[feature] = chosen;
    width = option > 2 ? std::max(wide, op.dims[feature].size) : 0;
    return {chosen, chosen};
  }

  static bool hasOneToken(const OpSpec &op) {
    int token = findDim(op, "token");
    return token >= 0 && op.dims[size_t(token)].size == 1;
  }

  /// Heads that are alone on an axis lie where those with elements do: each at
  /// the first of its cores.
  void spreadHeads(const OpSpec &op, std::vector<Axis> &cut, int head,
                   Axis axis) {
    cut[size_t(head)] = cut[size_t(findDim(op, "token"))] = axis;
    width = latentWidth();
  }

  /// Every core along the other axis has the sums of all tokens; the host takes
  /// those of some from each.
  void cutLogits(const OpSpec &op, std::vector<Axis> &cut, Axis axis) const {
    int token = findDim(op, "token");
    if (kernel.role == KernelRole::Head && token >= 0 && axis != Axis::None &&
        !op.operands.empty() && op.operands.back().role == TensorRole::Output)
      cut[token] = otherAxis(axis);
  }

  size_t pick(size_t numOptions) {
    size_t decision = options.size();
    options.push_back(numOptions);
    return decision < picks.size() ? picks[decision] % numOptions : 0;
  }

  /// The context over one axis, heads and their elements over the other. Query
  /// heads that share a key head are cut too where that is worth a copy of the
  /// keys for each; of a state that holds keys and values in one (latent) all
  /// share one key head, and these are cut unless there are several sequences.
  /// Sequences have states of their own: where a core has some of them, heads
  /// share what these take.
  void cutAttention(const OpSpec &op, std::vector<Axis> &cut) {
    if (!attentionAxis) {
      attentionAxis = pick(2) == 0 ? Axis::X : Axis::Y;
      int group = findDim(op, "group");
      bool hasGroups = group >= 0 && op.dims[group].size > 1;
      bool isShared = sharesState(op);
      auto [numSequences, hasOthers] = sequencesOf(op);
      bool mayCut = hasGroups && (!isShared || numSequences > 1);
      bool hasSequences = numSequences > 1 && !hasOthers;
      alignsHeads = isShared && hasGroups && pick(2) == 1;
      size_t option = pick((mayCut ? 2 : 1) * (hasSequences ? 2 : 1));
      cutsGroups = isShared != (mayCut && option % 2 == 1);
      cutsSequences = option >= (mayCut ? 2 : 1);
    }
    for (size_t d = 0; d < op.dims.size(); ++d) {
      const std::string &name = op.dims[d].name;
      if (name == "context")
        cut[d] = otherAxis(*attentionAxis);
      else if (name == "head" || name == "dim" ||
               (cutsGroups && name == "group") ||
               (cutsSequences && name == "token"))
        cut[d] = *attentionAxis;
    }
    if (int dim = findDim(op, "dim"); alignsHeads && cutsGroups && dim >= 0)
      width = op.dims[dim].size;
    finish(op, *attentionAxis, *attentionAxis);
    if (op.name == "context")
      attentionAxis.reset();
  }

  /// Parts of the state that tokens of a step do not share, and whether it has
  /// those of other steps in flight too: cut together, these would lie on other
  /// cores.
  std::pair<int64_t, bool> sequencesOf(const OpSpec &op) const {
    int token = findDim(op, "token");
    for (const OperandSpec &operand : op.operands)
      if (operand.role == TensorRole::State)
        for (size_t i = 0; i < operand.indexing.size(); ++i) {
          const IndexExpr &index = operand.indexing[i];
          if (index.dim < 0 || index.dim != token)
            continue;
          int64_t ofStep = ceilDiv(op.dims[size_t(token)].size, index.divisor);
          return {ofStep,
                  kernel.states[size_t(operand.tensor)].shape[i] > ofStep};
        }
    return {1, false};
  }

  /// Whether the attention that the op is part of reads one state twice.
  bool sharesState(const OpSpec &op) const {
    std::map<int, int> uses;
    for (const OpSpec &other : kernel.ops)
      if (findDim(other, "context") >= 0)
        for (const OperandSpec &operand : other.operands)
          if (operand.role == TensorRole::State)
            ++uses[operand.tensor];
    return std::any_of(uses.begin(), uses.end(),
                       [](const auto &use) { return use.second > 1; }) &&
           findDim(op, "group") >= 0;
  }

  /// Rows of a table over X and their elements over Y. The features of the
  /// result lie along Y too, except where a table is read on the way (rotary).
  void cutTable(const OpSpec &op, std::vector<Axis> &cut) {
    int rows = std::max(findDim(op, "vocab"), findDim(op, "position"));
    if (rows < 0)
      rows = largestDim(op, cut, std::nullopt);
    if (rows >= 0)
      cut[rows] = Axis::X;
    int elements = findDim(op, "dim");
    if (elements < 0)
      elements = largestDim(op, cut, std::nullopt);
    if (elements >= 0)
      cut[elements] = Axis::Y;
    Axis axis = op.opClass == OpClass::Lookup ? Axis::Y : current;
    finish(op, axis, axis);
  }

  void cutContraction(const OpSpec &op, std::vector<Axis> &cut) {
    int head = findDim(op, "head");
    int k = largestDim(op, cut, DimKind::Reduction);
    if (head >= 0)
      return cutPerHead(op, cut, head, k);
    int n = largestDim(op, cut, DimKind::Parallel);
    Axis in = inputAxis(op, k);
    // What no axis cuts yet lies with its heads.
    if (in == Axis::None)
      in = headAxis == Axis::None ? Axis::Y : headAxis;
    int64_t depth = k >= 0 ? op.dims[k].size : 0;
    // Products one after the other with reductions of the same length read the
    // same input (query, key, value; gate, up), where no value says otherwise.
    bool isSibling =
        depth == siblingDepth && (!inputIsNamed || readsSame(op, siblingInput));
    if (isSibling)
      in = siblingAxis;
    else if (pick(2) == 1)
      in = otherAxis(in);
    siblingDepth = depth;
    siblingAxis = in;
    siblingInput = op.operands.empty() ? OperandSpec() : op.operands.front();
    if (k >= 0)
      cut[k] = in;
    if (n >= 0)
      cut[n] = otherAxis(in);
    int64_t keep = siblingDepth;
    finish(op, otherAxis(in), otherAxis(in));
    siblingDepth = keep;
  }

  static bool readsSame(const OpSpec &op, const OperandSpec &input) {
    return !op.operands.empty() && op.operands.front().role == input.role &&
           op.operands.front().tensor == input.tensor;
  }

  /// A matrix for each head: heads over one axis, and over the other what goes
  /// in more parts, rows or columns; or the other one. Along the axis of heads
  /// nothing else is cut, and they are on the first cores; or what is left is;
  /// or heads lie where those of the attention do.
  void cutPerHead(const OpSpec &op, std::vector<Axis> &cut, int head, int k) {
    cut[head] = Axis::None;
    int n = -1;
    for (size_t d = 0; d < op.dims.size(); ++d)
      if (op.dims[d].kind == DimKind::Parallel && !isTokenDim(op.dims[d]) &&
          static_cast<int>(d) != head &&
          (n < 0 || op.dims[d].size > op.dims[n].size))
        n = static_cast<int>(d);
    bool hasBoth = n >= 0 && k >= 0;
    bool maySpread = latentWidth() > 0 && hasOneToken(op);
    size_t option = pick(!hasBoth ? 4 : maySpread ? 12 : 8);
    Axis heads = option % 2 == 0 ? Axis::X : Axis::Y;
    auto parts = [&](int d) { return op.dims[d].size / op.dims[d].unit; };
    bool cutsRows = n >= 0 && (k < 0 || parts(n) >= parts(k));
    if (option / 2 % 2 == 1 && hasBoth)
      cutsRows = !cutsRows;
    int across = cutsRows ? n : k, along = cutsRows ? k : n;
    cut[head] = heads;
    if (across >= 0)
      cut[across] = otherAxis(heads);
    if (option >= 8) {
      spreadHeads(op, cut, head, heads);
    } else if (option >= 4) {
      cut[along] = heads;
      width = std::max(op.dims[along].size, latentWidth());
    }
    finish(op, n < 0 ? Axis::None : cut[n], heads);
  }

  /// How many features the cores of a head divide among them, of what an op
  /// reads; 0 where heads have none of their own.
  int64_t widthOfInput(const OpSpec &op) const {
    int64_t most = 0;
    for (const OperandSpec &operand : op.operands)
      if (operand.role == TensorRole::Local)
        if (auto known = axisOfLocal.find(operand.tensor);
            known != axisOfLocal.end())
          most = std::max(most, known->second.width);
    return most;
  }

  /// Channels of the keys of a latent attention, whose cores heads divide.
  int64_t latentWidth() const {
    int64_t most = 0;
    for (const OpSpec &op : kernel.ops)
      if (int dim = findDim(op, "dim");
          dim >= 0 && findDim(op, "context") >= 0 && sharesState(op))
        most = std::max(most, op.dims[dim].size);
    return most;
  }

  /// The largest dim that is neither tokens nor cut yet.
  int largestDim(const OpSpec &op, const std::vector<Axis> &cut,
                 std::optional<DimKind> kind) const {
    int largest = -1;
    for (size_t d = 0; d < op.dims.size(); ++d) {
      if (isTokenDim(op.dims[d]) || cut[d] != Axis::None ||
          (kind && op.dims[d].kind != *kind))
        continue;
      if (largest < 0 || op.dims[d].size > op.dims[largest].size)
        largest = static_cast<int>(d);
    }
    return largest;
  }

  /// The axis on which the activation that `dim` indexes lies.
  Axis inputAxis(const OpSpec &op, int dim) {
    inputIsNamed = false;
    for (const OperandSpec &operand : op.operands) {
      bool isIndexed =
          std::any_of(operand.indexing.begin(), operand.indexing.end(),
                      [&](const IndexExpr &index) { return index.dim == dim; });
      if (!isIndexed || dim < 0)
        continue;
      if (operand.role == TensorRole::Input) {
        inputIsNamed = true;
        return Axis::Y;
      }
      if (operand.role != TensorRole::Local)
        continue;
      auto known = axisOfLocal.find(operand.tensor);
      if (operand.tensor >= 0 && known != axisOfLocal.end()) {
        inputIsNamed = true;
        headAxis = known->second.heads;
        return known->second.elements;
      }
      return current;
    }
    return current;
  }

  /// Records where the op leaves its results, and their heads.
  void finish(const OpSpec &op, Axis axis, Axis heads) {
    current = axis;
    siblingDepth = -1;
    for (const OperandSpec &operand : op.operands)
      if (operand.role == TensorRole::Local && operand.tensor >= 0)
        axisOfLocal.try_emplace(operand.tensor, Place{axis, heads, width});
  }

  /// Finds one cut of a weight that cannot be and removes it.
  bool dropIllegalCut() {
    for (size_t w = 0; w < kernel.weights.size(); ++w)
      if (dropIllegalCut(static_cast<int>(w)))
        return true;
    return false;
  }

  bool dropIllegalCut(int weight) {
    const OperandSpec *first = nullptr;
    size_t firstOp = 0;
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      for (const OperandSpec &use : kernel.ops[o].operands) {
        if (use.role != TensorRole::Weights || use.tensor != weight ||
            use.indexing.size() != kernel.weights[weight].shape.size())
          continue;
        if (dropSharedAxis(o, use))
          return true;
        if (first && dropDifference(firstOp, *first, o, use))
          return true;
        first = first ? first : &use;
        firstOp = first == &use ? o : firstOp;
      }
    return false;
  }

  Axis cutOf(size_t o, const IndexExpr &index) const {
    bool isCut =
        index.dim >= 0 && index.divisor < kernel.ops[o].dims[index.dim].size;
    return isCut ? axes[o].axisOfDim[index.dim] : Axis::None;
  }

  /// A weight's dim must have its axis for itself, or all of it lies on every
  /// core: that is for the scale of a norm, not for a matrix.
  bool dropSharedAxis(size_t o, const OperandSpec &use) {
    constexpr int64_t kSmall = 1024;
    if (kernel.weights[use.tensor].bytes <= kSmall)
      return false;
    for (const IndexExpr &index : use.indexing) {
      Axis axis = cutOf(o, index);
      if (axis == Axis::None || axes[o].width > 0)
        continue;
      for (size_t d = 0; d < axes[o].axisOfDim.size(); ++d)
        if (static_cast<int>(d) != index.dim && axes[o].axisOfDim[d] == axis) {
          axes[o].axisOfDim[d] = Axis::None;
          return true;
        }
    }
    return false;
  }

  /// Sizes of the dims that share the axis of a dim; none where it has it
  /// alone.
  std::vector<int64_t> sharing(size_t o, const IndexExpr &index) const {
    std::vector<int64_t> sizes;
    if (cutOf(o, index) == Axis::None || !sharesAxis(axes[o], index.dim))
      return sizes;
    for (size_t d = 0; d < axes[o].axisOfDim.size(); ++d)
      if (axes[o].axisOfDim[d] == axes[o].axisOfDim[index.dim])
        sizes.push_back(kernel.ops[o].dims[d].size);
    return sizes;
  }

  /// Dims that share an axis are cut alike on any number of cores only where
  /// they are as many and as long.
  bool dropDifference(size_t o, const OperandSpec &use, size_t p,
                      const OperandSpec &other) {
    auto boxOf = [&](size_t q, const IndexExpr &index) {
      return index.dim >= 0 && sharesAxis(axes[q], index.dim) &&
                     axes[q].width == 0
                 ? Axis::None
                 : cutOf(q, index);
    };
    for (size_t i = 0; i < use.indexing.size(); ++i) {
      if (boxOf(o, use.indexing[i]) == boxOf(p, other.indexing[i]) &&
          sharing(o, use.indexing[i]) == sharing(p, other.indexing[i]))
        continue;
      if (cutOf(o, use.indexing[i]) != Axis::None)
        axes[o].axisOfDim[use.indexing[i].dim] = Axis::None;
      if (cutOf(p, other.indexing[i]) != Axis::None)
        axes[p].axisOfDim[other.indexing[i].dim] = Axis::None;
      return true;
    }
    return false;
  }

  struct Place {
    Axis elements;
    Axis heads;
    int64_t width; ///< as OpSharding::width
  };

  const KernelSpec &kernel;
  const std::vector<size_t> &picks;
  std::vector<size_t> options;
  std::vector<OpSharding> axes;
  std::map<int, Place> axisOfLocal;
  std::optional<Axis> attentionAxis; ///< of heads, until the attention ends
  bool cutsGroups = false;           ///< of that attention
  bool alignsHeads = false;          ///< of that attention
  int64_t width = 0;                 ///< of the op at hand
  bool cutsSequences = false;        ///< of that attention
  Axis headAxis = Axis::None;        ///< of the input last asked for
  OperandSpec siblingInput;
  Axis current = Axis::Y;
  /// Of the contraction just before: siblings share its input.
  int64_t siblingDepth = -1;
  Axis siblingAxis = Axis::Y;
  bool inputIsNamed = false;
};

} // namespace

std::vector<OpSharding> inlay::sharding::chooseAxes(const KernelSpec &kernel) {
  std::vector<size_t> none;
  return AxisChooser(kernel, none).run();
}

namespace {

/// Tries combinations of options and keeps the best. A combination, and axes
/// that several of them come to, are costed once.
class AxisSearch {
public:
  using Cost = std::function<double(const std::vector<OpSharding> &)>;

  AxisSearch(const KernelSpec &kernel, const Cost &cost)
      : kernel(kernel), cost(cost) {
    AxisChooser rule(kernel, picks);
    best = rule.run();
    options = rule.getOptions();
    picks.assign(options.size(), 0);
    least = cost(best);
    isTried.insert(picks);
    isCosted.insert(keyOf(best));
  }

  std::vector<OpSharding> run() {
    constexpr size_t kFew = 512;
    size_t combinations = 1;
    for (size_t numOptions : options)
      combinations = std::min(kFew + 1, combinations * numOptions);
    if (combinations <= kFew)
      tryAll();
    else
      tryPairs();
    return std::move(best);
  }

private:
  /// Every combination, the last decision first: a number in mixed radix.
  void tryAll() {
    auto next = [&] {
      for (size_t d = options.size(); d-- > 0; picks[d] = 0)
        if (++picks[d] < options[d])
          return true;
      return false;
    };
    while (next())
      tryPicks();
  }

  /// Two decisions at a time: where one op leaves a value, and where the next
  /// one wants it.
  void tryPairs() {
    constexpr int kRounds = 4;
    for (int round = 0; round < kRounds; ++round) {
      bool improved = false;
      for (size_t d = 0; d < options.size(); ++d)
        for (size_t e = d + 1; e < options.size(); ++e)
          improved |= tryPair(d, e);
      if (!improved)
        break;
    }
  }

  bool tryPair(size_t d, size_t e) {
    bool improved = false;
    std::pair<size_t, size_t> kept(picks[d], picks[e]);
    for (picks[d] = 0; picks[d] < options[d]; ++picks[d])
      for (picks[e] = 0; picks[e] < options[e]; ++picks[e])
        if (tryPicks()) {
          kept = {picks[d], picks[e]};
          improved = true;
        }
    std::tie(picks[d], picks[e]) = kept;
    return improved;
  }

  bool tryPicks() {
    if (!isTried.insert(picks).second)
      return false;
    std::vector<OpSharding> axes = AxisChooser(kernel, picks).run();
    if (!isCosted.insert(keyOf(axes)).second)
      return false;
    double cycles = cost(axes);
    if (cycles >= least)
      return false;
    least = cycles;
    best = std::move(axes);
    return true;
  }

  static std::vector<int64_t> keyOf(const std::vector<OpSharding> &axes) {
    std::vector<int64_t> key;
    for (const OpSharding &op : axes) {
      key.push_back(op.width);
      for (Axis axis : op.axisOfDim)
        key.push_back(static_cast<int64_t>(axis));
    }
    return key;
  }

  const KernelSpec &kernel;
  const Cost &cost;
  std::vector<size_t> picks, options;
  std::vector<OpSharding> best;
  double least = 0;
  std::set<std::vector<size_t>> isTried;
  std::set<std::vector<int64_t>> isCosted;
};

} // namespace

std::vector<OpSharding> inlay::sharding::chooseAxes(
    const KernelSpec &kernel,
    const std::function<double(const std::vector<OpSharding> &)> &cost) {
  return AxisSearch(kernel, cost).run();
}
