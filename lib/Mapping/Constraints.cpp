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
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(text);
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
