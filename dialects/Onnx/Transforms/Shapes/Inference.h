//===- Inference.h - What an inference function sees of a node --*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `infer-shapes` visits the nodes of a graph once, in order. For each node it
// looks up the inference function of its operator and hands it a
// `NodeInference`: shapes, element types and known values of the inputs, and
// the means to set those of the outputs. Inference functions never touch the
// IR; they are free functions over this class, one file per family.
//
// Types flow through the types of SSA values: an output's type is set before
// the next node is visited. Known values are kept beside the IR in
// `InferenceState`.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_INFERENCE_H
#define INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_INFERENCE_H

#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Onnx/Transforms/Shapes/ConstTensor.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <memory>

namespace inlay::onnx {

/// The file says one type for a value, inference found another.
struct Contradiction {
  mlir::Location loc;
  std::string text;
};

/// What inference knows of a graph beside the types in it.
class InferenceState {
public:
  explicit InferenceState(GraphOp graph);

  /// Opset version of a node's operator; 0 where the model does not import the
  /// domain.
  int64_t opset(NodeOp node) const;

  /// What is known of a value, or null.
  const ConstTensor *value(mlir::Value value);
  /// Keeps what is known of a value, if there is room for it.
  void setValue(mlir::Value value, ConstTensor tensor);
  /// Whether more may be computed with large tensors. Time and memory for them
  /// have a bound, whatever the number of nodes.
  bool mayUseLarge() const { return largeWork < maxLargeWork; }

  /// Says that symbol `name` has `size`. Returns the size that it has: that,
  /// or another that it already had.
  int64_t bindSymbol(llvm::StringRef name, int64_t size);
  /// Gives the graph's arguments the sizes that symbols have got. Returns
  /// whether a type changed that a visited node had already read.
  bool applySymbols();

  void markVisited(mlir::Operation *op);

  std::vector<Contradiction> contradictions;
  unsigned numErrors = 0;
  unsigned numFolded = 0;

private:
  using SharedTensor = std::shared_ptr<const ConstTensor>;
  /// Elements of large tensors that are computed (about 2 seconds), and that
  /// are kept (100 MB). The places of 4,096 tokens with 8 experts each, in
  /// every layer of the deepest models, take a third of the former.
  static constexpr int64_t maxLargeWork = 1 << 26;
  static constexpr int64_t maxLargeKept = 1 << 22;

  /// Counts a large tensor as kept; false where there is no room.
  bool keepLarge(const ConstTensor &tensor);
  /// The one copy of a large tensor of known elements: every layer of a model
  /// computes the same. Null where there is no room.
  SharedTensor shareLarge(mlir::ElementsAttr attribute,
                          llvm::function_ref<ConstTensor()> make);

  GraphOp graph;
  llvm::StringMap<int64_t> opsets;
  /// Each in its own memory: inference functions hold several at a time.
  llvm::DenseMap<mlir::Value, SharedTensor> values;
  llvm::DenseMap<mlir::Attribute, SharedTensor> largeTensors;
  int64_t largeWork = 0, largeKept = 0;
  llvm::MapVector<mlir::StringAttr, int64_t> symbols;
  bool hasNewSymbols = false;
  /// Of those that read arguments.
  llvm::DenseSet<mlir::Operation *> visited;
};

class NodeInference {
public:
  NodeInference(NodeOp node, InferenceState &state)
      : node(node), state(state) {}

  NodeOp node;
  InferenceState &state;

  //===--------------------------------------------------------------------===//
  // Inputs
  //===--------------------------------------------------------------------===//

  unsigned numInputs() { return node.getInputs().size(); }
  /// Whether input `index` is given.
  bool has(unsigned index) { return static_cast<bool>(node.getInput(index)); }
  /// Sizes of an input, `kDynamic` where unknown. None where the input is
  /// absent, is no tensor, or has no known rank.
  std::optional<Shape> shape(unsigned index);
  /// Element type of an input, or null.
  mlir::Type elementType(unsigned index);
  /// The value of an input as far as it is known, or null.
  const ConstTensor *value(unsigned index);
  /// Whether the elements of a tensor of this shape and type may be computed.
  bool mayFold(llvm::ArrayRef<int64_t> shape, mlir::Type elementType);
  /// The value of an integer input as dims, `kDynamic` for unknown elements.
  /// Where no element is known but their number is, all are `kDynamic`.
  std::optional<llvm::SmallVector<int64_t>> dims(unsigned index);
  /// The value of an integer input of which all elements are known.
  std::optional<llvm::SmallVector<int64_t>> ints(unsigned index);

  //===--------------------------------------------------------------------===//
  // Attributes
  //===--------------------------------------------------------------------===//

