//===- Memory.cpp - What lies in the SRAM of a core -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuts.h"
#include "ValueParts.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// What an op-by-op look at a kernel says that a buffer must be.
struct Need {
  std::string role;
  int64_t bytes = 0; ///< of one slot, before rounding up
  int64_t firstOp = 0, lastOp = 0;
};

class MemoryChecker {
public:
  MemoryChecker(const Plan &plan, Report &report) : plan(plan), report(report) {
    for (const Stream &stream : plan.streams) {
      ports[{stream.to, fmt::format("input {} ", stream.toPort)}] = &stream;
      ports[{stream.from, fmt::format("output {} ", stream.fromPort)}] =
          &stream;
    }
  }

  void run();

private:
  using Needs = std::map<std::string, Need>;

  Needs needsOf(const Kernel &kernel);
  const Stream *streamOf(const Kernel &kernel, const Operand &operand) const;
  std::pair<int64_t, int64_t> liveAt(const Kernel &kernel, int64_t context);
  bool hasRoomFor(int64_t context);
  int64_t positions() const;
  void checkMaxContext();
  bool isExact = true; ///< scratch is as large as operands say, all of it
  void addOp(const Kernel &kernel, int64_t index, Needs &needs);
  int64_t aligned(int64_t bytes) const {
    int64_t unit = std::max<int64_t>(1, plan.system.alignment);
    return times(divideUp(bytes, unit), unit);
  }
  void checkClass(const Kernel &kernel, const CoreClass &cores,
                  const Needs &needs);
  void checkBuffer(const Kernel &kernel, const Buffer &buffer,
                   const std::string &place);
  void checkNeed(const Buffer &buffer, const Need &need,
                 const std::string &place);
  void checkShared(const std::vector<const Kernel *> &kernels);

  const Plan &plan;
  Report &report;
  /// By kernel and the beginning of the buffer's name.
  std::map<std::pair<std::string, std::string>, const Stream *> ports;
};

} // namespace

/// The stream at a kernel's input or output.
const Stream *MemoryChecker::streamOf(const Kernel &kernel,
                                      const Operand &operand) const {
  llvm::StringRef name = operand.buffer;
  auto found = ports.find(
      {kernel.name,
       name.take_front(name.find(' ', name.find(' ') + 1) + 1).str()});
  return found == ports.end() ? nullptr : found->second;
}

static int64_t bytesOf(int64_t elements, int64_t bits) {
  return divideUp(times(elements, bits), 8);
}

/// Buffers of what stays are needed by every op, others by those that use them.
MemoryChecker::Needs MemoryChecker::needsOf(const Kernel &kernel) {
  Needs needs;
  int64_t lastOp =
      std::max<int64_t>(0, static_cast<int64_t>(kernel.ops.size()) - 1);
  for (const Weight &weight : kernel.weights) {
    int64_t elements = 1;
    for (const Cut &cut : weight.cuts)
      elements = times(elements, mostIndices(cut));
    needs[weight.name] = {"weights", bytesOf(elements, weight.bits), 0, lastOp};
  }
  for (const Tensor &state : kernel.states)
    needs[state.name] = {"state", 0, 0, lastOp};
  for (int64_t i = 0; i < static_cast<int64_t>(kernel.ops.size()); ++i)
    addOp(kernel, i, needs);
  return needs;
}

/// The kernel with `to` tokens where it has `from` now: what its ops call
/// "context", and the states that keep all of it.
static Kernel grown(const Kernel &kernel, int64_t from, int64_t to) {
  Kernel result = kernel;
  for (Op &op : result.ops) {
    std::set<std::string> axes; // dims that share one are cut together
    for (Cut &dim : op.dims) {
      if (dim.dim != "context" || dim.size != from)
        continue;
      dim.pitch = dim.pitch == dim.size ? to : dim.pitch;
      dim.size = to;
      if (dim.axis == "none")
        dim.shard = dim.points = to;
      else
        axes.insert(dim.axis);
    }
    for (size_t d = 0; d < op.dims.size(); ++d) {
      bool isReduction = op.dims[d].isReduction;
      if (axes.count(op.dims[d].axis))
        op.dims[d] = cutOfDim(result, op.dims, d);
      op.dims[d].isReduction = isReduction;
    }
  }
  for (Tensor &state : result.states)
    if (state.contextDim >= 0 && state.window == 0 &&
        state.contextDim < static_cast<int64_t>(state.shape.size()))
      state.shape[state.contextDim] = to;
  return result;
}

