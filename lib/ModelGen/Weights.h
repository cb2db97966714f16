//===- Weights.h - Weights as handles, or as random numbers -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Adds initializers whose data lie in the external file, counts parameters and
// bytes by class, and fills the file with random numbers where that is wanted.
//
// A random number depends on the seed, on the name that its matrix has in
// published checkpoints, and on its row and column: not on how the matrix is
// packed, transposed, stacked or interleaved. So models of one spec and seed
// compute the same in every encoding.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_MODELGEN_WEIGHTS_H
#define INLAY_LIB_MODELGEN_WEIGHTS_H

#include "GraphBuilder.h"

#include "inlay/ModelGen/ModelGen.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace inlay::modelgen {

/// A matrix of a checkpoint, or one for each expert: "<prefix>7<suffix>".
struct Part {
  std::string prefix;
  std::string suffix;
  int64_t rows;
};

/// What one initializer holds: the rows of `parts`, one after the other or
/// interleaved (row 2i of the first, row 2i + 1 of the second), for each of
/// `count` experts.
struct MatrixSet {
  WeightClass kind;
  std::vector<Part> parts;
  int64_t columns;
  int64_t count = 1;
  /// The initializer has a leading dim `count`.
  bool stacked = false;
  bool interleaved = false;

  int64_t rows() const;
};

/// A matrix of its own.
MatrixSet oneMatrix(WeightClass kind, std::string name, int64_t rows,
                    int64_t columns);

enum class VectorKind { Norm, Bias, Sinks };

/// How 4-bit and 8-bit elements lie.
enum class PackedLayout {
  Typed,   ///< a tensor of INT4, FLOAT4E2M1 or FLOAT8E4M3FN [.., rows, columns]
  Bytes,   ///< UINT8 [.., rows, columns / 2]; integers have a zero point of 8
  Blocked, ///< UINT8 [rows, blocks, block / 2], as MatMulNBits
  RowPairs ///< UINT8 [.., columns, rows / 2]
};

class Weights {
public:
  Weights(GraphBuilder &graph, const ModelSpec &spec,
          const GenerateOptions &options)
      : graph(graph), spec(spec), options(options) {}

  /// Floats [.., rows, columns], or [.., columns, rows] if `transposed`.
  void addFloats(const std::string &name, const MatrixSet &set, DataType type,
                 bool transposed);
  /// Elements of 4 or 8 bits, and their scales.
  void addPacked(const std::string &name, const MatrixSet &set,
                 WeightStorage storage, PackedLayout layout);
  void addScales(const std::string &name, const MatrixSet &set,
                 WeightStorage storage);

  /// A norm, bias or sinks; the biases of stacked experts are [count, rows], or
  /// [count, 1, rows] if `broadcast`.
  void addVector(const std::string &name, const MatrixSet &set,
                 VectorKind vector, bool broadcast = false);
  /// Equal numbers that no checkpoint holds.
  void addConstants(const std::string &name, int64_t size, DataType type,
                    float value);
  /// A table of floats in the activations' type.
  void addTable(const std::string &name, llvm::ArrayRef<int64_t> dims,
                llvm::ArrayRef<float> values);

  const ModelTotals &totals() const { return sums; }
  std::string takeData() { return std::move(data); }

private:
  DataType scaleType(WeightFormat format) const;
  /// Adds the initializer; false if its bytes are not wanted.
  bool place(const std::string &name, WeightClass kind, DataType type,
             llvm::ArrayRef<int64_t> dims, uint64_t bytes);
  void count(const MatrixSet &set, bool vector);
  /// Calls `emit(matrix, row)` for each row of each expert, in order: the hash
  /// of the checkpoint's matrix, and the row in it.
  void forEachRow(const MatrixSet &set,
                  llvm::function_ref<void(uint64_t, int64_t)> emit) const;
  float randomFloat(uint64_t matrix, int64_t row, int64_t column,
                    int64_t columns) const;

  GraphBuilder &graph;
  const ModelSpec &spec;
  const GenerateOptions &options;
  ModelTotals sums;
  std::string data;
  uint64_t end = 0;
};

} // namespace inlay::modelgen

#endif // INLAY_LIB_MODELGEN_WEIGHTS_H
