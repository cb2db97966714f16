#!/usr/bin/env bash
# Takes a real export of ONNX Runtime GenAI's model builder to kernels and streams.
# usage: examples/demo.sh BIN-DIRECTORY
set -euo pipefail
bin=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly MODEL=examples/gpt-oss-tiny-int4/model.onnx
readonly OUT=build/demo
mkdir -p "$OUT"

"$bin/inlay-translate" --import-onnx "$MODEL" --mlir-print-debuginfo -o "$OUT/01-onnx.mlir"
"$bin/inlay-opt" --bind-dims --infer-shapes --raise-to-nn --verify-nn \
  --mlir-print-debuginfo "$OUT/01-onnx.mlir" -o "$OUT/02-nn.mlir"
"$bin/inlay-opt" --convert-to-dataflow --verify-dataflow \
  --mlir-print-debuginfo "$OUT/02-nn.mlir" -o "$OUT/03-dataflow.mlir"
cat <<TXT
Look at $OUT/01-onnx.mlir      what the file says: one op for each ONNX node, weights as handles
        $OUT/02-nn.mlir        what the model computes: attention, route, experts with static shapes
        $OUT/03-dataflow.mlir  the kernels that mapping will place, with their streams, weights and states
TXT
