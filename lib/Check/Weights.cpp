//===- Weights.cpp - Every byte in its place ------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cover.h"
#include "Cuts.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"

using namespace inlay::checker;

namespace {

class WeightChecker {
public:
  WeightChecker(const Plan &plan, Report &report)
      : plan(plan), report(report) {}

  void run();

private:
  void checkTensor(const Tensor &tensor, const std::vector<Cut> &wanted,
                   const std::string &place);
  void checkContext(const Tensor &state, const std::string &place);
  void checkHeld(const Tensor &state, const std::string &place);
  void checkReads(const Kernel &kernel, const Tensor &state,
                  const std::string &place);
  void checkWeight(const Kernel &kernel, const Weight &weight);
  void checkStoredBits(const Weight &weight, const std::string &place);
  void checkPiece(const Piece &piece, const std::string &place);
  void checkTied(const Weight &weight, const std::string &place);
  void checkCoverage();

  const Plan &plan;
  Report &report;
  std::map<std::string, const Weight *> weights; ///< by name, the first
  std::vector<const Weight *> distinct;
};

} // namespace

void WeightChecker::run() {
  report.begin("weights");
  std::set<std::string> states;
  for (const Kernel &kernel : plan.kernels) {
    std::set<std::string> names;
    for (const Weight &weight : kernel.weights) {
      if (!names.insert(weight.name).second)
        report.fail(kernel.place() + ", weight '" + weight.name + "'",
                    "is there twice");
      checkWeight(kernel, weight);
    }
    for (const Tensor &state : kernel.states) {
      std::string place = kernel.place() + ", state '" + state.name + "'";
      if (!states.insert(state.name).second)
        report.fail(place, "is there twice");
      for (const std::vector<Cut> &cuts : stateCutsByUses(kernel, state))
        checkTensor(state, cuts, place);
      checkContext(state, place);
      // Older plans lose sequences in flight of steps with several tokens.
      if (kernel.minor >= 3)
        checkHeld(state, place);
      checkReads(kernel, state, place);
      int64_t bytes = divideUp(times(product(state.shape), state.bits), 8);
      if (state.bytes != bytes)
        report.fail(place, fmt::format("says {} B, its elements take {} B",
                                       state.bytes, bytes));
    }
  }
  checkCoverage();
}

/// The cuts are those of the op that uses the tensor, so a core holds what it
/// works on.
void WeightChecker::checkTensor(const Tensor &tensor,
                                const std::vector<Cut> &wanted,
                                const std::string &place) {
  if (int64_t bits = bitsOfType(tensor.type); bits != tensor.bits)
    report.fail(
        place, fmt::format("has {} bits of type {}", tensor.bits, tensor.type));
  if (tensor.cuts.size() != tensor.shape.size())
    return report.fail(place,
                       fmt::format("has {} dims and {} cuts",
                                   tensor.shape.size(), tensor.cuts.size()));
  for (size_t i = 0; i < wanted.size(); ++i) {
    const Cut &cut = tensor.cuts[i];
    if (describe(cut) != describe(wanted[i]))
      report.fail(place, fmt::format("dim {} has {}; the op that uses it has "
                                     "{}",
                                     i, describe(cut), describe(wanted[i])));
  }
}

/// Every index of every dim is some core's: their points are all indices, each
/// `inner` times.
void WeightChecker::checkHeld(const Tensor &state, const std::string &place) {
  for (size_t i = 0; i < std::min(state.cuts.size(), state.shape.size()); ++i) {
    const Cut &cut = state.cuts[i];
    int64_t points = std::min(cut.points, times(cut.parts, cut.shard));
    int64_t held = std::min(divideUp(points, std::max<int64_t>(1, cut.inner)),
                            std::max<int64_t>(1, cut.pitch));
    if (held < state.shape[i])
      report.fail(place, fmt::format("dim {} has {} indices, cores hold {} of "
                                     "them",
                                     i, state.shape[i], held));
  }
}

