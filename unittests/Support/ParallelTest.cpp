//===- ParallelTest.cpp - Tests independent work on several threads -------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/Parallel.h"

#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ThreadPool.h"
#include "gtest/gtest.h"

#include <atomic>
#include <cstdlib>
#include <set>
#include <thread>
#include <vector>

using namespace inlay;

static std::vector<int> callsOf(size_t count) {
  std::vector<int> calls(count);
  parallelFor(count, [&](size_t i) { ++calls[i]; });
  return calls;
}

TEST(Parallel, EveryNumberOnceOnAnyNumberOfThreads) {
  EXPECT_EQ(callsOf(1000), std::vector<int>(1000, 1));
  for (unsigned threads : {1u, 2u, 8u}) {
    llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
    Workers workers(pool);
    for (size_t count : {0, 1, 2, 3, 1000})
      EXPECT_EQ(callsOf(count), std::vector<int>(count, 1)) << threads;
  }
}

TEST(Parallel, TwoThreadsWorkAtOneTime) {
  llvm::StdThreadPool pool(llvm::hardware_concurrency(2));
  if (llvm::hardware_concurrency().compute_thread_count() < 2)
    GTEST_SKIP() << "there is one processor";
  Workers workers(pool);
  // Each waits for the other, which one thread alone could not.
  std::atomic<int> arrived = 0;
  parallelFor(2, [&](size_t) {
    ++arrived;
    while (arrived < 2)
      std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

TEST(Parallel, LoopsInsideAndAfterScopes) {
  llvm::StdThreadPool pool(llvm::hardware_concurrency(4));
  std::vector<std::vector<int>> calls(20);
  {
    Workers workers(pool);
    parallelFor(calls.size(), [&](size_t i) { calls[i] = callsOf(50); });
  }
  for (const std::vector<int> &inner : calls)
    EXPECT_EQ(inner, std::vector<int>(50, 1));
  std::set<std::thread::id> threads;
  parallelFor(100, [&](size_t) { threads.insert(std::this_thread::get_id()); });
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST(Parallel, CrashesReachTheCaller) {
  llvm::StdThreadPool pool(llvm::hardware_concurrency(4));
  Workers workers(pool);
  llvm::CrashRecoveryContext::Enable();
  for (size_t wrong : {0, 1, 99}) {
    std::vector<int> calls(100);
    bool survived = llvm::CrashRecoveryContext().RunSafely([&] {
      parallelFor(calls.size(), [&](size_t i) {
        if (i == wrong)
          std::abort();
        ++calls[i];
      });
    });
    EXPECT_FALSE(survived);
  }
  llvm::CrashRecoveryContext::Disable();
  EXPECT_EQ(callsOf(100), std::vector<int>(100, 1));
}
