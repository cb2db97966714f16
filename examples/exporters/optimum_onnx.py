#!/usr/bin/env python3
"""Exports a small model with Optimum ONNX: TorchScript, with KV state in and out.

    python optimum_onnx.py FAMILY OUTPUT
"""

import pathlib
import sys
import tempfile

from optimum.exporters.onnx import main_export

import architectures


def main():
    family, output = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        architectures.build(family).save_pretrained(scratch)
        main_export(scratch, output=pathlib.Path(output), task="text-generation-with-past")


if __name__ == "__main__":
    main()
