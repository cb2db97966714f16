#!/usr/bin/env python3
"""Plans of the large models on wse3: size, time to write and to check them, memory, colours and SRAM against their bounds.

`written` is `inlay-translate --mlir-to-plan` from the placed module's bytecode to the file, reading the module included; `checked`
is `inlay-check --model`. Both are processor seconds of the whole process, the least of three runs. The bars of Kimi K2.6: 20 MB,
written in 1 s, checked in 5 s and 1 GB. Exit status 1 where a plan is not legal, a bar is missed, colours exceed those of the
target, or SRAM exceeds its lower bound by more than 5 %.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import compile as processes

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ("kimi-k2.6", "deepseek-v3", "gpt-oss-120b", "qwen3-235b-a22b", "mixtral-8x7b", "llama-3.1-70b", "llama-4-maverick")
MOST = {"MB": 20, "written": 1, "checked": 5, "peak": 1000}
RUNS = 3


def least(command):
    """(exit status, processor seconds, peak MB) of the fastest run."""
    runs = [processes.measure(command) for _ in range(RUNS)]
    return max(run[0] for run in runs), min(run[2] for run in runs), max(run[3] for run in runs)


def row(tools, name):
    config = ROOT / f"examples/configs/{name}.json"
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        subprocess.run([tools / "inlayc", config, "--target", "wse3", "--emit", "plan,mlir", "-o", out], check=True,
                       stdout=subprocess.DEVNULL)
        size = (out / "plan.json").stat().st_size / 1e6
        plan = json.loads((out / "plan.json").read_text())
        checked = least([str(tools / "inlay-check"), str(out / "plan.json"), "--model", str(config)])
        written = least([str(tools / "inlay-translate"), "--mlir-to-plan", str(out / "plan.mlirbc"), "-o", str(out / "again.json")])
    colours = plan["colours"]
    sram = max(region["bytes_per_core"] / max(1, region["least_bytes_per_core"]) for region in plan["regions"])
    is_kept = (checked[0] == written[0] == 0 and colours["used"] <= colours["available"] and sram <= 1.05)
    if name == MODELS[0]:
        found = {"MB": size, "written": written[1], "checked": checked[1], "peak": checked[2]}
        is_kept &= all(found[bar] <= MOST[bar] for bar in MOST)
    print(f"| {name} | {plan['system']['wafers']} | {size:.1f} | {written[1]:.2f} | {written[2]:.0f} | {checked[1]:.2f} | {checked[2]:.0f} "
          f"| {'legal' if checked[0] == 0 else 'not legal'} | {colours['used']} / {colours['lower_bound']} of {colours['available']} "
          f"| {sram:.3f} | {'kept' if is_kept else 'missed'} |", flush=True)
    return is_kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("models", nargs="*", default=MODELS)
    options = parser.parse_args()
    print("| model | wafers | MB | written, CPU s | MB in use | checked, CPU s | MB in use | plan | colours used / least | SRAM used / "
          "least, worst region | bars |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    return 0 if all([row(options.bin, name) for name in options.models]) else 1


if __name__ == "__main__":
    sys.exit(main())
