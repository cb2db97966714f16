//===- VerifyModelOps.cpp - Verifiers of norms, attention and experts -----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SplitKey.h"
#include "dialects/NN/IR/NN.h"

#include "inlay/Support/Format.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

static LogicalResult verifySameShape(Operation *op, Value input, Value result) {
  if (getShape(input) != getShape(result))
    return op->emitOpError() << "the result must have the input's shape "
                             << getShape(input) << ", got " << getShape(result);
  return success();
}

static LogicalResult verifyLength(Operation *op, StringRef what, Value value,
                                  int64_t expected) {
  if (value && numElements(getShape(value)) != expected)
    return op->emitOpError()
           << what << " must have " << expected << " elements, got "
           << numElements(getShape(value));
  return success();
}

/// A norm runs over the last dim, so that there must be one.
static LogicalResult verifyNormShape(Operation *op, Value input, Value result) {
  if (getShape(input).empty())
    return op->emitOpError("needs an input of at least one dim");
  return verifySameShape(op, input, result);
}

LogicalResult RmsNormOp::verify() {
  if (failed(verifyNormShape(*this, getInput(), getResult())))
    return failure();
  return verifyLength(*this, "gamma", getGamma(), getLastDim(getInput()));
}

LogicalResult LayerNormOp::verify() {
  if (failed(verifyNormShape(*this, getInput(), getResult())))
    return failure();
  int64_t width = getLastDim(getInput());
  return failure(failed(verifyLength(*this, "gamma", getGamma(), width)) ||
                 failed(verifyLength(*this, "beta", getBeta(), width)));
}

LogicalResult SoftmaxOp::verify() {
  if (failed(verifySameShape(*this, getInput(), getResult())))
    return failure();
  int64_t rank = getShape(getInput()).size();
  if (getAxis() >= static_cast<uint64_t>(rank))
    return emitOpError() << "axis " << getAxis() << " is not a dim of a tensor "
                         << "of rank " << rank;
  return success();
}

int64_t RotaryOp::getWidth() {
  return getLastDim(getCos()) * (getFullWidth() ? 1 : 2);
}

