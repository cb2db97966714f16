//===- Ispd2020.cpp - Places the cases of the ISPD-2020 contest -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ispd2020.h"

#include "inlay/Floorplan/Ispd2020Files.h"
#include "inlay/Support/Format.h"
#include "inlay/Support/OutputFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

#include "fmt/format.h"

#include <chrono>
#include <map>

using namespace inlay;
using namespace inlay::floorplan::ispd2020;

namespace {

struct Published {
  double score = 0;
  std::string by;
};

/// One row of the table. Scores are those of the file that was written.
struct Row {
  std::string name;
  size_t kernels = 0;
  Weights weights;
  Score score;
  double bound = 0;
  bool isLegal = false;
  double seconds = 0, cpuSeconds = 0;

  double total() const { return score.total(weights); }
};

class Bench {
public:
  Bench(const Ispd2020Options &options, Diagnostics &diags)
      : options(options), diags(diags) {}

  bool run(llvm::raw_ostream &os) {
    std::optional<std::vector<std::string>> cases = listCases();
    if (!cases || !readPublished())
      return false;
    bool all = true;
    for (const std::string &path : *cases)
      all &= runCase(path);
    if (options.asJson)
      printJson(os);
    else
      printTable(os);
    return all;
  }

private:
  std::string in(const std::string &dir, const std::string &name) const {
    llvm::SmallString<128> path(dir);
    llvm::sys::path::append(path, name);
    return path.str().str();
  }

