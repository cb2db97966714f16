//===- ConstraintConversion.cpp - Constraints as IR and as structs --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConstraintConversion.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace {

class Reader {
public:
  explicit Reader(const model::Graph &model) {
    for (auto [k, kernel] : llvm::enumerate(model.kernels))
      indexOf[kernel.name] = k;
  }

  void add(Operation &op) {
    if (auto keepOut = dyn_cast<KeepOutOp>(op)) {
      result.keepOut.push_back(keepOut.getRect());
    } else if (auto pin = dyn_cast<PinOp>(op)) {
      mapping::Constraints::Pin wanted;
      wanted.kernel = find(op, pin.getKernel());
      wanted.wafer = pin.getWafer();
      if (auto at = pin.getAt())
        wanted.at = {(*at)[0], (*at)[1]};
      result.pins.push_back(wanted);
    } else if (auto limit = dyn_cast<MaxRegionOp>(op)) {
      result.limits.push_back({find(op, limit.getKernel()),
                               {limit.getSize()[0], limit.getSize()[1]}});
    } else if (auto same = dyn_cast<SameRegionOp>(op)) {
      std::vector<size_t> kernels;
      for (auto kernel : same.getKernels().getAsRange<FlatSymbolRefAttr>())
        kernels.push_back(find(op, kernel.getValue()));
      llvm::sort(kernels);
      result.together.push_back(std::move(kernels));
    }
  }

  FailureOr<mapping::Constraints> finish() {
    if (!isValid)
      return failure();
    return std::move(result);
  }

private:
  size_t find(Operation &op, StringRef kernel) {
    auto found = indexOf.find(kernel);
    if (found != indexOf.end())
      return found->second;
    op.emitError() << "names kernel '" << kernel
                   << "', which the graph does not have";
    isValid = false;
    return 0;
  }

  llvm::StringMap<size_t> indexOf;
  mapping::Constraints result;
  bool isValid = true;
};

} // namespace

FailureOr<mapping::Constraints>
inlay::wafer::readConstraints(ModuleOp module, const model::Graph &model) {
  Reader reader(model);
  for (auto constraints : module.getOps<ConstraintsOp>())
    for (Operation &op : constraints.getBlock())
      reader.add(op);
  return reader.finish();
}

void inlay::wafer::addConstraints(ModuleOp module, const model::Graph &model,
                                  const mapping::Constraints &constraints) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = module.getLoc();
  auto nameOf = [&](size_t kernel) {
    return FlatSymbolRefAttr::get(builder.getContext(),
                                  model.kernels[kernel].name);
  };
  auto pair = [&](int64_t a, int64_t b) {
    return builder.getDenseI64ArrayAttr({a, b});
  };
  auto op = ConstraintsOp::create(builder, loc);
  builder.createBlock(&op.getBody());
  for (const mapping::Constraints::Pin &pin : constraints.pins)
    PinOp::create(
        builder, loc, nameOf(pin.kernel), builder.getI64IntegerAttr(pin.wafer),
        pin.at ? pair(pin.at->first, pin.at->second) : DenseI64ArrayAttr());
  for (const mapping::Constraints::Limit &limit : constraints.limits)
    MaxRegionOp::create(builder, loc, nameOf(limit.kernel),
                        pair(limit.most.width, limit.most.height));
  for (const std::vector<size_t> &kernels : constraints.together) {
    SmallVector<Attribute> names;
    for (size_t kernel : kernels)
      names.push_back(nameOf(kernel));
    SameRegionOp::create(builder, loc, builder.getArrayAttr(names));
  }
  for (const model::Rect &rect : constraints.keepOut)
    KeepOutOp::create(builder, loc, pair(rect.x, rect.y),
                      pair(rect.width, rect.height));
}
