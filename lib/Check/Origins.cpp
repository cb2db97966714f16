//===- Origins.cpp - Where what an op reads was made ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Origins.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include "fmt/format.h"

using namespace inlay::checker;

int64_t inlay::checker::portOf(const Operand &operand) {
  llvm::StringRef name = operand.buffer;
  int64_t port = -1;
  bool isPort = (operand.role == "input" || operand.role == "output") &&
                name.consume_front(operand.role + " ") &&
                !name.consumeInteger(10, port) && port >= 0 &&
                (name.empty() || name.front() == ' ');
  return isPort ? port : -1;
}

/// What is appended to a state without tokens is all that others read there.
static bool startsState(const Op &op, const Operand &operand) {
  return operand.role == "state" && &operand == &op.operands.back();
}

Origins::Origins(const Plan &plan) : plan(plan) {
  for (const Kernel &kernel : plan.kernels) {
    std::map<std::string, size_t> &ops = first.emplace_back();
    for (size_t i = 0; i < kernel.ops.size(); ++i)
      for (const Operand &operand : kernel.ops[i].operands)
        if (operand.role == "scratch" || operand.role == "output" ||
            startsState(kernel.ops[i], operand))
          ops.try_emplace(operand.buffer, i);
  }
  for (const Stream &stream : plan.streams)
    if (auto to = plan.kernelOf.find(stream.to); to != plan.kernelOf.end())
      streams.try_emplace({to->second, stream.toPort}, &stream);
}

std::optional<OpRef> Origins::makerOfOutput(size_t kernel, int64_t port) const {
  const std::vector<Op> &ops = plan.kernels[kernel].ops;
  for (size_t i = 0; i < ops.size(); ++i)
    for (const Operand &operand : ops[i].operands)
      if (operand.role == "output" && portOf(operand) == port)
        return OpRef{kernel, i};
  return std::nullopt;
}

std::string Origins::nameOfOutput(size_t kernel, int64_t port) const {
  std::optional<OpRef> maker = makerOfOutput(kernel, port);
  if (!maker)
    return "";
  const Op &op = plan.kernels[kernel].ops[maker->op];
  std::vector<int64_t> outputs;
  for (const Operand &operand : op.operands)
    if (operand.role == "output" &&
        !llvm::is_contained(outputs, portOf(operand)))
      outputs.push_back(portOf(operand));
  if (outputs.size() < 2 || op.node.empty())
    return op.node;
  return fmt::format("{}#{}", op.node,
                     llvm::find(outputs, port) - outputs.begin());
}

size_t Origins::numResults(const OpRef &ref) const {
  std::set<std::string> results;
  for (const Operand &operand : plan.kernels[ref.kernel].ops[ref.op].operands)
    if (auto maker = first[ref.kernel].find(operand.buffer);
        maker != first[ref.kernel].end() && maker->second == ref.op &&
        (operand.role == "scratch" || operand.role == "output"))
      results.insert(operand.buffer);
  return results.size();
}

bool Origins::moves(const OpRef &ref) const {
  const Op &op = plan.kernels[ref.kernel].ops[ref.op];
  return (op.kind == "move" || op.name == "cast") &&
         llvm::none_of(op.operands, [](const Operand &operand) {
           return operand.role == "weights" || operand.role == "state";
         });
}

/// The op that makes what an operand reads, and the buffer that it makes; where
/// that is no op of the plan, `value` says what it is.
std::optional<Origins::Made> Origins::maker(const OpRef &ref,
                                            const Operand &operand,
                                            std::string &value) const {
  if (operand.role != "input") {
    auto maker = first[ref.kernel].find(operand.buffer);
    if (maker == first[ref.kernel].end() || maker->second == ref.op)
      return std::nullopt;
    return Made{{ref.kernel, maker->second}, operand.buffer};
  }
  int64_t port = portOf(operand);
  auto entry = streams.find({ref.kernel, port});
  if (entry == streams.end())
    return std::nullopt;
  const Stream &stream = *entry->second;
  auto from = plan.kernelOf.find(stream.from);
  if (from == plan.kernelOf.end()) {
    value = stream.name;
    return std::nullopt;
  }
  if (auto maker = makerOfOutput(from->second, stream.fromPort))
    for (const Operand &output :
         plan.kernels[maker->kernel].ops[maker->op].operands)
      if (output.role == "output" && portOf(output) == stream.fromPort)
        return Made{*maker, output.buffer};
  // The kernel has it without making it.
  const std::vector<std::string> &inputs = plan.kernels[ref.kernel].inputs;
  if (static_cast<size_t>(port) < inputs.size())
    value = inputs[port];
  return std::nullopt;
}

std::vector<Origin> Origins::of(const OpRef &ref,
                                const Operand &operand) const {
  std::vector<Origin> found;
  std::set<OpRef> passed;
  std::vector<std::pair<OpRef, const Operand *>> open = {{ref, &operand}};
  while (!open.empty()) {
    auto [at, read] = open.back();
    open.pop_back();
    std::string value;
    std::optional<Made> made = maker(at, *read, value);
    if (!made) {
      if (!value.empty())
        found.push_back({std::nullopt, value, true});
      continue;
    }
    const Op &op = plan.kernels[made->op.kernel].ops[made->op.op];
    bool isResult = op.operands.back().buffer == made->buffer;
    if (!isResult || !moves(made->op)) {
      found.push_back({made->op, "", isResult});
      continue;
    }
    if (passed.insert(made->op).second)
      for (const Operand &inner : llvm::ArrayRef(op.operands).drop_back())
        open.emplace_back(made->op, &inner);
  }
  return found;
}
