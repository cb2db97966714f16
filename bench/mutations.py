#!/usr/bin/env python3
"""What inlay-check finds of changes of valid plans: a table by plan and one by kind of field.

Each plan is changed in COUNT ways, every kind of field and every operator at least once; test/python/mutations.py
has the operators and the reasons for changes that break nothing. Streams are led from other producers too, all fields
that name these changed together. A change that breaks something must be flagged, one that breaks nothing accepted. Exit
status 1 where the checker and the reasons differ.
"""

import argparse
import collections
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# One wafer with decode steps of one sequence; then wafers as stations, both phases, batches, prefill, experts in slices.
PLANS = [(3000, "gpt-oss-tiny-int4"), (2000, "mixtral-tiny-mobius"), (2000, "deepseek-v3-tiny-mobius"),
         (2000, "qwen3-moe-tiny-optimum"), (1500, "llama-tiny-fp32"),
         (2000, "qwen3-moe-tiny-hf", "--wafers", "2", "--sequences-in-flight", "2"),
         (2000, "gpt-oss-tiny-int4", "--phase", "both", "--context", "64", "--prompt-ratio", "2"),
         (1500, "deepseek-v3-tiny-hf", "--batch", "3"),
         (1500, "mixtral-tiny-hf", "--phase", "prefill", "--prefill-chunk", "8", "--context", "32"),
         (1500, "granitemoe-tiny-mobius", "--expert-slices", "2"), (1500, "gemma3-tiny-hf"),
         (1500, "gpt-oss-tiny-int4", "--routing", "zipf:1.0", "--batch", "2", "--context", "64")]


def judged(subject, count):
    """(kind of field, words, reason why it is harmless or None, violations) of every change of a plan."""
    import mutations  # pylint: disable=import-outside-toplevel

    for mutant, reason, violations in mutations.judge(subject, mutations.mutants(subject, count)):
        yield mutant.kind, f"{mutant.kind} {mutant.operator} at {mutant.path}", reason, violations
    # Fields changed together: a stream from another producer brings another value than its consumer takes.
    rewired = list(mutations.rewirings(subject.plan, False))
    for (words, _), violations in zip(rewired, subject.check([subject.text(plan) for _, plan in rewired])):
        yield "streams[] from, from_port, name", words, None, violations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--count", type=int, help="of each plan, instead of the thousands by default")
    args = parser.parse_args()
    os.environ["INLAY_BIN_DIR"] = str(args.bin)
    sys.path.insert(0, str(ROOT / "test/python"))
    import checking  # pylint: disable=import-outside-toplevel

    rows = collections.defaultdict(collections.Counter)
    wrong = []
    print("| plan on `grid8x8` | changes | break something | told | break nothing | accepted |\n|---|---|---|---|---|---|")
    for count, name, *options in PLANS:
        subject = checking.subject(name, "grid8x8", *options)
        name = " ".join((name, *options))
        whole = collections.Counter()
        for kind, words, reason, violations in judged(subject, args.count or count):
            for row in (rows[kind], whole):
                row.update(mutations=1, breaking=not reason, killed=bool(violations) and not reason,
                           accepted=not violations and bool(reason))
            if bool(violations) == bool(reason):
                wrong.append(f"{name}: {words}: {reason or 'breaks a property'}, but {violations[:1] or 'accepted'}")
        print(f"| `{name}` | {whole['mutations']:,} | {whole['breaking']:,} | {whole['killed']:,} "
              f"| {whole['mutations'] - whole['breaking']:,} | {whole['accepted']:,} |", flush=True)
    print()
    columns = ("mutations", "breaking", "killed", "harmless", "accepted")
    print(f"{'kind of field':64}" + "".join(f"{column:>11}" for column in columns))
    total = collections.Counter()
    for kind in sorted(rows):
        rows[kind]["harmless"] = rows[kind]["mutations"] - rows[kind]["breaking"]
        total.update(rows[kind])
        print(f"{kind:64}" + "".join(f"{rows[kind][column]:11,}" for column in columns))
    print(f"{'all ' + str(len(rows)) + ' kinds':64}" + "".join(f"{total[column]:11,}" for column in columns))
    print(f"kill rate {100 * total['killed'] / total['breaking']:.2f} %, "
          f"false alarms {total['harmless'] - total['accepted']} of {total['harmless']}")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
