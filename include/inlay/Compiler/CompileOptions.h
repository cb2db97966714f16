//===- CompileOptions.h - What a user may ask of the compiler ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one options struct. The command line of inlayc is a view of it; every
// field is written into the plan.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_COMPILEOPTIONS_H
#define INLAY_COMPILER_COMPILEOPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inlay {

/// What `--emit` may name.
struct Emit {
  bool plan = true;
  bool mlir = false;
  bool report = false;
};

enum class SummaryFormat { Text, Json };

struct CompileOptions {
  // Input.
  std::string input;                 ///< path of the .onnx file
  std::vector<std::string> bindings; ///< "name=value", symbolic dims
  std::string phase = "decode";      ///< "decode" or "prefill"
  int64_t batch = 1;                 ///< sequences
  std::optional<int64_t>
      context; ///< tokens in the KV state; unset: the default
  std::optional<int64_t> prefillChunk; ///< new tokens of a prefill; unset: 128

  // Machine.
  std::string target = "wse3"; ///< name of a shipped target, or a file
  std::string targetDir;       ///< where shipped targets are
  std::string wafers = "auto"; ///< "auto" or a number
  std::optional<int64_t>
      reserve; ///< bytes of a core's SRAM; unset: the target's
  std::optional<double> crossingLatency; ///< microseconds; unset: the target's
  std::string cost = "ideal";            ///< "ideal" or "calibrated"

  // Mapping.
  std::string objective = "latency"; ///< "latency", "throughput" or "wafers"
  uint64_t seed = 0;                 ///< of every random choice

  // Output.
  std::string outputDir = "out";
  Emit emit;
  SummaryFormat format = SummaryFormat::Text;
  std::string dumpStages; ///< folder for numbered IR files; empty: none
};

} // namespace inlay

#endif // INLAY_COMPILER_COMPILEOPTIONS_H
