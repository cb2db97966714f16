//===- WaferAttrs.td - Attributes of the inlay_wafer dialect -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFERATTRS_TD
#define INLAY_DIALECTS_WAFER_IR_WAFERATTRS_TD

include "dialects/Wafer/IR/WaferDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"

def Wafer_BufferRole : I32EnumAttr<"BufferRole", "what a buffer holds", [
  I32EnumAttrCase<"Weights", 0, "weights">,
  I32EnumAttrCase<"State", 1, "state">,
  I32EnumAttrCase<"Stream", 2, "stream">,
  I32EnumAttrCase<"Scratch", 3, "scratch">]> {
  let cppNamespace = "::inlay::wafer";
  let genSpecializedAttr = 0;
}

def Wafer_BufferRoleAttr
    : EnumAttr<Wafer_Dialect, Wafer_BufferRole, "buffer_role"> {
  let assemblyFormat = "$value";
}

def Wafer_RectAttr : AttrDef<Wafer_Dialect, "Rect"> {
  let mnemonic = "rect";
  let summary = "a rectangle of cores on a wafer";
  let description = [{
    Origin in the north-west corner, x grows east, y grows south.

    **Constraints:**
    - `x` and `y` are at least 0, `width` and `height` at least 1.

    Example:
    ```mlir
    #inlay_wafer.rect<x = 120, y = 64, width = 48, height = 32>
    ```
  }];
  let parameters = (ins "int64_t":$x, "int64_t":$y, "int64_t":$width,
                        "int64_t":$height);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::inlay::model::Rect getRect() const {
      return {getX(), getY(), getWidth(), getHeight()};
    }
  }];
}

def Wafer_ShardingAttr : AttrDef<Wafer_Dialect, "Sharding"> {
  let mnemonic = "sharding";
  let summary = "how a kernel is cut over a region";
  let description = [{
    A region of `width` x `height` cores, tiled by `groups_wide` x `groups_high`
    expert groups of `group_width` x `group_height` cores (one group that is the
    region for all kernels but experts). `axes` has a string for each op of the
    kernel with a letter for each of its iteration dims: `x` and `y` cut over the
    columns and rows of the group, `g` over the groups, `-` does not cut. It
    mirrors `inlay::model::Sharding`, where the meaning is defined.

    **Constraints:**
    - All extents are at least 1, and the groups fit the region.
    - Strings of `axes` hold the letters `x`, `y`, `g` and `-` only.

    Example:
    ```mlir
    #inlay_wafer.sharding<width = 4, height = 2, groups_wide = 1, groups_high = 1, group_width = 4, group_height = 2, axes = ["-xy", "--"]>
    ```
  }];
  let parameters = (ins "int64_t":$width, "int64_t":$height,
                        "int64_t":$groups_wide, "int64_t":$groups_high,
                        "int64_t":$group_width, "int64_t":$group_height,
                        "::mlir::ArrayAttr":$axes);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The same as the libraries' struct.
    ::inlay::model::Sharding toModel() const;
    static ShardingAttr fromModel(::mlir::MLIRContext *context,
                                  const ::inlay::model::Sharding &sharding);
  }];
}

#endif // INLAY_DIALECTS_WAFER_IR_WAFERATTRS_TD
