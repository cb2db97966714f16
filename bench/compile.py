#!/usr/bin/env python3
"""Time and peak memory from file to plan, for each example on each target.

Each row is the median of RUNS runs of the whole process after one warm-up; memory is the largest
resident set. The budget of a 2-layer example is 0.1 s and 100 MB.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS = ("wse3", "wse2", "grid8x8")
RUNS = 5


def run(command):
    """Returns (exit status, seconds, peak megabytes) of one process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, time.perf_counter() - start, usage.ru_maxrss / 1000


def row(inlayc, example, target):
    with tempfile.TemporaryDirectory() as out:
        command = [str(inlayc), str(example / "model.onnx"), "--target", target, "-o", out]
        runs = [run(command) for _ in range(RUNS + 1)][1:]
    seconds = [seconds for _, seconds, _ in runs]
    memory = max(megabytes for _, _, megabytes in runs)
    return (f"| {example.name} | {target} | {runs[0][0]} | {statistics.median(seconds):.3f} "
            f"| {min(seconds):.3f} .. {max(seconds):.3f} | {memory:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    options = parser.parse_args()
    print("| example | target | exit status | median s | min .. max s | peak MB |")
    print("|---|---|---|---|---|---|")
    for model in sorted((ROOT / "examples").glob("*/model.onnx")):
        for target in TARGETS:
            print(row(options.bin / "inlayc", model.parent, target))
    return 0


if __name__ == "__main__":
    sys.exit(main())
