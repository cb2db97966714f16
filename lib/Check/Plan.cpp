//===- Plan.cpp - A plan as its checker reads it --------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fields.h"

#include "fmt/format.h"

#include <algorithm>

using namespace inlay::checker;

int64_t inlay::checker::product(const std::vector<int64_t> &sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result = times(result, size);
  return result;
}

int64_t Rect::common(const Rect &other) const {
  int64_t w = std::min(right(), other.right()) - std::max(x, other.x);
  int64_t h = std::min(bottom(), other.bottom()) - std::max(y, other.y);
  return w > 0 && h > 0 ? times(w, h) : 0;
}

Rect Rect::meet(const Rect &other) const {
  if (common(other) == 0)
    return {};
  int64_t left = std::max(x, other.x), top = std::max(y, other.y);
  return {left, top, std::min(right(), other.right()) - left,
          std::min(bottom(), other.bottom()) - top};
}

bool Rect::contains(const Rect &other) const {
  return other.x >= x && other.y >= y && other.right() <= right() &&
         other.bottom() <= bottom();
}

std::string Rect::str() const {
  return fmt::format("({}, {}) to ({}, {})", x, y, right() - 1, bottom() - 1);
}

int64_t Kernel::extent(const std::string &axis) const {
  const Rect &unit = groups.empty() ? rect : groups.front().rect;
  if (axis == "x")
    return unit.width;
  if (axis == "y")
    return unit.height;
  if (axis == "group")
    return std::max<int64_t>(1, static_cast<int64_t>(groups.size()));
  return 1;
}

int64_t Kernel::cores() const {
  if (groups.empty())
    return rect.area();
  int64_t sum = 0;
  for (const Group &group : groups)
    sum = plus(sum, group.rect.area());
  return sum;
}

int64_t System::bankOf(int64_t offset) const {
  if (banks <= 0 || sramBytes <= 0)
    return 0;
  __int128 address = plus(reservedBytes, offset);
  return static_cast<int64_t>(address * banks / sramBytes);
}

std::string Stream::place() const {
  return fmt::format("stream '{}' from {} to {}", name,
                     from.empty() ? "the host" : "'" + from + "'",
                     to.empty() ? "the host" : "'" + to + "'");
}

