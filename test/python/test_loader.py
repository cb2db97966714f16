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

loader = checking.loader
# A 4-bit export with stacked experts, an experts export of many initializers, and one with its weights in the model.
MODELS = ["gpt-oss-tiny-int4", "deepseek-v3-tiny-mobius", "qwen3-moe-tiny-optimum"]
TARGETS = ["grid8x8", "wse3"]


def cores_of(plan):
    for wafer in range(plan["system"]["wafers"]):
        regions = [region["rectangle"] for region in plan["regions"] if region["wafer"] == wafer]
        for y, x in itertools.product(range(plan["system"]["height"]), range(plan["system"]["width"])):
            if any(loader.contains(rect, x, y) for rect in regions):
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
        shape = (*(max(0, piece.stop - piece.start) for piece in part), weight["bits"])
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: math.prod(shape)].reshape(shape)
        seen = self.held[key][part] > 0
        assert (self.bits[key][part][seen] == bits[seen]).all(), key
        self.bits[key][part] = bits
        self.held[key][part] += 1


def stored(weight, bits):
    """The stored bits of a weight's pieces, from its elements: the way of the loader back."""
    *outer, row = weight["shape"] or [1]
    pitch = weight["row_pitch_bits"] or row * weight["bits"]
    result = np.zeros(8 * weight["bytes"], np.uint8)
    starts = np.arange(math.prod(outer))[:, None] * pitch + np.arange(row * weight["bits"])
    result[starts.reshape(-1)] = bits.reshape(-1)
    return result


def initializers(plan, rebuilt):
    """Bytes of every initializer that weights take from."""
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
                whole = result.setdefault(piece["initializer"], np.full(8 * piece["length"], 2, np.uint8))
                whole[places] = bits[begin : begin + len(places)]
                begin += len(places)
    for name, whole in result.items():
        assert whole.max(initial=0) <= 1, f"{name}: bits that no core holds"
    return {name: np.packbits(whole, bitorder="little").tobytes() for name, whole in result.items()}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_images_give_back_every_initializer(name, target):
    subject = checking.subject(name, target)
    plan, folder = subject.plan, subject.model.parent
    rebuilt = Rebuilt()
    for wafer, x, y in cores_of(plan):
        image = loader.image(plan, folder, wafer, x, y)
        assert len(image) == plan["system"]["budget_bytes"]
        for kernel, cores, core in loader.work(plan, wafer, x, y):
            weights = {weight["name"]: weight for weight in kernel["weights"]}
            for buffer in cores["memory"]:
                if buffer["role"] == "weights":
                    data = image[buffer["offset"] : buffer["offset"] + buffer["bytes"]]
                    rebuilt.add(kernel, weights[buffer["name"]], core, data)
    for kernel in plan["kernels"]:
        for weight in kernel["weights"]:
            assert (rebuilt.held[kernel["name"], weight["name"]] == weight["copies"]).all(), weight["name"]
    built = initializers(plan, rebuilt)
    tensors = {tensor.name: tensor for tensor in onnx.load(subject.model).graph.initializer}
    assert built
    for name, data in built.items():
        assert data == tensors[name].raw_data, name
    folded = {entry["name"] for entry in plan["accounting"]["folded"]}
    assert sum(map(len, built.values())) == plan["accounting"]["weight_bytes"]
    assert not folded & built.keys()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", MODELS)
def test_footprints_are_those_of_the_compiler(name, target):
    """Sizes worked out from the cuts alone are the sizes in the maps, buffer by buffer and in all."""
    plan = checking.subject(name, target).plan
    for kernel in plan["kernels"]:
        wanted = oracle.needs(kernel, plan["system"]["buffer_alignment"])
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
    command = [sys.executable, placing.ROOT / "examples/loader/loader.py", path, "--files", subject.model.parent,
               "--core", "1,1", "-o", tmp_path / "image.bin"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    works = list(loader.work(subject.plan, 0, 1, 1))
    assert works and all(f"{kernel['name']} ({cores['name']})\n" in said for kernel, cores, _ in works)
    assert (tmp_path / "image.bin").read_bytes() == loader.image(subject.plan, subject.model.parent, 0, 1, 1)
    path.write_text(json.dumps({**subject.plan, "seed": 1}))
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2 and "was changed after it was written" in result.stderr
    path.write_text(json.dumps({**subject.plan, "version": {"major": 2, "minor": 0}}))
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2 and "is no plan of version 1" in result.stderr


def test_varints_are_decoded(tmp_path):
    """int32_data and int64_data hold one varint for each element."""
    values = np.array([0, 1, 127, 128, 300, 65535, -1, -70000], np.int64)
    for dtype, data_type in [(np.int32, onnx.TensorProto.INT32), (np.int64, onnx.TensorProto.INT64)]:
        tensor = onnx.helper.make_tensor("t", data_type, [8], values.astype(dtype).tolist())
        message = tensor.SerializeToString()
        packed = tensor.int32_data or tensor.int64_data
        length = sum(len(varint(value)) for value in packed)
        offset = message.index(b"".join(map(varint, packed)))
        (tmp_path / "file").write_bytes(message)
        piece = {"initializer": "t", "file": "file", "offset": offset, "length": length, "encoding": "varint",
                 "stored_bits": 8 * dtype().itemsize, "first": 0, "sizes": [8], "strides": [1]}
        bits = loader.stored_bits(piece, tmp_path)
        assert np.packbits(bits, bitorder="little").tobytes() == values.astype(dtype).tobytes()
        with pytest.raises(NotImplementedError):
            loader.stored_bits({**piece, "encoding": "proto"}, tmp_path)


def varint(value):
    value %= 2**64
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
