//===- Constraints.cpp - Where the user wants kernels ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Mapping/Constraints.h"

#include "inlay/Support/JsonReader.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/GlobPattern.h"

#include "fmt/format.h"

#include <algorithm>
#include <map>
#include <set>

using namespace inlay;
using namespace inlay::mapping;

std::vector<bool> Constraints::joined(size_t count) const {
  std::vector<bool> result(count, false);
  for (const std::vector<size_t> &kernels : together) {
    auto [first, last] = std::minmax_element(kernels.begin(), kernels.end());
    for (size_t k = *first + 1; k <= *last && k < count; ++k)
      result[k] = true;
  }
  return result;
}

namespace {

/// Reads one file; every wrong member is an error.
class Parser {
public:
  explicit Parser(const model::Graph &model) : model(model) {}

  Constraints run(JsonReader &in) {
    each(in, "pin", [&](JsonReader &entry) { readPin(entry); });
    each(in, "max_region", [&](JsonReader &entry) { readLimit(entry); });
    each(in, "same_region", [&](JsonReader &entry) { readTogether(entry); });
    each(in, "keep_out", [&](JsonReader &entry) {
      result.keepOut.push_back({entry.integer("x", 0, kLast),
                                entry.integer("y", 0, kLast),
                                entry.integer("width", 1, kLargest),
                                entry.integer("height", 1, kLargest)});
      entry.finish();
    });
    in.finish();
    return std::move(result);
  }

private:
  /// Of a glob with braces; more would take long to try.
  static constexpr size_t kMostAlternatives = 1024;
  static constexpr int64_t kLargest = model::kLargestSide;
  static constexpr int64_t kLast = kLargest - 1;

  void each(JsonReader &in, const char *name,
            std::function<void(JsonReader &)> read) {
    if (in.has(name))
      in.children(name, std::move(read));
  }

  void readPin(JsonReader &entry) {
    std::vector<size_t> kernels =
        matching(entry, "kernel", entry.string("kernel"));
    Constraints::Pin pin;
    pin.wafer = entry.integer("wafer", 0);
    if (entry.has("at"))
      entry.child("at", [&](JsonReader &at) {
        pin.at = {at.integer("x", 0, kLast), at.integer("y", 0, kLast)};
        at.finish();
      });
    entry.finish();
    for (size_t k : kernels) {
      pin.kernel = k;
      if (!pinned.insert(k).second)
        entry.error("kernel", fmt::format("pins '{}' a second time",
                                          model.kernels[k].name));
      result.pins.push_back(pin);
    }
  }

  void readLimit(JsonReader &entry) {
    std::vector<size_t> kernels =
        matching(entry, "kernel", entry.string("kernel"));
    model::Extent most = {entry.integer("width", 1, kLargest),
                          entry.integer("height", 1, kLargest)};
    entry.finish();
    for (size_t k : kernels) {
      if (!limited.insert(k).second)
        entry.error("kernel", fmt::format("limits '{}' a second time",
                                          model.kernels[k].name));
      result.limits.push_back({k, most});
    }
  }

  void readTogether(JsonReader &entry) {
    std::set<size_t> kernels;
    const llvm::json::Value *list = entry.value("kernels");
    const llvm::json::Array *names = list ? list->getAsArray() : nullptr;
    bool isValid = names && !names->empty();
    if (isValid)
      for (const llvm::json::Value &name : *names) {
        std::optional<llvm::StringRef> glob = name.getAsString();
        if (!glob) {
          isValid = false;
          break;
        }
        for (size_t k : matching(entry, "kernels", glob->str()))
          kernels.insert(k);
      }
    if (!isValid)
      entry.error("kernels", "must be an array of names of kernels");
    entry.finish();
    if (kernels.size() > 1)
      result.together.emplace_back(kernels.begin(), kernels.end());
    else if (kernels.size() == 1)
      entry.error("kernels", fmt::format("name only '{}': at least two kernels "
                                         "share a region",
                                         model.kernels[*kernels.begin()].name));
  }

  /// Kernels that a glob matches, in order.
  std::vector<size_t> matching(JsonReader &entry, const char *member,
                               const std::string &text) {
    std::vector<size_t> found;
    if (text.empty())
      return found; // said already
    llvm::Expected<llvm::GlobPattern> glob =
        llvm::GlobPattern::create(text, kMostAlternatives);
    if (!glob) {
      entry.error(member, fmt::format("'{}' is no glob: {}", text,
                                      llvm::toString(glob.takeError())));
      return found;
    }
    for (size_t k = 0; k < model.kernels.size(); ++k)
      if (glob->match(model.kernels[k].name) || model.kernels[k].name == text)
        found.push_back(k);
    if (found.empty())
      entry.error(member, fmt::format("'{}' matches no kernel of the model, "
                                      "there is '{}'",
                                      text, nearest(text)));
    return found;
  }

