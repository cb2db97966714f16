//===- Axes.cpp - Which axis cuts which dim -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Sharding/Variants.h"

#include <algorithm>

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
  explicit AxisChooser(const KernelSpec &kernel) : kernel(kernel) {}

  std::vector<OpSharding> run() {
    for (const OpSpec &op : kernel.ops) {
      axes.push_back({std::vector<Axis>(op.dims.size(), Axis::None)});
      chooseFor(op, axes.back().axisOfDim);
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
    finish(op, axis);
  }

  /// A state that holds keys and values in one (latent) has other channels for
  /// either: these stay whole, and the query heads that share it are cut.
  void cutAttention(const OpSpec &op, std::vector<Axis> &cut) {
    bool isLatent = sharesState(op);
    for (size_t d = 0; d < op.dims.size(); ++d) {
      const std::string &name = op.dims[d].name;
      if (name == "context")
        cut[d] = Axis::Y;
      else if (name == "head" || name == (isLatent ? "group" : "dim"))
        cut[d] = Axis::X;
    }
    finish(op, Axis::X);
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
    finish(op, op.opClass == OpClass::Lookup ? Axis::Y : current);
  }

  /// The batch of a product with a matrix of weights for each; -1 where there
  /// is none.
  int weightBatch(const OpSpec &op) const {
    int batch = findDim(op, "batch");
    for (const OperandSpec &operand : op.operands)
      for (const IndexExpr &index : operand.indexing)
        if (operand.role == TensorRole::Weights && index.dim == batch &&
            batch >= 0 && op.dims[batch].size > 1)
          return batch;
    return -1;
  }

  /// The halves of latent attention that are absorbed into its queries and its
  /// results: a matrix for each head. Heads stay where they are; of the rest
  /// the dim that goes in most parts is cut.
  void cutHeads(const OpSpec &op, std::vector<Axis> &cut, int head) {
    Axis axis = inputAxis(op, head);
    cut[head] = axis;
    int other = -1;
    int64_t most = 1;
    for (size_t d = 0; d < op.dims.size(); ++d) {
      int64_t parts = op.dims[d].size / std::max<int64_t>(1, op.dims[d].unit);
      if (isTokenDim(op.dims[d]) || parts <= most)
        continue;
      other = static_cast<int>(d);
      most = parts;
    }
    if (other >= 0)
      cut[other] = otherAxis(axis);
    finish(op, axis);
  }

  void cutContraction(const OpSpec &op, std::vector<Axis> &cut) {
    if (int head = weightBatch(op); head >= 0)
      return cutHeads(op, cut, head);
    int k = largestDim(op, cut, DimKind::Reduction);
    int n = largestDim(op, cut, DimKind::Parallel);
    Axis in = inputAxis(op, k);
    int64_t depth = k >= 0 ? op.dims[k].size : 0;
    // Products one after the other with reductions of the same length read the
    // same input (query, key, value; gate, up), where no value says otherwise.
    if (!inputIsNamed && depth == siblingDepth)
      in = siblingAxis;
    siblingDepth = depth;
    siblingAxis = in;
    if (k >= 0)
      cut[k] = in;
    if (n >= 0)
      cut[n] = otherAxis(in);
    int64_t keep = siblingDepth;
    finish(op, otherAxis(in));
    siblingDepth = keep;
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
        return known->second;
      }
      return current;
    }
    return current;
  }

  /// Records where the op leaves its results.
  void finish(const OpSpec &op, Axis axis) {
    current = axis;
    siblingDepth = -1;
    for (const OperandSpec &operand : op.operands)
      if (operand.role == TensorRole::Local && operand.tensor >= 0)
        axisOfLocal.try_emplace(operand.tensor, axis);
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
        if (dropSharedAxis(o, use) || dropCutBlock(o, use))
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

  /// A weight's dim must have its axis for itself.
  bool dropSharedAxis(size_t o, const OperandSpec &use) {
    for (const IndexExpr &index : use.indexing) {
      Axis axis = cutOf(o, index);
      if (axis == Axis::None)
        continue;
      for (size_t d = 0; d < axes[o].axisOfDim.size(); ++d)
        if (static_cast<int>(d) != index.dim && axes[o].axisOfDim[d] == axis) {
          axes[o].axisOfDim[d] = Axis::None;
          return true;
        }
    }
    return false;
  }

  bool dropCutBlock(size_t o, const OperandSpec &use) {
    for (const IndexExpr &index : use.indexing)
      if (cutOf(o, index) != Axis::None &&
          kernel.ops[o].dims[index.dim].unit % index.divisor != 0) {
        axes[o].axisOfDim[index.dim] = Axis::None;
        return true;
      }
    return false;
  }

  bool dropDifference(size_t o, const OperandSpec &use, size_t p,
                      const OperandSpec &other) {
    for (size_t i = 0; i < use.indexing.size(); ++i) {
      if (cutOf(o, use.indexing[i]) == cutOf(p, other.indexing[i]))
        continue;
      if (cutOf(o, use.indexing[i]) != Axis::None)
        axes[o].axisOfDim[use.indexing[i].dim] = Axis::None;
      if (cutOf(p, other.indexing[i]) != Axis::None)
        axes[p].axisOfDim[other.indexing[i].dim] = Axis::None;
      return true;
    }
    return false;
  }

  const KernelSpec &kernel;
  std::vector<OpSharding> axes;
  std::map<int, Axis> axisOfLocal;
  Axis current = Axis::Y;
  /// Of the contraction just before: siblings share its input.
  int64_t siblingDepth = -1;
  Axis siblingAxis = Axis::Y;
  bool inputIsNamed = false;
};

} // namespace

std::vector<OpSharding> inlay::sharding::chooseAxes(const KernelSpec &kernel) {
  return AxisChooser(kernel).run();
}