  std::optional<std::vector<std::string>> listCases() {
    std::vector<std::string> paths;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator file(options.dir, error), end;
         file != end && !error; file.increment(error))
      if (llvm::sys::path::extension(file->path()) == ".kgraph")
        paths.push_back(file->path());
    diags.setFile(options.dir);
    if (error) {
      diags.inputError("", "cannot be read: " + error.message());
      return std::nullopt;
    }
    if (paths.empty()) {
      diags.inputError("", "holds no .kgraph file; give the folder of the "
                           "contest's cases");
      return std::nullopt;
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  std::optional<std::string> readText(const std::string &path) {
    diags.setFile(path);
    auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
    if (buffer)
      return (*buffer)->getBuffer().str();
    diags.inputError("", "cannot be read: " + buffer.getError().message());
    return std::nullopt;
  }

  bool readPublished() {
    std::string beside = in(options.dir, "best_published.csv");
    std::optional<std::string> text =
        readText(llvm::sys::fs::exists(beside) ? beside : options.published);
    if (!text)
      return false;
    llvm::SmallVector<llvm::StringRef> lines;
    llvm::StringRef(*text).split(lines, '\n');
    for (size_t i = 1; i < lines.size(); ++i) {
      llvm::SmallVector<llvm::StringRef> fields;
      lines[i].trim().split(fields, ',');
      double score = 0;
      if (lines[i].trim().empty())
        continue;
      if (fields.size() < 3 || fields[1].getAsDouble(score) || score <= 0) {
        diags.inputError(fmt::format("line {}", i + 1),
                         "is not 'case,score,by' with a positive score");
        return false;
      }
      published[fields[0].str()] = {score, fields[2].str()};
    }
    return true;
  }

  /// User and system seconds of the process, all threads.
  static double cpuSeconds() {
    llvm::sys::TimePoint<> now;
    std::chrono::nanoseconds user, system;
    llvm::sys::Process::GetTimeUsage(now, user, system);
    return std::chrono::duration<double>(user + system).count();
  }

  bool runCase(const std::string &path) {
    auto begin = std::chrono::steady_clock::now();
    double cpuBegin = cpuSeconds();
    std::optional<std::string> text = readText(path);
    if (!text)
      return false;
    Row row;
    row.name = llvm::sys::path::stem(path).str();
    std::optional<Problem> problem = readKgraph(*text, row.name, diags);
    if (!problem)
      return false;
    SolverOptions solver = options.solver;
    if (options.isVerbose)
      solver.log = [&](const std::string &line) {
        llvm::errs() << row.name << ": " << line << '\n';
      };
    std::optional<Solved> solved = solve(*problem, solver, diags);
    if (!solved)
      return false;
    std::string paint = in(options.out, row.name + ".paint");
    if (!writeFile(paint, writePaint(*problem, solved->solution), diags) ||
        !scoreFile(paint, *problem, row))
      return false;
    row.kernels = problem->kernels.size();
    row.weights = problem->weights;
    row.bound = solved->bound;
    row.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
            .count();
    row.cpuSeconds = cpuSeconds() - cpuBegin;
    rows.push_back(row);
    return true;
  }

  /// What counts is what stands in the file.
  bool scoreFile(const std::string &path, const Problem &problem, Row &row) {
    std::optional<std::string> text = readText(path);
    std::optional<Solution> solution;
    if (text)
      solution = readPaint(*text, problem, diags);
    if (!solution || !solution->verify(problem, diags))
      return false;
    row.isLegal = true;
    row.score = solution->score(problem);
    return true;
  }

  const Published *publishedFor(const Row &row) const {
    auto found = published.find(row.name);
    return found == published.end() ? nullptr : &found->second;
  }

  /// Mean and greatest ratio to the best published scores; none without any.
  std::optional<std::pair<double, double>> ratios() const {
    double sum = 0;
    double most = 0;
    int count = 0;
    for (const Row &row : rows)
      if (const Published *best = publishedFor(row)) {
        double ratio = row.total() / best->score;
        sum += ratio;
        most = std::max(most, ratio);
        ++count;
      }
    if (count == 0)
      return std::nullopt;
    return std::pair(sum / count, most);
  }

  void printTable(llvm::raw_ostream &os) const {
    os << "| case | kernels | weights | max time | wirelength | adapters | "
          "score | bound | best published | by | ratio | legal | seconds | "
          "CPU s |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
          "\n";
    for (const Row &row : rows) {
      const Published *best = publishedFor(row);
      os << fmt::format(
          "| {} | {} | {}/{}/{} | {} | {} | {} | {} | {} | {} | {} | {} | {} "
          "| {:.1f} | {:.1f} |\n",
          row.name, row.kernels, row.weights.time, row.weights.wirelength,
          row.weights.adapter, row.score.time, row.score.wirelength,
          row.score.adapters, row.total(), row.bound,
          best ? fmt::format("{}", best->score) : "", best ? best->by : "",
          best ? fmt::format("{:.4f}", row.total() / best->score) : "",
          row.isLegal ? "yes" : "no", row.seconds, row.cpuSeconds);
    }
    if (auto ratio = ratios())
      os << fmt::format("\nscore / best published: mean {:.4f}, greatest "
                        "{:.4f}\n",
                        ratio->first, ratio->second);
  }

  void printJson(llvm::raw_ostream &os) const {
    llvm::json::OStream json(os, 2);
    json.object([&] {
      json.attributeArray("cases", [&] {
        for (const Row &row : rows)
          json.object([&] { printRow(json, row); });
      });
      if (auto ratio = ratios()) {
        json.attribute("mean_ratio", ratio->first);
        json.attribute("greatest_ratio", ratio->second);
      }
    });
    os << '\n';
  }

  void printRow(llvm::json::OStream &json, const Row &row) const {
    json.attribute("case", toUtf8(row.name));
    json.attribute("kernels", static_cast<int64_t>(row.kernels));
    json.attributeObject("weights", [&] {
      json.attribute("time", row.weights.time);
      json.attribute("wirelength", row.weights.wirelength);
      json.attribute("adapter", row.weights.adapter);
    });
    json.attribute("max_time", row.score.time);
    json.attribute("wirelength", row.score.wirelength);
    json.attribute("adapters", row.score.adapters);
    json.attribute("score", row.total());
    json.attribute("bound", row.bound);
    if (const Published *best = publishedFor(row)) {
      json.attribute("best_published", best->score);
      json.attribute("by", toUtf8(best->by));
      json.attribute("ratio", row.total() / best->score);
    }
    json.attribute("legal", row.isLegal);
    json.attribute("seconds", row.seconds);
    json.attribute("cpu_seconds", row.cpuSeconds);
  }

  const Ispd2020Options &options;
  Diagnostics &diags;
  std::map<std::string, Published> published;
  std::vector<Row> rows;
};

} // namespace

bool inlay::benchIspd2020(const Ispd2020Options &options, llvm::raw_ostream &os,
                          Diagnostics &diags) {
  return Bench(options, diags).run(os);
}
