#!/usr/bin/env bash
# Compiles a real export of ONNX Runtime GenAI's model builder to a plan.
# usage: examples/demo.sh PATH-OF-INLAYC
set -euo pipefail
inlayc=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly MODEL=examples/gpt-oss-tiny-int4/model.onnx
readonly OUT=build/demo

"$inlayc" "$MODEL" --target wse3 --emit plan,mlir,report -o "$OUT"
cat <<TXT

Look at $OUT/plan.json     where every kernel, expert, weight and state is, and the cycles it takes
        $OUT/report.html   the same as a picture of each wafer; open it in a browser
        $OUT/plan.mlirbc   the same as IR: build/bin/inlay-opt $OUT/plan.mlirbc
TXT
