"""Single changes of valid plans, and what must become of them.

Every field of a plan has a kind, its path without numbers ("kernels[].weights[].copies"). Every kind is changed in
all the ways that its type has: numbers go up and down, texts are renamed or take the value of another place, elements
are dropped, doubled, swapped with the next and moved to another list of their kind. The digest of the content is made
right again, so it tells nothing.

A change must be flagged, unless `HARMLESS` says why it breaks nothing. What is said there is decided by the meaning of
the field, or worked out anew from the changed plan, never by asking the checker.
"""

import collections
import copy
import functools
import json
import math
import random

import jsonschema

import checking
import placing
import plan_oracle as oracle
import route_oracle
import work_oracle

SCHEMA = json.loads((placing.ROOT / "docs/schema/plan-1.schema.json").read_text())


def places(value, path=(), kind=""):
    """(kind, path) of every member and element."""
    if isinstance(value, dict):
        for name, inner in value.items():
            below = f"{kind}.{name}" if kind else name
            yield below, (*path, name)
            yield from places(inner, (*path, name), below)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield f"{kind}[]", (*path, index)
            yield from places(inner, (*path, index), f"{kind}[]")


def at(plan, path):
    for key in path:
        plan = plan[key]
    return plan


def put(value):
    return lambda owner, key: owner.__setitem__(key, value)


def drop(owner, key):
    del owner[key]


def double(owner, key):
    owner.insert(key, owner[key])


def swap(owner, key):
    owner[key], owner[key + 1] = owner[key + 1], owner[key]


def number_changes(value, alignment):
    yield "+1", put(value + 1)
    yield "-1", put(value - 1)
    if isinstance(value, int):
        yield "+16", put(value + alignment)
        yield "-16", put(value - alignment)
        yield "x3", put(3 * value + 3)


def text_changes(value, others):
    yield "renamed", put(value + "x")
    if others:
        yield "other", put(others[0])


def changes(plan, path, others):
    """(operator, change) for a place."""
    value = at(plan, path)
    if isinstance(value, bool):
        yield "flipped", put(not value)
    elif isinstance(value, (int, float)):
        yield from number_changes(value, plan["system"]["buffer_alignment"])
    elif isinstance(value, str):
        yield from text_changes(value, others)
    if isinstance(path[-1], str):
        yield "missing", drop
    else:
        yield "dropped", drop
        yield "doubled", double
        owner = at(plan, path[:-1])
        if path[-1] + 1 < len(owner) and owner[path[-1] + 1] != value:
            yield "swapped", swap


def moved(plan, source, target):
    """The plan with an element taken out of one list and added to another."""
    element = at(plan, source)
    without = checking.changed(plan, source, drop)
    return checking.changed(without, target, lambda owner, key: owner.__setitem__(key, [*owner[key], element]))


def producers(plan):
    """(kernel, port) -> what `inputs` of its consumers call it."""
    named = {}
    for stream in plan["streams"]:
        if stream["from"] and stream["to"]:
            consumer = next(kernel for kernel in plan["kernels"] if kernel["name"] == stream["to"])
            named[stream["from"], stream["from_port"]] = consumer["inputs"][stream["to_port"]]
    return named


def rewire(plan, stream, producer, port, names_input=True):
    """Lets a stream come from another output; with `names_input` the consumer says that it takes what comes."""
    if names_input:
        consumer = next(kernel for kernel in plan["kernels"] if kernel["name"] == stream["to"])
        consumer["inputs"][stream["to_port"]] = producers(plan)[producer, port]
    stream.update({"from": producer, "from_port": port, "name": f"{producer}:{port}"})


def is_like(stream, other):
    return ((stream["type"], stream["shape"]) == (other["type"], other["shape"])
            and (stream["from"], stream["from_port"]) != (other["from"], other["from_port"]))


