//===- Report.h - Predicted against measured, as tables ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FIDELITY_REPORT_H
#define INLAY_FIDELITY_REPORT_H

#include "inlay/Fidelity/Predict.h"

namespace llvm {
class raw_ostream;
}

namespace inlay::fidelity {

/// A row predicted with and without the allowed scalars.
struct Compared {
  Prediction full;
  Prediction bare;
};

/// All rows of `data`, in order.
std::vector<Compared> compareAll(const Data &data, const Machines &machines);

/// Errors of the rows of one file, machine and use that have both numbers.
struct Summary {
  std::string file, machine;
  Use use = Use::Context;
  int64_t rows = 0;
  double meanError = 0, largestError = 0; ///< absolute, relative to measured
  double meanBare = 0;                    ///< without the allowed scalars
};
std::vector<Summary> summarise(const std::vector<Compared> &rows);

/// Does the model order what the hardware ordered? Over all pairs of layer rows
/// of one file, machine and metric whose measured values differ by more than
/// `kPairDifference`.
struct RankOrder {
  std::string file, machine;
  int64_t pairs = 0;
  int64_t right = 0;
  std::vector<std::string> wrong; ///< "LLaMA3-8B P = 480 before ..."
};
inline constexpr double kPairDifference = 0.05;
std::vector<RankOrder> rankOrder(const std::vector<Compared> &rows);

/// Tables: every predicted row, errors by table, rank order, what was skipped.
void printText(const std::vector<Compared> &rows, llvm::raw_ostream &os);

/// {"rows": [...]}: every column of a row as it was, and "predicted" or
/// "skipped", "unread" (why a value gives no error),
/// "predicted_without_scalars", "use", and where a value was given "error" and
/// "error_without_scalars" (predicted / measured - 1); besides "summary" and
/// "rank_order".
void printJson(const std::vector<Compared> &rows, llvm::raw_ostream &os);

} // namespace inlay::fidelity

#endif // INLAY_FIDELITY_REPORT_H
