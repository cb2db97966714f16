//===- WeightBuilder.h - Weights that are views of initializers - -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Makes the stacked weights of `inlay_nn.experts` out of what was read of the
// initializers: a new global where they are not one initializer as it is.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_WEIGHTBUILDER_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_WEIGHTBUILDER_H

#include "ExpertMlp.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace inlay::nn::moe {

class WeightBuilder {
public:
  explicit WeightBuilder(mlir::ModuleOp module);

  /// A value of shape [experts, rows, columns], without the last two where they
  /// are 0. `views` is one of all experts, or one for each, in order. Null
  /// where the views do not make such a weight.
  mlir::Value build(mlir::OpBuilder &builder, mlir::Location loc,
                    llvm::ArrayRef<const WeightView *> views,
                    const Matrix &matrix, int64_t experts, int64_t rows,
                    int64_t columns, llvm::StringRef role);

  /// Takes back the globals that were made since the last call.
  void discard();
  /// Keeps them.
  void keep() { created.clear(); }

private:
  std::string nameOf(llvm::ArrayRef<const WeightView *> views,
                     llvm::StringRef role) const;

  mlir::SymbolTable symbols;
  /// Behind the initializers, in front of the graph. Found once: a model whose
  /// experts are written one by one has a hundred thousand initializers.
  mlir::Block::iterator end;
  llvm::SmallVector<mlir::Operation *> created;
};

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_WEIGHTBUILDER_H
