//===- Plan.cpp - Reading a plan in C -------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Handles.h"

#include "inlay/Support/OutputFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace inlay;
using namespace inlay::capi;

InlayPlan::InlayPlan(plan::Plan source, std::string warnings)
    : plan(std::move(source)), warnings(std::move(warnings)) {
  for (const plan::Kernel &kernel : plan.kernels)
    kernels.try_emplace(kernel.name, &kernel);
}

/// `member` of what a handle stands for; a default for NULL.
template <typename T, typename Member>
static Member get(const T *object, Member T::*member) {
  return object ? object->*member : Member();
}

template <typename T>
static InlayString getString(const T *object, std::string T::*member) {
  return toString(object ? llvm::StringRef(object->*member) : "");
}

template <typename T, typename Element>
static size_t count(const T *object, std::vector<Element> T::*list) {
  return object ? (object->*list).size() : 0;
}

/// Element `index` of a list; null beyond its end and for NULL.
template <typename T, typename Element>
static const Element *at(const T *object, std::vector<Element> T::*list,
                         size_t index) {
  return index < count(object, list) ? &(object->*list)[index] : nullptr;
}

static const plan::Plan *unwrapPlan(const InlayPlan *plan) {
  return plan ? &plan->plan : nullptr;
}

static InlayRectangle toRectangle(const plan::Rectangle *rect) {
  return rect ? InlayRectangle{rect->x, rect->y, rect->width, rect->height}
              : InlayRectangle{0, 0, 0, 0};
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

static InlayError *read(llvm::StringRef json, Diagnostics &diags,
                        InlayPlan **plan) {
  if (std::optional<plan::Plan> read = plan::fromJson(json.str(), diags))
    *plan = new InlayPlan(std::move(*read));
  return makeError(diags);
}

InlayError *inlayPlanReadFile(const char *path, InlayPlan **plan) {
  if (!path)
    return nullError("path");
  if (!plan)
    return nullError("plan");
  *plan = nullptr;
  Diagnostics diags;
  diags.setFile(path);
  // A pipe or a device might never end.
  llvm::sys::fs::file_status status;
  std::error_code error = llvm::sys::fs::status(path, status);
  if (!error && status.type() != llvm::sys::fs::file_type::regular_file)
    error = std::make_error_code(std::errc::invalid_argument);
  auto buffer = error ? error : llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    diags.inputError("", "cannot be read: " + buffer.getError().message());
    return makeError(diags);
  }
  return read((*buffer)->getBuffer(), diags, plan);
}

InlayError *inlayPlanRead(const char *json, size_t length, InlayPlan **plan) {
  if (!json)
    return nullError("json");
  if (!plan)
    return nullError("plan");
  *plan = nullptr;
  Diagnostics diags;
  return read({json, length}, diags, plan);
}

void inlayPlanDestroy(InlayPlan *plan) { delete plan; }

InlayString inlayPlanJson(const InlayPlan *plan) {
  if (!plan)
    return toString("");
  std::call_once(plan->once, [&] { plan->json = plan::toJson(plan->plan); });
  return toString(plan->json);
}

InlayError *inlayPlanWriteFile(const InlayPlan *plan, const char *path) {
  if (!plan)
    return nullError("plan");
  if (!path)
    return nullError("path");
  Diagnostics diags;
  InlayString json = inlayPlanJson(plan);
  writeFile(path, {json.data, json.length}, diags);
  return makeError(diags);
}

InlayString inlayPlanWarnings(const InlayPlan *plan) {
  return getString(plan, &InlayPlan::warnings);
}

InlayString inlayPlanModel(const InlayPlan *plan) {
  return getString(unwrapPlan(plan), &plan::Plan::model);
}

InlayString inlayPlanTarget(const InlayPlan *plan) {
  return toString(plan ? llvm::StringRef(plan->plan.system.target) : "");
}

int inlayPlanIsFeasible(const InlayPlan *plan) {
  return plan && plan->plan.feasible;
}

InlaySystem inlayPlanSystem(const InlayPlan *plan) {
  if (!plan)
    return {};
  const plan::System &system = plan->plan.system;
  return {system.wafers,    system.width,         system.height,
          system.sramBytes, system.reservedBytes, system.clockGhz,
          system.banks};
}

size_t inlayPlanNumReserved(const InlayPlan *plan) {
  return plan ? plan->plan.system.reserved.size() : 0;
}

InlayReservedRange inlayPlanReserved(const InlayPlan *plan, size_t index) {
  if (index >= inlayPlanNumReserved(plan))
    return {toString(""), 0, 0};
  const plan::ReservedRange &range = plan->plan.system.reserved[index];
  return {toString(range.name), range.address, range.bytes};
}