def rewirings(plan, names_inputs):
    """(words, plan) for every stream from every other output of its type and shape that is made before its consumer, and
    for every two inputs of a consumer that change places: the fields that name the producer are changed together. Inputs
    are swapped only where their names stay: else an op may read them the other way round, which is as good for a sum."""
    order = {kernel["name"]: number for number, kernel in enumerate(plan["kernels"])}
    inner = [stream for stream in plan["streams"] if stream["from"] and stream["to"]]
    outputs = {(stream["from"], stream["from_port"]): (stream["type"], stream["shape"]) for stream in inner}
    for number, stream in enumerate(plan["streams"]):
        if stream not in inner:
            continue
        for (producer, port), kind in outputs.items():
            if (kind != (stream["type"], stream["shape"]) or order[producer] >= order[stream["to"]]
                    or (producer, port) == (stream["from"], stream["from_port"])):
                continue
            changed = copy.deepcopy(plan)
            rewire(changed, changed["streams"][number], producer, port, names_inputs)
            yield f"{stream['name']} -> {stream['to']} {stream['to_port']} from {producer}:{port}", changed
        for other in inner[inner.index(stream) + 1 :]:
            if names_inputs or other["to"] != stream["to"] or not is_like(stream, other):
                continue
            names = next(kernel["inputs"] for kernel in plan["kernels"] if kernel["name"] == stream["to"])
            if names[stream["to_port"]] == names[other["to_port"]]:
                continue  # parts of one sum, made by ops of one node
            changed = copy.deepcopy(plan)
            one, two = (changed["streams"][plan["streams"].index(each)] for each in (stream, other))
            for field in ("from", "from_port", "name"):
                one[field], two[field] = two[field], one[field]
            yield f"{stream['name']} and {other['name']} -> {stream['to']} swapped", changed


class Mutant:
    def __init__(self, kind, operator, path, plan):
        self.kind, self.operator, self.path, self.plan = kind, operator, path, plan


def mutants(subject, count, seed=1):
    """About `count` mutants of a plan: every operator of every kind once, then more of them at random."""
    plan, rng = subject.plan, random.Random(seed)
    by_kind = collections.defaultdict(list)
    for kind, path in places(plan):
        by_kind[kind].append(path)
    rounds = 0
    made = 0
    while made < count and rounds < 1000:
        rounds += 1
        for kind, paths in by_kind.items():
            if rounds > len(paths) * 3:
                continue
            path = rng.choice(paths)
            value = at(plan, path)
            others = [other for other in (at(plan, rng.choice(paths)) for _ in range(20)) if other != value]
            for operator, change in changes(plan, path, others):
                yield Mutant(kind, operator, path, checking.changed(plan, path, change))
                made += 1
            if kind.endswith("[]"):
                other = rng.choice(paths)
                if other[:-1] != path[:-1]:
                    yield Mutant(kind, "moved", path, moved(plan, path, other[:-1]))
                    made += 1
            if made >= count and rounds > 1:
                return


# Kinds, operators and the reason why a change breaks nothing, or a function of (base, mutant) that works it out.
HARMLESS = []


def harmless(kinds, operators, reason, decide=lambda base, mutant: True):
    HARMLESS.append((set(kinds), operators and set(operators), reason, decide))


def holds(*rules):
    """The changed plan follows these rules still."""
    return lambda base, mutant: all(rule(mutant.plan) for rule in rules)


def bound_holds(base, mutant):
    bound = at(mutant.plan, mutant.path[:-1])
    reasons = [value for name, value in bound.items() if name not in ("cycles", "binding")]
    on_path = oracle.bound_path(mutant.plan)
    step = mutant.plan["estimate"]["bound"]
    adds_up = all(abs(step[name] - sum(kernel["bound"][name] for kernel in on_path)) < 1e-9 * max(1, step[name])
                  for name in step if name not in ("cycles", "binding", "distance", "crossing"))
    adds_up |= mutant.path[-2] == "region_bound"
    return bound["cycles"] == max(reasons) == bound[bound["binding"]] and min(reasons) >= 0 and adds_up


def phase_bound_holds(mutant):
    """Crossings come on top of the largest other reason; what binds is the largest of all."""
    bound = at(mutant.plan, mutant.path[:-1])
    reasons = {name: value for name, value in bound.items() if name not in ("cycles", "binding")}
    largest = max(value for name, value in reasons.items() if name != "crossing")
    return (abs(bound["cycles"] - largest - bound["crossing"]) <= 1e-9 * max(1, bound["cycles"])
            and reasons[bound["binding"]] == max(reasons.values()))


