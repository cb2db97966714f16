//===- Target.cpp - A machine, as data ------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Target/Target.h"
#include "inlay/Target/Figures.h"

#include "inlay/Support/Format.h"
#include "inlay/Support/JsonReader.h"
#include "inlay/Support/SharedData.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"

#include "fmt/format.h"

#include <set>

using namespace inlay;
using namespace inlay::target;

using model::kLargestSide;

int64_t Target::usableCores() const {
  int64_t cores = grid.area();
  for (const model::Rect &rect : dead)
    cores -= rect.area();
  return cores;
}

int64_t Target::hops(int64_t dx, int64_t dy) const {
  dx = std::abs(dx);
  dy = std::abs(dy);
  if (!isTorus())
    return dx + dy;
  auto around = [](int64_t distance, int64_t size) {
    return std::min(distance, std::max<int64_t>(0, size - distance));
  };
  return around(dx, grid.width) + around(dy, grid.height);
}

const Quantity *Target::primitive(const std::string &primitiveName) const {
  auto found = primitives.find(primitiveName);
  return found == primitives.end() ? nullptr : &found->second;
}

static double slowestRate(const std::map<std::string, Quantity> &rates,
                          const std::string &type) {
  if (auto found = rates.find(type); found != rates.end())
    return found->second.value;
  double slowest = rates.begin()->second.value;
  for (const auto &[name, quantity] : rates)
    slowest = std::min(slowest, quantity.value);
  return slowest;
}

bool Target::hasCountableSram() const {
  return sram.value * double(grid.width) * double(grid.height) <= kLargestWafer;
}

double Target::macsPerCycle(const std::string &type) const {
  return slowestRate(macRate, type);
}

double Target::elementsPerCycle(const std::string &type) const {
  return slowestRate(elementRate, type);
}

