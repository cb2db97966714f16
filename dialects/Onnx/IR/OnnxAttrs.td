//===- OnnxAttrs.td - Attributes of the inlay_onnx dialect  -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_ONNXATTRS_TD
#define INLAY_DIALECTS_ONNX_IR_ONNXATTRS_TD

include "dialects/Onnx/IR/OnnxDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

class Onnx_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Onnx_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Onnx_DimsAttr : Onnx_Attr<"Dims", "dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "names of the symbolic dims of a tensor";
  let description = [{
    The encoding of a ranked tensor type that has symbolic dims, one entry per
    dim: a string for a symbol or an expression of symbols (`"past + new"`), an
    integer for a static dim, `?` for a dynamic dim without a name. A tensor
    without symbols has no encoding.

    **Constraints:**
    - At least one entry is a string, and no string is empty.
    - There is one entry per dim of the tensor.
    - An integer entry equals the tensor's static size, and each other entry
      stands at a dynamic dim.

    Example:
    ```mlir
    tensor<?x?x32xf32, #inlay_onnx.dims<"batch_size", "sequence_length", 32>>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Attribute",
      "StringAttr, IntegerAttr (i64) or UnitAttr for `?`">:$entries);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The symbol of dim `dim`, or an empty string.
    ::llvm::StringRef getSymbol(unsigned dim) const;
  }];
}

def Onnx_WeightEncoding : I32EnumAttr<"WeightEncoding",
    "how the bytes behind a weight handle hold its elements", [
      I32EnumAttrCase<"Raw", 0, "raw">,
      I32EnumAttrCase<"Varint", 1, "varint">,
      I32EnumAttrCase<"Proto", 2, "proto">,
    ]> {
  let cppNamespace = "::inlay::onnx";
  let genSpecializedAttr = 0;
}

def Onnx_WeightAttr : Onnx_Attr<"Weight", "weight"> {
  let summary = "where the bytes of a weight lie";
  let description = [{
    A handle on bytes in a file; the file is not opened and may be absent.
    `file` is relative to the folder of the model.

    | encoding | bytes |
    |---|---|
    | `raw` | the elements in row-major order, little endian; elements below 8 bits are packed, low bits first |
    | `varint` | protobuf varints, one per element (`int32_data`, `int64_data`, `uint64_data`); 16-bit and smaller floats as their bit patterns |
    | `proto` | a serialised `TensorProto` (strings, and fields in an unusual order) |

    **Constraints:**
    - `offset` and `length` (bytes) are not negative and their sum does not
      overflow.
    - `file` is not empty.

    Example:
    ```mlir
    #inlay_onnx.weight<file = "model.onnx.data", offset = 4096, length = 8192, encoding = raw>
    ```
  }];
  let parameters = (ins
    "::mlir::StringAttr":$file,
    "int64_t":$offset,
    "int64_t":$length,
    EnumParameter<Onnx_WeightEncoding>:$encoding);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Onnx_WeightPieces
    : AttrParameter<"::llvm::ArrayRef<::inlay::onnx::WeightPiece>", "pieces"> {
  let allocator = [{
    $_dst = ::inlay::onnx::copyPieces($_allocator, $_self);
  }];
  let cppStorageType = "::llvm::SmallVector<::inlay::onnx::WeightPiece>";
}

def Onnx_WeightViewAttr : Onnx_Attr<"WeightView", "weight_view"> {
  let summary = "a weight that is put together from parts of others";
  let description = [{
    The value of an `ml_program.global` whose elements are those of the pieces,
    one piece after the other along dim 0. So experts of separate initializers
    are one tensor `[E, rows, columns]`, and gate and up of a common matrix are
    two. A loader copies the bytes of a core from the sources; nothing is copied
    before.

    A piece is a strided part: the elements of the `ml_program.global` that it
    names at `first + sum over d of index[d] * strides[d]`, in row-major order
    of `index` over `sizes`. Elements are those that are stored, counted in the
    row-major order of the source: a byte where several values are packed into
    one.

    **Constraints:**
    - There is at least one piece, and the pieces have dims.
    - A piece has one stride for each size; sizes are at least 1, `first` and
      the strides are not negative.
    - The place of the last element of a piece does not overflow.
    - All pieces have the same sizes but for that of dim 0.

    Example (two experts of 16 x 8, stored transposed; every other row of a
    6 x 8 matrix):
    ```mlir
    ml_program.global private @experts(#inlay_onnx.weight_view<<@e0, first = 0, sizes = [1, 16, 8], strides = [0, 1, 16]>, <@e1, first = 0, sizes = [1, 16, 8], strides = [0, 1, 16]>>) : tensor<2x16x8xf32>
    ml_program.global private @up(#inlay_onnx.weight_view<<@gate_up, first = 8, sizes = [3, 8], strides = [16, 1]>>) : tensor<3x8xf32>
    ```
  }];
  let parameters = (ins Onnx_WeightPieces:$pieces);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Sizes of the whole: those of a piece, dim 0 summed.
    ::llvm::SmallVector<int64_t> getShape() const;
  }];
}

def Onnx_TensorAttr : Onnx_Attr<"Tensor", "tensor"> {
  let summary = "a large tensor that is the attribute of a node";
  let description = [{
    A handle with a type, for tensors in attributes that are too large to be
    kept as values.

    Example:
    ```mlir
    #inlay_onnx.tensor<tensor<4096xf32>, <file = "model.onnx", offset = 210, length = 16384, encoding = raw>>
    ```
  }];
  let parameters = (ins "::mlir::RankedTensorType":$type,
                        "::inlay::onnx::WeightAttr":$weight);
  let assemblyFormat = "`<` $type `,` $weight `>`";
}

def Onnx_RefKind : I32EnumAttr<"RefKind", "kind of an ONNX attribute", [
      I32EnumAttrCase<"Float", 1, "float">,
      I32EnumAttrCase<"Int", 2, "int">,
      I32EnumAttrCase<"String", 3, "string">,
      I32EnumAttrCase<"Tensor", 4, "tensor">,
      I32EnumAttrCase<"Graph", 5, "graph">,
      I32EnumAttrCase<"Floats", 6, "floats">,
      I32EnumAttrCase<"Ints", 7, "ints">,
      I32EnumAttrCase<"Strings", 8, "strings">,
      I32EnumAttrCase<"Tensors", 9, "tensors">,
      I32EnumAttrCase<"Graphs", 10, "graphs">,
      I32EnumAttrCase<"SparseTensor", 11, "sparse_tensor">,
      I32EnumAttrCase<"SparseTensors", 12, "sparse_tensors">,
      I32EnumAttrCase<"TypeProto", 13, "type_proto">,
      I32EnumAttrCase<"TypeProtos", 14, "type_protos">,
    ]> {
  let cppNamespace = "::inlay::onnx";
  let genSpecializedAttr = 0;
}

def Onnx_RefAttr : Onnx_Attr<"Ref", "ref_attr"> {
  let summary = "an attribute of the function that encloses the node";
  let description = [{
    Stands in a node of an `inlay_onnx.function` for the value that the caller
    gives the function's attribute `name`.

    Example:
    ```mlir
    #inlay_onnx.ref_attr<"epsilon", float>
    ```
  }];
  let parameters = (ins "::mlir::StringAttr":$name,
                        EnumParameter<Onnx_RefKind>:$kind);
  let assemblyFormat = "`<` $name `,` $kind `>`";
}

def Onnx_NodeLoc : LocationAttrDef<Onnx_Dialect, "NodeLoc"> {
  let summary = "where a node of a model is: its name, in the file";
  let description = [{
    The location of an op that stands for a node of an ONNX graph, as the import
    makes it: place `index` of the table of the graph's names. It says what the
    `NameLoc` of that name and the file's location says, but hundreds of
    thousands of nodes share one table: their names are no attributes of the
    context. `getNodeName` reads either, `toNameLocs` makes one of the other for
    the levels behind this one.

    Text and bytecode have the name itself and are read as a `NameLoc`.

    Example:
    ```mlir
    loc(#inlay_onnx.node<"/layers.0/moe", loc("model.onnx":1:0)>)
    ```
  }];
  let cppClassName = "NodeLoc";
  let mnemonic = "node";
  let parameters = (ins "const ::inlay::onnx::NodeNames *":$names,
                        "uint32_t":$index);
  let genStorageClass = 0;
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::llvm::StringRef getName() const;
    /// Where the graph is.
    ::mlir::Location getChildLoc() const;
  }];
}

#endif // INLAY_DIALECTS_ONNX_IR_ONNXATTRS_TD
