//===- CoreBytes.cpp - What a core of a plan holds, in C ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/CoreBytes.h"

#include "Handles.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::capi;

const InlayRegion *inlayPlanFindRegion(const InlayPlan *plan, int64_t wafer,
                                       int64_t x, int64_t y) {
  return plan ? wrap(plan::findRegion(plan->plan, wafer, x, y)) : nullptr;
}

InlayCore inlayKernelCore(const InlayKernel *kernel, int64_t x, int64_t y) {
  plan::CorePlace core =
      kernel ? plan::findCore(*unwrap(kernel), x, y) : plan::CorePlace();
  return {wrap(core.coreClass), core.column, core.row,
          core.group ? core.group->index : -1};
}

namespace {

/// What all functions of shards are asked: a core of a kernel and a weight.
struct Shard {
  const plan::Weight *weight = nullptr;
  plan::CorePlace core;
};

} // namespace

static InlayError *findCore(const InlayKernel *kernel, int64_t x, int64_t y,
                            plan::CorePlace &core) {
  if (!kernel)
    return nullError("kernel");
  core = plan::findCore(*unwrap(kernel), x, y);
  if (core.kernel)
    return nullptr;
  return makeError(INLAY_STATUS_INPUT, "error: core (" + std::to_string(x) +
                                           ", " + std::to_string(y) +
                                           "): is not in the region of '" +
                                           unwrap(kernel)->name + "'\n");
}

static InlayError *findShard(const InlayKernel *kernel, int64_t x, int64_t y,
                             const InlayWeight *weight, Shard &shard) {
  if (!weight)
    return nullError("weight");
  shard.weight = unwrap(weight);
  return findCore(kernel, x, y, shard.core);
}

InlayError *inlayKernelShardRange(const InlayKernel *kernel, int64_t x,
                                  int64_t y, const InlayWeight *weight,
                                  size_t index, int64_t *begin, int64_t *end) {
  if (!begin)
    return nullError("begin");
  if (!end)
    return nullError("end");
  Shard shard;
  if (InlayError *error = findShard(kernel, x, y, weight, shard))
    return error;
  Diagnostics diags;
  auto box = plan::shardBox(*shard.weight, shard.core, diags);
  if (box && index < box->size()) {
    *begin = (*box)[index].begin;
    *end = (*box)[index].end;
  } else if (box) {
    diags.inputError("weight '" + shard.weight->name + "'",
                     "has no dim " + std::to_string(index));
  }
  return makeError(diags);
}

InlayError *inlayKernelShardBytes(const InlayKernel *kernel, int64_t x,
                                  int64_t y, const InlayWeight *weight,
                                  int64_t *bytes) {
  if (!bytes)
    return nullError("bytes");
  Shard shard;
  if (InlayError *error = findShard(kernel, x, y, weight, shard))
    return error;
  Diagnostics diags;
  if (auto box = plan::shardBox(*shard.weight, shard.core, diags))
    if (auto count = plan::boxBytes(*shard.weight, *box, diags))
      *bytes = *count;
  return makeError(diags);
}

InlayError *inlayKernelReadShard(const InlayKernel *kernel, int64_t x,
                                 int64_t y, const InlayWeight *weight,
                                 const char *folder, void *buffer,
                                 size_t size) {
  if (!folder)
    return nullError("folder");
  if (!buffer && size != 0)
    return nullError("buffer");
  Shard shard;
  if (InlayError *error = findShard(kernel, x, y, weight, shard))
    return error;
  Diagnostics diags;
  plan::readShard(*shard.weight, shard.core, folder,
                  {static_cast<char *>(buffer), size}, diags);
  return makeError(diags);
}

InlayError *inlayKernelStateElements(const InlayKernel *kernel, int64_t x,
                                     int64_t y, const InlayState *state,
                                     int64_t *elements, size_t size,
                                     size_t *count) {
  if (!state)
    return nullError("state");
  if (!count)
    return nullError("count");
  if (!elements && size != 0)
    return nullError("elements");
  plan::CorePlace core;
  if (InlayError *error = findCore(kernel, x, y, core))
    return error;
  Diagnostics diags;
  if (auto all = plan::stateElements(*unwrap(state), core, diags)) {
    *count = all->size();
    std::copy_n(all->begin(), std::min(size, all->size()), elements);
  }
  return makeError(diags);
}

InlayError *inlayPlanReadImage(const InlayPlan *plan, int64_t wafer, int64_t x,
                               int64_t y, const char *folder, void *image,
                               size_t size) {
  if (!plan)
    return nullError("plan");
  if (!folder)
    return nullError("folder");
  if (!image && size != 0)
    return nullError("image");
  Diagnostics diags;
  const plan::Region *region = plan::findRegion(plan->plan, wafer, x, y);
  if (region)
    plan::readImage(plan->plan, *region, x, y, folder,
                    {static_cast<char *>(image), size}, diags);
  else
    diags.inputError("core (" + std::to_string(x) + ", " + std::to_string(y) +
                         ")",
                     "is in no region of wafer " + std::to_string(wafer));
  return makeError(diags);
}