/// The dim that counts tokens is the one that ops call "context" and that has
/// its axis for itself; it has room for the step, or is a ring with room for
/// its window, which the step may not have filled.
void WeightChecker::checkContext(const Tensor &state,
                                 const std::string &place) {
  int64_t dim = -1;
  for (size_t i = 0; i < state.cuts.size(); ++i)
    if (state.cuts[i].dim == "context" && state.cuts[i].inner == 1 &&
        state.cuts[i].points == state.cuts[i].size)
      dim = static_cast<int64_t>(i);
  if (state.contextDim != dim)
    report.fail(place,
                fmt::format("counts tokens by dim {}, its cuts by dim {}",
                            state.contextDim, dim));
  int64_t room = plan.context + plan.tokens;
  bool isIn = dim >= 0 && dim < static_cast<int64_t>(state.shape.size());
  int64_t kept = isIn ? state.shape[dim] : room;
  if (state.window != (kept == room ? 0 : kept))
    report.fail(place, fmt::format("has room for {} tokens and a window of {}, "
                                   "after the step there are {}",
                                   kept, state.window, room));
}

/// Of places that are dealt out any that follow each other are on all cores
/// alike; in blocks they are on few, whatever the op's cut says. Sequences of
/// other steps lie where those of this one do.
void WeightChecker::checkReads(const Kernel &kernel, const Tensor &state,
                               const std::string &place) {
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands) {
      if (operand.role != "state" || operand.buffer != state.name ||
          operand.indexDims.size() != state.shape.size() ||
          operand.indexDivisors.size() != state.shape.size())
        continue;
      for (size_t i = 0; i < state.shape.size(); ++i) {
        int64_t d = operand.indexDims[i];
        if (d < 0 || d >= static_cast<int64_t>(op.dims.size()))
          continue;
        const Cut &dim = op.dims[d];
        bool isDealt = state.contextDim == static_cast<int64_t>(i);
        if (dim.dim == "context" && dim.axis != "none" && !isDealt &&
            dim.size < state.shape[i])
          report.fail(place, fmt::format("has {} places in blocks, of which op "
                                         "'{}' reads {} as if they were dealt "
                                         "out",
                                         state.shape[i], op.name, dim.size));
        int64_t ofStep =
            divideUp(dim.size, std::max<int64_t>(1, operand.indexDivisors[i]));
        if (kernel.minor >= 3 && dim.dim == "token" && dim.axis != "none" &&
            ofStep > 1 && ofStep < state.shape[i])
          report.fail(place, fmt::format("has {} sequences cut together, of "
                                         "which op '{}' works on {} in a step: "
                                         "other cores would have the others'",
                                         state.shape[i], op.name, ofStep));
      }
    }
}

void WeightChecker::checkWeight(const Kernel &kernel, const Weight &weight) {
  std::string place = kernel.place() + ", weight '" + weight.name + "'";
  checkTensor(weight, weightCutsByUse(kernel, weight), place);
  // Older plans count sets of cores, whatever these share.
  int64_t copies =
      kernel.minor < 3 ? copySets(kernel, weight) : copiesOf(kernel, weight);
  if (weight.copies != copies)
    report.fail(place, fmt::format("says {} copies; of {} cores {} hold each "
                                   "of its elements",
                                   weight.copies, kernel.cores(), copies));
  checkStoredBits(weight, place);
  for (const Piece &piece : weight.pieces)
    checkPiece(piece, place + ", piece of '" + piece.initializer + "'");
  checkTied(weight, place);
}

/// The pieces hold as many bits as the logical tensor needs.
void WeightChecker::checkStoredBits(const Weight &weight,
                                    const std::string &place) {
  int64_t stored = 0;
  for (const Piece &piece : weight.pieces)
    stored = plus(stored, times(product(piece.sizes), piece.storedBits));
  std::vector<int64_t> outer = weight.shape;
  int64_t row = weight.bits;
  if (!outer.empty()) {
    row = times(outer.back(), weight.bits);
    outer.pop_back();
  }
  int64_t pitch = weight.rowPitchBits ? weight.rowPitchBits : row;
  if (pitch < row)
    report.fail(place,
                fmt::format("has rows of {} bits every {} bits", row, pitch));
  int64_t needed = times(product(outer), pitch);
  // The last byte may be begun only.
  if (stored < needed || stored - needed >= 8)
    report.fail(place, fmt::format("needs {} bits, its pieces store {}", needed,
                                   stored));
  if (weight.bytes != divideUp(stored, 8))
    report.fail(place, fmt::format("says {} B, its pieces store {} B",
                                   weight.bytes, divideUp(stored, 8)));
}

void WeightChecker::checkPiece(const Piece &piece, const std::string &place) {
  if (piece.sizes.size() != piece.strides.size())
    return report.fail(place,
                       fmt::format("has {} sizes and {} strides",
                                   piece.sizes.size(), piece.strides.size()));
  // A loader opens the file: it must lie in the model's folder.
  namespace path = llvm::sys::path;
  bool leaves = path::is_absolute(piece.file);
  for (auto part = path::begin(piece.file); part != path::end(piece.file);
       ++part)
    leaves |= *part == "..";
  if (leaves)
    report.fail(place, "reads '" + piece.file +
                           "', which is not in the folder of the model");
}

