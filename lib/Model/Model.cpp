//===- Model.cpp - What mapping sees of a model ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Model.h"

#include "inlay/Support/Format.h"

#include "llvm/ADT/StringSet.h"

#include "fmt/format.h"

using namespace inlay;
using namespace inlay::model;

double OpSpec::numPoints() const {
  double points = 1;
  for (const IterationDim &dim : dims)
    points *= static_cast<double>(dim.size);
  return points;
}

int64_t inlay::model::packedBytes(const std::vector<int64_t> &shape, int bits) {
  int64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  return ceilDiv(elements * bits, 8);
}

int64_t StateSpec::bytes() const { return packedBytes(shape, type.bits); }
int64_t PortSpec::bytes() const { return packedBytes(shape, type.bits); }
int64_t StreamSpec::bytes() const { return packedBytes(shape, type.bits); }

const char *inlay::model::toString(KernelRole role) {
  switch (role) {
  case KernelRole::Embedding:
    return "embedding";
  case KernelRole::Attention:
    return "attention";
  case KernelRole::Mlp:
    return "mlp";
  case KernelRole::Router:
    return "router";
  case KernelRole::Experts:
    return "experts";
  case KernelRole::SharedExpert:
    return "shared_expert";
  case KernelRole::Head:
    return "head";
  case KernelRole::Other:
    return "other";
  }
  return "other";
}

int64_t KernelSpec::weightBytes() const {
  int64_t bytes = 0;
  for (const WeightSpec &weight : weights)
    bytes += weight.storedBytes();
  return bytes;
}

int64_t KernelSpec::stateBytes() const {
  int64_t bytes = 0;
  for (const StateSpec &state : states)
    bytes += state.bytes();
  return bytes;
}

double KernelSpec::numOps() const {
  double total = 0;
  for (const OpSpec &op : ops)
    total += op.numOps();
  return total;
}

namespace {

/// Checks one graph; every violation becomes one error.
class GraphChecker {
public:
  GraphChecker(const Graph &graph, Diagnostics &diags)
      : graph(graph), diags(diags) {}

  bool run() {
    llvm::StringSet<> names;
    for (const KernelSpec &kernel : graph.kernels) {
      if (!names.insert(kernel.name).second)
        report(kernel, "has the name of another kernel");
      for (const OpSpec &op : kernel.ops)
        checkOp(kernel, op);
    }
    for (const StreamSpec &stream : graph.streams)
      checkStream(stream);
    return valid;
  }

private:
  void report(const KernelSpec &kernel, const std::string &message) {
    valid = false;
    diags.internalError("kernel '" + kernel.name + "'", message);
  }

  size_t numTensors(const KernelSpec &kernel, TensorRole role) const {
    switch (role) {
    case TensorRole::Weights:
      return kernel.weights.size();
    case TensorRole::State:
      return kernel.states.size();
    case TensorRole::Input:
      return kernel.inputs.size();
    case TensorRole::Output:
      return kernel.outputs.size();
    case TensorRole::Local:
      break;
    }
    return 0;
  }

  void checkOp(const KernelSpec &kernel, const OpSpec &op) {
    for (const IterationDim &dim : op.dims)
      if (dim.size < 1 || dim.unit < 1)
        report(kernel, fmt::format("dim '{}' of op '{}' has size {} and unit "
                                   "{}, but both must be at least 1",
                                   dim.name, op.name, dim.size, dim.unit));
    if (!(op.density > 0 && op.density <= 1))
      report(kernel, fmt::format("op '{}' has density {}, but it must be above "
                                 "0 and at most 1",
                                 op.name, op.density));
    for (const OperandSpec &operand : op.operands)
      checkOperand(kernel, op, operand);
  }

  void checkOperand(const KernelSpec &kernel, const OpSpec &op,
                    const OperandSpec &operand) {
    if (operand.role != TensorRole::Local &&
        (operand.tensor < 0 || static_cast<size_t>(operand.tensor) >=
                                   numTensors(kernel, operand.role)))
      report(kernel, fmt::format("op '{}' uses tensor {}, which is not there",
                                 op.name, operand.tensor));
    for (const IndexExpr &index : operand.indexing)
      if (index.dim >= static_cast<int>(op.dims.size()) || index.dim < -1 ||
          index.divisor < 1)
        report(kernel, fmt::format("op '{}' indexes a tensor by dim {} / {}, "
                                   "which it does not have",
                                   op.name, index.dim, index.divisor));
  }

  void checkStream(const StreamSpec &stream) {
    auto fail = [&](const std::string &message) {
      valid = false;
      diags.internalError("stream '" + stream.name + "'", message);
    };
    int numKernels = static_cast<int>(graph.kernels.size());
    auto isEnd = [&](int end) { return end >= kHost && end < numKernels; };
    if (!isEnd(stream.producer) || !isEnd(stream.consumer))
      return fail("ends at a kernel that is not there");
    if (stream.producer != kHost && stream.consumer != kHost &&
        stream.producer >= stream.consumer)
      return fail("goes back to an earlier kernel");
    for (int64_t size : stream.shape)
      if (size < 1)
        return fail(fmt::format("has a dim of size {}", size));
  }

  const Graph &graph;
  Diagnostics &diags;
  bool valid = true;
};

} // namespace

bool Graph::check(Diagnostics &diags) const {
  return GraphChecker(*this, diags).run();
}
