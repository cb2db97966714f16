//===- Fields.h - The JSON fields of a plan ---------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One `visit` for each struct lists its fields with their JSON names. The
// writer and the reader are visitors: a field exists in both directions or in
// neither.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_PLAN_FIELDS_H
#define INLAY_LIB_PLAN_FIELDS_H

#include "inlay/Plan/Plan.h"

namespace inlay::plan {

/// Integers beyond this do not survive readers that use doubles: they are
/// written as strings.
inline constexpr int64_t kLargestExact = int64_t(1) << 53;

/// The minor version that a field came with, where that is not the first.
struct Since {
  int64_t minor;
};

/// The minor version that a field left with.
struct Until {
  int64_t minor;
};

/// A field that is written only where it has another value.
template <typename T> struct Unless {
  T value;
};

template <typename V> void visit(V &v, Digest &o) {
  v.field("name", o.name);
  v.field("sha256", o.sha256);
}

template <typename V> void visit(V &v, Figure &o) {
  v.field("name", o.name);
  v.field("value", o.value);
  v.field("unit", o.unit);
  v.field("source", o.source);
  v.field("assumption", o.assumption);
}

template <typename V> void visit(V &v, Rectangle &o) {
  v.field("x", o.x);
  v.field("y", o.y);
  v.field("width", o.width);
  v.field("height", o.height);
}

template <typename V> void visit(V &v, ReservedRange &o) {
  v.field("name", o.name);
  v.field("address", o.address);
  v.field("bytes", o.bytes);
}

template <typename V> void visit(V &v, System &o) {
  v.field("target", o.target);
  v.field("description", o.description);
  v.field("wafers", o.wafers);
  v.field("width", o.width);
  v.field("height", o.height);
  v.field("dead", o.dead);
  v.field("sram_bytes", o.sramBytes);
  v.field("reserved_bytes", o.reservedBytes);
  v.field("budget_bytes", o.budgetBytes);
  v.field("buffer_alignment", o.bufferAlignment);
  v.field("clock_ghz", o.clockGhz);
  v.field("figures", o.figures);
  v.field("banks", o.banks, Since{1});
  v.field("reserved", o.reserved, Since{1});
}

template <typename V> void visit(V &v, Step &o) {
  v.field("phase", o.phase);
  v.field("batch", o.batch);
  v.field("context", o.context);
  v.field("tokens", o.tokens);
  v.field("sequences_in_flight", o.sequencesInFlight, Since{2});
}

template <typename V> void visit(V &v, Cut &o) {
  v.field("dim", o.dim);
  v.field("size", o.size);
  v.field("axis", o.axis);
  v.field("parts", o.parts);
  v.field("unit", o.unit);
  v.field("shard", o.shard);
  v.field("inner", o.inner);
  v.field("points", o.points);
  v.field("pitch", o.pitch, Since{3});
}

template <typename V> void visit(V &v, OpDim &o) {
  visit(v, o.cut);
  v.field("reduction", o.reduction);
}

template <typename V> void visit(V &v, Operand &o) {
  v.field("role", o.role);
  v.field("buffer", o.buffer);
  v.field("type", o.type);
  v.field("bits", o.bits);
  v.field("index_dims", o.indexDims);
  v.field("index_divisors", o.indexDivisors);
  v.field("index_firsts", o.indexFirsts, Since{3});
}

template <typename V> void visit(V &v, OpCut &o) {
  v.field("op", o.op);
  v.field("kind", o.kind);
  v.field("dims", o.dims);
  v.field("operands", o.operands);
  v.field("node", o.node, Since{2});
  v.field("operations", o.operations, Since{3}, Unless<double>{kOperations});
  v.field("density", o.density, Since{3}, Unless<double>{1});
  v.field("compute_type", o.computeType, Since{3}, Unless<std::string>{""});
}

template <typename V> void visit(V &v, WeightPiece &o) {
  v.field("initializer", o.initializer);
  v.field("file", o.file);
  v.field("offset", o.offset);
  v.field("length", o.length);
  v.field("encoding", o.encoding);
  v.field("stored_bits", o.storedBits);
  v.field("first", o.first);
  v.field("sizes", o.sizes);
  v.field("strides", o.strides);
}

template <typename V> void visit(V &v, Weight &o) {
  v.field("name", o.name);
  v.field("bytes", o.bytes);
  v.field("pieces", o.pieces);
  v.field("type", o.type);
  v.field("bits", o.bits);
  v.field("shape", o.shape);
  v.field("row_pitch_bits", o.rowPitchBits);
  v.field("cuts", o.cuts);
  v.field("copies", o.copies);
}

template <typename V> void visit(V &v, State &o) {
  v.field("name", o.name);
  v.field("type", o.type);
  v.field("bits", o.bits);
  v.field("shape", o.shape);
  v.field("bytes", o.bytes);
  v.field("cuts", o.cuts);
  v.field("context_dim", o.contextDim);
  v.field("window", o.window);
}

template <typename V> void visit(V &v, Buffer &o) {
  v.field("name", o.name);
  v.field("role", o.role);
  v.field("offset", o.offset);
  v.field("bytes", o.bytes);
  v.field("slots", o.slots);
  v.field("first_op", o.firstOp);
  v.field("last_op", o.lastOp);
  v.field("alignment", o.alignment, Since{1});
  v.field("bank", o.bank, Since{1});
}

template <typename V> void visit(V &v, CoreClass &o) {
  v.field("name", o.name);
  v.field("rectangles", o.rectangles);
  v.field("cores", o.cores);
  v.field("memory", o.memory);
  v.field("bytes_per_core", o.bytesPerCore);
}

template <typename V> void visit(V &v, Cycles &o) {
  v.field("compute", o.compute);
  v.field("sram", o.sram);
  v.field("fabric_latency", o.fabricLatency);
  v.field("fabric_bandwidth", o.fabricBandwidth);
  v.field("software", o.software);
  v.field("crossing", o.crossing);
  v.field("contention", o.contention);
  v.field("total", o.total);
}

template <typename V> void visit(V &v, Bound &o) {
  v.field("compute", o.compute);
  v.field("sram", o.sram);
  v.field("link", o.link);
  v.field("bisection", o.bisection);
  v.field("distance", o.distance);
  v.field("crossing", o.crossing);
  v.field("cycles", o.cycles);
  v.field("binding", o.binding);
}

template <typename V> void visit(V &v, Region &o) {
  v.field("name", o.name);
  v.field("wafer", o.wafer);
  v.field("rectangle", o.rectangle);
  v.field("kernels", o.kernels);
  v.field("bytes_per_core", o.bytesPerCore);
  v.field("least_bytes_per_core", o.leastBytesPerCore);
}

template <typename V> void visit(V &v, ExpertGroup &o) {
  v.field("index", o.index);
  v.field("rectangle", o.rectangle);
  // At first groups had experts in order; no model has as many as this.
  constexpr int64_t kMostExperts = 1 << 16;
  int64_t first = 0, end = 0;
  v.field("first_expert", first, Until{1});
  v.field("end_expert", end, Until{1});
  for (; first >= 0 && first < end && end <= kMostExperts; ++first)
    o.experts.push_back(first);
  v.field("experts", o.experts, Since{1});
}

template <typename V> void visit(V &v, Kernel &o) {
  v.field("name", o.name);
  v.field("role", o.role);
  v.field("layer", o.layer);
  v.field("structure", o.structure);
  v.field("experts", o.experts);
  v.field("experts_per_token", o.expertsPerToken);
  v.field("wafer", o.wafer);
  v.field("region", o.region);
  v.field("inputs", o.inputs, Since{2});
  v.field("ops", o.ops);
  v.field("weights", o.weights);
  v.field("states", o.states);
  v.field("expert_groups", o.groups);
  v.field("core_classes", o.classes);
  v.field("bytes_per_core", o.bytesPerCore);
  v.field("cycles", o.cycles);
  v.field("worst_case_cycles", o.worstCaseCycles);
  v.field("least_cycles", o.leastCycles, Since{3});
  v.field("activations", o.activations, Since{3}, Unless<double>{0});
  v.field("bound", o.bound);
  v.field("region_bound", o.regionBound);
  v.field("unknown_bytes", o.unknownBytes);
  v.field("moved_bytes", o.movedBytes);
}

template <typename V> void visit(V &v, Stream &o) {
  v.field("name", o.name);
  v.field("from", o.from);
  v.field("from_port", o.fromPort);
  v.field("to", o.to);
  v.field("to_port", o.toPort);
  v.field("type", o.type);
  v.field("shape", o.shape);
  v.field("bytes", o.bytes);
  v.field("hops", o.hops);
  v.field("crossing", o.crossing);
  v.field("in_place", o.inPlace);
  v.field("cycles", o.cycles);
}

template <typename V> void visit(V &v, LineSegment &o) {
  v.field("first", o.first);
  v.field("count", o.count);
  v.field("step", o.step);
  v.field("colour", o.colour);
  v.field("in", o.in);
  v.field("out", o.out);
  v.field("position", o.position);
  v.field("load", o.load);
  v.field("load_step", o.loadStep);
}

template <typename V> void visit(V &v, Action &o) {
  v.field("first", o.first);
  v.field("count", o.count);
  v.field("step", o.step);
  v.field("receive", o.receive);
  v.field("send", o.send);
  v.field("forward", o.forward);
  v.field("rounds", o.rounds);
  v.field("rounds_step", o.roundsStep, Since{2});
}

template <typename V> void visit(V &v, Pattern &o) {
  v.field("name", o.name);
  v.field("algorithm", o.algorithm);
  v.field("cores", o.cores);
  v.field("length", o.length);
  v.field("colours", o.colours);
  v.field("segments", o.segments);
  v.field("actions", o.actions);
}

template <typename V> void visit(V &v, Area &o) {
  v.field("x", o.x);
  v.field("y", o.y);
  v.field("width", o.width);
  v.field("height", o.height);
  v.field("count", o.count);
  v.field("dx", o.dx);
  v.field("dy", o.dy);
}

template <typename V> void visit(V &v, Segment &o) {
  v.field("x", o.area.x);
  v.field("y", o.area.y);
  v.field("width", o.area.width);
  v.field("height", o.area.height);
  v.field("count", o.area.count);
  v.field("dx", o.area.dx);
  v.field("dy", o.area.dy);
  v.field("in", o.in);
  v.field("out", o.out);
  v.field("position", o.position);
}

template <typename V> void visit(V &v, Use &o) {
  v.field("kernel", o.kernel);
  v.field("op", o.op);
  v.field("times", o.times);
  v.field("wavelets", o.wavelets);
}

template <typename V> void visit(V &v, Route &o) {
  v.field("name", o.name);
  v.field("kind", o.kind);
  v.field("wafer", o.wafer);
  v.field("in_turn", o.inTurn);
  v.field("colours", o.colours);
  v.field("streams", o.streams);
  v.field("axis", o.axis);
  v.field("first_part", o.firstPart);
  v.field("end_part", o.endPart);
  v.field("wavelets", o.wavelets);
  v.field("segments", o.segments);
  v.field("pattern", o.pattern);
  v.field("line_axis", o.lineAxis);
  v.field("lines", o.lines);
  v.field("uses", o.uses);
}

template <typename V> void visit(V &v, ColourUse &o) {
  v.field("available", o.available);
  v.field("used", o.used);
  v.field("lower_bound", o.lowerBound);
  v.field("wafer", o.wafer);
  v.field("x", o.x);
  v.field("y", o.y);
}

template <typename V> void visit(V &v, LinkLoad &o) {
  v.field("link", o.link);
  v.field("total", o.total);
  v.field("most", o.most);
  v.field("wafer", o.wafer);
  v.field("x", o.x);
  v.field("y", o.y);
}

template <typename V> void visit(V &v, Links &o) {
  v.field("kinds", o.kinds);
  v.field("hottest", o.hottest);
}

template <typename V> void visit(V &v, Rate &o) {
  v.field("clock_ghz", o.clockGhz);
  v.field("tokens_per_second_user", o.tokensPerUser);
  v.field("tokens_per_second_system", o.tokensPerSystem);
  v.field("tokens_per_second_in_flight", o.tokensInFlight, Since{2});
}

template <typename V> void visit(V &v, InFlight &o) {
  v.field("steps", o.steps);
  v.field("period", o.period);
  v.field("turn", o.turn);
  v.field("fill", o.fill);
  v.field("drain", o.drain);
}

template <typename V> void visit(V &v, ModelBound &o) {
  v.field("cycles", o.cycles);
  v.field("wafers", o.wafers);
}

template <typename V> void visit(V &v, OtherPlacement &o) {
  v.field("placement", o.placement);
  v.field("latency", o.latency);
}

template <typename V> void visit(V &v, Estimate &o) {
  v.field("mode", o.mode);
  v.field("latency", o.latency);
  v.field("worst_case_latency", o.worstCaseLatency);
  v.field("critical_path", o.criticalPath);
  v.field("stage_cycles", o.stageCycles);
  v.field("bound", o.bound);
  v.field("model_bound", o.modelBound, Since{1});
  v.field("gap", o.gap);
  v.field("unknown_bytes", o.unknownBytes);
  v.field("moved_bytes", o.movedBytes);
  v.field("rates", o.rates);
  v.field("other_placements", o.otherPlacements, Since{1});
  v.field("in_flight", o.inFlight, Since{2});
}

template <typename V> void visit(V &v, PhaseEstimate &o) {
  v.field("phase", o.phase);
  v.field("batch", o.batch);
  v.field("context", o.context);
  v.field("tokens", o.tokens);
  v.field("firings", o.firings);
  v.field("latency", o.latency);
  v.field("worst_case_latency", o.worstCaseLatency);
  v.field("stage_cycles", o.stageCycles);
  v.field("bound", o.bound);
  v.field("gap", o.gap);
  v.field("rates", o.rates);
  v.field("in_flight", o.inFlight);
}

template <typename V> void visit(V &v, NamedBytes &o) {
  v.field("name", o.name);
  v.field("bytes", o.bytes);
}

template <typename V> void visit(V &v, HostValue &o) {
  v.field("node", o.node);
  v.field("initializers", o.initializers);
}

template <typename V> void visit(V &v, Accounting &o) {
  v.field("weight_bytes", o.weightBytes);
  v.field("reachable_bytes", o.reachableBytes);
  v.field("folded", o.folded);
  v.field("resident_bytes", o.residentBytes);
  v.field("shard_bytes", o.shardBytes);
  v.field("copy_bytes", o.copyBytes);
  v.field("padding_bytes", o.paddingBytes);
  v.field("state_bytes", o.stateBytes);
}

template <typename V> void visit(V &v, Plan &o) {
  v.field("producer", o.producer);
  v.field("model", o.model);
  v.field("digests", o.digests);
  v.field("options", o.arguments);
  v.field("seed", o.seed);
  v.field("feasible", o.feasible);
  v.field("step", o.step);
  v.field("max_context", o.maxContext);
  v.field("system", o.system);
  v.field("regions", o.regions);
  v.field("kernels", o.kernels);
  v.field("host_values", o.hostValues, Since{3});
  v.field("streams", o.streams);
  v.field("patterns", o.patterns);
  v.field("routes", o.routes);
  v.field("colours", o.colours);
  v.field("links", o.links);
  v.field("estimate", o.estimate);
  v.field("other_phases", o.otherPhases, Since{2});
  v.field("accounting", o.accounting);
  v.field("assumptions", o.assumptions);
}

} // namespace inlay::plan

#endif // INLAY_LIB_PLAN_FIELDS_H
