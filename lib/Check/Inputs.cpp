//===- Inputs.cpp - The plan against what it was made from ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Canonical.h"
#include "OnnxFile.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace inlay::checker;

/// The plan's digest of an input must be `sha256`.
static void checkDigest(const Plan &plan, const std::string &name,
                        const std::string &sha256, Report &report) {
  auto found = llvm::find_if(
      plan.digests, [&](const Digest &digest) { return digest.name == name; });
  if (found == plan.digests.end())
    report.fail("digests", "have none of '" + name + "'");
  else if (found->sha256 != sha256)
    report.fail("digest of '" + name + "'",
                fmt::format("is {}, the file has {}", found->sha256, sha256));
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

namespace {

class ModelChecker {
public:
  ModelChecker(const Plan &plan, const Model &model, Report &report)
      : plan(plan), model(model), report(report) {}

  void run() {
    report.begin("model");
    checkDigest(plan, model.fileName, model.fileSha256, report);
    if (plan.model != model.fileName)
      report.fail("model", fmt::format("is '{}', the file is '{}'", plan.model,
                                       model.fileName));
    for (const Kernel &kernel : plan.kernels)
      for (const Weight &weight : kernel.weights)
        for (const Piece &piece : weight.pieces)
          checkPiece(kernel, weight, piece);
    checkFolded();
    for (const HostValue &value : plan.hostValues)
      for (const auto &[name, bytes] : value.initializers)
        placed.insert(name);
    for (llvm::StringRef name : model.initializerNames)
      if (model.reachable.contains(name) && !placed.contains(name))
        report.fail(
            "initializer '" + name.str() + "'",
            fmt::format(
                "of {} B is in no kernel, at no host value and not folded",
                model.initializers.at(name).length));
    checkEnds();
  }

private:
  void checkPiece(const Kernel &kernel, const Weight &weight,
                  const Piece &piece);
  void checkFolded();
  bool isHostValue(const std::string &name) const {
    return llvm::any_of(plan.hostValues, [&](const HostValue &value) {
      return value.node == name;
    });
  }
  void checkEnds();
  void checkOrder(const std::map<int64_t, std::set<std::string>> &ports,
                  const std::vector<std::string> &names, const char *what);

  const Plan &plan;
  const Model &model;
  Report &report;
  llvm::StringSet<> placed;
};

} // namespace

void ModelChecker::checkPiece(const Kernel &kernel, const Weight &weight,
                              const Piece &piece) {
  std::string place =
      fmt::format("{}, weight '{}', piece of '{}'", kernel.place(), weight.name,
                  piece.initializer);
  auto found = model.initializers.find(piece.initializer);
  if (found == model.initializers.end())
    return report.fail(place, "names no initializer of the model");
  placed.insert(piece.initializer);
  const Initializer &file = found->second;
  if (!model.reachable.count(piece.initializer))
    report.fail(place, "is placed, but no output of the model needs it");
  // Values that share a byte may be counted one by one.
  bool isPart = piece.storedBits > 0 && piece.storedBits < file.bits &&
                piece.encoding == "raw" && file.bits % piece.storedBits == 0;
  if (piece.file != file.file || piece.offset != file.offset ||
      piece.length != file.length || piece.encoding != file.encoding ||
      (piece.storedBits != file.bits && !isPart))
    report.fail(place,
                fmt::format("is {} B at {} of '{}', {}, {} bits; the model has "
                            "{} B at {} of '{}', {}, {} bits",
                            piece.length, piece.offset, piece.file,
                            piece.encoding, piece.storedBits, file.length,
                            file.offset, file.file, file.encoding, file.bits));
  int64_t last = piece.first;
  for (size_t d = 0; d < std::min(piece.sizes.size(), piece.strides.size());
       ++d)
    last = plus(last, times(piece.sizes[d] - 1, piece.strides[d]));
  int64_t elements = isPart ? times(file.elements, file.bits / piece.storedBits)
                            : file.elements;
  if (last >= elements && product(piece.sizes) > 0)
    report.fail(place, fmt::format("takes element {} of {}", last, elements));
}

void ModelChecker::checkFolded() {
  for (const auto &[name, bytes] : plan.accounting.folded) {
    std::string place = "folded initializer '" + name + "'";
    auto found = model.initializers.find(name);
    if (found == model.initializers.end()) {
      report.fail(place, "is no initializer of the model");
      continue;
    }
    placed.insert(name);
    if (found->second.length != bytes)
      report.fail(place, fmt::format("says {} B, the model has {} B", bytes,
                                     found->second.length));
    if (!model.reachable.count(name))
      report.fail(place, "is needed by no output of the model");
  }
}

/// Streams of the host and states are the model's inputs and outputs, in its
/// order, but for values that the host works out; those that lead nowhere or
/// fold away are none.
void ModelChecker::checkEnds() {
  std::set<std::string> states;
  for (const Kernel &kernel : plan.kernels)
    for (const Tensor &state : kernel.states) {
      states.insert(state.name);
      if (!llvm::is_contained(model.inputs, state.name))
        report.fail(kernel.place() + ", state '" + state.name + "'",
                    "is no input of the model");
    }
  std::map<int64_t, std::set<std::string>> sources, results;
  for (const Stream &stream : plan.streams) {
    if (stream.from.empty() && !isHostValue(stream.name))
      sources[stream.fromPort].insert(stream.name);
    if (stream.to.empty())
      results[stream.toPort].insert(stream.name);
    if (stream.from.empty() && states.count(stream.name))
      report.fail(stream.place(), "has the name of a state");
  }
  checkOrder(sources, model.inputs, "input");
  checkOrder(results, model.outputs, "output");
  if (results.empty() || results.size() + states.size() > model.outputs.size())
    report.fail("streams to the host",
                fmt::format("are {}, with {} states; the model has {} outputs",
                            results.size(), states.size(),
                            model.outputs.size()));
}

/// Ports have one name each, and are numbered as the model orders them.
void ModelChecker::checkOrder(
    const std::map<int64_t, std::set<std::string>> &ports,
    const std::vector<std::string> &names, const char *what) {
  auto next = names.begin();
  for (const auto &[port, streams] : ports)
    for (const std::string &name : streams) {
      std::string place =
          fmt::format("stream '{}' at {} {} of the model", name, what, port);
      auto found = std::find(next, names.end(), name);
      if (streams.size() > 1)
        report.fail(place, "shares the place with others");
      else if (found == names.end())
        report.fail(place, fmt::format("is no {} of it in that order", what));
      else
        next = found + 1;
    }
}

void inlay::checker::checkModel(const Plan &plan, const Model &model,
                                Report &report) {
  ModelChecker(plan, model, report).run();
}

//===----------------------------------------------------------------------===//
// The device description
//===----------------------------------------------------------------------===//

/// Name -> figure, as a plan names those of a device description.
static std::map<std::string, Figure> figuresOf(const json::Object &target) {
  std::map<std::string, Figure> figures;
  auto add = [&](const std::string &name, const json::Value &value) {
    const json::Object *object = value.getAsObject();
    if (!object || !object->getNumber("value"))
      return;
    figures[name] = {name, *object->getNumber("value"),
                     object->getString("unit").value_or("").str(),
                     object->getString("source").value_or("").str(),
                     object->getBoolean("assumption").value_or(false)};
  };
  auto addAll = [&](const char *section, const std::string &prefix) {
    if (const json::Object *object = target.getObject(section))
      for (const auto &[name, value] : *object) {
        add(prefix + name.str(), value);
        if (const json::Object *inner = value.getAsObject())
          for (const auto &[type, rate] : *inner)
            add(prefix + name.str() + "." + type.str(), rate);
      }
  };
  if (const json::Value *clock = target.get("clock"))
    add("clock", *clock);
  addAll("core", "");
  addAll("fabric", "");
  addAll("wafer_link", "wafer_");
  addAll("dram", "dram_");
  addAll("primitives", "primitive.");
  return figures;
}

/// Options that set a figure of the device for one plan.
static bool isOverridden(const Plan &plan, const std::string &figure) {
  static const std::map<std::string, std::string> kOptions = {
      {"reserved", "reserve="},
      {"wafer_latency", "crossing-latency="},
      {"clock", "clock="},
      {"sram", "sram="}};
  auto option = kOptions.find(figure);
  return option != kOptions.end() &&
         llvm::any_of(plan.options, [&](const std::string &given) {
           return llvm::StringRef(given).starts_with(option->second);
         });
}

static Rect rectOf(const json::Object &object) {
  return {object.getInteger("x").value_or(0),
          object.getInteger("y").value_or(0),
          object.getInteger("width").value_or(0),
          object.getInteger("height").value_or(0)};
}

static std::string describe(const Figure &figure) {
  return fmt::format("{} {} ({}{})", figure.value, figure.unit, figure.source,
                     figure.assumption ? ", an assumption" : "");
}

void inlay::checker::checkTarget(const Plan &plan, llvm::StringRef text,
                                 const json::Object &target, Report &report) {
  report.begin("target");
  checkDigest(plan, "target", sha256(text), report);
  const System &system = plan.system;
  auto compare = [&](const char *name, auto is, auto described) {
    if (is != described)
      report.fail(name, fmt::format("is {}, the target has {}", is, described));
  };
  compare("target", system.target, target.getString("name").value_or("").str());
  compare("description", system.description,
          target.getString("description").value_or("").str());
  static const json::Object kEmpty;
  const json::Object *grid = target.getObject("grid");
  Rect size = rectOf(grid ? *grid : kEmpty);
  compare("width", system.width, size.width);
  compare("height", system.height, size.height);
  std::vector<std::string> dead, described;
  for (const Rect &rect : system.dead)
    dead.push_back(rect.str());
  if (const json::Array *array = target.getArray("dead"))
    for (const json::Value &value : *array)
      if (const json::Object *object = value.getAsObject())
        described.push_back(rectOf(*object).str());
  compare("dead", llvm::join(dead, ", "), llvm::join(described, ", "));

  std::map<std::string, Figure> figures = figuresOf(target);
  std::set<std::string> seen;
  for (const Figure &figure : system.figures) {
    seen.insert(figure.name);
    auto found = figures.find(figure.name);
    std::string place = "figure '" + figure.name + "'";
    if (found == figures.end())
      report.fail(place, "is none of the target");
    else if (describe(figure) != describe(found->second) &&
             !isOverridden(plan, figure.name))
      report.fail(place,
                  fmt::format("is {}, the target has {}", describe(figure),
                              describe(found->second)));
  }
  for (const auto &[name, figure] : figures)
    if (!seen.count(name))
      report.fail("figure '" + name + "'", "of the target is missing");
  std::vector<double> clocks = {system.clockGhz};
  if (const json::Array *array = target.getArray("report_clocks"))
    for (const json::Value &value : *array)
      clocks.push_back(value.getAsNumber().value_or(0));
  std::vector<double> rates;
  for (const Rate &rate : plan.estimate.rates)
    rates.push_back(rate.clock);
  if (rates != clocks)
    report.fail("rates", "are not at the clock and the report clocks of the "
                         "target");
}