  std::string nearest(llvm::StringRef text) const {
    auto distance = [&](const model::KernelSpec &kernel) {
      return text.edit_distance(kernel.name);
    };
    return std::min_element(model.kernels.begin(), model.kernels.end(),
                            [&](const auto &a, const auto &b) {
                              return distance(a) < distance(b);
                            })
        ->name;
  }

  const model::Graph &model;
  Constraints result;
  std::set<size_t> pinned, limited;
};

} // namespace

std::optional<Constraints> inlay::mapping::parseConstraints(
    const std::string &text, const model::Graph &model, Diagnostics &diags) {
  size_t before = diags.all().size();
  std::optional<llvm::json::Value> value = parseJsonObject(text, diags);
  if (!value || model.kernels.empty())
    return std::nullopt;
  JsonReader in(*value->getAsObject(), "", diags);
  Constraints constraints = Parser(model).run(in);
  if (diags.all().size() != before)
    return std::nullopt;
  return constraints;
}

//===----------------------------------------------------------------------===//
// On a grid
//===----------------------------------------------------------------------===//

static constexpr const char *kSubject = "constraints";

static std::string describe(const model::Rect &rect) {
  return fmt::format("{} x {} cores at ({}, {})", rect.width, rect.height,
                     rect.x, rect.y);
}

/// Where a region would begin that no region can cover.
static void checkPin(const Constraints &constraints,
                     const Constraints::Pin &pin, const std::string &kernel,
                     model::Extent grid, const std::vector<model::Rect> &dead,
                     Diagnostics &diags) {
  auto [x, y] = *pin.at;
  std::string what = fmt::format("pin '{}' at ({}, {}), ", kernel, x, y);
  if (x >= grid.width || y >= grid.height) {
    diags
        .inputError(kSubject, what + fmt::format("outside of the grid of {} x "
                                                 "{} cores",
                                                 grid.width, grid.height))
        .notes.push_back("rows and columns are counted from 0");
    return;
  }
  auto covers = [core = model::Rect{x, y, 1, 1}](const model::Rect &rect) {
    return rect.contains(core);
  };
  for (const auto &[rects, why] :
       {std::pair(&dead, "on dead cores: "),
        std::pair(&constraints.keepOut, "on cores that 'keep_out' frees: ")})
    if (auto found = std::find_if(rects->begin(), rects->end(), covers);
        found != rects->end())
      diags.inputError(kSubject, what + why + describe(*found))
          .notes.push_back("pin it elsewhere");
}

/// Kernels that share a region are where that is.
static void checkTogether(const Constraints &constraints,
                          const model::Graph &model, Diagnostics &diags) {
  std::vector<bool> joined = constraints.joined(model.kernels.size());
  auto regionOf = [&](size_t kernel) {
    while (kernel > 0 && joined[kernel])
      --kernel;
    return kernel;
  };
  std::map<size_t, const Constraints::Pin *> first;
  for (const Constraints::Pin &pin : constraints.pins) {
    const Constraints::Pin &other =
        *first.try_emplace(regionOf(pin.kernel), &pin).first->second;
    if (other.wafer == pin.wafer &&
        (!other.at || !pin.at || other.at == pin.at))
      continue;
    diags
        .inputError(kSubject,
                    fmt::format("pin '{}' and '{}' to different places, but "
                                "'same_region' has them on one region",
                                model.kernels[other.kernel].name,
                                model.kernels[pin.kernel].name))
        .notes.push_back("pin one of them");
  }
}

bool inlay::mapping::checkOnGrid(const Constraints &constraints,
                                 const model::Graph &model, model::Extent grid,
                                 const std::vector<model::Rect> &dead,
                                 Diagnostics &diags) {
  size_t before = diags.all().size();
  for (const Constraints::Pin &pin : constraints.pins)
    if (pin.at)
      checkPin(constraints, pin, model.kernels[pin.kernel].name, grid, dead,
               diags);
  for (const model::Rect &rect : constraints.keepOut)
    if (rect.x >= grid.width || rect.y >= grid.height)
      diags
          .inputError(kSubject,
                      fmt::format("'keep_out' of {} lies outside of "
                                  "the grid of {} x {} cores",
                                  describe(rect), grid.width, grid.height))
          .notes.push_back("rows and columns are counted from 0");
  checkTogether(constraints, model, diags);
  return diags.all().size() == before;
}