static bool grows(const Kernel &kernel) {
  return llvm::any_of(kernel.states, [](const Tensor &state) {
    return state.contextDim >= 0 && state.window == 0;
  });
}

/// Live bytes of a kernel at another context: what stays, and scratch.
std::pair<int64_t, int64_t> MemoryChecker::liveAt(const Kernel &kernel,
                                                  int64_t context) {
  int64_t room = plan.context + plan.tokens;
  Needs needs = needsOf(grown(kernel, room, context + plan.tokens));
  std::map<int64_t, int64_t> change;
  int64_t stays = 0, live = 0, most = 0;
  for (const Buffer &buffer : kernel.classes.front().memory) {
    auto need = needs.find(buffer.name);
    int64_t bytes = need == needs.end()
                        ? buffer.bytes
                        : times(aligned(need->second.bytes), buffer.slots);
    if (buffer.role != "scratch") {
      stays = plus(stays, bytes);
      continue;
    }
    change[buffer.firstOp] += bytes;
    change[buffer.lastOp + 1] -= bytes;
  }
  for (auto [op, difference] : change)
    most = std::max(most, live += difference);
  return {stays, most};
}

/// True where every region has what `context` tokens need.
bool MemoryChecker::hasRoomFor(int64_t context) {
  std::map<std::string, std::pair<int64_t, int64_t>> regions;
  for (const Kernel &kernel : plan.kernels) {
    if (kernel.classes.empty())
      continue;
    auto [stays, scratch] =
        liveAt(kernel, grows(kernel) ? context : plan.context);
    auto &[sum, most] = regions[kernel.region];
    sum = plus(sum, stays);
    most = std::max(most, scratch);
  }
  return llvm::all_of(regions, [&](const auto &region) {
    return plus(region.second.first, region.second.second) <=
           plan.system.budgetBytes;
  });
}

/// Kernel and buffer of what rotations read beside what they rotate, and the
/// outputs of other kernels that this comes from.
static std::set<std::pair<std::string, std::string>>
rotatedBy(const Plan &plan) {
  std::set<std::pair<std::string, std::string>> read;
  for (const Kernel &kernel : plan.kernels)
    for (const Op &op : kernel.ops)
      for (size_t i = 1; op.name == "rotary" && i + 1 < op.operands.size(); ++i)
        read.emplace(kernel.name, op.operands[i].buffer);
  auto isRead = [&](const Stream &stream) {
    std::string buffer = fmt::format("input {} ", stream.toPort);
    auto found = read.lower_bound({stream.to, buffer});
    return found != read.end() && found->first == stream.to &&
           llvm::StringRef(found->second).starts_with(buffer);
  };
  std::set<std::pair<std::string, std::string>> made;
  for (const Stream &stream : plan.streams)
    if (auto from = plan.kernelOf.find(stream.from);
        from != plan.kernelOf.end() && isRead(stream))
      for (const Op &op : plan.kernels[from->second].ops)
        for (const Operand &operand : op.operands)
          if (isPort(operand, "output", stream.fromPort))
            made.emplace(stream.from, operand.buffer);
  read.insert(made.begin(), made.end());
  return read;
}

/// Rows of the smallest table of positions that has enough for the step: one
/// that an op looks up as it works, or that is looked up for rotations.
int64_t MemoryChecker::positions() const {
  int64_t rows = int64_t(1) << 27; // more are not looked for
  std::set<std::pair<std::string, std::string>> read = rotatedBy(plan);
  for (const Kernel &kernel : plan.kernels)
    for (const Op &op : kernel.ops) {
      bool isTable = op.kind == "lookup" && !op.operands.empty() &&
                     read.count({kernel.name, op.operands.back().buffer});
      for (const Cut &dim : op.dims)
        if ((dim.dim == "position" || (isTable && dim.dim == "vocab")) &&
            dim.size >= plan.context + plan.tokens)
          rows = std::min(rows, dim.size);
    }
  return rows;
}

/// As long as there are positions and room, and no longer.
void MemoryChecker::checkMaxContext() {
  int64_t most = std::min(int64_t(1) << 26, positions() - plan.tokens);
  int64_t said = plan.maxContext;
  if (llvm::none_of(plan.kernels, grows)) {
    if (said != plan.context)
      report.fail("max_context", fmt::format("is {}, but no state grows from "
                                             "the {} tokens of the step",
                                             said, plan.context));
    return;
  }
  // Where an op needs more than its operands say, that may grow too.
  bool isLongest = said >= most || !isExact || !hasRoomFor(said + 1);
  if (said > most || (said > 0 && !hasRoomFor(said)) || !isLongest)
    report.fail("max_context",
                fmt::format("is {} tokens, for which there {}; the model has "
                            "positions for {}",
                            said,
                            isLongest ? "is no room" : "would be more room",
                            most));
}

