#!/usr/bin/env python3
"""Exports a small model with Mobius's command line, as its users call it.

    python mobius_cli.py FAMILY OUTPUT [ARGUMENT OF `mobius build`...]
"""

import pathlib
import subprocess
import sys
import tempfile

import architectures

# Mobius reads these families' experts stacked, as transformers holds them, not one by one, as
# published checkpoints have them.
STACKED = ("deepseek_v3", "glm4_moe")


def main():
    family, output, *arguments = sys.argv[1:]
    output = pathlib.Path(output).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        # Mobius names the graph after the folder of the checkpoint as it was given.
        architectures.build(family).save_pretrained(pathlib.Path(scratch) / family,
                                                    save_original_format=family not in STACKED)
        subprocess.run([pathlib.Path(sys.executable).with_name("mobius"), "build", "--config",
                        family, output, *arguments], cwd=scratch, check=True)


if __name__ == "__main__":
    main()
