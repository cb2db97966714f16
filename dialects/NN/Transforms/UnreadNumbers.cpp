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
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// What attentions add to their scores, back to the weights that it is made
/// from: masks are cast, cut and scaled. What is looked up in a table, or a
/// product, is none.
static llvm::DenseSet<Value> findMasks(GraphOp graph) {
  SmallVector<Value> open;
  for (auto attention : graph.getBody().getOps<AttentionOp>())
    if (Value bias = attention.getBias())
      open.push_back(bias);
  llvm::DenseSet<Value> found;
  while (!open.empty()) {
    Value value = open.pop_back_val();
    if (!found.insert(value).second)
      continue;
    if (isa_and_nonnull<UnaryOp, BinaryOp, WhereOp, CastOp, ReshapeOp,
                        TransposeOp, ConcatOp, SliceOp, BroadcastOp>(
            value.getDefiningOp()))
      llvm::append_range(open, value.getDefiningOp()->getOperands());
  }
  return found;
}

/// Whether a weight is one in name only: integers that no product reads (zero
/// points are), one number, or one of `masks`.
static bool isNumber(ml_program::GlobalLoadConstOp load,
                     const llvm::DenseSet<Value> &masks) {
  auto type = cast<ShapedType>(load.getType());
  Type element = type.getElementType();
  if (load->use_empty() || !type.hasStaticShape())
    return false;
  if (masks.contains(load.getResult()))
    return true;
  if (isa<FloatType>(element))
    return type.getNumElements() == 1;
  bool isPlace = element.isInteger(1) ||
                 ((element.isInteger(32) || element.isInteger(64)) &&
                  type.getNumElements() <= onnx::OnnxDialect::kMaxPlaces);
  return isPlace && llvm::none_of(load->getUsers(), [](Operation *user) {
           return isa<DequantizeOp, LinearOp, LmHeadOp, ExpertsOp, MatMulOp>(
               user);
         });
}

/// Warns of `numbers`, by the file that they are in.
static void reportMissing(
    GraphOp graph,
    const llvm::MapVector<StringRef, SmallVector<StringRef>> &numbers) {
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

/// The largest is the one that is most in the way.
static void reportSkipped(GraphOp graph,
                          ArrayRef<ml_program::GlobalLoadConstOp> skipped) {
  if (skipped.empty())
    return;
  auto sizeOf = [](ml_program::GlobalLoadConstOp load) {
    return cast<ShapedType>(load.getType()).getNumElements();
  };
  ml_program::GlobalLoadConstOp largest = *llvm::max_element(
      skipped, [&](auto a, auto b) { return sizeOf(a) < sizeOf(b); });
  graph.emitWarning()
      << skipped.size()
      << (skipped.size() == 1 ? " tensor of places or a mask counts as weights"
                              : " tensors of places or masks count as weights")
      << " (e.g. '" << largest.getGlobal().getRootReference().getValue()
      << "' of " << sizeOf(largest) << " numbers, which node '"
      << onnx::getNodeName((*largest->user_begin())->getLoc())
      << "' reads), because no more than 64 MB of places and 256 MB of masks, "
      << onnx::OnnxDialect::kMaxTruths
      << " numbers each, are read of a model, and what depends on them is not "
         "raised; let nodes share a mask, or export for fewer tokens";
}

void inlay::nn::reportUnreadNumbers(GraphOp graph) {
  auto module = graph->getParentOfType<ModuleOp>();
  auto files = module->getAttrOfType<ArrayAttr>(onnx::kUnreadFilesAttr);
  auto skipped = module->getAttrOfType<ArrayAttr>(onnx::kSkippedNumbersAttr);
  if (!files && !skipped)
    return;
  llvm::StringMap<StringRef> fileOf;
  for (auto global : module.getOps<ml_program::GlobalOp>())
    if (auto weight = dyn_cast_or_null<onnx::WeightAttr>(global.getValueAttr()))
      fileOf.try_emplace(global.getSymName(), weight.getFile());
  llvm::MapVector<StringRef, SmallVector<StringRef>> numbersOf;
  llvm::StringSet<> tooMany;
  if (files)
    for (auto file : files.getAsValueRange<StringAttr>())
      numbersOf[file];
  if (skipped)
    for (auto name : skipped.getAsValueRange<StringAttr>())
      tooMany.insert(name);
  SmallVector<ml_program::GlobalLoadConstOp> left;
  llvm::DenseSet<Value> masks = findMasks(graph);
  for (auto load : graph.getBody().getOps<ml_program::GlobalLoadConstOp>()) {
    StringRef name = load.getGlobal().getRootReference();
    auto *entry = numbersOf.find(fileOf.lookup(name));
    bool isMissing = entry != numbersOf.end(), isLeft = tooMany.contains(name);
    if ((!isMissing && !isLeft) || !isNumber(load, masks))
      continue;
    if (isMissing)
      entry->second.push_back(name);
    else
      left.push_back(load);
  }
  reportMissing(graph, numbersOf);
  reportSkipped(graph, left);
}
