//===- ExtractKernel.h - What mapping sees of a kernel ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_EXTRACTKERNEL_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_EXTRACTKERNEL_H

#include "dialects/Dataflow/IR/Dataflow.h"
#include "inlay/Model/Model.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

namespace inlay::wafer {

/// Fills a kernel but for its states' types, which the graph declares: states
/// have names only. `stepTokens` new tokens come in a step, of all sequences.
/// See ExtractModel.h.
mlir::FailureOr<model::KernelSpec>
extractKernel(dataflow::KernelOpInterface kernel,
              const mlir::SymbolTable &globals, int64_t stepTokens);

/// For each op of that kernel the ONNX node whose value it makes, or makes a
/// part of: the name in its location, with ":3" behind it for output 3; empty
/// where the location has none.
mlir::FailureOr<std::vector<std::string>>
extractNodes(dataflow::KernelOpInterface kernel,
             const mlir::SymbolTable &globals, int64_t stepTokens);

/// What is stored of a weight and where, with the shape of its global.
mlir::FailureOr<model::WeightSpec>
extractWeight(dataflow::KernelOpInterface kernel, llvm::StringRef name,
              const mlir::SymbolTable &globals);

/// The logical view that a use of a weight has: type, shape and row pitch.
struct LogicalView {
  model::ElementType type;
  std::vector<int64_t> shape;
  int64_t rowPitchBits = 0;
};

/// The view by `use` in `op` of a weight that is stored as `stored` says;
/// nothing where its elements are not those that are stored.
std::optional<LogicalView> viewWeight(const model::WeightSpec &stored,
                                      const model::OpSpec &op,
                                      const model::OperandSpec &use);

/// Rows `first` up to `first + count` of a weight of `rows` rows, as a weight
/// of its own; none where that is no strided view. With `columns` the last dim
/// counts rows, else the first (of which a row may have several entries).
std::optional<model::WeightSpec> sliceRows(const model::WeightSpec &whole,
                                           int64_t rows, int64_t first,
                                           int64_t count, bool columns);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_EXTRACTKERNEL_H
