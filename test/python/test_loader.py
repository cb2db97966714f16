"""The reference loader fills every core from the plan and the model's files alone, and loses no byte."""

import collections
import copy
import itertools
import json
import math
import subprocess
import sys

import numpy as np
import onnx
import pytest

import checking
import placing
import plan_oracle as oracle
from test_plan_weights import are_shared

loader, digest, state_of = checking.loader, checking.digest, checking.state
# A 4-bit export with stacked experts, an experts export of many initializers, and one with its weights in the model.
MODELS = ["gpt-oss-tiny-int4", "deepseek-v3-tiny-mobius", "qwen3-moe-tiny-optimum"]
TARGETS = ["grid8x8", "wse3"]


def cores_of(plan):
    for wafer in range(plan["system"]["wafers"]):
        regions = [region["rectangle"] for region in plan["regions"] if region["wafer"] == wafer]
        for y, x in itertools.product(range(plan["system"]["height"]), range(plan["system"]["width"])):
            if any(loader.places(rect, x, y) for rect in regions):
                yield wafer, x, y


class Rebuilt:
    """Logical tensors, put together from what cores hold, and how often each element came."""

    def __init__(self):
        self.bits, self.held = {}, {}

    def add(self, kernel, weight, core, data):
        key = kernel["name"], weight["name"]
        if key not in self.bits:
            self.bits[key] = np.zeros((*weight["shape"], weight["bits"]), np.uint8)
            self.held[key] = np.zeros(weight["shape"], np.int64)
        part = loader.part(weight, core)
        shape = (*(piece.size for piece in part), weight["bits"])
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: math.prod(shape)].reshape(shape)
        seen = self.held[key][part] > 0
        assert (self.bits[key][part][seen] == bits[seen]).all(), key
        self.bits[key][part] = bits
        self.held[key][part] += 1


def stored(weight, bits):
    """The stored bits of a weight's pieces, from its elements: the way of the loader back."""
    *outer, row = weight["shape"] or [1]
    pitch = weight["row_pitch_bits"] or row * weight["bits"]
    result = np.zeros(sum(math.prod(piece["sizes"]) * piece["stored_bits"] for piece in weight["pieces"]), np.uint8)
    starts = np.arange(math.prod(outer))[:, None] * pitch + np.arange(row * weight["bits"])
    result[starts.reshape(-1)] = bits.reshape(-1)
    return result


def initializers(plan, rebuilt, sizes):
    """Bytes of every initializer that weights take from; `sizes` are those of all that there are."""
    result = {}
    for kernel in plan["kernels"]:
        for weight in kernel["weights"]:
            bits = stored(weight, rebuilt.bits[kernel["name"], weight["name"]])
            begin = 0
            for piece in weight["pieces"]:
                at = np.array(piece["first"])
                for size, stride in zip(piece["sizes"], piece["strides"]):
                    at = at[..., None] + np.arange(size) * stride
                places = (at.reshape(-1, 1) * piece["stored_bits"] + np.arange(piece["stored_bits"])).reshape(-1)
                whole = result.setdefault(piece["initializer"], np.full(8 * sizes[piece["initializer"]], 2, np.uint8))
                whole[places] = bits[begin : begin + len(places)]
                begin += len(places)
    for name, whole in result.items():
        assert whole.max(initial=0) <= 1, f"{name}: bits that no core holds"
    return {name: np.packbits(whole, bitorder="little").tobytes() for name, whole in result.items()}


def raw_bytes(tensor):
    """What an initializer holds, whatever its message keeps it in."""
    return tensor.raw_data or onnx.numpy_helper.to_array(tensor).tobytes()


def check_images(plan, model):
    """Every core's image, from the plan and the model's files, gives every initializer back."""
    rebuilt = Rebuilt()
    for wafer, x, y in cores_of(plan):
        image = loader.image(plan, model.parent, wafer, x, y)
        assert len(image) == plan["system"]["budget_bytes"]
        for kernel, cores, core in loader.work(plan, wafer, x, y):
            weights = {weight["name"]: weight for weight in kernel["weights"]}
            for buffer in cores["memory"]:
                if buffer["role"] == "weights":
                    data = image[buffer["offset"] : buffer["offset"] + buffer["bytes"]]
                    rebuilt.add(kernel, weights[buffer["name"]], core, data)
    for kernel in plan["kernels"]:
        for weight in kernel["weights"]:
            held = rebuilt.held[kernel["name"], weight["name"]]
            if are_shared(weight):  # and by all that have a part of the block
                assert held.min() == weight["copies"], weight["name"]
            else:
                assert (held == weight["copies"]).all(), weight["name"]
    wanted = {tensor.name: raw_bytes(tensor) for tensor in onnx.load(model).graph.initializer}
    built = initializers(plan, rebuilt, {name: len(data) for name, data in wanted.items()})
    assert built
    for name, data in built.items():
        assert data == wanted[name], name
    assert not {entry["name"] for entry in plan["accounting"]["folded"]} & built.keys()
    return built


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_images_give_back_every_initializer(name, target):
    subject = checking.subject(name, target)
    built = check_images(subject.plan, subject.model)
    assert sum(map(len, built.values())) == subject.plan["accounting"]["weight_bytes"]


