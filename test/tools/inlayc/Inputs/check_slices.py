"""Checks slices of experts against the same experts as whole kernels: their weights, element by element of the file, are the parts
of the whole along one dim, in order; or all of it, where slices share it or the first has it."""
import json
import sys

import numpy as np


def places(weight):
    """Where each element of a weight lies: the initializer and the place in it."""
    parts = []
    for piece in weight["pieces"]:
        at = np.full(piece["sizes"], piece["first"], np.int64)
        for dim, (size, stride) in enumerate(zip(piece["sizes"], piece["strides"])):
            shape = [1] * len(piece["sizes"])
            shape[dim] = size
            at = at + (np.arange(size) * stride).reshape(shape)
        parts.append(at)
    return weight["pieces"][0]["initializer"], np.concatenate(parts)


def check(whole, slices):
    names = {weight["name"]: weight for weight in whole["weights"]}
    cut = 0
    for name, weight in names.items():
        parts = [
            [w for w in kernel["weights"] if w["name"] in (name, f"{name}.slice_{i}")] for i, kernel in enumerate(slices)
        ]
        found = [part[0] for part in parts if part]
        assert found, name
        source, expected = places(weight)
        if found[0]["name"] == name:
            assert len(found) in (1, len(slices)) and all(np.array_equal(places(w)[1], expected) for w in found), name
            continue
        assert len(found) == len(slices), name
        got = [places(part) for part in found]
        assert {initializer for initializer, _ in got} == {source}, name
        joined = [
            np.concatenate([part for _, part in got], axis)
            for axis in range(1, expected.ndim)
            if got[0][1].shape[axis] * len(slices) == expected.shape[axis]
        ]
        assert any(np.array_equal(one, expected) for one in joined), name
        cut += 1
    assert cut >= 3, "fc1, fc2 and fc3 are sliced"
    assert len({weight["name"] for kernel in slices for weight in kernel["weights"]}) >= 3 * len(slices)


def main():
    plans = [json.load(open(path)) for path in sys.argv[1:3]]
    count = int(sys.argv[3])
    kernels = {kernel["name"]: kernel for kernel in plans[1]["kernels"]}
    experts = [kernel for kernel in plans[0]["kernels"] if kernel["role"] == "experts"]
    assert experts
    for whole in experts:
        slices = [kernels[f"{whole['name']}.slice_{i}"] for i in range(count)]
        assert f"{whole['name']}.slice_{count}" not in kernels and whole["name"] not in kernels
        check(whole, slices)
        # Whoever reads the whole result reads all of the slices.
        readers = {stream["to"] for stream in plans[0]["streams"] if stream["from"] == whole["name"]}
        for part in slices:
            assert {s["to"] for s in plans[1]["streams"] if s["from"] == part["name"]} == readers


main()
