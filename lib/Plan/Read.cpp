//===- Read.cpp - A plan from JSON ----------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fields.h"

#include "inlay/Support/JsonReader.h"

#include "llvm/ADT/STLExtras.h"

#include "fmt/format.h"

#include <limits>

using namespace inlay;
using namespace inlay::plan;
namespace json = llvm::json;

namespace {

/// Visits the fields of one JSON object.
class Reader {
public:
  /// `minor` is the version of the plan.
  Reader(JsonReader &in, int64_t minor) : in(in), minor(minor) {}

  /// An older plan does not have the field.
  template <typename T> void field(const char *name, T &value, Since since) {
    if (since.minor <= minor)
      field(name, value);
  }

  /// A newer plan does not.
  template <typename T> void field(const char *name, T &value, Until until) {
    if (minor < until.minor)
      field(name, value);
  }

  /// Where the field is not there it has its usual value.
  template <typename T>
  void field(const char *name, T &value, Since since, const Unless<T> &usual) {
    value = usual.value;
    if (since.minor <= minor && in.has(name))
      field(name, value);
  }

  void field(const char *name, std::string &value) { value = in.string(name); }
  void field(const char *name, bool &value) { value = in.boolean(name); }
  void field(const char *name, double &value) {
    constexpr double kMost = std::numeric_limits<double>::max();
    value = in.number(name, -kMost, kMost);
  }
  void field(const char *name, int64_t &value) {
    value = in.integer(name, std::numeric_limits<int64_t>::min());
  }
  void field(const char *name, std::vector<std::string> &values) {
    elements(name, "a string", [&](const json::Value &value) {
      if (auto text = value.getAsString())
        return values.push_back(text->str()), true;
      return false;
    });
  }
  void field(const char *name, std::vector<int64_t> &values) {
    elements(name, "an integer", [&](const json::Value &value) {
      if (auto number = value.getAsInteger())
        return values.push_back(*number), true;
      return false;
    });
  }
  void field(const char *name, std::vector<double> &values) {
    elements(name, "a number", [&](const json::Value &value) {
      if (auto number = value.getAsNumber())
        return values.push_back(*number), true;
      return false;
    });
  }
  template <typename T> void field(const char *name, std::vector<T> &values) {
    in.children(name, [&](JsonReader &inner) {
      Reader reader(inner, minor);
      visit(reader, values.emplace_back());
    });
  }
  template <typename T> void field(const char *name, T &object) {
    in.child(name, [&](JsonReader &inner) {
      Reader reader(inner, minor);
      visit(reader, object);
    });
  }

private:
  template <typename Add>
  void elements(const char *name, const char *what, Add add) {
    const json::Value *member = in.value(name);
    const json::Array *array = member ? member->getAsArray() : nullptr;
    if (!array)
      return in.error(name, member ? "must be an array" : "is missing");
    for (size_t i = 0; i < array->size(); ++i)
      if (!add((*array)[i]))
        in.error(fmt::format("{}[{}]", name, i),
                 fmt::format("must be {}", what));
  }

  JsonReader &in;
  int64_t minor;
};

} // namespace

/// Why a version cannot be read, and what to do.
static std::string refusal(int64_t major, int64_t minor) {
  std::string text =
      fmt::format("is {}.{}, but this build reads {}.0 to {}.{}", major, minor,
                  kMajorVersion, kMajorVersion, kMinorVersion);
  return text + (major == kMajorVersion
                     ? "; a newer build has the fields that it adds"
                     : "; in another major version the same fields may mean "
                       "something else: compile the model again");
}

/// What plans of 1.0 do not say.
static void fillSince1(Plan &plan) {
  System &system = plan.system;
  if (system.reservedBytes > 0)
    system.reserved = {{"code, stack and runtime", 0, system.reservedBytes}};
  for (Kernel &kernel : plan.kernels)
    for (CoreClass &cores : kernel.classes)
      for (Buffer &buffer : cores.memory)
        buffer.alignment = system.bufferAlignment;
}

static void fillSince3(Plan &plan) {
  auto fill = [](Cut &cut) { cut.pitch = cut.size; };
  for (Kernel &kernel : plan.kernels) {
    for (OpCut &op : kernel.ops)
      for (OpDim &dim : op.dims)
        fill(dim.cut);
    for (Weight &weight : kernel.weights)
      llvm::for_each(weight.cuts, fill);
    for (State &state : kernel.states)
      llvm::for_each(state.cuts, fill);
  }
}

std::optional<Plan> inlay::plan::fromJson(const std::string &text,
                                          Diagnostics &diags) {
  std::optional<json::Value> value = parseJsonObject(text, diags);
  if (!value)
    return std::nullopt;
  size_t before = diags.all().size();
  JsonReader in(*value->getAsObject(), "", diags);
  if (in.string("format") != kFormat)
    in.error("format", fmt::format("must be '{}'", kFormat));
  int64_t major = 0;
  int64_t minor = 0;
  in.child("version", [&](JsonReader &inner) {
    major = inner.integer("major", 0);
    minor = inner.integer("minor", 0);
  });
  // Whoever distrusts a file recomputes it; reading does not.
  in.string("content_sha256");
  if (diags.all().size() == before &&
      (major != kMajorVersion || minor > kMinorVersion))
    in.error("version", refusal(major, minor));
  if (diags.all().size() != before)
    return std::nullopt;
  Plan plan;
  Reader reader(in, minor);
  visit(reader, plan);
  in.finish();
  if (diags.all().size() != before)
    return std::nullopt;
  if (minor < 1)
    fillSince1(plan);
  if (minor < 2)
    plan.step.sequencesInFlight = plan.step.batch;
  if (minor < 3)
    fillSince3(plan);
  fillRectangles(plan);
  return plan;
}
