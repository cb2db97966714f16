//===- ExpertFormat.cpp - How QMoE stores the weights of experts ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExpertFormat.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;

static constexpr int64_t kMxBlock = 32;
static constexpr int64_t kNvBlock = 16;

static std::optional<std::string> readBits(onnx::NodeOp node,
                                           ExpertFormat &format) {
  int64_t common = node.getIntAttr("expert_weight_bits", 4);
  format.bits = node.getIntAttr("fc1_expert_weight_bits", common);
  format.bitsOfFc2 = node.getIntAttr("fc2_expert_weight_bits", common);
  if (node.getIntAttr("fc3_expert_weight_bits", format.bits) != format.bits)
    return "has weights of other widths in fc1 and fc3";
  for (int64_t bits : {format.bits, format.bitsOfFc2})
    if (bits != 2 && bits != 4 && bits != 8)
      return "has expert_weight_bits or block_size that no rule knows";
  return std::nullopt;
}

static std::string wrongWidth(StringRef quantType, int64_t bits) {
  return ("has quant_type '" + quantType + "', whose weights have " +
          Twine(bits) + " bits, but other expert_weight_bits")
      .str();
}

std::optional<std::string> moe::readFormat(onnx::NodeOp node,
                                           ExpertFormat &format) {
  StringRef type = node.getStringAttr("quant_type", "int");
  if (type == "wfp4afp8")
    return "has quant_type 'wfp4afp8', which rounds activations to fp8: export "
           "with quant_type 'fp4', which has the same weights";
  if (type != "int" && type != "fp4" && type != "nvfp4" && type != "fp8")
    return "has weights of quant_type '" + type.str() +
           "', which no rule knows yet";
  if (auto reason = readBits(node, format))
    return reason;
  MLIRContext *context = node.getContext();
  int64_t prepacked = node.getIntAttr("weights_prepacked", -1);
  format.block = std::max<int64_t>(0, node.getIntAttr("block_size", 0));
  if (type == "int") {
    if (prepacked == 1) // said of it as an error, when all else is raised
      return "has experts packed for one vendor's kernels";
    return std::nullopt;
  }
  int64_t bits = type == "fp8" ? 8 : 4;
  if (format.bits != bits || format.bitsOfFc2 != bits)
    return wrongWidth(type, bits);
  if (type == "fp8") {
    format.element = Float8E4M3FNType::get(context);
    format.rowBlock = format.block;
    format.hasScales = format.block > 0;
    format.hasFactor = !format.hasScales;
    return std::nullopt;
  }
  bool isMx = type == "fp4";
  format.element = Float4E2M1FNType::get(context);
  format.scale = isMx ? Type(Float8E8M0FNUType::get(context))
                      : Type(Float8E4M3FNType::get(context));
  format.block = isMx ? kMxBlock : kNvBlock;
  format.hasFactor = format.isFloat4 = true;
  if (!isMx)
    format.alongRows = prepacked != 1;
  return std::nullopt;
}
