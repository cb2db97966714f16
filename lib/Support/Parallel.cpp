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

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <utility>

using namespace inlay;

/// Those of this thread; null: none.
static thread_local llvm::ThreadPoolInterface *pool = nullptr;

Workers::Workers(llvm::ThreadPoolInterface &threads) : before(pool) {
  pool = &threads;
}

Workers::~Workers() { pool = before; }

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

void inlay::parallelFor(size_t count, const std::function<void(size_t)> &work) {
  size_t threads = pool ? pool->getMaxConcurrency() : 1;
  if (count < 2 || threads < 2) {
    for (size_t i = 0; i < count; ++i)
      work(i);
    return;
  }
  llvm::ThreadPoolInterface *own = nullptr;
  auto loop = std::make_shared<Loop>(count, work);
  for (size_t helper = 1; helper < std::min(count, threads); ++helper)
    pool->async([loop] { loop->run(); });
  std::swap(pool, own);
  loop->run();
  std::swap(pool, own);
  loop->wait();
  // Nobody uses what is on the stack of this thread any more.
  if (loop->hasCrashed)
    std::abort();
}
