#!/usr/bin/env bash
# Maps a real export of ONNX Runtime GenAI's model builder onto a wafer.
# usage: examples/demo.sh BIN-DIRECTORY
set -euo pipefail
bin=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly MODEL=examples/gpt-oss-tiny-int4/model.onnx
readonly OUT=build/demo

"$bin/inlayc" "$MODEL" --target wse3 --emit plan,report -o "$OUT" --dump-stages "$OUT/stages"
cat <<TXT

Look at $OUT/report.html  a picture of the wafer, and where the cycles go
        $OUT/plan.json    what a runtime loads: regions, cuts of every weight, memory maps, streams
        $OUT/stages       the model at each level, from ONNX nodes (01) to the placement (04)
TXT
