//===- NNInterfaces.td - Interface of the inlay_nn dialect -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNINTERFACES_TD
#define INLAY_DIALECTS_NN_IR_NNINTERFACES_TD

include "mlir/IR/OpBase.td"

def NN_IterationSpaceInterface : OpInterface<"IterationSpaceInterface"> {
  let cppNamespace = "::inlay::nn";
  let description = [{
    An op as the loop nests that it runs, in order. A loop nest has named dims,
    parallel or reduction, a count of operations for each point, and for each of
    its tensors an index expression per logical dim. The struct is
    `inlay::model::OpSpec`, so that what mapping sees is what the op says.

    In the operands of a space, role `Input` means operand `tensor` of the op,
    role `Output` its result `tensor`, role `Local` a value inside the op. The
    extractor replaces these by weights, states and streams of the kernel.
  }];
  let methods = [
    InterfaceMethod<
      "The op's loop nests in order of execution; empty for an op that costs "
      "nothing, such as a reshape.",
      "::llvm::SmallVector<::inlay::model::OpSpec>", "getIterationSpaces">,
  ];
}

def NN_Computes : DeclareOpInterfaceMethods<NN_IterationSpaceInterface>;

#endif // INLAY_DIALECTS_NN_IR_NNINTERFACES_TD
