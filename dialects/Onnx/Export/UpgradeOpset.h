//===- UpgradeOpset.h - Nodes in the form of a later opset ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model has one opset for all nodes of a domain. Nodes that came from files
// or functions of older opsets get the form that their operator has in a later
// one.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_EXPORT_UPGRADEOPSET_H
#define INLAY_DIALECTS_ONNX_EXPORT_UPGRADEOPSET_H

#include "dialects/Onnx/IR/Onnx.h"

namespace inlay::onnx {

/// Gives `node`, of the default domain and of opset `from`, the form that means
/// the same in opset `to`, and those in its subgraphs. Attributes become
/// inputs, defaults that changed are written out. Fails with an error on the
/// node where opset `to` has no such form, or none that is known. Nothing to do
/// where `from` is not less than `to`.
mlir::LogicalResult upgradeNode(NodeOp node, int64_t from, int64_t to);

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_EXPORT_UPGRADEOPSET_H
