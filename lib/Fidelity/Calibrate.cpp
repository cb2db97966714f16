//===- Calibrate.cpp - Primitives from measured rows ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Fidelity/Calibrate.h"
#include "inlay/Target/Figures.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::fidelity;
using target::Quantity;
using target::Target;

namespace {

/// Least-squares solution of `matrix` x = `right`, by normal equations with
/// pivoting. A column that says nothing gets 0.
std::vector<double> leastSquares(const std::vector<std::vector<double>> &matrix,
                                 const std::vector<double> &right) {
  size_t n = matrix.front().size();
  std::vector<std::vector<double>> normal(n, std::vector<double>(n + 1, 0));
  for (size_t r = 0; r < matrix.size(); ++r)
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j)
        normal[i][j] += matrix[r][i] * matrix[r][j];
      normal[i][n] += matrix[r][i] * right[r];
    }
  for (size_t column = 0; column < n; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < n; ++row)
      if (std::abs(normal[row][column]) > std::abs(normal[pivot][column]))
        pivot = row;
    std::swap(normal[column], normal[pivot]);
    if (std::abs(normal[column][column]) < 1e-18) {
      std::fill(normal[column].begin(), normal[column].end(), 0);
      normal[column][column] = 1;
    }
    for (size_t row = 0; row < n; ++row) {
      if (row == column)
        continue;
      double factor = normal[row][column] / normal[column][column];
      for (size_t k = column; k <= n; ++k)
        normal[row][k] -= factor * normal[column][k];
    }
  }
  std::vector<double> solution(n);
  for (size_t i = 0; i < n; ++i)
    solution[i] = normal[i][n] / normal[i][i];
  return solution;
}

/// Fits some primitives of one machine to some rows.
class Fitter {
public:
  Fitter(const Data &data, Machines machines, Diagnostics &diags)
      : data(data), machines(std::move(machines)), diags(diags) {}

  template <typename Select> std::vector<const Row *> select(Select wanted) {
    std::vector<const Row *> rows;
    for (const Row &row : data.rows)
      if (wanted(row))
        rows.push_back(&row);
    return rows;
  }

  void set(const std::string &machine, const std::string &name, double value,
           const std::string &source, bool isAssumption = false) {
    for (const target::PrimitiveName &known : target::kPrimitives)
      if (name == known.name)
        machines[machine].primitives[name] = {value, known.unit, source,
                                              isAssumption};
  }

  bool fit(const std::string &machine, const std::vector<std::string> &names,
           const std::vector<const Row *> &rows, const std::string &source);

  Machines machines_() { return std::move(machines); }

private:
  /// What the hardware allows: a fit never goes below it.
  static double limit(const Target &target, const std::string &name) {
    if (name == "wavelet_period")
      return 1 / target.linkRate.value;
    if (name == "stream_hop" || name == "collective_hop")
      return target.hop.value;
    if (name == "stream_start")
      return 2 * target.ramp.value;
    if (name == "collective_stage")
      return 2 * target.ramp.value + 1;
    return 1e-3;
  }

  double predicted(const Row &row) {
    return predict(row, data, machines).predicted.value_or(0);
  }
  void record(const std::string &machine, const std::vector<std::string> &names,
              const std::vector<const Row *> &rows);

  const Data &data;
  Machines machines;
  Diagnostics &diags;
};

