//===- StateRooms.cpp - Tokens that the model's attention needs -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// That a state has the window that its shape gives it does not say that the
// model's attention does with so few tokens; the model does: by attribute
// `local_window_size` of the node that reads the state, and by dims of the
// state's input that are numbers. A window that only a mask has is not known.
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// An attention of the model that says how many tokens a query sees.
struct Reader {
  std::string label;
  int64_t window = 0;   ///< 0: all there are
  bool hasMask = false; ///< that may hide more
};

class StateRoomChecker {
public:
  StateRoomChecker(const Plan &plan, const Model &model, Report &report);

  void run();

private:
  void checkFixed(const Tensor &state, const std::string &place);
  void checkRoom(const Tensor &state, const Reader &reader,
                 const std::string &place);
  void checkSeen(const Kernel &kernel, const Tensor &state,
                 const Reader &reader);
  int64_t fixedPlaces(const Tensor &state) const;

  const Plan &plan;
  const Model &model;
  Report &report;
  int64_t room; ///< tokens that there are after the step
  std::map<std::string, std::vector<Reader>> readers; ///< by state
};

} // namespace

StateRoomChecker::StateRoomChecker(const Plan &plan, const Model &model,
                                   Report &report)
    : plan(plan), model(model), report(report),
      room(plus(plan.context, plan.tokens)) {
  constexpr size_t kPastKey = 3, kPastValue = 4, kMask = 10;
  for (const Node &node : model.nodes) {
    if (node.type != "GroupQueryAttention" || node.domain != "com.microsoft")
      continue;
    auto input = [&](size_t i) {
      return i < node.inputs.size() ? node.inputs[i].str() : std::string();
    };
    Reader reader{node.label(), std::max<int64_t>(0, node.window),
                  !input(kMask).empty()};
    for (size_t past : {kPastKey, kPastValue})
      if (!input(past).empty())
        readers[input(past)].push_back(reader);
  }
}

static int64_t placesOf(const Tensor &state) {
  return state.shape[static_cast<size_t>(state.contextDim)];
}

/// Places that the model's input has in every step; 0 where that is a symbol.
int64_t StateRoomChecker::fixedPlaces(const Tensor &state) const {
  auto dims = model.inputDims.find(state.name);
  bool isAlike = dims != model.inputDims.end() &&
                 dims->second.size() == state.shape.size();
  return isAlike ? dims->second[static_cast<size_t>(state.contextDim)] : 0;
}

/// The plan may have dims in another order: so many elements there are at
/// least, whatever symbols are.
void StateRoomChecker::checkFixed(const Tensor &state,
                                  const std::string &place) {
  auto dims = model.inputDims.find(state.name);
  if (dims == model.inputDims.end())
    return;
  int64_t fixed = 1, elements = 1;
  for (int64_t dim : dims->second)
    fixed = times(fixed, std::max<int64_t>(1, dim));
  for (int64_t dim : state.shape)
    elements = times(elements, dim);
  if (elements < fixed)
    report.fail(place, fmt::format("has room for {} elements, input '{}' of "
                                   "the model has {} in every step",
                                   elements, state.name, fixed));
}

/// A state has room for what a query sees: the window, or all tokens. More is
/// no fault: states of several layers may have the longest window of them.
void StateRoomChecker::checkRoom(const Tensor &state, const Reader &reader,
                                 const std::string &place) {
  int64_t needed = reader.window > 0 ? std::min(room, reader.window) : room;
  // What the model fixes, its attention has to do with.
  if (int64_t fixed = fixedPlaces(state); fixed > 0)
    needed = std::min(needed, fixed);
  if (placesOf(state) >= needed)
    return;
  std::string sees = reader.window > 0
                         ? fmt::format("has a window of {}", reader.window)
                         : "has no window";
  report.fail(place,
              fmt::format("has room for {} tokens, node '{}' of the model {} "
                          "and needs {}",
                          placesOf(state), reader.label, sees, needed));
}

/// Ops read what the queries of a step see together.
void StateRoomChecker::checkSeen(const Kernel &kernel, const Tensor &state,
                                 const Reader &reader) {
  int64_t seen = placesOf(state);
  if (reader.window > 0)
    seen = std::min(seen, plus(reader.window, plan.tokens) - 1);
  auto contextDim = static_cast<size_t>(state.contextDim);
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands) {
      if (operand.role != "state" || operand.buffer != state.name ||
          &operand == &op.operands.back() ||
          contextDim >= operand.indexDims.size())
        continue;
      int64_t d = operand.indexDims[contextDim];
      if (d < 0 || d >= static_cast<int64_t>(op.dims.size()) ||
          op.dims[d].dim != "context" || op.dims[d].size == seen)
        continue;
      report.fail(fmt::format("{}, op '{}'", kernel.place(), op.name),
                  fmt::format("reads {} places of state '{}', queries of node "
                              "'{}' of the model see {}",
                              op.dims[d].size, state.name, reader.label, seen));
    }
}

void StateRoomChecker::run() {
  report.begin("values");
  for (const Kernel &kernel : plan.kernels)
    for (const Tensor &state : kernel.states) {
      std::string place =
          fmt::format("{}, state '{}'", kernel.place(), state.name);
      checkFixed(state, place);
      bool counts = state.contextDim >= 0 &&
                    state.contextDim < static_cast<int64_t>(state.shape.size());
      auto found = readers.find(state.name);
      if (!counts || found == readers.end())
        continue;
      for (const Reader &reader : found->second) {
        checkRoom(state, reader, place);
        if (!reader.hasMask)
          checkSeen(kernel, state, reader);
      }
    }
}

void inlay::checker::checkStateRooms(const Plan &plan, const Model &model,
                                     Report &report) {
  StateRoomChecker(plan, model, report).run();
}
