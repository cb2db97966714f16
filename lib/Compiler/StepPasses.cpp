//===- StepPasses.cpp - What options say of steps, into the IR ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/StepPasses.h"

#include "dialects/Wafer/Transforms/ExtractModel.h"
#include "dialects/Wafer/Transforms/OtherPhase.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Builders.h"
#include "mlir/Parser/Parser.h"

#include <functional>

using namespace inlay;
using namespace mlir;

namespace {

/// Makes an attribute in the context of the module that gets it.
using MakeAttribute = std::function<Attribute(Builder &)>;

/// Notes an attribute on each graph.
class NoteOnGraphs : public PassWrapper<NoteOnGraphs, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(NoteOnGraphs)

  NoteOnGraphs(StringRef name, MakeAttribute make)
      : name(name), make(std::move(make)) {}

private:
  void runOnOperation() override {
    Builder builder(&getContext());
    for (auto graph : getOperation().getOps<dataflow::GraphOp>())
      graph->setAttr(name, make(builder));
  }

  StringRef name; ///< that of an attribute, which always lives
  MakeAttribute make;
};

class AddDecode : public PassWrapper<AddDecode, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AddDecode)

  AddDecode(std::string bytecode, double firings)
      : bytecode(std::move(bytecode)), firings(firings) {}

private:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    OwningOpRef<ModuleOp> decode =
        parseSourceString<ModuleOp>(bytecode, &getContext());
    if (!decode)
      return signalPassFailure();
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    for (auto graph : decode->getOps<dataflow::GraphOp>()) {
      auto added = cast<dataflow::GraphOp>(builder.clone(*graph));
      added.setSymName((graph.getSymName() + "_decode").str());
      added->setAttr(wafer::kFiringsAttr, builder.getF64FloatAttr(firings));
      SymbolTable(module).insert(added);
    }
  }

  std::string bytecode;
  double firings;
};

} // namespace

std::unique_ptr<Pass> inlay::createAddDecode(std::string bytecode,
                                             double firings) {
  return std::make_unique<AddDecode>(std::move(bytecode), firings);
}

static std::unique_ptr<Pass> noteNumber(StringRef name, int64_t value) {
  return std::make_unique<NoteOnGraphs>(
      name, [=](Builder &builder) { return builder.getI64IntegerAttr(value); });
}

std::unique_ptr<Pass> inlay::createKeepStepsInFlight(int64_t steps) {
  return noteNumber(wafer::kStepsInFlightAttr, steps);
}

std::unique_ptr<Pass> inlay::createKeepSeed(int64_t seed) {
  return noteNumber(wafer::kSeedAttr, seed);
}

std::unique_ptr<Pass> inlay::createKeepEffort(int64_t percent) {
  return noteNumber(wafer::kEffortAttr, percent);
}

std::unique_ptr<Pass> inlay::createKeepKvType(std::string type) {
  return std::make_unique<NoteOnGraphs>(
      wafer::kKvTypeAttr, [type = std::move(type)](Builder &builder) {
        return TypeAttr::get(parseType(type, builder.getContext()));
      });
}
