//===- DecomposeAttention.cpp - Attention and rotary embedding as nodes ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

#include "dialects/NN/IR/SplitKey.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace inlay::nn;

/// What a masked score becomes: exp of it is 0 in f32, and unlike infinity it
/// leaves no NaN where every score of a row is masked.
static constexpr double kMasked = -3.0e38;

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

/// Rotates the first channels of each head of `value` [batch, heads, tokens, d]
/// by caches that broadcast to [batch, heads, tokens, rotated / 2].
static Value rotate(NodeBuilder &nodes, Value value, Value cos, Value sin,
                    RotaryLayout layout) {
  cos = nodes.cast(cos, elementType(value));
  sin = nodes.cast(sin, elementType(value));
  ArrayRef<int64_t> shape = getShape(value);
  int64_t half = getLastDim(cos);
  int64_t rest = shape[3] - 2 * half;
  bool isInterleaved = layout == RotaryLayout::Interleaved;
  int64_t stride = isInterleaved ? 2 : 1;
  Value first = nodes.sliceDim(value, 3, 0, half, stride);
  Value second =
      nodes.sliceDim(value, 3, isInterleaved ? 1 : half, half, stride);
  Value left = nodes.binary("Sub", nodes.binary("Mul", first, cos),
                            nodes.binary("Mul", second, sin));
  Value right = nodes.binary("Add", nodes.binary("Mul", first, sin),
                             nodes.binary("Mul", second, cos));
  SmallVector<Value> parts{left, right};
  if (isInterleaved) {
    SmallVector<int64_t> pair{shape[0], shape[1], shape[2], half, 1};
    Value pairs = nodes.concat(
        {nodes.reshape(left, pair), nodes.reshape(right, pair)}, 4);
    parts = {nodes.reshape(pairs, {shape[0], shape[1], shape[2], 2 * half})};
  }
  if (rest > 0)
    parts.push_back(nodes.sliceDim(value, 3, 2 * half, rest));
  return nodes.concat(parts, 3);
}

/// x [batch, heads, tokens, d] times `cos` plus x turned by 90 degrees times
/// `sin`, both with a column for each of the first r channels.
static Value rotateFull(NodeBuilder &nodes, Value value, Value cos, Value sin,
                        RotaryLayout layout) {
  cos = nodes.cast(cos, elementType(value));
  sin = nodes.cast(sin, elementType(value));
  SmallVector<int64_t> shape(getShape(value));
  int64_t width = getLastDim(cos), half = width / 2, size = shape[3];
  bool isInterleaved = layout == RotaryLayout::Interleaved;
  int64_t stride = isInterleaved ? 2 : 1;
  Value part = nodes.sliceDim(value, 3, 0, width);
  Value first = nodes.sliceDim(value, 3, 0, half, stride);
  Value second = nodes.unary(
      "Neg", nodes.sliceDim(value, 3, isInterleaved ? 1 : half, half, stride));
  Value turned;
  if (isInterleaved) {
    SmallVector<int64_t> pair{shape[0], shape[1], shape[2], half, 1};
    shape[3] = width;
    turned = nodes.reshape(
        nodes.concat({nodes.reshape(second, pair), nodes.reshape(first, pair)},
                     4),
        shape);
  } else {
    turned = nodes.concat({second, first}, 3);
  }
  Value rotated = nodes.binary("Add", nodes.binary("Mul", part, cos),
                               nodes.binary("Mul", turned, sin));
  if (size == width)
    return rotated;
  return nodes.concat({rotated, nodes.sliceDim(value, 3, width, size - width)},
                      3);
}

/// [batch, tokens, heads * d] as [batch, heads, tokens, d].
static Value splitHeads(NodeBuilder &nodes, Value value, int64_t heads) {
  ArrayRef<int64_t> shape = getShape(value);
  return nodes.transpose(
      nodes.reshape(value, {shape[0], shape[1], heads, shape[2] / heads}),
      {0, 2, 1, 3});
}

/// The reverse.
static Value joinHeads(NodeBuilder &nodes, Value value) {
  ArrayRef<int64_t> shape = getShape(value);
  return nodes.reshape(nodes.transpose(value, {0, 2, 1, 3}),
                       {shape[0], shape[2], shape[1] * shape[3]});
}

