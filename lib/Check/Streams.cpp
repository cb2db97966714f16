//===- Streams.cpp - Edges between kernels --------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Routing.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

#include <cstdlib>

using namespace inlay::checker;

namespace {

class StreamChecker {
public:
  StreamChecker(const Plan &plan, Report &report)
      : plan(plan), report(report) {}

  void run() {
    report.begin("streams");
    for (const Stream &stream : plan.streams)
      checkStream(stream);
    checkOrder();
    checkPorts();
  }

private:
  void checkStream(const Stream &stream);
  void checkWay(const Stream &stream, const Kernel &from, const Kernel &to);
  void checkOrder();
  void checkPorts();
  const Kernel *kernel(const std::string &name, const Stream &stream);

  const Plan &plan;
  Report &report;
};

} // namespace

const Kernel *StreamChecker::kernel(const std::string &name,
                                    const Stream &stream) {
  if (name.empty())
    return nullptr;
  auto found = plan.kernelOf.find(name);
  if (found != plan.kernelOf.end())
    return &plan.kernels[found->second];
  report.fail(stream.place(),
              "names kernel '" + name + "', which is not there");
  return nullptr;
}

void StreamChecker::checkStream(const Stream &stream) {
  const Kernel *from = kernel(stream.from, stream);
  const Kernel *to = kernel(stream.to, stream);
  if (stream.from.empty() && stream.to.empty())
    report.fail(stream.place(), "has no kernel at either end");
  int64_t bits = bitsOfType(stream.type);
  int64_t bytes = divideUp(times(product(stream.shape), bits), 8);
  if (bits == 0 || stream.bytes != bytes)
    report.fail(stream.place(), fmt::format("says {} B, {} elements of type {} "
                                            "take {} B",
                                            stream.bytes, product(stream.shape),
                                            stream.type, bytes));
  if (from && to && llvm::none_of(to->ops, [&](const Op &op) {
        return llvm::any_of(op.operands, [&](const Operand &operand) {
          return isPort(operand, "input", stream.toPort);
        });
      }))
    report.fail(stream.place(), fmt::format("comes in at input {}, which no op "
                                            "reads",
                                            stream.toPort));
  if (from && to)
    return checkWay(stream, *from, *to);
  if (stream.hops != 0 || stream.isCrossing || stream.isInPlace ||
      stream.cycles.total != 0)
    report.fail(stream.place(),
                fmt::format("has {} hops and {} cycles; streams "
                            "of the host have no way",
                            stream.hops, stream.cycles.total));
}

/// Between the middles of the regions.
static int64_t hopsBetween(const Rect &a, const Rect &b) {
  int64_t dx = 2 * a.x + a.width - 2 * b.x - b.width;
  int64_t dy = 2 * a.y + a.height - 2 * b.y - b.height;
  return (std::abs(dx) + std::abs(dy) + 1) / 2;
}

void StreamChecker::checkWay(const Stream &stream, const Kernel &from,
                             const Kernel &to) {
  if (plan.kernelOf.at(from.name) >= plan.kernelOf.at(to.name))
    report.fail(stream.place(), "goes back in the order of the kernels");
  if (stream.isCrossing != (from.wafer != to.wafer))
    report.fail(stream.place(),
                fmt::format("leads from wafer {} to {}, but is {}a crossing",
                            from.wafer, to.wafer,
                            stream.isCrossing ? "" : "not "));
  if (stream.isCrossing != (stream.cycles.parts[kCrossing] > 0))
    report.fail(stream.place(),
                fmt::format("is {}a crossing and has {} cycles for it",
                            stream.isCrossing ? "" : "not ",
                            stream.cycles.parts[kCrossing]));
  if (stream.isInPlace != (from.region == to.region))
    report.fail(stream.place(),
                fmt::format("is {}in place and joins {}",
                            stream.isInPlace ? "" : "not ",
                            from.region == to.region ? "kernels of one region"
                                                     : "two regions"));
  if (stream.isInPlace && stream.cycles.total != 0)
    report.fail(stream.place(), fmt::format("is in place and takes {} cycles",
                                            stream.cycles.total));
  bool isOnGrid = !stream.isInPlace && !stream.isCrossing;
  int64_t hops = !isOnGrid ? 0 : hopsBetween(from.rect, to.rect);
  if (stream.hops != hops)
    report.fail(stream.place(), fmt::format("says {} hops, its regions are {} "
                                            "apart",
                                            stream.hops, hops));
}

/// By consumer and its inputs, those to the host last: routes count on it.
void StreamChecker::checkOrder() {
  std::pair<size_t, int64_t> last{0, -1};
  for (const Stream &stream : plan.streams) {
    auto to = plan.kernelOf.find(stream.to);
    std::pair<size_t, int64_t> key{
        to == plan.kernelOf.end() ? plan.kernels.size() : to->second,
        stream.toPort};
    if (key < last)
      report.fail(stream.place(), "stands behind one of a later consumer or "
                                  "input");
    last = std::max(last, key);
  }
}

/// Inputs are fed once, ports are numbered without gaps, edges from one output
/// carry one tensor under one name.
void StreamChecker::checkPorts() {
  std::map<std::pair<std::string, int64_t>, const Stream *> inputs, outputs;
  std::map<std::string, int64_t> mostInputs, mostOutputs;
  for (const Stream &stream : plan.streams) {
    auto [input, isNewInput] =
        inputs.try_emplace({stream.to, stream.toPort}, &stream);
    if (!isNewInput)
      report.fail(stream.place(),
                  fmt::format("feeds input {}, which '{}' feeds already",
                              stream.toPort, input->second->name));
    auto [output, isNewOutput] =
        outputs.try_emplace({stream.from, stream.fromPort}, &stream);
    const Stream &first = *output->second;
    if (!isNewOutput &&
        (first.type != stream.type || first.shape != stream.shape ||
         (!stream.to.empty() && !first.to.empty() &&
          first.name != stream.name)))
      report.fail(stream.place(), "differs in name, type or shape from another "
                                  "edge of the same output");
    std::string name = fmt::format("{}:{}", stream.from, stream.fromPort);
    if (!stream.from.empty() && !stream.to.empty() && stream.name != name)
      report.fail(stream.place(), "should have the name '" + name + "'");
    mostInputs[stream.to] = std::max(mostInputs[stream.to], stream.toPort);
    mostOutputs[stream.from] =
        std::max(mostOutputs[stream.from], stream.fromPort);
  }
  auto checkGaps = [&](const auto &ports, const auto &most, const char *what) {
    for (const auto &[name, last] : most) {
      int64_t count = 0;
      for (auto at = ports.lower_bound({name, 0});
           at != ports.end() && at->first.first == name; ++at)
        ++count;
      if (count != last + 1)
        report.fail(
            name.empty() ? "the host" : "kernel '" + name + "'",
            fmt::format("has streams at {} of {} {}s", count, last + 1, what));
    }
  };
  checkGaps(inputs, mostInputs, "input");
  checkGaps(outputs, mostOutputs, "output");
}

void inlay::checker::checkStreams(const Plan &plan, Report &report) {
  StreamChecker(plan, report).run();
}