@pytest.mark.parametrize("name", ["granitemoe-tiny-mobius", "gpt-oss-tiny-int4"])
def test_images_of_experts_in_slices_give_back_every_initializer(name):
    """Slices of one layer's experts are kernels of their own, of groups that hold few experts each."""
    subject = checking.subject(name, "grid8x8", "--expert-slices", "2")
    assert sum(".slice_" in kernel["name"] and len(kernel["expert_groups"]) > 1 for kernel in subject.plan["kernels"]) > 1
    built = check_images(subject.plan, subject.model)
    assert sum(map(len, built.values())) == subject.plan["accounting"]["weight_bytes"]


def generated(tmp_path, config, sizes):
    """A small model of a published one's form with random weights, and its plan for a machine of odd sides."""
    model, target = tmp_path / "model.onnx", tmp_path / "target.json"
    machine = json.loads((placing.ROOT / "targets/grid8x8.json").read_text())
    machine["grid"].update(width=23, height=15)
    machine["core"]["sram"]["value"] = 2**20
    target.write_text(json.dumps(machine))
    options = [f"--{name}={size}" for name, size in sizes.items()]
    placing.run("inlay-model", placing.ROOT / f"examples/configs/{config}.json", "-o", model, "--random-weights", *options)
    placing.run("inlayc", model, "--target", target, "--context", "16", "-o", tmp_path / "out")
    placing.run("inlay-check", tmp_path / "out/plan.json", "--model", model)
    return model, json.loads((tmp_path / "out/plan.json").read_text())


def test_images_of_heads_with_cores_of_their_own_give_back_every_initializer(tmp_path):
    """The last core of a head has fewer elements than the others, or none."""
    model, plan = generated(tmp_path, "kimi-k2.6", {"layers": 1, "hidden": 96, "intermediate": 40, "vocab": 64, "heads": 3, "kv-rank": 20})
    assert any(cut["pitch"] > cut["size"] for kernel in plan["kernels"] for weight in kernel["weights"] for cut in weight["cuts"])
    built = check_images(plan, model)
    assert sum(map(len, built.values())) == plan["accounting"]["weight_bytes"]


def test_cores_have_the_scales_of_blocks_that_are_cut(tmp_path):
    """Squares of 128 x 128, some partial, on cores that have a part of two or four of them."""
    model, plan = generated(tmp_path, "llama-3.1-8b", {"layers": 1, "hidden": 1200, "intermediate": 1100, "vocab": 64, "heads": 4,
                                                       "kv-heads": 2, "head-dim": 32, "weights": "fp8"})
    scales = [weight for kernel in plan["kernels"] for weight in kernel["weights"]
              if sum(cut["inner"] == 128 and cut["shard"] % 128 != 0 for cut in weight["cuts"]) == 2]
    assert scales
    built = check_images(plan, model)
    accounting = plan["accounting"]
    assert sum(map(len, built.values())) == accounting["weight_bytes"] == accounting["shard_bytes"]
    assert accounting["copy_bytes"] > 0


def test_plans_of_older_versions_fill_the_same_images():
    """The loader reads every minor version; its model is still there."""
    folder = placing.ROOT / "test/Inputs"
    for path in sorted((folder / "plans").glob("*/experts-on-grid8x8.json")):
        check_images(json.loads(path.read_text()), folder / "moe_enc_A.onnx")


def delimited(field, data):
    return varint(field << 3 | 2) + varint(len(data)) + data


def typed(tensor):
    """The tensor with its elements in the field of their type."""
    values = onnx.numpy_helper.to_array(tensor)
    return onnx.helper.make_tensor(tensor.name, tensor.data_type, tensor.dims, values.reshape(-1)).SerializeToString()


def in_pieces(tensor):
    """The tensor with its float_data in two pieces, which only a whole message holds."""
    if tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.raw_data) < 8:
        return tensor.SerializeToString()
    half = len(tensor.raw_data) // 8 * 4
    head = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims).SerializeToString()
    return head + delimited(4, tensor.raw_data[:half]) + delimited(4, tensor.raw_data[half:])


