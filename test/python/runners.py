"""What the tests share: Inlay's tools, onnxruntime, and inputs for a model."""

import os
import pathlib
import subprocess

import numpy as np
import onnx
import onnxruntime

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("INLAY_BIN_DIR", ROOT / "build/bin"))


class ToolError(Exception):
    """A tool of Inlay failed; the message is what it printed."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def run_tool(name, *arguments, stdin=None, diagnostics=False):
    """Standard output of one of Inlay's tools, as bytes; with `diagnostics` also what it said."""
    done = subprocess.run([BIN / name, "--mlir-print-op-on-diagnostic=false", *map(str, arguments)], input=stdin,
                          capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    if done.returncode:
        raise ToolError(done.returncode, said)
    return (done.stdout, said) if diagnostics else done.stdout


def import_onnx(path):
    return run_tool("inlay-translate", "--import-onnx", path)


def import_named(path):
    """With the names of nodes, as messages have them."""
    return run_tool("inlay-translate", "--import-onnx", "--mlir-print-debuginfo", path)


def export_onnx(module, path):
    """Writes `module` to `path`, in the folder of the model's weights."""
    run_tool("inlay-translate", "--export-onnx", f"--weights-dir={path.parent}", "-o", path, stdin=module)
    return path


def open_session(path, optimise=True):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_session(session, feeds):
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds)))


def make_feed(name, shape, dtype, context, tokens, generator):
    """One input of a language model by the meaning that its name has by convention: `context` tokens
    come before the `tokens` of the step."""
    if "mask" in name:
        return (np.zeros if np.issubdtype(dtype, np.floating) else np.ones)(shape, dtype)
    if name == "write_indices":
        return np.full(shape, context, dtype)
    if name == "nonpad_kv_seqlen":
        return np.full(shape, context + tokens, dtype)
    if "position" in name:
        return np.broadcast_to(context + np.arange(shape[-1]), shape).astype(dtype)
    if np.issubdtype(dtype, np.floating):
        return generator.standard_normal(shape).astype(dtype)
    return generator.integers(0, 60, shape).astype(dtype)


def make_feeds(path, context, tokens, seed=0):
    """Inputs for a model of static shapes."""
    generator = np.random.default_rng(seed)
    feeds = {}
    for value in onnx.load(path, load_external_data=False).graph.input:
        tensor = value.type.tensor_type
        shape = [dim.dim_value for dim in tensor.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        feeds[value.name] = make_feed(value.name, shape, dtype, context, tokens, generator)
    return feeds
