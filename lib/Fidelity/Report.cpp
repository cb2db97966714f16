//===- Report.cpp - Predicted against measured, as tables -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Fidelity/Report.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace inlay;
using namespace inlay::fidelity;

std::vector<Compared> inlay::fidelity::compareAll(const Data &data,
                                                  const Machines &machines) {
  Machines bare = withoutScalars(machines);
  std::vector<Compared> rows;
  for (const Row &row : data.rows)
    rows.push_back({predict(row, data, machines), predict(row, data, bare)});
  return rows;
}

std::vector<Summary>
inlay::fidelity::summarise(const std::vector<Compared> &rows) {
  std::map<std::tuple<std::string, std::string, Use>, Summary> groups;
  for (const Compared &row : rows) {
    std::optional<double> error = row.full.error(), bare = row.bare.error();
    if (!error || !bare)
      continue;
    Summary &group = groups[{row.full.row->file, row.full.row->text("machine"),
                             row.full.use}];
    group.file = row.full.row->file;
    group.machine = row.full.row->text("machine");
    group.use = row.full.use;
    ++group.rows;
    group.meanError += std::abs(*error);
    group.meanBare += std::abs(*bare);
    group.largestError = std::max(group.largestError, std::abs(*error));
  }
  std::vector<Summary> summaries;
  for (auto &[key, group] : groups) {
    group.meanError /= double(group.rows);
    group.meanBare /= double(group.rows);
    summaries.push_back(group);
  }
  return summaries;
}

static std::string nameOf(const Row &row) {
  std::string name = row.text("kernel_or_model");
  if (!row.text("grid_p_x").empty())
    name += " P = " + row.text("grid_p_x");
  if (!row.text("seq_or_context").empty())
    name += ", " + row.text("seq_or_context") + " tokens";
  return name;
}

std::vector<RankOrder>
inlay::fidelity::rankOrder(const std::vector<Compared> &rows) {
  std::map<std::pair<std::string, std::string>, RankOrder> groups;
  for (size_t i = 0; i < rows.size(); ++i)
    for (size_t j = i + 1; j < rows.size(); ++j) {
      const Prediction &a = rows[i].full, &b = rows[j].full;
      auto isSame = [&](const char *column) {
        return a.row->text(column) == b.row->text(column);
      };
      if (a.row->file != b.row->file || !isSame("machine") ||
          !isSame("phase") || a.row->text("metric") != "cycles_per_layer" ||
          !isSame("metric") || !a.error() || !b.error())
        continue;
      double first = *a.measured(), second = *b.measured();
      if (std::max(first, second) <=
          (1 + kPairDifference) * std::min(first, second))
        continue;
      RankOrder &group = groups[{a.row->file, a.row->text("machine")}];
      group.file = a.row->file;
      group.machine = a.row->text("machine");
      ++group.pairs;
      if ((first < second) == (*a.predicted < *b.predicted))
        ++group.right;
      else
        group.wrong.push_back(nameOf(*a.row) + " and " + nameOf(*b.row));
    }
  std::vector<RankOrder> orders;
  for (auto &[key, group] : groups)
    orders.push_back(group);
  return orders;
}

static std::string percent(std::optional<double> error) {
  return error ? fmt::format("{:+.2f} %", 100 * *error) : "";
}

/// "- file.csv:3,5,9: reason", reasons of a file in the order of their rows.
static void
printReasons(const std::vector<std::pair<const Row *, std::string>> &rows,
             llvm::raw_ostream &os) {
  std::vector<std::pair<std::string, std::string>> lines; // key, rows
  std::vector<std::string> reasons;
  for (const auto &[row, reason] : rows) {
    std::string key = row->file + "\n" + reason;
    auto known = llvm::find_if(
        lines, [&](const auto &line) { return line.first == key; });
    if (known != lines.end()) {
      known->second += fmt::format(",{}", row->line);
      continue;
    }
    lines.emplace_back(key, fmt::format("{}:{}", row->file, row->line));
    reasons.push_back(reason);
  }
  for (size_t i = 0; i < lines.size(); ++i)
    os << fmt::format("- {}: {}\n", lines[i].second, reasons[i]);
}

