"""A runtime can compute the bytes of every core from the plan and the model alone: this does it.

Nothing here is shared with the compiler but the text of docs/schema/plan-1.schema.json.
"""

import collections
import json
import math
import shutil

import numpy as np
import onnx
import pytest

import placing

MODELS = pytest.mark.parametrize("path", placing.EXAMPLES, ids=lambda path: path.parent.name)


def all_plans(path):
    compiled = [placing.compiled(path, "grid8x8")] if path.parent.name in placing.COMPILED else []
    return [*placing.plans(path), *compiled]


def cores(kernel, plan):
    """Number of each core on each axis, by its place in the region (in its expert group)."""
    [rectangle] = [region["rectangle"] for region in plan["regions"] if region["name"] == kernel["region"]]
    groups = kernel["expert_groups"] or [{"rectangle": rectangle}]
    for group in groups:
        for y in range(group["rectangle"]["height"]):
            for x in range(group["rectangle"]["width"]):
                yield {"none": 0, "x": x, "y": y, "group": group.get("experts")}


def are_shared(weight):
    """Whether cores of one copy have the same elements: a dim of the weight lies on its axis again and again."""
    axes = [cut["axis"] for cut in weight["cuts"] if cut["axis"] != "none"]
    return any((cut["inner"] > 1 or cut["points"] > cut.get("pitch", cut["size"])) and axes.count(cut["axis"]) == 1
               for cut in weight["cuts"] if cut["axis"] not in ("none", "group"))


def box(weight, core):
    """The indices of the logical tensor that a core has, for each dim."""
    indices = []
    for cut in weight["cuts"]:
        pitch = cut.get("pitch", cut["size"])
        assert cut["size"] <= pitch and cut["points"] >= cut["size"]
        if cut["axis"] == "group":
            assert len(core["group"]) <= cut["shard"]
            indices.append(np.array(core["group"], int))
            continue
        begin = min(core[cut["axis"]] * cut["shard"], cut["points"])
        points = np.arange(begin, min(begin + cut["shard"], cut["points"])) // cut["inner"] % pitch
        indices.append(np.unique(points[points < cut["size"]]))
    return np.ix_(*indices) if indices else ()


def piece_bits(piece, folder):
    """The stored elements of a piece, bit by bit."""
    assert piece["encoding"] == "raw"
    with open(folder / piece["file"], "rb") as file:
        file.seek(piece["offset"])
        stored = np.frombuffer(file.read(piece["length"]), np.uint8)
    assert len(stored) == piece["length"]
    at = np.array(piece["first"])
    for size, stride in zip(piece["sizes"], piece["strides"], strict=True):
        at = at[..., None] + np.arange(size) * stride
    bits = np.unpackbits(stored, bitorder="little")
    return bits[at.reshape(-1, 1) * piece["stored_bits"] + np.arange(piece["stored_bits"])].reshape(-1)


def elements(weight, folder):
    """The logical tensor, as one unsigned integer for each element."""
    bits = np.concatenate([piece_bits(piece, folder) for piece in weight["pieces"]])
    assert len(bits) <= 8 * weight["bytes"] < len(bits) + 8
    *outer, row = weight["shape"] or [1]
    pitch = weight["row_pitch_bits"] or row * weight["bits"]
    rows = math.prod(outer)
    starts = np.arange(rows)[:, None] * pitch + np.arange(row)[None, :] * weight["bits"]
    values = np.zeros((rows, row), np.uint64)
    for bit in range(weight["bits"]):
        values |= bits[starts + bit].astype(np.uint64) << np.uint64(bit)
    return values.reshape(weight["shape"])