@pytest.mark.parametrize("store, encodings", [(typed, {"raw", "varint"}), (in_pieces, {"proto"})])
def test_images_of_models_that_store_otherwise(tmp_path, store, encodings):
    """What a model's file keeps in other fields, or in several, fills the same images."""
    model = onnx.load(placing.example("gpt-oss-tiny-int4"))
    for tensor in model.graph.initializer:
        tensor.ClearField("data_location")
        tensor.ClearField("external_data")
    tensors = [delimited(5, store(tensor)) for tensor in model.graph.initializer]
    del model.graph.initializer[:]
    graph = model.graph.SerializeToString() + b"".join(tensors)
    model.ClearField("graph")
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString() + delimited(7, graph))
    placing.run("inlayc", path, "--target", placing.ROOT / "targets/grid8x8.json", "-o", tmp_path / "out")
    plan = json.loads((tmp_path / "out/plan.json").read_text())
    found = {piece["encoding"] for kernel in plan["kernels"] for weight in kernel["weights"] for piece in weight["pieces"]}
    assert encodings <= found
    check_images(plan, path)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_footprints_are_those_of_the_compiler(name, target):
    """Sizes worked out from the cuts alone are the sizes in the maps, buffer by buffer and in all."""
    plan = checking.subject(name, target).plan
    for kernel in plan["kernels"]:
        wanted = oracle.needs(plan, kernel, plan["system"]["buffer_alignment"])
        for cores in kernel["core_classes"]:
            slots = {buffer["name"]: buffer["slots"] for buffer in cores["memory"]}
            sizes = {buffer["name"]: buffer["bytes"] for buffer in cores["memory"]}
            used = {buffer: size * slots[buffer] for buffer, (_, size, _, _) in wanted.items()}
            assert {name: sizes[name] for name in used} == used
            assert sizes.keys() - used.keys() <= {name for name in sizes if name.startswith(("input", "output"))}
    ends = collections.defaultdict(int)
    for kernel in plan["kernels"]:
        for buffer in (buffer for cores in kernel["core_classes"] for buffer in cores["memory"]):
            ends[kernel["region"]] = max(ends[kernel["region"]], buffer["offset"] + buffer["bytes"])
    assert {region["name"]: region["bytes_per_core"] for region in plan["regions"]} == dict(ends)


