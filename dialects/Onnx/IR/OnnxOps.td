//===- OnnxOps.td - Operations of the inlay_onnx dialect - -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_ONNXOPS_TD
#define INLAY_DIALECTS_ONNX_IR_ONNXOPS_TD

include "dialects/Onnx/IR/OnnxAttrs.td"
include "dialects/Onnx/IR/OnnxDialect.td"
include "dialects/Onnx/IR/OnnxTypes.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Onnx_Op<string mnemonic, list<Trait> traits = []>
    : Op<Onnx_Dialect, mnemonic, traits>;

/// What graphs and functions have in common: a name, a type and one block.
class Onnx_FuncOp<string mnemonic>
    : Onnx_Op<mnemonic, [
        FunctionOpInterface, IsolatedFromAbove, SingleBlock,
        DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  code functionMethods = [{
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }
    bool isDeclaration() { return false; }

    /// The `inlay_onnx.return` at the end of the body.
    ReturnOp getReturnOp();
    /// Makes the function type that of the body: of its block arguments and of
    /// what it returns. Call this after a change of types.
    void updateFunctionType();
  }];
}

def Onnx_GraphOp : Onnx_FuncOp<"graph"> {
  let summary = "the main graph of an ONNX model";
  let description = [{
    Arguments are the inputs of the graph that are not initializers, results its
    outputs, both in the order of the file. The names in `arg_names` and
    `result_names` are part of the model's interface; SSA names are not.

    The op says nothing about the order in which nodes run beyond that of SSA.

    **Constraints:**
    - The body is one block that ends in `inlay_onnx.return`.
    - There is one argument name per argument and one result name per result.
    - Argument names are unique, and so are result names.

    Example:
    ```mlir
    inlay_onnx.graph @main_graph(%input_ids: tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>) -> tensor<?x?x32xf32> attributes {arg_names = ["input_ids"], result_names = ["logits"]} {
      %0 = ml_program.global_load_const @embed : tensor<64x32xf32>
      %1 = inlay_onnx.node "Gather"(%0, %input_ids) {attributes = {axis = 0 : i64}} : (tensor<64x32xf32>, tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>) -> tensor<?x?x32xf32>
      inlay_onnx.return %1 : tensor<?x?x32xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       StrArrayAttr:$arg_names,
                       StrArrayAttr:$result_names,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let extraClassDeclaration = functionMethods # [{
    /// Names as strings; callers rely on the verifier for the ranges.
    ::llvm::StringRef getArgName(unsigned index);
    ::llvm::StringRef getResultName(unsigned index);
  }];
}

def Onnx_FunctionOp : Onnx_FuncOp<"function"> {
  let summary = "a function that an ONNX model defines";
  let description = [{
    A node whose domain, operator and overload are those of a function calls it.
    The symbol's name is `domain::name`, or `domain::name:overload`. Values of a
    function have no types in ONNX: they are `!inlay_onnx.unknown`.

    A function has opset versions of its own, which may differ from the model's.

    **Constraints:**
    - The body is one block that ends in `inlay_onnx.return`.
    - There is one argument name per argument.
    - The symbol's name is that of `domain`, `name` and `overload`.

    Example:
    ```mlir
    inlay_onnx.function @"pkg::Double"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "pkg", name = "Double", opsets = {ai.onnx = 18 : i64}} {
      %0 = inlay_onnx.node "Add"(%x, %x) : (!inlay_onnx.unknown, !inlay_onnx.unknown) -> !inlay_onnx.unknown
      inlay_onnx.return %0 : !inlay_onnx.unknown
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       StrAttr:$domain,
                       StrAttr:$name,
                       OptionalAttr<StrAttr>:$overload,
                       StrArrayAttr:$arg_names,
                       OptionalAttr<StrArrayAttr>:$attr_names,
                       OptionalAttr<DictionaryAttr>:$attr_defaults,
                       DictionaryAttr:$opsets,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let extraClassDeclaration = functionMethods;
}

def Onnx_ReturnOp : Onnx_Op<"return", [
    Pure, Terminator, ParentOneOf<["GraphOp", "FunctionOp"]>]> {
  let summary = "the outputs of a graph or function";
  let description = [{
    **Constraints:**
    - The types of the operands are the results of the enclosing function type.

    Example:
    ```mlir
    inlay_onnx.return %0, %1 : tensor<4xf32>, tensor<2xi64>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
  let hasVerifier = 1;
}

def Onnx_YieldOp : Onnx_Op<"yield", [
    Pure, Terminator, ParentOneOf<["NodeOp"]>]> {
  let summary = "the outputs of a subgraph";
  let description = [{
    Ends the block of a subgraph of a node (`If`, `Loop`, `Scan`). What the
    values mean is the node's affair.

    Example:
    ```mlir
    inlay_onnx.yield %0 : tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

def Onnx_NodeOp : Onnx_Op<"node", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "a node of an ONNX graph, of any domain";
  let description = [{
    One ONNX node. Domain and operator print as one string, `"domain::operator"`
    or `"operator"` in the default domain. An optional input that is left out is
    an operand of type `none` (`inlay_onnx.none`), an optional output that is
    left out a result of type `none`. Subgraphs see the values around them.

    The op has no semantics: it does not know how many operands its operator
    takes, nor the types of its results. It has no side effects, except that
    operators which draw random numbers are not merged with one another.

    Attributes of the node print as the dictionary `{attributes = {…}}` and are
    the property `node_attrs`: int is `i64`,
    float `f32`, string a string, ints `array<i64: …>`, floats `array<f32: …>`,
    strings an array of strings, a small tensor `dense<…>`, a large one
    `#inlay_onnx.tensor<…>`, a type_proto a type. Graphs are regions, named by
    `graph_attrs`. `overload` and `own_opset` (the opset of a node that was
    inlined from a function of another version) print after `attributes`.

    **Constraints:**
    - `op_type` is not empty and has no `::`.
    - `domain` is not `ai.onnx`: the default domain is the empty string.
    - There is one name in `graph_attrs` per subgraph.
    - A subgraph is one block that ends in `inlay_onnx.yield`.

    Example:
    ```mlir
    %0 = inlay_onnx.node "com.microsoft::QMoE"(%x, %logits, %none) {attributes = {k = 4 : i64}} : (tensor<8x32xf32>, tensor<8x4xf32>, none) -> tensor<8x32xf32>
    %1 = inlay_onnx.node "If"(%c) graphs ["then_branch", "else_branch"] {
      inlay_onnx.yield %0 : tensor<8x32xf32>
    }, {
      inlay_onnx.yield %x : tensor<8x32xf32>
    } : (tensor<i1>) -> tensor<8x32xf32>
    ```
  }];
  let arguments = (ins StrAttr:$domain,
                       StrAttr:$op_type,
                       OptionalAttr<DictionaryAttr>:$node_attrs,
                       OptionalAttr<StrAttr>:$overload,
                       OptionalAttr<I64Attr>:$own_opset,
                       OptionalAttr<StrArrayAttr>:$graph_attrs,
                       Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$subgraphs);
  let assemblyFormat = [{
    custom<OperatorName>($domain, $op_type) `(` $inputs `)`
    (`graphs` $graph_attrs^ $subgraphs)?
    (custom<NodeAttrs>($node_attrs)^)? attr-dict-with-keyword
    `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let skipDefaultBuilders = 1;
  let builders = [
    /// `attributes` may be empty; `domain` is "" for the default domain.
    OpBuilder<(ins "::mlir::TypeRange":$outputs, "::llvm::StringRef":$domain,
                   "::llvm::StringRef":$opType, "::mlir::ValueRange":$inputs,
                   CArg<"::llvm::ArrayRef<::mlir::NamedAttribute>", "{}">:$attributes,
                   CArg<"::llvm::ArrayRef<::llvm::StringRef>", "{}">:$graphAttrs)>,
    /// The same with names that the context has; `domain` is not "ai.onnx".
    OpBuilder<(ins "::mlir::TypeRange":$outputs, "::mlir::StringAttr":$domain,
                   "::mlir::StringAttr":$opType, "::mlir::ValueRange":$inputs,
                   "::llvm::ArrayRef<::mlir::NamedAttribute>":$attributes,
                   "::llvm::ArrayRef<::llvm::StringRef>":$graphAttrs)>
  ];
  let extraClassDeclaration = [{
    /// Whether this is operator `opType` of `domain` ("" or "ai.onnx" is the
    /// default domain).
    bool isOp(::llvm::StringRef domain, ::llvm::StringRef opType);
    /// "com.microsoft::QMoE", or "Add" in the default domain.
    std::string getFullName();
    /// The node's name in the file; of a node without one, its first output's.
    ::llvm::StringRef getNodeName();
    /// Opset version of this node's domain: its own, else that of the enclosing
    /// function or the module.
    std::optional<int64_t> getOpset();

    /// Attribute `name` of the ONNX node, or null.
    ::mlir::Attribute getNodeAttr(::llvm::StringRef name);
    template <typename T> T getNodeAttrOfType(::llvm::StringRef name) {
      return ::llvm::dyn_cast_or_null<T>(getNodeAttr(name));
    }
    int64_t getIntAttr(::llvm::StringRef name, int64_t defaultValue);
    double getFloatAttr(::llvm::StringRef name, double defaultValue);
    ::llvm::StringRef getStringAttr(::llvm::StringRef name,
                                    ::llvm::StringRef defaultValue);
    std::optional<::llvm::ArrayRef<int64_t>> getIntsAttr(::llvm::StringRef name);

    /// Input `index`, or null where it is absent or out of range.
    ::mlir::Value getInput(unsigned index);
    /// Output `index`, or null where it is absent or out of range.
    ::mlir::Value getOutput(unsigned index);
    /// The subgraph of that name, or null.
    ::mlir::Region *getSubgraph(::llvm::StringRef name);
  }];
}

def Onnx_NoneOp : Onnx_Op<"none", [Pure]> {
  let summary = "an optional operand that a node does not have";
  let description = [{
    The operand in place of ONNX's empty name. It carries no value.

    Example:
    ```mlir
    %0 = inlay_onnx.none : none
    ```
  }];
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins), [{
    $_state.addTypes($_builder.getNoneType());
  }]>];
}

def Onnx_ConstantOp : Onnx_Op<"constant", [
    Pure, AllTypesMatch<["value", "result"]>]> {
  let summary = "a small tensor whose value is known";
  let description = [{
    A `Constant` node or an initializer of at most 64 elements whose bytes are
    in the model file, or what `infer-shapes` folded. It is the one place where
    bytes of a model are in IR, because shapes depend on them. Some are no
    weights, and are read from the file of the external data too, if it is
    there:

    - places: integers of 32 or 64 bits, up to 262,144 elements;
    - fillings, which are scattered, scattered into, or a column beside scores:
      floats that are all equal or a column, up to 262,144 elements;
    - truth values, up to 16,777,216 elements;
    - masks: matrices of floats or `ui8`, up to 16,777,216 elements, of two
      numbers among 0, 1 and those of at most -1e4, that nodes add, subtract,
      compare or choose by;
    - a single float.

    Of places and fillings are read 64 MB of a model in all. Of truth values and
    masks become 256 MB constants, equal ones counted once, and 1 GB is read in
    search of them. What is beyond counts as weights; `raise-to-nn` warns of it.

    `initializer` is the `ml_program.global` whose value this is, so that its
    bytes stay accounted for and `remove-unreachable` keeps it. The op is deliberately not `ConstantLike`: MLIR
    would merge equal constants of different initializers and lose that name.

    **Constraints:**
    - The type of the result is that of the value.

    Example:
    ```mlir
    %0 = inlay_onnx.constant dense<[-1, 32]> : tensor<2xi64>
    %1 = inlay_onnx.constant {initializer = @eps} dense<9.99999974E-6> : tensor<f32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value,
                       OptionalAttr<FlatSymbolRefAttr>:$initializer);
  let results = (outs AnyType:$result);
  let assemblyFormat = "attr-dict $value";
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value,
                                 CArg<"::llvm::StringRef", "{}">:$initializer)>];
  let skipDefaultBuilders = 1;
}

#endif // INLAY_DIALECTS_ONNX_IR_ONNXOPS_TD