LogicalResult RotaryOp::verify() {
  if (failed(verifySameShape(*this, getInput(), getResult())))
    return failure();
  if (getLayout() == RotaryLayout::None)
    return emitOpError("layout must not be none");
  ArrayRef<int64_t> shape = getShape(getInput());
  int64_t heads = getNumHeads();
  if (shape.size() == 3 && (heads < 1 || shape.back() % heads != 0))
    return emitOpError() << "num_heads " << heads
                         << " does not divide the last dim, " << shape.back();
  if (getShape(getCos()) != getShape(getSin()))
    return emitOpError("both caches must have the same shape");
  if (getShape(getCos()).empty())
    return emitOpError("the caches need a row of angles, got scalars");
  if (getWidth() % 2 != 0)
    return emitOpError() << "caches of full width must have an even number of "
                            "columns, got "
                         << getWidth();
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

int64_t AttentionOp::getLength() {
  if (getPresentKey()) {
    ArrayRef<int64_t> present = getShape(getPresentKey());
    return present[present.size() - 2];
  }
  return getShape(getKey() ? getKey() : getQuery())[1];
}

int64_t AttentionOp::getVisibleLength() {
  int64_t length = getLength();
  int64_t window = getWindow();
  int64_t tokens = getShape(getQuery())[1];
  return window > 0 ? std::min(length, window + tokens - 1) : length;
}

static LogicalResult verifyHeads(AttentionOp op) {
  int64_t heads = op.getNumHeads();
  int64_t kvHeads = op.getKvHeads();
  if (kvHeads < 1 || heads < 1 || heads % kvHeads != 0)
    return op.emitOpError()
           << "num_heads " << heads
           << " must be a positive multiple of kv_heads " << kvHeads;
  if (static_cast<int64_t>(op.getHeadDim()) < 1 ||
      static_cast<int64_t>(op.getValueDim()) < 1 ||
      static_cast<int64_t>(op.getWindow()) < 0)
    return op.emitOpError("head_dim and value_dim must be at least 1 and "
                          "window at least 0");
  return success();
}

/// [batch, tokens, width]
static bool isRows(Value value, int64_t width) {
  ArrayRef<int64_t> shape = getShape(value);
  return shape.size() == 3 && shape.back() == width;
}

/// Values that are channels of the keys, and keys in two parts.
static LogicalResult verifyValueInKey(AttentionOp op) {
  if (!op.getKey() ||
      (!op.getValue() && (op.getPastValue() || op.getPresentValue())) ||
      op.getValueDim() > op.getHeadDim())
    return op.emitOpError("with 'value_in_key' needs a key of at least "
                          "value_dim channels, and no "
                          "state of values without a value");
  if (hasSplitKey(op) &&
      (op.getValueDim() == op.getHeadDim() || op.getKeyScale() ||
       op.getQueryNorm() || op.getLayout() != RotaryLayout::None))
    return op.emitOpError("with keys in two parts needs a second part, and has "
                          "no rotation, norms or scales");
  return success();
}

static LogicalResult verifyInputs(AttentionOp op) {
  int64_t kvHeads = op.getKvHeads();
  int64_t queryWidth = op.getNumHeads() * op.getHeadDim();
  int64_t keyWidth = kvHeads * getKeyWidth(op);
  int64_t valueWidth = kvHeads * getValueWidth(op);
  bool inKey = op.getValueInKey();
  if (inKey && failed(verifyValueInKey(op)))
    return failure();
  if (!inKey &&
      static_cast<bool>(op.getKey()) != static_cast<bool>(op.getValue()))
    return op.emitOpError("needs both key and value, or neither");
  int64_t expected =
      op.isPacked() ? queryWidth + keyWidth + valueWidth : queryWidth;
  if (!isRows(op.getQuery(), expected))
    return op.emitOpError() << "the query must be 3-D with a last dim of "
                            << expected << ", got " << getShape(op.getQuery());
  if (op.getKey() && !op.getValue() && !isRows(op.getKey(), keyWidth))
    return op.emitOpError() << "the key must be 3-D with a last dim of "
                            << keyWidth << ", got " << getShape(op.getKey());
  if (op.getValue() &&
      (!isRows(op.getKey(), keyWidth) || !isRows(op.getValue(), valueWidth)))
    return op.emitOpError()
           << "key and value must be 3-D with last dims of " << keyWidth
           << " and " << valueWidth << ", got " << getShape(op.getKey())
           << " and " << getShape(op.getValue());
  return success();
}

static LogicalResult verifyState(AttentionOp op, Value past, Value present,
                                 int64_t dim) {
  if (past && !present)
    return op.emitOpError("has a past without a present");
  if (!present)
    return success();
  ArrayRef<int64_t> shape = getShape(present);
  int64_t heads = op.getKvHeads();
  int64_t width = op.getStateBits() == 4 ? ceilDiv(dim, 2) : dim;
  bool hasHeads = shape.size() == 4 && shape[1] == heads && shape[3] == width;
  bool isFlat = shape.size() == 3 && shape[2] == heads * width;
  if (!hasHeads && !isFlat)
    return op.emitOpError() << "the state must be batch x " << heads
                            << " x length x " << width << ", got " << shape;
  return success();
}

static LogicalResult verifyScales(AttentionOp op) {
  if (static_cast<bool>(op.getKeyScale()) !=
      static_cast<bool>(op.getValueScale()))
    return op.emitOpError("needs scales of both key and value, or of neither");
  if (static_cast<bool>(op.getQueryNorm()) !=
      static_cast<bool>(op.getKeyNorm()))
    return op.emitOpError("needs norms of both query and key, or of neither");
  if (op.getStateBits() != 0 && op.getStateBits() != 4)
    return op.emitOpError()
           << "state_bits must be 0 or 4, got " << op.getStateBits();
  if (op.getPositions() && op.getLayout() == RotaryLayout::None)
    return op.emitOpError("has positions, but does not rotate");
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyHeads(*this)) || failed(verifyInputs(*this)) ||
      failed(verifyScales(*this)))
    return failure();
  if (failed(verifyState(*this, getPastKey(), getPresentKey(),
                         getKeyWidth(*this))) ||
      failed(verifyState(*this, getPastValue(), getPresentValue(),
                         getValueWidth(*this))))
    return failure();
  int64_t width = getNumHeads() * getValueDim();
  if (!isRows(getResult(), width))
    return emitOpError() << "the result must be 3-D with a last dim of "
                         << width << ", got " << getShape(getResult());
  bool rotates = getLayout() != RotaryLayout::None;
  if (static_cast<bool>(getCos()) != rotates ||
      static_cast<bool>(getSin()) != rotates)
    return emitOpError("must have cos and sin exactly if its layout is not "
                       "none");
  if (rotates && (getShape(getCos()).empty() || getShape(getSin()).empty()))
    return emitOpError("the caches need a row of angles, got scalars");
  return success();
}

