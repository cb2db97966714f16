//===- Signatures.cpp - What operators take and give ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One row for each operator of the default domain, over its versions from 7 on:
// the fewest and most inputs and outputs of any of them, and what every version
// asks of element types. Element types that came with a later version are in
// the row too, since a file that has them says so by its opset; formats of less
// than 8 bits and the like are not looked at.
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Signatures.h"

#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

namespace {

constexpr unsigned kAny = std::numeric_limits<unsigned>::max();

struct Signature {
  llvm::StringLiteral op;
  unsigned minInputs, maxInputs, minOutputs, maxOutputs;
  /// A letter for each input, the last for all that follow: inputs with the
  /// same one have the same element type; '.' may be anything.
  llvm::StringLiteral inputs;
  /// By letter, with commas between: F floats, I integers, B booleans, S
  /// strings.
  llvm::StringLiteral kinds;
};

constexpr Signature kSignatures[] = {
    {"Abs", 1, 1, 1, 1, "a", "FI"},
    {"Acos", 1, 1, 1, 1, "a", "F"},
    {"Acosh", 1, 1, 1, 1, "a", "F"},
    {"Add", 2, 2, 1, 1, "aa", "FI"},
    {"AffineGrid", 2, 2, 1, 1, "ab", "F,I"},
    {"And", 2, 2, 1, 1, "aa", "B"},
    {"ArgMax", 1, 1, 1, 1, "a", "FI"},
    {"ArgMin", 1, 1, 1, 1, "a", "FI"},
    {"Asin", 1, 1, 1, 1, "a", "F"},
    {"Asinh", 1, 1, 1, 1, "a", "F"},
    {"Atan", 1, 1, 1, 1, "a", "F"},
    {"Atanh", 1, 1, 1, 1, "a", "F"},
    {"Attention", 3, 7, 1, 4, "aabcabd", "F,F,FIB,I"},
    {"AveragePool", 1, 1, 1, 1, "a", "F"},
    {"BatchNormalization", 5, 5, 1, 5, "abcde", "F,F,F,F,F"},
    {"Bernoulli", 1, 1, 1, 1, "a", "F"},
    {"BitCast", 1, 1, 1, 1, "a", "FIB"},
    {"BitShift", 2, 2, 1, 1, "aa", "I"},
    {"BitwiseAnd", 2, 2, 1, 1, "aa", "I"},
    {"BitwiseNot", 1, 1, 1, 1, "a", "I"},
    {"BitwiseOr", 2, 2, 1, 1, "aa", "I"},
    {"BitwiseXor", 2, 2, 1, 1, "aa", "I"},
    {"BlackmanWindow", 1, 1, 1, 1, "a", "I"},
    {"Cast", 1, 1, 1, 1, "a", "FIBS"},
    {"CastLike", 2, 2, 1, 1, "ab", "FIBS,FIBS"},
    {"CausalConvWithState", 2, 4, 2, 2, "aaaa", "F"},
    {"Ceil", 1, 1, 1, 1, "a", "F"},
    {"Celu", 1, 1, 1, 1, "a", "F"},
    {"CenterCropPad", 2, 2, 1, 1, "ab", "FIBS,I"},
    {"Clip", 1, 3, 1, 1, "aaa", "FI"},
    {"Col2Im", 3, 3, 1, 1, "abc", "FIBS,I,I"},
    {"Compress", 2, 2, 1, 1, "ab", "FIBS,B"},
    {"Concat", 1, kAny, 1, 1, "a", "FIBS"},
    {"ConcatFromSequence", 1, 1, 1, 1, "", ""},
    {"Constant", 0, 0, 1, 1, "", ""},
    {"ConstantOfShape", 1, 1, 1, 1, "a", "I"},
    {"Conv", 2, 3, 1, 1, "aaa", "F"},
    {"ConvInteger", 2, 4, 1, 1, "abab", "I,I"},
    {"ConvTranspose", 2, 3, 1, 1, "aaa", "F"},
    {"Cos", 1, 1, 1, 1, "a", "F"},
    {"Cosh", 1, 1, 1, 1, "a", "F"},
    {"CumProd", 2, 2, 1, 1, "ab", "FI,I"},
    {"CumSum", 2, 2, 1, 1, "ab", "FI,I"},
    {"DFT", 1, 3, 1, 1, "abc", "F,I,I"},
    {"DeformConv", 3, 5, 1, 1, "aaaaa", "F"},
    {"DepthToSpace", 1, 1, 1, 1, "a", "FIBS"},
    {"DequantizeLinear", 2, 3, 1, 1, "abc", "I,F,I"},
    {"Det", 1, 1, 1, 1, "a", "F"},
    {"Div", 2, 2, 1, 1, "aa", "FI"},
    {"Dropout", 1, 3, 1, 2, "abc", "F,F,B"},
    {"DynamicQuantizeLinear", 1, 1, 3, 3, "a", "F"},
    {"Einsum", 1, kAny, 1, 1, "a", "FI"},
    {"Elu", 1, 1, 1, 1, "a", "F"},
    {"Equal", 2, 2, 1, 1, "aa", "FIBS"},
    {"Erf", 1, 1, 1, 1, "a", "FI"},
    {"Exp", 1, 1, 1, 1, "a", "F"},
    {"Expand", 2, 2, 1, 1, "ab", "FIBS,I"},
    {"EyeLike", 1, 1, 1, 1, "a", "FIB"},
    {"Flatten", 1, 1, 1, 1, "a", "FIBS"},
    {"Floor", 1, 1, 1, 1, "a", "F"},
    {"GRU", 3, 6, 0, 2, "aaaaba", "F,I"},
    {"Gather", 2, 2, 1, 1, "ab", "FIBS,I"},
    {"GatherElements", 2, 2, 1, 1, "ab", "FIBS,I"},
    {"GatherND", 2, 2, 1, 1, "ab", "FIBS,I"},
    {"Gelu", 1, 1, 1, 1, "a", "F"},
    {"Gemm", 2, 3, 1, 1, "aaa", "FI"},
    {"GlobalAveragePool", 1, 1, 1, 1, "a", "F"},
    {"GlobalLpPool", 1, 1, 1, 1, "a", "F"},
    {"GlobalMaxPool", 1, 1, 1, 1, "a", "F"},
    {"Greater", 2, 2, 1, 1, "aa", "FI"},
    {"GreaterOrEqual", 2, 2, 1, 1, "aa", "FI"},
    {"GridSample", 2, 2, 1, 1, "ab", "FIBS,F"},
    {"GroupNormalization", 3, 3, 1, 1, "aaa", "F"},
    {"HammingWindow", 1, 1, 1, 1, "a", "I"},
    {"HannWindow", 1, 1, 1, 1, "a", "I"},
    {"HardSigmoid", 1, 1, 1, 1, "a", "F"},
    {"HardSwish", 1, 1, 1, 1, "a", "F"},
    {"Hardmax", 1, 1, 1, 1, "a", "F"},
    {"Identity", 1, 1, 1, 1, "", ""},
    {"If", 1, 1, 1, kAny, "a", "B"},
    {"ImageDecoder", 1, 1, 1, 1, "a", "I"},
    {"InstanceNormalization", 3, 3, 1, 1, "aaa", "F"},
    {"IsInf", 1, 1, 1, 1, "a", "F"},
    {"IsNaN", 1, 1, 1, 1, "a", "F"},
    {"LRN", 1, 1, 1, 1, "a", "F"},
    {"LSTM", 3, 8, 0, 3, "aaaabaaa", "F,I"},
    {"LayerNormalization", 2, 3, 1, 3, "aaa", "F"},
    {"LeakyRelu", 1, 1, 1, 1, "a", "F"},
    {"Less", 2, 2, 1, 1, "aa", "FI"},
    {"LessOrEqual", 2, 2, 1, 1, "aa", "FI"},
    {"LinearAttention", 3, 6, 2, 2, "aaabaa", "F,F"},
    {"Log", 1, 1, 1, 1, "a", "F"},
    {"LogSoftmax", 1, 1, 1, 1, "a", "F"},
    {"Loop", 2, kAny, 1, kAny, "ab.", "I,B"},
    {"LpNormalization", 1, 1, 1, 1, "a", "F"},
    {"LpPool", 1, 1, 1, 1, "a", "F"},
    {"MatMul", 2, 2, 1, 1, "aa", "FI"},
    {"MatMulInteger", 2, 4, 1, 1, "abab", "I,I"},
    {"Max", 1, kAny, 1, 1, "a", "FI"},
    {"MaxPool", 1, 1, 1, 2, "a", "FI"},
    {"MaxRoiPool", 2, 2, 1, 1, "aa", "F"},
    {"MaxUnpool", 2, 3, 1, 1, "abb", "F,I"},
    {"Mean", 1, kAny, 1, 1, "a", "F"},
    {"MeanVarianceNormalization", 1, 1, 1, 1, "a", "F"},
    {"MelWeightMatrix", 5, 5, 1, 1, "aaabb", "I,F"},
    {"Min", 1, kAny, 1, 1, "a", "FI"},
    {"Mish", 1, 1, 1, 1, "a", "F"},
    {"Mod", 2, 2, 1, 1, "aa", "FI"},
    {"Mul", 2, 2, 1, 1, "aa", "FI"},
    {"Multinomial", 1, 1, 1, 1, "a", "F"},
    {"Neg", 1, 1, 1, 1, "a", "FI"},
    {"NegativeLogLikelihoodLoss", 2, 3, 1, 1, "aba", "F,I"},
    {"NonMaxSuppression", 2, 5, 1, 1, "abcde", "F,F,I,F,F"},
    {"NonZero", 1, 1, 1, 1, "a", "FIBS"},
    {"Not", 1, 1, 1, 1, "a", "B"},
    {"OneHot", 3, 3, 1, 1, "abc", "FI,FI,FIBS"},
    {"Optional", 0, 1, 1, 1, "", ""},
    {"OptionalGetElement", 1, 1, 1, 1, "", ""},
    {"OptionalHasElement", 0, 1, 1, 1, "", ""},
    {"Or", 2, 2, 1, 1, "aa", "B"},
    {"PRelu", 2, 2, 1, 1, "aa", "FI"},
    {"Pad", 1, 4, 1, 1, "abac", "FIBS,I,I"},
    {"Pow", 2, 2, 1, 1, "ab", "FI,FI"},
    {"QLinearConv", 8, 9, 1, 1, "abacdcefg", "I,F,I,F,F,I,I"},
    {"QLinearMatMul", 8, 8, 1, 1, "abacdcef", "I,F,I,F,F,I"},
    {"QuantizeLinear", 2, 3, 1, 1, "abc", "FI,FI,I"},
    {"RMSNormalization", 2, 2, 1, 1, "ab", "F,F"},
    {"RNN", 3, 6, 0, 2, "aaaaba", "F,I"},
    {"RandomNormal", 0, 0, 1, 1, "", ""},
    {"RandomNormalLike", 1, 1, 1, 1, "a", "FIBS"},
    {"RandomUniform", 0, 0, 1, 1, "", ""},
    {"RandomUniformLike", 1, 1, 1, 1, "a", "FIBS"},
    {"Range", 3, 3, 1, 1, "aaa", "FI"},
    {"Reciprocal", 1, 1, 1, 1, "a", "F"},
    {"ReduceL1", 1, 2, 1, 1, "ab", "FI,I"},
    {"ReduceL2", 1, 2, 1, 1, "ab", "FI,I"},
    {"ReduceLogSum", 1, 2, 1, 1, "ab", "FI,I"},
    {"ReduceLogSumExp", 1, 2, 1, 1, "ab", "FI,I"},
    {"ReduceMax", 1, 2, 1, 1, "ab", "FIB,I"},
    {"ReduceMean", 1, 2, 1, 1, "ab", "FI,I"},
    {"ReduceMin", 1, 2, 1, 1, "ab", "FIB,I"},
    {"ReduceProd", 1, 2, 1, 1, "ab", "FI,I"},
    {"ReduceSum", 1, 2, 1, 1, "ab", "FI,I"},
    {"ReduceSumSquare", 1, 2, 1, 1, "ab", "FI,I"},
    {"RegexFullMatch", 1, 1, 1, 1, "a", "S"},
    {"Relu", 1, 1, 1, 1, "a", "FI"},
    {"Reshape", 1, 2, 1, 1, "ab", "FIBS,I"},
    {"Resize", 1, 4, 1, 1, "abcd", "FIBS,F,F,I"},
    {"ReverseSequence", 2, 2, 1, 1, "ab", "FIBS,I"},
    {"RoiAlign", 3, 3, 1, 1, "aab", "F,I"},
    {"RotaryEmbedding", 3, 4, 1, 1, "aaab", "F,I"},
    {"Round", 1, 1, 1, 1, "a", "F"},
    {"STFT", 2, 4, 1, 1, "abab", "F,I"},
    {"Scan", 1, kAny, 1, kAny, "", ""},
    {"Scatter", 3, 3, 1, 1, "aba", "FIBS,I"},
    {"ScatterElements", 3, 3, 1, 1, "aba", "FIBS,I"},
    {"ScatterND", 3, 3, 1, 1, "aba", "FIBS,I"},
    {"Selu", 1, 1, 1, 1, "a", "F"},
    {"SequenceAt", 2, 2, 1, 1, ".a", "I"},
    {"SequenceConstruct", 1, kAny, 1, 1, "a", "FIBS"},
    {"SequenceEmpty", 0, 0, 1, 1, "", ""},
    {"SequenceErase", 1, 2, 1, 1, ".a", "I"},
    {"SequenceInsert", 2, 3, 1, 1, ".ab", "FIBS,I"},
    {"SequenceLength", 1, 1, 1, 1, "", ""},
    {"SequenceMap", 1, kAny, 1, kAny, "", ""},
    {"Shape", 1, 1, 1, 1, "a", "FIBS"},
    {"Shrink", 1, 1, 1, 1, "a", "FI"},
    {"Sigmoid", 1, 1, 1, 1, "a", "F"},
    {"Sign", 1, 1, 1, 1, "a", "FI"},
    {"Sin", 1, 1, 1, 1, "a", "F"},
    {"Sinh", 1, 1, 1, 1, "a", "F"},
    {"Size", 1, 1, 1, 1, "a", "FIBS"},
    {"Slice", 1, 5, 1, 1, "abbbb", "FIBS,I"},
    {"Softmax", 1, 1, 1, 1, "a", "F"},
    {"SoftmaxCrossEntropyLoss", 2, 3, 1, 2, "aba", "F,I"},
    {"Softplus", 1, 1, 1, 1, "a", "F"},
    {"Softsign", 1, 1, 1, 1, "a", "F"},
    {"SpaceToDepth", 1, 1, 1, 1, "a", "FIBS"},
    {"Split", 1, 2, 1, kAny, "ab", "FIBS,I"},
    {"SplitToSequence", 1, 2, 1, 1, "ab", "FIBS,I"},
    {"Sqrt", 1, 1, 1, 1, "a", "F"},
    {"Squeeze", 1, 2, 1, 1, "ab", "FIBS,I"},
    {"StringConcat", 2, 2, 1, 1, "aa", "S"},
    {"StringNormalizer", 1, 1, 1, 1, "a", "S"},
    {"StringSplit", 1, 1, 2, 2, "a", "S"},
    {"Sub", 2, 2, 1, 1, "aa", "FI"},
    {"Sum", 1, kAny, 1, 1, "a", "F"},
    {"SwiGLU", 2, 2, 1, 1, "aa", "F"},
    {"Swish", 1, 1, 1, 1, "a", "F"},
    {"Tan", 1, 1, 1, 1, "a", "F"},
    {"Tanh", 1, 1, 1, 1, "a", "F"},
    {"TensorScatter", 2, 3, 1, 1, "aab", "FIBS,I"},
    {"TfIdfVectorizer", 1, 1, 1, 1, "a", "IS"},
    {"ThresholdedRelu", 1, 1, 1, 1, "a", "F"},
    {"Tile", 2, 2, 1, 1, "ab", "FIBS,I"},
    {"TopK", 1, 2, 2, 2, "ab", "FI,I"},
    {"Transpose", 1, 1, 1, 1, "a", "FIBS"},
    {"Trilu", 1, 2, 1, 1, "ab", "FIBS,I"},
    {"Unique", 1, 1, 1, 4, "a", "FIBS"},
    {"Unsqueeze", 1, 2, 1, 1, "ab", "FIBS,I"},
    {"Upsample", 1, 2, 1, 1, "ab", "FIBS,F"},
    {"Where", 3, 3, 1, 1, "abb", "B,FIBS"},
    {"Xor", 2, 2, 1, 1, "aa", "B"},
};

} // namespace