namespace {

Cut readCut(const Fields &in) {
  Cut cut = {in.text("dim"),      in.text("axis"),      in.integer("size"),
             in.integer("parts"), in.integer("unit"),   in.integer("shard"),
             in.integer("inner"), in.integer("points"), 0,
             in.flag("reduction")};
  cut.pitch = in.integerOr("pitch", cut.size);
  return cut;
}

Operand readOperand(const Fields &in) {
  return {in.text("role"),
          in.text("buffer"),
          in.text("type"),
          in.integer("bits"),
          in.integers("index_dims"),
          in.integers("index_divisors"),
          in.integers("index_firsts")};
}

Op readOp(const Fields &in) {
  return {in.text("op"),
          in.text("kind"),
          in.children("dims", readCut),
          in.children("operands", readOperand),
          in.text("node"),
          in.numberOr("operations", 1),
          in.numberOr("density", 1),
          in.text("compute_type")};
}

Piece readPiece(const Fields &in) {
  return {
      in.text("initializer"), in.text("file"),      in.text("encoding"),
      in.integer("offset"),   in.integer("length"), in.integer("stored_bits"),
      in.integer("first"),    in.integers("sizes"), in.integers("strides")};
}

Tensor readTensor(const Fields &in) {
  return {in.text("name"),           in.text("type"),
          in.integer("bits"),        in.integer("bytes"),
          in.integers("shape"),      in.children("cuts", readCut),
          in.integer("context_dim"), in.integer("window")};
}

Weight readWeight(const Fields &in) {
  Weight weight{readTensor(in), in.children("pieces", readPiece),
                in.integer("row_pitch_bits"), in.integer("copies")};
  return weight;
}

Buffer readBuffer(const Fields &in) {
  return {
      in.text("name"),       in.text("role"),         in.integer("offset"),
      in.integer("bytes"),   in.integer("slots"),     in.integer("first_op"),
      in.integer("last_op"), in.integer("alignment"), in.integer("bank")};
}

CoreClass readClass(const Fields &in) {
  return {in.text("name"), in.children("rectangles", readRect),
          in.integer("cores"), in.integer("bytes_per_core"),
          in.children("memory", readBuffer)};
}

Group readGroup(const Fields &in) {
  Group group = {in.integer("index"), in.integers("experts"),
                 in.child("rectangle", readRect)};
  // Groups of 1.0 have experts in order; no model has as many as this.
  constexpr int64_t kMostExperts = 1 << 16;
  int64_t first = in.integer("first_expert"), end = in.integer("end_expert");
  for (; first >= 0 && first < end && end <= kMostExperts; ++first)
    group.experts.push_back(first);
  return group;
}

Cycles readCycles(const Fields &in) {
  Cycles cycles;
  for (const char *cause : kCauses)
    cycles.parts.push_back(in.number(cause));
  cycles.total = in.number("total");
  return cycles;
}

Bound readBound(const Fields &in) {
  Bound bound;
  for (const auto &[name, value] : in.object)
    if (auto number = value.getAsNumber())
      bound.reasons[name.str()] = *number;
  bound.cycles = in.number("cycles");
  bound.reasons.erase("cycles");
  bound.binding = in.text("binding");
  return bound;
}

Kernel readKernel(const Fields &in) {
  Kernel kernel;
  kernel.name = in.text("name");
  kernel.role = in.text("role");
  kernel.structure = in.text("structure");
  kernel.region = in.text("region");
  kernel.layer = in.integer("layer");
  kernel.experts = in.integer("experts");
  kernel.expertsPerToken = in.integer("experts_per_token");
  kernel.wafer = in.integer("wafer");
  kernel.inputs = in.texts("inputs");
  kernel.ops = in.children("ops", readOp);
  kernel.weights = in.children("weights", readWeight);
  kernel.states = in.children("states", readTensor);
  kernel.groups = in.children("expert_groups", readGroup);
  kernel.classes = in.children("core_classes", readClass);
  kernel.bytesPerCore = in.integer("bytes_per_core");
  kernel.cycles = in.child("cycles", readCycles);
  kernel.worstCase = in.number("worst_case_cycles");
  kernel.least = in.number("least_cycles");
  kernel.activations = in.number("activations");
  kernel.unknownBytes = in.number("unknown_bytes");
  kernel.movedBytes = in.number("moved_bytes");
  kernel.bound = in.child("bound", readBound);
  kernel.regionBound = in.child("region_bound", readBound);
  return kernel;
}

Stream readStream(const Fields &in) {
  Stream stream;
  stream.name = in.text("name");
  stream.from = in.text("from");
  stream.to = in.text("to");
  stream.type = in.text("type");
  stream.fromPort = in.integer("from_port");
  stream.toPort = in.integer("to_port");
  stream.bytes = in.integer("bytes");
  stream.hops = in.integer("hops");
  stream.shape = in.integers("shape");
  stream.isCrossing = in.flag("crossing");
  stream.isInPlace = in.flag("in_place");
  stream.cycles = in.child("cycles", readCycles);
  return stream;
}

Region readRegion(const Fields &in) {
  return {in.text("name"),
          in.integer("wafer"),
          in.integer("bytes_per_core"),
          in.integer("least_bytes_per_core"),
          in.child("rectangle", readRect),
          in.texts("kernels")};
}

Figure readFigure(const Fields &in) {
  return {in.text("name"), in.number("value"), in.text("unit"),
          in.text("source"), in.flag("assumption")};
}

System readSystem(const Fields &in) {
  System system;
  system.target = in.text("target");
  system.description = in.text("description");
  system.wafers = in.integer("wafers");
  system.width = in.integer("width");
  system.height = in.integer("height");
  system.dead = in.children("dead", readRect);
  system.sramBytes = in.integer("sram_bytes");
  system.reservedBytes = in.integer("reserved_bytes");
  system.budgetBytes = in.integer("budget_bytes");
  system.alignment = in.integer("buffer_alignment");
  system.clockGhz = in.number("clock_ghz");
  system.figures = in.children("figures", readFigure);
  system.banks = in.integer("banks");
  system.reserved = in.children("reserved", [](const Fields &range) {
    return ReservedRange{range.text("name"), range.integer("address"),
                         range.integer("bytes")};
  });
  return system;
}

Rate readRate(const Fields &in) {
  return {in.number("clock_ghz"), in.number("tokens_per_second_user"),
          in.number("tokens_per_second_system"),
          in.number("tokens_per_second_in_flight")};
}

InFlight readInFlight(const Fields &in) {
  return {in.integer("steps"), in.number("period"), in.number("turn"),
          in.number("fill"), in.number("drain")};
}

PhaseEstimate readPhase(const Fields &in) {
  PhaseEstimate phase;
  phase.phase = in.text("phase");
  phase.batch = in.integer("batch");
  phase.context = in.count("context");
  phase.tokens = in.count("tokens");
  phase.firings = in.number("firings");
  phase.latency = in.child("latency", readCycles);
  phase.worstCase = in.number("worst_case_latency");
  phase.gap = in.number("gap");
  phase.stageCycles = in.numbers("stage_cycles");
  phase.bound = in.child("bound", readBound);
  phase.rates = in.children("rates", readRate);
  phase.inFlight = in.child("in_flight", readInFlight);
  return phase;
}

Estimate readEstimate(const Fields &in) {
  Estimate estimate;
  estimate.mode = in.text("mode");
  estimate.latency = in.child("latency", readCycles);
  estimate.worstCase = in.number("worst_case_latency");
  estimate.gap = in.number("gap");
  estimate.unknownBytes = in.number("unknown_bytes");
  estimate.movedBytes = in.number("moved_bytes");
  estimate.criticalPath = in.texts("critical_path");
  estimate.stageCycles = in.numbers("stage_cycles");
  estimate.bound = in.child("bound", readBound);
  estimate.modelBound = in.child("model_bound", [](const Fields &bound) {
    return ModelBound{bound.number("cycles"), bound.integer("wafers")};
  });
  estimate.rates = in.children("rates", readRate);
  estimate.inFlight = in.child("in_flight", readInFlight);
  return estimate;
}

std::pair<std::string, int64_t> readNamedBytes(const Fields &in) {
  return {in.text("name"), in.integer("bytes")};
}

HostValue readHostValue(const Fields &in) {
  return {in.text("node"), in.children("initializers", readNamedBytes)};
}

Accounting readAccounting(const Fields &in) {
  Accounting accounting;
  accounting.weight = in.integer("weight_bytes");
  accounting.reachable = in.integer("reachable_bytes");
  accounting.resident = in.integer("resident_bytes");
  accounting.shard = in.integer("shard_bytes");
  accounting.copy = in.integer("copy_bytes");
  accounting.padding = in.integer("padding_bytes");
  accounting.state = in.integer("state_bytes");
  accounting.folded = in.children("folded", readNamedBytes);
  return accounting;
}

} // namespace

