"""What a core has of a state, from a plan alone: docs/plan.md, How a context grows.
    state.py plan.json WAFER X Y    lists the places of tokens that the core keeps of each state"""
import itertools
import json
import sys

def elements(state, core):
    """The indices of each element that a core has, in the order in which they lie; `core` as in `loader.work`."""
    shape, cuts, context = state["shape"], state["cuts"], state["context_dim"]
    axes = {}
    for dim, cut in enumerate(cuts):
        axes.setdefault((cut["axis"], dim if cut["axis"] == "none" or dim == context else -1), []).append(dim)
    parts = []
    for (axis, _), dims in axes.items():
        cut, number = cuts[dims[0]], core[axis]
        if dims == [context]:  # dealt out
            parts.append([{context: place} for place in range(number, shape[context], cut["parts"])])
            continue
        points = range(cut["points"])[number * cut["shard"] :][: cut["shard"]]
        runs = [{d: q // cuts[d]["inner"] % cuts[d].get("pitch", shape[d]) for d in dims} for q in points]
        parts.append([run for run in runs if all(run[d] < shape[d] for d in dims)])
    found = {tuple(dict(pair for part in each for pair in part.items())[d] for d in range(len(shape)))
             for each in itertools.product(*parts)}
    return sorted(found, key=lambda index: (index[context] if context >= 0 else 0, index))

if __name__ == "__main__":
    import loader
    plan, (wafer, x, y) = json.load(open(sys.argv[1])), map(int, sys.argv[2:5])
    for kernel, _, core in loader.work(plan, wafer, x, y):
        for state in kernel["states"]:
            own, context = elements(state, core), state["context_dim"]
            places = sorted({index[context] for index in own}) if context >= 0 else []
            print(f"{kernel['name']} {state['name']}: {len(own)} elements, places {places}")
