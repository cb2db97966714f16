//===- FrontEnd.cpp - Times the way to the dataflow level -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FrontEnd.h"

#include "inlay/Compiler/ImportInput.h"
#include "inlay/Compiler/LevelRunner.h"
#include "inlay/Compiler/Pipeline.h"
#include "inlay/Compiler/SerialContext.h"

#include "llvm/Support/Format.h"

#include <sys/resource.h>
#include <utility>
#include <vector>

using namespace inlay;

/// Processor time, because the clock on the wall also counts what others do.
static double getSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// When each step starts, and the end of the last one. False after an error,
/// which has been printed; its exit status is in `status`.
static bool timeSteps(const std::string &path,
                      const std::vector<LevelPasses> &levels,
                      std::vector<std::pair<std::string, double>> &starts,
                      int &status) {
  SerialContext context;
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, llvm::errs());
  printer.setPath(path);
  Compilation compilation{
      [&](mlir::MLIRContext *context) { return importInput(path, context); },
      levels};
  LevelRunner runner(compilation, &context, printer);
  starts.emplace_back("import", getSeconds());
  runner.onPass = [&](const PassRun &pass, mlir::Operation *) {
    starts.emplace_back(pass.name, getSeconds());
  };
  auto module = runner.run();
  starts.emplace_back("", getSeconds());
  status = runner.exitStatus();
  return static_cast<bool>(module);
}

int inlay::timeFrontEnd(const std::string &path, llvm::raw_ostream &os) {
  std::vector<LevelPasses> levels = allLevels(CompileOptions());
  levels.pop_back(); // wafer
  std::vector<std::pair<std::string, double>> starts;
  int status = 0;
  timeSteps(path, levels, starts, status);
  for (size_t i = 0; i + 1 < starts.size(); ++i)
    os << llvm::format("%-20s %9.3f\n", starts[i].first.c_str(),
                       starts[i + 1].second - starts[i].second);
  os << llvm::format("%-20s %9.3f\n", "all",
                     starts.back().second - starts.front().second);
  return status;
}

std::optional<double> inlay::secondsOfPass(const std::string &path,
                                           const CompileOptions &options,
                                           const std::string &pass,
                                           int &status) {
  std::vector<std::pair<std::string, double>> starts;
  if (!timeSteps(path, allLevels(options), starts, status))
    return std::nullopt;
  for (size_t i = 0; i + 1 < starts.size(); ++i)
    if (starts[i].first == pass)
      return starts[i + 1].second - starts[i].second;
  return std::nullopt;
}
