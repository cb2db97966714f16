"""The moves of values inside kernels that a plan's cuts ask for, by the text of docs/plan.md alone."""

import collections
import math

import plan_oracle

# Values of so many features or fewer are handed over whole.
FEW_FEATURES = 16

# Of the features of a value: along each axis (stride, size) of the dims that cut it, the slowest first, and a core's points.
# Tokens that are cut are the slowest features; `cut_tokens` says how many.
Place = collections.namedtuple("Place", "features tokens bits cuts cut_tokens", defaults=(1,))
# `repeats`: the op has other dims on the axis, for each of which the features are there again. Those of a part of a larger
# value lie from position `first` on, of rows of `pitch` positions `length` each (0: no rows).
Cut = collections.namedtuple("Cut", "runs shard repeats first length pitch", defaults=((), 0, 1, 0, 0, 0))
# Along an axis, for an op: cores of a line, lines behind each other, cores that have something, wavelets of one of them.
Move = collections.namedtuple("Move", "op axis cores lines senders wavelets")


def ceil_div(a, b):
    return -(-a // b)


def points_of(cut):
    return math.prod(size for _, size in cut.runs)


def positions_of(cut):
    """Position along the axis of each feature, in order."""
    pitch = cut.pitch or 1
    length = cut.length or 1
    return [cut.first + i // length * pitch + i % length for i in range(points_of(cut) * cut.repeats)]


def held_by(cut):
    """What a core has of the features along the axis at most, wherever it begins."""
    if not cut.pitch:
        return min(max(1, cut.shard), points_of(cut))
    rows, rest = divmod(max(1, cut.shard), cut.pitch)
    return min(rows * cut.length + min(rest, cut.length), points_of(cut))


def used(cut, parts):
    return min(parts, positions_of(cut)[-1] // max(1, cut.shard) + 1) if cut.runs else 1


def part_of(features, cut, parts):
    """What one core has of them."""
    points, held = points_of(cut), held_by(cut)
    return features if parts < 2 or held >= points else ceil_div(features * held, points)


def part_of_both(everything, features, a, b):
    """The same where the axes share a factor: of a block in order some values of every so many, if it is that simple."""
    if len(a.runs) != 1 or len(b.runs) != 1:
        return features
    in_order = sorted((cut for cut in (a, b) if cut.runs[0][0] == 1), key=lambda cut: -cut.runs[0][1])
    if not in_order:
        return features
    (_, size), = in_order[0].runs
    other = b if in_order[0] is a else a
    (stride, count), = other.runs
    block, shard = held_by(in_order[0]), held_by(other)
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
        others = math.prod(dim["size"] for d, dim in enumerate(dims) if dim["axis"] == axis and d not in use["index_dims"])
        runs = joined((stride, size) for _, stride, size in along)
        cuts[axis] = Cut(runs, dims[along[-1][0]]["shard"] if along else 0, others if runs else 1)
        # Values of slower dims may have more positions than features.
        together = [d for d, dim in enumerate(dims) if dim["axis"] == axis]
        length = {d: size for d, _, size in along}.get(together[-1], 0) if len(together) > 1 and runs else 0
        if length and dims[together[-1]]["pitch"] > dims[together[-1]]["size"]:
            cuts[axis] = cuts[axis]._replace(length=length, pitch=dims[together[-1]]["pitch"])
    return Place(features, tokens, use["bits"], cuts, cut_tokens)


def everywhere(place):
    return place._replace(cuts={"x": Cut(), "y": Cut()})


def part_along(cut, row, first, length):
    """What one axis has of `length` features from `first` on of each `row`; None where it does not cut rows in one piece."""
    runs = []
    for stride, size in cut.runs:
        if stride < row < stride * size:
            if row % stride or stride * size % row:
                return None
            runs += [(row, stride * size // row), (stride, row // stride)]
        else:
            runs.append((stride, size))
    taken = [i for i, (stride, size) in enumerate(runs) if stride < row <= stride * size]
    if any(stride % row for stride, _ in runs if stride >= row):
        return None
    for stride, size in runs:
        step = stride if stride * size >= row else stride * size
        if stride < row and any(value % step for value in (row, first, length)):
            return None
    now = [(stride // row * length if stride >= row else stride, length // stride if i in taken else size)
           for i, (stride, size) in enumerate(runs)]
    if not taken:
        return cut._replace(runs=joined(now))
    at, = taken
    faster = math.prod(size for _, size in runs[at + 1:])
    pitch = runs[at][1] * faster
    if cut.repeats > 1 or cut.pitch and cut.length != pitch:
        return None
    has_rows = cut.pitch > 0 or math.prod(size for _, size in runs[:at]) > 1
    # A run of one stays: it says which core has that one.
    kept = joined(now) if now[at][1] > 1 else tuple(now)
    return Cut(kept, cut.shard, 1, cut.first + first // runs[at][0] * faster,
               now[at][1] * faster if has_rows else 0, (cut.pitch or pitch) if has_rows else 0)


def part_of_rows(place, row, first, length):
    if row == length:
        return place
    if row < 1 or length < 1 or first < 0 or place.features % row:
        return None
    cuts = {axis: part_along(cut, row, first, length) for axis, cut in place.cuts.items()}
    return None if None in cuts.values() else place._replace(features=place.features // row * length, cuts=cuts)


def taken_of(op, use, cuts_tokens):
    """Along the dim where an operand begins elsewhere than its op: is it tokens, its size, where; features before and behind."""
    firsts = use["index_firsts"] or [0] * len(use["index_dims"])
    at = max((i for i, first in enumerate(firsts) if first), default=len(firsts) - 1)
    sides, found = [1, 1], None
    for i, d in enumerate(use["index_dims"]):
        is_feature = d >= 0 and (op["dims"][d]["dim"] != "token" or cuts_tokens)
        if i == at:
            found = (not is_feature, op["dims"][d]["size"], firsts[i])
        elif is_feature:
            sides[i > at] *= op["dims"][d]["size"]
    return *found, *sides


def slice_of(op, place):
    """Where what a slice takes lies; None where every core must have all of the value first."""
    use = op["operands"][0]
    if not use["index_dims"]:
        return None
    are_tokens, size, first, slower, faster = taken_of(op, use, place.cut_tokens > 1)
    if are_tokens:
        return place._replace(tokens=size)
    if place.features % slower:
        return None
    return part_of_rows(place, place.features // slower, first * faster, size * faster)


def first_of_rows(op, use, place):
    """What an op has of a value of which it reads the first features of each row of its last dim."""
    sizes = [op["dims"][d]["size"] for d in use["index_dims"] if d >= 0 and op["dims"][d]["dim"] != "token"]
    rows = math.prod(sizes[:-1])
    if not sizes or place.cut_tokens > 1 or place.features <= math.prod(sizes) or place.features % rows:
        return place
    return part_of_rows(place, place.features // rows, 0, sizes[-1]) or place


def place_in_concat(op, use, place):
    """Where a concatenation wants an operand."""
    if not use["index_dims"] or not op["operands"][-1]["index_dims"]:
        return everywhere(place)
    whole = as_op_has_it(op, op["operands"][-1])
    features = [d for d in op["operands"][-1]["index_dims"] if d >= 0 and (op["dims"][d]["dim"] != "token" or whole.cut_tokens > 1)]
    if not set(features) <= set(use["index_dims"]):
        return everywhere(place)
    are_tokens, _, first, slower, faster = taken_of(op, use, whole.cut_tokens > 1)
    if are_tokens:
        return whole._replace(tokens=place.tokens)
    features = place.features * (place.tokens if whole.cut_tokens > 1 and place.cut_tokens == 1 else 1)
    if whole.features % slower or features % slower:
        return everywhere(place)
    return part_of_rows(whole, whole.features // slower, -first * faster, features // slower) or everywhere(place)


def with_tokens(place):
    return place._replace(features=place.features * place.tokens, tokens=1, cut_tokens=place.tokens)


def handed_over(features, tokens, bits, unit):
    runs = ((1, features),) if features > FEW_FEATURES else ()
    return Place(features, tokens, bits, {"x": Cut(), "y": Cut(runs, ceil_div(features, unit["height"]) if runs else 0)})


def holders_of_block(cut, across, features):
    """Cores beside each other on which a block lies that a line takes of features in order along it, round by round; all
    where it is no such block."""
    rounds = [size for stride, size in cut.runs if stride == 1]
    if cut[2:] != (1, 0, 0, 0) or len(cut.runs) != 1 or not rounds or across.runs != ((1, features),) or across.first:
        return math.inf
    block = held_by(across)
    is_in_rounds = across.pitch > 0 and across.length == rounds[0] and across.pitch % max(1, across.shard) == 0
    if block >= rounds[0] or across.pitch and not is_in_rounds:
        return math.inf
    return ceil_div(block, max(1, cut.shard)) + (1 if is_in_rounds else 2)


def cores_of_run(cut, runs):
    """Cores of one of so many equal runs, or rows; 0 where one begins within a core."""
    points, shard = points_of(cut), max(1, cut.shard)
    if cut.pitch:
        return cut.pitch // shard if points == runs * cut.length and cut.pitch % shard == 0 else 0
    return points // shard // runs if runs and points % (shard * runs) == 0 else 0


def along(axis, op, now, to, unit, wavelets_of):
    other = {"x": "y", "y": "x"}[axis]
    parts = {"x": unit["width"], "y": unit["height"]}
    a, b, across = now.cuts[axis], to.cuts[axis], to.cuts[other]
    if not a.runs or parts[axis] < 2 or a == b:
        return None
    cores, lines = parts[axis], 1
    if b.runs:
        cores = max(used(a, parts[axis]), used(b, parts[axis]))
    holders = max(1, used(a, parts[axis]) - a.first // max(1, a.shard))
    whole = ((1, now.features),)
    if not now.cuts[other].runs and across.runs and a.runs == whole and math.prod(across.runs[0]) == to.features:
        # Each line wants a run of the features, or, where these repeat, the last and the first ones.
        slowest = across.runs[0][1]
        shard, of_one = held_by(across), points_of(across) // slowest
        is_split = shard % of_one != 0 and of_one % shard != 0 or across.first % of_one != 0 or across.pitch > 0
        values = ceil_div(shard, of_one) + (of_one > 1 and is_split)
        features = ceil_div(now.features, slowest) * min(values, slowest)
        piece = min(features, held_by(a))
        gaps = ceil_div(features, a.length) * (a.pitch - a.length) if a.pitch else 0
        senders = min(holders, features, ceil_div(features + gaps, max(1, a.shard)) + (2 if across.repeats > 1 else 1))
    else:
        beside = now.cuts[other] if now.cuts[other].runs else across
        features = part_of(now.features, beside, parts[other])
        is_shared = parts[other] > 1 and any(max(s, t) < min(s * n, t * m) for s, n in a.runs for t, m in beside.runs)
        piece = part_of_both(now.features, features, a, beside) if is_shared else part_of(features, a, parts[axis])
        senders = min(holders, features, holders_of_block(a, beside, now.features) if parts[other] > 1 else holders)
    if b.runs and all((cut.first, cut.repeats) == (0, 1) for cut in (a, b)):
        chunks = [0 if cut.runs == whole else cut.runs[0][1] if math.prod(cut.runs[0]) == now.features else 1 for cut in (a, b)]
        runs = max(chunks) if 0 in chunks or chunks[0] == chunks[1] else 1
        lengths = {cores_of_run(cut, runs) for cut in (a, b)}
        if runs > 1 and len(lengths) == 1 and 0 < runs * max(lengths) <= parts[axis]:
            cores, lines = lengths.pop(), runs
    if cores < 2:
        return None
    wavelets = wavelets_of(ceil_div(piece * now.tokens * now.bits, 8))
    return Move(op, axis, cores, lines, min(senders, cores - 1), wavelets)


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
    for axis in ("xy" if to.cuts["x"].runs or not to.cuts["y"].runs else "yx"):
        one = along(axis, op, now, to, unit, wavelets_of)
        if one:
            made.append(one)
        if now.cuts[axis].runs:
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
        is_part = op["kind"] == "move" and op["op"] in ("slice", "concat")
        in_place = op["kind"] == "move" and not is_part or any(dim["dim"] == "position" for dim in op["dims"])
        operands = op["operands"]
        for use in operands[:-1] if len(operands) > 1 and is_value(operands[-1]) else operands:
            place = None if in_place or not is_named(use) else find(use)
            if place is None or not use["index_dims"] and not is_part or op["op"] == "slice" and is_part and slice_of(op, place):
                continue
            if is_part:
                to = place_in_concat(op, use, place) if op["op"] == "concat" else everywhere(place)
            else:
                to = as_op_has_it(op, use)
            if (use["buffer"], to.cuts) not in there:
                move(at, place if is_part else first_of_rows(op, use, place), to, unit)
                there.append((use["buffer"], to.cuts))
        if not operands or not is_value(operands[-1]) or not is_named(operands[-1]) or not operands[-1]["index_dims"]:
            continue
        made, first = operands[-1], (operands[0]["role"], operands[0]["buffer"])
        is_turned = in_place and op["kind"] != "move" and first in known
        part = slice_of(op, find(operands[0])) if is_part and op["op"] == "slice" and find(operands[0]) else None
        place = part or (known[first] if is_turned else as_op_has_it(op, made))
        if kernel["role"] == "experts" and made["role"] == "scratch" and any(dim["dim"] == "expert" for dim in op["dims"]):
            # There is one for each choice that the busiest group serves.
            place = place._replace(tokens=max(1, math.ceil(kernel.get("activations", 0))))
        known[made["role"], made["buffer"]] = place
    if (is_joined or len(kernel["expert_groups"]) < 2) and kernel["role"] != "head":
        # What joined groups made lies on all of the region.
        source = region_of(plan, kernel) if is_joined else unit
        for (role, _), place in known.items():
            if role == "output":
                to = handed_over(place.features // place.cut_tokens, place.tokens * place.cut_tokens, place.bits, source)
                move(len(kernel["ops"]), place, to, source)
    return found, pairs
