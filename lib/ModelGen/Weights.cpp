//===- Weights.cpp - Weights as handles, or as random numbers -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Weights.h"

#include "inlay/Support/Format.h"

#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::modelgen;
using onnx::file::getDataTypeBits;

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

/// The finaliser of splitmix64: every bit of the result depends on every bit of
/// the argument.
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

static uint64_t bitsAt(uint64_t matrix, int64_t row, int64_t column) {
  return mix(mix(matrix + uint64_t(row)) + uint64_t(column));
}

/// From 0 to 1, in steps of 2^-24.
static float toUnit(uint64_t bits) { return float(bits >> 40) * 0x1p-24f; }

/// Scales have random numbers of their own.
static constexpr uint64_t kScaleSalt = 0x5ca1e;

/// Rounded to bf16, so that the number is the same in every float type.
float Weights::randomFloat(uint64_t matrix, int64_t row, int64_t column,
                           int64_t columns) const {
  float unit = 2 * toUnit(bitsAt(matrix, row, column)) - 1;
  return roundToBFloat16(unit * std::sqrt(3.0f / float(columns)));
}

/// A scale that gives products of unit variance if elements have `spread`.
static double randomScale(uint64_t matrix, int64_t row, int64_t column,
                          int64_t columns, double spread) {
  double jitter = 0.75 + 0.5 * toUnit(bitsAt(matrix ^ kScaleSalt, row, column));
  return jitter / (spread * std::sqrt(double(columns)));
}

//===----------------------------------------------------------------------===//
// Sets of matrices
//===----------------------------------------------------------------------===//

int64_t MatrixSet::rows() const {
  int64_t sum = 0;
  for (const Part &part : parts)
    sum += part.rows;
  return sum;
}

MatrixSet modelgen::oneMatrix(WeightClass kind, std::string name, int64_t rows,
                              int64_t columns) {
  MatrixSet set{kind, {{std::move(name), "", rows}}, columns};
  return set;
}

/// "model.layers.3.mlp.experts.7.gate_proj" of prefix, suffix and index.
static std::string nameOf(const MatrixSet &set, const Part &part,
                          int64_t index) {
  return set.stacked ? part.prefix + std::to_string(index) + part.suffix
                     : part.prefix + part.suffix;
}

void Weights::forEachRow(
    const MatrixSet &set,
    llvm::function_ref<void(uint64_t, int64_t)> emit) const {
  for (int64_t index = 0; index < set.count; ++index) {
    std::vector<uint64_t> hashes;
    for (const Part &part : set.parts)
      hashes.push_back(llvm::xxh3_64bits(nameOf(set, part, index)) ^
                       mix(options.seed));
    if (set.interleaved) {
      for (int64_t row = 0; row < set.parts.front().rows; ++row)
        for (uint64_t hash : hashes)
          emit(hash, row);
      continue;
    }
    for (auto [part, hash] : llvm::zip(set.parts, hashes))
      for (int64_t row = 0; row < part.rows; ++row)
        emit(hash, row);
  }
}

static std::vector<int64_t> dimsOf(const MatrixSet &set,
                                   std::initializer_list<int64_t> last) {
  std::vector<int64_t> dims;
  if (set.stacked)
    dims.push_back(set.count);
  dims.insert(dims.end(), last);
  return dims;
}

//===----------------------------------------------------------------------===//
// Initializers
//===----------------------------------------------------------------------===//

bool Weights::place(const std::string &name, WeightClass kind, DataType type,
                    llvm::ArrayRef<int64_t> dims, uint64_t bytes) {
  graph.writer().addInitializer(
      {name, type, dims, "", options.dataFile, end, bytes});
  end += bytes;
  ++sums[kind].tensors;
  sums[kind].bytes += int64_t(bytes);
  return options.randomWeights;
}

void Weights::count(const MatrixSet &set, bool vector) {
  int64_t parameters = set.count * set.rows() * (vector ? 1 : set.columns);
  sums[set.kind].parameters += parameters;
  if (!vector)
    sums[set.kind].matrices += parameters;
}

