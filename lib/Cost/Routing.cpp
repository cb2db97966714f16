//===- Routing.cpp - Which experts tokens choose, and how evenly ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Routing.h"
#include "inlay/Cost/RoutingTrace.h"
#include "inlay/Support/Digest.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

using namespace inlay;
using namespace inlay::cost;

Routing Routing::trace(std::shared_ptr<const Choices> choices) {
  Routing routing{Kind::Trace, 0, {}, std::move(choices)};
  for (uint16_t expert : routing.choices->experts) {
    if (expert >= routing.frequency.size())
      routing.frequency.resize(size_t(expert) + 1, 0);
    routing.frequency[expert] += 1;
  }
  return routing;
}

Routing ModelRouting::of(int64_t layer) const {
  Routing routing;
  auto found = choices.find(layer);
  if (kind == Routing::Kind::Zipf)
    routing = Routing::zipf(exponent);
  else if (kind == Routing::Kind::Trace && found != choices.end())
    routing = Routing::trace(found->second);
  routing.seed = seed;
  return routing;
}

/// How uneven a layer chooses: 1 / experts where it is even, 1 / experts of a
/// token where all choose the same.
static double skewOf(const Routing &layer) {
  double all = 0, squares = 0;
  for (double count : layer.frequency) {
    all += count;
    squares += count * count;
  }
  return squares / std::max(1.0, all * all);
}

Routing ModelRouting::typical() const {
  if (kind != Routing::Kind::Trace || choices.empty())
    return of(0);
  std::vector<std::pair<double, int64_t>> layers;
  for (const auto &[layer, chosen] : choices)
    layers.push_back({skewOf(Routing::trace(chosen)), layer});
  auto median = layers.begin() + int64_t(layers.size() / 2);
  std::nth_element(layers.begin(), median, layers.end());
  return of(median->second);
}

std::string ModelRouting::describe() const {
  switch (kind) {
  case Routing::Kind::Uniform:
    return "uniform";
  case Routing::Kind::Zipf:
    return fmt::format("zipf:{:g}", exponent);
  case Routing::Kind::Trace:
    return "trace " + trace;
  }
  return "uniform";
}

std::optional<ModelRouting> inlay::cost::parseRouting(const std::string &text,
                                                      Diagnostics &diags) {
  constexpr double kMostSkewed = 100;
  ModelRouting routing;
  llvm::StringRef rest = text;
  if (rest == "uniform")
    return routing;
  if (rest.consume_front("zipf:")) {
    routing.kind = Routing::Kind::Zipf;
    if (!rest.getAsDouble(routing.exponent) && routing.exponent >= 0 &&
        routing.exponent <= kMostSkewed)
      return routing;
    diags
        .inputError("option --routing",
                    fmt::format("'{}' is no exponent from 0 to {:g}",
                                rest.str(), kMostSkewed))
        .notes.push_back("e.g. --routing zipf:1");
    return std::nullopt;
  }
  if (rest.empty() || !llvm::sys::fs::is_regular_file(rest)) {
    diags
        .inputError(
            "option --routing",
            fmt::format("'{}' is neither uniform nor zipf:S nor a file", text))
        .notes.push_back("docs/routing-traces.md describes the files");
    return std::nullopt;
  }
  std::optional<RoutingTrace> trace = readRoutingTrace(text, diags);
  std::optional<std::string> digest =
      trace ? sha256OfFile(text, diags) : std::nullopt;
  if (!digest)
    return std::nullopt;
  routing = toRouting(*trace);
  routing.trace = llvm::sys::path::filename(rest).str();
  routing.digest = std::move(*digest);
  return routing;
}

std::vector<double> inlay::cost::inclusion(const Routing &routing,
                                           int64_t experts, int64_t perToken) {
  size_t count = size_t(std::max<int64_t>(1, experts));
  double wanted = double(std::clamp<int64_t>(perToken, 1, int64_t(count)));
  std::vector<double> weights(count, 1);
  if (routing.kind == Routing::Kind::Zipf)
    for (size_t i = 0; i < count; ++i)
      weights[i] = std::pow(double(i + 1), -routing.exponent);
  if (routing.kind == Routing::Kind::Trace)
    for (size_t i = 0; i < count; ++i)
      // An expert that the trace never saw may still be chosen.
      weights[i] = i < routing.frequency.size()
                       ? std::max(routing.frequency[i], 1e-9)
                       : 1e-9;
  std::vector<double> chosen(count, 0);
  std::vector<bool> isCapped(count, false);
  for (size_t round = 0; round <= count; ++round) {
    double free = wanted, sum = 0;
    for (size_t i = 0; i < count; ++i)
      (isCapped[i] ? free : sum) += isCapped[i] ? -1 : weights[i];
    bool isDone = true;
    for (size_t i = 0; i < count; ++i) {
      chosen[i] = isCapped[i] ? 1 : weights[i] * free / sum;
      if (!isCapped[i] && chosen[i] > 1) {
        isCapped[i] = true;
        isDone = false;
      }
    }
    if (isDone)
      break;
  }
  return chosen;
}

double inlay::cost::expectedExpertsUsed(const Routing &routing,
                                        const ExpertLoad &load) {
  double used = 0;
  for (double p : inclusion(routing, load.experts, load.perToken))
    used += 1 - std::pow(1 - p, double(load.tokens));
  return used;
}
