//===- Pipeline.cpp - Several steps in flight -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Schedule/Pipeline.h"

#include <algorithm>

using namespace inlay::schedule;

Pipeline inlay::schedule::pipelineOf(double latency,
                                     const std::vector<double> &stageCycles,
                                     int64_t steps) {
  double slowest = *std::max_element(stageCycles.begin(), stageCycles.end());
  Pipeline pipeline;
  pipeline.steps = steps;
  pipeline.latency = latency;
  pipeline.period = std::max(slowest, latency / double(steps));
  pipeline.fill = std::max(0.0, latency - stageCycles.back());
  pipeline.drain = std::max(0.0, latency - stageCycles.front());
  return pipeline;
}
