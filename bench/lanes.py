#!/usr/bin/env python3
"""What the limits of lanes trade: a table of plan size, colours and cycles of a step.

A stream goes over several lanes so that what it brings comes sooner; each lane is a few routes more in the plan. Routes of
mapped models are laid anew with other limits (`--route-streams=worth-a-lane=N most-crossing-lanes=N`); all else stays.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ["mixtral-8x7b", "gpt-oss-120b", "llama-3.1-70b"]
LIMITS = [(24, 4), (48, 4), (96, 4), (192, 4), (384, 4), (96, 1), (96, 2), (96, 8)]


def run(command, text=None):
    return subprocess.run(list(map(str, command)), input=text, capture_output=True, check=True).stdout


def placed(args, name, folder):
    run([args.bin / "inlayc", ROOT / f"examples/configs/{name}.json", "--target", "wse3", "--dump-stages", folder, "-o", folder])
    return next(folder.glob("04.*-place-regions.mlir"))


def plan_with(args, placed_module, lane, crossing):
    debug = "--mlir-print-debuginfo"
    routes = f"--route-streams=worth-a-lane={lane} most-crossing-lanes={crossing}"
    routed = run([args.bin / "inlay-opt", debug, placed_module, routes, "--allocate-memory", "--schedule-step"])
    return run([args.bin / "inlay-translate", "--mlir-to-plan"], routed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("models", nargs="*", default=MODELS)
    args = parser.parse_args()
    print(f"{'model':20}{'worth a lane':>14}{'crossing':>10}{'routes':>9}{'plan MB':>9}{'colours':>9}{'cycles':>12}{'waiting':>10}")
    for name in args.models:
        with tempfile.TemporaryDirectory() as folder:
            module = placed(args, name, pathlib.Path(folder))
            for lane, crossing in LIMITS:
                text = plan_with(args, module, lane, crossing)
                plan = json.loads(text)
                latency = plan["estimate"]["latency"]
                print(f"{name:20}{lane:14}{crossing:10}{len(plan['routes']):9,}{len(text) / 1e6:9.2f}{plan['colours']['used']:9}"
                      f"{latency['total']:12,.0f}{latency['contention']:10,.0f}", flush=True)


if __name__ == "__main__":
    main()
