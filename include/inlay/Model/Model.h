//===- Model.h - What mapping sees of a model -------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Plain structs between the compiler's IR and the algorithm libraries: a graph
// of kernels joined by streams, with the tensors that stay on the machine.
// One extractor (in the wafer dialect's transforms) fills them from the
// iteration-space interface of the nn dialect; nothing here knows MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_MODEL_H
#define INLAY_MODEL_MODEL_H

#include "inlay/Support/Diagnostic.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::model {

/// An element type as storage and cost see it. `name` is MLIR's spelling
/// ("f16", "i4", "f8E4M3FN"); `bits` is the size of one stored element.
struct ElementType {
  std::string name;
  int bits = 0;

  bool operator==(const ElementType &) const = default;
};

enum class DimKind { Parallel, Reduction };

/// One dim of an iteration space.
struct IterationDim {
  std::string name; ///< "token", "expert", "n", "k", "head", "context", ...
  int64_t size = 1;
  DimKind kind = DimKind::Parallel;
  /// A cut may fall only at multiples of this (a quantisation block, a head).
  int64_t unit = 1;
};

/// How one dim of a tensor is indexed by the iteration space: the tensor's
/// index is `dim / divisor + first` (divisor > 1 for per-block scales). A slice
/// begins at `first`; what a concatenation puts behind other tensors has it
/// negative, and is read where the index is one of its own. `dim` is -1 for a
/// tensor dim that no iteration dim indexes: every shard holds all of it.
struct IndexExpr {
  int dim = -1;
  int64_t divisor = 1;
  int64_t first = 0;
};

enum class TensorRole { Weights, State, Input, Output, Local };

/// A tensor as one op sees it.
struct OperandSpec {
  TensorRole role = TensorRole::Input;
  /// Index into KernelSpec::{weights, states, inputs, outputs} by role. For
  /// Local the number of the value within the kernel, the same at its producer
  /// and its users; -1 where it is not known. Live ranges and the choice of
  /// axes follow it.
  int tensor = -1;
  ElementType type;
  /// One entry for each dim of the tensor's LOGICAL shape.
  std::vector<IndexExpr> indexing;
};

/// What the inner loop does; selects the tile program.
enum class OpClass {
  Contraction, ///< multiply-accumulate over the reduction dims
  Elementwise,
  Reduction, ///< norm statistics, sums, maxima
  Softmax,
  TopK,
  Lookup, ///< embedding: reads one row for each token
  Move,   ///< reshape, transpose, concat that moves data
  Opaque, ///< unknown: costed by the bytes it moves, and said to be unknown
};

/// One contraction or elementwise loop nest of a kernel.
struct OpSpec {
  std::string name;
  OpClass opClass = OpClass::Elementwise;
  std::vector<IterationDim> dims;
  std::vector<OperandSpec> operands; ///< results last, role Output or Local
  /// Arithmetic operations for each point of the space (a multiply-accumulate
  /// is 2).
  double opsPerPoint = 1;
  /// Fraction of the points that a step executes: top-k / E for experts,
  /// else 1.
  double density = 1;
  ElementType computeType;

  /// Product of all dims (not scaled by density).
  double numPoints() const;
  double numOps() const { return numPoints() * opsPerPoint * density; }
};

/// Where the bytes of a weight are: a slice of a file.
struct WeightSource {
  std::string initializer; ///< the ONNX initializer's name
  std::string file;        ///< relative to the folder of the .onnx
  int64_t offset = 0;      ///< byte offset in `file`
  int64_t length = 0;      ///< stored bytes
  /// "raw": little-endian elements as they are; "varint": protobuf int32_data
  /// or int64_data, to be decoded first.
  std::string encoding = "raw";
};

/// A strided view of what is stored: element i of it, in row-major order over
/// `sizes`, is element first + sum of index[d] * strides[d] of the source.
struct WeightPiece {
  WeightSource source;
  /// What `first` and `strides` count, e.g. a byte of two 4-bit values.
  ElementType stored;
  int64_t first = 0;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
};

/// A constant resident in SRAM.
struct WeightSpec {
  std::string name;
  ElementType type;           ///< logical element, e.g. 4 bits
  std::vector<int64_t> shape; ///< logical shape
  /// Bits from one row (last dim) to the next where rows are padded to whole
  /// bytes in storage; 0 where they are dense.
  int64_t rowPitchBits = 0;
  /// Bytes of the stored elements of all pieces, padding of rows included.
  int64_t bytes = 0;
  /// The stored elements, one piece after the other: a single whole tensor, a
  /// part of one (gate or up of a common matrix), or one for each expert.
  std::vector<WeightPiece> pieces;

  int64_t storedBytes() const { return bytes; }
};

/// What survives between steps, e.g. the KV cache of a layer.
struct StateSpec {
  std::string name; ///< "past_key_values.0.key"
  ElementType type;
  std::vector<int64_t> shape;

  int64_t bytes() const;
};

/// A tensor that enters or leaves a kernel once per step.
struct PortSpec {
  ElementType type;
  std::vector<int64_t> shape;

  int64_t bytes() const;
};

/// What a kernel is for; colours of the report and grouping by layer use it.
enum class KernelRole {
  Embedding,
  Attention,
  Mlp,
  Router,
  Experts,
  SharedExpert,
  Head,
  Other,
};
const char *toString(KernelRole role);

/// A node of the dataflow graph: fires once per step.
struct KernelSpec {
  std::string name; ///< unique and stable, from the ONNX node's name
  KernelRole role = KernelRole::Other;
  int layer = -1; ///< index of the decoder layer; -1 before, after or outside
  std::vector<OpSpec> ops; ///< in order of execution
  std::vector<WeightSpec> weights;
  std::vector<StateSpec> states;
  std::vector<PortSpec> inputs;
  std::vector<PortSpec> outputs;
  /// Role Experts only: number of experts, and of experts chosen per token.
  int64_t numExperts = 0;
  int64_t expertsPerToken = 0;
  /// Equal for kernels that differ in names and weight values only.
  std::string structuralHash;

  int64_t weightBytes() const;
  int64_t stateBytes() const;
  double numOps() const;
};

/// The kernel index of a stream's end that is the host.
inline constexpr int kHost = -1;

/// A typed edge; carries one tensor per firing.
struct StreamSpec {
  std::string name;
  int producer = kHost; ///< index into Graph::kernels
  int producerPort = 0;
  int consumer = kHost;
  int consumerPort = 0;
  ElementType type;
  std::vector<int64_t> shape;

  int64_t bytes() const;
};

enum class Phase { Decode, Prefill };

/// A model at one phase, batch and context: what is to be mapped.
struct Graph {
  std::string name;
  Phase phase = Phase::Decode;
  int64_t batch = 1;
  int64_t context = 0;             ///< tokens already in the KV state
  int64_t tokens = 1;              ///< new tokens of each sequence in one step
  std::vector<KernelSpec> kernels; ///< in topological order
  std::vector<StreamSpec> streams;

  /// Stored bytes of all weights; one that several kernels hold counts once.
  int64_t weightBytes() const;

  /// True when every index is in range, kernels are in topological order, names
  /// are unique, sizes positive and tensors of less than 2^50 elements, and
  /// streams join ports of their own type, one for each input of a kernel; adds
  /// every violation to `diags`.
  bool check(Diagnostics &diags) const;
};

/// ceil(product(shape) * bits / 8).
int64_t packedBytes(const std::vector<int64_t> &shape, int bits);

} // namespace inlay::model

#endif // INLAY_MODEL_MODEL_H