void Weights::addFloats(const std::string &name, const MatrixSet &set,
                        DataType type, bool transposed) {
  count(set, /*vector=*/false);
  int64_t rows = set.rows();
  int64_t columns = set.columns;
  std::vector<int64_t> dims =
      transposed ? dimsOf(set, {columns, rows}) : dimsOf(set, {rows, columns});
  uint64_t bytes = set.count * rows * columns * getDataTypeBits(type) / 8;
  if (!place(name, set.kind, type, dims, bytes))
    return;
  std::vector<std::pair<uint64_t, int64_t>> order;
  forEachRow(set, [&](uint64_t matrix, int64_t row) {
    order.emplace_back(matrix, row);
  });
  for (int64_t index = 0; index < set.count; ++index)
    for (int64_t i = 0; i < (transposed ? columns : rows); ++i)
      for (int64_t j = 0; j < (transposed ? rows : columns); ++j) {
        auto [matrix, row] = order[index * rows + (transposed ? j : i)];
        int64_t column = transposed ? i : j;
        appendFloat(data, randomFloat(matrix, row, column, columns), type);
      }
}

namespace {

/// Two 4-bit elements to a byte, the first in the low half.
class NibblePacker {
public:
  explicit NibblePacker(std::string &bytes) : bytes(bytes) {}

  void push(unsigned nibble) {
    if (half)
      bytes.back() = static_cast<char>(bytes.back() | (nibble << 4));
    else
      bytes.push_back(static_cast<char>(nibble));
    half = !half;
  }

private:
  std::string &bytes;
  bool half = false;
};

} // namespace

static DataType packedType(WeightFormat format, PackedLayout layout) {
  if (format == WeightFormat::Fp8)
    return DataType::Float8E4M3FN;
  if (layout != PackedLayout::Typed)
    return DataType::Uint8;
  return format == WeightFormat::Int4 ? DataType::Int4 : DataType::Float4E2M1;
}

/// A number of e4m3fn between 1/4 and 2, with sign.
static char toFp8(uint64_t bits) {
  constexpr uint64_t least = 0x28, numbers = 0x18;
  return static_cast<char>((least + bits % numbers) | ((bits >> 32) & 0x80));
}

void Weights::addPacked(const std::string &name, const MatrixSet &set,
                        WeightStorage storage, PackedLayout layout) {
  count(set, /*vector=*/false);
  int64_t rows = set.rows();
  int64_t columns = set.columns;
  bool bytewise = storage.format == WeightFormat::Fp8;
  int64_t stored = columns;
  std::vector<int64_t> dims;
  if (layout == PackedLayout::Blocked) {
    int64_t blocks = ceilDiv(columns, storage.block);
    stored = blocks * storage.block;
    dims = dimsOf(set, {rows, blocks, storage.block / 2});
  } else if (layout == PackedLayout::RowPairs) {
    dims = dimsOf(set, {columns, rows / 2});
  } else {
    bool packed = layout == PackedLayout::Bytes && !bytewise;
    dims = dimsOf(set, {rows, packed ? columns / 2 : columns});
  }
  uint64_t bytes = set.count * rows * stored / (bytewise ? 1 : 2);
  DataType type = packedType(storage.format, layout);
  if (!place(name, set.kind, type, dims, bytes))
    return;

  NibblePacker packer(data);
  if (layout == PackedLayout::RowPairs) {
    std::vector<std::pair<uint64_t, int64_t>> order;
    forEachRow(set, [&](uint64_t matrix, int64_t row) {
      order.emplace_back(matrix, row);
    });
    for (int64_t index = 0; index < set.count; ++index)
      for (int64_t column = 0; column < columns; ++column)
        for (int64_t i = 0; i < rows; ++i) {
          auto [matrix, row] = order[index * rows + i];
          packer.push(bitsAt(matrix, row, column) & 15);
        }
    return;
  }
  // Unsigned integers are 8 more than the value.
  bool isSigned = type == DataType::Int4;
  forEachRow(set, [&](uint64_t matrix, int64_t row) {
    for (int64_t column = 0; column < stored; ++column) {
      uint64_t bits = bitsAt(matrix, row, column);
      if (bytewise)
        data.push_back(toFp8(bits));
      else if (column >= columns)
        packer.push(8);
      else
        packer.push((bits ^ (isSigned ? 8 : 0)) & 15);
    }
  });
}