namespace {

Quantity readQuantity(JsonReader &reader, const std::string &unit, double least,
                      double most) {
  Quantity quantity;
  quantity.value = reader.number("value", least, most);
  quantity.unit = reader.string("unit");
  quantity.source = reader.string("source");
  if (reader.has("assumption"))
    quantity.assumption = reader.boolean("assumption");
  if (!quantity.unit.empty() && quantity.unit != unit)
    reader.error("unit",
                 fmt::format("must be '{}', got '{}'", unit, quantity.unit));
  return quantity;
}

std::map<std::string, Quantity> readRates(JsonReader &reader,
                                          const std::string &name) {
  std::map<std::string, Quantity> rates;
  reader.members(name, [&](llvm::StringRef type, JsonReader &inner) {
    rates[type.str()] =
        readQuantity(inner, "1/cycle", kLeastPositive, kLargestFigure);
  });
  if (rates.empty())
    reader.error(name, "must have at least one element type");
  return rates;
}

model::Rect readRect(JsonReader &reader) {
  model::Rect rect;
  rect.x = reader.integer("x", 0, kLargestSide);
  rect.y = reader.integer("y", 0, kLargestSide);
  rect.width = reader.integer("width", 1, kLargestSide);
  rect.height = reader.integer("height", 1, kLargestSide);
  return rect;
}

/// The figures of one section of the file.
void readFigures(JsonReader &reader, llvm::StringRef section, Target &target) {
  for (const Figure &figure : kFigures)
    if (section == figure.section &&
        (figure.isRequired || reader.has(figure.key)))
      reader.child(figure.key, [&](JsonReader &inner) {
        target.*figure.member =
            readQuantity(inner, figure.unit, figure.least, kLargestFigure);
      });
}

Fit readFit(JsonReader &reader) {
  Fit fit;
  if (const llvm::json::Value *rows = reader.value("rows")) {
    const llvm::json::Array *array = rows->getAsArray();
    for (const llvm::json::Value &row : array ? *array : llvm::json::Array())
      if (auto text = row.getAsString())
        fit.rows.push_back(text->str());
    if (!array || array->empty() || fit.rows.size() != array->size())
      reader.error("rows", "must be an array of strings, not empty");
  } else {
    reader.error("rows", "is missing");
  }
  fit.numRows = reader.integer("number", 1);
  fit.meanError = reader.number("mean_error", 0, kLargestFigure);
  fit.largestError = reader.number("largest_error", 0, kLargestFigure);
  return fit;
}

void readPrimitives(JsonReader &reader, Target &target) {
  reader.members("primitives", [&](llvm::StringRef name, JsonReader &inner) {
    const PrimitiveName *known =
        llvm::find_if(kPrimitives, [&](const PrimitiveName &primitive) {
          return name == primitive.name;
        });
    if (known == std::end(kPrimitives))
      return reader.error("primitives." + name.str(), "is no primitive");
    target.primitives[name.str()] =
        readQuantity(inner, known->unit, known->least, kLargestFigure);
    if (inner.has("fit"))
      inner.child("fit", [&](JsonReader &fit) {
        target.fits[name.str()] = readFit(fit);
      });
  });
}

void readUnknowns(JsonReader &reader, Target &target) {
  const llvm::json::Value *unknowns = reader.value("unknowns");
  const llvm::json::Array *array = unknowns ? unknowns->getAsArray() : nullptr;
  for (const llvm::json::Value &unknown : array ? *array : llvm::json::Array())
    if (auto text = unknown.getAsString())
      target.unknowns.push_back(text->str());
  if (unknowns && (!array || target.unknowns.size() != array->size()))
    reader.error("unknowns", "must be an array of strings");
}

void readClocks(JsonReader &reader, Target &target) {
  const llvm::json::Value *clocks = reader.value("report_clocks");
  if (!clocks)
    return;
  const llvm::json::Array *array = clocks->getAsArray();
  if (!array)
    return reader.error("report_clocks", "must be an array of GHz");
  for (const llvm::json::Value &clock : *array) {
    std::optional<double> ghz = clock.getAsNumber();
    if (!ghz || *ghz <= 0 || *ghz > 100)
      return reader.error("report_clocks", "must be an array of GHz");
    target.reportClocks.push_back(*ghz);
  }
}

void checkDead(const Target &target, JsonReader &reader) {
  model::Rect grid{0, 0, target.grid.width, target.grid.height};
  for (size_t i = 0; i < target.dead.size(); ++i) {
    if (!grid.contains(target.dead[i]))
      reader.error(fmt::format("dead[{}]", i), "lies outside the grid");
    for (size_t j = 0; j < i; ++j)
      if (target.dead[i].overlaps(target.dead[j]))
        reader.error(fmt::format("dead[{}]", i),
                     fmt::format("overlaps dead[{}]", j));
  }
  int64_t numDead = 0;
  for (const model::Rect &rect : target.dead)
    numDead += rect.area();
  if (numDead > 0 && numDead >= target.grid.area())
    reader.error("dead", "leaves no core of the grid");
}

Target readTarget(JsonReader &reader) {
  Target target;
  if (reader.string("format") != "inlay-target")
    reader.error("format", "must be 'inlay-target'");
  reader.integer("version", 1, 1);
  target.name = reader.string("name");
  target.description = reader.string("description");
  reader.child("grid", [&](JsonReader &inner) {
    target.grid.width = inner.integer("width", 1, kLargestSide);
    target.grid.height = inner.integer("height", 1, kLargestSide);
    inner.string("source");
  });
  if (reader.has("dead"))
    reader.children("dead", [&](JsonReader &inner) {
      target.dead.push_back(readRect(inner));
    });
  readFigures(reader, "", target);
  readClocks(reader, target);
  reader.child("core", [&](JsonReader &inner) {
    readFigures(inner, "core", target);
    target.macRate = readRates(inner, "mac_rate");
    target.elementRate = readRates(inner, "element_rate");
  });
  for (const char *section : {"fabric", "wafer_link"})
    reader.child(section, [&](JsonReader &inner) {
      readFigures(inner, section, target);
    });
  if (reader.has("dram")) {
    reader.child(
        "dram", [&](JsonReader &inner) { readFigures(inner, "dram", target); });
    if (!target.dramCapacity.isGiven() || !target.dramBandwidth.isGiven())
      reader.error("dram", "needs a capacity and a bandwidth");
  }
  if (reader.has("primitives"))
    readPrimitives(reader, target);
  readUnknowns(reader, target);
  if (target.reserved.value >= target.sram.value)
    reader.error("core.reserved", "must be less than core.sram");
  if (!target.hasCountableSram())
    reader.error("core.sram",
                 fmt::format("must leave a wafer of {} x {} cores at most 2^62 "
                             "bytes, got {:g} B a core",
                             target.grid.width, target.grid.height,
                             target.sram.value));
  checkDead(target, reader);
  reader.finish();
  return target;
}

} // namespace

std::optional<Target> inlay::target::parse(llvm::StringRef text,
                                           Diagnostics &diags) {
  std::optional<llvm::json::Value> value = parseJsonObject(text, diags);
  if (!value)
    return std::nullopt;
  size_t before = diags.all().size();
  JsonReader reader(*value->getAsObject(), "", diags);
  Target target = readTarget(reader);
  target.digest =
      llvm::toHex(llvm::SHA256::hash(llvm::arrayRefFromStringRef(text)),
                  /*LowerCase=*/true);
  if (diags.all().size() != before)
    return std::nullopt;
  return target;
}

