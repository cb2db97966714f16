//===- OnnxTypes.td - Types of the inlay_onnx dialect ---- -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_ONNXTYPES_TD
#define INLAY_DIALECTS_ONNX_IR_ONNXTYPES_TD

include "dialects/Onnx/IR/OnnxDialect.td"
include "mlir/IR/AttrTypeBase.td"

class Onnx_Type<string name, string typeMnemonic>
    : TypeDef<Onnx_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Onnx_StringType : Onnx_Type<"String", "string"> {
  let summary = "element of a tensor of strings";
  let description = [{
    Stands for ONNX's STRING element type: `tensor<3x!inlay_onnx.string>`.
  }];
}

def Onnx_UnknownType : Onnx_Type<"Unknown", "unknown"> {
  let summary = "a value whose type the file does not say";
  let description = [{
    ONNX files need not give the types of intermediate values. `infer-shapes`
    replaces this type by what the producing node computes. It says nothing:
    neither that the value is a tensor nor which elements it has.
  }];
}

def Onnx_SequenceType : Onnx_Type<"Sequence", "seq"> {
  let summary = "a list of values of one type";
  let description = [{ ONNX's sequence type: `!inlay_onnx.seq<tensor<?xf32>>`. }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def Onnx_OptionalType : Onnx_Type<"Optional", "optional"> {
  let summary = "a value that may be absent at run time";
  let description = [{
    ONNX's optional type: `!inlay_onnx.optional<tensor<?xf32>>`. Not to be
    confused with an operand that a node does not have, which is
    `inlay_onnx.none`.
  }];
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def Onnx_MapType : Onnx_Type<"Map", "map"> {
  let summary = "a dictionary from keys to values";
  let description = [{
    ONNX's map type: `!inlay_onnx.map<i64, tensor<?xf32>>`. The key is an
    integer type or `!inlay_onnx.string`.
  }];
  let parameters = (ins "::mlir::Type":$keyType, "::mlir::Type":$valueType);
  let assemblyFormat = "`<` $keyType `,` $valueType `>`";
}

#endif // INLAY_DIALECTS_ONNX_IR_ONNXTYPES_TD
