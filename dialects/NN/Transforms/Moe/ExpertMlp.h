//===- ExpertMlp.h - The layers of an expert, read backwards -- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the output of an expert back over down projection, activation, and gate
// and up projection to its input. The weights may be of one expert or stacked,
// transposed, cut out of a common matrix or gathered by the router's choice:
// what is kept of them is a view of initializers.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTMLP_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTMLP_H

#include "Peel.h"

#include "dialects/NN/IR/NN.h"

#include <memory>
#include <vector>

namespace inlay::nn::moe {

class Analysis;
struct Fact;
struct Router;

/// Elements of an initializer by expert, row and column.
struct WeightView {
  mlir::FlatSymbolRefAttr source;
  mlir::RankedTensorType type;
  /// What the layout counts, if not the elements of `type`: narrower ones that
  /// the initializer holds in bytes, the first in the low bits.
  mlir::Type packed;

  mlir::Type element() const { return packed ? packed : type.getElementType(); }
  /// Axis Expert, and two others as the matrix says.
  Layout layout;
};

/// One of the matrices of an expert. Rows are outputs.
struct Matrix {
  Axis row = Axis::Inner;
  Axis column = Axis::Hidden;
  int64_t rows = 0;
  int64_t columns = 0;
  WeightView weight;
  std::optional<WeightView> scales;
  std::optional<WeightView> zeroPoints;
  std::optional<WeightView> bias;
  /// A factor for all weights of each expert, beside the scales.
  std::optional<WeightView> global;
  /// 0 where the weight is not quantised.
  int64_t bits = 0;
  /// Elements of a row that share a scale, and rows that do; 0 for all.
  int64_t block = 0;
  int64_t rowBlock = 1;
  /// The node that multiplies with it.
  mlir::Operation *product = nullptr;

  /// Takes the scales, and from their layout the blocks; false where these are
  /// no runs of rows and columns.
  bool setScales(WeightView view);
};

struct Mlp {
  mlir::Value input;
  Matrix fc1;
  Matrix fc2;
  std::optional<Matrix> fc3;
  ActivationKind activation = ActivationKind::Identity;
  double alpha = 1;
  double beta = 0;
  double limit = 0;
  /// The expert of a slice of sorted pairs; else -1.
  int64_t expert = -1;
  /// What chose the tokens, where they are not all: see Fact::root.
  mlir::Operation *root = nullptr;
  /// The input is a Fact::WeightedInput; this one.
  mlir::Value weightedInput;
  /// Not the input, but what is between the two layers.
  bool weightsInner = false;
};

/// MLPs by expert; a single one with expert -1 where all are stacked. They are
/// large and go from sum to sum, so what moves are pointers.
using Experts = std::vector<std::pair<int64_t, std::unique_ptr<Mlp>>>;

/// What is read of an MLP.
struct MlpForm {
  /// The output is the sum over all experts.
  bool sumsExperts = false;
  /// The expert whose weights are read of those that are stacked; all of them
  /// where it is negative.
  int64_t only = -1;
};

/// Reads the MLP whose output is `output`, in terms of axis Hidden and the axes
/// of its rows; null where it is none.
std::unique_ptr<Mlp> readMlp(Analysis &analysis, const Router &router,
                             View output, int64_t hidden,
                             const MlpForm &form = {});

/// Whether `inner` can be what an MLP computes between its two layers, `width`
/// numbers for each row.
bool isInner(Analysis &analysis, const Router &router, const View &inner,
             int64_t width);

/// Looks through a Gather by what the router chose, in the direction from the
/// gathered to the whole. Returns whether it did; `root` is set to what it
/// depends on.
bool stepBackChoice(Analysis &analysis, const Router &router, View &view,
                    mlir::Operation *&root);

/// From the run of one expert to all sorted pairs, Hit becoming Pair; the
/// expert, or none where that is not what the value is.
std::optional<int64_t> stepBackRun(Analysis &analysis, const Router &router,
                                   View &view);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTMLP_H