/// Gauss-Newton: predictions are sums of products of primitives and counts, and
/// of maxima of such sums, so that a few steps suffice.
bool Fitter::fit(const std::string &machine,
                 const std::vector<std::string> &names,
                 const std::vector<const Row *> &rows,
                 const std::string &source) {
  if (rows.size() < names.size()) {
    diags.inputError(
        "", fmt::format("{} rows are not enough to fit {} primitives "
                        "of {}, the first of them '{}'",
                        rows.size(), names.size(), machine, names.front()));
    return false;
  }
  for (const std::string &name : names)
    set(machine, name, name == "software_scale" ? 1 : 10, source);
  constexpr int kSteps = 60;
  for (int step = 0; step < kSteps; ++step) {
    std::vector<std::vector<double>> matrix;
    std::vector<double> right;
    for (const Row *row : rows) {
      double measured = *row->number("value");
      double now = predicted(*row);
      double error = std::abs(now / measured - 1);
      double weight = 1 / std::sqrt(std::max(error, 1e-4)) / measured;
      std::vector<double> line;
      double goal = measured - now;
      for (const std::string &name : names) {
        Quantity &primitive = machines[machine].primitives[name];
        double old = primitive.value;
        double change = std::max(1e-3, old * 1e-3);
        primitive.value = old + change;
        double slope = (predicted(*row) - now) / change;
        primitive.value = old;
        line.push_back(slope * weight);
        goal += slope * old;
      }
      matrix.push_back(std::move(line));
      right.push_back(goal * weight);
    }
    std::vector<double> solution = leastSquares(matrix, right);
    for (size_t i = 0; i < names.size(); ++i)
      machines[machine].primitives[names[i]].value =
          std::max(limit(machines[machine], names[i]), solution[i]);
  }
  // Four digits are more than the rows are good for.
  for (const std::string &name : names) {
    double &fitted = machines[machine].primitives[name].value;
    double unit =
        std::pow(10, std::floor(std::log10(std::max(1e-6, fitted))) - 3);
    fitted =
        std::stod(fmt::format("{:.10g}", std::round(fitted / unit) * unit));
  }
  record(machine, names, rows);
  return true;
}

void Fitter::record(const std::string &machine,
                    const std::vector<std::string> &names,
                    const std::vector<const Row *> &rows) {
  target::Fit fit;
  for (const Row *row : rows) {
    std::string group = row->file + ": " + row->text("kernel_or_model");
    if (row->text("phase") == "decode")
      group += ", decode, P = " + row->text("grid_p_x");
    if (std::find(fit.rows.begin(), fit.rows.end(), group) == fit.rows.end())
      fit.rows.push_back(group);
    double error = std::abs(predicted(*row) / *row->number("value") - 1);
    fit.meanError += error / double(rows.size());
    fit.largestError = std::max(fit.largestError, error);
  }
  fit.numRows = int64_t(rows.size());
  auto round = [](double error) { return std::round(error * 1e5) / 1e5; };
  fit.meanError = round(fit.meanError);
  fit.largestError = round(fit.largestError);
  for (const std::string &name : names)
    machines[machine].fits[name] = fit;
}

} // namespace