InlayStep inlayPlanStep(const InlayPlan *plan) {
  if (!plan)
    return {toString(""), 0, 0, 0};
  const plan::Step &step = plan->plan.step;
  return {toString(step.phase), step.batch, step.context, step.tokens};
}

InlayEstimate inlayPlanEstimate(const InlayPlan *plan) {
  if (!plan)
    return {0, 0, 0, toString("")};
  const plan::Estimate &estimate = plan->plan.estimate;
  return {estimate.latency.total, estimate.worstCaseLatency,
          estimate.bound.cycles, toString(estimate.bound.binding)};
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

size_t inlayPlanNumRegions(const InlayPlan *plan) {
  return count(unwrapPlan(plan), &plan::Plan::regions);
}

const InlayRegion *inlayPlanRegion(const InlayPlan *plan, size_t index) {
  return wrap(at(unwrapPlan(plan), &plan::Plan::regions, index));
}

InlayString inlayRegionName(const InlayRegion *region) {
  return getString(unwrap(region), &plan::Region::name);
}

int64_t inlayRegionWafer(const InlayRegion *region) {
  return get(unwrap(region), &plan::Region::wafer);
}

InlayRectangle inlayRegionRectangle(const InlayRegion *region) {
  return toRectangle(region ? &unwrap(region)->rectangle : nullptr);
}

int64_t inlayRegionBytes(const InlayRegion *region) {
  return get(unwrap(region), &plan::Region::bytesPerCore);
}

size_t inlayRegionNumKernels(const InlayRegion *region) {
  return count(unwrap(region), &plan::Region::kernels);
}

InlayString inlayRegionKernel(const InlayRegion *region, size_t index) {
  const std::string *name = at(unwrap(region), &plan::Region::kernels, index);
  return toString(name ? llvm::StringRef(*name) : "");
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

size_t inlayPlanNumKernels(const InlayPlan *plan) {
  return count(unwrapPlan(plan), &plan::Plan::kernels);
}

const InlayKernel *inlayPlanKernel(const InlayPlan *plan, size_t index) {
  return wrap(at(unwrapPlan(plan), &plan::Plan::kernels, index));
}

const InlayKernel *inlayPlanFindKernel(const InlayPlan *plan,
                                       const char *name) {
  return plan && name ? wrap(plan->kernels.lookup(name)) : nullptr;
}

InlayString inlayKernelName(const InlayKernel *kernel) {
  return getString(unwrap(kernel), &plan::Kernel::name);
}

InlayString inlayKernelRole(const InlayKernel *kernel) {
  return getString(unwrap(kernel), &plan::Kernel::role);
}

int64_t inlayKernelLayer(const InlayKernel *kernel) {
  return get(unwrap(kernel), &plan::Kernel::layer);
}

int64_t inlayKernelWafer(const InlayKernel *kernel) {
  return get(unwrap(kernel), &plan::Kernel::wafer);
}

InlayString inlayKernelRegion(const InlayKernel *kernel) {
  return getString(unwrap(kernel), &plan::Kernel::region);
}

InlayRectangle inlayKernelRectangle(const InlayKernel *kernel) {
  return toRectangle(kernel ? &unwrap(kernel)->rectangle : nullptr);
}

double inlayKernelCycles(const InlayKernel *kernel) {
  return kernel ? unwrap(kernel)->cycles.total : 0;
}

size_t inlayKernelNumExpertGroups(const InlayKernel *kernel) {
  return count(unwrap(kernel), &plan::Kernel::groups);
}

InlayExpertGroup inlayKernelExpertGroup(const InlayKernel *kernel,
                                        size_t index) {
  const auto *group = at(unwrap(kernel), &plan::Kernel::groups, index);
  if (!group)
    return {};
  return {group->index, toRectangle(&group->rectangle), group->experts.data(),
          group->experts.size()};
}

//===----------------------------------------------------------------------===//
// Weights and states
//===----------------------------------------------------------------------===//

size_t inlayKernelNumWeights(const InlayKernel *kernel) {
  return count(unwrap(kernel), &plan::Kernel::weights);
}

const InlayWeight *inlayKernelWeight(const InlayKernel *kernel, size_t index) {
  return wrap(at(unwrap(kernel), &plan::Kernel::weights, index));
}

InlayString inlayWeightName(const InlayWeight *weight) {
  return getString(unwrap(weight), &plan::Weight::name);
}

InlayString inlayWeightType(const InlayWeight *weight) {
  return getString(unwrap(weight), &plan::Weight::type);
}

int64_t inlayWeightBits(const InlayWeight *weight) {
  return get(unwrap(weight), &plan::Weight::bits);
}

int64_t inlayWeightBytes(const InlayWeight *weight) {
  return get(unwrap(weight), &plan::Weight::bytes);
}

int64_t inlayWeightCopies(const InlayWeight *weight) {
  return get(unwrap(weight), &plan::Weight::copies);
}

size_t inlayWeightRank(const InlayWeight *weight) {
  return count(unwrap(weight), &plan::Weight::shape);
}

int64_t inlayWeightDim(const InlayWeight *weight, size_t index) {
  const int64_t *dim = at(unwrap(weight), &plan::Weight::shape, index);
  return dim ? *dim : 0;
}

size_t inlayWeightNumPieces(const InlayWeight *weight) {
  return count(unwrap(weight), &plan::Weight::pieces);
}

InlayPiece inlayWeightPiece(const InlayWeight *weight, size_t index) {
  const auto *piece = at(unwrap(weight), &plan::Weight::pieces, index);
  if (!piece)
    return {toString(""), toString(""), 0, 0, toString("")};
  return {toString(piece->initializer), toString(piece->file), piece->offset,
          piece->length, toString(piece->encoding)};
}

size_t inlayKernelNumStates(const InlayKernel *kernel) {
  return count(unwrap(kernel), &plan::Kernel::states);
}

const InlayState *inlayKernelState(const InlayKernel *kernel, size_t index) {
  return wrap(at(unwrap(kernel), &plan::Kernel::states, index));
}

InlayString inlayStateName(const InlayState *state) {
  return getString(unwrap(state), &plan::State::name);
}

InlayString inlayStateType(const InlayState *state) {
  return getString(unwrap(state), &plan::State::type);
}

int64_t inlayStateBytes(const InlayState *state) {
  return get(unwrap(state), &plan::State::bytes);
}

size_t inlayStateRank(const InlayState *state) {
  return count(unwrap(state), &plan::State::shape);
}

int64_t inlayStateDim(const InlayState *state, size_t index) {
  const int64_t *dim = at(unwrap(state), &plan::State::shape, index);
  return dim ? *dim : 0;
}

//===----------------------------------------------------------------------===//
// Memory maps
//===----------------------------------------------------------------------===//

size_t inlayKernelNumClasses(const InlayKernel *kernel) {
  return count(unwrap(kernel), &plan::Kernel::classes);
}

const InlayCoreClass *inlayKernelClass(const InlayKernel *kernel,
                                       size_t index) {
  return wrap(at(unwrap(kernel), &plan::Kernel::classes, index));
}

InlayString inlayCoreClassName(const InlayCoreClass *coreClass) {
  return getString(unwrap(coreClass), &plan::CoreClass::name);
}

int64_t inlayCoreClassCores(const InlayCoreClass *coreClass) {
  return get(unwrap(coreClass), &plan::CoreClass::cores);
}

int64_t inlayCoreClassBytes(const InlayCoreClass *coreClass) {
  return get(unwrap(coreClass), &plan::CoreClass::bytesPerCore);
}

size_t inlayCoreClassNumRectangles(const InlayCoreClass *coreClass) {
  return count(unwrap(coreClass), &plan::CoreClass::rectangles);
}

InlayRectangle inlayCoreClassRectangle(const InlayCoreClass *coreClass,
                                       size_t index) {
  return toRectangle(
      at(unwrap(coreClass), &plan::CoreClass::rectangles, index));
}

size_t inlayCoreClassNumBuffers(const InlayCoreClass *coreClass) {
  return count(unwrap(coreClass), &plan::CoreClass::memory);
}

InlayBuffer inlayCoreClassBuffer(const InlayCoreClass *coreClass,
                                 size_t index) {
  const auto *buffer = at(unwrap(coreClass), &plan::CoreClass::memory, index);
  if (!buffer)
    return {toString(""), toString(""), 0, 0, 0, 0, 0, 0, 0};
  return {toString(buffer->name), toString(buffer->role), buffer->offset,
          buffer->bytes,          buffer->slots,          buffer->firstOp,
          buffer->lastOp,         buffer->alignment,      buffer->bank};
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

size_t inlayPlanNumStreams(const InlayPlan *plan) {
  return count(unwrapPlan(plan), &plan::Plan::streams);
}

InlayStream inlayPlanStream(const InlayPlan *plan, size_t index) {
  const auto *stream = at(unwrapPlan(plan), &plan::Plan::streams, index);
  if (!stream)
    return {toString(""), nullptr, 0, nullptr, 0, toString(""), 0, 0, 0};
  return {toString(stream->name), wrap(plan->kernels.lookup(stream->from)),
          stream->fromPort,       wrap(plan->kernels.lookup(stream->to)),
          stream->toPort,         toString(stream->type),
          stream->bytes,          stream->crossing,
          stream->inPlace};
}
