//===- Adapters.cpp - Equal protocols along edges -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Adapters.h"

#include <numeric>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;

Ports ispd2020::portsOf(const Shapes &shapes, const model::Rect &slot,
                        const model::Rect &box) {
  const Option &option = shapes.option(box.width);
  int64_t tiles = int64_t(option.h) * option.w;
  int64_t room = option.isRotated ? slot.width : slot.height;
  auto most = static_cast<int>(room / tiles) - 1;
  Ports ports;
  ports.image = {option.h, option.w};
  ports.in = {option.firstC.low, std::min(most, option.firstC.high)};
  ports.out = {option.lastC.low, std::min(most, option.lastC.high)};
  return ports;
}

PortMatcher::PortMatcher(const Problem &problem) : problem(problem) {
  int ports = 0;
  for (const Kernel &kernel : problem.kernels) {
    bool isOne = kernel.kind == KernelKind::Conv;
    portOf.push_back({ports, isOne ? ports : ports + 1});
    ports += isOne ? 1 : 2;
  }
  leaders.resize(ports);
  ranges.resize(ports);
}

int PortMatcher::find(int port) const {
  while (leaders[port] != port)
    port = leaders[port] = leaders[leaders[port]];
  return port;
}

int PortMatcher::match(const std::vector<Ports> &ports) {
  std::iota(leaders.begin(), leaders.end(), 0);
  for (size_t i = 0; i < ports.size(); ++i) {
    ranges[portOf[i][0]] = ports[i].in;
    if (portOf[i][1] != portOf[i][0])
      ranges[portOf[i][1]] = ports[i].out;
  }
  int adapters = 0;
  for (auto [from, to] : problem.edges) {
    adapters += int(ports[from].image.h != ports[to].image.h) +
                int(ports[from].image.w != ports[to].image.w);
    int a = find(portOf[from][1]);
    int b = find(portOf[to][0]);
    if (a == b)
      continue;
    Range both = {std::max(ranges[a].low, ranges[b].low),
                  std::min(ranges[a].high, ranges[b].high)};
    if (both.low > both.high) {
      ++adapters;
      continue;
    }
    leaders[b] = a;
    ranges[a] = both;
  }
  return adapters;
}