def shard_bytes(weight, core):
    count = math.prod(part.size for part in box(weight, core))
    return -(-count * weight["bits"] // 8)


@MODELS
def test_cores_hold_every_element_as_often_as_said(path):
    for plan in all_plans(path):
        for kernel in plan["kernels"]:
            for weight in kernel["weights"]:
                whole = elements(weight, path.parent)
                held = np.zeros(weight["shape"], np.int64)
                built = np.zeros_like(whole)
                for core in cores(kernel, plan):
                    held[box(weight, core)] += 1
                    built[box(weight, core)] = whole[box(weight, core)]
                parts_of_axes = {cut["axis"]: cut["parts"] for cut in weight["cuts"] if cut["axis"] != "none"}
                sets = len(list(cores(kernel, plan))) // math.prod(parts_of_axes.values())
                fewest = sets
                times = np.full(weight["shape"], sets)
                for d, cut in enumerate(weight["cuts"]):
                    if cut["axis"] == "group":  # and so often as groups list the expert
                        listed = collections.Counter(e for group in kernel["expert_groups"] for e in group["experts"])
                        times *= np.array([listed[e] for e in range(cut["size"])]).reshape(
                            [-1 if i == d else 1 for i in range(len(weight["cuts"]))])
                    if are_shared({"cuts": [cut]}) and are_shared(weight):  # and by each part that has elements of its block
                        pitch = cut.get("pitch", cut["size"])
                        parts = [np.unique(np.arange(p, min(p + cut["shard"], cut["points"])) // cut["inner"] % pitch)
                                 for p in range(0, cut["points"], cut["shard"])]
                        parts = [part[part < cut["size"]] for part in parts]
                        holders = np.bincount(np.concatenate(parts))
                        fewest *= holders.min()
                        times *= holders.reshape([-1 if i == d else 1 for i in range(len(weight["cuts"]))])
                assert (held == times).all(), weight["name"]
                assert weight["copies"] == fewest, weight["name"]
                assert (built == whole).all(), weight["name"]


def logical_bytes(weight, values):
    """The elements packed again, low bits first, without the padding of rows."""
    bits = (values.reshape(-1, 1) >> np.arange(weight["bits"], dtype=np.uint64)) & np.uint64(1)
    return np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little").tobytes()


def viewed(array, piece):
    """The elements of a piece by numpy's own strided views."""
    strides = [stride * array.itemsize for stride in piece["strides"]]
    flat = np.ascontiguousarray(array).reshape(-1)[piece["first"]:]
    return np.lib.stride_tricks.as_strided(flat, piece["sizes"], strides).reshape(-1)


@MODELS
def test_elements_are_those_of_the_initializers(path):
    model = onnx.load(path)
    initializers = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    plan = placing.plans(path)[0]
    for kernel in plan["kernels"]:
        for weight in kernel["weights"]:
            assert weight["row_pitch_bits"] == 0
            views = [viewed(initializers[piece["initializer"]], piece) for piece in weight["pieces"]]
            assert logical_bytes(weight, elements(weight, path.parent)) == np.concatenate(views).tobytes()


@MODELS
def test_memory_maps_hold_the_shards(path):
    for plan in all_plans(path):
        for kernel in plan["kernels"]:
            largest = {weight["name"]: max(shard_bytes(weight, core) for core in cores(kernel, plan))
                       for weight in kernel["weights"]}
            for cls in kernel["core_classes"]:
                assert cls["cores"] == sum(r["width"] * r["height"] for r in cls["rectangles"])
                buffers = {b["name"]: b for b in cls["memory"] if b["role"] == "weights"}
                assert buffers.keys() == largest.keys()
                assert all(buffers[name]["bytes"] >= size for name, size in largest.items())


@MODELS
def test_copies_and_padding_add_up(path):
    for plan in all_plans(path):
        sums = collections.Counter()
        seen = set()
        for kernel in plan["kernels"]:
            for cls in kernel["core_classes"]:
                sums["resident_bytes"] += cls["cores"] * sum(b["bytes"] for b in cls["memory"] if b["role"] == "weights")
            for weight in kernel["weights"]:
                first = set() if weight["name"] not in seen else None
                seen.add(weight["name"])
                if are_shared(weight):  # once, else copies
                    once = -(-math.prod(weight["shape"]) * weight["bits"] // 8) if first is not None else 0
                    sums["shard_bytes"] += once
                    sums["copy_bytes"] += sum(shard_bytes(weight, core) for core in cores(kernel, plan)) - once
                    continue
                for core in cores(kernel, plan):
                    key = tuple(tuple(part.flat) for part in box(weight, core))
                    size = shard_bytes(weight, core)
                    is_first = first is not None and key not in first
                    sums["shard_bytes" if is_first else "copy_bytes"] += size
                    if is_first:
                        first.add(key)
        sums["padding_bytes"] = sums["resident_bytes"] - sums["shard_bytes"] - sums["copy_bytes"]
        assert sums["padding_bytes"] >= 0
        assert {name: plan["accounting"][name] for name in sums} == dict(sums)


def stored_bytes(tensor):
    for entry in tensor.external_data:
        if entry.key == "length":
            return int(entry.value)
    return len(tensor.raw_data) or len(onnx.numpy_helper.to_array(tensor).tobytes())


def reachable(graph):
    """Names of the initializers that outputs depend on."""
    producer = {name: node for node in graph.node for name in node.output}
    wanted = [output.name for output in graph.output]
    seen = set()
    while wanted:
        name = wanted.pop()
        if name and name not in seen:
            seen.add(name)
            wanted += producer[name].input if name in producer else []
    return {tensor.name: stored_bytes(tensor) for tensor in graph.initializer if tensor.name in seen}


def check_accounting(path):
    sizes = reachable(onnx.load(path, load_external_data=False).graph)
    plan = placing.plans(path)[0]
    accounting = plan["accounting"]
    folded = {entry["name"]: entry["bytes"] for entry in accounting["folded"]}
    held = {piece["initializer"]: piece["length"] for kernel in plan["kernels"] for weight in kernel["weights"]
            for piece in weight["pieces"]}
    assert not folded.keys() & held.keys()
    assert {**folded, **held} == sizes
    assert accounting["reachable_bytes"] == sum(sizes.values())
    assert accounting["weight_bytes"] == sum(held.values())
    assert accounting["weight_bytes"] + sum(folded.values()) == accounting["reachable_bytes"]
    return folded


@MODELS
def test_every_byte_of_the_model_is_accounted_for(path):
    check_accounting(path)


def test_unreachable_and_folded_initializers_are_told_apart(tmp_path):
    path = placing.example("llama-tiny-fp32")
    model = onnx.load(path, load_external_data=False)
    graph = model.graph
    # Logits get their shape back by a constant; beside them something that leads nowhere.
    logits = next(node for node in graph.node if "logits" in node.output)
    logits.output[:] = ["flat_logits" if name == "logits" else name for name in logits.output]
    graph.initializer.extend([onnx.numpy_helper.from_array(np.array([0, 0, 256], np.int64), "keep_shape"),
                              onnx.numpy_helper.from_array(np.ones(1000, np.float32), "dead"),
                              onnx.numpy_helper.from_array(np.ones(3, np.float32), "unused")])
    graph.node.extend([onnx.helper.make_node("Reshape", ["flat_logits", "keep_shape"], ["logits"]),
                       onnx.helper.make_node("Add", ["dead", "dead"], ["nowhere"])])
    onnx.save(model, tmp_path / "model.onnx")
    shutil.copy(path.parent / "model.onnx.data", tmp_path)
    assert check_accounting(tmp_path / "model.onnx") == {"keep_shape": 24}


def test_the_example_of_the_guide_is_right():
    guide = (placing.ROOT / "docs/plan.md").read_text()
    weight = json.loads(guide.split("```json")[1].split("```")[0])
    kernel = {"region": "r", "expert_groups": []}
    plan = {"regions": [{"name": "r", "rectangle": {"x": 8, "y": 16, "width": 5, "height": 4}}]}
    held = np.zeros(weight["shape"], np.int64)
    for core in cores(kernel, plan):
        held[box(weight, core)] += 1
    assert (held == weight["copies"]).all()
    core = {"none": 0, "x": 12 - 8, "y": 17 - 16, "group": None}
    assert [(part.flat[0], part.flat[-1]) for part in box(weight, core)] == [(104, 127), (32, 63)]
    assert shard_bytes(weight, core) == 384 and "384 bytes" in guide
    first_bit = (104 * weight["shape"][1] + 32) * weight["bits"]
    assert f"= {weight['pieces'][0]['offset'] + first_bit // 8}\n" in guide and first_bit % 8 == 0


def test_tied_weights_count_once():
    path = placing.example("gpt-oss-tiny-int4")
    plan = placing.plans(path)[0]
    holders = collections.Counter(w["name"] for kernel in plan["kernels"] for w in kernel["weights"])
    assert holders["cos_cache"] == 2
    distinct = {w["name"]: w["bytes"] for kernel in plan["kernels"] for w in kernel["weights"]}
    assert plan["accounting"]["weight_bytes"] == sum(distinct.values())