/// A core may have as much of a slice as of what that is taken from, since it
/// is left there.
static void keepSlice(const Kernel &kernel, int64_t index,
                      std::map<std::string, Need> &needs) {
  const Op &op = kernel.ops[index];
  if (!isSlice(kernel, op) || op.operands.size() < 2)
    return;
  const Operand &source = op.operands.front(), &made = op.operands.back();
  auto from = needs.find(source.buffer), to = needs.find(made.buffer);
  bool areScratch = source.role == "scratch" && made.role == "scratch";
  if (!areScratch || from == needs.end() || to == needs.end())
    return;
  int64_t elements = 1;
  for (int64_t d : made.indexDims)
    if (d >= 0 && d < static_cast<int64_t>(op.dims.size()))
      elements = times(elements, op.dims[d].size);
  int64_t most = std::min(from->second.bytes, bytesOf(elements, made.bits));
  to->second.bytes = std::max(to->second.bytes, most);
}

/// The op as it would be if it read all that a state has.
static Op withPlacesOf(const Kernel &kernel, const Op &op,
                       const Operand &operand, const Tensor &state) {
  Op all = op;
  bool isWhole = true;
  if (operand.indexDims.size() != state.shape.size() ||
      operand.indexDivisors.size() != state.shape.size())
    return all;
  for (size_t i = 0; i < state.shape.size(); ++i) {
    int64_t d = operand.indexDims[i];
    if (d < 0 || d >= static_cast<int64_t>(op.dims.size()))
      continue;
    Cut &dim = all.dims[d];
    int64_t size = sizeWithAll(
        dim, std::max<int64_t>(1, operand.indexDivisors[i]), state.shape[i]);
    if (dim.size == size)
      continue;
    dim.pitch = dim.pitch == dim.size ? size : dim.pitch;
    dim.size = size;
    isWhole = false;
  }
  std::vector<Cut> dims = all.dims;
  for (size_t d = 0; d < dims.size() && !isWhole; ++d) {
    all.dims[d] = cutOfDim(kernel, dims, d);
    all.dims[d].isReduction = dims[d].isReduction;
  }
  return all;
}

void MemoryChecker::addOp(const Kernel &kernel, int64_t index, Needs &needs) {
  const Op &op = kernel.ops[index];
  LargestPart part(op);
  int64_t ownBytes = 0; // of what this op alone needs
  std::string own = fmt::format("scratch of op {}", index);
  for (const Operand &operand : op.operands) {
    if (operand.role == "weights")
      continue;
    int64_t elements = part.elements(operand);
    for (const Tensor &state : kernel.states)
      if (operand.role == "state" && state.name == operand.buffer) {
        Op all = withPlacesOf(kernel, op, operand, state);
        elements = LargestPart(all).elements(operand, product(state.shape));
      }
    if (const Stream *stream = streamOf(kernel, operand))
      elements = part.elements(operand, product(stream->shape));
    int64_t bytes = bytesOf(elements, operand.bits);
    if (operand.buffer == own) {
      ownBytes = plus(ownBytes, aligned(bytes));
      continue;
    }
    bool isScratch = operand.role == "scratch";
    int64_t lastOp = static_cast<int64_t>(kernel.ops.size()) - 1;
    Need &need =
        needs
            .try_emplace(operand.buffer,
                         Need{operand.role, 0, isScratch ? index : 0, lastOp})
            .first->second;
    need.bytes = std::max(need.bytes, bytes);
    if (isScratch)
      need.lastOp = index;
  }
  keepSlice(kernel, index, needs);
  // Partial sums travel as 32-bit values.
  if (!op.operands.empty() && combinesPartialResults(op))
    ownBytes =
        plus(ownBytes, aligned(bytesOf(part.elements(op.operands.back()), 32)));
  if (ownBytes > 0)
    needs[own] = {"scratch", ownBytes, index, index};
}

/// What stays, and the most scratch that one op of one kernel needs.
static int64_t liveBytes(const std::vector<const Kernel *> &kernels) {
  int64_t stays = 0, most = 0;
  for (const Kernel *kernel : kernels) {
    std::map<int64_t, int64_t> change;
    int64_t ofKernel = 0;
    for (const CoreClass &cores : kernel->classes) {
      int64_t ofClass = 0;
      for (const Buffer &buffer : cores.memory)
        if (buffer.role == "scratch") {
          change[buffer.firstOp] += buffer.bytes;
          change[buffer.lastOp + 1] -= buffer.bytes;
        } else {
          ofClass = plus(ofClass, buffer.bytes);
        }
      ofKernel = std::max(ofKernel, ofClass);
    }
    stays = plus(stays, ofKernel);
    int64_t live = 0;
    for (auto [op, bytes] : change)
      most = std::max(most, live += bytes);
  }
  return plus(stays, most);
}