/// The letter of an element type; 0 of one that is not looked at.
static char kindOf(Type type) {
  if (type.isF16() || type.isBF16() || type.isF32() || type.isF64())
    return 'F';
  if (type.isInteger(1))
    return 'B';
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.getWidth() >= 8 ? 'I' : 0;
  return isa<StringType>(type) ? 'S' : 0;
}

static StringRef nameOf(char kind) {
  switch (kind) {
  case 'F':
    return "floats";
  case 'I':
    return "integers";
  case 'B':
    return "booleans";
  default:
    return "strings";
  }
}

static const Signature *findSignature(NodeOp node) {
  static const llvm::StringMap<const Signature *> table = [] {
    llvm::StringMap<const Signature *> table;
    for (const Signature &signature : kSignatures)
      table[signature.op] = &signature;
    return table;
  }();
  if (!node.getDomain().empty())
    return nullptr;
  auto entry = table.find(node.getOpType());
  return entry == table.end() ? nullptr : entry->second;
}

static LogicalResult checkCount(NodeInference &n, StringRef thing,
                                unsigned count, unsigned least, unsigned most) {
  if (count >= least && count <= most)
    return success();
  InFlightDiagnostic diag = n.error();
  diag << "has " << count << " " << thing << (count == 1 ? "" : "s")
       << ", expected " << least;
  if (most == kAny)
    diag << " or more";
  else if (most != least)
    diag << " to " << most;
  return diag;
}