/// The positions of each token, [batch or 1, tokens]: a single one is that of
/// the first.
static Value tokenPositions(NodeBuilder &nodes, Value positions,
                            int64_t tokens) {
  if (numElements(getShape(positions)) != 1)
    return positions;
  Value offsets =
      nodes.cast(nodes.ints(llvm::to_vector(llvm::seq<int64_t>(0, tokens))),
                 elementType(positions));
  Value first = nodes.reshape(positions, {1});
  return nodes.reshape(nodes.binary("Add", first, offsets), {1, tokens});
}

Results inlay::nn::decompose(RotaryOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value input = operands(op.getInput());
  bool isFlat = getShape(input).size() == 3;
  Value value = isFlat ? splitHeads(nodes, input, op.getNumHeads()) : input;
  Value cos = operands(op.getCos()), sin = operands(op.getSin());
  if (Value positions = operands(op.getPositions())) {
    positions = tokenPositions(nodes, positions, getShape(value)[2]);
    cos = nodes.gather(cos, positions, 0);
    sin = nodes.gather(sin, positions, 0);
  }
  ArrayRef<int64_t> shape = getShape(cos);
  SmallVector<int64_t> spread{shape[0], 1, shape[1], shape[2]};
  cos = nodes.reshape(cos, spread);
  sin = nodes.reshape(sin, spread);
  auto turn = op.getFullWidth() ? rotateFull : rotate;
  value = turn(nodes, value, cos, sin, op.getLayout());
  return {isFlat ? joinHeads(nodes, value) : value};
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {

/// One attention. The state holds the graph's `context` tokens.
class AttentionDecomposer {
public:
  AttentionDecomposer(AttentionOp op, Operands operands, NodeBuilder &nodes)
      : op(op), operands(operands), nodes(nodes),
        wide(nodes.getBuilder().getF32Type()) {
    auto graph = op->getParentOfType<GraphOp>();
    context = graph ? graph.getContext() : 0;
    tokens = getShape(op.getQuery())[1];
  }

  Results run() {
    splitInputs();
    normalise();
    rotateHeads();
    Value presentKey = extendState(op.getPastKey(), key, op.getPresentKey(),
                                   operands(op.getKeyScale()));
    Value presentValue;
    if (value)
      presentValue = extendState(op.getPastValue(), value, op.getPresentValue(),
                                 operands(op.getValueScale()));
    if (hasSplitKey(op))
      key = nodes.concat({key, value}, 3);
    if (op.getValueInKey())
      value = nodes.sliceDim(key, 3, 0, op.getValueDim());
    Value result = attend();
    return {nodes.cast(result, elementType(op.getResult())), presentKey,
            presentValue};
  }

private:
  /// Query, key and value as [batch, heads, tokens, d].
  void splitInputs() {
    query = operands(op.getQuery());
    key = operands(op.getKey());
    value = operands(op.getValue());
    int64_t kvHeads = op.getKvHeads();
    if (op.isPacked()) {
      int64_t queryWidth = op.getNumHeads() * op.getHeadDim();
      int64_t keyWidth = kvHeads * op.getHeadDim();
      Value packed = query;
      query = nodes.sliceDim(packed, 2, 0, queryWidth);
      key = nodes.sliceDim(packed, 2, queryWidth, keyWidth);
      value = nodes.sliceDim(packed, 2, queryWidth + keyWidth,
                             kvHeads * op.getValueDim());
    }
    query = splitHeads(nodes, query, op.getNumHeads());
    key = splitHeads(nodes, key, kvHeads);
    if (value)
      value = splitHeads(nodes, value, kvHeads);
  }

  void normalise() {
    double epsilon = op.getNormEpsilon().convertToDouble();
    if (Value gamma = operands(op.getQueryNorm()))
      query = rmsNorm(nodes, query, gamma, epsilon);
    if (Value gamma = operands(op.getKeyNorm()))
      key = rmsNorm(nodes, key, gamma, epsilon);
  }

  /// The rows of a cache for the step's tokens, over all heads. A cache of rank
  /// 3 has the rows of the tokens already.
  Value cacheRows(Value cache) {
    ArrayRef<int64_t> shape = getShape(cache);
    if (shape.size() == 3)
      return nodes.reshape(cache, {shape[0], 1, shape[1], shape[2]});
    if (Value positions = operands(op.getPositions())) {
      Value chosen =
          nodes.gather(cache, tokenPositions(nodes, positions, tokens), 0);
      return nodes.reshape(chosen, {getShape(chosen)[0], 1, tokens, shape[1]});
    }
    Value rows = nodes.sliceDim(cache, 0, context, tokens);
    return nodes.reshape(rows, {1, 1, tokens, shape[1]});
  }

  void rotateHeads() {
    if (op.getLayout() == RotaryLayout::None)
      return;
    Value cos = cacheRows(operands(op.getCos()));
    Value sin = cacheRows(operands(op.getSin()));
    query = rotate(nodes, query, cos, sin, op.getLayout());
    key = rotate(nodes, key, cos, sin, op.getLayout());
  }

  /// A state as [batch, heads, length, d], whatever the file's form.
  Value asHeads(Value state) {
    return state && getShape(state).size() == 3
               ? splitHeads(nodes, state, op.getKvHeads())
               : state;
  }

  /// Puts the tokens of the state before `fresh`, and returns the state after
  /// the step. Of a state as long as `present` the first rows are valid until
  /// it is full; then it holds the last tokens.
  Value extendState(Value pastOperand, Value &fresh, Value present,
                    Value scale) {
    Value past = asHeads(operands(pastOperand));
    int64_t added = getShape(fresh)[2];
    int64_t capacity = past ? getShape(past)[2] : 0;
    int64_t valid = std::min(context, capacity);
    if (scale && present)
      fresh = quantise(fresh, scale, elementType(present));
    if (valid > 0)
      fresh = nodes.concat({nodes.sliceDim(past, 2, 0, valid), fresh}, 2);
    Value stored = fresh;
    if (scale && present)
      fresh = dequantiseState(stored, scale);
    if (!present)
      return {};
    bool isFlat = getShape(present).size() == 3;
    int64_t length = getShape(present)[isFlat ? 1 : 2];
    Value after = fillState(past, stored, valid + added, length);
    return isFlat ? joinHeads(nodes, after) : after;
  }

  /// A scale of a state as it broadcasts to [batch, heads, length, d]: one, or
  /// one for each channel of each head.
  Value spreadScale(Value scale, int64_t dim) {
    scale = nodes.cast(scale, wide);
    if (numElements(getShape(scale)) == 1)
      return nodes.reshape(scale, {});
    return nodes.reshape(scale,
                         {1, static_cast<int64_t>(op.getKvHeads()), 1, dim});
  }

  /// Numbers as the state stores them: rounded to the nearest of its steps,
  /// even ones where two are as near, or where it is floats to the nearest of
  /// these.
  Value quantise(Value numbers, Value scale, Type type) {
    SmallVector<int64_t> shape(getShape(numbers));
    Value steps = nodes.binary("Div", nodes.cast(numbers, wide),
                               spreadScale(scale, shape[3]));
    if (isa<FloatType>(type))
      return nodes.cast(steps, type);
    int64_t bits = op.getStateBits() == 4 ? 4 : 8;
    double half = static_cast<double>(int64_t(1) << (bits - 1));
    steps = nodes.unary("Round", steps);
    steps = nodes.binary("Max", nodes.binary("Min", steps, half - 1), -half);
    if (bits == 8)
      return nodes.cast(steps, type);
    // Two to a byte, the first in the low bits, counted from -8.
    steps = nodes.binary("Add", steps, half);
    Value low = nodes.sliceDim(steps, 3, 0, shape[3] / 2, 2);
    Value high = nodes.sliceDim(steps, 3, 1, shape[3] / 2, 2);
    return nodes.cast(
        nodes.binary("Add", low, nodes.binary("Mul", high, 2 * half)), type);
  }

  /// The numbers that a state stands for.
  Value dequantiseState(Value stored, Value scale) {
    Value steps = nodes.cast(stored, wide);
    if (op.getStateBits() == 4) {
      Value high = nodes.unary("Floor", nodes.binary("Div", steps, 16.0));
      Value low = nodes.binary("Sub", steps, nodes.binary("Mul", high, 16.0));
      SmallVector<int64_t> shape(getShape(stored));
      SmallVector<int64_t> single(shape);
      single.push_back(1);
      Value pairs = nodes.concat(
          {nodes.reshape(low, single), nodes.reshape(high, single)}, 4);
      shape[3] *= 2;
      steps = nodes.binary("Sub", nodes.reshape(pairs, shape), 8.0);
    }
    return nodes.binary("Mul", steps, spreadScale(scale, getLastDim(steps)));
  }

  Value fillState(Value past, Value fresh, int64_t filled, int64_t length) {
    if (filled >= length)
      return nodes.sliceDim(fresh, 2, filled - length, length);
    if (past && length == getShape(past)[2])
      return nodes.concat(
          {fresh, nodes.sliceDim(past, 2, filled, length - filled)}, 2);
    SmallVector<int64_t> padding(getShape(fresh));
    padding[2] = length - filled;
    return nodes.concat({fresh, nodes.splat(0, padding, fresh)}, 2);
  }

  /// Whether each query sees each key: [tokens, keys], or null where all do.
  /// The last query is the last key's token.
  Value visibility() {
    int64_t keys = getShape(key)[2];
    int64_t window = op.getWindow();
    bool isCut = window > 0 && keys > window;
    if ((!op.getCausal() || tokens == 1) && !isCut)
      return {};
    auto places = [&](int64_t first, int64_t count, ArrayRef<int64_t> shape) {
      return nodes.reshape(
          nodes.ints(llvm::to_vector(llvm::seq(first, first + count))), shape);
    };
    Value ofQueries = places(keys - tokens, tokens, {tokens, 1});
    Value distance = nodes.binary("Sub", ofQueries, places(0, keys, {1, keys}));
    Value seen;
    if (op.getCausal())
      seen =
          nodes.compare("GreaterOrEqual", distance, nodes.scalar(0, distance));
    if (isCut) {
      Value near =
          nodes.compare("Less", distance,
                        nodes.scalar(static_cast<double>(window), distance));
      seen = seen ? nodes.compare("And", seen, near) : near;
    }
    return seen;
  }

  /// The columns of the keys that there are, of a bias over a whole buffer.
  Value biasOfKeys() {
    Value bias = operands(op.getBias());
    if (!bias)
      return {};
    int64_t keys = getShape(key)[2];
    int64_t last = getShape(bias).size() - 1;
    if (getShape(bias)[last] > keys)
      bias = nodes.sliceDim(bias, last, 0, keys);
    return nodes.cast(bias, wide);
  }

  /// [batch, heads, tokens, keys]; each key head serves a group of queries.
  Value scores() {
    ArrayRef<int64_t> shape = getShape(query);
    ArrayRef<int64_t> keyShape = getShape(key);
    int64_t kvHeads = op.getKvHeads();
    int64_t keys = keyShape[2];
    Value grouped = nodes.reshape(
        nodes.cast(query, wide),
        {shape[0], kvHeads, shape[1] / kvHeads * tokens, shape[3]});
    Value product = nodes.matmul(
        grouped, nodes.transpose(nodes.cast(key, wide), {0, 1, 3, 2}));
    product = nodes.reshape(product, {shape[0], shape[1], tokens, keys});
    product = nodes.binary("Mul", product, op.getScale().convertToDouble());
    double softcap = op.getSoftcap().convertToDouble();
    if (softcap > 0)
      product = nodes.binary(
          "Mul", nodes.unary("Tanh", nodes.binary("Div", product, softcap)),
          softcap);
    if (Value bias = biasOfKeys())
      product = nodes.binary("Add", product, bias);
    if (Value seen = visibility())
      product = nodes.where(seen, product, nodes.scalar(kMasked, product));
    return product;
  }

  /// A sink takes part in the softmax and is then forgotten.
  Value probabilities() {
    Value logits = scores();
    Value sinks = operands(op.getSinks());
    if (!sinks)
      return nodes.softmax(logits, 3);
    ArrayRef<int64_t> shape = getShape(logits);
    Value column = nodes.expand(
        nodes.reshape(nodes.cast(sinks, wide), {1, shape[1], 1, 1}),
        {shape[0], shape[1], shape[2], 1});
    Value all = nodes.softmax(nodes.concat({logits, column}, 3), 3);
    return nodes.sliceDim(all, 3, 0, shape[3]);
  }

  Value attend() {
    Value weights = probabilities();
    ArrayRef<int64_t> shape = getShape(weights);
    int64_t kvHeads = op.getKvHeads();
    Value grouped = nodes.reshape(
        weights, {shape[0], kvHeads, shape[1] / kvHeads * tokens, shape[3]});
    Value sum = nodes.matmul(grouped, nodes.cast(value, wide));
    return joinHeads(
        nodes, nodes.reshape(sum, {shape[0], shape[1], tokens,
                                   static_cast<int64_t>(op.getValueDim())}));
  }

  AttentionOp op;
  Operands operands;
  NodeBuilder &nodes;
  Type wide; ///< Scores and probabilities are computed in f32.
  int64_t context = 0;
  int64_t tokens = 0;
  Value query, key, value;
};

} // namespace

Results inlay::nn::decompose(AttentionOp op, Operands operands,
                             NodeBuilder &nodes) {
  return AttentionDecomposer(op, operands, nodes).run();
}