def is_experts(base, mutant):
    return "experts" in (at(base, mutant.path), at(mutant.plan, mutant.path))


ROLE = holds(oracle.twins_agree)
OPS = holds(oracle.twins_agree, oracle.kinds_hold, oracle.dims_hold, oracle.operands_fit, oracle.arithmetic_holds, oracle.values_hold, oracle.parts_hold,
            oracle.cuts_follow_uses, oracle.memory_fits, work_oracle.holds)
USE = "kernels[].ops[].operands[]"

harmless(["producer", "seed", "assumptions", "assumptions[]", "system.reserved[].name"], None, "for people to read")
harmless(["options[]"], ["dropped", "doubled", "swapped", "other"], "a record of what was asked for; none is needed")
harmless(["options[]"], ["renamed"], "an option that the plan does not repeat elsewhere",
         lambda base, mutant: not at(base, mutant.path).startswith(("phase=", "batch=", "context=", "cost=", "sequences-in-flight=", "prompt-ratio=")))
harmless(["kernels[].layer"], None, "a label: no rule leans on it")
harmless(["kernels[].role"], None, "a label that no kernel of the same structure contradicts",
         lambda base, mutant: not is_experts(base, mutant) and ROLE(base, mutant))
harmless(["kernels[].structure"], None, "kernels of one structure are alike still", ROLE)
harmless(["kernels[].core_classes[].name"], ["renamed"], "a label, unique in its kernel")
harmless(["kernels[].ops[].op", "kernels[].ops[].kind", "kernels[].ops[].dims[]", "kernels[].ops[].dims[].dim",
          "kernels[].ops[].dims[].axis", "kernels[].ops[].dims[].reduction",
          f"{USE}.index_dims[]", f"{USE}.index_divisors[]", f"{USE}.index_firsts[]"], None,
         "nothing else says what this op of a kernel without twins is", OPS)
harmless([USE, f"{USE}.buffer"], None, "its node takes the same values still, and nothing else says what this op is",
         lambda base, mutant: (OPS(base, mutant) and values_of_nodes(base) == values_of_nodes(mutant.plan)
                               and tables_of(base) == tables_of(mutant.plan)))
harmless(["kernels[].ops[].dims[].unit"], None, "the shard is the same, and nobody else repeats the unit",
         lambda base, mutant: OPS(base, mutant) and unit_holds(mutant))
harmless(["kernels[].core_classes[].memory[].bytes", "kernels[].core_classes[].memory[].offset",
          "kernels[].core_classes[].memory[].first_op", "kernels[].core_classes[].memory[].last_op"], None,
         "the map is another legal one", lambda base, mutant: buffer_holds(mutant))
REASONS = ("compute", "sram", "link", "bisection", "distance")
harmless([f"kernels[].{bound}.{name}" for bound in ("bound", "region_bound") for name in REASONS[2:]]
         + ["kernels[].region_bound.crossing"], None,
         "not the reason that binds", bound_holds)
harmless(["kernels[].bound.binding", "kernels[].region_bound.binding"], ["other"], "another reason binds as much", bound_holds)
harmless(["estimate.model_bound.cycles"], None, "between what must be and the bound of the step",
         lambda base, mutant: model_bound_holds(base, mutant))
harmless(["estimate.bound.distance"], None, "the largest reason is the same",
         lambda base, mutant: step_bound_holds(base) == step_bound_holds(mutant.plan))
harmless([f"other_phases[].bound.{name}" for name in (*REASONS, "crossing")], None, "the largest reason and the crossings are the same",
         lambda base, mutant: phase_bound_holds(mutant))
harmless(["other_phases[].worst_case_latency"], None, "no less than the latency",
         lambda base, mutant: at(mutant.plan, mutant.path) >= at(mutant.plan, mutant.path[:-1])["latency"]["total"])