void MemoryChecker::run() {
  report.begin("memory");
  std::map<std::string, std::vector<const Kernel *>> regions;
  for (const Kernel &kernel : plan.kernels) {
    Needs needs = needsOf(kernel);
    int64_t most = 0;
    for (const CoreClass &cores : kernel.classes) {
      checkClass(kernel, cores, needs);
      most = std::max(most, cores.bytesPerCore);
    }
    if (kernel.bytesPerCore != most)
      report.fail(kernel.place(), fmt::format("says {} B on its fullest core, "
                                              "its classes say {} B",
                                              kernel.bytesPerCore, most));
    regions[kernel.region].push_back(&kernel);
  }
  for (const auto &[name, kernels] : regions)
    checkShared(kernels);
  checkMaxContext();
  for (const Region &region : plan.regions) {
    int64_t least = liveBytes(regions[region.name]);
    if (region.leastBytesPerCore != least)
      report.fail(
          "region '" + region.name + "'",
          fmt::format("says that {} B are live at once, its buffers say "
                      "{} B",
                      region.leastBytesPerCore, least));
  }
}

void MemoryChecker::checkClass(const Kernel &kernel, const CoreClass &cores,
                               const Needs &needs) {
  std::string place = kernel.place() + ", class '" + cores.name + "'";
  std::map<std::string, const Buffer *> buffers;
  int64_t end = 0;
  for (const Buffer &buffer : cores.memory) {
    std::string where = place + ", buffer '" + buffer.name + "'";
    if (!buffers.emplace(buffer.name, &buffer).second)
      report.fail(where, "is there twice");
    checkBuffer(kernel, buffer, where);
    end = std::max(end, buffer.end());
    auto need = needs.find(buffer.name);
    if (need != needs.end())
      checkNeed(buffer, need->second, where);
    else if (buffer.role == "weights" || buffer.role == "state")
      report.fail(where,
                  fmt::format("is for no {} of the kernel", buffer.role));
  }
  for (const auto &[name, need] : needs)
    if (!buffers.count(name))
      report.fail(place, fmt::format("has no buffer for '{}', which needs {} B",
                                     name, need.bytes));
  if (cores.bytesPerCore != end)
    report.fail(place, fmt::format("says {} B on a core, its last buffer ends "
                                   "at {}",
                                   cores.bytesPerCore, end));
  if (end > plan.system.budgetBytes)
    report.fail(
        place,
        fmt::format("takes {} B of cores at {}, the budget is {} "
                    "B: {} B too many",
                    end,
                    cores.rectangles.empty() ? std::string("no place")
                                             : cores.rectangles.front().str(),
                    plan.system.budgetBytes, end - plan.system.budgetBytes));
}

void MemoryChecker::checkBuffer(const Kernel &kernel, const Buffer &buffer,
                                const std::string &place) {
  int64_t unit = std::max<int64_t>(1, plan.system.alignment);
  if (buffer.offset % unit || buffer.bytes % unit)
    report.fail(place, fmt::format("has offset {} and {} B, both must be "
                                   "multiples of {}",
                                   buffer.offset, buffer.bytes, unit));
  if (buffer.slots < 1 || buffer.bytes % buffer.slots)
    report.fail(place, fmt::format("has {} B for {} slots", buffer.bytes,
                                   buffer.slots));
  if (plan.minor >= 1 && buffer.alignment != plan.system.alignment)
    report.fail(place, fmt::format("says an alignment of {} B, the system of "
                                   "{} B",
                                   buffer.alignment, plan.system.alignment));
  int64_t bank = plan.system.bankOf(buffer.offset);
  if (plan.minor >= 1 && buffer.bank != bank)
    report.fail(place, fmt::format("says that it begins in bank {}, its offset "
                                   "is in bank {}",
                                   buffer.bank, bank));
  int64_t ops = std::max<int64_t>(1, static_cast<int64_t>(kernel.ops.size()));
  if (buffer.firstOp > buffer.lastOp || buffer.firstOp < 0 ||
      buffer.lastOp >= ops)
    report.fail(place, fmt::format("is needed by ops {} to {} of {}",
                                   buffer.firstOp, buffer.lastOp, ops));
  bool isPort = buffer.role == "input" || buffer.role == "output";
  if (buffer.slots != (isPort ? 2 : 1))
    report.fail(place, fmt::format("of role {} has {} slots: streams have two, "
                                   "everything else one",
                                   buffer.role, buffer.slots));
  if (buffer.role != "scratch" &&
      (buffer.firstOp != 0 || buffer.lastOp != ops - 1))
    report.fail(place, fmt::format("of role {} stays, but is needed by ops {} "
                                   "to {} only",
                                   buffer.role, buffer.firstOp, buffer.lastOp));
  if (isPort) {
    llvm::StringRef name = buffer.name;
    int64_t number = -1;
    bool isNamed = name.consume_front(buffer.role + " ") &&
                   !name.consumeInteger(10, number) && number >= 0;
    bool isThere = llvm::any_of(plan.streams, [&](const Stream &stream) {
      return buffer.role == "input"
                 ? stream.to == kernel.name && stream.toPort == number
                 : stream.from == kernel.name && stream.fromPort == number;
    });
    if (!isNamed || !isThere)
      report.fail(place,
                  fmt::format("is for no {} of the kernel", buffer.role));
  }
}

