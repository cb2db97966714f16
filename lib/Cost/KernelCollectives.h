//===- KernelCollectives.h - What the cores of a kernel say to each other -===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which sums an op needs over which lines of cores, and where its values lie.
// What that costs is the business of KernelCost.cpp.
//
// Three sums travel together where they go the same way, as tile programs do:
// products that read one input (gate and up; query, key and value); the sum of
// squares of a norm and the product of its input, which is scaled afterwards,
// W (s x) = s (W x); the sum of a softmax and the product of its exponentials,
// likewise.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_COST_KERNELCOLLECTIVES_H
#define INLAY_LIB_COST_KERNELCOLLECTIVES_H

#include "Overlap.h"

#include "inlay/Model/Layout.h"

#include "llvm/ADT/ArrayRef.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace inlay::cost {

const char *nameOf(model::Axis axis);

/// A sum over lines of cores along one axis.
struct LineSum {
  model::Axis axis = model::Axis::None;
  int64_t cores = 1;   ///< of a line; those that hold parts of one sum
  double elements = 0; ///< that a line sums
  /// A factor for each row of what the op makes: a product may come first.
  bool scalesLater = false;
  /// Of these, the largest of rows of a softmax, to which the others are
  /// related.
  double maxima = 0;

  bool isAlong(const LineSum &other) const {
    return axis == other.axis && cores == other.cores;
  }
};

/// The sums that an op leaves to be done, at most one for each axis. `load`:
/// activations of the busiest group of experts. A softmax has two for each row,
/// its largest and the sum of its exponentials.
std::vector<LineSum> sumsOf(const model::KernelSpec &kernel,
                            const model::OpSpec &op,
                            const model::OpSharding &opSharding,
                            const model::Sharding &sharding, double load);

/// The operands of an op that it reads and does not make: all but the last
/// where that is a value of the kernel; softmax works in place.
llvm::ArrayRef<model::OperandSpec> readsOf(const model::OpSpec &op);

/// Ops that work on a value where it lies: rotation, and what turns or copies
/// values.
bool worksInPlace(const model::OpSpec &op);

/// A sum that waits for others, and the values that are not there before it.
struct PendingSum {
  struct Result {
    model::TensorRole role;
    int tensor;
    bool scalesLater;
  };

  std::string name;
  LineSum sum;
  std::vector<Result> results;
  std::vector<int> makers; ///< ops, by index
  llvm::SmallVector<Making, 4> work;

  /// `cycles` that the op works for these elements and for no sum before.
  void add(const model::OpSpec &op, int index, const LineSum &more,
           double cycles);

  /// True when `op`, which needs `sums` itself, cannot read the operand before
  /// this sum is done.
  bool holdsUp(const model::OpSpec &op, const std::vector<LineSum> &sums,
               const model::OperandSpec &operand) const;
};

/// A value of a kernel.
struct Value {
  model::Layout layout;
  int bits = 16;
};

/// Where the values of a kernel lie. Inputs come as kernels hand them over.
class Values {
public:
  Values(const model::KernelSpec &kernel, const model::Sharding &sharding)
      : kernel(kernel), sharding(sharding) {}

  /// The result of an op lies as its cut leaves it.
  void define(const model::OpSpec &op, const model::OpSharding &opSharding);

  /// Null where nothing is known of it.
  const Value *find(model::TensorRole role, int tensor);

  /// The layout in which an op wants an operand that is `value`; none where it
  /// takes it where it lies.
  std::optional<model::Layout> wanted(const model::OpSpec &op,
                                      const model::OperandSpec &operand,
                                      const model::OpSharding &opSharding,
                                      const Value &value) const;

private:
  const model::KernelSpec &kernel;
  const model::Sharding &sharding;
  std::map<std::pair<model::TensorRole, int>, Value> known;
};

} // namespace inlay::cost

#endif // INLAY_LIB_COST_KERNELCOLLECTIVES_H
