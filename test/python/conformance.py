#!/usr/bin/env python3
"""Takes every model of Debian's libonnx-testdata through Inlay and back, and says what came of it.

Each model is imported, printed and parsed (as text and as bytecode, byte for byte the same text),
written back as ONNX right after import, after shape inference and after raising, and run by
onnxruntime on the inputs that lie beside it: the results must be those of the original.

    conformance.py [--check] [--every N] [--jobs N]

Writes docs/conformance.md; with --check it only says whether that page has drifted. Exits with 1
where a model crashed a tool or came back with other results.
"""

import argparse
import collections
import dataclasses
import multiprocessing
import os
import pathlib
import re
import shutil
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

from runners import ROOT, ToolError, export_onnx, import_onnx, open_session, run_tool

DATA = pathlib.Path("/usr/share/libonnx-testdata/data")
PAGE = ROOT / "docs/conformance.md"
# Raised operators run other kernels; the tolerance is the one of ONNX's own backend tests.
RAISED_TOLERANCE = {"rtol": 1e-3, "atol": 1e-5}
NOTE = re.compile(r"note: (\d+) x (\S+) \(opset \d+\): (.*?)(?:; e\.g\. node '.*')?$", re.MULTILINE)
LEVELS = ("imported", "inferred", "raised")


@dataclasses.dataclass
class Outcome:
    """What came of one model."""
    name: str
    operators: list = dataclasses.field(default_factory=list)
    refused: str = ""                # why it was not imported
    stuck: str = ""                  # why its shapes were not inferred, or it was not raised
    opaque: dict = dataclasses.field(default_factory=dict)   # operator: reason
    skipped: str = ""                # why onnxruntime does not run the original
    same: list = dataclasses.field(default_factory=list)     # levels with the original's results
    unwritten: dict = dataclasses.field(default_factory=dict)  # level: why there is no ONNX file
    failures: list = dataclasses.field(default_factory=list)


def models(every=1):
    return sorted(DATA.glob("*/*/model.onnx"))[::every]


def first_line(message):
    """The finding itself: without place, severity and quoted names."""
    line = next((line for line in message.splitlines() if "error" in line), message.strip().splitlines()[0])
    line = line.split("error: ", 1)[-1]
    return re.sub(r"^(node|initializer|input) '[^']*'( \(\w+\))?:? ?", "", line)


def operators_of(graph):
    for node in graph.node:
        yield f"{node.domain}::{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                yield from operators_of(inner)


# Results -------------------------------------------------------------------------------------------

def load_value(path, kind):
    data = path.read_bytes()
    if kind == "sequence_type":
        proto = onnx.SequenceProto()
        proto.ParseFromString(data)
        return onnx.numpy_helper.to_list(proto)
    if kind == "optional_type":
        proto = onnx.OptionalProto()
        proto.ParseFromString(data)
        return onnx.numpy_helper.to_optional(proto)
    proto = onnx.TensorProto()
    proto.ParseFromString(data)
    return onnx.numpy_helper.to_array(proto)


def load_feeds(model, folder):
    known = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in known]
    files = [folder / f"test_data_set_0/input_{index}.pb" for index in range(len(inputs))]
    return {value.name: load_value(file, value.type.WhichOneof("value")) for value, file in zip(inputs, files)}


def same_values(expected, actual, **tolerance):
    if isinstance(expected, list):
        return (isinstance(actual, list) and len(expected) == len(actual)
                and all(same_values(a, b, **tolerance) for a, b in zip(expected, actual)))
    if not isinstance(expected, np.ndarray):
        return expected == actual
    if not isinstance(actual, np.ndarray) or expected.dtype != actual.dtype or expected.shape != actual.shape:
        return False
    if expected.dtype.kind not in "fc":
        return np.array_equal(expected, actual)
    if not tolerance:
        return np.array_equal(expected, actual, equal_nan=True)
    return np.allclose(actual, expected, equal_nan=True, **tolerance)


def run(path, feeds):
    return open_session(path, optimise=False).run(None, feeds)


# One model -----------------------------------------------------------------------------------------

def bindings_of(model, feeds):
    """Sizes of the symbolic dims of inputs, as the test's inputs have them."""
    sizes = {}
    for value in model.graph.input:
        feed = feeds.get(value.name)
        if isinstance(feed, np.ndarray):
            dims = value.type.tensor_type.shape.dim
            sizes.update({dim.dim_param: size for dim, size in zip(dims, feed.shape) if dim.dim_param})
    return ",".join(f"{name}={size}" for name, size in sizes.items())


def transform(outcome, bindings, folder):
    """The module at each level as an ONNX file; a level is absent where the model does not reach it."""
    module = import_onnx(folder / "model.onnx")
    again = run_tool("inlay-opt", "--verify-onnx", "--verify-roundtrip", stdin=module)
    if again.rstrip() != module.rstrip():
        outcome.failures.append("the text changes when it is parsed and printed")
    files = {"imported": write(outcome, "imported", module, folder)}
    try:
        passes = ["--inline-functions", *([f"--bind-dims=bindings={bindings}"] if bindings else []), "--infer-shapes"]
        inferred = run_tool("inlay-opt", *passes, stdin=module)
        files["inferred"] = write(outcome, "inferred", inferred, folder)
        raised, notes = run_tool("inlay-opt", "--raise-to-nn", stdin=inferred, diagnostics=True)
    except ToolError as error:
        check_status(outcome, error)
        outcome.stuck = first_line(str(error))
        return files
    for _, operator, reason in NOTE.findall(notes):
        outcome.opaque.setdefault(operator, reason)
    files["raised"] = write(outcome, "raised", raised, folder)
    return files