//===----------------------------------------------------------------------===//
// Route, experts
//===----------------------------------------------------------------------===//

int64_t RouteOp::getNumExperts() { return getLastDim(getLogits()); }

LogicalResult RouteOp::verify() {
  ArrayRef<int64_t> logits = getShape(getLogits());
  int64_t k = getK();
  if (logits.size() != 2 || k < 1 || k > logits[1])
    return emitOpError() << "needs 2-D logits and k between 1 and the number "
                            "of experts, got k "
                         << k << " for " << logits;
  if (!(getLeastSum().convertToDouble() >= 0))
    return emitOpError() << "needs a least_sum of at least 0";
  SmallVector<int64_t> expected = {logits[0], k};
  if (getShape(getWeights()) != ArrayRef<int64_t>(expected) ||
      getShape(getIndices()) != ArrayRef<int64_t>(expected))
    return emitOpError() << "both results must be " << expected[0] << " x "
                         << k;
  int64_t groups = getGroups();
  int64_t topGroups = getTopGroups();
  if (groups < 1 || logits[1] % groups != 0 || topGroups < 1 ||
      topGroups > groups)
    return emitOpError() << "groups " << groups << " must divide " << logits[1]
                         << " experts, and top_groups " << topGroups
                         << " be between 1 and groups";
  int64_t best = getBestPerGroup();
  if (groups > 1 && (best < 1 || best > logits[1] / groups))
    return emitOpError() << "best_per_group must be between 1 and "
                         << logits[1] / groups
                         << ", the experts of a group, got " << best;
  if (failed(verifyLength(*this, "the bias", getBias(), logits[1])))
    return failure();
  if (static_cast<bool>(getScores()) != (getKind() == RouteKind::TopK))
    return emitOpError("must have scores exactly if its kind is topk");
  if (getScores() && getShape(getScores()) != logits)
    return emitOpError("scores must have the shape of the logits");
  if (getKind() == RouteKind::SparseMixer &&
      (getBias() || groups > 1 || !(getThreshold().convertToDouble() >= 0)))
    return emitOpError("as a sparse_mixer must have neither a bias nor groups, "
                       "and a threshold of at least 0");
  return success();
}

int64_t ExpertsOp::getNumExperts() { return getShape(getFc1())[0]; }
int64_t ExpertsOp::getExpertsPerToken() { return getShape(getIndices())[1]; }
int64_t ExpertsOp::getHidden() { return getLastDim(getInput()); }

int64_t ExpertsOp::getIntermediate() { return getShape(getFc1())[1]; }

BlockQuantAttr ExpertsOp::getQuantOfFc2() {
  return getFc2QuantAttr() ? getFc2QuantAttr() : getQuantAttr();
}