/// A weight of one name in several kernels is one.
void WeightChecker::checkTied(const Weight &weight, const std::string &place) {
  auto [entry, isNew] = weights.try_emplace(weight.name, &weight);
  if (isNew)
    distinct.push_back(&weight);
  auto key = [](const Weight &one) {
    std::string text =
        fmt::format("{} {} {}", one.type, one.bytes, one.rowPitchBits);
    for (int64_t size : one.shape)
      text += fmt::format(" {}", size);
    for (const Piece &piece : one.pieces) {
      text += fmt::format("\n{} {} {} {} {} {} {}", piece.initializer,
                          piece.file, piece.offset, piece.length,
                          piece.encoding, piece.storedBits, piece.first);
      for (size_t d = 0; d < piece.sizes.size(); ++d)
        text += fmt::format(" {}", piece.sizes[d]);
      for (size_t d = 0; d < piece.strides.size(); ++d)
        text += fmt::format(" {}", piece.strides[d]);
    }
    return text;
  };
  if (!isNew && key(*entry->second) != key(weight))
    report.fail(place, "differs from the weight of the same name in another "
                       "kernel");
}

/// Every stored element of an initializer goes into one weight, or all of them
/// go into as many.
void WeightChecker::checkCoverage() {
  struct Source {
    const Piece *piece;
    std::vector<View> views;
  };
  std::map<std::string, Source> sources;
  for (const Weight *weight : distinct)
    for (const Piece &piece : weight->pieces) {
      Source &source =
          sources.try_emplace(piece.initializer, Source{&piece, {}})
              .first->second;
      const Piece &first = *source.piece;
      std::string place = "initializer '" + piece.initializer + "'";
      if (std::tie(piece.file, piece.offset, piece.length, piece.encoding,
                   piece.storedBits) != std::tie(first.file, first.offset,
                                                 first.length, first.encoding,
                                                 first.storedBits))
        report.fail(place, "is described in two ways by the pieces that take "
                           "from it");
      View view{piece.first, {}};
      for (size_t d = 0; d < std::min(piece.sizes.size(), piece.strides.size());
           ++d)
        view.dims.emplace_back(piece.sizes[d], piece.strides[d]);
      source.views.push_back(std::move(view));
    }
  for (const auto &[name, source] : sources) {
    std::string place = "initializer '" + name + "'";
    int64_t elements = 0;
    if (source.piece->encoding == "raw") {
      elements = times(source.piece->length, 8) /
                 std::max<int64_t>(1, source.piece->storedBits);
    } else {
      // Its number is known to the model only: as many as are taken.
      for (const View &view : source.views) {
        int64_t count = 1;
        for (auto [size, stride] : view.dims)
          count = times(count, size);
        elements = plus(elements, count);
      }
    }
    // Below a byte the last one may be begun only.
    bool isWhole = coverage(source.views, elements).has_value();
    int64_t slack =
        source.piece->storedBits < 8 && source.piece->encoding == "raw"
            ? 8 / std::max<int64_t>(1, source.piece->storedBits)
            : 1;
    for (int64_t less = 1; less < slack && !isWhole; ++less)
      isWhole = coverage(source.views, elements - less).has_value();
    if (!isWhole)
      report.fail(place, fmt::format("has {} elements, which the pieces of "
                                     "weights do not take equally often",
                                     elements));
  }
}

void inlay::checker::checkWeights(const Plan &plan, Report &report) {
  WeightChecker(plan, report).run();
}

static bool sharesAxis(const std::vector<Cut> &cuts, const Cut &cut) {
  return llvm::count_if(cuts, [&](const Cut &other) {
           return other.axis == cut.axis;
         }) > 1;
}

