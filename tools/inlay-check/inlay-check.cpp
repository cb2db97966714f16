//===- inlay-check.cpp - Whether a placement plan is legal ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Check/Check.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace inlay::checker;
namespace cl = llvm::cl;
using llvm::StringRef;

namespace {

enum ExitStatus { kLegal = 0, kIllegal = 1, kUsage = 2 };

/// Local static of `main`: constructed after libLLVM has registered its own
/// options, which --help does not show.
struct Options {
  cl::OptionCategory category{"Check"};
  cl::list<std::string> plans{cl::Positional, cl::OneOrMore,
                              cl::desc("<plan.json|->..."), cl::cat(category)};
  cl::opt<std::string> model{
      "model", cl::value_desc("model.onnx|config.json"),
      cl::desc("Hold the plans against the model that they place; a config is "
               "read through inlay-model"),
      cl::cat(category)};
  cl::opt<std::string> target{
      "target", cl::value_desc("file.json"),
      cl::desc("Hold the plans against the device description that they name"),
      cl::cat(category)};
  cl::opt<bool> lines{"lines",
                      cl::desc("Each line of a file is a plan of its own; "
                               "prints its number with what it finds"),
                      cl::cat(category)};
  cl::opt<bool> quiet{"quiet", cl::desc("Print violations only"),
                      cl::cat(category)};
};

/// A folder that goes away with everything in it.
class TemporaryFolder {
public:
  TemporaryFolder() {
    if (llvm::sys::fs::createUniqueDirectory("inlay-check", path))
      path.clear();
  }
  ~TemporaryFolder() {
    if (!path.empty())
      llvm::sys::fs::remove_directories(path);
  }

  llvm::SmallString<128> path;
};

} // namespace

static bool usageError(const llvm::Twine &message) {
  llvm::errs() << "inlay-check: error: " << message << "\n";
  return false;
}

/// The ONNX structure of a config, made by the inlay-model beside this program.
static ModelPtr readConfig(const char *program, StringRef config,
                           std::string &error) {
  llvm::SmallString<256> tool(llvm::sys::path::parent_path(
      llvm::sys::fs::getMainExecutable(program, (void *)&readConfig)));
  llvm::sys::path::append(tool, "inlay-model");
  TemporaryFolder folder;
  llvm::SmallString<256> onnx(folder.path);
  llvm::sys::path::append(onnx, llvm::sys::path::stem(config) + ".onnx");
  StringRef arguments[] = {tool, config, "-o", onnx};
  std::string problem;
  if (folder.path.empty() ||
      llvm::sys::ExecuteAndWait(tool, arguments, std::nullopt, {}, 0, 0,
                                &problem) != 0) {
    error = (config + ": inlay-model makes no model of it " + problem).str();
    return nullptr;
  }
  return readModel(onnx, config, error);
}

static bool setUp(Checker &checker, const Options &options,
                  const char *program) {
  std::string error;
  if (!options.model.empty()) {
    bool isConfig = StringRef(options.model).ends_with(".json");
    ModelPtr model = isConfig ? readConfig(program, options.model, error)
                              : readModel(options.model, options.model, error);
    if (!model)
      return usageError(error);
    checker.setModel(std::move(model));
  }
  if (!options.target.empty()) {
    auto text = llvm::MemoryBuffer::getFile(options.target);
    if (!text)
      return usageError(options.target +
                        ": cannot be read: " + text.getError().message());
    if (!checker.setTarget((*text)->getBuffer()))
      return usageError(options.target + ": is no JSON object");
  }
  return true;
}

/// Prints what a plan violates; true where it is legal.
static bool checkText(const Checker &checker, const std::string &name,
                      StringRef text, bool quiet) {
  std::vector<Violation> violations = checker.check(text);
  for (const Violation &violation : violations)
    llvm::outs() << name << ": " << violation.str() << "\n";
  if (quiet)
    return violations.empty();
  if (violations.empty())
    llvm::outs() << name << ": legal\n";
  else
    llvm::outs() << name << ": " << violations.size()
                 << (violations.size() == 1 ? " violation\n" : " violations\n");
  return violations.empty();
}

static bool checkLines(const Checker &checker, StringRef text, bool quiet) {
  bool isLegal = true;
  for (size_t number = 1; !text.empty(); ++number) {
    auto [line, rest] = text.split('\n');
    isLegal &= checkText(checker, std::to_string(number), line, quiet);
    text = rest;
  }
  return isLegal;
}

int main(int argc, char **argv) {
  static Options options;
  cl::HideUnrelatedOptions(options.category);
  // LLVM ends the program with status 1 on an unknown option: that is a plan
  // which is not legal here.
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "inlay-check: whether a placement plan is legal, without trusting "
          "the compiler\n\n"
          "Prints every violation. Exit status: 0 all plans are legal, 1 one "
          "is not, 2 bad usage.\n",
          &llvm::errs()))
    return kUsage;
  Checker checker;
  if (!setUp(checker, options, argv[0]))
    return kUsage;
  bool isLegal = true;
  for (const std::string &plan : options.plans) {
    auto text = llvm::MemoryBuffer::getFileOrSTDIN(plan);
    if (!text) {
      usageError(plan + ": cannot be read: " + text.getError().message());
      return kUsage;
    }
    isLegal &=
        options.lines
            ? checkLines(checker, (*text)->getBuffer(), options.quiet)
            : checkText(checker, plan, (*text)->getBuffer(), options.quiet);
  }
  return isLegal ? kLegal : kIllegal;
}
