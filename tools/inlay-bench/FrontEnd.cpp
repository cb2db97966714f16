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

#include "mlir/IR/MLIRContext.h"
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

int inlay::timeFrontEnd(const std::string &path, llvm::raw_ostream &os) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  DiagnosticPrinter printer(&context, llvm::errs());
  printer.setPath(path);
  std::vector<LevelPasses> levels = allLevels(CompileOptions());
  levels.pop_back(); // wafer
  Compilation compilation{
      [&](mlir::MLIRContext *context) { return importInput(path, context); },
      levels};
  LevelRunner runner(compilation, &context, printer);
  std::vector<std::pair<std::string, double>> starts{{"import", getSeconds()}};
  runner.onPass = [&](const PassRun &pass, mlir::Operation *) {
    starts.emplace_back(pass.name, getSeconds());
  };
  auto module = runner.run();
  double end = getSeconds();
  for (size_t i = 0; i < starts.size(); ++i)
    os << llvm::format("%-20s %9.3f\n", starts[i].first.c_str(),
                       (i + 1 < starts.size() ? starts[i + 1].second : end) -
                           starts[i].second);
  os << llvm::format("%-20s %9.3f\n", "all", end - starts.front().second);
  return runner.exitStatus();
}
