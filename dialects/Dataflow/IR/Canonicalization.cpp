//===- Canonicalization.cpp - Simpler kernels -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Dataflow/IR/Dataflow.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace inlay::dataflow;

namespace {
/// What a kernel can do without: a set bit is an input, weight, state or output
/// to drop.
struct Excess {
  explicit Excess(KernelOpInterface kernel)
      : inputs(kernel.getNumInputs()), weights(kernel.getNumWeights()),
        states(kernel.getNumStates()), outputs(kernel.getOutputs().size()) {}

  bool any() const {
    return inputs.any() || weights.any() || states.any() || outputs.any();
  }

  llvm::BitVector inputs, weights, states, outputs;
};

/// Drops of a kernel, of either kind:
/// - outputs that nobody consumes,
/// - outputs that are an input as it came (consumers take the input's stream)
///   or the same tensor as an earlier output,
/// - inputs, weights and states that the body does not use,
/// - inputs that are the same stream as an earlier input;
/// and the kernel where nothing of it is left to observe.
template <typename KernelTy>
class PruneKernel : public OpRewritePattern<KernelTy> {
public:
  using OpRewritePattern<KernelTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(KernelTy kernel,
                                PatternRewriter &rewriter) const override {
    if (kernel.getOutputs().empty() && kernel.getStates().empty()) {
      rewriter.eraseOp(kernel);
      return success();
    }
    Excess excess(kernel);
    forwardOutputs(kernel, rewriter, excess);
    mergeInputs(kernel, rewriter, excess);
    findUnused(kernel, excess);
    if (!excess.any())
      return failure();
    rebuild(kernel, rewriter, excess);
    return success();
  }

private:
  static void forwardOutputs(KernelTy kernel, PatternRewriter &rewriter,
                             Excess &excess) {
    DenseMap<Value, Value> streamOf;
    for (auto [argument, stream] :
         llvm::zip(kernel.getInputArgs(), kernel.getInputs()))
      streamOf.try_emplace(argument, stream);
    YieldOp yield = getYield(kernel);
    for (auto [index, value, output] :
         llvm::enumerate(yield.getOutputs(), kernel.getOutputs())) {
      auto [it, isNew] = streamOf.try_emplace(value, output);
      if (!isNew)
        rewriter.replaceAllUsesWith(output, it->second);
      if (output.use_empty())
        excess.outputs.set(index);
    }
  }

  static void mergeInputs(KernelTy kernel, PatternRewriter &rewriter,
                          Excess &excess) {
    DenseMap<Value, Value> argumentOf;
    for (auto [index, stream, argument] :
         llvm::enumerate(kernel.getInputs(), kernel.getInputArgs())) {
      auto [it, isNew] = argumentOf.try_emplace(stream, argument);
      if (isNew)
        continue;
      rewriter.replaceAllUsesWith(argument, it->second);
      excess.inputs.set(index);
    }
  }

  /// What only dropped outputs use counts as unused in the next round.
  static void findUnused(KernelTy kernel, Excess &excess) {
    for (auto [index, argument] : llvm::enumerate(kernel.getInputArgs()))
      if (argument.use_empty())
        excess.inputs.set(index);
    for (auto [index, argument] : llvm::enumerate(kernel.getWeightArgs()))
      if (argument.use_empty())
        excess.weights.set(index);
    YieldOp yield = getYield(kernel);
    for (auto [index, argument] : llvm::enumerate(kernel.getStateArgs()))
      if (argument.hasOneUse() && yield.getUpdates()[index] == argument)
        excess.states.set(index);
  }

  static ArrayAttr keep(ArrayAttr symbols, const llvm::BitVector &drop) {
    SmallVector<Attribute> kept;
    for (auto [index, symbol] : llvm::enumerate(symbols))
      if (!drop.test(index))
        kept.push_back(symbol);
    return ArrayAttr::get(symbols.getContext(), kept);
  }

  static void dropFromBody(KernelTy kernel, PatternRewriter &rewriter,
                           const Excess &excess) {
    YieldOp yield = getYield(kernel);
    SmallVector<Value> outputs, updates;
    for (auto [index, value] : llvm::enumerate(yield.getOutputs()))
      if (!excess.outputs.test(index))
        outputs.push_back(value);
    for (auto [index, value] : llvm::enumerate(yield.getUpdates()))
      if (!excess.states.test(index))
        updates.push_back(value);
    rewriter.setInsertionPoint(yield);
    rewriter.replaceOpWithNewOp<YieldOp>(yield, outputs, updates);

    llvm::BitVector arguments(kernel.getBody().getNumArguments());
    unsigned base = 0;
    for (const llvm::BitVector *part :
         {&excess.inputs, &excess.weights, &excess.states}) {
      for (unsigned index : part->set_bits())
        arguments.set(base + index);
      base += part->size();
    }
    kernel.getBody().front().eraseArguments(arguments);
  }

  static void rebuild(KernelTy kernel, PatternRewriter &rewriter,
                      const Excess &excess) {
    dropFromBody(kernel, rewriter, excess);
    SmallVector<Value> inputs, replaced;
    SmallVector<Type> types;
    for (auto [index, input] : llvm::enumerate(kernel.getInputs()))
      if (!excess.inputs.test(index))
        inputs.push_back(input);
    for (auto [index, output] : llvm::enumerate(kernel.getOutputs()))
      if (!excess.outputs.test(index)) {
        replaced.push_back(output);
        types.push_back(output.getType());
      }
    rewriter.setInsertionPoint(kernel);
    OperationState state(kernel.getLoc(), kernel->getName(), inputs, types,
                         kernel->getAttrs());
    state.addRegion();
    auto pruned = cast<KernelTy>(rewriter.create(state));
    pruned.setWeightsAttr(keep(kernel.getWeights(), excess.weights));
    pruned.setStatesAttr(keep(kernel.getStates(), excess.states));
    rewriter.inlineRegionBefore(kernel.getBody(), pruned.getBody(),
                                pruned.getBody().end());
    if (kernel.getStructureAttr())
      pruned.setStructureAttr(rewriter.getStringAttr(
          computeStructure(cast<KernelOpInterface>(pruned.getOperation()))));
    for (auto [output, replacement] : llvm::zip(replaced, pruned.getOutputs()))
      rewriter.replaceAllUsesWith(output, replacement);
    rewriter.eraseOp(kernel);
  }
};
} // namespace

void KernelOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<PruneKernel<KernelOp>>(context);
}

void ExpertsOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<PruneKernel<ExpertsOp>>(context);
}
