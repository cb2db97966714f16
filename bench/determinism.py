#!/usr/bin/env python3
"""Whether equal input gives equal bytes: for any number of threads, and run after run.

Each model is compiled with 1, 2 and 8 threads and then again and again with the threads of the machine; every file that inlayc
writes is compared with that of the first run. The exit status is 1 where one differs.
"""

import argparse
import hashlib
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ("kimi-k2.6", "deepseek-v3", "qwen3-235b-a22b", "gpt-oss-120b", "mixtral-8x7b", "llama-4-maverick", "llama-3.1-70b")
JOBS = (1, 2, 8)


def compile_once(inlayc, model, arguments):
    """Digest of each output by its name, and what was printed."""
    with tempfile.TemporaryDirectory() as out:
        command = [str(inlayc), str(model), "--emit", "plan,mlir,report,decisions", "-o", out, *arguments]
        result = subprocess.run(command, capture_output=True, check=False)
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}\nended with {result.returncode}: {result.stderr.decode(errors='replace')}")
        files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in pathlib.Path(out).iterdir()}
        printed = result.stdout.replace(out.encode(), b"OUT") + result.stderr
    return files | {"output": hashlib.sha256(printed).hexdigest()}


def difference(first, other):
    return sorted(name for name in first.keys() | other.keys() if first.get(name) != other.get(name))


def row(inlayc, model, runs):
    """A line of the table, and whether nothing differed."""
    first = compile_once(inlayc, model, ["--jobs", "1"])
    findings = []
    for jobs in JOBS[1:]:
        if names := difference(first, compile_once(inlayc, model, ["--jobs", str(jobs)])):
            findings.append(f"{jobs} threads: {', '.join(names)}")
    for run in range(runs):
        if names := difference(first, compile_once(inlayc, model, [])):
            findings.append(f"run {run + 1}: {', '.join(names)}")
    return (f"| {model.stem} | {', '.join(map(str, JOBS))} | {runs} | {len(first)} | {first['plan.json'][:16]} "
            f"| {'; '.join(findings) or 'none'} |"), not findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("models", nargs="*", type=pathlib.Path, default=[ROOT / f"examples/configs/{name}.json" for name in MODELS])
    options = parser.parse_args()
    print("| model | threads | further runs | outputs | plan.json begins | differs |\n|---|---|---|---|---|---|")
    is_equal = True
    for model in options.models:
        line, same = row(options.bin / "inlayc", model, options.runs)
        print(line, flush=True)
        is_equal &= same
    return 0 if is_equal else 1


if __name__ == "__main__":
    sys.exit(main())
