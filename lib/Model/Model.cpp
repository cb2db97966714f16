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

int64_t Graph::weightBytes() const {
  llvm::StringSet<> seen;
  int64_t bytes = 0;
  for (const KernelSpec &kernel : kernels)
    for (const WeightSpec &weight : kernel.weights)
      if (seen.insert(weight.name).second)
        bytes += weight.storedBytes();
  return bytes;
}
