//===- AttributeKinds.cpp - The types of operators' attributes ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the schemas of the domains ai.onnx and com.microsoft. A name has the
// same type in all of their operators; the few that have not are left out.
//
//===----------------------------------------------------------------------===//

#include "Checker.h"

#include "llvm/ADT/StringSwitch.h"

using namespace inlay::onnx::file;
using llvm::StringRef;

std::optional<AttributeKind>
inlay::onnx::file::getAttributeKind(StringRef domain, StringRef name) {
  if (!domain.empty() && domain != "com.microsoft")
    return std::nullopt;
  using Kind = std::optional<AttributeKind>;
  return llvm::StringSwitch<Kind>(name)
      .Cases({"axis", "keepdims", "to", "group", "block_size", "bits"},
             AttributeKind::Int)
      .Cases({"K", "N", "largest", "sorted", "transA", "transB", "allowzero"},
             AttributeKind::Int)
      .Cases({"num_heads", "kv_num_heads", "q_num_heads", "is_causal"},
             AttributeKind::Int)
      .Cases({"do_rotary", "rotary_interleaved", "interleaved"},
             AttributeKind::Int)
      .Cases({"batch_dims", "exclusive", "reverse", "select_last_index"},
             AttributeKind::Int)
      .Cases({"expert_weight_bits", "swiglu_fusion", "use_sparse_mixer"},
             AttributeKind::Int)
      .Cases({"normalize_routing_weights", "noop_with_empty_axes", "upper"},
             AttributeKind::Int)
      .Cases({"local_window_size", "hidden_size", "num_outputs"},
             AttributeKind::Int)
      .Cases({"axes", "perm", "pads", "strides", "dilations", "kernel_shape"},
             AttributeKind::Ints)
      .Cases({"output_padding", "split", "starts", "ends"}, AttributeKind::Ints)
      .Cases({"epsilon", "softcap", "ratio", "swiglu_limit"},
             AttributeKind::Float)
      .Cases({"equation", "approximate", "reduction", "auto_pad"},
             AttributeKind::String)
      .Cases({"activation_type", "quant_type", "nearest_mode"},
             AttributeKind::String)
      .Default(std::nullopt);
}

StringRef inlay::onnx::file::formatKind(AttributeKind kind) {
  switch (kind) {
  case AttributeKind::Undefined:
    return "nothing";
  case AttributeKind::Float:
    return "a number";
  case AttributeKind::Int:
    return "an integer";
  case AttributeKind::String:
    return "a string";
  case AttributeKind::Tensor:
    return "a tensor";
  case AttributeKind::Graph:
    return "a graph";
  case AttributeKind::Floats:
    return "a list of numbers";
  case AttributeKind::Ints:
    return "a list of integers";
  case AttributeKind::Strings:
    return "a list of strings";
  case AttributeKind::Tensors:
    return "a list of tensors";
  case AttributeKind::Graphs:
    return "a list of graphs";
  case AttributeKind::SparseTensor:
  case AttributeKind::SparseTensors:
    return "a sparse tensor";
  case AttributeKind::TypeProto:
  case AttributeKind::TypeProtos:
    return "a type";
  }
  return "something unknown";
}
