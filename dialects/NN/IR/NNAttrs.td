//===- NNAttrs.td - Attributes of the inlay_nn dialect -----*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNATTRS_TD
#define INLAY_DIALECTS_NN_IR_NNATTRS_TD

include "dialects/NN/IR/NNDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class NN_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::inlay::nn";
  let genSpecializedAttr = 0;
}

class NN_EnumAttr<EnumAttrInfo info, string attrMnemonic>
    : EnumAttr<NN_Dialect, info, attrMnemonic> {
  let assemblyFormat = "$value";
}

def NN_UnaryKind : NN_Enum<"UnaryKind", "an elementwise function of one value", [
  I32EnumAttrCase<"Abs", 0, "abs">, I32EnumAttrCase<"Neg", 1, "neg">,
  I32EnumAttrCase<"Exp", 2, "exp">, I32EnumAttrCase<"Log", 3, "log">,
  I32EnumAttrCase<"Sqrt", 4, "sqrt">, I32EnumAttrCase<"Reciprocal", 5, "reciprocal">,
  I32EnumAttrCase<"Sigmoid", 6, "sigmoid">, I32EnumAttrCase<"Silu", 7, "silu">,
  I32EnumAttrCase<"Tanh", 8, "tanh">, I32EnumAttrCase<"Gelu", 9, "gelu">,
  I32EnumAttrCase<"GeluTanh", 10, "gelu_tanh">, I32EnumAttrCase<"Relu", 11, "relu">,
  I32EnumAttrCase<"Softplus", 12, "softplus">, I32EnumAttrCase<"Erf", 13, "erf">,
  I32EnumAttrCase<"Sin", 14, "sin">, I32EnumAttrCase<"Cos", 15, "cos">,
  I32EnumAttrCase<"Not", 16, "not">,
  I32EnumAttrCase<"Floor", 17, "floor">, I32EnumAttrCase<"Ceil", 18, "ceil">,
  I32EnumAttrCase<"Round", 19, "round">, I32EnumAttrCase<"Sign", 20, "sign">]>;
def NN_UnaryKindAttr : NN_EnumAttr<NN_UnaryKind, "unary_kind">;

def NN_BinaryKind : NN_Enum<"BinaryKind", "an elementwise function of two values", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">,
  I32EnumAttrCase<"Mul", 2, "mul">, I32EnumAttrCase<"Div", 3, "div">,
  I32EnumAttrCase<"Pow", 4, "pow">, I32EnumAttrCase<"Max", 5, "max">,
  I32EnumAttrCase<"Min", 6, "min">, I32EnumAttrCase<"Equal", 7, "equal">,
  I32EnumAttrCase<"Less", 8, "less">, I32EnumAttrCase<"LessOrEqual", 9, "less_or_equal">,
  I32EnumAttrCase<"Greater", 10, "greater">,
  I32EnumAttrCase<"GreaterOrEqual", 11, "greater_or_equal">,
  I32EnumAttrCase<"And", 12, "and">, I32EnumAttrCase<"Or", 13, "or">]>;
def NN_BinaryKindAttr : NN_EnumAttr<NN_BinaryKind, "binary_kind">;

def NN_ReduceKind : NN_Enum<"ReduceKind", "what a reduction computes", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">,
  I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
  I32EnumAttrCase<"Prod", 4, "prod">]>;
def NN_ReduceKindAttr : NN_EnumAttr<NN_ReduceKind, "reduce_kind">;

def NN_RouteKind : NN_Enum<"RouteKind", "how a router turns logits into weights", [
  I32EnumAttrCase<"SoftmaxTopK", 0, "softmax_topk">, // softmax over all experts, then the k largest
  I32EnumAttrCase<"TopKSoftmax", 1, "topk_softmax">, // the k largest logits, then softmax over these
  I32EnumAttrCase<"SigmoidTopK", 2, "sigmoid_topk">, // sigmoid of each logit, then the k largest
  I32EnumAttrCase<"TopK", 3, "topk">, // the k largest scores; weights come from operand `scores`
  I32EnumAttrCase<"SparseMixer", 4, "sparse_mixer">]>; // one after the other, each with a softmax over those near it
def NN_RouteKindAttr : NN_EnumAttr<NN_RouteKind, "route_kind">;

def NN_ActivationKind : NN_Enum<"ActivationKind", "activation between an expert's layers", [
  I32EnumAttrCase<"Identity", 0, "identity">, I32EnumAttrCase<"Relu", 1, "relu">,
  I32EnumAttrCase<"Gelu", 2, "gelu">, I32EnumAttrCase<"Silu", 3, "silu">,
  I32EnumAttrCase<"Swiglu", 4, "swiglu">, // sigmoid(alpha g) g (l + beta), g and l clamped by `limit`
  I32EnumAttrCase<"GeluTanh", 5, "gelu_tanh">]>;
def NN_ActivationKindAttr : NN_EnumAttr<NN_ActivationKind, "activation_kind">;

def NN_RotaryLayout : NN_Enum<"RotaryLayout", "which channels rotate with each other", [
  I32EnumAttrCase<"None", 0, "none">, // no rotation
  I32EnumAttrCase<"Halves", 1, "halves">, // channel i with channel i + d/2
  I32EnumAttrCase<"Interleaved", 2, "interleaved">]>; // channel 2i with channel 2i + 1
def NN_RotaryLayoutAttr : NN_EnumAttr<NN_RotaryLayout, "rotary_layout">;

def NN_BlockQuantAttr : AttrDef<NN_Dialect, "BlockQuant"> {
  let mnemonic = "block_quant";
  let summary = "what the bytes of a block-quantised weight mean";
  let description = [{
    A weight of logical rows of K elements is stored in `bits` bits each. Each run
    of `block` elements of `rows` successive rows has a scale and, where the op has
    that operand, a zero point: value = (q - zero) * scale. `block` 0 means one
    scale for whole rows, or one for all. So `block` 32 is a scale for 32 elements
    of a row, as in MXFP4, and `block` and `rows` 128 one for a square, as
    published fp8 checkpoints have it.

    The element type of the weight says what q is. `ui8` and `ui4` are unsigned
    integers, several to a byte where `bits` is less than 8, the first in the low
    bits; without zero points their zero is 2^(bits-1). `i8` and `i4` are signed
    integers and the 4-bit and 8-bit float types are floats; without zero points
    their zero is 0. Narrow floats that a file keeps in bytes are a view of these
    with their own type (`#inlay_onnx.weight_view`). Scales are floats of any
    type, f8E8M0FNU among them.

    **Constraints:**
    - `bits` is 2, 4 or 8.
    - `block` is 0 or a power of two of at least 16.
    - `rows` is at least 1, which is the default.

    Example:
    ```mlir
    #inlay_nn.block_quant<bits = 4, block = 32>
    #inlay_nn.block_quant<bits = 8, block = 128, rows = 128>
    ```
  }];
  let parameters = (ins "int64_t":$bits, "int64_t":$block,
                        DefaultValuedParameter<"int64_t", "1">:$rows);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // INLAY_DIALECTS_NN_IR_NNATTRS_TD