/// Bytes of all parts of one copy, replicas of experts included: a dim has full
/// shards and at most one shorter, or the lists of groups, so parts are of few
/// different sizes.
static int64_t bytesOfCopy(const Kernel &kernel, const Weight &weight) {
  std::map<int64_t, int64_t> countOf = {{1, 1}}; // elements -> parts
  std::set<std::string> done;                    // axes of several dims
  for (const Cut &cut : weight.cuts) {
    if (cut.axis == "group" && !kernel.groups.empty()) {
      std::map<int64_t, int64_t> next;
      for (auto [elements, count] : countOf)
        for (const Group &group : kernel.groups)
          next[times(elements, static_cast<int64_t>(group.experts.size()))] +=
              count;
      countOf = std::move(next);
      continue;
    }
    int64_t shard = std::max<int64_t>(1, cut.shard);
    bool isTogether = cut.axis != "none" && sharesAxis(weight.cuts, cut);
    if (isTogether && !done.insert(cut.axis).second)
      continue;
    if (isTogether || repeats(cut)) {
      std::map<int64_t, int64_t> next;
      int64_t parts = std::min(cut.parts, kernel.extent(cut.axis));
      for (int64_t p = 0; p < parts && times(p, shard) < cut.points; ++p) {
        int64_t held = 1;
        for (const Cut &other : weight.cuts)
          if (&other == &cut || (isTogether && other.axis == cut.axis))
            held = times(held, heldBy(other, p));
        for (auto [elements, count] : countOf)
          next[times(elements, held)] += count;
      }
      countOf = std::move(next);
      continue;
    }
    int64_t full = std::min(cut.parts, cut.size / shard);
    int64_t rest = full < cut.parts ? cut.size - times(full, shard) : 0;
    std::map<int64_t, int64_t> next;
    for (auto [elements, count] : countOf) {
      if (full > 0)
        next[times(elements, shard)] += times(count, full);
      if (rest > 0)
        next[times(elements, rest)] += count;
    }
    countOf = std::move(next);
  }
  int64_t bytes = 0;
  for (auto [elements, count] : countOf)
    bytes =
        plus(bytes, times(count, divideUp(times(elements, weight.bits), 8)));
  return bytes;
}

void inlay::checker::checkAccounting(const Plan &plan, Report &report) {
  report.begin("accounting");
  Accounting count;
  std::set<std::string> weights, initializers;
  for (const Kernel &kernel : plan.kernels) {
    for (const Weight &weight : kernel.weights) {
      int64_t bytes = bytesOfCopy(kernel, weight), once = bytes;
      // What several cores of one copy have counts once, and else as copies.
      if (llvm::any_of(weight.cuts, [&](const Cut &cut) {
            return cut.axis != "none" && repeats(cut) &&
                   !sharesAxis(weight.cuts, cut);
          }))
        once = divideUp(times(product(weight.shape), weight.bits), 8);
      bool isFirst = weights.insert(weight.name).second;
      count.shard = plus(count.shard, isFirst ? once : 0);
      count.copy = plus(count.copy, times(bytes, copySets(kernel, weight)));
      count.copy -= isFirst ? once : 0;
      for (const Piece &piece : weight.pieces)
        if (initializers.insert(piece.initializer).second)
          count.weight = plus(count.weight, piece.length);
    }
    for (const Tensor &state : kernel.states)
      count.state = plus(count.state, state.bytes);
    for (const CoreClass &cores : kernel.classes)
      for (const Buffer &buffer : cores.memory)
        if (buffer.role == "weights")
          count.resident =
              plus(count.resident, times(buffer.bytes, cores.cores));
  }
  count.padding = count.resident - count.shard - count.copy;
  count.reachable = count.weight;
  std::set<std::string> host;
  for (const HostValue &value : plan.hostValues)
    for (const auto &[name, bytes] : value.initializers)
      if (host.insert(name).second && !initializers.count(name))
        count.reachable = plus(count.reachable, bytes);
  initializers.merge(host);
  std::set<std::string> folded;
  for (const auto &[name, bytes] : plan.accounting.folded) {
    count.reachable = plus(count.reachable, bytes);
    if (initializers.count(name) || !folded.insert(name).second)
      report.fail("folded initializer '" + name + "'",
                  "is accounted for twice");
  }
  const Accounting &said = plan.accounting;
  auto compare = [&](const char *name, int64_t is, int64_t counted) {
    if (is != counted)
      report.fail(
          name, fmt::format("is {} B, the plan adds up to {} B", is, counted));
  };
  compare("weight_bytes", said.weight, count.weight);
  compare("reachable_bytes", said.reachable, count.reachable);
  compare("resident_bytes", said.resident, count.resident);
  compare("shard_bytes", said.shard, count.shard);
  compare("copy_bytes", said.copy, count.copy);
  compare("padding_bytes", said.padding, count.padding);
  compare("state_bytes", said.state, count.state);
  if (count.padding < 0)
    report.fail("padding_bytes",
                fmt::format("is negative: buffers lack {} B", -count.padding));
}
