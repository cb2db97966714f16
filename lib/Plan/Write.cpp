//===- Write.cpp - A plan as JSON -----------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fields.h"

#include "inlay/Support/Format.h"
#include "inlay/Support/Parallel.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace inlay;
using namespace inlay::plan;
namespace json = llvm::json;

namespace {

/// Whether an object has fields of one value, or lists of such, and no others.
class LineTest {
public:
  template <typename T>
  static constexpr bool isValue =
      std::is_arithmetic_v<T> || std::is_same_v<T, std::string>;

  template <typename T, typename... Rest>
  void field(const char *, T &, Rest &&...) {
    isLine &= isValue<T>;
  }
  template <typename T, typename... Rest>
  void field(const char *, std::vector<T> &, Rest &&...) {
    isLine &= isValue<T>;
  }

  /// The same for all objects of a type.
  template <typename T> static bool test(T &object) {
    static const bool known = [&] {
      LineTest test;
      visit(test, object);
      return test.isLine;
    }();
    return known;
  }

private:
  bool isLine = true;
};

/// What is a line by itself (a segment, a buffer, the dims of a tensor) is
/// written as one: half of a plan would be blanks otherwise.
class Writer {
public:
  explicit Writer(json::OStream &out) : out(out) {}

  template <typename T> void field(const char *name, T &value) {
    out.attributeBegin(name);
    write(value);
    out.attributeEnd();
  }
  template <typename T> void field(const char *name, T &value, Since) {
    field(name, value);
  }
  template <typename T> void field(const char *, T &, Until) {}
  template <typename T>
  void field(const char *name, T &value, Since, const Unless<T> &usual) {
    if (value != usual.value)
      field(name, value);
  }

private:
  void write(std::string &value) { out.value(toUtf8(value)); }
  void write(bool &value) { out.value(value); }
  void write(double &value) { out.value(value); }
  void write(int64_t &value) {
    if (value > kLargestExact || value < -kLargestExact)
      out.value(std::to_string(value));
    else
      out.value(value);
  }
  template <typename T> void write(std::vector<T> &values) {
    if (LineTest::isValue<T>)
      return writeLine([&](Writer &line) { line.writeAll(values); });
    writeAll(values);
  }
  template <typename T> void writeAll(std::vector<T> &values) {
    out.array([&] {
      for (T &value : values)
        write(value);
    });
  }
  template <typename T> void write(T &object) {
    if (LineTest::test(object))
      return writeLine([&](Writer &line) { line.writeFields(object); });
    writeFields(object);
  }
  template <typename T> void writeFields(T &object) {
    out.object([&] { visit(*this, object); });
  }
  void writeLine(llvm::function_ref<void(Writer &)> write) {
    out.rawValue([&](llvm::raw_ostream &os) {
      json::OStream line(os);
      Writer writer(line);
      write(writer);
    });
  }

  json::OStream &out;
};

} // namespace

int64_t System::bankOf(int64_t offset) const {
  if (banks <= 0 || sramBytes <= 0)
    return 0;
  // Not the bytes of a bank: these need not be whole.
  __int128 address = reservedBytes + offset;
  return static_cast<int64_t>(address * banks / sramBytes);
}

void inlay::plan::fillRectangles(Plan &plan) {
  std::map<std::string, Rectangle> byName;
  for (const Region &region : plan.regions)
    byName[region.name] = region.rectangle;
  for (Kernel &kernel : plan.kernels)
    kernel.rectangle = byName[kernel.region];
}

/// Stands where the digest comes, which takes as long as all else.
static constexpr char kPlace[] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static std::string toJson(const Plan &plan, const std::string &digest) {
  std::string text;
  llvm::raw_string_ostream os(text);
  json::OStream out(os, /*IndentSize=*/1);
  Writer writer(out);
  out.object([&] {
    out.attribute("format", kFormat);
    out.attributeObject("version", [&] {
      out.attribute("major", kMajorVersion);
      out.attribute("minor", kMinorVersion);
    });
    out.attribute("content_sha256", digest);
    // The visitors serve reading too and take their structs by reference.
    visit(writer, const_cast<Plan &>(plan));
  });
  os << '\n';
  return text;
}

std::string inlay::plan::toJson(const Plan &plan) {
  std::string text, digest;
  parallelFor(2, [&](size_t part) {
    if (part == 0)
      text = ::toJson(plan, kPlace);
    else
      digest = contentSha256(plan);
  });
  // The first of these is the one: only the format stands before it.
  return text.replace(text.find(kPlace), digest.size(), digest);
}
