"""Checks slices of experts against the same experts as whole kernels: their weights, element by element of the file, are the parts
of the whole along one dim, in order; or all of it, where slices share it or the first has it."""
import itertools
import json
import sys


def places(weight):
    """Where each element of a weight lies: by its indices, the initializer and the place in it. Pieces follow each other along
    dim 0."""
    found, first = {}, 0
    for piece in weight["pieces"]:
        for index in itertools.product(*map(range, piece["sizes"])):
            at = piece["first"] + sum(i * stride for i, stride in zip(index, piece["strides"]))
            found[(first + index[0], *index[1:])] = (piece["initializer"], at)
        first += piece["sizes"][0]
    return found


def shape(found):
    return [1 + max(index[d] for index in found) for d in range(len(next(iter(found))))]


def joined(parts, dim):
    """The parts one behind the other along a dim."""
    result, first = {}, 0
    for part in parts:
        for index, place in part.items():
            result[(*index[:dim], first + index[dim], *index[dim + 1 :])] = place
        first += shape(part)[dim]
    return result


def check(whole, slices):
    cut = 0
    for weight in whole["weights"]:
        name, expected = weight["name"], places(weight)
        found = [w for i, part in enumerate(slices) for w in part["weights"] if w["name"] in (name, f"{name}.slice_{i}")]
        if found[0]["name"] == name:
            assert len(found) in (1, len(slices)) and all(places(w) == expected for w in found), name
            continue
        assert len(found) == len(slices), name
        parts = [places(w) for w in found]
        assert sum(map(len, parts)) == len(expected), name
        assert any(joined(parts, dim) == expected for dim in range(1, len(shape(expected)))), name
        cut += 1
    assert cut >= 3, "fc1, fc2 and fc3 are sliced"


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
