//===- Raiser.h - From generic nodes to typed operations --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the rule files share. A rule takes one node and builds typed ops for it,
// or gives the reason why it cannot; the node then becomes `inlay_nn.opaque`.
// Rules look at domain, operator, attributes and shapes, never at names.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_RAISER_H
#define INLAY_DIALECTS_NN_TRANSFORMS_RAISER_H

#include "StepValues.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringMap.h"

#include <functional>

namespace inlay::nn {

/// Nothing when a rule has raised its node, else why it refused.
using Refusal = std::optional<std::string>;

/// How many of two inputs that belong together are there.
enum class Both { None, One, All };

/// One node under its rule: typed access to inputs, and a place for results.
class RaiseContext {
public:
  RaiseContext(onnx::NodeOp node, mlir::OpBuilder &builder,
               mlir::IRMapping &mapping, StepRoles &roles)
      : node(node), builder(builder), mapping(mapping), roles(roles) {}

  onnx::NodeOp getNode() const { return node; }
  mlir::Location getLoc() const { return node->getLoc(); }
  mlir::OpBuilder &getBuilder() { return builder; }

  /// The raised value of input `index`; null where the input is absent.
  mlir::Value input(unsigned index);
  /// The raised value of any value that the node depends on; null for none.
  mlir::Value raised(mlir::Value value) { return mapping.lookupOrNull(value); }
  /// Whether inputs `a` and `b` are there.
  Both hasBoth(unsigned a, unsigned b);
  /// Whether anything reads output `index`.
  bool isOutputUsed(unsigned index);
  /// Whether output `index` is a result of the graph.
  bool isReturned(unsigned index);
  /// Notes what input `index` tells about a step, if it is an argument of the
  /// graph.
  void noteRole(unsigned index, StepRole role);

  /// The type of output `index`; null where the output is absent.
  mlir::RankedTensorType outputType(unsigned index);
  /// What stands for output `index`, once it is set.
  mlir::Value output(unsigned index);
  /// Makes `value` stand for output `index`, if the node has that output.
  void setOutput(unsigned index, mlir::Value value);

  template <typename OpTy, typename... Args> OpTy create(Args &&...args) {
    return OpTy::create(builder, getLoc(), std::forward<Args>(args)...);
  }

private:
  onnx::NodeOp node;
  mlir::OpBuilder &builder;
  mlir::IRMapping &mapping;
  StepRoles &roles;
};

using Rule = std::function<Refusal(RaiseContext &)>;
/// From "domain::operator" ("operator" in the default domain) to its rule.
using RuleTable = llvm::StringMap<Rule>;

void addElementwiseRules(RuleTable &rules);
void addShapeRules(RuleTable &rules);
void addLinearRules(RuleTable &rules);
void addEinsumRules(RuleTable &rules);
void addNormRules(RuleTable &rules);
void addAttentionRules(RuleTable &rules);
void addOnnxAttentionRules(RuleTable &rules);

/// `rule` behind a check that the node's first `count` inputs are there.
Rule withInputs(unsigned count, Rule rule);

/// The product of the last two dims of `lhs` and `rhs`, each of at least two
/// dims, as MatMul has it: a linear where `rhs` is one matrix of weights.
mlir::Value createProduct(RaiseContext &context, mlir::RankedTensorType type,
                          mlir::Value lhs, mlir::Value rhs);

/// Whether a raised value is loaded from a weight.
bool isWeight(mlir::Value value);

/// `axis` counted from 0, for one that may be negative.
inline int64_t normaliseAxis(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_RAISER_H
