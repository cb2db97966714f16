//===- OnnxDialect.td - The inlay_onnx dialect ----------- -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_ONNXDIALECT_TD
#define INLAY_DIALECTS_ONNX_IR_ONNXDIALECT_TD

include "mlir/IR/OpBase.td"

def Onnx_Dialect : Dialect {
  let name = "inlay_onnx";
  let cppNamespace = "::inlay::onnx";
  let summary = "What an ONNX file said, one op for each of its nodes";
  let description = [{
    The first level of Inlay's IR: a lossless, untyped image of an ONNX model.
    Every ONNX node is one `inlay_onnx.node` that keeps domain, operator,
    attributes, absent operands and subgraphs. No operator has a meaning here;
    that is what `raise-to-nn` is for.

    Weights are `ml_program.global` ops whose value is a handle
    (`#inlay_onnx.weight`: file, offset, length); their bytes are not read.
    ONNX names of nodes are locations: `loc("/layers.0/moe"("model.onnx":1:0))`
    is a node of model.onnx, which has no lines: 1 marks nodes, 0 all else. The
    import itself makes `#inlay_onnx.node` locations, which say the same.

    The module carries what the file says of itself:

    | attribute | meaning |
    |---|---|
    | `inlay_onnx.file` | name of the file, without its folder |
    | `inlay_onnx.ir_version` | version of the ONNX format |
    | `inlay_onnx.opsets` | dictionary from domain to opset version; the default domain is written `ai.onnx` |
    | `inlay_onnx.producer` | producer's name and version, where given |

    Element types are the builtin ones: ONNX's signed integers are signless
    (`i64`, `i4`), the unsigned ones `ui8`, `ui4`; bool is `i1`.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::mlir::ml_program::MLProgramDialect"];
  let extraClassDeclaration = [{
    static constexpr ::llvm::StringLiteral kFileAttr = "inlay_onnx.file";
    static constexpr ::llvm::StringLiteral kIRVersionAttr = "inlay_onnx.ir_version";
    static constexpr ::llvm::StringLiteral kOpsetsAttr = "inlay_onnx.opsets";
    static constexpr ::llvm::StringLiteral kProducerAttr = "inlay_onnx.producer";
    /// How the default domain "" is written as a key of `inlay_onnx.opsets`.
    static constexpr ::llvm::StringLiteral kDefaultDomain = "ai.onnx";

    /// Keeps the names of a graph's nodes for the locations that point at them.
    const NodeNames *keepNames(std::unique_ptr<NodeNames> names);

    /// Tensors up to this number of elements are kept as values, so that shape
    /// computations can be folded; larger ones are handles.
    static constexpr int64_t kMaxConstantElements = 64;
    /// As many of 64 or 32 bits, and truth values, are places and masks, which
    /// exporters fold for a prompt of a fixed length: of 16,384 tokens with 16
    /// experts each, of 4,096 tokens. They are no weights.
    static constexpr int64_t kMaxPlaces = 1 << 18;
    static constexpr int64_t kMaxTruths = 1 << 24;

  private:
    void registerAttributes();

    std::mutex namesMutex;
    std::vector<std::unique_ptr<NodeNames>> nodeNames;
    uint32_t numNames = 0;

  public:
  }];
}

#endif // INLAY_DIALECTS_ONNX_IR_ONNXDIALECT_TD
