//===- Parallel.cpp - Independent work on several threads -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/Parallel.h"

#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

using namespace inlay;

namespace {

/// One call. A thread that comes late finds nothing to do, and nobody waits for
/// it; so it may find that the call has returned.
struct Loop {
  Loop(size_t count, const std::function<void(size_t)> &work)
      : count(count), work(work) {}

  void run() {
    if (llvm::CrashRecoveryContext().RunSafely([this] { runAll(); }))
      return;
    hasCrashed = true;
    finish();
  }
  void wait() {
    constexpr int kSoon = 100;
    for (int i = 0; i < kSoon && done < count; ++i)
      std::this_thread::yield();
    for (size_t known = done; known < count; known = done)
      done.wait(known);
  }

  std::atomic<bool> hasCrashed = false;

private:
  void runAll() {
    for (size_t i = next++; i < count; i = next++) {
      work(i);
      finish();
    }
  }
  void finish() {
    if (++done == count)
      done.notify_all();
  }

  const size_t count;
  const std::function<void(size_t)> &work; ///< of a call that has not returned
  std::atomic<size_t> next = 0, done = 0;
};

} // namespace

/// Mapping calls thousands of loops that take as long as it takes to wake a
/// thread. So one that has helped looks for the next loop for a while before it
/// goes back to its pool.
struct Workers::Crew : std::enable_shared_from_this<Crew> {
  explicit Crew(llvm::ThreadPoolInterface &threads)
      : threads(threads),
        helpers(std::min(threads.getMaxConcurrency(),
                         llvm::hardware_concurrency().compute_thread_count()) -
                1) {}

  void start(std::shared_ptr<Loop> loop, size_t count) {
    size_t missing = 0;
    {
      std::lock_guard<std::mutex> lock(mutex);
      current = std::move(loop);
      ++number;
      size_t wanted = std::min(count - 1, helpers);
      missing = wanted - std::min(wanted, active);
      active += missing;
    }
    for (size_t helper = 0; helper < missing; ++helper)
      threads.async([crew = shared_from_this()] { crew->help(); });
  }

  llvm::ThreadPoolInterface &threads;
  const size_t helpers; ///< at most, and no more than there are processors for

private:
  void help() {
    constexpr std::chrono::microseconds kWhile(150);
    for (uint64_t seen = 0;;) {
      std::shared_ptr<Loop> loop;
      {
        std::lock_guard<std::mutex> lock(mutex);
        if (number == seen) {
          --active;
          return;
        }
        seen = number;
        loop = current;
      }
      loop->run();
      auto end = std::chrono::steady_clock::now() + kWhile;
      while (number == seen && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    }
  }

  std::mutex mutex; ///< of all below
  std::shared_ptr<Loop> current;
  std::atomic<uint64_t> number = 0; ///< of the loop; read without the mutex too
  size_t active = 0;                ///< threads that look, or will
};

/// That of this thread; null: none.
static thread_local Workers::Crew *current = nullptr;

Workers::Workers(llvm::ThreadPoolInterface &threads)
    : before(current), crew(std::make_shared<Crew>(threads)) {
  current = crew.get();
}

Workers::~Workers() { current = before; }

void inlay::parallelFor(size_t count, const std::function<void(size_t)> &work) {
  if (count < 2 || !current || current->helpers == 0) {
    for (size_t i = 0; i < count; ++i)
      work(i);
    return;
  }
  auto loop = std::make_shared<Loop>(count, work);
  current->start(loop, count);
  Workers::Crew *own = nullptr;
  std::swap(current, own);
  loop->run();
  std::swap(current, own);
  loop->wait();
  // Nobody uses what is on the stack of this thread any more.
  if (loop->hasCrashed)
    std::abort();
}
