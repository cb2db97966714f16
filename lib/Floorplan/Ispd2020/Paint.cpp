//===- Paint.cpp - Placements of the ISPD-2020 contest as files -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Scanner.h"

#include "inlay/Floorplan/Ispd2020Files.h"

#include <map>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;

static const char *kindName(KernelKind kind) {
  switch (kind) {
  case KernelKind::Conv:
    return "conv";
  case KernelKind::DBlock:
    return "dblock";
  case KernelKind::CBlock:
    return "cblock";
  }
  return "";
}

/// In the order in which the contest's tools take them.
static std::vector<int64_t> formalArguments(const Kernel &kernel) {
  const Convolution &conv = kernel.conv;
  if (kernel.kind == KernelKind::Conv)
    return {conv.imageHeight, conv.imageWidth, conv.inputs, conv.outputs,
            conv.fieldHeight, conv.fieldWidth, conv.stride, kernel.strideU};
  return {kernel.imageHeight, kernel.imageWidth, kernel.features};
}

std::string ispd2020::writePaint(const Problem &problem,
                                 const Solution &solution) {
  std::string text = "include \"common.paint\"\n\n";
  for (size_t i = 0; i < problem.kernels.size(); ++i) {
    const Kernel &kernel = problem.kernels[i];
    const Cut &cut = solution.kernels[i].cut;
    size_t count = kernel.convolutions().size();
    std::vector<int64_t> execution = {cut.h, cut.w};
    execution.insert(execution.end(), cut.c.begin(), cut.c.begin() + count);
    execution.insert(execution.end(), cut.k.begin(), cut.k.begin() + count);
    text += fmt::format(
        "{} = {}( {} {} )\n", kernel.name, kindName(kernel.kind),
        fmt::join(formalArguments(kernel), " "), fmt::join(execution, " "));
  }
  text += "\n";
  for (const Kernel &kernel : problem.kernels)
    text += fmt::format("{} : name('{})\n", kernel.name, kernel.name);
  text += "\n";
  for (size_t i = 0; i < problem.kernels.size(); ++i) {
    const Placement &placement = solution.kernels[i];
    text += fmt::format("{} : place({} {} {})\n", problem.kernels[i].name,
                        placement.x, placement.y,
                        placement.isRotated ? "R90" : "R0");
  }
  text += "\nkmap = union(";
  for (const Kernel &kernel : problem.kernels)
    text += " " + kernel.name;
  return text + " )\n";
}

namespace {

class PaintReader {
public:
  PaintReader(std::string_view text, const Problem &problem, Diagnostics &diags)
      : text(text), problem(problem), diags(diags) {
    solution.kernels.resize(problem.kernels.size());
    for (size_t i = 0; i < problem.kernels.size(); ++i)
      indices[problem.kernels[i].name] = i;
  }

  std::optional<Solution> run() {
    while (valid && !text.empty()) {
      ++lineNumber;
      size_t end = text.find('\n');
      readLine(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    for (const Kernel &kernel : problem.kernels)
      if (valid && (!cuts.count(kernel.name) || !places.count(kernel.name)))
        fail(fmt::format("kernel '{}' has no {}", kernel.name,
                         cuts.count(kernel.name) ? "place" : "arguments"));
    return valid ? std::optional(solution) : std::nullopt;
  }

private:
  void fail(const std::string &message) {
    valid = false;
    diags.inputError(fmt::format("line {}", lineNumber), message);
  }

  void readLine(std::string_view line) {
    Scanner scanner(line);
    std::string name(scanner.word());
    if (name == "include" || (name.empty() && scanner.atEnd()))
      return;
    bool isDefinition = scanner.take("=");
    if (isDefinition && scanner.take("union"))
      return;
    auto found = indices.find(name);
    if (found == indices.end())
      return fail(fmt::format("'{}' is no kernel of the case", quoted(line)));
    if (isDefinition)
      return readCut(scanner, name, found->second);
    if (!scanner.take(":"))
      return fail(fmt::format("expected '=' or ':' after '{}'", name));
    if (!scanner.take("name"))
      readPlace(scanner, name, found->second);
  }

  void readCut(Scanner &scanner, const std::string &name, size_t index) {
    const Kernel &kernel = problem.kernels[index];
    std::vector<int64_t> formal = formalArguments(kernel);
    size_t count = kernel.convolutions().size();
    std::vector<int64_t> numbers;
    bool isRead = scanner.take(kindName(kernel.kind)) && scanner.take("(");
    while (isRead && !scanner.take(")")) {
      std::optional<int64_t> number = scanner.number();
      isRead = number.has_value();
      numbers.push_back(number.value_or(0));
    }
    if (!isRead || numbers.size() != formal.size() + 2 + 2 * count ||
        !std::equal(formal.begin(), formal.end(), numbers.begin()))
      return fail(fmt::format("expected '{} = {}( {} ... )' with {} execution "
                              "arguments after these",
                              name, kindName(kernel.kind),
                              fmt::join(formal, " "), 2 + 2 * count));
    auto next = numbers.begin() + static_cast<int64_t>(formal.size());
    Cut &cut = solution.kernels[index].cut;
    cut.h = *next++;
    cut.w = *next++;
    for (size_t j = 0; j < count; ++j)
      cut.c[j] = *next++;
    for (size_t j = 0; j < count; ++j)
      cut.k[j] = *next++;
    cuts[name] = lineNumber;
  }

  void readPlace(Scanner &scanner, const std::string &name, size_t index) {
    std::optional<int64_t> x;
    std::optional<int64_t> y;
    if (scanner.take("place") && scanner.take("(")) {
      x = scanner.number();
      y = scanner.number();
    }
    bool isRotated = scanner.take("R90");
    if (!x || !y || (!isRotated && !scanner.take("R0")) || !scanner.take(")"))
      return fail(fmt::format("expected '{} : place(x y R0)' or R90", name));
    Placement &placement = solution.kernels[index];
    placement.x = *x;
    placement.y = *y;
    placement.isRotated = isRotated;
    places[name] = lineNumber;
  }

  std::string_view text;
  const Problem &problem;
  Diagnostics &diags;
  Solution solution;
  bool valid = true;
  int lineNumber = 0;
  std::map<std::string, size_t> indices;
  std::map<std::string, int> cuts, places;
};

} // namespace

std::optional<Solution> ispd2020::readPaint(std::string_view text,
                                            const Problem &problem,
                                            Diagnostics &diags) {
  return PaintReader(text, problem, diags).run();
}
