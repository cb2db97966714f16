//===- Linear.cpp - Products with weights, in every storage ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a product becomes, by the storage of its weight:
//
//   floats   MatMul with the initializer [columns, rows]
//   int4     com.microsoft.MatMulNBits; with the stacked encoding
//            DequantizeLinear of INT4 [rows, columns], Transpose, MatMul
//   mxfp4    DequantizeLinear of FLOAT4E2M1 with FLOAT8E8M0 scales (opset 24)
//   fp8      DequantizeLinear of FLOAT8E4M3FN (opset 23). It knows blocks along
//            one dim only: Gather repeats each row of the stored scales
//            [rows / block, columns / block] for the rows of its block
//
//===----------------------------------------------------------------------===//

#include "Emitter.h"

using namespace inlay;
using namespace inlay::modelgen;

static int64_t rankOf(const MatrixSet &set) { return set.stacked ? 3 : 2; }

Value modelgen::emitFloatWeight(Emitter &emitter, const std::string &name,
                                const MatrixSet &set, bool transposed) {
  DataType type = emitter.type();
  switch (emitter.spec.storageOf(set.kind).format) {
  case WeightFormat::F32:
    type = DataType::Float;
    break;
  case WeightFormat::F16:
    type = DataType::Float16;
    break;
  case WeightFormat::BF16:
    type = DataType::BFloat16;
    break;
  default:
    break;
  }
  emitter.weights.addFloats(name, set, type, transposed);
  if (type == emitter.type())
    return name;
  return emitter.graph.node("Cast", "/" + name + "/Cast", {name},
                            {{"to", int64_t(emitter.type())}});
}

/// The scales of fp8, one for each row and block of columns.
static Value emitRowScales(Emitter &emitter, const std::string &path,
                           const std::string &scales, const MatrixSet &set,
                           int64_t block) {
  Value rows = emitter.graph.rowBlocks(set.rows(), block);
  return emitter.graph.node("Gather", path + "/scale/Gather", {scales, rows},
                            {{"axis", rankOf(set) - 2}});
}

static bool isPacked(WeightFormat format) {
  return format == WeightFormat::Fp8 || format == WeightFormat::Int4 ||
         format == WeightFormat::Mxfp4;
}

Value modelgen::emitDequantized(Emitter &emitter, const std::string &path,
                                const std::string &name, const MatrixSet &set,
                                bool transposed) {
  const WeightStorage &storage = emitter.spec.storageOf(set.kind);
  if (!isPacked(storage.format))
    return emitFloatWeight(emitter, name, set, transposed);
  GraphBuilder &graph = emitter.graph;
  std::string scaleName = name + "_scale";
  emitter.weights.addPacked(name, set, storage, PackedLayout::Typed);
  emitter.weights.addScales(scaleName, set, storage);
  Value scales = scaleName;
  llvm::SmallVector<onnx::file::NodeAttribute> attrs = {
      {"axis", rankOf(set) - 1}, {"block_size", storage.block}};
  if (storage.format == WeightFormat::Fp8)
    scales = emitRowScales(emitter, path, scales, set, storage.block);
  if (storage.format != WeightFormat::Int4) {
    graph.requireOpset(storage.format == WeightFormat::Fp8 ? 23 : 24);
    attrs.emplace_back("output_dtype", int64_t(emitter.type()));
  }
  Value floats = graph.node("DequantizeLinear", path + "/DequantizeLinear",
                            {name, scales}, attrs);
  if (!transposed)
    return floats;
  const int64_t swap2[] = {1, 0};
  const int64_t swap3[] = {0, 2, 1};
  return graph.node(
      "Transpose", path + "/Transpose", {floats},
      {{"perm", set.stacked ? llvm::ArrayRef(swap3) : llvm::ArrayRef(swap2)}});
}

static void emitMatMulNBits(Emitter &emitter, const std::string &path,
                            const std::string &stem, const MatrixSet &set,
                            const Value &input, const Value &output) {
  const WeightStorage &storage = emitter.spec.storageOf(set.kind);
  std::string weight = stem + ".MatMul.weight_Q4";
  std::string scales = stem + ".MatMul.weight_scales";
  emitter.weights.addPacked(weight, set, storage, PackedLayout::Blocked);
  emitter.weights.addScales(scales, set, storage);
  emitter.graph.nodeTo({output}, "MatMulNBits", path + "/MatMul_Q4",
                       {input, weight, scales},
                       {{"K", set.columns},
                        {"N", set.rows()},
                        {"bits", 4},
                        {"block_size", storage.block}},
                       kContrib);
}

Value modelgen::emitLinear(Emitter &emitter, const std::string &path,
                           const std::string &stem, const MatrixSet &set,
                           const Value &input, bool bias,
                           const Value &product) {
  Value output = product.empty() ? path + "/MatMul/output_0" : product;
  bool int4 = emitter.spec.storageOf(set.kind).format == WeightFormat::Int4;
  if (int4 && emitter.options.encoding != Encoding::Stacked) {
    emitMatMulNBits(emitter, path, stem, set, input, output);
  } else {
    Value weight = emitDequantized(emitter, path, stem + ".MatMul.weight", set,
                                   /*transposed=*/true);
    emitter.graph.nodeTo({output}, "MatMul", path + "/MatMul", {input, weight});
  }
  if (!bias)
    return output;
  MatrixSet biases = set;
  for (Part &part : biases.parts)
    part.suffix += ".bias";
  emitter.weights.addVector(stem + ".Add.bias", biases, VectorKind::Bias);
  return emitter.graph.node("Add", path + "/Add", {output, stem + ".Add.bias"});
}
