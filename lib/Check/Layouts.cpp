//===- Layouts.cpp - Elements of weights where nodes expect them ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A square matrix takes every byte once in rows and in columns. Which of its
// dims a product sums over, the node says that reads it; and kernels of one
// structure take alike what is stored alike: the first of those that share an
// initializer as the first elsewhere, the second as the second.
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"
#include "Rules.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"

#include <optional>

using namespace inlay::checker;

namespace {

/// How the nodes read an initializer, as far as that is known.
struct Reading {
  const Node *node = nullptr;
  std::optional<int64_t> summed; ///< stride of the dim that is summed over
  bool isByRows = false;         ///< in the order of the file
};

class LayoutChecker {
public:
  LayoutChecker(const Plan &plan, const Model &model, Report &report)
      : plan(plan), model(model), report(report) {}

  void run();

private:
  void findReaders();
  Reading readingOf(const std::string &initializer) const;
  void checkOperand(const Kernel &kernel, const Op &op, const Operand &operand);
  void checkPiece(const Op &op, const Weight &weight, const Piece &piece,
                  int64_t summed, const std::string &place);
  void checkTwins(const Kernel &kernel,
                  const std::map<std::string, const Weight *> &weights);

  const Plan &plan;
  const Model &model;
  Report &report;
  /// By value the nodes that read it, and as which input.
  llvm::StringMap<llvm::SmallVector<std::pair<const Node *, size_t>, 1>>
      readers;
  std::map<const Weight *, std::set<int64_t>> seen; ///< dims summed over
  /// An operand of an op of kernels of one structure.
  using Use = std::tuple<std::string, size_t, size_t>;
  /// By use and initializer, how many kernels take a part of it.
  std::map<std::pair<Use, std::string>, size_t> numParts;
  /// By use and number of the part the first weight, and its kernel.
  std::map<std::pair<Use, size_t>, std::pair<const Weight *, const Kernel *>>
      twins;
};

} // namespace

static std::string placeOf(const Kernel &kernel, const Weight &weight,
                           const Piece &piece) {
  return fmt::format("{}, weight '{}', piece of '{}'", kernel.place(),
                     weight.name, piece.initializer);
}

/// Of initializers, and of what only turns or converts them.
void LayoutChecker::findReaders() {
  llvm::StringSet<> stored;
  for (llvm::StringRef name : model.initializerNames)
    stored.insert(name);
  for (const Node &node : model.nodes)
    for (size_t i = 0; i < node.inputs.size(); ++i)
      if (stored.count(node.inputs[i])) {
        readers[node.inputs[i]].emplace_back(&node, i);
        if (i == 0 && (node.type == "Transpose" || node.type == "Cast" ||
                       node.type == "Identity"))
          for (llvm::StringRef output : node.outputs)
            stored.insert(output);
      }
}

Reading LayoutChecker::readingOf(const std::string &initializer) const {
  auto file = model.initializers.find(initializer);
  Reading reading;
  if (file == model.initializers.end())
    return reading;
  // Strides of the dims, as they are turned.
  std::vector<int64_t> strides(file->second.dims.size());
  int64_t stride = 1;
  for (size_t d = strides.size(); d-- > 0;) {
    strides[d] = stride;
    stride = times(stride, file->second.dims[d]);
  }
  llvm::StringRef value = initializer;
  for (size_t steps = 0; steps <= model.nodes.size(); ++steps) {
    auto found = readers.find(value);
    if (found == readers.end() || found->second.size() != 1)
      return reading; // several may read it in several ways
    auto [node, input] = found->second.front();
    bool isTurned = node->type == "Transpose";
    if (!isTurned && node->type != "Cast" && node->type != "Identity") {
      size_t rank = strides.size();
      bool isProduct = node->type == "MatMul" || node->type == "Gemm";
      if (isProduct && node->domain.empty() && input < 2 && rank >= 2) {
        bool isRight = input == 1, isSwapped = node->swaps[input];
        reading.node = node;
        reading.summed = strides[rank - (isRight != isSwapped ? 2 : 1)];
      } else if (node->type == "MatMulNBits" ||
                 (node->type == "Gather" && input == 0)) {
        reading.node = node;
        reading.isByRows = llvm::is_sorted(llvm::reverse(strides));
      }
      return reading;
    }
    if (node->outputs.empty())
      return reading;
    if (isTurned) {
      std::vector<int64_t> turned;
      for (size_t d = 0; d < strides.size(); ++d) {
        int64_t from = node->perm.empty()
                           ? static_cast<int64_t>(strides.size() - 1 - d)
                       : d < node->perm.size() ? node->perm[d]
                                               : -1;
        if (from < 0 || from >= static_cast<int64_t>(strides.size()))
          return reading;
        turned.push_back(strides[from]);
      }
      strides = std::move(turned);
    }
    value = node->outputs.front();
  }
  return reading;
}