Plan inlay::checker::readPlan(const json::Object &object) {
  Fields in(object);
  Plan plan;
  plan.minor = in.child("version", [](const Fields &version) {
    return version.integer("minor");
  });
  plan.contentSha256 = in.text("content_sha256");
  plan.model = in.text("model");
  plan.digests = in.children("digests", [](const Fields &digest) {
    return Digest{digest.text("name"), digest.text("sha256")};
  });
  plan.options = in.texts("options");
  plan.assumptions = in.texts("assumptions");
  plan.isFeasible = in.flag("feasible");
  in.child("step", [&](const Fields &step) {
    plan.phase = step.text("phase");
    plan.batch = step.integer("batch");
    plan.context = step.integer("context");
    plan.tokens = step.integer("tokens");
    plan.sequencesInFlight = step.integer("sequences_in_flight");
    return 0;
  });
  plan.maxContext = in.integer("max_context");
  plan.system = in.child("system", readSystem);
  plan.regions = in.children("regions", readRegion);
  plan.kernels = in.children("kernels", readKernel);
  plan.hostValues = in.children("host_values", readHostValue);
  plan.streams = in.children("streams", readStream);
  plan.estimate = in.child("estimate", readEstimate);
  plan.otherPhases = in.children("other_phases", readPhase);
  plan.accounting = in.child("accounting", readAccounting);
  plan.fabric = readFabric(in);
  std::map<std::string, const Region *> regions;
  for (const Region &region : plan.regions)
    regions.emplace(region.name, &region);
  for (size_t k = 0; k < plan.kernels.size(); ++k) {
    Kernel &kernel = plan.kernels[k];
    kernel.minor = plan.minor;
    plan.kernelOf.emplace(kernel.name, k);
    if (auto found = regions.find(kernel.region); found != regions.end())
      kernel.rect = found->second->rect;
  }
  return plan;
}
