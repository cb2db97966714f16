#!/usr/bin/env python3
"""Writes wse3 with 20 dead areas, and Mixtral-8x7B with six layers: ROOT TARGET MODEL."""

import json
import pathlib
import random
import sys

root = pathlib.Path(sys.argv[1])
target = json.loads((root / "targets/wse3.json").read_text())
draw = random.Random(1)
target["dead"] = []
for _ in range(20):
    w, h = draw.randint(1, 16), draw.randint(1, 16)
    x, y = draw.randint(0, target["grid"]["width"] - w), draw.randint(0, target["grid"]["height"] - h)
    target["dead"].append({"x": x, "y": y, "width": w, "height": h})
pathlib.Path(sys.argv[2]).write_text(json.dumps(target))
config = json.loads((root / "examples/configs/mixtral-8x7b.json").read_text())
config["num_hidden_layers"] = 6
pathlib.Path(sys.argv[3]).write_text(json.dumps(config))