  llvm::StringRef opType() { return node.getOpType(); }
  int64_t opset() { return state.opset(node); }
  int64_t intAttr(llvm::StringRef name, int64_t otherwise) {
    return node.getIntAttr(name, otherwise);
  }
  bool hasAttr(llvm::StringRef name) {
    return static_cast<bool>(node.getNodeAttr(name));
  }
  std::optional<llvm::SmallVector<int64_t>> intsAttr(llvm::StringRef name);
  /// The list in attribute `name` (older opsets) or in input `index` (newer
  /// ones). None where neither is given; failure where the input is not known.
  mlir::FailureOr<std::optional<llvm::SmallVector<int64_t>>>
  intsAttrOrInput(llvm::StringRef name, unsigned index);

  //===--------------------------------------------------------------------===//
  // Outputs
  //===--------------------------------------------------------------------===//

  unsigned numOutputs() { return node.getOutputs().size(); }
  /// Whether output `index` is wanted.
  bool hasOutput(unsigned index) {
    return static_cast<bool>(node.getOutput(index));
  }
  /// Sets the type of an output. Dims that stay unknown here take what the
  /// file declares; where both are known and differ, the inferred one wins and
  /// the contradiction is kept for a warning. A null element type and an
  /// output that is not wanted are ignored.
  void set(unsigned index, llvm::ArrayRef<int64_t> shape, mlir::Type type);
  /// As `set`, of the shape and element type of input `input`.
  void setLike(unsigned index, unsigned input);
  /// Sets the type of an output and what is known of its elements.
  void fold(unsigned index, const ConstTensor &tensor);

  //===--------------------------------------------------------------------===//
  // Checks. All of them say what is wrong and return failure.
  //===--------------------------------------------------------------------===//

  /// "node '/layers.0/mm' (MatMul): ..."
  mlir::InFlightDiagnostic error();

  /// `axis` counted from the front. Fails outside [-rank, rank).
  mlir::FailureOr<int64_t> axis(int64_t axis, int64_t rank);
  /// Input `index` has rank `rank`, or its rank is not known.
  mlir::LogicalResult expectRank(unsigned index, int64_t rank);
  /// Dim `dim` of input `index` is `size`, because it is `what`. Where the
  /// input is an argument of the graph and the dim a symbol, the symbol gets
  /// this size. An unknown `size` says nothing.
  mlir::LogicalResult expectDim(unsigned index, int64_t dim, int64_t size,
                                llvm::StringRef what);
  /// `value` is a multiple of `divisor`, which is at least 1; both are named.
  mlir::LogicalResult expectMultiple(llvm::StringRef name, int64_t value,
                                     llvm::StringRef divisorName,
                                     int64_t divisor);
  /// Attribute `name` is an integer of at least `least`.
  mlir::FailureOr<int64_t> requiredInt(llvm::StringRef name, int64_t least);
};

/// Computes the outputs' types and values. Leaves the outputs as they are
/// where the inputs say too little; fails only after an error.
using InferFn = mlir::LogicalResult (*)(NodeInference &);

/// From operator ("Add", "com.microsoft::QMoE") to its inference function.
using InferTable = llvm::StringMap<InferFn>;

/// The table of all families, built on first use.
const InferTable &getInferTable();

void addElementwise(InferTable &table);
void addReductions(InferTable &table);
void addPlumbing(InferTable &table);
void addReshaping(InferTable &table);
void addGenerators(InferTable &table);
void addIndexing(InferTable &table);
void addMatMuls(InferTable &table);
void addEinsum(InferTable &table);
void addNorms(InferTable &table);
void addAttention(InferTable &table);
void addContribAttention(InferTable &table);
void addMoE(InferTable &table);
void addQuantized(InferTable &table);
void addConvolutions(InferTable &table);

//===----------------------------------------------------------------------===//
// Shape arithmetic that families share
//===----------------------------------------------------------------------===//

inline bool isKnown(int64_t size) { return !mlir::ShapedType::isDynamic(size); }
/// a + b, a * b; unknown where one is, and where 64 bits overflow.
int64_t addDims(int64_t a, int64_t b);
int64_t mulDims(int64_t a, int64_t b);
/// a / b rounded up, of sizes; `b` is at least 1.
inline int64_t ceilDiv(int64_t a, int64_t b) {
  return a <= 0 ? 0 : (a - 1) / b + 1;
}
/// The shape of two operands under ONNX's broadcast, or none where they do
/// not agree.
std::optional<Shape> broadcast(llvm::ArrayRef<int64_t> a,
                               llvm::ArrayRef<int64_t> b);
/// The element type of an ONNX TensorProto.DataType code, or null.
mlir::Type getElementTypeOfCode(mlir::MLIRContext *context, int64_t code);

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_INFERENCE_H
