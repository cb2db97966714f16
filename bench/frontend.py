#!/usr/bin/env python3
"""Kimi K2.6 from its config to the dataflow level: processor seconds and peak memory.

For each encoding and number of layers: inlay-model writes the structure-only model, `inlay-bench frontend`
imports it and runs every pass up to the dataflow level, inlayc makes a plan of it. Seconds are user + system
time of the whole process, the least of RUNS runs, because the clock on the wall also counts what else the machine
does; memory is the largest resident set. A bar that is missed is marked. The first layer is dense: what doubles
exactly from row to row are the layers of experts, 15, 30 and 60 of them, which hold all but a few hundred of the
nodes, and beside it stands by how much the whole process grows. What does not grow (its start, the embedding, the
head, the first layer) is 0.04 s and 93 MB of it.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = ROOT / "examples/configs/kimi-k2.6.json"
RUNS = 3
LAYERS = (16, 31, 61)
# Encoding to (seconds, MB) of the whole model, to the dataflow level.
BARS = {"contrib": (1.5, 300), "unrolled": (10, 1500)}


def run(command):
    """Returns (exit status, processor seconds, peak megabytes) of the cheapest of RUNS processes."""
    best = None
    for _ in range(RUNS):
        child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        row = (child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)
        if best is None or row[1] < best[1]:
            best = row
    return best


def mark(value, bar, digits):
    return f"{value:.{digits}f}" + (f" (bar {bar:g} missed)" if bar is not None and value > bar else "")


def growth(before, after):
    """By what factor seconds and megabytes grow."""
    return f"{after[1] / before[1]:.2f} / {after[2] / before[2]:.2f}" if before else ""


def table(binaries, encoding, folder):
    before = None
    for layers in LAYERS:
        model = folder / f"{encoding}-{layers}.onnx"
        made = run([binaries / "inlay-model", CONFIG, "--encoding", encoding, "--layers", layers, "-o", model])
        front = run([binaries / "inlay-bench", "frontend", model])
        plan = run([binaries / "inlayc", model, "-o", folder / "out"])
        seconds, megabytes = BARS[encoding] if layers == LAYERS[-1] else (None, None)
        print(f"| {encoding} | {layers} | {made[0]} {front[0]} {plan[0]} | {made[1]:.2f} / {made[2]:.0f} "
              f"| {mark(front[1], seconds, 2)} | {mark(front[2], megabytes, 0)} | {growth(before, front)} "
              f"| {plan[1]:.2f} / {plan[2]:.0f} |", flush=True)
        model.unlink()
        before = front


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    options = parser.parse_args()
    print("| encoding | layers | exit statuses | inlay-model s / MB | to dataflow s | to dataflow MB | growth s / MB "
          "| inlayc to plan s / MB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for encoding in BARS:
            table(options.bin.resolve(), encoding, pathlib.Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