LogicalResult onnx::checkSignature(NodeInference &n) {
  const Signature *signature = findSignature(n.node);
  if (!signature)
    return success();
  if (failed(checkCount(n, "input", n.numInputs(), signature->minInputs,
                        signature->maxInputs)) ||
      failed(checkCount(n, "output", n.node.getOutputs().size(),
                        signature->minOutputs, signature->maxOutputs)))
    return failure();
  StringRef letters = signature->inputs;
  // A letter has a place in each.
  SmallVector<StringRef, 4> kinds;
  signature->kinds.split(kinds, ',');
  SmallVector<std::optional<unsigned>, 4> firsts(kinds.size());
  for (unsigned i = 0; i < n.numInputs() && !letters.empty(); ++i) {
    char letter = letters[std::min<size_t>(i, letters.size() - 1)];
    Type type = letter == '.' ? Type() : n.elementType(i);
    char kind = type ? kindOf(type) : 0;
    if (!kind)
      continue;
    StringRef allowed = kinds[letter - 'a'];
    if (!allowed.contains(kind)) {
      InFlightDiagnostic diag = n.error();
      diag << "input " << i << " has elements of type " << type
           << ", expected ";
      llvm::interleave(
          allowed, [&](char each) { diag << nameOf(each); },
          [&] { diag << " or "; });
      return diag;
    }
    std::optional<unsigned> &first = firsts[letter - 'a'];
    if (Type other = first ? n.elementType(*first) : type; other != type)
      return n.error() << "inputs " << *first << " and " << i
                       << " must hold elements of one type, got " << other
                       << " and " << type;
    if (!first)
      first = i;
  }
  return success();
}

LogicalResult onnx::checkNumbers(NodeInference &n) {
  if (auto epsilon = n.node.getNodeAttrOfType<FloatAttr>("epsilon")) {
    double number = epsilon.getValueAsDouble();
    if (!std::isfinite(number) || number < 0)
      return n.error() << "attribute 'epsilon' is "
                       << (std::isnan(number)   ? "no number"
                           : std::isinf(number) ? "infinite"
                                                : "negative")
                       << ", expected a finite number from 0 on";
  }
  if (!n.node.isOp("", "Clip"))
    return success();
  for (StringRef name : {"min", "max"})
    if (auto bound = n.node.getNodeAttrOfType<FloatAttr>(name);
        bound && std::isnan(bound.getValueAsDouble()))
      return n.error() << "attribute '" << name
                       << "' is nan, which is no bound";
  for (unsigned i : {1u, 2u})
    if (const ConstTensor *bound = n.has(i) ? n.value(i) : nullptr;
        bound && bound->size() == 1 && (*bound)[0].known &&
        isa<FloatType>(bound->elementType()) && std::isnan((*bound)[0].f))
      return n.error() << "input " << i << " is nan, which is no bound";
  return success();
}
