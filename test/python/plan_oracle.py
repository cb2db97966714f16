"""Rules of docs/plan.md in Python, to work out what a change of a plan breaks: a third opinion, for the tests alone."""

import collections
import json
import math

import numpy as np


def ceil_div(a, b):
    return -(-a // b)


def signature(kernel):
    """What kernels of one structure have in common. Weights and states go by name, so their order says nothing."""
    ops = [(op["op"], op["kind"], op.get("operations"), op.get("density"), op.get("compute_type"), [(dim["dim"], dim["size"], dim["reduction"]) for dim in op["dims"]],
            [(use["role"], use["type"], use["index_dims"], use["index_divisors"], use["index_firsts"]) for use in op["operands"]])
           for op in kernel["ops"]]
    weights = sorted((weight["type"], weight["shape"], weight["row_pitch_bits"]) for weight in kernel["weights"])
    states = sorted((state["type"], state["shape"]) for state in kernel["states"])
    return json.dumps([kernel["role"], kernel["experts"], kernel["experts_per_token"], ops, weights, states])


def twins_agree(plan):
    known = {}
    return all(known.setdefault(kernel["structure"], signature(kernel)) == signature(kernel)
               for kernel in plan["kernels"])


def largest_part(op, use, whole=None):
    """Elements of an operand on the core that has the most of them."""
    dims = op["dims"]
    held = [min(dim["size"], dim["shard"]) for dim in dims]
    shared, inner, wraps = {}, [1] * len(dims), [dim["axis"] == "none" for dim in dims]
    for axis in ("x", "y", "group"):
        on_axis = [d for d, dim in enumerate(dims) if dim["axis"] == axis]
        if len(on_axis) > 1:
            shared[axis] = on_axis
            left = dims[on_axis[-1]]["shard"]
            for d in reversed(on_axis):
                size, pitch = dims[d]["size"], dims[d]["pitch"]
                inner[d] = math.prod(dims[e]["pitch"] for e in on_axis if e > d)
                wraps[d] = inner[d] * pitch < dims[d]["points"]
                held[d] = min(size, left)
                left = ceil_div(left, pitch) + (left > pitch and left % pitch != 0)

    def touched(d, divisor):
        """Blocks that a run has a part of which begins at a multiple of its length."""
        if divisor == 1:
            return held[d]
        run, block, count = dims[d]["shard"], inner[d] * divisor, ceil_div(dims[d]["size"], divisor)
        if wraps[d] and dims[d]["pitch"] % divisor:
            return count
        return min(count, ceil_div(run + block - math.gcd(run, block), block))

    indexed = [(d, divisor) for d, divisor in zip(use["index_dims"], use["index_divisors"]) if 0 <= d < len(dims)]
    total = 1
    for axis in ("none", "x", "y", "group"):
        own = [(d, divisor) for d, divisor in indexed if dims[d]["axis"] == axis]
        count = math.prod(touched(d, divisor) for d, divisor in own)
        if axis in shared and (len(own) == len(shared[axis]) or any(divisor > 1 for _, divisor in own)):
            count = min(count, dims[own[0][0]]["shard"])
        total *= count
    if whole is None:
        return total
    covered = math.prod(ceil_div(dims[d]["size"], divisor) for d, divisor in indexed)
    if covered >= whole:
        return min(total, whole)
    return min(whole, total * (whole // covered) + math.ceil(total * (whole % covered) / covered))


def with_places_of(op, use, state):
    """The op as it would be if it read all that a state has: a window reads less, and so does a step of what is in flight.
    Places have their axis for themselves."""
    if not state or len(use["index_dims"]) != len(state["shape"]):
        return op
    dims = [dict(dim) for dim in op["dims"]]
    for d, divisor, size in zip(use["index_dims"], use["index_divisors"], state["shape"]):
        if d >= 0 and divisor > 1 and size > ceil_div(dims[d]["size"], divisor):
            dims[d].update(size=size * divisor, pitch=size * divisor)
            together = [other for i, other in enumerate(dims) if i == d or other["axis"] == dims[d]["axis"] != "none"]
            points = math.prod(other["pitch"] for other in together)
            shard = max(together[0]["shard"], ceil_div(points, dims[d]["parts"]))
            for other in together:
                other.update(points=points, shard=shard)
        if d >= 0 and dims[d]["dim"] == "context" and dims[d]["size"] != size:
            alone = sum(other["axis"] == dims[d]["axis"] for other in dims) == 1
            parts = dims[d]["parts"] if alone and dims[d]["axis"] != "none" else 1
            dims[d].update(size=size, points=size, pitch=size, shard=ceil_div(size, parts))
    return {**op, "dims": dims}


def ports_of(plan, kernel):
    """Elements of what a kernel takes in and gives away, by the first two words of its buffer."""
    ports = {f"input {s['to_port']}": math.prod(s["shape"]) for s in plan["streams"] if s["to"] == kernel["name"]}
    return {**ports, **{f"output {s['from_port']}": math.prod(s["shape"]) for s in plan["streams"] if s["from"] == kernel["name"]}}


def most_indices(cut):
    """Indices on the core with the most: of blocks that a cut goes through, one more where it lies so."""
    inner, shard = cut["inner"], cut["shard"]
    return min(cut["size"], shard) if inner == 1 else min(cut["size"], ceil_div(shard + inner - math.gcd(shard, inner), inner))


def needs(plan, kernel, alignment):
    """Buffer -> [role, bytes of a slot, first op, last op]."""
    def aligned(elements, bits):
        return ceil_div(ceil_div(elements * bits, 8), alignment) * alignment

    last = max(0, len(kernel["ops"]) - 1)
    result = {}
    for weight in kernel["weights"]:
        elements = math.prod(most_indices(cut) for cut in weight["cuts"])
        result[weight["name"]] = ["weights", aligned(elements, weight["bits"]), 0, last]
    states = {state["name"]: math.prod(state["shape"]) for state in kernel["states"]}
    ports = ports_of(plan, kernel)
    for name in states:
        result[name] = ["state", 0, 0, last]
    for index, op in enumerate(kernel["ops"]):
        own = 0
        for use in op["operands"]:
            if use["role"] == "weights":
                continue
            whole = states.get(use["buffer"]) if use["role"] == "state" else None
            if use["role"] in ("input", "output"):
                whole = ports.get(" ".join(use["buffer"].split()[:2]))
            state = next((state for state in kernel["states"] if (use["role"], use["buffer"]) == ("state", state["name"])), None)
            size = aligned(largest_part(with_places_of(op, use, state), use, whole), use["bits"])
            if use["buffer"] == f"scratch of op {index}":
                own += size
                continue
            scratch = use["role"] == "scratch"
            need = result.setdefault(use["buffer"], [use["role"], 0, index if scratch else 0, last])
            need[1] = max(need[1], size)
            if scratch:
                need[3] = index
        if (op["kind"], op["op"]) == ("move", "slice") and len(op["operands"]) > 1:
            source, made = op["operands"][0], op["operands"][-1]
            if source["role"] == made["role"] == "scratch":
                # It is left where it is taken out of.
                whole = aligned(math.prod(op["dims"][d]["size"] for d in made["index_dims"] if d >= 0), made["bits"])
                result[made["buffer"]][1] = max(result[made["buffer"]][1], min(whole, result[source["buffer"]][1]))
        sums = any(dim["reduction"] and dim["axis"] != "none" and dim["parts"] > 1 for dim in op["dims"])
        if sums and op["operands"]:
            own += aligned(largest_part(op, op["operands"][-1]), 32)
        if own:
            result[f"scratch of op {index}"] = ["scratch", own, index, index]
    return result


def memory_fits(plan):
    """Buffers of each kernel are there, large enough, in time and apart; sizes are what the plan says of them."""
    alignment = plan["system"]["buffer_alignment"]
    regions = collections.defaultdict(list)
    for kernel in plan["kernels"]:
        for cores in kernel["core_classes"]:
            buffers = {buffer["name"]: buffer for buffer in cores["memory"]}
            end = max((buffer["offset"] + buffer["bytes"] for buffer in cores["memory"]), default=0)
            if len(buffers) != len(cores["memory"]) or end != cores["bytes_per_core"]:
                return False
            for name, (role, size, first, last) in needs(plan, kernel, alignment).items():
                buffer = buffers.get(name)
                if not buffer or buffer["role"] != role or buffer["bytes"] < size * buffer["slots"]:
                    return False
                if buffer["first_op"] > first or buffer["last_op"] < last or buffer["last_op"] >= max(1, len(kernel["ops"])):
                    return False
            regions[kernel["region"]] += [(kernel["name"], buffer) for buffer in cores["memory"]]
    resident = sum(buffer["bytes"] * cores["cores"] for kernel in plan["kernels"] for cores in kernel["core_classes"]
                   for buffer in cores["memory"] if buffer["role"] == "weights")
    return resident == plan["accounting"]["resident_bytes"] and all(map(apart, regions.values()))


def apart(buffers):
    for i, (kernel, a) in enumerate(buffers):
        for other, b in buffers[:i]:
            overlap = a["offset"] < b["offset"] + b["bytes"] and b["offset"] < a["offset"] + a["bytes"]
            if kernel == other:
                together = a["first_op"] <= b["last_op"] and b["first_op"] <= a["last_op"]
            else:
                together = "scratch" != a["role"] or "scratch" != b["role"]
            if overlap and together:
                return False
    return True


def operands_fit(plan):
    """Operands refer to dims that are there, and to tensors that are as long as these say."""
    shapes = {}
    for stream in plan["streams"]:
        shapes[stream["to"], "input", stream["to_port"]] = stream["shape"]
        shapes[stream["from"], "output", stream["from_port"]] = stream["shape"]
    for kernel in plan["kernels"]:
        tensors = {("weights", weight["name"]): weight["shape"] for weight in kernel["weights"]}
        for op in kernel["ops"]:
            for use in op["operands"]:
                shape = tensors.get((use["role"], use["buffer"]))
                if use["role"] in ("input", "output"):
                    name = use["buffer"].split()
                    if name[0] != use["role"] or len(name) < 2 or not name[1].isdigit():
                        return False
                    shape = shapes.get((kernel["name"], use["role"], int(name[1])))
                if shape is None and use["role"] in ("weights", "input", "output"):
                    return False
                if len(use["index_dims"]) != len(use["index_divisors"]) or max(use["index_dims"], default=0) >= len(op["dims"]):
                    return False
                if shape is None or len(shape) != len(use["index_dims"]):
                    continue
                if (op["kind"], use["role"]) == ("move", "input") and op["op"] in ("slice", "concat"):
                    continue
                cuts = [weight["cuts"] for weight in kernel["weights"] if (use["role"], use["buffer"]) == ("weights", weight["name"])]
                for i, (size, d, divisor) in enumerate(zip(shape, use["index_dims"], use["index_divisors"])):
                    dim = op["dims"][d]
                    if d >= 0 and ceil_div(dim["size"], divisor) != size:
                        return False
                    through = d >= 0 and dim["parts"] > 1 and dim["shard"] < dim["size"] == dim["points"] and dim["shard"] % divisor
                    if through and divisor < dim["size"] and not any(
                            i < len(cut) and (cut[i]["axis"], cut[i]["inner"], cut[i]["shard"]) == (dim["axis"], divisor, dim["shard"])
                            for cut in cuts):
                        return False
    return True


def parts_hold(plan):
    """Slices take elements that are there, concatenations are made of all that they read, one behind the other."""
    for kernel in plan["kernels"]:
        elements = {name: size for name, size in ports_of(plan, kernel).items() if name.startswith("input")}
        for op in kernel["ops"]:
            kind = op["op"] if op["kind"] == "move" else ""
            for use in op["operands"]:
                may = kind in ("slice", "concat") and use is not op["operands"][-1]
                if sum(first != 0 for first in use["index_firsts"]) > 1:
                    return False
                if (kind in ("slice", "concat") or use is op["operands"][-1]) and any(d != 1 for d in use["index_divisors"]):
                    return False
                if any(use["index_firsts"]) and not may or len(use["index_firsts"]) not in (0, len(use["index_dims"])):
                    return False
            end, size = 0, 0
            for use in op["operands"][:-1] if kind == "concat" else op["operands"][:kind == "slice"]:
                have = elements.get(use["buffer"] if use["role"] == "scratch" else " ".join(use["buffer"].split()[:2]))
                is_row = kind == "concat" and len(use["index_dims"]) != len(op["operands"][-1]["index_dims"])
                if not use["index_dims"] or not have or is_row:
                    end = size = 0
                    break
                firsts = use["index_firsts"] or [0] * len(use["index_dims"])
                at = max((i for i, first in enumerate(firsts) if first), default=len(firsts) - 1)
                size = op["dims"][use["index_dims"][at]]["size"]
                others = math.prod(op["dims"][d]["size"] for i, d in enumerate(use["index_dims"]) if i != at and d >= 0)
                if have % others or kind == "slice" and not 0 <= firsts[at] <= have // others - size:
                    return False
                if kind == "concat" and -firsts[at] != end:
                    return False
                end += have // others
            if kind == "concat" and end != size:
                return False
            if op["operands"] and op["operands"][-1]["index_dims"]:
                made = op["operands"][-1]
                elements[made["buffer"]] = math.prod(op["dims"][d]["size"] for d in made["index_dims"] if d >= 0)
    return True


def kinds_hold(plan):
    sums = ("contraction", "reduction", "softmax", "top_k")
    return all(op["kind"] == "opaque" or (op["kind"] in sums) == any(dim["reduction"] for dim in op["dims"])
               for kernel in plan["kernels"] for op in kernel["ops"])


def arithmetic_holds(plan):
    """Ops have the operations of their kind; of experts those that are chosen run, of tables one row is read."""
    ends = {(stream[end], role, stream[f"{end}_port"]): stream["shape"] for stream in plan["streams"]
            for end, role in (("from", "output"), ("to", "input"))}
    for kernel in plan["kernels"]:
        for op in kernel["ops"]:
            made = op["operands"][-1]["index_dims"] if op["operands"] else []
            keeps = any(dim["reduction"] and d in made for d, dim in enumerate(op["dims"]))
            elementwise = (3, 7) if op["op"] == "rotary" else (1, 2, 4, 7)
            may = {"contraction": (2,), "softmax": (8, 12), "reduction": (4, 6) if keeps else (1,), "move": (1,), "elementwise": elementwise}
            operations, density = op.get("operations", 1), op.get("density", 1)
            if operations not in may.get(op["kind"], (operations,)):
                return False
            experts = [dim["size"] for dim in op["dims"] if dim["dim"] == "expert" and not dim["reduction"]]
            rows = [dim["size"] for dim in op["dims"] if dim["dim"] in ("vocab", "position")]
            share = math.prod(kernel["experts_per_token"] / size for size in experts) / math.prod(rows)
            if abs(density - share) > 1e-9 * share:
                return False
            role = "output" if op["kind"] == "top_k" else "input" if op["kind"] == "contraction" and kernel["experts_per_token"] else ""
            for use in op["operands"]:
                shape = ends.get((kernel["name"], role, int(use["buffer"].split()[1]))) if use["role"] == role else None
                if len(use["index_dims"]) != 2 or use["index_dims"][1] != -1 or not shape or len(shape) != 2:
                    continue
                wanted = operations - 8 * (op["op"] == "route") if role == "output" else kernel["experts_per_token"]
                if shape[1] != wanted:
                    return False
    return True


def values_hold(plan):
    """Tokens stay apart, products keep all that they do not sum over, and a value has as many elements for all that read it."""
    ends = {(stream[end], role, stream[f"{end}_port"]): stream["shape"] for stream in plan["streams"]
            for end, role in (("from", "output"), ("to", "input"))}
    for kernel in plan["kernels"]:
        made, counts = {}, {}  # shapes; elements that count where values are the first channels of keys
        for op in kernel["ops"]:
            is_product = op["kind"] == "contraction"
            for d, dim in enumerate(op["dims"]):
                if dim["reduction"] and dim["dim"] in ("token", "expert")[: 1 + is_product]:
                    return False
                kept = bool(op["operands"]) and d in op["operands"][-1]["index_dims"]
                if is_product and op["operands"] and dim["dim"] != "expert" and dim["reduction"] == kept and (kept or dim["size"] > 1):
                    return False
            for use in op["operands"]:
                is_result = use is op["operands"][-1]
                have = [-1 if d < 0 else ceil_div(op["dims"][d]["size"], max(1, divisor))
                        for d, divisor in zip(use["index_dims"], use["index_divisors"])]
                shape = None if is_result or use["role"] != "scratch" else made.get(use["buffer"])
                if use["role"] in ("input", "output"):
                    shape = ends.get((kernel["name"], use["role"], int(use["buffer"].split()[1])))
                is_table = (op["op"], op["kind"]) == ("rotary", "elementwise") and not is_result and have[:1] == [-1]
                is_part = op["kind"] == "move" and op["op"] in ("slice", "concat")
                is_first = use["role"] == "scratch" and not is_result and counts.get(use["buffer"]) == count(have)
                if have and shape and not is_table and not is_part and not is_first:
                    chosen = len(have) == 2 and have[1] == -1 and (op["kind"] == "top_k" or kernel["experts_per_token"])
                    rows = chosen or is_product and have[-1] >= 0 and use["index_divisors"][-1] == 1
                    if count(have) != count(shape) and not (rows and count(have[:-1]) == count(shape[:-1])):
                        return False
                if is_result:
                    made[use["buffer"]] = have
                    is_share = is_product and not {"expert", "vocab", "position"} & {dim["dim"] for dim in op["dims"]}
                    counts[use["buffer"]] = round(count(have) * op.get("density", 1), 6) if is_share else None
    return True


def count(sizes):
    return math.prod(size for size in sizes if size >= 0)


def dims_hold(plan):
    """Dims of ops are cut by the rule: each by itself, or those that share an axis together."""
    for kernel in plan["kernels"]:
        groups = kernel["expert_groups"]
        rects = [group["rectangle"] for group in groups] or [region["rectangle"] for region in plan["regions"]
                                                            if region["name"] == kernel["region"]]
        parts = {"none": 1, "x": rects[0]["width"], "y": rects[0]["height"], "group": max(1, len(groups))}
        for op in kernel["ops"]:
            for d, dim in enumerate(op["dims"]):
                sharing = [e for e, other in enumerate(op["dims"]) if other["axis"] == dim["axis"]]
                if dim["axis"] == "none" or len(sharing) == 1:
                    sharing = [d]
                inner = math.prod(op["dims"][e]["pitch"] for e in sharing if e > d)
                points = math.prod(op["dims"][e]["pitch"] for e in sharing)
                if (dim["parts"], dim["inner"], dim["points"]) != (parts[dim["axis"]], inner, points):
                    return False
                # Only the fastest may have points without an index, and then values end where cores do.
                first = max(1, op["dims"][sharing[0]]["shard"])
                is_padded = len(sharing) > 1 and d == sharing[-1] and dim["pitch"] > dim["size"] and dim["pitch"] % first == 0
                if dim["pitch"] != dim["size"] and not is_padded:
                    return False
                units = ceil_div(dim["size"], dim["unit"])
                shard = min(dim["size"], ceil_div(units, dim["parts"]) * dim["unit"])
                if dim["axis"] == "group" and groups:
                    shard = max(len(group["experts"]) for group in groups)
                if dim["axis"] == "none" or len(sharing) > 1:
                    first = op["dims"][sharing[0]]["shard"]
                    shard = dim["size"] if dim["axis"] == "none" else max(first, ceil_div(points, dim["parts"]))
                    if dim["unit"] != 1:
                        return False
                if dim["shard"] != shard or dim["axis"] == "group" and dim["size"] != kernel["experts"]:
                    return False
        # Groups hold different experts where a cut says so, else all of them.
        is_cut = any(dim["axis"] == "group" for op in kernel["ops"] for dim in op["dims"])
        everyone = list(range(kernel["experts"]))
        if groups and any(len(set(group["experts"])) != len(group["experts"]) for group in groups):
            return False
        if groups and sorted({expert for group in groups for expert in group["experts"]}) != everyone:
            return False
        if not is_cut and any(sorted(group["experts"]) != everyone for group in groups):
            return False
    return True


def is_aligned(together):
    """Whether cores have parts of one value of the slower dims on an axis each, or whole values."""
    pitch, shard = together[-1]["pitch"], together[-1]["shard"]
    return sum(dim["size"] > 1 for dim in together) <= 2 and (pitch % shard == 0 or shard % pitch == 0)


def cuts_follow_uses(plan):
    """Weights and states are cut as the first op that uses them, by name, axis and shard of each dim."""
    for kernel in plan["kernels"]:
        for role, tensors in (("weights", kernel["weights"]), ("state", kernel["states"])):
            for tensor in tensors:
                uses = [(op, use) for op in kernel["ops"] for use in op["operands"]
                        if (use["role"], use["buffer"]) == (role, tensor["name"])]
                if role == "state":
                    uses = [(op, use) for op, use in uses if len(use["index_dims"]) == len(tensor["shape"])]
                if not uses or len(uses[0][1]["index_dims"]) != len(tensor["shape"]):
                    if any(cut["axis"] != "none" or cut["dim"] for cut in tensor["cuts"]):
                        return False
                    continue
                op, use = uses[0]
                if any(bool(cut["pitch"] - cut["size"]) != bool(d >= 0 and cut["axis"] != "none" and op["dims"][d]["pitch"] - op["dims"][d]["size"])
                       for cut, d in zip(tensor["cuts"], use["index_dims"])):
                    return False
                for cut, d, divisor in zip(tensor["cuts"], use["index_dims"], use["index_divisors"]):
                    dim = op["dims"][d] if d >= 0 else None
                    together = [other for other in op["dims"] if dim and other["axis"] == dim["axis"] != "none"]
                    if role == "weights" and len(together) > 1 and dim and divisor < dim["size"]:
                        if divisor == 1 and is_aligned(together):
                            fields = ("dim", "size", "axis", "parts", "unit", "shard", "inner", "points", "pitch")
                            if any(cut[field] != dim[field] for field in fields):
                                return False
                            continue
                        dim = None
                    if dim is None or role == "weights" and divisor >= dim["size"]:
                        if cut["axis"] != "none" or cut["dim"]:
                            return False
                    elif (cut["dim"], cut["axis"]) != (dim["dim"], dim["axis"]):
                        return False
                    elif dim["axis"] != "none" and role == "weights":
                        through = dim["unit"] % divisor != 0
                        if (cut["unit"], cut["inner"]) != ((dim["unit"], divisor) if through else (dim["unit"] // divisor, 1)):
                            return False
                        if cut["points"] != (dim["size"] if through else cut["size"]) or through and cut["shard"] != dim["shard"]:
                            return False
                    elif dim["axis"] != "none" and cut["unit"] != max(1, dim["unit"] // divisor):
                        return False
    return True


def worst_path(plan):
    """The longest path where every kernel takes as long as under the worst routing."""
    finish, incoming = {}, collections.defaultdict(list)
    for stream in plan["streams"]:
        incoming[stream["to"]].append(stream)
    turns = {}
    for kernel in plan["kernels"]:
        before = finish.get(turns.get(kernel["region"]), 0)
        turns[kernel["region"]] = kernel["name"]
        start = max((finish[stream["from"]] + stream["cycles"]["total"] for stream in incoming[kernel["name"]]
                     if stream["from"]), default=0)
        start = max(start, before)
        finish[kernel["name"]] = start + max(kernel["worst_case_cycles"], kernel["cycles"]["total"])
    return max(finish.values())


def bound_path(plan):
    """Kernels of the longest path of the kernels' own bounds and the crossings."""
    best, incoming = {"": (0, [])}, collections.defaultdict(list)
    for stream in plan["streams"]:
        incoming[stream["to"]].append(stream)
    for kernel in plan["kernels"]:
        ways = [(best[stream["from"]][0] + stream["cycles"]["crossing"], best[stream["from"]][1])
                for stream in incoming[kernel["name"]] if stream["from"]]
        length, path = max(ways, key=lambda way: way[0], default=(0, []))
        best[kernel["name"]] = (length + kernel["bound"]["cycles"], [*path, kernel])
    return max(best.values(), key=lambda way: way[0])[1]


def pieces_cover(plan):
    """Every element of every initializer is taken by as many weights as every other one of it."""
    taken, seen = {}, {}
    for kernel in plan["kernels"]:
        for weight in kernel["weights"]:
            # Tied weights are described alike.
            if weight["name"] in seen:
                if seen[weight["name"]] != weight["pieces"]:
                    return False
                continue
            seen[weight["name"]] = weight["pieces"]
            for piece in weight["pieces"]:
                elements = 8 * piece["length"] // piece["stored_bits"]
                count = taken.setdefault(piece["initializer"], np.zeros(elements, np.int64))
                at = np.array(piece["first"])
                for size, stride in zip(piece["sizes"], piece["strides"]):
                    at = at[..., None] + np.arange(size) * stride
                if len(count) != elements or at.min(initial=0) < 0 or at.max(initial=0) >= elements:
                    return False
                np.add.at(count, at.reshape(-1), 1)
    return all(len(set(count.tolist())) == 1 for count in taken.values())


def same_edges(plan):
    """Edges of one output carry one tensor."""
    seen = {}
    return all(seen.setdefault((stream["from"], stream["from_port"]), stream["shape"]) == stream["shape"]
               for stream in plan["streams"])


def in_order(plan):
    """Streams lead forward, regions list their kernels as the plan does."""
    number = {kernel["name"]: index for index, kernel in enumerate(plan["kernels"])}
    lists = collections.defaultdict(list)
    for kernel in plan["kernels"]:
        lists[kernel["region"]].append(kernel["name"])
    order = [(number.get(stream["to"], len(number)), stream["to_port"]) for stream in plan["streams"]]
    return (order == sorted(order)
            and all(not stream["from"] or not stream["to"] or number[stream["from"]] < number[stream["to"]]
                    for stream in plan["streams"])
            and all(region["kernels"] == lists[region["name"]] for region in plan["regions"]))