def test_the_loader_as_a_program(tmp_path):
    subject = checking.subject("gpt-oss-tiny-int4")
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(subject.plan))
    programs = placing.ROOT / "examples/loader"
    command = [sys.executable, programs / "loader.py", path, subject.model.parent, "0", "1", "1", tmp_path / "image.bin"]
    check = [sys.executable, programs / "digest.py", path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    works = list(loader.work(subject.plan, 0, 1, 1))
    assert works and all(f"{kernel['name']} ({cores['name']})\n" in said for kernel, cores, _ in works)
    assert (tmp_path / "image.bin").read_bytes() == loader.image(subject.plan, subject.model.parent, 0, 1, 1)
    assert "is as it was written" in subprocess.run(check, capture_output=True, text=True, check=True).stdout
    path.write_text(json.dumps({**subject.plan, "seed": 1}))
    result = subprocess.run(check, capture_output=True, text=True)
    assert result.returncode == 1 and "was changed after it was written" in result.stderr
    for version in {"major": 2, "minor": 0}, {"major": 1, "minor": 4}:
        path.write_text(json.dumps({**subject.plan, "version": version}))
        result = subprocess.run(command, capture_output=True, text=True)
        assert result.returncode == 1 and "is no plan of version 1.0 to 1.3" in result.stderr


@pytest.mark.parametrize("name, options", [("gemma3-tiny-hf", []), ("gpt-oss-tiny-int4", []), ("deepseek-v3-tiny-hf", ["--batch", "2"])])
def test_states_lie_on_cores_once_and_windows_on_all_alike(name, options):
    """By the plan alone: each element on one core, as many as its buffer has room for, and the last places of a context,
    which windows read, on all cores of the axis."""
    plan = checking.subject(name, "grid8x8", *options).plan
    held, windows = collections.defaultdict(collections.Counter), 0
    for wafer, x, y in cores_of(plan):
        for kernel, cores, core in loader.work(plan, wafer, x, y):
            for state in kernel["states"]:
                own, context = state_of.elements(state, core), state["context_dim"]
                held[state["name"]].update(own)
                room = next(b["bytes"] for b in cores["memory"] if b["name"] == state["name"])
                assert len(own) * state["bits"] <= 8 * room
                assert [index[context] for index in own] == sorted(index[context] for index in own)
                for op in kernel["ops"]:
                    for dim in [dim for dim in op["dims"] if dim["dim"] == "context"
                                and any(use["buffer"] == state["name"] for use in op["operands"])]:
                        first = state["shape"][context] - dim["size"]
                        assert len({index[context] for index in own if index[context] >= first}) <= dim["shard"]
                        windows += first > 0
    for kernel in plan["kernels"]:
        for state in kernel["states"]:
            times = held[state["name"]]
            assert len(times) == math.prod(state["shape"]) and len(set(times.values())) == 1, state["name"]
    assert windows or name != "gemma3-tiny-hf"


def indexed_by(op, use, core, skip):
    """What a core's points of an op say of a tensor, one by one, without the dim `skip` of it."""
    dims, found = op["dims"], {()}
    by_axis = collections.defaultdict(list)
    for i, d in enumerate(use["index_dims"]):
        if d >= 0 and i != skip:
            by_axis[dims[d]["axis"], d if dims[d]["axis"] == "none" else -1].append(i)
    for (axis, alone), indices in by_axis.items():
        together = [dim for d, dim in enumerate(dims) if (d == alone if axis == "none" else dim["axis"] == axis)]
        begin = core[axis] * together[0]["shard"]
        points = [q for q in range(begin, min(begin + together[0]["shard"], together[0]["points"]))
                  if all(q // dim["inner"] % dim["pitch"] < dim["size"] for dim in together)]
        own = {tuple((i, q // dims[d]["inner"] % dims[d]["pitch"] // use["index_divisors"][i])
                     for i in indices for d in [use["index_dims"][i]]) for q in points}
        found = {(*one, *other) for one in found for other in own}
    return [dict(pairs) for pairs in found]


# A shard that begins within a chunk has parts of one sequence more; of sequences in flight a step sees one.
CHUNKS = {
    "prefill": ("deepseek-v3-tiny-hf", "--phase", "prefill", "--prefill-chunk", "8", "--batch", "3"),
    "both": ("deepseek-v3-tiny-hf", "--phase", "both", "--context", "16", "--prefill-chunk", "8", "--batch", "3"),
    "in flight": ("qwen3-moe-tiny-hf", "--phase", "prefill", "--context", "16", "--prefill-chunk", "8",
                  "--sequences-in-flight", "2", "--wafers", "2"),
    "both in flight": ("qwen3-moe-tiny-hf", "--phase", "both", "--context", "16", "--prefill-chunk", "8",
                       "--sequences-in-flight", "2", "--wafers", "2"),
}


@pytest.mark.parametrize("case", CHUNKS)
def test_cores_have_the_states_of_all_sequences_of_their_tokens(case):
    """By the points of the ops, one by one: each element is on a core, buffers have room for what their core has, and
    that is all that the core's points read, of each sequence in flight."""
    name, *options = CHUNKS[case]
    plan = checking.subject(name, "grid8x8", *options).plan
    held, seen = collections.defaultdict(set), collections.Counter()
    for wafer, x, y in cores_of(plan):
        for kernel, cores, core in loader.work(plan, wafer, x, y):
            for state in kernel["states"]:
                own, context = state_of.elements(state, core), state["context_dim"]
                held[state["name"]].update(own)
                room = next(b["bytes"] for b in cores["memory"] if b["name"] == state["name"])
                assert len(own) * state["bits"] <= 8 * room
                parts = {tuple(i for dim, i in enumerate(index) if dim != context) for index in own}
                uses = [(op, use) for op in kernel["ops"] for use in op["operands"] if use["buffer"] == state["name"]]
                for op, use in uses if own else []:
                    for index in indexed_by(op, use, core, context):
                        for first in range(0, state["shape"][0], plan["step"]["batch"]):
                            index_of_set = {**index, 0: index[0] + first}
                            assert tuple(index_of_set[dim] for dim in sorted(index_of_set)) in parts
                            seen[first] += 1
    assert all(len(held[state["name"]]) == math.prod(state["shape"]) for kernel in plan["kernels"] for state in kernel["states"])
    assert len(seen) == ("flight" in case) + 1


def test_the_loader_has_a_hundred_lines_at_most():
    text = (placing.ROOT / "examples/loader/loader.py").read_text()
    assert len(text.splitlines()) <= 100 and max(map(len, text.splitlines())) <= 130
    imports = {line.split()[1] for line in text.splitlines() if line.startswith(("import", "from"))}
    assert imports <= {"functools", "json", "math", "sys", "numpy"}


WORDS = {np.int32: onnx.TensorProto.INT32, np.int64: onnx.TensorProto.INT64, np.uint64: onnx.TensorProto.UINT64,
         np.float32: onnx.TensorProto.FLOAT, np.float64: onnx.TensorProto.DOUBLE, np.float16: onnx.TensorProto.FLOAT16,
         np.int8: onnx.TensorProto.INT8}


def elements(dtype):
    return np.array([0, 1, 127, 100, 3, 55, *([] if dtype is np.uint64 else [-1, -70])]).astype(dtype)


@pytest.mark.parametrize("dtype", WORDS, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("raw", [False, True], ids=["typed", "raw"])
def test_every_field_of_a_tensor_gives_its_elements(tmp_path, dtype, raw):
    """A message has the same elements in its raw bytes, and in the field that ONNX has for the type."""
    values = elements(dtype)
    if raw:
        tensor = onnx.numpy_helper.from_array(values, "t")
        assert tensor.raw_data
    else:
        tensor = onnx.helper.make_tensor("t", WORDS[dtype], values.shape, values)
        assert not tensor.raw_data
    assert loader.decode(tensor.SerializeToString(), "proto", values.itemsize) == values.tobytes()


def test_elements_in_several_pieces_are_put_together():
    """Writers may split a field into pieces, and write one element at a time without a length."""
    values = np.array([5, -3, 2**40, 7], np.int64)
    packed = [varint(values[0]), varint(values[1]) + varint(values[2])]
    message = b"".join(bytes([7 << 3 | 2, len(piece)]) + piece for piece in packed) + bytes([7 << 3]) + varint(values[3])
    tensor = onnx.TensorProto.FromString(message)
    assert list(tensor.int64_data) == values.tolist()
    assert loader.decode(message, "proto", 8) == values.tobytes()
    floats = np.array([1.5, -2.25], np.float32)
    message = b"".join(bytes([4 << 3 | 5]) + value.tobytes() for value in floats)
    assert list(onnx.TensorProto.FromString(message).float_data) == floats.tolist()
    assert loader.decode(message, "proto", 4) == floats.tobytes()


def test_varints_are_decoded():
    """int32_data and int64_data hold one varint for each element."""
    values = np.array([0, 1, 127, 128, 300, 65535, -1, -70000], np.int64)
    for dtype in (np.int32, np.int64):
        packed = b"".join(map(varint, values.astype(dtype)))
        assert loader.decode(packed, "varint", dtype().itemsize) == values.astype(dtype).tobytes()


def varint(value):
    value = int(value) % 2**64
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


def test_routers_follow_the_example_of_the_guide():
    guide = (placing.ROOT / "docs/plan.md").read_text()
    trunk = next(json.loads(text.split("```")[0]) for text in guide.split("```json")[1:] if '"kind": "trunk"' in text)
    plan = {"patterns": [], "routes": [trunk]}
    assert list(loader.router(plan, 0, 5, 2)) == [(6, 0, "W", ["E"], trunk["name"])]
    assert list(loader.router(plan, 0, 7, 4)) == [(6, 0, "N", ["S", "ramp"], trunk["name"])]
    assert list(loader.router(plan, 0, 8, 4)) == [] == list(loader.router(plan, 1, 5, 2))
    lines = next(json.loads(text.split("```")[0]) for text in guide.split("```json")[1:] if '"lines": [{' in text)
    pattern = {"name": "broadcast", "length": 6, "segments": [
        {"first": 5, "count": 1, "step": 1, "colour": 0, "in": "ramp", "out": ["back"], "position": 0},
        {"first": 1, "count": 4, "step": 1, "colour": 0, "in": "ahead", "out": ["back", "ramp"], "position": 0},
        {"first": 0, "count": 1, "step": 1, "colour": 0, "in": "ahead", "out": ["ramp"], "position": 0}]}
    broadcast = {**lines, "name": "all", "wafer": 0, "segments": []}
    plan = {"patterns": [pattern], "routes": [copy.deepcopy(broadcast)]}
    assert list(loader.router(plan, 0, 4, 5)) == [(0, 0, "E", ["W", "ramp"], "all")]
    assert list(loader.router(plan, 0, 7, 4)) == [(0, 0, "ramp", ["W"], "all")]
    assert list(loader.router(plan, 0, 2, 4)) == [(0, 0, "E", ["ramp"], "all")]
    assert list(loader.router(plan, 0, 2, 6)) == []
