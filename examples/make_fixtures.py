#!/usr/bin/env python3
"""Writes the example models with the exporters that people use.

Each example is a randomly initialised model of a published architecture, made small: the
configuration is ours, the graph is the exporter's. Exporters want different versions of the same
packages, so each runs in an environment of its own, with the versions in exporters/<exporter>.txt.
Downloads packages from the index that pip is set up for, and nothing else.

    python make_fixtures.py [NAME...] [--output-dir DIR] [--environments DIR]
"""

import argparse
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import venv

EXAMPLES = pathlib.Path(__file__).resolve().parent
EXPORTERS = EXAMPLES / "exporters"

# Name: exporter, family of exporters/architectures.py, further arguments of the exporter's script.
FIXTURES = {
    "gpt-oss-tiny-int4": ("genai_builder", "gpt_oss", "int4"),
    "gpt-oss-tiny-fp32": ("genai_builder", "gpt_oss", "fp32"),
    "llama-tiny-int4": ("genai_builder", "llama", "int4"),
    "llama-tiny-fp32": ("genai_builder", "llama", "fp32"),
    "mixtral-tiny-mobius": ("mobius_cli", "mixtral"),
    "phimoe-tiny-mobius": ("mobius_cli", "phimoe"),
    "olmoe-tiny-mobius": ("mobius_cli", "olmoe"),
    "granitemoe-tiny-mobius": ("mobius_cli", "granitemoe"),
    "qwen2-moe-tiny-mobius-cpu": ("mobius_cli", "qwen2_moe", "--ep", "cpu"),
    "qwen3-moe-tiny-mobius-static": ("mobius_cli", "qwen3_moe", "--static-cache",
                                     "--max-seq-len", "64", "--ep", "onnx-standard"),
    "deepseek-v3-tiny-mobius": ("mobius_cli", "deepseek_v3"),
    "qwen3-moe-tiny-optimum": ("optimum_onnx", "qwen3_moe"),
    "gpt-oss-tiny-optimum": ("optimum_onnx", "gpt_oss"),
    "mixtral-tiny-hf": ("hf_exporters", "mixtral", "batched_mm"),
    "qwen3-moe-tiny-hf": ("hf_exporters", "qwen3_moe", "grouped_mm"),
    "deepseek-v3-tiny-hf": ("hf_exporters", "deepseek_v3", "grouped_mm"),
    "glm4-moe-tiny-hf": ("hf_exporters", "glm4_moe", "batched_mm"),
    "gemma3-tiny-hf": ("hf_exporters", "gemma3"),
    "qwen2-moe-tiny-hf-fused": ("hf_exporters", "qwen2_moe", "batched_mm", "cuda"),
}


def environment(exporter, folder):
    """The Python of an exporter's environment, made anew where its requirements have changed."""
    requirements = EXPORTERS / f"{exporter}.txt"
    home = folder / exporter
    stamp = home / "requirements.txt"
    python = home / "bin" / "python"
    if not stamp.exists() or not filecmp.cmp(requirements, stamp, shallow=False):
        venv.create(home, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements],
                       check=True)
        shutil.copyfile(requirements, stamp)
    return python


def make(name, output_dir, environments):
    exporter, *arguments = FIXTURES[name]
    python = environment(exporter, environments)
    with tempfile.TemporaryDirectory() as scratch:
        family, *rest = arguments
        subprocess.run([python, EXPORTERS / f"{exporter}.py", family, scratch, *rest],
                       env={**os.environ, "HF_HUB_OFFLINE": "1"}, check=True)
        folder = output_dir / name
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(pathlib.Path(scratch).glob("model.onnx*")):
            shutil.copyfile(file, folder / file.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIXTURES))
    parser.add_argument("--output-dir", type=pathlib.Path, default=EXAMPLES)
    parser.add_argument("--environments", type=pathlib.Path,
                        default=EXAMPLES.parent / "build" / "exporters")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in FIXTURES]
    if unknown:
        sys.exit(f"make_fixtures.py: no example is named {', '.join(unknown)}; "
                 f"there are {', '.join(FIXTURES)}")
    for name in options.names or FIXTURES:
        make(name, options.output_dir, options.environments.resolve())


if __name__ == "__main__":
    main()