def write(outcome, level, module, folder):
    try:
        return export_onnx(module, folder / f"{level}.onnx")
    except ToolError as error:
        check_status(outcome, error)
        outcome.unwritten[level] = first_line(str(error))
        return None


def check_status(outcome, error):
    """A tool may refuse a model, with a diagnostic; it may not crash."""
    if error.status != 1 or "error" not in str(error):
        outcome.failures.append(f"a tool ended with status {error.status}: {str(error)[:300]}")


def compare(outcome, feeds, files, folder):
    try:
        expected = run(folder / "model.onnx", feeds)
        again = run(folder / "model.onnx", feeds)
    except Exception as error:  # pylint: disable=broad-except; onnxruntime raises many kinds
        outcome.skipped = re.sub(r"[^A-Z_]*([A-Z_]{4,}).*", r"\1", str(error).splitlines()[0]) or type(error).__name__
        return
    if not same_values(expected, again):
        outcome.skipped = "its results are random"
        return
    for level, file in files.items():
        if file is None:
            continue
        tolerance = RAISED_TOLERANCE if level == "raised" else {}
        try:
            actual = run(file, feeds)
        except Exception as error:  # pylint: disable=broad-except
            outcome.failures.append(f"{level}: onnxruntime refuses it: {str(error)[:300]}")
            continue
        if same_values(expected, actual, **tolerance):
            outcome.same.append(level)
        else:
            outcome.failures.append(f"{level}: other results")


def examine(path):
    outcome = Outcome(str(path.parent.relative_to(DATA)))
    model = onnx.load(path, load_external_data=False)
    outcome.operators = sorted(set(operators_of(model.graph)))
    feeds = load_feeds(model, path.parent)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        shutil.copyfile(path, folder / "model.onnx")
        try:
            files = transform(outcome, bindings_of(model, feeds), folder)
        except ToolError as error:
            check_status(outcome, error)
            outcome.refused = first_line(str(error))
            return outcome
        compare(outcome, feeds, files, folder)
    return outcome


def examine_all(paths, jobs):
    with multiprocessing.Pool(jobs) as pool:
        return pool.map(examine, paths, chunksize=8)


# The page ------------------------------------------------------------------------------------------

def operator_rows(outcomes):
    """By operator: models, and in how many of them it is typed, opaque, not raised, refused."""
    rows = collections.defaultdict(collections.Counter)
    reasons = collections.defaultdict(collections.Counter)
    for outcome in outcomes:
        for operator in outcome.operators:
            state, reason = ("refused", outcome.refused) if outcome.refused else \
                ("stuck", outcome.stuck) if outcome.stuck else \
                ("opaque", outcome.opaque[operator]) if operator in outcome.opaque else ("typed", "")
            rows[operator][state] += 1
            if reason:
                reasons[operator][reason] += 1
    return [(operator, rows[operator], reasons[operator]) for operator in sorted(rows)]


def render(outcomes):
    run_by_oracle = [outcome for outcome in outcomes if not outcome.skipped and not outcome.refused]
    count = lambda test: sum(1 for outcome in outcomes if test(outcome))
    lines = ["# Conformance", "",
             "What becomes of the models of Debian's `libonnx-testdata` (ONNX's own backend tests). Written by",
             "`./dev conformance`; what each step checks stands in `test/python/conformance.py`.", "",
             "| step | models |", "|---|---|",
             f"| in the package | {len(outcomes)} |",
             f"| imported, verified, the same text after parsing it and after bytecode | {count(lambda o: not o.refused)} |",
             f"| of these, run by onnxruntime {onnxruntime.__version__}, with results that do not differ from run to run | {len(run_by_oracle)} |"]
    for level, what in zip(LEVELS, ("after import", "after shape inference", "after raising")):
        same = sum(1 for outcome in run_by_oracle if level in outcome.same)
        lines.append(f"| of these, written back {what}, with the same results | {same} |")
    lines += ["", "Results are the same bit for bit after import and shape inference, and within the tolerance of",
              "ONNX's backend tests after raising.", ""]
    missing = collections.Counter()
    for outcome in run_by_oracle:
        for level in LEVELS:
            if level not in outcome.same:
                missing[level, outcome.unwritten.get(level) or outcome.stuck or "other results"] += 1
    if missing:
        lines += ["Not written back:", "", "| level | reason | models |", "|---|---|---|"]
        lines += [f"| {level} | {reason} | {number} |" for (level, reason), number in sorted(missing.items())]
        lines.append("")
    lines += ["## By operator", "",
              "`typed`: each of its nodes became typed operations, or was folded. `opaque`: kept as it is, costed by the",
              "bytes it moves. `not raised`: the model has something for which shapes cannot be inferred; the reason may",
              "be another operator's. `refused`: not imported.", "",
              "| operator | models | typed | opaque | not raised | refused | reasons |", "|---|---|---|---|---|---|---|"]
    for operator, states, reasons in operator_rows(outcomes):
        text = "; ".join(reason.replace("|", "\\|") for reason, _ in reasons.most_common(2))
        lines.append(f"| {operator} | {sum(states.values())} | {states['typed']} | {states['opaque']} | "
                     f"{states['stuck']} | {states['refused']} | {text} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="do not write the page, say whether it has drifted")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every N-th model only; writes no page")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    options = parser.parse_args()
    outcomes = examine_all(models(options.every), options.jobs)
    failures = [f"{outcome.name}: {failure}" for outcome in outcomes for failure in outcome.failures]
    for failure in failures:
        print(failure)
    text = render(outcomes)
    if options.every > 1:
        print(text)
    elif not options.check:
        PAGE.write_text(text)
    elif text != PAGE.read_text():
        failures.append("drift")
        print(f"{PAGE.relative_to(ROOT)} has drifted: run './dev conformance' and commit the result")
    print(f"{len(outcomes)} models, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
