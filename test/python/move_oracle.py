"""The moves of values inside kernels that a plan's cuts ask for, by the text of docs/plan.md alone."""

import collections
import math

# Values of so many features or fewer are handed over whole.
FEW_FEATURES = 16

# Of the features of a value: along each axis (stride, size) of the dims that cut it, the slowest first, and a core's points.
# Tokens that are cut are the slowest features; `cut_tokens` says how many.
Place = collections.namedtuple("Place", "features tokens bits cuts cut_tokens", defaults=(1,))
# Along an axis, for an op: cores of a line, lines behind each other, cores that have something, wavelets of one of them.
Move = collections.namedtuple("Move", "op axis cores lines senders wavelets")


def ceil_div(a, b):
    return -(-a // b)


def used(cut, parts):
    return min(parts, ceil_div(math.prod(size for _, size in cut[0]), max(1, cut[1]))) if cut[0] else 1


def part_of(features, cut, parts):
    """What one core has of them."""
    points = math.prod(size for _, size in cut[0])
    return features if parts < 2 or cut[1] >= points else ceil_div(features * max(1, cut[1]), points)


def part_of_both(everything, features, a, b):
    """The same where the axes share a factor: of a block in order some values of every so many, if it is that simple."""
    if len(a[0]) != 1 or len(b[0]) != 1:
        return features
    in_order = sorted((cut for cut in (a, b) if cut[0][0][0] == 1), key=lambda cut: -cut[0][0][1])
    if not in_order:
        return features
    ((_, size),), block = in_order[0]
    ((stride, count),), shard = b if in_order[0] is a else a
    return min(features, everything // size * min(block, ceil_div(block, stride * count) * shard * stride))


def joined(runs):
    result = []
    for stride, size in runs:
        if size == 1:
            continue
        if result and result[-1][0] == stride * size:
            result[-1] = (stride, result[-1][1] * size)
        else:
            result.append((stride, size))
    return tuple(result)


def as_op_has_it(op, use):
    dims, features, tokens, found, cut_token = op["dims"], 1, 1, [], None
    for d, divisor in reversed(list(zip(use["index_dims"], use["index_divisors"]))):
        if d >= 0 and dims[d]["dim"] == "token":
            tokens *= dims[d]["size"]
            cut_token = d if dims[d]["axis"] in ("x", "y") else cut_token
        elif d >= 0 and dims[d]["axis"] != "group":
            size = ceil_div(dims[d]["size"], divisor)
            found.append((d, features, size))
            features *= size
    cut_tokens = 1
    if cut_token is not None:
        found.append((cut_token, features, tokens))
        features, tokens, cut_tokens = features * tokens, 1, tokens
    cuts = {}
    for axis in "xy":
        along = sorted((entry for entry in found if dims[entry[0]]["axis"] == axis), key=lambda entry: (entry[0], -entry[1]))
        cuts[axis] = (joined((stride, size) for _, stride, size in along), dims[along[-1][0]]["shard"] if along else 0)
    return Place(features, tokens, use["bits"], cuts, cut_tokens)


def with_tokens(place):
    return place._replace(features=place.features * place.tokens, tokens=1, cut_tokens=place.tokens)


def handed_over(features, tokens, bits, unit):
    runs = ((1, features),) if features > FEW_FEATURES else ()
    return Place(features, tokens, bits, {"x": ((), 0), "y": (runs, ceil_div(features, unit["height"]))})


def along(axis, op, now, to, unit, wavelets_of):
    other = {"x": "y", "y": "x"}[axis]
    parts = {"x": unit["width"], "y": unit["height"]}
    a, b, across = now.cuts[axis], to.cuts[axis], to.cuts[other]
    if not a[0] or parts[axis] < 2 or a == b:
        return None
    holders = used(a, parts[axis])
    cores, lines = parts[axis], 1
    if b[0]:
        cores = max(holders, used(b, parts[axis]))
    whole = ((1, now.features),)
    if not now.cuts[other][0] and across[0] and a[0] == whole and math.prod(across[0][0]) == to.features:
        # Each line wants a run of the features.
        slowest = across[0][0][1]
        shard, of_one = max(1, across[1]), math.prod(size for _, size in across[0]) // slowest
        values = ceil_div(shard, of_one) + (shard % of_one != 0 and of_one % shard != 0)
        features = ceil_div(now.features, slowest) * min(values, slowest)
        piece = min(features, max(1, a[1]))
        senders = min(holders, ceil_div(features, piece) + 1)
    else:
        features = part_of(now.features, now.cuts[other] if now.cuts[other][0] else across, parts[other])
        beside = now.cuts[other] if now.cuts[other][0] else across
        is_shared = parts[other] > 1 and any(max(s, t) < min(s * n, t * m) for s, n in a[0] for t, m in beside[0])
        piece = part_of_both(now.features, features, a, beside) if is_shared else part_of(features, a, parts[axis])
        senders = min(holders, features)
    if b[0]:
        chunks = [0 if cut[0] == whole else cut[0][0][1] if math.prod(cut[0][0]) == now.features else 1 for cut in (a, b)]
        runs = max(chunks) if 0 in chunks or chunks[0] == chunks[1] else 1
        points = [(math.prod(size for _, size in cut[0]), max(1, cut[1])) for cut in (a, b)]
        lengths = {size // shard // runs if runs and size % (shard * runs) == 0 else 0 for size, shard in points}
        if runs > 1 and len(lengths) == 1 and 0 < runs * max(lengths) <= parts[axis]:
            cores, lines = lengths.pop(), runs
    if cores < 2:
        return None
    return Move(op, axis, cores, lines, min(senders, cores - 1), wavelets_of(ceil_div(piece * now.tokens * now.bits, 8)))


def region_of(plan, kernel):
    return next(region["rectangle"] for region in plan["regions"] if region["name"] == kernel["region"])


def unit_of(plan, kernel):
    """Where all of a kernel's ops are cut: its first group, or its region."""
    return kernel["expert_groups"][0]["rectangle"] if kernel["expert_groups"] else region_of(plan, kernel)


def joined_axis(kernel):
    """The axis along which the last op of groups in one row (column) sums over all of them; None where groups are combined."""
    if len(kernel["expert_groups"]) < 2 or not kernel["ops"]:
        return None
    last = kernel["ops"][-1]
    outputs = {tuple(use["buffer"].split()[:2]) for op in kernel["ops"] for use in op["operands"] if use["role"] == "output"}
    makes_output = last["operands"] and last["operands"][-1]["role"] == "output" and outputs == {("output", "0")}
    summed = [dim for dim in last["dims"] if dim["reduction"] and dim["axis"] in ("x", "y")]
    if last["kind"] != "contraction" or not makes_output or len(summed) != 1 or summed[0]["parts"] < 2:
        return None
    axis = summed[0]["axis"]
    is_alone = sum(dim["axis"] == axis for dim in last["dims"]) == 1
    begins = {group["rectangle"]["y" if axis == "x" else "x"] for group in kernel["expert_groups"]}
    return axis if is_alone and len(begins) == 1 else None


def input_place(plan, kernel, use, unit):
    """Where an input lies as kernels hand it over."""
    for stream in plan["streams"]:
        if stream["to"] == kernel["name"] and str(stream["to_port"]) == use["buffer"].split(" ")[1] and stream["shape"]:
            tokens = math.prod(stream["shape"][:-1])
            return handed_over(stream["shape"][-1], tokens, 8 * stream["bytes"] // math.prod(stream["shape"]), unit)
    return None


def takes_handed_over(plan, kernel):
    """Whether a kernel finds its inputs where others hand them over, on all of its region: not where its groups do not have
    all rows, or want them to have something else."""
    groups = kernel["expert_groups"]
    if len(groups) < 2:
        return True
    if len({group["rectangle"]["y"] for group in groups}) > 1:
        return False
    unit = unit_of(plan, kernel)
    for op in kernel["ops"]:
        for use in op["operands"]:
            place = input_place(plan, kernel, use, unit) if use["role"] == "input" and use["index_dims"] else None
            if place and steps_of(0, place, as_op_has_it(op, use), unit, lambda size: size):
                return False
    return True


def steps_of(op, now, to, unit, wavelets_of):
    """The moves, one for each axis at most, that bring a value from one place to another."""
    if now.cut_tokens > 1 and to.tokens > 1:
        to = with_tokens(to)
    elif to.cut_tokens > 1 and now.tokens > 1:
        now = with_tokens(now)
    made = []
    for axis in ("xy" if to.cuts["x"][0] or not to.cuts["y"][0] else "yx"):
        one = along(axis, op, now, to, unit, wavelets_of)
        if one:
            made.append(one)
        now = now._replace(cuts={**now.cuts, axis: to.cuts[axis]})
    return made


def moves_of(plan, kernel, wavelets_of):
    """How often each move is made, and which values move along both axes: (first, second)."""
    takes, is_joined = takes_handed_over(plan, kernel), joined_axis(kernel) is not None
    unit, known, there, found, pairs = unit_of(plan, kernel), {}, [], collections.Counter(), []

    def move(op, now, to, cores):
        made = steps_of(op, now, to, cores, wavelets_of)
        found.update(made)
        if len(made) == 2:
            pairs.append(tuple(made))

    def is_value(use):
        return use["role"] in ("scratch", "output")

    def is_named(use):
        return not use["buffer"].startswith("scratch of op ")

    def find(use):
        name = use["role"], use["buffer"]
        if name not in known and use["role"] == "input" and takes:
            place = input_place(plan, kernel, use, unit)
            if place:
                known[name] = place
        return known.get(name)

    for at, op in enumerate(kernel["ops"]):
        in_place = op["kind"] == "move" or any(dim["dim"] == "position" for dim in op["dims"])
        operands = op["operands"]
        for use in operands[:-1] if len(operands) > 1 and is_value(operands[-1]) else operands:
            place = None if in_place or not is_named(use) else find(use)
            if place is None or not use["index_dims"]:
                continue
            to = as_op_has_it(op, use)
            if (use["buffer"], to.cuts) not in there:
                move(at, place, to, unit)
                there.append((use["buffer"], to.cuts))
        if not operands or not is_value(operands[-1]) or not is_named(operands[-1]) or not operands[-1]["index_dims"]:
            continue
        made, first = operands[-1], (operands[0]["role"], operands[0]["buffer"])
        is_turned = in_place and op["kind"] != "move" and first in known
        known[made["role"], made["buffer"]] = known[first] if is_turned else as_op_has_it(op, made)
    if (is_joined or len(kernel["expert_groups"]) < 2) and kernel["role"] != "head":
        # What joined groups made lies on all of the region.
        source = region_of(plan, kernel) if is_joined else unit
        for (role, _), place in known.items():
            if role == "output":
                to = handed_over(place.features // place.cut_tokens, place.tokens * place.cut_tokens, place.bits, source)
                move(len(kernel["ops"]), place, to, source)
    return found, pairs
