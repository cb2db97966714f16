#!/usr/bin/env python3
"""What Inlay's best plan predicts for the models whose tokens/s are public.

Every row of data/measured/public_tokens_per_s.csv is there: first what plans predict for each model that has a config in
examples/configs (decode, one user, no speculation, context 8,192, both cost modes, three clocks), then each public figure
beside the two predictions at the target's clock, and what nobody published about it.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLOCKS = (0.75, 0.85, 1.1)
CLOCK = 0.85
MODES = ("ideal", "calibrated")
OBJECTIVES = ("latency", "wafers")  # fewer wafers may save more crossings than full wafers cost
# The name in the table of public figures: config, and what stands for what.
MODELS = {
    "Llama-3.1-8B": ("llama-3.1-8b", ""),
    "Llama-3.1-70B": ("llama-3.1-70b", ""),
    "Llama-3.3-70B": ("llama-3.1-70b", "sizes are those of Llama-3.1-70B"),
    "DeepSeek-R1-Distill-Llama-70B": ("llama-3.1-70b", "sizes are those of Llama-3.1-70B"),
    "Llama-3.1-405B": ("llama-3.1-405b", ""),
    "Llama-4-Scout": ("llama-4-scout", ""),
    "Llama-4-Maverick": ("llama-4-maverick", ""),
    "Qwen3-32B": ("qwen3-32b", ""),
    "Qwen3-235B-A22B": ("qwen3-235b-a22b", ""),
    "Qwen3-Coder-480B-A35B": ("qwen3-coder-480b-a35b", ""),
    "gpt-oss-120b": ("gpt-oss-120b", ""),
    "GLM-4.6": ("glm-4.5", "GLM-4.5 stands for it"),
    "GLM-4.7": ("glm-4.5", "GLM-4.5 stands for it"),
    "Kimi-K2.6": ("kimi-k2.6", ""),
}
# What the plans take for granted, by the beginning of the plan's own words.
SHORT = {"clock": "clock", "reserved": "reserved SRAM", "wafer_latency": "crossing latency", "dequantise": "dequantising",
         "primitive.divide": "divide", "mac_rate": "rates by type",
         "element_rate": "rates by type", "cycles": "no software", "routing": "routing",
         "crossings": "crossings at every clock", "host": "host takes no time", "primitive": "primitives of another machine"}


def public_rows():
    with open(ROOT / "data/measured/public_tokens_per_s.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shorten(assumptions):
    names = []
    for text in assumptions:
        head = text.split(" of ")[0].split(":")[0]
        name = next((short for start, short in SHORT.items() if head.startswith(start)), head)
        if name not in names:
            names.append(name)
    return ", ".join(names)


def run(inlayc, config, mode):
    """Summary of the fastest of the plans by objective with its assumptions, or what went wrong."""
    plans = [run_for(inlayc, config, mode, objective) for objective in OBJECTIVES]
    return min(plans, key=lambda plan: plan[0]["estimate"]["cycles"]["total"] if plan[0] else float("inf"))


def run_for(inlayc, config, mode, objective):
    with tempfile.TemporaryDirectory() as out:
        result = subprocess.run([str(inlayc), str(ROOT / f"examples/configs/{config}.json"), "--cost", mode,
                                 "--objective", objective, "--format", "json", "-o", out], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            errors = [line for line in result.stderr.splitlines() if "error:" in line]
            return None, (errors or [f"status {result.returncode}"])[0].split("error: ")[-1]
        summary = json.loads(result.stdout)
        plan = json.loads((pathlib.Path(out) / "plan.json").read_text(encoding="utf-8"))
    summary["assumptions"] = plan["assumptions"]
    return summary, ""


class Plans:
    """Plans by config and mode, each made once."""

    def __init__(self, inlayc):
        self.inlayc = inlayc
        self.known = {}

    def get(self, config, mode):
        if (config, mode) not in self.known:
            self.known[config, mode] = run(self.inlayc, config, mode)
        return self.known[config, mode]

    def rate(self, config, mode, clock=CLOCK):
        plan, _ = self.get(config, mode)
        if not plan:
            return None
        return next(rate["tokens_per_user"] for rate in plan["estimate"]["rates"] if rate["clock_ghz"] == clock)


HEAD = ("| model | wafers | estimate | cycles a token | " + " | ".join(f"at {clock:g} GHz" for clock in CLOCKS)
        + " | bound on these wafers | binds | estimate / bound | bound on any | unknown | open assumptions |\n" + "|---" * 13 + "|")


def plan_row(plans, name, config, mode):
    plan, error = plans.get(config, mode)
    if not plan:
        return f"| {name} | | {mode} | not estimated: {error} | | | | | | | | | |"
    estimate = plan["estimate"]
    rates = " | ".join(f"{plans.rate(config, mode, clock):,.0f}" for clock in CLOCKS)
    unknown = f"{estimate['unknown_bytes'] / 1e9:.1f} GB" if estimate["unknown_bytes"] else "none"
    return (f"| {name} | {plan['wafers']} | {mode} | {estimate['cycles']['total']:,.0f} | {rates} "
            f"| {estimate['bound_cycles']:,.0f} | {estimate['binding']} | {estimate['gap']:.2f} "
            f"| {estimate['model_bound_cycles']:,.0f} on {estimate['model_bound_wafers']} | {unknown} "
            f"| {shorten(plan['assumptions'])} |")


def open_questions(row, note):
    text = row["note"]
    questions = [note] if note else []
    if "with speculative decoding" in text:
        questions.append("with speculation, how much is not said")
    elif "no speculative decoding" not in text:
        questions.append("speculation unknown")
    if "4 x CS-3" not in text:
        questions.append("wafers unknown")
    if "16-bit" not in text and "bf16" not in text:
        questions.append("precision unknown")
    if row["seq_or_context"] == "":
        questions.append("context unknown")
    return "; ".join(questions)


def why_not(row):
    """Why there is no prediction of a row; empty where there is one."""
    if not row["machine"].startswith("Cerebras"):
        return "another system"
    if row["phase"] != "decode" or row["unit"] != "tokens/s":
        return "not a rate of decoding: needs the prefill of a prompt and a queue, of which nothing is published"
    if row["kernel_or_model"] not in MODELS:
        return "its sizes are not published, or no config of it is shipped"
    return ""


def figure_row(plans, row):
    name, value = row["kernel_or_model"], float(row["value"])
    date = next((part.split("=")[1] for part in row["note"].split("; ") if part.startswith("date=")), "")
    start = f"| {name} | {value:,g} {row['unit']} | {date} "
    if reason := why_not(row):
        return start + f"| not predicted: {reason} | | |"
    config, note = MODELS[name]
    cells = []
    for mode in MODES:
        rate = plans.rate(config, mode)
        cells.append(f"{rate:,.0f} ({value / rate:.2f} x)" if rate else "none")
    return start + f"| {' | '.join(cells)} | {open_questions(row, note)} |"


def kimi_block(inlayc):
    """What docs/kimi-k2.6.md says of Inlay's own plans: a table, and what follows from it."""
    plans, name, config, claim = Plans(inlayc), "Kimi-K2.6", "kimi-k2.6", 981
    lines = [HEAD] + [plan_row(plans, name, config, mode) for mode in MODES] + [""]
    plan, _ = plans.get(config, "ideal")
    estimate = plan["estimate"]
    bound, crossing = estimate["bound_cycles"], estimate["cycles"]["crossing"]
    total = estimate["cycles"]["total"]
    without = CLOCKS[-1] * 1e9 / (total - crossing)
    least, wafers = estimate["model_bound_cycles"], estimate["model_bound_wafers"]
    lines.append(f"The bound of {bound:,.0f} cycles on {plan['wafers']} wafers is {CLOCK * 1e9 / bound:,.0f} tokens/s at {CLOCK} GHz; "
                 f"whatever the partition, on {wafers} wafers or more, it is {least:,.0f} cycles or "
                 f"{CLOCK * 1e9 / least:,.0f} tokens/s. The ideal plan takes "
                 f"{plan['wafers']} wafers and spends {100 * crossing / total:.0f} % of its cycles on crossings; without them it "
                 f"would give {without:,.0f} tokens/s at {CLOCKS[-1]} GHz. For {claim} tokens/s each step must yield, at "
                 + " and ".join(f"{clock:g} GHz, " + " or ".join(
                     f"{max(1.0, claim / plans.rate(config, mode, clock)):.1f} tokens ({mode})" for mode in MODES)
                     for clock in (CLOCK, CLOCKS[-1])) + ".")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--only", help="the model of that name only, e.g. Kimi-K2.6")
    options = parser.parse_args()
    plans = Plans(options.bin / "inlayc")
    print("What plans predict, tokens/s of one user\n")
    print(HEAD)
    for name, (config, note) in MODELS.items():
        if note or (options.only and name != options.only):
            continue
        for mode in MODES:
            print(plan_row(plans, name, config, mode), flush=True)
    print(f"\nEvery public figure beside them, at {CLOCK} GHz (in brackets: public / predicted)\n")
    print("| model | public | date | ideal | calibrated | open |\n|---|---|---|---|---|---|")
    for row in public_rows():
        if not options.only or row["kernel_or_model"] == options.only:
            print(figure_row(plans, row), flush=True)


if __name__ == "__main__":
    main()
