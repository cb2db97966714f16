//===- UnreadNumbers.cpp - Numbers in files that were not there -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UnreadNumbers.h"

#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Onnx/IR/UnreadFiles.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// What an attention adds to its scores.
static bool isBias(OpOperand &use) {
  auto attention = dyn_cast<AttentionOp>(use.getOwner());
  return attention && attention.getBias() == use.get();
}

/// Whether a weight is one in name only: integers that no product reads (zero
/// points are), one number, or a mask.
static bool isNumber(ml_program::GlobalLoadConstOp load) {
  auto type = cast<ShapedType>(load.getType());
  Type element = type.getElementType();
  if (load->use_empty() || !type.hasStaticShape())
    return false;
  if (isa<FloatType>(element))
    return type.getNumElements() == 1 ||
           llvm::any_of(load->getUses(),
                        [](OpOperand &use) { return isBias(use); });
  int64_t most = element.isInteger(1) ? onnx::OnnxDialect::kMaxTruths
                                      : onnx::OnnxDialect::kMaxPlaces;
  bool isPlace =
      element.isInteger(1) || element.isInteger(32) || element.isInteger(64);
  return isPlace && type.getNumElements() <= most &&
         llvm::none_of(load->getUsers(), [](Operation *user) {
           return isa<DequantizeOp, LinearOp, LmHeadOp, ExpertsOp, MatMulOp>(
               user);
         });
}

void inlay::nn::reportUnreadNumbers(GraphOp graph) {
  auto module = graph->getParentOfType<ModuleOp>();
  auto unread = module->getAttrOfType<ArrayAttr>(onnx::kUnreadFilesAttr);
  if (!unread)
    return;
  llvm::StringMap<StringRef> files;
  for (auto global : module.getOps<ml_program::GlobalOp>())
    if (auto weight = dyn_cast_or_null<onnx::WeightAttr>(global.getValueAttr()))
      files.try_emplace(global.getSymName(), weight.getFile());
  llvm::MapVector<StringRef, SmallVector<StringRef>> numbers;
  for (auto file : unread.getAsValueRange<StringAttr>())
    numbers[file];
  for (auto load : graph.getBody().getOps<ml_program::GlobalLoadConstOp>()) {
    StringRef name = load.getGlobal().getRootReference();
    auto *entry = numbers.find(files.lookup(name));
    if (entry != numbers.end() && isNumber(load))
      entry->second.push_back(name);
  }
  for (const auto &[file, all] : numbers)
    if (!all.empty())
      graph.emitWarning()
          << "file '" << file
          << "' is not there, or ends too early: " << all.size()
          << (all.size() == 1 ? " tensor of places, a mask or a number lies"
                              : " tensors of places, masks or numbers lie")
          << " in it (e.g. '" << all.front()
          << "'), and what depends on them is not raised; put the file beside "
             "the model, or export it such that small tensors and masks are "
             "in the model itself";
}
