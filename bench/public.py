#!/usr/bin/env python3
"""What Inlay's best plan predicts for the models whose tokens/s are public.

Each row is one run of inlayc on a config of examples/configs: decode, one user, no speculation, context 8,192, both cost
modes, at three clocks. Public figures (data/measured/public_tokens_per_s.csv) stand beside it; since October 2024 they
may include speculative decoding, and most do not say on how many wafers they were taken.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLOCKS = (0.75, 0.85, 1.1)
# Config, and the name in the table of public figures.
MODELS = (
    ("llama-3.1-8b", "Llama-3.1-8B"),
    ("llama-3.1-70b", "Llama-3.1-70B"),
    ("llama-3.1-405b", "Llama-3.1-405B"),
    ("qwen3-32b", "Qwen3-32B"),
    ("qwen3-235b-a22b", "Qwen3-235B-A22B"),
    ("gpt-oss-120b", "gpt-oss-120b"),
    ("llama-4-maverick", "Llama-4-Maverick"),
    ("kimi-k2.6", "Kimi-K2.6"),
)


def public_figures():
    figures = {}
    with open(ROOT / "data/measured/public_tokens_per_s.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["unit"] == "tokens/s" and row["machine"].startswith("Cerebras"):
                figures.setdefault(row["kernel_or_model"], []).append(float(row["value"]))
    return figures


def run(inlayc, config, mode):
    """The summary of one plan, or the first line of what went wrong."""
    with tempfile.TemporaryDirectory() as out:
        result = subprocess.run([str(inlayc), str(ROOT / f"examples/configs/{config}.json"), "--cost", mode, "--format",
                                 "json", "-o", out], capture_output=True, text=True)
    if result.returncode != 0:
        errors = [line for line in result.stderr.splitlines() if "error:" in line]
        return None, (errors or ["failed"])[0].split("error: ")[-1]
    return json.loads(result.stdout), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    inlayc = parser.parse_args().bin / "inlayc"
    figures = public_figures()
    clocks = " | ".join(f"at {clock:g} GHz" for clock in CLOCKS)
    print(f"| model | public tokens/s | wafers | estimate | cycles a token | {clocks} | bound, cycles | binds | unknown |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for config, name in MODELS:
        known = sorted(figures.get(name, []))
        public = f"{known[0]:,.0f} to {known[-1]:,.0f}" if len(known) > 1 else f"{known[0]:,.0f}" if known else "none"
        for mode in ("ideal", "calibrated"):
            plan, error = run(inlayc, config, mode)
            if not plan:
                print(f"| {name} | {public} | | {mode} | not estimated: {error} | | | | | | |")
                continue
            estimate = plan["estimate"]
            cycles = estimate["cycles"]["total"]
            at = {rate["clock_ghz"]: rate["tokens_per_user"] for rate in estimate["rates"]}
            rates = " | ".join(f"{at[clock]:,.0f}" for clock in CLOCKS)
            unknown = f"{estimate['unknown_bytes'] / 1e9:.1f} GB" if estimate["unknown_bytes"] else "none"
            print(f"| {name} | {public} | {plan['wafers']} | {mode} | {cycles:,.0f} | {rates} "
                  f"| {estimate['bound_cycles']:,.0f} | {estimate['binding']} | {unknown} |")


if __name__ == "__main__":
    main()