harmless(["other_phases[].firings"], None, "no option says how many",
         lambda base, mutant: not any(option.startswith("prompt-ratio=") for option in base["options"]))
harmless(["streams[].shape[]"], None, "the same elements under another shape, which no operand repeats",
         lambda base, mutant: shape_holds(base, mutant))
harmless(["kernels[].weights[].pieces[].strides[]"], None, "a dim of one index goes nowhere",
         lambda base, mutant: (mutant.operator not in ("dropped", "doubled", "moved") and oracle.pieces_cover(mutant.plan)
                               and at(base, (*mutant.path[:-2], "sizes"))[mutant.path[-1]] == 1))
harmless(["kernels[].ops[].node"], ["other"], "the op moves only, and no kernel takes what it makes; or all that read it are of this node",
         lambda base, mutant: node_holds(base, mutant))
harmless(["kernels[]"], ["swapped"], "another order that streams and regions allow", holds(oracle.in_order))
harmless(["kernels[].expert_groups[].experts[]"], ["swapped"], "a group holds the same experts in another order",
         holds(oracle.dims_hold))
harmless(["estimate.other_placements", "estimate.other_placements[]", "estimate.other_placements[].placement",
          "estimate.other_placements[].latency"], None, "of placements that were not taken: no rule leans on it")
harmless(["digests[]", "system.figures[]", "kernels[].core_classes[].memory[]", "kernels[].weights[]",
          "kernels[].states[]", "regions[]", "accounting.folded[]"], ["swapped"], "the name is the id, the place says nothing")


def fabric_kinds():
    return [kind for name in ("routes", "patterns", "colours", "links") for kind in kinds_below(name)]


