//===- Parallel.h - Independent work on several threads ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Algorithms say which of their work is independent; who calls them says on how
// many threads that may be done. Results are the same for every number.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SUPPORT_PARALLEL_H
#define INLAY_SUPPORT_PARALLEL_H

#include <cstddef>
#include <functional>
#include <memory>

namespace llvm {
class ThreadPoolInterface;
} // namespace llvm

namespace inlay {

/// As long as this lives, `parallelFor` on the thread that made it uses the
/// threads of a pool, which must live as long; without, it uses none.
class Workers {
public:
  explicit Workers(llvm::ThreadPoolInterface &threads);
  ~Workers();
  Workers(const Workers &) = delete;
  Workers &operator=(const Workers &) = delete;

  struct Crew; ///< what threads that help know of each other

private:
  Crew *before; ///< of the thread
  std::shared_ptr<Crew> crew;
};

/// Calls `work` with every number below `count`, in any order, several at a
/// time: none may touch what another one changes. Returns when all are done. A
/// loop inside of `work` is done by the thread that comes to it. A crash on
/// another thread becomes one on this.
void parallelFor(size_t count, const std::function<void(size_t)> &work);

} // namespace inlay

#endif // INLAY_SUPPORT_PARALLEL_H
