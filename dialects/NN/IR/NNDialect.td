//===- NNDialect.td - The inlay_nn dialect -----------------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNDIALECT_TD
#define INLAY_DIALECTS_NN_IR_NNDIALECT_TD

include "mlir/IR/OpBase.td"

def NN_Dialect : Dialect {
  let name = "inlay_nn";
  let cppNamespace = "::inlay::nn";
  let summary = "Typed operations of language models";
  let description = [{
    The second level of Inlay's IR: what a model computes, in the few operations
    that mapping reasons about. Tensors have builtin types with static shapes,
    except behind data-dependent opaque ops. Weights are loaded by
    `ml_program.global_load_const` and keep the type of their stored form: a
    block-quantised weight is a `ui8` tensor, and the op's `quant` attribute says
    what its bytes mean.

    Every op implements `IterationSpaceInterface`; sharding and cost read
    nothing else of it.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
  private:
    void registerAttributes();

  public:
  }];
}

class NN_Op<string mnemonic, list<Trait> traits = []>
    : Op<NN_Dialect, mnemonic, traits>;

#endif // INLAY_DIALECTS_NN_IR_NNDIALECT_TD
