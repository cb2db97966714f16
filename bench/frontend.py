#!/usr/bin/env python3
"""Kimi K2.6 from its config to the dataflow level: processor seconds and peak memory.

For each encoding and number of layers: inlay-model writes the structure-only model, `inlay-bench frontend`
imports it and runs every pass up to the dataflow level, inlayc makes a plan of it. Seconds are user + system
time of the whole process, because the clock on the wall also counts what else the machine does; memory is the
largest resident set. A bar that is missed is marked.

The front end runs ROUNDS times, in each round once with every number of layers. Its seconds are the least of the
rounds. By how much it grows is the median over the rounds of the quotient within a round: of two runs that follow
each other, so that a machine that is faster now and slower then tells nothing of either, and the least of short
runs is not held against the least of long ones, which meet a quiet moment less often.

The first layer is dense: what doubles exactly from row to row are the layers of experts, 15, 30 and 60 of them,
which hold all but a few hundred of the nodes. What does not grow (its start, the embedding, the head, the first
layer) is 0.04 s and 93 MB of it.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = ROOT / "examples/configs/kimi-k2.6.json"
ROUNDS = 7
LAYERS = (16, 31, 61)
# Encoding to (seconds, MB) of the whole model, to the dataflow level.
BARS = {"contrib": (1.5, 300), "unrolled": (10, 1500)}


def run(command):
    """Returns (exit status, processor seconds, peak megabytes) of a process."""
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def least(runs):
    """The cheapest of runs of one command."""
    return min(runs, key=lambda row: row[1])


def mark(value, bar, digits):
    return f"{value:.{digits}f}" + (f" (bar {bar:g} missed)" if bar is not None and value > bar else "")


def growth(before, after):
    """By what factor seconds and megabytes grow, from round to round."""
    factors = [statistics.median(b[field] / a[field] for a, b in zip(before, after)) for field in (1, 2)]
    return f"{factors[0]:.2f} / {factors[1]:.2f}"


def table(binaries, encoding, folder):
    models = {layers: folder / f"{encoding}-{layers}.onnx" for layers in LAYERS}
    made = {layers: run([binaries / "inlay-model", CONFIG, "--encoding", encoding, "--layers", layers, "-o", model])
            for layers, model in models.items()}
    fronts = {layers: [] for layers in LAYERS}
    for _ in range(ROUNDS):
        for layers, model in models.items():
            fronts[layers].append(run([binaries / "inlay-bench", "frontend", model]))
    before = None
    for layers, model in models.items():
        front = least(fronts[layers])
        plan = run([binaries / "inlayc", model, "-o", folder / "out"])
        seconds, megabytes = BARS[encoding] if layers == LAYERS[-1] else (None, None)
        grown = growth(fronts[before], fronts[layers]) if before else ""
        print(f"| {encoding} | {layers} | {made[layers][0]} {front[0]} {plan[0]} "
              f"| {made[layers][1]:.2f} / {made[layers][2]:.0f} | {mark(front[1], seconds, 2)} "
              f"| {mark(front[2], megabytes, 0)} | {grown} | {plan[1]:.2f} / {plan[2]:.0f} |", flush=True)
        model.unlink()
        before = layers


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
