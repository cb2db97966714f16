//===- Predict.h - What the cost model says of a measured row ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row names a program, a machine and sizes; the replay of that program under
// the calibrated rates of that machine is the prediction. A row that no model
// covers is skipped with the reason.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FIDELITY_PREDICT_H
#define INLAY_FIDELITY_PREDICT_H

#include "inlay/Cost/Replay.h"
#include "inlay/Fidelity/Rows.h"

namespace inlay::fidelity {

/// What a row is for, by data/measured/README.md.
enum class Use {
  Fit,     ///< kernel rows that primitives are fitted on
  Scalar,  ///< the rows that the allowed scalars are fitted on
  Predict, ///< layer rows, never fitted
  Context, ///< everything else
};
const char *toString(Use use);

/// The machines that rows may name, by name of the machine ("WSE-3").
using Machines = std::map<std::string, target::Target>;

/// Loads wse2 and wse3 from the folder of targets.
std::optional<Machines> loadMachines(const std::string &targetDir,
                                     Diagnostics &diags);

/// A row with what the model says of it.
struct Prediction {
  const Row *row = nullptr;
  Use use = Use::Context;
  std::optional<double> predicted; ///< in the unit of the row
  std::string skipped;             ///< why there is no prediction
  std::string unread;              ///< why there is no error beside it
  cost::Breakdown cycles;          ///< by cause

  /// A number above 0; a time is nothing else.
  std::optional<double> measured() const;
  /// predicted / measured - 1
  std::optional<double> error() const;
};

/// Without `withScalars` the exponential, the divide, the change of axis and
/// the scale of WSE-2 are left out.
Prediction predict(const Row &row, const Data &data, const Machines &machines,
                   bool withScalars = true);

/// The program of a row under `rates`; a reason in `skipped` where there is
/// none.
std::optional<cost::Replay> replayOf(const Row &row, const Data &data,
                                     const cost::Rates &rates,
                                     std::string &skipped);

/// The layer that a row is about; a reason in `skipped` where it names none.
std::optional<LayerShape> layerShapeOf(const Row &row, const Data &data,
                                       std::string &skipped);

/// `machines` without the allowed scalars.
Machines withoutScalars(const Machines &machines);

} // namespace inlay::fidelity

#endif // INLAY_FIDELITY_PREDICT_H
