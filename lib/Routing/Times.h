//===- Times.h - What is over before something else begins ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step is a chain for the most part: what a kernel sends past the next ones
// is long there when these send something themselves. Times are measured from
// the end of a kernel P, whenever that is:
//
//   - a flow from P is over after its cycles and what it waits for others;
//   - a kernel all of whose inputs come from P or from kernels before P, and
//     whose region is free by then, has ended after the longest of its inputs,
//     its own cycles and what it waits: all counted at their most;
//   - a kernel behind P begins no earlier than after the longest way from P
//     through kernels and streams, all counted at their least: without waiting.
//
// So what is over by the first two before the third begins never meets it,
// however long others are held up. What things wait at most is not known before
// contention is: it is counted without times first, and what that gives is an
// upper bound for the count with times.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ROUTING_TIMES_H
#define INLAY_LIB_ROUTING_TIMES_H

#include "Measure.h"

#include <map>

namespace inlay::routing {

/// What loads links at one time: a flow, or a kernel at work.
struct Carrier {
  int flow = -1;
  int kernel = -1;
};

class Times {
public:
  explicit Times(const Problem &problem);

  /// What flows and kernels wait at most, in wavelets.
  void setWaits(const std::vector<int64_t> &ofFlows,
                const std::vector<int64_t> &ofKernels);

  /// The first is over on the wafer before the second begins there. False
  /// before waits are known.
  bool isOver(const Carrier &first, const Carrier &second, int wafer);

private:
  /// Cycles after the end of kernel `from` at most.
  struct End {
    int from = kHost;
    double cycles = 0;
  };

  std::optional<double> mostOf(int flow) const;
  std::optional<End> endOf(int kernel) const;
  const std::vector<double> &startsBehind(int kernel);
  bool beginsAfter(const End &end, const Carrier &carrier, int wafer);

  const Problem &problem;
  std::vector<std::vector<std::pair<int, double>>> before; ///< of each kernel
  std::vector<std::vector<int>> flowsTo;                   ///< of each kernel
  std::vector<int> turnBefore; ///< of each kernel, on its region
  std::vector<int64_t> flowWaits, kernelWaits;
  std::map<int, std::vector<double>> starts; ///< behind each kernel asked for
};

} // namespace inlay::routing

#endif // INLAY_LIB_ROUTING_TIMES_H