void MemoryChecker::checkNeed(const Buffer &buffer, const Need &need,
                              const std::string &place) {
  if (buffer.role != need.role)
    report.fail(place, fmt::format("has role {}, its use is {}", buffer.role,
                                   need.role));
  int64_t bytes =
      times(aligned(need.bytes), std::max<int64_t>(1, buffer.slots));
  isExact &= buffer.bytes == bytes;
  if (buffer.bytes < bytes)
    report.fail(place, fmt::format("has {} B, the largest part of a core needs "
                                   "{} B",
                                   buffer.bytes, bytes));
  if (need.firstOp < buffer.firstOp || need.lastOp > buffer.lastOp)
    report.fail(place, fmt::format("is there for ops {} to {}, ops {} to {} "
                                   "need it",
                                   buffer.firstOp, buffer.lastOp, need.firstOp,
                                   need.lastOp));
}

/// Kernels of a region share its cores. They take turns, so scratch of two
/// kernels may share bytes; nothing else may while both are needed.
void MemoryChecker::checkShared(const std::vector<const Kernel *> &kernels) {
  struct Entry {
    const Kernel *kernel;
    const CoreClass *cores;
    const Buffer *buffer;
  };
  std::vector<Entry> entries;
  std::vector<Interval> stays;
  std::map<const Kernel *, std::vector<Interval>> scratch;
  for (const Kernel *kernel : kernels)
    for (const CoreClass &cores : kernel->classes)
      for (const Buffer &buffer : cores.memory) {
        Interval range{buffer.offset, buffer.end(), entries.size()};
        entries.push_back({kernel, &cores, &buffer});
        if (buffer.role == "scratch")
          scratch[kernel].push_back(range);
        else
          stays.push_back(range);
      }
  auto compare = [&](size_t i, size_t j) {
    const Entry &a = entries[std::min(i, j)], &b = entries[std::max(i, j)];
    if (a.kernel == b.kernel && (a.buffer->lastOp < b.buffer->firstOp ||
                                 b.buffer->lastOp < a.buffer->firstOp))
      return;
    for (const Rect &one : a.cores->rectangles)
      for (const Rect &other : b.cores->rectangles)
        if (one.common(other))
          return report.fail(
              a.kernel->place(),
              fmt::format(
                  "buffers '{}' of class '{}' and '{}' of '{}' are "
                  "needed at one time and share bytes {} to {} of cores "
                  "at {}",
                  a.buffer->name, a.cores->name, b.buffer->name, b.kernel->name,
                  std::max(a.buffer->offset, b.buffer->offset),
                  std::min(a.buffer->end(), b.buffer->end()) - 1, one.str()));
  };
  // Each kernel's scratch against what stays, in the order of the plan.
  forEachOverlap(stays, compare);
  for (const Kernel *kernel : kernels) {
    std::vector<Interval> own = scratch[kernel];
    forEachOverlap(own, compare);
    scratch[kernel].clear();
    std::vector<Interval> both = stays;
    llvm::append_range(both, own);
    forEachOverlap(std::move(both), [&](size_t i, size_t j) {
      if ((entries[i].buffer->role == "scratch") !=
          (entries[j].buffer->role == "scratch"))
        compare(i, j);
    });
  }
}

void inlay::checker::checkMemory(const Plan &plan, Report &report) {
  MemoryChecker(plan, report).run();
}