DataType Weights::scaleType(WeightFormat format) const {
  switch (format) {
  case WeightFormat::Fp8:
    return DataType::Float;
  case WeightFormat::Mxfp4:
    return DataType::Float8E8M0;
  case WeightFormat::Nvfp4:
    return DataType::Float8E4M3FN;
  default:
    return spec.activation;
  }
}

void Weights::addScales(const std::string &name, const MatrixSet &set,
                        WeightStorage storage) {
  int64_t blocks = ceilDiv(set.columns, storage.block);
  bool square = storage.format == WeightFormat::Fp8;
  int64_t rowStep = square ? storage.block : 1;
  int64_t rows = ceilDiv(set.rows(), rowStep);
  DataType type = scaleType(storage.format);
  uint64_t bytes = set.count * rows * blocks * getDataTypeBits(type) / 8;
  if (!place(name, set.kind, type, dimsOf(set, {rows, blocks}), bytes))
    return;

  // Spreads: of integers from -8 to 7, of e2m1, of the fp8 numbers above.
  double spread = storage.format == WeightFormat::Int4    ? 4.6
                  : storage.format == WeightFormat::Mxfp4 ? 2.9
                                                          : 1.0;
  int64_t at = 0;
  forEachRow(set, [&](uint64_t matrix, int64_t row) {
    bool first = at++ % set.rows() % rowStep == 0;
    for (int64_t block = 0; first && block < blocks; ++block) {
      double scale =
          randomScale(matrix, row / rowStep, block, set.columns, spread);
      if (type == DataType::Float8E8M0)
        data.push_back(static_cast<char>(127 + std::lround(std::log2(scale))));
      else if (type == DataType::Float8E4M3FN)
        // What is left of the scale is that of the matrix.
        data.push_back(
            toFp8(bitsAt(matrix ^ kScaleSalt, row, block) & 0xffffffff));
      else
        appendFloat(data, roundToBFloat16(float(scale)), type);
    }
  });
}

void Weights::addVector(const std::string &name, const MatrixSet &set,
                        VectorKind vector, bool broadcast) {
  MatrixSet counted = set;
  counted.kind = WeightClass::Vector;
  count(counted, /*vector=*/true);
  int64_t rows = set.rows();
  std::vector<int64_t> dims =
      broadcast ? dimsOf(set, {1, rows}) : dimsOf(set, {rows});
  uint64_t bytes = set.count * rows * getDataTypeBits(spec.activation) / 8;
  if (!place(name, WeightClass::Vector, spec.activation, dims, bytes))
    return;
  float centre = vector == VectorKind::Norm ? 1 : 0;
  float spread = vector == VectorKind::Sinks ? 1 : 0.1f;
  forEachRow(set, [&](uint64_t matrix, int64_t row) {
    float unit = 2 * toUnit(bitsAt(matrix, row, 0)) - 1;
    appendFloat(data, roundToBFloat16(centre + spread * unit), spec.activation);
  });
}

void Weights::addConstants(const std::string &name, int64_t size, DataType type,
                           float value) {
  uint64_t bytes = size * getDataTypeBits(type) / 8;
  if (!place(name, WeightClass::Table, type, {size}, bytes))
    return;
  for (int64_t i = 0; i < size; ++i)
    appendFloat(data, value, type);
}

void Weights::addTable(const std::string &name, llvm::ArrayRef<int64_t> dims,
                       llvm::ArrayRef<float> values) {
  uint64_t bytes = dims[0] * dims[1] * getDataTypeBits(spec.activation) / 8;
  if (place(name, WeightClass::Table, spec.activation, dims, bytes))
    for (float value : values)
      appendFloat(data, value, spec.activation);
}