def unit_holds(mutant):
    dim = at(mutant.plan, mutant.path[:-1])
    if dim["axis"] == "none" or dim["points"] != dim["size"]:
        return dim["unit"] == 1
    units = -(-dim["size"] // dim["unit"]) if dim["unit"] > 0 else 0
    return units > 0 and dim["shard"] == min(dim["size"], -(-units // dim["parts"]) * dim["unit"])


def buffer_holds(mutant):
    buffer, alignment = at(mutant.plan, mutant.path[:-1]), mutant.plan["system"]["buffer_alignment"]
    return (min(buffer["offset"], buffer["bytes"], buffer["first_op"]) >= 0
            and buffer["offset"] % alignment == buffer["bytes"] % alignment == 0
            and buffer["bytes"] % buffer["slots"] == 0 and buffer["first_op"] <= buffer["last_op"]
            and oracle.memory_fits(mutant.plan))


def model_bound_holds(base, mutant):
    """From what its path computes and reads at least, with the crossings that it cannot avoid, to the step's bound."""
    bound, model = (mutant.plan["estimate"][name] for name in ("bound", "model_bound"))
    on_path = oracle.bound_path(mutant.plan)
    least = max(sum(kernel["bound"][name] for kernel in on_path) for name in ("compute", "sram"))
    figures = {figure["name"]: figure["value"] for figure in mutant.plan["system"]["figures"]}
    crossings = (model["wafers"] - 1) * figures["wafer_latency"] * 1e3 * figures["clock"]
    return min(bound["cycles"], least + crossings) <= model["cycles"] * (1 + 1e-9) <= bound["cycles"] * (1 + 2e-9)


def node_holds(base, mutant):
    """An op that moves counts as what it moves; another may be a part of a larger node, if all of it is."""
    kernel, op = at(mutant.plan, mutant.path[:2]), at(mutant.plan, mutant.path[:4])
    result, roles = op["operands"][-1], {operand["role"] for operand in op["operands"]}
    if (op["kind"] == "move" or op["op"] == "cast") and not roles & {"weights", "state"}:
        return result["role"] != "output"
    readers = [other["node"] for other in kernel["ops"] if other is not op
               and any(operand["buffer"] == result["buffer"] for operand in other["operands"])]
    siblings = sum(other["node"] == at(base, mutant.path) for each in base["kernels"] for other in each["ops"])
    return result["role"] == "scratch" and siblings == 1 and bool(readers) and set(readers) == {op["node"]}


def values_of_nodes(plan):
    """Node -> the buffers that its ops name, by kernel; scratch that no op has as its result is a constant."""
    values = collections.defaultdict(set)
    for kernel in plan["kernels"]:
        made = {op["operands"][-1]["buffer"] for op in kernel["ops"] if op["operands"]}
        for op in kernel["ops"]:
            values[op["node"]] |= {(kernel["name"], operand["buffer"]) for operand in op["operands"]
                                   if operand["role"] != "scratch" or operand["buffer"] in made}
    return values


def tables_of(plan):
    """Of every rotation what stands before its result, and all operands up to its tables: what it rotates is there once."""
    def is_table(op, use):
        first = use["index_dims"][0] if len(use["index_dims"]) > 1 else None
        return first == -1 or (first is not None and 0 <= first < len(op["dims"]) and op["dims"][first]["dim"] == "position")

    def up_to_tables(op):
        tables = [place for place, use in enumerate(op["operands"]) if is_table(op, use)]
        return [use["buffer"] for use in op["operands"][:tables[-1] + 1]] if tables else []

    return [([use["buffer"] for use in op["operands"][-3:-1]], up_to_tables(op))
            for kernel in plan["kernels"] for op in kernel["ops"] if op["op"] == "rotary" and op["operands"]]


def step_bound_holds(plan):
    """The largest reason, and the one that is said to bind."""
    bound = plan["estimate"]["bound"]
    return max(value for name, value in bound.items() if name not in ("cycles", "binding")), bound[bound["binding"]]


def shape_holds(base, mutant):
    def elements(plan):
        return math.prod(at(plan, (*mutant.path[:2], "shape")))

    return (elements(base) == elements(mutant.plan) and oracle.same_edges(mutant.plan) and oracle.operands_fit(mutant.plan)
            and all(elements_of(a) == elements_of(b) for a, b in zip(base["streams"], mutant.plan["streams"])))


def elements_of(stream):
    return math.prod(stream["shape"])


def resolved(schema):
    """The schema itself, where it says no more than the name of another."""
    while set(schema) <= {"$ref", "description"} and "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].split("/")[-1]]
    return schema


def kinds_below(kind):
    """A kind of field and all that it has."""
    todo = [(kind, resolved(SCHEMA["properties"][kind]))]
    for kind, schema in todo:
        todo += [(f"{kind}.{name}", resolved(inner)) for name, inner in schema.get("properties", {}).items()]
        if "items" in schema:
            todo.append((f"{kind}[]", resolved(schema["items"])))
    return [kind for kind, _ in todo]


@functools.cache
def schema_of(kind):
    """The validator of a kind of field."""
    schema = SCHEMA
    for step in kind.replace("[]", ".[]").split("."):
        schema = resolved(schema["items"] if step == "[]" else schema["properties"][step])
    return jsonschema.Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]})


def is_in_schema(mutant):
    """Only the field itself is looked at: lists that became too short or long are not."""
    owner = at(mutant.plan, mutant.path[:-1])
    changed = mutant.path[-1] if isinstance(owner, dict) else min(mutant.path[-1], len(owner) - 1)
    return isinstance(owner, list) and not owner or schema_of(mutant.kind).is_valid(owner[changed])


def why_harmless(base, mutant):
    """The reason why nothing is broken; None where something is."""
    if mutant.operator == "missing" or not is_in_schema(mutant):
        return None
    for kinds, operators, reason, decide in HARMLESS:
        if (mutant.kind in kinds and (operators is None or mutant.operator in operators) and decide(base, mutant)
                and route_oracle.holds(mutant.plan)):
            return reason
    return None


harmless(fabric_kinds(), None, "wavelets reach the same cores, by routers set as legally, with the loads that the plan says")


def judge(subject, made, batch=200):
    """(mutant, reason why it is harmless or None, violations) for each mutant."""
    made = list(made)
    for start in range(0, len(made), batch):
        part = made[start : start + batch]
        for mutant, violations in zip(part, subject.check([subject.text(mutant.plan) for mutant in part])):
            yield mutant, why_harmless(subject.plan, mutant), violations