std::optional<Machines> inlay::fidelity::calibrate(const Data &data,
                                                   const Machines &machines,
                                                   Diagnostics &diags) {
  Machines bare = machines;
  for (auto &[name, target] : bare) {
    target.primitives.clear();
    target.fits.clear();
    target.unknowns.clear();
  }
  Fitter fitter(data, bare, diags);
  auto rowsOf = [&](Use use, const std::string &machine,
                    const std::string &start) {
    return fitter.select([&](const Row &row) {
      Prediction prediction = predict(row, data, bare);
      return prediction.use == use && prediction.predicted &&
             row.number("value") && *row.number("value") > 0 &&
             row.text("machine") == machine &&
             row.text("kernel_or_model").rfind(start, 0) == 0;
    });
  };
  const std::string kFitted = "least absolute relative error over measured "
                              "rows, ./dev calibrate";

  // 1. The link.
  if (!fitter.fit("WSE-3", {"wavelet_period", "stream_hop", "stream_start"},
                  rowsOf(Use::Fit, "WSE-3", "line multicast"), kFitted))
    return std::nullopt;

  // 2. Vector instructions, collectives, tasks.
  std::vector<const Row *> kernels;
  for (const char *kernel : {"MeshGEMV", "GEMV chain", "MeshGEMM"})
    for (const Row *row : rowsOf(Use::Fit, "WSE-3", kernel))
      kernels.push_back(row);
  if (!fitter.fit("WSE-3",
                  {"vector_issue", "vector_word", "operand_setup",
                   "task_handover", "collective_setup", "collective_hop",
                   "collective_stage", "library_setup"},
                  kernels, kFitted))
    return std::nullopt;

  // 3. Scalars.
  fitter.set("WSE-3", "divide", 50,
             "about 50 cycles for 32 bits; Cerebras/csl-examples, on WSE-2",
             /*isAssumption=*/true);
  if (!fitter.fit("WSE-3", {"exponential"},
                  rowsOf(Use::Scalar, "WSE-3", "Qwen3-1.7B silu_chunk"),
                  "what a divide leaves of 12 activations (FFN dim 6,144 over "
                  "512 rows, one token a core), ./dev calibrate"))
    return std::nullopt;

  // 4. The change of axis.
  fitter.set("WSE-3", "software_scale", 1, "the machine of the kernel rows");
  if (!fitter.fit("WSE-3", {"reroute"}, rowsOf(Use::Scalar, "WSE-3", "LLaMA"),
                  "what all else leaves of one decode layer, 6 changes of 5 "
                  "colours, ./dev calibrate"))
    return std::nullopt;

  // 5. WSE-2 runs the same programs on fixed colours.
  Machines fitted = fitter.machines_();
  Target &old = fitted["WSE-2"];
  for (const auto &[name, primitive] : fitted["WSE-3"].primitives) {
    old.primitives[name] = primitive;
    old.primitives[name].source =
        "as wse3: no kernel of WSE-2 is among the rows";
    old.primitives[name].assumption = true;
  }
  Fitter second(data, fitted, diags);
  second.set("WSE-2", "wavelet_period", 1,
             "Cerebras SDK white paper; agrees with Luczynski et al., HPDC'24");
  for (const char *name : {"stream_hop", "collective_hop"})
    second.set("WSE-2", name, 1,
               "Cerebras SDK white paper; agrees with Luczynski et al., "
               "HPDC'24");
  second.set("WSE-2", "reroute", 0,
             "10 colours for each axis, led once; MeshInfra/WaferLLM @2cd13b5");
  if (!second.fit("WSE-2", {"software_scale"},
                  rowsOf(Use::Scalar, "WSE-2", "LLaMA"),
                  "one decode layer, ./dev calibrate"))
    return std::nullopt;
  fitted = second.machines_();
  fitted["WSE-3"].unknowns = {
      "vector instructions on 32-bit and 8-bit elements: taken by the bytes "
      "that they write",
      "dequantising 4-bit and 8-bit weights: a count of operations is assumed",
      "top-k and look-ups: taken as vector instructions",
      "the vendor's library beside its chain all-reduce",
      "crossings between wafers in production",
  };
  fitted["WSE-2"].unknowns = fitted["WSE-3"].unknowns;
  fitted["WSE-2"].unknowns.insert(
      fitted["WSE-2"].unknowns.begin(),
      "every primitive by itself: one scale of all stands for them");
  return fitted;
}

static std::string quote(const std::string &text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

static std::string primitivesText(const Target &target) {
  std::string text = "  \"primitives\": {\n";
  bool isFirst = true;
  for (const target::PrimitiveName &known : target::kPrimitives) {
    const Quantity *primitive = target.primitive(known.name);
    if (!primitive)
      continue;
    text += fmt::format("{}    \"{}\": {{\n      \"value\": {:.10g},\n"
                        "      \"unit\": {},\n      \"source\": {}",
                        isFirst ? "" : ",\n", known.name, primitive->value,
                        quote(primitive->unit), quote(primitive->source));
    isFirst = false;
    if (primitive->assumption)
      text += ",\n      \"assumption\": true";
    if (auto fit = target.fits.find(known.name); fit != target.fits.end()) {
      text += ",\n      \"fit\": {\n        \"rows\": [\n";
      for (size_t i = 0; i < fit->second.rows.size(); ++i)
        text += fmt::format("          {}{}\n", quote(fit->second.rows[i]),
                            i + 1 < fit->second.rows.size() ? "," : "");
      text += fmt::format("        ],\n        \"number\": {},\n"
                          "        \"mean_error\": {:.5g},\n"
                          "        \"largest_error\": {:.5g}\n      }}",
                          fit->second.numRows, fit->second.meanError,
                          fit->second.largestError);
    }
    text += "\n    }";
  }
  text += "\n  },\n  \"unknowns\": [\n";
  for (size_t i = 0; i < target.unknowns.size(); ++i)
    text += fmt::format("    {}{}\n", quote(target.unknowns[i]),
                        i + 1 < target.unknowns.size() ? "," : "");
  return text + "  ]";
}

std::string inlay::fidelity::withPrimitives(const std::string &text,
                                            const Target &target) {
  // Both stand last in a shipped target.
  size_t end = text.find(",\n  \"primitives\": {");
  if (end == std::string::npos)
    end = text.rfind("\n}");
  if (end == std::string::npos)
    return text;
  return text.substr(0, end) + ",\n" + primitivesText(target) + "\n}\n";
}
