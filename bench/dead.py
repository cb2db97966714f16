#!/usr/bin/env python3
"""What dead cores cost: models on wafers with 20 random dead rectangles of up to 16 x 16 cores.

Each model is planned on the target as it is, and on one with dead areas for each seed, all of them on every wafer. For each
plan: wafers, cycles of a step (batch 1, context 8,192), how many times those without dead areas, seconds of work, and what
inlay-check says. Exit status 1 where a model finds no place or a plan is not legal.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ("llama-3.1-70b", "mixtral-8x7b", "gpt-oss-120b", "qwen3-235b-a22b", "llama-4-maverick", "deepseek-v3", "kimi-k2.6")
AREAS, LARGEST = 20, 16


def target_with_dead(seed):
    target = json.loads((ROOT / "targets/wse3.json").read_text())
    width, height = (int(target["grid"][side]) for side in ("width", "height"))
    draw = random.Random(seed)
    dead = []
    for _ in range(AREAS):
        w, h = draw.randint(1, LARGEST), draw.randint(1, LARGEST)
        dead.append({"x": draw.randint(0, width - w), "y": draw.randint(0, height - h), "width": w, "height": h})
    return {**target, "name": f"wse3-dead-{seed}", "dead": dead}


def plan(tools, model, target, folder):
    """(wafers, cycles, seconds, verdict), or a line of what went wrong."""
    before = os.times()
    command = [tools / "inlayc", ROOT / f"examples/configs/{model}.json", "--target", target, "--format", "json", "-o", folder]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    if run.returncode != 0:
        return next((line for line in run.stderr.splitlines() if "error" in line), f"status {run.returncode}")
    summary = json.loads((folder / "plan.json").read_text())
    check = subprocess.run([tools / "inlay-check", folder / "plan.json"], capture_output=True, text=True, check=False)
    verdict = "legal" if check.returncode == 0 else check.stdout.strip().splitlines()[0]
    seconds = after.children_user - before.children_user
    return summary["system"]["wafers"], summary["estimate"]["latency"]["total"], seconds, verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--seeds", type=int, default=3, help="seeds 1 to this")
    parser.add_argument("models", nargs="*", default=MODELS)
    options = parser.parse_args()
    tools, failed = options.bin.resolve(), False
    print(f"{'model':18} {'dead areas':>10} {'wafers':>6} {'cycles':>11} {'times':>6} {'s':>6}  check")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for model in options.models or MODELS:
            whole = None
            for seed in range(options.seeds + 1):
                target = folder / f"dead-{seed}.json"
                if seed:
                    target.write_text(json.dumps(target_with_dead(seed)))
                found = plan(tools, model, target if seed else "wse3", folder)
                name = f"seed {seed}" if seed else "none"
                if isinstance(found, str):
                    failed = True
                    print(f"{model:18} {name:>10} {found}", flush=True)
                    continue
                wafers, cycles, seconds, verdict = found
                whole = whole or cycles
                failed |= verdict != "legal"
                print(f"{model:18} {name:>10} {wafers:6} {cycles:11,.0f} {cycles / whole:6.3f} {seconds:6.1f}  {verdict}",
                      flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