void LayoutChecker::checkPiece(const Op &op, const Weight &weight,
                               const Piece &piece, int64_t summed,
                               const std::string &place) {
  if (piece.sizes.size() != piece.strides.size())
    return; // told with the weights
  Reading reading = readingOf(piece.initializer);
  // What is gathered may be read by a product behind it.
  if (!reading.node || (reading.node->type == "Gather" && op.kind != "lookup"))
    return;
  const Node &node = *reading.node;
  if (reading.isByRows) {
    int64_t last = kHuge;
    for (size_t d = 0; d < piece.sizes.size(); ++d) {
      if (piece.sizes[d] < 2)
        continue;
      if (piece.strides[d] >= last)
        return report.fail(
            place,
            fmt::format("has strides {} for sizes {}, but node '{}' ({}) reads "
                        "it in the order of the file",
                        fmt::join(piece.strides, " "),
                        fmt::join(piece.sizes, " "), node.label(), node.type));
      last = piece.strides[d];
    }
    return;
  }
  bool isAlike = piece.sizes.size() == weight.shape.size() && summed >= 0 &&
                 piece.sizes[summed] == weight.shape[summed];
  if (isAlike && piece.sizes[summed] > 1 &&
      piece.strides[summed] != *reading.summed)
    report.fail(place, fmt::format("is summed over with a stride of {}, by "
                                   "node '{}' ({}) with one of {}",
                                   piece.strides[summed], node.label(),
                                   node.type, *reading.summed));
}

/// Products that the compiler takes apart ("matmul" with a weight, whose other
/// factor is another one than the model's) sum over another dim.
void LayoutChecker::checkOperand(const Kernel &kernel, const Op &op,
                                 const Operand &operand) {
  auto weight = llvm::find_if(kernel.weights, [&](const Weight &weight) {
    return weight.name == operand.buffer;
  });
  if (weight == kernel.weights.end() || op.name == "matmul")
    return;
  int64_t summed = -1;
  for (size_t i = 0; i < operand.indexDims.size(); ++i) {
    int64_t d = operand.indexDims[i];
    if (d >= 0 && d < static_cast<int64_t>(op.dims.size()) &&
        op.dims[d].isReduction && i < operand.indexDivisors.size() &&
        operand.indexDivisors[i] == 1)
      summed = static_cast<int64_t>(i);
  }
  if (seen[&*weight].insert(summed).second)
    for (const Piece &piece : weight->pieces)
      checkPiece(op, *weight, piece, summed, placeOf(kernel, *weight, piece));
}

/// The same elements of two initializers; a dim of one index goes nowhere.
static bool takeAlike(const Piece &a, const Piece &b) {
  if (a.first != b.first || a.strides.size() != b.strides.size())
    return false;
  for (size_t d = 0; d < a.strides.size(); ++d)
    if (a.strides[d] != b.strides[d] && (d >= a.sizes.size() || a.sizes[d] > 1))
      return false;
  return true;
}

/// Pieces of one size, of initializers of one length.
void LayoutChecker::checkTwins(
    const Kernel &kernel,
    const std::map<std::string, const Weight *> &weights) {
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (size_t i = 0; i < kernel.ops[o].operands.size(); ++i) {
      auto own = weights.find(kernel.ops[o].operands[i].buffer);
      if (own == weights.end())
        continue;
      const Weight &weight = *own->second;
      if (weight.pieces.empty())
        continue;
      Use use(kernel.structure, o, i);
      // Parts count whatever their kernels' structure is called.
      Use place("", o, i);
      size_t part = numParts[{place, weight.pieces.front().initializer}]++;
      auto [entry, isNew] =
          twins.try_emplace({use, part}, std::pair(&weight, &kernel));
      const Weight &twin = *entry->second.first;
      if (isNew || !llvm::equal(twin.pieces, weight.pieces,
                                [](const Piece &a, const Piece &b) {
                                  return a.sizes == b.sizes &&
                                         a.length == b.length;
                                }))
        continue;
      for (auto [piece, other] : llvm::zip_equal(weight.pieces, twin.pieces))
        if (!takeAlike(piece, other))
          report.fail(placeOf(kernel, weight, piece),
                      fmt::format("takes other elements than that of kernel "
                                  "'{}' of the same structure",
                                  entry->second.second->name));
    }
}

void LayoutChecker::run() {
  report.begin("layouts");
  findReaders();
  for (const Kernel &kernel : plan.kernels) {
    std::map<std::string, const Weight *> weights;
    for (const Weight &weight : kernel.weights)
      weights.emplace(weight.name, &weight);
    for (const Op &op : kernel.ops)
      for (const Operand &operand : op.operands)
        if (operand.role == "weights")
          checkOperand(kernel, op, operand);
    checkTwins(kernel, weights);
  }
}

void inlay::checker::checkLayouts(const Plan &plan, const Model &model,
                                  Report &report) {
  LayoutChecker(plan, model, report).run();
}