void inlay::fidelity::printText(const std::vector<Compared> &rows,
                                llvm::raw_ostream &os) {
  std::string file;
  for (const Compared &row : rows) {
    const Prediction &full = row.full;
    if (!full.predicted)
      continue;
    if (full.row->file != file) {
      file = full.row->file;
      os << (os.tell() == 0 ? "" : "\n") << file << "\n\n";
      os << "| use | machine | program | P | tile | tokens | metric | measured "
            "| predicted | error | without scalars |\n";
      os << "|---|---|---|---|---|---|---|---|---|---|---|\n";
    }
    os << fmt::format(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {:.1f} | {} | {} |\n",
        toString(full.use), full.row->text("machine"),
        full.row->text("kernel_or_model"), full.row->text("grid_p_x"),
        full.row->text("tile"), full.row->text("seq_or_context"),
        full.row->text("metric"), full.row->text("value"), *full.predicted,
        percent(full.error()), percent(row.bare.error()));
  }
  os << "\nMean absolute errors\n\n";
  os << "| file | machine | use | rows | mean | largest | mean without scalars "
        "|\n|---|---|---|---|---|---|---|\n";
  for (const Summary &summary : summarise(rows))
    os << fmt::format(
        "| {} | {} | {} | {} | {:.2f} % | {:.2f} % | {:.2f} % |\n",
        summary.file, summary.machine, toString(summary.use), summary.rows,
        100 * summary.meanError, 100 * summary.largestError,
        100 * summary.meanBare);
  os << fmt::format("\nRank order of layers, pairs that differ by more than "
                    "{:g} %\n\n| file | machine | pairs | right |\n"
                    "|---|---|---|---|\n",
                    100 * kPairDifference);
  for (const RankOrder &order : rankOrder(rows)) {
    os << fmt::format("| {} | {} | {} | {} |\n", order.file, order.machine,
                      order.pairs, order.right);
    for (const std::string &wrong : order.wrong)
      os << "  wrong: " << wrong << "\n";
  }
  std::vector<std::pair<const Row *, std::string>> skipped, unread;
  for (const Compared &row : rows) {
    if (!row.full.predicted)
      skipped.emplace_back(row.full.row, row.full.skipped);
    else if (!row.full.unread.empty())
      unread.emplace_back(row.full.row, row.full.unread);
  }
  os << "\nSkipped\n\n";
  printReasons(skipped, os);
  if (unread.empty())
    return;
  os << "\nPredicted without an error\n\n";
  printReasons(unread, os);
}

/// What a row of the JSON adds to its columns.
static constexpr llvm::StringLiteral kPredictionKeys[] = {
    "predicted", "predicted_without_scalars", "skipped",
    "error",     "error_without_scalars",     "unread"};

void inlay::fidelity::printJson(const std::vector<Compared> &rows,
                                llvm::raw_ostream &os) {
  llvm::json::OStream json(os, /*IndentSize=*/1);
  json.objectBegin();
  json.attributeArray("rows", [&] {
    for (const Compared &row : rows)
      json.object([&] {
        const auto &fields = row.full.row->fields;
        auto isInput = [&](const char *name) {
          return llvm::any_of(
              fields, [&](const auto &field) { return field.first == name; });
        };
        // Keys are unique: a column of the input keeps its name, but where the
        // prediction needs it.
        for (const auto &[column, text] : fields)
          if (!llvm::is_contained(kPredictionKeys, column))
            json.attribute(llvm::json::fixUTF8(column),
                           llvm::json::fixUTF8(text));
        if (!isInput("file"))
          json.attribute("file", row.full.row->file);
        if (!isInput("use"))
          json.attribute("use", toString(row.full.use));
        if (!row.full.predicted) {
          json.attribute("skipped", row.full.skipped);
          return;
        }
        json.attribute("predicted", *row.full.predicted);
        if (!row.full.unread.empty())
          json.attribute("unread", row.full.unread);
        json.attribute("predicted_without_scalars",
                       row.bare.predicted.value_or(0));
        if (std::optional<double> error = row.full.error())
          json.attribute("error", *error);
        if (std::optional<double> error = row.bare.error())
          json.attribute("error_without_scalars", *error);
      });
  });
  json.attributeArray("summary", [&] {
    for (const Summary &summary : summarise(rows))
      json.object([&] {
        json.attribute("file", summary.file);
        json.attribute("machine", summary.machine);
        json.attribute("use", toString(summary.use));
        json.attribute("rows", summary.rows);
        json.attribute("mean_error", summary.meanError);
        json.attribute("largest_error", summary.largestError);
        json.attribute("mean_error_without_scalars", summary.meanBare);
      });
  });
  json.attributeArray("rank_order", [&] {
    for (const RankOrder &order : rankOrder(rows))
      json.object([&] {
        json.attribute("file", order.file);
        json.attribute("machine", order.machine);
        json.attribute("pairs", order.pairs);
        json.attribute("right", order.right);
        json.attributeArray("wrong", [&] {
          for (const std::string &wrong : order.wrong)
            json.value(wrong);
        });
      });
  });
  json.objectEnd();
  os << "\n";
}
