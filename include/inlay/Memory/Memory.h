//===- Memory.h - Offsets of buffers in the SRAM of a core ------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All cores of a class run one program, so one map of buffers serves them all.
// Buffers whose live ranges overlap must not overlap in memory.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MEMORY_MEMORY_H
#define INLAY_MEMORY_MEMORY_H

#include "inlay/Model/Sharding.h"
#include "inlay/Support/Diagnostic.h"

#include <optional>
#include <string>
#include <vector>

namespace inlay::memory {

/// A range of bytes that is needed from step `begin` to before step `end`.
struct Buffer {
  std::string name;
  int64_t bytes = 0;
  int begin = 0;
  int end = 1;
};

struct Problem {
  std::string name; ///< of the core class, for diagnostics
  std::vector<Buffer> buffers;
  int64_t budget = 0; ///< bytes that data may use
  int64_t alignment = model::kBufferAlignment;

  /// Adds an error for every negative size, empty live range, and alignment
  /// that is not positive.
  bool check(Diagnostics &diags) const;

  /// The most bytes that are live in one step, each buffer rounded up to the
  /// alignment: no map can do with less.
  int64_t lowerBound() const;
};

/// One offset for each buffer, from the start of the data area.
struct Solution {
  std::vector<int64_t> offsets;
  int64_t peak = 0; ///< end of the highest buffer, rounded up to the alignment

  /// Offsets aligned and in budget, no two buffers overlap in memory and time,
  /// the peak is what it says.
  bool verify(const Problem &problem, Diagnostics &diags) const;
};

/// Buffers that live all the time lie at the bottom, above them model::pack
/// places the others. A capacity error where that exceeds the budget, which
/// never happens to kernels whose footprint is within it: that is packed in the
/// same way. `problem` must have passed `check`. Near-linear in the number of
/// buffers.
std::optional<Solution> solve(const Problem &problem, Diagnostics &diags);

/// Name of the buffer of a tensor: that of a weight or state, "input 1",
/// "output 0", "local 2", or "scratch of op 3" for what op 3 alone needs.
std::string bufferName(const model::KernelSpec &kernel, model::TensorRole role,
                       int tensor, int op);

/// The problem of a core whose kernels take turns; the buffers are those of
/// model::shardBuffers, kernel by kernel, named after their tensors. Weights,
/// states and streams live all the time, scratch while its kernel's ops need
/// it. `name` says what the map is of.
Problem problemOf(const std::vector<model::CutKernel> &kernels,
                  std::string name, int64_t budget);

/// The longest context, at most `kLongestContext`, for which what is live at
/// once of kernels cut in the same way is within the budget on every region:
/// states and what attention works on grow from the `context` + `tokens`
/// positions that `regions` are made for. Look-up tables of positions bound it
/// too. `context` where nothing grows with it.
inline constexpr int64_t kLongestContext = int64_t(1) << 26;
int64_t
longestContext(const std::vector<std::vector<model::CutKernel>> &regions,
               int64_t context, int64_t tokens, int64_t budget);

/// The kernel with `to` positions where it has `from` now: in its ops' dims
/// "context", and in what these index of states, inputs and outputs.
model::KernelSpec withContext(const model::KernelSpec &kernel, int64_t from,
                              int64_t to);

/// The model with a step of another size: dims "token" of its ops count the new
/// tokens of all sequences, ports and streams begin with them, states with the
/// sequences. States keep their room for tokens.
model::Graph withStep(const model::Graph &model, int64_t batch, int64_t tokens);

/// The dim of a state that counts tokens: the one that a dim "context" of an op
/// indexes, and no other dim on its axis. -1 where there is none.
int contextDim(const model::KernelSpec &kernel, const model::Sharding &sharding,
               int state);

} // namespace inlay::memory

#endif // INLAY_MEMORY_MEMORY_H
