//===- OnnxMutations.cpp - Runs many mutated ONNX files in one process ----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// usage: onnx-mutations [--first=N] [--count=N] [--write=FILE] SEED...
//
// Mutation N is the same on every machine. A crash, more than the allowed
// processor time or memory ends the process with a message that names the
// mutation, and a file with its bytes.
//
//===----------------------------------------------------------------------===//

#include "FrontEnd.h"
#include "Mutator.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <array>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

using namespace inlay::fuzz;
namespace cl = llvm::cl;

namespace {

/// What the signal handler needs of the mutation that runs.
struct Current {
  uint64_t number = 0;
  const char *data = nullptr;
  size_t size = 0;
};
Current current;

/// Local static of `main`: constructed after libLLVM has registered its own.
struct Options {
  cl::OptionCategory category{"Mutations"};
  cl::list<std::string> seeds{cl::Positional, cl::OneOrMore,
                              cl::desc("<model.onnx>..."), cl::cat(category)};
  cl::opt<uint64_t> first{"first", cl::init(0), cl::cat(category),
                          cl::desc("Number of the first mutation")};
  cl::opt<uint64_t> count{"count", cl::init(500), cl::cat(category),
                          cl::desc("How many to run (default: 500)")};
  cl::opt<unsigned> seconds{
      "seconds", cl::init(10), cl::cat(category),
      cl::desc("Processor time that one may take (default: 10)")};
  cl::opt<unsigned> megabytes{
      "megabytes", cl::init(1024), cl::cat(category),
      cl::desc("Memory that one may take (default: 1024)")};
  cl::opt<std::string> write{
      "write", cl::cat(category),
      cl::desc("Write the first mutation into a file and run none")};
};

void put(const char *text) { (void)!::write(2, text, std::strlen(text)); }

void putNumber(uint64_t number) {
  std::array<char, 24> digits{};
  size_t at = digits.size() - 1;
  do
    digits[--at] = static_cast<char>('0' + number % 10);
  while (number /= 10);
  put(&digits[at]);
}

/// Only calls that a signal handler may make.
void handleSignal(int signal) {
  put("mutation ");
  putNumber(current.number);
  put(signal == SIGPROF ? " takes too long" : " crashed");
  put("; its bytes are in crash.onnx\n");
  int file = ::open("crash.onnx", O_CREAT | O_WRONLY | O_TRUNC, 0644);
  if (file >= 0 && ::write(file, current.data, current.size) >= 0)
    ::close(file);
  ::signal(signal == SIGPROF ? SIGABRT : signal, SIG_DFL);
  ::raise(signal == SIGPROF ? SIGABRT : signal);
}

void installHandlers() {
  // The stack may be what ran over.
  static std::array<char, 1 << 16> memory;
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);
  for (int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGPROF}) {
    struct sigaction action{};
    action.sa_handler = handleSignal;
    action.sa_flags = SA_ONSTACK;
    sigaction(signal, &action, nullptr);
  }
}

void limitTime(unsigned seconds) {
  itimerval limit{};
  limit.it_value.tv_sec = seconds;
  setitimer(ITIMER_PROF, &limit, nullptr);
}

/// What the process has now, and `megabytes` more. Beyond it allocation fails,
/// which no code of LLVM survives.
void limitMemory(unsigned megabytes) {
  auto status = llvm::MemoryBuffer::getFileAsStream("/proc/self/statm");
  uint64_t pages = 0;
  if (!status ||
      (*status)->getBuffer().split(' ').first.getAsInteger(10, pages))
    return;
  uint64_t bytes = pages * sysconf(_SC_PAGESIZE) + (uint64_t(megabytes) << 20);
  rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_AS, &limit);
}

/// Runs the mutations and prints how far they got.
void run(const Mutator &mutator, const Options &options) {
  std::array<uint64_t, 5> reached{};
  double slowest = 0;
  uint64_t slowestNumber = options.first;
  for (uint64_t i = 0; i < options.count; ++i) {
    std::string bytes = mutator.make(options.first + i);
    current = {options.first + i, bytes.data(), bytes.size()};
    limitTime(options.seconds);
    clock_t start = clock();
    ++reached[runOnnx(bytes).level];
    double seconds = static_cast<double>(clock() - start) / CLOCKS_PER_SEC;
    if (seconds > slowest) {
      slowest = seconds;
      slowestNumber = options.first + i;
    }
  }
  limitTime(0);
  llvm::outs() << "mutations " << options.count << ", refused " << reached[0]
               << ", ended at the onnx level " << reached[1] << ", nn "
               << reached[2] << ", dataflow " << reached[3] << ", went through "
               << reached[4] << '\n';
  llvm::errs() << llvm::format("slowest: mutation %llu with %.2f s\n",
                               static_cast<unsigned long long>(slowestNumber),
                               slowest);
}

} // namespace

int main(int argc, char **argv) {
  static Options options;
  cl::HideUnrelatedOptions(options.category);
  cl::ParseCommandLineOptions(argc, argv, "Runs mutated ONNX files\n");
  Mutator mutator(getOperators());
  for (const std::string &path : options.seeds) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    if (!buffer) {
      llvm::errs() << path << ": " << buffer.getError().message() << '\n';
      return 1;
    }
    mutator.addSeed((*buffer)->getBuffer());
  }
  if (!options.write.empty()) {
    std::error_code error;
    llvm::raw_fd_ostream os(options.write, error);
    os << mutator.make(options.first);
    return error ? 1 : 0;
  }
  installHandlers();
  limitMemory(options.megabytes);
  run(mutator, options);
  return 0;
}
