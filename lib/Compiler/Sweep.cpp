//===- Sweep.cpp - A what-if over several options
//--------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/Sweep.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include "fmt/format.h"

#include <cmath>

using namespace inlay;

static constexpr llvm::StringLiteral kAxes[] = {"clock", "sram", "context",
                                                "batch"};

/// One axis; false after an error.
static bool parseAxis(llvm::StringRef text, SweepAxis &axis,
                      Diagnostics &diags) {
  auto [name, list] = text.split('=');
  auto fail = [&](const std::string &message) {
    diags.inputError("option --sweep", message)
        .notes.push_back("e.g. --sweep clock=0.75:1.1,batch=1:8");
    return false;
  };
  if (!llvm::is_contained(kAxes, name))
    return fail(fmt::format("'{}' is no axis; there are clock, sram, context "
                            "and batch",
                            name.str()));
  axis.name = name.str();
  // Sizes up to here are exact in a double and in 64 bits.
  constexpr double kLargest = 1e15;
  llvm::SmallVector<llvm::StringRef> parts;
  list.split(parts, ':');
  for (llvm::StringRef part : parts) {
    double value = 0;
    bool isNumber = !part.empty() && !part.getAsDouble(value) && value >= 0 &&
                    value <= kLargest;
    if (!isNumber || (name != "clock" && value != std::floor(value)))
      return fail(
          fmt::format("'{}' is no value of {}", part.str(), name.str()));
    axis.values.push_back(value);
  }
  return true;
}

std::vector<SweepAxis> inlay::parseSweep(const std::string &text,
                                         Diagnostics &diags) {
  constexpr size_t kMostPoints = 1000;
  std::vector<SweepAxis> axes;
  if (text.empty())
    return axes;
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(text).split(parts, ',');
  size_t points = 1;
  for (llvm::StringRef part : parts) {
    SweepAxis axis;
    if (!parseAxis(part, axis, diags))
      return {};
    if (llvm::any_of(axes, [&](const SweepAxis &other) {
          return other.name == axis.name;
        })) {
      diags
          .inputError("option --sweep",
                      fmt::format("'{}' is given twice", axis.name))
          .notes.push_back("join its values by colons");
      return {};
    }
    points *= axis.values.size();
    axes.push_back(std::move(axis));
  }
  if (points > kMostPoints) {
    diags.inputError("option --sweep", fmt::format("has {} points, at most {}",
                                                   points, kMostPoints));
    return {};
  }
  return axes;
}

static void setAxis(CompileOptions &options, const std::string &name,
                    double value) {
  if (name == "clock")
    options.clock = value;
  else if (name == "sram")
    options.sram = static_cast<int64_t>(value);
  else if (name == "context")
    options.context = static_cast<int64_t>(value);
  else
    options.batch = static_cast<int64_t>(value);
}

std::vector<CompileOptions>
inlay::sweepPoints(const CompileOptions &options,
                   const std::vector<SweepAxis> &axes) {
  CompileOptions single = options;
  single.sweep.clear();
  // A sweep says what fits by itself, and much faster.
  single.whatFits = false;
  if (single.format == SummaryFormat::Csv)
    single.format = SummaryFormat::Text;
  std::vector<CompileOptions> points = {single};
  for (const SweepAxis &axis : axes) {
    std::vector<CompileOptions> longer;
    for (const CompileOptions &point : points)
      for (double value : axis.values) {
        longer.push_back(point);
        setAxis(longer.back(), axis.name, value);
      }
    points = std::move(longer);
  }
  return points;
}

namespace {

/// Cells of a row; "" where a point does not fit.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

} // namespace

static Table tabulate(const std::vector<SweepAxis> &axes,
                      const std::vector<SweepResult> &results) {
  Table table;
  for (const SweepAxis &axis : axes)
    table.columns.push_back(axis.name);
  for (const char *column : {"fits", "wafers", "cycles", "bound", "binding",
                             "tokens_per_user", "tokens_per_system"})
    table.columns.push_back(column);
  for (const SweepResult &result : results) {
    std::vector<std::string> row;
    for (const SweepAxis &axis : axes) {
      const CompileOptions &point = result.options;
      double value = axis.name == "clock"  ? point.clock.value_or(0)
                     : axis.name == "sram" ? double(point.sram.value_or(0))
                     : axis.name == "context"
                         ? double(point.context.value_or(0))
                         : double(point.batch);
      row.push_back(fmt::format("{:.10g}", value));
    }
    row.push_back(result.plan ? "yes" : "no");
    if (result.plan) {
      const plan::Estimate &estimate = result.plan->estimate;
      row.push_back(std::to_string(result.plan->system.wafers));
      row.push_back(fmt::format("{:.0f}", estimate.latency.total));
      row.push_back(fmt::format("{:.0f}", estimate.bound.cycles));
      row.push_back(estimate.bound.binding);
      // The first rate is that of the clock itself.
      row.push_back(
          fmt::format("{:.1f}", estimate.rates.front().tokensPerUser));
      row.push_back(
          fmt::format("{:.1f}", estimate.rates.front().tokensPerSystem));
    }
    row.resize(table.columns.size());
    table.rows.push_back(std::move(row));
  }
  return table;
}

static void printJson(const Table &table, llvm::raw_ostream &os) {
  llvm::json::OStream json(os, /*IndentSize=*/2);
  json.array([&] {
    for (const auto &row : table.rows)
      json.object([&] {
        for (auto [column, cell] : llvm::zip(table.columns, row)) {
          double number = 0;
          if (cell.empty())
            json.attribute(column, nullptr);
          else if (llvm::StringRef(cell).getAsDouble(number))
            json.attribute(column, cell);
          else { // with the digits of the cell
            json.attributeBegin(column);
            json.rawValue(cell);
            json.attributeEnd();
          }
        }
      });
  });
  os << '\n';
}

void inlay::printSweep(const std::vector<SweepAxis> &axes,
                       const std::vector<SweepResult> &results,
                       SummaryFormat format, llvm::raw_ostream &os) {
  Table table = tabulate(axes, results);
  if (format == SummaryFormat::Json)
    return printJson(table, os);
  if (format == SummaryFormat::Csv) {
    os << fmt::format("{}\n", fmt::join(table.columns, ","));
    for (const auto &row : table.rows)
      os << fmt::format("{}\n", fmt::join(row, ","));
    return;
  }
  std::vector<size_t> widths;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    size_t width = table.columns[c].size();
    for (const auto &row : table.rows)
      width = std::max(width, row[c].size());
    widths.push_back(width);
  }
  auto line = [&](const std::vector<std::string> &cells) {
    std::string text;
    for (size_t c = 0; c < cells.size(); ++c)
      text += fmt::format("{}{:>{}}", c == 0 ? "" : "  ", cells[c], widths[c]);
    os << text << '\n';
  };
  line(table.columns);
  for (const auto &row : table.rows)
    line(row);
}
