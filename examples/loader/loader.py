#!/usr/bin/env python3
"""A loader in a hundred lines: what one core holds and how its router is set, from a plan and the model's files alone.

    loader.py plan.json [--files FOLDER] --core X,Y [--wafer N] [-o image.bin]

docs/plan.md explains the rules. Only Python's standard library and numpy are used.
"""

import argparse
import functools
import hashlib
import json
import math
import pathlib

import numpy as np


def canonical(value):
    """The text of RFC 8785: one for each value."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{canonical(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if not isinstance(value, float):
        return json.dumps(value, ensure_ascii=False)
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    mantissa, _, power = repr(value).partition("e")
    if power and -6 <= int(power) < 0:
        sign, digits = mantissa[: mantissa[0] == "-"], mantissa.replace(".", "").lstrip("-")
        return f"{sign}0.{'0' * (-int(power) - 1)}{digits}"
    return f"{mantissa.removesuffix('.0')}e{int(power):+d}" if power else mantissa


def content_sha256(plan):
    content = {name: value for name, value in plan.items() if name != "content_sha256"}
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def contains(rect, x, y):
    return 0 <= x - rect["x"] < rect["width"] and 0 <= y - rect["y"] < rect["height"]


def work(plan, wafer, x, y):
    """(kernel, class of cores, number of the core on each axis) for each kernel that the core takes part in."""
    regions = {region["name"]: region["rectangle"] for region in plan["regions"]}
    for kernel in plan["kernels"]:
        for cores in kernel["core_classes"]:
            if kernel["wafer"] == wafer and any(contains(rect, x, y) for rect in cores["rectangles"]):
                groups = kernel["expert_groups"] or [{"index": 0, "rectangle": regions[kernel["region"]]}]
                group = next(group for group in groups if contains(group["rectangle"], x, y))
                origin = group["rectangle"]
                yield kernel, cores, {"none": 0, "x": x - origin["x"], "y": y - origin["y"], "group": group["index"]}


def part(weight, core):
    """The slices of the logical tensor that a core has."""
    starts = [min(core[cut["axis"]] * cut["shard"], cut["size"]) for cut in weight["cuts"]]
    return tuple(slice(start, min(start + cut["shard"], cut["size"])) for start, cut in zip(starts, weight["cuts"]))


def stored_bits(piece, folder):
    """The bits of the stored elements of a piece, one after the other."""
    with open(folder / piece["file"], "rb") as file:
        file.seek(int(piece["offset"]))
        raw = file.read(int(piece["length"]))
    if piece["encoding"] == "varint":
        numbers, number, shift = [], 0, 0
        for byte in raw:
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                numbers.append(number % 2 ** max(8, piece["stored_bits"]))
                number, shift = 0, 0
        raw = b"".join(number.to_bytes(max(8, piece["stored_bits"]) // 8, "little") for number in numbers)
    elif piece["encoding"] != "raw":
        raise NotImplementedError(f"{piece['initializer']}: encoding {piece['encoding']}")
    at = np.array(piece["first"])
    for size, stride in zip(piece["sizes"], piece["strides"]):
        at = at[..., None] + np.arange(size) * stride
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
    return bits[at.reshape(-1, 1) * piece["stored_bits"] + np.arange(piece["stored_bits"])].reshape(-1)


@functools.lru_cache(maxsize=64)
def logical_bits(weight_json, folder):
    """The tensor, with the bits of each element as a last dim."""
    weight = json.loads(weight_json)
    bits = np.concatenate([stored_bits(piece, folder) for piece in weight["pieces"]])
    *outer, row = weight["shape"] or [1]
    pitch = weight["row_pitch_bits"] or row * weight["bits"]
    starts = np.arange(math.prod(outer))[:, None] * pitch + np.arange(row * weight["bits"])
    return bits[starts].reshape(*weight["shape"], weight["bits"])


def weight_bytes(weight, core, folder):
    bits = logical_bits(json.dumps(weight), folder)[part(weight, core)]
    return np.packbits(bits.reshape(-1), bitorder="little").tobytes()


def image(plan, folder, wafer, x, y):
    """The data area of a core before the first step: weights where the maps say, zeros elsewhere."""
    data = bytearray(plan["system"]["budget_bytes"])
    for kernel, cores, core in work(plan, wafer, x, y):
        weights = {weight["name"]: weight for weight in kernel["weights"]}
        for buffer in cores["memory"]:
            if buffer["role"] == "weights":
                shard = weight_bytes(weights[buffer["name"]], core, folder)
                assert len(shard) <= buffer["bytes"], buffer
                data[buffer["offset"] : buffer["offset"] + len(shard)] = shard
    return bytes(data)


def copies(area, x, y):
    """Where (x, y) is in each copy of an area that has it."""
    for k in range(area["count"]):
        column, row = x - area["x"] - k * area["dx"], y - area["y"] - k * area["dy"]
        if 0 <= column < area["width"] and 0 <= row < area["height"]:
            yield column, row


def router(plan, wafer, x, y):
    """The settings of a router, as (colour, switch position, in, out, route), in the order of the routes."""
    patterns = {pattern["name"]: pattern for pattern in plan.get("patterns", [])}
    ports = {"x": {"back": "W", "ahead": "E", "ramp": "ramp"}, "y": {"back": "N", "ahead": "S", "ramp": "ramp"}}
    for route in plan.get("routes", []):
        if route["wafer"] != wafer:
            continue
        for segment in route["segments"]:
            if any(True for _ in copies(segment, x, y)):
                yield route["colours"][0], segment["position"], segment["in"], segment["out"], route["name"]
        for column, row in (place for area in route["lines"] for place in copies(area, x, y)):
            at, name = (column if route["line_axis"] == "x" else row), ports[route["line_axis"]]
            for segment in patterns[route["pattern"]]["segments"]:
                index, rest = divmod(at - segment["first"], segment["step"])
                if rest == 0 and 0 <= index < segment["count"]:
                    out = [name[port] for port in segment["out"]]
                    yield route["colours"][segment["colour"]], segment["position"], name[segment["in"]], out, route["name"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plan", type=pathlib.Path)
    parser.add_argument("--files", type=pathlib.Path, help="folder of the model's files (default: the plan's)")
    parser.add_argument("--core", required=True, help="X,Y")
    parser.add_argument("--wafer", type=int, default=0)
    parser.add_argument("-o", dest="output", type=pathlib.Path, help="write the image of the core's data area")
    args = parser.parse_args()
    plan = json.loads(args.plan.read_text())
    if (plan["format"], plan["version"]["major"]) != ("inlay-plan", 1):
        parser.error(f"{args.plan} is no plan of version 1")
    if content_sha256(plan) != plan["content_sha256"]:
        parser.error(f"{args.plan} was changed after it was written")
    x, y = map(int, args.core.split(","))
    for kernel, cores, _ in work(plan, args.wafer, x, y):
        print(f"{kernel['name']} ({cores['name']})")
        for buffer in sorted(cores["memory"], key=lambda buffer: buffer["offset"]):
            ops = f"ops {buffer['first_op']} to {buffer['last_op']}"
            print(f"  {buffer['offset']:7} {buffer['bytes']:7} B  {buffer['role']:8} {ops:12} {buffer['name']}")
    for colour, position, source, out, route in router(plan, args.wafer, x, y):
        print(f"colour {colour} position {position}: {source} to {', '.join(out)}  ({route})")
    if args.output:
        args.output.write_bytes(image(plan, args.files or args.plan.parent, args.wafer, x, y))


if __name__ == "__main__":
    main()
