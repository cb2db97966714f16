//===- Structure.cpp - The structural hash of a kernel --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Dataflow/IR/Dataflow.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace inlay::dataflow;

namespace {
/// Writes what a kernel is, up to names, as text: one line per op, values by
/// number. The text is hashed and thrown away.
class StructureWriter {
public:
  explicit StructureWriter(llvm::raw_ostream &os) : os(os) {}

  void write(KernelOpInterface kernel) {
    os << stringifyKernelRole(kernel.getKernelRole());
    if (auto experts = dyn_cast<ExpertsOp>(kernel.getOperation()))
      os << ' ' << experts.getNumExperts() << ' '
         << experts.getExpertsPerToken();
    os << ' ' << kernel.getNumInputs() << ' ' << kernel.getNumWeights() << ' '
       << kernel.getNumStates() << '\n';
    for (Value argument : kernel.getBody().getArguments())
      define(argument);
    kernel.getBody().walk<WalkOrder::PreOrder>(
        [&](Operation *op) { write(op); });
  }

private:
  void define(Value value) {
    numbers.try_emplace(value, numbers.size());
    os << value.getType() << ';';
  }

  /// Two ops write the same line exactly when they are the same but for their
  /// place: names and strings of attributes are quoted by their printer.
  void write(Operation *op) {
    os << '\n' << op->getName() << op->getAttrDictionary() << '(';
    for (Value operand : op->getOperands())
      os << numbers.lookup(operand) << ',';
    os << ')';
    for (Value result : op->getResults())
      define(result);
    for (Region &region : op->getRegions())
      for (Block &block : region) {
        os << '^';
        for (Value argument : block.getArguments())
          define(argument);
      }
  }

  llvm::raw_ostream &os;
  DenseMap<Value, unsigned> numbers;
};
} // namespace

std::string inlay::dataflow::computeStructure(KernelOpInterface kernel) {
  std::string text;
  llvm::raw_string_ostream os(text);
  StructureWriter(os).write(kernel);
  llvm::SHA256 hash;
  hash.update(text);
  auto digest = hash.final();
  return llvm::toHex(ArrayRef<uint8_t>(digest).take_front(16),
                     /*LowerCase=*/true);
}