/// Scales of [experts, rows, k] as `quant` says, and the experts' own scales.
static LogicalResult verifyScales(ExpertsOp op, StringRef name,
                                  BlockQuantAttr quant, Value scales,
                                  Value global, int64_t rows, int64_t k) {
  int64_t experts = op.getNumExperts();
  if (static_cast<bool>(scales) != static_cast<bool>(quant))
    return op.emitOpError()
           << name << " must have scales exactly if there is 'quant'";
  if (global && (!quant || numElements(getShape(global)) != experts))
    return op.emitOpError() << "the global scales of " << name << " must be "
                            << experts << " and go with 'quant'";
  if (!quant)
    return success();
  int64_t rowBlocks = ceilDiv(rows, quant.getRows());
  int64_t blocks = quant.getBlock() ? ceilDiv(k, quant.getBlock()) : 1;
  int64_t given = numElements(getShape(scales));
  bool isOnePerExpert = quant.getBlock() == 0 && given == experts;
  if (given != experts * rowBlocks * blocks && !isOnePerExpert)
    return op.emitOpError()
           << name << " needs " << experts << " x " << rowBlocks << " x "
           << blocks << " scales, got " << getShape(scales);
  return success();
}

static LogicalResult verifyMatrix(ExpertsOp op, StringRef name,
                                  BlockQuantAttr quant, Value matrix,
                                  Value scales, Value global, Value bias,
                                  int64_t rows, int64_t k) {
  if (!matrix)
    return success();
  ArrayRef<int64_t> shape = getShape(matrix);
  int64_t experts = op.getNumExperts();
  // Several to a byte, unless they are elements of their own.
  int64_t stored = getElementType(matrix.getType()).bits;
  int64_t width = quant ? ceilDiv(k * quant.getBits(), stored) : k;
  if (shape.size() != 3 || shape[0] != experts || shape[1] != rows ||
      shape[2] != width)
    return op.emitOpError() << name << " must be " << experts << " x " << rows
                            << " x " << width << ", got " << shape;
  if (failed(verifyScales(op, name, quant, scales, global, rows, k)))
    return failure();
  if (bias && numElements(getShape(bias)) != experts * rows)
    return op.emitOpError()
           << "the bias of " << name << " must have " << experts << " x "
           << rows << " elements, got " << getShape(bias);
  return success();
}

LogicalResult ExpertsOp::verify() {
  ArrayRef<int64_t> indices = getShape(getIndices());
  ArrayRef<int64_t> input = getShape(getInput());
  if (input.empty() || indices.size() != 2 ||
      getShape(getWeights()) != indices ||
      indices[0] != numElements(input.drop_back()))
    return emitOpError("weights and indices must be 2-D of the same shape, one "
                       "row per token");
  if (getShape(getFc1()).size() != 3 || getShape(getFc2()).size() != 3)
    return emitOpError("fc1 and fc2 must be 3-D");
  if (getActivation() == ActivationKind::Swiglu && !getFc3())
    return emitOpError("must have fc3, the linear part of swiglu");
  if (getActivation() == ActivationKind::Silu && getFc3())
    return emitOpError("must be swiglu where silu has fc3");
  int64_t hidden = getHidden();
  int64_t inner = getIntermediate();
  if (getFc2Quant() && !getQuant())
    return emitOpError("has 'fc2_quant', but no 'quant'");
  if (failed(verifyMatrix(*this, "fc1", getQuantAttr(), getFc1(),
                          getFc1Scales(), getFc1Global(), getFc1Bias(), inner,
                          hidden)) ||
      failed(verifyMatrix(*this, "fc2", getQuantOfFc2(), getFc2(),
                          getFc2Scales(), getFc2Global(), getFc2Bias(), hidden,
                          inner)) ||
      failed(verifyMatrix(*this, "fc3", getQuantAttr(), getFc3(),
                          getFc3Scales(), getFc3Global(), getFc3Bias(), inner,
                          hidden)))
    return failure();
  return verifySameShape(*this, getInput(), getResult());
}
