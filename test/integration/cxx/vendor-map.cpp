//===- vendor-map.cpp - A vendor's tool that embeds Inlay -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   vendor-map MODEL TARGET > plan.json
//
// What an accelerator vendor does with the installed package: links Inlay's
// dialects and passes into a program of its own, puts a pass of its own between
// two of Inlay's levels, and takes the plan from memory. The pass keeps the
// west-most column of each wafer free for the vendor's I/O.
//
//===----------------------------------------------------------------------===//

#include "inlay/InitAll.h"

#include "mlir/IR/Builders.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

namespace {

class ReserveIoColumn
    : public mlir::PassWrapper<ReserveIoColumn,
                               mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReserveIoColumn)
  ReserveIoColumn(int64_t height) : height(height) {}

private:
  void runOnOperation() override {
    mlir::OpBuilder builder =
        mlir::OpBuilder::atBlockEnd(getOperation().getBody());
    mlir::Location loc = builder.getUnknownLoc();
    auto constraints = inlay::wafer::ConstraintsOp::create(builder, loc);
    builder.createBlock(&constraints.getBody());
    inlay::wafer::KeepOutOp::create(builder, loc, llvm::ArrayRef<int64_t>{0, 0},
                                    llvm::ArrayRef<int64_t>{1, height});
  }

  int64_t height;
};

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: vendor-map MODEL TARGET\n";
    return 1;
  }
  inlay::Diagnostics diags;
  inlay::CompileOptions options;
  options.target = argv[2];
  std::optional<inlay::target::Target> target =
      inlay::target::find(options.target, options.targetDir, diags);
  diags.print(llvm::errs());
  if (!target)
    return diags.exitStatus();

  mlir::DialectRegistry registry;
  inlay::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      inlay::onnx::importOnnxFile(argv[1], &context);
  if (!module)
    return 1;

  mlir::PassManager passes(&context);
  inlay::addShapePasses(passes, options);
  inlay::addRaisingPasses(passes);
  inlay::addDataflowPasses(passes, options);
  passes.addPass(std::make_unique<ReserveIoColumn>(target->grid.height));
  inlay::addWaferPasses(passes, options);
  if (mlir::failed(passes.run(*module)))
    return 1;

  inlay::wafer::PlanContext facts;
  facts.producer = "vendor-map 1.0";
  mlir::FailureOr<inlay::plan::Plan> plan =
      inlay::wafer::toPlan(*module, facts);
  if (mlir::failed(plan))
    return 1;
  llvm::outs() << inlay::plan::toJson(*plan);
  return 0;
}
