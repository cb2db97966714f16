//===- GraphCheck.cpp - Is a model well formed? ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Model.h"

#include "llvm/ADT/StringSet.h"

#include "fmt/format.h"
#include "fmt/ranges.h"

using namespace inlay;
using namespace inlay::model;

/// Far beyond any machine; sums of thousands of such tensors fit 64 bits.
static constexpr int64_t kMaxElements = int64_t(1) << 50;

namespace {

/// Checks one graph; every violation becomes one error.
class GraphChecker {
public:
  GraphChecker(const Graph &graph, Diagnostics &diags)
      : graph(graph), diags(diags) {}

  bool run() {
    checkStep();
    llvm::StringSet<> names;
    for (const KernelSpec &kernel : graph.kernels) {
      if (!names.insert(kernel.name).second)
        report(kernel, "has the name of another kernel");
      checkTensors(kernel);
      checkExperts(kernel);
      for (const OpSpec &op : kernel.ops)
        checkOp(kernel, op);
    }
    for (const StreamSpec &stream : graph.streams)
      checkStream(stream);
    checkInputs();
    return valid;
  }

private:
  void report(const std::string &subject, const std::string &message) {
    valid = false;
    diags.internalError(subject, message);
  }
  void report(const KernelSpec &kernel, const std::string &message) {
    report("kernel '" + kernel.name + "'", message);
  }
  void report(const StreamSpec &stream, const std::string &message) {
    report("stream '" + stream.name + "'", message);
  }

  void checkStep() {
    if (graph.batch < 1 || graph.tokens < 1 || graph.context < 0)
      report("graph '" + graph.name + "'",
             fmt::format("has batch {}, tokens {} and context {}, but must "
                         "have at least 1, 1 and 0",
                         graph.batch, graph.tokens, graph.context));
  }

  /// What is wrong with a shape, or "".
  static std::string faultOf(const std::vector<int64_t> &shape) {
    int64_t elements = 1;
    for (int64_t size : shape) {
      if (size < 1)
        return fmt::format("has a dim of size {}", size);
      if (__builtin_mul_overflow(elements, size, &elements) ||
          elements >= kMaxElements)
        return fmt::format("has shape [{}], 2^50 elements or more",
                           fmt::join(shape, ", "));
    }
    return "";
  }

  void checkTensor(const KernelSpec &kernel, const std::string &what,
                   const ElementType &type, const std::vector<int64_t> &shape) {
    if (type.bits < 1)
      report(kernel,
             fmt::format("{} has elements of {} bits", what, type.bits));
    if (std::string fault = faultOf(shape); !fault.empty())
      report(kernel, what + " " + fault);
  }

  void checkTensors(const KernelSpec &kernel) {
    for (const WeightSpec &weight : kernel.weights) {
      std::string what = "weight '" + weight.name + "'";
      checkTensor(kernel, what, weight.type, weight.shape);
      if (weight.bytes < 0 || weight.bytes >= kMaxElements ||
          weight.rowPitchBits < 0)
        report(kernel, fmt::format("{} has {} bytes and a row pitch of {} bits",
                                   what, weight.bytes, weight.rowPitchBits));
    }
    for (const StateSpec &state : kernel.states)
      checkTensor(kernel, "state '" + state.name + "'", state.type,
                  state.shape);
    for (size_t i = 0; i < kernel.inputs.size(); ++i)
      checkTensor(kernel, fmt::format("input {}", i), kernel.inputs[i].type,
                  kernel.inputs[i].shape);
    for (size_t i = 0; i < kernel.outputs.size(); ++i)
      checkTensor(kernel, fmt::format("output {}", i), kernel.outputs[i].type,
                  kernel.outputs[i].shape);
  }

  void checkExperts(const KernelSpec &kernel) {
    if (kernel.role == KernelRole::Experts &&
        (kernel.expertsPerToken < 1 ||
         kernel.expertsPerToken > kernel.numExperts))
      report(kernel, fmt::format("takes {} of {} experts",
                                 kernel.expertsPerToken, kernel.numExperts));
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
    if (!(op.opsPerPoint >= 0))
      report(kernel, fmt::format("op '{}' has {} operations per point", op.name,
                                 op.opsPerPoint));
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
    int numKernels = static_cast<int>(graph.kernels.size());
    auto isEnd = [&](int end) { return end >= kHost && end < numKernels; };
    if (!isEnd(stream.producer) || !isEnd(stream.consumer))
      return report(stream, "ends at a kernel that is not there");
    if (stream.producer != kHost && stream.consumer != kHost &&
        stream.producer >= stream.consumer)
      return report(stream, "goes back to an earlier kernel");
    if (std::string fault = faultOf(stream.shape); !fault.empty())
      return report(stream, fault);
    if (stream.producer != kHost)
      checkPort(stream, graph.kernels[stream.producer],
                graph.kernels[stream.producer].outputs, stream.producerPort,
                "output");
    if (stream.consumer != kHost)
      checkPort(stream, graph.kernels[stream.consumer],
                graph.kernels[stream.consumer].inputs, stream.consumerPort,
                "input");
  }

  void checkPort(const StreamSpec &stream, const KernelSpec &kernel,
                 const std::vector<PortSpec> &ports, int port,
                 const char *what) {
    if (port < 0 || static_cast<size_t>(port) >= ports.size())
      return report(stream, fmt::format("ends at {} {} of kernel '{}', which "
                                        "has {}",
                                        what, port, kernel.name, ports.size()));
    const PortSpec &spec = ports[port];
    if (spec.shape != stream.shape || !(spec.type == stream.type))
      report(stream,
             fmt::format("carries {}[{}], but {} {} of kernel '{}' is {}[{}]",
                         stream.type.name, fmt::join(stream.shape, ", "), what,
                         port, kernel.name, spec.type.name,
                         fmt::join(spec.shape, ", ")));
  }

  /// One stream comes in at each input.
  void checkInputs() {
    std::vector<std::vector<int>> streams;
    for (const KernelSpec &kernel : graph.kernels)
      streams.emplace_back(kernel.inputs.size(), 0);
    for (const StreamSpec &stream : graph.streams) {
      auto consumer = static_cast<size_t>(stream.consumer);
      auto port = static_cast<size_t>(stream.consumerPort);
      if (stream.consumer >= 0 && consumer < streams.size() &&
          stream.consumerPort >= 0 && port < streams[consumer].size())
        ++streams[consumer][port];
    }
    for (size_t k = 0; k < streams.size(); ++k)
      for (size_t i = 0; i < streams[k].size(); ++i)
        if (streams[k][i] != 1)
          report(graph.kernels[k],
                 fmt::format("input {} has {} streams, but must have one", i,
                             streams[k][i]));
  }

  const Graph &graph;
  Diagnostics &diags;
  bool valid = true;
};

} // namespace

bool Graph::check(Diagnostics &diags) const {
  return GraphChecker(*this, diags).run();
}
