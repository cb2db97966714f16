//===- ScoreMasks.h - What hides keys from queries --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Masks between the scores and the softmax, one applied after the other, and
// the one addend of the scores that says the same.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_SCOREMASKS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_SCOREMASKS_H

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/MaskedScore.h"

namespace inlay::nn {

using onnx::kMaskedScore;

/// Something that hides keys: an addend of the scores, or a choice between a
/// score and a number. The other side of an addend that is a choice is no
/// score.
struct ScoreMask {
  mlir::Value addend;
  WhereOp choice;
  /// What the addend is multiplied with, together with the scores.
  double factor = 1;

  /// What spans the scores.
  mlir::Value shaped() { return choice ? choice.getCondition() : addend; }
  /// What is chosen in place of the score of a hidden key.
  double fill();
  /// Whether that is a finite number.
  bool hasFill();
};

/// Whether nothing is left of a score, however large, that is added to `number`
/// in a type that holds it as f32 does.
bool absorbsScores(double number);

/// Whether one addend says what `masks` say together, also for a query that
/// sees no key: its weights then follow from the numbers that hide them all.
/// Known are numbers of which the lower has no weight beside the higher, and
/// addends beside them that are none, or so small that they do not matter.
bool canAddMasks(llvm::MutableArrayRef<ScoreMask> masks, GraphOp graph);

/// Whether that addend, kept from getting below `floor`, says the same as
/// scores that are kept to it behind all of `masks`. A number that hides keys
/// has to be as far from `floor`, or as near, as the one added in its place.
bool canBoundMasks(llvm::MutableArrayRef<ScoreMask> masks, double floor);

/// That addend, as [batch or 1, heads or 1, tokens or 1, length or 1]; null
/// without masks. It is of the type `element`, or of one wide enough for the
/// numbers that hide keys. Scores of `rank` 5 have two dims of heads, of which
/// the masks span both or none.
mlir::Value addMasks(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::MutableArrayRef<ScoreMask> masks, mlir::Type element,
                     int64_t rank = 4);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_SCOREMASKS_H