std::optional<Target> inlay::target::load(const std::string &path,
                                          Diagnostics &diags) {
  diags.setFile(path);
  // A pipe or a device might never end.
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) &&
      status.type() != llvm::sys::fs::file_type::regular_file) {
    diags.inputError("", "cannot read the device description: it is a folder, "
                         "a pipe or a device");
    return std::nullopt;
  }
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer) {
    diags.inputError("", "cannot read the device description: " +
                             buffer.getError().message());
    return std::nullopt;
  }
  return parse((*buffer)->getBuffer(), diags);
}

/// What to do about a name that is none of `names`, which are in `directory`.
static std::string adviseOnName(const std::set<std::string> &names,
                                const std::string &directory) {
  if (!names.empty())
    return fmt::format("shipped targets: {}; or give the path of a .json file",
                       fmt::join(names, ", "));
  if (!directory.empty())
    return fmt::format("no targets are in '{}'", directory);
  return "no share/inlay/targets is near this program; name the folder of the "
         "targets, or give the path of a .json file";
}

std::optional<Target> inlay::target::find(const std::string &nameOrFile,
                                          const std::string &targetDir,
                                          Diagnostics &diags) {
  if (llvm::StringRef(nameOrFile).ends_with(".json"))
    return load(nameOrFile, diags);
  std::string directory =
      targetDir.empty() ? findSharedData("targets") : targetDir;
  std::set<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error))
    if (llvm::sys::path::extension(it->path()) == ".json")
      names.insert(llvm::sys::path::stem(it->path()).str());
  if (names.count(nameOrFile)) {
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, nameOrFile + ".json");
    return load(path.str().str(), diags);
  }
  diags.inputError("", fmt::format("there is no target '{}'", nameOrFile))
      .notes.push_back(adviseOnName(names, directory));
  return std::nullopt;
}

bool inlay::target::apply(const Overrides &overrides, Target &target,
                          Diagnostics &diags) {
  diags.setFile("");
  constexpr double kLeastClock = 1e-3, kLargestClock = 100;
  if (overrides.clock) {
    if (!(*overrides.clock >= kLeastClock &&
          *overrides.clock <= kLargestClock)) {
      diags.inputError("option --sweep",
                       fmt::format("clock must be from {:g} to {:g} GHz, got "
                                   "{:g}",
                                   kLeastClock, kLargestClock,
                                   *overrides.clock));
      return false;
    }
    target.clock.value = *overrides.clock;
    target.clock.source = "option --sweep";
    target.clock.assumption = true;
  }
  if (overrides.sram) {
    target::Target changed = target;
    changed.sram.value = double(*overrides.sram);
    if (!changed.hasCountableSram()) {
      diags.inputError("option --sweep",
                       fmt::format("sram must leave a wafer of {} x {} cores "
                                   "at most 2^62 bytes, got {} a core",
                                   target.grid.width, target.grid.height,
                                   formatBytes(*overrides.sram)));
      return false;
    }
    if (*overrides.sram <= target.reserved.value) {
      diags.inputError("option --sweep",
                       fmt::format("sram must be more than the {} that a core "
                                   "reserves, got {}",
                                   formatBytes(int64_t(target.reserved.value)),
                                   formatBytes(*overrides.sram)));
      return false;
    }
    target.sram.value = static_cast<double>(*overrides.sram);
    target.sram.source = "option --sweep";
    target.sram.assumption = true;
  }
  if (overrides.reserve) {
    if (*overrides.reserve < 0 || *overrides.reserve >= target.sram.value) {
      diags.inputError("option --reserve",
                       fmt::format("must leave some of a core's {}, got {}",
                                   formatBytes(int64_t(target.sram.value)),
                                   formatBytes(*overrides.reserve)));
      return false;
    }
    target.reserved.value = static_cast<double>(*overrides.reserve);
    target.reserved.source = "option --reserve";
    target.reserved.assumption = true;
  }
  if (overrides.crossingLatency) {
    if (!(*overrides.crossingLatency >= 0 &&
          *overrides.crossingLatency <= kLargestFigure)) {
      diags.inputError("option --crossing-latency",
                       "must be a number of microseconds of at least 0");
      return false;
    }
    target.waferLatency.value = *overrides.crossingLatency;
    target.waferLatency.source = "option --crossing-latency";
    target.waferLatency.assumption = true;
  }
  return true;
}
