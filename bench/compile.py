#!/usr/bin/env python3
"""Time and peak memory from file to plan, for each example on each target, and of the largest model to its checked plan.

Each row is the median of RUNS runs of the whole process after one warm-up; memory is the largest
resident set. The budget of a 2-layer example is 0.1 s and 100 MB; that of Kimi K2.6 from its ONNX file to a plan that
inlay-check has accepted 3 s and 500 MB, with every expert unrolled 15 s and 2 GB; what takes four times as much is
ended, which shows as an exit status below 0 or above 127.
"""

import argparse
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS = ("wse3", "wse2", "grid8x8")
RUNS = 5
LARGEST = ROOT / "examples/configs/kimi-k2.6.json"
# By encoding: seconds and megabytes that the whole may take.
BUDGETS = {"contrib": (3, 500), "unrolled": (15, 2000)}


def measure(command, limits=None):
    """Returns (exit status, seconds, processor seconds, peak megabytes) of one process. It is ended where it takes more than
    (processor seconds, megabytes) of `limits`."""
    def limit():
        if limits:
            resource.setrlimit(resource.RLIMIT_CPU, (limits[0], limits[0] + 5))
            resource.setrlimit(resource.RLIMIT_AS, (limits[1] * 10**6, limits[1] * 10**6))

    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limit)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def run(command):
    """Returns (exit status, seconds, peak megabytes) of one process."""
    status, seconds, _, megabytes = measure(command)
    return status, seconds, megabytes


def checked_row(tools, encoding):
    """The model's file is there already; what counts is inlayc and inlay-check."""
    with tempfile.TemporaryDirectory() as out:
        model, plan = pathlib.Path(out) / f"{encoding}.onnx", pathlib.Path(out) / "plan.json"
        subprocess.run([str(tools / "inlay-model"), str(LARGEST), "--encoding", encoding, "-o", str(model)], check=True,
                       stdout=subprocess.DEVNULL)
        size = model.stat().st_size / 1e6
        seconds, megabytes = BUDGETS[encoding]
        limits = (4 * seconds, 4 * megabytes)  # far beyond the budget nobody waits
        compiled = measure([str(tools / "inlayc"), str(model), "-o", out], limits)
        checked = measure([str(tools / "inlay-check"), str(plan), "--model", str(model)], limits)
    both = compiled[1] + checked[1]
    cpu = compiled[2] + checked[2]
    peak = max(compiled[3], checked[3])
    is_kept = compiled[0] == checked[0] == 0 and cpu <= seconds and peak <= megabytes
    return (f"| {LARGEST.stem} | {encoding} | {size:.1f} | {compiled[0]}, {checked[0]} | {compiled[2]:.2f} | {checked[2]:.2f} "
            f"| {cpu:.2f} ({both:.2f}) | {peak:.0f} | {seconds} s, {megabytes} MB | {'kept' if is_kept else 'missed'} |")


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
    print("\n| model | encoding | file MB | exit statuses | inlayc CPU s | inlay-check CPU s | CPU s of both (by the clock) | peak MB "
          "| budget | by CPU |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for encoding in BUDGETS:
        print(checked_row(options.bin, encoding), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
