#!/usr/bin/env python3
"""What a core holds and how its router is set, from a plan and the model's files in FOLDER alone; docs/plan.md has the rules.
    loader.py plan.json FOLDER WAFER X Y [image.bin]    digest.py checks the plan"""
import functools
import json
import math
import sys
import numpy as np

def places(area, x, y):
    """Where (x, y) is in an area and in its copies: (column, row) in each that has it."""
    corners = ((area["x"] + k * area.get("dx", 0), area["y"] + k * area.get("dy", 0)) for k in range(area.get("count", 1)))
    return [(x - left, y - top) for left, top in corners if 0 <= x - left < area["width"] and 0 <= y - top < area["height"]]

def work(plan, wafer, x, y):
    """(kernel, class of cores, number of the core on each axis, or experts) for each kernel that the core takes part in."""
    regions = {region["name"]: region["rectangle"] for region in plan["regions"]}
    for kernel in (kernel for kernel in plan["kernels"] if kernel["wafer"] == wafer):
        groups = [(g.get("experts") or [*range(g.get("first_expert", 0), g.get("end_expert", 0))], g["rectangle"])
                  for g in kernel["expert_groups"]] or [(None, regions[kernel["region"]])]
        for cores in (cores for cores in kernel["core_classes"] if any(places(rect, x, y) for rect in cores["rectangles"])):
            [(group, (column, row))] = [(experts, at) for experts, rect in groups for at in places(rect, x, y)]
            yield kernel, cores, {"none": 0, "x": column, "y": row, "group": group}

def part(weight, core):  # indices of the logical tensor that a core has: of experts what its group lists, else a block
    cuts = [(core[c["axis"]], c["points"], c["shard"], c["inner"], c["size"], c.get("pitch", c["size"])) for c in weight["cuts"]]
    held = (at if isinstance(at, list) else {q // d % m for q in range(n)[at * s :][:s] if q // d % m < k}
            for at, n, s, d, k, m in cuts)
    return np.ix_(*(indices if isinstance(indices, list) else sorted(indices) for indices in held))

def varints(data):
    """Protobuf's numbers: seven bits to a byte, the lowest first."""
    digits = []
    for byte in data:
        digits.append(byte & 127)
        if byte < 128:
            yield sum(digits.pop() << 7 * i for i in reversed(range(len(digits))))

def decode(data, encoding, size):
    """The elements of an initializer, `size` bytes each; "proto" is a TensorProto with them in one of its fields."""
    if encoding != "proto":
        return data if encoding == "raw" else b"".join((n % 256**size).to_bytes(size, "little") for n in varints(data))
    chunks, rest = [], iter(data)
    for field, kind in (divmod(key, 8) for key in varints(rest)):
        length = {1: 8, 5: 4}.get(kind) or next(varints(rest))  # of kind 0 this is the number itself
        chunk = bytes(next(rest) for _ in range(length)) if kind else (length % 256**size).to_bytes(size, "little")
        if field in (4, 5, 7, 9, 10, 11):
            chunks.append(decode(chunk, "varint" if kind == 2 and field in (5, 7, 11) else "raw", size))
    return b"".join(chunks)

@functools.lru_cache(maxsize=64)
def logical_bits(weight_json, folder):
    """The tensor of a weight, with the bits of each element as a last dim."""
    weight, stored = json.loads(weight_json), []
    for piece in weight["pieces"]:
        data = np.fromfile(f"{folder}/{piece['file']}", np.uint8, int(piece["length"]), offset=int(piece["offset"]))
        data = decode(data.tobytes(), piece["encoding"], max(8, piece["stored_bits"]) // 8)
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little").reshape(-1, piece["stored_bits"])
        steps = (np.arange(size) * stride for size, stride in zip(piece["sizes"], piece["strides"]))
        stored.append(bits[sum(np.ix_(*steps), start=np.array(piece["first"]))].reshape(-1))
    *outer, row = weight["shape"] or [1]
    starts = np.arange(math.prod(outer))[:, None] * (weight["row_pitch_bits"] or row * weight["bits"])
    return np.concatenate(stored)[starts + np.arange(row * weight["bits"])].reshape(*weight["shape"], weight["bits"])

def image(plan, folder, wafer, x, y):
    """The data area of a core before the first step: weights where the maps say, zeros elsewhere."""
    data = np.zeros(plan["system"]["budget_bytes"], np.uint8)
    for kernel, cores, core in work(plan, wafer, x, y):
        offsets = {buffer["name"]: buffer["offset"] for buffer in cores["memory"]}
        for weight in kernel["weights"]:
            shard = np.packbits(logical_bits(json.dumps(weight), folder)[part(weight, core)], bitorder="little")
            data[offsets[weight["name"]] :][: len(shard)] = shard
    return data.tobytes()

def router(plan, wafer, x, y):
    """The settings of a router, as (colour, switch position, in, out, route), in the order of the routes."""
    patterns = {pattern["name"]: pattern["segments"] for pattern in plan["patterns"]}
    for route in (route for route in plan["routes"] if route["wafer"] == wafer):
        for segment in (segment for segment in route["segments"] if places(segment, x, y)):
            yield route["colours"][0], segment["position"], segment["in"], segment["out"], route["name"]
        port = dict(zip(("back", "ahead", "ramp"), ("W", "E", "ramp") if route["line_axis"] == "x" else ("N", "S", "ramp")))
        for column, row in (place for area in route["lines"] for place in places(area, x, y)):
            for segment in patterns[route["pattern"]]:
                index, rest = divmod((column if route["line_axis"] == "x" else row) - segment["first"], segment["step"])
                if rest == 0 and 0 <= index < segment["count"]:
                    out = [port[name] for name in segment["out"]]
                    yield route["colours"][segment["colour"]], segment["position"], port[segment["in"]], out, route["name"]

if __name__ == "__main__":
    plan, (wafer, x, y) = json.load(open(sys.argv[1])), map(int, sys.argv[3:6])
    version = tuple(plan["version"][part] for part in ("major", "minor"))
    assert plan["format"] == "inlay-plan" and (1, 0) <= version <= (1, 3), f"{sys.argv[1]} is no plan of version 1.0 to 1.3"
    for kernel, cores, _ in work(plan, wafer, x, y):
        print(f"{kernel['name']} ({cores['name']})")
        for buffer in sorted(cores["memory"], key=lambda buffer: buffer["offset"]):
            print("  {offset:7} {bytes:7} B  {role:10} ops {first_op} to {last_op}  {name}".format(**buffer))
    for setting in router(plan, wafer, x, y):
        print("colour {} position {}: {} to {}  ({})".format(*setting))
    if len(sys.argv) > 6:
        open(sys.argv[6], "wb").write(image(plan, sys.argv[2], wafer, x, y))
