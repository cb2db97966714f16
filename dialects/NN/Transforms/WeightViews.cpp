//===- WeightViews.cpp - Other views of one weight ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightViews.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

static ml_program::GlobalOp findGlobal(ModuleOp module, StringRef name) {
  return dyn_cast_or_null<ml_program::GlobalOp>(
      SymbolTable::lookupSymbolIn(module, name));
}

bool inlay::nn::isWholeWeight(Value value) {
  auto load = value.getDefiningOp<ml_program::GlobalLoadConstOp>();
  if (!load)
    return false;
  auto global = findGlobal(load->getParentOfType<ModuleOp>(),
                           load.getGlobal().getRootReference());
  return global && isa_and_nonnull<onnx::WeightAttr>(global.getValueAttr());
}

Value inlay::nn::createWeightView(OpBuilder &builder, Location loc,
                                  Value weight, const Strided &view,
                                  StringRef role) {
  auto load = weight.getDefiningOp<ml_program::GlobalLoadConstOp>();
  auto graph = load->getParentOfType<GraphOp>();
  auto module = graph->getParentOfType<ModuleOp>();
  StringRef source = load.getGlobal().getRootReference();
  auto type =
      RankedTensorType::get(view.sizes, getElementTypeOrSelf(weight.getType()));
  onnx::WeightPiece piece{FlatSymbolRefAttr::get(builder.getContext(), source),
                          view.first, view.sizes, view.strides};
  auto elements = onnx::WeightViewAttr::get(builder.getContext(), piece);
  auto loadOf = [&](ml_program::GlobalOp global) -> Value {
    return ml_program::GlobalLoadConstOp::create(
        builder, loc, type, FlatSymbolRefAttr::get(global));
  };
  std::string name = (source + "." + role).str();
  int count = 0;
  while (Operation *taken = SymbolTable::lookupSymbolIn(module, name)) {
    auto global = dyn_cast<ml_program::GlobalOp>(taken);
    if (global && global.getValueAttr() == elements && global.getType() == type)
      return loadOf(global);
    name = (source + "." + role + "_" + Twine(++count)).str();
  }
  OpBuilder before(graph);
  return loadOf(ml_program::GlobalOp::create(
      before, loc, builder.getStringAttr(name), TypeAttr::get(type),
      /*is_mutable=*/nullptr, elements, builder.getStringAttr("private")));
}
